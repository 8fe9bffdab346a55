/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What is free, by size and by place: holes, bins, and the lists of a span. A
 * part of heap.c, for which these are the inner loops.
 */
#ifndef IOMM_ALLOC_INDEX_H
#define IOMM_ALLOC_INDEX_H

#include "alloc/heap.h"
#include "base/ctx.h"
#include "base/mem.h"

/* A hole that is in no bin: it waits, or its span leaves. */
#define NO_BIN UINT32_MAX

#define ROW_BINS (1u << IOMM_BIN_SHIFT)
/* Of the bin that the size itself is in, as many are looked at before the next
 * one, all of whose holes will do. */
#define TRIES	 2u

static inline uint32_t log2_of(uint32_t n)
{
	return 31u - (uint32_t)__builtin_clz(n);
}

/* Row 0 has the sizes below 32, each its own bin; row n those of 5 + n - 1
 * bits, by the five that follow the first. No branch: sizes are not foreseen. */
static inline uint32_t bin_of(uint32_t units)
{
	uint32_t log = log2_of(units | ROW_BINS >> 1) + 1 - IOMM_BIN_SHIFT;
	uint32_t shift = log - (log != 0);

	return (log << IOMM_BIN_SHIFT) | ((units >> shift) & (ROW_BINS - 1));
}

/* Holes */

static inline bool grow_holes(struct iomm_heap *heap)
{
	uint32_t max = heap->max_holes ? heap->max_holes * 2 : 64;
	struct iomm_hole *holes;

	if (max <= heap->max_holes)
		return false;
	holes = iomm_alloc(heap->ctx, (uint64_t)max * sizeof(*holes));
	if (!holes)
		return false;
	if (heap->holes) {
		memcpy(holes, heap->holes, heap->max_holes * sizeof(*holes));
		iomm_free(heap->ctx, heap->holes,
			  heap->max_holes * sizeof(*holes));
	}
	heap->book += (uint64_t)(max - heap->max_holes) * sizeof(*holes);
	heap->holes = holes;
	heap->max_holes = max;
	if (!heap->nr_holes)
		heap->nr_holes = 1; /* number 0 is none */
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

static inline uint32_t
hole_create(struct iomm_heap *heap, const struct iomm_block *block)
{
	uint32_t number = heap->spare_hole;

	if (number) {
		heap->spare_hole = heap->holes[number].next;
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

static inline void hole_destroy(struct iomm_heap *heap, uint32_t number)
{
	unlink_place(heap, number);
	heap->holes[number].next = heap->spare_hole;
	heap->spare_hole = number;
}

static inline void hole_move(struct iomm_heap *heap, uint32_t number,
			     const struct iomm_block *block)
{
	uint32_t *to = first_of(block);

	if (first_of(&heap->holes[number].block) == to) {
		heap->holes[number].block = *block;
		return;
	}
	unlink_place(heap, number);
	heap->holes[number].block = *block;
	link_place(heap, number);
}

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
	struct iomm_hole *hole = &heap->holes[number];
	uint32_t bin = bin_of(hole->block.units);
	uint32_t next = heap->bin[bin];

	hole->bin = bin;
	hole->prev = 0;
	hole->next = next;
	if (next)
		heap->holes[next].prev = number;
	heap->bin[bin] = number;
	heap->row[bin >> IOMM_BIN_SHIFT] |= 1u << (bin & (ROW_BINS - 1));
	heap->rows |= 1u << (bin >> IOMM_BIN_SHIFT);
}

static inline void note_empty(struct iomm_heap *heap, uint32_t bin)
{
	uint32_t row = bin >> IOMM_BIN_SHIFT;

	heap->row[row] &= ~(1u << (bin & (ROW_BINS - 1)));
	if (!heap->row[row])
		heap->rows &= ~(1u << row);
}

static inline void bin_remove(struct iomm_heap *heap, uint32_t number)
{
	struct iomm_hole *hole = &heap->holes[number];

	if (hole->next)
		heap->holes[hole->next].prev = hole->prev;
	if (hole->prev)
		heap->holes[hole->prev].next = hole->next;
	else if (!(heap->bin[hole->bin] = hole->next))
		note_empty(heap, hole->bin);
	hole->bin = NO_BIN;
}

/* The first bin above that is not empty; 0: none. */
static inline uint32_t bin_above(const struct iomm_heap *heap, uint32_t bin)
{
	uint32_t row = bin >> IOMM_BIN_SHIFT, rest;

	/* Two shifts: the bin may be the last of its row. */
	rest = heap->row[row] & (UINT32_MAX << (bin & (ROW_BINS - 1)) << 1);
	if (!rest) {
		rest = heap->rows & (UINT32_MAX << row << 1);
		if (!rest)
			return 0;
		row = (uint32_t)__builtin_ctz(rest);
		rest = heap->row[row];
	}
	return row << IOMM_BIN_SHIFT | (uint32_t)__builtin_ctz(rest);
}

static inline uint32_t search_bin(const struct iomm_heap *heap, uint32_t bin,
				  uint32_t units, uint32_t tries)
{
	uint32_t number = heap->bin[bin];

	while (number && heap->holes[number].block.units < units)
		number = tries-- ? heap->holes[number].next : 0;
	return number;
}

/* A hole in a bin with as many units or more, as close above as the classes
 * are; 0: none. */
static inline uint32_t bin_find(const struct iomm_heap *heap, uint32_t units)
{
	uint32_t bin = bin_of(units);
	uint32_t number = search_bin(heap, bin, units, TRIES);
	uint32_t above;

	if (number)
		return number;
	above = bin_above(heap, bin);
	return above ? heap->bin[above]
		     : search_bin(heap, bin, units, UINT32_MAX);
}

#endif
