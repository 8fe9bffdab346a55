/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "pgtable/node.h"

#include "base/mem.h"

#include "base/ctx.h"
#include "pgtable/desc.h"
#include "pgtable/memory.h"
#include "pgtable/pgtable.h"
#include "pgtable/readers.h"

/* Locks */

/* How long a thread spins before it sleeps, and for how long then: locks are
 * held for the time that it takes to write a table, or to invalidate. */
#define SPINS	 200u
#define SLEEP_NS UINT64_C(20000)

static inline void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
	__asm__ volatile("yield");
#endif
}

void iomm_node_wait(struct iomm_ctx *ctx, _Atomic uint32_t *word, uint32_t seen,
		    uint32_t tries)
{
	if (tries < SPINS) {
		relax();
		return;
	}
	/* Nobody wakes us: who unlocks does not look whether somebody waits. */
	(void)iomm_wait(ctx, word, seen, iomm_deadline(ctx, SLEEP_NS));
}

bool iomm_node_lock_slow(struct iomm_ctx *ctx, struct iomm_node *node)
{
	uint32_t word, tries;

	for (tries = 0;; tries++) {
		word = atomic_load_explicit(&node->word, memory_order_relaxed);
		if (word & IOMM_NODE_DEAD)
			return false;
		if (word)
			iomm_node_wait(ctx, &node->word, word, tries);
		else if (atomic_compare_exchange_weak_explicit(
				 &node->word, &word, IOMM_NODE_LOCKED,
				 memory_order_acquire, memory_order_relaxed))
			return true;
	}
}

/* Only a shared table has others whom its lists need a lock for. */
static void lock_lists(struct iomm_pgtable *pgtable)
{
	if (pgtable->readers)
		iomm_lock(pgtable->object.ctx, &pgtable->lock);
}

static void unlock_lists(struct iomm_pgtable *pgtable)
{
	if (pgtable->readers)
		iomm_unlock(pgtable->object.ctx, &pgtable->lock);
}

/* The slab */

#define FIRST_CHUNK   16u
#define LARGEST_CHUNK 127u /* a little under 4 KiB */

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

static struct iomm_node *pop(struct iomm_node **list)
{
	struct iomm_node *node = *list;

	if (node)
		*list = node->next;
	return node;
}

static void push(struct iomm_node **list, struct iomm_node *node)
{
	node->next = *list;
	*list = node;
}

static struct iomm_node *take_plain(struct iomm_pgtable *pgtable)
{
	struct iomm_node_pool *pool = &pgtable->pool;
	struct iomm_node *node = NULL;

	lock_lists(pgtable);
	if (pool->free || grow_pool(pgtable->object.ctx, pool))
		node = pop(&pool->free);
	unlock_lists(pgtable);
	return node;
}

/* Inner nodes */

static void free_window(struct iomm_ctx *ctx, struct iomm_inner *inner)
{
	if (inner->child != inner->few)
		iomm_free(ctx, inner->child,
			  (uint64_t)inner->count * sizeof(*inner->child));
	inner->child = inner->few;
	inner->count = 0;
}

static void free_inner(struct iomm_ctx *ctx, struct iomm_node *node)
{
	struct iomm_inner *inner = iomm_node_inner(node);

	free_window(ctx, inner);
	iomm_free(ctx, inner, sizeof(*inner));
}

static bool
set_window(struct iomm_ctx *ctx, struct iomm_inner *inner, uint32_t count)
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

/* With `slots`, a window for all of them. */
static struct iomm_node *make_inner(struct iomm_ctx *ctx, uint32_t slots)
{
	struct iomm_inner *inner = iomm_alloc(ctx, sizeof(*inner));

	if (!inner)
		return NULL;
	inner->child = inner->few;
	if (!slots || set_window(ctx, inner, slots))
		return &inner->node;
	iomm_free(ctx, inner, sizeof(*inner));
	return NULL;
}

static struct iomm_node *
take_inner(struct iomm_pgtable *pgtable, uint32_t slots)
{
	struct iomm_node *node;

	lock_lists(pgtable);
	node = pop(&pgtable->pool.inner);
	unlock_lists(pgtable);
	if (node)
		return node;
	return make_inner(pgtable->object.ctx,
			  pgtable->readers || pgtable->wide ? slots : 0);
}

/* A node without a table; late readers may still look at it. */
static void put_node(struct iomm_pgtable *pgtable, struct iomm_node *node)
{
	if (!iomm_node_is_inner(node))
		push(&pgtable->pool.free, node);
	else if (pgtable->readers)
		push(&pgtable->pool.inner, node);
	else
		free_inner(pgtable->object.ctx, node);
}

/* Tables */

static uint64_t table_bytes(const struct iomm_pgtable *pgtable)
{
	return pgtable->ops->granule;
}

