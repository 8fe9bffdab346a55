/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* One operation of the engine under way, and what of it needs no format. */
#ifndef IOMM_PGTABLE_ENGINE_OP_H
#define IOMM_PGTABLE_ENGINE_OP_H

#include "pgtable/gather.h"
#include "pgtable/pgtable.h"
#include "pgtable/sharing.h"

/* For who reads: the calling thread's place, if a store there is enough. */
static inline struct iomm_place *
iomm_pgtable_reader(const struct iomm_pgtable *pgtable)
{
	return pgtable->sharing->by_stores
		       ? iomm_pgtable_place(
				 (struct iomm_pgtable *)(uintptr_t)pgtable)
		       : NULL;
}

/* What a descriptor is. */
#define IOMM_DESC_NONE	0u
#define IOMM_DESC_TABLE 1u
#define IOMM_DESC_LEAF	2u

/* Not an error: the tables have changed under the walk, or were changed by it.
 * It goes on from the first table, at the address that it has reached. */
#define IOMM_RETRY 1

/* What a walk has learnt from registers and tables. */
struct iomm_raw_state {
	const uint64_t *regs;
	uint32_t ias, oas;
	uint32_t start_level; /* preset to what the width says */
	uint64_t first_iova;
	uint64_t root;
	uint64_t restrictions; /* of tables, in the format's bits */
};

/* Entries of a live table that were written and not synced yet. */
struct iomm_dirty {
	const struct iomm_node *node;
	uint32_t first, last; /* slots, inclusive */
};

/* What is done to the leaves of a range. */
enum iomm_action {
	IOMM_ACT_MAP,
	IOMM_ACT_CLEAR,
	IOMM_ACT_PROTECT,
	IOMM_ACT_DIRTY,
	IOMM_ACT_SPLIT,
	IOMM_ACT_MERGE,
};

struct iomm_engine_op {
	struct iomm_pgtable *pgtable;
	bool shared;
	/* Builds tables that are linked, and synced, as a whole later. */
	bool detached;
	bool changed;  /* leaves or tables went: look what is empty */
	bool raw;      /* something is in the table that was made last */
	bool streamed; /* tables were, since the last link: see base/vector.h */
	enum iomm_action action;
	uintptr_t generation; /* when the walk began at the first table */
	uint32_t tries;	      /* to lock a node, in vain */
	/* Shared: whoever frees table memory sees that we look at it; and
	 * tables that were made in vain, for the next try. */
	struct iomm_table_reader *reader;
	struct iomm_node_spares kept;

	uint64_t first, last; /* of the operation */
	uint64_t iova;	      /* where we are: everything before is done */

	/* Map, protect, and what a split makes: how leaves look, and which. */
	uint64_t paddr;
	uint64_t attrs;
	uint32_t leaf_levels, run_levels;
	bool exact; /* no smaller leaves either */
	/* Goes on with more: paddr and last, from where we are. Or NULL. */
	bool (*more)(struct iomm_engine_op *op);
	void *list;			 /* for it */
	struct iomm_node_spares *spares; /* of a reservation */

	uint64_t page_size; /* split: at most so large */
	bool writable;	    /* protect: so what is dirty stays so */

	/* Dirty */
	bool keep;
	uint64_t *bitmap;

	/* Unmap: for the caller, instead of `done` alone. */
	struct iomm_extents *extents;

	/* What changes or removes translations */
	bool joined; /* part of the range is in the gather: holes go in too */
	struct iomm_gather *gather;
	uint64_t done; /* bytes */

	/* By level; only when the table is synced. */
	struct iomm_dirty dirty[IOMM_ENGINE_LEVELS];
};

/* Sets up what every operation needs; the dirty ranges only where they are
 * used, since they are larger than all the rest. */
static inline void
iomm_op_init(struct iomm_engine_op *op, struct iomm_pgtable *pgtable,
	     enum iomm_action action)
{
	uint32_t level;

	op->pgtable = pgtable;
	op->shared = pgtable->sharing;
	op->detached = false;
	op->changed = false;
	op->raw = false;
	op->streamed = false;
	op->action = action;
	op->tries = 0;
	op->spares = NULL;
	op->extents = NULL;
	op->joined = false;
	op->gather = NULL;
	op->done = 0;
	if (pgtable->synced)
		for (level = 0; level < IOMM_ENGINE_LEVELS; level++)
			op->dirty[level].node = NULL;
}

/* A walk begins at the first table, perhaps once more. */
void iomm_op_begin_again(struct iomm_engine_op *op);

static inline void iomm_op_begin(struct iomm_engine_op *op)
{
	if (op->tries)
		iomm_op_begin_again(op);
	op->generation = iomm_pgtable_generation(op->pgtable);
}

