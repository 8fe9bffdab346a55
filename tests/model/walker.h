/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The hardware that a page table of a model serves: memory for its tables, of
 * which a walker that does not snoop sees what was synced; what the walker has
 * cached of leaves and tables; and the TLB hooks that make it forget. It fails
 * the life when
 *
 * - a table is freed that the walker may still walk through;
 * - a leaf is cut before the walker has forgotten it;
 * - it still knows what was unmapped and flushed.
 */
#ifndef MODEL_WALKER_H
#define MODEL_WALKER_H

#include "model/harness.h"
#include "unit/support.h"

#define WALKER_CACHE 64u
#define WALKER_SLOTS 1024u
#define WALKER_PA    UINT64_C(0x80000000)

struct cached {
	bool valid;
	bool stale; /* leaf: unmapped, and the flush is still to come */
	uint64_t iova, bytes, paddr;
};

struct walker {
	char *cpu, *seen; /* tables, and what the walker sees of them */
	uint64_t slot;	  /* bytes of one table's place */
	bool snoops;
	uint32_t spare[WALKER_SLOTS], nr_spare; /* places that are free */
	bool used[WALKER_SLOTS];

	struct cached leaf[WALKER_CACHE], table[WALKER_CACHE];

	/* The n-th call from now on fails; 0: none. */
	uint32_t alloc_fail_in, flush_fail_in;
	bool failed;	      /* one did */
	bool forgets_nothing; /* planted: the flush hook does nothing */
	bool sees_nothing;    /* planted: the sync hook does nothing */
};

void walker_init(struct walker *walker, uint64_t granule, bool snoops);
void walker_fini(struct walker *walker);
uint32_t walker_tables(const struct walker *walker); /* out now */

extern const struct iomm_table_memory_ops walker_memory;
extern const struct iomm_tlb_ops walker_tlb;

/* For iomm_raw_walk(). */
int walker_fetch(void *walker, uint64_t pa, uint64_t *desc);

/* It has looked `iova` up: this leaf, below these tables. */
void walker_cache(struct walker *walker, const struct iomm_walk_entry *entry);

/* What is in [iova, last] was unmapped. */
void walker_unmapped(struct walker *walker, uint64_t iova, uint64_t last);
/* All that was unmapped is safe to reuse. */
void walker_flushed(struct walker *walker);

#endif
