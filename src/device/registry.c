/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "device/registry.h"

#include "device/device.h"

static struct iomm_device *from_wait_link(struct iomm_list *link)
{
	return iomm_container_of(link, struct iomm_device, wait_link);
}

/* Waiting */

void iomm_device_wait_for(struct iomm_device *device, uint64_t node)
{
	struct iomm_registry *registry = iomm_registry(device->obj.ctx);

	iomm_list_del(&device->wait_link);
	device->wait_node = node;
	if (!device->deadline)
		device->deadline = iomm_deadline(device->obj.ctx,
						 device->probe_timeout
							 ? device->probe_timeout
							 : IOMM_FOREVER);
	iomm_list_add_tail(&registry->waiting, &device->wait_link);
}

void iomm_device_stop_waiting(struct iomm_device *device)
{
	struct iomm_ctx *ctx = device->obj.ctx;
	struct iomm_registry *registry = iomm_registry(ctx);

	iomm_lock(ctx, &registry->lock);
	iomm_list_del(&device->wait_link);
	iomm_unlock(ctx, &registry->lock);
}

static void make_due(struct iomm_registry *registry, struct iomm_device *device)
{
	iomm_list_del(&device->wait_link);
	iomm_list_add_tail(&registry->replay, &device->wait_link);
}

void iomm_registry_replay(struct iomm_registry *registry, uint64_t node)
{
	struct iomm_list *pos = registry->waiting.next;
	struct iomm_device *device;

	while (pos != &registry->waiting) {
		device = from_wait_link(pos);
		pos = pos->next;
		if (device->wait_node == node ||
		    device->wait_node == IOMM_ANY_NODE)
			make_due(registry, device);
	}
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
	struct iomm_list *pos = registry->waiting.next;
	struct iomm_device *device;

	while (pos != &registry->waiting) {
		device = from_wait_link(pos);
		pos = pos->next;
		if (device->deadline <= now)
			make_due(registry, device);
	}
}

/* Takes one due device off, with a reference; NULL when none is left. */
static struct iomm_device *next_due(struct iomm_ctx *ctx)
{
	struct iomm_registry *registry = iomm_registry(ctx);
	struct iomm_device *device = NULL;

	iomm_lock(ctx, &registry->lock);
	while (!device && !iomm_list_empty(&registry->replay)) {
		device = from_wait_link(registry->replay.next);
		iomm_list_del(&device->wait_link);
		if (!iomm_object_get_unless_zero(&device->obj))
			device = NULL;
	}
	iomm_unlock(ctx, &registry->lock);
	return device;
}

static void run(struct iomm_ctx *ctx)
{
	struct iomm_registry *registry = iomm_registry(ctx);
	struct iomm_device *device;
	char why[256];
	int err;

	iomm_device_remove_gone(ctx);
	iomm_lock(ctx, &registry->lock);
	expire(registry, iomm_now(ctx));
	iomm_unlock(ctx, &registry->lock);
	while ((device = next_due(ctx))) {
		err = iomm_device_probe(device);
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
	uint64_t next = IOMM_FOREVER;
	struct iomm_list *pos;

	iomm_lock(ctx, &registry->lock);
	if (!iomm_list_empty(&registry->replay) || iomm_device_any_gone(ctx))
		next = 0;
	iomm_list_for_each (pos, &registry->waiting) {
		if (from_wait_link(pos)->deadline < next)
			next = from_wait_link(pos)->deadline;
	}
	iomm_unlock(ctx, &registry->lock);
	return next;
}

int iomm_ctx_seal_iommus(struct iomm_ctx *ctx)
{
	struct iomm_registry *registry;
	bool due;

	if (!ctx)
		return -IOMM_EINVAL;
	registry = iomm_registry(ctx);
	iomm_lock(ctx, &registry->lock);
	registry->sealed = true;
	iomm_arriving(ctx);
	while (!iomm_list_empty(&registry->waiting))
		make_due(registry, from_wait_link(registry->waiting.next));
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
	iomm_list_init(&registry->waiting);
	iomm_list_init(&registry->replay);
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
