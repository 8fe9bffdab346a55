/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "base/readers.h"

/* Places at which a thread's slot may be in a block. */
#define PROBES 4u

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

static void free_block(struct iomm_ctx *ctx, struct iomm_reader_block *block)
{
	ctx->platform.free(ctx->platform_data, block,
			   block_bytes(block->mask + 1), IOMM_CACHE_LINE);
}

int iomm_readers_init(struct iomm_ctx *ctx)
{
	struct iomm_readers *readers;

	readers = ctx->platform.alloc(ctx->platform_data, sizeof(*readers),
				      IOMM_CACHE_LINE);
	if (!readers)
		return -IOMM_ENOMEM;
	readers->first = make_block(ctx, IOMM_READER_SLOTS);
	if (!readers->first || iomm_lock_init(ctx, &readers->lock))
		goto fail;
	atomic_init(&readers->age, 1);
	/* Without locks there is one thread, which needs no order. */
	readers->fence = ctx->platform.lock &&
			 (!ctx->platform.barrier ||
			  ctx->platform.barrier(ctx->platform_data));
	ctx->readers = readers;
	return 0;
fail:
	if (readers->first)
		free_block(ctx, readers->first);
	ctx->platform.free(ctx->platform_data, readers, sizeof(*readers),
			   IOMM_CACHE_LINE);
	return -IOMM_ENOMEM;
}

void iomm_readers_fini(struct iomm_ctx *ctx)
{
	struct iomm_readers *readers = ctx->readers;
	struct iomm_reader_block *block, *next;

	for (block = readers->first; block; block = next) {
		next = atomic_load_explicit(&block->next, memory_order_relaxed);
		free_block(ctx, block);
	}
	iomm_lock_fini(ctx, &readers->lock);
	ctx->platform.free(ctx->platform_data, readers, sizeof(*readers),
			   IOMM_CACHE_LINE);
}

static struct iomm_reader_block *next_block(struct iomm_reader_block *block)
{
	return atomic_load_explicit(&block->next, memory_order_acquire);
}

/* The slot that `thread` has; with NULL one that nobody has. */
static struct iomm_reader *
probe(struct iomm_readers *readers, uint32_t hash, const void *thread)
{
	struct iomm_reader_block *block;
	struct iomm_reader *reader;
	uint32_t n;

	for (block = readers->first; block; block = next_block(block)) {
		for (n = 0; n < PROBES; n++) {
			reader = &block->slot[(hash + n) & block->mask];
			if (atomic_load_explicit(&reader->thread,
						 memory_order_relaxed) ==
			    thread)
				return reader;
		}
	}
	return NULL;
}

/* Hangs one more block to the last. The lock is held. */
static void append(struct iomm_readers *readers, struct iomm_reader_block *more)
{
	struct iomm_reader_block *last = readers->first;

	while (next_block(last))
		last = next_block(last);
	atomic_store_explicit(&last->next, more, memory_order_release);
}

/* How many slots the next block has, if there is memory for it here. */
static uint32_t slots_of_next(struct iomm_readers *readers)
{
	struct iomm_reader_block *last = readers->first;

	while (next_block(last))
		last = next_block(last);
	return 2 * (last->mask + 1);
}

static struct iomm_reader *
settle(struct iomm_ctx *ctx, struct iomm_thread *thread, uint32_t hash,
       struct iomm_reader_block *more)
{
	struct iomm_readers *readers = ctx->readers;
	struct iomm_reader *reader;

	iomm_lock(ctx, &readers->lock);
	if (more)
		append(readers, more);
	reader = probe(readers, hash, NULL);
	if (reader) {
		atomic_store_explicit(&reader->thread, thread,
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

struct iomm_reader *
iomm_reader_find(struct iomm_ctx *ctx, struct iomm_thread *thread)
{
	struct iomm_readers *readers = ctx->readers;
	uint32_t hash = iomm_reader_hash(thread);
	struct iomm_reader *reader = probe(readers, hash, thread);
	struct iomm_reader_block *more;

	if (!reader)
		reader = settle(ctx, thread, hash, NULL);
	if (reader || iomm_in_atomic(ctx))
		return reader;
	more = make_block(ctx, slots_of_next(readers));
	return more ? settle(ctx, thread, hash, more) : NULL;
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
	    (threads == 1 && probe(readers, iomm_reader_hash(self), self)))
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

	for (block = readers->first; block; block = next_block(block)) {
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
