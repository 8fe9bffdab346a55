/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The engine's books: a tree of nodes that mirrors the tables. It lies in
 * ordinary memory. A link to one of our tables is taken from here and never
 * from the table's own memory, which a walker or a guest may write.
 *
 * A table of the last level has a plain node, 24 bytes from a slab. A table
 * above has a node with a window of child pointers: the aligned power of two of
 * slots that holds all its children, so that a thin table costs little.
 */
#ifndef IOMM_PGTABLE_NODE_H
#define IOMM_PGTABLE_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"

struct iomm_ctx;
struct iomm_pgtable;

/* In the low bits of `pa`, which a table's alignment leaves free. */
#define IOMM_NODE_INNER	  UINT64_C(1)
#define IOMM_NODE_PA_MASK (~UINT64_C(63))

struct iomm_node {
	void *va;
	uint64_t pa; /* in the walker's view, and IOMM_NODE_* */
	union {
		struct {
			uint32_t live; /* leaves */
			uint32_t word; /* of the shared mode */
		};
		struct iomm_node *next; /* when out of use: see the gather */
	};
};

#define IOMM_NODE_FEW 4u

struct iomm_inner {
	struct iomm_node node;
	struct iomm_node **child; /* of slots [first, first + count) */
	uint32_t first;
	uint32_t count;
	uint32_t used;			      /* children */
	struct iomm_node *few[IOMM_NODE_FEW]; /* a window without memory */
};

/* Slab of plain nodes: grows, and goes with the table. */
struct iomm_node_pool {
	struct iomm_node *free;
	struct iomm_node_chunk *chunks;
	uint32_t next_count;
};

static inline bool iomm_node_is_inner(const struct iomm_node *node)
{
	return node->pa & IOMM_NODE_INNER;
}

static inline struct iomm_inner *iomm_node_inner(const struct iomm_node *node)
{
	return iomm_container_of(node, struct iomm_inner, node);
}

static inline uint64_t iomm_node_pa(const struct iomm_node *node)
{
	return node->pa & IOMM_NODE_PA_MASK;
}

/* The child at a slot of an inner node, or NULL. */
static inline struct iomm_node *
iomm_node_child(const struct iomm_node *node, uint32_t slot)
{
	const struct iomm_inner *inner = iomm_node_inner(node);
	uint32_t i = slot - inner->first;

	return i < inner->count ? inner->child[i] : NULL;
}

static inline bool iomm_node_empty(const struct iomm_node *node)
{
	return !node->live &&
	       (!iomm_node_is_inner(node) || !iomm_node_inner(node)->used);
}

/*
 * Leaves are counted by what is read from table memory, so somebody who writes
 * there can make the count wrong. It must stay in its bounds all the same.
 */
static inline void
iomm_node_add(struct iomm_node *node, uint32_t count, uint32_t most)
{
	uint32_t live = node->live + count;

	node->live = live < most ? live : most;
}

static inline void iomm_node_sub(struct iomm_node *node, uint32_t count)
{
	node->live -= count < node->live ? count : node->live;
}

/* A zeroed table of `bytes` and its node, linked nowhere. */
int iomm_node_create(struct iomm_pgtable *pgtable, bool inner, uint64_t bytes,
		     struct iomm_node **out);

/* Frees table and node. An inner one has no children. */
void iomm_node_destroy(struct iomm_pgtable *pgtable, struct iomm_node *node,
		       uint64_t bytes);

/* The same, with all below. Tables below are of a granule's size. */
void iomm_node_destroy_tree(struct iomm_pgtable *pgtable,
			    struct iomm_node *node, uint64_t bytes);

/* Makes room for a child at the slot; afterwards iomm_node_adopt cannot fail.
 * `slots` is how many a table has. */
int iomm_node_make_room(struct iomm_pgtable *pgtable, struct iomm_node *node,
			uint32_t slot, uint32_t slots);
void iomm_node_adopt(struct iomm_node *node, uint32_t slot,
		     struct iomm_node *child);

/* Takes a child out, with all below it, and chains their tables in front of
 * `*chain`: they are out of use. */
void iomm_node_bury(struct iomm_pgtable *pgtable, struct iomm_node *node,
		    uint32_t slot, struct iomm_node **chain);

/* Frees a chain of tables; returns how many. */
uint32_t
iomm_node_free_chain(struct iomm_pgtable *pgtable, struct iomm_node *chain);

void iomm_node_pool_fini(struct iomm_ctx *ctx, struct iomm_node_pool *pool);

#endif
