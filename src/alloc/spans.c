/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The spans of a heap: which there are, how they come and go, and what lies at
 * an address.
 *
 * Spans are found by a search that halves an array: a step more for twice the
 * memory. In a span nothing is searched for: a block starts where the bit of its
 * address says so, and ends at the next edge.
 */
#include "alloc/index.h"

/* Spans */

static uint64_t span_book(uint32_t slots, uint32_t words)
{
	return sizeof(struct iomm_span) +
	       (uint64_t)words * (8 * (1 + (uint64_t)slots) + 4);
}

struct iomm_span *iomm_span_create(const struct iomm_heap *heap,
				   const struct iomm_alloc_grant *grant)
{
	uint32_t units = (uint32_t)(grant->bytes >> heap->shift);
	/* With the edge behind the end, and a word for edge_from(). */
	uint32_t words = (units >> 6) + 2;
	struct iomm_span *span =
		iomm_alloc(heap->ctx, span_book(heap->slots, words));

	if (!span)
		return NULL;
	span->grant = *grant;
	span->base = (uintptr_t)grant->address;
	if (grant->alias)
		span->alias = (uintptr_t)grant->alias - span->base;
	span->units = units;
	span->words = words;
	span->book = span_book(heap->slots, words);
	span->edge = (uint64_t *)(void *)(span + 1);
	span->mark = span->edge + words;
	span->first =
		(uint32_t *)(void *)(span->mark + (size_t)words * heap->slots);
	set(span->edge, 0);
	set(span->edge, units);
	return span;
}

void iomm_span_destroy(const struct iomm_heap *heap, struct iomm_span *span)
{
	iomm_free(heap->ctx, span, span->book);
}

/* How many spans start at or below the address. The steps depend on how many
 * there are only, and no branch on what is compared. */
static uint32_t place_above(const struct iomm_heap *heap, uintptr_t address)
{
	const struct iomm_place *at = heap->places;
	uint32_t left = heap->nr_places, half;

	if (!left)
		return 0;
	while (left > 1) {
		half = left / 2;
		at += half & -(uint32_t)(at[half - 1].base <= address);
		left -= half;
	}
	return (uint32_t)(at - heap->places) + (at->base <= address);
}

static void insert_place(struct iomm_heap *heap, struct iomm_span *span)
{
	uint32_t n = place_above(heap, span->base);

	memmove(&heap->places[n + 1], &heap->places[n],
		(heap->nr_places - n) * sizeof(*heap->places));
	heap->places[n] = (struct iomm_place){ span->base, span };
	heap->nr_places++;
	heap->units += span->units;
	heap->book += span->book;
	heap->huge += span->grant.huge;
}

static void remove_place(struct iomm_heap *heap, const struct iomm_span *span)
{
	uint32_t n = place_above(heap, span->base);

	heap->nr_places--;
	memmove(&heap->places[n - 1], &heap->places[n],
		(heap->nr_places - (n - 1)) * sizeof(*heap->places));
	heap->units -= span->units;
	heap->book -= span->book;
	heap->huge -= span->grant.huge;
}

static bool reserve_place(struct iomm_heap *heap)
{
	uint32_t max = heap->max_places ? heap->max_places * 2 : 16;
	struct iomm_place *places;

	if (heap->nr_places + heap->nr_leaving < heap->max_places)
		return true;
	places = iomm_alloc(heap->ctx, (uint64_t)max * sizeof(*places));
	if (!places)
		return false;
	if (heap->places) {
		memcpy(places, heap->places, heap->nr_places * sizeof(*places));
		iomm_free(heap->ctx, heap->places,
			  heap->max_places * sizeof(*places));
	}
	heap->book += (uint64_t)(max - heap->max_places) * sizeof(*places);
	heap->places = places;
	heap->max_places = max;
	return true;
}

bool iomm_heap_add(struct iomm_heap *heap, struct iomm_span *span)
{
	struct iomm_block block = whole(span);
	uint32_t hole;

	if (!reserve_place(heap))
		return false;
	hole = hole_create(heap, &block);
	if (!hole)
		return false;
	insert_place(heap, span);
	offer(heap, hole);
	return true;
}

