/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "base/readers.h"

/* Places at which a thread's slot may be in a block. */
#define PROBES 8u

static uint64_t block_bytes(uint32_t slots)
{
	return sizeof(struct iomm_reader_block) +
	       (uint64_t)slots * sizeof(struct iomm_reader);
}

static struct iomm_reader_block *
make_block(struct iomm_ctx *ctx, uint32_t slots)
{
	struct iomm_reader_block *block =
		ctx->platform.alloc(ctx->platform_data, block_bytes(slots),
				    IOMM_CACHE_LINE);

	if (block)
		block->mask = slots - 1;
	return block;
}

/* With the slots of the first block behind it. */
#define READERS_BYTES                  \
	(sizeof(struct iomm_readers) + \
	 IOMM_READER_SLOTS * sizeof(struct iomm_reader))

static void free_readers(struct iomm_ctx *ctx, struct iomm_readers *readers)
{
	ctx->platform.free(ctx->platform_data, readers, READERS_BYTES,
			   IOMM_CACHE_LINE);
}

static struct iomm_reader_block *next_block(struct iomm_reader_block *block)
{
	return atomic_load_explicit(&block->next, memory_order_acquire);
}

static uint8_t
mark_of(const struct iomm_ctx *ctx, const struct iomm_readers *readers)
{
	if (readers->fence)
		return IOMM_READER_FENCES;
#if __STDC_HOSTED__
	if (ctx->platform.thread == iomm_platform_hosted()->thread)
		return IOMM_READER_HOSTED;
#endif
	(void)ctx;
	return IOMM_READER_BY_HOOK;
}

int iomm_readers_init(struct iomm_ctx *ctx)
{
	struct iomm_readers *readers;

	readers = ctx->platform.alloc(ctx->platform_data, READERS_BYTES,
				      IOMM_CACHE_LINE);
	if (!readers)
		return -IOMM_ENOMEM;
	if (iomm_lock_init(ctx, &readers->lock)) {
		free_readers(ctx, readers);
		return -IOMM_ENOMEM;
	}
	readers->first.mask = IOMM_READER_SLOTS - 1;
	atomic_init(&readers->age, 1);
	/* Without locks there is one thread, which needs no order. */
	readers->fence = ctx->platform.lock &&
			 (!ctx->platform.barrier ||
			  ctx->platform.barrier(ctx->platform_data));
	readers->mark = mark_of(ctx, readers);
	readers->ctx = ctx;
	ctx->readers = readers;
	return 0;
}

void iomm_readers_fini(struct iomm_ctx *ctx)
{
	struct iomm_readers *readers = ctx->readers;
	struct iomm_reader_block *block, *next;

	for (block = next_block(&readers->first); block; block = next) {
		next = next_block(block);
		ctx->platform.free(ctx->platform_data, block,
				   block_bytes(block->mask + 1),
				   IOMM_CACHE_LINE);
	}
	iomm_lock_fini(ctx, &readers->lock);
	free_readers(ctx, readers);
}

/* As whom a thread has a slot. */
static void *
name_of(const struct iomm_readers *readers, struct iomm_thread *thread)
{
	return (char *)thread + readers->mark;
}

/* The slot that a thread has, by its name; with NULL one that nobody has. */
static struct iomm_reader *
probe(struct iomm_readers *readers, const struct iomm_thread *thread,
      const void *name)
{
	uint32_t hash = (uint32_t)((uintptr_t)thread >> 4) * 0x9e3779b1u;
	uint32_t n, shift = 32 - IOMM_READER_SLOT_BITS;
	struct iomm_reader_block *block;
	struct iomm_reader *reader;

	/* Each block is twice as large as the one before. */
	for (block = &readers->first; block;
	     block = next_block(block), shift--) {
		for (n = 0; n < PROBES; n++) {
			reader = &block->slot[((hash >> shift) + n) &
					      block->mask];
			if (atomic_load_explicit(&reader->thread,
						 memory_order_relaxed) == name)
				return reader;
		}
	}
	return NULL;
}

/* Hangs one more block to the last. The lock is held. */
static void append(struct iomm_readers *readers, struct iomm_reader_block *more)
{
	struct iomm_reader_block *last = &readers->first;

	while (next_block(last))
		last = next_block(last);
	atomic_store_explicit(&last->next, more, memory_order_release);
}

/* How many slots the next block has, if there is memory for it here. */
static uint32_t slots_of_next(struct iomm_readers *readers)
{
	struct iomm_reader_block *last = &readers->first;

	while (next_block(last))
		last = next_block(last);
	return 2 * (last->mask + 1);
}

static struct iomm_reader *
settle(struct iomm_ctx *ctx, struct iomm_thread *thread,
       struct iomm_reader_block *more)
{
	struct iomm_readers *readers = ctx->readers;
	struct iomm_reader *reader;

