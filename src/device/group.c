/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "device/group.h"

#include "device/registry.h"

static void destroy(struct iomm_object *object)
{
	/* What was attached went with the device. */
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
	struct iomm_registry *registry = iomm_registry(ctx);
	struct iomm_group *group = iomm_object_create(ctx, &iomm_group_type);

	if (!group)
		return -IOMM_ENOMEM;
	iomm_lock(ctx, &registry->lock);
	group->number = registry->next_group++;
	iomm_unlock(ctx, &registry->lock);
	*out = group;
	return 0;
}

struct iomm_object *
iomm_group_swap(struct iomm_group *group, struct iomm_object *domain)
{
	struct iomm_object *old;

	iomm_lock(group->obj.ctx, &group->lock);
	old = group->attached;
	group->attached = domain;
	iomm_unlock(group->obj.ctx, &group->lock);
	return old;
}

struct iomm_object *iomm_group_attached(struct iomm_group *group)
{
	struct iomm_object *domain;

	iomm_lock(group->obj.ctx, &group->lock);
	domain = group->attached ? iomm_object_get(group->attached) : NULL;
	iomm_unlock(group->obj.ctx, &group->lock);
	return domain;
}

int iomm_group_number(struct iomm_group *group, uint32_t *out)
{
	if (!iomm_handle_ok(group, &iomm_group_type))
		return -IOMM_EINVAL;
	if (!out)
		return iomm_fail_null(group->obj.ctx, "iomm_group_number");
	*out = group->number;
	return 0;
}

struct iomm_group *iomm_group_get(struct iomm_group *group)
{
	return iomm_handle_get(group, &iomm_group_type);
}

void iomm_group_put(struct iomm_group *group)
{
	iomm_handle_put(group, &iomm_group_type);
}
