/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Leaves of a size that the caller wants, and the sizes that a table has. */
#include "unit/pgtable_support.h"

static int force(struct iomm_pgtable *t, uint64_t iova, uint64_t paddr,
		 uint64_t bytes, uint32_t shift, uint64_t *mapped)
{
	return iomm_pgtable_map(t, iova, paddr, bytes, RWC,
				IOMM_MAP_PAGE(shift), mapped);
}

static struct iomm_pgtable *
sized(struct rig *rig, uint64_t granule, uint64_t page_sizes)
{
	struct iomm_pgtable_config config = { .size = sizeof(config),
					      .granule = granule,
					      .page_sizes = page_sizes,
					      .memory = rig->memory };
	struct iomm_pgtable *t = NULL;

	assert_ok(rig_create(rig, &config, &t));
	assert_int_equal(info_of(t).page_sizes, page_sizes);
	return t;
}

/* Each size of a table, over a range where much larger leaves would fit. */
static void every_size(struct rig *rig, const struct sizes *s)
{
	struct iomm_pgtable *t = rig_table(rig, s->page, 48, 0);
	uint64_t all = info_of(t).page_sizes, page, mapped, end;
	bool run;
	uint32_t shift;

	assert_true(all & s->page && all & s->run && all & s->block &&
		    all & s->block_run);
	for (shift = 12; shift < 35; shift++) {
		page = UINT64_C(1) << shift;
		if (!(all & page))
			continue;
		mapped = 1;
		assert_ok(
			force(t, 64 * GB, 128 * GB, 2 * page, shift, &mapped));
		assert_int_equal(mapped, 2 * page);
		end = 64 * GB + 2 * page;
		assert_maps(t, 64 * GB, 128 * GB, page);
		assert_maps(t, end - 1, 128 * GB + 2 * page - 1, page);
		assert_hole(t, end);
		run = page != s->page && page != s->block &&
		      page != s->block * (s->page / 8);
		assert_int_equal(!!(raw_leaf(t, 64 * GB) & ARM64_CONT), run);
		rig_assert_synced(rig);
		assert_walks_alike(rig, t, 64 * GB + page / 2);
		unmap_ok(t, 64 * GB, 2 * page, 2 * page);
	}
	iomm_pgtable_put(t);
}

static void test_every_size(void **state)
{
	uint32_t i;

	for (i = 0; i < NR_SIZES; i++)
		every_size(*state, &sizes[i]);
}

static void test_refuses(void **state)
{
	const struct {
		uint64_t iova, paddr, bytes;
		uint32_t shift;
		const char *part;
	} bad[] = {
		/* Sizes that it has not */
		{ 0, 0, 8 * KB, 13, "2^13" },
		{ 0, 0, 4 * MB, 22, "2^22" },
		{ 0, 0, 4 * KB, 1, "2^1," },
		{ 0, 0, 4 * KB, 11, "2^11" },
		{ 0, 0, 4 * KB, 63, "2^63" },
		{ 0, 0, 4 * KB, 64, "2^64" },
		{ 0, 0, 4 * KB, 255, "2^255" },
		/* Not a multiple: the address, the output, the length */
		{ 1 * MB, 0, 2 * MB, 21, "2 MiB" },
		{ 0, 1 * MB, 2 * MB, 21, "2 MiB" },
		{ 0, 0, 3 * MB, 21, "0x300000" },
		{ 4 * KB, 0, 64 * KB, 16, "64 KiB" },
		{ 0, 4 * KB, 64 * KB, 16, "64 KiB" },
		{ 0, 0, 60 * KB, 16, "0xf000" },
		{ 0, 0, 4 * KB, 30, "1 GiB" },
	};
	struct rig *rig = *state;
	struct iomm_pgtable *t = rig_4k(rig);
	uint64_t mapped;
	uint32_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		mapped = 9;
		assert_fails(force(t, bad[i].iova, bad[i].paddr, bad[i].bytes,
				   bad[i].shift, &mapped),
			     IOMM_EINVAL, rig->ctx, bad[i].part);
		assert_int_equal(mapped, 0);
	}
	mapped = 9;
	assert_fails(iomm_pgtable_map(t, 0, 0, 4 * KB, RW, 2, &mapped),
		     IOMM_EINVAL, rig->ctx, "0x2");
	assert_fails(iomm_pgtable_map(t, 0, 0, 4 * KB, RW, 1u << 16, &mapped),
		     IOMM_EINVAL, rig->ctx, "0x10000");
	assert_fails(iomm_pgtable_map(t, 0, 0, 4 * KB, RW, 1u << 31, &mapped),
		     IOMM_EINVAL, rig->ctx, "0x80000000");
	assert_int_equal(mapped, 0);
	assert_int_equal(info_of(t).tables, 1);
	iomm_pgtable_put(t);
}

