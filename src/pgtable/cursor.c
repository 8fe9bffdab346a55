/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <iomm/cursor.h>

#include "base/abi.h"
#include "base/mem.h"
#include "base/readers.h"
#include "pgtable/check.h"
#include "pgtable/gather.h"
#include "pgtable/sharing.h"

int iomm_cursor_init(struct iomm_cursor *cursor, struct iomm_pgtable *pgtable)
{
	if (!iomm_pgtable_ok(pgtable))
		return -IOMM_EINVAL;
	if (!cursor)
		return iomm_fail_null(pgtable->object.ctx, "iomm_cursor_init");
	memset(cursor, 0, sizeof(*cursor));
	cursor->size = sizeof(*cursor);
	cursor->pgtable = iomm_pgtable_get(pgtable);
	return 0;
}

void iomm_cursor_fini(struct iomm_cursor *cursor)
{
	struct iomm_pgtable *pgtable;

	if (!cursor || cursor->size != sizeof(*cursor))
		return;
	pgtable = cursor->pgtable;
	memset(cursor, 0, sizeof(*cursor));
	iomm_pgtable_put(pgtable);
}

/* Places */

void iomm_pgtable_barrier(struct iomm_pgtable *pgtable)
{
	struct iomm_ctx *ctx = pgtable->object.ctx;

	if (!pgtable->sharing->by_stores)
		return;
	/* The hook is about the others. */
	iomm_full_fence();
	if (ctx->platform.barrier)
		(void)ctx->platform.barrier(ctx->platform_data);
}

static inline uint32_t first_place(const void *thread)
{
	return iomm_sharing_hash((uintptr_t)thread >> 12);
}

static __attribute__((noinline)) struct iomm_place *
find_place(struct iomm_pgtable *pgtable)
{
	void *thread = iomm_thread(pgtable->object.ctx), *owner;
	uint32_t n, first = first_place(thread);

	for (n = 0; n < IOMM_SHARING_SLOTS; n++) {
		uint32_t i = (first + n) & (IOMM_SHARING_SLOTS - 1);
		struct iomm_place *place = &pgtable->sharing->place[i];

		owner = atomic_load_explicit(&place->thread,
					     memory_order_relaxed);
		if (owner == thread)
			return place;
		if (!owner &&
		    atomic_compare_exchange_strong_explicit(
			    &place->thread, &owner, thread,
			    memory_order_relaxed, memory_order_relaxed)) {
			place->cursor.pgtable = pgtable;
			place->mark = IOMM_NODE_KEPT(i);
			place->enough = IOMM_PLACE_ENOUGH;
			return place;
		}
	}
	return NULL;
}

struct iomm_place *iomm_pgtable_place(struct iomm_pgtable *pgtable)
{
#if __STDC_HOSTED__
	/* Whatever platform this is: nobody else has that name in any. */
	void *thread = iomm_hosted_thread;
	struct iomm_place *place =
		&pgtable->sharing->place[first_place(thread)];

	if (atomic_load_explicit(&place->thread, memory_order_relaxed) ==
	    thread)
		return place;
#endif
	return find_place(pgtable);
}

/* The cursor goes where the range ends, if that is a range. The page table's own
 * is there already. */
static void settle(struct iomm_cursor *cursor, uint64_t iova, uint64_t bytes)
{
	struct iomm_pgtable *pgtable = cursor->pgtable;
	uint64_t offset = iova - pgtable->first_iova;

	if (cursor != &pgtable->own && iomm_is_range(pgtable, offset, bytes))
		pgtable->ops->settle(cursor, offset + (bytes - 1));
}

int iomm_cursor_map_far(struct iomm_cursor *cursor, uint64_t iova,
			uint64_t paddr, uint64_t bytes, uint32_t prot,
			uint32_t flags, uint64_t *mapped)
{
	int r = iomm_pgtable_map_with(cursor->pgtable, iova, paddr, bytes, prot,
				      flags, NULL, mapped);

	settle(cursor, iova, bytes);
	return r;
}

int iomm_cursor_unmap_far(struct iomm_cursor *cursor, uint64_t iova,
			  uint64_t bytes, struct iomm_gather *gather,
			  uint64_t *unmapped)
{
	int r = iomm_pgtable_unmap_with(cursor->pgtable, iova, bytes, gather,
					unmapped);

	settle(cursor, iova, bytes);
	return r;
}

static inline bool is_cursor(const struct iomm_cursor *cursor)
{
	return cursor && cursor->size == sizeof(*cursor) &&
	       iomm_pgtable_ok(cursor->pgtable);
}

static IOMM_COLD int no_cursor(uint64_t *done)
{
	if (done)
		*done = 0;
	return -IOMM_EINVAL;
}

int iomm_cursor_map(struct iomm_cursor *cursor, uint64_t iova, uint64_t paddr,
		    uint64_t bytes, uint32_t prot, uint32_t flags,
		    uint64_t *mapped)
{
	return is_cursor(cursor)
		       ? cursor->pgtable->calls.map(cursor, iova, paddr, bytes,
						    prot, flags, mapped)
		       : no_cursor(mapped);
}

int iomm_cursor_unmap(struct iomm_cursor *cursor, uint64_t iova, uint64_t bytes,
		      struct iomm_gather *gather, uint64_t *unmapped)
{
	return is_cursor(cursor)
		       ? cursor->pgtable->calls.unmap(cursor, iova, bytes,
						      gather, unmapped)
		       : no_cursor(unmapped);
}
