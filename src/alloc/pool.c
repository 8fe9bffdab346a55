/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Allocating and freeing: in a lane, with the hooks called while it is not
 * locked; when it has to grow; and what is given back, and when.
 */
#include "alloc/allocator.h"
#include "alloc/backend.h"
#include "alloc/write.h"

/* As much is wiped while the lane is locked. */
#define QUICK	    16384u
/* As much may be granted and not used. */
#define KEEP_LEAST  (256u << 10)
/* As much of a lane may wait for a barrier: so much that wiping it took longer
 * than the barrier does. */
#define WAIT_BYTES  (1u << 20)
#define WAIT_BLOCKS 1024u

/* Giving back. The lane is locked, and unlocked while hooks run. */

static int shrink(struct iomm_pool *pool, struct iomm_lane *lane, uint64_t keep)
{
	struct iomm_span *span;
	int r = 0;

	while (!r && (span = iomm_heap_leave(&lane->heap, keep))) {
		iomm_pool_unlock(pool, lane);
		r = iomm_grant_return(pool, &span->grant);
		iomm_pool_lock(pool, lane);
		if (r)
			iomm_heap_back(&lane->heap, span);
		else
			iomm_heap_gone(&lane->heap, span);
	}
	return r;
}

/* As much may stay without an allocation in it: so much that a pool in use does
 * not go back and forth. */
static uint64_t
kept_units(const struct iomm_pool *pool, const struct iomm_lane *lane)
{
	uint64_t grant = pool->desc.granularity >> pool->shift;
	uint64_t least = KEEP_LEAST >> pool->shift;
	uint64_t share = lane->heap.units >> 3;

	least = least < grant ? grant : least;
	return pool->fresh ? 0 : share > least ? share : least;
}

/* Makes what waits free, and finds what has no hole. */
static int settle(struct iomm_pool *pool, struct iomm_lane *lane)
{
	struct iomm_heap *heap = &lane->heap;
	uint32_t lost = heap->nr_lost;
	struct iomm_queue older = iomm_queue_take(&heap->older);
	struct iomm_queue younger = iomm_queue_take(&heap->waiting);
	int r = 0;

	if (!older.count && !younger.count && !lost)
		return 0;
	if (pool->hot) {
		iomm_pool_unlock(pool, lane);
		r = iomm_backend_barrier(pool);
		iomm_pool_lock(pool, lane);
	}
	if (r) {
		iomm_heap_rewait(heap, older);
		iomm_heap_rewait(heap, younger);
		return r;
	}
	iomm_heap_settle(heap, older);
	iomm_heap_settle(heap, younger);
	/* What was lost since did not see the barrier. */
	if (heap->nr_lost == lost)
		iomm_heap_recover(heap);
	return 0;
}

/* Makes free what saw a barrier, whoever asked for it. Did any? */
static bool settle_older(struct iomm_pool *pool, struct iomm_lane *lane)
{
	struct iomm_heap *heap = &lane->heap;

	if (!heap->older.count || !iomm_barrier_passed(pool, lane->ticket))
		return false;
	iomm_heap_settle(heap, iomm_queue_take(&heap->older));
	return true;
}

/*
 * Something began to wait. When that is half of what may, it is the older half,
 * with the next half for another lane's barrier to come by; only when that is
 * full and none came there is one of its own. So two lanes at work have fewer
 * barriers each than one, and more of them hardly more together.
 */
static void settle_in_time(struct iomm_pool *pool, struct iomm_lane *lane)
{
	struct iomm_heap *heap = &lane->heap;

	if (!pool->fresh && heap->waiting.count < WAIT_BLOCKS / 2 &&
	    heap->waiting.units < WAIT_BYTES / 2 >> pool->shift)
		return;
	(void)settle_older(pool, lane);
	if (pool->fresh || heap->older.count) {
		/* It is freed, whatever comes of this: it is tried again. */
		(void)settle(pool, lane);
		return;
	}
	iomm_heap_age(heap);
	lane->ticket = iomm_barrier_ticket(pool);
}

/* Taking */

