/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Devices: adding and finding. What is known of one is in config.c, who is inside
 * in guard.c, how one goes in removal.c, and what can be asked in question.c. */
#include "device/device.h"

#include "device/registry.h"

static void free_parts(struct iomm_device *device)
{
	iomm_device_forget_gone(device);
	iomm_device_release_data(device);
	iomm_strfree(device->obj.ctx, device->name);
	iomm_object_drop(device->spec);
	iomm_object_drop(device->bus);
}

static bool ready(struct iomm_object *object)
{
	return iomm_device_end((struct iomm_device *)(void *)object);
}

static void destroy(struct iomm_object *object)
{
	struct iomm_device *device = (struct iomm_device *)(void *)object;

	(void)iomm_device_stop_waiting(device);
	if (device->state != IOMM_DEVICE_REMOVED)
		iomm_device_vanish(device);
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
	struct iomm_device *device;
	int err;

	device = iomm_object_create(ctx, &iomm_device_type);
	if (!device)
		return -IOMM_ENOMEM;
	iomm_list_init(&device->link);
	iomm_list_init(&device->wait_link);
	iomm_list_init(&device->leave_link);
	iomm_list_init(&device->gone_link);
	device->bus = iomm_object_get(bus);
	err = iomm_device_configure(device, config);
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
