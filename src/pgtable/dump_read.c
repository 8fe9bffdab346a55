/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "pgtable/dump_read.h"

#include "base/abi.h"
#include "base/ctx.h"
#include "base/mem.h"

/* Tables of no format are larger; a first table may be several in a row. */
#define MAX_GRANULE    (UINT64_C(1) << 16)
#define MAX_ROOT_BYTES (UINT32_C(1) << 20)

/* The header */

static int check_shape(struct iomm_dump_reader *reader)
{
	const struct iomm_dump_header *h = &reader->header;

	if (h->desc_shift != 3)
		return IOMM_FAIL(reader->ctx, IOMM_EOPNOTSUPP,
				 "the dump has descriptors of 2^%u bytes",
				 h->desc_shift);
	if (h->granule < 8 || h->granule > MAX_GRANULE ||
	    (h->granule & (h->granule - 1)) || h->root_bytes < 8 ||
	    h->root_bytes > MAX_ROOT_BYTES || (h->root_bytes & 7))
		return IOMM_FAIL(reader->ctx, IOMM_EINVAL,
				 "the dump has tables of %k and a first one "
				 "of %k: no format has",
				 h->granule, h->root_bytes);
	if (!h->levels || h->levels > IOMM_DUMP_LEVELS)
		return IOMM_FAIL(reader->ctx, IOMM_EINVAL,
				 "the dump has tables of %u levels: no format "
				 "has",
				 h->levels);
	if (h->format[IOMM_DUMP_NAME - 1])
		return IOMM_FAIL(reader->ctx, IOMM_EINVAL,
				 "the dump's format has a name without an end");
	return iomm_check_bits(reader->ctx, h->flags, IOMM_DUMP_FLAGS,
			       "flags of the dump");
}

static int
check_bytes(struct iomm_ctx *ctx, const uint8_t *dump, uint64_t bytes)
{
	uint64_t end = bytes - IOMM_DUMP_CRC_BYTES;
	uint64_t version, crc;

	if (bytes < IOMM_DUMP_MIN_BYTES ||
	    memcmp(dump, IOMM_DUMP_MAGIC, IOMM_DUMP_MAGIC_BYTES) != 0)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "these %u bytes are no dump of a page table",
				 bytes);
	version = iomm_dump_get(dump + IOMM_DUMP_MAGIC_BYTES, 4);
	if (version != IOMM_DUMP_VERSION)
		return IOMM_FAIL(ctx, IOMM_EOPNOTSUPP,
				 "the dump has version %u, and this library "
				 "reads version %u",
				 version, IOMM_DUMP_VERSION);
	crc = iomm_dump_get(dump + end, IOMM_DUMP_CRC_BYTES);
	if (crc == iomm_dump_crc(0, dump, end))
		return 0;
	return IOMM_FAIL(ctx, IOMM_EINVAL,
			 "the dump is damaged or cut short: the checksum of "
			 "its first %u bytes is %x and not %x",
			 end, iomm_dump_crc(0, dump, end), crc);
}

int iomm_dump_open(struct iomm_dump_reader *reader, struct iomm_ctx *ctx,
		   const void *dump, uint64_t bytes)
{
	int r = check_bytes(ctx, dump, bytes);

	if (r)
		return r;
	memset(reader, 0, sizeof(*reader));
	reader->ctx = ctx;
	reader->bytes = dump;
	reader->end = bytes - IOMM_DUMP_CRC_BYTES;
	iomm_dump_decode(dump, &reader->header);
	iomm_dump_rewind(reader);
	return check_shape(reader);
}

void iomm_dump_rewind(struct iomm_dump_reader *reader)
{
	reader->at = IOMM_DUMP_HEADER_BYTES;
	reader->deepest = 0;
	reader->next[0] = 0;
	reader->previous = 0;
}

/* Numbers */

static int refuse(const struct iomm_dump_reader *reader, const char *what)
{
	return IOMM_FAIL(reader->ctx, IOMM_EINVAL,
			 "the dump is wrong before byte %u: %s", reader->at,
			 IOMM_STR(what));
}

static int
get_fixed(struct iomm_dump_reader *reader, uint32_t bytes, uint64_t *value)
{
	if (reader->end - reader->at < bytes)
		return refuse(reader, "it ends within a record");
	*value = iomm_dump_get(reader->bytes + reader->at, bytes);
	reader->at += bytes;
	return 0;
}