	iomm_lock(ctx, &readers->lock);
	if (more)
		append(readers, more);
	reader = probe(readers, thread, NULL);
	if (reader) {
		atomic_store_explicit(&reader->thread, name_of(readers, thread),
				      memory_order_relaxed);
		atomic_fetch_add_explicit(&readers->threads, 1,
					  memory_order_relaxed);
	}
	iomm_unlock(ctx, &readers->lock);
	/* Pairs with the fence in publish(): who did not count this thread has
	 * taken out of sight what it is going to read. */
	iomm_full_fence();
	return reader;
}

/* The slot of a thread, which it gets if it has none; NULL: the crowd. */
static struct iomm_reader *
slot_of(struct iomm_ctx *ctx, struct iomm_thread *thread)
{
	struct iomm_readers *readers = ctx->readers;
	struct iomm_reader *reader =
		probe(readers, thread, name_of(readers, thread));
	struct iomm_reader_block *more;
	uintptr_t at;

	if (!reader)
		reader = settle(ctx, thread, NULL);
	if (!reader && !iomm_in_atomic(ctx)) {
		more = make_block(ctx, slots_of_next(readers));
		reader = more ? settle(ctx, thread, more) : NULL;
	}
	at = (uintptr_t)reader - (uintptr_t)readers->first.slot;
	if (at < IOMM_READER_SLOTS * sizeof(*reader))
		thread->reader = (uint32_t)at;
	return reader;
}

/* What stands between a reader's word and what it reads. */
static void reader_fence(const struct iomm_readers *readers)
{
	if (readers->fence)
		iomm_full_fence();
	else
		atomic_signal_fence(memory_order_seq_cst);
}

void iomm_reader_visit(struct iomm_ctx *ctx, struct iomm_reader_visit *visit)
{
	struct iomm_readers *readers = ctx->readers;
	struct iomm_thread *thread = iomm_thread(ctx);
	struct iomm_reader *reader = slot_of(ctx, thread);

	thread->looking++;
	visit->reader = reader;
	if (!reader) {
		atomic_fetch_add_explicit(&readers->crowd, 1,
					  memory_order_relaxed);
		iomm_full_fence();
		return;
	}
	visit->outer =
		atomic_load_explicit(&reader->since, memory_order_relaxed);
	if (visit->outer)
		return;
	atomic_store_explicit(&reader->since,
			      atomic_load_explicit(&readers->age,
						   memory_order_acquire),
			      memory_order_relaxed);
	reader_fence(readers);
}

bool iomm_reader_leave(struct iomm_ctx *ctx,
		       const struct iomm_reader_visit *visit)
{
	struct iomm_readers *readers = ctx->readers;

	iomm_thread(ctx)->looking--;
	if (!visit->reader) {
		atomic_fetch_sub_explicit(&readers->crowd, 1,
					  memory_order_release);
		iomm_full_fence();
	} else if (visit->outer) {
		return false;
	} else {
		atomic_store_explicit(&visit->reader->since, 0,
				      memory_order_release);
		reader_fence(readers);
	}
	return atomic_load_explicit(&readers->waiting, memory_order_relaxed);
}

/* Has all threads see what this one did, or be seen with what they did before.
 */
static void publish(struct iomm_ctx *ctx)
{
	struct iomm_readers *readers = ctx->readers;
	struct iomm_thread *self = iomm_thread(ctx);
	uint32_t threads;

	iomm_full_fence();
	if (readers->fence || !ctx->platform.barrier)
		return;
	threads = atomic_load_explicit(&readers->threads, memory_order_relaxed);
	if (!threads ||
	    (threads == 1 && probe(readers, self, name_of(readers, self))))
		return;
	(void)ctx->platform.barrier(ctx->platform_data);
}

uintptr_t iomm_readers_ticket(struct iomm_ctx *ctx)
{
	struct iomm_readers *readers = ctx->readers;
	uintptr_t ticket = atomic_fetch_add_explicit(&readers->age, 1,
						     memory_order_acq_rel) +
			   1;

	/* 0 says "outside"; only 32 bits ever come round to it. */
	if (!ticket)
		ticket = atomic_fetch_add_explicit(&readers->age, 1,
						   memory_order_acq_rel) +
			 1;
	publish(ctx);
	return ticket;
}

bool iomm_readers_gone(struct iomm_ctx *ctx, uintptr_t ticket)
{
	struct iomm_readers *readers = ctx->readers;
	struct iomm_reader_block *block;
	uintptr_t since;
	uint32_t n;

	for (block = &readers->first; block; block = next_block(block)) {
		for (n = 0; n <= block->mask; n++) {
			since = atomic_load_explicit(&block->slot[n].since,
						     memory_order_acquire);
			if (since && (intptr_t)(since - ticket) < 0)
				return false;
		}
	}
	return !atomic_load_explicit(&readers->crowd, memory_order_acquire);
}

void iomm_readers_wait(struct iomm_ctx *ctx)
{
	atomic_fetch_add_explicit(&ctx->readers->waiting, 1,
				  memory_order_relaxed);
	publish(ctx);
}

void iomm_readers_done(struct iomm_ctx *ctx)
{
	atomic_fetch_sub_explicit(&ctx->readers->waiting, 1,
				  memory_order_relaxed);
}
