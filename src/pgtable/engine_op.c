/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "pgtable/engine_op.h"

#include "base/mem.h"

void iomm_op_begin_again(struct iomm_engine_op *op)
{
	struct iomm_node *root = op->pgtable->root;

	/* Perhaps for somebody who has yet to unlink a dead table. */
	if (op->shared)
		iomm_node_wait(op->pgtable->object.ctx, &root->word,
			       atomic_load_explicit(&root->word,
						    memory_order_relaxed),
			       op->tries);
}

/* Sync */

static void sync_dirty(struct iomm_engine_op *op, struct iomm_dirty *dirty)
{
	struct iomm_pgtable *pgtable = op->pgtable;
	uint32_t shift = pgtable->ops->desc_shift;
	uint64_t offset = (uint64_t)dirty->first << shift;
	uint64_t bytes = (uint64_t)(dirty->last - dirty->first + 1) << shift;

	if (!dirty->node)
		return;
	iomm_table_sync(pgtable->memory, (char *)dirty->node->va + offset,
			iomm_node_pa(dirty->node) + offset, bytes);
	dirty->node = NULL;
}

/* From the last level up: what a link leads to is there before the link is. */
static void sync_from(struct iomm_engine_op *op, uint32_t level)
{
	uint32_t l;

	for (l = IOMM_ENGINE_LEVELS; l-- > level;)
		sync_dirty(op, &op->dirty[l]);
}

void iomm_op_mark_slow(struct iomm_engine_op *op, uint32_t level,
		       const struct iomm_node *node, uint32_t first,
		       uint32_t last)
{
	struct iomm_dirty *dirty = &op->dirty[level];

	if (dirty->node == node) {
		if (first < dirty->first)
			dirty->first = first;
		if (last > dirty->last)
			dirty->last = last;
		return;
	}
	sync_from(op, level);
	dirty->node = node;
	dirty->first = first;
	dirty->last = last;
}

void iomm_op_sync_slow(struct iomm_engine_op *op)
{
	sync_from(op, 0);
}

void iomm_op_sync_table(struct iomm_pgtable *pgtable,
			const struct iomm_node *node, uint64_t bytes)
{
	if (pgtable->synced)
		iomm_table_sync(pgtable->memory, node->va, iomm_node_pa(node),
				bytes);
}

void iomm_op_sync_tree(struct iomm_pgtable *pgtable,
		       const struct iomm_node *node, uint64_t bytes)
{
	const struct iomm_inner *inner;
	const struct iomm_node *child;
	uint32_t i;

	if (!pgtable->synced)
		return;
	if (iomm_node_is_inner(node)) {
		inner = iomm_node_inner(node);
		for (i = 0; i < inner->count; i++) {
			child = iomm_node_child(node, inner->first + i);
			if (child)
				iomm_op_sync_tree(pgtable, child,
						  pgtable->ops->granule);
		}
	}
	iomm_op_sync_table(pgtable, node, bytes);
}

/* Invalidation */

int iomm_op_prepare_slow(struct iomm_engine_op *op, uint64_t start,
			 uint64_t last, uint64_t page_size)
{
	struct iomm_gather *gather = op->gather;
	int r;

	if (!gather->pgtable) {
		gather->pgtable = iomm_object_get(op->pgtable);
	} else if (op->joined && gather->page_size == page_size) {
		/* A hole between two parts of one range: cheaper invalidated
		 * along than flushed twice. */
	} else if (!iomm_gather_fits(gather, start, last, page_size)) {
		/* The walkers must find the new descriptors when they look
		 * again after the flush. */
		iomm_op_sync(op);
		r = iomm_gather_drain(gather);
		if (r)
			return r;
	}
	op->joined = true;
	return 0;
}

int iomm_op_flush(struct iomm_engine_op *op, uint64_t start, uint64_t last,
		  uint64_t page_size, uint32_t flags)
{
	uint64_t base = op->pgtable->first_iova;

	iomm_op_sync(op);
	return iomm_pgtable_tlb_flush(op->pgtable, base + start, base + last,
				      page_size, flags);
}

