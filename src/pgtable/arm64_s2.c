/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * arm64-s2: VMSAv8-64 stage 2, from a guest's physical addresses, as SMMUv2,
 * SMMUv3 and the CPU walk it. Arm Architecture Reference Manual (DDI 0487):
 * D8.2.2 concatenated tables, D8.3 descriptors, D8.4 permissions, D8.5 hardware
 * updates, D8.6 memory attributes, D19.2 VTCR_EL2, VTTBR_EL2, HCR_EL2.
 */
#include "pgtable/arm64.h"
#include "pgtable/format.h"
#include "pgtable/raw_walk.h"

/* Leaf attributes. */
#define MEM_ATTR(a) ((uint64_t)(a) << 2)
#define S2AP_READ   (UINT64_C(1) << 6)
#define S2AP_WRITE  (UINT64_C(1) << 7)
/* XN[1:0]: 0 permits it to all, 2 to nobody, with and without FEAT_XNX; with
 * it, 1 and 3 permit it to EL0 or to EL1 only. */
#define XN	    (UINT64_C(3) << 53)
#define XN_ALL	    (UINT64_C(2) << 53)

/* MemAttr[3:0]. The first two are the same with FEAT_S2FWB. */
#define MEM_DEVICE    1u  /* device nGnRE */
#define MEM_NC	      5u  /* normal, not cacheable */
#define MEM_CACHE     15u /* write-back, as far as stage 1 agrees */
#define MEM_FWB_CACHE 6u  /* write-back, whatever stage 1 says */

/* VTCR_EL2 */
#define VTCR_SL0_SHIFT 6
#define VTCR_SL0(vtcr) ((uint32_t)((vtcr) >> VTCR_SL0_SHIFT) & 3)
#define VTCR_PS_SHIFT  16
#define VTCR_PS(vtcr)  ((uint32_t)((vtcr) >> VTCR_PS_SHIFT) & 7)
#define VTCR_HA	       (UINT64_C(1) << 21)
#define VTCR_HD	       (UINT64_C(1) << 22)
#define VTCR_RES1      (UINT64_C(1) << 31)
#define VTCR_DS	       (UINT64_C(1) << 32)
#define VTCR_SL2       (UINT64_C(1) << 33)

#define HCR_FWB (UINT64_C(1) << 46)

static IOMM_COLD int refuse(const struct iomm_pgtable *pgtable)
{
	return IOMM_FAIL(
		pgtable->object.ctx, IOMM_EOPNOTSUPP,
		"arm64-s2 cannot tell privileged accesses from others");
}

static inline uint64_t
arm64_s2_memory(const struct iomm_pgtable *pgtable, uint32_t prot)
{
	if (prot & IOMM_PROT_MMIO)
		return MEM_ATTR(MEM_DEVICE) | ARM64_SH_OUTER;
	if (!(prot & IOMM_PROT_CACHE))
		return MEM_ATTR(MEM_NC) | ARM64_SH_OUTER;
	if (pgtable->flags & IOMM_PGTABLE_S2FWB)
		return MEM_ATTR(MEM_FWB_CACHE) | ARM64_SH_INNER;
	return MEM_ATTR(MEM_CACHE) | ARM64_SH_INNER;
}

static inline int arm64_s2_attrs(const struct iomm_pgtable *pgtable,
				 uint32_t prot, bool ds, uint64_t *out)
{
	uint64_t attrs = ARM64_AF | arm64_s2_memory(pgtable, prot);

	if (prot & IOMM_PROT_PRIV)
		return refuse(pgtable);
	if (prot & IOMM_PROT_READ)
		attrs |= S2AP_READ;
	if (prot & IOMM_PROT_WRITE)
		attrs |= pgtable->flags & IOMM_PGTABLE_DIRTY ? ARM64_DBM
							     : S2AP_WRITE;
	if (!(prot & IOMM_PROT_EXEC))
		attrs |= XN_ALL;
	*out = ds ? attrs & ~ARM64_SH : attrs;
	return 0;
}

/* Without FEAT_S2FWB: cacheable is what is write-back on both levels. With it
 * MemAttr[3] is of no meaning. */