static bool take(struct iomm_pool *pool, struct iomm_lane *lane, uint32_t slot,
		 uint32_t units, void **out)
{
	struct iomm_heap *heap = &lane->heap;
	struct iomm_block block;
	uintptr_t at;

	if (!iomm_heap_take(heap, slot, units, &block))
		return false;
	/* The first block holds the allocator, the last one lets go of it. */
	if (heap->live == 1)
		(void)iomm_object_get(pool->allocator);
	lane->count[slot].blocks++;
	lane->count[slot].units += units;
	at = iomm_block_address(heap, &block);
	iomm_latest_set(&lane->latest, slot, at,
			at + ((uintptr_t)units << pool->shift),
			block.span->alias);
	*out = (char *)block.span->grant.address + (at - block.span->base);
	return true;
}

static bool try_lane(struct iomm_pool *pool, struct iomm_lane *lane,
		     uint32_t slot, uint32_t units, bool wait, void **out)
{
	bool ok;

	iomm_pool_lock(pool, lane);
	ok = take(pool, lane, slot, units, out);
	if (!ok && wait && !settle(pool, lane))
		ok = take(pool, lane, slot, units, out);
	iomm_pool_unlock(pool, lane);
	return ok;
}

static int grow(struct iomm_pool *pool, struct iomm_lane *lane, uint32_t slot,
		uint32_t units, void **out)
{
	struct iomm_heap *heap = &lane->heap;
	struct iomm_alloc_grant grant;
	struct iomm_span *span;
	bool ok;
	int r;

	r = iomm_grant_take(pool, (uint64_t)units << pool->shift, &grant);
	if (r)
		return r;
	span = iomm_span_create(heap, &grant);
	if (span) {
		iomm_pool_lock(pool, lane);
		ok = iomm_heap_add(heap, span);
		if (ok)
			(void)take(pool, lane, slot, units, out);
		iomm_pool_unlock(pool, lane);
		if (ok)
			return 0;
		iomm_span_destroy(heap, span);
	}
	(void)iomm_grant_return(pool, &grant);
	return IOMM_FAIL(iomm_pool_ctx(pool), IOMM_ENOMEM,
			 "no memory for the books of a grant of %k",
			 grant.bytes);
}

/* The last resort: whatever another lane has, or has freed. */
static bool
scrape(struct iomm_pool *pool, uint32_t slot, uint32_t units, void **out)
{
	struct iomm_lane *lane;
	uint32_t n;

	for (n = 0; n < pool->nr_lanes; n++) {
		lane = iomm_pool_lane(pool, n);
		if (lane && try_lane(pool, lane, slot, units, true, out))
			return true;
	}
	return false;
}

static int alloc_more(struct iomm_pool *pool, struct iomm_lane *lane,
		      uint32_t slot, uint32_t units, void **out)
{
	struct iomm_ctx *ctx = iomm_pool_ctx(pool);
	int r;

	r = iomm_claim_take(ctx, &pool->growth, IOMM_FOREVER,
			    "the memory of a type");
	if (r)
		return r;
	if (!try_lane(pool, lane, slot, units, false, out)) {
		r = grow(pool, lane, slot, units, out);
		if (r && scrape(pool, slot, units, out))
			r = 0;
	}
	iomm_claim_drop(ctx, &pool->growth);
	return r;
}

static int to_units(struct iomm_pool *pool, uint64_t bytes, uint32_t *units)
{
	uint64_t most = UINT64_C(0xffffffc0) << pool->shift;
	uint64_t gran = pool->desc.granularity;

	if (!bytes)
		return IOMM_FAIL(iomm_pool_ctx(pool), IOMM_EINVAL,
				 "an allocation of 0 bytes");
	if (bytes > UINTPTR_MAX - gran || bytes > most - gran)
		return IOMM_FAIL(iomm_pool_ctx(pool), IOMM_ENOMEM,
				 "%u bytes are more than type %u can give",
				 bytes, pool->desc.type);
	*units =
		(uint32_t)((bytes + (pool->desc.alignment - 1)) >> pool->shift);
	return 0;
}

