/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Our side: the library's public calls on a table of its own. */
#include <stdlib.h>

#include <iomm/ctx.h>
#include <iomm/error.h>
#include <iomm/pgtable.h>
#include <iomm/table_memory.h>

#include "ours.h"
#include "pgtable/pgtable.h"
#include "pool.h"

static int
take(void *data, uint64_t bytes, uint64_t max_pa, void **va, uint64_t *pa)
{
	(void)data;
	(void)max_pa;
	*va = pool_take_raw(bytes);
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
		.flags = IOMM_PGTABLE_COHERENT | ours->flags,
		.granule = UINT64_C(1) << ours->work->granule_shift,
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
		.flags = IOMM_TABLE_MEMORY_LINEAR | IOMM_TABLE_MEMORY_RAW,
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

void ours_close(void *state)
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
	int r = iomm_pgtable_map(pgtable, iova, paddr, bytes, OURS_PROT, 0,
				 &mapped);

	bench_check(!r && mapped == bytes, "our map failed");
}

/* Warm tables */

struct ours *
ours_open(const struct pgtable_work *work, bool brief, uint32_t flags)
{
	struct ours *ours = set_up(work, brief);
	uint32_t t;

	ours->flags = flags;
	new_table(ours);
	for (t = 0; work->first && t < ours->tables; t++)
		map(ours->pgtable, work_iova(work, t, 0), 0,
		    (uint64_t)work->first << work->page_shift);
	return ours;
}

static void *open_warm(const void *arg, bool brief)
{
	return ours_open(arg, brief, 0);
}

/* The loops are there once, and compiled for each kind of call. */
#define INLINE static inline __attribute__((always_inline))

INLINE uint64_t map_calls(struct ours *ours, void *on,
			  int (*call)(void *on, uint64_t iova, uint64_t paddr,
				      uint64_t bytes, uint64_t *mapped))
{
	const struct pgtable_work *work = ours->work;
	uint64_t bytes = (uint64_t)work->per_call << work->page_shift;
	uint64_t offset = WORK_OFFSET(work), iova, end, mapped;
	uint32_t t;
	int r;

	for (t = 0; t < ours->tables; t++) {
		iova = work_iova(work, t, work->first);
		end = work_iova(work, t + 1, 0);
		for (; iova < end; iova += bytes) {
			r = call(on, iova, iova + offset, bytes, &mapped);
			bench_check(!r && mapped == bytes, "our map failed");
		}
	}
	return work_pages(work, ours->tables);
}

INLINE uint64_t unmap_calls(struct ours *ours, void *on,
			    int (*call)(void *on, uint64_t iova, uint64_t bytes,
					struct iomm_gather *gather,
					uint64_t *unmapped))
{
	const struct pgtable_work *work = ours->work;
	uint64_t bytes = (uint64_t)work->per_call << work->page_shift;
	uint64_t iova, end, unmapped;
	uint32_t t;
	int r;

	for (t = 0; t < ours->tables; t++) {
		iova = work_iova(work, t, work->first);
		end = work_iova(work, t + 1, 0);
		for (; iova < end; iova += bytes) {
			r = call(on, iova, bytes, &ours->gather, &unmapped);
			bench_check(!r && unmapped == bytes,
				    "our unmap failed");
		}
		r = iomm_gather_flush(&ours->gather);
		bench_check(!r, "our flush failed");
	}
	return work_pages(work, ours->tables);
}

INLINE int call_map(void *on, uint64_t iova, uint64_t paddr, uint64_t bytes,
		    uint64_t *mapped)
{
	return iomm_pgtable_map(on, iova, paddr, bytes, OURS_PROT, 0, mapped);
}

INLINE int call_unmap(void *on, uint64_t iova, uint64_t bytes,
		      struct iomm_gather *gather, uint64_t *unmapped)
{
	return iomm_pgtable_unmap(on, iova, bytes, gather, unmapped);
}

static uint64_t run_map(void *state)
{
	struct ours *ours = state;

	return map_calls(ours, ours->pgtable, call_map);
}

static uint64_t run_unmap(void *state)
{
	struct ours *ours = state;

	return unmap_calls(ours, ours->pgtable, call_unmap);
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
	.close = ours_close,
};

const struct bench_side ours_unmap = {
	.name = "ours",
	.open = open_warm,
	.before = map_all,
	.run = run_unmap,
	.close = ours_close,
};

/* Without the vectors of this CPU: there is no call for that. */

