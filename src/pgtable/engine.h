/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The engine: every algorithm on page tables, once, as a template. A format
 * file includes it for each granule, with these defined; the include ends with
 * FMT_FN(ops), and undefines what belongs to the instance.
 *
 *   FMT_FN(name)		makes a name of the instance
 *   FMT_PAGE_SHIFT, FMT_BITS	granule, and address bits a level resolves
 *   FMT_LEVELS			levels 0 .. FMT_LEVELS - 1, as the format counts
 *   FMT_DESC_SHIFT		log2 of a descriptor's bytes
 *   FMT_MIN_ROOT		smallest table that hardware takes as the first
 *   FMT_MIN_IAS, _MAX_IAS, _MAX_OAS
 *   FMT_LEAF_LEVELS		a bit for each level where leaves may be
 *   FMT_PAGE_SIZES		their sizes, a bit for each
 *
 *   FMT_PROT(ctx, prot, attrs)	encodes a protection, or refuses
 *   FMT_LEAF(pa, attrs, level)	a leaf descriptor
 *   FMT_NEXT(desc, bytes)	the same leaf, `bytes` further on
 *   FMT_TABLE(pa)		a descriptor that links a table
 *   FMT_VALID(desc)		would a walker look at it? 0 is not valid
 *   FMT_KIND(desc, level)	IOMM_DESC_*; what is reserved is NONE
 *   FMT_LEAF_PA(desc, level), FMT_TABLE_PA(desc)
 *   FMT_ATTRS(desc)		of a leaf, for FMT_LEAF at another level
 *   FMT_LEAF_PROT(desc, regs, restrictions) its protection, as tables restrict it
 *   FMT_REGISTERS(pgtable)	fills the register values
 *   FMT_RAW_START(regs, state)	reads them back; IOMM_RAW_*
 *   FMT_RAW_TABLE(desc, state)	restrictions that a table puts on what is below
 *   FMT_ACCESSED(desc)		is the access flag set?
 *
 * Tables are read and written through desc.h only. Nothing that is read from a
 * table is used as a pointer or as a length.
 */
#include "base/mem.h"
#include "pgtable/desc.h"
#include "pgtable/engine_op.h"
#include "pgtable/raw_walk.h"

#define FN(name)       FMT_FN(name)
#define FMT_LAST       (FMT_LEVELS - 1u)
#define FMT_SLOTS      (1u << FMT_BITS)
#define FMT_GRANULE    (UINT64_C(1) << FMT_PAGE_SHIFT)
/* What a table of the last level covers. */
#define FMT_WARM_SHIFT (FMT_PAGE_SHIFT + FMT_BITS)

_Static_assert(FMT_LEVELS <= IOMM_ENGINE_LEVELS, "levels");

/* Geometry */

static inline uint32_t FN(shift)(uint32_t level)
{
	return FMT_PAGE_SHIFT + (FMT_LAST - level) * FMT_BITS;
}

static inline uint64_t FN(size)(uint32_t level)
{
	return UINT64_C(1) << FN(shift)(level);
}

static inline uint32_t FN(slot)(uint64_t iova, uint32_t level)
{
	return (uint32_t)(iova >> FN(shift)(level)) & (FMT_SLOTS - 1);
}

static inline uint64_t *FN(desc)(const struct iomm_node *node, uint32_t slot)
{
	return (uint64_t *)node->va + slot;
}

/* The last address that both the range and the slot of `iova` hold. */
static inline uint64_t FN(end)(uint64_t iova, uint32_t level, uint64_t last)
{
	uint64_t end = iova | (FN(size)(level) - 1);

	return end < last ? end : last;
}

static void FN(geometry)(uint32_t ias, struct iomm_geometry *out)
{
	uint32_t level = FMT_LAST;
	uint64_t bytes;

	while (level && ias > FN(shift)(level) + FMT_BITS)
		level--;
	out->start_level = level;
	bytes = UINT64_C(1) << (ias - FN(shift)(level) + FMT_DESC_SHIFT);
	out->root_bytes = bytes < FMT_MIN_ROOT ? FMT_MIN_ROOT : bytes;
}

