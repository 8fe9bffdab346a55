/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Dumps of page tables: what is written, and what becomes of it. */
#define _GNU_SOURCE /* for memmem() */
#include "unit/dump_support.h"

#include <pthread.h>
#include <unistd.h>

static void test_refuses(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *pgtable = rig_4k(rig);
	struct bytes bytes = { .used = 0 };

	assert_int_equal(iomm_pgtable_dump(NULL, IOMM_DUMP_TEXT, bytes_write,
					   &bytes),
			 -IOMM_EINVAL);
	assert_int_equal(iomm_pgtable_dump((void *)rig->memory, IOMM_DUMP_TEXT,
					   bytes_write, &bytes),
			 -IOMM_EINVAL);
	assert_fails(iomm_pgtable_dump(pgtable, 2, bytes_write, &bytes),
		     IOMM_EINVAL, rig->ctx, "no form 2");
	assert_fails(iomm_pgtable_dump(pgtable, IOMM_DUMP_BINARY, NULL, &bytes),
		     IOMM_EINVAL, rig->ctx, "NULL");
	assert_int_equal(bytes.pieces, 0);
	iomm_pgtable_put(pgtable);
}

/* What `write` answers ends the dump, wherever that is. */
static void ends_early(struct iomm_pgtable *pgtable, uint32_t form)
{
	struct bytes whole = dump_of(pgtable, form), part;
	uint32_t n;

	assert_true(whole.pieces > 2);
	for (n = 1; n <= whole.pieces; n++) {
		part = (struct bytes){ .fail_at = n,
				       .answer = n & 1 ? 7 : -IOMM_EIO };
		assert_int_equal(iomm_pgtable_dump(pgtable, form, bytes_write,
						   &part),
				 part.answer);
		assert_int_equal(part.pieces, n);
		assert_true(part.used < whole.used);
		if (part.used)
			assert_memory_equal(part.at, whole.at, part.used);
		bytes_free(&part);
	}
	bytes_free(&whole);
}

static void test_write_ends_it(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *pgtable = rig_4k(rig);
	uint64_t i;

	for (i = 0; i < 300; i++)
		map_ok(pgtable, i * 3 * 4 * KB, i * i * 4 * KB, 4 * KB, RW);
	ends_early(pgtable, IOMM_DUMP_TEXT);
	ends_early(pgtable, IOMM_DUMP_BINARY);
	iomm_pgtable_put(pgtable);
}

/* Text */

static void test_text(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *pgtable = rig_4k(rig);
	struct iomm_pgtable_info info = info_of(pgtable);
	struct bytes text;
	struct dump tables;
	char expected[1024];

	map_ok(pgtable, 0x3000, 0x80003000, 0x3000, RWC);
	assert_ok(iomm_pgtable_map(pgtable, 0x8000, 0x5000, 0x4000, RO,
				   IOMM_MAP_REPEAT, NULL));
	map_ok(pgtable, 0x10000, 0x40000, 0x20000, RW | IOMM_PROT_EXEC);
	map_ok(pgtable, 0x400000, 0, 0x600000, RW | IOMM_PROT_PRIV);
	map_ok(pgtable, 1 * GB, 4 * GB, 1 * GB, RW | IOMM_PROT_MMIO);
	text = dump_of(pgtable, IOMM_DUMP_TEXT);
	dump_table(pgtable, &tables);
	snprintf(expected, sizeof(expected),
		 "arm64-s1: granule 4 KiB, ias 39, oas 48, tables 3, coherent\n"
		 "registers 0x%llx 0x%llx 0x%llx\n"
		 "0x0..0x7fffffffff: first table 0x%llx\n"
		 "  0x0..0x3fffffff: level 2 table 0x%llx\n"
		 "    0x0..0x1fffff: level 3 table 0x%llx\n"
		 "      0x3000..0x5fff -> 0x80003000..0x80005fff rw-c-- 4 KiB "
		 "x 3\n"
		 "      0x8000..0xbfff -> 0x5000 r----- 4 KiB x 4 repeated\n"
		 "      0x10000..0x2ffff -> 0x40000..0x5ffff rwx--- 4 KiB x "
		 "32 contiguous\n"
		 "    0x400000..0x9fffff -> 0x0..0x5fffff rw---p 2 MiB x 3\n"
		 "  0x40000000..0x7fffffff -> 0x100000000..0x13fffffff rw--m- "
		 "1 GiB x 1\n",
		 (unsigned long long)info.regs[IOMM_ARM64_S1_TTBR0],
		 (unsigned long long)info.regs[IOMM_ARM64_S1_TCR],
		 (unsigned long long)info.regs[IOMM_ARM64_S1_MAIR],
		 (unsigned long long)info.root_pa,
		 (unsigned long long)tables.entries[0].paddr,
		 (unsigned long long)tables.entries[1].paddr);
	assert_true(bytes_write(&text, "", 1) == 0);
	assert_string_equal((const char *)text.at, expected);
	dump_free(&tables);
	bytes_free(&text);
	iomm_pgtable_put(pgtable);
}

