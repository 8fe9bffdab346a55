/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "device/device.h"

#include "base/abi.h"
#include "device/registry.h"

static void free_parts(struct iomm_device *device)
{
	iomm_strfree(device->obj.ctx, device->name);
	iomm_object_drop(device->bus);
}

/* Presence ends: what was tied to it goes, newest first, while the IOMMU is
 * still there. */
static void run_releases(struct iomm_device *device)
{
	struct iomm_ctx *ctx = device->obj.ctx;
	struct iomm_release_action *action;

	for (;;) {
		iomm_lock(ctx, &device->lock);
		action = device->releases;
		if (action)
			device->releases = action->next;
		iomm_unlock(ctx, &device->lock);
		if (!action)
			return;
		iomm_release(ctx, action->release, action->data);
		iomm_free(ctx, action, sizeof(*action));
	}
}

/* The name is free again. */
static void forget(struct iomm_device *device)
{
	struct iomm_ctx *ctx = device->obj.ctx;
	struct iomm_registry *registry = iomm_registry(ctx);

	iomm_lock(ctx, &registry->lock);
	iomm_registry_remove_device(registry, device);
	iomm_unlock(ctx, &registry->lock);
	IOMM_LOG(ctx, IOMM_LOG_INFO, device->name, "removed");
}

/*
 * Nobody is inside, and the claim is held. Release actions run without the
 * group's: they may have business with it. So it is taken twice, before anything
 * happens and after them; should somebody have it the second time, what has
 * `begun` is for the next removal to end.
 */
static int take_away(struct iomm_device *device, uint64_t deadline, bool *begun)
{
	int err = iomm_device_may_unbind(device, deadline);

	if (err)
		return err;
	*begun = true;
	(void)iomm_device_stop_waiting(device);
	run_releases(device);
	err = iomm_device_unbind(device, IOMM_DEVICE_REMOVED, deadline);
	if (!err)
		forget(device);
	return err;
}

/* Nobody can take the claim any more. Once ready, the group's is held. */
static bool ready(struct iomm_object *object)
{
	struct iomm_device *device = (struct iomm_device *)(void *)object;

	if (device->state == IOMM_DEVICE_REMOVED)
		return true;
	run_releases(device);
	return !device->member ||
	       iomm_group_try_leaving(device->member->group, device);
}

static void destroy(struct iomm_object *object)
{
	struct iomm_device *device = (struct iomm_device *)(void *)object;

	(void)iomm_device_stop_waiting(device);
	if (device->state != IOMM_DEVICE_REMOVED) {
		if (device->member)
			iomm_device_leave(device, IOMM_DEVICE_REMOVED);
		forget(device);
	}
	free_parts(device);
}

const struct iomm_object_type iomm_device_type = {
	.kind = IOMM_HANDLE_DEVICE,
	.bytes = sizeof(struct iomm_device),
	.name = "device",
	.lock = offsetof(struct iomm_device, lock),
	.ready = ready,
	.destroy = destroy,
};

/* Adding */

static int
check_config(struct iomm_bus *bus, const struct iomm_device_config *c)
{
	struct iomm_ctx *ctx = bus->obj.ctx;
	int err = iomm_check_bits(ctx, c->flags,
				  IOMM_DEVICE_ADDRESS | IOMM_DEVICE_DMA_MASK,
				  "iomm_device_config.flags");

	if (err)
		return err;
	if (!c->name || !*c->name)
		return IOMM_FAIL(ctx, IOMM_EINVAL, "a device needs a name");
	if (c->flags & IOMM_DEVICE_DMA_MASK &&
	    (!c->dma_mask || c->dma_mask & (c->dma_mask + 1)))
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "%s: DMA mask %x is not 2^n - 1",
				 IOMM_STR(c->name), c->dma_mask);
	if (!(c->flags & IOMM_DEVICE_ADDRESS))
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "%s: on bus %s a device needs an address",
				 IOMM_STR(c->name), IOMM_STR(bus->name));
	return bus->ops->check_address(bus, c->address);
}

static int publish(struct iomm_device *device)
{
	struct iomm_ctx *ctx = device->obj.ctx;
	struct iomm_registry *registry = iomm_registry(ctx);
	struct iomm_device *other;

	iomm_lock(ctx, &registry->lock);
	other = iomm_registry_find_device(registry, device->name);
	if (!other)
		iomm_registry_add_device(registry, device);
	iomm_unlock(ctx, &registry->lock);
	if (!other)
		return 0;
	iomm_object_drop(other);
	return IOMM_FAIL(ctx, IOMM_EEXIST, "there is a device %s already",
			 IOMM_STR(device->name));
}

static int create(struct iomm_bus *bus, const struct iomm_device_config *config,
		  struct iomm_device **out)
{
	struct iomm_ctx *ctx = bus->obj.ctx;
	struct iomm_device_config c;
	struct iomm_device *device;
	int err = iomm_struct_in(ctx, &c, sizeof(c),
				 IOMM_DEVICE_CONFIG_SIZE_VER0, config,
				 "iomm_device_config");

