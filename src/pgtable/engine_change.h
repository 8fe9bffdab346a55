/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Part of engine.h: what is done to the leaves of a range: unmapping them,
 * protecting, reading what is dirty, splitting. One walk for all. */

/* The first leaf among `count` slots. */
static inline uint32_t
FN(find_leaf)(const struct iomm_node *node, uint32_t level, uint32_t slot,
	      uint32_t count)
{
	uint32_t n = 0;

	while (n < count &&
	       FMT_KIND(FN(read)(node, slot + n), level) != IOMM_DESC_LEAF)
		n++;
	return n;
}

/* Clears leaves. Returns how many; `*span` tells up to which. */
static inline __attribute__((always_inline)) uint32_t
FN(clear_slots)(uint64_t *desc, uint32_t level, uint32_t count, uint32_t *span)
{
	uint32_t n, cleared = 0;

	for (n = 0; n < count; n++) {
		if (FMT_KIND(iomm_desc_load(desc + n), level) != IOMM_DESC_LEAF)
			continue;
		iomm_desc_clear(desc + n);
		cleared++;
		*span = n + 1;
	}
	return cleared;
}

#if FMT_VECTOR
/* Many pages: as far as all are mapped by vectors. */
static __attribute__((noinline)) uint32_t
FN(clear_many)(const struct iomm_vector *vector, uint64_t *desc, uint32_t count,
	       uint32_t *span)
{
	uint32_t head = (0u - (uint32_t)((uintptr_t)desc >> FMT_DESC_SHIFT)) &
			7;
	uint32_t cleared = FN(clear_slots)(desc, FMT_LAST, head, span);
	uint32_t n = vector->clear(desc + head, FMT_PAGE_BITS, count - head);
	uint32_t rest = 0;

	cleared += n;
	n += head;
	if (n > head)
		*span = n;
	cleared += FN(clear_slots)(desc + n, FMT_LAST, count - n, &rest);
	if (rest)
		*span = n + rest;
	return cleared;
}
#endif

static inline __attribute__((always_inline)) uint32_t
FN(clear_pages)(const struct iomm_pgtable *pgtable, uint64_t *desc,
		uint32_t count, uint32_t *span)
{
#if FMT_VECTOR
	if (count >= IOMM_VECTOR_MIN && pgtable->vector) {
		/* Whose address stays here. */
		uint32_t most = 0, cleared;

		cleared = FN(clear_many)(pgtable->vector, desc, count, &most);
		*span = most;
		return cleared;
	}
#endif
	(void)pgtable;
	return FN(clear_slots)(desc, FMT_LAST, count, span);
}

/* The same one by one, telling the caller what it was, as long as there is room
 * for that. Returns the slots that are done. */
static uint32_t
FN(clear_told)(struct iomm_engine_op *op, uint64_t *desc, uint32_t level,
	       uint32_t count, uint64_t iova, uint32_t *cleared)
{
	uint64_t old;
	uint32_t n;

	for (n = 0; n < count; n++, iova += FN(size)(level)) {
		struct iomm_extent extent = {
			.iova = op->pgtable->first_iova + iova,
			.bytes = FN(size)(level),
		};

		old = iomm_desc_load(desc + n);
		if (FMT_KIND(old, level) != IOMM_DESC_LEAF)
			continue;
		extent.paddr = FMT_LEAF_PA(old, level);
		extent.prot = FMT_OWN_PROT(op->pgtable, old);
		if (!iomm_extents_add(op->extents, &extent))
			break;
		iomm_desc_clear(desc + n);
		++*cleared;
	}
	return n;
}

/* What the actions do with `count` slots from `iova` on, whose table is locked.
 * `last` is where they end, or a little before in a leaf that is not split. */

