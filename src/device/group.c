/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "base/abi.h"
#include "device/device.h"

static void destroy(struct iomm_object *object)
{
	/* What was attached went with the last device. */
	(void)object;
}

const struct iomm_object_type iomm_group_type = {
	.kind = IOMM_HANDLE_GROUP,
	.bytes = sizeof(struct iomm_group),
	.name = "group",
	.lock = offsetof(struct iomm_group, lock),
	.destroy = destroy,
};

int iomm_group_create(struct iomm_ctx *ctx, struct iomm_group **out)
{
	struct iomm_group *group = iomm_object_create(ctx, &iomm_group_type);

	if (!group)
		return -IOMM_ENOMEM;
	iomm_list_init(&group->members);
	iomm_list_init(&group->leaving);
	*out = group;
	return 0;
}

void iomm_group_set_number(struct iomm_group *group, uint32_t number)
{
	group->number = number;
	(void)iomm_text_render(group->name, sizeof(group->name),
			       IOMM_TEXT("group %u", number));
}

/* The claim */

int iomm_group_begin(struct iomm_group *group, uint64_t deadline)
{
	return iomm_claim_take(group->obj.ctx, &group->claim, deadline,
			       group->name);
}

/* Takes one off the list of those that wait to leave; NULL: there is none. */
static struct iomm_device *next_leaving(struct iomm_group *group)
{
	struct iomm_ctx *ctx = group->obj.ctx;
	struct iomm_list *first = NULL;

	iomm_lock(ctx, &group->lock);
	if (!iomm_list_empty(&group->leaving)) {
		first = group->leaving.next;
		iomm_list_del(first);
	}
	iomm_unlock(ctx, &group->lock);
	return first ? iomm_container_of(first, struct iomm_device, leave_link)
		     : NULL;
}

void iomm_group_end(struct iomm_group *group)
{
	struct iomm_device *device;

	iomm_claim_drop(group->obj.ctx, &group->claim);
	/* After that: whoever is not on the list yet finds the claim free, or
	 * somebody else's, who will look again. */
	while ((device = next_leaving(group)))
		iomm_object_requeue(&device->obj);
}

/*
 * The last reference on a device may go anywhere, also where this thread is at
 * work on the group further up its stack: so nobody waits here.
 */
bool iomm_group_try_leaving(struct iomm_group *group,
			    struct iomm_device *device)
{
	struct iomm_ctx *ctx = group->obj.ctx;

	if (iomm_claim_try(ctx, &group->claim))
		return true;
	iomm_object_get(group);
	iomm_lock(ctx, &group->lock);
	iomm_list_add_tail(&group->leaving, &device->leave_link);
	iomm_unlock(ctx, &group->lock);
	/* It may be gone already. If whoever had the claim ended before it was
	 * on the list, it is ours to look after. */
	if (iomm_claim_try(ctx, &group->claim))
		iomm_group_end(group);
	iomm_object_drop(group);
	return false;
}

/* Members */

int iomm_group_check_alive(struct iomm_group *group)
{
	if (group->nr_members)
		return 0;
	return IOMM_FAIL(group->obj.ctx, IOMM_ENODEV,
			 "%s has no devices any more", IOMM_STR(group->name));
}

void iomm_group_add(struct iomm_group *group, struct iomm_member *member)
{
	struct iomm_ctx *ctx = group->obj.ctx;

	iomm_lock(ctx, &group->lock);
	iomm_list_add_tail(&group->members, &member->link);
	group->nr_members++;
	iomm_unlock(ctx, &group->lock);
}

void iomm_group_remove(struct iomm_group *group, struct iomm_member *member)
{
	struct iomm_ctx *ctx = group->obj.ctx;

	iomm_lock(ctx, &group->lock);
	iomm_list_del(&member->link);
	group->nr_members--;
	iomm_unlock(ctx, &group->lock);
}

/* Enters the presence of a member's instances: how many, before one refused. */
static uint32_t enter_member(struct iomm_member *member)
{
	uint32_t n;

	for (n = 0; n < member->nr_bindings; n++) {
		if (!iomm_presence_enter(&member->bindings[n].iommu->presence))
			break;
	}
	return n;
}

static void exit_member(struct iomm_member *member, uint32_t entered)
{
	while (entered--)
		iomm_presence_exit(member->device->obj.ctx,
				   &member->bindings[entered].iommu->presence);
}

