/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Part of engine.h: tables that go out of use, when nothing is in them any more or
 * with all that they hold. */

/* Takes a dead child out of its table, which is locked. The gather is
 * prepared. */
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

/* The table at `level` on the way to `iova`, or NULL; `above` is the one that
 * links it. */
static struct iomm_node *FN(find)(struct iomm_engine_op *op, uint64_t iova,
				  uint32_t level, struct iomm_node **above)
{
	struct iomm_pgtable *pgtable = op->pgtable;
	struct iomm_node *node = pgtable->root;
	uint32_t l;

	iomm_op_begin(op);
	for (l = pgtable->start_level; node && l < level; l++) {
		*above = node;
		node = iomm_node_child(node, FN(slot_in)(pgtable, iova, l));
	}
	return node;
}

/* Marks that table dead if nothing is in it, unless it is the first. Who does is
 * the one who takes it out. */
static bool
FN(die_empty)(struct iomm_engine_op *op, uint64_t iova, uint32_t level)
{
	struct iomm_node *node, *above;
	bool empty;

	do {
		node = FN(find)(op, iova, level, &above);
		if (!node || node == op->pgtable->root ||
		    iomm_node_dead(node) || !iomm_node_empty(node))
			return false;
	} while (!iomm_op_lock(op, node));
	empty = iomm_node_empty(node);
	if (empty)
		iomm_node_set(node, IOMM_NODE_DEAD);
	iomm_op_unlock(op, node);
	return empty;
}

/* Takes a dead table out. Tells whether that left the one above empty, and so
 * dead as well. */
static bool
FN(take_out)(struct iomm_engine_op *op, uint64_t iova, uint32_t level)
{
	struct iomm_node *node, *above = NULL;
	uint32_t slot = FN(slot_in)(op->pgtable, iova, level - 1);
	bool empty = false;

	/* Gone, or another one: somebody has taken out more than this. So too
	 * when the one above is dead. */
	do {
		node = FN(find)(op, iova, level, &above);
		if (!node || !iomm_node_dead(node) || iomm_node_dead(above))
			return false;
	} while (!iomm_op_lock(op, above));
	if (iomm_node_child(above, slot) == node) {
		iomm_node_prune(op->pgtable, node, iova);
		FN(unlink)(op, above, level - 1, slot);
		empty = above != op->pgtable->root && iomm_node_empty(above);
	}
	if (empty)
		iomm_node_set(above, IOMM_NODE_DEAD);
	iomm_op_unlock(op, above);
	return empty;
}

/*
 * Takes out the table at `level` on the way to `iova` if it is empty, and those
 * above it that are then empty too. Each time the way is walked anew, since
 * others may have taken out what is above meanwhile.
 */
static void FN(prune)(struct iomm_engine_op *op, uint64_t iova, uint32_t level)
{
	if (!FN(die_empty)(op, iova, level))
		return;
	while (FN(take_out)(op, iova, level))
		level--;
}

/* Bytes mapped below a table; lowers `smallest` to the smallest size of a leaf, or
 * of what a link spans. */
static uint64_t
FN(weigh)(const struct iomm_node *node, uint32_t level, uint64_t *smallest)
{
	uint64_t bytes = (uint64_t)iomm_node_live(node) << FN(shift)(level);
	const struct iomm_node *child;
	const struct iomm_inner *inner;
	uint32_t i, pages = 0;

	if (bytes && FN(size)(level) < *smallest)
		*smallest = FN(size)(level);
	if (level == FMT_LAST)
		return bytes;
	inner = iomm_node_inner(node);
	if (iomm_node_used(node) && FN(size)(level) < *smallest)
		*smallest = FN(size)(level);
	for (i = 0; i < inner->count; i++) {
		child = iomm_node_child(node, inner->first + i);
		if (child && level == FMT_LAST - 1)
			pages += iomm_node_live(child);
		else if (child)
			bytes += FN(weigh)(child, level + 1, smallest);
	}
	if (pages)
		*smallest = FMT_GRANULE;
	return bytes + ((uint64_t)pages << FMT_PAGE_SHIFT);
}

/* Marks a table dead with all below it, from the top: nobody changes anything
 * in it any more. */
static void
FN(kill)(struct iomm_engine_op *op, struct iomm_node *node, uint32_t level)
{
	const struct iomm_inner *inner;
	struct iomm_node *child;
	uint32_t i;

	/* False: dead already; its emptier finds that it is gone. */
	if (!iomm_node_lock(op->pgtable, node))
		return;
	iomm_node_set(node, IOMM_NODE_DEAD);
	iomm_node_unlock(node);
	if (level == FMT_LAST)
		return;
	inner = iomm_node_inner(node);
	for (i = 0; i < inner->count; i++) {
		child = iomm_node_child(node, inner->first + i);
		if (child)
			FN(kill)(op, child, level + 1);
	}
}

/* Unmaps all that a table holds, without a look at its entries. */
static int
FN(drop)(struct iomm_engine_op *op, struct iomm_node *node, uint32_t level)
{
	uint32_t slot = FN(slot_in)(op->pgtable, op->iova, level);
	struct iomm_node *child = iomm_node_child(node, slot);
	uint64_t iova = op->iova, last = iova + (FN(size)(level) - 1);
	uint64_t smallest = FN(size)(level + 1), bytes = 0;
	int r;

	/* Others may have taken it out since it was seen. */
	if (!child)
		return IOMM_RETRY;
	/* What others map there meanwhile may be smaller. */
	if (op->shared)
		smallest = FMT_GRANULE;
	else
		bytes = FN(weigh)(child, level + 1, &smallest);
	r = iomm_op_prepare(op, iova, last, smallest);
	if (r)
		return r;
	if (!iomm_op_lock(op, node))
		return IOMM_RETRY;
	if (iomm_node_child(node, slot) != child) {
		iomm_op_unlock(op, node);
		return IOMM_RETRY;
	}
	if (op->shared) {
		FN(kill)(op, child, level + 1);
		bytes = FN(weigh)(child, level + 1, &smallest);
	}
	FN(unlink)(op, node, level, slot);
	iomm_op_unlock(op, node);
	iomm_op_note(op, iova, last, smallest);
	op->done += bytes;
	op->changed = true;
	op->iova = last + 1;
	return 0;
}
