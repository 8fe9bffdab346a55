/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The engine's books: a tree of nodes that mirrors the tables. It lies in
 * ordinary memory. A link to one of our tables is taken from here and never
 * from the table's own memory, which a walker or a guest may write.
 *
 * A table of the last level has a plain node, 32 bytes from a slab. A table
 * above has a node with a window of child pointers: the aligned power of two of
 * slots that holds all its children, so that a thin table costs little. In a
 * shared table windows are whole from the start, since readers look into them.
 *
 * A node is a node until its page table goes; in a shared table an inner one
 * stays an inner one. A table that went out of use keeps its node, waits in a
 * gather, and is spare after the flush: the next table that is needed is made
 * of it. See docs/shared-page-tables.md for why late readers stand that.
 */
#ifndef IOMM_PGTABLE_NODE_H
#define IOMM_PGTABLE_NODE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"

struct iomm_ctx;
struct iomm_pgtable;

/* In the low bits of `pa`, which a table's alignment leaves free. */
#define IOMM_NODE_INNER	       UINT64_C(1)
#define IOMM_NODE_FOREIGN      UINT64_C(2) /* adopted: its memory is not ours */
#define IOMM_NODE_LEVEL(level) ((uint64_t)(level) << 2)
#define IOMM_NODE_PA_MASK      (~UINT64_C(63))

#define IOMM_ENGINE_LEVELS 8u

/*
 * In `word`. Only who holds the lock changes it; a dead node, which is never
 * locked, is its owner's.
 */
#define IOMM_NODE_LOCKED	1u
#define IOMM_NODE_DEAD		2u /* linked nowhere, or about to be */
#define IOMM_NODE_FRESH		4u /* and never was: nobody knows it */
/* Linked no more, since it was empty, and not flushed: walkers may remember it on
 * the way to addresses that are not the gather's. In `live` is where it was. */
#define IOMM_NODE_PRUNED	8u
/* Nobody is in it, but a thread that keeps the lock may go in, see sharing.h.
 * The rest of the word is 0. */
#define IOMM_NODE_KEPT(writer)	(((writer) + 1) << 8)
#define IOMM_NODE_KEEPER(word)	(((word) >> 8) - 1)
#define IOMM_NODE_IS_KEPT(word) ((word) >> 8)

struct iomm_node {
	void *va;
	uint64_t pa; /* in the walker's view, and IOMM_NODE_* */
	_Atomic uint32_t word;
	_Atomic uint32_t live;	/* leaves; written under the lock */
	struct iomm_node *next; /* while it is linked nowhere */
};

typedef _Atomic(struct iomm_node *) iomm_node_slot;

/* Where a lookup finds the tables of the last level that are linked to one above:
 * its window, and what that spans. */
struct iomm_window {
	uint64_t first; /* as callers say it */
	uint64_t span;	/* in bytes; 0: there is none */
	iomm_node_slot *child;
};

#define IOMM_NODE_FEW 4u

struct iomm_inner {
	struct iomm_node node;
	iomm_node_slot *child; /* of slots [first, first + count) */
	uint32_t first;
	uint32_t count;
	_Atomic uint32_t used;		   /* children; as live */
	iomm_node_slot few[IOMM_NODE_FEW]; /* a window without memory */
};

/* Tables that are linked nowhere and seen by no walker, by level: a node stays
 * at its level, so that late readers take no plain one for an inner one. */
struct iomm_node_spares {
	struct iomm_node *list[IOMM_ENGINE_LEVELS];
	uint32_t count;
};

/* Slab of plain nodes: grows, and goes with the table. */
struct iomm_node_pool {
	struct iomm_node *free; /* plain nodes without a table */
	/* Shared: inner ones without a table, by level. */
	struct iomm_node *inner[IOMM_ENGINE_LEVELS];
	struct iomm_node_chunk *chunks;
	uint32_t next_count;
	struct iomm_node_spares spares;
};

static inline bool iomm_node_is_inner(const struct iomm_node *node)
{
	return node->pa & IOMM_NODE_INNER;
}

