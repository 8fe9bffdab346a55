/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Tables and their nodes: made, kept for the next need, given back.
 */
#include "pgtable/node.h"

#include "base/mem.h"

#include "base/ctx.h"
#include "pgtable/desc.h"
#include "pgtable/memory.h"
#include "pgtable/pgtable.h"
#include "pgtable/readers.h"

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

/* Lists */

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

/* The slab */

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
		push(&pool->free, &chunk->nodes[n]);
	}
	count *= 2;
	pool->next_count = count < LARGEST_CHUNK ? count : LARGEST_CHUNK;
	return true;
}

void iomm_node_push(_Atomic(struct iomm_node *) *list, struct iomm_node *chain,
		    struct iomm_node *tail)
{
	tail->next = atomic_load_explicit(list, memory_order_relaxed);
	while (!atomic_compare_exchange_weak_explicit(list, &tail->next, chain,
						      memory_order_release,
						      memory_order_relaxed))
		;
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

static void free_inner(struct iomm_ctx *ctx, struct iomm_node *node)
{
	struct iomm_inner *inner = iomm_node_inner(node);

	iomm_node_free_window(ctx, inner);
	iomm_free(ctx, inner, sizeof(*inner));
}

/* With `slots`, a window for all of them. */
static struct iomm_node *make_inner(struct iomm_ctx *ctx, uint32_t slots)
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

static bool is_wide(const struct iomm_pgtable *pgtable)
{
	return atomic_load_explicit(&pgtable->wide, memory_order_relaxed);
}

static struct iomm_node *
take_inner(struct iomm_pgtable *pgtable, uint32_t level, uint32_t slots)
{
	struct iomm_node *node;

	lock_lists(pgtable);
	node = pop(&pgtable->pool.inner[level]);
	unlock_lists(pgtable);
	if (node)
		return node;
	return make_inner(pgtable->object.ctx,
			  pgtable->readers || is_wide(pgtable) ? slots : 0);
}

/* A node without a table; late readers may still look at it. */
static void put_node(struct iomm_pgtable *pgtable, struct iomm_node *node)
{
	if (!iomm_node_is_inner(node))
		push(&pgtable->pool.free, node);
	else if (pgtable->readers)
		push(&pgtable->pool.inner[iomm_node_level(node)], node);
	else
		free_inner(pgtable->object.ctx, node);
}

/* Tables */

static uint64_t table_bytes(const struct iomm_pgtable *pgtable)
{
	return pgtable->ops->granule;
}

static void count_table(struct iomm_pgtable *pgtable, bool foreign)
{
	atomic_fetch_add_explicit(&pgtable->tables, 1, memory_order_relaxed);
	if (foreign)
		atomic_fetch_add_explicit(&pgtable->foreign, 1,
					  memory_order_relaxed);
}

/* Tables that go out of use together. */
struct out {
	struct iomm_node *chain;
	uint32_t tables, foreign;
};

static void uncount_tables(struct iomm_pgtable *pgtable, const struct out *out)
{
	atomic_fetch_sub_explicit(&pgtable->tables, out->tables,
				  memory_order_relaxed);
	if (out->foreign)
		atomic_fetch_sub_explicit(&pgtable->foreign, out->foreign,
					  memory_order_relaxed);
}

/* Returns the one before. */
static uintptr_t next_generation(struct iomm_pgtable *pgtable)
{
	uintptr_t now;

	if (pgtable->readers)
		return atomic_fetch_add_explicit(&pgtable->generation, 1,
						 memory_order_acq_rel);
	now = iomm_pgtable_generation(pgtable);
	atomic_store_explicit(&pgtable->generation, now + 1,
			      memory_order_relaxed);
	return now;
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

	if (pgtable->readers)
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

static struct iomm_node *
take_spare(struct iomm_node_spares *spares, uint32_t level)
{
	struct iomm_node *node = pop(&spares->list[level]);

	if (node)
		spares->count--;
	return node;
}

/* Of whatever level. */
static struct iomm_node *take_any(struct iomm_node_spares *spares)
{
	struct iomm_node *node = NULL;
	uint32_t level;

	for (level = 0; !node && level < IOMM_ENGINE_LEVELS; level++)
		node = take_spare(spares, level);
	return node;
}

static void put_spare(struct iomm_node_spares *spares, struct iomm_node *node)
{
	push(&spares->list[iomm_node_level(node)], node);
	spares->count++;
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

	node = inner ? take_inner(pgtable, level, slots) : take_plain(pgtable);
	if (!node)
		return IOMM_FAIL(ctx, IOMM_ENOMEM,
				 "no memory for the books of a table");
	r = iomm_table_alloc(ctx, pgtable->memory, bytes, pgtable->max_table_pa,
			     &va, &pa);
	if (r) {
		node->pa = kind;
		lock_lists(pgtable);
		put_node(pgtable, node);
		unlock_lists(pgtable);
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
	node = inner ? make_inner(ctx, slots) : take_plain(pgtable);
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

static void give_begin(struct iomm_pgtable *pgtable, struct iomm_frame *frame)
{
	iomm_table_give_begin(pgtable->object.ctx, pgtable->memory, frame);
}

static void give_end(struct iomm_pgtable *pgtable, struct iomm_frame *frame)
{
	iomm_table_give_end(pgtable->object.ctx, pgtable->memory, frame);
}

/* The table's memory goes; its node may be looked at still. Between the two
 * above. */
static void free_table(struct iomm_pgtable *pgtable, struct iomm_node *node)
{
	if (!pgtable->stranded && !(node->pa & IOMM_NODE_FOREIGN))
		iomm_table_give(pgtable->object.ctx, pgtable->memory, node->va,
				iomm_node_pa(node), table_bytes(pgtable));
	lock_lists(pgtable);
	put_node(pgtable, node);
	unlock_lists(pgtable);
}

/* An exclusive table keeps a few only: who unmaps wants his memory back. */
#define MOST_SPARES 64u

/* Makes the table a spare, if it may be one more. */
static bool keep(struct iomm_pgtable *pgtable, struct iomm_node *node)
{
	struct iomm_node_spares *spares = &pgtable->pool.spares;
	bool room;

	if (pgtable->stranded || (node->pa & IOMM_NODE_FOREIGN))
		return false;
	lock_lists(pgtable);
	room = pgtable->readers || spares->count < MOST_SPARES;
	if (room)
		put_spare(spares, node);
	unlock_lists(pgtable);
	return room;
}

/* To the spares, or away. Returns how many. */
static uint32_t
retire_all(struct iomm_pgtable *pgtable, struct iomm_node *chain)
{
	struct iomm_frame frame;
	struct iomm_node *next;
	uint32_t count = 0;
	bool begun = false;

	for (; chain; chain = next, count++) {
		next = chain->next;
		if (keep(pgtable, chain))
			continue;
		if (!begun)
			give_begin(pgtable, &frame);
		begun = true;
		free_table(pgtable, chain);
	}
	if (begun)
		give_end(pgtable, &frame);
	return count;
}

static void retire(struct iomm_pgtable *pgtable, struct iomm_node *node)
{
	node->next = NULL;
	(void)retire_all(pgtable, node);
}

/* What reservations gave back, from whatever thread, is spare as well. */
static void take_in(struct iomm_pgtable *pgtable)
{
	struct iomm_node *node, *next;

	if (!atomic_load_explicit(&pgtable->returned, memory_order_relaxed))
		return;
	node = atomic_exchange_explicit(&pgtable->returned, NULL,
					memory_order_acquire);
	for (; node; node = next) {
		next = node->next;
		atomic_fetch_sub_explicit(&pgtable->nr_returned, 1,
					  memory_order_relaxed);
		retire(pgtable, node);
	}
}

static struct iomm_node *any_spare(struct iomm_pgtable *pgtable, uint32_t level)
{
	struct iomm_node_spares *spares = &pgtable->pool.spares;
	struct iomm_node *node;

	take_in(pgtable);
	if (!pgtable->readers)
		return take_spare(spares, level);
	lock_lists(pgtable);
	node = take_spare(spares, level);
	unlock_lists(pgtable);
	return node;
}

/* A node from before the table was made wide, without children, gets its whole
 * window. */
static int widen_node(struct iomm_pgtable *pgtable, struct iomm_node *node)
{
	uint64_t slots = table_bytes(pgtable) >> pgtable->ops->desc_shift;
	struct iomm_ctx *ctx = pgtable->object.ctx;

	if (!is_wide(pgtable) || !iomm_node_is_inner(node) ||
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
	*out = from ? take_spare(from, level) : any_spare(pgtable, level);
	if (*out) {
		r = widen_node(pgtable, *out);
		if (r)
			retire(pgtable, *out);
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
	if (!is_fresh(node) && (!made || pgtable->readers))
		renew(pgtable, generation);
	clear_books(node);
	if (raw)
		*raw = false;
	if (!made || iomm_table_is_raw(pgtable->memory))
		hand_over(pgtable, node, bytes, raw);
	if (!pgtable->readers)
		atomic_store_explicit(&node->word, 0, memory_order_relaxed);
	count_table(pgtable, false);
	*out = node;
	return 0;
}

struct iomm_node *
iomm_node_reuse(struct iomm_pgtable *pgtable, struct iomm_node_spares *kept,
		uint32_t level, bool *raw)
{
	struct iomm_node *node = take_spare(kept, level);

	if (!node)
		return NULL;
	clear_books(node);
	hand_over(pgtable, node, table_bytes(pgtable), raw);
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
	push(&out->chain, node);
}

void iomm_node_discard(struct iomm_pgtable *pgtable,
		       struct iomm_node_spares *to, struct iomm_node *node)
{
	struct out out = { 0 };

	take_down(node, &out);
	uncount_tables(pgtable, &out);
	if (!to)
		(void)retire_all(pgtable, out.chain);
	else
		while ((node = pop(&out.chain)))
			put_spare(to, node);
}

void iomm_node_bury(struct iomm_pgtable *pgtable, struct iomm_node *node,
		    uint32_t slot, struct iomm_node **chain)
{
	struct iomm_node *child = iomm_node_child(node, slot);
	struct out out = { .chain = *chain };

	iomm_node_disown(node, slot);
	if (!pgtable->readers) {
		pgtable->tepid.span = 0;
		/* For cursors, as re-use is. */
		(void)next_generation(pgtable);
	}
	take_down(child, &out);
	uncount_tables(pgtable, &out);
	*chain = out.chain;
}

uint32_t
iomm_node_free_chain(struct iomm_pgtable *pgtable, struct iomm_node *chain)
{
	return retire_all(pgtable, chain);
}

uint64_t iomm_node_spares(struct iomm_pgtable *pgtable)
{
	uint64_t count;

	lock_lists(pgtable);
	count = pgtable->pool.spares.count;
	unlock_lists(pgtable);
	return count + atomic_load_explicit(&pgtable->nr_returned,
					    memory_order_relaxed);
}

/* Reservations */

int iomm_node_reserve(struct iomm_pgtable *pgtable,
		      struct iomm_node_spares *spares, uint32_t level,
		      uint32_t count)
{
	uint64_t bytes = table_bytes(pgtable);
	struct iomm_node *node;
	int r;

	for (; count; count--) {
		node = any_spare(pgtable, level);
		if (!node) {
			r = make_table(pgtable, level, bytes, &node);
			if (r)
				return r;
		}
		put_spare(spares, node);
		r = widen_node(pgtable, node);
		if (r)
			return r;
	}
	return 0;
}

void iomm_node_unreserve(struct iomm_pgtable *pgtable,
			 struct iomm_node_spares *spares)
{
	struct iomm_node *node;

	while ((node = take_any(spares))) {
		atomic_fetch_add_explicit(&pgtable->nr_returned, 1,
					  memory_order_relaxed);
		iomm_node_push(&pgtable->returned, node, node);
	}
}

/* Trim and the end */

/* Waits a little for those who were reading when the call began. */
#define PATIENCE 200u

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
			if (tries == PATIENCE)
				return false;
			iomm_relax();
		}
	}
	return true;
}

uint64_t iomm_node_trim(struct iomm_pgtable *pgtable)
{
	struct iomm_node_spares spares;
	struct iomm_frame frame;
	struct iomm_node *node;
	uint64_t bytes = 0;

	take_in(pgtable);
	lock_lists(pgtable);
	spares = pgtable->pool.spares;
	memset(&pgtable->pool.spares, 0, sizeof(spares));
	unlock_lists(pgtable);
	if (!quiet(pgtable)) {
		while ((node = take_any(&spares)))
			retire(pgtable, node);
		return 0;
	}
	give_begin(pgtable, &frame);
	while ((node = take_any(&spares))) {
		free_table(pgtable, node);
		bytes += table_bytes(pgtable);
	}
	give_end(pgtable, &frame);
	return bytes;
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
		if (child->pa & IOMM_NODE_FOREIGN)
			continue;
		desc = (uint64_t *)node->va + i;
		iomm_desc_clear(desc);
		if (pgtable->synced)
			iomm_table_sync(pgtable->memory, desc,
					iomm_node_pa(node) + i * sizeof(*desc),
					sizeof(*desc));
	}
}

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
	put_node(pgtable, root);
	pgtable->root = NULL;
}

void iomm_node_pool_fini(struct iomm_pgtable *pgtable)
{
	struct iomm_node_pool *pool = &pgtable->pool;
	struct iomm_ctx *ctx = pgtable->object.ctx;
	struct iomm_node_chunk *chunk;
	struct iomm_node *node;
	uint32_t level;

	iomm_node_trim(pgtable);
	for (level = 0; level < IOMM_ENGINE_LEVELS; level++)
		while ((node = pop(&pool->inner[level])))
			free_inner(ctx, node);
	while ((chunk = pool->chunks)) {
		pool->chunks = chunk->next;
		iomm_free(ctx, chunk, chunk_bytes(chunk->count));
	}
	pool->free = NULL;
}
