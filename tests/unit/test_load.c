/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Loading what is no dump, a damaged one, or one that somebody wrote to do
 * harm. */
#include <iomm/format_ops.h>

#include "unit/dump_support.h"

#define HEADER 152u
#define ROOT   TABLES_PA
#define OTHER  (TABLES_PA + TABLE_SLOT)

/* The header of a dump of a table at ROOT. */
static struct bytes header(struct rig *rig, uint64_t granule, uint32_t ias)
{
	struct iomm_pgtable *pgtable =
		rig_table(rig, granule, ias, IOMM_PGTABLE_COHERENT);
	struct bytes bytes = dump_of(pgtable, IOMM_DUMP_BINARY);

	assert_int_equal(info_of(pgtable).root_pa, ROOT);
	iomm_pgtable_put(pgtable);
	bytes.used = HEADER;
	return bytes;
}

static uint32_t handles(struct rig *rig)
{
	return iomm_ctx_live_handles(rig->ctx, IOMM_HANDLE_ANY);
}

static void
refused(struct rig *rig, struct bytes *bytes, int code, const char *part)
{
	struct iomm_pgtable *none = (void *)rig, *pgtable = none;
	uint32_t live = handles(rig);

	assert_fails(load_bytes(rig, bytes->at, bytes->used, &pgtable), code,
		     rig->ctx, part);
	assert_ptr_equal(pgtable, none);
	assert_int_equal(handles(rig), live);
	bytes_free(bytes);
}

static void test_arguments(void **state)
{
	struct rig *rig = *state;
	struct bytes bytes = header(rig, 4 * KB, 39);
	struct iomm_pgtable *pgtable = NULL;

	put_end(&bytes);
	assert_int_equal(iomm_pgtable_load(NULL, bytes.at, bytes.used,
					   &pgtable),
			 -IOMM_EINVAL);
	assert_fails(iomm_pgtable_load(rig->ctx, NULL, bytes.used, &pgtable),
		     IOMM_EINVAL, rig->ctx, "NULL");
	assert_fails(iomm_pgtable_load(rig->ctx, bytes.at, bytes.used, NULL),
		     IOMM_EINVAL, rig->ctx, "NULL");
	assert_null(pgtable);
	assert_ok(iomm_pgtable_load(rig->ctx, bytes.at, bytes.used, &pgtable));
	iomm_pgtable_put(pgtable);
	bytes_free(&bytes);
}

/* The header */

/* Byte `at` of the header becomes `value`. */
static void refused_as(struct rig *rig, struct bytes bytes, uint32_t at,
		       uint8_t value, int code, const char *part)
{
	put_end(&bytes);
	bytes.at[at] = value;
	seal(bytes.at, bytes.used);
	refused(rig, &bytes, code, part);
}

static void refused_with(struct rig *rig, uint32_t at, uint8_t value, int code,
			 const char *part)
{
	refused_as(rig, header(rig, 4 * KB, 39), at, value, code, part);
}

static void test_header(void **state)
{
	struct rig *rig = *state;

	refused_with(rig, 0, 'i', IOMM_EINVAL, "no dump");
	refused_with(rig, 8, 2, IOMM_EOPNOTSUPP, "version 2");
	refused_with(rig, 12, 1 | IOMM_PGTABLE_SHARED, IOMM_EINVAL, "0x4");
	refused_with(rig, 15, 0x80, IOMM_EINVAL, "flags of the dump");
	refused_with(rig, 16, 'x', IOMM_ENOENT, "xrm64-s1");
	refused_with(rig, 39, 'x', IOMM_EINVAL, "name without an end");
	refused_with(rig, 30, 'x', IOMM_EINVAL, "byte 30 of the dump is 0x78");
	refused_with(rig, 40, 0, IOMM_EINVAL, "byte 40 of the dump is 0x0");
	refused_with(rig, 40, 63, IOMM_EINVAL, "ias 63");
	refused_with(rig, 44, 53, IOMM_EINVAL, "oas 53");
	refused_with(rig, 49, 0x11, IOMM_EINVAL, "tables of");
	refused_with(rig, 49, 0x20, IOMM_EINVAL, "granule");
	refused_with(rig, 50, 2, IOMM_EINVAL, "tables of");
	refused_as(rig, header(rig, 64 * KB, 42), 50, 2, IOMM_EINVAL,
		   "tables of 128 KiB");
	refused_with(rig, 57, 0x11, IOMM_EINVAL, "page sizes 0x442211100");
	refused_with(rig, 66, 1, IOMM_EINVAL, "byte 66");
	refused_with(rig, 72, 8, IOMM_EINVAL, "");
	refused_with(rig, 80, 4, IOMM_EINVAL, "first one");
	refused_with(rig, 81, 0x20, IOMM_EINVAL, "no memory for tables");
	refused_with(rig, 83, 1, IOMM_EINVAL, "first one");
	refused_with(rig, 84, 0, IOMM_EINVAL, "0 levels");
	refused_with(rig, 84, 4, IOMM_EINVAL, "byte 84");
	refused_with(rig, 84, 9, IOMM_EINVAL, "9 levels");
	refused_with(rig, 85, 2, IOMM_EOPNOTSUPP, "2^2 bytes");
	refused_with(rig, 86, 8, IOMM_EINVAL, "byte 86");
	refused_with(rig, 87, 13, IOMM_EINVAL, "byte 87");
	refused_with(rig, 88, 1, IOMM_EINVAL, "byte 88");
	refused_with(rig, 151, 1, IOMM_EINVAL, "byte 151");
}

