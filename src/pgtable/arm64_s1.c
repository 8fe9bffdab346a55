/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * arm64-s1: VMSAv8-64 stage 1 of the EL1&0 regime, one half of it (TTBR0 or
 * TTBR1), as SMMUv2, SMMUv3 and the CPU walk it. Arm Architecture Reference
 * Manual (DDI 0487): D8.3 descriptors, D8.4 permissions, D8.5 hardware updates,
 * D8.6 memory attributes, D19.2 TCR_EL1, TTBR0_EL1, TTBR1_EL1, MAIR_EL1.
 */
#include "pgtable/arm64.h"
#include "pgtable/format.h"
#include "pgtable/raw_walk.h"

/* Leaf attributes. */
#define ATTR_INDEX(i) ((uint64_t)(i) << 2)
#define NS	      (UINT64_C(1) << 5)
#define AP_UNPRIV     (UINT64_C(1) << 6) /* AP[1]: EL0 too */
#define AP_READ_ONLY  (UINT64_C(1) << 7) /* AP[2] */
#define NOT_GLOBAL    (UINT64_C(1) << 11)
#define DBM	      (UINT64_C(1) << 51)
#define PXN	      (UINT64_C(1) << 53)
#define UXN	      (UINT64_C(1) << 54)

/* Restrictions that a table descriptor puts on all below it. */
#define PXN_TABLE     (UINT64_C(1) << 59)
#define UXN_TABLE     (UINT64_C(1) << 60)
#define AP_TABLE_PRIV (UINT64_C(1) << 61)
#define AP_TABLE_RO   (UINT64_C(1) << 62)
#define RESTRICTS     (PXN_TABLE | UXN_TABLE | AP_TABLE_PRIV | AP_TABLE_RO)

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
#define TCR_EPD0	(UINT64_C(1) << 7)
#define TCR_UPPER_SHIFT 16
#define TCR_EPD1	(TCR_EPD0 << TCR_UPPER_SHIFT)
#define TCR_IPS_SHIFT	32
#define TCR_IPS(tcr)	((uint32_t)((tcr) >> TCR_IPS_SHIFT) & 7)
#define TCR_IPS_52	6u
#define TCR_HA		(UINT64_C(1) << 39)
#define TCR_HD		(UINT64_C(1) << 40)
#define TCR_HPD0	(UINT64_C(1) << 41)
#define TCR_HPD1	(UINT64_C(1) << 42)
#define TCR_DS		(UINT64_C(1) << 59)

static IOMM_COLD int refuse(const struct iomm_pgtable *pgtable)
{
	return IOMM_FAIL(pgtable->object.ctx, IOMM_EOPNOTSUPP,
			 "arm64-s1 cannot allow writing without reading");
}

static inline int arm64_s1_attrs(const struct iomm_pgtable *pgtable,
				 uint32_t prot, bool ds, uint64_t *out)
{
	uint64_t attrs = ARM64_AF | NOT_GLOBAL;

	if (!(prot & IOMM_PROT_READ))
		return refuse(pgtable);
	if (prot & IOMM_PROT_CACHE)
		attrs |= ARM64_SH_INNER | ATTR_INDEX(INDEX_CACHE);
	else
		attrs |= ARM64_SH_OUTER;
	if (prot & IOMM_PROT_MMIO)
		attrs |= ATTR_INDEX(INDEX_DEVICE);
	if (!(prot & IOMM_PROT_WRITE))
		attrs |= AP_READ_ONLY;
	else if (pgtable->flags & IOMM_PGTABLE_DIRTY)
		attrs |= AP_READ_ONLY | ARM64_DBM;
	if (!(prot & IOMM_PROT_PRIV))
		attrs |= AP_UNPRIV;
	if (!(prot & IOMM_PROT_EXEC))
		attrs |= PXN | UXN;
	if (pgtable->flags & IOMM_PGTABLE_NS)
		attrs |= NS;
	*out = ds ? attrs & ~ARM64_SH : attrs;
	return 0;
}

/* D8.17.1: memory type, shareability, the output address's space; and a global
 * entry in the place of one that is not. */