/* A piece is one line, and has no zero in it. */
static int check_line(void *data, const void *piece, uint64_t count)
{
	uint32_t *lines = data;

	++*lines;
	assert_ptr_equal(memchr(piece, '\n', count),
			 (const char *)piece + count - 1);
	assert_null(memchr(piece, 0, count));
	assert_true(count < 160);
	return 0;
}

static void test_text_lines(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *pgtable;
	uint32_t lines = 0;

	pgtable = rich_table(rig, 4 * KB, 48,
			     IOMM_PGTABLE_UPPER | IOMM_PGTABLE_COHERENT |
				     IOMM_PGTABLE_HITLESS | IOMM_PGTABLE_DIRTY);
	assert_ok(
		iomm_pgtable_dump(pgtable, IOMM_DUMP_TEXT, check_line, &lines));
	assert_true(lines > 20);
	iomm_pgtable_put(pgtable);
}

/* Neighbours that differ in one thing are two lines. */
static void test_text_parts(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *pgtable = rig_4k(rig);
	struct bytes text;

	map_ok(pgtable, 0x1000, 0x1000, 0x2000, RW);
	map_ok(pgtable, 0x3000, 0x3000, 0x1000, RO);
	map_ok(pgtable, 0x4000, 0x9000, 0x1000, RO);
	map_ok(pgtable, 0x6000, 0xb000, 0x1000, RO);
	map_ok(pgtable, 0x8000, 0x8000, 0x2000, RO);
	map_ok(pgtable, 0xa000, 0x8000, 0x1000, RO);
	map_ok(pgtable, 0x1ff000, 0x1ff000, 0x1000, RO);
	map_ok(pgtable, 0x200000, 0x201000, 0x1000, RO);
	map_ok(pgtable, 0x201000, 0x201000, 0x1000, RO);
	text = dump_of(pgtable, IOMM_DUMP_TEXT);
	assert_ok(bytes_write(&text, "", 1));
#define HAS(line) assert_non_null(strstr((char *)text.at, " " line "\n"))
	HAS("0x1000..0x2fff -> 0x1000..0x2fff rw---- 4 KiB x 2");
	HAS("0x3000..0x3fff -> 0x3000..0x3fff r----- 4 KiB x 1");
	HAS("0x4000..0x4fff -> 0x9000..0x9fff r----- 4 KiB x 1");
	HAS("0x6000..0x6fff -> 0xb000..0xbfff r----- 4 KiB x 1");
	HAS("0x8000..0x9fff -> 0x8000..0x9fff r----- 4 KiB x 2");
	HAS("0xa000..0xafff -> 0x8000..0x8fff r----- 4 KiB x 1");
	HAS("0x1ff000..0x1fffff -> 0x1ff000..0x1fffff r----- 4 KiB x 1");
	HAS("0x200000..0x201fff -> 0x201000 r----- 4 KiB x 2 repeated");
#undef HAS
	bytes_free(&text);
	iomm_pgtable_put(pgtable);
}

