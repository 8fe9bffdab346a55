/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Golden descriptors: cases in a text file, each worked out by hand from the
 * architecture's manual, with the reasoning beside it. A '#' begins a comment.
 *
 *   case NAME			begins one: what follows is about a new table
 *   table GRANULE IAS OAS [coherent] [upper] [dirty] [ns] [fwb] [at ADDRESS]
 *				makes the table; granules are 4k, 16k, 64k. Its
 *				own tables are at ADDRESS (0x80000000), the
 *				first one first, a MiB from one to the next
 *   map IOVA PADDR BYTES PROT	PROT is letters of r, w, x, c, m, p
 *   see IOVA LEVEL KIND RAW	the entry of that level on the way to IOVA is a
 *				table, a leaf or a run, and is this descriptor
 *   reg N VALUE		what iomm_pgtable_info says
 *
 * A leaf is also looked up, and walked to from the registers, as hardware does
 * it: both must say what was mapped.
 */
#ifndef GOLDEN_H
#define GOLDEN_H

#include "unit/pgtable_support.h"

struct golden_result {
	uint32_t cases;
	uint32_t checks;   /* lines that say what must be */
	uint32_t failures; /* lines that were wrong; they are printed */
};

struct golden_result
golden_run(struct rig *rig, const char *format, FILE *cases);

/* All of a file below tests/data, which has at least so many cases. */
void assert_golden(struct rig *rig, const char *format, const char *name,
		   uint32_t cases);

#endif
