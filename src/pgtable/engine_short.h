/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Part of engine.h: the short ways, for pages in one table of the last level that
 * is known, or found quickly. They take the public calls as they come, do what
 * is plain, and leave all else to the functions that check step by step.
 */

/* Are these whole leaves of the level, and in a table that spans so much?
 * `offset` counts from the first address of the table. */
static inline bool
FN(inside)(uint64_t offset, uint64_t bytes, uint32_t level, uint64_t span)
{
	return offset < span && bytes - 1 < span - offset &&
	       !((offset | bytes) & (FN(size)(level) - 1));
}

/* Is this a run, or more than one? Then the long way. */
static inline bool FN(many)(const struct iomm_pgtable *pgtable, uint32_t level,
			    uint64_t iova, uint64_t paddr, uint64_t bytes)
{
	uint64_t run = FN(size)(level) << FMT_CONT_SHIFT(level);

	return FMT_CONT_SHIFT(level) && bytes >= run &&
	       (pgtable->run_levels >> level & 1) &&
	       !((iova ^ paddr) & (run - 1));
}

/* Is there nothing special about a map of less than 2^63 bytes, in leaves of
 * this level? */
static inline bool
FN(plain)(const struct iomm_pgtable *pgtable, uint32_t level, uint64_t iova,
	  uint64_t paddr, uint64_t bytes, uint64_t attrs, uint32_t flags)
{
	/* The last is a power of two less one: so one look is enough. */
	return attrs && !flags &&
	       (paddr | (paddr + (bytes - 1))) <= pgtable->last_paddr &&
	       !(paddr & (FN(size)(level) - 1)) &&
	       !FN(many)(pgtable, level, iova, paddr, bytes);
}

/* Both for the commonest call: one page? */
static inline bool FN(one_plain)(const struct iomm_pgtable *pgtable,
				 uint64_t offset, uint64_t span, uint64_t paddr,
				 uint64_t bytes, uint64_t attrs, uint32_t flags)
{
	return bytes == FMT_GRANULE && offset < span &&
	       !(offset & (FMT_GRANULE - 1)) && attrs && !flags &&
	       !(paddr & pgtable->no_paddr);
}

static inline __attribute__((always_inline)) int
FN(map_one)(struct iomm_pgtable *pgtable, struct iomm_node *node, uint32_t slot,
	    uint64_t iova, uint64_t paddr, uint64_t attrs, uint64_t *mapped)
{
	uint64_t *desc = FN(desc)(node, slot);

	if (FMT_VALID(iomm_desc_load(desc))) {
		*mapped = 0;
		return iomm_exists(pgtable, iova);
	}
	iomm_desc_publish(desc, FMT_LEAF(paddr, attrs, FMT_LAST));
	iomm_node_add(node, 1, FMT_SLOTS);
	*mapped = FMT_GRANULE;
	return 0;
}

static inline __attribute__((always_inline)) int
FN(map_few)(struct iomm_pgtable *pgtable, struct iomm_node *node,
	    uint32_t level, uint32_t slot, uint64_t iova, uint64_t bytes,
	    uint64_t paddr, uint64_t attrs, uint64_t *mapped)
{
	uint32_t count = (uint32_t)(bytes >> FN(shift)(level));
	uint32_t n = level == FMT_LAST ? FN(fill_pages)(pgtable, node, slot,
							paddr, attrs, count)
				       : FN(fill_slots)(node, level, slot,
							paddr, attrs, count);

	*mapped = (uint64_t)n << FN(shift)(level);
	return n == count ? 0 : iomm_exists(pgtable, iova + *mapped);
}

/* Would a run be cut? Or perhaps: what is not valid may look like one. */
static inline bool
FN(cuts_run)(const struct iomm_node *node, uint32_t slot, uint32_t count)
{
	const uint64_t *desc = FN(desc)(node, slot);

	return FMT_CONT_SHIFT(FMT_LAST) &&
	       ((iomm_desc_load(desc) | iomm_desc_load(desc + count - 1)) &
		FMT_CONT);
}

/* Clears pages of one table, and notes them, but for holes at both ends. Tells
 * whether that has left it empty. */
static inline __attribute__((always_inline)) bool
FN(unmap_few)(struct iomm_pgtable *pgtable, struct iomm_node *node,
	      uint32_t slot, uint32_t count, uint64_t iova,
	      struct iomm_gather *gather, uint64_t *unmapped)
{
	uint32_t first = FN(find_leaf)(node, FMT_LAST, slot, count);
	uint32_t cleared, span = 0;