static int FN(act_clear)(struct iomm_engine_op *op, struct iomm_node *node,
			 uint32_t level, uint32_t count, uint64_t last)
{
	uint64_t iova = op->iova;
	uint32_t slot = FN(slot_in)(op->pgtable, iova, level);
	uint64_t *desc = FN(desc)(node, slot);
	uint32_t cleared = 0, span = 0, told = count;
	int r = FN(cut_runs)(op, node, level, last);

	if (r)
		return r;
	if (op->extents)
		span = told =
			FN(clear_told)(op, desc, level, count, iova, &cleared);
	else if (level == FMT_LAST)
		cleared = FN(clear_pages)(op->pgtable, desc, count, &span);
	else
		cleared = FN(clear_slots)(desc, level, count, &span);
	if (cleared) {
		iomm_node_sub(node, cleared);
		iomm_op_mark(op, level, node, slot, slot + span - 1);
		iomm_op_note(op, iova,
			     iova + ((uint64_t)span << FN(shift)(level)) - 1,
			     FN(size)(level));
		op->done += (uint64_t)cleared << FN(shift)(level);
		op->changed = true;
	}
	if (told == count)
		return 0;
	op->iova = iova + ((uint64_t)told << FN(shift)(level));
	return -IOMM_EMSGSIZE;
}

/* Does a leaf among these come to other attributes by break-before-make only? */
static bool FN(must_break)(const struct iomm_node *node, uint32_t level,
			   uint32_t slot, uint32_t count, uint64_t attrs)
{
	uint64_t desc;
	uint32_t n;

	for (n = 0; n < count; n++) {
		desc = FN(leaf_at)(node, level, slot + n);
		if (desc && FMT_BREAK(FMT_ATTRS(desc), attrs))
			return true;
	}
	return false;
}

static uint32_t FN(count_leaves)(const struct iomm_node *node, uint32_t level,
				 uint32_t slot, uint32_t count)
{
	uint32_t n, leaves = 0;

	for (n = 0; n < count; n++)
		leaves += !!FN(leaf_at)(node, level, slot + n);
	return leaves;
}

static int FN(act_protect)(struct iomm_engine_op *op, struct iomm_node *node,
			   uint32_t level, uint32_t count, uint64_t last)
{
	uint32_t slot = FN(slot_in)(op->pgtable, op->iova, level);
	uint64_t bytes = (uint64_t)count << FN(shift)(level);
	struct FN(remake) how = {
		.keep = ~FMT_ATTRS(UINT64_MAX),
		.set = op->attrs,
		.dirt = op->writable,
	};
	uint32_t leaves;
	int r = FN(cut_runs)(op, node, level, last);

	if (r)
		return r;
	leaves = FN(count_leaves)(node, level, slot, count);
	if (!leaves)
		return 0;
	if (FN(must_break)(node, level, slot, count, op->attrs)) {
		r = FN(remake_leaves)(op, node, level, slot, count, op->iova,
				      &how);
		if (r)
			return r;
	} else {
		FN(remake_in_place)(FN(desc)(node, slot), level, count, &how);
		iomm_op_mark(op, level, node, slot, slot + count - 1);
		iomm_op_note(op, op->iova, op->iova + (bytes - 1),
			     FN(size)(level));
	}
	op->done += (uint64_t)leaves << FN(shift)(level);
	return 0;
}

/* Hardware may note a write in any leaf of a run for all of it. */
static bool
FN(read_dirty)(uint64_t *desc, uint32_t level, uint32_t count, bool keep)
{
	bool dirty = false;
	uint64_t old;
	uint32_t n;

	for (n = 0; n < count; n++) {
		do {
			old = iomm_desc_load(desc + n);
			if (FMT_KIND(old, level) != IOMM_DESC_LEAF ||
			    !FMT_DIRTY(old))
				break;
			dirty = true;
		} while (!keep &&
			 !iomm_desc_replace(desc + n, old, FMT_CLEAN(old)));
	}
	return dirty;
}

