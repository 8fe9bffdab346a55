/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Making a page table out of a dump. The tables are built in memory of its own
 * and then adopted, by the way that is there for tables of others: what a dump
 * can do is what tables that somebody else wrote can do.
 */
#include "base/ctx.h"
#include "base/mem.h"
#include "pgtable/desc.h"
#include "pgtable/dump_read.h"
#include "pgtable/memory.h"
#include "pgtable/pgtable.h"

/* As many as can be adopted. */
#define MAX_TABLES (UINT32_C(1) << 20)

struct table {
	uint64_t pa, bytes;
	uint64_t *desc;
};

/* The memory that a loaded page table is in: its tables, in the order of the
 * dump, which is the order in which they are adopted. */
struct image {
	struct iomm_ctx *ctx;
	uint32_t room, count;
	uint32_t given; /* to who adopts */
	struct table table[];
};

static uint64_t image_bytes(uint32_t tables)
{
	return sizeof(struct image) + tables * (uint64_t)sizeof(struct table);
}

static void free_tables(struct image *image, uint32_t keep)
{
	const struct table *table;

	while (image->count > keep) {
		table = &image->table[--image->count];
		iomm_free(image->ctx, table->desc, table->bytes);
	}
}

static void free_image(void *data)
{
	struct image *image = data;

	free_tables(image, 0);
	iomm_free(image->ctx, image, image_bytes(image->room));
}

/* The provider */

static int
no_alloc(void *data, uint64_t bytes, uint64_t max_pa, void **va, uint64_t *pa)
{
	(void)data;
	(void)bytes;
	(void)max_pa;
	(void)va;
	(void)pa;
	return -IOMM_EOPNOTSUPP;
}

static void no_free(void *data, void *va, uint64_t pa, uint64_t bytes)
{
	(void)data;
	(void)va;
	(void)pa;
	(void)bytes;
}

/* Each is given once, so that links which loop or share, and of which no dump
 * tells, come to an end. */
static void *next_table(void *data, uint64_t pa, uint64_t bytes)
{
	struct image *image = data;
	const struct table *table = &image->table[image->given];

	if (image->given == image->count || table->pa != pa ||
	    table->bytes != bytes)
		return NULL;
	image->given++;
	return table->desc;
}

static int make_memory(struct image *image, struct iomm_table_memory **memory)
{
	static const struct iomm_table_memory_ops ops = {
		.size = sizeof(ops),
		.alloc = no_alloc,
		.free = no_free,
		.to_virt = next_table,
	};

	return iomm_table_memory_make(image->ctx, &ops, image, free_image, true,
				      memory);
}

/* The tables */

static int count_tables(struct iomm_dump_reader *reader, uint32_t *count)
{
	struct iomm_dump_record record;
	int r;

	*count = 1;
	do {
		r = iomm_dump_next(reader, &record);
		if (r)
			return r;
		*count += record.kind == IOMM_DUMP_TABLE;
	} while (record.kind != IOMM_DUMP_END && *count <= MAX_TABLES);
	if (*count <= MAX_TABLES)
		return 0;
	return IOMM_FAIL(reader->ctx, IOMM_ENOSPC,
			 "the dump has more than %u tables", MAX_TABLES);
}

static int add_table(struct image *image, uint64_t pa, uint64_t bytes)
{
	struct table *table = &image->table[image->count];

	table->desc = iomm_alloc(image->ctx, bytes);
	if (!table->desc)
		return IOMM_FAIL(image->ctx, IOMM_ENOMEM,
				 "no memory for table %u of a dump, of %k",
				 image->count, bytes);
	table->pa = pa;
	table->bytes = bytes;
	image->count++;
	return 0;
}

static void write_descs(uint64_t *desc, const struct iomm_dump_record *record)
{
	uint32_t i;

	for (i = 0; i < record->count; i++)
		iomm_desc_publish(desc + record->slot + i,
				  record->desc + i * record->step);
}