	cleared = FN(clear_pages)(pgtable, FN(desc)(node, slot + first),
				  count - first, &span);
	iova += (uint64_t)first << FMT_PAGE_SHIFT;
	*unmapped = (uint64_t)cleared << FMT_PAGE_SHIFT;
	if (!cleared)
		return false;
	iomm_gather_extend(gather, iova,
			   iova + ((uint64_t)span << FMT_PAGE_SHIFT) - 1);
	return !iomm_node_sub(node, cleared);
}

/* One page; false: it is not mapped, or more than it would change. */
static inline __attribute__((always_inline)) bool
FN(unmap_one)(struct iomm_node *node, uint64_t offset, uint64_t iova,
	      struct iomm_gather *gather, uint64_t *unmapped)
{
	uint64_t *desc = FN(desc)(node, (uint32_t)(offset >> FMT_PAGE_SHIFT));
	uint64_t old = iomm_desc_load(desc);

	if (FMT_KIND(old, FMT_LAST) != IOMM_DESC_LEAF ||
	    (FMT_CONT_SHIFT(FMT_LAST) && (old & FMT_CONT)) ||
	    iomm_node_live(node) < 2)
		return false;
	iomm_desc_clear(desc);
	(void)iomm_node_sub(node, 1);
	iomm_gather_extend(gather, iova, iova + (FMT_GRANULE - 1));
	*unmapped = FMT_GRANULE;
	return true;
}

static __attribute__((noinline)) int
FN(prune_few)(struct iomm_pgtable *pgtable, uint64_t iova,
	      struct iomm_gather *gather)
{
	struct iomm_engine_op op;

	iomm_op_init(&op, pgtable, IOMM_ACT_CLEAR);
	op.gather = gather;
	FN(prune)(&op, iova - pgtable->first_iova, FMT_LAST);
	iomm_op_sync(&op);
	return 0;
}

/* Exclusive: in the table that the cursor stands in, which the page table's own
 * does where it was used last. It is good while no table went out of use. */

static inline bool FN(is_good)(const struct iomm_cursor *cursor)
{
	return cursor->generation == iomm_pgtable_generation(cursor->pgtable);
}

/* The same a level up: blocks in the table above that was used last, if there
 * are no tables below, nor were any that walkers remember. */
static inline bool FN(in_tepid)(const struct iomm_pgtable *pgtable,
				uint64_t offset, uint64_t bytes)
{
	return (pgtable->leaf_levels >> (FMT_LAST - 1) & 1) && pgtable->warms &&
	       FN(inside)(offset, bytes, FMT_LAST - 1, pgtable->tepid.span) &&
	       !iomm_node_used(pgtable->tepid.node) &&
	       !iomm_pgtable_has_pruned(pgtable);
}

static __attribute__((noinline)) int
FN(map_blocks)(struct iomm_cursor *cursor, uint64_t iova, uint64_t paddr,
	       uint64_t bytes, uint32_t prot, uint32_t flags, uint64_t *mapped)
{
	struct iomm_pgtable *pgtable = cursor->pgtable;
	uint64_t offset = iova - pgtable->tepid.first;
	uint64_t attrs = iomm_encoded(pgtable, prot);

	if (FN(in_tepid)(pgtable, offset, bytes) && mapped &&
	    FN(plain)(pgtable, FMT_LAST - 1, iova, paddr, bytes, attrs, flags))
		return FN(
			map_few)(pgtable, pgtable->tepid.node, FMT_LAST - 1,
				 (uint32_t)(offset >> FN(shift)(FMT_LAST - 1)),
				 iova, bytes, paddr, attrs, mapped);
	return iomm_cursor_map_far(cursor, iova, paddr, bytes, prot, flags,
				   mapped);
}

static __attribute__((noinline)) int
FN(map_pages)(struct iomm_cursor *cursor, uint64_t iova, uint64_t paddr,
	      uint64_t bytes, uint32_t prot, uint32_t flags, uint64_t *mapped)
{
	struct iomm_pgtable *pgtable = cursor->pgtable;
	uint64_t offset = iova - cursor->first;
	uint64_t attrs = iomm_encoded(pgtable, prot);

	if (FN(inside)(offset, bytes, FMT_LAST, cursor->span) &&
	    FN(is_good)(cursor) && mapped &&
	    FN(plain)(pgtable, FMT_LAST, iova, paddr, bytes, attrs, flags))
		return FN(map_few)(pgtable, cursor->table, FMT_LAST,
				   (uint32_t)(offset >> FMT_PAGE_SHIFT), iova,
				   bytes, paddr, attrs, mapped);
	return FN(map_blocks)(cursor, iova, paddr, bytes, prot, flags, mapped);
}

