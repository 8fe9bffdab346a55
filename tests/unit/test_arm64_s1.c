/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * arm64-s1 against the Arm Architecture Reference Manual (DDI 0487): golden
 * descriptors and registers worked out by hand, and geometry.
 */
#include "unit/golden.h"

static void test_golden(void **state)
{
	assert_golden(*state, "arm64-s1", "arm64-s1.golden", 50);
}

/* The file is really looked at: each of these has one thing wrong. */
static void test_golden_notices(void **state)
{
	static const char *const wrong[] = {
		"see 0x1000 3 leaf 0x0060000000001f45", /* a bit */
		"see 0x1000 2 leaf 0x0060000000001f47", /* a level */
		"see 0x1000 3 run 0x0060000000001f47",	/* a kind */
		"reg 2 0x04ff45",			/* a register */
	};
	struct golden_result result;
	FILE *file;
	uint32_t i;

	print_message("four wrong lines, which are to be found:\n");
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		file = tmpfile();
		assert_non_null(file);
		fprintf(file,
			"case wrong\ntable 4k 48 48 coherent\n"
			"map 0x1000 0x1000 0x1000 rwc\n%s\n",
			wrong[i]);
		rewind(file);
		result = golden_run(*state, "arm64-s1", file);
		fclose(file);
		assert_int_equal(result.cases, 1);
		assert_int_equal(result.checks, 1);
		assert_true(result.failures >= 1);
	}
}

/* The output width is checked as it was asked for, whatever IPS says. */
static void test_output_width(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable_config config = { .size = sizeof(config),
					      .oas = 33,
					      .memory = rig->memory };
	struct iomm_pgtable *t;

	assert_ok(rig_create(rig, &config, &t));
	map_ok(t, 0, 8 * GB - 4096, 4096, RW);
	assert_fails(iomm_pgtable_map(t, 4096, 8 * GB, 4096, RW, 0, NULL),
		     IOMM_EINVAL, rig->ctx, "the last address of 33 bits");
	iomm_pgtable_put(t);
}

/*
 * Geometry, D8.2: a level resolves 9, 11 or 13 bits; the first one what is
 * left. A first table is aligned to its size, and to 64 bytes. Leaves and runs
 * are those that fit in the width.
 */
struct geometry {
	uint64_t granule;
	uint32_t ias, oas;
	int32_t level;
	uint64_t root_bytes;
	uint64_t page_sizes;
};

#define SIZES_4K  (4 * KB | 64 * KB | 2 * MB | 32 * MB | 1 * GB | 16 * GB)
#define SIZES_16K (16 * KB | 2 * MB | 32 * MB | 1 * GB)
#define SIZES_64K (64 * KB | 2 * MB | 512 * MB | 16 * GB)

static const struct geometry geometry[] = {
	{ 4 * KB, 48, 0, 0, 4096, SIZES_4K },
	{ 4 * KB, 40, 0, 0, 64, SIZES_4K },
	{ 4 * KB, 39, 0, 1, 4096, SIZES_4K },
	{ 4 * KB, 36, 0, 1, 512, SIZES_4K },
	{ 4 * KB, 31, 0, 1, 64, SIZES_4K & ~(16 * GB) },
	{ 4 * KB, 30, 0, 2, 4096, SIZES_4K & ~(17 * GB) },
	{ 4 * KB, 25, 0, 2, 128, SIZES_4K & ~(17 * GB) },
	{ 4 * KB, 52, 0, -1, 128, SIZES_4K | 512 * GB },
	{ 4 * KB, 49, 0, -1, 64, SIZES_4K | 512 * GB },
	{ 4 * KB, 48, 52, 0, 4096, SIZES_4K | 512 * GB },
	{ 4 * KB, 39, 52, 1, 4096, SIZES_4K },
	{ 16 * KB, 48, 0, 0, 64, SIZES_16K },
	{ 16 * KB, 47, 0, 1, 16384, SIZES_16K },
	{ 16 * KB, 37, 0, 1, 64, SIZES_16K },
	{ 16 * KB, 36, 0, 2, 16384, SIZES_16K },
	{ 16 * KB, 26, 0, 2, 64, SIZES_16K & ~GB },
	{ 16 * KB, 25, 0, 3, 16384, 16 * KB | 2 * MB },
	{ 16 * KB, 52, 0, 0, 256, SIZES_16K | 64 * GB },
	{ 16 * KB, 47, 52, 1, 16384, SIZES_16K | 64 * GB },
	{ 64 * KB, 48, 0, 1, 512, SIZES_64K },
	{ 64 * KB, 43, 0, 1, 64, SIZES_64K },
	{ 64 * KB, 42, 0, 2, 65536, SIZES_64K },
	{ 64 * KB, 30, 0, 2, 64, SIZES_64K & ~(16 * GB) },
	{ 64 * KB, 29, 0, 3, 65536, 64 * KB | 2 * MB },
	{ 64 * KB, 25, 0, 3, 4096, 64 * KB | 2 * MB },
	{ 64 * KB, 52, 0, 1, 8192, SIZES_64K },
	{ 64 * KB, 52, 52, 1, 8192, SIZES_64K | 4 * TB },
	{ 64 * KB, 42, 52, 2, 65536, SIZES_64K },
};

