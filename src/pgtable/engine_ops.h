/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What one instance of the engine (a format at a granule) offers. Arguments have
 * been checked, but for those of struct iomm_calls: ranges are aligned to the
 * smallest page, do not wrap, and lie inside the widths; `last` is inclusive.
 * Addresses count from the first one of the table's range.
 */
#ifndef IOMM_PGTABLE_ENGINE_OPS_H
#define IOMM_PGTABLE_ENGINE_OPS_H

#include <iomm/cursor.h>
#include <iomm/pgtable.h>

struct iomm_node;
struct iomm_raw_walker;
struct iomm_raw_result;

/* A visitor and its data. */
struct iomm_visitor {
	int (*visit)(void *data, const struct iomm_walk_entry *entry);
	void *data;
};

/* The table above the last level that was used last, and what it spans. */
struct iomm_tepid {
	uint64_t first; /* as callers say it */
	uint64_t span;	/* in bytes; 0: there is none */
	struct iomm_node *node;
};

/* How the pages look that were mapped last, or read: most look so. */
struct iomm_common {
	uint64_t attrs;
	uint32_t prot; /* what that says; 0: there is none */
};

/* Where a table of a given input width starts. */
struct iomm_geometry {
	uint32_t start_level;
	uint64_t root_bytes;
};

struct iomm_engine_op;
struct iomm_extents;
struct iomm_node;

/*
 * The public calls that matter most, on a handle that was checked, with nothing
 * else checked yet, at a cursor, which may be the page table's own. What is
 * plain they do; the rest goes to the *_far functions of check.h, which find out
 * what is wrong, or not so plain.
 */
struct iomm_calls {
	int (*map)(struct iomm_cursor *cursor, uint64_t iova, uint64_t paddr,
		   uint64_t bytes, uint32_t prot, uint32_t flags,
		   uint64_t *mapped);
	int (*unmap)(struct iomm_cursor *cursor, uint64_t iova, uint64_t bytes,
		     struct iomm_gather *gather, uint64_t *unmapped);
	int (*translate)(struct iomm_pgtable *pgtable, uint64_t iova,
			 struct iomm_translation *out);
};

struct iomm_engine_ops {
	uint64_t granule;
	uint64_t page_sizes; /* of leaves and runs, a bit for each */
	uint32_t min_ias, max_ias;
	uint32_t max_oas;
	uint32_t ias, oas; /* when none is asked for */
	uint32_t last_level;
	uint32_t desc_shift; /* log2 of the bytes of a descriptor */
	uint32_t bits;	     /* of an address that a level resolves */
	uint32_t page_shift; /* and that are left below the last */

	/* These, and raw_walk, are given the instance itself. */
	void (*geometry)(const struct iomm_engine_ops *ops, uint32_t ias,
			 struct iomm_geometry *out);
	/* Bit l is set when a leaf, or a run, at level l is of one of these
	 * sizes. */
	uint32_t (*leaf_levels)(const struct iomm_engine_ops *ops,
				uint64_t page_sizes);
	uint32_t (*run_levels)(const struct iomm_engine_ops *ops,
			       uint64_t page_sizes);
	/* Fills pgtable->regs. */
	void (*registers)(struct iomm_pgtable *pgtable);
	/* Books what is in `slots` slots of a table that was there. */
	int (*adopt)(struct iomm_pgtable *pgtable, struct iomm_node *node,
		     uint32_t level, uint32_t slots);

	/* How leaves of a protection look, not 0; or EOPNOTSUPP. */
	int (*encode)(const struct iomm_pgtable *pgtable, uint32_t prot,
		      uint64_t *attrs);

	struct iomm_calls exclusive, shared;

	/* Any map: iova, last, paddr, attributes and levels are the op's. */
	int (*map)(struct iomm_engine_op *op);
	/* Does op->action to the leaves of a range. */
	int (*change)(struct iomm_engine_op *op);
	int (*merge)(struct iomm_engine_op *op);
	/* Puts a cursor of the caller's where it was used just now. */
	void (*settle)(struct iomm_cursor *cursor, uint64_t iova);

	int (*translate)(struct iomm_pgtable *pgtable, uint64_t iova,
			 struct iomm_translation *out);
	/* Until the range ends, or the room. */
	int (*extents)(struct iomm_pgtable *pgtable, uint64_t iova,
		       uint64_t last, struct iomm_extents *out);
	int (*walk)(struct iomm_pgtable *pgtable, uint64_t iova, uint64_t last,
		    const struct iomm_visitor *visitor);
	/* See raw_walk.h. */
	void (*raw_walk)(const struct iomm_engine_ops *ops,
			 const struct iomm_raw_walker *walker, uint64_t iova,
			 struct iomm_raw_result *out);
};

#endif
