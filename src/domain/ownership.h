/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What is attached to a group, and by whose will. The group's claim is held. */
#ifndef IOMM_DOMAIN_OWNERSHIP_H
#define IOMM_DOMAIN_OWNERSHIP_H

#include "domain/target.h"

static inline struct iomm_domain *iomm_as_domain(struct iomm_object *object)
{
	return (struct iomm_domain *)(void *)object;
}

/* How many use the default domain. Who has the claim sees them become fewer. */
uint32_t iomm_group_users(struct iomm_group *group);

/* What is to be in force when nobody has attached anything. NULL: all is
 * blocked; so in all of this. */
struct iomm_domain *iomm_group_idle(struct iomm_group *group);

/* What is in force. A user's blocking domain leaves what firmware wants mapped,
 * so it is the quiet one then. */
struct iomm_domain *iomm_group_in_force(struct iomm_group *group);

/* Tells the drivers what is in force, if it is something else than before. */
void iomm_group_enforce(struct iomm_group *group,
			const struct iomm_domain *before);

/* Makes the quiet domain, if it takes one. */
int iomm_group_make_quiet(struct iomm_group *group);

/* Publishes another user's domain (taking over the reference), or none, and
 * answers the old one with its reference. */
struct iomm_domain *
iomm_group_swap(struct iomm_group *group, struct iomm_domain *domain);

/* Takes the user's domain away; what is idle is in force again. */
void iomm_group_take_attached(struct iomm_group *group);

/* Address spaces of their own (pasid.c): ends those of a member, or, without
 * one, of all. */
void iomm_pasids_drop(struct iomm_group *group,
		      const struct iomm_member *member);
bool iomm_pasids_any(const struct iomm_group *group);

/* What one is attached to; NULL: nothing. The group's lock will do. */
struct iomm_domain *
iomm_pasid_domain(struct iomm_group *group, const struct iomm_iommu *iommu,
		  uint64_t id, uint32_t pasid);

#endif
