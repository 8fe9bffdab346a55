/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "device/registry.h"

#include "device/device.h"

#define DEVICE(link, member) \
	iomm_container_of((link), struct iomm_device, member)

/* What is there */

static int order_by_name(const void *key, const struct iomm_index_entry *entry)
{
	return iomm_strcmp(key, DEVICE(entry, by_name)->name);
}

struct iomm_device *
iomm_registry_find_device(struct iomm_registry *registry, const char *name)
{
	struct iomm_index_entry *entry =
		iomm_index_find(&registry->by_name, name);

	/* Those of the name that are about to go come before one that is new. */
	for (; entry && !order_by_name(name, entry);
	     entry = iomm_index_next(entry)) {
		if (iomm_object_get_unless_zero(&DEVICE(entry, by_name)->obj))
			return DEVICE(entry, by_name);
	}
	return NULL;
}

void iomm_registry_add_device(struct iomm_registry *registry,
			      struct iomm_device *device)
{
	iomm_list_add_tail(&registry->devices, &device->link);
	iomm_index_insert(&registry->by_name, &device->by_name, device->name);
}

void iomm_registry_remove_device(struct iomm_registry *registry,
				 struct iomm_device *device)
{
	iomm_list_del(&device->link);
	iomm_index_remove(&registry->by_name, &device->by_name);
}

struct iomm_device *iomm_registry_take(struct iomm_list *list, size_t offset)
{
	struct iomm_device *device;
	struct iomm_list *first;

	while (!iomm_list_empty(list)) {
		first = list->next;
		iomm_list_del(first);
		device = (struct iomm_device *)(void *)((char *)first - offset);
		if (iomm_object_get_unless_zero(&device->obj))
			return device;
	}
	return NULL;
}

static struct iomm_iommu *iommu_of(const struct iomm_index_entry *entry)
{
	return iomm_container_of(entry, struct iomm_iommu, by_node);
}

static int order_by_node(const void *key, const struct iomm_index_entry *entry)
{
	return iomm_order(*(const uint64_t *)key, iommu_of(entry)->node);
}

struct iomm_iommu *
iomm_registry_find_iommu(struct iomm_registry *registry, uint64_t node)
{
	struct iomm_index_entry *entry =
		iomm_index_find(&registry->by_node, &node);

	return entry ? iommu_of(entry) : NULL;
}

void iomm_registry_add_iommu(struct iomm_registry *registry,
			     struct iomm_iommu *iommu)
{
	iomm_list_add_tail(&registry->iommus, &iommu->link);
	iomm_index_insert(&registry->by_node, &iommu->by_node, &iommu->node);
}

void iomm_registry_remove_iommu(struct iomm_registry *registry,
				struct iomm_iommu *iommu)
{
	iomm_list_del(&iommu->link);
	iomm_index_remove(&registry->by_node, &iommu->by_node);
}

/* Waiting */

static int
order_of_queues(const void *key, const struct iomm_index_entry *entry)
{
	return iomm_order(*(const uint64_t *)key,
			  DEVICE(entry, queue)->wait_node);
}

static int
order_of_deadlines(const void *key, const struct iomm_index_entry *entry)
{
	return iomm_order(*(const uint64_t *)key,
			  DEVICE(entry, expiry)->deadline);
}

static void
stand_for(struct iomm_registry *registry, struct iomm_device *device)
{
	iomm_index_insert(&registry->waiting, &device->queue,
			  &device->wait_node);
}

static void
leave_queue(struct iomm_registry *registry, struct iomm_device *device)
{
	struct iomm_list *next = device->wait_link.next;

	if (iomm_index_has(&device->queue)) {
		iomm_index_remove(&registry->waiting, &device->queue);
		if (next != &device->wait_link)
			stand_for(registry, DEVICE(next, wait_link));
	}
	iomm_list_del(&device->wait_link);
	iomm_index_remove(&registry->deadlines, &device->expiry);
}

static void
set_deadline(struct iomm_registry *registry, struct iomm_device *device)
{
	if (!device->deadline)
		device->deadline = iomm_deadline(device->obj.ctx,
						 device->probe_timeout
							 ? device->probe_timeout
							 : IOMM_FOREVER);
	if (device->deadline != IOMM_FOREVER)
		iomm_index_insert(&registry->deadlines, &device->expiry,
				  &device->deadline);
}

void iomm_device_wait_for(struct iomm_device *device, uint64_t node)
{
	struct iomm_registry *registry = iomm_registry(device->obj.ctx);
	struct iomm_index_entry *queue;

	leave_queue(registry, device);
	device->wait_node = node;
	set_deadline(registry, device);
	queue = iomm_index_find(&registry->waiting, &node);
	if (queue)
		iomm_list_add_tail(&DEVICE(queue, queue)->wait_link,
				   &device->wait_link);
	else
		stand_for(registry, device);
}

bool iomm_device_waits(const struct iomm_device *device)
{
	return iomm_index_has(&device->queue) ||
	       !iomm_list_empty(&device->wait_link);
}

