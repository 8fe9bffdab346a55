/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What is free, by size and by place: holes, bins, and the lists of a span. A
 * part of spans.c and heap.c, for which these are the inner loops. Sizes come as
 * they come, so what can do without a branch does.
 */
#ifndef IOMM_ALLOC_INDEX_H
#define IOMM_ALLOC_INDEX_H

#include "alloc/span.h"
#include "base/ctx.h"
#include "base/mem.h"

/* A hole that is in no bin: it waits, or its span leaves. */
#define NO_BIN UINT32_MAX

#define ROW_BINS (1u << IOMM_BIN_SHIFT)

static inline uint32_t log2_of(uint32_t n)
{
	return 31u - (uint32_t)__builtin_clz(n);
}

/* Row 0 has the sizes below 32, each its own bin; row n those of 5 + n - 1
 * bits, by the five that follow the first. */
static inline uint32_t bin_of(uint32_t units)
{
	uint32_t log = log2_of(units | ROW_BINS >> 1) + 1 - IOMM_BIN_SHIFT;
	uint32_t shift = log - (log != 0);

	return (log << IOMM_BIN_SHIFT) | ((units >> shift) & (ROW_BINS - 1));
}

/* Holes */

/* The lists of the bins are rings through their heads. */
static inline struct iomm_link *link_of(struct iomm_heap *heap, uint32_t hole)
{
	return &heap->links[IOMM_BINS + hole];
}

static inline uint64_t link_bytes(uint32_t holes)
{
	return (uint64_t)(IOMM_BINS + holes) * sizeof(struct iomm_link);
}

static inline uint64_t hole_bytes(uint32_t holes)
{
	return (uint64_t)holes * sizeof(struct iomm_hole);
}

static inline void init_heads(struct iomm_heap *heap)
{
	uint32_t n;

	for (n = 0; n < IOMM_BINS; n++)
		heap->links[n].next = heap->links[n].prev = n;
	heap->nr_holes = 1; /* number 0 is none */
}

static inline bool grow_holes(struct iomm_heap *heap)
{
	uint32_t old = heap->max_holes, max = old ? old * 2 : 64;
	struct iomm_link *links = NULL;
	struct iomm_hole *holes = NULL;

	if (max > old && max < UINT32_MAX / 2) {
		links = iomm_alloc(heap->ctx, link_bytes(max));
		holes = iomm_alloc(heap->ctx, hole_bytes(max));
	}
	if (!links || !holes) {
		iomm_free(heap->ctx, links, link_bytes(max));
		iomm_free(heap->ctx, holes, hole_bytes(max));
		return false;
	}
	heap->book += hole_bytes(max) + link_bytes(max);
	if (old) {
		memcpy(links, heap->links, (size_t)link_bytes(old));
		memcpy(holes, heap->holes, (size_t)hole_bytes(old));
		iomm_free(heap->ctx, heap->links, link_bytes(old));
		iomm_free(heap->ctx, heap->holes, hole_bytes(old));
		heap->book -= hole_bytes(old) + link_bytes(old);
	}
	heap->links = links;
	heap->holes = holes;
	heap->max_holes = max;
	if (!old)
		init_heads(heap);
	return true;
}

static inline uint32_t *first_of(const struct iomm_block *block)
{
	return &block->span->first[block->start >> 6];
}

static inline void link_place(struct iomm_heap *heap, uint32_t number)
{
	struct iomm_hole *hole = &heap->holes[number];
	uint32_t *first = first_of(&hole->block);

	hole->chain = *first;
	*first = number;
}

static inline void unlink_place(struct iomm_heap *heap, uint32_t number)
{
	struct iomm_hole *hole = &heap->holes[number];
	uint32_t *at = first_of(&hole->block);

	while (*at != number)
		at = &heap->holes[*at].chain;
	*at = hole->chain;
}

/* Makes a hole for a block and finds it by place from now on; 0: no memory. */
static inline uint32_t
hole_create(struct iomm_heap *heap, const struct iomm_block *block)
{
	uint32_t number = heap->spare_hole;

	if (number) {
		heap->spare_hole = heap->holes[number].chain;
	} else {
		if (heap->nr_holes == heap->max_holes && !grow_holes(heap))
			return 0;
		number = heap->nr_holes++;
	}
	heap->holes[number].block = *block;
	heap->holes[number].bin = NO_BIN;
	link_place(heap, number);
	return number;
}

/* Undoes that. It is in no bin. */
static inline void hole_destroy(struct iomm_heap *heap, uint32_t number)
{
	unlink_place(heap, number);
	heap->holes[number].chain = heap->spare_hole;
	heap->spare_hole = number;
}

/* Gives it another block. It is in no bin. */
static inline void hole_move(struct iomm_heap *heap, uint32_t number,
			     const struct iomm_block *block)
{
	unlink_place(heap, number);
	heap->holes[number].block = *block;
	link_place(heap, number);
}