/* Sizes that were not asked for are not used, and cannot be forced. */
static void test_narrow(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = sized(rig, 4 * KB, 4 * KB);

	map_ok(t, 0, 0, 4 * MB, RW);
	assert_int_equal(count_entries(t, 0, 4 * MB, IOMM_WALK_LEAF), 1024);
	assert_fails(force(t, 4 * MB, 0, 2 * MB, 21, NULL), IOMM_EINVAL,
		     rig->ctx, "2^21, only 0x1000");
	iomm_pgtable_put(t);

	t = sized(rig, 4 * KB, 4 * KB | 2 * MB);
	map_ok(t, 0, 0, 32 * MB + 64 * KB, RW);
	assert_int_equal(count_entries(t, 0, 1 * GB, IOMM_WALK_LEAF), 32);
	assert_int_equal(count_entries(t, 0, 1 * GB, IOMM_WALK_RUN), 0);
	assert_fails(force(t, 1 * GB, 0, 64 * KB, 16, NULL), IOMM_EINVAL,
		     rig->ctx, "2^16");
	iomm_pgtable_put(t);

	t = sized(rig, 4 * KB, 4 * KB | 64 * KB | 1 * GB);
	map_ok(t, 1 * GB - 4 * KB, 1 * GB - 4 * KB, 1 * GB + 4 * KB, RW);
	assert_maps(t, 1 * GB - 1, 1 * GB - 1, 4 * KB);
	assert_maps(t, 2 * GB - 1, 2 * GB - 1, 1 * GB);
	map_ok(t, 4 * GB, 0, 2 * MB, RW);
	assert_maps(t, 4 * GB, 0, 64 * KB);
	iomm_pgtable_put(t);
}

/* The smallest one is what everything is a multiple of. */
static void test_smallest(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = sized(rig, 4 * KB, 2 * MB | 32 * MB);
	struct iomm_gather gather;

	iomm_gather_init(&gather);
	assert_fails(iomm_pgtable_map(t, 64 * KB, 0, 2 * MB, RW, 0, NULL),
		     IOMM_EINVAL, rig->ctx, "smallest page size, 2 MiB");
	map_ok(t, 2 * MB, 2 * MB, 62 * MB, RW);
	assert_maps(t, 2 * MB, 2 * MB, 2 * MB);
	assert_maps(t, 32 * MB, 32 * MB, 32 * MB);
	assert_fails(iomm_pgtable_unmap(t, 2 * MB, 4 * KB, &gather, NULL),
		     IOMM_EINVAL, rig->ctx, "0x1000");
	assert_fails(iomm_pgtable_split(t, 0, 32 * MB, 4 * KB), IOMM_EINVAL,
		     rig->ctx, "no page size 0x1000, only 0x2200000");
	unmap_ok(t, 34 * MB, 2 * MB, 2 * MB);
	assert_maps(t, 32 * MB, 32 * MB, 2 * MB);
	assert_int_equal(count_entries(t, 0, 1 * GB, IOMM_WALK_RUN), 0);
	iomm_pgtable_put(t);
}