bool iomm_device_stop_waiting(struct iomm_device *device)
{
	struct iomm_ctx *ctx = device->obj.ctx;
	struct iomm_registry *registry = iomm_registry(ctx);
	bool waited;

	iomm_lock(ctx, &registry->lock);
	waited = iomm_device_waits(device);
	leave_queue(registry, device);
	iomm_unlock(ctx, &registry->lock);
	return waited;
}

/* All that wait for one node, in one go. Their deadlines stay until they are
 * taken off, and make nothing earlier. */
static void
make_queue_due(struct iomm_registry *registry, struct iomm_index_entry *queue)
{
	iomm_index_remove(&registry->waiting, queue);
	iomm_list_join(&registry->replay, &DEVICE(queue, queue)->wait_link);
}

void iomm_registry_replay(struct iomm_registry *registry, uint64_t node)
{
	const uint64_t nodes[] = { node, IOMM_ANY_NODE };
	struct iomm_index_entry *queue;
	uint32_t n;

	for (n = 0; n < 2; n++) {
		queue = iomm_index_find(&registry->waiting, &nodes[n]);
		if (queue)
			make_queue_due(registry, queue);
	}
}

/* The lock is held. */
static void put_back(struct iomm_device *device)
{
	iomm_device_wait_for(device, IOMM_ANY_NODE);
	iomm_registry_replay(iomm_registry(device->obj.ctx), IOMM_ANY_NODE);
}

void iomm_device_put_back(struct iomm_device *device)
{
	struct iomm_ctx *ctx = device->obj.ctx;
	struct iomm_registry *registry = iomm_registry(ctx);

	iomm_lock(ctx, &registry->lock);
	put_back(device);
	iomm_unlock(ctx, &registry->lock);
	iomm_wakeup(ctx);
}

void iomm_device_resume_waiting(struct iomm_device *device)
{
	struct iomm_ctx *ctx = device->obj.ctx;
	struct iomm_registry *registry = iomm_registry(ctx);
	bool lost;

	iomm_lock(ctx, &registry->lock);
	iomm_lock(ctx, &device->lock);
	lost = device->state == IOMM_DEVICE_WAITING &&
	       !iomm_device_waits(device) &&
	       !iomm_presence_refused(&device->presence);
	iomm_unlock(ctx, &device->lock);
	if (lost)
		put_back(device);
	iomm_unlock(ctx, &registry->lock);
	if (lost)
		iomm_wakeup(ctx);
}

/* Something that the registry does not know: who waits for anything is due. */
static void arrived(struct iomm_ctx *ctx)
{
	struct iomm_registry *registry = iomm_registry(ctx);
	bool due;

	iomm_lock(ctx, &registry->lock);
	iomm_registry_replay(registry, IOMM_ANY_NODE);
	due = !iomm_list_empty(&registry->replay);
	iomm_unlock(ctx, &registry->lock);
	if (due)
		iomm_wakeup(ctx);
}

static bool expects(struct iomm_ctx *ctx)
{
	struct iomm_registry *registry = iomm_registry(ctx);
	bool sealed;

	iomm_lock(ctx, &registry->lock);
	sealed = registry->sealed;
	iomm_unlock(ctx, &registry->lock);
	return !sealed;
}

/* Those whose deadline has passed are due too: their probe says so. */
static void expire(struct iomm_registry *registry, uint64_t now)
{
	struct iomm_index_entry *first;
	struct iomm_device *device;

	while ((first = iomm_index_first(&registry->deadlines))) {
		device = DEVICE(first, expiry);
		if (device->deadline > now)
			return;
		leave_queue(registry, device);
		iomm_list_add_tail(&registry->replay, &device->wait_link);
	}
}

/* Takes one due device off, with a reference; NULL when none is left. */
static struct iomm_device *next_due(struct iomm_ctx *ctx)
{
	struct iomm_registry *registry = iomm_registry(ctx);
	struct iomm_device *device;

	iomm_lock(ctx, &registry->lock);
	device = iomm_registry_take(&registry->replay,
				    offsetof(struct iomm_device, wait_link));
	if (device)
		leave_queue(registry, device);
	iomm_unlock(ctx, &registry->lock);
	return device;
}

static void run(struct iomm_ctx *ctx)
{
	struct iomm_registry *registry = iomm_registry(ctx);
	struct iomm_device *device;
	bool barred = false;
	char why[256];
	int err;

	iomm_device_remove_gone(ctx);
	iomm_lock(ctx, &registry->lock);
	expire(registry, iomm_now(ctx));
	iomm_unlock(ctx, &registry->lock);
	/* One that is barred is due still: somebody has to come to an end, and
	 * this call would not wait for it. */
	while (!barred && (device = next_due(ctx))) {
		err = iomm_device_probe_due(device, &barred);
		/* One that waits on, for another of its IOMMUs, is no news. */
		if (err && iomm_error_message(ctx, why, sizeof(why)) > 0)
			IOMM_LOG(ctx,
				 err == -IOMM_EPROBE_DEFER ? IOMM_LOG_DEBUG
							   : IOMM_LOG_WARN,
				 "", "%s", IOMM_STR(why));
		iomm_object_drop(device);
	}
}

