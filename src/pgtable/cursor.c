/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <iomm/cursor.h>

#include "base/abi.h"
#include "base/mem.h"
#include "pgtable/check.h"
#include "pgtable/gather.h"
#include "pgtable/readers.h"

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

/* How many places a thread looks at for its own. */
#define PROBES 4u

struct iomm_cursor *iomm_pgtable_writer(struct iomm_pgtable *pgtable)
{
	void *thread = iomm_thread(pgtable->object.ctx), *owner;
	uint32_t n, first = iomm_reader_hash((uintptr_t)thread >> 12);

	for (n = 0; n < PROBES; n++) {
		struct iomm_writer *writer =
			&pgtable->readers
				 ->writer[(first + n) & (IOMM_READERS - 1)];

		owner = atomic_load_explicit(&writer->thread,
					     memory_order_relaxed);
		if (owner == thread)
			return &writer->cursor;
		if (!owner &&
		    atomic_compare_exchange_strong_explicit(
			    &writer->thread, &owner, thread,
			    memory_order_relaxed, memory_order_relaxed)) {
			writer->cursor.pgtable = pgtable;
			return &writer->cursor;
		}
	}
	return NULL;
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
		       ? cursor->pgtable->calls->map(cursor, iova, paddr, bytes,
						     prot, flags, mapped)
		       : no_cursor(mapped);
}

int iomm_cursor_unmap(struct iomm_cursor *cursor, uint64_t iova, uint64_t bytes,
		      struct iomm_gather *gather, uint64_t *unmapped)
{
	return is_cursor(cursor)
		       ? cursor->pgtable->calls->unmap(cursor, iova, bytes,
						       gather, unmapped)
		       : no_cursor(unmapped);
}
