/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Our side: the library's public calls on a table of its own. */
#include <stdlib.h>

#include <iomm/ctx.h>
#include <iomm/error.h>
#include <iomm/pgtable.h>
#include <iomm/table_memory.h>

#include "pgtable.h"
#include "pool.h"

#define PROT (IOMM_PROT_READ | IOMM_PROT_WRITE | IOMM_PROT_CACHE)

struct ours {
	const struct pgtable_work *work;
	uint32_t tables;
	struct iomm_ctx *ctx;
	struct iomm_table_memory *memory;
	struct iomm_pgtable *pgtable;
	struct iomm_gather gather;
	uint64_t *iovas;
};

static int
take(void *data, uint64_t bytes, uint64_t max_pa, void **va, uint64_t *pa)
{
	(void)data;
	(void)max_pa;
	*va = pool_take(bytes);
	*pa = (uintptr_t)*va;
	return *va ? 0 : -IOMM_ENOMEM;
}

static void give(void *data, void *va, uint64_t pa, uint64_t bytes)
{
	(void)data;
	(void)pa;
	pool_give(va, bytes);
}

/* As Linux's side: hooks that do nothing. */
static int flush(void *data, uint64_t iova, uint64_t last, uint64_t page_size,
		 uint32_t flags)
{
	(void)data;
	(void)iova;
	(void)last;
	(void)page_size;
	(void)flags;
	return 0;
}

static int flush_all(void *data)
{
	(void)data;
	return 0;
}

static const struct iomm_tlb_ops tlb = {
	.size = sizeof(tlb),
	.flush = flush,
	.flush_all = flush_all,
};

static void new_table(struct ours *ours)
{
	struct iomm_pgtable_config config = {
		.size = sizeof(config),
		.flags = IOMM_PGTABLE_COHERENT,
		.granule = UINT64_C(1) << ours->work->page_shift,
		.ias = WORK_IAS,
		.oas = WORK_OAS,
		.memory = ours->memory,
	};

	bench_check(!iomm_pgtable_create(ours->ctx, "arm64-s1", &config, &tlb,
					 NULL, NULL, &ours->pgtable),
		    "no table of ours");
}

static struct ours *set_up(const struct pgtable_work *work, bool brief)
{
	const struct iomm_table_memory_ops ops = {
		.size = sizeof(ops),
		.flags = IOMM_TABLE_MEMORY_LINEAR,
		.alloc = take,
		.free = give,
	};
	struct ours *ours = calloc(1, sizeof(*ours));

	bench_check(ours && !iomm_ctx_create(NULL, &ours->ctx) &&
			    !iomm_table_memory_create(ours->ctx, &ops, NULL,
						      NULL, &ours->memory),
		    "no context");
	ours->work = work;
	ours->tables = work_tables(work, brief);
	iomm_gather_init(&ours->gather);
	return ours;
}

static void close_ours(void *state)
{
	struct ours *ours = state;

	iomm_pgtable_put(ours->pgtable);
	iomm_table_memory_put(ours->memory);
	iomm_ctx_put(ours->ctx);
	free(ours->iovas);
	free(ours);
}

static inline void
map(struct iomm_pgtable *pgtable, uint64_t iova, uint64_t paddr, uint64_t bytes)
{
	uint64_t mapped;
	int r = iomm_pgtable_map(pgtable, iova, paddr, bytes, PROT, 0, &mapped);

	bench_check(!r && mapped == bytes, "our map failed");
}

/* Warm tables */

static void *open_warm(const void *arg, bool brief)
{
	struct ours *ours = set_up(arg, brief);
	const struct pgtable_work *work = ours->work;
	uint32_t t;

	new_table(ours);
	for (t = 0; work->first && t < ours->tables; t++)
		map(ours->pgtable, work_iova(work, t, 0), 0,
		    (uint64_t)work->first << work->page_shift);
	return ours;
}

