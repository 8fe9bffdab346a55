/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "pgtable/check.h"

#include "base/abi.h"
#include "pgtable/engine_op.h"

int iomm_refuse_range(const struct iomm_pgtable *pgtable, uint64_t iova,
		      uint64_t bytes)
{
	struct iomm_ctx *ctx = pgtable->object.ctx;

	if (!bytes)
		return IOMM_FAIL(ctx, IOMM_EINVAL, "the range at %x is empty",
				 iova);
	if ((iova | bytes) & pgtable->page_mask)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "address %x or length %x is no multiple of "
				 "the smallest page size, %k",
				 iova, bytes, pgtable->page_mask + 1);
	if (iova + (bytes - 1) < iova)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "the range of %x bytes at %x wraps around",
				 bytes, iova);
	if (iova < pgtable->first_iova)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "the range of %x bytes at %x is below %x, the "
				 "first address of the upper %u bits",
				 bytes, iova, pgtable->first_iova,
				 pgtable->ias);
	return IOMM_FAIL(ctx, IOMM_EINVAL,
			 "the range of %x bytes at %x goes beyond %x, the last "
			 "address of %u bits",
			 bytes, iova,
			 pgtable->first_iova + pgtable->last_offset,
			 pgtable->ias);
}

int iomm_refuse_paddr(const struct iomm_pgtable *pgtable, uint64_t paddr,
		      uint64_t bytes)
{
	struct iomm_ctx *ctx = pgtable->object.ctx;

	if (paddr & pgtable->page_mask)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "output address %x is no multiple of the "
				 "smallest page size, %k",
				 paddr, pgtable->page_mask + 1);
	return IOMM_FAIL(ctx, IOMM_EINVAL,
			 "%x bytes at output address %x go beyond %x, the last "
			 "address of %u bits",
			 bytes, paddr, pgtable->last_paddr, pgtable->oas);
}

static int refuse_prot(struct iomm_ctx *ctx, uint32_t prot)
{
	if (prot & ~IOMM_ALL_PROT)
		return iomm_check_bits(ctx, prot, IOMM_ALL_PROT,
				       "the protection");
	if (!(prot & (IOMM_PROT_READ | IOMM_PROT_WRITE)))
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "protection %x allows neither reading nor "
				 "writing",
				 (uint64_t)prot);
	return IOMM_FAIL(ctx, IOMM_EINVAL,
			 "protection %x says both CACHE and MMIO",
			 (uint64_t)prot);
}

static bool is_prot(uint32_t prot)
{
	const uint32_t both = IOMM_PROT_CACHE | IOMM_PROT_MMIO;

	return !(prot & ~IOMM_ALL_PROT) &&
	       (prot & (IOMM_PROT_READ | IOMM_PROT_WRITE)) &&
	       (prot & both) != both;
}

int iomm_encode_slow(struct iomm_pgtable *pgtable, uint32_t prot,
		     uint64_t *attrs)
{
	int r = is_prot(prot) ? pgtable->ops->encode(pgtable, prot, attrs)
			      : refuse_prot(pgtable->object.ctx, prot);

	if (r)
		return r;
#if IOMM_DESC_HALVES
	pgtable->attrs[prot] = *attrs;
#else
	/* Others who ask meanwhile store the same. */
	__atomic_store_n(&pgtable->attrs[prot], *attrs, __ATOMIC_RELAXED);
#endif
	return 0;
}

int iomm_refuse_change(const struct iomm_pgtable *pgtable)
{
	return IOMM_FAIL(pgtable->object.ctx, IOMM_EOPNOTSUPP,
			 "the table was loaded from a dump: it can be looked "
			 "at, not changed");
}

int iomm_pgtable_check_range(const struct iomm_pgtable *pgtable, uint64_t iova,
			     uint64_t bytes, uint64_t *offset)
{
	*offset = iova - pgtable->first_iova;
	return iomm_is_range(pgtable, *offset, bytes)
		       ? 0
		       : iomm_refuse_range(pgtable, iova, bytes);
}

int iomm_pgtable_check_paddr(const struct iomm_pgtable *pgtable, uint64_t paddr,
			     uint64_t bytes)
{
	return iomm_is_paddr(pgtable, paddr, bytes)
		       ? 0
		       : iomm_refuse_paddr(pgtable, paddr, bytes);
}

int iomm_extents_init(const struct iomm_pgtable *pgtable,
		      struct iomm_extents *out, struct iomm_extent *extents,
		      uint32_t stride, const uint32_t *count)
{
	if (!extents || !count || !*count || stride < sizeof(*extents))
		return IOMM_FAIL(pgtable->object.ctx, IOMM_EINVAL,
				 "the array of extents is NULL or has no room, "
				 "or its stride %u is less than %u",
				 stride, IOMM_EXTENT_SIZE_VER0);
	*out = (struct iomm_extents){
		.next = (char *)extents,
		.stride = stride,
		.room = *count,
	};
	return 0;
}
