/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A cursor remembers, and notices when what it remembers is no more so. */
#include "unit/pgtable_support.h"

static struct iomm_cursor cursor_on(struct iomm_pgtable *t)
{
	struct iomm_cursor cursor;

	memset(&cursor, 0xff, sizeof(cursor));
	assert_ok(iomm_cursor_init(&cursor, t));
	return cursor;
}

static void put_page(struct iomm_cursor *cursor, uint64_t iova, uint64_t paddr)
{
	uint64_t mapped = 1;

	assert_ok(iomm_cursor_map(cursor, iova, paddr, 4096, RWC, 0, &mapped));
	assert_int_equal(mapped, 4096);
}

static void
take_page(struct iomm_cursor *cursor, uint64_t iova, struct iomm_gather *gather)
{
	uint64_t unmapped = 1;

	assert_ok(iomm_cursor_unmap(cursor, iova, 4096, gather, &unmapped));
	assert_int_equal(unmapped, 4096);
}

/* What it is for. */
static void test_stream(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = rig_table(rig, 4 * KB, 39, 0);
	struct iomm_cursor cursor = cursor_on(t);
	struct iomm_gather gather;
	uint64_t n, base = 2 * MB - 16 * 4096;

	iomm_gather_init(&gather);
	for (n = 0; n < 600; n++) {
		put_page(&cursor, base + n * 4096, n * 8192);
		assert_maps(t, base + n * 4096, n * 8192, 4096);
		if (n >= 32)
			take_page(&cursor, base + (n - 32) * 4096, &gather);
		rig_assert_synced(rig);
	}
	assert_int_equal(mapped_bytes(t), 32 * 4096);
	assert_ok(iomm_gather_flush(&gather));
	for (n = 568; n < 600; n++)
		take_page(&cursor, base + n * 4096, &gather);
	assert_ok(iomm_gather_flush(&gather));
	iomm_cursor_fini(&cursor);
	assert_int_equal(info_of(t).tables, 1);
	iomm_pgtable_put(t);
}

/* The same entries, counters, sentences, errors as without it. */
static void test_the_same(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *a = rig_4k(rig), *b = rig_4k(rig);
	struct iomm_cursor cursor = cursor_on(b);
	struct iomm_gather ga, gb;
	uint64_t x, y, n, seed = 7;

	iomm_gather_init(&ga);
	iomm_gather_init(&gb);
	for (n = 0; n < 3000; n++) {
		uint64_t iova, bytes, flags;
		int ra, rb;

		seed = seed * UINT64_C(6364136223846793005) + 1;
		iova = 2 * MB - 64 * KB + (seed >> 40 & 63) * 4096;
		bytes = (1 + (seed >> 50 & 31)) * 4096;
		flags = seed >> 60 == 1 ? IOMM_MAP_REPEAT : 0;
		x = y = n;
		if (seed >> 63) {
			ra = iomm_pgtable_map(a, iova, iova, bytes, RWC,
					      (uint32_t)flags, &x);
			rb = iomm_cursor_map(&cursor, iova, iova, bytes, RWC,
					     (uint32_t)flags, &y);
		} else {
			ra = iomm_pgtable_unmap(a, iova, bytes, &ga, &x);
			rb = iomm_cursor_unmap(&cursor, iova, bytes, &gb, &y);
		}
		assert_int_equal(ra, rb);
		assert_int_equal(x, y);
		assert_int_equal(iomm_gather_pending(&ga),
				 iomm_gather_pending(&gb));
		if (seed >> 58 & 1) {
			assert_ok(iomm_gather_flush(&ga));
			assert_ok(iomm_gather_flush(&gb));
		}
		assert_int_equal(info_of(a).tables, info_of(b).tables);
	}
	assert_int_equal(mapped_bytes(a), mapped_bytes(b));
	for (n = 2 * MB - 64 * KB; n < 2 * MB + 512 * KB; n += 4096)
		assert_int_equal(raw_leaf(a, n), raw_leaf(b, n));
	assert_ok(iomm_gather_flush(&ga));
	assert_ok(iomm_gather_flush(&gb));
	iomm_cursor_fini(&cursor);
	iomm_pgtable_put(a);
	iomm_pgtable_put(b);
}