static uint64_t run_map(void *state)
{
	struct ours *ours = state;
	const struct pgtable_work *work = ours->work;
	struct iomm_pgtable *pgtable = ours->pgtable;
	uint64_t bytes = (uint64_t)work->per_call << work->page_shift;
	uint64_t offset = WORK_OFFSET(work), iova, end;
	uint32_t t;

	for (t = 0; t < ours->tables; t++) {
		iova = work_iova(work, t, work->first);
		end = work_iova(work, t + 1, 0);
		for (; iova < end; iova += bytes)
			map(pgtable, iova, iova + offset, bytes);
	}
	return work_pages(work, ours->tables);
}

static uint64_t run_unmap(void *state)
{
	struct ours *ours = state;
	const struct pgtable_work *work = ours->work;
	struct iomm_pgtable *pgtable = ours->pgtable;
	uint64_t bytes = (uint64_t)work->per_call << work->page_shift;
	uint64_t iova, end, unmapped;
	uint32_t t;
	int r;

	for (t = 0; t < ours->tables; t++) {
		iova = work_iova(work, t, work->first);
		end = work_iova(work, t + 1, 0);
		for (; iova < end; iova += bytes) {
			r = iomm_pgtable_unmap(pgtable, iova, bytes,
					       &ours->gather, &unmapped);
			bench_check(!r && unmapped == bytes,
				    "our unmap failed");
		}
		r = iomm_gather_flush(&ours->gather);
		bench_check(!r, "our flush failed");
	}
	return work_pages(work, ours->tables);
}

static void map_all(void *state)
{
	(void)run_map(state);
}

static void unmap_all(void *state)
{
	(void)run_unmap(state);
}

const struct bench_side ours_map = {
	.name = "ours",
	.open = open_warm,
	.run = run_map,
	.after = unmap_all,
	.close = close_ours,
};

const struct bench_side ours_unmap = {
	.name = "ours",
	.open = open_warm,
	.before = map_all,
	.run = run_unmap,
	.close = close_ours,
};

/* A sweep: a new table each time, cold */

static void *open_sweep(const void *arg, bool brief)
{
	return set_up(arg, brief);
}

static void before_sweep(void *state)
{
	new_table(state);
}

static uint64_t run_sweep(void *state)
{
	struct ours *ours = state;
	const struct pgtable_work *work = ours->work;
	uint64_t bytes = (uint64_t)work->per_call << work->page_shift;
	uint64_t end = work_iova(work, ours->tables, 0), iova;

	for (iova = WORK_IOVA; iova < end; iova += bytes)
		map(ours->pgtable, iova, iova + WORK_OFFSET(work), bytes);
	return work_pages(work, ours->tables);
}

static void after_sweep(void *state)
{
	struct ours *ours = state;

	iomm_pgtable_put(ours->pgtable);
	ours->pgtable = NULL;
}

const struct bench_side ours_sweep = {
	.name = "ours",
	.open = open_sweep,
	.before = before_sweep,
	.run = run_sweep,
	.after = after_sweep,
	.close = close_ours,
};

/* Lookups */

static void *open_lookups(const void *arg, bool brief)
{
	struct ours *ours = set_up(arg, brief);
	const struct pgtable_work *work = ours->work;

	new_table(ours);
	map(ours->pgtable, WORK_IOVA, WORK_IOVA + WORK_OFFSET(work),
	    work_pages(work, ours->tables) << work->page_shift);
	ours->iovas = work_random_iovas(work, ours->tables);
	return ours;
}

static uint64_t run_lookups(void *state)
{
	struct ours *ours = state;
	uint64_t count = work_pages(ours->work, ours->tables);
	struct iomm_translation out = { .size = sizeof(out) };
	uint64_t i, sum = 0;

	for (i = 0; i < count; i++) {
		int r = iomm_pgtable_translate(ours->pgtable, ours->iovas[i],
					       &out);

		bench_check(!r, "our translate failed");
		sum += out.paddr;
	}
	bench_use(sum);
	return count;
}

const struct bench_side ours_translate = {
	.name = "ours",
	.open = open_lookups,
	.run = run_lookups,
	.close = close_ours,
};
