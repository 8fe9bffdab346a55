/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A walk through Arm's 64-bit tables as hardware does it, from register values
 * and what lies in memory. Written from the manual alone (Arm ARM, DDI 0487:
 * D8.2 the walk, D8.3 descriptors, D8.4 permissions, D8.5 hardware updates,
 * D8.6 memory types, D19.2 TCR_EL1 and VTCR_EL2): it shares no line and no
 * constant with the library that it judges.
 */
#ifndef MODEL_WALKER_H
#define MODEL_WALKER_H

#include <stdbool.h>
#include <stdint.h>

#define WALKER_LEVELS 6u /* -1 to 3, and one for a fault below */

/* What the registers come to, and where memory is read. */
struct walker {
	bool stage2, upper, wide; /* wide: TCR.DS, 52 bits with 4K and 16K */
	bool updates;		  /* hardware marks what it writes to */
	bool fwb;		  /* stage 2: FEAT_S2FWB */
	uint32_t granule;	  /* bits */
	uint32_t ias, oas;
	int32_t start; /* the first level */
	uint64_t root, mair;
	uint32_t shareable; /* with `wide`, for all leaves */

	/* What a walker sees of the memory at `pa`, NULL where there is none:
	 * at least a table, or what there is of the first. */
	uint64_t *(*memory)(void *data, uint64_t pa);
	void *data;
};

/* False when the registers have a value that no table of the library has. */
bool walker_setup(struct walker *walker, const char *format,
		  const uint64_t *regs, bool upper, bool fwb);

/* A descriptor that leads to a table: what the walk caches keep. */
struct hop {
	uint64_t iova, bytes; /* what the table spans */
	uint64_t pa;
	int32_t level; /* of the table */
};

struct walked {
	const char *fault; /* NULL: it leads somewhere */
	uint64_t iova;	   /* where the leaf begins */
	uint64_t leaf;	   /* its bytes */
	uint64_t run;	/* of the contiguous run; `leaf` when it is in none */
	uint64_t paddr; /* of the address asked for */
	uint32_t prot;
	bool dirty; /* writable, and marked as written to */
	bool clean; /* writable, and the first write will be marked */
	uint64_t desc, desc_pa;
	int32_t level;
	struct hop hop[WALKER_LEVELS];
	uint32_t hops;
};

/* Walks from the registers, or from a table that `from` leads to. */
void walker_walk(const struct walker *walker, const struct hop *from,
		 uint64_t iova, struct walked *out);

/* Hardware writes through the leaf at `desc_pa`: marks it. */
void walker_mark(const struct walker *walker, const struct walked *leaf);

/*
 * Everything, in ascending order: each leaf that maps something, and the first
 * entry of each contiguous run, to `leaf`; each table to `table`, before what
 * it holds, and with the number of its valid entries. A run of which not all
 * entries are alike is a complaint, as is anything that faults.
 */
struct tour {
	void *data;
	void (*leaf)(void *data, const struct walked *leaf);
	void (*table)(void *data, const struct hop *table, uint32_t valid);
	void (*complain)(void *data, uint64_t iova, const char *what);
};
void walker_tour(const struct walker *walker, const struct tour *tour);

#endif
