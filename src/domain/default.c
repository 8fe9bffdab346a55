/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Default domains: chosen when a group gets its first device, and attached
 * before anybody sees it. And what a group has when nothing may be attached:
 * all is blocked, but for what firmware wants mapped.
 */
#include "device/attach.h"
#include "domain/ownership.h"

/* What a device needs */

static int ask(const struct iomm_binding *binding, uint32_t *type)
{
	struct iomm_iommu *iommu = binding->iommu;
	struct iomm_ctx *ctx = iommu->obj.ctx;
	struct iomm_frame frame;
	int err;

	*type = IOMM_DOMAIN_ANY;
	if (!iommu->ops.default_domain)
		return 0;
	iomm_callback_begin(ctx, &frame, false);
	err = iomm_answer(
		iommu->ops.default_domain(iommu->data, binding->priv, type));
	iomm_callback_end(ctx, &frame);
	if (err)
		return IOMM_FAIL(ctx, -err,
				 "%s: %s cannot say which default domain it "
				 "needs: %s",
				 IOMM_STR(binding->member->device->name),
				 IOMM_STR(iommu->name),
				 IOMM_STR(iomm_strerror(err)));
	if (*type > IOMM_DOMAIN_IDENTITY)
		return IOMM_FAIL(ctx, IOMM_EPROTO,
				 "%s: %s wants a default domain of type %u, "
				 "and there is none",
				 IOMM_STR(binding->member->device->name),
				 IOMM_STR(iommu->name), *type);
	return 0;
}

static const char *type_name(uint32_t type)
{
	static const char *const name[] = {
		[IOMM_DOMAIN_ANY] = "any",
		[IOMM_DOMAIN_PAGING] = "paging",
		[IOMM_DOMAIN_BLOCKED] = "blocked",
		[IOMM_DOMAIN_IDENTITY] = "identity",
	};

	return name[type];
}

static int
agree(const struct iomm_member *member, uint32_t *type, uint32_t wish)
{
	if (*type == IOMM_DOMAIN_ANY)
		*type = wish;
	if (wish == IOMM_DOMAIN_ANY || wish == *type)
		return 0;
	return IOMM_FAIL(member->device->obj.ctx, IOMM_EINVAL,
			 "%s is to have a default domain of type %s, and of "
			 "type %s",
			 IOMM_STR(member->device->name),
			 IOMM_STR(type_name(*type)), IOMM_STR(type_name(wish)));
}

/* Its creator's word, and its drivers'; ANY when nobody says anything. */
static int need(const struct iomm_member *member, uint32_t *type)
{
	uint32_t n, wish;
	int err = 0;

	*type = member->limits.default_domain;
	for (n = 0; !err && n < member->nr_bindings; n++) {
		err = ask(&member->bindings[n], &wish);
		if (!err)
			err = agree(member, type, wish);
	}
	return err;
}

/* The group's type once the member is in it. */
static int choose(struct iomm_group *group, const struct iomm_member *member,
		  uint32_t *type, bool *wished)
{
	const struct iomm_group_domains *d = &group->domains;
	uint32_t wish;
	int err = need(member, &wish);

	if (err)
		return err;
	*wished = d->wished || wish != IOMM_DOMAIN_ANY;
	*type = d->default_type;
	if (*type == IOMM_DOMAIN_ANY)
		*type = wish == IOMM_DOMAIN_ANY ? IOMM_DOMAIN_BLOCKED : wish;
	if (wish == IOMM_DOMAIN_ANY || wish == *type)
		return 0;
	/* What nobody has asked for, and nobody uses, can still change. */
	if (!d->wished && !iomm_group_users(group)) {
		*type = wish;
		return 0;
	}
	return IOMM_FAIL(group->obj.ctx, IOMM_EINVAL,
			 "%s needs a default domain of type %s, and that of %s "
			 "is of type %s",
			 IOMM_STR(member->device->name),
			 IOMM_STR(type_name(wish)), IOMM_STR(group->name),
			 IOMM_STR(type_name(*type)));
}

