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
	struct iomm_pgtable *pgtable = is_cursor(cursor) ? cursor->pgtable
							 : NULL;
	uint64_t offset, attrs;

	if (pgtable && mapped && !flags) {
		offset = iova - pgtable->first_iova;
		attrs = iomm_encoded(pgtable, prot);
		if (attrs && iomm_is_range(pgtable, offset, bytes) &&
		    iomm_is_paddr(pgtable, paddr, bytes))
			return pgtable->ops->cursor_map(cursor, offset,
							offset + (bytes - 1),
							paddr, attrs, mapped);
	}
	return iomm_pgtable_map(pgtable, iova, paddr, bytes, prot, flags,
				mapped);
}

int iomm_cursor_unmap(struct iomm_cursor *cursor, uint64_t iova, uint64_t bytes,
		      struct iomm_gather *gather, uint64_t *unmapped)
{
	struct iomm_pgtable *pgtable = is_cursor(cursor) ? cursor->pgtable
							 : NULL;
	uint64_t offset;

	if (pgtable && unmapped && !pgtable->read_only &&
	    iomm_gather_serves(gather, pgtable)) {
		offset = iova - pgtable->first_iova;
		if (iomm_is_range(pgtable, offset, bytes))
			return pgtable->ops->cursor_unmap(cursor, offset,
							  offset + (bytes - 1),
							  gather, unmapped);
	}
	return iomm_pgtable_unmap(pgtable, iova, bytes, gather, unmapped);
}
