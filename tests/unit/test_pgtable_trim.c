/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Tables that are kept for the next need. */
#include "unit/pgtable_support.h"

/* `count` tables of the last level, in one of level 2, and none of them after
 * it: all spare. */
static void make_spare(struct iomm_pgtable *t, uint64_t count)
{
	uint64_t n;

	for (n = 0; n < count; n++)
		map_ok(t, n * 2 * MB, 0x1000 * n, 4096, RW);
	unmap_ok(t, 0, 1 * GB, count * 4096);
}

static void test_trim(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = rig_4k(rig);

	assert_int_equal(iomm_pgtable_trim(t), 0);
	make_spare(t, 9);
	assert_int_equal(info_of(t).tables, 1);
	assert_int_equal(info_of(t).table_bytes, 4096);
	assert_int_equal(info_of(t).spare, 10);
	assert_int_equal(rig->tables, 11);
	assert_int_equal(iomm_pgtable_trim(t), 10 * 4096);
	assert_int_equal(info_of(t).spare, 0);
	assert_int_equal(rig->tables, 1);
	assert_int_equal(iomm_pgtable_trim(t), 0);
	/* And all over again. */
	make_spare(t, 3);
	assert_int_equal(iomm_pgtable_trim(t), 4 * 4096);
	iomm_pgtable_put(t);
	assert_int_equal(iomm_pgtable_trim(NULL), 0);
	assert_int_equal(iomm_pgtable_trim((void *)rig->memory), 0);
}

/* The next need is met from there. */
static void test_reuse(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = rig_4k(rig);
	uint64_t n;

	make_spare(t, 9);
	rig_clear_events(rig);
	for (n = 0; n < 9; n++)
		map_ok(t, 5 * GB + n * 2 * MB, 0x777000, 4096, RO);
	assert_int_equal(rig->nr_events, 0);
	assert_int_equal(info_of(t).spare, 0);
	assert_int_equal(info_of(t).tables, 11);
	map_ok(t, 5 * GB + n * 2 * MB, 0x777000, 4096, RO);
	assert_int_equal(rig_count(rig, EV_ALLOC), 1);
	iomm_pgtable_put(t);
	assert_int_equal(rig->tables, 0);
}

/* Nothing of what a table held before is left in it. */
static void reuse_is_clean(struct rig *rig, uint32_t flags)
{
	struct iomm_pgtable *t = rig_table(rig, 4 * KB, 39, flags);
	uint64_t n;

	/* Full tables of both levels, dropped whole, without a look at them. */
	map_ok(t, 0, 4096, 8 * MB, RWC);
	unmap_ok(t, 0, 512 * GB, 8 * MB);
	assert_int_equal(info_of(t).spare, 5);
	for (n = 0; n < 4; n++)
		map_ok(t, 3 * GB + n * 2 * MB + 0x5000, 0x9000, 4096, RO);
	assert_int_equal(info_of(t).spare, 0);
	assert_int_equal(mapped_bytes(t), 4 * 4096);
	for (n = 0; n < 12 * MB; n += 4096)
		assert_walks_alike(rig, t, 3 * GB + n);
	if (!(flags & IOMM_PGTABLE_COHERENT))
		rig_assert_synced(rig);
	/* Used for a split, and for a merge, too. */
	unmap_ok(t, 0, 512 * GB, 4 * 4096);
	map_ok(t, 1 * GB, 0, 4 * MB, RWC);
	assert_ok(iomm_pgtable_split(t, 1 * GB, 2 * MB, 4 * KB));
	assert_maps(t, 1 * GB + 0x5000, 0x5000, 4 * KB);
	assert_int_equal(mapped_bytes(t), 4 * MB);
	iomm_pgtable_put(t);
	assert_int_equal(rig->tables, 0);
}

static void test_reuse_is_clean(void **state)
{
	reuse_is_clean(*state, 0);
	reuse_is_clean(*state, IOMM_PGTABLE_COHERENT);
	reuse_is_clean(*state, IOMM_PGTABLE_SHARED);
	reuse_is_clean(*state, IOMM_PGTABLE_SHARED | IOMM_PGTABLE_COHERENT);
}

