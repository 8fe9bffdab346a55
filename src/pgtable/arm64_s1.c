/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * arm64-s1: VMSAv8-64 stage 1 of the EL1&0 regime, lower half (TTBR0), as
 * SMMUv2, SMMUv3 and the CPU walk it. Arm Architecture Reference Manual
 * (DDI 0487): D8.3 descriptors, D8.4 permissions, D8.6 memory attributes,
 * D19.2 TCR_EL1, TTBR0_EL1, MAIR_EL1.
 */
#include "pgtable/arm64.h"
#include "pgtable/engine_op.h"
#include "pgtable/format.h"
#include "pgtable/raw_walk.h"

/* Leaf attributes. */
#define ATTR_INDEX(i) ((uint64_t)(i) << 2)
#define AP_UNPRIV     (UINT64_C(1) << 6) /* AP[1]: EL0 too */
#define AP_READ_ONLY  (UINT64_C(1) << 7) /* AP[2] */
#define NOT_GLOBAL    (UINT64_C(1) << 11)
#define DBM	      (UINT64_C(1) << 51)
#define PXN	      (UINT64_C(1) << 53)
#define UXN	      (UINT64_C(1) << 54)

/* All that arm64_s1_attrs() makes. */
#define ATTRS                                                        \
	(ATTR_INDEX(7) | AP_UNPRIV | AP_READ_ONLY | ARM64_SH_INNER | \
	 ARM64_AF | NOT_GLOBAL | PXN | UXN)

/* Restrictions that a table descriptor puts on all below it. */
#define PXN_TABLE	(UINT64_C(1) << 59)
#define UXN_TABLE	(UINT64_C(1) << 60)
#define AP_TABLE_PRIV	(UINT64_C(1) << 61)
#define AP_TABLE_RO	(UINT64_C(1) << 62)
#define TABLE_RESTRICTS (PXN_TABLE | UXN_TABLE | AP_TABLE_PRIV | AP_TABLE_RO)

/* Memory types, by index in MAIR. */
#define INDEX_NC     0u
#define INDEX_CACHE  1u
#define INDEX_DEVICE 2u

#define MAIR_NC	    UINT64_C(0x44) /* normal, not cacheable */
#define MAIR_CACHE  UINT64_C(0xff) /* normal, write-back, allocating */
#define MAIR_DEVICE UINT64_C(0x04) /* device nGnRE */
#define MAIR                                                       \
	(MAIR_NC << 8 * INDEX_NC | MAIR_CACHE << 8 * INDEX_CACHE | \
	 MAIR_DEVICE << 8 * INDEX_DEVICE)

/* TCR_EL1 */
#define TCR_T0SZ(tcr)  ((uint32_t)(tcr)&0x3f)
#define TCR_EPD0       (UINT64_C(1) << 7)
#define TCR_IRGN0_WBWA (UINT64_C(1) << 8)
#define TCR_ORGN0_WBWA (UINT64_C(1) << 10)
#define TCR_SH0_OUTER  (UINT64_C(2) << 12)
#define TCR_SH0_INNER  (UINT64_C(3) << 12)
#define TCR_TG0_SHIFT  14
#define TCR_TG0(tcr)   ((uint32_t)((tcr) >> TCR_TG0_SHIFT) & 3)
#define TCR_TG0_4K     0u
#define TCR_TG0_64K    1u
#define TCR_TG0_16K    2u
#define TCR_EPD1       (UINT64_C(1) << 23)
#define TCR_IPS_SHIFT  32
#define TCR_IPS(tcr)   ((uint32_t)((tcr) >> TCR_IPS_SHIFT) & 7)
#define TCR_HPD0       (UINT64_C(1) << 41)

/* T0SZ, and so the input width, without FEAT_TTST and without LVA. */
#define MIN_T0SZ 16u
#define MAX_T0SZ 39u

/* Output widths that IPS can say. */
static const uint8_t ips_bits[] = { 32, 36, 40, 42, 44, 48 };
#define NR_IPS ((uint32_t)sizeof(ips_bits))

