/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "alloc/heap.h"

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

/* Bits */

static inline bool test(const uint64_t *bits, uint32_t n)
{
	return bits[n >> 6] >> (n & 63) & 1;
}

static inline void set(uint64_t *bits, uint32_t n)
{
	bits[n >> 6] |= UINT64_C(1) << (n & 63);
}

static inline void clear(uint64_t *bits, uint32_t n)
{
	bits[n >> 6] &= ~(UINT64_C(1) << (n & 63));
}

/* The first edge at n or above. There is one. The 64 units from n on are looked
 * at in one, wherever a word ends: most blocks are shorter. */
static inline uint32_t edge_from(const struct iomm_span *span, uint32_t n)
{
	uint32_t word = n >> 6, shift = n & 63;
	uint64_t bits = span->edge[word] >> shift |
			span->edge[word + 1] << 1 << (63 - shift);

	if (bits)
		return n + (uint32_t)__builtin_ctzll(bits);
	for (word++; !span->edge[word]; word++)
		;
	return word << 6 | (uint32_t)__builtin_ctzll(span->edge[word]);
}

/* The last edge at n or below. There is one. */
static inline uint32_t edge_upto(const struct iomm_span *span, uint32_t n)
{
	uint32_t word = n >> 6;
	uint64_t bits = span->edge[word] & UINT64_MAX >> (63 - (n & 63));

	while (!bits)
		bits = span->edge[--word];
	return word << 6 | (63u - (uint32_t)__builtin_clzll(bits));
}

static inline uint64_t *marks(const struct iomm_span *span, uint32_t slot)
{
	return span->mark + (size_t)slot * span->words;
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

/*
 * The last unit of a free block that has more than one is marked in slot 0. It
 * is no edge, so that this says nothing else. It tells who is freed behind it
 * that there is a free block before, without a search.
 */
static inline void set_tail(const struct iomm_block *block)
{
	if (block->units > 1)
		set(block->span->mark, block->start + block->units - 1);
}

static inline void clear_tail(const struct iomm_block *block)
{
	if (block->units > 1)
		clear(block->span->mark, block->start + block->units - 1);
}

uintptr_t
iomm_block_address(const struct iomm_heap *heap, const struct iomm_block *block)
{
	return block->span->base + ((uintptr_t)block->start << heap->shift);
}

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

static struct iomm_block whole(struct iomm_span *span)
{
	return (struct iomm_block){ span, 0, span->units };
}

static void push_empty(struct iomm_heap *heap, struct iomm_span *span)
{
	span->prev = NULL;
	span->next = heap->empty;
	if (span->next)
		span->next->prev = span;
	heap->empty = span;
	heap->empty_units += span->units;
}

static void remove_empty(struct iomm_heap *heap, struct iomm_span *span)
{
	if (span->next)
		span->next->prev = span->prev;
	if (span->prev)
		span->prev->next = span->next;
	else
		heap->empty = span->next;
	heap->empty_units -= span->units;
}

static inline bool is_whole(const struct iomm_block *block)
{
	return block->units == block->span->units;
}

/* From no bin into its bin, with what belongs to that; and back. */
static void offer(struct iomm_heap *heap, uint32_t hole)
{
	const struct iomm_block *block = &heap->holes[hole].block;

	set_tail(block);
	if (is_whole(block))
		push_empty(heap, block->span);
	bin_add(heap, hole);
}

static void withdraw(struct iomm_heap *heap, uint32_t hole)
{
	const struct iomm_block *block = &heap->holes[hole].block;

	clear_tail(block);
	if (is_whole(block))
		remove_empty(heap, block->span);
	bin_remove(heap, hole);
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

/* Finding */

struct iomm_span *
iomm_heap_span(const struct iomm_heap *heap, uintptr_t address)
{
	uint32_t n = place_above(heap, address);
	struct iomm_span *span;

	if (!n)
		return NULL;
	span = heap->places[n - 1].span;
	return (address - span->base) >> heap->shift < span->units ? span
								   : NULL;
}

static bool
is_live(const struct iomm_heap *heap, const struct iomm_block *block)
{
	uint32_t slot;

	for (slot = 0; slot < heap->slots; slot++) {
		if (iomm_block_marked(block, slot))
			return true;
	}
	return false;
}

bool iomm_heap_find(const struct iomm_heap *heap, uintptr_t address,
		    struct iomm_block *block)
{
	struct iomm_span *span = iomm_heap_span(heap, address);
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
	struct iomm_span *span = iomm_heap_span(heap, address);
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
	link_of(heap, hole)->next = heap->waiting;
	heap->waiting = hole;
	heap->nr_waiting++;
	heap->waiting_units += heap->holes[hole].block.units;
}

void iomm_heap_wait(struct iomm_heap *heap, const struct iomm_block *block)
{
	uint32_t hole = hole_create(heap, block);

	leave_live(heap, block);
	heap->nr_lost += !hole;
	if (hole)
		wait_hole(heap, hole);
}

uint32_t iomm_heap_waiting(struct iomm_heap *heap)
{
	uint32_t list = heap->waiting;

	heap->waiting = 0;
	heap->nr_waiting = 0;
	heap->waiting_units = 0;
	return list;
}

void iomm_heap_rewait(struct iomm_heap *heap, uint32_t list)
{
	uint32_t next;

	for (; list; list = next) {
		next = link_of(heap, list)->next;
		wait_hole(heap, list);
	}
}

void iomm_heap_settle(struct iomm_heap *heap, uint32_t list)
{
	struct iomm_block block;
	uint32_t next;

	for (; list; list = next) {
		next = link_of(heap, list)->next;
		block = heap->holes[list].block;
		hole_destroy(heap, list);
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
