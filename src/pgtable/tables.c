/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Tables and their nodes: made, handed on, taken down. Where nodes come from is
 * in slab.c, what is kept for the next need in spares.c. */
#include "pgtable/tables.h"

#include "base/mem.h"
#include "pgtable/desc.h"
#include "pgtable/memory.h"

/* Tables */

/* Returns what it was. A locked instruction waits for all stores before it, those
 * past the caches included: where nobody else counts it is none. */
static uintptr_t
add(const struct iomm_pgtable *pgtable, _Atomic uintptr_t *count, uintptr_t n)
{
	uintptr_t now;

	if (pgtable->sharing)
		return atomic_fetch_add_explicit(count, n,
						 memory_order_acq_rel);
	now = atomic_load_explicit(count, memory_order_relaxed);
	atomic_store_explicit(count, now + n, memory_order_relaxed);
	return now;
}

static void count_table(struct iomm_pgtable *pgtable, bool foreign)
{
	(void)add(pgtable, &pgtable->tables, 1);
	if (foreign)
		(void)add(pgtable, &pgtable->foreign, 1);
}

/* Tables that go out of use together. */
struct out {
	struct iomm_node *chain;
	uint32_t tables, foreign;
};

static void uncount_tables(struct iomm_pgtable *pgtable, const struct out *out)
{
	(void)add(pgtable, &pgtable->tables, (uintptr_t)0 - out->tables);
	if (out->foreign)
		(void)add(pgtable, &pgtable->foreign,
			  (uintptr_t)0 - out->foreign);
}

/* Returns the one before. */
static uintptr_t next_generation(struct iomm_pgtable *pgtable)
{
	return add(pgtable, &pgtable->generation, 1);
}

/* A node may have been of a table before, one that was never linked perhaps. */
static void clear_books(struct iomm_node *node)
{
	struct iomm_inner *inner;
	uint32_t i;

	atomic_store_explicit(&node->live, 0, memory_order_relaxed);
	if (!iomm_node_is_inner(node))
		return;
	inner = iomm_node_inner(node);
	for (i = 0; i < inner->count; i++)
		atomic_store_explicit(&inner->child[i], NULL,
				      memory_order_release);
	atomic_store_explicit(&inner->used, 0, memory_order_relaxed);
}

void iomm_node_wipe(const struct iomm_pgtable *pgtable, uint64_t *desc,
		    uint64_t count)
{
	uint64_t i;

	if (pgtable->sharing)
		for (i = 0; i < count; i++)
			iomm_desc_clear(desc + i);
	else
		memset(desc, 0, (size_t)count << pgtable->ops->desc_shift);
}

/* A table with something in it goes to its new owner. */
static void hand_over(struct iomm_pgtable *pgtable, struct iomm_node *node,
		      uint64_t bytes, bool *raw)
{
	if (raw)
		*raw = true;
	else
		iomm_node_wipe(pgtable, node->va,
			       bytes >> pgtable->ops->desc_shift);
}

/* Before a table that was linked once is made ready to be linked anew, or one of
 * new memory whose node was. */
static void renew(struct iomm_pgtable *pgtable, uintptr_t *generation)
{
	/* What the caller has found since stays found: this is none of it. */
	if (next_generation(pgtable) == *generation)
		++*generation;
}

static bool is_fresh(const struct iomm_node *node)
{
	return atomic_load_explicit(&node->word, memory_order_relaxed) &
	       IOMM_NODE_FRESH;
}

static int make_table(struct iomm_pgtable *pgtable, uint32_t level,
		      uint64_t bytes, struct iomm_node **out)
{
	struct iomm_ctx *ctx = pgtable->object.ctx;
	uint32_t slots = (uint32_t)(bytes >> pgtable->ops->desc_shift);
	bool inner = level < pgtable->ops->last_level;
	uint64_t kind = IOMM_NODE_LEVEL(level) | (inner ? IOMM_NODE_INNER : 0);
	struct iomm_node *node;
	uint64_t pa;
	void *va;
	int r;

	node = inner ? iomm_slab_take_inner(pgtable, level, slots)
		     : iomm_slab_take_plain(pgtable);
	if (!node)
		return IOMM_FAIL(ctx, IOMM_ENOMEM,
				 "no memory for the books of a table");
	r = iomm_table_alloc(ctx, pgtable->memory, bytes, pgtable->max_table_pa,
			     &va, &pa);
	if (r) {
		node->pa = kind;
		iomm_slab_put(pgtable, node);
		return r;
	}
	node->va = va;
	node->pa = pa | kind;
	*out = node;
	return 0;
}

int iomm_node_create_foreign(struct iomm_pgtable *pgtable, uint32_t level,
			     uint64_t pa, uint64_t bytes,
			     struct iomm_node **out)
{
	struct iomm_ctx *ctx = pgtable->object.ctx;
	uint32_t slots = (uint32_t)(bytes >> pgtable->ops->desc_shift);
	bool inner = level < pgtable->ops->last_level;
	struct iomm_node *node;
	void *va;
	int r;

