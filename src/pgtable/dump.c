/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Dumping a page table: the call, and the header of the binary form. The forms
 * are in dump_text.c and dump_binary.c; reading one back is in load.c. */
#include "pgtable/dump.h"

#include "base/ctx.h"
#include "base/mem.h"
#include "pgtable/check.h"
#include "pgtable/format.h"
#include "pgtable/pgtable.h"

/* The header */

static uint32_t log2_of(uint64_t value)
{
	uint32_t shift = 0;

	while (!(value >> shift & 1))
		shift++;
	return shift;
}

int iomm_dump_describe(struct iomm_pgtable *pgtable,
		       struct iomm_dump_header *header)
{
	struct iomm_pgtable_info info = { .size = sizeof(info) };
	const struct iomm_engine_ops *ops = pgtable->ops;
	uint32_t i;
	int r = iomm_pgtable_info(pgtable, &info);

	memset(header, 0, sizeof(*header));
	(void)iomm_copy_string(header->format, sizeof(header->format),
			       pgtable->format->type->name);
	header->flags = info.flags & IOMM_DUMP_FLAGS;
	header->ias = info.ias;
	header->oas = info.oas;
	header->granule = info.granule;
	header->page_sizes = info.page_sizes;
	header->first_iova = info.first_iova;
	header->root_pa = info.root_pa;
	header->root_bytes = (uint32_t)pgtable->root_bytes;
	header->levels = ops->last_level - pgtable->start_level + 1;
	header->desc_shift = ops->desc_shift;
	header->slot_bits = log2_of(ops->granule) - ops->desc_shift;
	header->page_shift = log2_of(ops->page_sizes);
	for (i = 0; i < IOMM_PGTABLE_REGS; i++)
		header->regs[i] = info.regs[i];
	header->tables = info.tables;
	return r;
}

void iomm_dump_encode(const struct iomm_dump_header *header,
		      uint8_t bytes[IOMM_DUMP_HEADER_BYTES])
{
	uint32_t i;

	memcpy(bytes, IOMM_DUMP_MAGIC, IOMM_DUMP_MAGIC_BYTES);
	iomm_dump_put(bytes + 8, IOMM_DUMP_VERSION, 4);
	iomm_dump_put(bytes + 12, header->flags, 4);
	memcpy(bytes + 16, header->format, IOMM_DUMP_NAME);
	iomm_dump_put(bytes + 40, header->ias, 4);
	iomm_dump_put(bytes + 44, header->oas, 4);
	iomm_dump_put(bytes + 48, header->granule, 8);
	iomm_dump_put(bytes + 56, header->page_sizes, 8);
	iomm_dump_put(bytes + 64, header->first_iova, 8);
	iomm_dump_put(bytes + 72, header->root_pa, 8);
	iomm_dump_put(bytes + 80, header->root_bytes, 4);
	bytes[84] = (uint8_t)header->levels;
	bytes[85] = (uint8_t)header->desc_shift;
	bytes[86] = (uint8_t)header->slot_bits;
	bytes[87] = (uint8_t)header->page_shift;
	for (i = 0; i < IOMM_PGTABLE_REGS; i++)
		iomm_dump_put(bytes + 88 + 8 * i, header->regs[i], 8);
}

void iomm_dump_decode(const uint8_t bytes[IOMM_DUMP_HEADER_BYTES],
		      struct iomm_dump_header *header)
{
	uint32_t i;

	header->flags = (uint32_t)iomm_dump_get(bytes + 12, 4);
	memcpy(header->format, bytes + 16, IOMM_DUMP_NAME);
	header->ias = (uint32_t)iomm_dump_get(bytes + 40, 4);
	header->oas = (uint32_t)iomm_dump_get(bytes + 44, 4);
	header->granule = iomm_dump_get(bytes + 48, 8);
	header->page_sizes = iomm_dump_get(bytes + 56, 8);
	header->first_iova = iomm_dump_get(bytes + 64, 8);
	header->root_pa = iomm_dump_get(bytes + 72, 8);
	header->root_bytes = (uint32_t)iomm_dump_get(bytes + 80, 4);
	header->levels = bytes[84];
	header->desc_shift = bytes[85];
	header->slot_bits = bytes[86];
	header->page_shift = bytes[87];
	for (i = 0; i < IOMM_PGTABLE_REGS; i++)
		header->regs[i] = iomm_dump_get(bytes + 88 + 8 * i, 8);
}

/* Four bits at a time: a table of 64 bytes. */
uint32_t iomm_dump_crc(uint32_t crc, const uint8_t *bytes, uint64_t count)
{
	static const uint32_t table[16] = {
		0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac,
		0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
		0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
		0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
	};

	crc = ~crc;
	for (; count; count--) {
		crc ^= *bytes++;
		crc = crc >> 4 ^ table[crc & 15];
		crc = crc >> 4 ^ table[crc & 15];
	}
	return ~crc;
}

/* Levels */

uint32_t iomm_dump_shift(const struct iomm_dump_header *header, uint32_t depth)
{
	return header->page_shift +
	       (header->levels - 1 - depth) * header->slot_bits;
}

uint32_t iomm_dump_depth(const struct iomm_dump_header *header,
			 const struct iomm_walk_entry *entry)
{
	uint32_t depth = 0;

	while (!(entry->bytes >> iomm_dump_shift(header, depth)))
		depth++;
	return depth;
}

/* Dumping */

/* All but the last byte, in which no entry begins: the length of all need not
 * fit. */
int iomm_dump_walk(struct iomm_pgtable *pgtable,
		   int (*visit)(void *data,
				const struct iomm_walk_entry *entry),
		   void *data)
{
	return iomm_pgtable_walk(pgtable, pgtable->first_iova,
				 pgtable->last_offset, visit, data);
}

static int
dump(struct iomm_pgtable *pgtable, uint32_t form, struct iomm_dump_sink *sink)
{
	struct iomm_dump_header header;
	int r = iomm_dump_describe(pgtable, &header);

	if (r)
		return r;
	return form == IOMM_DUMP_TEXT
		       ? iomm_dump_text(pgtable, &header, sink)
		       : iomm_dump_binary(pgtable, &header, sink);
}

int iomm_pgtable_dump(struct iomm_pgtable *pgtable, uint32_t form,
		      int (*write)(void *data, const void *piece,
				   uint64_t bytes),
		      void *data)
{
	struct iomm_dump_sink sink = { write, data };
	struct iomm_frame frame;
	struct iomm_ctx *ctx;
	int r;

	if (!iomm_pgtable_ok(pgtable))
		return -IOMM_EINVAL;
	ctx = pgtable->object.ctx;
	if (!write)
		return iomm_fail_null(ctx, "iomm_pgtable_dump");
	if (form != IOMM_DUMP_TEXT && form != IOMM_DUMP_BINARY)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "a dump has no form %u: text is %u, binary %u",
				 form, IOMM_DUMP_TEXT, IOMM_DUMP_BINARY);
	iomm_callback_begin(ctx, &frame, false);
	r = dump(pgtable, form, &sink);
	iomm_callback_end(ctx, &frame);
	return r;
}