/* A dump of a format that others may still bring. */
static void test_format_to_come(void **state)
{
	struct rig *rig = *state;

	assert_ok(iomm_format_announce(rig->ctx, "xrm64-s1", IOMM_FOREVER, NULL,
				       NULL, NULL));
	refused_with(rig, 16, 'x', IOMM_EPROBE_DEFER, "xrm64-s1");
	assert_ok(iomm_formats_seal(rig->ctx));
	refused_with(rig, 16, 'x', IOMM_ENOENT, "xrm64-s1");
}

/* Records */

/* A dump of these records is refused. */
#define REFUSED(part, ...)                                 \
	do {                                               \
		bytes = header(rig, 4 * KB, 39);           \
		__VA_ARGS__;                               \
		put_end(&bytes);                           \
		refused(rig, &bytes, IOMM_EINVAL, (part)); \
	} while (0)

static void test_records(void **state)
{
	struct rig *rig = *state;
	struct bytes bytes;

	REFUSED("has not begun", put_leaf(&bytes, 1, 0, 1));
	REFUSED("has not begun", put_leaf(&bytes, 31, 0, 1));
	REFUSED("has not begun", put_table(&bytes, 0, 0, OTHER, OTHER | 3);
		put_leaf(&bytes, 0, 0, 0); put_leaf(&bytes, 1, 0, 0));
	REFUSED("beyond the end", put_leaf(&bytes, 0, 512, 1));
	REFUSED("beyond the end", put_leaf(&bytes, 0, UINT64_MAX, 1));
	REFUSED("beyond the end", put_leaf(&bytes, 0, 511, 0);
		put_leaf(&bytes, 0, 0, 0));
	REFUSED("beyond the end", put_leaf(&bytes, 0, 511, 0);
		put_table(&bytes, 0, 0, OTHER, OTHER | 3));
	REFUSED("a run that is", put_run(&bytes, 0, 0, 0, 0, 0));
	REFUSED("a run that is", put_run(&bytes, 0, 0, 0, 1, 0));
	REFUSED("a run that is", put_run(&bytes, 0, 0, 0, 513, 0));
	REFUSED("a run that is", put_run(&bytes, 0, 500, 0, 13, 0));
	REFUSED("a run that is", put_run(&bytes, 0, 1, 0, UINT64_MAX, 1));
	REFUSED("below the last level",
		put_table(&bytes, 0, 0, OTHER, OTHER | 3);
		put_table(&bytes, 1, 0, OTHER + 1, OTHER | 3);
		put_table(&bytes, 2, 0, OTHER + 2, OTHER | 3));
	/* 65 bits, and a number that goes on. */
	REFUSED("64 bits", put_fixed(&bytes, 2, 1);
		put_fixed(&bytes, UINT64_MAX, 8); put_fixed(&bytes, 0x2ff, 2));
	REFUSED("64 bits", put_fixed(&bytes, 2, 1);
		put_fixed(&bytes, UINT64_MAX, 8); put_fixed(&bytes, 0x80ff, 2));
	REFUSED("an end within", put_fixed(&bytes, 0, 1));
	REFUSED("an end within", put_fixed(&bytes, 8, 1));
	REFUSED("a kind that there is not", put_fixed(&bytes, 5, 2));
	REFUSED("a kind that there is not", put_fixed(&bytes, 7, 2));
	REFUSED("instead of no table", put_instead(&bytes, 0, 0));
	REFUSED("instead of no table", put_instead(&bytes, 31, 0));
	REFUSED("instead of no table",
		put_table(&bytes, 0, 0, OTHER, OTHER | 3);
		put_leaf(&bytes, 0, 0, 0); put_instead(&bytes, 0, 0));
	REFUSED("instead of no table",
		put_table(&bytes, 0, 0, OTHER, OTHER | 3);
		put_instead(&bytes, 0, 0); put_instead(&bytes, 0, 0));
	REFUSED("instead of no table",
		put_table(&bytes, 0, 0, OTHER, OTHER | 3);
		put_instead(&bytes, 1, 0));
	/* No end at all. */
	bytes = header(rig, 4 * KB, 39);
	put_leaf(&bytes, 0, 5, 0x401);
	put_fixed(&bytes, 0, 4);
	seal(bytes.at, bytes.used);
	refused(rig, &bytes, IOMM_EINVAL, "it ends within a record");
}

