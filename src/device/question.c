/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What can be asked about a device. */
#include "base/abi.h"
#include "device/device.h"

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

static int fail_unbound(struct iomm_device *device)
{
	return IOMM_FAIL(device->obj.ctx, IOMM_ENODEV,
			 "device %s is not bound to an IOMMU",
			 IOMM_STR(device->name));
}

/* All IDs of the device, in a fresh array; the lock is held. */
static int collect_ids(const struct iomm_device *device,
		       struct iomm_device_id **out, uint32_t *count)
{
	struct iomm_device_id *ids;
	uint32_t b, i, n = 0;

	for (b = 0; b < device->nr_bindings; b++)
		n += device->bindings[b].nr_ids;
	*count = n;
	ids = iomm_alloc(device->obj.ctx, (uint64_t)n * sizeof(*ids));
	if (!ids)
		return -IOMM_ENOMEM;
	*out = ids;
	for (b = 0; b < device->nr_bindings; b++) {
		for (i = 0; i < device->bindings[b].nr_ids; i++) {
			ids->iommu_node = device->bindings[b].iommu->node;
			ids->id = device->bindings[b].ids[i];
			ids++;
		}
	}
	return 0;
}

int iomm_device_ids(struct iomm_device *device, struct iomm_device_id *ids,
		    uint32_t stride, uint32_t *count)
{
	struct iomm_device_id *all = NULL;
	struct iomm_ctx *ctx;
	uint32_t have = 0;
	int err;

	if (!iomm_handle_ok(device, &iomm_device_type))
		return -IOMM_EINVAL;
	ctx = device->obj.ctx;
	if (!count)
		return iomm_fail_null(ctx, "iomm_device_ids");
	/* The caller's memory is not touched under the lock. */
	iomm_lock(ctx, &device->lock);
	err = device->state == IOMM_DEVICE_BOUND
		      ? collect_ids(device, &all, &have)
		      : -IOMM_ENODEV;
	iomm_unlock(ctx, &device->lock);
	if (err)
		*count = have;
	if (err == -IOMM_ENODEV)
		return fail_unbound(device);
	if (err)
		return IOMM_FAIL(ctx, -err, "no memory for the IDs of %s",
				 IOMM_STR(device->name));
	err = iomm_array_out(ctx, ids, stride, count, all, sizeof(*all), have,
			     "device IDs");
	iomm_free(ctx, all, (uint64_t)have * sizeof(*all));
	return err;
}

int iomm_device_group(struct iomm_device *device, struct iomm_group **out)
{
	struct iomm_group *group = NULL;
	struct iomm_ctx *ctx;

	if (!iomm_handle_ok(device, &iomm_device_type))
		return -IOMM_EINVAL;
	ctx = device->obj.ctx;
	if (!out)
		return iomm_fail_null(ctx, "iomm_device_group");
	iomm_lock(ctx, &device->lock);
	if (device->group)
		group = iomm_object_get(device->group);
	iomm_unlock(ctx, &device->lock);
	if (!group)
		return fail_unbound(device);
	*out = group;
	return 0;
}

static void
describe(const struct iomm_device *device,
	 const struct iomm_device_limits *limits, struct iomm_device_info *info)
{
	uint32_t n;

	info->state = device->state;
	for (n = 0; n < device->nr_bindings; n++)
		info->nr_ids += device->bindings[n].nr_ids;
	info->dma_mask = limits->dma_mask;
	info->dma_first = limits->dma_first;
	info->dma_last = limits->dma_last;
	info->pasid_bits = limits->pasid_bits;
	info->numa_node = limits->numa_node;
	info->default_domain = limits->default_domain;
	if (limits->coherent)
		info->flags |= IOMM_DEVICE_INFO_COHERENT;
	if (limits->flags & IOMM_DEVICE_NUMA_NODE)
		info->flags |= IOMM_DEVICE_INFO_NUMA_NODE;
	if (limits->flags & IOMM_DEVICE_DEFAULT_DOMAIN)
		info->flags |= IOMM_DEVICE_INFO_DEFAULT;
}

int iomm_device_info(struct iomm_device *device, struct iomm_device_info *info)
{
	struct iomm_device_info known = { .size = sizeof(known) };
	struct iomm_ctx *ctx;

	if (!iomm_handle_ok(device, &iomm_device_type))
		return -IOMM_EINVAL;
	ctx = device->obj.ctx;
	iomm_lock(ctx, &device->lock);
	if (device->state == IOMM_DEVICE_BOUND) {
		describe(device, &device->limits, &known);
		known.flags |= IOMM_DEVICE_INFO_BOUND;
		known.group = device->group->number;
	} else {
		describe(device, &device->own, &known);
	}
	iomm_unlock(ctx, &device->lock);
	if (iomm_presence_closed(&device->presence))
		known.flags |= IOMM_DEVICE_INFO_GONE;
	return iomm_struct_out(ctx, info, &known, sizeof(known),
			       IOMM_DEVICE_INFO_SIZE_VER0, "iomm_device_info");
}
