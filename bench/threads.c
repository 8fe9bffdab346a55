/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * How much more two threads do than one. The same of a peer is what the machine
 * gives at that moment.
 */
#define _GNU_SOURCE
#include "threads.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "report.h"

#define ROUNDS	      201u
#define WARM_UP	      3u
/* Plain stores: about as long as the work that they stand beside, and short: to
 * fall between what else runs. */
#define STORES	      8192u
#define STORES_PASSES 250u
/* Those that scale by less have no two CPUs. */
#define FREE	      1.8

struct worker {
	pthread_t thread;
	pthread_barrier_t *gate;   /* both threads, and who measures */
	_Atomic uint32_t *waiting; /* that have not come to the start */
	/* NULL: sits this one out; of both: the end. */
	void (*run)(void *state);
	void *state;
	double start, end;
	bool over;
};

static void *work(void *arg)
{
	struct worker *worker = arg;

	for (;;) {
		pthread_barrier_wait(worker->gate);
		if (worker->over)
			return NULL;
		if (worker->run) {
			atomic_fetch_sub(worker->waiting, 1);
			while (atomic_load(worker->waiting))
				;
			worker->start = bench_now();
			worker->run(worker->state);
			worker->end = bench_now();
		}
		pthread_barrier_wait(worker->gate);
	}
}

static void run_stores(void *state)
{
	volatile uint64_t *to = state;
	uint32_t pass, i;

	for (pass = 0; pass < STORES_PASSES; pass++)
		for (i = 0; i < STORES; i++)
			to[i] = pass + i;
}

struct pair {
	struct worker worker[2];
	pthread_barrier_t gate;
	_Atomic uint32_t waiting;
};

/* A CPU for each: the work is too short for the system to find that out. */
static void pin(pthread_t thread, uint32_t nth)
{
	cpu_set_t all, one;
	size_t cpu;

	CPU_ZERO(&one);
	bench_check(!sched_getaffinity(0, sizeof(all), &all), "no CPUs");
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &all) || nth--)
			continue;
		CPU_SET(cpu, &one);
		bench_check(!pthread_setaffinity_np(thread, sizeof(one), &one),
			    "no CPU");
		return;
	}
}

static void start(struct pair *pair)
{
	uint32_t i;

	bench_check(!pthread_barrier_init(&pair->gate, NULL, 3), "no barrier");
	for (i = 0; i < 2; i++) {
		struct worker *worker = &pair->worker[i];

		*worker = (struct worker){ .gate = &pair->gate,
					   .waiting = &pair->waiting };
		bench_check(!pthread_create(&worker->thread, NULL, work,
					    worker),
			    "no thread");
		pin(worker->thread, i);
	}
}

static void stop(struct pair *pair)
{
	uint32_t i;

	for (i = 0; i < 2; i++)
		pair->worker[i].over = true;
	pthread_barrier_wait(&pair->gate);
	for (i = 0; i < 2; i++)
		pthread_join(pair->worker[i].thread, NULL);
	pthread_barrier_destroy(&pair->gate);
}

/* From the first to start to the last to end. */
static double time_of(struct pair *pair, uint32_t count, void (*run)(void *),
		      void *const state[2])
{
	const struct worker *w = pair->worker;
	double first, last;
	uint32_t i;

	pair->waiting = count;
	for (i = 0; i < 2; i++) {
		pair->worker[i].run = i < count ? run : NULL;
		pair->worker[i].state = state[i];
	}
	pthread_barrier_wait(&pair->gate);
	pthread_barrier_wait(&pair->gate);
	first = count > 1 && w[1].start < w[0].start ? w[1].start : w[0].start;
	last = count > 1 && w[1].end > w[0].end ? w[1].end : w[0].end;
	return last - first;
}

static double
scaling(struct pair *pair, void (*run)(void *), void *const state[2])
{
	double one = time_of(pair, 1, run, state);

	return 2 * one / time_of(pair, 2, run, state);
}

static void measure(struct pair *pair, const struct bench_threads *threads,
		    void *ours[2], void *peers[2], struct bench_result *result)
{
	void (*run)(void *) = threads->peer ? threads->peer : run_stores;
	double our[ROUNDS], peer[ROUNDS];
	uint32_t i;

	for (i = 0; i < WARM_UP; i++) {
		scaling(pair, threads->run, ours);
		scaling(pair, run, peers);
	}
	for (i = 0; i < ROUNDS; i++) {
		/* Who goes first alternates, as in harness.c. */
		if (i % 2)
			our[i] = scaling(pair, threads->run, ours);
		peer[i] = scaling(pair, run, peers);
		if (!(i % 2))
			our[i] = scaling(pair, threads->run, ours);
	}
	result->runs = ROUNDS;
	result->ours = bench_times_of(our, ROUNDS);
	result->peer = bench_times_of(peer, ROUNDS);
}

void bench_two_threads(const char *name, const struct bench_threads *threads)
{
	struct bench_result result = {
		.name = name,
		.unit = "x",
		.peer_name = threads->peer ? threads->peer_name
					   : "plain stores to two arrays",
	};
	void *state[2], *stores[2];
	struct pair pair;
	uint32_t i;

	if (!report_wants(name) || report_counts_only())
		return;
	for (i = 0; i < 2; i++) {
		stores[i] = aligned_alloc(4096, STORES * sizeof(uint64_t));
		bench_check(stores[i], "no memory");
	}
	threads->open(state);
	start(&pair);
	measure(&pair, threads, state, threads->peer ? state : stores, &result);
	stop(&pair);
	threads->close(state);
	for (i = 0; i < 2; i++)
		free(stores[i]);
	report(&result);
	if (result.peer.median < FREE)
		printf("  two CPUs were not free: this ratio says nothing\n");
}
