/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Our side of the cases for IDs. */
#include "ioasid.h"

#include <stdlib.h>

struct ours_ids *
ours_ids_make(const struct ids_work *work, void (*release)(void *data))
{
	struct ours_ids *ids = calloc(1, sizeof(*ids));
	uint32_t n, id;
	int err;

	bench_check(ids, "no memory");
	ids->work = *work;
	ids->order = ids_order(work->live);
	ids->data = malloc(4 * (size_t)work->live);
	ids->space = calloc(work->copies, sizeof(*ids->space));
	ids->set = calloc(work->copies, sizeof(*ids->set));
	bench_check(ids->data && ids->space && ids->set, "no memory");
	err = iomm_ctx_create(NULL, &ids->ctx);
	for (n = 0; n < work->copies && !err; n++) {
		err = iomm_ioasid_space_create(ids->ctx, NULL, &ids->space[n]);
		if (!err)
			err = iomm_ioasid_set_create(ids->space[n], NULL,
						     release, &ids->set[n]);
		if (!err)
			err = iomm_ioasid_alloc(ids->set[n], 1, 1, ids->data,
						&id);
	}
	bench_check(!err, "no set of IDs");
	return ids;
}

void ours_ids_unmake(struct ours_ids *ids)
{
	uint32_t n;

	for (n = 0; n < ids->work.copies; n++) {
		iomm_ioasid_set_put(ids->set[n]);
		iomm_ioasid_space_put(ids->space[n]);
	}
	iomm_ctx_put(ids->ctx);
	free(ids->set);
	free(ids->space);
	free(ids->data);
	free(ids->order);
	free(ids);
}

static void alloc_all(struct ours_ids *ids, uint32_t copy, bool data)
{
	struct iomm_ioasid_set *set = ids->set[copy];
	uint32_t n, id, count = ids->work.live;
	int err = 0;

	for (n = 1; n < count && !err; n++)
		err = iomm_ioasid_alloc(set, 1, IDS_MAX,
					data ? ids->data + 4 * (size_t)n : NULL,
					&id);
	bench_check(!err && id == count, "our alloc failed");
}

static void free_all(struct ours_ids *ids, uint32_t copy)
{
	struct iomm_ioasid_set *set = ids->set[copy];
	uint32_t n, count = ids->work.live;
	int err = 0;

	for (n = 1; n < count && !err; n++)
		err = iomm_ioasid_free(set, ids->order[n]);
	bench_check(!err, "our free failed");
}

void ours_ids_fill(struct ours_ids *ids, uint32_t copy)
{
	alloc_all(ids, copy, true);
}

static void *open_empty(const void *arg, bool brief)
{
	const struct ids_work work = ids_scale(arg, brief);

	return ours_ids_make(&work, NULL);
}

static void release(void *data)
{
	bench_use((uintptr_t)data);
}

static void *open_release(const void *arg, bool brief)
{
	const struct ids_work work = ids_scale(arg, brief);

	return ours_ids_make(&work, release);
}

static void fill(void *state)
{
	struct ours_ids *ids = state;
	uint32_t n;

	for (n = 0; n < ids->work.copies; n++)
		ours_ids_fill(ids, n);
}

static void drain(void *state)
{
	struct ours_ids *ids = state;
	uint32_t n;

	for (n = 0; n < ids->work.copies; n++)
		free_all(ids, n);
}

static void *open_full(const void *arg, bool brief)
{
	struct ours_ids *ids = open_empty(arg, brief);

	fill(ids);
	return ids;
}

static uint64_t units(const struct ours_ids *ids)
{
	return (uint64_t)ids->work.copies * (ids->work.live - 1);
}

static uint64_t run_alloc(void *state)
{
	fill(state);
	return units(state);
}

static uint64_t run_alloc_empty(void *state)
{
	struct ours_ids *ids = state;
	uint32_t n;

	for (n = 0; n < ids->work.copies; n++)
		alloc_all(ids, n, false);
	return units(ids);
}

static uint64_t run_free(void *state)
{
	drain(state);
	return units(state);
}

static void show(void *arg, uint32_t id, void *data)
{
	(void)arg;
	(void)id;
	bench_use((uintptr_t)data);
}

static uint64_t run_find(void *state)
{
	struct ours_ids *ids = state;
	struct iomm_ioasid_space *space = ids->space[0];
	struct iomm_ioasid_set *set = ids->set[0];
	uint32_t n, pass, count = ids->work.live;
	int err = 0;

	for (pass = 0; pass < ids->work.passes; pass++) {
		for (n = 0; n < count; n++)
			err |= iomm_ioasid_find_with(space, set, ids->order[n],
						     show, NULL);
	}
	bench_check(!err, "our find failed");
	return (uint64_t)ids->work.passes * count;
}

static int visit(void *arg, uint32_t id, void *data)
{
	uint32_t *count = arg;

	(void)id;
	(void)data;
	++*count;
	return 0;
}

static uint64_t run_iterate(void *state)
{
	struct ours_ids *ids = state;
	uint32_t pass, count = 0;
	int err = 0;

	for (pass = 0; pass < ids->work.passes; pass++)
		err |= iomm_ioasid_for_each(ids->set[0], visit, &count);
	bench_check(!err && count == ids->work.passes * ids->work.live,
		    "our walk failed");
	return count;
}

static void close_ids(void *state)
{
	ours_ids_unmake(state);
}

const struct bench_side ours_alloc = { "ours",	  open_empty, NULL,
				       run_alloc, drain,      close_ids };
const struct bench_side ours_alloc_empty = { "ours", open_empty,
					     NULL,   run_alloc_empty,
					     drain,  close_ids };
const struct bench_side ours_free = {
	"ours, no release", open_empty, fill, run_free, NULL, close_ids
};
const struct bench_side ours_free_release = {
	"ours", open_release, fill, run_free, NULL, close_ids
};
const struct bench_side ours_find = { "ours",	open_full, NULL,
				      run_find, NULL,	   close_ids };
const struct bench_side ours_iterate = { "ours",      open_full, NULL,
					 run_iterate, NULL,	 close_ids };

double ours_bytes(const struct ids_work *work)
{
	struct iomm_ioasid_space_info info = { .size = sizeof(info) };
	struct ours_ids *ids = ours_ids_make(work, NULL);

	ours_ids_fill(ids, 0);
	bench_check(!iomm_ioasid_space_info(ids->space[0], &info), "no info");
	ours_ids_unmake(ids);
	return (double)info.bytes / work->live;
}
