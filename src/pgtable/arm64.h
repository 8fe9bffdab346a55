/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * VMSAv8-64 descriptors and registers: what all granules, widths and both
 * stages share. Arm Architecture Reference Manual (DDI 0487): D8.2 addresses
 * and levels, D8.3 "Translation table descriptor formats", D8.7 the Contiguous
 * bit, D19.2 registers.
 *
 * Each level resolves (granule bits - 3) bits: a table is as large as a page
 * and holds 8-byte descriptors. The last level, 3, holds pages.
 */
#ifndef IOMM_PGTABLE_ARM64_H
#define IOMM_PGTABLE_ARM64_H

#include <stdbool.h>
#include <stdint.h>

#include "pgtable/engine_op.h"

/* Descriptors: bit 0 is valid; bit 1 tells tables and pages from blocks. */
#define ARM64_VALID    (UINT64_C(1) << 0)
#define ARM64_TABLE    (UINT64_C(1) << 1)
#define ARM64_PAGE     (UINT64_C(1) << 1)
#define ARM64_TYPE     UINT64_C(3)
#define ARM64_SH       (UINT64_C(3) << 8)
#define ARM64_SH_OUTER (UINT64_C(2) << 8)
#define ARM64_SH_INNER (UINT64_C(3) << 8)
#define ARM64_AF       (UINT64_C(1) << 10)
#define ARM64_DBM      (UINT64_C(1) << 51)
#define ARM64_CONT     (UINT64_C(1) << 52)

/* Input widths that TxSZ can say without FEAT_TTST. */
#define ARM64_MIN_IAS 25u

/*
 * Where a descriptor holds an address: bits of the same number, and a field for
 * what is above bit 47 (FEAT_LPA) or 49 (FEAT_LPA2).
 */
struct arm64_oa {
	uint64_t same;
	uint64_t field;
	uint32_t up; /* the field's place in the address is so much higher */
};

static inline uint64_t arm64_pack(struct arm64_oa oa, uint64_t pa)
{
	return (pa & oa.same) | (pa >> oa.up & oa.field);
}

static inline uint64_t arm64_unpack(struct arm64_oa oa, uint64_t desc)
{
	return (desc & oa.same) | (desc & oa.field) << oa.up;
}

static inline uint64_t arm64_attrs(struct arm64_oa oa, uint64_t desc)
{
	return desc & ~(oa.same | oa.field | ARM64_TYPE | ARM64_CONT);
}

static inline uint64_t
arm64_leaf(struct arm64_oa oa, uint64_t pa, uint64_t attrs, bool page)
{
	return arm64_pack(oa, pa) | attrs | ARM64_VALID |
	       (page ? ARM64_PAGE : 0);
}

static inline uint64_t
arm64_next(struct arm64_oa oa, uint64_t desc, uint64_t bytes)
{
	if (!oa.field)
		return desc + bytes;
	return (desc & ~(oa.same | oa.field)) |
	       arm64_pack(oa, arm64_unpack(oa, desc) + bytes);
}

static inline uint32_t arm64_kind(uint64_t desc, bool last, bool blocks)
{
	if (last)
		return (desc & ARM64_TYPE) == (ARM64_VALID | ARM64_PAGE)
			       ? IOMM_DESC_LEAF
			       : IOMM_DESC_NONE;
	if (!(desc & ARM64_VALID))
		return IOMM_DESC_NONE;
	if (desc & ARM64_TABLE)
		return IOMM_DESC_TABLE;
	return blocks ? IOMM_DESC_LEAF : IOMM_DESC_NONE;
}

/*
 * Registers. One half of TCR_EL1, and VTCR_EL2, begin alike: TxSZ, IRGN, ORGN,
 * SH. The upper half of TCR_EL1 is laid out as the lower one is, 16 bits up.
 */
#define ARM64_TSZ(tcr)	((uint32_t)(tcr)&0x3f)
#define ARM64_TG_SHIFT	14
#define ARM64_TG(tcr)	((uint32_t)((tcr) >> ARM64_TG_SHIFT) & 3)
#define ARM64_IRGN_WBWA (UINT64_C(1) << 8)
#define ARM64_ORGN_WBWA (UINT64_C(1) << 10)
#define ARM64_WALK_OSH	(UINT64_C(2) << 12)
#define ARM64_WALK_ISH	(UINT64_C(3) << 12)

/*
 * TxSZ and how tables are fetched. A walker that does not snoop must not look
 * into caches either. With `ds`, SH is also that of the leaves that are cached,
 * which have no field for it; for fetches that are not, it does not matter.
 */
static inline uint64_t
arm64_walk_fields(const struct iomm_pgtable *pgtable, bool ds)
{
	uint64_t tcr = 64 - pgtable->ias;

	if (pgtable->flags & IOMM_PGTABLE_COHERENT)
		tcr |= ARM64_IRGN_WBWA | ARM64_ORGN_WBWA;
	if (ds || pgtable->flags & IOMM_PGTABLE_COHERENT)
		return tcr | ARM64_WALK_ISH;
	return tcr | ARM64_WALK_OSH;
}

/* TCR_EL1.TG0, VTCR_EL2.TG0: 4 KiB is 0, 64 KiB is 1, 16 KiB is 2. */
static inline uint64_t arm64_tg(uint32_t granule_shift)
{
	return granule_shift == 12 ? 0 : granule_shift == 16 ? 1 : 2;
}

/* And back; 0: reserved. */
static inline uint32_t arm64_granule(uint32_t tg)
{
	static const uint8_t shift[4] = { 12, 16, 14, 0 };

	return shift[tg];
}

/* {I}PS for an output width: the next that it can say. */
static inline uint64_t arm64_ps(uint32_t oas)
{
	uint32_t ps = oas > 32;

	ps += oas > 36;
	ps += oas > 40;
	ps += oas > 42;
	ps += oas > 44;
	ps += oas > 48;
	return ps;
}

/* And back, for descriptors that have `most` bits; 0: reserved. */
static inline uint32_t arm64_oas(uint32_t ps, uint32_t most)
{
	static const uint8_t bits[8] = { 32, 36, 40, 42, 44, 48, 52, 0 };

	return bits[ps] < most ? bits[ps] : most;
}

/* TTBRn_EL1, VTTBR_EL2: bits 51:48 of the first table's address are in 5:2. */
#define ARM64_TTBR_LOW	((UINT64_C(1) << 48) - 1)
#define ARM64_TTBR_HIGH UINT64_C(0x3c)

static inline uint64_t arm64_ttbr(uint64_t pa)
{
	return (pa & ARM64_TTBR_LOW) | (pa >> 46 & ARM64_TTBR_HIGH);
}

static inline uint64_t arm64_root(uint64_t ttbr, bool wide)
{
	uint64_t pa = ttbr & ARM64_TTBR_LOW;

	return wide ? (pa & ~UINT64_C(0x3f)) | (ttbr & ARM64_TTBR_HIGH) << 46
		    : pa;
}

/* Where a format's list of engines has the one for a granule and width. */
#define ARM64_ENGINES(fn)                                                \
	{                                                                \
		&fn(4k_ops), &fn(16k_ops), &fn(64k_ops), &fn(4k_52_ops), \
			&fn(16k_52_ops), &fn(64k_52_ops), NULL           \
	}
#define ARM64_ENGINE(granule_shift, wide) \
	(((granule_shift)-12) / 2 + ((wide) ? 3 : 0))

#endif
