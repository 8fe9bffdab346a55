/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * "toy": a format that no hardware has, to show what a format file is. See
 * docs/adding-a-format.md.
 *
 * Pages of 1 KiB, three levels of 7 bits, so 31 bits in; 40 bits out. Blocks of
 * 128 KiB at level 1, and runs of four pages. A descriptor's bits:
 *
 *   0 must not read   1 must not write   2 device memory   3 part of a run
 *   4 links a table   5 in use           59 to 30 address bits 39 to 10
 */
#include "pgtable/engine_op.h"
#include "pgtable/format.h"
#include "pgtable/raw_walk.h"

#define NO_READ	 UINT64_C(0x01)
#define NO_WRITE UINT64_C(0x02)
#define DEVICE	 UINT64_C(0x04)
#define RUN	 UINT64_C(0x08)
#define TABLE	 UINT64_C(0x10)
#define USED	 UINT64_C(0x20)

#define MOVED	20
#define ADDRESS (UINT64_C(0x3fffffff) << 30)

/* Registers: where the first table is, and both widths. */
#define REG_ROOT   0
#define REG_WIDTHS 1

static inline int
toy_prot(const struct iomm_pgtable *pgtable, uint32_t prot, uint64_t *out)
{
	const uint32_t known = IOMM_PROT_READ | IOMM_PROT_WRITE |
			       IOMM_PROT_MMIO;

	if (prot & ~known)
		return IOMM_FAIL(pgtable->object.ctx, IOMM_EOPNOTSUPP,
				 "toy can say READ, WRITE and MMIO, not %x",
				 (uint64_t)(prot & ~known));
	*out = (prot & IOMM_PROT_READ ? 0 : NO_READ) |
	       (prot & IOMM_PROT_WRITE ? 0 : NO_WRITE) |
	       (prot & IOMM_PROT_MMIO ? DEVICE : 0);
	return 0;
}

static inline uint32_t toy_leaf_prot(uint64_t desc)
{
	return (desc & NO_READ ? 0 : IOMM_PROT_READ) |
	       (desc & NO_WRITE ? 0 : IOMM_PROT_WRITE) |
	       (desc & DEVICE ? IOMM_PROT_MMIO : 0);
}

static inline uint32_t toy_kind(uint64_t desc, uint32_t level)
{
	if (!(desc & USED))
		return IOMM_DESC_NONE;
	if (desc & TABLE)
		return level < 2 ? IOMM_DESC_TABLE : IOMM_DESC_NONE;
	return level ? IOMM_DESC_LEAF : IOMM_DESC_NONE;
}

static void toy_registers(struct iomm_pgtable *pgtable)
{
	pgtable->regs[REG_ROOT] = iomm_node_pa(pgtable->root);
	pgtable->regs[REG_WIDTHS] = pgtable->ias | pgtable->oas << 8;
}

static uint32_t toy_start(const uint64_t *regs, struct iomm_raw_state *state)
{
	state->root = regs[REG_ROOT];
	state->ias = regs[REG_WIDTHS] & 0xff;
	state->oas = regs[REG_WIDTHS] >> 8 & 0xff;
	if (state->ias < 11 || state->ias > 31 || state->oas > 40)
		return IOMM_RAW_REGISTERS;
	return IOMM_RAW_OK;
}

#define FMT_FN(name)	      toy_1k_##name
#define FMT_PAGE_SHIFT	      10u
#define FMT_BITS	      7u
#define FMT_LEVELS	      3u
#define FMT_TOP_LEVEL	      0
#define FMT_DESC_SHIFT	      3u
#define FMT_MIN_ROOT	      64u
#define FMT_CONCAT	      0
#define FMT_MIN_IAS	      11u
#define FMT_MAX_IAS	      31u
#define FMT_MAX_OAS	      40u
#define FMT_IAS		      31u
#define FMT_OAS		      40u
#define FMT_LEAF_LEVELS	      0x6u
#define FMT_CONT_SHIFT(level) ((level) == 2 ? 2u : 0u)
#define FMT_CONT	      RUN
#define FMT_PAGE_SIZES	      UINT64_C(0x21400)

#define FMT_PROT		  toy_prot
#define FMT_LEAF(pa, attrs, l)	  ((pa) << MOVED | (attrs) | USED)
#define FMT_VECTOR		  0
#define FMT_NEXT(desc, bytes)	  ((desc) + ((bytes) << MOVED))
#define FMT_TABLE(pgtable, pa)	  ((pa) << MOVED | TABLE | USED)
#define FMT_VALID(desc)		  ((desc)&USED)
#define FMT_KIND		  toy_kind
#define FMT_LEAF_PA(desc, level)  (((desc)&ADDRESS) >> MOVED)
#define FMT_TABLE_PA(desc)	  (((desc)&ADDRESS) >> MOVED)
#define FMT_ATTRS(desc)		  ((desc) & ~(ADDRESS | USED | TABLE | RUN))
#define FMT_TABLE_RESTRICTS	  UINT64_C(0)
#define FMT_BROKEN(desc)	  ((desc) & ~USED)
#define FMT_WHOLE(desc)		  ((desc) | USED)
#define FMT_BREAK(old, attrs)	  (((old) ^ (attrs)) & DEVICE)
#define FMT_DIRTY(desc)		  false
#define FMT_CLEAN(desc)		  (desc)
#define FMT_LEAF_PROT(desc, r, t) toy_leaf_prot(desc)
#define FMT_OWN_PROT(pgtable, d)  toy_leaf_prot(d)
#define FMT_REGISTERS		  toy_registers
#define FMT_RAW_START		  toy_start
#define FMT_RAW_TABLE(desc, s)	  ((void)(desc), (void)(s))
#define FMT_ACCESSED(desc)	  true
#include "pgtable/engine.h"

static const struct iomm_engine_ops *const engines[] = { &toy_1k_ops, NULL };

static const struct iomm_engine_ops *
toy_select(const struct iomm_format_type *type, const uint64_t *regs)
{
	(void)type;
	(void)regs;
	return &toy_1k_ops;
}

extern const struct iomm_format_type iomm_format_toy;

const struct iomm_format_type iomm_format_toy = {
	.name = "toy",
	.prot = IOMM_PROT_READ | IOMM_PROT_WRITE | IOMM_PROT_MMIO,
	.nr_regs = 2,
	.engines = engines,
	.select = toy_select,
};
