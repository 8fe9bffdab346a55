/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Readers: threads that look at memory without a lock. A reader says so on a
 * cache line of its own; who takes something out of the others' sight gives it
 * a ticket, and knows when all who may still see it have left.
 *
 * No reader executes a read-modify-write, nor a fence, where the platform has
 * one that works on all threads at once. See docs/concurrency.md.
 */
#ifndef IOMM_BASE_READERS_H
#define IOMM_BASE_READERS_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/ctx.h"

#define IOMM_CACHE_LINE 64u

/* One thread's. A thread that ends leaves it to whoever gets its storage. */
struct iomm_reader {
	alignas(IOMM_CACHE_LINE) _Atomic(void *) thread; /* its storage */
	/* The readers' age when it came in; 0: it is outside. */
	_Atomic uintptr_t since;
};

/* A hash table by thread; a full one is followed by one of twice the size. */
struct iomm_reader_block {
	_Atomic(struct iomm_reader_block *) next;
	uint32_t mask; /* slots - 1 */
	struct iomm_reader slot[];
};

#define IOMM_READER_SLOTS 16u /* of the first block */

struct iomm_readers {
	/* Counts tickets. Never 0. */
	_Atomic uintptr_t age;
	/* How many wait for readers to leave: the last one looks after them. */
	_Atomic uint32_t waiting;
	/* The platform has no barrier for all threads. */
	bool fence;

	/* Slots that have an owner. */
	_Atomic uint32_t threads;
	/* Readers that could get no slot, and that are inside. */
	_Atomic uint32_t crowd;
	struct iomm_lock lock; /* for new slots and blocks */
	struct iomm_reader_block *first;
};

int iomm_readers_init(struct iomm_ctx *ctx);
void iomm_readers_fini(struct iomm_ctx *ctx);

/* A slot for a thread that has none at its first place; NULL: the crowd. */
struct iomm_reader *
iomm_reader_find(struct iomm_ctx *ctx, struct iomm_thread *thread);

/* ThreadSanitizer does not know fences, and gcc says so. What is ordered by
 * them here are loads and stores of words that it sees as atomic anyway. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpragmas"
#pragma GCC diagnostic ignored "-Wtsan"
#endif
static inline void iomm_full_fence(void)
{
	atomic_thread_fence(memory_order_seq_cst);
}
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

/* What stands between a reader's word and what it reads. */
static inline void iomm_reader_fence(const struct iomm_readers *readers)
{
	if (readers->fence)
		iomm_full_fence();
	else
		atomic_signal_fence(memory_order_seq_cst);
}

static inline uint32_t iomm_reader_hash(const struct iomm_thread *thread)
{
	return (uint32_t)((uintptr_t)thread >> 4) * 0x9e3779b1u >> 16;
}

/* Comes in. What it read before `_exit` stays until then, if it was in sight
 * when this returned. Answers what `_exit` is to be told. May be nested. */
static inline struct iomm_reader *
iomm_reader_enter(struct iomm_ctx *ctx, struct iomm_thread *thread,
		  uintptr_t *outer)
{
	struct iomm_readers *readers = ctx->readers;
	struct iomm_reader_block *block = readers->first;
	struct iomm_reader *reader =
		&block->slot[iomm_reader_hash(thread) & block->mask];
	uintptr_t since;

	if (atomic_load_explicit(&reader->thread, memory_order_relaxed) !=
	    thread)
		reader = iomm_reader_find(ctx, thread);
	if (!reader) {
		atomic_fetch_add_explicit(&readers->crowd, 1,
					  memory_order_relaxed);
		iomm_full_fence();
		return NULL;
	}
	since = atomic_load_explicit(&reader->since, memory_order_relaxed);
	*outer = since;
	if (!since)
		since = atomic_load_explicit(&readers->age,
					     memory_order_acquire);
	atomic_store_explicit(&reader->since, since, memory_order_relaxed);
	iomm_reader_fence(readers);
	return reader;
}

/* Goes out. True: somebody waits for readers, and this may have been the last.
 */
static inline bool iomm_reader_exit(struct iomm_ctx *ctx,
				    struct iomm_reader *reader, uintptr_t outer)
{
	struct iomm_readers *readers = ctx->readers;

	if (reader) {
		atomic_store_explicit(&reader->since, outer,
				      memory_order_release);
		iomm_reader_fence(readers);
	} else {
		atomic_fetch_sub_explicit(&readers->crowd, 1,
					  memory_order_release);
		iomm_full_fence();
	}
	return atomic_load_explicit(&readers->waiting, memory_order_relaxed);
}

/* A ticket for what is out of sight as of now, for those who come. */
uintptr_t iomm_readers_ticket(struct iomm_ctx *ctx);
/* Have all left who may have seen what the ticket stands for? */
bool iomm_readers_gone(struct iomm_ctx *ctx, uintptr_t ticket);

/* Somebody waits, or does so no more. After it was said, `_gone` is to be asked
 * once more: either it finds the last reader gone, or that one finds this. */
void iomm_readers_wait(struct iomm_ctx *ctx);
void iomm_readers_done(struct iomm_ctx *ctx);

#endif
