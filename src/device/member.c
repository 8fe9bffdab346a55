/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "base/mem.h"
#include "device/device.h"

/* Making and freeing */

/* An ID for each specifier, and at most as many keys. */
static uint64_t bytes_of(uint32_t room)
{
	return sizeof(struct iomm_member) +
	       (uint64_t)room *
		       (sizeof(struct iomm_binding) + sizeof(iomm_u64) +
			2 * sizeof(struct iomm_mark *));
}

/* Where the next binding's IDs begin. */
static iomm_u64 *end_of_ids(struct iomm_member *member)
{
	const struct iomm_binding *last;

	if (!member->nr_bindings)
		return (iomm_u64 *)(void *)(member->bindings + member->room);
	last = &member->bindings[member->nr_bindings - 1];
	return last->ids + last->nr_ids;
}

int iomm_member_create(struct iomm_device *device, struct iomm_fwspec *spec,
		       const struct iomm_device_limits *limits,
		       struct iomm_member **out)
{
	struct iomm_ctx *ctx = device->obj.ctx;
	uint32_t room = iomm_fwspec_nr_iommus(spec);
	struct iomm_member *member = iomm_alloc(ctx, bytes_of(room));

	if (!member)
		return IOMM_FAIL(ctx, IOMM_ENOMEM,
				 "no memory for what %s is behind",
				 IOMM_STR(device->name));
	member->room = room;
	member->marks =
		(struct iomm_mark **)(void *)(end_of_ids(member) + room);
	iomm_list_init(&member->link);
	member->device = device;
	member->spec = iomm_object_get(spec);
	member->limits = *limits;
	*out = member;
	return 0;
}

void iomm_member_free(struct iomm_member *member)
{
	struct iomm_ctx *ctx;
	uint32_t n;

	if (!member)
		return;
	ctx = member->device->obj.ctx;
	iomm_marks_dismiss(member);
	iomm_object_drop(member->group);
	for (n = member->nr_bindings; n--;)
		iomm_object_drop(member->bindings[n].iommu);
	iomm_object_drop(member->spec);
	iomm_free(ctx, member, bytes_of(member->room));
}

/* IDs */

static struct iomm_binding *
binding_for(struct iomm_member *member, struct iomm_iommu *iommu)
{
	struct iomm_binding *binding = member->bindings;
	uint32_t n;

	for (n = 0; n < member->nr_bindings; n++, binding++) {
		if (binding->iommu == iommu)
			return binding;
	}
	binding->ids = end_of_ids(member);
	iomm_list_init(&binding->link);
	binding->member = member;
	binding->iommu = iomm_object_get(iommu);
	member->nr_bindings++;
	return binding;
}

bool iomm_binding_has_id(const struct iomm_binding *binding, uint64_t id)
{
	uint32_t n;

	for (n = 0; n < binding->nr_ids; n++) {
		if (binding->ids[n] == id)
			return true;
	}
	return false;
}

/* Those of later bindings move up. */
static void
add_id(struct iomm_member *member, struct iomm_binding *binding, uint64_t id)
{
	iomm_u64 *at = binding->ids + binding->nr_ids;
	iomm_u64 *end = end_of_ids(member);

	memmove(at + 1, at, (size_t)(end - at) * sizeof(*at));
	*at = id;
	binding->nr_ids++;
	while (++binding < member->bindings + member->nr_bindings)
		binding->ids++;
}

int iomm_member_add(struct iomm_member *member, struct iomm_iommu *iommu,
		    const struct iomm_specifier *specifier)
{
	struct iomm_binding *binding = binding_for(member, iommu);
	uint64_t id;
	int err = iomm_binding_translate(binding, specifier, &id);

	if (!err && !iomm_binding_has_id(binding, id))
		add_id(member, binding, id);
	return err;
}

bool iomm_member_shares_id(const struct iomm_member *member)
{
	const struct iomm_binding *binding = member->bindings;
	uint32_t b, n;

	for (b = 0; b < member->nr_bindings; b++, binding++) {
		for (n = 0; n < binding->nr_ids; n++) {
			if (binding->marks[n]->joined > 1)
				return true;
		}
	}
	return false;
}

int iomm_member_form(struct iomm_member *member)
{
	struct iomm_group *fresh;
	int err = iomm_marks_make(member);

	if (err)
		return err;
	err = iomm_group_create(member->device->obj.ctx, &fresh);
	if (err)
		return err;
	err = iomm_marks_settle(member, fresh);
	iomm_object_drop(fresh);
	return err;
}

/* Joining and leaving. The group's claim is held. */

static void count_in(struct iomm_binding *binding)
{
	uint32_t n;

	for (n = 0; n < binding->nr_ids; n++)
		binding->marks[n]->joined++;
}

static void count_out(struct iomm_binding *binding)
{
	uint32_t n;

	for (n = 0; n < binding->nr_ids; n++)
		binding->marks[n]->joined--;
}

static void let_go(struct iomm_binding *binding)
{
	struct iomm_iommu *iommu = binding->iommu;
	struct iomm_ctx *ctx = iommu->obj.ctx;

	if (!binding->probed)
		return;
	/* The instance may be on its way out, and wait for just this. */
	iomm_presence_force(&iommu->presence);
	iomm_binding_block_own(binding);
	count_out(binding);
	iomm_binding_release(binding);
	iomm_presence_exit(ctx, &iommu->presence);
}

static void let_all_go(struct iomm_member *member)
{
	uint32_t n;

	for (n = member->nr_bindings; n--;)
		let_go(&member->bindings[n]);
}

static int take_on(struct iomm_member *member)
{
	uint32_t n;
	int err;

	for (n = 0; n < member->nr_bindings; n++) {
		err = iomm_binding_probe(&member->bindings[n]);
		if (err)
			return err;
		/* No DMA is translated before something is attached; what the
		 * IDs that others have too are attached to stays. */
		count_in(&member->bindings[n]);
		iomm_binding_block_own(&member->bindings[n]);
	}
	return 0;
}

int iomm_member_join(struct iomm_member *member)
{
	int err = take_on(member);

	if (!err)
		err = iomm_group_ops->join(member->group, member);
	if (err)
		let_all_go(member);
	return err;
}

void iomm_member_leave(struct iomm_member *member)
{
	struct iomm_group *group = member->group;

	iomm_group_ops->leave(group, member);
	iomm_group_remove(group, member);
	let_all_go(member);
	iomm_group_ops->left(group, member);
}
