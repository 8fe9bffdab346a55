/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Part of engine.h: replacing what is mapped by something that says the same in
 * another shape, or the same address with other attributes. */

static inline uint64_t
FN(leaf_at)(const struct iomm_node *node, uint32_t level, uint32_t slot)
{
	uint64_t desc = iomm_desc_load(FN(desc)(node, slot));

	return FMT_KIND(desc, level) == IOMM_DESC_LEAF ? desc : 0;
}

/* How entries are remade: `old & keep | set`; what is dirty stays dirty. */
struct FN(remake) {
	uint64_t keep, set;
	bool dirt;    /* of the old leaf stays */
	bool spread;  /* and is that of all: hardware notes a run's anywhere */
	bool hitless; /* in place, where the walkers bear it */
};

static inline uint64_t FN(remade)(const struct FN(remake) * how, uint64_t old)
{
	uint64_t desc = (old & how->keep) | how->set;

	if (how->dirt && FMT_DIRTY(old))
		desc ^= old ^ FMT_CLEAN(old);
	return desc;
}

/* Hardware may note a write at any moment: it must not get lost. */
static void FN(remake_in_place)(uint64_t *desc, uint32_t level, uint32_t count,
				const struct FN(remake) * how)
{
	uint32_t n;
	uint64_t old;

	for (n = 0; n < count; n++) {
		do {
			old = iomm_desc_load(desc + n);
			if (FMT_KIND(old, level) != IOMM_DESC_LEAF)
				break;
		} while (!iomm_desc_replace(desc + n, old,
					    FN(remade)(how, old)));
	}
}

static void FN(break_leaves)(uint64_t *desc, uint32_t level, uint32_t count)
{
	uint32_t n;
	uint64_t old;

	for (n = 0; n < count; n++) {
		do {
			old = iomm_desc_load(desc + n);
			if (FMT_KIND(old, level) != IOMM_DESC_LEAF)
				break;
		} while (!iomm_desc_replace(desc + n, old, FMT_BROKEN(old)));
	}
}

/* What tells a dirty leaf from a clean one, if any of these is dirty; else 0. */
static uint64_t FN(find_dirt)(const uint64_t *desc, uint32_t count)
{
	uint32_t n;
	uint64_t old;

	for (n = 0; n < count; n++) {
		old = FMT_WHOLE(iomm_desc_load(desc + n));
		if (FMT_DIRTY(old))
			return old ^ FMT_CLEAN(old);
	}
	return 0;
}

/* Without `how`, as they were. */
static void
FN(mend_leaves)(uint64_t *desc, uint32_t count, const struct FN(remake) * how)
{
	uint64_t old,
		dirt = how && how->spread ? FN(find_dirt)(desc, count) : 0;
	uint32_t n;

	for (n = 0; n < count; n++) {
		old = iomm_desc_load(desc + n);
		if (!old || FMT_VALID(old))
			continue;
		old = FMT_WHOLE(old);
		if (dirt && !FMT_DIRTY(old))
			old ^= dirt;
		iomm_desc_publish(desc + n, how ? FN(remade)(how, old) : old);
	}
}

/*
 * Remakes the leaves among `count` slots of a table that is locked. Break
 * before make (DDI 0487, D8.17): the old ones are made invalid, invalidated, and
 * only then the new ones written, so that no walker ever has both in its TLB.
 * When the flush fails the old ones come back; what a walker may have cached of
 * them is right again. Hitless: in place, then invalidated.
 */
static int FN(remake_leaves)(struct iomm_engine_op *op, struct iomm_node *node,
			     uint32_t level, uint32_t slot, uint32_t count,
			     uint64_t iova, const struct FN(remake) * how)
{
	uint64_t *desc = FN(desc)(node, slot);
	uint64_t size = FN(size)(level);
	uint64_t last = iova + ((uint64_t)count << FN(shift)(level)) - 1;
	int r;

	if (how->hitless) {
		FN(remake_in_place)(desc, level, count, how);
		iomm_op_mark(op, level, node, slot, slot + count - 1);
		return iomm_op_flush(op, iova, last, size, 0);
	}
	FN(break_leaves)(desc, level, count);
	iomm_op_mark(op, level, node, slot, slot + count - 1);
	r = iomm_op_flush(op, iova, last, size, 0);
	FN(mend_leaves)(desc, count, r ? NULL : how);
	iomm_op_mark(op, level, node, slot, slot + count - 1);
	/* The last word goes to the walkers before the lock is open. */
	iomm_op_sync(op);
	return r;
}