/* Protections: the one that it knows, others, and one that is refused. */
static void test_protections(void **state)
{
	static const uint32_t prots[] = {
		RW, RW, RO, RWC, RO, RW, RWC, 0, RW, RO, RO | IOMM_PROT_EXEC
	};
	struct rig *rig = *state;
	struct iomm_pgtable *t = rig_4k(rig);
	struct iomm_cursor cursor = cursor_on(t);
	uint64_t mapped = 0;
	uint32_t i;
	int r;

	/* 0 is not a protection, not even for one that knows none yet. */
	assert_fails(iomm_cursor_map(&cursor, 0, 0, 4096, 0, 0, &mapped),
		     IOMM_EINVAL, rig->ctx, "neither reading");
	for (i = 0; i < 11; i++) {
		r = iomm_cursor_map(&cursor, i * 4096, 0, 4096, prots[i], 0,
				    NULL);
		assert_int_equal(r, prots[i] ? 0 : -IOMM_EINVAL);
		if (!r)
			assert_prot(t, i * 4096, prots[i]);
	}
	for (i = 0; i < 2; i++)
		assert_fails(iomm_cursor_map(&cursor, 1 * MB, 0, 4096,
					     IOMM_PROT_WRITE, 0, &mapped),
			     IOMM_EOPNOTSUPP, rig->ctx,
			     "writing without reading");
	assert_int_equal(mapped, 0);
	assert_hole(t, 1 * MB);
	iomm_cursor_fini(&cursor);
	iomm_pgtable_put(t);
}

/* The table that it remembers is emptied by others, freed, and its memory made
 * a table for somewhere else. */
static void stale(struct rig *rig, uint32_t flags, bool trim)
{
	struct iomm_pgtable *t = rig_table(rig, 4 * KB, 39, flags);
	struct iomm_cursor cursor = cursor_on(t);
	struct iomm_gather gather;
	uint64_t unmapped = 1;

	iomm_gather_init(&gather);
	put_page(&cursor, 0x3000, 0x5000);
	unmap_ok(t, 0, 2 * MB, 4096);
	if (trim)
		(void)iomm_pgtable_trim(t);
	map_ok(t, 6 * GB, 0, 4096, RO);
	/* Nothing is there, and nothing of the other place goes. */
	assert_ok(iomm_cursor_unmap(&cursor, 0, 2 * MB, &gather, &unmapped));
	assert_int_equal(unmapped, 0);
	assert_ok(iomm_cursor_unmap(&cursor, 0x3000, 4096, &gather, &unmapped));
	assert_int_equal(unmapped, 0);
	assert_maps(t, 6 * GB, 0, 4096);
	put_page(&cursor, 0x4000, 0x7000);
	assert_maps(t, 0x4000, 0x7000, 4096);
	assert_hole(t, 6 * GB + 0x4000);
	/* Replaced by a block, and split again. */
	unmap_ok(t, 0x4000, 4096, 4096);
	map_ok(t, 0, 2 * MB, 2 * MB, RWC);
	assert_int_equal(iomm_cursor_map(&cursor, 0x5000, 0, 4096, RWC, 0,
					 &unmapped),
			 -IOMM_EEXIST);
	assert_says(rig->ctx, "mapped at 0x5000");
	take_page(&cursor, 0x5000, &gather);
	assert_hole(t, 0x5000);
	assert_maps(t, 0x6000, 2 * MB + 0x6000, 4096);
	put_page(&cursor, 0x5000, 0);
	assert_ok(iomm_pgtable_unmap(t, 0, 512 * GB, &gather, &unmapped));
	/* The tables wait in the gather: they are no place to map either. */
	put_page(&cursor, 0x5000, 0x9000);
	assert_maps(t, 0x5000, 0x9000, 4096);
	assert_ok(iomm_gather_flush(&gather));
	assert_maps(t, 0x5000, 0x9000, 4096);
	assert_int_equal(mapped_bytes(t), 4096);
	iomm_cursor_fini(&cursor);
	rig_assert_balanced(rig, t);
	iomm_pgtable_put(t);
}

static void test_stale(void **state)
{
	stale(*state, IOMM_PGTABLE_COHERENT, false);
	stale(*state, IOMM_PGTABLE_COHERENT, true);
	stale(*state, 0, true);
	stale(*state, IOMM_PGTABLE_SHARED, false);
	stale(*state, IOMM_PGTABLE_SHARED, true);
}

