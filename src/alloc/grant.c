/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Taking grants from the backend, and giving them back. */
#include "alloc/allocator.h"
#include "alloc/backend.h"
#include "alloc/write.h"

/* A range, as far as it is near the anchor. False: nowhere. */
static bool
near_part(const struct iomm_alloc_desc *desc,
	  const struct iomm_alloc_range *range, uint64_t *first, uint64_t *last)
{
	uint64_t low = 0, high = UINT64_MAX;

	if (desc->distance) {
		if (desc->anchor > desc->distance)
			low = desc->anchor - desc->distance;
		if (desc->anchor < UINT64_MAX - desc->distance)
			high = desc->anchor + desc->distance;
	}
	*first = range->first > low ? range->first : low;
	*last = range->last < high ? range->last : high;
	return *first <= *last;
}

/* Why what the backend gave will not do; NULL when it will. */
static const char *find_flaw(const struct iomm_alloc_grant *grant)
{
	uint64_t at = (uintptr_t)grant->address;

	if (!grant->address)
		return "no address";
	if (at & (grant->align - 1))
		return "an address that is not aligned";
	if (at < grant->first || at + (grant->bytes - 1) < at ||
	    at + (grant->bytes - 1) > grant->last)
		return "an address out of bounds";
	if ((grant->flags & IOMM_ALLOC_GRANT_ALIAS) && !grant->alias)
		return "no alias";
	return NULL;
}

static int map_checked(struct iomm_pool *pool, struct iomm_alloc_grant *grant)
{
	struct iomm_ctx *ctx = iomm_pool_ctx(pool);
	const char *flaw;
	int r = iomm_backend_map(pool, grant);

	if (r)
		return IOMM_FAIL(ctx, -r, "no %k from %x to %x for type %u: %s",
				 grant->bytes, grant->first, grant->last,
				 pool->desc.type, IOMM_STR(iomm_strerror(r)));
	flaw = find_flaw(grant);
	if (!flaw) {
		if (!(grant->flags & IOMM_ALLOC_GRANT_ALIAS))
			grant->alias = NULL;
		return 0;
	}
	if (grant->address)
		(void)iomm_backend_unmap(pool, grant);
	return IOMM_FAIL(ctx, IOMM_EPROTO, "the backend gave %s (%x for %k)",
			 IOMM_STR(flaw), (uintptr_t)grant->address,
			 grant->bytes);
}

static int map_somewhere(struct iomm_pool *pool, struct iomm_alloc_grant *grant)
{
	const struct iomm_alloc_desc *desc = &pool->desc;
	uint32_t nr = desc->flags & IOMM_ALLOC_SECOND_RANGE ? desc->range_count
							    : 1;
	uint64_t first, last;
	uint32_t n;
	int r = 0;

	for (n = 0; n < nr; n++) {
		if (!near_part(desc, &pool->ranges[n], &first, &last))
			continue;
		grant->first = first;
		grant->last = last;
		r = map_checked(pool, grant);
		if (r != -IOMM_ENOSPC)
			return r;
	}
	return r ? r
		 : IOMM_FAIL(iomm_pool_ctx(pool), IOMM_ENOSPC,
			     "no range of type %u is within %x bytes of %x",
			     desc->type, desc->distance, desc->anchor);
}

int iomm_grant_return(struct iomm_pool *pool,
		      const struct iomm_alloc_grant *grant)
{
	int r;

	iomm_hook_unmapping(pool, grant);
	r = iomm_backend_unmap(pool, grant);
	if (!r)
		return 0;
	iomm_hook_mapped(pool, grant);
	return IOMM_FAIL(iomm_pool_ctx(pool), -r,
			 "the backend does not take back %k at %x: %s",
			 grant->bytes, (uintptr_t)grant->address,
			 IOMM_STR(iomm_strerror(r)));
}

int iomm_grant_take(struct iomm_pool *pool, uint64_t bytes,
		    struct iomm_alloc_grant *grant)
{
	uint64_t align = pool->desc.granularity;
	int r;

	*grant = (struct iomm_alloc_grant){
		.size = sizeof(*grant),
		.flags = pool->map_flags,
		.prot = pool->map_prot,
		.type = pool->desc.type,
		.bytes = (bytes + align - 1) & ~(align - 1),
		.align = align,
	};
	r = map_somewhere(pool, grant);
	if (r)
		return r;
	iomm_hook_mapped(pool, grant);
	/* New memory is zeroes, which are no trap on every processor. */
	if (iomm_pool_exec(pool))
		r = iomm_write_wipe(pool, grant, grant->address, grant->bytes,
				    false);
	if (r)
		(void)iomm_grant_return(pool, grant);
	return r;
}