/* In place, a write that hardware notes could get lost between two shapes. */
static inline bool FN(hitless)(const struct iomm_engine_op *op)
{
	return (op->pgtable->flags &
		(IOMM_PGTABLE_HITLESS | IOMM_PGTABLE_DIRTY)) ==
	       IOMM_PGTABLE_HITLESS;
}

/* Contiguous runs */

static inline bool
FN(in_run)(const struct iomm_node *node, uint32_t level, uint32_t slot)
{
	return FMT_CONT_SHIFT(level) &&
	       (FN(leaf_at)(node, level, slot) & FMT_CONT);
}

/* Makes single leaves of the run that a slot is in. The table is locked. */
static int FN(dissolve)(struct iomm_engine_op *op, struct iomm_node *node,
			uint32_t level, uint32_t slot, uint64_t iova)
{
	const struct FN(remake) how = {
		.keep = ~(uint64_t)FMT_CONT,
		.spread = op->pgtable->flags & IOMM_PGTABLE_DIRTY,
		.hitless = FN(hitless)(op),
	};
	uint32_t run = FN(run)(level);
	uint64_t mask = ((uint64_t)run << FN(shift)(level)) - 1;

	return FN(remake_leaves)(op, node, level, slot & ~(run - 1), run,
				 iova & ~mask, &how);
}

/* Dissolves the run at `iova` that [first, last] does not cover. */
static int
FN(cut_run)(struct iomm_engine_op *op, struct iomm_node *node, uint32_t level,
	    uint64_t iova, uint64_t first, uint64_t last)
{
	uint32_t slot = FN(slot_in)(op->pgtable, iova, level);
	uint64_t mask;

	if (!FN(in_run)(node, level, slot))
		return 0;
	mask = (FN(size)(level) << FMT_CONT_SHIFT(level)) - 1;
	if ((iova & ~mask) >= first && (iova | mask) <= last)
		return 0;
	return FN(dissolve)(op, node, level, slot, iova);
}

/* The runs that the operation cuts, from where it is to `last` in this table,
 * which is locked. What it has left behind may be in a run by now. */
static int FN(cut_runs)(struct iomm_engine_op *op, struct iomm_node *node,
			uint32_t level, uint64_t last)
{
	int r;

	if (!FMT_CONT_SHIFT(level) || !op->pgtable->has_runs)
		return 0;
	r = FN(cut_run)(op, node, level, op->iova, op->iova, last);
	return r ? r : FN(cut_run)(op, node, level, last, op->iova, last);
}

/* All the runs in the range. The table is locked. */
static int FN(dissolve_all)(struct iomm_engine_op *op, struct iomm_node *node,
			    uint32_t level, uint64_t iova, uint64_t last)
{
	uint64_t size = FN(size)(level);
	uint32_t slot;
	int r = 0;

	for (;; iova += size) {
		slot = FN(slot_in)(op->pgtable, iova, level);
		if (FN(in_run)(node, level, slot))
			r = FN(dissolve)(op, node, level, slot, iova);
		if (r || last - iova < size)
			return r;
	}
}

/* Splits */

/* Maps all of a leaf again below a new table. */
static int FN(map_split)(struct iomm_engine_op *op, struct iomm_node *child,
			 uint32_t level, uint64_t desc, uint64_t base)
{
	struct iomm_engine_op build;
	int r;

	iomm_op_init(&build, op->pgtable, IOMM_ACT_MAP);
	build.detached = true;
	build.raw = op->raw;
	build.generation = op->generation;
	build.more = NULL;
	build.first = base;
	build.iova = base;
	build.last = base + (FN(size)(level) - 1);
	build.paddr = FMT_LEAF_PA(desc, level);
	build.attrs = FMT_ATTRS(desc);
	build.leaf_levels = op->leaf_levels;
	build.run_levels = op->run_levels;
	build.exact = false;
	if (op->shared)
		build.kept = op->kept;
	r = FN(map_table)(&build, child, level + 1, build.last, true);
	if (op->shared)
		op->kept = build.kept;
	op->generation = build.generation;
	return r;
}

/* Puts `to` in the place of `from`; IOMM_RETRY when that is not there. When the
 * flush fails `from` is back, but `to` stays where that was hitless. The leaves
 * that walkers may have cached are of `page_size`. */
