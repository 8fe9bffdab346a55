/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the tests of dumping and of loading share. */
#ifndef DUMP_SUPPORT_H
#define DUMP_SUPPORT_H

#include "unit/pgtable_support.h"

#include <iomm/dump.h>

/* What was written, in pieces. */
struct bytes {
	uint8_t *at;
	uint64_t used, room;
	uint32_t pieces;
	/* The n-th piece is answered with this; 0: none. */
	uint32_t fail_at;
	int answer;
};

/* For iomm_pgtable_dump(), with a struct bytes. */
int bytes_write(void *bytes, const void *piece, uint64_t count);
void bytes_free(struct bytes *bytes);
void assert_same(const struct bytes *a, const struct bytes *b);

struct bytes dump_of(struct iomm_pgtable *pgtable, uint32_t form);

/* Loads bytes that are nowhere but in memory of exactly their length. */
int load_bytes(struct rig *rig, const void *bytes, uint64_t count,
	       struct iomm_pgtable **out);

/* Dumps written by hand: what is behind the header, as docs/dump.md has it. */
void put_fixed(struct bytes *bytes, uint64_t value, uint32_t count);
void put_number(struct bytes *bytes, uint64_t value);
void put_table(struct bytes *bytes, uint32_t depth, uint64_t gap, uint64_t pa,
	       uint64_t desc);
void put_leaf(struct bytes *bytes, uint32_t depth, uint64_t gap,
	      int64_t difference);
void put_run(struct bytes *bytes, uint32_t depth, uint64_t gap,
	     int64_t difference, uint64_t count, int64_t step);
void put_instead(struct bytes *bytes, uint32_t depth, int64_t difference);
void put_end(struct bytes *bytes);

/* Makes the checksum at the end of a dump right again. */
void seal(uint8_t *dump, uint64_t count);

/* A table with something of everything: pages that go on, that do not and that
 * repeat, contiguous runs, blocks at each level, holes, the first and the last
 * address. */
struct iomm_pgtable *
rich_table(struct rig *rig, uint64_t granule, uint32_t ias, uint32_t flags);

#endif
