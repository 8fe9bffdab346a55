/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Part of engine.h: mapping. */

static inline void FN(advance)(struct iomm_engine_op *op, uint64_t bytes)
{
	op->iova += bytes;
	op->paddr += bytes;
}

/* Fills `count` slots of a table of the last level, until one is taken.
 * Returns how many it filled. */
static inline uint32_t
FN(fill_slots)(struct iomm_node *node, uint64_t iova, uint64_t paddr,
	       uint64_t attrs, uint32_t count)
{
	uint64_t *desc = FN(desc)(node, FN(slot)(iova, FMT_LAST));
	uint64_t value = FMT_LEAF(paddr, attrs, FMT_LAST);
	uint32_t n;

	for (n = 0; n < count; n++) {
		if (FMT_VALID(iomm_desc_load(desc + n)))
			break;
		iomm_desc_publish(desc + n, value);
		value = FMT_NEXT(value, FMT_GRANULE);
	}
	iomm_node_add(node, n, FMT_SLOTS);
	return n;
}

/* Pages from one address to another, inclusive, in a table of the last level */
static inline uint32_t FN(pages)(uint64_t iova, uint64_t last)
{
	return (uint32_t)((last - iova) >> FMT_PAGE_SHIFT) + 1;
}

static int FN(fill)(struct iomm_engine_op *op, struct iomm_node *node,
		    uint64_t last, bool fresh)
{
	uint32_t slot = FN(slot)(op->iova, FMT_LAST);
	uint32_t count = FN(pages)(op->iova, last);
	uint32_t n =
		FN(fill_slots)(node, op->iova, op->paddr, op->attrs, count);

	FN(advance)(op, (uint64_t)n << FMT_PAGE_SHIFT);
	if (n && !fresh)
		iomm_op_mark(op, FMT_LAST, node, slot, slot + n - 1);
	return n == count ? 0 : iomm_exists(op->pgtable, op->iova);
}

static int FN(map_table)(struct iomm_engine_op *op, struct iomm_node *node,
			 uint32_t level, uint64_t last, bool fresh);

/*
 * Makes the table that a slot lacks, and links it when it holds all that this
 * call has for it. `fresh`: `node` itself was not shown to walkers yet.
 */
static int FN(map_new)(struct iomm_engine_op *op, struct iomm_node *node,
		       uint32_t level, uint64_t last, bool fresh)
{
	struct iomm_pgtable *pgtable = op->pgtable;
	uint32_t slot = FN(slot)(op->iova, level);
	struct iomm_node *child;
	int r;

	r = iomm_node_make_room(pgtable, node, slot, FMT_SLOTS);
	if (r)
		return r;
	r = iomm_node_create(pgtable, level + 1 < FMT_LAST, FMT_GRANULE,
			     &child);
	if (r)
		return r;
	r = FN(map_table)(op, child, level + 1, last, true);
	if (iomm_node_empty(child)) {
		iomm_node_destroy(pgtable, child, FMT_GRANULE);
		return r;
	}
	if (!op->detached)
		iomm_op_sync_table(pgtable, child);
	iomm_desc_publish(FN(desc)(node, slot), FMT_TABLE(iomm_node_pa(child)));
	iomm_node_adopt(node, slot, child);
	if (!fresh)
		iomm_op_mark(op, level, node, slot, slot);
	return r;
}

/* Can one leaf at this level map from where we are up to `last`? */
static inline bool
FN(fits)(const struct iomm_engine_op *op, uint32_t level, uint64_t last)
{
	uint64_t mask = FN(size)(level) - 1;

	return (op->pgtable->leaf_levels >> level & 1) &&
	       !((op->iova | op->paddr) & mask) && last - op->iova == mask;
}

/* Maps what lies in one slot of a table above the last level. */
static int FN(map_slot)(struct iomm_engine_op *op, struct iomm_node *node,
			uint32_t level, uint64_t last, bool fresh)
{
	uint32_t slot = FN(slot)(op->iova, level);
	struct iomm_node *child = iomm_node_child(node, slot);
	uint64_t *desc = FN(desc)(node, slot);

	/* Also when a leaf would fit: all before the first page that is
	 * mapped already gets mapped, whatever the leaf sizes are. */
	if (child)
		return FN(map_table)(op, child, level + 1, last, false);
	if (FMT_VALID(iomm_desc_load(desc)))
		return iomm_exists(op->pgtable, op->iova);
	if (!FN(fits)(op, level, last))
		return FN(map_new)(op, node, level, last, fresh);
	iomm_desc_publish(desc, FMT_LEAF(op->paddr, op->attrs, level));
	iomm_node_add(node, 1, FMT_SLOTS);
	FN(advance)(op, FN(size)(level));
	if (!fresh)
		iomm_op_mark(op, level, node, slot, slot);
	return 0;
}

/* Maps from where we are up to `last`, which lies in this table. */
static int FN(map_table)(struct iomm_engine_op *op, struct iomm_node *node,
			 uint32_t level, uint64_t last, bool fresh)
{
	uint64_t end;
	int r;

	if (level == FMT_LAST)
		return FN(fill)(op, node, last, fresh);
	do {
		end = FN(end)(op->iova, level, last);
		r = FN(map_slot)(op, node, level, end, fresh);
	} while (!r && end != last);
	return r;
}

/* Mapping in general. */
static __attribute__((noinline)) int
FN(map_range)(struct iomm_pgtable *pgtable, uint64_t iova, uint64_t last,
	      uint64_t paddr, uint64_t attrs, uint64_t *mapped)
{
	struct iomm_engine_op op;
	struct iomm_node *node;
	uint32_t level;
	int r;

	iomm_op_init(&op, pgtable);
	op.iova = iova;
	op.paddr = paddr;
	op.attrs = attrs;
	node = FN(descend)(pgtable, iova, last, false, &level);
	r = FN(map_table)(&op, node, level, last, false);
	iomm_op_sync(&op);
	*mapped = op.iova - iova;
	return r;
}

static int FN(map)(struct iomm_pgtable *pgtable, uint64_t iova, uint64_t last,
		   uint64_t paddr, uint32_t prot, uint64_t *mapped)
{
	struct iomm_node *node = FN(warm)(pgtable, iova, last, false);
	uint32_t count, n;
	uint64_t attrs = 0;
	int r = FMT_PROT(pgtable->object.ctx, prot, &attrs);

	if (r)
		return r;
	if (!node || pgtable->synced)
		return FN(map_range)(pgtable, iova, last, paddr, attrs, mapped);
	/* The short way: pages in the table that was used last. */
	count = FN(pages)(iova, last);
	n = FN(fill_slots)(node, iova, paddr, attrs, count);
	*mapped = (uint64_t)n << FMT_PAGE_SHIFT;
	return n == count ? 0 : iomm_exists(pgtable, iova + *mapped);
}