	if (!err)
		err = check_config(bus, &c);
	if (err)
		return err;
	device = iomm_object_create(ctx, &iomm_device_type);
	if (!device)
		return -IOMM_ENOMEM;
	iomm_list_init(&device->link);
	iomm_list_init(&device->wait_link);
	iomm_list_init(&device->leave_link);
	device->bus = iomm_object_get(bus);
	device->address = c.address;
	device->dma_mask = c.flags & IOMM_DEVICE_DMA_MASK ? c.dma_mask
							  : UINT64_MAX;
	device->probe_timeout = c.probe_timeout;
	device->name = iomm_strdup(ctx, c.name);
	if (!device->name)
		err = IOMM_FAIL(ctx, IOMM_ENOMEM, "no memory for a device");
	if (!err)
		err = publish(device);
	if (err) {
		/* Nobody has seen it: there is nothing to take away. */
		device->state = IOMM_DEVICE_REMOVED;
		iomm_object_drop(device);
		return err;
	}
	*out = device;
	return 0;
}

int iomm_device_create(struct iomm_bus *bus,
		       const struct iomm_device_config *config,
		       struct iomm_device **out)
{
	if (!iomm_handle_ok(bus, &iomm_bus_type))
		return -IOMM_EINVAL;
	if (!out)
		return iomm_fail_null(bus->obj.ctx, "iomm_device_create");
	iomm_enter(bus->obj.ctx);
	return iomm_leave(bus->obj.ctx, create(bus, config, out));
}

int iomm_device_find(struct iomm_ctx *ctx, const char *name,
		     struct iomm_device **out)
{
	struct iomm_registry *registry;
	struct iomm_device *device;

	if (!ctx)
		return -IOMM_EINVAL;
	if (!name || !out)
		return iomm_fail_null(ctx, "iomm_device_find");
	registry = iomm_registry(ctx);
	iomm_lock(ctx, &registry->lock);
	device = iomm_registry_find_device(registry, name);
	iomm_unlock(ctx, &registry->lock);
	if (!device)
		return IOMM_FAIL(ctx, IOMM_ENOENT, "there is no device %s",
				 IOMM_STR(name));
	*out = device;
	return 0;
}

struct iomm_device *iomm_device_get(struct iomm_device *device)
{
	return iomm_handle_get(device, &iomm_device_type);
}

void iomm_device_put(struct iomm_device *device)
{
	iomm_handle_put(device, &iomm_device_type);
}

_Static_assert(IOMM_GUARDS_PER_THREAD == IOMM_DEVICE_GUARDS_PER_THREAD,
	       "the header says how many");

/* Removing */

/* Place of the calling thread's guard on the device, or of a free entry. */
static uint32_t guard_slot(const struct iomm_thread *thread, const void *object)
{
	uint32_t n;

	for (n = 0; n < IOMM_GUARDS_PER_THREAD; n++) {
		if (thread->guards[n].object == object)
			break;
	}
	return n;
}

static bool inside(struct iomm_device *device)
{
	return guard_slot(iomm_thread(device->obj.ctx), device) <
	       IOMM_GUARDS_PER_THREAD;
}

static void begin_removal(struct iomm_device *device)
{
	iomm_lock(device->obj.ctx, &device->lock);
	device->removers++;
	(void)iomm_presence_refuse(&device->presence);
	iomm_unlock(device->obj.ctx, &device->lock);
}

/* A removal that has begun, or ran out of time, leaves the device closed; one
 * that could not even wait was none, unless there is another. */
static void end_removal(struct iomm_device *device, bool begun)
{
	struct iomm_ctx *ctx = device->obj.ctx;

	iomm_lock(ctx, &device->lock);
	device->removers--;
	if (begun)
		device->closed = true;
	if (!device->removers && !device->closed)
		iomm_presence_allow(ctx, &device->presence);
	iomm_unlock(ctx, &device->lock);
}

static int do_remove(struct iomm_device *device, uint64_t timeout)
{
	struct iomm_ctx *ctx = device->obj.ctx;
	uint64_t deadline = iomm_deadline(ctx, timeout);
	bool begun = false;
	int err;

	if (inside(device))
		return IOMM_FAIL(ctx, IOMM_EDEADLK,
				 "%s: this thread is inside it, and removal "
				 "would wait for it to leave",
				 IOMM_STR(device->name));
	begin_removal(device);
	err = iomm_presence_drain(ctx, &device->presence, deadline,
				  device->name);
	if (!err)
		err = iomm_claim_take(ctx, &device->claim, deadline,
				      device->name);
	if (!err) {
		if (device->state != IOMM_DEVICE_REMOVED)
			err = take_away(device, deadline, &begun);
		iomm_claim_drop(ctx, &device->claim);
	}
	end_removal(device, begun || !err || err == -IOMM_ETIMEDOUT);
	if (err)
		iomm_device_resume_waiting(device);
	return err;
}

int iomm_device_remove(struct iomm_device *device, uint64_t timeout)
{
	if (!iomm_handle_ok(device, &iomm_device_type))
		return -IOMM_EINVAL;
	iomm_enter(device->obj.ctx);
	return iomm_leave(device->obj.ctx, do_remove(device, timeout));
}

