/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Who decides what a group's devices reach: users of the default domain, or one
 * owner. */
#include "base/abi.h"
#include "base/mem.h"
#include "device/device.h"
#include "domain/ownership.h"

/* The claim, on a group that has devices. The caller's reference keeps it. */
static int begin(struct iomm_group *group)
{
	int err = iomm_group_begin(group, IOMM_FOREVER);

	if (err)
		return err;
	err = iomm_group_check_alive(group);
	if (err)
		iomm_group_end(group);
	return err;
}

static int with_claim(struct iomm_group *group, const void *owner,
		      int (*work)(struct iomm_group *group, const void *owner))
{
	int err;

	if (!iomm_handle_ok(group, &iomm_group_type))
		return -IOMM_EINVAL;
	iomm_enter(group->obj.ctx);
	err = begin(group);
	if (!err) {
		err = work(group, owner);
		iomm_group_end(group);
	}
	return iomm_leave(group->obj.ctx, err);
}

/* Users of the default domain */

uint32_t iomm_group_users(struct iomm_group *group)
{
	uint32_t users;

	iomm_lock(group->obj.ctx, &group->lock);
	users = group->domains.users;
	iomm_unlock(group->obj.ctx, &group->lock);
	return users;
}

/* Only who has the claim makes them more. */
static int count_user(struct iomm_group *group)
{
	bool full;

	iomm_lock(group->obj.ctx, &group->lock);
	full = group->domains.users == UINT32_MAX;
	if (!full)
		group->domains.users++;
	iomm_unlock(group->obj.ctx, &group->lock);
	if (full)
		return IOMM_FAIL(group->obj.ctx, IOMM_EOVERFLOW,
				 "%s has too many users",
				 IOMM_STR(group->name));
	return 0;
}

static int use(struct iomm_group *group, const void *owner)
{
	const struct iomm_group_domains *d = &group->domains;

	(void)owner;
	if (d->claims)
		return IOMM_FAIL(group->obj.ctx, IOMM_EBUSY,
				 "%s has an owner: its default domain is not "
				 "attached",
				 IOMM_STR(group->name));
	if (d->attached)
		return IOMM_FAIL(group->obj.ctx, IOMM_EBUSY,
				 "%s has a domain attached that is not its "
				 "default domain",
				 IOMM_STR(group->name));
	return count_user(group);
}

int iomm_group_use_default(struct iomm_group *group)
{
	return with_claim(group, NULL, use);
}

/* Needs no claim, and so never waits: a user can be done anywhere. */
int iomm_group_unuse_default(struct iomm_group *group)
{
	bool alive, used;

	if (!iomm_handle_ok(group, &iomm_group_type))
		return -IOMM_EINVAL;
	iomm_lock(group->obj.ctx, &group->lock);
	alive = group->nr_members;
	used = group->domains.users;
	if (used)
		group->domains.users--;
	iomm_unlock(group->obj.ctx, &group->lock);
	if (!alive)
		return iomm_group_check_alive(group);
	if (!used)
		return IOMM_FAIL(group->obj.ctx, IOMM_EINVAL,
				 "nobody uses the default domain of %s",
				 IOMM_STR(group->name));
	return 0;
}

/* Owners */

static void
set_owner(struct iomm_group *group, const void *owner, uint32_t claims)
{
	iomm_lock(group->obj.ctx, &group->lock);
	group->domains.owner = owner;
	group->domains.claims = claims;
	iomm_unlock(group->obj.ctx, &group->lock);
}

static int check_claim(struct iomm_group *group, const void *owner)
{
	const struct iomm_group_domains *d = &group->domains;
	uint32_t users = iomm_group_users(group);

	if (d->claims && d->owner != owner)
		return IOMM_FAIL(group->obj.ctx, IOMM_EBUSY,
				 "%s has another owner", IOMM_STR(group->name));
	if (d->claims == UINT32_MAX)
		return IOMM_FAIL(group->obj.ctx, IOMM_EOVERFLOW,
				 "%s is claimed too often",
				 IOMM_STR(group->name));
	if (users)
		return IOMM_FAIL(group->obj.ctx, IOMM_EBUSY,
				 "%u users use the default domain of %s", users,
				 IOMM_STR(group->name));
	if (!d->claims && d->attached)
		return IOMM_FAIL(group->obj.ctx, IOMM_EBUSY,
				 "%s has a domain attached",
				 IOMM_STR(group->name));
	return 0;
}

static int claim_first(struct iomm_group *group, const void *owner)
{
	const struct iomm_domain *before;
	int err = iomm_group_enter(group);

	if (err)
		return err;
	err = iomm_group_make_quiet(group);
	if (!err) {
		before = iomm_group_in_force(group);
		set_owner(group, owner, 1);
		iomm_group_enforce(group, before);
	}
	iomm_group_exit(group);
	return err;
}

static int claim(struct iomm_group *group, const void *owner)
{
	int err = check_claim(group, owner);

	if (err)
		return err;
	if (!group->domains.claims)
		return claim_first(group, owner);
	set_owner(group, owner, group->domains.claims + 1);
	return 0;
}