int iomm_pool_alloc(struct iomm_pool *pool, uint32_t slot, uint64_t bytes,
		    void **out)
{
	struct iomm_lane *lane;
	uint32_t units = 0;
	bool ok;
	int r = to_units(pool, bytes, &units);

	if (r)
		return r;
	lane = iomm_pool_own_lane(pool);
	iomm_pool_lock(pool, lane);
	ok = take(pool, lane, slot, units, out);
	if (!ok && settle_older(pool, lane))
		ok = take(pool, lane, slot, units, out);
	iomm_pool_unlock(pool, lane);
	return ok ? 0 : alloc_more(pool, lane, slot, units, out);
}

/* Freeing */

/* Does what is freed have to wait for a barrier? */
static bool must_wait(const struct iomm_pool *pool)
{
	const char *alone = pool->allocator->backend.alone;

	return pool->hot && !(alone && *alone);
}

/* The block has no mark any more, and is wiped. */
static void give_up(struct iomm_pool *pool, struct iomm_lane *lane,
		    uint32_t slot, const struct iomm_block *block)
{
	struct iomm_heap *heap = &lane->heap;

	lane->count[slot].blocks--;
	lane->count[slot].units -= block->units;
	if (must_wait(pool))
		iomm_heap_wait(heap, block);
	else
		iomm_heap_free(heap, block);
	if (!heap->live)
		iomm_object_drop(pool->allocator);
}

/* Without the lock. From the start on nobody else can free it. */
static int
wipe_slowly(struct iomm_pool *pool, struct iomm_lane *lane, uint32_t slot,
	    const struct iomm_block *block, void *address)
{
	uint64_t bytes = (uint64_t)block->units << pool->shift;
	uint32_t sealed_slot = iomm_pool_sealed_slot(pool);
	bool sealed = iomm_pool_seals(pool) &&
		      iomm_block_marked(block, sealed_slot);
	int r;

	lane->heap.nr_busy++;
	iomm_block_mark(block, slot, false);
	if (sealed)
		iomm_block_mark(block, sealed_slot, false);
	iomm_pool_unlock(pool, lane);
	r = iomm_write_wipe(pool, &block->span->grant, address, bytes, sealed);
	iomm_pool_lock(pool, lane);
	lane->heap.nr_busy--;
	if (!r)
		return 0;
	iomm_block_mark(block, slot, true);
	if (sealed)
		iomm_block_mark(block, sealed_slot, true);
	return r;
}

static int wipe(struct iomm_pool *pool, struct iomm_lane *lane, uint32_t slot,
		const struct iomm_block *block, void *address)
{
	uint64_t bytes = (uint64_t)block->units << pool->shift;

	if (!pool->plain || bytes > QUICK)
		return wipe_slowly(pool, lane, slot, block, address);
	iomm_block_mark(block, slot, false);
	iomm_write_wipe_plain(pool, &block->span->grant, address, bytes);
	return 0;
}

int iomm_pool_free(struct iomm_pool *pool, uint32_t slot, void *address)
{
	struct iomm_lane *lane = NULL;
	struct iomm_block block;
	int r = iomm_pool_find_start(pool, slot, address, &lane, &block);

	if (r)
		return r;
	iomm_latest_drop(&lane->latest, (uintptr_t)address);
	r = wipe(pool, lane, slot, &block, address);
	if (!r) {
		give_up(pool, lane, slot, &block);
		if (lane->heap.waiting.count)
			settle_in_time(pool, lane);
		if (lane->heap.empty_units)
			(void)shrink(pool, lane, kept_units(pool, lane));
	}
	iomm_pool_unlock(pool, lane);
	return r;
}

int iomm_pool_trim(struct iomm_pool *pool)
{
	struct iomm_lane *lane;
	int err, result = 0;
	uint32_t n;

	for (n = 0; n < pool->nr_lanes; n++) {
		lane = iomm_pool_lane(pool, n);
		if (!lane)
			continue;
		iomm_pool_lock(pool, lane);
		err = settle(pool, lane);
		if (!err)
			err = shrink(pool, lane, 0);
		iomm_pool_unlock(pool, lane);
		result = result ? result : err;
	}
	return result;
}
