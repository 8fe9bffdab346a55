/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The books of one lane: which part of which grant is what. Nothing is written
 * into the memory itself, which may be executable. Not locked, calls no hook but
 * the platform's memory.
 *
 * A grant is cut into blocks, and its bits say all about them: `edge` where one
 * starts, `mark` where a live one starts, by type. So the size of a block is the
 * way to the next edge, and what is not the start of a live one is told apart
 * at once. That is a few bits for each unit of the alignment.
 *
 * What is free is found by size through bins, a list for each class of sizes (as
 * in "TLSF", Masmano et al., 2004), of holes, one for each free block. A hole is
 * found by place through `first`, which has a list for each 64 units. The holes
 * repeat what the bits say: a block for which there was no memory for a hole is
 * not lost, it is found again by iomm_heap_recover().
 *
 * A block that was freed a moment ago may have to wait before it is free; it has
 * a hole that is in no bin then.
 */
#ifndef IOMM_ALLOC_HEAP_H
#define IOMM_ALLOC_HEAP_H

#include <iomm/allocator.h>
#include <stdbool.h>
#include <stddef.h>

struct iomm_ctx;

/* Classes: one for each size below 32 units, 32 for each power of two above. */
#define IOMM_BIN_SHIFT 5u
#define IOMM_BIN_ROWS  28u
#define IOMM_BINS      (IOMM_BIN_ROWS << IOMM_BIN_SHIFT)

/* A grant and its bits. */
struct iomm_span {
	struct iomm_alloc_grant grant;
	uintptr_t base;
	uintptr_t alias; /* is so much further on */
	uint32_t units, words;
	uint32_t hole;		       /* while it leaves */
	struct iomm_span *next, *prev; /* of those that are free all over */
	uint64_t book;		       /* bytes of all this */
	uint64_t *edge;		       /* has one behind the last unit, too */
	uint64_t *mark;	 /* `words` for each slot; see set_tail() */
	uint32_t *first; /* holes that start in these 64 units */
};

/* Part of a span: units from `start`. */
struct iomm_block {
	struct iomm_span *span;
	uint32_t start, units;
};

struct iomm_hole {
	struct iomm_block block;
	uint32_t chain; /* in span->first; of those that are spare */
	uint32_t bin;
};

/* Blocks that wait, as holes. */
struct iomm_queue {
	uint32_t first, count;
	uint64_t units;
};

/* In a bin; of those that wait, `next`. Bins come first, then holes. */
struct iomm_link {
	uint32_t next, prev;
};

struct iomm_place {
	uintptr_t base;
	struct iomm_span *span;
};

struct iomm_heap {
	struct iomm_ctx *ctx;
	uint32_t shift; /* of a unit */
	uint32_t slots; /* kinds of marks */

	struct iomm_place *places; /* spans by address */
	uint32_t nr_places, max_places;
	uint32_t nr_leaving; /* that may come back: they keep their place */

	struct iomm_hole *holes; /* number 0 is none, and has no units */
	struct iomm_link *links; /* IOMM_BINS more than holes */
	uint32_t nr_holes, max_holes, spare_hole;

	uint32_t rows;	  /* that have a bin that is not empty */
	uint32_t row[32]; /* bins of it that are not; from 28 on 0 */

	struct iomm_span *empty; /* spans that are free all over */

	struct iomm_queue waiting, older;
	uint32_t nr_lost; /* blocks without a hole */
	uint32_t nr_busy; /* neither live nor free, by the caller's count */
	uint32_t live;	  /* blocks */
	uint64_t units, live_units, empty_units;
	uint64_t book, huge;
};

void iomm_heap_init(struct iomm_heap *heap, struct iomm_ctx *ctx,
		    uint32_t shift, uint32_t slots);
/* No span is left in it. */
void iomm_heap_fini(struct iomm_heap *heap);

/* The books of a grant; NULL: no memory. */
struct iomm_span *iomm_span_create(const struct iomm_heap *heap,
				   const struct iomm_alloc_grant *grant);
void iomm_span_destroy(const struct iomm_heap *heap, struct iomm_span *span);

/* Adds a span, free all over. False: no memory. */
bool iomm_heap_add(struct iomm_heap *heap, struct iomm_span *span);

/* Takes a span out that is free all over, when those have more than `keep` units
 * together; NULL otherwise. Its grant is then either gone (_gone) or, since that
 * failed, there again (_back); neither can fail. */
struct iomm_span *iomm_heap_leave(struct iomm_heap *heap, uint64_t keep);
void iomm_heap_gone(struct iomm_heap *heap, struct iomm_span *span);
void iomm_heap_back(struct iomm_heap *heap, struct iomm_span *span);

/* Takes any span out, for _destroy; nothing else may be done to the heap any
 * more. NULL when there is none. */
struct iomm_span *iomm_heap_pop(struct iomm_heap *heap);

/* Takes a free block and marks it. */
bool iomm_heap_take(struct iomm_heap *heap, uint32_t slot, uint32_t units,
		    struct iomm_block *block);

/* The live block that an address lies in. */
bool iomm_heap_find(const struct iomm_heap *heap, uintptr_t address,
		    struct iomm_block *block);
/* The live block that starts there, with that mark. */
bool iomm_heap_find_start(const struct iomm_heap *heap, uint32_t slot,
			  uintptr_t address, struct iomm_block *block);
/* The first block with a mark that starts at `from` or above. */
bool iomm_heap_next(const struct iomm_heap *heap, uint32_t slot, uintptr_t from,
		    struct iomm_block *block);

static inline uint64_t iomm_heap_waiting_units(const struct iomm_heap *heap)
{
	return heap->waiting.units + heap->older.units;
}

bool iomm_block_marked(const struct iomm_block *block, uint32_t slot);
void iomm_block_mark(const struct iomm_block *block, uint32_t slot, bool on);
uintptr_t iomm_block_address(const struct iomm_heap *heap,
			     const struct iomm_block *block);

/* The block has no mark any more: it is free from now on; or it waits. */
void iomm_heap_free(struct iomm_heap *heap, const struct iomm_block *block);
void iomm_heap_wait(struct iomm_heap *heap, const struct iomm_block *block);

/* Those that wait are the older ones from now on; there are no others. */
void iomm_heap_age(struct iomm_heap *heap);
/* Takes all of a queue, for _settle to make free, or for _rewait, with which
 * they wait again; they are the caller's until then. */
struct iomm_queue iomm_queue_take(struct iomm_queue *queue);
void iomm_heap_settle(struct iomm_heap *heap, struct iomm_queue queue);
void iomm_heap_rewait(struct iomm_heap *heap, struct iomm_queue queue);

/* Finds the blocks that have no hole, unless some are busy, which have none
 * either. They wait for nothing any more. */
void iomm_heap_recover(struct iomm_heap *heap);

/* Units that can be taken in one piece. */
uint32_t iomm_heap_largest(const struct iomm_heap *heap);

#endif
