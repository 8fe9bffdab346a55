/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What one instance of the engine (a format at a granule) offers. pgtable.c
 * has checked the arguments: ranges are aligned to the smallest page, do not
 * wrap, and lie inside the widths; `last` is inclusive.
 */
#ifndef IOMM_PGTABLE_ENGINE_OPS_H
#define IOMM_PGTABLE_ENGINE_OPS_H

#include <iomm/pgtable.h>

struct iomm_raw_walker;
struct iomm_raw_result;

/* A visitor and its data. */
struct iomm_visitor {
	int (*visit)(void *data, const struct iomm_walk_entry *entry);
	void *data;
};

/* Where a table of a given input width starts. */
struct iomm_geometry {
	uint32_t start_level;
	uint64_t root_bytes;
};

struct iomm_engine_ops {
	uint64_t granule;
	uint64_t page_sizes; /* all leaf sizes, a bit for each */
	uint32_t min_ias, max_ias;
	uint32_t max_oas;
	uint32_t last_level;
	uint32_t desc_shift; /* log2 of the bytes of a descriptor */

	void (*geometry)(uint32_t ias, struct iomm_geometry *out);
	/* Bit l is set when a leaf at level l is of one of these sizes. */
	uint32_t (*leaf_levels)(uint64_t page_sizes);
	/* Fills pgtable->regs. */
	void (*registers)(struct iomm_pgtable *pgtable);

	int (*map)(struct iomm_pgtable *pgtable, uint64_t iova, uint64_t last,
		   uint64_t paddr, uint32_t prot, uint64_t *mapped);
	int (*unmap)(struct iomm_pgtable *pgtable, uint64_t iova, uint64_t last,
		     struct iomm_gather *gather, uint64_t *unmapped);
	/* -IOMM_ENOENT without a sentence when nothing is mapped there. */
	int (*translate)(struct iomm_pgtable *pgtable, uint64_t iova,
			 struct iomm_translation *out);
	int (*walk)(struct iomm_pgtable *pgtable, uint64_t iova, uint64_t last,
		    const struct iomm_visitor *visitor);
	/* See raw_walk.h. */
	void (*raw_walk)(const struct iomm_raw_walker *walker, uint64_t iova,
			 struct iomm_raw_result *out);
};

#endif
