/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A pool: the memory of one descriptor, in lanes that threads work in side by
 * side. A thread allocates in a lane of its own, and frees wherever it finds the
 * address.
 *
 * A lane's lock is held for its books alone, and while small pieces are wiped.
 * Hooks run without it. Taking a grant is a claim, so that one thread does, and
 * who waited finds what it took; giving one back needs none.
 */
#ifndef IOMM_ALLOC_POOL_H
#define IOMM_ALLOC_POOL_H

#include "alloc/heap.h"
#include "alloc/latest.h"
#include "base/claim.h"
#include "base/readers.h"

#include <iomm/platform.h>

#define IOMM_LANES_MAX 64u

struct iomm_count {
	uint64_t blocks, units;
};

/* It shares no line of a cache with what other threads read or write. */
struct iomm_lane {
	char apart[IOMM_CACHE_LINE]; /* and as much behind */
	struct iomm_lock lock;
	struct iomm_heap heap;
	struct iomm_latest latest;
	uint32_t ticket;	   /* of what is older in the heap */
	struct iomm_count count[]; /* of each type */
};

struct iomm_pool {
	struct iomm_allocator *allocator;
	struct iomm_alloc_desc desc;	 /* with what defaults stand for */
	struct iomm_alloc_range *ranges; /* desc.range_count */
	uint32_t shift;			 /* of a unit, log2 of the alignment */
	uint32_t map_prot;		 /* what grants are mapped as */
	uint32_t map_flags;		 /* IOMM_ALLOC_GRANT_* */
	uint32_t types; /* that it serves, each with a slot of marks */
	bool fresh;	/* each allocation is a grant */
	bool hot;	/* a barrier comes before reuse */
	bool flushes;	/* instruction caches, after writes */
	bool plain;	/* written without hooks, and not sealed */
	uint32_t nr_lanes;
	struct iomm_claim growth;
	struct iomm_lock lock; /* for making lanes */
	_Atomic(struct iomm_lane *) lane[IOMM_LANES_MAX];
};

static inline bool iomm_pool_exec(const struct iomm_pool *pool)
{
	return pool->desc.prot & IOMM_ALLOC_EXEC;
}

static inline bool iomm_pool_seals(const struct iomm_pool *pool)
{
	return pool->desc.flags & IOMM_ALLOC_SEAL_AFTER_INIT;
}

/* Is it made writable for the time of a write? */
static inline bool iomm_pool_flips(const struct iomm_pool *pool)
{
	return !(pool->map_prot & IOMM_ALLOC_WRITE) &&
	       !(pool->map_flags & IOMM_ALLOC_GRANT_ALIAS);
}

/* The slot of marks that says what is sealed. */
static inline uint32_t iomm_pool_sealed_slot(const struct iomm_pool *pool)
{
	return pool->types;
}

/* `slot` stands for the type. These fail with a sentence. */
int iomm_pool_alloc(struct iomm_pool *pool, uint32_t slot, uint64_t bytes,
		    void **out);
int iomm_pool_free(struct iomm_pool *pool, uint32_t slot, void *address);
int iomm_pool_trim(struct iomm_pool *pool);

/*
 * In lane.c
 */

/* Makes locks and the first lane. The other fields are set; on failure nothing
 * is left of these. */
int iomm_pool_init(struct iomm_pool *pool);
/* Nothing is allocated. Gives everything back. */
void iomm_pool_fini(struct iomm_pool *pool);

/* The n-th lane, NULL when no thread has used it yet; the calling thread's. */
struct iomm_lane *iomm_pool_lane(struct iomm_pool *pool, uint32_t n);
struct iomm_lane *iomm_pool_own_lane(struct iomm_pool *pool);
void iomm_pool_lock(struct iomm_pool *pool, struct iomm_lane *lane);
void iomm_pool_unlock(struct iomm_pool *pool, struct iomm_lane *lane);

/*
 * Looks for the lane that an address is live in, and locks it; NULL when there
 * is none. The block is there for as long as it is not freed.
 */
struct iomm_lane *iomm_pool_find(struct iomm_pool *pool, const void *address,
				 struct iomm_block *block);
/* The same for the start of one of this type; else fails with a sentence. */
int iomm_pool_find_start(struct iomm_pool *pool, uint32_t slot,
			 const void *address, struct iomm_lane **lane,
			 struct iomm_block *block);

/* Where to write `bytes` at an address, if that is in the allocation that the
 * thread made last, and is of this type; NULL otherwise. Of a plain pool. */
void *iomm_pool_latest(struct iomm_pool *pool, uint32_t slot,
		       const void *address, uint64_t bytes);

/*
 * In grant.c
 */

/* Takes a grant of `bytes` or more, harmless all over; and gives one back. */
int iomm_grant_take(struct iomm_pool *pool, uint64_t bytes,
		    struct iomm_alloc_grant *grant);
int iomm_grant_return(struct iomm_pool *pool,
		      const struct iomm_alloc_grant *grant);

#endif
