/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Attaching a user's domain: to all devices of a group or to none. Everybody is
 * asked before anybody is told.
 */
#include "device/device.h"
#include "domain/ownership.h"

struct iomm_domain *
iomm_group_swap(struct iomm_group *group, struct iomm_domain *domain)
{
	struct iomm_object *old;

	iomm_lock(group->obj.ctx, &group->lock);
	old = group->domains.attached;
	group->domains.attached = domain ? &domain->obj : NULL;
	iomm_unlock(group->obj.ctx, &group->lock);
	return iomm_as_domain(old);
}

/* Only a holder of the claim changes any of that. */
static int
check_free(const struct iomm_domain *domain, const struct iomm_device *device,
	   struct iomm_group *group)
{
	uint32_t users = iomm_group_users(group);

	if (group->domains.attached)
		return IOMM_FAIL(group->obj.ctx, IOMM_EBUSY,
				 "%s has %s attached already",
				 IOMM_STR(device->name),
				 IOMM_STR(group->domains.attached ==
							  &domain->obj
						  ? "this domain"
						  : "another domain"));
	if (users)
		return IOMM_FAIL(group->obj.ctx, IOMM_EBUSY,
				 "%s is in %s, and %u users use its default "
				 "domain",
				 IOMM_STR(device->name), IOMM_STR(group->name),
				 users);
	return 0;
}

static int attach_inside(struct iomm_domain *domain, struct iomm_group *group)
{
	const struct iomm_domain *before = iomm_group_in_force(group);
	struct iomm_domain *old;
	int err = domain->type == IOMM_DOMAIN_BLOCKED
			  ? iomm_group_make_quiet(group)
			  : iomm_target_admit_all(domain, group, NULL, false);

	if (err)
		return err;
	old = iomm_group_swap(group, iomm_object_get(domain));
	iomm_group_enforce(group, before);
	iomm_target_expel_all(old, group, NULL, false);
	iomm_object_drop(old);
	return 0;
}

/* Is there something to be replaced? */
static int
check_attached(const struct iomm_domain *domain,
	       const struct iomm_device *device, struct iomm_group *group)
{
	(void)domain;
	if (group->domains.attached)
		return 0;
	return IOMM_FAIL(group->obj.ctx, IOMM_ENOENT,
			 "%s has no domain attached that could be replaced",
			 IOMM_STR(device->name));
}

static int
attach(struct iomm_domain *domain, struct iomm_device *device,
       int (*check)(const struct iomm_domain *domain,
		    const struct iomm_device *device, struct iomm_group *group))
{
	struct iomm_group *group;
	int err = iomm_device_begin_group(device, &group);

	if (err)
		return err;
	err = check(domain, device, group);
	if (!err)
		err = iomm_group_enter(group);
	if (!err) {
		err = attach_inside(domain, group);
		iomm_group_exit(group);
	}
	iomm_device_end_group(group);
	return err;
}

int iomm_domain_check_pair(struct iomm_domain *domain,
			   struct iomm_device *device, const char *call)
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
	int err = iomm_domain_check_pair(domain, device, "iomm_domain_attach");

	if (err)
		return err;
	iomm_enter(domain->obj.ctx);
	return iomm_leave(domain->obj.ctx, attach(domain, device, check_free));
}

int iomm_domain_replace(struct iomm_domain *domain, struct iomm_device *device)
{
	int err = iomm_domain_check_pair(domain, device, "iomm_domain_replace");

	if (err)
		return err;
	iomm_enter(domain->obj.ctx);
	return iomm_leave(domain->obj.ctx,
			  attach(domain, device, check_attached));
}

/* An instance that is being unregistered waits for its devices, and so for the
 * group's claim: it is there. */
void iomm_group_take_attached(struct iomm_group *group)
{
	const struct iomm_domain *before = iomm_group_in_force(group);
	struct iomm_domain *domain = iomm_group_swap(group, NULL);

	iomm_group_enforce(group, before);
	iomm_target_expel_all(domain, group, NULL, false);
	iomm_object_drop(domain);
}

static int detach(struct iomm_domain *domain, struct iomm_device *device)
{
	struct iomm_group *group;
	int err = iomm_device_begin_group(device, &group);

	if (err)
		return err;
	if (group->domains.attached == &domain->obj)
		iomm_group_take_attached(group);
	else
		err = IOMM_FAIL(group->obj.ctx, IOMM_ENOENT,
				"this domain is not attached to %s",
				IOMM_STR(device->name));
	iomm_device_end_group(group);
	return err;
}

int iomm_domain_detach(struct iomm_domain *domain, struct iomm_device *device)
{
	int err = iomm_domain_check_pair(domain, device, "iomm_domain_detach");

	if (err)
		return err;
	iomm_enter(domain->obj.ctx);
	return iomm_leave(domain->obj.ctx, detach(domain, device));
}
