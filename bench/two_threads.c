/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Two threads in one shared table, each in leaf tables of its own: how much
 * more they do than one. The same of plain stores, to two arrays, is what the
 * machine gives at that moment. Tables stay, so that the pool is left alone.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "ours.h"
#include "pool.h"
#include "report.h"

#define ROUNDS	      201u
#define TABLES	      16u /* of each thread */
/* About as long as each other, and short: to fall between what else runs. */
#define OURS_PASSES   10u
#define STORES_PASSES 250u
/* Plain stores that scale by less have no two CPUs. */
#define FREE	      1.8
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
	pthread_t thread;
	void (*run)(struct worker *worker);
	struct iomm_pgtable *pgtable;
	uint64_t *memory; /* plain stores */
	uint32_t table;	  /* its first one */
	_Atomic uint32_t *waiting;
	double start, end;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

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

static void run_ours(struct worker *worker)
{
	struct iomm_gather gather;
	uint32_t pass, t;

	iomm_gather_init(&gather);
	for (pass = 0; pass < OURS_PASSES; pass++)
		for (t = 0; t < TABLES; t++)
			change_table(worker->pgtable, worker->table + t,
				     &gather);
}

static void run_stores(struct worker *worker)
{
	size_t count = (size_t)TABLES * work_entries(&work), i;
	volatile uint64_t *to = worker->memory;
	uint32_t pass;

	for (pass = 0; pass < STORES_PASSES; pass++)
		for (i = 0; i < count; i++)
			to[i] = pass + i;
}

static void *enter(void *arg)
{
	struct worker *worker = arg;

	atomic_fetch_sub(worker->waiting, 1);
	while (atomic_load(worker->waiting))
		;
	worker->start = now();
	worker->run(worker);
	worker->end = now();
	return NULL;
}

/* From the first to start to the last to end. */
static double time_of(struct worker *workers, uint32_t count,
		      void (*run)(struct worker *worker))
{
	_Atomic uint32_t waiting = count;
	double start, end;
	uint32_t i;

	for (i = 0; i < count; i++) {
		workers[i].run = run;
		workers[i].waiting = &waiting;
		bench_check(!pthread_create(&workers[i].thread, NULL, enter,
					    &workers[i]),
			    "no thread");
	}
	for (i = 0; i < count; i++)
		pthread_join(workers[i].thread, NULL);
	start = workers[0].start;
	end = workers[0].end;
	for (i = 1; i < count; i++) {
		start = workers[i].start < start ? workers[i].start : start;
		end = workers[i].end > end ? workers[i].end : end;
	}
	return end - start;
}

static double scaling(struct worker *workers, void (*run)(struct worker *))
{
	double one = time_of(workers, 1, run);

	return 2 * one / time_of(workers, 2, run);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static struct bench_times middle(double *values)
{
	qsort(values, ROUNDS, sizeof(*values), compare);
	return (struct bench_times){
		.median = values[ROUNDS / 2],
		.low = values[ROUNDS / 4],
		.high = values[ROUNDS - 1 - ROUNDS / 4],
	};
}

static void measure(struct worker *workers, struct bench_result *result)
{
	double ours[ROUNDS], peer[ROUNDS];
	uint32_t i;

	for (i = 0; i < ROUNDS; i++) {
		/* Who goes first alternates, as in harness.c. */
		if (i % 2)
			ours[i] = scaling(workers, run_ours);
		peer[i] = scaling(workers, run_stores);
		if (!(i % 2))
			ours[i] = scaling(workers, run_ours);
	}
	result->runs = ROUNDS;
	result->ours = middle(ours);
	result->peer = middle(peer);
}

void bench_two_threads(const char *group)
{
	size_t bytes = (size_t)TABLES << work.granule_shift;
	struct worker workers[2] = { { .table = 0 }, { .table = TABLES } };
	struct bench_result result = {
		.unit = "x",
		.peer_name = "plain stores to two arrays",
	};
	struct ours *ours;
	char name[128];
	uint32_t i;

	snprintf(name, sizeof(name), "%s/two-threads", group);
	if (!report_wants(name) || report_counts_only())
		return;
	result.name = name;
	ours = ours_open(&work, false, IOMM_PGTABLE_SHARED);
	for (i = 0; i < 2; i++) {
		workers[i].pgtable = ours->pgtable;
		workers[i].memory = pool_take(bytes);
		bench_check(workers[i].memory, "no memory");
	}
	measure(workers, &result);
	for (i = 0; i < 2; i++)
		pool_give(workers[i].memory, bytes);
	ours_close(ours);
	report(&result);
	if (result.peer.median < FREE)
		printf("  two CPUs were not free: this ratio says nothing\n");
}
