/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* One page over a whole range. */
#include "unit/pgtable_support.h"

static int repeat(struct iomm_pgtable *t, uint64_t iova, uint64_t paddr,
		  uint64_t bytes, uint32_t shift, uint64_t *mapped)
{
	return iomm_pgtable_map(t, iova, paddr, bytes, RW,
				IOMM_MAP_REPEAT | IOMM_MAP_PAGE(shift), mapped);
}

static void check(struct iomm_pgtable *t, uint64_t iova, uint64_t paddr,
		  uint64_t bytes, uint64_t page)
{
	uint64_t at;

	for (at = 0; at < bytes; at += page) {
		assert_maps(t, iova + at, paddr, page);
		assert_maps(t, iova + at + page - 1, paddr + page - 1, page);
	}
}

/* Over the border of tables; no run is made of pages that do not go on. */
static void test_smallest(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t;
	uint64_t page, iova, bytes, mapped;
	uint32_t i;

	for (i = 0; i < NR_SIZES; i++) {
		page = sizes[i].page;
		t = rig_table(rig, page, 48, 0);
		iova = sizes[i].block - 100 * page;
		bytes = 1000 * page;
		mapped = 1;
		assert_ok(repeat(t, iova, 0x7770000, bytes, 0, &mapped));
		assert_int_equal(mapped, bytes);
		check(t, iova, 0x7770000, bytes, page);
		assert_int_equal(count_entries(t, 0, UINT64_MAX, IOMM_WALK_RUN),
				 0);
		assert_hole(t, iova - 1);
		assert_hole(t, iova + bytes);
		rig_assert_synced(rig);
		assert_walks_alike(rig, t, iova + 500 * page + 5);
		unmap_ok(t, iova, bytes, bytes);
		iomm_pgtable_put(t);
	}
}

/* The forced page, each of the sizes: a run too, whose own pages do go on. */
static void test_forced(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = rig_4k(rig);
	const uint32_t shifts[] = { 12, 16, 21, 25, 30 };
	uint64_t page, mapped;
	uint32_t i;

	for (i = 0; i < 5; i++) {
		page = UINT64_C(1) << shifts[i];
		mapped = 1;
		assert_ok(repeat(t, 4 * GB, 8 * GB, 3 * page, shifts[i],
				 &mapped));
		assert_int_equal(mapped, 3 * page);
		check(t, 4 * GB, 8 * GB, 3 * page, page);
		unmap_ok(t, 4 * GB, 3 * page, 3 * page);
	}
	iomm_pgtable_put(t);
}

/* Only the one page must be within the output width. */
static void test_at_the_top(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = rig_4k(rig);
	uint64_t mapped = 1;

	assert_ok(repeat(t, 0, 256 * TB - 0x1000, 4 * MB, 0, &mapped));
	check(t, 0, 256 * TB - 0x1000, 4 * MB, 4 * KB);
	assert_ok(repeat(t, 1 * GB, 256 * TB - 1 * GB, 4 * GB, 30, NULL));
	check(t, 1 * GB, 256 * TB - 1 * GB, 4 * GB, 1 * GB);
	iomm_pgtable_put(t);
}

static void test_refuses(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = rig_4k(rig);
	const struct {
		uint64_t iova, paddr, bytes;
		uint32_t shift;
		const char *part;
	} bad[] = {
		{ 0, 0, 0, 0, "empty" },
		{ 0, 0, 0x1800, 0, "0x1800" },
		{ 0, 0x800, 0x1000, 0, "0x800" },
		{ 0, 256 * TB, 0x1000, 0, "0x1000000000000" },
		{ 0, 0, 3 * MB, 21, "0x300000" },
		{ 1 * MB, 0, 2 * MB, 21, "2 MiB" },
		{ 0, 1 * MB, 2 * MB, 21, "2 MiB" },
		{ 0, 0, 0x1000, 21, "2 MiB" },
		{ 0, 0, 4 * MB, 22, "2^22" },
		{ 512 * GB, 0, 0x1000, 0, "beyond" },
	};
	uint64_t mapped;
	uint32_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		mapped = 4;
		assert_fails(repeat(t, bad[i].iova, bad[i].paddr, bad[i].bytes,
				    bad[i].shift, &mapped),
			     IOMM_EINVAL, rig->ctx, bad[i].part);
		assert_int_equal(mapped, 0);
	}
	assert_int_equal(info_of(t).tables, 1);
	iomm_pgtable_put(t);
}

static void test_exists(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = rig_4k(rig);
	uint64_t mapped = 1;

	map_ok(t, 3 * MB, 0, 0x1000, RO);
	assert_fails(repeat(t, 1 * MB, 0x5000, 4 * MB, 0, &mapped), IOMM_EEXIST,
		     rig->ctx, "something is mapped at 0x300000");
	assert_int_equal(mapped, 2 * MB);
	check(t, 1 * MB, 0x5000, 2 * MB, 4 * KB);
	assert_maps(t, 3 * MB, 0, 4 * KB);
	assert_hole(t, 3 * MB + 0x1000);
	/* With blocks: the one that it lies in is not made. */
	assert_int_equal(repeat(t, 1 * GB, 0, 4 * MB, 21, &mapped), 0);
	map_ok(t, 2 * GB + 5 * MB, 0, 0x1000, RO);
	assert_int_equal(repeat(t, 2 * GB, 2 * MB, 8 * MB, 21, &mapped),
			 -IOMM_EEXIST);
	assert_int_equal(mapped, 4 * MB);
	check(t, 2 * GB, 2 * MB, 4 * MB, 2 * MB);
	assert_hole(t, 2 * GB + 4 * MB);
	iomm_pgtable_put(t);
}

/* Each page is an extent by itself, and the whole goes in one call. */
static void test_extents(void **state)
{
	struct iomm_pgtable *t = rig_4k(*state);
	struct iomm_extent extents[8];
	uint32_t i, count = 8;

	assert_ok(repeat(t, 0x3000, 0x9000, 0x5000, 0, NULL));
	assert_ok(iomm_pgtable_extents(t, 0, UINT64_MAX, extents,
				       sizeof(extents[0]), &count));
	assert_int_equal(count, 5);
	for (i = 0; i < 5; i++)
		assert_extent(&extents[i], 0x3000 + i * 0x1000, 0x1000, 0x9000,
			      RW);
	/* Nor does merging make a block out of it. */
	assert_ok(repeat(t, 2 * MB, 2 * MB, 2 * MB, 0, NULL));
	unmap_ok(t, 0, 4 * MB, 2 * MB + 0x5000);
	iomm_pgtable_put(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_smallest),   RIG_TEST(test_forced),
		RIG_TEST(test_at_the_top), RIG_TEST(test_refuses),
		RIG_TEST(test_exists),	   RIG_TEST(test_extents),
	};

	return cmocka_run_group_tests_name("pgtable, repeat", tests, NULL,
					   NULL);
}
