/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Looking at what is there: statistics, walks, the page map of an address. */
#include "alloc/type.h"
#include "base/abi.h"

/* Statistics */

static void add_lane(const struct iomm_lane *lane, uint32_t slot,
		     uint32_t shift, struct iomm_alloc_stats *stats)
{
	const struct iomm_heap *heap = &lane->heap;
	uint64_t hole = (uint64_t)iomm_heap_largest(heap) << shift;

	stats->allocations += lane->count[slot].blocks;
	stats->asked += lane->count[slot].units << shift;
	stats->granted += heap->units << shift;
	stats->wasted += (heap->units - heap->live_units) << shift;
	stats->grants += heap->nr_places;
	stats->waiting += iomm_heap_waiting_units(heap) << shift;
	stats->huge += heap->huge;
	stats->book += heap->book;
	if (hole > stats->largest_hole)
		stats->largest_hole = hole;
}

int iomm_alloc_type_stats(struct iomm_alloc_type *type,
			  struct iomm_alloc_stats *stats)
{
	struct iomm_alloc_stats known = { .size = sizeof(known) };
	struct iomm_pool *pool;
	struct iomm_lane *lane;
	uint32_t n;
	int r;

	if (!iomm_handle_ok(type, &iomm_alloc_type_tag))
		return -IOMM_EINVAL;
	r = iomm_allocator_alive(type->allocator);
	if (r)
		return r;
	pool = type->entry->pool;
	for (n = 0; n < pool->nr_lanes; n++) {
		lane = iomm_pool_lane(pool, n);
		if (!lane)
			continue;
		iomm_pool_lock(pool, lane);
		add_lane(lane, type->entry->slot, pool->shift, &known);
		iomm_pool_unlock(pool, lane);
	}
	return iomm_struct_out(type->object.ctx, stats, &known, sizeof(known),
			       IOMM_ALLOC_STATS_SIZE_VER0, "iomm_alloc_stats");
}

/* Allocations */

static uint32_t
number_of(const struct iomm_pool *pool, const struct iomm_block *block)
{
	const struct iomm_allocator *allocator = pool->allocator;
	const struct iomm_type_entry *entry = allocator->types;

	while (entry->pool != pool || !iomm_block_marked(block, entry->slot))
		entry++;
	return entry->number;
}

/* What is said of a block; its lane is locked. */
static void
describe(const struct iomm_pool *pool, const struct iomm_block *block,
	 struct iomm_allocation *out)
{
	const struct iomm_alloc_grant *grant = &block->span->grant;
	bool sealed = iomm_pool_seals(pool) &&
		      iomm_block_marked(block, iomm_pool_sealed_slot(pool));

	out->type = number_of(pool, block);
	out->flags = (sealed ? IOMM_ALLOCATION_SEALED : 0) |
		     (grant->huge ? IOMM_ALLOCATION_HUGE : 0);
	out->prot = sealed ? pool->desc.prot : pool->map_prot;
	out->address = (char *)grant->address +
		       ((uint64_t)block->start << pool->shift);
	out->bytes = (uint64_t)block->units << pool->shift;
	out->grant = grant->address;
	out->grant_bytes = grant->bytes;
}

static int find(struct iomm_allocator *allocator, const void *address,
		struct iomm_allocation *out)
{
	struct iomm_block block;
	struct iomm_lane *lane;
	struct iomm_pool *pool;
	uint32_t n;

	for (n = 0; n < allocator->nr_pools; n++) {
		pool = &allocator->pools[n];
		lane = pool->types ? iomm_pool_find(pool, address, &block)
				   : NULL;
		if (!lane)
			continue;
		describe(pool, &block, out);
		iomm_pool_unlock(pool, lane);
		return 0;
	}
	return IOMM_FAIL(iomm_allocator_ctx(allocator), IOMM_ENOENT,
			 "nothing is allocated at %x", (uintptr_t)address);
}

int iomm_allocator_find(struct iomm_allocator *allocator, const void *address,
			struct iomm_allocation *allocation)
{
	struct iomm_allocation known = { .size = sizeof(known) };
	int r;

	if (!iomm_handle_ok(allocator, &iomm_allocator_type_tag))
		return -IOMM_EINVAL;
	r = iomm_allocator_alive(allocator);
	if (!r)
		r = find(allocator, address, &known);
	if (!r)
		r = iomm_struct_out(iomm_allocator_ctx(allocator), allocation,
				    &known, sizeof(known),
				    IOMM_ALLOCATION_SIZE_VER0,
				    "iomm_allocation");
	return r;
}

/* The lowest of all lanes. */
static bool next(struct iomm_pool *pool, uint32_t slot, uintptr_t from,
		 struct iomm_allocation *out)
{
	struct iomm_block block;
	struct iomm_lane *lane;
	bool found = false;
	uint32_t n;

	for (n = 0; n < pool->nr_lanes; n++) {
		lane = iomm_pool_lane(pool, n);
		if (!lane)
			continue;
		iomm_pool_lock(pool, lane);
		if (iomm_heap_next(&lane->heap, slot, from, &block) &&
		    (!found || iomm_block_address(&lane->heap, &block) <
				       (uintptr_t)out->address)) {
			describe(pool, &block, out);
			found = true;
		}
		iomm_pool_unlock(pool, lane);
	}
	return found;
}

int iomm_alloc_type_next(struct iomm_alloc_type *type, const void *after,
			 struct iomm_allocation *allocation)
{
	struct iomm_allocation known = { .size = sizeof(known) };
	const struct iomm_type_entry *entry;
	int r;

	if (!iomm_handle_ok(type, &iomm_alloc_type_tag))
		return -IOMM_EINVAL;
	r = iomm_allocator_alive(type->allocator);
	if (r)
		return r;
	entry = type->entry;
	if ((uintptr_t)after == UINTPTR_MAX ||
	    !next(entry->pool, entry->slot, (uintptr_t)after + 1, &known))
		return IOMM_FAIL(type->object.ctx, IOMM_ENOENT,
				 "no allocation of type %u starts above %x",
				 entry->number, (uintptr_t)after);
	return iomm_struct_out(type->object.ctx, allocation, &known,
			       sizeof(known), IOMM_ALLOCATION_SIZE_VER0,
			       "iomm_allocation");
}
