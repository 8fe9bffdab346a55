/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A page table and its model, with the hardware below it. */
#ifndef MODEL_PGTABLE_H
#define MODEL_PGTABLE_H

#include "model/ranges.h"
#include "model/walker.h"

#define WINDOWS 4u

struct subject {
	struct world world;
	struct walker walker;
	struct iomm_table_memory *memory;
	struct iomm_format *format;
	struct iomm_pgtable *pgtable;
	struct iomm_gather gather;
	struct ranges mapped;

	/* Chosen for good. */
	const char *name; /* of the format */
	uint32_t prot;	  /* that it can express */
	struct iomm_pgtable_info info;
	uint64_t unit, block; /* the smallest leaf, and the next larger one */
	uint64_t large;	      /* the largest leaf */
	uint64_t window[WINDOWS], span; /* where the operations are */
};

/* All of the table against all of the model. */
void subject_check(void *subject);
/* How the table is now. */
struct iomm_pgtable_info subject_info(const struct subject *s);
/* One address: translation, walk, hardware walk, model. */
int subject_look(struct subject *s, uint64_t iova);

#endif