/* The library's own domains */

/* Of which type a domain has to be so that it has the regions too. */
static uint32_t
with_regions(struct iomm_group *group, struct iomm_member *extra, uint32_t type,
	     bool relaxable)
{
	struct iomm_member *member = NULL;

	if (type != IOMM_DOMAIN_BLOCKED)
		return type;
	while ((member = iomm_crew_next(group, extra, member))) {
		if (iomm_regions_any(member, relaxable))
			return IOMM_DOMAIN_PAGING;
	}
	return type;
}

static int build(struct iomm_group *group, struct iomm_member *extra,
		 uint32_t type, bool relaxable, struct iomm_domain **out)
{
	struct iomm_domain_config config = {
		.size = sizeof(config),
		.type = with_regions(group, extra, type, relaxable),
	};
	int err;

	*out = NULL;
	if (config.type == IOMM_DOMAIN_BLOCKED)
		return 0;
	err = iomm_domain_make(group, extra, &config, out);
	if (err)
		return err;
	err = iomm_target_admit_all(*out, group, extra, relaxable);
	if (err) {
		iomm_object_drop(*out);
		*out = NULL;
	}
	return err;
}

static void discard(struct iomm_group *group, struct iomm_member *extra,
		    struct iomm_domain *domain, bool relaxable)
{
	iomm_target_expel_all(domain, group, extra, relaxable);
	iomm_object_drop(domain);
}

int iomm_group_make_quiet(struct iomm_group *group)
{
	struct iomm_domain *quiet;
	int err;

	if (group->domains.quiet)
		return 0;
	err = build(group, NULL, IOMM_DOMAIN_BLOCKED, false, &quiet);
	if (!err && quiet)
		group->domains.quiet = &quiet->obj;
	return err;
}

struct iomm_domain *iomm_group_idle(struct iomm_group *group)
{
	return iomm_as_domain(group->domains.claims ? group->domains.quiet
						    : group->domains.fallback);
}

struct iomm_domain *iomm_group_in_force(struct iomm_group *group)
{
	struct iomm_domain *attached = iomm_as_domain(group->domains.attached);

	if (!attached)
		return iomm_group_idle(group);
	return iomm_target_type(attached) == IOMM_DOMAIN_BLOCKED
		       ? iomm_as_domain(group->domains.quiet)
		       : attached;
}

void iomm_group_enforce(struct iomm_group *group,
			const struct iomm_domain *before)
{
	struct iomm_domain *now = iomm_group_in_force(group);

	if (now != before)
		iomm_target_commit_all(now, group);
}

/* Joining. What is built or admitted for it is undone when it fails; nothing is
 * told to any driver before all have been asked. */

struct plan {
	struct iomm_group *group;
	struct iomm_member *member;
	uint32_t type;
	bool wished;
	/* As they will be, and whether they are others than now. */
	struct iomm_domain *fallback, *quiet;
	bool new_fallback, new_quiet;
};

/* One of the library's own: if there is one the member is admitted to it, else
 * one is made if it takes one. */
static int plan_own(struct plan *p, struct iomm_object *now, uint32_t type,
		    bool relaxable, bool *fresh, struct iomm_domain **out)
{
	struct iomm_domain *domain = iomm_as_domain(now);
	int err;

	if (domain) {
		err = iomm_target_admit(domain, p->member, relaxable);
		if (!err)
			*out = domain;
		return err;
	}
	err = build(p->group, p->member, type, relaxable, out);
	*fresh = *out;
	return err;
}

static void
undo_own(struct plan *p, struct iomm_domain *domain, bool fresh, bool relaxable)
{
	if (fresh)
		discard(p->group, p->member, domain, relaxable);
	else
		iomm_target_expel(domain, p->member, relaxable);
}