	r = iomm_table_find(ctx, pgtable->memory, pa, bytes, &va);
	if (r)
		return r;
	node = inner ? iomm_slab_make_inner(ctx, slots)
		     : iomm_slab_take_plain(pgtable);
	if (!node)
		return IOMM_FAIL(ctx, IOMM_ENOMEM,
				 "no memory for the books of a table");
	node->va = va;
	node->pa = pa | IOMM_NODE_FOREIGN | IOMM_NODE_LEVEL(level) |
		   (inner ? IOMM_NODE_INNER : 0);
	atomic_store_explicit(&node->word, 0, memory_order_relaxed);
	count_table(pgtable, true);
	*out = node;
	return 0;
}

/* A node from before the table was made wide, without children, gets its whole
 * window. */
static int widen_node(struct iomm_pgtable *pgtable, struct iomm_node *node)
{
	uint64_t slots = iomm_table_bytes(pgtable) >> pgtable->ops->desc_shift;
	struct iomm_ctx *ctx = pgtable->object.ctx;

	if (!iomm_pgtable_is_wide(pgtable) || !iomm_node_is_inner(node) ||
	    iomm_node_inner(node)->count >= slots)
		return 0;
	iomm_node_free_window(ctx, iomm_node_inner(node));
	if (iomm_node_set_window(ctx, iomm_node_inner(node), (uint32_t)slots))
		return 0;
	return IOMM_FAIL(ctx, IOMM_ENOMEM,
			 "no memory for the books of a table");
}

static int
take_table(struct iomm_pgtable *pgtable, struct iomm_node_spares *from,
	   uint32_t level, uint64_t bytes, bool *made, struct iomm_node **out)
{
	int r;

	*made = false;
	*out = from ? iomm_spares_take(from, level)
		    : iomm_spares_any(pgtable, level);
	if (*out) {
		r = widen_node(pgtable, *out);
		if (r)
			iomm_spares_retire(pgtable, *out);
		return r;
	}
	if (from)
		return IOMM_FAIL(pgtable->object.ctx, IOMM_ENOSPC,
				 "the tables of the reservation are used up");
	*made = true;
	return make_table(pgtable, level, bytes, out);
}

int iomm_node_create(struct iomm_pgtable *pgtable,
		     struct iomm_node_spares *from, uint32_t level,
		     uint64_t bytes, uintptr_t *generation, bool *raw,
		     struct iomm_node **out)
{
	struct iomm_node *node;
	bool made;
	int r = take_table(pgtable, from, level, bytes, &made, &node);

	if (r)
		return r;
	/* The generation comes before all else. */
	if (!is_fresh(node) && (!made || pgtable->sharing))
		renew(pgtable, generation);
	clear_books(node);
	if (raw)
		*raw = false;
	if (!made || iomm_table_is_raw(pgtable->memory))
		hand_over(pgtable, node, bytes, raw);
	if (!pgtable->sharing)
		atomic_store_explicit(&node->word, 0, memory_order_relaxed);
	count_table(pgtable, false);
	*out = node;
	return 0;
}

struct iomm_node *
iomm_node_reuse(struct iomm_pgtable *pgtable, struct iomm_node_spares *kept,
		uint32_t level, bool *raw)
{
	struct iomm_node *node = iomm_spares_take(kept, level);

	if (!node)
		return NULL;
	clear_books(node);
	hand_over(pgtable, node, iomm_table_bytes(pgtable), raw);
	count_table(pgtable, false);
	return node;
}

/* Chains a table that is out of use, with all below it. */
static void take_down(struct iomm_node *node, struct out *out)
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
				take_down(child, out);
		}
	}
	out->tables++;
	out->foreign += !!(node->pa & IOMM_NODE_FOREIGN);
	iomm_list_push(&out->chain, node);
}

/* A table goes: where an exclusive one was used last may be there. Lookups were,
 * in a hook, in tables that came to nothing too. */
static void forget(struct iomm_pgtable *pgtable)
{
	if (pgtable->sharing)
		return;
	pgtable->tepid.span = pgtable->window.span = 0;
	/* For cursors, as re-use is. */
	(void)next_generation(pgtable);
}

void iomm_node_discard(struct iomm_pgtable *pgtable,
		       struct iomm_node_spares *to, struct iomm_node *node)
{
	struct out out = { 0 };

	forget(pgtable);
	take_down(node, &out);
	uncount_tables(pgtable, &out);
	if (!to)
		(void)iomm_node_free_chain(pgtable, out.chain);
	else
		while ((node = iomm_list_pop(&out.chain)))
			iomm_spares_put(to, node);
}

/* Foreign tables outlive ours: they must not link them. */
static void unlink_ours(struct iomm_pgtable *pgtable, struct iomm_node *node)
{
	struct iomm_inner *inner;
	struct iomm_node *child;
	uint64_t *desc;
	uint32_t i;

	if (!iomm_node_is_inner(node) || !(node->pa & IOMM_NODE_FOREIGN))
		return;
	inner = iomm_node_inner(node);
	for (i = inner->first; i - inner->first < inner->count; i++) {
		child = iomm_node_child(node, i);
		if (!child)
			continue;
		unlink_ours(pgtable, child);
		desc = (uint64_t *)node->va + i;
		if ((child->pa & IOMM_NODE_FOREIGN) || !iomm_desc_load(desc))
			continue;
		iomm_desc_clear(desc);
		if (pgtable->synced)
			iomm_table_sync(pgtable->memory, desc,
					iomm_node_pa(node) + i * sizeof(*desc),
					sizeof(*desc));
	}
}

