/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "pgtable/node.h"

#include "base/mem.h"

#include "base/ctx.h"
#include "pgtable/memory.h"
#include "pgtable/pgtable.h"

/* The slab */

#define FIRST_CHUNK   16u
#define LARGEST_CHUNK 170u /* a little under 4 KiB */

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
	/* In ascending order: neighbours in time are neighbours in memory. */
	for (i = count; i--;) {
		chunk->nodes[i].next = pool->free;
		pool->free = &chunk->nodes[i];
	}
	count *= 2;
	pool->next_count = count < LARGEST_CHUNK ? count : LARGEST_CHUNK;
	return true;
}

static struct iomm_node *
take_node(struct iomm_ctx *ctx, struct iomm_node_pool *pool)
{
	struct iomm_node *node;

	if (!pool->free && !grow_pool(ctx, pool))
		return NULL;
	node = pool->free;
	pool->free = node->next;
	memset(node, 0, sizeof(*node));
	return node;
}

void iomm_node_pool_fini(struct iomm_ctx *ctx, struct iomm_node_pool *pool)
{
	struct iomm_node_chunk *chunk;

	while ((chunk = pool->chunks)) {
		pool->chunks = chunk->next;
		iomm_free(ctx, chunk, chunk_bytes(chunk->count));
	}
	pool->free = NULL;
}

/* Nodes */

static struct iomm_node *make_inner(struct iomm_ctx *ctx)
{
	struct iomm_inner *inner = iomm_alloc(ctx, sizeof(*inner));

	if (!inner)
		return NULL;
	inner->child = inner->few;
	return &inner->node;
}

static void free_window(struct iomm_ctx *ctx, struct iomm_inner *inner)
{
	if (inner->child != inner->few)
		iomm_free(ctx, inner->child,
			  (uint64_t)inner->count * sizeof(*inner->child));
	inner->child = inner->few;
	inner->count = 0;
}

static void free_node(struct iomm_pgtable *pgtable, struct iomm_node *node)
{
	struct iomm_ctx *ctx = pgtable->object.ctx;

	if (iomm_node_is_inner(node)) {
		free_window(ctx, iomm_node_inner(node));
		iomm_free(ctx, node, sizeof(struct iomm_inner));
	} else {
		node->next = pgtable->pool.free;
		pgtable->pool.free = node;
	}
}

int iomm_node_create(struct iomm_pgtable *pgtable, bool inner, uint64_t bytes,
		     struct iomm_node **out)
{
	struct iomm_ctx *ctx = pgtable->object.ctx;
	struct iomm_node *node;
	int r;

	node = inner ? make_inner(ctx) : take_node(ctx, &pgtable->pool);
	if (!node)
		return IOMM_FAIL(ctx, IOMM_ENOMEM,
				 "no memory for the books of a table");
	r = iomm_table_alloc(ctx, pgtable->memory, bytes, pgtable->max_table_pa,
			     &node->va, &node->pa);
	node->pa |= inner ? IOMM_NODE_INNER : 0;
	if (r) {
		free_node(pgtable, node);
		return r;
	}
	pgtable->tables++;
	pgtable->table_bytes += bytes;
	*out = node;
	return 0;
}

static void
free_table(struct iomm_pgtable *pgtable, struct iomm_node *node, uint64_t bytes)
{
	if (!pgtable->stranded)
		iomm_table_free(pgtable->object.ctx, pgtable->memory, node->va,
				iomm_node_pa(node), bytes);
	free_node(pgtable, node);
}

void iomm_node_destroy(struct iomm_pgtable *pgtable, struct iomm_node *node,
		       uint64_t bytes)
{
	pgtable->tables--;
	pgtable->table_bytes -= bytes;
	free_table(pgtable, node, bytes);
}

void iomm_node_destroy_tree(struct iomm_pgtable *pgtable,
			    struct iomm_node *node, uint64_t bytes)
{
	struct iomm_inner *inner;
	uint32_t i;

	if (iomm_node_is_inner(node)) {
		inner = iomm_node_inner(node);
		for (i = 0; i < inner->count; i++)
			if (inner->child[i])
				iomm_node_destroy_tree(pgtable, inner->child[i],
						       pgtable->ops->granule);
	}
	iomm_node_destroy(pgtable, node, bytes);
}

/* Children */

/* The smallest aligned power of two of slots that holds `slot` and what the
 * window holds now. */
static void widen(const struct iomm_inner *inner, uint32_t slot,
		  uint32_t *first, uint32_t *count)
{
	uint32_t n = inner->count ? inner->count : IOMM_NODE_FEW;
	uint32_t mine = inner->count ? inner->first : slot;

	while ((mine & ~(n - 1)) != (slot & ~(n - 1)))
		n *= 2;
	*first = slot & ~(n - 1);
	*count = n;
}

int iomm_node_make_room(struct iomm_pgtable *pgtable, struct iomm_node *node,
			uint32_t slot, uint32_t slots)
{
	struct iomm_inner *inner = iomm_node_inner(node);
	struct iomm_ctx *ctx = pgtable->object.ctx;
	struct iomm_node **child = inner->few;
	uint32_t first, count;

	if (slot - inner->first < inner->count)
		return 0;
	widen(inner, slot, &first, &count);
	if (count > IOMM_NODE_FEW) {
		/* Once it is large, all of it: growing again is not worth it */
		if (count > slots / 4 && count < slots) {
			count = slots;
			first = slot & ~(count - 1);
		}
		child = iomm_alloc(ctx, (uint64_t)count * sizeof(*child));
		if (!child)
			return IOMM_FAIL(ctx, IOMM_ENOMEM,
					 "no memory for the books of a table");
		memcpy(&child[inner->first - first], inner->child,
		       inner->count * sizeof(*child));
		free_window(ctx, inner);
	}
	inner->child = child;
	inner->first = first;
	inner->count = count;
	return 0;
}

void iomm_node_adopt(struct iomm_node *node, uint32_t slot,
		     struct iomm_node *child)
{
	struct iomm_inner *inner = iomm_node_inner(node);

	inner->child[slot - inner->first] = child;
	inner->used++;
}

static void bury_tree(struct iomm_pgtable *pgtable, struct iomm_node *node,
		      struct iomm_node **chain)
{
	struct iomm_inner *inner;
	uint32_t i;

	if (iomm_node_is_inner(node)) {
		inner = iomm_node_inner(node);
		for (i = 0; i < inner->count; i++)
			if (inner->child[i])
				bury_tree(pgtable, inner->child[i], chain);
		free_window(pgtable->object.ctx, inner);
	}
	pgtable->tables--;
	pgtable->table_bytes -= pgtable->ops->granule;
	node->next = *chain;
	*chain = node;
}

void iomm_node_bury(struct iomm_pgtable *pgtable, struct iomm_node *node,
		    uint32_t slot, struct iomm_node **chain)
{
	struct iomm_inner *inner = iomm_node_inner(node);
	struct iomm_node *child = inner->child[slot - inner->first];

	inner->child[slot - inner->first] = NULL;
	inner->used--;
	pgtable->warm_key = IOMM_PGTABLE_COLD;
	pgtable->tepid_key = IOMM_PGTABLE_COLD;
	bury_tree(pgtable, child, chain);
}

uint32_t
iomm_node_free_chain(struct iomm_pgtable *pgtable, struct iomm_node *chain)
{
	struct iomm_node *next;
	uint32_t count = 0;

	for (; chain; chain = next, count++) {
		next = chain->next;
		free_table(pgtable, chain, pgtable->ops->granule);
	}
	return count;
}