/* Bytes */

/* The version 1 that docs/dump.md describes, written by hand. */
static void test_bytes(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *pgtable = rig_4k(rig);
	struct iomm_pgtable_info info = info_of(pgtable);
	struct bytes dump, expected = { .used = 0 };
	const char format[24] = "arm64-s1";
	struct dump entries;
	uint64_t page, block;
	uint32_t i;

	map_ok(pgtable, 1 * GB + 0x5000, 0x80000000, 0x3000, RW);
	map_ok(pgtable, 1 * GB + 0x9000, 0x10000, 0x1000, RW);
	map_ok(pgtable, 2 * GB, 0, 1 * GB, RW);
	dump_table(pgtable, &entries);
	page = raw_leaf(pgtable, 1 * GB + 0x5000);
	block = raw_leaf(pgtable, 2 * GB);

	assert_ok(bytes_write(&expected, "IOMMDUMP", 8));
	put_fixed(&expected, 1, 4);
	put_fixed(&expected, IOMM_PGTABLE_COHERENT, 4);
	assert_ok(bytes_write(&expected, format, 24));
	put_fixed(&expected, 39, 4);
	put_fixed(&expected, 48, 4);
	put_fixed(&expected, 4 * KB, 8);
	put_fixed(&expected, info.page_sizes, 8);
	put_fixed(&expected, 0, 8);
	put_fixed(&expected, info.root_pa, 8);
	put_fixed(&expected, 4 * KB, 4);
	put_fixed(&expected, 3, 1);  /* levels */
	put_fixed(&expected, 3, 1);  /* descriptors of 8 bytes, */
	put_fixed(&expected, 9, 1);  /* 512 of them in a table, */
	put_fixed(&expected, 12, 1); /* for 4 KiB each */
	for (i = 0; i < 8; i++)
		put_fixed(&expected, info.regs[i], 8);
	put_table(&expected, 0, 1, entries.entries[0].paddr,
		  entries.entries[0].raw);
	put_table(&expected, 1, 0, entries.entries[1].paddr,
		  entries.entries[1].raw);
	put_run(&expected, 2, 5, (int64_t)page, 3, 0x1000);
	put_leaf(&expected, 2, 1, 0x10000 - 0x80002000ll);
	put_leaf(&expected, 0, 0, (int64_t)(block - (page - 0x7fff0000)));
	put_end(&expected);

	dump = dump_of(pgtable, IOMM_DUMP_BINARY);
	assert_same(&dump, &expected);
	dump_free(&entries);
	bytes_free(&expected);
	bytes_free(&dump);
	iomm_pgtable_put(pgtable);
}

/* 512 pages that go on cost as much as one or two. */
static void test_small(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *pgtable = rig_table(rig, 4 * KB, 39, 0);
	struct bytes empty = dump_of(pgtable, IOMM_DUMP_BINARY), full;

	assert_int_equal(empty.used, 157);
	assert_ok(iomm_pgtable_map(pgtable, 0, 0x1000, 2 * MB, RW,
				   IOMM_MAP_PAGE(12), NULL));
	full = dump_of(pgtable, IOMM_DUMP_BINARY);
	assert_true(full.used <= empty.used + 2 * 11 + 14);
	bytes_free(&empty);
	bytes_free(&full);
	iomm_pgtable_put(pgtable);
}

/* There and back */

static void assert_same_entries(struct iomm_pgtable *a, struct iomm_pgtable *b)
{
	struct dump before;

	dump_table(a, &before);
	assert_unchanged(b, &before);
}

static void assert_same_info(struct iomm_pgtable *a, struct iomm_pgtable *b)
{
	struct iomm_pgtable_info x = info_of(a), y = info_of(b);

	assert_int_equal(y.flags, x.flags | IOMM_PGTABLE_ADOPT);
	assert_int_equal(y.foreign, x.tables);
	y.flags = x.flags;
	x.foreign = y.foreign;
	x.spare = y.spare;
	assert_memory_equal(&x, &y, sizeof(x));
}

