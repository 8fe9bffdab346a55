/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the forms of a dump share, and the binary one as docs/dump.md has it. */
#ifndef IOMM_PGTABLE_DUMP_H
#define IOMM_PGTABLE_DUMP_H

#include <iomm/dump.h>
#include <iomm/pgtable.h>

#include <stdbool.h>

#define IOMM_DUMP_MAGIC	       "IOMMDUMP"
#define IOMM_DUMP_MAGIC_BYTES  8u
#define IOMM_DUMP_VERSION      1u
#define IOMM_DUMP_HEADER_BYTES 152u
#define IOMM_DUMP_CRC_BYTES    4u
/* The header, an end, and the checksum. */
#define IOMM_DUMP_MIN_BYTES    (IOMM_DUMP_HEADER_BYTES + 1u + IOMM_DUMP_CRC_BYTES)

#define IOMM_DUMP_NAME	 24u
/* No format has more. */
#define IOMM_DUMP_LEVELS 8u

/* Records: what the low bits of the first byte say; above them is how many
 * levels below the first table the record belongs. */
#define IOMM_DUMP_END	     0u
#define IOMM_DUMP_TABLE	     1u
#define IOMM_DUMP_LEAF	     2u
#define IOMM_DUMP_RUN	     3u
#define IOMM_DUMP_INSTEAD    4u
#define IOMM_DUMP_KIND	     7u
#define IOMM_DUMP_KIND_SHIFT 3u

/* What says how descriptors and registers are to be read. Whose the tables are,
 * and who may call at once, is no part of a dump. */
#define IOMM_DUMP_FLAGS                                                    \
	(IOMM_PGTABLE_COHERENT | IOMM_PGTABLE_UPPER | IOMM_PGTABLE_DIRTY | \
	 IOMM_PGTABLE_HITLESS | IOMM_PGTABLE_NS | IOMM_PGTABLE_S2FWB)

struct iomm_dump_header {
	char format[IOMM_DUMP_NAME];
	uint32_t flags;
	uint32_t ias, oas;
	uint64_t granule, page_sizes;
	uint64_t first_iova, root_pa;
	uint32_t root_bytes;
	uint32_t levels;
	uint32_t desc_shift; /* log2 of the bytes of a descriptor */
	uint32_t slot_bits;  /* log2 of how many a table has */
	uint32_t page_shift; /* log2 of what one of the last level maps */
	uint64_t regs[IOMM_PGTABLE_REGS];
	/* Not in the dump: a shared table may get more while it is written. */
	uint64_t tables;
};

/* Where a dump goes. */
struct iomm_dump_sink {
	int (*write)(void *data, const void *piece, uint64_t bytes);
	void *data;
};

int iomm_dump_describe(struct iomm_pgtable *pgtable,
		       struct iomm_dump_header *header);
void iomm_dump_encode(const struct iomm_dump_header *header,
		      uint8_t bytes[IOMM_DUMP_HEADER_BYTES]);
/* Of bytes with the right magic and version. Checks nothing. */
void iomm_dump_decode(const uint8_t bytes[IOMM_DUMP_HEADER_BYTES],
		      struct iomm_dump_header *header);

/* CRC-32 as zlib has it: of what went before (at first 0) and these bytes. */
uint32_t iomm_dump_crc(uint32_t crc, const uint8_t *bytes, uint64_t count);

/* log2 of what a descriptor maps that is so many levels below the first table,
 * and how far below it one is that the walk shows. */
uint32_t iomm_dump_shift(const struct iomm_dump_header *header, uint32_t depth);
uint32_t iomm_dump_depth(const struct iomm_dump_header *header,
			 const struct iomm_walk_entry *entry);

/* Little-endian numbers. */
static inline void iomm_dump_put(uint8_t *to, uint64_t value, uint32_t bytes)
{
	for (; bytes; bytes--, value >>= 8)
		*to++ = (uint8_t)value;
}

static inline uint64_t iomm_dump_get(const uint8_t *from, uint32_t bytes)
{
	uint64_t value = 0;

	while (bytes)
		value = value << 8 | from[--bytes];
	return value;
}

/* The forms. What `write` answered, if it was not 0. */
int iomm_dump_text(struct iomm_pgtable *pgtable,
		   const struct iomm_dump_header *header,
		   const struct iomm_dump_sink *sink);
int iomm_dump_binary(struct iomm_pgtable *pgtable,
		     const struct iomm_dump_header *header,
		     const struct iomm_dump_sink *sink);

/* All entries, as iomm_pgtable_walk() shows them. */
int iomm_dump_walk(struct iomm_pgtable *pgtable,
		   int (*visit)(void *data,
				const struct iomm_walk_entry *entry),
		   void *data);

#endif