/* The first and the last page of the width, through every level. */
static void check_geometry(struct rig *rig, const struct geometry *g)
{
	struct iomm_pgtable_config config = {
		.size = sizeof(config),
		.granule = g->granule,
		.ias = g->ias,
		.oas = g->oas,
		.memory = rig->memory,
	};
	uint64_t last = (UINT64_C(1) << g->ias) - g->granule;
	struct iomm_pgtable_info info;
	struct iomm_pgtable *t = NULL;

	assert_ok(rig_create(rig, &config, &t));
	info = info_of(t);
	assert_int_equal(info.oas, g->oas ? g->oas : 48);
	assert_int_equal(info.last_iova, last + (g->granule - 1));
	assert_int_equal(info.table_bytes, g->root_bytes);
	assert_int_equal(info.root_pa & (g->root_bytes - 1), 0);
	assert_int_equal(info.page_sizes, g->page_sizes);
	assert_int_equal(info.granule, g->granule);
	map_ok(t, 0, g->granule, g->granule, RWC);
	map_ok(t, last, 7 * g->granule, g->granule, RO);
	assert_maps(t, 0, g->granule, g->granule);
	assert_maps(t, last, 7 * g->granule, g->granule);
	assert_hole(t, last - g->granule);
	assert_walks_alike(rig, t, 0);
	assert_walks_alike(rig, t, g->granule);
	assert_walks_alike(rig, t, last + 5);
	/* Two leaf tables (or one, the first table) below levels of two. */
	info = info_of(t);
	if (g->level == 3)
		assert_int_equal(info.tables, 1);
	else
		assert_int_equal(info.tables, 1 + 2 * (3 - g->level));
	unmap_ok(t, 0, last + g->granule, 2 * g->granule);
	assert_int_equal(info_of(t).tables, 1);
	iomm_pgtable_put(t);
}

static void test_geometry(void **state)
{
	uint32_t i;

	for (i = 0; i < sizeof(geometry) / sizeof(geometry[0]); i++)
		check_geometry(*state, &geometry[i]);
}

/* A first table that holds pages itself stays when it is empty, whichever way
 * the last page goes: of two in one gather, the second goes the short way. */
static void
empty_root(struct rig *rig, uint64_t granule, uint32_t ias, uint32_t flags)
{
	struct iomm_pgtable *t = rig_table(rig, granule, ias, flags);
	struct iomm_gather gather;
	uint64_t n;

	for (n = 0; n < 3; n++) {
		iomm_gather_init(&gather);
		map_ok(t, 5 * granule, 0, granule, RW);
		map_ok(t, 6 * granule, 0, granule, RW);
		assert_ok(iomm_pgtable_unmap(t, 6 * granule, granule, &gather,
					     NULL));
		assert_ok(iomm_pgtable_unmap(t, 5 * granule, granule, &gather,
					     NULL));
		assert_ok(iomm_gather_flush(&gather));
		assert_hole(t, 5 * granule);
		assert_int_equal(info_of(t).tables, 1);
	}
	iomm_pgtable_put(t);
}