/* Presence */

int iomm_device_fail_gone(struct iomm_device *device)
{
	return IOMM_FAIL(device->obj.ctx, IOMM_ENODEV,
			 "device %s is removed, or being removed",
			 IOMM_STR(device->name));
}

int iomm_device_enter(struct iomm_device *device,
		      struct iomm_device_guard *guard)
{
	struct iomm_thread *thread;
	struct iomm_ctx *ctx;
	uint32_t slot;

	if (!iomm_handle_ok(device, &iomm_device_type))
		return -IOMM_EINVAL;
	ctx = device->obj.ctx;
	if (!guard)
		return iomm_fail_null(ctx, "iomm_device_enter");
	thread = iomm_thread(ctx);
	slot = guard_slot(thread, device);
	if (slot == IOMM_GUARDS_PER_THREAD)
		slot = guard_slot(thread, NULL);
	if (slot == IOMM_GUARDS_PER_THREAD)
		return IOMM_FAIL(ctx, IOMM_ENOSPC,
				 "this thread is inside %u devices, which is "
				 "the most",
				 IOMM_GUARDS_PER_THREAD);
	if (!iomm_presence_enter(&device->presence))
		return iomm_device_fail_gone(device);
	thread->guards[slot].object = device;
	thread->guards[slot].count++;
	*guard = (struct iomm_device_guard){
		.size = sizeof(*guard),
		.device = iomm_object_get(device),
		.thread = thread,
	};
	return 0;
}

void iomm_device_exit(struct iomm_device_guard *guard)
{
	struct iomm_device *device;
	struct iomm_thread *thread;
	struct iomm_ctx *ctx;
	uint32_t slot;

	if (!guard || guard->size < IOMM_DEVICE_GUARD_SIZE_VER0 ||
	    !guard->device)
		return;
	device = guard->device;
	ctx = device->obj.ctx;
	thread = iomm_thread(ctx);
	slot = guard_slot(thread, device);
	if (guard->thread != thread || slot == IOMM_GUARDS_PER_THREAD) {
#if IOMM_CHECKED
		iomm_misuse(ctx, IOMM_TEXT("a guard on %s is left on another "
					   "thread than the one that entered",
					   IOMM_STR(device->name)));
#endif
		return;
	}
	if (!--thread->guards[slot].count)
		thread->guards[slot].object = NULL;
	guard->device = NULL;
	iomm_presence_exit(ctx, &device->presence);
	iomm_device_put(device);
}

static int
add_release(struct iomm_device *device, void (*release)(void *data), void *data)
{
	struct iomm_ctx *ctx = device->obj.ctx;
	struct iomm_release_action *action;

	action = iomm_alloc(ctx, sizeof(*action));
	if (!action)
		return IOMM_FAIL(ctx, IOMM_ENOMEM,
				 "no memory for a release action");
	/* Inside, so that a removal either sees the action or refuses it. */
	if (!iomm_presence_enter(&device->presence)) {
		iomm_free(ctx, action, sizeof(*action));
		return iomm_device_fail_gone(device);
	}
	action->release = release;
	action->data = data;
	iomm_lock(ctx, &device->lock);
	action->next = device->releases;
	device->releases = action;
	iomm_unlock(ctx, &device->lock);
	iomm_presence_exit(ctx, &device->presence);
	return 0;
}

int iomm_device_add_release(struct iomm_device *device,
			    void (*release)(void *data), void *data)
{
	struct iomm_ctx *ctx;
	int err;

	if (!iomm_handle_ok(device, &iomm_device_type)) {
		if (release)
			release(data);
		return -IOMM_EINVAL;
	}
	ctx = device->obj.ctx;
	if (!release)
		return iomm_fail_null(ctx, "iomm_device_add_release");
	iomm_enter(ctx);
	err = add_release(device, release, data);
	if (err)
		iomm_release(ctx, release, data);
	return iomm_leave(ctx, err);
}

/* Questions */

int iomm_device_name(struct iomm_device *device, char *buf, uint64_t len)
{
	if (!iomm_handle_ok(device, &iomm_device_type))
		return -IOMM_EINVAL;
	if (!buf && len)
		return iomm_fail_null(device->obj.ctx, "iomm_device_name");
	return iomm_copy_string(buf, len, device->name);
}

void iomm_device_set_state(struct iomm_device *device, uint32_t state)
{
	iomm_lock(device->obj.ctx, &device->lock);
	device->state = state;
	iomm_unlock(device->obj.ctx, &device->lock);
}

int iomm_device_state(struct iomm_device *device, uint32_t *out)
{
	if (!iomm_handle_ok(device, &iomm_device_type))
		return -IOMM_EINVAL;
	if (!out)
		return iomm_fail_null(device->obj.ctx, "iomm_device_state");
	iomm_lock(device->obj.ctx, &device->lock);
	*out = device->state;
	iomm_unlock(device->obj.ctx, &device->lock);
	return 0;
}
