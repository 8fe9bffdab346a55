/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "pgtable/engine_op.h"

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
	sync_dirty(op, dirty);
	dirty->node = node;
	dirty->first = first;
	dirty->last = last;
}

void iomm_op_sync_slow(struct iomm_engine_op *op)
{
	uint32_t level;

	for (level = IOMM_ENGINE_LEVELS; level--;)
		sync_dirty(op, &op->dirty[level]);
}

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

void iomm_op_sync_table(struct iomm_pgtable *pgtable,
			const struct iomm_node *node)
{
	if (pgtable->synced)
		iomm_table_sync(pgtable->memory, node->va, iomm_node_pa(node),
				pgtable->ops->granule);
}

void iomm_op_sync_tree(struct iomm_pgtable *pgtable,
		       const struct iomm_node *node)
{
	const struct iomm_inner *inner;
	uint32_t i;

	if (!pgtable->synced)
		return;
	if (iomm_node_is_inner(node)) {
		inner = iomm_node_inner(node);
		for (i = 0; i < inner->count; i++)
			if (inner->child[i])
				iomm_op_sync_tree(pgtable, inner->child[i]);
	}
	iomm_op_sync_table(pgtable, node);
}

int iomm_exists(struct iomm_pgtable *pgtable, uint64_t iova)
{
	return IOMM_FAIL(pgtable->object.ctx, IOMM_EEXIST,
			 "something is mapped at %x", iova);
}