static IOMM_COLD int refuse(struct iomm_ctx *ctx)
{
	return IOMM_FAIL(ctx, IOMM_EOPNOTSUPP,
			 "arm64-s1 cannot allow writing without reading");
}

static inline int
arm64_s1_attrs(const struct iomm_pgtable *pgtable, uint32_t prot, uint64_t *out)
{
	uint64_t attrs = ARM64_AF | NOT_GLOBAL;

	if (!(prot & IOMM_PROT_READ))
		return refuse(pgtable->object.ctx);
	if (prot & IOMM_PROT_CACHE)
		attrs |= ARM64_SH_INNER | ATTR_INDEX(INDEX_CACHE);
	else
		attrs |= ARM64_SH_OUTER;
	if (prot & IOMM_PROT_MMIO)
		attrs |= ATTR_INDEX(INDEX_DEVICE);
	if (!(prot & IOMM_PROT_WRITE))
		attrs |= AP_READ_ONLY;
	if (!(prot & IOMM_PROT_PRIV))
		attrs |= AP_UNPRIV;
	if (!(prot & IOMM_PROT_EXEC))
		attrs |= PXN | UXN;
	*out = attrs;
	return 0;
}

static inline uint32_t
arm64_s1_kind(uint64_t desc, uint32_t level, uint32_t leaf_levels)
{
	if (!(desc & ARM64_VALID))
		return IOMM_DESC_NONE;
	if (level == ARM64_LEVELS - 1)
		return desc & ARM64_PAGE ? IOMM_DESC_LEAF : IOMM_DESC_NONE;
	if (desc & ARM64_TABLE)
		return IOMM_DESC_TABLE;
	return leaf_levels >> level & 1 ? IOMM_DESC_LEAF : IOMM_DESC_NONE;
}

/* What memory a leaf of this memory type is, in IOMM_PROT_*. */
static inline uint32_t arm64_s1_memory(uint64_t desc, uint64_t mair)
{
	uint32_t index = (uint32_t)(desc >> 2) & 7;
	uint32_t attr = (uint32_t)(mair >> (8 * index)) & 0xff;

	if (attr == MAIR_CACHE)
		return IOMM_PROT_CACHE;
	return attr & 0xf0 ? 0 : IOMM_PROT_MMIO;
}

static inline uint32_t
arm64_s1_prot(uint64_t desc, const uint64_t *regs, uint64_t from_tables)
{
	uint32_t prot = IOMM_PROT_READ;
	bool priv = !(desc & AP_UNPRIV) || (from_tables & AP_TABLE_PRIV);
	uint64_t xn = priv ? (desc & PXN) | (from_tables & PXN_TABLE)
			   : (desc & UXN) | (from_tables & UXN_TABLE);

	prot |= arm64_s1_memory(desc, regs[IOMM_ARM64_S1_MAIR]);
	if (!(desc & AP_READ_ONLY) && !(from_tables & AP_TABLE_RO))
		prot |= IOMM_PROT_WRITE;
	if (priv)
		prot |= IOMM_PROT_PRIV;
	if (!xn)
		prot |= IOMM_PROT_EXEC;
	return prot;
}

/*
 * The same for a leaf of ours, by look-up: our MAIR is a constant, our tables
 * restrict nothing, and the rights are four bits: AP[2:1], then UXN:PXN. Memory
 * that others can write may hold any index: all eight are there.
 */
static inline uint32_t arm64_s1_own_prot(uint64_t desc)
{
	enum {
		R = IOMM_PROT_READ,
		W = R | IOMM_PROT_WRITE,
		P = IOMM_PROT_PRIV,
		X = IOMM_PROT_EXEC,
		D = IOMM_PROT_MMIO,
	};
	static const uint8_t memory[8] = {
		0, IOMM_PROT_CACHE, D, D, D, D, D, D
	};
	static const uint8_t rights[16] = {
		W | P | X, W | X, R | P | X, R | X, /* no XN */
		W | P,	   W | X, R | P,     R | X, /* PXN */
		W | P | X, W,	  R | P | X, R,	    /* UXN */
		W | P,	   W,	  R | P,     R,	    /* both */
	};
	uint32_t ap = (uint32_t)(desc >> 6) & 3;
	uint32_t xn = (uint32_t)(desc >> 51) & 0xc;

	return memory[(uint32_t)(desc >> 2) & 7] | rights[ap | xn];
}