static void there_and_back(struct rig *rig, struct iomm_pgtable *pgtable)
{
	struct bytes dump = dump_of(pgtable, IOMM_DUMP_BINARY), again;
	struct iomm_pgtable *loaded = NULL;

	assert_ok(load_bytes(rig, dump.at, dump.used, &loaded));
	again = dump_of(loaded, IOMM_DUMP_BINARY);
	assert_same(&dump, &again);
	assert_same_entries(pgtable, loaded);
	assert_same_info(pgtable, loaded);
	bytes_free(&again);
	bytes_free(&dump);
	iomm_pgtable_put(loaded);
}

static const struct shape {
	uint64_t granule;
	uint32_t ias, flags;
} shapes[] = {
	{ 4 * KB, 25, 0 },
	{ 4 * KB, 30, IOMM_PGTABLE_UPPER },
	{ 4 * KB, 39, IOMM_PGTABLE_COHERENT },
	{ 4 * KB, 48, IOMM_PGTABLE_UPPER | IOMM_PGTABLE_COHERENT },
	{ 4 * KB, 48, IOMM_PGTABLE_DIRTY | IOMM_PGTABLE_COHERENT },
	{ 16 * KB, 36, IOMM_PGTABLE_NS },
	{ 16 * KB, 47, IOMM_PGTABLE_COHERENT },
	{ 16 * KB, 48, IOMM_PGTABLE_UPPER | IOMM_PGTABLE_HITLESS },
	{ 64 * KB, 30, 0 },
	{ 64 * KB, 42, IOMM_PGTABLE_COHERENT },
	{ 64 * KB, 48, IOMM_PGTABLE_UPPER },
};

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static void test_shapes(void **state)
{
	struct rig *rig = *state;
	const struct shape *shape;
	struct iomm_pgtable *pgtable;

	for (shape = shapes; shape < shapes + LENGTH(shapes); shape++) {
		pgtable = rig_table(rig, shape->granule, shape->ias,
				    shape->flags);
		there_and_back(rig, pgtable);
		iomm_pgtable_put(pgtable);
		pgtable = rich_table(rig, shape->granule, shape->ias,
				     shape->flags);
		assert_true(info_of(pgtable).tables > 1);
		there_and_back(rig, pgtable);
		iomm_pgtable_put(pgtable);
	}
}

/* What is asked of a loaded table is answered as it was before. */
static void test_loaded_is_looked_at(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *pgtable = rich_table(rig, 4 * KB, 39, 0), *loaded;
	struct bytes dump = dump_of(pgtable, IOMM_DUMP_BINARY);
	struct iomm_translation a = { .size = sizeof(a) }, b = a;
	struct iomm_extent extents[2][64];
	uint32_t counts[2] = { 64, 64 };
	uint64_t iova;

	assert_ok(load_bytes(rig, dump.at, dump.used, &loaded));
	for (iova = 0; iova < 1 * GB; iova += iova < 4 * MB ? 0x800 : 0x90800) {
		assert_int_equal(iomm_pgtable_translate(pgtable, iova, &a),
				 iomm_pgtable_translate(loaded, iova, &b));
		assert_memory_equal(&a, &b, sizeof(a));
	}
	assert_ok(iomm_pgtable_extents(pgtable, 0, UINT64_MAX, extents[0],
				       sizeof(extents[0][0]), &counts[0]));
	assert_ok(iomm_pgtable_extents(loaded, 0, UINT64_MAX, extents[1],
				       sizeof(extents[0][0]), &counts[1]));
	assert_int_equal(counts[0], counts[1]);
	assert_true(counts[0] > 10);
	assert_memory_equal(extents[0], extents[1],
			    counts[0] * sizeof(extents[0][0]));
	bytes_free(&dump);
	iomm_pgtable_put(pgtable);
	iomm_pgtable_put(loaded);
}

