/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Page tables: what is done, for all who do it. README.md says why so. */
#ifndef BENCH_PGTABLE_H
#define BENCH_PGTABLE_H

#include "threads.h"

/*
 * Pages [first, entries) of each of `tables` neighbouring tables of one level,
 * in ascending order, `per_call` pages in a call. The pages before `first` stay
 * mapped all the time, so that the tables stay.
 */
struct pgtable_work {
	uint32_t granule_shift;
	uint32_t page_shift; /* of the leaves; the granule's or a block's */
	uint32_t tables;
	uint32_t brief_tables; /* when instructions are counted */
	uint32_t first;
	uint32_t per_call;
};

#define WORK_IOVA UINT64_C(0x100000000)
/* Output addresses are a page off, so that no block fits anywhere. */
#define WORK_OFFSET(work) \
	(UINT64_C(0x1000000000) + (UINT64_C(1) << (work)->page_shift))
#define WORK_IAS 48u
#define WORK_OAS 48u

static inline uint32_t work_entries(const struct pgtable_work *work)
{
	return UINT32_C(1) << (work->granule_shift - 3);
}

static inline uint32_t work_tables(const struct pgtable_work *work, bool brief)
{
	return brief ? work->brief_tables : work->tables;
}

/* Address of a page of a table. */
static inline uint64_t
work_iova(const struct pgtable_work *work, uint32_t table, uint32_t page)
{
	uint64_t number = (uint64_t)table * work_entries(work) + page;

	return WORK_IOVA + (number << work->page_shift);
}

/* Pages that the work is about. */
static inline uint64_t
work_pages(const struct pgtable_work *work, uint32_t tables)
{
	return (uint64_t)tables * (work_entries(work) - work->first);
}

/* All leaf sizes of the granule, a bit for each. */
static inline uint64_t work_page_sizes(const struct pgtable_work *work)
{
	uint32_t bits = work->granule_shift - 3;
	uint64_t sizes = UINT64_C(1) << work->granule_shift;

	sizes |= sizes << bits;
	return work->granule_shift == 12 ? sizes | UINT64_C(1) << 30 : sizes;
}

/* The same addresses for all: pages in random order, each once. */
uint64_t *work_random_iovas(const struct pgtable_work *work, uint32_t tables);

extern const struct bench_side ours_map, ours_unmap, ours_sweep, ours_translate,
	ours_map_scalar, ours_map_cursor, ours_unmap_cursor, ours_drop,
	ours_exclusive_map, ours_shared_map, ours_shared_translate;
extern const struct bench_side linux_map, linux_unmap, linux_unmap_queued,
	linux_sweep, linux_translate, linux_map_nofence, linux_drop_pages,
	linux_drop_block;
extern const struct bench_side stores_map, stores_unmap, vector_stores_map,
	vector_stores_unmap, stores_map_calls, stores_unmap_calls,
	loads_translate;
extern const struct bench_threads pgtable_threads;

void bench_pgtable(void);
/* The case that has threads. */
void bench_pgtable_threads(void);

#endif
