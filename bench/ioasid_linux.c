/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Linux's side of the cases for IDs. */
#include <stdlib.h>

#include "ioasid.h"
#include "peer-xarray/xarray.h"

struct theirs {
	struct ids_work work;
	struct linux_ids *ids;
	uint32_t *order;
	char *data;
};

static void *open_empty(const void *arg, bool brief)
{
	struct theirs *t = calloc(1, sizeof(*t));
	uint32_t n;

	bench_check(t, "no memory");
	t->work = ids_scale(arg, brief);
	t->ids = linux_ids_open(t->work.copies);
	t->order = ids_order(t->work.live);
	t->data = malloc(4 * (size_t)t->work.live);
	bench_check(t->data, "no memory");
	for (n = 0; n < t->work.copies; n++)
		bench_check(!linux_ids_alloc(t->ids, n, 1, t->data, 1) &&
				    !linux_ida_alloc(t->ids, n, 1, 1),
			    "no ID");
	return t;
}

static void close_ids(void *state)
{
	struct theirs *t = state;

	linux_ids_close(t->ids);
	free(t->data);
	free(t->order);
	free(t);
}

static uint64_t units(const struct theirs *t)
{
	return (uint64_t)t->work.copies * (t->work.live - 1);
}

static void fill(void *state)
{
	struct theirs *t = state;
	uint32_t n;

	for (n = 0; n < t->work.copies; n++)
		bench_check(!linux_ids_alloc(t->ids, n, IDS_MAX, t->data + 4,
					     t->work.live - 1),
			    "xa_alloc failed");
}

static void drain(void *state)
{
	struct theirs *t = state;
	uint32_t n;

	for (n = 0; n < t->work.copies; n++)
		linux_ids_free(t->ids, n, t->order + 1, t->work.live - 1);
}

static void *open_full(const void *arg, bool brief)
{
	struct theirs *t = open_empty(arg, brief);

	fill(t);
	return t;
}

static uint64_t run_alloc(void *state)
{
	fill(state);
	return units(state);
}

static uint64_t run_free(void *state)
{
	drain(state);
	return units(state);
}

static uint64_t run_find(void *state)
{
	struct theirs *t = state;
	uint32_t pass;

	for (pass = 0; pass < t->work.passes; pass++)
		bench_use(linux_ids_find(t->ids, 0, t->order, t->work.live));
	return (uint64_t)t->work.passes * t->work.live;
}

static uint64_t run_iterate(void *state)
{
	struct theirs *t = state;
	uint32_t pass, count = 0;

	for (pass = 0; pass < t->work.passes; pass++)
		count += linux_ids_walk(t->ids, 0);
	bench_check(count == t->work.passes * t->work.live,
		    "xa_for_each missed some");
	return count;
}

static void ida_fill(void *state)
{
	struct theirs *t = state;
	uint32_t n;

	for (n = 0; n < t->work.copies; n++)
		bench_check(!linux_ida_alloc(t->ids, n, IDS_MAX,
					     t->work.live - 1),
			    "ida_alloc_range failed");
}

static void ida_drain(void *state)
{
	struct theirs *t = state;
	uint32_t n;

	for (n = 0; n < t->work.copies; n++)
		linux_ida_free(t->ids, n, t->order + 1, t->work.live - 1);
}

static uint64_t run_ida_alloc(void *state)
{
	ida_fill(state);
	return units(state);
}

static uint64_t run_ida_free(void *state)
{
	ida_drain(state);
	return units(state);
}

const struct bench_side xarray_alloc = { "xa_alloc", open_empty, NULL,
					 run_alloc,  drain,	 close_ids };
const struct bench_side xarray_free = { "xa_erase", open_empty, fill,
					run_free,   NULL,	close_ids };
const struct bench_side xarray_find = { "xa_load", open_full, NULL,
					run_find,  NULL,      close_ids };
const struct bench_side xarray_iterate = {
	"xa_for_each", open_full, NULL, run_iterate, NULL, close_ids
};
const struct bench_side ida_alloc = {
	"ida_alloc_range", open_empty, NULL, run_ida_alloc, ida_drain, close_ids
};
const struct bench_side ida_free = { "ida_free",   open_empty, ida_fill,
				     run_ida_free, NULL,       close_ids };

double xarray_bytes(const struct ids_work *work)
{
	uint64_t before = linux_ids_bytes(), bytes;
	struct theirs *t = open_empty(work, false);

	fill(t);
	bytes = linux_ids_bytes() - before;
	close_ids(t);
	return (double)bytes / work->live;
}
