/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The lanes of a pool: making them, and finding the one that an address is in.
 * There are few, so that looking through all of them is the worst of it. */
#include "alloc/allocator.h"
#include "alloc/backend.h"

/* Lanes */

static uint64_t lane_bytes(const struct iomm_pool *pool)
{
	return sizeof(struct iomm_lane) +
	       (uint64_t)pool->types * sizeof(struct iomm_count) +
	       IOMM_CACHE_LINE;
}

static struct iomm_lane *create_lane(struct iomm_pool *pool)
{
	struct iomm_ctx *ctx = iomm_pool_ctx(pool);
	struct iomm_lane *lane = iomm_alloc(ctx, lane_bytes(pool));

	if (!lane)
		return NULL;
	if (iomm_lock_init(ctx, &lane->lock)) {
		iomm_free(ctx, lane, lane_bytes(pool));
		return NULL;
	}
	iomm_heap_init(&lane->heap, ctx, pool->shift,
		       pool->types + iomm_pool_seals(pool));
	lane->heap.book = lane_bytes(pool);
	return lane;
}

struct iomm_lane *iomm_pool_lane(struct iomm_pool *pool, uint32_t n)
{
	return atomic_load_explicit(&pool->lane[n & (pool->nr_lanes - 1)],
				    memory_order_acquire);
}

static struct iomm_lane *make_lane(struct iomm_pool *pool, uint32_t n)
{
	struct iomm_lane *lane;

	iomm_lock(iomm_pool_ctx(pool), &pool->lock);
	lane = iomm_pool_lane(pool, n);
	if (!lane) {
		lane = create_lane(pool);
		atomic_store_explicit(&pool->lane[n & (pool->nr_lanes - 1)],
				      lane, memory_order_release);
	}
	iomm_unlock(iomm_pool_ctx(pool), &pool->lock);
	return lane;
}

/* The calling thread's. Without memory for one it shares the first. */
struct iomm_lane *iomm_pool_own_lane(struct iomm_pool *pool)
{
	uint32_t n = iomm_thread_number(iomm_pool_ctx(pool));
	struct iomm_lane *lane = iomm_pool_lane(pool, n);

	if (!lane)
		lane = make_lane(pool, n);
	return lane ? lane : iomm_pool_lane(pool, 0);
}

void iomm_pool_lock(struct iomm_pool *pool, struct iomm_lane *lane)
{
	iomm_lock(iomm_pool_ctx(pool), &lane->lock);
}

void iomm_pool_unlock(struct iomm_pool *pool, struct iomm_lane *lane)
{
	iomm_unlock(iomm_pool_ctx(pool), &lane->lock);
}

/* Finding */

struct iomm_lane *iomm_pool_find(struct iomm_pool *pool, const void *address,
				 struct iomm_block *block)
{
	uint32_t own = iomm_thread_number(iomm_pool_ctx(pool)), n;
	struct iomm_lane *lane;

	for (n = 0; n < pool->nr_lanes; n++) {
		lane = iomm_pool_lane(pool, own + n);
		if (!lane)
			continue;
		iomm_pool_lock(pool, lane);
		if (iomm_heap_find(&lane->heap, (uintptr_t)address, block))
			return lane;
		iomm_pool_unlock(pool, lane);
	}
	return NULL;
}

/* In the thread's own lane it is mostly. */
static struct iomm_lane *
find_start_here(struct iomm_pool *pool, uint32_t slot, const void *address,
		struct iomm_block *block)
{
	struct iomm_lane *lane =
		iomm_pool_lane(pool, iomm_thread_number(iomm_pool_ctx(pool)));

	if (!lane)
		return NULL;
	iomm_pool_lock(pool, lane);
	if (iomm_heap_find_start(&lane->heap, slot, (uintptr_t)address, block))
		return lane;
	iomm_pool_unlock(pool, lane);
	return NULL;
}

void *iomm_pool_latest(struct iomm_pool *pool, uint32_t slot,
		       const void *address, uint64_t bytes)
{
	const struct iomm_lane *lane =
		iomm_pool_lane(pool, iomm_thread_number(iomm_pool_ctx(pool)));
	uintptr_t alias;

	if (!lane || !iomm_latest_has(&lane->latest, slot, (uintptr_t)address,
				      bytes, &alias))
		return NULL;
	return (char *)(uintptr_t)address + alias;
}

int iomm_pool_find_start(struct iomm_pool *pool, uint32_t slot,
			 const void *address, struct iomm_lane **lane,
			 struct iomm_block *block)
{
	struct iomm_lane *in = find_start_here(pool, slot, address, block);
	uintptr_t start;

	if (in) {
		*lane = in;
		return 0;
	}
	in = iomm_pool_find(pool, address, block);
	if (!in)
		return IOMM_FAIL(iomm_pool_ctx(pool), IOMM_EINVAL,
				 "nothing is allocated at %x",
				 (uintptr_t)address);
	start = iomm_block_address(&in->heap, block);
	if (start == (uintptr_t)address && iomm_block_marked(block, slot)) {
		*lane = in;
		return 0;
	}
	iomm_pool_unlock(pool, in);
	if (start != (uintptr_t)address)
		return IOMM_FAIL(iomm_pool_ctx(pool), IOMM_EINVAL,
				 "%x is inside the allocation that starts at "
				 "%x",
				 (uintptr_t)address, start);
	return IOMM_FAIL(iomm_pool_ctx(pool), IOMM_EINVAL,
			 "the allocation at %x is of another type", start);
}

/* Making and destroying */

int iomm_pool_init(struct iomm_pool *pool)
{
	struct iomm_ctx *ctx = iomm_pool_ctx(pool);
	int r = iomm_lock_init(ctx, &pool->lock);

	if (r)
		return r;
	if (make_lane(pool, 0))
		return 0;
	iomm_lock_fini(ctx, &pool->lock);
	return -IOMM_ENOMEM;
}

/* A grant that the backend does not take back is lost. */
static void drop_spans(struct iomm_pool *pool, struct iomm_heap *heap)
{
	struct iomm_span *span;

	if (pool->hot && heap->nr_places)
		(void)iomm_backend_barrier(pool);
	while ((span = iomm_heap_pop(heap))) {
		if (iomm_grant_return(pool, &span->grant))
			IOMM_LOG(iomm_pool_ctx(pool), IOMM_LOG_ERROR, "",
				 "the backend does not take back %k at %x: "
				 "they are lost",
				 span->grant.bytes, span->base);
		iomm_span_destroy(heap, span);
	}
}

void iomm_pool_fini(struct iomm_pool *pool)
{
	struct iomm_ctx *ctx = iomm_pool_ctx(pool);
	struct iomm_lane *lane;
	uint32_t n;

	for (n = 0; n < pool->nr_lanes; n++) {
		lane = iomm_pool_lane(pool, n);
		if (!lane)
			continue;
		drop_spans(pool, &lane->heap);
		iomm_heap_fini(&lane->heap);
		iomm_lock_fini(ctx, &lane->lock);
		iomm_free(ctx, lane, lane_bytes(pool));
	}
	iomm_lock_fini(ctx, &pool->lock);
}