/* Registers */

static uint32_t ips_for(uint32_t oas)
{
	uint32_t ips = 0;

	while (ips < NR_IPS - 1 && ips_bits[ips] < oas)
		ips++;
	return ips;
}

static uint64_t tg0_for(uint64_t granule)
{
	switch (granule) {
	case UINT64_C(1) << 12:
		return TCR_TG0_4K;
	case UINT64_C(1) << 14:
		return TCR_TG0_16K;
	default:
		return TCR_TG0_64K;
	}
}

static void arm64_s1_registers(struct iomm_pgtable *pgtable)
{
	uint64_t tcr = 64 - pgtable->ias;

	tcr |= tg0_for(pgtable->ops->granule) << TCR_TG0_SHIFT;
	tcr |= (uint64_t)ips_for(pgtable->oas) << TCR_IPS_SHIFT;
	tcr |= TCR_EPD1; /* there is no table for the upper half */
	/* A walker that does not snoop must not look into caches either. */
	if (pgtable->flags & IOMM_PGTABLE_COHERENT)
		tcr |= TCR_IRGN0_WBWA | TCR_ORGN0_WBWA | TCR_SH0_INNER;
	else
		tcr |= TCR_SH0_OUTER;
	pgtable->regs[IOMM_ARM64_S1_TTBR0] = iomm_node_pa(pgtable->root);
	pgtable->regs[IOMM_ARM64_S1_TCR] = tcr;
	pgtable->regs[IOMM_ARM64_S1_MAIR] = MAIR;
}

static uint32_t
arm64_s1_raw_start(const uint64_t *regs, struct iomm_raw_state *state)
{
	uint64_t tcr = regs[IOMM_ARM64_S1_TCR];
	uint32_t t0sz = TCR_T0SZ(tcr);
	uint32_t ips = TCR_IPS(tcr);

	if (t0sz < MIN_T0SZ || t0sz > MAX_T0SZ || ips >= NR_IPS)
		return IOMM_RAW_REGISTERS;
	if (tcr & TCR_EPD0)
		return IOMM_RAW_TRANSLATION;
	state->ias = 64 - t0sz;
	state->oas = ips_bits[ips];
	state->root = regs[IOMM_ARM64_S1_TTBR0] & ARM64_ADDRESS;
	return IOMM_RAW_OK;
}

static inline void
arm64_s1_raw_table(uint64_t desc, struct iomm_raw_state *state)
{
	if (!(state->regs[IOMM_ARM64_S1_TCR] & TCR_HPD0))
		state->restrictions |= desc & TABLE_RESTRICTS;
}

/* The instances */

#define FMT_PAGE_BITS	    (ARM64_VALID | ARM64_PAGE)
#define FMT_LEVELS	    ARM64_LEVELS
#define FMT_DESC_SHIFT	    3u
#define FMT_MIN_ROOT	    64u
#define FMT_TOP_LEVEL	    0
#define FMT_CONCAT	    0u
#define FMT_IAS		    48u
#define FMT_OAS		    48u
#define FMT_CONT	    ARM64_CONT
#define FMT_TABLE_RESTRICTS TABLE_RESTRICTS
#define FMT_BROKEN(desc)    ((desc) & ~ARM64_VALID)
#define FMT_WHOLE(desc)	    ((desc) | ARM64_VALID)
#define FMT_BREAK(old, attrs) \
	(((old) ^ (attrs)) & (ATTR_INDEX(7) | ARM64_SH_INNER | NOT_GLOBAL))
#define FMT_DIRTY(desc) ((desc)&DBM && !((desc)&AP_READ_ONLY))
#define FMT_CLEAN(desc) ((desc) | AP_READ_ONLY)
#define FMT_MIN_IAS	(64 - MAX_T0SZ)
#define FMT_MAX_IAS	(64 - MIN_T0SZ)
#define FMT_MAX_OAS	48u

