/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What is mapped, and what was, as extents. */
#include "unit/pgtable_support.h"

#define STRIDE ((uint32_t)sizeof(struct iomm_extent))

static int find(struct iomm_pgtable *t, uint64_t iova, uint64_t bytes,
		struct iomm_extent *extents, uint32_t *count)
{
	return iomm_pgtable_extents(t, iova, bytes, extents, STRIDE, count);
}

static int
take(struct iomm_pgtable *t, uint64_t iova, uint64_t bytes,
     struct iomm_gather *gather, struct iomm_extent *extents, uint32_t *count)
{
	return iomm_pgtable_unmap_extents(t, iova, bytes, gather, extents,
					  STRIDE, count);
}

/* What the tests look at: pages, a hole, a run and a block that go on, another
 * protection, another output address. */
#define BASE (2 * MB - 64 * KB)

static const struct iomm_extent landscape[] = {
	{ BASE - 0x3000, 0x2000, 0x5000, RWC, 0 },
	/* one page left out; then a run, a block, pages: one stretch */
	{ BASE, 2 * MB + 72 * KB, 1 * GB + BASE, RWC, 0 },
	{ 4 * MB + 0x2000, 0x2000, 1 * GB + 4 * MB + 0x2000, RO, 0 },
	{ 4 * MB + 0x4000, 0x1000, 0, RO, 0 },
	{ 3 * GB, 1 * GB, 8 * GB, RWC, 0 },
};

#define NR_LAND 5u

static struct iomm_pgtable *lay(struct rig *rig)
{
	struct iomm_pgtable *t = rig_4k(rig);
	uint32_t i;

	for (i = 0; i < NR_LAND; i++)
		map_ok(t, landscape[i].iova, landscape[i].paddr,
		       landscape[i].bytes, landscape[i].prot);
	rig_clear_events(rig);
	return t;
}

/* Reading */

static void test_all(void **state)
{
	struct iomm_pgtable *t = lay(*state);

	assert_maps(t, BASE, 1 * GB + BASE, 64 * KB);
	assert_maps(t, 2 * MB, 1 * GB + 2 * MB, 2 * MB);
	assert_extents(t, landscape, NR_LAND);
	iomm_pgtable_put(t);
}

/* A few at a time, going on behind the last. */
static void test_few(void **state)
{
	struct iomm_pgtable *t = lay(*state);
	struct iomm_extent e[2];
	uint32_t room, count, seen;
	uint64_t iova;

	for (room = 1; room <= 2; room++) {
		iova = 0;
		for (seen = 0;; seen += count) {
			count = room;
			assert_ok(find(t, iova, 512 * GB - iova, e, &count));
			if (!count)
				break;
			assert_true(count <= room);
			iova = e[count - 1].iova + e[count - 1].bytes;
			assert_int_equal(e[0].iova, landscape[seen].iova);
			assert_int_equal(e[0].bytes, landscape[seen].bytes);
		}
		assert_int_equal(seen, NR_LAND);
	}
	iomm_pgtable_put(t);
}

/* Cut off at the ends of the range, to the byte. */
static void test_cut_off(void **state)
{
	struct iomm_pgtable *t = lay(*state);
	struct iomm_extent e[4];
	uint32_t count = 4;

	assert_ok(find(t, 2 * MB + 0x123, 0x456, e, &count));
	assert_int_equal(count, 1);
	assert_extent(&e[0], 2 * MB + 0x123, 0x456, 1 * GB + 2 * MB + 0x123,
		      RWC);
	count = 4;
	assert_ok(find(t, BASE - 0x1001, 0x1002, e, &count));
	assert_int_equal(count, 2);
	assert_extent(&e[0], BASE - 0x1001, 1, 0x6fff, RWC);
	assert_extent(&e[1], BASE, 1, 1 * GB + BASE, RWC);
	/* A hole, and what is beyond the input width. */
	count = 4;
	assert_ok(find(t, BASE - 0x1000, 0x1000, e, &count));
	assert_int_equal(count, 0);
	count = 4;
	assert_ok(find(t, 512 * GB, 1, e, &count));
	assert_int_equal(count, 0);
	count = 4;
	assert_ok(find(t, UINT64_MAX, 1, e, &count));
	assert_int_equal(count, 0);
	count = 4;
	assert_ok(find(t, 4 * GB - 1, UINT64_MAX - 4 * GB + 2, e, &count));
	assert_int_equal(count, 1);
	assert_extent(&e[0], 4 * GB - 1, 1, 9 * GB - 1, RWC);
	iomm_pgtable_put(t);
}