static void count_tables(struct iomm_pgtable *pgtable, int64_t tables,
			 uint64_t bytes, bool foreign)
{
	atomic_fetch_add_explicit(&pgtable->tables, (uint64_t)tables,
				  memory_order_relaxed);
	atomic_fetch_add_explicit(&pgtable->table_bytes,
				  (uint64_t)tables * bytes,
				  memory_order_relaxed);
	if (foreign)
		atomic_fetch_add_explicit(&pgtable->foreign, (uint64_t)tables,
					  memory_order_relaxed);
}

/* Returns the one before. */
static uint64_t next_generation(struct iomm_pgtable *pgtable)
{
	uint64_t now;

	if (pgtable->readers)
		return atomic_fetch_add_explicit(&pgtable->generation, 1,
						 memory_order_acq_rel);
	now = iomm_pgtable_generation(pgtable);
	atomic_store_explicit(&pgtable->generation, now + 1,
			      memory_order_relaxed);
	return now;
}

static void reset(struct iomm_node *node)
{
	atomic_store_explicit(&node->live, 0, memory_order_relaxed);
	atomic_store_explicit(&node->word, 0, memory_order_release);
}

/*
 * Makes a table that was linked once ready to be linked anew. Late readers may
 * look at it still: so the generation comes first, and each entry is a store.
 */
static void renew(struct iomm_pgtable *pgtable, struct iomm_node *node,
		  uint64_t bytes, uint64_t *generation)
{
	uint64_t i, slots = bytes >> pgtable->ops->desc_shift;
	struct iomm_inner *inner;

	/* What the caller has found since stays found: this is none of it. */
	if (next_generation(pgtable) == *generation)
		++*generation;
	if (pgtable->readers)
		for (i = 0; i < slots; i++)
			iomm_desc_clear((uint64_t *)node->va + i);
	else
		memset(node->va, 0, bytes);
	if (iomm_node_is_inner(node)) {
		inner = iomm_node_inner(node);
		for (i = 0; i < inner->count; i++)
			atomic_store_explicit(&inner->child[i], NULL,
					      memory_order_release);
		inner->used = 0;
	}
	reset(node);
}

static struct iomm_node *take_spare(struct iomm_node_spares *spares, bool inner)
{
	struct iomm_node *node;

	node = pop(inner ? &spares->inner : &spares->plain);
	if (node && inner)
		spares->nr_inner--;
	else if (node)
		spares->nr_plain--;
	return node;
}

static void put_spare(struct iomm_node_spares *spares, struct iomm_node *node)
{
	if (iomm_node_is_inner(node)) {
		push(&spares->inner, node);
		spares->nr_inner++;
	} else {
		push(&spares->plain, node);
		spares->nr_plain++;
	}
}

static int make_table(struct iomm_pgtable *pgtable, bool inner, uint64_t bytes,
		      struct iomm_node **out)
{
	struct iomm_ctx *ctx = pgtable->object.ctx;
	uint32_t slots = (uint32_t)(bytes >> pgtable->ops->desc_shift);
	struct iomm_node *node;
	uint64_t pa;
	void *va;
	int r;

	node = inner ? take_inner(pgtable, slots) : take_plain(pgtable);
	if (!node)
		return IOMM_FAIL(ctx, IOMM_ENOMEM,
				 "no memory for the books of a table");
	r = iomm_table_alloc(ctx, pgtable->memory, bytes, pgtable->max_table_pa,
			     &va, &pa);
	if (r) {
		node->pa = inner ? IOMM_NODE_INNER : 0;
		lock_lists(pgtable);
		put_node(pgtable, node);
		unlock_lists(pgtable);
		return r;
	}
	node->va = va;
	node->pa = pa | (inner ? IOMM_NODE_INNER : 0);
	*out = node;
	return 0;
}

static struct iomm_node *any_spare(struct iomm_pgtable *pgtable, bool inner)
{
	struct iomm_node_spares *spares = &pgtable->pool.spares;
	struct iomm_node *node;

	if (!pgtable->readers)
		return take_spare(spares, inner);
	lock_lists(pgtable);
	node = take_spare(spares, inner);
	unlock_lists(pgtable);
	return node;
}

int iomm_node_create(struct iomm_pgtable *pgtable,
		     struct iomm_node_spares *from, bool inner, uint64_t bytes,
		     uint64_t *generation, struct iomm_node **out)
{
	struct iomm_node *node;
	bool fresh;
	int r;

	node = from ? take_spare(from, inner) : any_spare(pgtable, inner);
	if (from && !node)
		return IOMM_FAIL(pgtable->object.ctx, IOMM_ENOSPC,
				 "the tables of the reservation are used up");
	fresh = !node;
	if (fresh) {
		r = make_table(pgtable, inner, bytes, &node);
		if (r)
			return r;
	}
	/* What late readers may look at is not fresh, new memory or not. */
	if (fresh && !pgtable->readers)
		reset(node);
	else
		renew(pgtable, node, bytes, generation);
	count_tables(pgtable, 1, bytes, false);
	*out = node;
	return 0;
}

