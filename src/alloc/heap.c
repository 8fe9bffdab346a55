/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Taking and freeing. Neither looks at more than a block, its two neighbours and
 * a bin, so that what they cost does not depend on how many others there are;
 * index.h says how these are found.
 */
#include "alloc/index.h"

void iomm_heap_init(struct iomm_heap *heap, struct iomm_ctx *ctx,
		    uint32_t shift, uint32_t slots)
{
	heap->ctx = ctx;
	heap->shift = shift;
	heap->slots = slots;
}

void iomm_heap_fini(struct iomm_heap *heap)
{
	iomm_free(heap->ctx, heap->places,
		  heap->max_places * sizeof(*heap->places));
	iomm_free(heap->ctx, heap->holes, hole_bytes(heap->max_holes));
	iomm_free(heap->ctx, heap->links, link_bytes(heap->max_holes));
}

bool iomm_block_marked(const struct iomm_block *block, uint32_t slot)
{
	return test(marks(block->span, slot), block->start);
}

void iomm_block_mark(const struct iomm_block *block, uint32_t slot, bool on)
{
	if (on)
		set(marks(block->span, slot), block->start);
	else
		clear(marks(block->span, slot), block->start);
}

uintptr_t
iomm_block_address(const struct iomm_heap *heap, const struct iomm_block *block)
{
	return block->span->base + ((uintptr_t)block->start << heap->shift);
}

/* Taking */

/* Cuts `units` off the front of a hole that is in no bin, but still has its
 * tail. */
static void cut(struct iomm_heap *heap, uint32_t hole, uint32_t units)
{
	struct iomm_block rest = heap->holes[hole].block;

	/* An edge must not be marked. */
	if (rest.units - units == 1 || rest.units == units)
		clear_tail(&rest);
	rest.start += units;
	rest.units -= units;
	if (!rest.units) {
		hole_destroy(heap, hole);
		return;
	}
	set(rest.span->edge, rest.start);
	hole_move(heap, hole, &rest);
	bin_add(heap, hole);
}

bool iomm_heap_take(struct iomm_heap *heap, uint32_t slot, uint32_t units,
		    struct iomm_block *block)
{
	uint32_t hole = bin_find(heap, units);

	if (!hole)
		return false;
	*block = heap->holes[hole].block;
	bin_remove(heap, hole);
	if (is_whole(block))
		remove_empty(heap, block->span);
	cut(heap, hole, units);
	block->units = units;
	set(marks(block->span, slot), block->start);
	heap->live++;
	heap->live_units += units;
	return true;
}

/* Freeing */

/* The hole that is in a bin and starts there; 0: there is none. */
static uint32_t
free_at(const struct iomm_heap *heap, struct iomm_span *span, uint32_t start)
{
	uint32_t hole = hole_at(heap, span, start);

	return hole && heap->holes[hole].bin != NO_BIN ? hole : 0;
}

/*
 * The last unit before is an edge or marked, not both: then it is the tail of a
 * free block, or all of one that is free, or waits, or has a mark in another
 * slot. A look at the holes tells these apart.
 */
static uint32_t
free_before(const struct iomm_heap *heap, const struct iomm_block *block)
{
	const struct iomm_span *span = block->span;
	uint32_t last = block->start - 1;

	if (!block->start || test(span->edge, last) == test(span->mark, last))
		return 0;
	return free_at(heap, block->span, edge_upto(span, last));
}

/* Where a block starts and slot 0 has no mark, it is the same. */
static uint32_t
free_behind(const struct iomm_heap *heap, const struct iomm_block *block)
{
	uint32_t next = block->start + block->units;

	if (next == block->span->units || test(block->span->mark, next))
		return 0;
	return free_at(heap, block->span, next);
}

/* Makes a block without a hole free, in one with its neighbours. False: no
 * memory for a hole. */
