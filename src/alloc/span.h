/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The bits of a span. A part of spans.c and heap.c, for which these are the
 * inner loops.
 */
#ifndef IOMM_ALLOC_SPAN_H
#define IOMM_ALLOC_SPAN_H

#include "alloc/heap.h"

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

static inline struct iomm_block whole(struct iomm_span *span)
{
	return (struct iomm_block){ span, 0, span->units };
}

static inline bool is_whole(const struct iomm_block *block)
{
	return block->units == block->span->units;
}

static inline bool
is_live(const struct iomm_heap *heap, const struct iomm_block *block)
{
	uint32_t slot;

	for (slot = 0; slot < heap->slots; slot++) {
		if (iomm_block_marked(block, slot))
			return true;
	}
	return false;
}

#endif