int iomm_node_create_foreign(struct iomm_pgtable *pgtable, bool inner,
			     uint64_t pa, uint64_t bytes,
			     struct iomm_node **out)
{
	struct iomm_ctx *ctx = pgtable->object.ctx;
	uint32_t slots = (uint32_t)(bytes >> pgtable->ops->desc_shift);
	struct iomm_node *node;
	void *va;
	int r;

	r = iomm_table_find(ctx, pgtable->memory, pa, bytes, &va);
	if (r)
		return r;
	node = inner ? make_inner(ctx, slots) : take_plain(pgtable);
	if (!node)
		return IOMM_FAIL(ctx, IOMM_ENOMEM,
				 "no memory for the books of a table");
	node->va = va;
	node->pa = pa | IOMM_NODE_FOREIGN | (inner ? IOMM_NODE_INNER : 0);
	count_tables(pgtable, 1, bytes, true);
	*out = node;
	return 0;
}

/* The table's memory goes; its node may be looked at still. */
static void free_table(struct iomm_pgtable *pgtable, struct iomm_node *node)
{
	if (!pgtable->stranded && !(node->pa & IOMM_NODE_FOREIGN))
		iomm_table_free(pgtable->object.ctx, pgtable->memory, node->va,
				iomm_node_pa(node), table_bytes(pgtable));
	lock_lists(pgtable);
	put_node(pgtable, node);
	unlock_lists(pgtable);
}

/* An exclusive table keeps a few only: who unmaps wants his memory back. */
#define MOST_SPARES 64u

/* To the spares, or away. */
static void retire(struct iomm_pgtable *pgtable, struct iomm_node *node)
{
	struct iomm_node_spares *spares = &pgtable->pool.spares;
	bool keep;

	if (node->pa & IOMM_NODE_FOREIGN) {
		free_table(pgtable, node);
		return;
	}
	lock_lists(pgtable);
	keep = !pgtable->stranded &&
	       (pgtable->readers ||
		spares->nr_plain + spares->nr_inner < MOST_SPARES);
	if (keep)
		put_spare(spares, node);
	unlock_lists(pgtable);
	if (!keep)
		free_table(pgtable, node);
}

static void discard_tree(struct iomm_pgtable *pgtable,
			 struct iomm_node_spares *to, struct iomm_node *node)
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
				discard_tree(pgtable, to, child);
		}
	}
	count_tables(pgtable, -1, table_bytes(pgtable), false);
	/* As any spare: nobody locks it. */
	iomm_node_set(node, IOMM_NODE_DEAD);
	if (to)
		put_spare(to, node);
	else
		retire(pgtable, node);
}

void iomm_node_discard(struct iomm_pgtable *pgtable,
		       struct iomm_node_spares *to, struct iomm_node *node)
{
	discard_tree(pgtable, to, node);
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
		free_window(ctx, inner);
	}
	inner->child = child;
	inner->first = first;
	inner->count = count;
	return 0;
}

static void
set_child(struct iomm_inner *inner, uint32_t slot, struct iomm_node *child)
{
	atomic_store_explicit(&inner->child[slot - inner->first], child,
			      memory_order_release);
}

void iomm_node_adopt(struct iomm_node *node, uint32_t slot,
		     struct iomm_node *child)
{
	struct iomm_inner *inner = iomm_node_inner(node);

	set_child(inner, slot, child);
	inner->used++;
}

void iomm_node_disown(struct iomm_node *node, uint32_t slot)
{
	set_child(iomm_node_inner(node), slot, NULL);
	iomm_node_inner(node)->used--;
}

static void
each_in_tree(struct iomm_node *node, void (*act)(struct iomm_node *node))
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
				each_in_tree(child, act);
		}
	}
	act(node);
}

static void lock_new(struct iomm_node *node)
{
	iomm_node_set(node, IOMM_NODE_LOCKED);
}

void iomm_node_lock_tree(struct iomm_node *node)
{
	each_in_tree(node, lock_new);
}

void iomm_node_unlock_tree(struct iomm_node *node)
{
	each_in_tree(node, iomm_node_unlock);
}

static void bury_tree(struct iomm_pgtable *pgtable, struct iomm_node *node,
		      struct iomm_node **chain)
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
				bury_tree(pgtable, child, chain);
		}
	}
	count_tables(pgtable, -1, table_bytes(pgtable),
		     node->pa & IOMM_NODE_FOREIGN);
	push(chain, node);
}

