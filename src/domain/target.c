/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "domain/target.h"

#include "device/attach.h"
#include "device/device.h"
#include "domain/regions.h"

/* What a binding is told: all of its IDs, and the table. */
static struct iomm_attach
what(const struct iomm_domain *domain, const struct iomm_binding *binding,
     uint32_t pasid)
{
	struct iomm_attach at = iomm_attach_all(binding);

	at.pasid = pasid;
	if (iomm_target_type(domain) == IOMM_DOMAIN_PAGING)
		at.table = &domain->info;
	if (iomm_target_type(domain) == IOMM_DOMAIN_IDENTITY)
		at.flags = IOMM_ATTACH_IDENTITY;
	return at;
}

static void *
part_priv(const struct iomm_domain *domain, const struct iomm_binding *binding)
{
	if (domain->type != IOMM_DOMAIN_PAGING)
		return NULL;
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

static int
check_identity(struct iomm_domain *domain, const struct iomm_binding *binding)
{
	if (binding->iommu->flags & IOMM_IOMMU_IDENTITY)
		return 0;
	return IOMM_FAIL(
		domain->obj.ctx, IOMM_EOPNOTSUPP,
		"%s cannot let the addresses of %s through as they are",
		IOMM_STR(binding->iommu->name),
		IOMM_STR(binding->member->device->name));
}

static int check(struct iomm_domain *domain, const struct iomm_member *member)
{
	const struct iomm_device *device = member->device;
	uint32_t n;
	int err = 0;

	if (domain->type == IOMM_DOMAIN_PAGING &&
	    domain->info.last_iova > member->limits.dma_mask)
		return IOMM_FAIL(device->obj.ctx, IOMM_EINVAL,
				 "the domain reaches up to %x, and %s only to "
				 "%x",
				 domain->info.last_iova, IOMM_STR(device->name),
				 member->limits.dma_mask);
	for (n = 0; !err && n < member->nr_bindings; n++)
		err = domain->type == IOMM_DOMAIN_PAGING
			      ? check_part(domain, &member->bindings[n])
			      : check_identity(domain, &member->bindings[n]);
	return err;
}

int iomm_target_prepare(struct iomm_domain *domain, struct iomm_member *member,
			uint32_t pasid)
{
	struct iomm_attach at;
	uint32_t n;
	int err;

	/* Blocking can be had always. */
	if (iomm_target_type(domain) == IOMM_DOMAIN_BLOCKED)
		return 0;
	err = check(domain, member);
	for (n = 0; !err && n < member->nr_bindings; n++) {
		at = what(domain, &member->bindings[n], pasid);
		err = iomm_attach_prepare(&member->bindings[n],
					  part_priv(domain,
						    &member->bindings[n]),
					  &at);
	}
	return err;
}

void iomm_target_commit(struct iomm_domain *domain, struct iomm_member *member,
			uint32_t pasid)
{
	struct iomm_binding *binding = member->bindings;
	struct iomm_attach at;
	uint32_t n;

	for (n = 0; n < member->nr_bindings; n++, binding++) {
		at = what(domain, binding, pasid);
		if (iomm_target_type(domain) == IOMM_DOMAIN_BLOCKED)
			iomm_attach_block(binding, &at);
		else
			iomm_attach_commit(binding, part_priv(domain, binding),
					   &at);
	}
}

int iomm_target_admit(struct iomm_domain *domain, struct iomm_member *member,
		      bool relaxable)
{
	int err = iomm_regions_add(domain, member, relaxable);

	if (err)
		return err;
	err = iomm_target_prepare(domain, member, 0);
	if (err)
		iomm_regions_drop(domain, member, relaxable);
	return err;
}

void iomm_target_expel(struct iomm_domain *domain, struct iomm_member *member,
		       bool relaxable)
{
	iomm_regions_drop(domain, member, relaxable);
}

/* Those before `end`. */
static void expel_until(struct iomm_domain *domain, struct iomm_group *group,
			struct iomm_member *extra, bool relaxable,
			const struct iomm_member *end)
{
	struct iomm_member *member = NULL;

	while ((member = iomm_crew_next(group, extra, member)) && member != end)
		iomm_target_expel(domain, member, relaxable);
}

int iomm_target_admit_all(struct iomm_domain *domain, struct iomm_group *group,
			  struct iomm_member *extra, bool relaxable)
{
	struct iomm_member *member = NULL;
	int err;

	while ((member = iomm_crew_next(group, extra, member))) {
		err = iomm_target_admit(domain, member, relaxable);
		if (err) {
			expel_until(domain, group, extra, relaxable, member);
			return err;
		}
	}
	return 0;
}

void iomm_target_expel_all(struct iomm_domain *domain, struct iomm_group *group,
			   struct iomm_member *extra, bool relaxable)
{
	expel_until(domain, group, extra, relaxable, NULL);
}

void iomm_target_commit_all(struct iomm_domain *domain,
			    struct iomm_group *group)
{
	struct iomm_list *pos;

	iomm_group_for_each(pos, group)
	{
		iomm_target_commit(domain, iomm_member_at(pos), 0);
	}
}