/* The hole of the block that starts there; 0: none. */
static inline uint32_t hole_at(const struct iomm_heap *heap,
			       const struct iomm_span *span, uint32_t start)
{
	uint32_t number = span->first[start >> 6];

	while (number && heap->holes[number].block.start != start)
		number = heap->holes[number].chain;
	return number;
}

/* Bins */

static inline void bin_add(struct iomm_heap *heap, uint32_t number)
{
	uint32_t bin = bin_of(heap->holes[number].block.units);
	uint32_t self = IOMM_BINS + number, next = heap->links[bin].next;

	heap->holes[number].bin = bin;
	heap->links[self].prev = bin;
	heap->links[self].next = next;
	heap->links[next].prev = self;
	heap->links[bin].next = self;
	heap->row[bin >> IOMM_BIN_SHIFT] |= 1u << (bin & (ROW_BINS - 1));
	heap->rows |= 1u << (bin >> IOMM_BIN_SHIFT);
}

static inline void bin_remove(struct iomm_heap *heap, uint32_t number)
{
	uint32_t bin = heap->holes[number].bin, row = bin >> IOMM_BIN_SHIFT;
	struct iomm_link link = *link_of(heap, number);
	uint32_t empty;

	heap->links[link.prev].next = link.next;
	heap->links[link.next].prev = link.prev;
	heap->holes[number].bin = NO_BIN;
	empty = heap->links[bin].next == bin;
	heap->row[row] &= ~(empty << (bin & (ROW_BINS - 1)));
	empty = !heap->row[row];
	heap->rows &= ~(empty << row);
}

/* The first hole of a bin, 0 when there is none. */
static inline uint32_t bin_first(const struct iomm_heap *heap, uint32_t bin)
{
	uint32_t next = heap->links[bin].next;

	return next >= IOMM_BINS ? next - IOMM_BINS : 0;
}

/* The first bin above that is not empty; 0: none. Rows without bins are empty.
 */
static inline uint32_t bin_above(const struct iomm_heap *heap, uint32_t bin)
{
	uint32_t here = bin >> IOMM_BIN_SHIFT, above, row, bins;

	/* Two shifts: the bin may be the last of its row. */
	bins = heap->row[here] & (UINT32_MAX << (bin & (ROW_BINS - 1)) << 1);
	above = heap->rows & (UINT32_MAX << here << 1);
	above = (uint32_t)__builtin_ctz(above | UINT32_C(1) << 31);
	row = bins ? here : above;
	bins = bins ? bins : heap->row[above];
	return bins ? row << IOMM_BIN_SHIFT | (uint32_t)__builtin_ctz(bins) : 0;
}

/* The last resort: a bin's holes differ in size. */
static inline uint32_t
search_bin(const struct iomm_heap *heap, uint32_t bin, uint32_t units)
{
	uint32_t at = heap->links[bin].next;

	while (at >= IOMM_BINS &&
	       heap->holes[at - IOMM_BINS].block.units < units)
		at = heap->links[at].next;
	return at >= IOMM_BINS ? at - IOMM_BINS : 0;
}

/* A hole in a bin with as many units or more, as close above as the classes
 * are; 0: none. */
static inline uint32_t bin_find(const struct iomm_heap *heap, uint32_t units)
{
	uint32_t bin = bin_of(units), own, above;

	if (!heap->rows)
		return 0;
	/* Of the size's own bin the first only; in the others any will do. */
	own = bin_first(heap, bin);
	own = heap->holes[own].block.units >= units ? own : 0;
	above = bin_above(heap, bin);
	if (own | above)
		return own ? own : bin_first(heap, above);
	return search_bin(heap, bin, units);
}

/* Spans that are free all over */

static inline void push_empty(struct iomm_heap *heap, struct iomm_span *span)
{
	span->prev = NULL;
	span->next = heap->empty;
	if (span->next)
		span->next->prev = span;
	heap->empty = span;
	heap->empty_units += span->units;
}

static inline void remove_empty(struct iomm_heap *heap, struct iomm_span *span)
{
	if (span->next)
		span->next->prev = span->prev;
	if (span->prev)
		span->prev->next = span->next;
	else
		heap->empty = span->next;
	heap->empty_units -= span->units;
}

/* From no bin into its bin, with what belongs to that; and back. */
static inline void offer(struct iomm_heap *heap, uint32_t hole)
{
	const struct iomm_block *block = &heap->holes[hole].block;

	set_tail(block);
	if (is_whole(block))
		push_empty(heap, block->span);
	bin_add(heap, hole);
}

static inline void withdraw(struct iomm_heap *heap, uint32_t hole)
{
	const struct iomm_block *block = &heap->holes[hole].block;

	clear_tail(block);
	if (is_whole(block))
		remove_empty(heap, block->span);
	bin_remove(heap, hole);
}

#endif
