/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Two threads in one shared table, each in leaf tables of its own: how much
 * more they do than one. The same of plain stores, to two arrays, is what the
 * machine gives at that moment. Tables stay, so that the pool is left alone.
 */
#include <stdio.h>

#include "ours.h"
#include "pool.h"
#include "report.h"
#include "scaling.h"

#define TABLES	      16u /* of each thread */
/* About as long as each other, and short: to fall between what else runs. */
#define OURS_PASSES   10u
#define STORES_PASSES 250u
#define MOST	      16u /* pages a call */

/* Both threads' tables. */
static const struct pgtable_work work = {
	.granule_shift = 12,
	.page_shift = 12,
	.tables = 2 * TABLES,
	.brief_tables = 2 * TABLES,
	.first = 1,
};

struct worker {
	struct iomm_pgtable *pgtable;
	uint64_t *memory; /* plain stores */
	uint32_t table;	  /* its first one */
};

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

static void run_ours(void *data)
{
	struct worker *worker = data;
	struct iomm_gather gather;
	uint32_t pass, t;

	iomm_gather_init(&gather);
	for (pass = 0; pass < OURS_PASSES; pass++)
		for (t = 0; t < TABLES; t++)
			change_table(worker->pgtable, worker->table + t,
				     &gather);
}

static void run_stores(void *data)
{
	struct worker *worker = data;
	size_t count = (size_t)TABLES * work_entries(&work), i;
	volatile uint64_t *to = worker->memory;
	uint32_t pass;

	for (pass = 0; pass < STORES_PASSES; pass++)
		for (i = 0; i < count; i++)
			to[i] = pass + i;
}

void bench_two_threads(const char *group)
{
	size_t bytes = (size_t)TABLES << work.granule_shift;
	struct worker workers[2] = { { .table = 0 }, { .table = TABLES } };
	struct scaling_case two = {
		.peer_name = "plain stores to two arrays",
		.ours = run_ours,
		.peer = run_stores,
		.worker = { &workers[0], &workers[1] },
	};
	struct ours *ours;
	char name[128];
	uint32_t i;

	snprintf(name, sizeof(name), "%s/two-threads", group);
	if (!report_wants(name) || report_counts_only())
		return;
	two.name = name;
	ours = ours_open(&work, false, IOMM_PGTABLE_SHARED);
	for (i = 0; i < 2; i++) {
		workers[i].pgtable = ours->pgtable;
		workers[i].memory = pool_take(bytes);
		bench_check(workers[i].memory, "no memory");
	}
	scaling_run(&two);
	for (i = 0; i < 2; i++)
		pool_give(workers[i].memory, bytes);
	ours_close(ours);
}