/* The records are right, and make no page table. */
static void test_tables(void **state)
{
	struct rig *rig = *state;
	struct bytes bytes;

	/* A link to nowhere, hidden as a leaf. */
	REFUSED("no memory for tables at 0xc0010000",
		put_leaf(&bytes, 0, 0, (int64_t)OTHER | 3));
	/* To itself, which would not end. */
	REFUSED("no memory for tables at 0xc0000000",
		put_run(&bytes, 0, 0, (int64_t)ROOT | 3, 512, 0));
	/* Twice to one table, which would grow with the power of the levels. */
	REFUSED("no memory for tables at 0xc0010000",
		put_table(&bytes, 0, 0, OTHER, OTHER | 3);
		put_run(&bytes, 0, 0, (int64_t)OTHER | 3, 511, 0));
	/* A table to which the descriptor does not lead. */
	REFUSED("no memory for tables at 0xc0010000",
		put_table(&bytes, 0, 0, OTHER + 0x1000, OTHER | 3));
	REFUSED("2 tables, 1 of which are linked",
		put_table(&bytes, 0, 0, OTHER, 0));
	REFUSED("2 tables, 1 of which are linked",
		put_table(&bytes, 0, 0, OTHER, (uint64_t)1 << 30 | 0x401));
}

/* A table that moved while it was dumped is there twice. */
static void test_table_seen_twice(void **state)
{
	struct rig *rig = *state;
	struct bytes bytes = header(rig, 4 * KB, 39), again;
	struct iomm_pgtable *pgtable;

	put_table(&bytes, 0, 0, OTHER, OTHER | 3);
	put_leaf(&bytes, 1, 0, 0x200000 | 0x401);
	put_table(&bytes, 0, 0, OTHER, OTHER | 3);
	put_leaf(&bytes, 1, 7, 0x200000);
	put_end(&bytes);
	assert_ok(load_bytes(rig, bytes.at, bytes.used, &pgtable));
	assert_maps(pgtable, 0, 0x200000, 2 * MB);
	assert_maps(pgtable, 1 * GB + 14 * MB, 0x400000, 2 * MB);
	again = dump_of(pgtable, IOMM_DUMP_BINARY);
	assert_same(&bytes, &again);
	bytes_free(&again);
	bytes_free(&bytes);
	iomm_pgtable_put(pgtable);
}

/* A leaf instead of a table takes with it all that the table had. */
static void test_leaf_instead(void **state)
{
	struct rig *rig = *state;
	struct bytes bytes = header(rig, 4 * KB, 39),
		     expected = header(rig, 4 * KB, 39), again;
	struct iomm_pgtable *pgtable;

	put_table(&bytes, 0, 1, OTHER, OTHER | 3);
	put_leaf(&bytes, 1, 0, 0x200000 | 0x401);
	put_table(&bytes, 1, 2, OTHER + 0x1000, (OTHER + 0x1000) | 3);
	put_run(&bytes, 2, 0, 2, 9, 0x1000);
	put_instead(&bytes, 0, 1 * GB - 0x208002);
	put_table(&bytes, 0, 0, OTHER, OTHER | 3);
	put_leaf(&bytes, 1, 3, 0x200000);
	put_end(&bytes);
	put_leaf(&expected, 0, 1, 1 * GB | 0x401);
	put_table(&expected, 0, 0, OTHER, OTHER | 3);
	put_leaf(&expected, 1, 3, 0x200000);
	put_end(&expected);
	assert_ok(load_bytes(rig, bytes.at, bytes.used, &pgtable));
	assert_maps(pgtable, 1 * GB, 1 * GB, 1 * GB);
	again = dump_of(pgtable, IOMM_DUMP_BINARY);
	assert_same(&expected, &again);
	bytes_free(&again);
	bytes_free(&expected);
	bytes_free(&bytes);
	iomm_pgtable_put(pgtable);
}