/* A stretch goes on over the border of tables, of all levels. */
static void test_across_tables(void **state)
{
	struct iomm_pgtable *t = rig_table(*state, 4 * KB, 48, 0);
	struct iomm_extent one = { 512 * GB - 8 * KB, 24 * KB, 0x7000, RO, 0 };

	map_ok(t, one.iova, one.paddr, one.bytes, one.prot);
	assert_extents(t, &one, 1);
	iomm_pgtable_put(t);
}

static void test_reading_refuses(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = lay(rig);
	struct iomm_extent e[2] = { { .iova = 7 }, { .iova = 8 } };
	uint32_t count = 2, none = 0;

	assert_fails(find(t, 0, 0, e, &count), IOMM_EINVAL, rig->ctx, "empty");
	assert_fails(find(t, 2, UINT64_MAX, e, &count), IOMM_EINVAL, rig->ctx,
		     "wraps");
	assert_fails(find(t, 0, 1, NULL, &count), IOMM_EINVAL, rig->ctx,
		     "NULL");
	assert_fails(find(t, 0, 1, e, NULL), IOMM_EINVAL, rig->ctx, "NULL");
	assert_fails(find(t, 0, 1, e, &none), IOMM_EINVAL, rig->ctx, "");
	assert_fails(iomm_pgtable_extents(t, 0, 1, e, STRIDE - 1, &count),
		     IOMM_EINVAL, rig->ctx, "31");
	assert_fails(iomm_pgtable_extents(t, 0, 1, e, 0, &count), IOMM_EINVAL,
		     rig->ctx, "0");
	assert_int_equal(find(NULL, 0, 1, e, &count), -IOMM_EINVAL);
	assert_int_equal(find((void *)rig->memory, 0, 1, e, &count),
			 -IOMM_EINVAL);
	/* The count is an answer on success only. */
	assert_int_equal(count, 2);
	assert_int_equal(e[0].iova, 7);
	assert_int_equal(e[1].iova, 8);
	iomm_pgtable_put(t);
}

struct wide {
	struct iomm_extent extent;
	uint64_t later[2];
};

/* A caller who knows longer extents finds zero in what this library does not
 * know, and nothing is written behind the last. */
static void test_stride(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = lay(rig);
	struct iomm_gather gather;
	struct wide e[NR_LAND + 1];
	uint32_t i, count = NR_LAND;

	memset(e, 0x5a, sizeof(e));
	assert_ok(iomm_pgtable_extents(t, 0, UINT64_MAX, &e[0].extent,
				       sizeof(e[0]), &count));
	assert_int_equal(count, NR_LAND);
	for (i = 0; i < NR_LAND; i++) {
		assert_memory_equal(&e[i].extent, &landscape[i], STRIDE);
		assert_int_equal(e[i].later[0], 0);
		assert_int_equal(e[i].later[1], 0);
	}

	assert_int_equal(e[NR_LAND].extent.iova, UINT64_C(0x5a5a5a5a5a5a5a5a));

	memset(e, 0x5a, sizeof(e));
	count = NR_LAND;
	iomm_gather_init(&gather);
	assert_ok(iomm_pgtable_unmap_extents(t, 0, 512 * GB, &gather,
					     &e[0].extent, sizeof(e[0]),
					     &count));
	assert_int_equal(count, NR_LAND);
	for (i = 0; i < NR_LAND; i++) {
		assert_memory_equal(&e[i].extent, &landscape[i], STRIDE);
		assert_int_equal(e[i].later[1], 0);
	}
	assert_ok(iomm_gather_flush(&gather));
	iomm_pgtable_put(t);
}

/* Unmapping */