/* LEB128 of at most 64 bits: ten bytes, the last of which has one. */
static int get_number(struct iomm_dump_reader *reader, uint64_t *value)
{
	uint64_t byte = 0;
	uint32_t shift;
	int r;

	*value = 0;
	for (shift = 0; shift < 64; shift += 7) {
		r = get_fixed(reader, 1, &byte);
		if (r)
			return r;
		*value |= (byte & 0x7f) << shift;
		if (byte < (shift == 63 ? 2 : 0x80))
			return 0;
	}
	return refuse(reader, "a number does not fit in 64 bits");
}

static int get_signed(struct iomm_dump_reader *reader, uint64_t *value)
{
	int r = get_number(reader, value);

	*value = *value >> 1 ^ (*value & 1 ? UINT64_MAX : 0);
	return r;
}

/* Records */

static uint64_t slots(const struct iomm_dump_reader *reader, uint32_t depth)
{
	const struct iomm_dump_header *h = &reader->header;

	return (depth ? h->granule : h->root_bytes) >> h->desc_shift;
}

static int
get_table(struct iomm_dump_reader *reader, struct iomm_dump_record *record)
{
	int r;

	if (record->depth + 1 == reader->header.levels)
		return refuse(reader, "a table below the last level");
	r = get_fixed(reader, 8, &record->pa);
	if (!r)
		r = get_number(reader, &record->desc);
	record->desc ^= record->pa;
	reader->deepest = record->depth + 1;
	reader->next[reader->deepest] = 0;
	return r;
}

static int
get_leaf(struct iomm_dump_reader *reader, struct iomm_dump_record *record)
{
	int r = get_signed(reader, &record->desc);

	record->desc += reader->previous;
	reader->previous = record->desc;
	return r;
}

static int
get_run(struct iomm_dump_reader *reader, struct iomm_dump_record *record)
{
	uint64_t room = slots(reader, record->depth) - record->slot;
	uint64_t count = 0;
	int r = get_leaf(reader, record);

	if (!r)
		r = get_number(reader, &count);
	if (!r)
		r = get_signed(reader, &record->step);
	if (r)
		return r;
	if (count < 2 || count > room)
		return refuse(reader, "a run that is too short, or longer than "
				      "its table");
	record->count = (uint32_t)count;
	reader->previous += (count - 1) * record->step;
	reader->next[record->depth] = record->slot + record->count;
	return 0;
}

/* The table is the last that its table has, when the one below is begun. */
static int
get_instead(struct iomm_dump_reader *reader, struct iomm_dump_record *record)
{
	if (record->depth >= reader->deepest)
		return refuse(reader, "a leaf instead of no table");
	record->slot = reader->next[record->depth] - 1;
	reader->deepest = record->depth;
	return get_leaf(reader, record);
}

/* Where it is. */
static int
get_place(struct iomm_dump_reader *reader, struct iomm_dump_record *record)
{
	uint32_t *next;
	uint64_t gap;
	int r;

	if (record->depth > reader->deepest)
		return refuse(reader, "a record of a table that has not begun");
	next = &reader->next[record->depth];
	r = get_number(reader, &gap);
	if (r)
		return r;
	if (gap >= slots(reader, record->depth) - *next)
		return refuse(reader, "a record beyond the end of its table");
	record->slot = *next + (uint32_t)gap;
	*next = record->slot + 1;
	reader->deepest = record->depth;
	return 0;
}

int iomm_dump_next(struct iomm_dump_reader *reader,
		   struct iomm_dump_record *record)
{
	uint64_t byte = 0;
	int r = get_fixed(reader, 1, &byte);

	if (r)
		return r;
	memset(record, 0, sizeof(*record));
	record->kind = (uint32_t)byte & IOMM_DUMP_KIND;
	record->depth = (uint32_t)byte >> IOMM_DUMP_KIND_SHIFT;
	if (record->kind == IOMM_DUMP_END) {
		if (byte != IOMM_DUMP_END || reader->at != reader->end)
			return refuse(reader, "an end within it");
		return 0;
	}
	record->count = 1;
	if (record->kind == IOMM_DUMP_INSTEAD)
		return get_instead(reader, record);
	r = get_place(reader, record);
	if (r)
		return r;
	switch (record->kind) {
	case IOMM_DUMP_TABLE:
		return get_table(reader, record);
	case IOMM_DUMP_LEAF:
		return get_leaf(reader, record);
	case IOMM_DUMP_RUN:
		return get_run(reader, record);
	default:
		return refuse(reader, "a record of a kind that there is not");
	}
}