int iomm_op_forget_old(struct iomm_engine_op *op, const struct iomm_node *node,
		       uint32_t level, uint32_t slot, uint64_t iova)
{
	const struct iomm_engine_ops *ops = op->pgtable->ops;
	uint32_t below = ops->last_level - level;
	uint64_t size = UINT64_C(1) << (ops->page_shift + below * ops->bits);
	uint64_t first = iova & ~(size - 1);

	if (!iomm_node_remembered(op->pgtable, level, iova))
		return 0;
	/* Who took them out may not have synced the slot yet. */
	iomm_op_mark(op, level, node, slot, slot);
	if (below == 1)
		return iomm_op_flush(op, first, first + (size - 1), size,
				     IOMM_TLB_TABLES);
	iomm_op_sync(op);
	return iomm_pgtable_tlb_flush_all(op->pgtable);
}

/* Tables */

void iomm_op_enter_slow(struct iomm_engine_op *op)
{
	memset(&op->kept, 0, sizeof(op->kept));
	op->reader = iomm_table_reader_enter(op->pgtable->sharing);
}

void iomm_op_exit_slow(struct iomm_engine_op *op)
{
	iomm_table_reader_exit(op->pgtable->sharing, op->reader);
	if (op->spares)
		iomm_node_give_back(&op->kept, op->spares);
	else
		iomm_node_unreserve(op->pgtable, &op->kept);
}

int iomm_op_table(struct iomm_engine_op *op, uint32_t level,
		  struct iomm_node **out)
{
	/* Who makes one of the last level writes all of it at once. */
	bool *raw = level == op->pgtable->ops->last_level ? &op->raw : NULL;

	/* One that nobody has seen makes no new generation: or two threads
	 * could drive each other round for ever. */
	if (op->shared) {
		*out = iomm_node_reuse(op->pgtable, &op->kept, level, raw);
		if (*out)
			return 0;
	}
	return iomm_node_create(op->pgtable, op->spares, level,
				op->pgtable->ops->granule, &op->generation, raw,
				out);
}

void iomm_op_discard(struct iomm_engine_op *op, struct iomm_node *node)
{
	iomm_node_discard(op->pgtable, op->shared ? &op->kept : op->spares,
			  node);
}

/* Extents */

static bool
goes_on(const struct iomm_extent *from, const struct iomm_extent *to)
{
	return from->prot == to->prot && from->iova + from->bytes == to->iova &&
	       from->paddr + from->bytes == to->paddr;
}

/* The caller's element is as large as he says; what is beyond ours is zero. */
static void put_extent(struct iomm_extents *extents)
{
	char *to = extents->next - extents->stride;

	memcpy(to, &extents->last, sizeof(extents->last));
	memset(to + sizeof(extents->last), 0,
	       extents->stride - sizeof(extents->last));
}

bool iomm_extents_add(struct iomm_extents *extents,
		      const struct iomm_extent *more)
{
	if (extents->count && goes_on(&extents->last, more)) {
		extents->last.bytes += more->bytes;
		put_extent(extents);
		return true;
	}
	if (!extents->room)
		return false;
	extents->room--;
	extents->count++;
	extents->next += extents->stride;
	extents->last = *more;
	put_extent(extents);
	return true;
}

/* Dirty pages */

void iomm_op_set_dirty(struct iomm_engine_op *op, uint64_t start, uint64_t last)
{
	uint32_t shift = op->pgtable->page_shift;
	uint64_t bit, end;

	if (start < op->first)
		start = op->first;
	if (last > op->last)
		last = op->last;
	end = (last - op->first) >> shift;
	for (bit = (start - op->first) >> shift; bit <= end; bit++)
		op->bitmap[bit / 64] |= UINT64_C(1) << (bit % 64);
}

int iomm_exists(struct iomm_pgtable *pgtable, uint64_t iova)
{
	return IOMM_FAIL(pgtable->object.ctx, IOMM_EEXIST,
			 "something is mapped at %x", iova);
}
