/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Part of engine.h: unmapping, and splitting what is cut. */

/* Books `count` leaves between two slots, which were cleared. */
static inline void
FN(cleared)(struct iomm_engine_op *op, struct iomm_node *node, uint32_t level,
	    uint64_t iova, uint32_t span, uint32_t count)
{
	uint32_t slot = FN(slot)(iova, level);
	uint64_t bytes = (uint64_t)span << FN(shift)(level);

	iomm_node_sub(node, count);
	iomm_op_mark(op, level, node, slot, slot + span - 1);
	iomm_gather_note(op->gather, iova, iova + (bytes - 1), FN(size)(level));
	op->unmapped += (uint64_t)count << FN(shift)(level);
}

/* The first leaf among `count` slots of a table of the last level. */
static inline uint32_t FN(find_leaf)(const uint64_t *desc, uint32_t count)
{
	uint32_t n = 0;

	while (n < count &&
	       FMT_KIND(iomm_desc_load(desc + n), FMT_LAST) != IOMM_DESC_LEAF)
		n++;
	return n;
}

/* Clears leaves. Returns how many; `*span` tells up to which. */
static inline uint32_t
FN(clear_slots)(uint64_t *desc, uint32_t count, uint32_t *span)
{
	uint32_t n, cleared = 0;

	for (n = 0; n < count; n++) {
		if (FMT_KIND(iomm_desc_load(desc + n), FMT_LAST) !=
		    IOMM_DESC_LEAF)
			continue;
		iomm_desc_clear(desc + n);
		cleared++;
		*span = n + 1;
	}
	return cleared;
}

/* Clears what is mapped in a range of a table of the last level. */
static int FN(clear)(struct iomm_engine_op *op, struct iomm_node *node,
		     uint64_t iova, uint64_t last)
{
	uint64_t *desc = FN(desc)(node, FN(slot)(iova, FMT_LAST));
	uint32_t slots = FN(pages)(iova, last);
	uint32_t first = FN(find_leaf)(desc, slots);
	uint32_t count, span = 0;
	int r;

	if (first == slots)
		return 0;
	iova += (uint64_t)first << FMT_PAGE_SHIFT;
	r = iomm_op_prepare(op, iova, last, FMT_GRANULE);
	if (r)
		return r;
	count = FN(clear_slots)(desc + first, slots - first, &span);
	/* None any more, if somebody else writes there. */
	if (count)
		FN(cleared)(op, node, FMT_LAST, iova, span, count);
	return 0;
}

/* Takes a table out of use, with all below it. The gather is prepared. */
static void FN(unlink)(struct iomm_engine_op *op, struct iomm_node *node,
		       uint32_t level, uint32_t slot)
{
	struct iomm_gather *gather = op->gather;
	struct iomm_node *chain = gather->tables;

	iomm_desc_clear(FN(desc)(node, slot));
	iomm_op_mark(op, level, node, slot, slot);
	iomm_node_bury(op->pgtable, node, slot, &chain);
	gather->tables = chain;
	gather->flags |= IOMM_GATHER_TABLES;
}

/* Bytes mapped below a table; lowers `smallest` to the smallest leaf size. */
static uint64_t
FN(weigh)(const struct iomm_node *node, uint32_t level, uint64_t *smallest)
{
	uint64_t bytes = (uint64_t)node->live << FN(shift)(level);
	const struct iomm_inner *inner;
	uint32_t i;

	if (bytes && FN(size)(level) < *smallest)
		*smallest = FN(size)(level);
	if (level == FMT_LAST)
		return bytes;
	inner = iomm_node_inner(node);
	for (i = 0; i < inner->count; i++)
		if (inner->child[i])
			bytes +=
				FN(weigh)(inner->child[i], level + 1, smallest);
	return bytes;
}

/* Unmaps all that a table holds, without a look at its entries. */
static int FN(drop)(struct iomm_engine_op *op, struct iomm_node *node,
		    uint32_t level, uint64_t iova)
{
	uint32_t slot = FN(slot)(iova, level);
	uint64_t last = iova + (FN(size)(level) - 1);
	uint64_t bytes, smallest = FN(size)(level + 1);
	int r;

	bytes = FN(weigh)(iomm_node_child(node, slot), level + 1, &smallest);
	r = iomm_op_prepare(op, iova, last, smallest);
	if (r)
		return r;
	FN(unlink)(op, node, level, slot);
	iomm_gather_note(op->gather, iova, last, smallest);
	op->unmapped += bytes;
	return 0;
}

