/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Two passes, each a run of this program: `bench --count` under callgrind,
 * which dumps the instructions of each side, and `bench [--counts FILE]
 * [--json FILE]`, which measures times and reports both.
 */
#define _GNU_SOURCE
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <valgrind/callgrind.h>

#include "report.h"

#define MAX_NAME 128

/* Each side runs so often; fewer times when a case takes too long. */
#define WARM_UP	       3u
#define MIN_RUNS       9u
#define MAX_RUNS       61u
#define SECONDS_A_CASE 2.5

void bench_die(const char *what)
{
	fprintf(stderr, "bench: %s\n", what);
	exit(1);
}

double bench_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static uint64_t run_once(const struct bench_side *side, void *state, double *ns)
{
	uint64_t units;
	double start;

	if (side->before)
		side->before(state);
	start = bench_now();
	units = side->run(state);
	*ns = bench_now() - start;
	if (side->after)
		side->after(state);
	bench_check(units, "a run did nothing");
	return units;
}

/* Times */

struct runs {
	const struct bench_side *side;
	void *state;
	double ns; /* in the unit's time */
	uint64_t units;
	uint32_t count;
	double each[MAX_RUNS]; /* that time, for a unit */
};

static void add_run(struct runs *runs)
{
	double ns;
	uint64_t units = run_once(runs->side, runs->state, &ns);

	bench_check(!runs->units || units == runs->units,
		    "runs of one side differ in length");
	runs->units = units;
	runs->each[runs->count++] = ns / runs->ns / (double)units;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

struct bench_times bench_times_of(double *values, uint32_t n)
{
	qsort(values, n, sizeof(*values), compare);
	return (struct bench_times){
		.median = values[n / 2],
		.low = values[n / 4],
		.high = values[n - 1 - n / 4],
	};
}

/* Who goes first alternates: what one leaves in the caches, and how the
 * machine's load and clock drift, falls to both alike. */
static void measure(const struct bench_case *c, struct bench_result *result)
{
	double unit_ns = strncmp(c->unit, "us/", 3) ? 1 : 1000, start;
	struct runs ours = { .side = c->ours, .ns = unit_ns };
	struct runs peer = { .side = c->peer, .ns = unit_ns };
	uint32_t i;

	ours.state = c->ours->open(c->arg, false);
	peer.state = c->peer->open(c->arg, false);
	for (i = 0; i < WARM_UP; i++) {
		double ns;

		run_once(ours.side, ours.state, &ns);
		run_once(peer.side, peer.state, &ns);
	}
	start = bench_now();
	for (i = 0; i < MAX_RUNS; i++) {
		if (i >= MIN_RUNS && bench_now() - start > SECONDS_A_CASE * 1e9)
			break;
		add_run(i % 2 ? &ours : &peer);
		add_run(i % 2 ? &peer : &ours);
	}
	bench_check(ours.units == peer.units, "the sides differ in length");
	c->ours->close(ours.state);
	c->peer->close(peer.state);
	result->runs = ours.count;
	result->ours = bench_times_of(ours.each, ours.count);
	result->peer = bench_times_of(peer.each, peer.count);
}

/* Instructions */

/* Callgrind's dump says what we hand it: who, and how many units. */
static void count(const char *name, const char *who,
		  const struct bench_side *side, const void *arg)
{
	void *state = side->open(arg, true);
	char label[MAX_NAME + 64];
	uint64_t units;
	double ns;

	run_once(side, state, &ns);
	if (side->before)
		side->before(state);
	CALLGRIND_ZERO_STATS;
	CALLGRIND_TOGGLE_COLLECT;
	units = side->run(state);
	CALLGRIND_TOGGLE_COLLECT;
	snprintf(label, sizeof(label), "%s %s %llu", name, who,
		 (unsigned long long)units);
	CALLGRIND_DUMP_STATS_AT(label);
	if (side->after)
		side->after(state);
	side->close(state);
}

void bench_run(const char *group, const struct bench_case *cases, size_t number)
{
	const struct bench_case *c;

	for (c = cases; c < cases + number; c++) {
		struct bench_result result = { .unit = c->unit };
		char name[MAX_NAME];

		snprintf(name, sizeof(name), "%s/%s", group, c->name);
		if (!report_wants(name))
			continue;
		if (report_counts_only()) {
			count(name, "ours", c->ours, c->arg);
			count(name, "peer", c->peer, c->arg);
			continue;
		}
		result.name = name;
		result.peer_name = c->peer->name;
		measure(c, &result);
		report(&result);
	}
}