void iomm_node_bury(struct iomm_pgtable *pgtable, struct iomm_node *node,
		    uint32_t slot, struct iomm_node **chain)
{
	struct iomm_node *child = iomm_node_child(node, slot);
	struct out out = { .chain = *chain };

	iomm_node_disown(node, slot);
	unlink_ours(pgtable, child);
	forget(pgtable);
	take_down(child, &out);
	uncount_tables(pgtable, &out);
	*chain = out.chain;
}

/* Pruned tables */

/* By the number of what a table of the last level spans. */
static uint32_t region(const struct iomm_pgtable *pgtable, uint64_t iova)
{
	return (uint32_t)(iova >>
			  (pgtable->ops->page_shift + pgtable->ops->bits));
}

static uint32_t *
slot_count(struct iomm_pgtable *pgtable, uint32_t level, uint32_t number)
{
	uint32_t above = pgtable->ops->last_level - 1 - level;

	number = (uint32_t)((uint64_t)number >> above * pgtable->ops->bits) +
		 (level << 24);
	return &pgtable->pruned.slots[number * UINT32_C(0x9e3779b1) >>
				      (32 - IOMM_PRUNED_SHIFT)];
}

/* One more, or one less. */
static void
count_pruned(struct iomm_pgtable *pgtable, const struct iomm_node *node,
	     uint32_t number, uint32_t n)
{
	uint32_t level;

	iomm_lists_lock(pgtable);
	atomic_fetch_add_explicit(&pgtable->pruned.count, n,
				  memory_order_release);
	for (level = pgtable->start_level; level < iomm_node_level(node);
	     level++)
		*slot_count(pgtable, level, number) += n;
	iomm_lists_unlock(pgtable);
}

void iomm_node_prune(struct iomm_pgtable *pgtable, struct iomm_node *node,
		     uint64_t iova)
{
	uint32_t number = region(pgtable, iova);

	iomm_node_set(node, IOMM_NODE_PRUNED);
	atomic_store_explicit(&node->live, number, memory_order_relaxed);
	count_pruned(pgtable, node, number, 1);
}

void iomm_node_settle(struct iomm_pgtable *pgtable, struct iomm_node *node)
{
	if (!(atomic_load_explicit(&node->word, memory_order_relaxed) &
	      IOMM_NODE_PRUNED))
		return;
	iomm_node_clear(node, IOMM_NODE_PRUNED);
	count_pruned(pgtable, node, iomm_node_live(node), UINT32_MAX);
	atomic_store_explicit(&node->live, 0, memory_order_relaxed);
}

bool iomm_node_remembered(struct iomm_pgtable *pgtable, uint32_t level,
			  uint64_t iova)
{
	bool remembered;

	/* What was taken out of the slot, whose table the caller has locked, was
	 * counted before. Count and flush go the other way round. */
	if (!iomm_pgtable_has_pruned(pgtable))
		return false;
	iomm_lists_lock(pgtable);
	remembered = *slot_count(pgtable, level, region(pgtable, iova));
	iomm_lists_unlock(pgtable);
	return remembered;
}

/* Reservations */

int iomm_node_reserve(struct iomm_pgtable *pgtable,
		      struct iomm_node_spares *spares, uint32_t level,
		      uint32_t count)
{
	uint64_t bytes = iomm_table_bytes(pgtable);
	struct iomm_node *node;
	int r;

	for (; count; count--) {
		node = iomm_spares_any(pgtable, level);
		if (!node) {
			r = make_table(pgtable, level, bytes, &node);
			if (r)
				return r;
		}
		iomm_spares_put(spares, node);
		r = widen_node(pgtable, node);
		if (r)
			return r;
	}
	return 0;
}

/* The end */

void iomm_node_unlink_ours(struct iomm_pgtable *pgtable)
{
	unlink_ours(pgtable, pgtable->root);
}

void iomm_node_destroy_root(struct iomm_pgtable *pgtable)
{
	struct iomm_node *chain = NULL, *root = pgtable->root;
	struct iomm_inner *inner;
	uint32_t i;

	if (iomm_node_is_inner(root)) {
		inner = iomm_node_inner(root);
		for (i = 0; i < inner->count; i++)
			if (iomm_node_child(root, inner->first + i))
				iomm_node_bury(pgtable, root, inner->first + i,
					       &chain);
	}
	iomm_node_free_chain(pgtable, chain);
	if (!pgtable->stranded && !(root->pa & IOMM_NODE_FOREIGN))
		iomm_table_free(pgtable->object.ctx, pgtable->memory, root->va,
				iomm_node_pa(root), pgtable->root_bytes);
	iomm_slab_put(pgtable, root);
	pgtable->root = NULL;
}
