/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Two threads that look up in one set, and what they do in a time over what one
 * does. The same of plain loads, from one array, is what the machine gives.
 */
#include <stdio.h>
#include <stdlib.h>

#include "ioasid.h"
#include "threads.h"

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

/* One case after the other. */
static struct ids_work case_work = { .copies = 1 };
static bool both_one; /* both look up the same ID */
static struct ours_ids *ids;
static struct worker workers[2];

static void open(void *state[2])
{
	uint32_t live = case_work.live, n;
	char **place = calloc(live + 1, sizeof(*place));

	bench_check(place, "no memory");
	ids = ours_ids_make(&case_work, NULL);
	ours_ids_fill(ids, 0);
	for (n = 0; n < 2; n++) {
		/* Each half of them, or both one. */
		workers[n] = (struct worker){
			.space = ids->space[0],
			.set = ids->set[0],
			.place = place,
			.order = ids->order + (both_one ? 0 : n * (live / 2)),
			.count = both_one ? 1 : live / 2,
		};
		state[n] = &workers[n];
	}
}

static void close(void *state[2])
{
	(void)state;
	free(workers[0].place);
	ours_ids_unmake(ids);
}

static const struct bench_threads threads = {
	.open = open,
	.run = run_ours,
	.close = close,
	.peer = run_loads,
	.peer_name = "plain loads from one array",
};

static void run_case(uint32_t live, bool same)
{
	char name[64];

	snprintf(name, sizeof(name), "ioasid/find-2t-%s%u", same ? "same-" : "",
		 live);
	case_work.live = live;
	both_one = same;
	bench_two_threads(name, &threads);
}

void bench_ioasid_threads(void)
{
	uint32_t live;

	run_case(10, false);
	for (live = 1000; live <= MOST_LIVE; live *= live < 100000 ? 100 : 10)
		run_case(live, false);
	run_case(1000, true);
}