static uint32_t FN(leaf_levels)(uint64_t page_sizes)
{
	uint32_t level, levels = 0;

	for (level = 0; level < FMT_LEVELS; level++)
		if ((FMT_LEAF_LEVELS >> level & 1) &&
		    (page_sizes & FN(size)(level)))
			levels |= 1u << level;
	return levels;
}

static void FN(registers)(struct iomm_pgtable *pgtable)
{
	FMT_REGISTERS(pgtable);
}

/*
 * The table of the last level that was used last, when all of [iova, last] lies
 * in it; else NULL. With `above` not when the range is its whole span.
 */
static inline struct iomm_node *
FN(warm)(const struct iomm_pgtable *pgtable, uint64_t iova, uint64_t last,
	 bool above)
{
	uint64_t key = pgtable->warm_key;

	if (iova >> FMT_WARM_SHIFT != key || last >> FMT_WARM_SHIFT != key)
		return NULL;
	if (above && last - iova == (UINT64_C(1) << FMT_WARM_SHIFT) - 1)
		return NULL;
	return pgtable->warm;
}

/* The same for the table above, from which the walk starts then. */
static inline struct iomm_node *
FN(start)(const struct iomm_pgtable *pgtable, uint64_t iova, uint64_t last,
	  bool above, uint32_t *level)
{
	const uint32_t shift = FMT_WARM_SHIFT + FMT_BITS;
	uint64_t key = pgtable->tepid_key;

	if (iova >> shift != key || last >> shift != key ||
	    (above && last - iova == (UINT64_C(1) << shift) - 1)) {
		*level = pgtable->start_level;
		return pgtable->root;
	}
	*level = FMT_LAST - 1;
	return pgtable->tepid;
}

/*
 * The lowest table that holds all of [iova, last]. With `above`, the table is
 * above any whose whole span the range is. Remembers where it ended for the
 * next time.
 */
static inline struct iomm_node *
FN(descend)(struct iomm_pgtable *pgtable, uint64_t iova, uint64_t last,
	    bool above, uint32_t *level)
{
	struct iomm_node *node, *child, *parent = NULL;
	uint32_t l;

	node = FN(warm)(pgtable, iova, last, above);
	if (node) {
		*level = FMT_LAST;
		return node;
	}
	node = FN(start)(pgtable, iova, last, above, &l);
	for (; l < FMT_LAST; l++, parent = node, node = child) {
		if ((iova ^ last) >> FN(shift)(l) ||
		    (above && last - iova == FN(size)(l) - 1))
			break;
		child = iomm_node_child(node, FN(slot)(iova, l));
		if (!child)
			break;
	}
	if (l == FMT_LAST) {
		pgtable->warm = node;
		pgtable->warm_key = iova >> FMT_WARM_SHIFT;
	}
	if (l == FMT_LAST && parent) {
		pgtable->tepid = parent;
		pgtable->tepid_key = iova >> (FMT_WARM_SHIFT + FMT_BITS);
	}
	*level = l;
	return node;
}

#include "pgtable/engine_map.h"
#include "pgtable/engine_unmap.h"
#include "pgtable/engine_read.h"

static const struct iomm_engine_ops FN(ops) = {
	.granule = FMT_GRANULE,
	.min_ias = FMT_MIN_IAS,
	.max_ias = FMT_MAX_IAS,
	.max_oas = FMT_MAX_OAS,
	.last_level = FMT_LAST,
	.desc_shift = FMT_DESC_SHIFT,
	.page_sizes = FMT_PAGE_SIZES,
	.geometry = FN(geometry),
	.leaf_levels = FN(leaf_levels),
	.registers = FN(registers),
	.map = FN(map),
	.unmap = FN(unmap),
	.translate = FN(translate),
	.walk = FN(walk),
	.raw_walk = FN(raw_walk),
};

#undef FN
#undef FMT_LAST
#undef FMT_SLOTS
#undef FMT_GRANULE
#undef FMT_WARM_SHIFT
#undef FMT_FN
#undef FMT_PAGE_SHIFT
#undef FMT_BITS
#undef FMT_LEAF_LEVELS
#undef FMT_PAGE_SIZES