/* What would change it is refused, and it is as before. */
static void test_loaded_is_not_changed(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *pgtable = rig_table(rig, 4 * KB, 39, 0), *loaded;
	struct bytes dump;
	struct dump before;
	struct iomm_gather gather;
	struct iomm_extent extent;
	struct iomm_segment segment = { 0x1000, 0x1000 };
	uint64_t bitmap[8];
	uint64_t done = 9;
	uint32_t count = 1;

	map_ok(pgtable, 0x1000, 0x1000, 0x1000, RW);
	map_ok(pgtable, 2 * MB, 2 * MB, 2 * MB, RW);
	dump = dump_of(pgtable, IOMM_DUMP_BINARY);
	assert_ok(load_bytes(rig, dump.at, dump.used, &loaded));
	dump_table(loaded, &before);
	iomm_gather_init(&gather);
#define REFUSED(call) assert_fails(call, IOMM_EOPNOTSUPP, rig->ctx, "dump")
	REFUSED(iomm_pgtable_map(loaded, 0, 0, 0x1000, RW, 0, &done));
	assert_int_equal(done, 0);
	REFUSED(iomm_pgtable_map(loaded, 8 * GB, 0, 0x1000, RW, 0, NULL));
	REFUSED(iomm_pgtable_map_segments(loaded, 0, &segment, 1,
					  sizeof(segment), RW, 0, NULL));
	REFUSED(iomm_pgtable_unmap(loaded, 0x1000, 0x1000, &gather, &done));
	REFUSED(iomm_pgtable_unmap_extents(loaded, 0x1000, 0x1000, &gather,
					   &extent, sizeof(extent), &count));
	REFUSED(iomm_pgtable_protect(loaded, 0x1000, 0x1000, RO, &gather,
				     NULL));
	REFUSED(iomm_pgtable_split(loaded, 2 * MB, 2 * MB, 0x1000));
	REFUSED(iomm_pgtable_merge(loaded, 0, 2 * MB, &gather));
	assert_int_equal(iomm_pgtable_read_and_clear_dirty(loaded, 0, 2 * MB, 0,
							   bitmap, 8, &gather),
			 -IOMM_EOPNOTSUPP);
#undef REFUSED
	assert_ok(iomm_gather_flush(&gather));
	assert_unchanged(loaded, &before);
	bytes_free(&dump);
	iomm_pgtable_put(pgtable);
	iomm_pgtable_put(loaded);
}

/* While others change it */

struct change {
	struct bytes bytes;
	int result;
	struct iomm_pgtable *pgtable;
	uint32_t after; /* so many pieces */
};

/* Puts a block in the place of a table. */
static void *replace(void *data)
{
	struct change *change = data;
	struct iomm_gather gather;
	int r;

	iomm_gather_init(&gather);
	r = iomm_pgtable_unmap(change->pgtable, 0, 2 * MB, &gather, NULL);
	if (!r)
		r = iomm_gather_flush(&gather);
	if (!r)
		r = iomm_pgtable_map(change->pgtable, 0, 1 * GB, 2 * MB, RW, 0,
				     NULL);
	change->result = r;
	return NULL;
}

static int write_and_change(void *data, const void *piece, uint64_t count)
{
	struct change *change = data;
	pthread_t thread;

	if (change->bytes.pieces == change->after) {
		assert_ok(pthread_create(&thread, NULL, replace, change));
		assert_ok(pthread_join(thread, NULL));
	}
	return bytes_write(&change->bytes, piece, count);
}

/* 200 pages that do not go on, which somebody replaces during the dump. */
static struct bytes
dump_changing(struct rig *rig, uint32_t form, uint32_t after)
{
	struct iomm_pgtable *pgtable =
		rig_table(rig, 4 * KB, 39,
			  IOMM_PGTABLE_SHARED | IOMM_PGTABLE_COHERENT);
	struct change change = { .pgtable = pgtable,
				 .after = after,
				 .result = 1 };
	uint64_t i;

	for (i = 0; i < 200; i++)
		map_ok(pgtable, i * 8 * KB, i * i * 4 * KB, 4 * KB, RO);
	map_ok(pgtable, 4 * MB, 2 * MB, 2 * MB, RO);
	assert_ok(iomm_pgtable_dump(pgtable, form, write_and_change, &change));
	assert_ok(change.result);
	iomm_pgtable_put(pgtable);
	return change.bytes;
}

