/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * VMSAv8-64 descriptors and geometry: what all granules, and both stages,
 * share. Arm Architecture Reference Manual (DDI 0487), D8.3 "Translation table
 * descriptor formats".
 *
 * Each level resolves (granule bits - 3) bits: a table is as large as a page
 * and holds 8-byte descriptors. Level 3 holds pages; with addresses of 48 bits
 * blocks are at level 2, and with the 4 KiB granule at level 1 too.
 */
#ifndef IOMM_PGTABLE_ARM64_H
#define IOMM_PGTABLE_ARM64_H

#include <stdint.h>

#define ARM64_LEVELS	     4u
#define ARM64_BITS(g)	     ((g)-3u)
#define ARM64_LEAF_LEVELS(g) ((g) == 12 ? 0xeu : 0xcu)
#define ARM64_PAGE_SIZES(g)                                \
	(UINT64_C(1) << (g) | UINT64_C(1) << (2 * (g)-3) | \
	 ((g) == 12 ? UINT64_C(1) << (3 * (g)-6) : UINT64_C(0)))

/* Descriptors: bit 0 is valid; bit 1 tells tables and pages from blocks. */
#define ARM64_VALID    (UINT64_C(1) << 0)
#define ARM64_TABLE    (UINT64_C(1) << 1)
#define ARM64_PAGE     (UINT64_C(1) << 1)
#define ARM64_AF       (UINT64_C(1) << 10)
#define ARM64_CONT     (UINT64_C(1) << 52)
#define ARM64_SH_OUTER (UINT64_C(2) << 8)
#define ARM64_SH_INNER (UINT64_C(3) << 8)
/* Output address: bits 47 and below, down to the size of leaf or table. */
#define ARM64_ADDRESS  ((UINT64_C(1) << 48) - 1)

static inline uint64_t
arm64_leaf(uint64_t paddr, uint64_t attrs, uint32_t level)
{
	return paddr | attrs | ARM64_VALID |
	       (level == ARM64_LEVELS - 1 ? ARM64_PAGE : 0);
}

static inline uint64_t arm64_table(uint64_t pa)
{
	return pa | ARM64_VALID | ARM64_TABLE;
}

/* Bits below the size of what a descriptor at this level spans. */
static inline uint64_t arm64_offset_mask(uint32_t granule_shift, uint32_t level)
{
	uint32_t shift = granule_shift +
			 (ARM64_LEVELS - 1 - level) * ARM64_BITS(granule_shift);

	return (UINT64_C(1) << shift) - 1;
}

static inline uint64_t
arm64_leaf_pa(uint64_t desc, uint32_t granule_shift, uint32_t level)
{
	return desc & ARM64_ADDRESS & ~arm64_offset_mask(granule_shift, level);
}

static inline uint64_t arm64_table_pa(uint64_t desc, uint32_t granule_shift)
{
	return desc & ARM64_ADDRESS & ~((UINT64_C(1) << granule_shift) - 1);
}

#endif