static int fill(struct image *image, struct iomm_dump_reader *reader)
{
	const struct iomm_dump_header *header = &reader->header;
	uint32_t open[IOMM_DUMP_LEVELS] = { 0 }; /* by depth */
	struct iomm_dump_record record;
	int r;

	r = add_table(image, header->root_pa, header->root_bytes);
	while (!r) {
		r = iomm_dump_next(reader, &record);
		if (r || record.kind == IOMM_DUMP_END)
			break;
		write_descs(image->table[open[record.depth]].desc, &record);
		/* All tables from there on were below that one. */
		if (record.kind == IOMM_DUMP_INSTEAD)
			free_tables(image, open[record.depth + 1]);
		if (record.kind != IOMM_DUMP_TABLE)
			continue;
		open[record.depth + 1] = image->count;
		r = add_table(image, record.pa, header->granule);
	}
	return r;
}

/* Nothing of a size that the dump names is asked for before all of the dump was
 * read once. */
static int make_image(struct iomm_dump_reader *reader, struct image **out)
{
	struct iomm_ctx *ctx = reader->ctx;
	struct image *image;
	uint32_t room;
	int r = count_tables(reader, &room);

	if (r)
		return r;
	image = iomm_alloc(ctx, image_bytes(room));
	if (!image)
		return IOMM_FAIL(ctx, IOMM_ENOMEM,
				 "no memory for the %u tables of a dump", room);
	image->ctx = ctx;
	image->room = room;
	iomm_dump_rewind(reader);
	r = fill(image, reader);
	if (r)
		free_image(image);
	else
		*out = image;
	return r;
}

/* The page table */

static int adopt(const struct iomm_dump_header *header,
		 struct iomm_table_memory *memory, struct iomm_pgtable **out)
{
	const struct iomm_pgtable_config config = {
		.size = sizeof(config),
		.flags = header->flags | IOMM_PGTABLE_ADOPT,
		.granule = header->granule,
		.page_sizes = header->page_sizes,
		.ias = header->ias,
		.oas = header->oas,
		.memory = memory,
		.root_pa = header->root_pa,
	};
	int r = iomm_pgtable_create(memory->object.ctx, header->format, &config,
				    NULL, NULL, NULL, out);

	/* It links a table that it has not: the sentence says which. */
	return r == -IOMM_EFAULT ? -IOMM_EINVAL : r;
}

/* Is the table what the dump says? All of the header follows from a few of its
 * fields, and every table that it has is linked. */
static int check_same(const struct iomm_dump_reader *reader,
		      struct iomm_pgtable *pgtable, uint32_t tables)
{
	uint8_t bytes[IOMM_DUMP_HEADER_BYTES];
	struct iomm_dump_header header;
	uint32_t i = 0;
	int r = iomm_dump_describe(pgtable, &header);

	if (r)
		return r;
	iomm_dump_encode(&header, bytes);
	while (i < sizeof(bytes) && bytes[i] == reader->bytes[i])
		i++;
	if (i < sizeof(bytes))
		return IOMM_FAIL(reader->ctx, IOMM_EINVAL,
				 "byte %u of the dump is %x, and a table like "
				 "this one has %x there",
				 i, reader->bytes[i], bytes[i]);
	if (header.tables == tables)
		return 0;
	return IOMM_FAIL(reader->ctx, IOMM_EINVAL,
			 "the dump has %u tables, %u of which are linked",
			 tables, header.tables);
}

static int load(struct iomm_dump_reader *reader, struct iomm_pgtable **out)
{
	struct iomm_table_memory *memory;
	struct iomm_pgtable *pgtable;
	struct image *image = NULL;
	int r = make_image(reader, &image);

	if (r)
		return r;
	r = make_memory(image, &memory);
	if (r)
		return r;
	r = adopt(&reader->header, memory, &pgtable);
	if (!r) {
		pgtable->read_only = true;
		pgtable->warms = false;
		r = check_same(reader, pgtable, image->count);
		if (r)
			iomm_object_drop(pgtable);
		else
			*out = pgtable;
	}
	iomm_object_drop(memory);
	return r;
}

int iomm_pgtable_load(struct iomm_ctx *ctx, const void *dump, uint64_t bytes,
		      struct iomm_pgtable **out)
{
	struct iomm_dump_reader reader;
	int r;

	if (!ctx)
		return -IOMM_EINVAL;
	iomm_enter(ctx);
	r = dump && out ? iomm_dump_open(&reader, ctx, dump, bytes)
			: iomm_fail_null(ctx, "iomm_pgtable_load");
	if (!r)
		r = load(&reader, out);
	return iomm_leave(ctx, r);
}
