/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The direct regions of a domain: ranges that firmware wants mapped for devices
 * to which it is attached. They are mapped before the first such device is, and
 * stay until the last one has gone.
 */
#ifndef IOMM_DOMAIN_REGIONS_H
#define IOMM_DOMAIN_REGIONS_H

#include "base/claim.h"
#include "base/index.h"
#include "device/member.h"

struct iomm_domain;

struct iomm_regions {
	/* Held by who adds, or unmaps what nobody needs any more. */
	struct iomm_claim claim;
	/* Pieces of regions, none of which overlap; changed under the claim and
	 * the domain's lock, read under either. */
	struct iomm_index pieces;
	/* How many there are: unmapping looks at this first. */
	_Atomic uint32_t nr;
};

/* Does firmware want anything mapped for the device? */
bool iomm_regions_any(const struct iomm_member *member, bool relaxable);

/* Domains without a page table, and NULL, have nothing to do with regions. */

/* Maps what is missing of a member's regions, those that are relaxable too if
 * that is so. EEXIST when there is another mapping. No effect when it fails. */
int iomm_regions_add(struct iomm_domain *domain,
		     const struct iomm_member *member, bool relaxable);

/* Takes back one such call that succeeded. Cannot fail, nor wait. */
void iomm_regions_drop(struct iomm_domain *domain,
		       const struct iomm_member *member, bool relaxable);

/* May this be unmapped? EBUSY, with a sentence, when it is part of a region. */
int iomm_regions_check(struct iomm_domain *domain, uint64_t iova,
		       uint64_t bytes);

/* With the domain. */
void iomm_regions_free(struct iomm_domain *domain);

#endif
