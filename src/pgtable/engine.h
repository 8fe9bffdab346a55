/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The engine: every algorithm on page tables, once, as a template. A format
 * file includes it for each granule, with these defined; the include ends with
 * FMT_FN(ops), and undefines what belongs to the instance.
 *
 *   FMT_FN(name)		makes a name of the instance
 *   FMT_PAGE_SHIFT, FMT_BITS	granule, and address bits a level resolves
 *   FMT_LEVELS			how many levels there can be; 0 is the topmost
 *   FMT_TOP_LEVEL		what the architecture calls that one
 *   FMT_DESC_SHIFT		log2 of a descriptor's bytes
 *   FMT_MIN_ROOT		smallest table that hardware takes as the first
 *   FMT_CONCAT			log2 of how many tables side by side it takes
 *   FMT_MIN_IAS, _MAX_IAS, _MAX_OAS, and the defaults FMT_IAS, FMT_OAS
 *   FMT_LEAF_LEVELS		a bit for each level where leaves may be
 *   FMT_CONT_SHIFT(level)	log2 of the leaves of a contiguous run; 0: none
 *   FMT_CONT			the bit that says that a leaf is part of one
 *   FMT_PAGE_SIZES		sizes of leaves and runs, a bit for each
 *
 *   FMT_PROT(pgtable, prot, attrs) encodes a protection, or refuses
 *   FMT_LEAF(pa, attrs, level)	a leaf descriptor
 *   FMT_NEXT(desc, bytes)	the same leaf, `bytes` further on
 *   FMT_VECTOR			1 if that is desc + bytes, and the bits
 *   FMT_PAGE_BITS		make a leaf of the last level; else 0
 *   FMT_TABLE(pgtable, pa)	a descriptor that links a table
 *   FMT_VALID(desc)		would a walker look at it? 0 is not valid
 *   FMT_KIND(desc, level)	IOMM_DESC_*; what is reserved is NONE
 *   FMT_LEAF_PA(desc, level), FMT_TABLE_PA(desc)
 *   FMT_ATTRS(desc)		of a leaf, for FMT_LEAF at another level
 *   FMT_TABLE_RESTRICTS		what in a table restricts all below; 0: nothing
 *   FMT_BROKEN(desc)		a leaf made not valid, all else kept
 *   FMT_WHOLE(desc)		and made valid again
 *   FMT_BREAK(old, attrs)	must these attributes come by break-before-make?
 *   FMT_DIRTY(desc)		has hardware noted a write?
 *   FMT_CLEAN(desc)		the same leaf without that note
 *   FMT_LEAF_PROT(desc, regs, restrictions) its protection, as tables restrict it
 *   FMT_OWN_PROT(pgtable, desc) the same in a table of ours
 *   FMT_REGISTERS(pgtable)	fills the register values
 *   FMT_RAW_START(regs, state)	reads them back; IOMM_RAW_*
 *   FMT_RAW_TABLE(desc, state)	restrictions that a table puts on what is below
 *   FMT_ACCESSED(desc)		is the access flag set?
 *
 * With FMT_RUNTIME the numbers may be expressions that are known at run time
 * only, and there is no FN(ops).
 *
 * Tables are read and written through desc.h only. Nothing that is read from a
 * table is used as a pointer or as a length. Addresses count from the first one
 * of the table's range.
 */
#include "base/mem.h"
#include "pgtable/check.h"
#include "pgtable/desc.h"
#include "pgtable/engine_op.h"
#include "pgtable/raw_walk.h"
#include "base/vector.h"

#define FN(name)       FMT_FN(name)
#define FMT_LAST       (FMT_LEVELS - 1u)
#define FMT_SLOTS      (1u << FMT_BITS)
#define FMT_GRANULE    (UINT64_C(1) << FMT_PAGE_SHIFT)
/* log2 of what a table of the last level covers. */
#define FMT_WARM_SHIFT (FMT_PAGE_SHIFT + FMT_BITS)

#ifndef FMT_RUNTIME
_Static_assert(FMT_LEVELS <= IOMM_ENGINE_LEVELS, "levels");
#endif

/* Geometry */

static inline uint32_t FN(shift)(uint32_t level)
{
	return FMT_PAGE_SHIFT + (FMT_LAST - level) * FMT_BITS;
}

