/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A table of ours, with the pool below it. */
#ifndef BENCH_OURS_H
#define BENCH_OURS_H

#include <iomm/cursor.h>
#include <iomm/pgtable.h>

#include "pgtable.h"

#define OURS_PROT (IOMM_PROT_READ | IOMM_PROT_WRITE | IOMM_PROT_CACHE)

struct ours {
	const struct pgtable_work *work;
	uint32_t tables;
	uint32_t flags; /* IOMM_PGTABLE_*, besides COHERENT */
	struct iomm_ctx *ctx;
	struct iomm_table_memory *memory;
	struct iomm_pgtable *pgtable;
	struct iomm_cursor cursor;
	struct iomm_gather gather;
	uint64_t *iovas;
};

/* What is before `first` is mapped, in each table. */
struct ours *
ours_open(const struct pgtable_work *work, bool brief, uint32_t flags);
void ours_close(void *state);

#endif