void iomm_node_bury(struct iomm_pgtable *pgtable, struct iomm_node *node,
		    uint32_t slot, struct iomm_node **chain)
{
	struct iomm_node *child = iomm_node_child(node, slot);

	iomm_node_disown(node, slot);
	if (!pgtable->readers) {
		pgtable->warm_key = IOMM_PGTABLE_COLD;
		pgtable->tepid_key = IOMM_PGTABLE_COLD;
		/* For cursors, as re-use is. */
		(void)next_generation(pgtable);
	}
	bury_tree(pgtable, child, chain);
}

uint32_t
iomm_node_free_chain(struct iomm_pgtable *pgtable, struct iomm_node *chain)
{
	struct iomm_node *next;
	uint32_t count = 0;

	for (; chain; chain = next, count++) {
		next = chain->next;
		retire(pgtable, chain);
	}
	return count;
}

uint64_t iomm_node_spares(struct iomm_pgtable *pgtable)
{
	const struct iomm_node_spares *spares = &pgtable->pool.spares;
	uint64_t count;

	lock_lists(pgtable);
	count = (uint64_t)spares->nr_plain + spares->nr_inner;
	unlock_lists(pgtable);
	return count;
}

/* Reservations */

static int
reserve_kind(struct iomm_pgtable *pgtable, struct iomm_node_spares *spares,
	     bool inner, uint32_t count)
{
	uint64_t bytes = table_bytes(pgtable);
	uint32_t slots = (uint32_t)(bytes >> pgtable->ops->desc_shift);
	struct iomm_ctx *ctx = pgtable->object.ctx;
	struct iomm_node *node;
	int r;

	for (; count; count--) {
		node = any_spare(pgtable, inner);
		if (!node) {
			r = make_table(pgtable, inner, bytes, &node);
			if (r)
				return r;
		}
		put_spare(spares, node);
		/* From before the table was made wide. */
		if (inner && iomm_node_inner(node)->count < slots) {
			free_window(ctx, iomm_node_inner(node));
			if (!set_window(ctx, iomm_node_inner(node), slots))
				return IOMM_FAIL(ctx, IOMM_ENOMEM,
						 "no memory for the books of a "
						 "table");
		}
	}
	return 0;
}

int iomm_node_reserve(struct iomm_pgtable *pgtable,
		      struct iomm_node_spares *spares, uint32_t nr_plain,
		      uint32_t nr_inner)
{
	int r = reserve_kind(pgtable, spares, false, nr_plain);

	return r ? r : reserve_kind(pgtable, spares, true, nr_inner);
}

void iomm_node_unreserve(struct iomm_pgtable *pgtable,
			 struct iomm_node_spares *spares)
{
	struct iomm_node *node;

	while ((node = take_spare(spares, false)))
		retire(pgtable, node);
	while ((node = take_spare(spares, true)))
		retire(pgtable, node);
}

/* Trim and the end */

/* Waits a little for those who were reading when the call began. */
static bool quiet(struct iomm_pgtable *pgtable)
{
	struct iomm_readers *readers = pgtable->readers;
	uint32_t n, tries;

	if (!readers)
		return true;
	for (n = 0; n <= IOMM_READERS; n++) {
		struct iomm_reader *reader =
			n < IOMM_READERS ? &readers->slot[n] : &readers->more;

		for (tries = 0; !iomm_reader_quiet(reader); tries++) {
			if (tries == SPINS)
				return false;
			relax();
		}
	}
	return true;
}

uint64_t iomm_node_trim(struct iomm_pgtable *pgtable)
{
	struct iomm_node_spares spares;
	struct iomm_node *node;
	uint64_t bytes = 0;

	lock_lists(pgtable);
	spares = pgtable->pool.spares;
	memset(&pgtable->pool.spares, 0, sizeof(spares));
	unlock_lists(pgtable);
	if (!quiet(pgtable)) {
		iomm_node_unreserve(pgtable, &spares);
		return 0;
	}
	while ((node = take_spare(&spares, false)) ||
	       (node = take_spare(&spares, true))) {
		free_table(pgtable, node);
		bytes += table_bytes(pgtable);
	}
	return bytes;
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
	put_node(pgtable, root);
	pgtable->root = NULL;
}

void iomm_node_pool_fini(struct iomm_pgtable *pgtable)
{
	struct iomm_node_pool *pool = &pgtable->pool;
	struct iomm_ctx *ctx = pgtable->object.ctx;
	struct iomm_node_chunk *chunk;
	struct iomm_node *node;

	iomm_node_trim(pgtable);
	while ((node = pop(&pool->inner)))
		free_inner(ctx, node);
	while ((chunk = pool->chunks)) {
		pool->chunks = chunk->next;
		iomm_free(ctx, chunk, chunk_bytes(chunk->count));
	}
	pool->free = NULL;
}
