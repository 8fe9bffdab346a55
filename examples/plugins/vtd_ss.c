/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * "vtd-ss": second-stage tables of Intel VT-d, as a plugin that is compiled with
 * the library's engine. Intel Virtualization Technology for Directed I/O,
 * Architecture Specification: 3.7 "Second-stage translation", 9.8 "Second-stage
 * paging entries", 9.6 "Scalable-mode PASID table entry".
 *
 *     cc -shared $(pkg-config --cflags libiomm-engine) vtd_ss.c -o vtd-ss.so
 *
 * An entry has no bit of its own that says that it is valid: one that allows
 * neither reading nor writing is not there. That is why this is no codec.
 */
#include "pgtable/engine_plugin.h"
#include "pgtable/raw_walk.h"

#define READ	(UINT64_C(1) << 0)
#define WRITE	(UINT64_C(1) << 1)
#define EXEC	(UINT64_C(1) << 2)
#define LARGE	(UINT64_C(1) << 7)
#define SNOOP	(UINT64_C(1) << 11)
#define RIGHTS	(READ | WRITE)
#define ADDRESS ((UINT64_C(1) << 52) - (UINT64_C(1) << 12))
/* Bits that hardware ignores, where rights wait while a leaf is broken. */
#define PARKED	52

/* Registers: the fields of a PASID table entry. */
#define REG_ROOT  0 /* SSPTPTR, in place: bits 63:12 */
#define REG_WIDTH 1 /* AW: 1 is 39 bits and three levels, 2 is 48 and four */

static inline int
vtd_prot(const struct iomm_pgtable *pgtable, uint32_t prot, uint64_t *out)
{
	if (prot & (IOMM_PROT_PRIV | IOMM_PROT_MMIO))
		return IOMM_FAIL(pgtable->object.ctx, IOMM_EOPNOTSUPP,
				 "vtd-ss has neither privileges nor device "
				 "memory (protection %x)",
				 (uint64_t)prot);
	*out = (prot & IOMM_PROT_READ ? READ : 0) |
	       (prot & IOMM_PROT_WRITE ? WRITE : 0) |
	       (prot & IOMM_PROT_EXEC ? EXEC : 0) |
	       (prot & IOMM_PROT_CACHE ? SNOOP : 0);
	return 0;
}

static inline uint32_t vtd_leaf_prot(uint64_t desc)
{
	return (desc & READ ? IOMM_PROT_READ : 0) |
	       (desc & WRITE ? IOMM_PROT_WRITE : 0) |
	       (desc & EXEC ? IOMM_PROT_EXEC : 0) |
	       (desc & SNOOP ? IOMM_PROT_CACHE : 0);
}

/* Levels 0 to 3: leaves of 1 GiB, 2 MiB and 4 KiB. */
static inline uint32_t vtd_kind(uint64_t desc, uint32_t level)
{
	if (!(desc & RIGHTS))
		return IOMM_DESC_NONE;
	if (level == 3)
		return IOMM_DESC_LEAF;
	if (!(desc & LARGE))
		return IOMM_DESC_TABLE;
	return level ? IOMM_DESC_LEAF : IOMM_DESC_NONE;
}

static void vtd_registers(struct iomm_pgtable *pgtable)
{
	pgtable->regs[REG_ROOT] = iomm_node_pa(pgtable->root);
	pgtable->regs[REG_WIDTH] = pgtable->start_level ? 1 : 2;
}

/* Hardware looks at all the bits of a width; a table of fewer has none. */
static uint32_t vtd_start(const uint64_t *regs, struct iomm_raw_state *state)
{
	if (regs[REG_WIDTH] != 1 && regs[REG_WIDTH] != 2)
		return IOMM_RAW_REGISTERS;
	state->ias = regs[REG_WIDTH] == 1 ? 39 : 48;
	state->oas = 52;
	state->root = regs[REG_ROOT] & ADDRESS;
	return IOMM_RAW_OK;
}