static int
FN(exchange)(struct iomm_engine_op *op, struct iomm_node *node, uint32_t level,
	     uint64_t base, uint64_t from, uint64_t to, bool hitless,
	     uint64_t page_size, uint32_t flags)
{
	uint32_t slot = FN(slot_in)(op->pgtable, base, level);
	uint64_t *desc = FN(desc)(node, slot);
	uint64_t size = FN(size)(level);
	int r;

	if (!iomm_desc_replace(desc, from, hitless ? to : FMT_BROKEN(from)))
		return IOMM_RETRY;
	iomm_op_mark(op, level, node, slot, slot);
	r = iomm_op_flush(op, base, base + (size - 1), page_size, flags);
	if (hitless)
		return r;
	iomm_desc_publish(desc, r ? from : to);
	iomm_op_mark(op, level, node, slot, slot);
	iomm_op_sync(op);
	return r;
}

/*
 * Puts a table in the place of the leaf `desc`. It goes into the books first, so
 * that a reader finds the one or the other; but all of it is locked until the
 * leaf is gone, since what a writer changes in it must be so for the walkers.
 */
static int FN(replace_leaf)(struct iomm_engine_op *op, struct iomm_node *node,
			    uint32_t level, uint64_t base, uint64_t desc,
			    struct iomm_node *child)
{
	uint32_t slot = FN(slot_in)(op->pgtable, base, level);
	uint64_t table = FMT_TABLE(op->pgtable, iomm_node_pa(child));
	uint64_t *at = FN(desc)(node, slot);
	bool hitless = op->pgtable->flags & IOMM_PGTABLE_HITLESS;
	int r;

	/* Somebody else has split or changed it meanwhile; or hardware has. What
	 * is not valid now that nobody else is at work was never ours. */
	if (!iomm_node_child(node, slot) &&
	    iomm_desc_load(at) == FMT_BROKEN(desc))
		iomm_desc_clear(at);
	if (iomm_node_child(node, slot) || iomm_desc_load(at) != desc)
		return IOMM_RETRY;
	r = FN(cut_run)(op, node, level, base, base,
			base + (FN(size)(level) - 1));
	if (r)
		return r;
	iomm_op_sync_tree(op->pgtable, child, FMT_GRANULE);
	if (op->shared)
		iomm_node_revive(child, IOMM_NODE_LOCKED);
	iomm_node_adopt(node, slot, child);
	r = FN(exchange)(op, node, level, base, desc & ~(uint64_t)FMT_CONT,
			 table, hitless, FN(size)(level), 0);
	/* In place, the walkers have seen the table, flushed or not. */
	if (r == IOMM_RETRY || (r && !hitless)) {
		iomm_node_disown(node, slot);
		if (op->shared)
			iomm_node_revive(child, IOMM_NODE_DEAD);
		return r;
	}
	iomm_node_sub(node, 1);
	if (op->shared)
		iomm_node_revive(child, 0);
	return r;
}

/*
 * Splits one leaf into leaves of the levels that the operation may use. What is
 * mapped stays as it is.
 */
static int
FN(split)(struct iomm_engine_op *op, struct iomm_node *node, uint32_t level)
{
	struct iomm_pgtable *pgtable = op->pgtable;
	uint32_t slot = FN(slot_in)(pgtable, op->iova, level);
	uint64_t base = op->iova & ~(FN(size)(level) - 1);
	uint64_t desc = FN(read)(node, slot);
	struct iomm_node *child;
	int r;

	if (FMT_KIND(desc, level) != IOMM_DESC_LEAF)
		return IOMM_RETRY;
	r = iomm_node_make_room(pgtable, node, slot, FMT_SLOTS);
	if (r)
		return r;
	r = iomm_op_table(op, level + 1, &child);
	if (r)
		return r;
	r = FN(map_split)(op, child, level, desc, base);
	if (r || !iomm_op_lock(op, node)) {
		iomm_op_discard(op, child);
		return r ? r : IOMM_RETRY;
	}
	r = FN(replace_leaf)(op, node, level, base, desc, child);
	if (iomm_node_child(node, slot) == child)
		child = NULL;
	iomm_op_unlock(op, node);
	/* Readers may have seen it: it is none to be kept. */
	if (child)
		iomm_node_discard(pgtable, NULL, child);
	return r;
}