static inline struct iomm_inner *iomm_node_inner(const struct iomm_node *node)
{
	return iomm_container_of(node, struct iomm_inner, node);
}

static inline uint32_t iomm_node_level(const struct iomm_node *node)
{
	return (uint32_t)(node->pa >> 2) & (IOMM_ENGINE_LEVELS - 1);
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

	return i < inner->count ? atomic_load_explicit(&inner->child[i],
						       memory_order_acquire)
				: NULL;
}

static inline uint32_t iomm_node_live(const struct iomm_node *node)
{
	return atomic_load_explicit(&node->live, memory_order_relaxed);
}

/* Children of an inner node. */
static inline uint32_t iomm_node_used(const struct iomm_node *node)
{
	return atomic_load_explicit(&iomm_node_inner(node)->used,
				    memory_order_relaxed);
}

static inline bool iomm_node_empty(const struct iomm_node *node)
{
	return !iomm_node_live(node) &&
	       (!iomm_node_is_inner(node) || !iomm_node_used(node));
}

static inline bool iomm_node_dead(const struct iomm_node *node)
{
	return atomic_load_explicit(&node->word, memory_order_acquire) &
	       IOMM_NODE_DEAD;
}

/*
 * Leaves are counted by what is read from table memory, so somebody who writes
 * there can make the count wrong. It must stay in its bounds all the same.
 */
static inline void
iomm_node_add(struct iomm_node *node, uint32_t count, uint32_t most)
{
	uint32_t live = iomm_node_live(node) + count;

	atomic_store_explicit(&node->live, live < most ? live : most,
			      memory_order_relaxed);
}

/* Returns how many are left. */
static inline uint32_t iomm_node_sub(struct iomm_node *node, uint32_t count)
{
	uint32_t live = iomm_node_live(node);

	live = count < live ? live - count : 0;
	atomic_store_explicit(&node->live, live, memory_order_relaxed);
	return live;
}

/* Sets bits of the word of a node that the caller has locked, or for himself.
 */
static inline void iomm_node_set(struct iomm_node *node, uint32_t bits)
{
	uint32_t word = atomic_load_explicit(&node->word, memory_order_relaxed);

	atomic_store_explicit(&node->word, word | bits, memory_order_release);
}

static inline void iomm_node_clear(struct iomm_node *node, uint32_t bits)
{
	uint32_t word = atomic_load_explicit(&node->word, memory_order_relaxed);

	atomic_store_explicit(&node->word, word & ~bits, memory_order_release);
}

/* A moment of patience: another thread is about to change `*word` from `seen`. */
void iomm_node_wait(struct iomm_ctx *ctx, _Atomic uint32_t *word, uint32_t seen,
		    uint32_t tries);

/* Waits for the lock of a node; false when the node is dead. */
bool iomm_node_lock_slow(struct iomm_pgtable *pgtable, struct iomm_node *node);

/* A dead node is never locked, so that whoever makes a new table of it need
 * look out for nobody. */
static inline bool
iomm_node_lock(struct iomm_pgtable *pgtable, struct iomm_node *node)
{
	uint32_t word = 0;

	return atomic_compare_exchange_strong_explicit(&node->word, &word,
						       IOMM_NODE_LOCKED,
						       memory_order_acquire,
						       memory_order_relaxed) ||
	       iomm_node_lock_slow(pgtable, node);
}

static inline void iomm_node_unlock(struct iomm_node *node)
{
	iomm_node_clear(node, IOMM_NODE_LOCKED);
}

/*
 * A table of `bytes` and its node, linked nowhere: from `from` when it is not
 * NULL, else a spare or a new one. That may make a new generation; if it is the
 * one after `*generation`, so is that. In a shared table it is dead until
 * iomm_node_revive(). It is zeroed, unless there is `raw`: then that tells
 * whether there is something in it, and the caller writes all of it.
 */
int iomm_node_create(struct iomm_pgtable *pgtable,
		     struct iomm_node_spares *from, uint32_t level,
		     uint64_t bytes, uintptr_t *generation, bool *raw,
		     struct iomm_node **out);