/*
 * Locks a node that the walk has come by: afterwards it is the table that it
 * was taken for, and stays it until it is unlocked. False: walk again.
 */
static inline bool
iomm_op_lock(struct iomm_engine_op *op, struct iomm_node *node)
{
	if (!op->shared || op->detached)
		return true;
	op->tries++;
	if (!iomm_node_lock(op->pgtable, node))
		return false;
	if (atomic_load_explicit(&op->pgtable->generation,
				 memory_order_relaxed) != op->generation) {
		iomm_node_unlock(node);
		return false;
	}
	op->tries = 0;
	return true;
}

static inline void
iomm_op_unlock(const struct iomm_engine_op *op, struct iomm_node *node)
{
	if (op->shared && !op->detached)
		iomm_node_unlock(node);
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
 * Before leaves of `page_size` in [start, last] are changed: makes sure that
 * the gather can take the range, so that noting it afterwards cannot fail. That
 * may mean that the gather is flushed; when it cannot be, nothing is changed.
 * No lock is held.
 */
static inline int iomm_op_prepare(struct iomm_engine_op *op, uint64_t start,
				  uint64_t last, uint64_t page_size)
{
	uint64_t base = op->pgtable->first_iova;

	if (!op->gather)
		return 0;
	if (iomm_gather_fits(op->gather, base + start, base + last,
			     page_size)) {
		op->joined = true;
		return 0;
	}
	return iomm_op_prepare_slow(op, base + start, base + last, page_size);
}

static inline void iomm_op_note(struct iomm_engine_op *op, uint64_t start,
				uint64_t last, uint64_t page_size)
{
	uint64_t base = op->pgtable->first_iova;

	if (op->gather)
		iomm_gather_note(op->gather, base + start, base + last,
				 page_size);
}

/* Invalidates at once: everything written so far is synced first. */
int iomm_op_flush(struct iomm_engine_op *op, uint64_t start, uint64_t last,
		  uint64_t page_size, uint32_t flags);

/* A table or a leaf is about to take this slot, where walkers may remember a table,
 * and those that were below it: they forget them. */
int iomm_op_forget_old(struct iomm_engine_op *op, const struct iomm_node *node,
		       uint32_t level, uint32_t slot, uint64_t iova);

/* Brackets around the long ways, which look at entries without a lock. */
void iomm_op_enter_slow(struct iomm_engine_op *op);
void iomm_op_exit_slow(struct iomm_engine_op *op);

static inline void iomm_op_enter(struct iomm_engine_op *op)
{
	if (op->shared)
		iomm_op_enter_slow(op);
}

static inline void iomm_op_exit(struct iomm_engine_op *op)
{
	if (op->shared)
		iomm_op_exit_slow(op);
}

/* Was what the walk has looked at without a lock, since it began, in its place?
 */
static inline bool iomm_op_valid(const struct iomm_engine_op *op)
{
	return !op->shared || op->detached ||
	       iomm_pgtable_generation(op->pgtable) == op->generation;
}

/* A table that is linked nowhere, zeroed unless it is of the last level: then
 * op->raw tells; and one that turned out not to be needed. */
int iomm_op_table(struct iomm_engine_op *op, uint32_t level,
		  struct iomm_node **out);
void iomm_op_discard(struct iomm_engine_op *op, struct iomm_node *node);

/* A whole table that nobody was shown yet; with all below it. */
void iomm_op_sync_table(struct iomm_pgtable *pgtable,
			const struct iomm_node *node, uint64_t bytes);
void iomm_op_sync_tree(struct iomm_pgtable *pgtable,
		       const struct iomm_node *node, uint64_t bytes);

/* Extents for the caller, as they are found. */
struct iomm_extents {
	char *next;		 /* where the next one goes */
	uint32_t stride;	 /* bytes from one to the next */
	uint32_t room;		 /* for so many more */
	uint32_t count;		 /* of those that are there */
	struct iomm_extent last; /* the last of them, as far as it is known */
};

/* Adds a stretch, to the last extent when it goes on from it. False: there is
 * no room, and nothing has changed. */
bool iomm_extents_add(struct iomm_extents *extents,
		      const struct iomm_extent *more);

/* Sets the bits of [start, last] in the bitmap of the operation. */
void iomm_op_set_dirty(struct iomm_engine_op *op, uint64_t start,
		       uint64_t last);

/* A table that a foreign one links; `restricts`: it says more than a link, which
 * is refused. */
int iomm_pgtable_adopt_table(struct iomm_pgtable *pgtable, uint64_t pa,
			     uint64_t restricts, uint32_t level,
			     struct iomm_node **out);

/* Something is mapped at the address, as callers say it. */
IOMM_COLD int iomm_exists(struct iomm_pgtable *pgtable, uint64_t iova);

#endif
