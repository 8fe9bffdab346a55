/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef IOMM_DOMAIN_DOMAIN_H
#define IOMM_DOMAIN_DOMAIN_H

#include <iomm/domain.h>

#include "base/claim.h"
#include "base/ctx.h"
#include "device/device.h"
#include "domain/regions.h"

/*
 * What a domain's page table needs to live: it outlives the domain when a
 * gather still serves it. It belongs to the table, as the data of its hooks.
 */
struct iomm_space {
	struct iomm_ctx *ctx; /* alive as long as the table */
	/* Where tables cannot be shared: one thread at a time works on it. */
	struct iomm_claim claim;
	/* What the devices can reach that it was made for, whatever its table
	 * can; all, if the user wished for a width. */
	uint64_t reach;
	uint32_t nr_parts, room;
	struct iomm_domain_part *parts[]; /* one for each instance */
};

struct iomm_domain {
	struct iomm_object obj;
	uint32_t type; /* IOMM_DOMAIN_* */
	/* Paging only. */
	struct iomm_pgtable *pgtable;
	struct iomm_space *space;
	struct iomm_pgtable_info info; /* as created; the registers stay. No
					  farther than the space's reach */
	struct iomm_regions regions;

	struct iomm_lock lock; /* the handler, and the pieces of regions */
	void (*handler)(void *data, const struct iomm_fault *fault);
	void *handler_data;
	void (*handler_release)(void *data);
};

extern const struct iomm_object_type iomm_domain_type;

/* What domains do when devices join and leave a group (default.c). */
extern const struct iomm_group_ops iomm_domain_group_ops;

/* One for the devices of a group, and one that is about to join (or NULL). The
 * group's claim is held. */
int iomm_domain_make(struct iomm_group *group, struct iomm_member *extra,
		     const struct iomm_domain_config *config,
		     struct iomm_domain **out);

/* EINVAL unless both are what they should be, and of one context. */
int iomm_domain_check_pair(struct iomm_domain *domain,
			   struct iomm_device *device, const char *call);

/* Unmaps, invalidates and frees, whatever regions say; between the brackets of
 * the space. */
int iomm_domain_unmap_now(struct iomm_domain *domain, uint64_t iova,
			  uint64_t bytes, uint64_t *unmapped);

/* The domain's part at an instance; NULL when it was not made for it. */
struct iomm_domain_part *
iomm_space_part(const struct iomm_space *space, const struct iomm_iommu *iommu);

/* Makes the space and page table of a paging domain for the instances that
 * these devices are bound to. The group's claim is held. */
int iomm_space_create(struct iomm_group *group, struct iomm_member *extra,
		      const struct iomm_domain_config *config,
		      struct iomm_pgtable **pgtable, struct iomm_space **space);

/* Brackets around calls on the table, which is shared, or serialised by them
 * where the host has no shared tables. ENODEV when every instance is gone. */
int iomm_space_begin(struct iomm_space *space);
void iomm_space_end(struct iomm_space *space);

#endif
