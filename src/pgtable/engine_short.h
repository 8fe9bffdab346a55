/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Part of engine.h: the short ways, for a few pages in one table of the last
 * level, and the entries to the long ones. */

/* Is this a run, or more than one? Then the long way. */
static inline bool FN(many)(const struct iomm_pgtable *pgtable, uint64_t iova,
			    uint64_t paddr, uint32_t count)
{
	uint64_t mask = (FMT_GRANULE << FMT_CONT_SHIFT(FMT_LAST)) - 1;

	return FMT_CONT_SHIFT(FMT_LAST) && count >= FN(run)(FMT_LAST) &&
	       (pgtable->run_levels >> FMT_LAST & 1) &&
	       !((iova ^ paddr) & mask);
}

/* Locks the table of the last level that was found since `generation`. */
static inline bool FN(lock_few)(struct iomm_pgtable *pgtable,
				struct iomm_node *node, uint64_t generation)
{
	if (!iomm_node_lock(pgtable->object.ctx, node))
		return false;
	if (atomic_load_explicit(&pgtable->generation, memory_order_relaxed) ==
	    generation)
		return true;
	iomm_node_unlock(node);
	return false;
}

/* The table of the last level of a shared table that holds all of the range,
 * locked. NULL: take the long way. */
static inline struct iomm_node *
FN(few)(struct iomm_pgtable *pgtable, uint64_t iova, uint64_t last, bool above)
{
	uintptr_t generation = iomm_pgtable_generation(pgtable);
	struct iomm_node *node;
	uint32_t level;

	if (!pgtable->readers || pgtable->synced)
		return NULL;
	node = FN(descend)(pgtable, iova, last, above, &level);
	if (level != FMT_LAST || !FN(lock_few)(pgtable, node, generation))
		return NULL;
	return node;
}

static inline void
FN(leave)(struct iomm_pgtable *pgtable, struct iomm_node *node)
{
	if (pgtable->readers)
		iomm_node_unlock(node);
}

/* Mapping */

static inline __attribute__((always_inline)) int
FN(map_few)(struct iomm_pgtable *pgtable, struct iomm_node *node, uint64_t iova,
	    uint32_t count, uint64_t paddr, uint64_t attrs, uint64_t *mapped)
{
	uint32_t n = FN(fill_pages)(pgtable, node,
				    FN(slot_in)(pgtable, iova, FMT_LAST), paddr,
				    attrs, count);

	*mapped = (uint64_t)n << FMT_PAGE_SHIFT;
	return n == count ? 0 : iomm_exists(pgtable, iova + *mapped);
}

static __attribute__((noinline)) int
FN(map_far)(struct iomm_pgtable *pgtable, uint64_t iova, uint64_t last,
	    uint64_t paddr, uint64_t attrs, uint64_t *mapped)
{
	uint32_t count = FN(slots)(iova, last, FMT_LAST);
	struct iomm_node *node = NULL;
	int r;

	if (!FN(many)(pgtable, iova, paddr, count))
		node = FN(few)(pgtable, iova, last, false);
	if (!node)
		return FN(map_range)(pgtable, iova, last, paddr, attrs, mapped);
	r = FN(map_few)(pgtable, node, iova, count, paddr, attrs, mapped);
	iomm_node_unlock(node);
	return r;
}

/* An exclusive table knows the table that was used last. */
static int FN(map)(struct iomm_pgtable *pgtable, uint64_t iova, uint64_t last,
		   uint64_t paddr, uint64_t attrs, uint64_t *mapped)
{
	struct iomm_node *node = FN(warm)(pgtable, iova, last, false);
	uint32_t count = FN(slots)(iova, last, FMT_LAST);

	if (!node || FN(many)(pgtable, iova, paddr, count))
		return FN(map_far)(pgtable, iova, last, paddr, attrs, mapped);
	return FN(map_few)(pgtable, node, iova, count, paddr, attrs, mapped);
}

/* Unmapping */

