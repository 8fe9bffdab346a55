/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The cases for IDs. */
#include "ioasid.h"

#include <stdio.h>
#include <stdlib.h>

#include "report.h"

#define BRIEF_LIVE 100000u

uint32_t *ids_order(uint32_t live)
{
	uint64_t random = UINT64_C(88172645463325252);
	uint32_t *order = malloc(live * sizeof(*order));
	uint32_t n, other, kept;

	bench_check(order, "no memory");
	for (n = 0; n < live; n++)
		order[n] = n + 1;
	for (n = live - 1; n; n--) {
		random = random * UINT64_C(6364136223846793005) +
			 UINT64_C(1442695040888963407);
		other = (uint32_t)((random >> 33) % (n + 1));
		kept = order[n];
		order[n] = order[other];
		order[other] = kept;
	}
	for (n = 0; order[n] != 1; n++)
		;
	order[n] = order[0];
	order[0] = 1;
	return order;
}

struct ids_work ids_scale(const struct ids_work *work, bool brief)
{
	struct ids_work scaled = *work;

	if (brief) {
		scaled.live = scaled.live < BRIEF_LIVE ? scaled.live
						       : BRIEF_LIVE;
		scaled.passes = (scaled.passes + 15) / 16;
	}
	return scaled;
}

static const struct ids_work live_10 = { 10, 32, 1000 };
static const struct ids_work live_1000 = { 1000, 1, 16 };
static const struct ids_work live_100000 = { 100000, 1, 1 };
static const struct ids_work live_1000000 = { 1000000, 1, 1 };

#define SIZES(name, unit, ours, peer)                               \
	{ name "-10", unit, ours, peer, &live_10 },                 \
		{ name "-1000", unit, ours, peer, &live_1000 },     \
		{ name "-100000", unit, ours, peer, &live_100000 }, \
	{                                                           \
		name "-1000000", unit, ours, peer, &live_1000000    \
	}

static const struct bench_case cases[] = {
	SIZES("alloc", "ns/ID", &ours_alloc, &xarray_alloc),
	SIZES("free", "ns/ID", &ours_free, &xarray_free),
	SIZES("find", "ns/lookup", &ours_find, &xarray_find),
	SIZES("iterate", "ns/ID", &ours_iterate, &xarray_iterate),
	SIZES("alloc-vs-ida", "ns/ID", &ours_alloc_empty, &ida_alloc),
	SIZES("free-vs-ida", "ns/ID", &ours_free, &ida_free),
	SIZES("free-release", "ns/ID", &ours_free_release, &ours_free),
};

static void memory(const char *group, const struct ids_work *work)
{
	struct bench_result result = {
		.unit = "B/ID",
		.peer_name = "xarray",
		.runs = 1,
	};
	struct ids_work one = *work;
	char name[64];

	snprintf(name, sizeof(name), "%s/memory-%u", group, work->live);
	if (!report_wants(name) || report_counts_only())
		return;
	one.copies = 1;
	result.name = name;
	result.ours = bench_once(ours_bytes(&one));
	result.peer = bench_once(xarray_bytes(&one));
	report(&result);
}

void bench_ioasid(void)
{
	bench_run("ioasid", cases, sizeof(cases) / sizeof(*cases));
	memory("ioasid", &live_10);
	memory("ioasid", &live_1000);
	memory("ioasid", &live_100000);
	memory("ioasid", &live_1000000);
}