/* Those of the members before one. */
static void exit_until(struct iomm_group *group, const struct iomm_list *end)
{
	struct iomm_list *pos;

	for (pos = group->members.next; pos != end; pos = pos->next)
		exit_member(iomm_member_at(pos),
			    iomm_member_at(pos)->nr_bindings);
}

int iomm_group_enter(struct iomm_group *group)
{
	struct iomm_member *member;
	struct iomm_list *pos;
	uint32_t entered;

	iomm_group_for_each(pos, group)
	{
		member = iomm_member_at(pos);
		entered = enter_member(member);
		if (entered == member->nr_bindings)
			continue;
		exit_member(member, entered);
		exit_until(group, pos);
		return IOMM_FAIL(
			group->obj.ctx, IOMM_ENODEV, "%s is being unregistered",
			IOMM_STR(member->bindings[entered].iommu->name));
	}
	return 0;
}

void iomm_group_exit(struct iomm_group *group)
{
	exit_until(group, &group->members);
}

/* What is attached */

struct iomm_object *
iomm_group_swap(struct iomm_group *group, struct iomm_object *domain)
{
	struct iomm_object *old;

	iomm_lock(group->obj.ctx, &group->lock);
	old = group->domains.attached;
	group->domains.attached = domain;
	iomm_unlock(group->obj.ctx, &group->lock);
	return old;
}

struct iomm_object *iomm_group_attached(struct iomm_group *group)
{
	struct iomm_object *domain = NULL;

	iomm_lock(group->obj.ctx, &group->lock);
	if (group->domains.attached)
		domain = iomm_object_get(group->domains.attached);
	iomm_unlock(group->obj.ctx, &group->lock);
	return domain;
}

/* Public */

int iomm_group_number(struct iomm_group *group, uint32_t *out)
{
	if (!iomm_handle_ok(group, &iomm_group_type))
		return -IOMM_EINVAL;
	if (!out)
		return iomm_fail_null(group->obj.ctx, "iomm_group_number");
	*out = group->number;
	return 0;
}

static void describe(struct iomm_group *group, struct iomm_group_info *info)
{
	struct iomm_list *pos;

	info->number = group->number;
	info->nr_devices = group->nr_members;
	if (!group->nr_members)
		info->flags |= IOMM_GROUP_DEAD;
	if (group->domains.attached)
		info->flags |= IOMM_GROUP_ATTACHED;
	iomm_group_for_each(pos, group)
	{
		info->nr_regions += iomm_member_at(pos)->spec->built.regions.nr;
	}
}

int iomm_group_info(struct iomm_group *group, struct iomm_group_info *info)
{
	struct iomm_group_info known = { 0 };

	if (!iomm_handle_ok(group, &iomm_group_type))
		return -IOMM_EINVAL;
	iomm_lock(group->obj.ctx, &group->lock);
	describe(group, &known);
	iomm_unlock(group->obj.ctx, &group->lock);
	return iomm_struct_out(group->obj.ctx, info, &known, sizeof(known),
			       IOMM_GROUP_INFO_SIZE_VER0, "iomm_group_info");
}

/* The one at an index that is not going, with a reference; or NULL. The lock is
 * held. */
static struct iomm_device *
device_at(const struct iomm_group *group, uint32_t index)
{
	struct iomm_device *device;
	struct iomm_list *pos;

	iomm_group_for_each(pos, group)
	{
		device = iomm_member_at(pos)->device;
		if (!iomm_object_get_unless_zero(&device->obj))
			continue;
		if (!index--)
			return device;
		iomm_object_drop(device);
	}
	return NULL;
}

int iomm_group_device(struct iomm_group *group, uint32_t index,
		      struct iomm_device **out)
{
	struct iomm_device *device;
	struct iomm_ctx *ctx;

	if (!iomm_handle_ok(group, &iomm_group_type))
		return -IOMM_EINVAL;
	ctx = group->obj.ctx;
	if (!out)
		return iomm_fail_null(ctx, "iomm_group_device");
	iomm_enter(ctx);
	iomm_lock(ctx, &group->lock);
	device = device_at(group, index);
	iomm_unlock(ctx, &group->lock);
	if (!device)
		return iomm_leave(ctx, IOMM_FAIL(ctx, IOMM_ENOENT,
						 "%s has no device %u",
						 IOMM_STR(group->name), index));
	*out = device;
	return iomm_leave(ctx, 0);
}

struct iomm_group *iomm_group_get(struct iomm_group *group)
{
	return iomm_handle_get(group, &iomm_group_type);
}

void iomm_group_put(struct iomm_group *group)
{
	iomm_handle_put(group, &iomm_group_type);
}
