/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Part of engine.h: larger leaves and runs of smaller ones. */

/* Do `count` slots hold leaves that go on from one another, and do they begin
 * where one leaf of all their bytes could? */
static bool FN(uniform)(const struct iomm_node *node, uint32_t level,
			uint32_t slot, uint32_t count)
{
	uint64_t desc = FN(leaf_at)(node, level, slot) & ~(uint64_t)FMT_CONT;
	uint64_t bytes = (uint64_t)count << FN(shift)(level);
	uint32_t n;

	if (!desc || (FMT_LEAF_PA(desc, level) & (bytes - 1)))
		return false;
	for (n = 1; n < count; n++) {
		desc = FMT_NEXT(desc, FN(size)(level));
		if ((FN(leaf_at)(node, level, slot + n) &
		     ~(uint64_t)FMT_CONT) != desc)
			return false;
	}
	return true;
}

/* The writes that hardware noted in a table while a leaf took its place. */
static void
FN(keep_dirt)(const struct iomm_node *child, uint32_t level, uint64_t *desc)
{
	uint64_t leaf, old;
	uint32_t n;

	for (n = 0; n < FMT_SLOTS; n++) {
		old = FN(leaf_at)(child, level + 1, n);
		leaf = iomm_desc_load(desc);
		if (old && FMT_DIRTY(old) && !FMT_DIRTY(leaf) &&
		    !iomm_desc_replace(desc, leaf, leaf ^ old ^ FMT_CLEAN(old)))
			n--;
	}
}

/* Both are locked. */
static int FN(fold_locked)(struct iomm_engine_op *op, struct iomm_node *node,
			   uint32_t level, struct iomm_node *child)
{
	uint32_t slot = FN(slot_in)(op->pgtable, op->iova, level);
	uint64_t table = FMT_TABLE(op->pgtable, iomm_node_pa(child));
	uint64_t desc, last = op->iova + (FN(size)(level) - 1);
	struct iomm_node *chain = op->gather->tables;
	bool hitless = FN(hitless)(op);
	int r;

	if (iomm_node_live(child) != FMT_SLOTS ||
	    !FN(uniform)(child, level + 1, 0, FMT_SLOTS))
		return 0;
	desc = FN(leaf_at)(child, level + 1, 0) & ~(uint64_t)FMT_CONT;
	desc = FMT_LEAF(FMT_LEAF_PA(desc, level + 1), FMT_ATTRS(desc), level);
	r = FN(exchange)(op, node, level, op->iova, table, desc, hitless,
			 FN(size)(level + 1), IOMM_TLB_TABLES);
	if (r < 0 && hitless) {
		iomm_desc_publish(FN(desc)(node, slot), table);
		iomm_op_mark(op, level, node, slot, slot);
		iomm_op_sync(op);
	}
	if (r)
		return r < 0 ? r : 0;
	if (op->pgtable->flags & IOMM_PGTABLE_DIRTY)
		FN(keep_dirt)(child, level, FN(desc)(node, slot));
	iomm_node_set(child, IOMM_NODE_DEAD);
	iomm_node_add(node, 1, FMT_SLOTS);
	iomm_node_bury(op->pgtable, node, slot, &chain);
	op->gather->tables = chain;
	op->gather->flags |= IOMM_GATHER_TABLES;
	iomm_op_note(op, op->iova, last, FN(size)(level + 1));
	return 0;
}

/* Makes one leaf of the table in a slot, if all of it says the same. */
static int FN(fold)(struct iomm_engine_op *op, struct iomm_node *node,
		    uint32_t level, struct iomm_node *child)
{
	uint32_t slot = FN(slot_in)(op->pgtable, op->iova, level);
	int r;

	if (!(op->leaf_levels >> level & 1) ||
	    iomm_node_live(child) != FMT_SLOTS)
		return 0;
	r = iomm_op_prepare(op, op->iova, op->iova + (FN(size)(level) - 1),
			    FN(size)(level + 1));
	if (r)
		return r;
	if (!iomm_op_lock(op, node))
		return IOMM_RETRY;
	if (iomm_node_child(node, slot) == child &&
	    (!op->shared || iomm_node_lock(op->pgtable, child))) {
		r = FN(fold_locked)(op, node, level, child);
		if (op->shared)
			iomm_node_unlock(child);
	}
	iomm_op_unlock(op, node);
	return r;
}

/* Makes runs of what lies in the range of one table. */
static int FN(make_runs)(struct iomm_engine_op *op, struct iomm_node *node,
			 uint32_t level, uint64_t last)
{
	const struct FN(remake) how = {
		.keep = UINT64_MAX,
		.set = FMT_CONT,
		.hitless = op->pgtable->flags & IOMM_PGTABLE_HITLESS,
	};
	uint64_t bytes = FN(size)(level) << FMT_CONT_SHIFT(level);
	uint64_t iova = (op->iova + (bytes - 1)) & ~(bytes - 1);
	uint32_t slot, run = FN(run)(level);
	int r = 0;

	if (!FMT_CONT_SHIFT(level) || !(op->run_levels >> level & 1) ||
	    iova < op->iova || iova > last)
		return 0;
	if (!iomm_op_lock(op, node))
		return IOMM_RETRY;
	for (; !r && last - iova >= bytes - 1; iova += bytes) {
		slot = FN(slot_in)(op->pgtable, iova, level);
		if (!FN(has_child)(node, level, slot, run) &&
		    !FN(in_run)(node, level, slot) &&
		    FN(uniform)(node, level, slot, run))
			r = FN(remake_leaves)(op, node, level, slot, run, iova,
					      &how);
		if (last - iova == bytes - 1)
			break;
	}
	iomm_op_unlock(op, node);
	return r;
}

/* First all that can be folded is, from below; then runs are made of what is
 * left. Comes back with op->iova behind `last`. */
static int FN(merge_table)(struct iomm_engine_op *op, struct iomm_node *node,
			   uint32_t level, uint64_t last, bool runs)
{
	uint64_t first = op->iova, end;
	struct iomm_node *child;
	int r = 0;

	for (; level < FMT_LAST && !r; op->iova = end + 1) {
		uint64_t from = op->iova;

		end = FN(end)(from, level, last);
		child = iomm_node_child(node,
					FN(slot_in)(op->pgtable, from, level));
		if (child) {
			r = FN(merge_table)(op, child, level + 1, end, runs);
			op->iova = from;
		}
		if (child && !r && !runs && end - from == FN(size)(level) - 1)
			r = FN(fold)(op, node, level, child);
		if (r)
			return r;
		if (end == last)
			break;
	}
	op->iova = first;
	if (runs)
		r = FN(make_runs)(op, node, level, last);
	op->iova = r ? first : last + 1;
	return r;
}

static int FN(merge)(struct iomm_engine_op *op)
{
	struct iomm_node *node;
	uint32_t level;
	bool runs = false;
	int r;

	iomm_op_enter(op);
	do {
		op->iova = op->first;
		iomm_op_begin(op);
		node = FN(descend)(op->pgtable, op->iova, op->last, true,
				   &level);
		r = FN(merge_table)(op, node, level, op->last, runs);
		if (!r && !runs)
			runs = true, r = IOMM_RETRY;
	} while (r == IOMM_RETRY);
	iomm_op_sync(op);
	iomm_op_exit(op);
	return r;
}
