/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* How a device goes: asked for, or by surprise. */
#include "device/device.h"
#include "device/registry.h"

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
	iomm_device_run_releases(device);
	err = iomm_device_unbind(device, IOMM_DEVICE_REMOVED, deadline);
	if (!err)
		forget(device);
	return err;
}

/* Without a reference */

bool iomm_device_end(struct iomm_device *device)
{
	if (device->state == IOMM_DEVICE_REMOVED)
		return true;
	iomm_device_run_releases(device);
	return !device->member ||
	       iomm_group_try_leaving(device->member->group, device);
}

void iomm_device_vanish(struct iomm_device *device)
{
	if (device->member)
		iomm_device_leave(device, IOMM_DEVICE_REMOVED);
	forget(device);
}

/* Asked for */

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

	if (iomm_device_inside(device))
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

/* By surprise */

/* Atomic hooks come here, perhaps with locks held: it takes none. */
static void announce(struct iomm_device *device)
{
	struct iomm_registry *registry = iomm_registry(device->obj.ctx);
	struct iomm_device *top;

	if (atomic_exchange_explicit(&device->announced, true,
				     memory_order_acq_rel))
		return;
	top = atomic_load_explicit(&registry->gone_stack, memory_order_relaxed);
	do {
		device->gone_next = top;
	} while (!atomic_compare_exchange_weak_explicit(&registry->gone_stack,
							&top, device,
							memory_order_release,
							memory_order_relaxed));
	iomm_wakeup(device->obj.ctx);
}

int iomm_device_set_gone(struct iomm_device *device)
{
	if (!iomm_handle_ok(device, &iomm_device_type))
		return -IOMM_EINVAL;
	if (iomm_presence_close(&device->presence))
		announce(device);
	return 0;
}

int iomm_device_gone(struct iomm_device *device)
{
	if (!iomm_handle_ok(device, &iomm_device_type))
		return -IOMM_EINVAL;
	return iomm_presence_closed(&device->presence);
}

void iomm_device_step_out(struct iomm_device *device)
{
	if (iomm_presence_exit(device->obj.ctx, &device->presence) &&
	    iomm_presence_closed(&device->presence))
		announce(device);
}

/* From the stack, which anybody adds to, to a list, which has the registry's
 * lock. It is held. */
static void collect(struct iomm_registry *registry)
{
	struct iomm_device *device, *next;

	device = atomic_exchange_explicit(&registry->gone_stack, NULL,
					  memory_order_acquire);
	for (; device; device = next) {
		next = device->gone_next;
		atomic_store_explicit(&device->announced, false,
				      memory_order_release);
		iomm_list_del(&device->gone_link);
		iomm_list_add_tail(&registry->gone, &device->gone_link);
	}
}

bool iomm_device_any_gone(struct iomm_ctx *ctx)
{
	struct iomm_registry *registry = iomm_registry(ctx);

	collect(registry);
	return !iomm_list_empty(&registry->gone);
}

void iomm_device_forget_gone(struct iomm_device *device)
{
	struct iomm_ctx *ctx = device->obj.ctx;
	struct iomm_registry *registry = iomm_registry(ctx);

	if (!iomm_presence_closed(&device->presence))
		return;
	iomm_lock(ctx, &registry->lock);
	collect(registry);
	iomm_list_del(&device->gone_link);
	iomm_unlock(ctx, &registry->lock);
}

/* The next of `due`, with a reference; NULL when none is left. */
static struct iomm_device *
next_gone(struct iomm_ctx *ctx, struct iomm_list *due)
{
	struct iomm_registry *registry = iomm_registry(ctx);
	struct iomm_device *device;

	iomm_lock(ctx, &registry->lock);
	device = iomm_registry_take(due,
				    offsetof(struct iomm_device, gone_link));
	iomm_unlock(ctx, &registry->lock);
	return device;
}

/* With somebody inside it is not due: the last to leave announces it again. */
static void remove_gone(struct iomm_device *device)
{
	struct iomm_ctx *ctx = device->obj.ctx;
	int err;

	if (iomm_presence_inside(&device->presence))
		return;
	err = iomm_device_remove(device, IOMM_FOREVER);
	if (!err)
		return;
	IOMM_LOG(ctx, IOMM_LOG_WARN, device->name,
		 "it is gone, and cannot be removed yet: %s",
		 IOMM_STR(iomm_strerror(err)));
	announce(device);
}

void iomm_device_remove_gone(struct iomm_ctx *ctx)
{
	struct iomm_registry *registry = iomm_registry(ctx);
	struct iomm_device *device;
	struct iomm_list due, *first;

	iomm_list_init(&due);
	iomm_lock(ctx, &registry->lock);
	collect(registry);
	/* What is announced from here on is for the next time. */
	if (!iomm_list_empty(&registry->gone)) {
		first = registry->gone.next;
		iomm_list_del(&registry->gone);
		iomm_list_join(&due, first);
	}
	iomm_unlock(ctx, &registry->lock);
	while ((device = next_gone(ctx, &due))) {
		remove_gone(device);
		iomm_object_drop(device);
	}
}
