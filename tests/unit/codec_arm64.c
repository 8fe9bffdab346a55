/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Arm Architecture Reference Manual (DDI 0487): see src/pgtable/arm64_s1.c. */
#include "unit/codec_arm64.h"

#include <iomm/error.h>

#include <stdbool.h>
#include <stddef.h>

#define BIT(n)	 (UINT64_C(1) << (n))
#define VALID	 BIT(0)
#define TABLE	 BIT(1)
#define PAGE	 BIT(1)
#define INDEX(i) ((uint64_t)(i) << 2)
#define NS	 BIT(5)
#define UNPRIV	 BIT(6)
#define NO_WRITE BIT(7)
#define OUTER	 (UINT64_C(2) << 8)
#define INNER	 (UINT64_C(3) << 8)
#define AF	 BIT(10)
#define NG	 BIT(11)
#define DBM	 BIT(51)
#define CONT	 BIT(52)
#define PXN	 BIT(53)
#define UXN	 BIT(54)
#define ADDRESS	 (BIT(48) - BIT(12))
#define MAIR	 UINT64_C(0x04ff44)

#define TCR_EPD0   BIT(7)
#define TCR_EPD1   BIT(23)
#define TCR_TRACKS (BIT(39) | BIT(40))

/* The data of a codec: log2 of its granule. */
static const uint32_t granules[] = { 12, 14, 16 };

static uint32_t granule(const void *data)
{
	return *(const uint32_t *)data;
}

static uint32_t last_level(const void *data)
{
	return granule(data) == 16 ? 2 : 3;
}

static uint64_t leaf(void *data, uint64_t pa, uint64_t attrs, uint32_t level)
{
	return pa | attrs | VALID | (level == last_level(data) ? PAGE : 0);
}

static uint64_t link(void *data, uint64_t pa, uint32_t flags)
{
	(void)data;
	(void)flags;
	return pa | TABLE | VALID;
}

static uint32_t kind(void *data, uint64_t desc, uint32_t level)
{
	if (level == last_level(data))
		return desc & PAGE ? IOMM_CODEC_LEAF : IOMM_CODEC_NONE;
	return desc & TABLE ? IOMM_CODEC_TABLE : IOMM_CODEC_LEAF;
}

static uint64_t leaf_address(void *data, uint64_t desc, uint32_t level)
{
	(void)data;
	(void)level;
	return desc & ADDRESS;
}

static uint64_t link_address(void *data, uint64_t desc)
{
	(void)data;
	return desc & ADDRESS;
}

static int encode(void *data, uint32_t prot, uint32_t flags, uint64_t *out)
{
	uint64_t attrs = AF | NG;

	(void)data;
	if (!(prot & IOMM_PROT_READ))
		return -IOMM_EOPNOTSUPP;
	attrs |= prot & IOMM_PROT_CACHE ? INNER | INDEX(1) : OUTER;
	if (prot & IOMM_PROT_MMIO)
		attrs |= INDEX(2);
	if (!(prot & IOMM_PROT_WRITE))
		attrs |= NO_WRITE;
	else if (flags & IOMM_PGTABLE_DIRTY)
		attrs |= NO_WRITE | DBM;
	if (!(prot & IOMM_PROT_PRIV))
		attrs |= UNPRIV;
	if (!(prot & IOMM_PROT_EXEC))
		attrs |= PXN | UXN;
	if (flags & IOMM_PGTABLE_NS)
		attrs |= NS;
	*out = attrs;
	return 0;
}

/* Tables restrict: PXN, UXN, unprivileged accesses, writes. */
#define RESTRICTS (BIT(59) | BIT(60) | BIT(61) | BIT(62))

static uint32_t memory(uint64_t desc, uint64_t mair)
{
	uint32_t attr = (uint32_t)(mair >> 8 * (desc >> 2 & 7)) & 0xff;

	if (attr == 0xff)
		return IOMM_PROT_CACHE;
	return attr & 0xf0 ? 0 : IOMM_PROT_MMIO;
}

static uint32_t
decode(void *data, uint64_t desc, const uint64_t *regs, uint64_t restricts)
{
	bool priv = !(desc & UNPRIV) || (restricts & BIT(61));
	uint64_t never = priv ? (desc & PXN) | (restricts & BIT(59))
			      : (desc & UXN) | (restricts & BIT(60));
	bool writable = !(desc & NO_WRITE);

	(void)data;
	if (!(~regs[IOMM_ARM64_S1_TCR] & TCR_TRACKS) && (desc & DBM))
		writable = true;
	return IOMM_PROT_READ | memory(desc, regs[IOMM_ARM64_S1_MAIR]) |
	       (writable && !(restricts & BIT(62)) ? IOMM_PROT_WRITE : 0) |
	       (priv ? IOMM_PROT_PRIV : 0) | (never ? 0 : IOMM_PROT_EXEC);
}

