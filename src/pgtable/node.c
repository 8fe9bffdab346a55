/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Nodes: their locks, and their children. Where they come from, and go, is in
 * tables.c, slab.c and spares.c. */
#include "pgtable/node.h"

#include "base/ctx.h"
#include "base/mem.h"
#include "pgtable/pgtable.h"
#include "pgtable/sharing.h"

/* Locks */

/* How long a thread spins before it sleeps, and for how long then: locks are
 * held for the time that it takes to write a table, or to invalidate. */
#define SPINS	 200u
#define SLEEP_NS UINT64_C(20000)

void iomm_node_wait(struct iomm_ctx *ctx, _Atomic uint32_t *word, uint32_t seen,
		    uint32_t tries)
{
	if (tries < SPINS) {
		iomm_relax();
		return;
	}
	/* Nobody wakes us: who unlocks does not look whether somebody waits. */
	(void)iomm_wait(ctx, word, seen, iomm_deadline(ctx, SLEEP_NS));
}

/*
 * From the thread that keeps it, which finds out when it comes back. If it is in
 * there, or may not have seen yet that it has lost, its word says so after the
 * barrier. From itself it is taken by the same exchange: somebody else may.
 */
static bool
take_over(struct iomm_pgtable *pgtable, struct iomm_node *node, uint32_t word)
{
	struct iomm_place *place =
		&pgtable->sharing->place[IOMM_NODE_KEEPER(word)];
	struct iomm_ctx *ctx = pgtable->object.ctx;
	uint32_t writing, tries;

	if (!atomic_compare_exchange_strong_explicit(&node->word, &word,
						     IOMM_NODE_LOCKED,
						     memory_order_acquire,
						     memory_order_relaxed))
		return false;
	if (atomic_load_explicit(&place->thread, memory_order_relaxed) ==
	    iomm_thread(ctx)) {
		place->keeps = false;
		return true;
	}
	iomm_pgtable_barrier(pgtable);
	/* What it begins from here on is none of our table's. */
	writing = atomic_load_explicit(&place->writing, memory_order_acquire);
	for (tries = 0; (writing & 1) &&
			writing == atomic_load_explicit(&place->writing,
							memory_order_acquire);
	     tries++)
		iomm_node_wait(ctx, &place->writing, writing, tries);
	return true;
}

bool iomm_node_lock_slow(struct iomm_pgtable *pgtable, struct iomm_node *node)
{
	uint32_t word, tries;

	for (tries = 0;; tries++) {
		word = atomic_load_explicit(&node->word, memory_order_relaxed);
		if (word & IOMM_NODE_DEAD)
			return false;
		if (IOMM_NODE_IS_KEPT(word)) {
			if (take_over(pgtable, node, word))
				return true;
		} else if (word) {
			iomm_node_wait(pgtable->object.ctx, &node->word, word,
				       tries);
		} else if (atomic_compare_exchange_weak_explicit(
				   &node->word, &word, IOMM_NODE_LOCKED,
				   memory_order_acquire, memory_order_relaxed))
			return true;
	}
}

/* Windows of children */

void iomm_node_free_window(struct iomm_ctx *ctx, struct iomm_inner *inner)
{
	if (inner->child != inner->few)
		iomm_free(ctx, inner->child,
			  (uint64_t)inner->count * sizeof(*inner->child));
	inner->child = inner->few;
	inner->count = 0;
}

bool iomm_node_set_window(struct iomm_ctx *ctx, struct iomm_inner *inner,
			  uint32_t count)
{
	iomm_node_slot *child;

	child = iomm_alloc(ctx, (uint64_t)count * sizeof(*child));
	if (!child)
		return false;
	inner->child = child;
	inner->first = 0;
	inner->count = count;
	return true;
}

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

static void move_children(struct iomm_inner *inner, iomm_node_slot *to)
{
	uint32_t i;

	for (i = 0; i < inner->count; i++)
		atomic_store_explicit(
			&to[i],
			atomic_load_explicit(&inner->child[i],
					     memory_order_relaxed),
			memory_order_relaxed);
}

int iomm_node_make_room(struct iomm_pgtable *pgtable, struct iomm_node *node,
			uint32_t slot, uint32_t slots)
{
	struct iomm_inner *inner = iomm_node_inner(node);
	struct iomm_ctx *ctx = pgtable->object.ctx;
	iomm_node_slot *child = inner->few;
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
		move_children(inner, &child[inner->first - first]);
		iomm_node_free_window(ctx, inner);
	}
	inner->child = child;
	inner->first = first;
	inner->count = count;
	/* Lookups know the old one. */
	pgtable->window.span = 0;
	return 0;
}

static void
set_child(struct iomm_inner *inner, uint32_t slot, struct iomm_node *child)
{
	atomic_store_explicit(&inner->child[slot - inner->first], child,
			      memory_order_release);
}

static void set_used(struct iomm_node *node, uint32_t used)
{
	atomic_store_explicit(&iomm_node_inner(node)->used, used,
			      memory_order_relaxed);
}

void iomm_node_adopt(struct iomm_node *node, uint32_t slot,
		     struct iomm_node *child)
{
	struct iomm_inner *inner = iomm_node_inner(node);

	set_child(inner, slot, child);
	set_used(node, iomm_node_used(node) + 1);
}

void iomm_node_disown(struct iomm_node *node, uint32_t slot)
{
	set_child(iomm_node_inner(node), slot, NULL);
	set_used(node, iomm_node_used(node) - 1);
}

void iomm_node_revive(struct iomm_node *node, uint32_t word)
{
	struct iomm_inner *inner;
	struct iomm_node *child;
	uint32_t i;

	if (iomm_node_is_inner(node)) {
		inner = iomm_node_inner(node);
		for (i = 0; i < inner->count; i++) {
			child = atomic_load_explicit(&inner->child[i],
						     memory_order_relaxed);
			if (child)
				iomm_node_revive(child, word);
		}
	}
	atomic_store_explicit(&node->word, word, memory_order_release);
}
