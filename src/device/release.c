/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Release actions: what is tied to a device's presence. */
#include "base/abi.h"
#include "device/device.h"

struct iomm_release_action {
	struct iomm_release_action *next;
	void (*release)(void *data);
	void *data;
};

void iomm_device_run_releases(struct iomm_device *device)
{
	struct iomm_ctx *ctx = device->obj.ctx;
	struct iomm_release_action *action;

	for (;;) {
		/* One at a time: an action may take another back. */
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
	iomm_device_step_out(device);
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

/* The newest such action, which is on the list no more, or NULL. */
static struct iomm_release_action *
take_back(struct iomm_device *device, void (*release)(void *data), void *data)
{
	struct iomm_release_action **link, *action;

	iomm_lock(device->obj.ctx, &device->lock);
	for (link = &device->releases; (action = *link); link = &action->next) {
		if (action->release == release && action->data == data) {
			*link = action->next;
			break;
		}
	}
	iomm_unlock(device->obj.ctx, &device->lock);
	return action;
}

int iomm_device_remove_release(struct iomm_device *device,
			       void (*release)(void *data), void *data)
{
	struct iomm_release_action *action;
	struct iomm_ctx *ctx;

	if (!iomm_handle_ok(device, &iomm_device_type))
		return -IOMM_EINVAL;
	ctx = device->obj.ctx;
	if (!release)
		return iomm_fail_null(ctx, "iomm_device_remove_release");
	if (iomm_in_atomic(ctx))
		return IOMM_FAIL(ctx, IOMM_EDEADLK,
				 "%s: an atomic hook must not take a release "
				 "action back",
				 IOMM_STR(device->name));
	action = take_back(device, release, data);
	if (!action)
		return IOMM_FAIL(ctx, IOMM_ENOENT,
				 "%s: there is no such release action, or its "
				 "turn has come already",
				 IOMM_STR(device->name));
	iomm_free(ctx, action, sizeof(*action));
	return 0;
}
