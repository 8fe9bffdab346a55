/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Reading the binary form of a dump, which anybody may have written. */
#ifndef IOMM_PGTABLE_DUMP_READ_H
#define IOMM_PGTABLE_DUMP_READ_H

#include "pgtable/dump.h"

struct iomm_ctx;

struct iomm_dump_reader {
	struct iomm_ctx *ctx;
	const uint8_t *bytes;
	uint64_t at, end; /* the records' */
	struct iomm_dump_header header;
	/* Where each table goes on, from the first one down to the deepest that
	 * was begun. */
	uint32_t deepest;
	uint32_t next[IOMM_DUMP_LEVELS];
	uint64_t previous; /* leaf */
};

/* Descriptors of the table that is `depth` levels below the first: `count` of
 * them from `slot` on, `step` apart. One that is instead of a table takes the
 * place of the last one in its table, and of all that this one held. */
struct iomm_dump_record {
	uint32_t kind; /* IOMM_DUMP_* */
	uint32_t depth, slot, count;
	uint64_t desc, step;
	uint64_t pa; /* table: its address */
};

/*
 * Begins with a dump: checks magic, version and checksum, and what the header
 * says of the tables' sizes. What else it says is for whoever uses it.
 */
int iomm_dump_open(struct iomm_dump_reader *reader, struct iomm_ctx *ctx,
		   const void *dump, uint64_t bytes);

/* Back to the first record. */
void iomm_dump_rewind(struct iomm_dump_reader *reader);

/*
 * The next record. All of it lies in its table, behind what the table had
 * before or instead of it, and its table was begun. Ends with IOMM_DUMP_END at the end of the
 * dump, and nowhere else.
 */
int iomm_dump_next(struct iomm_dump_reader *reader,
		   struct iomm_dump_record *record);

#endif