/*
 * Puts a table in the place of a live leaf: break before make (DDI 0487,
 * D8.17), so that no walker ever has both in its TLB. When the flush fails, the
 * leaf comes back; what a walker may have cached of it is right again.
 */
static int
FN(break_make)(struct iomm_engine_op *op, struct iomm_node *node,
	       uint32_t level, uint64_t base, struct iomm_node *child)
{
	uint32_t slot = FN(slot)(base, level);
	uint64_t *desc = FN(desc)(node, slot);
	uint64_t old = iomm_desc_load(desc);
	uint64_t size = FN(size)(level);
	int r;

	iomm_op_sync_tree(op->pgtable, child);
	iomm_desc_clear(desc);
	iomm_op_mark(op, level, node, slot, slot);
	iomm_op_sync(op);
	r = iomm_pgtable_tlb_flush(op->pgtable, base, base + (size - 1), size,
				   0);
	if (r) {
		iomm_desc_publish(desc, old);
	} else {
		iomm_desc_publish(desc, FMT_TABLE(iomm_node_pa(child)));
		iomm_node_adopt(node, slot, child);
		iomm_node_sub(node, 1);
	}
	iomm_op_mark(op, level, node, slot, slot);
	return r;
}

/* Maps the rest of a leaf, but not [iova, last], below a new table. */
static int
FN(map_rest)(struct iomm_engine_op *op, struct iomm_node *child, uint32_t level,
	     uint64_t desc, uint64_t iova, uint64_t last)
{
	uint64_t mask = FN(size)(level) - 1;
	uint64_t base = iova & ~mask;
	uint64_t paddr = FMT_LEAF_PA(desc, level);
	struct iomm_engine_op build;
	int r = 0;

	iomm_op_init(&build, op->pgtable);
	build.detached = true;
	build.attrs = FMT_ATTRS(desc);
	if (iova != base) {
		build.iova = base;
		build.paddr = paddr;
		r = FN(map_table)(&build, child, level + 1, iova - 1, true);
	}
	if (!r && last != (base | mask)) {
		build.iova = last + 1;
		build.paddr = paddr + (last + 1 - base);
		r = FN(map_table)(&build, child, level + 1, base | mask, true);
	}
	return r;
}

/*
 * Cuts [iova, last] out of a leaf that reaches further. Nothing of it needs to
 * go to the gather: the leaf was invalidated, and the hole was never in the
 * table that replaces it.
 */
static int FN(split)(struct iomm_engine_op *op, struct iomm_node *node,
		     uint32_t level, uint64_t iova, uint64_t last)
{
	struct iomm_pgtable *pgtable = op->pgtable;
	uint32_t slot = FN(slot)(iova, level);
	uint64_t desc = iomm_desc_load(FN(desc)(node, slot));
	uint64_t base = iova & ~(FN(size)(level) - 1);
	struct iomm_node *child;
	int r;

	r = iomm_node_make_room(pgtable, node, slot, FMT_SLOTS);
	if (r)
		return r;
	r = iomm_node_create(pgtable, level + 1 < FMT_LAST, FMT_GRANULE,
			     &child);
	if (r)
		return r;
	r = FN(map_rest)(op, child, level, desc, iova, last);
	if (!r)
		r = FN(break_make)(op, node, level, base, child);
	if (r) {
		iomm_node_destroy_tree(pgtable, child, FMT_GRANULE);
		return r;
	}
	op->unmapped += last - iova + 1;
	return 0;
}

static int FN(unmap_table)(struct iomm_engine_op *op, struct iomm_node *node,
			   uint32_t level, uint64_t iova, uint64_t last);

/* Unmaps part of what lies below a table; the table goes when it is empty. */
static int FN(unmap_below)(struct iomm_engine_op *op, struct iomm_node *node,
			   uint32_t level, uint64_t iova, uint64_t last)
{
	uint32_t slot = FN(slot)(iova, level);
	struct iomm_node *child = iomm_node_child(node, slot);
	uint64_t before = op->unmapped;
	int r = FN(unmap_table)(op, child, level + 1, iova, last);

	if (!r && op->unmapped != before && iomm_node_empty(child))
		FN(unlink)(op, node, level, slot);
	return r;
}