/* IPS: 32, 36, 40, 42, 44, 48 bits. */
static const uint8_t widths[8] = { 32, 36, 40, 42, 44, 48, 48, 0 };

static uint64_t ips(uint32_t oas)
{
	uint64_t n = 0;

	while (widths[n] < oas)
		n++;
	return n;
}

static void
registers(void *data, const struct iomm_codec_table *table, uint64_t *regs)
{
	static const uint8_t tg0[] = { 0, 2, 1 }, tg1[] = { 2, 1, 3 };
	uint32_t n = (granule(data) - 12) / 2;
	bool coherent = table->flags & IOMM_PGTABLE_COHERENT;
	uint64_t half = 64 - table->ias;

	half |= coherent ? UINT64_C(0x3500) : UINT64_C(0x2000);
	if (table->first_iova)
		half = (half | (uint64_t)tg1[n] << 14) << 16 | TCR_EPD0;
	else
		half |= (uint64_t)tg0[n] << 14 | TCR_EPD1;
	regs[IOMM_ARM64_S1_TTBR0] = table->root;
	regs[IOMM_ARM64_S1_TCR] =
		half | ips(table->oas) << 32 |
		(table->flags & IOMM_PGTABLE_DIRTY ? TCR_TRACKS : 0);
	regs[IOMM_ARM64_S1_MAIR] = MAIR;
}

static int
start(void *data, const uint64_t *regs, struct iomm_codec_table *table)
{
	static const uint8_t tg0[] = { 12, 16, 14, 0 },
			     tg1[] = { 0, 14, 12, 16 };
	uint64_t tcr = regs[IOMM_ARM64_S1_TCR];
	bool upper = (tcr & (TCR_EPD0 | TCR_EPD1)) == TCR_EPD0;
	uint64_t half = upper ? tcr >> 16 : tcr;

	if ((upper ? tg1 : tg0)[half >> 14 & 3] != granule(data) ||
	    (half & TCR_EPD0))
		return -IOMM_EINVAL;
	table->ias = 64 - (uint32_t)(half & 63);
	table->oas = widths[tcr >> 32 & 7];
	table->root = regs[IOMM_ARM64_S1_TTBR0] & (BIT(48) - 1);
	table->first_iova = upper ? UINT64_MAX << table->ias : 0;
	return 0;
}

#define COMMON(n)                                                            \
	.size = sizeof(struct iomm_codec), .min_root = 64, .min_ias = 25,    \
	.max_oas = 48, .ias = 48, .oas = 48, .max_ias = 48, .nr_regs = 3,    \
	.valid = VALID, .run = CONT,                                         \
	.attrs = ~(ADDRESS | VALID | TABLE | CONT),                          \
	.breaks = INDEX(7) | NS | INNER | NG, .accessed = AF,                \
	.dirty_mask = DBM | NO_WRITE, .dirty_value = DBM, .dirty = NO_WRITE, \
	.restricts = RESTRICTS,                                              \
	.prot = IOMM_PROT_READ | IOMM_PROT_WRITE | IOMM_PROT_EXEC |          \
		IOMM_PROT_CACHE | IOMM_PROT_MMIO | IOMM_PROT_PRIV,           \
	.table_flags = IOMM_PGTABLE_UPPER | IOMM_PGTABLE_DIRTY |             \
		       IOMM_PGTABLE_NS,                                      \
	.data = (void *)&granules[n], .leaf = leaf, .link = link,            \
	.kind = kind, .leaf_address = leaf_address,                          \
	.link_address = link_address, .encode = encode, .decode = decode,    \
	.registers = registers, .start = start

/* Three levels, 1 to 3 of the manual's, are enough for 48 bits, and four would
 * be of more than 63. */
static const struct iomm_codec codec_64k = {
	COMMON(2),	  .levels = 3,	      .top_level = 1,
	.page_shift = 16, .leaf_levels = 0x6, .run_shift = { 0, 5, 5 },
};

/* This one's pages are made anew each time, for the test's sake. */
static const struct iomm_codec codec_16k = {
	COMMON(1),
	.levels = 4,
	.page_shift = 14,
	.leaf_levels = 0xc,
	.run_shift = { 0, 0, 5, 7 },
	.next = &codec_64k,
};

const struct iomm_codec codec_arm64 = {
	COMMON(0),
	.levels = 4,
	.page_shift = 12,
	.leaf_levels = 0xe,
	.run_shift = { 0, 4, 4, 4 },
	.page_step = 4096,
	.next = &codec_16k,
};