static void test_empty_root(void **state)
{
	const uint32_t coherent = IOMM_PGTABLE_COHERENT;

	empty_root(*state, 64 * KB, 29, 0);
	empty_root(*state, 64 * KB, 29, coherent);
	empty_root(*state, 64 * KB, 29, coherent | IOMM_PGTABLE_SHARED);
	empty_root(*state, 16 * KB, 25, coherent);
}

/* Widths and flags that there are not. */
static void test_refuses(void **state)
{
	static const struct {
		uint64_t granule;
		uint32_t ias, oas;
		const char *says;
	} widths[] = {
		{ 4 * KB, 53, 0, "ias 53 is over the 52 bits" },
		{ 16 * KB, 48, 53, "oas 53 is over the 52 bits" },
		{ 64 * KB, 24, 52, "ias 24 is under the 25 bits" },
	};
	struct rig *rig = *state;
	struct iomm_pgtable_config config = { .size = sizeof(config) };
	struct iomm_pgtable *t;
	uint32_t i;

	for (i = 0; i < sizeof(widths) / sizeof(widths[0]); i++) {
		config.granule = widths[i].granule;
		config.ias = widths[i].ias;
		config.oas = widths[i].oas;
		assert_fails(rig_create(rig, &config, &t), IOMM_EINVAL,
			     rig->ctx, widths[i].says);
	}
	memset(&config, 0, sizeof(config));
	config.size = sizeof(config);
	config.flags = IOMM_PGTABLE_S2FWB;
	assert_fails(rig_create(rig, &config, &t), IOMM_EOPNOTSUPP, rig->ctx,
		     "arm64-s1");
	t = rig_table(rig, 0, 0, 0);
	assert_fails(iomm_pgtable_map(t, 0, 0, 4 * KB, IOMM_PROT_WRITE, 0,
				      NULL),
		     IOMM_EOPNOTSUPP, rig->ctx, "without reading");
	iomm_pgtable_put(t);
}

/* Largest leaves that fit, and those of the mask only. */
static void test_leaf_sizes(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable_config config = { .size = sizeof(config),
					      .memory = rig->memory };
	struct iomm_pgtable *t;

	assert_ok(rig_create(rig, &config, &t));
	map_ok(t, 1 * GB - 2 * MB - 4096, 1 * GB - 2 * MB - 4096,
	       1 * GB + 4 * MB + 8192, RW);
	assert_maps(t, 1 * GB - 2 * MB - 1, 1 * GB - 2 * MB - 1, 4 * KB);
	assert_maps(t, 1 * GB - 1, 1 * GB - 1, 2 * MB);
	assert_maps(t, 1 * GB, 1 * GB, 1 * GB);
	assert_maps(t, 2 * GB, 2 * GB, 2 * MB);
	assert_maps(t, 2 * GB + 2 * MB, 2 * GB + 2 * MB, 4 * KB);
	/* Output addresses must fit too. */
	map_ok(t, 8 * GB, 8 * GB + 2 * MB, 1 * GB, RW);
	assert_maps(t, 9 * GB - 1, 9 * GB + 2 * MB - 1, 2 * MB);
	map_ok(t, 16 * GB, 16 * GB + 4096, 2 * MB, RW);
	assert_maps(t, 16 * GB, 16 * GB + 4096, 4 * KB);
	iomm_pgtable_put(t);

	config.page_sizes = 2 * MB;
	assert_ok(rig_create(rig, &config, &t));
	assert_int_equal(info_of(t).page_sizes, 2 * MB);
	map_ok(t, 0, 0, 1 * GB, RW);
	assert_maps(t, 5, 5, 2 * MB);
	assert_fails(iomm_pgtable_map(t, 1 * GB, 0, 4096, RW, 0, NULL),
		     IOMM_EINVAL, rig->ctx, "smallest page size, 2 MiB");
	unmap_ok(t, 2 * MB, 2 * MB, 2 * MB);
	assert_hole(t, 2 * MB);
	iomm_pgtable_put(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_golden),	     RIG_TEST(test_golden_notices),
		RIG_TEST(test_output_width), RIG_TEST(test_geometry),
		RIG_TEST(test_empty_root),   RIG_TEST(test_refuses),
		RIG_TEST(test_leaf_sizes),
	};

	return cmocka_run_group_tests_name("arm64-s1", tests, NULL, NULL);
}