#define FMT_FN(name)	      vtd_4k_##name
#define FMT_PAGE_SHIFT	      12u
#define FMT_BITS	      9u
#define FMT_LEVELS	      4u
/* The manual counts from 1, the pages, upwards. */
#define FMT_TOP_LEVEL	      0
#define FMT_DESC_SHIFT	      3u
#define FMT_MIN_ROOT	      4096u
#define FMT_CONCAT	      0
#define FMT_MIN_IAS	      31u
#define FMT_MAX_IAS	      48u
#define FMT_MAX_OAS	      52u
#define FMT_IAS		      48u
#define FMT_OAS		      48u
#define FMT_LEAF_LEVELS	      0xeu
#define FMT_CONT_SHIFT(level) ((void)(level), 0u)
#define FMT_CONT	      UINT64_C(0)
#define FMT_PAGE_SIZES	      UINT64_C(0x40201000)

#define FMT_PROT		 vtd_prot
#define FMT_LEAF(pa, attrs, l)	 ((pa) | (attrs) | ((l) == 3 ? 0 : LARGE))
#define FMT_VECTOR		 0
#define FMT_NEXT(desc, bytes)	 ((desc) + (bytes))
#define FMT_TABLE(pgtable, pa)	 ((pa) | RIGHTS | EXEC)
#define FMT_VALID(desc)		 ((desc)&RIGHTS)
#define FMT_KIND		 vtd_kind
#define FMT_LEAF_PA(desc, level) ((desc)&ADDRESS)
#define FMT_TABLE_PA(desc)	 ((desc)&ADDRESS)
#define FMT_ATTRS(desc)		 ((desc) & ~(ADDRESS | LARGE))
#define FMT_TABLE_RESTRICTS	 UINT64_C(0)
#define FMT_BROKEN(desc)	 (((desc) & ~RIGHTS) | ((desc)&RIGHTS) << PARKED)
#define FMT_WHOLE(desc) \
	(((desc) & ~(RIGHTS << PARKED)) | ((desc) >> PARKED & RIGHTS))
#define FMT_BREAK(old, attrs)	  ((void)(old), (void)(attrs), false)
#define FMT_DIRTY(desc)		  ((void)(desc), false)
#define FMT_CLEAN(desc)		  (desc)
#define FMT_LEAF_PROT(desc, r, t) ((void)(r), (void)(t), vtd_leaf_prot(desc))
#define FMT_OWN_PROT(pgtable, d)  vtd_leaf_prot(d)
#define FMT_REGISTERS		  vtd_registers
#define FMT_RAW_START		  vtd_start
#define FMT_RAW_TABLE(desc, s)	  ((void)(desc), (void)(s))
#define FMT_ACCESSED(desc)	  ((void)(desc), true)
#include "pgtable/engine.h"

static const struct iomm_engine_ops *const engines[] = { &vtd_4k_ops, NULL };

static const struct iomm_engine_ops *
vtd_select(const struct iomm_format_type *type, const uint64_t *regs)
{
	(void)type;
	(void)regs;
	return &vtd_4k_ops;
}

static const struct iomm_format_type vtd_ss = {
	.name = "vtd-ss",
	.prot = IOMM_PROT_READ | IOMM_PROT_WRITE | IOMM_PROT_EXEC |
		IOMM_PROT_CACHE,
	.nr_regs = 2,
	.engines = engines,
	.select = vtd_select,
};

/* A leaf, by hand: 2 MiB at 0x40200000, to be read and written, snooped. */
static int self_test(void *data)
{
	const uint64_t leaf = 0x40200883;

	(void)data;
	return FMT_LEAF(UINT64_C(0x40200000), RIGHTS | SNOOP, 2) == leaf &&
			       vtd_kind(leaf, 2) == IOMM_DESC_LEAF &&
			       vtd_leaf_prot(leaf) ==
				       (IOMM_PROT_READ | IOMM_PROT_WRITE |
					IOMM_PROT_CACHE)
		       ? 0
		       : -IOMM_EIO;
}

IOMM_PLUGIN(0, IOMM_ENGINE_VERSION)
{
	struct iomm_format_ops ops = IOMM_ENGINE_FORMAT(&vtd_ss);
	int r = iomm_engine_connect(api);

	(void)ctx;
	ops.self_test = self_test;
	return r ? r : api->add(api->plugin, &ops);
}