/* Zeroes entries of a table that no walker sees. Late readers may: each entry is
 * a store. */
void iomm_node_wipe(const struct iomm_pgtable *pgtable, uint64_t *desc,
		    uint64_t count);

/* The same from what was discarded to `kept`, or NULL. */
struct iomm_node *
iomm_node_reuse(struct iomm_pgtable *pgtable, struct iomm_node_spares *kept,
		uint32_t level, bool *raw);

/* The node of a table that is there already, at `pa`. */
int iomm_node_create_foreign(struct iomm_pgtable *pgtable, uint32_t level,
			     uint64_t pa, uint64_t bytes,
			     struct iomm_node **out);

/* Takes back a tree that was linked nowhere, to the spares, or to `to`. */
void iomm_node_discard(struct iomm_pgtable *pgtable,
		       struct iomm_node_spares *to, struct iomm_node *node);

/* Takes the links to our tables out of those that are not ours. */
void iomm_node_unlink_ours(struct iomm_pgtable *pgtable);

/* Frees all tables: the end. */
void iomm_node_destroy_root(struct iomm_pgtable *pgtable);

/* A window for all of `count` slots; and none. */
bool iomm_node_set_window(struct iomm_ctx *ctx, struct iomm_inner *inner,
			  uint32_t count);
void iomm_node_free_window(struct iomm_ctx *ctx, struct iomm_inner *inner);

/* Makes room for a child at the slot; afterwards iomm_node_adopt cannot fail.
 * `slots` is how many the table has. */
int iomm_node_make_room(struct iomm_pgtable *pgtable, struct iomm_node *node,
			uint32_t slot, uint32_t slots);
void iomm_node_adopt(struct iomm_node *node, uint32_t slot,
		     struct iomm_node *child);

/* Undoes that. */
void iomm_node_disown(struct iomm_node *node, uint32_t slot);

/* All tables of a new tree are about to be linked: with LOCKED, or 0. And the
 * opposite of it, with DEAD. */
void iomm_node_revive(struct iomm_node *node, uint32_t word);

/* Takes a child out, with all below it, and chains their tables in front of
 * `*chain`: they are out of use. */
void iomm_node_bury(struct iomm_pgtable *pgtable, struct iomm_node *node,
		    uint32_t slot, struct iomm_node **chain);

/* An empty table, on the way to `iova`, is about to be buried; until its chain ends
 * walkers may remember it. Do they remember one below a slot at `level` of a table
 * that is locked? */
void iomm_node_prune(struct iomm_pgtable *pgtable, struct iomm_node *node,
		     uint64_t iova);
bool iomm_node_remembered(struct iomm_pgtable *pgtable, uint32_t level,
			  uint64_t iova);

/* That one is flushed. */
void iomm_node_settle(struct iomm_pgtable *pgtable, struct iomm_node *node);

/* Ends a chain of tables that no walker sees any more: they become spare, or
 * are freed. Returns how many. */
uint32_t
iomm_node_free_chain(struct iomm_pgtable *pgtable, struct iomm_node *chain);

/* Pushes a chain, from any thread. */
void iomm_node_push(_Atomic(struct iomm_node *) *list, struct iomm_node *chain,
		    struct iomm_node *tail);

/* Tables that a reservation holds, from and back to the page table: that from
 * any thread. */
int iomm_node_reserve(struct iomm_pgtable *pgtable,
		      struct iomm_node_spares *spares, uint32_t level,
		      uint32_t count);
void iomm_node_unreserve(struct iomm_pgtable *pgtable,
			 struct iomm_node_spares *spares);

/* Those that a commit kept from one try to the next, to their reservation. */
void iomm_node_give_back(struct iomm_node_spares *kept,
			 struct iomm_node_spares *spares);

/* How many spare tables there are. */
uint64_t iomm_node_spares(struct iomm_pgtable *pgtable);

/* Gives the memory of spare tables back; returns the bytes. */
uint64_t iomm_node_trim(struct iomm_pgtable *pgtable);

void iomm_node_pool_fini(struct iomm_pgtable *pgtable);

#endif