/* As many tables as there may be, and one. */
static void test_too_many_tables(void **state)
{
	const uint32_t most = 1u << 20;
	struct rig *rig = *state;
	struct bytes bytes = header(rig, 4 * KB, 48);
	struct bytes table[3] = { { .used = 0 } };
	uint32_t count, depth;

	for (depth = 0; depth < 3; depth++)
		put_table(&table[depth], depth, 0, OTHER, OTHER | 3);
	/* 512 below each of those that 512 below the first one have. */
	for (count = 0; count < most; count++) {
		depth = count % (513 * 512 + 1);
		depth = !depth ? 0 : depth % 513 == 1 ? 1 : 2;
		assert_ok(bytes_write(&bytes, table[depth].at,
				      table[depth].used));
	}
	put_end(&bytes);
	refused(rig, &bytes, IOMM_ENOSPC, "more than 1048576 tables");
	for (depth = 0; depth < 3; depth++)
		bytes_free(&table[depth]);
}

/* Damage */

/* Is refused, or is a page table like any other. */
static void survives(struct rig *rig, const void *dump, uint64_t count)
{
	struct iomm_pgtable *pgtable = NULL;
	uint32_t live = handles(rig);
	struct bytes again;
	int r = load_bytes(rig, dump, count, &pgtable);

	if (!r) {
		again = dump_of(pgtable, IOMM_DUMP_BINARY);
		bytes_free(&again);
	} else {
		assert_null(pgtable);
		assert_true(r == -IOMM_EINVAL || r == -IOMM_ENOENT ||
			    r == -IOMM_EOPNOTSUPP);
		assert_says(rig->ctx, "");
	}
	iomm_pgtable_put(pgtable);
	assert_int_equal(handles(rig), live);
}

static void test_damage(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *pgtable = rich_table(rig, 4 * KB, 39, 0), *none;
	struct bytes dump = dump_of(pgtable, IOMM_DUMP_BINARY);
	uint64_t at;
	uint32_t bit;

	iomm_pgtable_put(pgtable);
	for (at = 0; at < dump.used; at++) {
		for (bit = 0; bit < 8; bit++) {
			dump.at[at] ^= (uint8_t)(1u << bit);
			assert_true(load_bytes(rig, dump.at, dump.used, &none) <
				    0);
			seal(dump.at, dump.used);
			survives(rig, dump.at, dump.used);
			dump.at[at] ^= (uint8_t)(1u << bit);
			seal(dump.at, dump.used);
		}
	}
	survives(rig, dump.at, dump.used);
	bytes_free(&dump);
}

static void test_cut_short(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *pgtable = rich_table(rig, 4 * KB, 39, 0), *none;
	struct bytes dump = dump_of(pgtable, IOMM_DUMP_BINARY);
	uint8_t *part = malloc(dump.used + 1);
	uint64_t bytes;

	iomm_pgtable_put(pgtable);
	for (bytes = 0; bytes <= dump.used + 1; bytes++) {
		memset(part, 0, dump.used + 1);
		memcpy(part, dump.at, bytes < dump.used ? bytes : dump.used);
		if (bytes == dump.used)
			continue;
		assert_int_equal(load_bytes(rig, part, bytes, &none),
				 -IOMM_EINVAL);
		if (bytes < 4)
			continue;
		seal(part, bytes);
		assert_int_equal(load_bytes(rig, part, bytes, &none),
				 -IOMM_EINVAL);
	}
	free(part);
	bytes_free(&dump);
}

/* Memory */

static void test_no_memory(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *pgtable = rich_table(rig, 4 * KB, 39, 0);
	struct bytes dump = dump_of(pgtable, IOMM_DUMP_BINARY), again;
	struct iomm_pgtable *none = (void *)rig, *loaded = none;
	uint32_t live = handles(rig);
	uint32_t n = 0;
	int r;

	do {
		rig->fail_at = rig->sites + ++n;
		r = iomm_pgtable_load(rig->ctx, dump.at, dump.used, &loaded);
		if (!r)
			break;
		assert_int_equal(r, -IOMM_ENOMEM);
		assert_says(rig->ctx, "no memory for");
		assert_ptr_equal(loaded, none);
		assert_int_equal(handles(rig), live);
	} while (n < 1000);
	rig->fail_at = 0;
	/* The tables, their books, the image, two objects and more. */
	assert_true(n > info_of(pgtable).tables + 3);
	again = dump_of(loaded, IOMM_DUMP_BINARY);
	assert_same(&dump, &again);
	bytes_free(&again);
	bytes_free(&dump);
	iomm_pgtable_put(pgtable);
	iomm_pgtable_put(loaded);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_arguments),      RIG_TEST(test_header),
		RIG_TEST(test_format_to_come), RIG_TEST(test_records),
		RIG_TEST(test_tables),	       RIG_TEST(test_table_seen_twice),
		RIG_TEST(test_leaf_instead),   RIG_TEST(test_too_many_tables),
		RIG_TEST(test_damage),	       RIG_TEST(test_cut_short),
		RIG_TEST(test_no_memory),
	};

	return cmocka_run_group_tests_name("load", tests, NULL, NULL);
}