static bool release(struct iomm_heap *heap, struct iomm_block block)
{
	uint32_t before = free_before(heap, &block);
	uint32_t behind = free_behind(heap, &block);
	uint32_t hole = before ? before : behind;

	if (!hole) {
		hole = hole_create(heap, &block);
		if (!hole)
			return false;
		offer(heap, hole);
		return true;
	}
	if (behind) {
		withdraw(heap, behind);
		clear(block.span->edge, block.start + block.units);
		block.units += heap->holes[behind].block.units;
	}
	if (before) {
		withdraw(heap, before);
		clear(block.span->edge, block.start);
		block.start = heap->holes[before].block.start;
		block.units += heap->holes[before].block.units;
		if (behind)
			hole_destroy(heap, behind);
	}
	hole_move(heap, hole, &block);
	offer(heap, hole);
	return true;
}

static void leave_live(struct iomm_heap *heap, const struct iomm_block *block)
{
	heap->live--;
	heap->live_units -= block->units;
}

void iomm_heap_free(struct iomm_heap *heap, const struct iomm_block *block)
{
	leave_live(heap, block);
	heap->nr_lost += !release(heap, *block);
}

static void wait_hole(struct iomm_heap *heap, uint32_t hole)
{
	struct iomm_queue *queue = &heap->waiting;

	link_of(heap, hole)->next = queue->first;
	queue->first = hole;
	queue->count++;
	queue->units += heap->holes[hole].block.units;
}

void iomm_heap_wait(struct iomm_heap *heap, const struct iomm_block *block)
{
	uint32_t hole = hole_create(heap, block);

	leave_live(heap, block);
	heap->nr_lost += !hole;
	if (hole)
		wait_hole(heap, hole);
}

void iomm_heap_age(struct iomm_heap *heap)
{
	heap->older = iomm_queue_take(&heap->waiting);
}

struct iomm_queue iomm_queue_take(struct iomm_queue *queue)
{
	struct iomm_queue all = *queue;

	*queue = (struct iomm_queue){ 0 };
	return all;
}

void iomm_heap_rewait(struct iomm_heap *heap, struct iomm_queue queue)
{
	uint32_t hole, next;

	for (hole = queue.first; hole; hole = next) {
		next = link_of(heap, hole)->next;
		wait_hole(heap, hole);
	}
}

void iomm_heap_settle(struct iomm_heap *heap, struct iomm_queue queue)
{
	struct iomm_block block;
	uint32_t hole, next;

	for (hole = queue.first; hole; hole = next) {
		next = link_of(heap, hole)->next;
		block = heap->holes[hole].block;
		hole_destroy(heap, hole);
		/* There is memory for a hole: that of this one. */
		(void)release(heap, block);
	}
}

static bool
recover_block(struct iomm_heap *heap, struct iomm_span *span, uint32_t start)
{
	struct iomm_block block = { span, start, 0 };

	if (is_live(heap, &block) || hole_at(heap, span, start))
		return true;
	block.units = edge_from(span, start + 1) - start;
	if (!release(heap, block))
		return false;
	heap->nr_lost--;
	return true;
}

void iomm_heap_recover(struct iomm_heap *heap)
{
	struct iomm_span *span;
	uint32_t n, at;

	if (heap->nr_busy)
		return;
	for (n = 0; heap->nr_lost && n < heap->nr_places; n++) {
		span = heap->places[n].span;
		for (at = 0; at < span->units; at = edge_from(span, at + 1)) {
			if (!recover_block(heap, span, at))
				return;
		}
	}
}

uint32_t iomm_heap_largest(const struct iomm_heap *heap)
{
	uint32_t row, at, most = 0;

	if (!heap->rows)
		return 0;
	row = log2_of(heap->rows);
	at = heap->links[row << IOMM_BIN_SHIFT | log2_of(heap->row[row])].next;
	for (; at >= IOMM_BINS; at = heap->links[at].next) {
		if (heap->holes[at - IOMM_BINS].block.units > most)
			most = heap->holes[at - IOMM_BINS].block.units;
	}
	return most;
}