/* The largest that fits is taken, by address, output address and length. */
static void test_largest(void **state)
{
	static const struct {
		uint64_t iova, paddr, bytes, first, last;
	} fits[] = {
		{ 0, 0, 64 * KB, 64 * KB, 64 * KB },
		{ 0, 0, 2 * MB, 2 * MB, 2 * MB },
		{ 0, 0, 32 * MB, 32 * MB, 32 * MB },
		{ 0, 0, 1 * GB, 1 * GB, 1 * GB },
		{ 0, 4 * KB, 1 * GB, 4 * KB, 4 * KB },
		{ 0, 64 * KB, 1 * GB, 64 * KB, 64 * KB },
		{ 0, 2 * MB, 1 * GB, 2 * MB, 2 * MB },
		{ 2 * MB, 2 * MB, 62 * MB, 2 * MB, 32 * MB },
		{ 32 * MB, 0, 1 * GB, 32 * MB, 32 * MB },
		{ 60 * KB, 60 * KB, 68 * KB, 4 * KB, 64 * KB },
		{ 0, 0, 2 * MB - 4 * KB, 64 * KB, 4 * KB },
		{ 64 * KB, 64 * KB, 2 * MB, 64 * KB, 64 * KB },
	};
	struct iomm_pgtable *t = rig_4k(*state);
	struct iomm_translation at = { .size = sizeof(at) };
	uint32_t i;

	for (i = 0; i < sizeof(fits) / sizeof(fits[0]); i++) {
		map_ok(t, fits[i].iova, fits[i].paddr, fits[i].bytes, RW);
		assert_maps(t, fits[i].iova, fits[i].paddr, fits[i].first);
		assert_ok(iomm_pgtable_translate(
			t, fits[i].iova + fits[i].bytes - 1, &at));
		assert_int_equal(at.paddr, fits[i].paddr + fits[i].bytes - 1);
		assert_int_equal(at.page_size, fits[i].last);
		assert_int_equal(mapped_bytes(t), fits[i].bytes);
		unmap_ok(t, fits[i].iova, fits[i].bytes, fits[i].bytes);
	}
	iomm_pgtable_put(t);
}

/* A forced block over a table that is there: all before what is in the way. */
static void test_exists(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = rig_4k(rig);
	uint64_t mapped = 1;

	map_ok(t, 5 * MB, 0, 4 * KB, RO);
	assert_fails(force(t, 2 * MB, 0, 8 * MB, 21, &mapped), IOMM_EEXIST,
		     rig->ctx, "something is mapped at 0x");
	assert_int_equal(mapped, 2 * MB);
	assert_maps(t, 2 * MB, 0, 2 * MB);
	assert_hole(t, 4 * MB);
	assert_maps(t, 5 * MB, 0, 4 * KB);
	assert_int_equal(mapped_bytes(t), 2 * MB + 4 * KB);
	/* The same when the block is all that is asked for. */
	assert_int_equal(force(t, 4 * MB, 0, 2 * MB, 21, &mapped),
			 -IOMM_EEXIST);
	assert_int_equal(mapped, 0);
	assert_hole(t, 4 * MB);
	/* A run over a taken slot. */
	assert_int_equal(force(t, 5 * MB - 64 * KB, 0, 128 * KB, 16, &mapped),
			 -IOMM_EEXIST);
	assert_int_equal(mapped, 64 * KB);
	assert_hole(t, 5 * MB + 4 * KB);
	iomm_pgtable_put(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_every_size), RIG_TEST(test_refuses),
		RIG_TEST(test_narrow),	   RIG_TEST(test_smallest),
		RIG_TEST(test_largest),	   RIG_TEST(test_exists),
	};

	return cmocka_run_group_tests_name("pgtable, page sizes", tests, NULL,
					   NULL);
}