static void test_changed_meanwhile(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *loaded;
	struct bytes bytes = dump_changing(rig, IOMM_DUMP_BINARY, 1);

	assert_ok(load_bytes(rig, bytes.at, bytes.used, &loaded));
	assert_maps(loaded, 0, 1 * GB, 2 * MB);
	assert_maps(loaded, 4 * MB, 2 * MB, 2 * MB);
	assert_int_equal(info_of(loaded).tables, 2);
	iomm_pgtable_put(loaded);
	bytes_free(&bytes);
}

static void test_changed_meanwhile_text(void **state)
{
	struct rig *rig = *state;
	struct bytes text = dump_changing(rig, IOMM_DUMP_TEXT, 50);
	static const char end[] =
		"      0x5c000..0x5cfff -> 0x844000..0x844fff r----- 4 KiB x "
		"1\n"
		"    0x0..0x1fffff -> 0x40000000..0x401fffff rw---- 2 MiB x "
		"1\n"
		"    0x400000..0x5fffff -> 0x200000..0x3fffff r----- 2 MiB x "
		"1\n";

	assert_ok(bytes_write(&text, "", 1));
	assert_non_null(strstr((const char *)text.at, end));
	bytes_free(&text);
}

/* A reader that knows only the documentation */

static void write_file(int file, const struct bytes *bytes)
{
	assert_int_equal(write(file, bytes->at, bytes->used), bytes->used);
	close(file);
}

/* The lines of leaves, without their indentation. */
static void assert_leaves(const struct bytes *text, FILE *lines)
{
	const char *at = (const char *)text->at, *end = at + text->used;
	char line[256];

	for (; at < end; at = strchr(at, '\n') + 1) {
		at += strspn(at, " ");
		if (!memmem(at, (size_t)(strchr(at, '\n') - at), " -> ", 4))
			continue;
		assert_non_null(fgets(line, sizeof(line), lines));
		assert_memory_equal(at, line, strlen(line));
	}
	assert_null(fgets(line, sizeof(line), lines));
}

static void test_python(void **state)
{
	struct rig *rig = *state;
	const struct shape *shape;
	struct iomm_pgtable *pgtable;
	struct bytes text, dump;
	char name[] = "/tmp/iomm-dump-XXXXXX", command[128];
	FILE *lines;

	for (shape = shapes; shape < shapes + LENGTH(shapes); shape += 3) {
		pgtable = rich_table(rig, shape->granule, shape->ias,
				     shape->flags);
		text = dump_of(pgtable, IOMM_DUMP_TEXT);
		dump = dump_of(pgtable, IOMM_DUMP_BINARY);
		strcpy(name, "/tmp/iomm-dump-XXXXXX");
		write_file(mkstemp(name), &dump);
		snprintf(command, sizeof(command),
			 "python3 tests/unit/read_dump.py %s", name);
		lines = popen(command, "r");
		assert_leaves(&text, lines);
		assert_int_equal(pclose(lines), 0);
		unlink(name);
		bytes_free(&text);
		bytes_free(&dump);
		iomm_pgtable_put(pgtable);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_refuses),
		RIG_TEST(test_write_ends_it),
		RIG_TEST(test_text),
		RIG_TEST(test_text_lines),
		RIG_TEST(test_text_parts),
		RIG_TEST(test_bytes),
		RIG_TEST(test_small),
		RIG_TEST(test_shapes),
		RIG_TEST(test_loaded_is_looked_at),
		RIG_TEST(test_loaded_is_not_changed),
		RIG_TEST(test_changed_meanwhile),
		RIG_TEST(test_changed_meanwhile_text),
		RIG_TEST(test_python),
	};

	return cmocka_run_group_tests_name("dump", tests, NULL, NULL);
}
