/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The binary form of a dump: see docs/dump.md. */
#include "pgtable/dump.h"

#include "base/mem.h"

#define PIECE 512u

struct binary {
	struct iomm_dump_sink sink;
	const struct iomm_dump_header *header;
	int answer; /* the first of the sink's that was not 0 */
	uint32_t crc;
	uint64_t previous;		 /* leaf that was written */
	uint32_t next[IOMM_DUMP_LEVELS]; /* slot, by depth */
	/* Leaves that are still to be written. */
	struct {
		uint32_t depth, slot, count;
		uint64_t first, last, step;
	} run;
	uint32_t used;
	uint8_t piece[PIECE];
};

static void flush(struct binary *b)
{
	if (b->used && !b->answer)
		b->answer = b->sink.write(b->sink.data, b->piece, b->used);
	b->used = 0;
}

static void put_byte(struct binary *b, uint8_t byte)
{
	if (b->used == PIECE)
		flush(b);
	b->crc = iomm_dump_crc(b->crc, &byte, 1);
	b->piece[b->used++] = byte;
}

static void put_fixed(struct binary *b, uint64_t value, uint32_t bytes)
{
	for (; bytes; bytes--, value >>= 8)
		put_byte(b, (uint8_t)value);
}

/* LEB128 */
static void put_number(struct binary *b, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		put_byte(b, (uint8_t)(value | 0x80));
	put_byte(b, (uint8_t)value);
}

/* A difference: the sign goes to the lowest bit. */
static void put_signed(struct binary *b, uint64_t value)
{
	put_number(b, value << 1 ^ (value >> 63 ? UINT64_MAX : 0));
}

static void put_kind(struct binary *b, uint32_t kind, uint32_t depth)
{
	put_byte(b, (uint8_t)(depth << IOMM_DUMP_KIND_SHIFT | kind));
}

static void put_gap(struct binary *b, uint32_t depth, uint32_t slot)
{
	put_number(b, slot - b->next[depth]);
	b->next[depth] = slot + 1;
}

static void end_run(struct binary *b)
{
	uint32_t depth = b->run.depth;

	if (!b->run.count)
		return;
	put_kind(b, b->run.count > 1 ? IOMM_DUMP_RUN : IOMM_DUMP_LEAF, depth);
	put_gap(b, depth, b->run.slot);
	put_signed(b, b->run.first - b->previous);
	if (b->run.count > 1) {
		put_number(b, b->run.count);
		put_signed(b, b->run.step);
	}
	b->next[depth] = b->run.slot + b->run.count;
	b->previous = b->run.last;
	b->run.count = 0;
}

static bool
goes_on(const struct binary *b, uint32_t depth, uint32_t slot, uint64_t desc)
{
	return b->run.count && depth == b->run.depth &&
	       slot == b->run.slot + b->run.count &&
	       (b->run.count == 1 || desc - b->run.last == b->run.step);
}

static void
put_leaf(struct binary *b, uint32_t depth, uint32_t slot, uint64_t desc)
{
	if (goes_on(b, depth, slot, desc)) {
		b->run.step = desc - b->run.last;
	} else {
		end_run(b);
		b->run.depth = depth;
		b->run.slot = slot;
		b->run.first = desc;
	}
	b->run.count++;
	b->run.last = desc;
}

/* While we were in the table at this slot, somebody put a leaf in its place. */
static void put_instead(struct binary *b, uint32_t depth, uint64_t desc)
{
	end_run(b);
	put_kind(b, IOMM_DUMP_INSTEAD, depth);
	put_signed(b, desc - b->previous);
	b->previous = desc;
}

static void put_table(struct binary *b, uint32_t depth, uint32_t slot,
		      const struct iomm_walk_entry *entry)
{
	end_run(b);
	put_kind(b, IOMM_DUMP_TABLE, depth);
	put_gap(b, depth, slot);
	put_fixed(b, entry->paddr, 8);
	put_number(b, entry->raw ^ entry->paddr);
	b->next[depth + 1] = 0;
}

static int visit(void *data, const struct iomm_walk_entry *entry)
{
	struct binary *b = data;
	const struct iomm_dump_header *header = b->header;
	uint32_t depth = iomm_dump_depth(header, entry);
	uint64_t slot = (entry->iova - header->first_iova) >>
			iomm_dump_shift(header, depth);

	/* The first table may be longer than the others. */
	if (depth)
		slot &= (UINT64_C(1) << header->slot_bits) - 1;
	if (entry->kind == IOMM_WALK_TABLE)
		put_table(b, depth, (uint32_t)slot, entry);
	else if (slot < b->next[depth])
		put_instead(b, depth, entry->raw);
	else
		put_leaf(b, depth, (uint32_t)slot, entry->raw);
	return b->answer;
}

int iomm_dump_binary(struct iomm_pgtable *pgtable,
		     const struct iomm_dump_header *header,
		     const struct iomm_dump_sink *sink)
{
	struct binary b;

	memset(&b, 0, sizeof(b));
	b.sink = *sink;
	b.header = header;
	iomm_dump_encode(header, b.piece);
	b.used = IOMM_DUMP_HEADER_BYTES;
	b.crc = iomm_dump_crc(0, b.piece, b.used);
	b.answer = iomm_dump_walk(pgtable, visit, &b);
	end_run(&b);
	put_byte(&b, IOMM_DUMP_END);
	put_fixed(&b, b.crc, IOMM_DUMP_CRC_BYTES);
	flush(&b);
	return b.answer;
}