static inline uint32_t arm64_s2_prot(uint64_t desc, const uint64_t *regs)
{
	enum {
		C = IOMM_PROT_CACHE,
		D = IOMM_PROT_MMIO,
	};
	static const uint8_t memory[2][16] = {
		{ D, D, D, D, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, C },
		{ D, D, D, D, 0, 0, C, C, D, D, D, D, 0, 0, C, C },
	};
	const uint64_t tracking = VTCR_HA | VTCR_HD;
	bool tracked = !(~regs[IOMM_ARM64_S2_VTCR] & tracking);
	bool fwb = regs[IOMM_ARM64_S2_HCR] & HCR_FWB;
	uint32_t prot = memory[fwb][desc >> 2 & 15];

	if (desc & S2AP_READ)
		prot |= IOMM_PROT_READ;
	if (desc & (S2AP_WRITE | (tracked ? ARM64_DBM : 0)))
		prot |= IOMM_PROT_WRITE;
	if (!(desc & XN))
		prot |= IOMM_PROT_EXEC;
	return prot;
}

/* Registers */

/*
 * SL2:SL0 says at which level a walk starts, counted up from the last, 3. With
 * 4 KiB level 3 needs FEAT_TTST, which is not asked for; level 0 with 16 KiB
 * and -1 with 4 KiB need DS. Our tables never start at -1: up to 16 tables side
 * by side at level 0 resolve 52 bits.
 */
#define NO_LEVEL 7u

static uint32_t start_above(uint32_t granule_shift, uint64_t vtcr)
{
	static const uint8_t above[3][8] = {
		{ 1, 2, 3, NO_LEVEL, 4, NO_LEVEL, NO_LEVEL, NO_LEVEL },
		{ 0, 1, 2, NO_LEVEL, 0, 1, 2, 3 },
		{ 0, 1, 2, NO_LEVEL, 0, 1, 2, NO_LEVEL },
	};
	uint32_t sl = VTCR_SL0(vtcr);

	if (vtcr & VTCR_DS && granule_shift == 12)
		sl |= vtcr & VTCR_SL2 ? 4 : 0;
	else if (vtcr & VTCR_DS)
		sl |= 4;
	return above[(granule_shift - 12) / 2][sl];
}

static void arm64_s2_registers(struct iomm_pgtable *pgtable,
			       uint32_t granule_shift, bool ds)
{
	uint64_t above = pgtable->ops->last_level - pgtable->start_level;
	uint64_t vtcr = VTCR_RES1 | arm64_walk_fields(pgtable, ds);

	vtcr |= (above - (granule_shift == 12)) << VTCR_SL0_SHIFT;
	vtcr |= arm64_tg(granule_shift) << ARM64_TG_SHIFT;
	vtcr |= arm64_ps(pgtable->oas) << VTCR_PS_SHIFT;
	if (pgtable->flags & IOMM_PGTABLE_DIRTY)
		vtcr |= VTCR_HA | VTCR_HD;
	if (ds)
		vtcr |= VTCR_DS;
	pgtable->regs[IOMM_ARM64_S2_VTTBR] =
		arm64_ttbr(iomm_node_pa(pgtable->root));
	pgtable->regs[IOMM_ARM64_S2_VTCR] = vtcr;
	if (pgtable->flags & IOMM_PGTABLE_S2FWB)
		pgtable->regs[IOMM_ARM64_S2_HCR] = HCR_FWB;
}

/* A first level that does not go with the width is a translation fault at level
 * 0: it resolves at least one bit, and four more than a table at most. */
static uint32_t
arm64_s2_raw_start(const uint64_t *regs, struct iomm_raw_state *state,
		   uint32_t granule_shift, uint32_t last_level, bool wide)
{
	uint64_t vtcr = regs[IOMM_ARM64_S2_VTCR];
	uint32_t above = start_above(granule_shift, vtcr), bits;

	state->ias = 64 - ARM64_TSZ(vtcr);
	state->oas = arm64_oas(VTCR_PS(vtcr), wide ? 52 : 48);
	if (state->ias < ARM64_MIN_IAS || state->ias > (wide ? 52 : 48) ||
	    !state->oas)
		return IOMM_RAW_REGISTERS;
	bits = granule_shift + above * (granule_shift - 3);
	if (above == NO_LEVEL || state->ias <= bits ||
	    state->ias > bits + granule_shift - 3 + 4)
		return IOMM_RAW_TRANSLATION;
	state->start_level = last_level - above;
	state->root = arm64_root(regs[IOMM_ARM64_S2_VTTBR], wide);
	return IOMM_RAW_OK;
}