static int make_plan(struct plan *p)
{
	struct iomm_group_domains *d = &p->group->domains;
	struct iomm_domain *attached = iomm_as_domain(d->attached);
	bool blocked = attached && attached->type == IOMM_DOMAIN_BLOCKED;
	/* What another type has taken the place of is of no use. */
	struct iomm_object *now = p->type == d->default_type ? d->fallback
							     : NULL;
	int err =
		plan_own(p, now, p->type, true, &p->new_fallback, &p->fallback);

	if (!err && (d->quiet || d->claims || blocked))
		err = plan_own(p, d->quiet, IOMM_DOMAIN_BLOCKED, false,
			       &p->new_quiet, &p->quiet);
	if (!err)
		err = iomm_target_admit(attached, p->member, false);
	if (!err)
		return 0;
	undo_own(p, p->quiet, p->new_quiet, false);
	undo_own(p, p->fallback, p->new_fallback, true);
	return err;
}

/* The lock is held. */
static struct iomm_domain *
replace(struct iomm_object **at, struct iomm_domain *domain)
{
	struct iomm_domain *old = iomm_as_domain(*at);

	*at = &domain->obj;
	return old;
}

static void carry_out(struct plan *p)
{
	struct iomm_group *group = p->group;
	struct iomm_group_domains *d = &group->domains;
	struct iomm_ctx *ctx = group->obj.ctx;
	struct iomm_domain *fallback = NULL, *quiet = NULL, *before, *after;

	before = iomm_group_in_force(group);
	iomm_lock(ctx, &group->lock);
	if (p->new_fallback)
		fallback = replace(&d->fallback, p->fallback);
	if (p->new_quiet)
		quiet = replace(&d->quiet, p->quiet);
	d->default_type = p->type;
	d->wished = p->wished;
	iomm_unlock(ctx, &group->lock);
	iomm_group_enforce(group, before);
	after = iomm_group_in_force(group);
	/* Blocked it is: the IDs of its own by the probe, the others as theirs. */
	if (iomm_target_type(after) != IOMM_DOMAIN_BLOCKED)
		iomm_target_commit(after, p->member, 0);
	discard(group, NULL, fallback, true);
	discard(group, NULL, quiet, false);
}

/* What is attached to an address space of an ID is not for another device. */
static int check_sharing(struct iomm_group *group, struct iomm_member *member)
{
	if (!iomm_pasids_any(group) || !iomm_member_shares_id(member))
		return 0;
	return IOMM_FAIL(group->obj.ctx, IOMM_EBUSY,
			 "%s shares an ID with a device of %s, and domains are "
			 "attached to PASIDs there",
			 IOMM_STR(member->device->name), IOMM_STR(group->name));
}

static int join(struct iomm_group *group, struct iomm_member *member)
{
	struct plan plan = { .group = group, .member = member };
	int err = check_sharing(group, member);

	if (!err)
		err = choose(group, member, &plan.type, &plan.wished);
	if (!err)
		err = make_plan(&plan);
	if (!err)
		carry_out(&plan);
	return err;
}

/* Leaving */

static void leave(struct iomm_group *group, struct iomm_member *member)
{
	iomm_pasids_drop(group, member);
}

static void left(struct iomm_group *group, struct iomm_member *member)
{
	struct iomm_group_domains old = group->domains;
	struct iomm_ctx *ctx = group->obj.ctx;

	iomm_target_expel(iomm_as_domain(old.attached), member, false);
	iomm_target_expel(iomm_as_domain(old.quiet), member, false);
	iomm_target_expel(iomm_as_domain(old.fallback), member, true);
	if (group->nr_members)
		return;
	iomm_lock(ctx, &group->lock);
	group->domains = (struct iomm_group_domains){ 0 };
	iomm_unlock(ctx, &group->lock);
	iomm_object_drop(old.attached);
	iomm_object_drop(old.quiet);
	iomm_object_drop(old.fallback);
}

const struct iomm_group_ops iomm_domain_group_ops = {
	.join = join,
	.leave = leave,
	.left = left,
};
