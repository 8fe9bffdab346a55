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

static void describe_limits(const struct iomm_device_limits *limits,
			    struct iomm_device_info *info)
{
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
}

/* The device's lock is held. */
static void
describe(const struct iomm_device *device, struct iomm_device_info *info)
{
	const struct iomm_member *member = device->member;
	uint32_t n;

	info->state = device->state;
	describe_limits(member ? &member->limits : &device->own, info);
	if (!member)
		return;
	info->flags |= IOMM_DEVICE_INFO_BOUND;
	info->group = member->group->number;
	for (n = 0; n < member->nr_bindings; n++)
		info->nr_ids += member->bindings[n].nr_ids;
}

int iomm_device_info(struct iomm_device *device, struct iomm_device_info *info)
{
	struct iomm_device_info known = { .size = sizeof(known) };
	struct iomm_ctx *ctx;

	if (!iomm_handle_ok(device, &iomm_device_type))
		return -IOMM_EINVAL;
	ctx = device->obj.ctx;
	iomm_lock(ctx, &device->lock);
	describe(device, &known);
	iomm_unlock(ctx, &device->lock);
	if (iomm_presence_closed(&device->presence))
		known.flags |= IOMM_DEVICE_INFO_GONE;
	return iomm_struct_out(ctx, info, &known, sizeof(known),
			       IOMM_DEVICE_INFO_SIZE_VER0, "iomm_device_info");
}