static inline uint64_t FN(size)(uint32_t level)
{
	return UINT64_C(1) << FN(shift)(level);
}

/* Of a table below the first. */
static inline uint32_t FN(slot)(uint64_t iova, uint32_t level)
{
	return (uint32_t)(iova >> FN(shift)(level)) & (FMT_SLOTS - 1);
}

/* Of any. Tables side by side make the first one longer than the others. */
static inline uint32_t
FN(slot_in)(const struct iomm_pgtable *pgtable, uint64_t iova, uint32_t level)
{
	if (FMT_CONCAT && level == pgtable->start_level)
		return (uint32_t)(iova >> FN(shift)(level));
	return FN(slot)(iova, level);
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

/* Slots that [iova, last], which lies in one table, touches. */
static inline uint32_t FN(slots)(uint64_t iova, uint64_t last, uint32_t level)
{
	return (uint32_t)((last >> FN(shift)(level)) -
			  (iova >> FN(shift)(level))) +
	       1;
}

/* How many leaves at a level make a run, 1 when there are no runs. */
static inline uint32_t FN(run)(uint32_t level)
{
	return 1u << FMT_CONT_SHIFT(level);
}

static void FN(geometry)(const struct iomm_engine_ops *ops, uint32_t ias,
			 struct iomm_geometry *out)
{
	uint32_t level = FMT_LAST;
	uint64_t bytes;

	(void)ops;
	while (level && ias > FN(shift)(level) + FMT_BITS + FMT_CONCAT)
		level--;
	out->start_level = level;
	bytes = UINT64_C(1) << (ias - FN(shift)(level) + FMT_DESC_SHIFT);
	out->root_bytes = bytes < FMT_MIN_ROOT ? FMT_MIN_ROOT : bytes;
}

static uint32_t
FN(leaf_levels)(const struct iomm_engine_ops *ops, uint64_t page_sizes)
{
	uint32_t level, levels = 0;

	(void)ops;
	for (level = 0; level < FMT_LEVELS; level++)
		if ((FMT_LEAF_LEVELS >> level & 1) &&
		    (page_sizes & FN(size)(level)))
			levels |= 1u << level;
	return levels;
}

static uint32_t
FN(run_levels)(const struct iomm_engine_ops *ops, uint64_t page_sizes)
{
	uint32_t level, levels = 0;

	(void)ops;
	for (level = 0; level < FMT_LEVELS; level++)
		if (FMT_CONT_SHIFT(level) &&
		    (page_sizes & FN(size)(level) << FMT_CONT_SHIFT(level)))
			levels |= 1u << level;
	return levels;
}

static int
FN(encode)(const struct iomm_pgtable *pgtable, uint32_t prot, uint64_t *attrs)
{
	return FMT_PROT(pgtable, prot, attrs);
}

static void FN(registers)(struct iomm_pgtable *pgtable)
{
	FMT_REGISTERS(pgtable);
}

/* Does the table above, that was used last, hold all of [iova, last]? */
static inline bool
FN(is_tepid)(const struct iomm_pgtable *pgtable, uint64_t iova, uint64_t last)
{
	const struct iomm_tepid *tepid = &pgtable->tepid;
	uint64_t offset = pgtable->first_iova + iova - tepid->first;

	return offset < tepid->span && last - iova < tepid->span - offset;
}

/* What the table at `level` on the way to `iova` spans. The first may be longer
 * than others, or shorter. */
static inline uint64_t FN(span)(const struct iomm_pgtable *pgtable,
				const struct iomm_node *node, uint32_t level)
{
	return node == pgtable->root ? pgtable->last_offset + 1
				     : FN(size)(level) << FMT_BITS;
}

/* Puts a cursor into a table of the last level. */
static inline void FN(stand)(struct iomm_cursor *cursor, struct iomm_node *node,
			     uint64_t iova, uintptr_t generation)
{
	uint64_t span = FN(span)(cursor->pgtable, node, FMT_LAST);

	cursor->first = cursor->pgtable->first_iova + (iova & ~(span - 1));
	cursor->span = span;
	cursor->table = node;
	cursor->generation = generation;
}

/* Notes the table above. */
static inline void FN(note_tepid)(struct iomm_pgtable *pgtable,
				  struct iomm_node *node, uint64_t iova)
{
	uint64_t span = FN(span)(pgtable, node, FMT_LAST - 1);

	pgtable->tepid.first = pgtable->first_iova + (iova & ~(span - 1));
	pgtable->tepid.span = span;
	pgtable->tepid.node = node;
}

/*
 * The lowest table that holds all of [iova, last]. With `above`, the table is
 * above any whose whole span the range is. An exclusive table remembers where it
 * ended for the next time, and the table above, from which that begins.
 */
static inline struct iomm_node *
FN(descend)(struct iomm_pgtable *pgtable, uint64_t iova, uint64_t last,
	    bool above, uint32_t *level)
{
	struct iomm_node *node = pgtable->root, *tepid = NULL, *child;
	uint32_t l = pgtable->start_level;

	if (FN(is_tepid)(pgtable, iova, last) &&
	    !(above && last - iova == pgtable->tepid.span - 1)) {
		l = FMT_LAST - 1;
		node = pgtable->tepid.node;
	}
	for (; l < FMT_LAST; l++, node = child) {
		if (l == FMT_LAST - 1)
			tepid = node;
		if ((iova ^ last) >> FN(shift)(l) ||
		    (above && last - iova == FN(size)(l) - 1))
			break;
		child = iomm_node_child(node, FN(slot_in)(pgtable, iova, l));
		if (!child)
			break;
	}
	*level = l;
	if (pgtable->sharing)
		return node;
	if (tepid)
		FN(note_tepid)(pgtable, tepid, iova);
	if (l < FMT_LAST || !pgtable->warms)
		return node;
	FN(stand)(&pgtable->own, node, iova, iomm_pgtable_generation(pgtable));
	return node;
}

/*
 * A descriptor of a table that others may be changing. One that is not valid and
 * not zero is in the middle of a break-before-make: what it maps is mapped, as
 * far as anybody can tell but the walkers.
 */
static inline uint64_t FN(read)(const struct iomm_node *node, uint32_t slot)
{
	uint64_t desc = iomm_desc_acquire(FN(desc)(node, slot));

	return !desc || FMT_VALID(desc) ? desc : FMT_WHOLE(desc);
}

#include "pgtable/engine_map.h"

#include "pgtable/engine_remake.h"

#include "pgtable/engine_drop.h"

#include "pgtable/engine_change.h"

#include "pgtable/engine_merge.h"

#include "pgtable/engine_short.h"

#include "pgtable/engine_read.h"

#ifndef FMT_RUNTIME
static const struct iomm_engine_ops FN(ops) = {
	.granule = FMT_GRANULE,
	.min_ias = FMT_MIN_IAS,
	.max_ias = FMT_MAX_IAS,
	.max_oas = FMT_MAX_OAS,
	.ias = FMT_IAS,
	.oas = FMT_OAS,
	.last_level = FMT_LAST,
	.desc_shift = FMT_DESC_SHIFT,
	.bits = FMT_BITS,
	.page_shift = FMT_PAGE_SHIFT,
	.page_sizes = FMT_PAGE_SIZES,
	.geometry = FN(geometry),
	.leaf_levels = FN(leaf_levels),
	.run_levels = FN(run_levels),
	.registers = FN(registers),
	.adopt = FN(adopt),
	.encode = FN(encode),
	.exclusive = {
		.map = FN(map),
		.unmap = FN(unmap),
		.translate = FN(translate),
	},
	.shared = {
		.map = FN(map_shared),
		.unmap = FN(unmap_shared),
		.translate = FN(translate_shared),
	},
	.map = FN(map_far),
	.change = FN(change),
	.merge = FN(merge),
	.settle = FN(settle),
	.translate = FN(translate_far),
	.extents = FN(extents),
	.walk = FN(walk),
	.raw_walk = FN(raw_walk),
};
#endif

#undef FN
#undef FMT_LAST
#undef FMT_SLOTS
#undef FMT_GRANULE
#undef FMT_WARM_SHIFT
#undef FMT_FN
#undef FMT_PAGE_SHIFT
#undef FMT_BITS
#undef FMT_LEAF_LEVELS
#undef FMT_CONT_SHIFT
#undef FMT_PAGE_SIZES
#undef FMT_VECTOR
