/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Two threads that look up in one set, and what they do in a time over what one
 * does. The same of plain loads, from one array, is what the machine gives.
 */
#include <stdio.h>
#include <stdlib.h>

#include "ioasid.h"
#include "report.h"
#include "scaling.h"

#define LOOKUPS	  16384u
#define LOADS	  65536u
#define MOST_LIVE 1000000u

struct worker {
	struct iomm_ioasid_space *space;
	struct iomm_ioasid_set *set;
	char **place;	       /* what an ID's data is, by number */
	const uint32_t *order; /* its own */
	uint32_t count;	       /* of these */
};

static void show(void *arg, uint32_t id, void *data)
{
	(void)arg;
	(void)id;
	bench_use((uintptr_t)data);
}

static void run_ours(void *data)
{
	struct worker *w = data;
	uint32_t n, k = 0;
	int err = 0;

	for (n = 0; n < LOOKUPS; n++, k = k + 1 < w->count ? k + 1 : 0)
		err |= iomm_ioasid_find_with(w->space, w->set, w->order[k],
					     show, NULL);
	bench_check(!err, "our find failed");
}

static void run_loads(void *data)
{
	struct worker *w = data;
	char *volatile *place = w->place;
	uint32_t n, k = 0;

	for (n = 0; n < LOADS; n++, k = k + 1 < w->count ? k + 1 : 0)
		bench_use((uintptr_t)place[w->order[k]]);
}

static void run_case(const char *group, uint32_t live, bool same)
{
	const struct ids_work work = { .live = live, .copies = 1 };
	struct worker w[2] = { 0 };
	struct scaling_case two = { .peer_name = "plain loads from one array",
				    .ours = run_ours,
				    .peer = run_loads,
				    .worker = { &w[0], &w[1] } };
	struct ours_ids *ids;
	char name[64];
	uint32_t n;

	snprintf(name, sizeof(name), "%s/find-2t-%s%u", group,
		 same ? "same-" : "", live);
	if (!report_wants(name) || report_counts_only())
		return;
	two.name = name;
	ids = ours_ids_make(&work, NULL);
	ours_ids_fill(ids, 0);
	for (n = 0; n < 2; n++) {
		w[n].space = ids->space[0];
		w[n].set = ids->set[0];
		w[n].place = calloc(live + 1, sizeof(*w[n].place));
		bench_check(w[n].place, "no memory");
		/* Each half of them, or both one. */
		w[n].order = ids->order + (same ? 0 : n * (live / 2));
		w[n].count = same ? 1 : live / 2;
	}
	free(w[1].place);
	w[1].place = w[0].place;
	scaling_run(&two);
	free(w[0].place);
	ours_ids_unmake(ids);
}

void bench_ioasid_two_threads(const char *group)
{
	uint32_t live;

	run_case(group, 10, false);
	for (live = 1000; live <= MOST_LIVE; live *= live < 100000 ? 100 : 10)
		run_case(group, live, false);
	run_case(group, 1000, true);
}
