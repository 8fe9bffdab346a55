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

/* One thread's. A thread that ends leaves it to whoever gets its storage. */
struct iomm_reader {
	/* Its storage, and a mark; see struct iomm_readers. */
	alignas(IOMM_CACHE_LINE) _Atomic(void *) thread;
	/* The readers' age when it came in; 0: it is outside. */
	_Atomic uintptr_t since;
};

/* A hash table by thread; a full one is followed by one of twice the size. */
struct iomm_reader_block {
	_Atomic(struct iomm_reader_block *) next;
	uint32_t mask; /* slots - 1 */
	struct iomm_reader slot[];
};

/* Of the first block. */
#define IOMM_READER_SLOT_BITS 5u
#define IOMM_READER_SLOTS     (1u << IOMM_READER_SLOT_BITS)

struct iomm_readers {
	/* Counts tickets. Never 0. */
	_Atomic uintptr_t age;
	/* How many wait for readers to leave: the last one looks after them. */
	_Atomic uint32_t waiting;
	/* The platform has no barrier for all threads. */
	bool fence;
	/* Added to a thread's storage in its slot: who takes a short way that is
	 * not his does not find himself. */
	uint8_t mark;
	struct iomm_ctx *ctx;

	/* Slots that have an owner. */
	_Atomic uint32_t threads;
	/* Readers that could get no slot, and that are inside. */
	_Atomic uint32_t crowd;
	struct iomm_lock lock; /* for new slots and blocks */
	struct iomm_reader_block first;
};

/* Threads that need no fence and are known by the platform's hook, and, where
 * that is the hosted platform, without it. The rest take the long way. */
#define IOMM_READER_HOSTED  0u
#define IOMM_READER_BY_HOOK 1u
#define IOMM_READER_FENCES  2u

int iomm_readers_init(struct iomm_ctx *ctx);
void iomm_readers_fini(struct iomm_ctx *ctx);

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

/* The slot of a thread that has come in the short way. */
static inline struct iomm_reader *
iomm_reader_of(struct iomm_readers *readers, const struct iomm_thread *thread)
{
	return (void *)((char *)readers->first.slot + thread->reader);
}

/*
 * Comes in, the short way: for a thread that is in no look-up yet, remembers its
 * place, and needs no fence of its own. NULL: take the long way. What a reader
 * sees from here on stays until it has left; and nothing waits there.
 */
static inline struct iomm_reader *
iomm_reader_try_enter(struct iomm_readers *readers, struct iomm_thread *thread,
		      uint32_t mark)
{
	struct iomm_reader *reader = iomm_reader_of(readers, thread);

	if (atomic_load_explicit(&reader->thread, memory_order_relaxed) !=
		    (char *)thread + mark ||
	    thread->looking)
		return NULL;
	thread->looking = 1;
	atomic_store_explicit(&reader->since,
			      atomic_load_explicit(&readers->age,
						   memory_order_acquire),
			      memory_order_relaxed);
	/* The processor's part of the barrier is in iomm_readers_ticket(). */
	atomic_signal_fence(memory_order_seq_cst);
	return reader;
}

/* Leaves. True: somebody waits for readers, and this may have been the last. */
static inline bool
iomm_reader_exit(struct iomm_readers *readers, struct iomm_thread *thread,
		 struct iomm_reader *reader)
{
	thread->looking = 0;
	atomic_store_explicit(&reader->since, 0, memory_order_release);
	atomic_signal_fence(memory_order_seq_cst);
	return atomic_load_explicit(&readers->waiting, memory_order_relaxed);
}

/* The long way, for everybody: also for those who are inside already, have no
 * slot, or have to fence. */
struct iomm_reader_visit {
	struct iomm_reader *reader; /* NULL: one of the crowd */
	uintptr_t outer;	    /* what `since` was */
};

void iomm_reader_visit(struct iomm_ctx *ctx, struct iomm_reader_visit *visit);
bool iomm_reader_leave(struct iomm_ctx *ctx,
		       const struct iomm_reader_visit *visit);

/* A ticket for what is out of sight as of now, for those who come. */
uintptr_t iomm_readers_ticket(struct iomm_ctx *ctx);
/* Have all left who may have seen what the ticket stands for? */
bool iomm_readers_gone(struct iomm_ctx *ctx, uintptr_t ticket);

/* Somebody waits, or does so no more. After it was said, `_gone` is to be asked
 * once more: either it finds the last reader gone, or that one finds this. */
void iomm_readers_wait(struct iomm_ctx *ctx);
void iomm_readers_done(struct iomm_ctx *ctx);

#endif