static int release(struct iomm_group *group, const void *owner)
{
	const struct iomm_group_domains *d = &group->domains;
	const struct iomm_domain *before;

	if (!d->claims || d->owner != owner)
		return IOMM_FAIL(group->obj.ctx, IOMM_EINVAL,
				 "this is not who has claimed %s",
				 IOMM_STR(group->name));
	if (d->claims > 1) {
		set_owner(group, owner, d->claims - 1);
		return 0;
	}
	/* What the owner has attached ends with his claim. */
	iomm_pasids_drop(group, NULL);
	before = iomm_group_in_force(group);
	set_owner(group, NULL, 0);
	if (d->attached)
		iomm_group_take_attached(group);
	else
		iomm_group_enforce(group, before);
	return 0;
}

static int with_owner(struct iomm_group *group, const void *owner,
		      int (*work)(struct iomm_group *group, const void *owner))
{
	if (iomm_handle_ok(group, &iomm_group_type) && !owner)
		return IOMM_FAIL(group->obj.ctx, IOMM_EINVAL,
				 "an owner is an address, and not NULL");
	return with_claim(group, owner, work);
}

int iomm_group_claim(struct iomm_group *group, const void *owner)
{
	return with_owner(group, owner, claim);
}

int iomm_group_release(struct iomm_group *group, const void *owner)
{
	return with_owner(group, owner, release);
}

/* Questions */

static int default_domain(struct iomm_group *group, struct iomm_domain **out)
{
	struct iomm_ctx *ctx = group->obj.ctx;
	struct iomm_domain *domain = NULL;
	uint32_t type;

	iomm_lock(ctx, &group->lock);
	type = group->domains.default_type;
	if (type == IOMM_DOMAIN_PAGING)
		domain = iomm_object_get(
			iomm_as_domain(group->domains.fallback));
	iomm_unlock(ctx, &group->lock);
	if (domain) {
		*out = domain;
		return 0;
	}
	if (type == IOMM_DOMAIN_ANY)
		return IOMM_FAIL(ctx, IOMM_ENODEV, "%s has no devices any more",
				 IOMM_STR(group->name));
	return IOMM_FAIL(ctx, IOMM_ENOENT, "the default of %s is that %s",
			 IOMM_STR(group->name),
			 IOMM_STR(
				 type == IOMM_DOMAIN_BLOCKED
					 ? "all DMA is blocked"
					 : "addresses go through as they are"));
}

int iomm_group_default_domain(struct iomm_group *group,
			      struct iomm_domain **out)
{
	if (!iomm_handle_ok(group, &iomm_group_type))
		return -IOMM_EINVAL;
	if (!out)
		return iomm_fail_null(group->obj.ctx,
				      "iomm_group_default_domain");
	iomm_enter(group->obj.ctx);
	return iomm_leave(group->obj.ctx, default_domain(group, out));
}

/* All regions, in a fresh array; `*have` is how many. The lock is held. */
static int collect_regions(struct iomm_group *group,
			   struct iomm_reserved_region **out, uint32_t *have)
{
	const struct iomm_fwspec_array *regions;
	struct iomm_reserved_region *to;
	struct iomm_list *pos;

	*have = 0;
	iomm_group_for_each(pos, group)
	{
		*have += iomm_member_at(pos)->spec->built.regions.nr;
	}
	*out = NULL;
	if (!*have)
		return group->nr_members ? 0 : -IOMM_ENODEV;
	to = *out = iomm_alloc(group->obj.ctx, (uint64_t)*have * sizeof(*to));
	if (!to)
		return -IOMM_ENOMEM;
	iomm_group_for_each(pos, group)
	{
		regions = &iomm_member_at(pos)->spec->built.regions;
		if (regions->nr)
			memcpy(to, regions->items, regions->nr * sizeof(*to));
		to += regions->nr;
	}
	return 0;
}

int iomm_group_regions(struct iomm_group *group,
		       struct iomm_reserved_region *regions, uint32_t stride,
		       uint32_t *count)
{
	struct iomm_reserved_region *all;
	struct iomm_ctx *ctx;
	uint32_t have;
	int err;

	if (!iomm_handle_ok(group, &iomm_group_type))
		return -IOMM_EINVAL;
	ctx = group->obj.ctx;
	if (!count)
		return iomm_fail_null(ctx, "iomm_group_regions");
	/* The caller's memory is not touched under the lock. */
	iomm_lock(ctx, &group->lock);
	err = collect_regions(group, &all, &have);
	iomm_unlock(ctx, &group->lock);
	if (err) {
		*count = have;
		return IOMM_FAIL(
			ctx, -err, "%s: %s", IOMM_STR(group->name),
			IOMM_STR(err == -IOMM_ENODEV
					 ? "it has no devices any more"
					 : "no memory for its regions"));
	}
	err = iomm_array_out(ctx, regions, stride, count, all, sizeof(*all),
			     have, "reserved regions");
	iomm_free(ctx, all, (uint64_t)have * sizeof(*all));
	return err;
}
