/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Who is inside a device. */
#include "device/device.h"

_Static_assert(IOMM_GUARDS_PER_THREAD == IOMM_DEVICE_GUARDS_PER_THREAD,
	       "the header says how many");

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

bool iomm_device_inside(struct iomm_device *device)
{
	return guard_slot(iomm_thread(device->obj.ctx), device) <
	       IOMM_GUARDS_PER_THREAD;
}

int iomm_device_fail_gone(struct iomm_device *device)
{
	return IOMM_FAIL(device->obj.ctx, IOMM_ENODEV, "device %s is %s",
			 IOMM_STR(device->name),
			 IOMM_STR(iomm_presence_closed(&device->presence)
					  ? "gone"
					  : "removed, or being removed"));
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
	iomm_device_step_out(device);
	iomm_device_put(device);
}