static inline bool arm64_s1_break(uint64_t old, uint64_t attrs)
{
	const uint64_t type = ATTR_INDEX(7) | NS | ARM64_SH;

	return ((old ^ attrs) & type) || (old & ~attrs & NOT_GLOBAL);
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

/* With hardware that tracks writes, DBM stands for the right to write, and AP[2]
 * says that nobody has. */
static inline uint64_t arm64_s1_writable(uint64_t desc)
{
	return desc & ~(desc >> 44 & AP_READ_ONLY);
}

_Static_assert(ARM64_DBM >> 44 == AP_READ_ONLY, "DBM above AP[2]");

static inline uint32_t
arm64_s1_prot(uint64_t desc, const uint64_t *regs, uint64_t from_tables)
{
	uint32_t prot = IOMM_PROT_READ;
	bool priv = !(desc & AP_UNPRIV) || (from_tables & AP_TABLE_PRIV);
	uint64_t xn = priv ? (desc & PXN) | (from_tables & PXN_TABLE)
			   : (desc & UXN) | (from_tables & UXN_TABLE);

	if ((~regs[IOMM_ARM64_S1_TCR] & (TCR_HA | TCR_HD)) == 0)
		desc = arm64_s1_writable(desc);
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
static inline uint32_t
arm64_s1_own_prot(const struct iomm_pgtable *pgtable, uint64_t desc)
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
	uint32_t ap, xn;

	if (pgtable->flags & IOMM_PGTABLE_DIRTY)
		desc = arm64_s1_writable(desc);
	ap = (uint32_t)(desc >> 6) & 3;
	xn = (uint32_t)(desc >> 51) & 0xc;
	return memory[(uint32_t)(desc >> 2) & 7] | rights[ap | xn];
}

/* Registers */

/* TCR_EL1.TG1: 16 KiB is 1, 4 KiB is 2, 64 KiB is 3. */
static uint64_t tg1(uint32_t granule_shift)
{
	return granule_shift == 14 ? 1 : granule_shift == 12 ? 2 : 3;
}

static uint32_t tg1_granule(uint32_t tg)
{
	static const uint8_t shift[4] = { 0, 14, 12, 16 };

	return shift[tg];
}

static void arm64_s1_registers(struct iomm_pgtable *pgtable,
			       uint32_t granule_shift, bool ds)
{
	uint64_t tcr = arm64_walk_fields(pgtable, ds);

	/* There is no table for the other half. */
	if (pgtable->flags & IOMM_PGTABLE_UPPER)
		tcr = (tcr | tg1(granule_shift) << ARM64_TG_SHIFT)
			      << TCR_UPPER_SHIFT |
		      TCR_EPD0;
	else
		tcr |= arm64_tg(granule_shift) << ARM64_TG_SHIFT | TCR_EPD1;
	tcr |= arm64_ps(pgtable->oas) << TCR_IPS_SHIFT;
	if (pgtable->flags & IOMM_PGTABLE_DIRTY)
		tcr |= TCR_HA | TCR_HD;
	if (ds)
		tcr |= TCR_DS;
	pgtable->regs[IOMM_ARM64_S1_TTBR0] =
		arm64_ttbr(iomm_node_pa(pgtable->root));
	pgtable->regs[IOMM_ARM64_S1_TCR] = tcr;
	pgtable->regs[IOMM_ARM64_S1_MAIR] = MAIR;
}

/* A table of the upper half has the lower one disabled. */
static bool is_upper(uint64_t tcr)
{
	return (tcr & (TCR_EPD0 | TCR_EPD1)) == TCR_EPD0;
}

static uint32_t
arm64_s1_raw_start(const uint64_t *regs, struct iomm_raw_state *state,
		   uint32_t max_ias, bool wide)
{
	uint64_t tcr = regs[IOMM_ARM64_S1_TCR];
	uint64_t half = is_upper(tcr) ? tcr >> TCR_UPPER_SHIFT : tcr;

	state->ias = 64 - ARM64_TSZ(half);
	state->oas = arm64_oas(TCR_IPS(tcr), wide ? 52 : 48);
	if (state->ias < ARM64_MIN_IAS || state->ias > max_ias || !state->oas)
		return IOMM_RAW_REGISTERS;
	if (half & TCR_EPD0)
		return IOMM_RAW_TRANSLATION;
	if (is_upper(tcr))
		state->first_iova = ~UINT64_C(0) << state->ias;
	state->root = arm64_root(regs[IOMM_ARM64_S1_TTBR0], wide);
	return IOMM_RAW_OK;
}

static inline void
arm64_s1_raw_table(uint64_t desc, struct iomm_raw_state *state)
{
	uint64_t off = state->first_iova ? TCR_HPD1 : TCR_HPD0;

	if (!(state->regs[IOMM_ARM64_S1_TCR] & off))
		state->restrictions |= desc & RESTRICTS;
}

/* The instances */

#define FMT_MIN_IAS	      ARM64_MIN_IAS
/* With 64 KiB, FEAT_LVA may come without FEAT_LPA. */
#define FMT_MAX_IAS	      (ARM64_WIDE || ARM64_GRANULE == 16 ? 52u : 48u)
#define FMT_CONCAT	      0u
#define FMT_TABLE_RESTRICTS   RESTRICTS
/* What has no DBM is not tracked. */
#define FMT_DIRTY(desc)	      (((desc) & (ARM64_DBM | AP_READ_ONLY)) == ARM64_DBM)
#define FMT_CLEAN(desc)	      ((desc) | AP_READ_ONLY)
#define FMT_LEAF_PROT	      arm64_s1_prot
#define FMT_OWN_PROT	      arm64_s1_own_prot
#define FMT_RAW_TABLE	      arm64_s1_raw_table
#define FMT_BREAK(old, attrs) arm64_s1_break(old, attrs)
#define FMT_PROT(pgtable, prot, attrs) \
	arm64_s1_attrs(pgtable, prot, ARM64_DS, attrs)
#define FMT_REGISTERS(pgtable) \
	arm64_s1_registers(pgtable, FMT_PAGE_SHIFT, ARM64_DS)
#define FMT_RAW_START(regs, state) \
	arm64_s1_raw_start(regs, state, FMT_MAX_IAS, ARM64_WIDE)

#define FMT_FN(name)  arm64_s1_4k_##name
#define ARM64_GRANULE 12
#define ARM64_WIDE    0
#include "pgtable/arm64_engine.h"

#define FMT_FN(name)  arm64_s1_16k_##name
#define ARM64_GRANULE 14
#define ARM64_WIDE    0
#include "pgtable/arm64_engine.h"

#define FMT_FN(name)  arm64_s1_64k_##name
#define ARM64_GRANULE 16
#define ARM64_WIDE    0
#include "pgtable/arm64_engine.h"

#define FMT_FN(name)  arm64_s1_4k_52_##name
#define ARM64_GRANULE 12
#define ARM64_WIDE    1
#include "pgtable/arm64_engine.h"

#define FMT_FN(name)  arm64_s1_16k_52_##name
#define ARM64_GRANULE 14
#define ARM64_WIDE    1
#include "pgtable/arm64_engine.h"

#define FMT_FN(name)  arm64_s1_64k_52_##name
#define ARM64_GRANULE 16
#define ARM64_WIDE    1
#include "pgtable/arm64_engine.h"

#define S1(name) arm64_s1_##name
static const struct iomm_engine_ops *const engines[] = ARM64_ENGINES(S1);

/* DS is of 4 and 16 KiB; with 64 KiB the output width says it. */
static const struct iomm_engine_ops *
arm64_s1_select(const struct iomm_format_type *type, const uint64_t *regs)
{
	uint64_t tcr = regs[IOMM_ARM64_S1_TCR];
	uint32_t granule =
		is_upper(tcr) ? tg1_granule(ARM64_TG(tcr >> TCR_UPPER_SHIFT))
			      : arm64_granule(ARM64_TG(tcr));
	bool wide = granule == 16 ? TCR_IPS(tcr) == TCR_IPS_52 : tcr & TCR_DS;

	(void)type;
	return granule ? engines[ARM64_ENGINE(granule, wide)] : NULL;
}

const struct iomm_format_type iomm_format_arm64_s1 = {
	.name = "arm64-s1",
	.flags = IOMM_PGTABLE_UPPER | IOMM_PGTABLE_DIRTY |
		 IOMM_PGTABLE_HITLESS | IOMM_PGTABLE_NS,
	.prot = IOMM_PROT_READ | IOMM_PROT_WRITE | IOMM_PROT_EXEC |
		IOMM_PROT_CACHE | IOMM_PROT_MMIO | IOMM_PROT_PRIV,
	.nr_regs = 3,
	.engines = engines,
	.select = arm64_s1_select,
};