static __attribute__((noinline)) int
FN(unmap_range)(struct iomm_pgtable *pgtable, uint64_t iova, uint64_t last,
		struct iomm_gather *gather, uint64_t *unmapped)
{
	struct iomm_engine_op op;
	int r;

	iomm_op_init(&op, pgtable, IOMM_ACT_CLEAR);
	op.gather = gather;
	op.first = op.iova = iova;
	op.last = last;
	op.leaf_levels = pgtable->leaf_levels;
	op.run_levels = pgtable->run_levels;
	r = FN(change)(&op);
	*unmapped = op.done;
	return r;
}

static __attribute__((noinline)) int
FN(prune_few)(struct iomm_pgtable *pgtable, uint64_t iova,
	      struct iomm_gather *gather)
{
	struct iomm_engine_op op;

	iomm_op_init(&op, pgtable, IOMM_ACT_CLEAR);
	op.gather = gather;
	FN(prune)(&op, iova, FMT_LAST);
	iomm_op_sync(&op);
	return 0;
}

/* Clears pages of one table; false: something in them needs the long way. */
static inline __attribute__((always_inline)) bool
FN(unmap_few)(struct iomm_pgtable *pgtable, struct iomm_node *node,
	      uint64_t iova, uint32_t count, struct iomm_gather *gather,
	      uint64_t *unmapped)
{
	uint32_t slot = FN(slot_in)(pgtable, iova, FMT_LAST), cleared, span = 0;
	uint64_t start = pgtable->first_iova + iova;

	if (FMT_CONT_SHIFT(FMT_LAST) && pgtable->has_runs &&
	    (FN(in_run)(node, FMT_LAST, slot) ||
	     FN(in_run)(node, FMT_LAST, slot + count - 1)))
		return false;
	cleared = FN(clear_pages)(pgtable, FN(desc)(node, slot), count, &span);
	if (!cleared)
		return true;
	iomm_node_sub(node, cleared);
	iomm_gather_note(gather, start,
			 start + ((uint64_t)span << FMT_PAGE_SHIFT) - 1,
			 FMT_GRANULE);
	*unmapped = (uint64_t)cleared << FMT_PAGE_SHIFT;
	return true;
}

static __attribute__((noinline)) int
FN(unmap_far)(struct iomm_pgtable *pgtable, uint64_t iova, uint64_t last,
	      struct iomm_gather *gather, uint64_t *unmapped)
{
	uint64_t base = pgtable->first_iova;
	struct iomm_node *node = NULL;
	bool done = false, empty;

	if (iomm_gather_fits(gather, base + iova, base + last, FMT_GRANULE))
		node = FN(few)(pgtable, iova, last, true);
	if (node) {
		done = FN(unmap_few)(pgtable, node, iova,
				     FN(slots)(iova, last, FMT_LAST), gather,
				     unmapped);
		empty = *unmapped && iomm_node_empty(node);
		iomm_node_unlock(node);
		if (empty)
			(void)FN(prune_few)(pgtable, iova, gather);
	}
	return done ? 0
		    : FN(unmap_range)(pgtable, iova, last, gather, unmapped);
}

static int FN(unmap)(struct iomm_pgtable *pgtable, uint64_t iova, uint64_t last,
		     struct iomm_gather *gather, uint64_t *unmapped)
{
	struct iomm_node *node = FN(warm)(pgtable, iova, last, true);
	uint64_t base = pgtable->first_iova;

	*unmapped = 0;
	if (!node ||
	    !iomm_gather_fits(gather, base + iova, base + last, FMT_GRANULE) ||
	    !FN(unmap_few)(pgtable, node, iova, FN(slots)(iova, last, FMT_LAST),
			   gather, unmapped))
		return FN(unmap_far)(pgtable, iova, last, gather, unmapped);
	return iomm_node_live(node) ? 0 : FN(prune_few)(pgtable, iova, gather);
}

/* Cursors */

