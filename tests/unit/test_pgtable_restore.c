/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* After a reset: the tables are told again, and all is invalidated. */
#include "unit/pgtable_support.h"

static struct iomm_pgtable *some(struct rig *rig, uint32_t flags)
{
	struct iomm_pgtable *t = rig_table(rig, 4 * KB, 39, flags);

	map_ok(t, 0, 4096, 4 * MB, RWC);
	map_ok(t, 6 * GB, 0, 4096, RO);
	map_ok(t, 8 * GB, 0, 1 * GB, RWC);
	rig_clear_events(rig);
	return t;
}

/* What walkers see is garbage: hardware lost it. */
static void lose(struct rig *rig)
{
	uint32_t i;

	for (i = 0; i < NR_TABLES; i++)
		if (rig->bytes[i])
			memset(rig->seen_by_walker + i * TABLE_SLOT, 0xdb,
			       rig->bytes[i]);
	rig->unordered = true;
}

static void restore(struct rig *rig, uint32_t flags)
{
	struct iomm_pgtable *t = some(rig, flags);
	struct iomm_pgtable_info info = { .size = sizeof(info) };
	struct iomm_pgtable_info now = info_of(t);
	struct dump before;
	uint64_t synced = 0;
	uint32_t i;

	dump_table(t, &before);
	lose(rig);
	rig_clear_events(rig);
	assert_ok(iomm_pgtable_restore(t, &info));
	assert_memory_equal(&info, &now, sizeof(info));
	/* Each table, whole, once; then everything is invalidated. */
	for (i = 0; i < rig->nr_events - 1; i++) {
		assert_int_equal(rig->events[i].kind, EV_SYNC);
		synced += rig->events[i].last;
	}
	assert_int_equal(rig->events[i].kind, EV_FLUSH_ALL);
	assert_int_equal(synced, now.table_bytes);
	assert_int_equal(i, now.tables);
	rig_assert_synced(rig);
	assert_walks_alike(rig, t, 2 * MB);
	assert_unchanged(t, &before);
	rig->unordered = false;
	iomm_pgtable_put(t);
}

static void test_restore(void **state)
{
	restore(*state, 0);
	restore(*state, IOMM_PGTABLE_SHARED);
}

/* Walkers that snoop need no more than the invalidation. */
static void test_coherent(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = some(rig, IOMM_PGTABLE_COHERENT);
	struct iomm_pgtable_info info = { .size = sizeof(info) };

	assert_ok(iomm_pgtable_restore(t, &info));
	assert_int_equal(rig->nr_events, 1);
	assert_int_equal(rig_count(rig, EV_FLUSH_ALL), 1);
	assert_int_equal(info.root_pa, info_of(t).root_pa);
	iomm_pgtable_put(t);
}

static void test_refuses(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = some(rig, 0);
	struct {
		struct iomm_pgtable_info info;
		uint64_t later;
	} longer = { .info.size = sizeof(longer), .later = 3 };
	struct iomm_pgtable_info info = { .size = sizeof(info), .ias = 77 };

	assert_int_equal(iomm_pgtable_restore(NULL, &info), -IOMM_EINVAL);
	assert_int_equal(iomm_pgtable_restore((void *)rig->memory, &info),
			 -IOMM_EINVAL);
	assert_fails(iomm_pgtable_restore(t, NULL), IOMM_EINVAL, rig->ctx,
		     "NULL");
	info.size--;
	assert_fails(iomm_pgtable_restore(t, &info), IOMM_EINVAL, rig->ctx,
		     "iomm_pgtable_info");
	info.size = 0;
	assert_fails(iomm_pgtable_restore(t, &info), IOMM_EINVAL, rig->ctx,
		     "size 0");
	info.size = sizeof(info);
	rig->tlb_error = -IOMM_ETIMEDOUT;
	rig->tlb_fail_in = 1;
	assert_fails(iomm_pgtable_restore(t, &info), IOMM_ETIMEDOUT, rig->ctx,
		     "not invalidated");
	assert_int_equal(info.ias, 77);
	assert_ok(iomm_pgtable_restore(t, &longer.info));
	assert_int_equal(longer.info.size, sizeof(info));
	assert_int_equal(longer.later, 0);
	assert_int_equal(longer.info.ias, 39);
	iomm_pgtable_put(t);
}

/* Iterating the mappings and making them again elsewhere gives the same. */
static void test_save_and_load(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *a = some(rig, 0), *b = rig_4k(rig);
	struct iomm_extent e[2];
	uint64_t iova = 0, mapped, bytes = 0;
	uint32_t count;

	for (;;) {
		count = 1;
		assert_ok(iomm_pgtable_extents(a, iova, 512 * GB - iova, e,
					       sizeof(e[0]), &count));
		if (!count)
			break;
		assert_ok(iomm_pgtable_map(b, e[0].iova, e[0].paddr, e[0].bytes,
					   e[0].prot, 0, &mapped));
		iova = e[0].iova + e[0].bytes;
		bytes += mapped;
	}
	assert_int_equal(bytes, mapped_bytes(a));
	assert_int_equal(bytes, mapped_bytes(b));
	for (iova = 0; iova < 4 * MB; iova += 4096)
		assert_int_equal(raw_leaf(a, iova), raw_leaf(b, iova));
	iomm_pgtable_put(a);
	iomm_pgtable_put(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_restore),
		RIG_TEST(test_coherent),
		RIG_TEST(test_refuses),
		RIG_TEST(test_save_and_load),
	};

	return cmocka_run_group_tests_name("pgtable, restore", tests, NULL,
					   NULL);
}