static int remember(void *data, const struct iomm_walk_entry *entry)
{
	uint64_t **next = data;

	if (entry->kind == IOMM_WALK_TABLE)
		*(*next)++ = entry->paddr;
	return 0;
}

/* What waits in a gather, or in quarantine, is no spare: walkers may be in
 * it. It is not given back, and not made a table of elsewhere. */
static void not_before_the_flush(struct rig *rig, uint32_t flags, bool abandon)
{
	struct iomm_pgtable *t = rig_table(rig, 4 * KB, 39, flags);
	struct iomm_gather gather;
	uint64_t old[4] = { 0 }, new[4] = { 0 }, *next = old;
	uint32_t i, j;

	iomm_gather_init(&gather);
	map_ok(t, 0, 0, 4096, RW);
	assert_ok(iomm_pgtable_walk(t, 0, UINT64_MAX, remember, &next));
	assert_ok(iomm_pgtable_unmap(t, 0, 4096, &gather, NULL));
	if (abandon)
		iomm_gather_abandon(&gather);
	assert_int_equal(info_of(t).spare, 0);
	assert_int_equal(iomm_pgtable_trim(t), 0);
	assert_int_equal(rig->tables, 3);
	map_ok(t, 7 * GB, 0, 4096, RW);
	next = new;
	assert_ok(iomm_pgtable_walk(t, 0, UINT64_MAX, remember, &next));
	for (i = 0; i < 2; i++)
		for (j = 0; j < 2; j++)
			assert_int_not_equal(old[i], new[j]);
	assert_ok(abandon ? iomm_pgtable_flush_all(t)
			  : iomm_gather_flush(&gather));
	assert_int_equal(info_of(t).quarantined, 0);
	assert_int_equal(info_of(t).spare, 2);
	assert_int_equal(iomm_pgtable_trim(t), 2 * 4096);
	assert_int_equal(rig->tables, 3);
	iomm_pgtable_put(t);
}

static void test_not_before_the_flush(void **state)
{
	not_before_the_flush(*state, 0, false);
	not_before_the_flush(*state, 0, true);
	not_before_the_flush(*state, IOMM_PGTABLE_SHARED, false);
	not_before_the_flush(*state, IOMM_PGTABLE_SHARED, true);
}

/* The flush fails: they stay where they are. */
static void test_flush_fails(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = rig_4k(rig);
	struct iomm_gather gather;

	iomm_gather_init(&gather);
	map_ok(t, 0, 0, 4096, RW);
	assert_ok(iomm_pgtable_unmap(t, 0, 4096, &gather, NULL));
	rig->tlb_error = -IOMM_EIO;
	rig->tlb_fail_in = 1;
	assert_int_equal(iomm_gather_flush(&gather), -IOMM_EIO);
	assert_int_equal(iomm_pgtable_trim(t), 0);
	assert_int_equal(info_of(t).spare, 0);
	assert_ok(iomm_gather_flush(&gather));
	assert_int_equal(info_of(t).spare, 2);
	iomm_pgtable_put(t);
	assert_int_equal(rig->tables, 0);
}

/* A map that fails on its way gives the tables that it made to the next. */
static void test_after_failure(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = rig_4k(rig);
	uint64_t mapped = 1, n;

	for (n = 1; n < 4; n++) {
		rig->fail_at = rig->sites + n;
		if (!iomm_pgtable_map(t, 0, 0, 4096, RW, 0, &mapped))
			break;
		assert_int_equal(info_of(t).tables, 1);
		rig_assert_balanced(rig, t);
	}
	rig->fail_at = 0;
	if (!mapped)
		map_ok(t, 0, 0, 4096, RW);
	assert_int_equal(rig->tables, 3);
	iomm_pgtable_put(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_trim),
		RIG_TEST(test_reuse),
		RIG_TEST(test_reuse_is_clean),
		RIG_TEST(test_not_before_the_flush),
		RIG_TEST(test_flush_fails),
		RIG_TEST(test_after_failure),
	};

	return cmocka_run_group_tests_name("pgtable, spare tables", tests, NULL,
					   NULL);
}