static int FN(act_dirty)(struct iomm_engine_op *op, struct iomm_node *node,
			 uint32_t level, uint32_t count, uint64_t last)
{
	uint32_t slot = FN(slot_in)(op->pgtable, op->iova, level), unit;
	uint64_t iova = op->iova & ~(FN(size)(level) - 1), end;
	bool keep;

	(void)last;
	for (; count; count -= unit, slot += unit, iova = end + 1) {
		unit = 1;
		if (FN(in_run)(node, level, slot)) {
			unit = FN(run)(level);
			count += slot & (unit - 1);
			slot &= ~(unit - 1);
			iova &= ~(((uint64_t)unit << FN(shift)(level)) - 1);
		}
		end = iova + ((uint64_t)unit << FN(shift)(level)) - 1;
		/* What is only in part asked for stays dirty for the rest. */
		keep = op->keep || iova < op->first || end > op->last;
		if (FN(read_dirty)(FN(desc)(node, slot), level, unit, keep)) {
			iomm_op_mark(op, level, node, slot, slot + unit - 1);
			if (!keep)
				iomm_op_note(op, iova, end, FN(size)(level));
			iomm_op_set_dirty(op, iova, end);
			op->done += end - iova + 1;
		}
		if (count < unit)
			count = unit;
	}
	return 0;
}

static int FN(act_split)(struct iomm_engine_op *op, struct iomm_node *node,
			 uint32_t level, uint64_t last)
{
	if (!FMT_CONT_SHIFT(level) || !op->pgtable->has_runs ||
	    FN(size)(level) << FMT_CONT_SHIFT(level) <= op->page_size)
		return 0;
	return FN(dissolve_all)(op, node, level, op->iova, last);
}

static int FN(act)(struct iomm_engine_op *op, struct iomm_node *node,
		   uint32_t level, uint32_t count, uint64_t last)
{
	switch (op->action) {
	case IOMM_ACT_CLEAR:
		return FN(act_clear)(op, node, level, count, last);
	case IOMM_ACT_PROTECT:
		return FN(act_protect)(op, node, level, count, last);
	case IOMM_ACT_DIRTY:
		return FN(act_dirty)(op, node, level, count, last);
	default:
		return FN(act_split)(op, node, level, last);
	}
}

/* Has one of these slots become a table since it was looked at? */
static bool FN(has_child)(const struct iomm_node *node, uint32_t level,
			  uint32_t slot, uint32_t count)
{
	uint32_t n;

	for (n = 0; level < FMT_LAST && n < count; n++)
		if (iomm_node_child(node, slot + n))
			return true;
	return false;
}

/* Nothing is mapped in these slots, as far as one can tell without a lock; if a
 * table was put there since, it has come into the books before its link, and is
 * looked at once more. */
static int
FN(hole)(struct iomm_engine_op *op, const struct iomm_node *node, uint32_t slot,
	 uint32_t level, uint32_t count, uint64_t last)
{
	if (!iomm_op_valid(op))
		return IOMM_RETRY;
	if (!FN(has_child)(node, level, slot, count))
		op->iova = last + 1;
	return 0;
}

/* Acts on what is mapped at one level up to `last`, all in this table, and in
 * no table below it. */
static int FN(change_leaves)(struct iomm_engine_op *op, struct iomm_node *node,
			     uint32_t level, uint64_t last)
{
	uint32_t slot = FN(slot_in)(op->pgtable, op->iova, level);
	uint32_t count = FN(slots)(op->iova, last, level);
	uint32_t first = FN(find_leaf)(node, level, slot, count);
	int r;

	if (first == count)
		return FN(hole)(op, node, slot, level, count, last);
	if (first)
		op->iova = (op->iova & ~(FN(size)(level) - 1)) +
			   ((uint64_t)first << FN(shift)(level));
	r = iomm_op_prepare(op, op->iova, last, FN(size)(level));
	if (r)
		return r;
	if (!iomm_op_lock(op, node))
		return IOMM_RETRY;
	if (FN(has_child)(node, level, slot + first, count - first))
		r = IOMM_RETRY;
	else
		r = FN(act)(op, node, level, count - first, last);
	iomm_op_unlock(op, node);
	if (!r)
		op->iova = last + 1;
	return r;
}

/* The walk */

static int FN(change_table)(struct iomm_engine_op *op, struct iomm_node *node,
			    uint32_t level, uint64_t last);