/* Two at the same place: what one empties the other notices. */
static void test_two(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = rig_4k(rig);
	struct iomm_cursor a = cursor_on(t), b = cursor_on(t);
	struct iomm_gather gather;
	uint64_t n;

	iomm_gather_init(&gather);
	for (n = 0; n < 100; n++) {
		put_page(&a, n * 4096, 0);
		put_page(&b, 1 * GB + n * 4096, 4096);
		take_page(&b, n * 4096, &gather);
		assert_ok(iomm_gather_flush(&gather));
		take_page(&a, 1 * GB + n * 4096, &gather);
		assert_ok(iomm_gather_flush(&gather));
		if (n % 7 == 0)
			(void)iomm_pgtable_trim(t);
		assert_int_equal(info_of(t).tables, 1);
	}
	iomm_cursor_fini(&a);
	iomm_cursor_fini(&b);
	iomm_pgtable_put(t);
}

/* Large ranges, forced pages, runs, across tables. */
static void test_large(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = rig_4k(rig);
	struct iomm_cursor cursor = cursor_on(t);
	struct iomm_gather gather;
	uint64_t moved = 1;

	iomm_gather_init(&gather);
	put_page(&cursor, 0, 0);
	assert_ok(iomm_cursor_map(&cursor, 4096, 4096, 4 * MB - 4096, RWC, 0,
				  &moved));
	assert_int_equal(moved, 4 * MB - 4096);
	assert_maps(t, 2 * MB, 2 * MB, 2 * MB);
	assert_maps(t, 64 * KB, 64 * KB, 64 * KB);
	assert_maps(t, 60 * KB, 60 * KB, 4 * KB);
	assert_ok(iomm_cursor_map(&cursor, 4 * MB, 4 * MB, 2 * MB, RWC,
				  IOMM_MAP_PAGE(12), NULL));
	assert_maps(t, 4 * MB, 4 * MB, 4 * KB);
	take_page(&cursor, 64 * KB, &gather);
	assert_maps(t, 68 * KB, 68 * KB, 4 * KB);
	assert_ok(iomm_cursor_unmap(&cursor, 0, 8 * MB, &gather, &moved));
	assert_int_equal(moved, 6 * MB - 4096);
	assert_ok(iomm_gather_flush(&gather));
	assert_int_equal(info_of(t).tables, 1);
	iomm_cursor_fini(&cursor);
	iomm_pgtable_put(t);
}

/* It holds its table, and may be moved. */
static void test_holds(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = rig_4k(rig);
	struct iomm_cursor cursor = cursor_on(t), moved;

	put_page(&cursor, 0, 0);
	iomm_pgtable_put(t);
	moved = cursor;
	memset(&cursor, 0xff, sizeof(cursor));
	put_page(&moved, 4096, 0);
	assert_maps(t, 4096, 0, 4096);
	assert_int_equal(rig->tlb_releases, 0);
	iomm_cursor_fini(&moved);
	assert_int_equal(rig->tlb_releases, 1);
	iomm_cursor_fini(&moved);
	iomm_cursor_fini(NULL);
	assert_int_equal(rig->tlb_releases, 1);
}

static void refused(struct iomm_cursor *cursor)
{
	struct iomm_gather gather;
	uint64_t moved = 4;

	iomm_gather_init(&gather);
	assert_int_equal(iomm_cursor_map(cursor, 0, 0, 4096, RW, 0, &moved),
			 -IOMM_EINVAL);
	assert_int_equal(moved, 0);
	moved = 4;
	assert_int_equal(iomm_cursor_unmap(cursor, 0, 4096, &gather, &moved),
			 -IOMM_EINVAL);
	assert_int_equal(moved, 0);
	assert_int_equal(iomm_cursor_map(cursor, 0, 0, 4096, RW, 0, NULL),
			 -IOMM_EINVAL);
}

static void test_malformed(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = rig_4k(rig);
	struct iomm_cursor cursor = cursor_on(t), zero, bad;

	memset(&zero, 0, sizeof(zero));
	refused(NULL);
	refused(&zero);
	bad = cursor;
	bad.size--;
	refused(&bad);
	bad = cursor;
	bad.pgtable = (void *)rig->memory;
	refused(&bad);
	iomm_cursor_fini(&zero);
	iomm_cursor_fini(&cursor);
	refused(&cursor);
	assert_int_equal(iomm_cursor_init(&cursor, NULL), -IOMM_EINVAL);
	assert_int_equal(iomm_cursor_init(&cursor, (void *)rig->memory),
			 -IOMM_EINVAL);
	assert_fails(iomm_cursor_init(NULL, t), IOMM_EINVAL, rig->ctx, "NULL");
	iomm_pgtable_put(t);
}