static void *open_scalar(const void *arg, bool brief)
{
	struct ours *ours = ours_open(arg, brief, 0);

	ours->pgtable->vector = NULL;
	return ours;
}

const struct bench_side ours_map_scalar = {
	.name = "ours, no vectors",
	.open = open_scalar,
	.run = run_map,
	.after = unmap_all,
	.close = ours_close,
};

/* At a cursor */

static void *open_cursor(const void *arg, bool brief)
{
	struct ours *ours = ours_open(arg, brief, 0);

	bench_check(!iomm_cursor_init(&ours->cursor, ours->pgtable),
		    "no cursor");
	return ours;
}

static void close_cursor(void *state)
{
	struct ours *ours = state;

	iomm_cursor_fini(&ours->cursor);
	ours_close(ours);
}

INLINE int call_cursor_map(void *on, uint64_t iova, uint64_t paddr,
			   uint64_t bytes, uint64_t *mapped)
{
	return iomm_cursor_map(on, iova, paddr, bytes, OURS_PROT, 0, mapped);
}

INLINE int call_cursor_unmap(void *on, uint64_t iova, uint64_t bytes,
			     struct iomm_gather *gather, uint64_t *unmapped)
{
	return iomm_cursor_unmap(on, iova, bytes, gather, unmapped);
}

static uint64_t run_cursor_map(void *state)
{
	struct ours *ours = state;

	return map_calls(ours, &ours->cursor, call_cursor_map);
}

static uint64_t run_cursor_unmap(void *state)
{
	struct ours *ours = state;

	return unmap_calls(ours, &ours->cursor, call_cursor_unmap);
}

const struct bench_side ours_map_cursor = {
	.name = "ours",
	.open = open_cursor,
	.run = run_cursor_map,
	.after = unmap_all,
	.close = close_cursor,
};

const struct bench_side ours_unmap_cursor = {
	.name = "ours",
	.open = open_cursor,
	.before = map_all,
	.run = run_cursor_unmap,
	.close = close_cursor,
};

/* Shared, from one thread */

static void *open_shared(const void *arg, bool brief)
{
	return ours_open(arg, brief, IOMM_PGTABLE_SHARED);
}

const struct bench_side ours_shared_map = {
	.name = "ours, shared",
	.open = open_shared,
	.run = run_map,
	.after = unmap_all,
	.close = ours_close,
};

const struct bench_side ours_exclusive_map = {
	.name = "exclusive",
	.open = open_warm,
	.run = run_map,
	.after = unmap_all,
	.close = ours_close,
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
	.close = ours_close,
};

/* Tables dropped whole */

static void map_sweep(void *state)
{
	(void)run_sweep(state);
}

static uint64_t run_drop(void *state)
{
	struct ours *ours = state;
	const struct pgtable_work *work = ours->work;
	uint64_t bytes = (uint64_t)work->per_call << work->page_shift;
	uint64_t end = work_iova(work, ours->tables, 0), iova, unmapped;

	for (iova = WORK_IOVA; iova < end; iova += bytes) {
		int r = iomm_pgtable_unmap(ours->pgtable, iova, bytes,
					   &ours->gather, &unmapped);

		bench_check(!r && unmapped == bytes, "our unmap failed");
		r = iomm_gather_flush(&ours->gather);
		bench_check(!r, "our flush failed");
	}
	return work_pages(work, ours->tables);
}

const struct bench_side ours_drop = {
	.name = "ours",
	.open = open_warm,
	.before = map_sweep,
	.run = run_drop,
	.close = ours_close,
};

/* Lookups */

static void *open_lookups_flags(const void *arg, bool brief, uint32_t flags)
{
	struct ours *ours = ours_open(arg, brief, flags);
	const struct pgtable_work *work = ours->work;

	map(ours->pgtable, WORK_IOVA, WORK_IOVA + WORK_OFFSET(work),
	    work_pages(work, ours->tables) << work->page_shift);
	ours->iovas = work_random_iovas(work, ours->tables);
	return ours;
}

static void *open_lookups(const void *arg, bool brief)
{
	return open_lookups_flags(arg, brief, 0);
}

static void *open_shared_lookups(const void *arg, bool brief)
{
	return open_lookups_flags(arg, brief, IOMM_PGTABLE_SHARED);
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
	.close = ours_close,
};

const struct bench_side ours_shared_translate = {
	.name = "ours, shared",
	.open = open_shared_lookups,
	.run = run_lookups,
	.close = ours_close,
};