/* Must the leaf that [iova, last] lies in be split for what is to be done? */
static inline bool
FN(must_split)(const struct iomm_engine_op *op, uint32_t level, uint64_t last)
{
	switch (op->action) {
	case IOMM_ACT_DIRTY:
		return false;
	case IOMM_ACT_SPLIT:
		return FN(size)(level) > op->page_size;
	default:
		return last - op->iova != FN(size)(level) - 1;
	}
}

/* Leaves that follow each other, from the one that `iova` is in to `last` at
 * most: where the last of them ends. */
static uint64_t
FN(stretch)(const struct iomm_pgtable *pgtable, const struct iomm_node *node,
	    uint32_t level, uint64_t iova, uint64_t last)
{
	uint64_t end = FN(end)(iova, level, last);
	uint32_t slot = FN(slot_in)(pgtable, iova, level) + 1;

	for (; last - end >= FN(size)(level); slot++) {
		if (iomm_node_child(node, slot) ||
		    !FN(leaf_at)(node, level, slot))
			break;
		end += FN(size)(level);
	}
	return end;
}

/* What lies in one slot of a table above the last level, or in several when
 * they hold leaves. After a split the slot is looked at once more. */
static int FN(change_slot)(struct iomm_engine_op *op, struct iomm_node *node,
			   uint32_t level, uint64_t last)
{
	uint32_t slot = FN(slot_in)(op->pgtable, op->iova, level);
	struct iomm_node *child = iomm_node_child(node, slot);
	uint64_t end = FN(end)(op->iova, level, last);
	bool whole = end - op->iova == FN(size)(level) - 1;

	if (child && whole && op->action == IOMM_ACT_CLEAR && !op->extents)
		return FN(drop)(op, node, level);
	if (child)
		return FN(change_table)(op, child, level + 1, end);
	if (FMT_KIND(FN(read)(node, slot), level) != IOMM_DESC_LEAF) {
		return FN(hole)(op, node, slot, level, 1, end);
	}
	if (FN(must_split)(op, level, end))
		return FN(split)(op, node, level);
	end = FN(stretch)(op->pgtable, node, level, op->iova, last);
	return FN(change_leaves)(op, node, level, end);
}

/* Does the gather's flush reach the walkers that know the table which `iova` is
 * in? So it is for who has emptied it; and for who has not, the other will see
 * to it. */
static bool
FN(reaches)(const struct iomm_engine_op *op, const struct iomm_node *node,
	    uint32_t level, uint64_t iova)
{
	const struct iomm_gather *gather = op->gather;
	uint64_t span = FN(span)(op->pgtable, node, level);
	uint64_t first = op->pgtable->first_iova + (iova & ~(span - 1));

	return (gather->flags & IOMM_GATHER_RANGE) &&
	       gather->page_size <= span && gather->last >= first &&
	       gather->start <= first + (span - 1);
}

/* A table that the walk has emptied is taken out, with the walk's own feet in
 * it: so it begins anew. */
static int FN(change_table)(struct iomm_engine_op *op, struct iomm_node *node,
			    uint32_t level, uint64_t last)
{
	uint64_t inside = op->iova;
	int r;

	if (level == FMT_LAST)
		r = FN(change_leaves)(op, node, level, last);
	else
		do
			r = FN(change_slot)(op, node, level, last);
		while (!r && op->iova - 1 != last);
	if (op->changed && node != op->pgtable->root && iomm_node_empty(node) &&
	    FN(reaches)(op, node, level, inside)) {
		FN(prune)(op, inside, level);
		return r ? r : IOMM_RETRY;
	}
	return r;
}

static __attribute__((noinline)) int FN(change)(struct iomm_engine_op *op)
{
	bool above = op->action == IOMM_ACT_CLEAR;
	struct iomm_node *node;
	uint32_t level;
	int r;

	iomm_op_enter(op);
	do {
		iomm_op_begin(op);
		op->changed = false;
		node = FN(descend)(op->pgtable, op->iova, op->last, above,
				   &level);
		r = FN(change_table)(op, node, level, op->last);
	} while (r == IOMM_RETRY && op->iova - 1 != op->last);
	iomm_op_sync(op);
	iomm_op_exit(op);
	return r == IOMM_RETRY ? 0 : r;
}