static int
FN(map)(struct iomm_cursor *cursor, uint64_t iova, uint64_t paddr,
	uint64_t bytes, uint32_t prot, uint32_t flags, uint64_t *mapped)
{
	struct iomm_pgtable *pgtable = cursor->pgtable;
	uint64_t offset = iova - cursor->first;
	uint64_t attrs = iomm_encoded(pgtable, prot);

	if (FN(one_plain)(pgtable, offset, cursor->span, paddr, bytes, attrs,
			  flags) &&
	    FN(is_good)(cursor) && mapped)
		return FN(map_one)(pgtable, cursor->table,
				   (uint32_t)(offset >> FMT_PAGE_SHIFT), iova,
				   paddr, attrs, mapped);
	return FN(map_pages)(cursor, iova, paddr, bytes, prot, flags, mapped);
}

/* With a whole table the table goes: that is for the long way. */
static __attribute__((noinline)) int
FN(unmap_pages)(struct iomm_cursor *cursor, uint64_t iova, uint64_t bytes,
		struct iomm_gather *gather, uint64_t *unmapped)
{
	struct iomm_pgtable *pgtable = cursor->pgtable;
	uint64_t offset = iova - cursor->first;
	uint32_t slot = (uint32_t)(offset >> FMT_PAGE_SHIFT);
	uint32_t count = (uint32_t)(bytes >> FMT_PAGE_SHIFT);

	if (!FN(inside)(offset, bytes, FMT_LAST, cursor->span) ||
	    !FN(is_good)(cursor) || !unmapped || count == FMT_SLOTS ||
	    !iomm_gather_goes_on(gather, pgtable, iova, iova + (bytes - 1),
				 FMT_GRANULE) ||
	    FN(cuts_run)(cursor->table, slot, count))
		return iomm_cursor_unmap_far(cursor, iova, bytes, gather,
					     unmapped);
	if (FN(unmap_few)(pgtable, cursor->table, slot, count, iova, gather,
			  unmapped))
		return FN(prune_few)(pgtable, iova, gather);
	return 0;
}

static int FN(unmap)(struct iomm_cursor *cursor, uint64_t iova, uint64_t bytes,
		     struct iomm_gather *gather, uint64_t *unmapped)
{
	uint64_t offset = iova - cursor->first;

	if (bytes == FMT_GRANULE && offset < cursor->span &&
	    !(offset & (FMT_GRANULE - 1)) && FN(is_good)(cursor) && unmapped &&
	    iomm_gather_goes_on(gather, cursor->pgtable, iova,
				iova + (FMT_GRANULE - 1), FMT_GRANULE) &&
	    FN(unmap_one)(cursor->table, offset, iova, gather, unmapped))
		return 0;
	return FN(unmap_pages)(cursor, iova, bytes, gather, unmapped);
}

/*
 * Shared: down to the table, and under its lock. In the place of the page table's
 * own cursor each thread has one, with the lock that it keeps; see sharing.h.
 */

/* A table of the last level that is the caller's for a moment. */
struct FN(hold) {
	struct iomm_node *node;
	struct iomm_place *place; /* NULL: the cursor is the caller's */
	uint32_t writing;	  /* not 0: kept, so the lock was not taken */
};

/* Locks the table of the last level that was found since `generation`. */
static inline bool FN(lock_few)(struct iomm_pgtable *pgtable,
				struct iomm_node *node, uint64_t generation)
{
	if (!iomm_node_lock(pgtable, node))
		return false;
	if (atomic_load_explicit(&pgtable->generation, memory_order_relaxed) ==
	    generation)
		return true;
	iomm_node_unlock(node);
	return false;
}

/* The table that the cursor stands in. One that is kept is alive and where it
 * was ever since: who buries it takes the lock over. */
static inline __attribute__((always_inline)) bool
FN(hold_here)(struct iomm_pgtable *pgtable, const struct iomm_cursor *cursor,
	      uint64_t iova, uint64_t bytes, struct FN(hold) * hold)
{
	struct iomm_node *node = cursor->table;

	if (!FN(inside)(iova - cursor->first, bytes, FMT_LAST, cursor->span))
		return false;
	hold->node = node;
	if (hold->place && hold->place->keeps) {
		hold->writing = iomm_place_enter(hold->place, node);
		if (hold->writing)
			return true;
		iomm_place_lost(hold->place);
	}
	return iomm_pgtable_generation(pgtable) == cursor->generation &&
	       FN(lock_few)(pgtable, node, cursor->generation);
}

/* The table of the last level that holds all of the range; `cursor`, which may
 * be NULL, is put there. False: take the long way. */
