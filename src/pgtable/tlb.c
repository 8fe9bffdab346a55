/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Invalidation through the caller's hooks, and what waits for it. */
#include "pgtable/pgtable.h"

/* What a hook answered, as a result of ours. */
static int
judge(struct iomm_pgtable *pgtable, int answer, uint64_t iova, uint64_t last)
{
	struct iomm_ctx *ctx = pgtable->object.ctx;

	if (!answer)
		return 0;
	if (iomm_answer(answer) != answer)
		return IOMM_FAIL(ctx, IOMM_EPROTO,
				 "a TLB hook answered what is neither 0 nor an "
				 "error, for [%x, %x]",
				 iova, last);
	return IOMM_FAIL(ctx, -answer,
			 "[%x, %x] is not invalidated, nothing of it may be "
			 "reused: %s",
			 iova, last, IOMM_STR(iomm_strerror(answer)));
}

int iomm_pgtable_tlb_flush(struct iomm_pgtable *pgtable, uint64_t iova,
			   uint64_t last, uint64_t page_size, uint32_t flags)
{
	struct iomm_ctx *ctx = pgtable->object.ctx;
	struct iomm_frame frame;
	int r;

	if (!pgtable->tlb.flush)
		return 0;
	iomm_callback_begin(ctx, &frame, true);
	r = pgtable->tlb.flush(pgtable->tlb_data, iova, last, page_size, flags);
	iomm_callback_end(ctx, &frame);
	return judge(pgtable, r, iova, last);
}

int iomm_pgtable_tlb_flush_all(struct iomm_pgtable *pgtable)
{
	struct iomm_ctx *ctx = pgtable->object.ctx;
	struct iomm_frame frame;
	int r;

	if (!pgtable->tlb.flush_all)
		return 0;
	iomm_callback_begin(ctx, &frame, true);
	r = pgtable->tlb.flush_all(pgtable->tlb_data);
	iomm_callback_end(ctx, &frame);
	return judge(pgtable, r, pgtable->first_iova,
		     pgtable->first_iova + pgtable->last_offset);
}

static struct iomm_node *find_tail(struct iomm_node *chain, uint32_t *count)
{
	for (*count = 1; chain->next; chain = chain->next)
		++*count;
	return chain;
}

void iomm_pgtable_quarantine(struct iomm_pgtable *pgtable,
			     struct iomm_node *chain)
{
	struct iomm_node *tail;
	uint32_t count;

	if (!chain)
		return;
	tail = find_tail(chain, &count);
	atomic_fetch_add_explicit(&pgtable->quarantined, count,
				  memory_order_relaxed);
	iomm_node_push(&pgtable->quarantine, chain, tail);
}

static struct iomm_node *take_all(struct iomm_pgtable *pgtable)
{
	return atomic_exchange_explicit(&pgtable->quarantine, NULL,
					memory_order_acquire);
}

static void free_all(struct iomm_pgtable *pgtable, struct iomm_node *chain)
{
	uint32_t count = iomm_node_free_chain(pgtable, chain);

	atomic_fetch_sub_explicit(&pgtable->quarantined, count,
				  memory_order_relaxed);
}

int iomm_pgtable_flush_quarantine(struct iomm_pgtable *pgtable)
{
	/* Only what is there before the flush is covered by it. */
	struct iomm_node *chain = take_all(pgtable);
	uint32_t count;
	int r = iomm_pgtable_tlb_flush_all(pgtable);

	if (!r)
		free_all(pgtable, chain);
	else if (chain)
		iomm_node_push(&pgtable->quarantine, chain,
			       find_tail(chain, &count));
	return r;
}

void iomm_pgtable_free_quarantine(struct iomm_pgtable *pgtable)
{
	free_all(pgtable, take_all(pgtable));
}
