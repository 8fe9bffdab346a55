/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Devices that are bound: their group, their IDs, and becoming unbound. */
#include "base/abi.h"
#include "device/device.h"

static int fail_unbound(struct iomm_device *device)
{
	return IOMM_FAIL(device->obj.ctx, IOMM_ENODEV,
			 "device %s is not bound to an IOMMU: probe it first",
			 IOMM_STR(device->name));
}

/* Its group, with a reference; or NULL. */
static struct iomm_group *group_of(struct iomm_device *device)
{
	struct iomm_ctx *ctx = device->obj.ctx;
	struct iomm_group *group = NULL;

	iomm_lock(ctx, &device->lock);
	if (device->member)
		group = iomm_object_get(device->member->group);
	iomm_unlock(ctx, &device->lock);
	return group;
}

static bool is_in(struct iomm_device *device, const struct iomm_group *group)
{
	struct iomm_group *now = group_of(device);

	iomm_object_drop(now);
	return now == group;
}

/* The group's claim */

/* The group may have changed between looking and claiming, and with its claim
 * held it cannot. */
int iomm_device_begin_group(struct iomm_device *device, struct iomm_group **out)
{
	struct iomm_group *group;
	int err;

	while ((group = group_of(device))) {
		err = iomm_group_begin(group, IOMM_FOREVER);
		if (err) {
			iomm_object_drop(group);
			return err;
		}
		if (is_in(device, group))
			break;
		iomm_device_end_group(group);
	}
	if (group && !iomm_presence_refused(&device->presence)) {
		*out = group;
		return 0;
	}
	if (group)
		iomm_device_end_group(group);
	return iomm_presence_refused(&device->presence)
		       ? iomm_device_fail_gone(device)
		       : fail_unbound(device);
}

void iomm_device_end_group(struct iomm_group *group)
{
	iomm_group_end(group);
	iomm_object_drop(group);
}

/* Publishing a probe, and undoing it */

void iomm_device_publish(struct iomm_device *device, struct iomm_member *member)
{
	struct iomm_ctx *ctx = device->obj.ctx;

	iomm_lock(ctx, &device->lock);
	device->member = member;
	device->state = IOMM_DEVICE_BOUND;
	iomm_group_add(member->group, member);
	iomm_unlock(ctx, &device->lock);
}

void iomm_device_leave(struct iomm_device *device, uint32_t state)
{
	struct iomm_ctx *ctx = device->obj.ctx;
	struct iomm_member *member = device->member;
	struct iomm_group *group = iomm_object_get(member->group);

	iomm_lock(ctx, &device->lock);
	device->member = NULL;
	device->state = state;
	iomm_unlock(ctx, &device->lock);
	iomm_member_leave(member);
	iomm_member_free(member);
	iomm_device_end_group(group);
}

int iomm_device_may_unbind(struct iomm_device *device, uint64_t deadline)
{
	int err;

	if (!device->member)
		return 0;
	err = iomm_group_begin(device->member->group, deadline);
	if (!err)
		iomm_group_end(device->member->group);
	return err;
}

int iomm_device_unbind(struct iomm_device *device, uint32_t state,
		       uint64_t deadline)
{
	int err;

	if (!device->member) {
		iomm_device_set_state(device, state);
		return 0;
	}
	err = iomm_group_begin(device->member->group, deadline);
	if (!err)
		iomm_device_leave(device, state);
	return err;
}

/* Questions */

/* All IDs of the device, in a fresh array; the lock is held. */
static int collect_ids(const struct iomm_device *device,
		       struct iomm_device_id **out, uint32_t *count)
{
	const struct iomm_member *member = device->member;
	struct iomm_device_id *ids;
	uint32_t b, i, n = 0;

	for (b = 0; b < member->nr_bindings; b++)
		n += member->bindings[b].nr_ids;
	*count = n;
	ids = iomm_alloc(device->obj.ctx, (uint64_t)n * sizeof(*ids));
	if (!ids)
		return -IOMM_ENOMEM;
	*out = ids;
	for (b = 0; b < member->nr_bindings; b++) {
		for (i = 0; i < member->bindings[b].nr_ids; i++) {
			ids->iommu_node = member->bindings[b].iommu->node;
			ids->id = member->bindings[b].ids[i];
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
	err = device->member ? collect_ids(device, &all, &have) : -IOMM_ENODEV;
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
	struct iomm_group *group;

	if (!iomm_handle_ok(device, &iomm_device_type))
		return -IOMM_EINVAL;
	if (!out)
		return iomm_fail_null(device->obj.ctx, "iomm_device_group");
	group = group_of(device);
	if (!group)
		return fail_unbound(device);
	*out = group;
	return 0;
}
