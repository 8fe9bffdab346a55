/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The public calls that change what is mapped, other than mapping: they check,
 * and hand on to the instance of the engine. */
#include "base/abi.h"
#include "pgtable/check.h"
#include "pgtable/engine_op.h"
#include "pgtable/gather.h"

/* What all of them begin with. */
static int begin(struct iomm_engine_op *op, struct iomm_pgtable *pgtable,
		 enum iomm_action action, uint64_t iova, uint64_t bytes)
{
	int r;

	iomm_op_init(op, pgtable, action);
	r = iomm_pgtable_check_range(pgtable, iova, bytes, &op->iova);
	if (!r && pgtable->read_only)
		r = iomm_refuse_change(pgtable);
	op->first = op->iova;
	op->last = op->iova + (bytes - 1);
	op->leaf_levels = pgtable->leaf_levels;
	op->run_levels = pgtable->run_levels;
	return r;
}

/* The same for those that have something to be invalidated later. */
static int
begin_gathering(struct iomm_engine_op *op, struct iomm_pgtable *pgtable,
		enum iomm_action action, uint64_t iova, uint64_t bytes,
		struct iomm_gather *gather)
{
	int r = begin(op, pgtable, action, iova, bytes);

	op->gather = gather;
	if (!iomm_gather_serves(gather, pgtable))
		return iomm_gather_refuse(gather, pgtable);
	return r;
}

int iomm_pgtable_unmap_with(struct iomm_pgtable *pgtable, uint64_t iova,
			    uint64_t bytes, struct iomm_gather *gather,
			    uint64_t *unmapped)
{
	struct iomm_engine_op op;
	int r = begin_gathering(&op, pgtable, IOMM_ACT_CLEAR, iova, bytes,
				gather);

	if (!r)
		r = pgtable->ops->change(&op);
	if (unmapped)
		*unmapped = op.done;
	return r;
}

int iomm_pgtable_unmap_extents(struct iomm_pgtable *pgtable, uint64_t iova,
			       uint64_t bytes, struct iomm_gather *gather,
			       struct iomm_extent *extents, uint32_t stride,
			       uint32_t *count)
{
	struct iomm_engine_op op;
	struct iomm_extents told;
	int r = iomm_pgtable_ok(pgtable)
			? iomm_extents_init(pgtable, &told, extents, stride,
					    count)
			: -IOMM_EINVAL;

	if (count)
		*count = 0;
	if (!r)
		r = begin_gathering(&op, pgtable, IOMM_ACT_CLEAR, iova, bytes,
				    gather);
	if (r)
		return r;
	op.extents = &told;
	r = pgtable->ops->change(&op);
	*count = told.count;
	if (r == -IOMM_EMSGSIZE)
		return IOMM_FAIL(pgtable->object.ctx, IOMM_EMSGSIZE,
				 "the range holds more than %u extents: go on "
				 "at %x",
				 told.count, pgtable->first_iova + op.iova);
	return r;
}

int iomm_pgtable_protect(struct iomm_pgtable *pgtable, uint64_t iova,
			 uint64_t bytes, uint32_t prot,
			 struct iomm_gather *gather, uint64_t *changed)
{
	struct iomm_engine_op op;
	int r;

	if (changed)
		*changed = 0;
	if (!iomm_pgtable_ok(pgtable))
		return -IOMM_EINVAL;
	r = begin_gathering(&op, pgtable, IOMM_ACT_PROTECT, iova, bytes,
			    gather);
	if (!r)
		r = iomm_encode(pgtable, prot, &op.attrs);
	if (r)
		return r;
	op.writable = prot & IOMM_PROT_WRITE;
	r = pgtable->ops->change(&op);
	if (changed)
		*changed = op.done;
	return r;
}

int iomm_pgtable_split(struct iomm_pgtable *pgtable, uint64_t iova,
		       uint64_t bytes, uint64_t page_size)
{
	struct iomm_engine_op op;
	uint64_t sizes;
	int r;

	if (!iomm_pgtable_ok(pgtable))
		return -IOMM_EINVAL;
	r = begin(&op, pgtable, IOMM_ACT_SPLIT, iova, bytes);
	if (r)
		return r;
	if (!page_size || (page_size & (page_size - 1)) ||
	    !(pgtable->page_sizes & page_size))
		return IOMM_FAIL(pgtable->object.ctx, IOMM_EINVAL,
				 "the table has no page size %x, only %x",
				 page_size, pgtable->page_sizes);
	sizes = pgtable->page_sizes & (page_size | (page_size - 1));
	op.page_size = page_size;
	op.leaf_levels = pgtable->ops->leaf_levels(pgtable->ops, sizes);
	op.run_levels = pgtable->ops->run_levels(pgtable->ops, sizes);
	return pgtable->ops->change(&op);
}

int iomm_pgtable_merge(struct iomm_pgtable *pgtable, uint64_t iova,
		       uint64_t bytes, struct iomm_gather *gather)
{
	struct iomm_engine_op op;
	int r;

	if (!iomm_pgtable_ok(pgtable))
		return -IOMM_EINVAL;
	r = begin_gathering(&op, pgtable, IOMM_ACT_MERGE, iova, bytes, gather);
	return r ? r : pgtable->ops->merge(&op);
}

static int check_bitmap(struct iomm_pgtable *pgtable, uint64_t bytes,
			const uint64_t *bitmap, uint32_t words)
{
	struct iomm_ctx *ctx = pgtable->object.ctx;

	if (!(pgtable->flags & IOMM_PGTABLE_DIRTY))
		return IOMM_FAIL(ctx, IOMM_EOPNOTSUPP,
				 "the table does not track what is dirty: make "
				 "it with IOMM_PGTABLE_DIRTY");
	if (!bitmap)
		return iomm_fail_null(ctx, "iomm_pgtable_read_and_clear_dirty");
	if ((bytes - 1) >> pgtable->page_shift < (uint64_t)words * 64)
		return 0;
	return IOMM_FAIL(
		ctx, IOMM_EMSGSIZE,
		"%u words of 64 bits are too few for %x bytes in pages "
		"of %k",
		words, bytes, pgtable->page_mask + 1);
}

int iomm_pgtable_read_and_clear_dirty(struct iomm_pgtable *pgtable,
				      uint64_t iova, uint64_t bytes,
				      uint32_t flags, uint64_t *bitmap,
				      uint32_t words,
				      struct iomm_gather *gather)
{
	struct iomm_engine_op op;
	int r;

	if (!iomm_pgtable_ok(pgtable))
		return -IOMM_EINVAL;
	r = iomm_check_bits(pgtable->object.ctx, flags, IOMM_DIRTY_KEEP,
			    "flags of iomm_pgtable_read_and_clear_dirty");
	if (r)
		return r;
	if (flags & IOMM_DIRTY_KEEP)
		r = begin(&op, pgtable, IOMM_ACT_DIRTY, iova, bytes);
	else
		r = begin_gathering(&op, pgtable, IOMM_ACT_DIRTY, iova, bytes,
				    gather);
	if (!r)
		r = check_bitmap(pgtable, bytes, bitmap, words);
	if (r)
		return r;
	op.keep = flags & IOMM_DIRTY_KEEP;
	op.bitmap = bitmap;
	return pgtable->ops->change(&op);
}
