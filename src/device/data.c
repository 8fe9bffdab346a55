/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What users keep with a device, until it goes. */
#include "device/device.h"

static struct iomm_device_datum *
find_datum(struct iomm_device *device, const void *key)
{
	struct iomm_device_datum *datum;

	datum = atomic_load_explicit(&device->data, memory_order_acquire);
	while (datum && datum->key != key)
		datum = datum->next;
	return datum;
}

/* False: the key has one. */
static bool
add_datum(struct iomm_device *device, struct iomm_device_datum *datum)
{
	struct iomm_ctx *ctx = device->obj.ctx;
	bool found;

	iomm_lock(ctx, &device->lock);
	found = find_datum(device, datum->key);
	if (!found) {
		datum->next = atomic_load_explicit(&device->data,
						   memory_order_relaxed);
		atomic_store_explicit(&device->data, datum,
				      memory_order_release);
	}
	iomm_unlock(ctx, &device->lock);
	return !found;
}

static int set_data(struct iomm_device *device, const void *key, void *data,
		    void (*release)(void *data))
{
	struct iomm_ctx *ctx = device->obj.ctx;
	struct iomm_device_datum *datum = iomm_alloc(ctx, sizeof(*datum));
	int err = 0;

	if (!datum)
		return IOMM_FAIL(ctx, IOMM_ENOMEM, "no memory for data of %s",
				 IOMM_STR(device->name));
	*datum = (struct iomm_device_datum){
		.key = key,
		.data = data,
		.release = release,
	};
	if (!iomm_presence_enter(&device->presence)) {
		err = iomm_device_fail_gone(device);
	} else {
		if (!add_datum(device, datum))
			err = IOMM_FAIL(ctx, IOMM_EEXIST,
					"device %s has data under this key",
					IOMM_STR(device->name));
		iomm_device_step_out(device);
	}
	if (err)
		iomm_free(ctx, datum, sizeof(*datum));
	return err;
}

int iomm_device_set_data(struct iomm_device *device, const void *key,
			 void *data, void (*release)(void *data))
{
	struct iomm_ctx *ctx;
	int err;

	if (!iomm_handle_ok(device, &iomm_device_type)) {
		if (release)
			release(data);
		return -IOMM_EINVAL;
	}
	ctx = device->obj.ctx;
	iomm_enter(ctx);
	err = set_data(device, key, data, release);
	if (err)
		iomm_release(ctx, release, data);
	return iomm_leave(ctx, err);
}

int iomm_device_data(struct iomm_device *device, const void *key, void **out)
{
	const struct iomm_device_datum *datum;

	if (!iomm_handle_ok(device, &iomm_device_type))
		return -IOMM_EINVAL;
	if (!out)
		return iomm_fail_null(device->obj.ctx, "iomm_device_data");
	datum = find_datum(device, key);
	if (!datum)
		return IOMM_FAIL(device->obj.ctx, IOMM_ENOENT,
				 "device %s has no data under this key",
				 IOMM_STR(device->name));
	*out = datum->data;
	return 0;
}

void iomm_device_release_data(struct iomm_device *device)
{
	struct iomm_ctx *ctx = device->obj.ctx;
	struct iomm_device_datum *datum, *next;

	/* Nobody has a reference any more. */
	datum = atomic_load_explicit(&device->data, memory_order_relaxed);
	for (; datum; datum = next) {
		next = datum->next;
		iomm_release(ctx, datum->release, datum->data);
		iomm_free(ctx, datum, sizeof(*datum));
	}
}
