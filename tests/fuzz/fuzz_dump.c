/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The input is a dump of a page table that anybody may have written: a whole
 * one, when it begins like one, else a byte that chooses a header, and records.
 * It is loaded as it is, and with its checksum made right. What can be loaded
 * is a page table that only answers questions, and its own dump makes the same
 * table again.
 */
#include "fuzz/fuzz.h"

#define CRC_BYTES 4u
#define LOOKS	  64u
/* Where the first table is said to be. */
#define TABLES	  0xc0000000u

struct bytes {
	uint8_t *at;
	size_t used, room;
};

static int write_bytes(void *data, const void *piece, uint64_t count)
{
	struct bytes *bytes = data;

	REQUIRE(count > 0);
	while (bytes->room < bytes->used + count) {
		bytes->room = bytes->room ? 2 * bytes->room : 1024;
		bytes->at = realloc(bytes->at, bytes->room);
		REQUIRE(bytes->at != NULL);
	}
	memcpy(bytes->at + bytes->used, piece, (size_t)count);
	bytes->used += (size_t)count;
	return 0;
}

static int check_line(void *data, const void *piece, uint64_t count)
{
	(void)data;
	REQUIRE(count > 0 && count < 256);
	REQUIRE(!memchr(piece, 0, (size_t)count));
	REQUIRE(memchr(piece, '\n', (size_t)count) ==
		(const char *)piece + count - 1);
	return 0;
}

static struct bytes dump(struct iomm_pgtable *pgtable)
{
	struct bytes bytes = { .used = 0 };

	REQUIRE(!iomm_pgtable_dump(pgtable, IOMM_DUMP_TEXT, check_line, NULL));
	REQUIRE(!iomm_pgtable_dump(pgtable, IOMM_DUMP_BINARY, write_bytes,
				   &bytes));
	return bytes;
}

UNTRACED static void seal(uint8_t *bytes, size_t size)
{
	size_t end = size - CRC_BYTES, n;
	uint32_t crc = UINT32_MAX, bit;

	for (n = 0; n < end; n++) {
		crc ^= bytes[n];
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	for (n = 0; n < CRC_BYTES; n++)
		bytes[end + n] = (uint8_t)(~crc >> (8 * n));
}

/* It does not change. */
static void check_refusals(struct world *w, struct iomm_pgtable *pgtable)
{
	struct iomm_pgtable_info info = { .size = sizeof(info) };
	struct iomm_gather gather;
	uint64_t page;

	REQUIRE(!iomm_pgtable_info(pgtable, &info));
	page = info.page_sizes & (~info.page_sizes + 1);
	iomm_gather_init(&gather);
	REQUIRE(checked(w, iomm_pgtable_map(pgtable, info.first_iova, 0, page,
					    IOMM_PROT_READ, 0, NULL)) ==
		-IOMM_EOPNOTSUPP);
	REQUIRE(checked(w, iomm_pgtable_unmap(pgtable, info.first_iova, page,
					      &gather, NULL)) ==
		-IOMM_EOPNOTSUPP);
	REQUIRE(!iomm_gather_flush(&gather));
}

/* Two tables translate alike what the input says, and around it. */
static void
check_alike(struct iomm_pgtable *a, struct iomm_pgtable *b, struct input in)
{
	struct iomm_translation x = { .size = sizeof(x) }, y = x;
	struct iomm_pgtable_info info = { .size = sizeof(info) };
	uint64_t iova;
	uint32_t n;

	REQUIRE(!iomm_pgtable_info(a, &info));
	for (n = 0; n < LOOKS; n++) {
		iova = info.first_iova + (take(&in, 4) << n % 36);
		REQUIRE(iomm_pgtable_translate(a, iova, &x) ==
			iomm_pgtable_translate(b, iova, &y));
		REQUIRE(!memcmp(&x, &y, sizeof(x)));
	}
}

/* Its own dump is loaded again, and is the same then. */
static void
check_loaded(struct world *w, struct iomm_pgtable *pgtable, struct input in)
{
	struct bytes first = dump(pgtable), second;
	struct iomm_pgtable *again = NULL;

	REQUIRE(!iomm_pgtable_load(w->ctx, first.at, first.used, &again));
	second = dump(again);
	REQUIRE(first.used == second.used &&
		!memcmp(first.at, second.at, first.used));
	check_refusals(w, again);
	check_alike(pgtable, again, in);
	iomm_pgtable_put(again);
	free(first.at);
	free(second.at);
}

/* The bytes are in memory of exactly their length. */
static void load(struct world *w, const uint8_t *bytes, size_t size)
{
	struct iomm_pgtable *pgtable = NULL;
	int err;

	/* The planted mistake: a dump that is longer than it is. */
	err = checked(w, iomm_pgtable_load(w->ctx, bytes,
					   size + (FUZZ_PLANTED ? 1 : 0),
					   &pgtable));
	REQUIRE(!err == !!pgtable);
	REQUIRE(!err || err == -IOMM_EINVAL || err == -IOMM_ENOENT ||
		err == -IOMM_EOPNOTSUPP);
	if (!err)
		check_loaded(w, pgtable, (struct input){ bytes, size });
	iomm_pgtable_put(pgtable);
}

static void load_dump(struct world *w, const uint8_t *bytes, size_t size)
{
	uint8_t *copy = allocate(size);

	memcpy(copy, bytes, size);
	load(w, copy, size);
	if (size >= CRC_BYTES) {
		seal(copy, size);
		load(w, copy, size);
	}
	free(copy);
}

/* Headers of empty tables, as they are now, so that a corpus stays good. */

static const struct {
	uint32_t granule, ias, flags;
} shapes[] = {
	{ 0x1000, 39, IOMM_PGTABLE_COHERENT },
	{ 0x1000, 48, IOMM_PGTABLE_UPPER },
	{ 0x4000, 47, 0 },
	{ 0x10000, 30, IOMM_PGTABLE_HITLESS },
	{ 0x10000, 42, 0 },
};

static struct bytes empty_dump(struct world *w, uint8_t how)
{
	static _Alignas(0x10000) uint8_t ram[0x10000];
	struct iomm_pgtable_config config = { .size = sizeof(config) };
	struct iomm_pgtable *pgtable = NULL;
	struct bytes bytes;

	how = (uint8_t)(how % LENGTH(shapes));
	config.granule = shapes[how].granule;
	config.ias = shapes[how].ias;
	config.flags = shapes[how].flags;
	REQUIRE(!iomm_table_memory_create_arena(w->ctx, ram, TABLES,
						sizeof(ram), NULL, NULL,
						&config.memory));
	REQUIRE(!iomm_pgtable_create(w->ctx, "arm64-s1", &config, NULL, NULL,
				     NULL, &pgtable));
	bytes = dump(pgtable);
	iomm_pgtable_put(pgtable);
	iomm_table_memory_put(config.memory);
	return bytes;
}

static void load_records(struct world *w, const uint8_t *bytes, size_t size)
{
	static const uint8_t end[1 + CRC_BYTES];
	struct bytes whole = empty_dump(w, size ? *bytes : 0);

	whole.used -= sizeof(end);
	if (size > 1)
		(void)write_bytes(&whole, bytes + 1, size - 1);
	(void)write_bytes(&whole, end, sizeof(end));
	load_dump(w, whole.at, whole.used);
	free(whole.at);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct world w;

	world_begin(&w);
	if (size && *bytes == 'I')
		load_dump(&w, bytes, size);
	else
		load_records(&w, bytes, size);
	world_end(&w);
	return 0;
}
