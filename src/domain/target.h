/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A domain as what devices are attached to: is it fit for them, and what their
 * drivers are asked and told. NULL is as good as a blocking one. The group's claim
 * is held.
 */
#ifndef IOMM_DOMAIN_TARGET_H
#define IOMM_DOMAIN_TARGET_H

#include "device/group.h"
#include "domain/domain.h"

/* Members, and one more that is about to be one (or NULL). From NULL on. */
static inline struct iomm_member *
iomm_crew_next(struct iomm_group *group, struct iomm_member *extra,
	       struct iomm_member *member)
{
	struct iomm_list *pos;

	if (member && member == extra)
		return NULL;
	pos = member ? member->link.next : group->members.next;
	return pos == &group->members ? extra : iomm_member_at(pos);
}

static inline uint32_t iomm_target_type(const struct iomm_domain *domain)
{
	return domain ? domain->type : IOMM_DOMAIN_BLOCKED;
}

/* Asks the member's drivers, for one of its address spaces. */
int iomm_target_prepare(struct iomm_domain *domain, struct iomm_member *member,
			uint32_t pasid);
/* Tells them; cannot fail. */
void iomm_target_commit(struct iomm_domain *domain, struct iomm_member *member,
			uint32_t pasid);

/* Makes the domain fit for a member's own address space: its direct regions are
 * mapped, and its drivers were asked. From then on it can be committed at any
 * time, until the member is expelled. */
int iomm_target_admit(struct iomm_domain *domain, struct iomm_member *member,
		      bool relaxable);
void iomm_target_expel(struct iomm_domain *domain, struct iomm_member *member,
		       bool relaxable);

/* The same for all: all or none. */
int iomm_target_admit_all(struct iomm_domain *domain, struct iomm_group *group,
			  struct iomm_member *extra, bool relaxable);
void iomm_target_expel_all(struct iomm_domain *domain, struct iomm_group *group,
			   struct iomm_member *extra, bool relaxable);
void iomm_target_commit_all(struct iomm_domain *domain,
			    struct iomm_group *group);

#endif