/* Unmaps what lies in one slot of a table above the last level. */
static int FN(unmap_slot)(struct iomm_engine_op *op, struct iomm_node *node,
			  uint32_t level, uint64_t iova, uint64_t last)
{
	uint32_t slot = FN(slot)(iova, level);
	uint64_t *desc = FN(desc)(node, slot);
	bool whole = last - iova == FN(size)(level) - 1;
	int r;

	if (iomm_node_child(node, slot))
		return whole ? FN(drop)(op, node, level, iova)
			     : FN(unmap_below)(op, node, level, iova, last);
	if (FMT_KIND(iomm_desc_load(desc), level) != IOMM_DESC_LEAF)
		return 0;
	if (!whole)
		return FN(split)(op, node, level, iova, last);
	r = iomm_op_prepare(op, iova, last, FN(size)(level));
	if (r)
		return r;
	iomm_desc_clear(desc);
	FN(cleared)(op, node, level, iova, 1, 1);
	return 0;
}

static int FN(unmap_table)(struct iomm_engine_op *op, struct iomm_node *node,
			   uint32_t level, uint64_t iova, uint64_t last)
{
	uint64_t end;
	int r;

	if (level == FMT_LAST)
		return FN(clear)(op, node, iova, last);
	for (;; iova = end + 1) {
		end = FN(end)(iova, level, last);
		r = FN(unmap_slot)(op, node, level, iova, end);
		if (r || end == last)
			return r;
	}
}

/* The table at `level` that `iova` leads to is empty: takes it out, and those
 * above it that are then empty too. */
static void FN(prune)(struct iomm_engine_op *op, uint64_t iova, uint32_t level)
{
	uint32_t l, start = op->pgtable->start_level;
	struct iomm_node *node = op->pgtable->root;
	struct iomm_node *path[FMT_LEVELS];

	for (l = start; l < level; l++) {
		path[l] = node;
		node = iomm_node_child(node, FN(slot)(iova, l));
	}
	while (l > start && iomm_node_empty(node)) {
		node = path[--l];
		FN(unlink)(op, node, l, FN(slot)(iova, l));
	}
}

/* Unmapping in general. */
static __attribute__((noinline)) int
FN(unmap_range)(struct iomm_pgtable *pgtable, uint64_t iova, uint64_t last,
		struct iomm_gather *gather, uint64_t *unmapped)
{
	struct iomm_engine_op op;
	struct iomm_node *node;
	uint32_t level;
	int r;

	iomm_op_init(&op, pgtable);
	op.gather = gather;
	node = FN(descend)(pgtable, iova, last, true, &level);
	r = FN(unmap_table)(&op, node, level, iova, last);
	if (op.unmapped && iomm_node_empty(node))
		FN(prune)(&op, iova, level);
	iomm_op_sync(&op);
	*unmapped = op.unmapped;
	return r;
}

static __attribute__((noinline)) void
FN(prune_warm)(struct iomm_pgtable *pgtable, uint64_t iova,
	       struct iomm_gather *gather)
{
	struct iomm_engine_op op;

	iomm_op_init(&op, pgtable);
	op.gather = gather;
	FN(prune)(&op, iova, FMT_LAST);
}

static int FN(unmap)(struct iomm_pgtable *pgtable, uint64_t iova, uint64_t last,
		     struct iomm_gather *gather, uint64_t *unmapped)
{
	struct iomm_node *node = FN(warm)(pgtable, iova, last, true);
	uint32_t count, span = 0;

	if (!node || pgtable->synced ||
	    !iomm_gather_fits(gather, iova, last, FMT_GRANULE))
		return FN(unmap_range)(pgtable, iova, last, gather, unmapped);
	/* The short way: pages in the table that was used last. */
	count = FN(clear_slots)(FN(desc)(node, FN(slot)(iova, FMT_LAST)),
				FN(pages)(iova, last), &span);
	if (!count)
		return 0;
	iomm_node_sub(node, count);
	iomm_gather_note(gather, iova,
			 iova + ((uint64_t)span << FMT_PAGE_SHIFT) - 1,
			 FMT_GRANULE);
	if (iomm_node_empty(node))
		FN(prune_warm)(pgtable, iova, gather);
	*unmapped = (uint64_t)count << FMT_PAGE_SHIFT;
	return 0;
}