static struct iomm_cursor shared_cursor;

static int map_range(struct iomm_pgtable *t, uint64_t iova, uint64_t bytes)
{
	uint64_t mapped = 3;
	int r = iomm_cursor_init(&shared_cursor, t);

	if (r)
		return r;
	r = iomm_cursor_map(&shared_cursor, iova, 0, bytes, RW, 0, &mapped);
	assert_int_equal(mapped, 0);
	iomm_cursor_fini(&shared_cursor);
	return r;
}

static int unmap_range(struct iomm_pgtable *t, uint64_t iova, uint64_t bytes)
{
	struct iomm_gather gather;
	uint64_t unmapped = 3;
	int r = iomm_cursor_init(&shared_cursor, t);

	if (r)
		return r;
	iomm_gather_init(&gather);
	r = iomm_cursor_unmap(&shared_cursor, iova, bytes, &gather, &unmapped);
	assert_int_equal(unmapped, 0);
	assert_int_equal(iomm_gather_pending(&gather), 0);
	iomm_cursor_fini(&shared_cursor);
	return r;
}

static void test_refuses(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = rig_4k(rig), *other = rig_4k(rig);
	struct iomm_cursor cursor = cursor_on(t);
	struct iomm_gather taken;
	uint64_t moved = 3;

	refuses_ranges(rig, map_range);
	refuses_ranges(rig, unmap_range);
	refuses_handles(rig, map_range);
	iomm_gather_init(&taken);
	map_ok(other, 0, 0, 4096, RW);
	assert_ok(iomm_pgtable_unmap(other, 0, 4096, &taken, NULL));
	/* When it is warm too: that must not be a way around the checks. */
	put_page(&cursor, 0, 0);
	assert_fails(iomm_cursor_unmap(&cursor, 0, 4096, &taken, &moved),
		     IOMM_EINVAL, rig->ctx, "another page table");
	assert_int_equal(moved, 0);
	assert_fails(iomm_cursor_unmap(&cursor, 0, 4096, NULL, NULL),
		     IOMM_EINVAL, rig->ctx, "NULL");
	assert_fails(iomm_cursor_unmap(&cursor, 0x10, 4096, &taken, &moved),
		     IOMM_EINVAL, rig->ctx, "");
	assert_fails(iomm_cursor_map(&cursor, 4096, 0x10, 4096, RWC, 0, &moved),
		     IOMM_EINVAL, rig->ctx, "0x10");
	assert_fails(iomm_cursor_map(&cursor, 4096, 256 * TB, 4096, RWC, 0,
				     &moved),
		     IOMM_EINVAL, rig->ctx, "48 bits");
	assert_fails(iomm_cursor_map(&cursor, 0x1001, 0, 4096, RWC, 0, &moved),
		     IOMM_EINVAL, rig->ctx, "0x1001");
	assert_fails(iomm_cursor_map(&cursor, 4096, 0, 0, RWC, 0, &moved),
		     IOMM_EINVAL, rig->ctx, "empty");
	assert_fails(iomm_cursor_map(&cursor, 4096, 0, 4096, RWC, 1u << 16,
				     &moved),
		     IOMM_EINVAL, rig->ctx, "0x10000");
	assert_fails(iomm_cursor_map(&cursor, 0, 0, 4096, RWC, 0, &moved),
		     IOMM_EEXIST, rig->ctx, "mapped at 0x0");
	assert_int_equal(moved, 0);
	assert_int_equal(mapped_bytes(t), 4096);
	assert_ok(iomm_gather_flush(&taken));
	iomm_cursor_fini(&cursor);
	iomm_pgtable_put(other);
	iomm_pgtable_put(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_stream),	    RIG_TEST(test_the_same),
		RIG_TEST(test_protections), RIG_TEST(test_stale),
		RIG_TEST(test_two),	    RIG_TEST(test_large),
		RIG_TEST(test_holds),	    RIG_TEST(test_malformed),
		RIG_TEST(test_refuses),
	};

	return cmocka_run_group_tests_name("pgtable, cursors", tests, NULL,
					   NULL);
}
