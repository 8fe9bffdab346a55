/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Tables that no walker sees: kept for the next need, reserved, given back. */
#include "pgtable/tables.h"

#include "base/mem.h"
#include "pgtable/memory.h"
#include "pgtable/sharing.h"

/* Lists */

void iomm_node_push(_Atomic(struct iomm_node *) *list, struct iomm_node *chain,
		    struct iomm_node *tail)
{
	tail->next = atomic_load_explicit(list, memory_order_relaxed);
	while (!atomic_compare_exchange_weak_explicit(list, &tail->next, chain,
						      memory_order_release,
						      memory_order_relaxed))
		;
}

struct iomm_node *
iomm_spares_take(struct iomm_node_spares *spares, uint32_t level)
{
	struct iomm_node *node = iomm_list_pop(&spares->list[level]);

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
		node = iomm_spares_take(spares, level);
	return node;
}

void iomm_spares_put(struct iomm_node_spares *spares, struct iomm_node *node)
{
	iomm_list_push(&spares->list[iomm_node_level(node)], node);
	spares->count++;
}

/* Going out of use */

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
				iomm_node_pa(node), iomm_table_bytes(pgtable));
	iomm_slab_put(pgtable, node);
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
	iomm_lists_lock(pgtable);
	room = pgtable->sharing || spares->count < MOST_SPARES;
	if (room)
		iomm_spares_put(spares, node);
	iomm_lists_unlock(pgtable);
	return room;
}

/* To the spares, or away. */
uint32_t
iomm_node_free_chain(struct iomm_pgtable *pgtable, struct iomm_node *chain)
{
	struct iomm_frame frame;
	struct iomm_node *next;
	uint32_t count = 0;
	bool begun = false;

	for (; chain; chain = next, count++) {
		next = chain->next;
		iomm_node_settle(pgtable, chain);
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

void iomm_spares_retire(struct iomm_pgtable *pgtable, struct iomm_node *node)
{
	node->next = NULL;
	(void)iomm_node_free_chain(pgtable, node);
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
		iomm_spares_retire(pgtable, node);
	}
}

struct iomm_node *iomm_spares_any(struct iomm_pgtable *pgtable, uint32_t level)
{
	struct iomm_node_spares *spares = &pgtable->pool.spares;
	struct iomm_node *node;

	take_in(pgtable);
	if (!pgtable->sharing)
		return iomm_spares_take(spares, level);
	iomm_lists_lock(pgtable);
	node = iomm_spares_take(spares, level);
	iomm_lists_unlock(pgtable);
	return node;
}

uint64_t iomm_node_spares(struct iomm_pgtable *pgtable)
{
	uint64_t count;

	iomm_lists_lock(pgtable);
	count = pgtable->pool.spares.count;
	iomm_lists_unlock(pgtable);
	return count + atomic_load_explicit(&pgtable->nr_returned,
					    memory_order_relaxed);
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

void iomm_node_give_back(struct iomm_node_spares *kept,
			 struct iomm_node_spares *spares)
{
	struct iomm_node *node;

	while ((node = take_any(kept)))
		iomm_spares_put(spares, node);
}

/* Trim */

/* Waits a little for those who were reading when the call began. */
#define PATIENCE 200u

static bool is_quiet(struct iomm_table_reader *reader)
{
	uint32_t tries;

	for (tries = 0; !iomm_table_reader_quiet(reader); tries++) {
		if (tries == PATIENCE)
			return false;
		iomm_relax();
	}
	return true;
}

static bool quiet(struct iomm_pgtable *pgtable)
{
	struct iomm_sharing *sharing = pgtable->sharing;
	uint32_t n;

	if (!sharing)
		return true;
	iomm_pgtable_barrier(pgtable);
	for (n = 0; n < IOMM_SHARING_SLOTS; n++) {
		if (!is_quiet(&sharing->slot[n]) ||
		    !is_quiet(&sharing->place[n].reader))
			return false;
	}
	return is_quiet(&sharing->more);
}

uint64_t iomm_node_trim(struct iomm_pgtable *pgtable)
{
	struct iomm_node_spares spares;
	struct iomm_frame frame;
	struct iomm_node *node;
	uint64_t bytes = 0;

	take_in(pgtable);
	iomm_lists_lock(pgtable);
	spares = pgtable->pool.spares;
	memset(&pgtable->pool.spares, 0, sizeof(spares));
	iomm_lists_unlock(pgtable);
	if (!quiet(pgtable)) {
		while ((node = take_any(&spares)))
			iomm_spares_retire(pgtable, node);
		return 0;
	}
	give_begin(pgtable, &frame);
	while ((node = take_any(&spares))) {
		free_table(pgtable, node);
		bytes += iomm_table_bytes(pgtable);
	}
	give_end(pgtable, &frame);
	return bytes;
}
