/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Attaching: to all devices of a group or to none. Everybody is asked before
 * anybody is told. A blocking domain has nothing to tell: what has no domain is
 * blocked.
 */
#include "device/attach.h"

#include "domain/domain.h"

/* What each binding is told: all of its IDs, and the table. */
static struct iomm_attach
all_of(const struct iomm_domain *domain, const struct iomm_binding *binding)
{
	struct iomm_attach at = iomm_attach_all(binding);

	at.table = &domain->info;
	return at;
}

static void *
part_priv(const struct iomm_domain *domain, const struct iomm_binding *binding)
{
	return iomm_space_part(domain->space, binding->iommu)->priv;
}

static int
check_part(const struct iomm_domain *domain, const struct iomm_binding *binding)
{
	const struct iomm_iommu *iommu = binding->iommu;
	const char *name = binding->member->device->name;
	struct iomm_domain_part *part = iomm_space_part(domain->space, iommu);

	if (!part)
		return IOMM_FAIL(domain->obj.ctx, IOMM_EINVAL,
				 "the domain was not made for %s, behind which "
				 "%s is",
				 IOMM_STR(iommu->name), IOMM_STR(name));
	if (atomic_load_explicit(&part->state, memory_order_acquire) !=
	    IOMM_PART_LIVE)
		return IOMM_FAIL(domain->obj.ctx, IOMM_ENODEV, "%s is gone",
				 IOMM_STR(iommu->name));
	return 0;
}

/* One member: asking, telling, taking back. */

static int prepare(struct iomm_domain *domain, struct iomm_member *member)
{
	const struct iomm_device *device = member->device;
	struct iomm_attach at;
	uint32_t n;
	int err = 0;

	if (domain->type == IOMM_DOMAIN_BLOCKED)
		return 0;
	if (domain->info.last_iova > device->dma_mask)
		return IOMM_FAIL(device->obj.ctx, IOMM_EINVAL,
				 "the domain reaches up to %x, and %s only to "
				 "%x",
				 domain->info.last_iova, IOMM_STR(device->name),
				 device->dma_mask);
	for (n = 0; !err && n < member->nr_bindings; n++)
		err = check_part(domain, &member->bindings[n]);
	for (n = 0; !err && n < member->nr_bindings; n++) {
		at = all_of(domain, &member->bindings[n]);
		err = iomm_attach_prepare(&member->bindings[n],
					  part_priv(domain,
						    &member->bindings[n]),
					  &at);
	}
	return err;
}

static void commit(struct iomm_domain *domain, struct iomm_member *member)
{
	struct iomm_attach at;
	uint32_t n;

	if (domain->type == IOMM_DOMAIN_BLOCKED)
		return;
	for (n = 0; n < member->nr_bindings; n++) {
		at = all_of(domain, &member->bindings[n]);
		iomm_attach_commit(&member->bindings[n],
				   part_priv(domain, &member->bindings[n]),
				   &at);
	}
}

static void block(struct iomm_member *member)
{
	uint32_t n;

	for (n = 0; n < member->nr_bindings; n++)
		iomm_attach_block_all(&member->bindings[n]);
}

/* All members */

static int set_up(struct iomm_domain *domain, struct iomm_group *group)
{
	struct iomm_list *pos;
	int err;

	iomm_group_for_each(pos, group)
	{
		err = prepare(domain, iomm_member_at(pos));
		if (err)
			return err;
	}
	iomm_group_for_each(pos, group)
	{
		commit(domain, iomm_member_at(pos));
	}
	return 0;
}

static int attach_inside(struct iomm_domain *domain, struct iomm_device *device,
			 struct iomm_group *group)
{
	int err;

	/* Only a holder of the claim changes it. */
	if (group->domains.attached)
		return IOMM_FAIL(group->obj.ctx, IOMM_EBUSY,
				 "%s has %s attached already",
				 IOMM_STR(device->name),
				 IOMM_STR(group->domains.attached ==
							  &domain->obj
						  ? "this domain"
						  : "another domain"));
	err = set_up(domain, group);
	if (!err)
		(void)iomm_group_swap(group, iomm_object_get(domain));
	return err;
}

static int attach(struct iomm_domain *domain, struct iomm_device *device)
{
	struct iomm_group *group;
	int err = iomm_device_begin_group(device, &group);

	if (err)
		return err;
	err = iomm_group_enter(group);
	if (!err) {
		err = attach_inside(domain, device, group);
		iomm_group_exit(group);
	}
	iomm_device_end_group(group);
	return err;
}

static int check_pair(struct iomm_domain *domain, struct iomm_device *device,
		      const char *call)
{
	if (!iomm_handle_ok(domain, &iomm_domain_type))
		return -IOMM_EINVAL;
	if (!iomm_handle_ok(device, &iomm_device_type))
		return iomm_fail_null(domain->obj.ctx, call);
	if (domain->obj.ctx != device->obj.ctx)
		return IOMM_FAIL(domain->obj.ctx, IOMM_EINVAL,
				 "%s: domain and device are of different "
				 "contexts",
				 IOMM_STR(call));
	return 0;
}

int iomm_domain_attach(struct iomm_domain *domain, struct iomm_device *device)
{
	int err = check_pair(domain, device, "iomm_domain_attach");

	if (err)
		return err;
	iomm_enter(domain->obj.ctx);
	return iomm_leave(domain->obj.ctx, attach(domain, device));
}

/* An instance that is being unregistered waits for its devices, and so for the
 * group's claim: it is there. */
static void block_all(struct iomm_group *group)
{
	struct iomm_list *pos;

	iomm_group_for_each(pos, group)
	{
		block(iomm_member_at(pos));
	}
}

static int detach(struct iomm_domain *domain, struct iomm_device *device)
{
	struct iomm_group *group;
	int err = iomm_device_begin_group(device, &group);

	if (err)
		return err;
	if (group->domains.attached == &domain->obj) {
		block_all(group);
		iomm_object_drop(iomm_group_swap(group, NULL));
	} else {
		err = IOMM_FAIL(group->obj.ctx, IOMM_ENOENT,
				"this domain is not attached to %s",
				IOMM_STR(device->name));
	}
	iomm_device_end_group(group);
	return err;
}

int iomm_domain_detach(struct iomm_domain *domain, struct iomm_device *device)
{
	int err = check_pair(domain, device, "iomm_domain_detach");

	if (err)
		return err;
	iomm_enter(domain->obj.ctx);
	return iomm_leave(domain->obj.ctx, detach(domain, device));
}

/* Devices that come and go: see struct iomm_group_ops. */

static int join(struct iomm_group *group, struct iomm_member *member)
{
	struct iomm_domain *domain =
		(struct iomm_domain *)(void *)group->domains.attached;
	int err = domain ? prepare(domain, member) : 0;

	if (!err && domain)
		commit(domain, member);
	return err;
}

static void leave(struct iomm_group *group, struct iomm_member *member)
{
	(void)group;
	(void)member;
}

static void left(struct iomm_group *group, struct iomm_member *member)
{
	(void)member;
	if (!group->nr_members)
		iomm_object_drop(iomm_group_swap(group, NULL));
}

const struct iomm_group_ops iomm_domain_group_ops = {
	.join = join,
	.leave = leave,
	.left = left,
};