static void test_unmap_all(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = lay(rig);
	struct iomm_gather gather;
	struct iomm_extent e[NR_LAND];
	uint32_t i, count = NR_LAND;

	iomm_gather_init(&gather);
	/* Exactly as many as there is room for: that is no overflow. */
	assert_ok(take(t, 0, 512 * GB, &gather, e, &count));
	assert_int_equal(count, NR_LAND);
	for (i = 0; i < NR_LAND; i++)
		assert_memory_equal(&e[i], &landscape[i], STRIDE);
	assert_ok(iomm_gather_flush(&gather));
	assert_int_equal(mapped_bytes(t), 0);
	assert_int_equal(info_of(t).tables, 1);
	count = NR_LAND;
	assert_ok(take(t, 0, 512 * GB, &gather, e, &count));
	assert_int_equal(count, 0);
	assert_int_equal(iomm_gather_pending(&gather), 0);
	iomm_pgtable_put(t);
}

/* Too little room: exactly what the extents say is unmapped. */
static void test_unmap_few(void **state)
{
	struct rig *rig = *state;
	struct iomm_gather gather;
	struct iomm_extent e[NR_LAND];
	struct iomm_pgtable *t;
	uint32_t room, count, seen, i;
	uint64_t iova;
	int r;

	iomm_gather_init(&gather);
	for (room = 1; room < NR_LAND; room++) {
		t = lay(rig);
		iova = 0;
		seen = 0;
		do {
			memset(e, 0, sizeof(e));
			count = room;
			r = take(t, iova, 512 * GB - iova, &gather, e, &count);
			for (i = 0; i < count; i++)
				assert_memory_equal(&e[i], &landscape[seen + i],
						    STRIDE);
			seen += count;
			assert_extents(t, landscape + seen, NR_LAND - seen);
			if (!r)
				break;
			assert_int_equal(r, -IOMM_EMSGSIZE);
			assert_int_equal(count, room);
			iova = e[count - 1].iova + e[count - 1].bytes;
		} while (true);
		assert_int_equal(seen, NR_LAND);
		assert_ok(iomm_gather_flush(&gather));
		assert_int_equal(info_of(t).tables, 1);
		iomm_pgtable_put(t);
	}
}

static void test_unmap_few_says(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = lay(rig);
	struct iomm_gather gather;
	struct iomm_extent e[1];
	uint32_t count = 1;

	iomm_gather_init(&gather);
	assert_fails(take(t, 0, 512 * GB, &gather, e, &count), IOMM_EMSGSIZE,
		     rig->ctx, "1");
	assert_int_equal(count, 1);
	assert_ok(iomm_gather_flush(&gather));
	iomm_pgtable_put(t);
}

/* Exactly the range goes: a block is cut, and the extent says what went. */
static void test_unmap_part(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = lay(rig);
	struct iomm_gather gather;
	struct iomm_extent e[2];
	uint32_t count = 2;
	uint64_t before = mapped_bytes(t);

	iomm_gather_init(&gather);
	assert_ok(take(t, BASE + 0x1000, 2 * MB, &gather, e, &count));
	assert_int_equal(count, 1);
	assert_extent(&e[0], BASE + 0x1000, 2 * MB, 1 * GB + BASE + 0x1000,
		      RWC);
	assert_ok(iomm_gather_flush(&gather));
	assert_maps(t, BASE, 1 * GB + BASE, 4 * KB);
	assert_hole(t, BASE + 0x1000);
	assert_maps(t, BASE + 0x1000 + 2 * MB, 1 * GB + BASE + 0x1000 + 2 * MB,
		    4 * KB);
	assert_int_equal(mapped_bytes(t), before - 2 * MB);
	count = 2;
	assert_ok(take(t, 3 * GB + 4 * MB, 4 * KB, &gather, e, &count));
	assert_int_equal(count, 1);
	assert_extent(&e[0], 3 * GB + 4 * MB, 4 * KB, 8 * GB + 4 * MB, RWC);
	assert_ok(iomm_gather_flush(&gather));
	iomm_pgtable_put(t);
}

static int take_range(struct iomm_pgtable *t, uint64_t iova, uint64_t bytes)
{
	struct iomm_gather gather;
	struct iomm_extent e;
	uint32_t count = 1;
	int r;

	iomm_gather_init(&gather);
	r = take(t, iova, bytes, &gather, &e, &count);
	/* Told always: nothing. */
	assert_int_equal(count, 0);
	assert_int_equal(iomm_gather_pending(&gather), 0);
	return r;
}

