/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the cases for IDs work on. IDs are 1 to `live`. */
#ifndef BENCH_IOASID_H
#define BENCH_IOASID_H

#include <iomm/ctx.h>
#include <iomm/ioasid.h>

#include "harness.h"

#define IDS_MAX 0xfffffu

struct ids_work {
	uint32_t live;
	uint32_t copies; /* spaces of that many IDs each, one after the other */
	uint32_t passes; /* over the IDs, where nothing is changed */
};

/* The IDs in random order, but for the first, which is 1. */
uint32_t *ids_order(uint32_t live);
/* What is measured; in a brief pass, which counts instructions, less of it. */
struct ids_work ids_scale(const struct ids_work *work, bool brief);

struct ours_ids {
	struct ids_work work;
	struct iomm_ctx *ctx;
	struct iomm_ioasid_space **space;
	struct iomm_ioasid_set **set;
	uint32_t *order;
	char *data; /* a place for each ID */
};

struct ours_ids *
ours_ids_make(const struct ids_work *work, void (*release)(void *data));
/* ID 1 is there from the start. */
void ours_ids_fill(struct ours_ids *ids, uint32_t copy);
void ours_ids_unmake(struct ours_ids *ids);

extern const struct bench_side ours_alloc, ours_alloc_empty, ours_free,
	ours_free_release, ours_find, ours_iterate;
extern const struct bench_side xarray_alloc, xarray_free, xarray_find,
	xarray_iterate, ida_alloc, ida_free;

/* Bytes an ID, with its data, of which the peer's is no part either. */
double ours_bytes(const struct ids_work *work);
double xarray_bytes(const struct ids_work *work);

void bench_ioasid(void);
void bench_ioasid_threads(void);

#endif
