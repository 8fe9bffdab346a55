/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "differences.h"

#include <stdio.h>

static const struct {
	const char *linux_does;
	const char *reason; /* why we do not */
} list[NR_DIFFERENCES] = {
	[DIFFERS_TABLE_END] = { "a call ends where the table ends",
				"a range is a range: the caller's loop is "
				"ours" },
	[DIFFERS_INTO_MAPPED] = { "a call that runs into a mapped page maps "
				  "none of the table's pages before it",
				  "what is mapped after EEXIST does not depend "
				  "on where tables end" },
	[DIFFERS_BLOCK_OVER_TABLE] = { "a block over a table drops what the "
				       "table maps",
				       "what is mapped is never replaced" },
	[DIFFERS_HOLES] = { "unmap warns and stops at a hole",
			    "holes are skipped" },
	[DIFFERS_PARTLY_FULL] = { "unmap in units of a block counts the whole "
				  "of a table that is partly full",
				  "what is counted was mapped" },
	[DIFFERS_RANGE_END] = { "only the first address is checked",
				"a range that ends outside is refused" },
	[DIFFERS_MISALIGNED] = { "misaligned addresses are cut off",
				 "they are refused" },
	[DIFFERS_WRITE_ONLY] = { "write-only is mapped as read-write",
				 "no more is allowed than was asked for" },
	[DIFFERS_CACHED_DEVICE] = { "CACHE with MMIO is device memory, inner "
				    "shareable",
				    "it says two things: refused" },
	[DIFFERS_TRANSLATE_RANGE] = { "translate drops the bits above the "
				      "input width",
				      "such an address is refused" },
	[DIFFERS_ADDRESS_0] = { "translate answers 0 for what is not mapped",
				"0 is an address" },
	[DIFFERS_EMPTY_TABLES] = { "tables that end up empty stay",
				   "they are given back" },
	[DIFFERS_SOFTWARE_BIT] = { "bit 55 of a table says that a walker that "
				   "does not snoop can see it",
				   "it is a software bit, and our books are "
				   "elsewhere" },
	[DIFFERS_LARGE_SIZES] = { "leaf sizes beyond the input width are "
				  "granted",
				  "no table could hold them" },
	[DIFFERS_MAIR] = { "MAIR has a fourth type", "nothing asks for it" },
	[DIFFERS_CONCATENATION] = { "stage 2 concatenates tables of level 1 "
				    "only",
				    "wherever it saves a level" },
	[DIFFERS_XN] = { "stage 2 sets both bits of XN",
			 "with FEAT_XNX that allows EL1 to execute" },
	[DIFFERS_PRIVILEGE] = { "stage 2 drops PRIV",
				"what cannot be expressed is refused" },
	[DIFFERS_DIRTY_HOLES] = { "read_and_clear_dirty warns and stops at a "
				  "hole",
				  "holes are skipped" },
	[DIFFERS_DIRTY_PARTS] = { "a leaf of which a part is read is clean",
				  "it stays dirty for the rest" },
	[DIFFERS_NS_TABLES] = { "with NS, tables are said to lie in "
				"Non-secure memory too",
				"it says where leaves lead" },
	[DIFFERS_BORN_DIRTY] = { "what is mapped is dirty from the start",
				 "nobody has written to it yet" },
};

static unsigned long counts[NR_DIFFERENCES];

void differs(enum difference difference)
{
	counts[difference]++;
}

bool differences_report(void)
{
	bool all = true;
	int i;

	puts("what Linux does, why we do not, and how often it was steered "
	     "round:");
	for (i = 0; i < NR_DIFFERENCES; i++) {
		printf("  %s -- %s: %lu\n", list[i].linux_does, list[i].reason,
		       counts[i]);
		all = all && counts[i];
	}
	return all;
}
