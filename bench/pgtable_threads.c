/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Two threads in one shared table, each in leaf tables of its own. Tables stay,
 * so that the pool is left alone. */
#include "ours.h"
#include "threads.h"

#define TABLES 16u /* of each thread */
#define PASSES 10u
#define MOST   16u /* pages a call */

/* Both threads' tables. */
static const struct pgtable_work work = {
	.granule_shift = 12,
	.page_shift = 12,
	.tables = 2 * TABLES,
	.brief_tables = 2 * TABLES,
	.first = 1,
};

static struct half {
	struct iomm_pgtable *pgtable;
	uint32_t table; /* the first one */
} halves[2];
static struct ours *ours;

static void change_table(struct iomm_pgtable *pgtable, uint32_t table,
			 struct iomm_gather *gather)
{
	uint32_t page = work.first, n = 1;
	uint64_t done;
	int r;

	for (; page + n <= work_entries(&work); page += n, n = n % MOST + 1) {
		uint64_t iova = work_iova(&work, table, page);
		uint64_t bytes = (uint64_t)n << work.page_shift;

		r = iomm_pgtable_map(pgtable, iova, iova + WORK_OFFSET(&work),
				     bytes, OURS_PROT, 0, &done);
		bench_check(!r && done == bytes, "our map failed");
		r = iomm_pgtable_unmap(pgtable, iova, bytes, gather, &done);
		bench_check(!r && done == bytes, "our unmap failed");
	}
	r = iomm_gather_flush(gather);
	bench_check(!r, "our flush failed");
}

static void run(void *state)
{
	const struct half *half = state;
	struct iomm_gather gather;
	uint32_t pass, t;

	iomm_gather_init(&gather);
	for (pass = 0; pass < PASSES; pass++)
		for (t = 0; t < TABLES; t++)
			change_table(half->pgtable, half->table + t, &gather);
}

static void open(void *state[2])
{
	uint32_t i;

	ours = ours_open(&work, false, IOMM_PGTABLE_SHARED);
	for (i = 0; i < 2; i++) {
		halves[i] = (struct half){ ours->pgtable, i * TABLES };
		state[i] = &halves[i];
	}
}

static void close(void *state[2])
{
	(void)state;
	ours_close(ours);
}

const struct bench_threads pgtable_threads = { .open = open,
					       .run = run,
					       .close = close };
