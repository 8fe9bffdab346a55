/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _GNU_SOURCE
#include "scaling.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "harness.h"
#include "report.h"

#define ROUNDS 201u
/* A peer that scales by less has no two CPUs. */
#define FREE   1.8

struct runner {
	pthread_t thread;
	void (*run)(void *worker);
	void *worker;
	_Atomic uint32_t *waiting;
	double start, end;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void *enter(void *arg)
{
	struct runner *runner = arg;

	atomic_fetch_sub(runner->waiting, 1);
	while (atomic_load(runner->waiting))
		;
	runner->start = now();
	runner->run(runner->worker);
	runner->end = now();
	return NULL;
}

/* From the first to start to the last to end. */
static double
time_of(const struct scaling_case *c, uint32_t count, void (*run)(void *worker))
{
	_Atomic uint32_t waiting = count;
	struct runner runner[2] = { 0 };
	double start, end;
	uint32_t i;

	for (i = 0; i < count; i++) {
		runner[i].run = run;
		runner[i].worker = c->worker[i];
		runner[i].waiting = &waiting;
		bench_check(!pthread_create(&runner[i].thread, NULL, enter,
					    &runner[i]),
			    "no thread");
	}
	for (i = 0; i < count; i++)
		pthread_join(runner[i].thread, NULL);
	start = runner[0].start;
	end = runner[0].end;
	for (i = 1; i < count; i++) {
		start = runner[i].start < start ? runner[i].start : start;
		end = runner[i].end > end ? runner[i].end : end;
	}
	return end - start;
}

static double scaling(const struct scaling_case *c, void (*run)(void *))
{
	double one = time_of(c, 1, run);

	return 2 * one / time_of(c, 2, run);
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

static void measure(const struct scaling_case *c, struct bench_result *result)
{
	double ours[ROUNDS], peer[ROUNDS];
	uint32_t i;

	for (i = 0; i < ROUNDS; i++) {
		/* Who goes first alternates, as in harness.c. */
		if (i % 2)
			ours[i] = scaling(c, c->ours);
		peer[i] = scaling(c, c->peer);
		if (!(i % 2))
			ours[i] = scaling(c, c->ours);
	}
	result->runs = ROUNDS;
	result->ours = middle(ours);
	result->peer = middle(peer);
}

void scaling_run(const struct scaling_case *c)
{
	struct bench_result result = {
		.name = c->name,
		.unit = "x",
		.peer_name = c->peer_name,
	};

	measure(c, &result);
	report(&result);
	if (result.peer.median < FREE)
		printf("  two CPUs were not free: this ratio says nothing\n");
}
