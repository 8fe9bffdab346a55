/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* One operation of the engine under way, and what of it needs no format. */
#ifndef IOMM_PGTABLE_ENGINE_OP_H
#define IOMM_PGTABLE_ENGINE_OP_H

#include "pgtable/gather.h"
#include "pgtable/pgtable.h"

#define IOMM_ENGINE_LEVELS 8u

/* What a descriptor is. */
#define IOMM_DESC_NONE	0u
#define IOMM_DESC_TABLE 1u
#define IOMM_DESC_LEAF	2u

/* What a walk has learnt from registers and tables. */
struct iomm_raw_state {
	const uint64_t *regs;
	uint32_t ias, oas;
	uint64_t root;
	uint64_t restrictions; /* of tables, in the format's bits */
};

/* Entries of a live table that were written and not synced yet. */
struct iomm_dirty {
	const struct iomm_node *node;
	uint32_t first, last; /* slots, inclusive */
};

struct iomm_engine_op {
	struct iomm_pgtable *pgtable;

	/* Map: the next page, and how leaves look. */
	uint64_t iova;
	uint64_t paddr;
	uint64_t attrs;
	/* Builds tables that are linked, and synced, as a whole later. */
	bool detached;

	/* Unmap */
	bool joined; /* part of the range is in the gather: holes go in too */
	struct iomm_gather *gather;
	uint64_t unmapped;

	/* By level; only when the table is synced. */
	struct iomm_dirty dirty[IOMM_ENGINE_LEVELS];
};

/* The dirty ranges are set up only where they are used, since they are larger
 * than all the rest. */
static inline void
iomm_op_init(struct iomm_engine_op *op, struct iomm_pgtable *pgtable)
{
	uint32_t level;

	op->pgtable = pgtable;
	op->detached = false;
	op->joined = false;
	op->unmapped = 0;
	if (pgtable->synced)
		for (level = 0; level < IOMM_ENGINE_LEVELS; level++)
			op->dirty[level].node = NULL;
}

void iomm_op_mark_slow(struct iomm_engine_op *op, uint32_t level,
		       const struct iomm_node *node, uint32_t first,
		       uint32_t last);
void iomm_op_sync_slow(struct iomm_engine_op *op);
int iomm_op_prepare_slow(struct iomm_engine_op *op, uint64_t start,
			 uint64_t last, uint64_t page_size);

/* Notes that slots of a live table were written. One table a level is noted: a
 * new one syncs the one before. */
static inline void
iomm_op_mark(struct iomm_engine_op *op, uint32_t level,
	     const struct iomm_node *node, uint32_t first, uint32_t last)
{
	if (op->pgtable->synced && !op->detached)
		iomm_op_mark_slow(op, level, node, first, last);
}

/* Everything written so far reaches the walkers now. */
static inline void iomm_op_sync(struct iomm_engine_op *op)
{
	if (op->pgtable->synced)
		iomm_op_sync_slow(op);
}

/*
 * Before leaves of `page_size` in [start, last] are cleared: makes sure that
 * the gather can take the range, so that noting it afterwards cannot fail. That
 * may mean that the gather is flushed; when it cannot be, nothing is cleared.
 */
static inline int iomm_op_prepare(struct iomm_engine_op *op, uint64_t start,
				  uint64_t last, uint64_t page_size)
{
	if (iomm_gather_fits(op->gather, start, last, page_size)) {
		op->joined = true;
		return 0;
	}
	return iomm_op_prepare_slow(op, start, last, page_size);
}

/* A whole table that nobody was shown yet; with all below it. */
void iomm_op_sync_table(struct iomm_pgtable *pgtable,
			const struct iomm_node *node);
void iomm_op_sync_tree(struct iomm_pgtable *pgtable,
		       const struct iomm_node *node);

/* Something is mapped at the address. */
IOMM_COLD int iomm_exists(struct iomm_pgtable *pgtable, uint64_t iova);

#endif