static void test_unmap_refuses(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = lay(rig), *other = rig_4k(rig);
	struct iomm_gather gather, taken;
	struct iomm_extent e[2];
	uint32_t count = 2, none = 0;
	struct dump before;

	refuses_ranges(rig, take_range);
	refuses_handles(rig, take_range);
	iomm_gather_init(&gather);
	iomm_gather_init(&taken);
	map_ok(other, 0, 0, 4 * KB, RW);
	assert_ok(iomm_pgtable_unmap(other, 0, 4 * KB, &taken, NULL));
	dump_table(t, &before);
	assert_fails(take(t, 0, 4 * MB, NULL, e, &count), IOMM_EINVAL, rig->ctx,
		     "NULL");
	assert_int_equal(count, 0);
	assert_fails(take(t, 0, 4 * MB, &gather, NULL, &count), IOMM_EINVAL,
		     rig->ctx, "NULL");
	assert_fails(take(t, 0, 4 * MB, &gather, e, NULL), IOMM_EINVAL,
		     rig->ctx, "NULL");
	assert_fails(take(t, 0, 4 * MB, &gather, e, &none), IOMM_EINVAL,
		     rig->ctx, "");
	count = 2;
	assert_fails(iomm_pgtable_unmap_extents(t, 0, 4 * MB, &gather, e,
						STRIDE - 1, &count),
		     IOMM_EINVAL, rig->ctx, "31");
	assert_int_equal(count, 0);
	count = 2;
	assert_fails(take(t, 0, 4 * MB, &taken, e, &count), IOMM_EINVAL,
		     rig->ctx, "another page table");
	assert_int_equal(count, 0);
	assert_int_equal(iomm_gather_pending(&gather), 0);
	assert_unchanged(t, &before);
	assert_ok(iomm_gather_flush(&taken));
	iomm_pgtable_put(other);
	iomm_pgtable_put(t);
}

/* Every flush, and every allocation, fails in turn: what the extents say is
 * unmapped, and what they do not say is not. */
static void unmap_failing(struct rig *rig, uint64_t n, bool flush, int *result)
{
	struct iomm_pgtable *t = lay(rig);
	struct iomm_gather gather;
	struct iomm_extent e[8];
	uint64_t before = mapped_bytes(t), gone = 0;
	uint32_t i, count = 8;

	iomm_gather_init(&gather);
	rig->tlb_error = -IOMM_EIO;
	if (flush)
		rig->tlb_fail_in = (uint32_t)n;
	else
		rig->fail_at = rig->sites + n;
	*result = take(t, BASE + 0x1000, 3 * GB + 4 * KB, &gather, e, &count);
	rig->tlb_fail_in = 0;
	rig->fail_at = 0;
	for (i = 0; i < count; i++) {
		assert_true(i == 0 ||
			    e[i].iova >= e[i - 1].iova + e[i - 1].bytes);
		assert_hole(t, e[i].iova);
		assert_hole(t, e[i].iova + e[i].bytes - 1);
		gone += e[i].bytes;
	}
	assert_int_equal(mapped_bytes(t), before - gone);
	assert_maps(t, BASE, 1 * GB + BASE,
		    raw_leaf(t, BASE) & ARM64_CONT ? 64 * KB : 4 * KB);
	assert_ok(iomm_gather_flush(&gather));
	rig_assert_balanced(rig, t);
	iomm_pgtable_put(t);
}

static void test_unmap_fails(void **state)
{
	uint64_t n;
	int r;

	for (n = 1;; n++) {
		unmap_failing(*state, n, true, &r);
		if (!r)
			break;
		assert_int_equal(r, -IOMM_EIO);
	}
	assert_true(n > 2);
	for (n = 1;; n++) {
		unmap_failing(*state, n, false, &r);
		if (!r)
			break;
		assert_int_equal(r, -IOMM_ENOMEM);
	}
	assert_true(n > 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_all),
		RIG_TEST(test_few),
		RIG_TEST(test_cut_off),
		RIG_TEST(test_across_tables),
		RIG_TEST(test_reading_refuses),
		RIG_TEST(test_stride),
		RIG_TEST(test_unmap_all),
		RIG_TEST(test_unmap_few),
		RIG_TEST(test_unmap_few_says),
		RIG_TEST(test_unmap_part),
		RIG_TEST(test_unmap_refuses),
		RIG_TEST(test_unmap_fails),
	};

	return cmocka_run_group_tests_name("pgtable, extents", tests, NULL,
					   NULL);
}
