/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Nodes without a table: plain ones come from a slab that grows, inner ones from
 * the platform, but for those that late readers may know. */
#include "pgtable/tables.h"

/* Plain ones */

#define FIRST_CHUNK   16u
#define LARGEST_CHUNK 127u /* a little under 4 KiB */

#define NEWBORN (IOMM_NODE_DEAD | IOMM_NODE_FRESH)

struct iomm_node_chunk {
	struct iomm_node_chunk *next;
	uint64_t count;
	struct iomm_node nodes[];
};

static uint64_t chunk_bytes(uint64_t count)
{
	return sizeof(struct iomm_node_chunk) +
	       count * sizeof(struct iomm_node);
}

static bool grow_pool(struct iomm_ctx *ctx, struct iomm_node_pool *pool)
{
	uint32_t count = pool->next_count ? pool->next_count : FIRST_CHUNK;
	struct iomm_node_chunk *chunk = iomm_alloc(ctx, chunk_bytes(count));
	uint32_t i;

	if (!chunk)
		return false;
	chunk->count = count;
	chunk->next = pool->chunks;
	pool->chunks = chunk;
	/* In ascending order: neighbours in time are neighbours in memory, but
	 * not in one cache line, whose tables threads would disturb each other
	 * in. */
	for (i = count; i--;) {
		uint32_t n = i < (count + 1) / 2
				     ? 2 * i
				     : 2 * (i - (count + 1) / 2) + 1;

		atomic_store_explicit(&chunk->nodes[n].word, NEWBORN,
				      memory_order_relaxed);
		iomm_list_push(&pool->free, &chunk->nodes[n]);
	}
	count *= 2;
	pool->next_count = count < LARGEST_CHUNK ? count : LARGEST_CHUNK;
	return true;
}

struct iomm_node *iomm_slab_take_plain(struct iomm_pgtable *pgtable)
{
	struct iomm_node_pool *pool = &pgtable->pool;
	struct iomm_node *node = NULL;

	iomm_lists_lock(pgtable);
	if (pool->free || grow_pool(pgtable->object.ctx, pool))
		node = iomm_list_pop(&pool->free);
	iomm_lists_unlock(pgtable);
	return node;
}

/* Inner ones */

static void free_inner(struct iomm_ctx *ctx, struct iomm_node *node)
{
	struct iomm_inner *inner = iomm_node_inner(node);

	iomm_node_free_window(ctx, inner);
	iomm_free(ctx, inner, sizeof(*inner));
}

/* With `slots`, a window for all of them. */
struct iomm_node *iomm_slab_make_inner(struct iomm_ctx *ctx, uint32_t slots)
{
	struct iomm_inner *inner = iomm_alloc(ctx, sizeof(*inner));

	if (!inner)
		return NULL;
	inner->child = inner->few;
	atomic_store_explicit(&inner->node.word, NEWBORN, memory_order_relaxed);
	if (!slots || iomm_node_set_window(ctx, inner, slots))
		return &inner->node;
	iomm_free(ctx, inner, sizeof(*inner));
	return NULL;
}

struct iomm_node *iomm_slab_take_inner(struct iomm_pgtable *pgtable,
				       uint32_t level, uint32_t slots)
{
	struct iomm_node *node;

	iomm_lists_lock(pgtable);
	node = iomm_list_pop(&pgtable->pool.inner[level]);
	iomm_lists_unlock(pgtable);
	if (node)
		return node;
	return iomm_slab_make_inner(
		pgtable->object.ctx,
		pgtable->sharing || iomm_pgtable_is_wide(pgtable) ? slots : 0);
}

/* A node without a table; late readers may still look at it. */
void iomm_slab_put(struct iomm_pgtable *pgtable, struct iomm_node *node)
{
	bool inner = iomm_node_is_inner(node);

	if (inner && !pgtable->sharing) {
		free_inner(pgtable->object.ctx, node);
		return;
	}
	iomm_lists_lock(pgtable);
	if (inner)
		iomm_list_push(&pgtable->pool.inner[iomm_node_level(node)],
			       node);
	else
		iomm_list_push(&pgtable->pool.free, node);
	iomm_lists_unlock(pgtable);
}

void iomm_node_pool_fini(struct iomm_pgtable *pgtable)
{
	struct iomm_node_pool *pool = &pgtable->pool;
	struct iomm_ctx *ctx = pgtable->object.ctx;
	struct iomm_node_chunk *chunk;
	struct iomm_node *node;
	uint32_t level;

	(void)iomm_node_trim(pgtable);
	for (level = 0; level < IOMM_ENGINE_LEVELS; level++)
		while ((node = iomm_list_pop(&pool->inner[level])))
			free_inner(ctx, node);
	while ((chunk = pool->chunks)) {
		pool->chunks = chunk->next;
		iomm_free(ctx, chunk, chunk_bytes(chunk->count));
	}
	pool->free = NULL;
}