/* The table that the cursor stands in, locked if it is shared, or NULL. */
static inline struct iomm_node *
FN(at_cursor)(struct iomm_pgtable *pgtable, const struct iomm_cursor *cursor,
	      uint64_t iova, uint64_t last)
{
	struct iomm_node *node = cursor->table;

	if (iova >> FMT_WARM_SHIFT != cursor->key ||
	    last >> FMT_WARM_SHIFT != cursor->key)
		return NULL;
	if (pgtable->readers)
		return FN(lock_few)(pgtable, node, cursor->generation) ? node
								       : NULL;
	return iomm_pgtable_generation(pgtable) == cursor->generation ? node
								      : NULL;
}

/* Puts the cursor where it was used just now. */
static __attribute__((noinline)) void
FN(settle)(struct iomm_pgtable *pgtable, struct iomm_cursor *cursor,
	   uint64_t iova)
{
	struct iomm_node *node;
	uint32_t level;

	cursor->key = IOMM_PGTABLE_COLD;
	if (pgtable->synced)
		return;
	cursor->generation = iomm_pgtable_generation(pgtable);
	node = FN(descend)(pgtable, iova, iova, false, &level);
	if (level != FMT_LAST)
		return;
	cursor->table = node;
	cursor->key = iova >> FMT_WARM_SHIFT;
}

static __attribute__((noinline)) int
FN(cursor_map_far)(struct iomm_cursor *cursor, uint64_t iova, uint64_t last,
		   uint64_t paddr, uint64_t attrs, uint64_t *mapped)
{
	int r = FN(map_range)(cursor->pgtable, iova, last, paddr, attrs,
			      mapped);

	FN(settle)(cursor->pgtable, cursor, last);
	return r;
}

static int
FN(cursor_map)(struct iomm_cursor *cursor, uint64_t iova, uint64_t last,
	       uint64_t paddr, uint64_t attrs, uint64_t *mapped)
{
	struct iomm_pgtable *pgtable = cursor->pgtable;
	uint32_t count = FN(slots)(iova, last, FMT_LAST);
	struct iomm_node *node =
		FN(many)(pgtable, iova, paddr, count)
			? NULL
			: FN(at_cursor)(pgtable, cursor, iova, last);
	int r;

	if (!node)
		return FN(cursor_map_far)(cursor, iova, last, paddr, attrs,
					  mapped);
	r = FN(map_few)(pgtable, node, iova, count, paddr, attrs, mapped);
	FN(leave)(pgtable, node);
	return r;
}

static __attribute__((noinline)) int
FN(cursor_unmap_far)(struct iomm_cursor *cursor, uint64_t iova, uint64_t last,
		     struct iomm_gather *gather, uint64_t *unmapped)
{
	int r = FN(unmap_range)(cursor->pgtable, iova, last, gather, unmapped);

	FN(settle)(cursor->pgtable, cursor, last);
	return r;
}

static int
FN(cursor_unmap)(struct iomm_cursor *cursor, uint64_t iova, uint64_t last,
		 struct iomm_gather *gather, uint64_t *unmapped)
{
	struct iomm_pgtable *pgtable = cursor->pgtable;
	uint32_t count = FN(slots)(iova, last, FMT_LAST);
	uint64_t base = pgtable->first_iova;
	struct iomm_node *node = NULL;
	bool done, empty;

	*unmapped = 0;
	/* With a whole table the table goes. */
	if (count < FMT_SLOTS &&
	    iomm_gather_fits(gather, base + iova, base + last, FMT_GRANULE))
		node = FN(at_cursor)(pgtable, cursor, iova, last);
	if (!node)
		return FN(cursor_unmap_far)(cursor, iova, last, gather,
					    unmapped);
	done = FN(unmap_few)(pgtable, node, iova, count, gather, unmapped);
	empty = *unmapped && iomm_node_empty(node);
	FN(leave)(pgtable, node);
	if (!done)
		return FN(cursor_unmap_far)(cursor, iova, last, gather,
					    unmapped);
	return empty ? FN(prune_few)(pgtable, iova, gather) : 0;
}
