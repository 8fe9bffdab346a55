/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <iomm/cursor.h>

#include "base/abi.h"
#include "base/mem.h"
#include "pgtable/check.h"
#include "pgtable/gather.h"

int iomm_cursor_init(struct iomm_cursor *cursor, struct iomm_pgtable *pgtable)
{
	if (!iomm_pgtable_ok(pgtable))
		return -IOMM_EINVAL;
	if (!cursor)
		return iomm_fail_null(pgtable->object.ctx, "iomm_cursor_init");
	memset(cursor, 0, sizeof(*cursor));
	cursor->size = sizeof(*cursor);
	cursor->key = IOMM_PGTABLE_COLD;
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

static inline bool is_cursor(const struct iomm_cursor *cursor)
{
	return cursor && cursor->size == sizeof(*cursor) &&
	       iomm_pgtable_ok(cursor->pgtable);
}

int iomm_cursor_map(struct iomm_cursor *cursor, uint64_t iova, uint64_t paddr,
		    uint64_t bytes, uint32_t prot, uint32_t flags,
		    uint64_t *mapped)
{
	struct iomm_pgtable *pgtable;
	uint64_t dummy, offset;

	if (!mapped)
		mapped = &dummy;
	*mapped = 0;
	if (!is_cursor(cursor))
		return -IOMM_EINVAL;
	pgtable = cursor->pgtable;
	offset = iova - pgtable->first_iova;
	/* Flags take the long way; so does what is wrong, to be told there. */
	if (flags || !iomm_is_range(pgtable, offset, bytes) ||
	    !iomm_is_paddr(pgtable, paddr, bytes) || !iomm_is_prot(prot) ||
	    pgtable->read_only)
		return iomm_pgtable_map(pgtable, iova, paddr, bytes, prot,
					flags, mapped);
	return pgtable->ops->cursor_map(pgtable, cursor, offset,
					offset + (bytes - 1), paddr, prot,
					mapped);
}

int iomm_cursor_unmap(struct iomm_cursor *cursor, uint64_t iova, uint64_t bytes,
		      struct iomm_gather *gather, uint64_t *unmapped)
{
	struct iomm_pgtable *pgtable;
	uint64_t dummy, offset;

	if (!unmapped)
		unmapped = &dummy;
	*unmapped = 0;
	if (!is_cursor(cursor))
		return -IOMM_EINVAL;
	pgtable = cursor->pgtable;
	offset = iova - pgtable->first_iova;
	if (!iomm_gather_serves(gather, pgtable) ||
	    !iomm_is_range(pgtable, offset, bytes) || pgtable->read_only)
		return iomm_pgtable_unmap(pgtable, iova, bytes, gather,
					  unmapped);
	return pgtable->ops->cursor_unmap(pgtable, cursor, offset,
					  offset + (bytes - 1), gather,
					  unmapped);
}
