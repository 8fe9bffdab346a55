/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What tables.c, slab.c and spares.c have in common. */
#ifndef IOMM_PGTABLE_TABLES_H
#define IOMM_PGTABLE_TABLES_H

#include "base/ctx.h"
#include "pgtable/pgtable.h"

/* Only a shared table has others whom its lists need a lock for. */
static inline void iomm_lists_lock(struct iomm_pgtable *pgtable)
{
	if (pgtable->sharing)
		iomm_lock(pgtable->object.ctx, &pgtable->lock);
}

static inline void iomm_lists_unlock(struct iomm_pgtable *pgtable)
{
	if (pgtable->sharing)
		iomm_unlock(pgtable->object.ctx, &pgtable->lock);
}

static inline struct iomm_node *iomm_list_pop(struct iomm_node **list)
{
	struct iomm_node *node = *list;

	if (node)
		*list = node->next;
	return node;
}

static inline void
iomm_list_push(struct iomm_node **list, struct iomm_node *node)
{
	node->next = *list;
	*list = node;
}

static inline uint64_t iomm_table_bytes(const struct iomm_pgtable *pgtable)
{
	return pgtable->ops->granule;
}

/* Has the page table been reserved from, so that nodes have whole windows? */
static inline bool iomm_pgtable_is_wide(const struct iomm_pgtable *pgtable)
{
	return atomic_load_explicit(&pgtable->wide, memory_order_relaxed);
}

/* Nodes without a table: a plain one; an inner one; a new inner one with a
 * window for all of `slots`; and back. NULL when there is no memory. */
struct iomm_node *iomm_slab_take_plain(struct iomm_pgtable *pgtable);
struct iomm_node *iomm_slab_take_inner(struct iomm_pgtable *pgtable,
				       uint32_t level, uint32_t slots);
struct iomm_node *iomm_slab_make_inner(struct iomm_ctx *ctx, uint32_t slots);
void iomm_slab_put(struct iomm_pgtable *pgtable, struct iomm_node *node);

/* Spare tables, in lists that are the caller's. */
struct iomm_node *
iomm_spares_take(struct iomm_node_spares *spares, uint32_t level);
void iomm_spares_put(struct iomm_node_spares *spares, struct iomm_node *node);

/* One of the page table's, or NULL. */
struct iomm_node *iomm_spares_any(struct iomm_pgtable *pgtable, uint32_t level);

/* iomm_node_free_chain() for one. */
void iomm_spares_retire(struct iomm_pgtable *pgtable, struct iomm_node *node);

#endif