/* The instances */

/* With 4 KiB the start at level 3, with tables side by side, is not to be had. */
#define FMT_MIN_IAS	      (ARM64_MIN_IAS + (ARM64_GRANULE == 12))
#define FMT_MAX_IAS	      (ARM64_WIDE ? 52u : 48u)
#define FMT_CONCAT	      4u
#define FMT_TABLE_RESTRICTS   UINT64_C(0)
/* D8.17.1: memory type and shareability. */
#define FMT_BREAK(old, attrs) (((old) ^ (attrs)) & (MEM_ATTR(15) | ARM64_SH))
/* What has no DBM is not tracked. */
#define FMT_DIRTY(desc)	      (!(~(desc) & (ARM64_DBM | S2AP_WRITE)))
#define FMT_CLEAN(desc)	      ((desc) & ~S2AP_WRITE)
#define FMT_LEAF_PROT(desc, regs, tables) \
	((void)(tables), arm64_s2_prot(desc, regs))
#define FMT_OWN_PROT(pgtable, desc) arm64_s2_prot(desc, (pgtable)->regs)
#define FMT_RAW_TABLE(desc, state)  ((void)(desc), (void)(state))
#define FMT_PROT(pgtable, prot, attrs) \
	arm64_s2_attrs(pgtable, prot, ARM64_DS, attrs)
#define FMT_REGISTERS(pgtable) \
	arm64_s2_registers(pgtable, FMT_PAGE_SHIFT, ARM64_DS)
#define FMT_RAW_START(regs, state)                                      \
	arm64_s2_raw_start(regs, state, FMT_PAGE_SHIFT, FMT_LEVELS - 1, \
			   ARM64_WIDE)

#define FMT_FN(name)  arm64_s2_4k_##name
#define ARM64_GRANULE 12
#define ARM64_WIDE    0
#include "pgtable/arm64_engine.h"

#define FMT_FN(name)  arm64_s2_16k_##name
#define ARM64_GRANULE 14
#define ARM64_WIDE    0
#include "pgtable/arm64_engine.h"

#define FMT_FN(name)  arm64_s2_64k_##name
#define ARM64_GRANULE 16
#define ARM64_WIDE    0
#include "pgtable/arm64_engine.h"

#define FMT_FN(name)  arm64_s2_4k_52_##name
#define ARM64_GRANULE 12
#define ARM64_WIDE    1
#include "pgtable/arm64_engine.h"

#define FMT_FN(name)  arm64_s2_16k_52_##name
#define ARM64_GRANULE 14
#define ARM64_WIDE    1
#include "pgtable/arm64_engine.h"

#define FMT_FN(name)  arm64_s2_64k_52_##name
#define ARM64_GRANULE 16
#define ARM64_WIDE    1
#include "pgtable/arm64_engine.h"

#define S2(name) arm64_s2_##name
static const struct iomm_engine_ops *const engines[] = ARM64_ENGINES(S2);

/* DS is of 4 and 16 KiB. With 64 KiB, widths say it: what goes in is never wider
 * than the physical addresses that there are. */
static const struct iomm_engine_ops *
arm64_s2_select(const struct iomm_format_type *type, const uint64_t *regs)
{
	uint64_t vtcr = regs[IOMM_ARM64_S2_VTCR];
	uint32_t granule = arm64_granule(ARM64_TG(vtcr));
	bool wide = granule == 16 ? VTCR_PS(vtcr) == 6 || ARM64_TSZ(vtcr) < 16
				  : vtcr & VTCR_DS;

	(void)type;
	return granule ? engines[ARM64_ENGINE(granule, wide)] : NULL;
}

const struct iomm_format_type iomm_format_arm64_s2 = {
	.name = "arm64-s2",
	.flags = IOMM_PGTABLE_DIRTY | IOMM_PGTABLE_HITLESS | IOMM_PGTABLE_S2FWB,
	.prot = IOMM_PROT_READ | IOMM_PROT_WRITE | IOMM_PROT_EXEC |
		IOMM_PROT_CACHE | IOMM_PROT_MMIO,
	.nr_regs = 3,
	.engines = engines,
	.select = arm64_s2_select,
};