static __attribute__((noinline)) bool
FN(hold_leaf)(struct iomm_pgtable *pgtable, struct iomm_cursor *cursor,
	      uint64_t iova, uint64_t bytes, struct FN(hold) * hold)
{
	uintptr_t generation = iomm_pgtable_generation(pgtable);
	uint64_t offset = iova - pgtable->first_iova;
	uint32_t level;

	if (!pgtable->warms || !iomm_is_range(pgtable, offset, bytes))
		return false;
	hold->node = FN(descend)(pgtable, offset, offset + (bytes - 1), false,
				 &level);
	if (level != FMT_LAST || !FN(lock_few)(pgtable, hold->node, generation))
		return false;
	if (hold->place)
		iomm_place_leave(hold->place);
	if (cursor)
		FN(stand)(cursor, hold->node, offset, generation);
	return true;
}

static inline __attribute__((always_inline)) bool
FN(hold)(struct iomm_cursor *cursor, uint64_t iova, uint64_t bytes,
	 struct FN(hold) * hold)
{
	struct iomm_pgtable *pgtable = cursor->pgtable;

	hold->place = NULL;
	hold->writing = 0;
	if (cursor == &pgtable->own) {
		hold->place = iomm_pgtable_place(pgtable);
		cursor = hold->place ? &hold->place->cursor : NULL;
	}
	return (cursor && FN(hold_here)(pgtable, cursor, iova, bytes, hold)) ||
	       FN(hold_leaf)(pgtable, cursor, iova, bytes, hold);
}

static inline void
FN(let_go)(const struct iomm_pgtable *pgtable, const struct FN(hold) * hold)
{
	if (hold->writing)
		iomm_place_exit(hold->place, hold->writing);
	else if (hold->place)
		iomm_place_unlock(pgtable->sharing, hold->place, hold->node);
	else
		iomm_node_unlock(hold->node);
}

static int
FN(map_shared)(struct iomm_cursor *cursor, uint64_t iova, uint64_t paddr,
	       uint64_t bytes, uint32_t prot, uint32_t flags, uint64_t *mapped)
{
	struct iomm_pgtable *pgtable = cursor->pgtable;
	uint64_t attrs = iomm_encoded(pgtable, prot);
	struct FN(hold) hold;
	uint32_t slot;
	int r;

	if (!mapped ||
	    !FN(plain)(pgtable, FMT_LAST, iova, paddr, bytes, attrs, flags) ||
	    !FN(hold)(cursor, iova, bytes, &hold))
		return iomm_cursor_map_far(cursor, iova, paddr, bytes, prot,
					   flags, mapped);
	slot = FN(slot_in)(pgtable, iova - pgtable->first_iova, FMT_LAST);
	r = bytes == FMT_GRANULE
		    ? FN(map_one)(pgtable, hold.node, slot, iova, paddr, attrs,
				  mapped)
		    : FN(map_few)(pgtable, hold.node, FMT_LAST, slot, iova,
				  bytes, paddr, attrs, mapped);
	FN(let_go)(pgtable, &hold);
	return r;
}

static int
FN(unmap_shared)(struct iomm_cursor *cursor, uint64_t iova, uint64_t bytes,
		 struct iomm_gather *gather, uint64_t *unmapped)
{
	struct iomm_pgtable *pgtable = cursor->pgtable;
	uint32_t slot, count = (uint32_t)(bytes >> FMT_PAGE_SHIFT);
	struct FN(hold) hold;
	bool cuts, empty;

	if (!unmapped || bytes >= FMT_GRANULE << FMT_BITS ||
	    !iomm_gather_goes_on(gather, pgtable, iova, iova + (bytes - 1),
				 FMT_GRANULE) ||
	    !FN(hold)(cursor, iova, bytes, &hold))
		return iomm_cursor_unmap_far(cursor, iova, bytes, gather,
					     unmapped);
	slot = FN(slot_in)(pgtable, iova - pgtable->first_iova, FMT_LAST);
	cuts = FN(cuts_run)(hold.node, slot, count);
	empty = !cuts && FN(unmap_few)(pgtable, hold.node, slot, count, iova,
				       gather, unmapped);
	FN(let_go)(pgtable, &hold);
	if (cuts)
		return iomm_cursor_unmap_far(cursor, iova, bytes, gather,
					     unmapped);
	return empty ? FN(prune_few)(pgtable, iova, gather) : 0;
}

/* Puts a cursor of the caller's where it was used just now. */
static void FN(settle)(struct iomm_cursor *cursor, uint64_t iova)
{
	struct iomm_pgtable *pgtable = cursor->pgtable;
	uintptr_t generation = iomm_pgtable_generation(pgtable);
	struct iomm_node *node;
	uint32_t level;

	cursor->span = 0;
	if (!pgtable->warms)
		return;
	node = FN(descend)(pgtable, iova, iova, false, &level);
	if (level == FMT_LAST)
		FN(stand)(cursor, node, iova, generation);
}
