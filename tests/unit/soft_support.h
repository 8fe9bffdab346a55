/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the tests of the software IOMMU share: a machine with memory, a software
 * IOMMU that has it, and an arena in it for page tables.
 */
#ifndef SOFT_SUPPORT_H
#define SOFT_SUPPORT_H

#include "unit/support.h"

#include <iomm/soft.h>

#define RAM_PA	  UINT64_C(0x80000000)
#define RAM_BYTES (8 * MB)
/* The upper half is the arena; the lower half is for data. */
#define ARENA	  (4 * MB)

struct machine {
	struct world *w;
	unsigned char *ram; /* data is random, the same at every start */
	void *room;	    /* what it lies in */
	struct iomm_soft *soft;
	struct iomm_table_memory *memory;
	_Atomic uint32_t ram_releases, arena_releases;
};

void machine_start(struct machine *m, struct world *w,
		   const struct iomm_soft_config *config);
/* Puts what is left, and asserts that memory was released, once. */
void machine_stop(struct machine *m);

/* A table in the arena that nobody is told to invalidate. */
struct iomm_pgtable *
machine_table(struct machine *m, uint64_t granule, uint32_t ias);
/* Has an ID translated by a table. */
void machine_attach(struct machine *m, uint64_t id, uint64_t tag,
		    struct iomm_pgtable *pgtable);
/* Unmaps, and forgets to invalidate. */
void machine_forget(struct iomm_pgtable *pgtable, uint64_t iova,
		    uint64_t bytes);

struct iomm_soft_stats stats_of(struct machine *m);

/* A read of one byte: the byte, or -(the fault's reason). */
int peek(struct machine *m, uint64_t id, uint64_t iova);

/* The access faults there, for that reason, and is counted. */
void assert_faults(struct machine *m, uint64_t id, uint64_t iova,
		   uint64_t bytes, uint32_t access, uint64_t at,
		   uint32_t reason);

/* splitmix64 */
uint64_t next_random(uint64_t *seed);

#endif
