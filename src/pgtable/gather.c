/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "pgtable/gather.h"

#include "base/mem.h"

static void clear(struct iomm_gather *gather)
{
	memset(gather, 0, sizeof(*gather));
	gather->size = sizeof(*gather);
}

void iomm_gather_init(struct iomm_gather *gather)
{
	if (gather)
		clear(gather);
}

uint64_t iomm_gather_pending(const struct iomm_gather *gather)
{
	if (!gather || !iomm_gather_well_formed(gather) ||
	    !(gather->flags & IOMM_GATHER_RANGE))
		return 0;
	return gather->last - gather->start + 1;
}

int iomm_gather_refuse(const struct iomm_gather *gather,
		       const struct iomm_pgtable *pgtable)
{
	struct iomm_ctx *ctx = pgtable->object.ctx;

	if (!gather)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "the gather is NULL, and walkers must forget "
				 "what is changed");
	if (!iomm_gather_well_formed(gather))
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "this is no gather: its size says %u bytes "
				 "(was iomm_gather_init() called?)",
				 gather->size);
	return IOMM_FAIL(ctx, IOMM_EINVAL,
			 "the gather serves another page table: flush it "
			 "first");
}

int iomm_gather_drain(struct iomm_gather *gather)
{
	struct iomm_pgtable *pgtable = gather->pgtable;
	uint32_t tables = gather->flags & IOMM_GATHER_TABLES;
	int r;

	if (gather->flags & IOMM_GATHER_RANGE) {
		r = iomm_pgtable_tlb_flush(pgtable, gather->start, gather->last,
					   gather->page_size,
					   tables ? IOMM_TLB_TABLES : 0);
		if (r)
			return r;
	}
	iomm_node_free_chain(pgtable, gather->tables);
	clear(gather);
	gather->pgtable = pgtable;
	return 0;
}

int iomm_gather_flush_held(struct iomm_gather *gather)
{
	struct iomm_pgtable *pgtable = gather->pgtable;
	int r = iomm_gather_drain(gather);

	if (r)
		return r;
	clear(gather);
	iomm_object_drop(pgtable);
	return 0;
}

static int flush_owned(struct iomm_gather *gather)
{
	struct iomm_pgtable *pgtable = gather->pgtable;
	int r;

	if (!pgtable->owner_begin)
		return iomm_gather_flush_held(gather);
	r = pgtable->owner_begin(pgtable->owner_data);
	if (r)
		return r;
	r = iomm_gather_drain(gather);
	pgtable->owner_end(pgtable->owner_data);
	if (r)
		return r;
	/* Last, since with the table goes what its owner stands on. */
	clear(gather);
	iomm_object_drop(pgtable);
	return 0;
}

int iomm_gather_flush(struct iomm_gather *gather)
{
	struct iomm_ctx *ctx;

	if (!gather || !iomm_gather_well_formed(gather))
		return -IOMM_EINVAL;
	if (!gather->pgtable)
		return 0;
	if (!iomm_handle_ok(gather->pgtable, &iomm_pgtable_type))
		return -IOMM_EINVAL;
	ctx = gather->pgtable->object.ctx;
	iomm_enter(ctx);
	return iomm_leave(ctx, flush_owned(gather));
}

void iomm_gather_abandon(struct iomm_gather *gather)
{
	struct iomm_pgtable *pgtable;
	struct iomm_ctx *ctx;
	int r;

	if (!gather || !iomm_gather_well_formed(gather) || !gather->pgtable)
		return;
	pgtable = gather->pgtable;
	if (!iomm_handle_ok(pgtable, &iomm_pgtable_type))
		return;
	ctx = pgtable->object.ctx;
	iomm_enter(ctx);
	iomm_pgtable_quarantine(pgtable, gather->tables);
	clear(gather);
	iomm_object_drop(pgtable);
	r = iomm_leave(ctx, 0);
	(void)r;
}
