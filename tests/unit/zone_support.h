/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the tests of groups and domains share: devices whose firmware wants
 * memory mapped for them, behind a software IOMMU, so that one can see by DMA
 * what they reach.
 */
#ifndef ZONE_SUPPORT_H
#define ZONE_SUPPORT_H

#include "unit/group_support.h"
#include "unit/soft_support.h"

/* Direct regions in the machine's memory, of two pages each. The second overlaps
 * the first, the third is relaxable. */
#define ZONE_A (RAM_PA + 1 * MB)
#define ZONE_B (ZONE_A + 4 * KB)
#define ZONE_R (RAM_PA + 2 * MB)
#define ZONE_L (RAM_PA + 3 * MB)

/*
 *   /disk   ID 0x10, region ZONE_A, PASIDs of 16 bits
 *   /twin   ID 0x10, region ZONE_B, PASIDs of 16 bits
 *   /gpu    ID 0x20, region ZONE_R, PASIDs of 8 bits
 *   /plain  ID 0x30
 *   /nic    ID 0x40, PASIDs of 20 bits
 *   /late   ID 0x40, region ZONE_L
 *   /far    ID 0x50, region at 1 << 40, of which no IOMMU here knows
 */
struct zone {
	struct world *w;
	struct machine machine;
	struct iomm_iommu *iommu;
};

/* With firmware and a bus, as world_small(), and nobody at "/smmu". */
void world_zone(struct world *w);

/* That, with a mock at "/smmu" whose devices need this type by default, and which
 * has 20 bits of PASIDs and `flags`. */
void zone_mock(struct mock *mock, struct world *w, uint32_t default_domain,
	       uint32_t flags);

/* That, with a software IOMMU, whose devices need this type by default, and whose
 * addresses have 39 bits. */
void zone_start(struct zone *z, struct world *w, uint32_t default_domain);
void zone_stop(struct zone *z);

/* Can a device read there, and does it see the machine's memory at `paddr`? */
bool zone_reads(struct zone *z, uint64_t id, uint32_t pasid, uint64_t iova,
		uint64_t paddr);
/* Both pages of a direct region, to themselves. */
bool zone_has(struct zone *z, uint64_t id, uint64_t region);

#endif