static uint64_t next_deadline(struct iomm_ctx *ctx)
{
	struct iomm_registry *registry = iomm_registry(ctx);
	const struct iomm_index_entry *first;
	uint64_t next = IOMM_FOREVER;

	iomm_lock(ctx, &registry->lock);
	first = iomm_index_first(&registry->deadlines);
	if (!iomm_list_empty(&registry->replay) || iomm_device_any_gone(ctx))
		next = 0;
	else if (first)
		next = DEVICE(first, expiry)->deadline;
	iomm_unlock(ctx, &registry->lock);
	return next;
}

int iomm_ctx_seal_iommus(struct iomm_ctx *ctx)
{
	struct iomm_registry *registry;
	struct iomm_index_entry *queue;
	bool due;

	if (!ctx)
		return -IOMM_EINVAL;
	registry = iomm_registry(ctx);
	iomm_lock(ctx, &registry->lock);
	registry->sealed = true;
	iomm_arriving(ctx);
	while ((queue = iomm_index_first(&registry->waiting)))
		make_queue_due(registry, queue);
	due = !iomm_list_empty(&registry->replay);
	iomm_unlock(ctx, &registry->lock);
	if (due)
		iomm_wakeup(ctx);
	return 0;
}

/* Closing */

/* Takes the first entry to the end. What is closed leaves the list, and what
 * fails is behind then: as many steps as there were entries see each once. */
static struct iomm_list *rotate(struct iomm_list *list)
{
	struct iomm_list *first = list->next;

	iomm_list_del(first);
	iomm_list_add_tail(list, first);
	return first;
}

static uint32_t length(const struct iomm_list *list)
{
	const struct iomm_list *pos;
	uint32_t n = 0;

	iomm_list_for_each (pos, list) {
		n++;
	}
	return n;
}

static int close_device(struct iomm_object *object, uint64_t timeout)
{
	return iomm_device_remove((struct iomm_device *)(void *)object,
				  timeout);
}

static int close_iommu(struct iomm_object *object, uint64_t timeout)
{
	return iomm_iommu_unregister((struct iomm_iommu *)(void *)object,
				     timeout);
}

/* Closes every object of a list, whose link lies `offset` into it; answers the
 * first failure. */
static int
close_list(struct iomm_ctx *ctx, struct iomm_list *list, size_t offset,
	   uint64_t timeout, int (*close_one)(struct iomm_object *, uint64_t))
{
	struct iomm_registry *registry = iomm_registry(ctx);
	struct iomm_object *object;
	int err, result = 0;
	uint32_t n;

	iomm_lock(ctx, &registry->lock);
	for (n = length(list); n && !iomm_list_empty(list); n--) {
		object = (struct iomm_object *)(void *)((char *)rotate(list) -
							offset);
		if (!iomm_object_get_unless_zero(object))
			continue;
		iomm_unlock(ctx, &registry->lock);
		err = close_one(object, timeout);
		result = result ? result : err;
		iomm_object_drop(object);
		iomm_lock(ctx, &registry->lock);
	}
	iomm_unlock(ctx, &registry->lock);
	return result;
}

static int close(struct iomm_ctx *ctx, uint64_t timeout)
{
	struct iomm_registry *registry = iomm_registry(ctx);
	int devices = close_list(ctx, &registry->devices,
				 offsetof(struct iomm_device, link), timeout,
				 close_device);
	int iommus = close_list(ctx, &registry->iommus,
				offsetof(struct iomm_iommu, link), timeout,
				close_iommu);

	return devices ? devices : iommus;
}

/* Making */

static int init(struct iomm_ctx *ctx)
{
	struct iomm_registry *registry = iomm_alloc(ctx, sizeof(*registry));
	int err;

	if (!registry)
		return -IOMM_ENOMEM;
	err = iomm_lock_init(ctx, &registry->lock);
	if (err) {
		iomm_free(ctx, registry, sizeof(*registry));
		return err;
	}
	iomm_list_init(&registry->devices);
	iomm_list_init(&registry->iommus);
	iomm_list_init(&registry->replay);
	registry->by_name.order = order_by_name;
	registry->by_node.order = order_by_node;
	registry->waiting.order = order_of_queues;
	registry->deadlines.order = order_of_deadlines;
	iomm_list_init(&registry->gone);
	ctx->state[IOMM_SUBSYS_DEVICE] = registry;
	return 0;
}

static void fini(struct iomm_ctx *ctx)
{
	struct iomm_registry *registry = iomm_registry(ctx);

	iomm_lock_fini(ctx, &registry->lock);
	iomm_free(ctx, registry, sizeof(*registry));
}

const struct iomm_subsys iomm_device_subsys = {
	.id = IOMM_SUBSYS_DEVICE,
	.init = init,
	.fini = fini,
	.run = run,
	.close = close,
	.next_deadline = next_deadline,
	.expects = expects,
	.arrived = arrived,
};