struct iomm_span *iomm_heap_leave(struct iomm_heap *heap, uint64_t keep)
{
	struct iomm_span *span = heap->empty;

	if (heap->empty_units <= keep)
		return NULL;
	/* What was there first stays. */
	span->hole = hole_at(heap, span, 0);
	withdraw(heap, span->hole);
	remove_place(heap, span);
	heap->nr_leaving++;
	return span;
}

struct iomm_span *iomm_heap_pop(struct iomm_heap *heap)
{
	return heap->nr_places ? heap->places[--heap->nr_places].span : NULL;
}

void iomm_heap_gone(struct iomm_heap *heap, struct iomm_span *span)
{
	hole_destroy(heap, span->hole);
	heap->nr_leaving--;
	iomm_span_destroy(heap, span);
}

void iomm_heap_back(struct iomm_heap *heap, struct iomm_span *span)
{
	heap->nr_leaving--;
	insert_place(heap, span);
	offer(heap, span->hole);
}

/* Finding */

static struct iomm_span *
span_at(const struct iomm_heap *heap, uintptr_t address)
{
	uint32_t n = place_above(heap, address);
	struct iomm_span *span;

	if (!n)
		return NULL;
	span = heap->places[n - 1].span;
	return (address - span->base) >> heap->shift < span->units ? span
								   : NULL;
}

bool iomm_heap_find(const struct iomm_heap *heap, uintptr_t address,
		    struct iomm_block *block)
{
	struct iomm_span *span = span_at(heap, address);
	uint32_t unit;

	if (!span)
		return false;
	unit = (uint32_t)((address - span->base) >> heap->shift);
	block->span = span;
	block->start = edge_upto(span, unit);
	if (!is_live(heap, block))
		return false;
	block->units = edge_from(span, unit + 1) - block->start;
	return true;
}

bool iomm_heap_find_start(const struct iomm_heap *heap, uint32_t slot,
			  uintptr_t address, struct iomm_block *block)
{
	struct iomm_span *span = span_at(heap, address);
	uint32_t unit;

	if (!span)
		return false;
	unit = (uint32_t)((address - span->base) >> heap->shift);
	if (!test(marks(span, slot), unit) || !test(span->edge, unit) ||
	    span->base + ((uintptr_t)unit << heap->shift) != address)
		return false;
	block->span = span;
	block->start = unit;
	block->units = edge_from(span, unit + 1) - unit;
	return true;
}

static bool next_in_span(struct iomm_span *span, uint32_t slot, uint32_t from,
			 struct iomm_block *block)
{
	const uint64_t *mark = marks(span, slot);
	uint32_t word = from >> 6;
	uint64_t mask = UINT64_MAX << (from & 63), bits;

	for (; word < span->words; word++, mask = UINT64_MAX) {
		/* A mark that is no edge is a tail. */
		bits = mark[word] & span->edge[word] & mask;
		if (!bits)
			continue;
		block->span = span;
		block->start = word << 6 | (uint32_t)__builtin_ctzll(bits);
		block->units = edge_from(span, block->start + 1) - block->start;
		return true;
	}
	return false;
}

bool iomm_heap_next(const struct iomm_heap *heap, uint32_t slot, uintptr_t from,
		    struct iomm_block *block)
{
	uintptr_t unit = ((uintptr_t)1 << heap->shift) - 1;
	uint32_t n = place_above(heap, from);
	struct iomm_span *span;

	if (n) {
		span = heap->places[n - 1].span;
		/* Rounded up: a block that starts below is not it. */
		from = (from - span->base + unit) >> heap->shift;
		if (from < span->units &&
		    next_in_span(span, slot, (uint32_t)from, block))
			return true;
	}
	for (; n < heap->nr_places; n++) {
		if (next_in_span(heap->places[n].span, slot, 0, block))
			return true;
	}
	return false;
}
