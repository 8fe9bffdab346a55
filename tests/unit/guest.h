/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Memory of a guest, who writes tables at will, and walks from his registers. */
#ifndef GUEST_H
#define GUEST_H

#include "unit/pgtable_support.h"

#include "pgtable/raw_walk.h"

#define GUEST_BYTES (256 * KB)

struct guest {
	uint64_t *words; /* from address 0 on */
	struct iomm_format *format;
	struct iomm_raw_walker walker;
	struct iomm_raw_result got;
	uint32_t fetches;
	uint64_t first_fetch; /* where the first was from */
	int error;	      /* that the next fetch answers */
};

struct guest *guest_new(struct rig *rig, const char *format);
void guest_free(struct guest *guest);

void guest_walk(struct guest *guest, uint64_t iova);
/* The walk ends with this fault, at this level. */
void guest_faults(struct guest *guest, uint64_t iova, uint32_t fault,
		  int32_t level);

/* Tables of random words, with all sorts of values in a register, where the
 * bits of `clear` are 0 and those of `set` are 1: each walk ends, and says
 * something sensible. */
void guest_garbage(struct guest *guest, uint32_t reg, uint64_t clear,
		   uint64_t set);

#endif