#define FMT_PROT		    arm64_s1_attrs
#define FMT_LEAF		    arm64_leaf
#define FMT_NEXT(desc, bytes)	    ((desc) + (bytes))
#define FMT_TABLE(pgtable, pa)	    arm64_table(pa)
#define FMT_VALID(desc)		    ((desc)&ARM64_VALID)
#define FMT_KIND(desc, level)	    arm64_s1_kind(desc, level, FMT_LEAF_LEVELS)
#define FMT_LEAF_PA(desc, level)    arm64_leaf_pa(desc, FMT_PAGE_SHIFT, level)
#define FMT_TABLE_PA(desc)	    arm64_table_pa(desc, FMT_PAGE_SHIFT)
#define FMT_ATTRS(desc)		    ((desc)&ATTRS)
#define FMT_LEAF_PROT		    arm64_s1_prot
#define FMT_OWN_PROT(pgtable, desc) arm64_s1_own_prot(desc)
#define FMT_REGISTERS		    arm64_s1_registers
#define FMT_RAW_START		    arm64_s1_raw_start
#define FMT_RAW_TABLE		    arm64_s1_raw_table
#define FMT_ACCESSED(desc)	    ((desc)&ARM64_AF)

#define FMT_VECTOR	      1
#define FMT_FN(name)	      arm64_s1_4k_##name
#define FMT_PAGE_SHIFT	      12u
#define FMT_BITS	      ARM64_BITS(12u)
#define FMT_LEAF_LEVELS	      ARM64_LEAF_LEVELS(12)
#define FMT_CONT_SHIFT(level) ((level) == 0 ? 0u : 4u)
#define FMT_PAGE_SIZES	      (ARM64_PAGE_SIZES(12) | ARM64_PAGE_SIZES(12) << 4)
#include "pgtable/engine.h"

#define FMT_VECTOR	      1
#define FMT_FN(name)	      arm64_s1_16k_##name
#define FMT_PAGE_SHIFT	      14u
#define FMT_BITS	      ARM64_BITS(14u)
#define FMT_LEAF_LEVELS	      ARM64_LEAF_LEVELS(14)
#define FMT_CONT_SHIFT(level) ((level) == 3 ? 7u : (level) == 2 ? 5u : 0u)
#define FMT_PAGE_SIZES \
	(ARM64_PAGE_SIZES(14) | UINT64_C(1) << 21 | UINT64_C(1) << 30)
#include "pgtable/engine.h"

#define FMT_VECTOR	      1
#define FMT_FN(name)	      arm64_s1_64k_##name
#define FMT_PAGE_SHIFT	      16u
#define FMT_BITS	      ARM64_BITS(16u)
#define FMT_LEAF_LEVELS	      ARM64_LEAF_LEVELS(16)
#define FMT_CONT_SHIFT(level) ((level) >= 2 ? 5u : 0u)
#define FMT_PAGE_SIZES	      (ARM64_PAGE_SIZES(16) | ARM64_PAGE_SIZES(16) << 5)
#include "pgtable/engine.h"

static const struct iomm_engine_ops *arm64_s1_select(const uint64_t *regs)
{
	switch (TCR_TG0(regs[IOMM_ARM64_S1_TCR])) {
	case TCR_TG0_4K:
		return &arm64_s1_4k_ops;
	case TCR_TG0_16K:
		return &arm64_s1_16k_ops;
	case TCR_TG0_64K:
		return &arm64_s1_64k_ops;
	default:
		return NULL;
	}
}

const struct iomm_format_type iomm_format_arm64_s1 = {
	.name = "arm64-s1",
	.prot = IOMM_PROT_READ | IOMM_PROT_WRITE | IOMM_PROT_EXEC |
		IOMM_PROT_CACHE | IOMM_PROT_MMIO | IOMM_PROT_PRIV,
	.flags = IOMM_PGTABLE_UPPER,
	.nr_regs = 3,
	.engines = { &arm64_s1_4k_ops, &arm64_s1_16k_ops, &arm64_s1_64k_ops },
	.select = arm64_s1_select,
};
