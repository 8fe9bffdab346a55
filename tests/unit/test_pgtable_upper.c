/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The upper half: addresses up to 2^64 - 1, as they are. */
#include "unit/watcher.h"

#define PAGE  UINT64_C(0x1000)
#define UPPER (IOMM_PGTABLE_UPPER | IOMM_PGTABLE_COHERENT)

/* 39 bits: what they begin with, and their last page. */
#define FIRST UINT64_C(0xffffff8000000000)
#define LAST  UINT64_C(0xfffffffffffff000)

static struct iomm_pgtable *table(struct rig *rig)
{
	return rig_table(rig, 4 * KB, 39, UPPER);
}

static void test_ends(void **state)
{
	static const uint32_t widths[] = { 25, 30, 31, 39, 40, 48 };
	struct rig *rig = *state;
	struct iomm_pgtable_info info;
	struct iomm_pgtable *t;
	uint64_t first;
	uint32_t i, g;

	for (i = 0; i < 18; i++) {
		g = i % 3;
		t = rig_table(rig, sizes[g].page, widths[i / 3],
			      IOMM_PGTABLE_UPPER);
		first = 0 - (UINT64_C(1) << widths[i / 3]);
		info = info_of(t);
		assert_int_equal(info.first_iova, first);
		assert_int_equal(info.last_iova, UINT64_MAX);
		assert_true(info.flags & IOMM_PGTABLE_UPPER);
		map_ok(t, first, 0x770000, sizes[g].page, RWC);
		map_ok(t, 0 - sizes[g].page, 0x880000, sizes[g].page, RO);
		assert_maps(t, first, 0x770000, sizes[g].page);
		assert_maps(t, UINT64_MAX, 0x880000 + sizes[g].page - 1,
			    sizes[g].page);
		assert_hole(t, first + sizes[g].page);
		assert_hole(t, 0 - sizes[g].page - 1);
		assert_walks_alike(rig, t, first);
		assert_walks_alike(rig, t, UINT64_MAX);
		assert_walks_alike(rig, t, 0 - sizes[g].page - 1);
		rig_assert_synced(rig);
		unmap_ok(t, first, 0 - first, 2 * sizes[g].page);
		assert_int_equal(info_of(t).tables, 1);
		iomm_pgtable_put(t);
	}
}

static int map_at(struct iomm_pgtable *t, uint64_t iova, uint64_t bytes)
{
	return iomm_pgtable_map(t, iova, 0, bytes, RW, 0, NULL);
}

static void test_refuses(void **state)
{
	static const struct {
		uint64_t iova, bytes;
		const char *part;
	} bad[] = {
		{ 0, PAGE, "0x0" },
		{ FIRST - PAGE, PAGE, "0xffffff7ffffff000" },
		{ FIRST - PAGE, 2 * PAGE, "0xffffff7ffffff000" },
		{ 512 * GB - PAGE, PAGE, "0x7ffffff000" },
		{ LAST, 2 * PAGE, "wraps" },
		{ FIRST, 512 * GB + PAGE, "wraps" },
		{ LAST, 0, "empty" },
		{ LAST + 8, PAGE, "0xfffffffffffff008" },
	};
	struct rig *rig = *state;
	struct iomm_pgtable *t = table(rig);
	struct iomm_translation at = { .size = sizeof(at) };
	struct iomm_reservation *r = NULL;
	struct iomm_gather gather;
	uint32_t i;

	iomm_gather_init(&gather);
	map_ok(t, LAST, 0, PAGE, RW);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint64_t iova = bad[i].iova, bytes = bad[i].bytes;

		assert_fails(map_at(t, iova, bytes), IOMM_EINVAL, rig->ctx,
			     bad[i].part);
		assert_fails(iomm_pgtable_unmap(t, iova, bytes, &gather, NULL),
			     IOMM_EINVAL, rig->ctx, bad[i].part);
		assert_fails(iomm_pgtable_protect(t, iova, bytes, RO, &gather,
						  NULL),
			     IOMM_EINVAL, rig->ctx, bad[i].part);
		assert_fails(iomm_pgtable_split(t, iova, bytes, PAGE),
			     IOMM_EINVAL, rig->ctx, bad[i].part);
		assert_fails(iomm_pgtable_reserve(t, iova, bytes, &r),
			     IOMM_EINVAL, rig->ctx, bad[i].part);
	}
	assert_fails(iomm_pgtable_translate(t, 0, &at), IOMM_EINVAL, rig->ctx,
		     "0x0");
	assert_fails(iomm_pgtable_translate(t, FIRST - 1, &at), IOMM_EINVAL,
		     rig->ctx, "0xffffff7fffffffff");
	assert_fails(iomm_pgtable_translate(t, FIRST, &at), IOMM_ENOENT,
		     rig->ctx, "nothing is mapped at 0xffffff8000000000");
	assert_fails(map_at(t, LAST, PAGE), IOMM_EEXIST, rig->ctx,
		     "something is mapped at 0xfffffffffffff000");
	assert_int_equal(iomm_gather_pending(&gather), 0);
	iomm_pgtable_put(t);
}

/* What the hooks and the gather are told are the device's addresses. */
static void test_real_addresses(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = table(rig);
	struct iomm_gather gather;
	const struct event *event;

	iomm_gather_init(&gather);
	map_ok(t, LAST - 3 * PAGE, 0, 4 * PAGE, RW);
	map_ok(t, FIRST, 0, 2 * MB, RWC);
	rig_clear_events(rig);
	assert_ok(iomm_pgtable_unmap(t, LAST - PAGE, 2 * PAGE, &gather, NULL));
	assert_int_equal(iomm_gather_pending(&gather), 2 * PAGE);
	assert_int_equal(gather.start, LAST - PAGE);
	assert_int_equal(gather.last, UINT64_MAX);
	/* Joins below; nothing is above. */
	assert_ok(iomm_pgtable_unmap(t, LAST - 2 * PAGE, PAGE, &gather, NULL));
	assert_int_equal(iomm_gather_pending(&gather), 3 * PAGE);
	assert_int_equal(rig->nr_events, 0);
	assert_ok(iomm_gather_flush(&gather));
	event = rig_event(rig, EV_FLUSH, 0);
	assert_int_equal(event->iova, LAST - 2 * PAGE);
	assert_int_equal(event->last, UINT64_MAX);
	/* A block is cut: the break's flush. */
	rig_clear_events(rig);
	assert_ok(iomm_pgtable_unmap(t, FIRST + PAGE, PAGE, &gather, NULL));
	event = rig_event(rig, EV_FLUSH, 0);
	assert_int_equal(event->iova, FIRST);
	assert_int_equal(event->last, FIRST + 2 * MB - 1);
	rig_clear_events(rig);
	assert_ok(iomm_gather_flush(&gather));
	event = rig_event(rig, EV_FLUSH, 0);
	assert_int_equal(event->iova, FIRST + PAGE);
	assert_int_equal(event->last, FIRST + 2 * PAGE - 1);
	/* All of it, as one range. */
	assert_ok(iomm_pgtable_unmap(t, FIRST, 512 * GB, &gather, NULL));
	assert_ok(iomm_gather_flush(&gather));
	assert_int_equal(info_of(t).tables, 1);
	iomm_pgtable_put(t);
}

static int see(void *data, const struct iomm_walk_entry *entry)
{
	uint64_t *sum = data;

	assert_true(entry->iova >= FIRST);
	if (entry->kind != IOMM_WALK_TABLE)
		sum[0] += entry->bytes;
	sum[1] = entry->iova + (entry->bytes - 1);
	return 0;
}

static void test_reads(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = table(rig);
	struct iomm_extent e[3];
	uint64_t sum[2] = { 0, 0 };
	uint32_t count = 3;

	map_ok(t, FIRST + PAGE, 0x5000, PAGE, RO);
	map_ok(t, 0 - 1 * GB, 2 * GB, 1 * GB, RWC);
	assert_ok(iomm_pgtable_walk(t, 0, UINT64_MAX, see, sum));
	assert_int_equal(sum[0], 1 * GB + PAGE);
	assert_int_equal(sum[1], UINT64_MAX);
	sum[0] = 0;
	assert_ok(iomm_pgtable_walk(t, UINT64_MAX, 1, see, sum));
	assert_int_equal(sum[0], 1 * GB);
	sum[0] = 0;
	assert_ok(iomm_pgtable_walk(t, 0, FIRST, see, sum));
	assert_int_equal(sum[0], 0);
	assert_ok(iomm_pgtable_extents(t, 0, UINT64_MAX, e, sizeof(e[0]),
				       &count));
	assert_int_equal(count, 2);
	assert_extent(&e[0], FIRST + PAGE, PAGE, 0x5000, RO);
	/* The range ended one byte before the end. */
	assert_extent(&e[1], 0 - 1 * GB, 1 * GB - 1, 2 * GB, RWC);
	count = 3;
	assert_ok(iomm_pgtable_extents(t, UINT64_MAX, 1, e, sizeof(e[0]),
				       &count));
	assert_int_equal(count, 1);
	assert_extent(&e[0], UINT64_MAX, 1, 3 * GB - 1, RWC);
	count = 3;
	assert_ok(iomm_pgtable_extents(t, 1, UINT64_MAX, e, sizeof(e[0]),
				       &count));
	assert_int_equal(e[1].bytes, 1 * GB);
	iomm_pgtable_put(t);
}

/* Every operation, at the very end. */
static void test_operations(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t =
		rig_table(rig, 4 * KB, 39, UPPER | IOMM_PGTABLE_DIRTY);
	struct iomm_segment list[] = { { 0x5000, PAGE }, { 0x9000, PAGE } };
	struct iomm_reservation *r = NULL;
	struct iomm_cursor cursor;
	struct iomm_gather gather;
	struct iomm_extent e[4];
	uint64_t end = 0 - 4 * MB, moved = 0, word = 0;
	uint32_t count = 4;
	struct watcher w;

	iomm_gather_init(&gather);
	watcher_begin(&w, rig, t, end, 1024);
	map_ok(t, end, 4 * MB, 4 * MB, RWC);
	assert_ok(iomm_pgtable_split(t, LAST, PAGE, 4 * KB));
	assert_maps(t, UINT64_MAX, 8 * MB - 1, 4 * KB);
	assert_maps(t, end, 4 * MB, 2 * MB);
	assert_ok(iomm_pgtable_merge(t, end, 4 * MB, &gather));
	assert_ok(iomm_gather_flush(&gather));
	assert_maps(t, UINT64_MAX, 8 * MB - 1, 2 * MB);
	protect_ok(t, LAST - 15 * PAGE, 16 * PAGE, RO | IOMM_PROT_CACHE,
		   16 * PAGE);
	assert_prot(t, UINT64_MAX, RO | IOMM_PROT_CACHE);
	*rig_leaf(rig, t, LAST - 16 * PAGE) &= ~UINT64_C(0x80);
	assert_ok(iomm_pgtable_read_and_clear_dirty(t, LAST - 31 * PAGE,
						    32 * PAGE, 0, &word, 1,
						    &gather));
	assert_true(word >> 15 & 1);
	assert_int_equal(word >> 16, 0);
	assert_ok(iomm_gather_flush(&gather));
	assert_ok(iomm_pgtable_unmap_extents(t, end, 4 * MB, &gather, e,
					     sizeof(e[0]), &count));
	assert_int_equal(count, 2);
	assert_extent(&e[0], end, 4 * MB - 16 * PAGE, 4 * MB, RWC);
	assert_extent(&e[1], LAST - 15 * PAGE, 16 * PAGE, 8 * MB - 16 * PAGE,
		      RO | IOMM_PROT_CACHE);
	assert_ok(iomm_gather_flush(&gather));
	watcher_assert_current(&w);
	watcher_end(&w);
	assert_ok(iomm_pgtable_map_segments(t, LAST - PAGE, list, 2,
					    sizeof(list[0]), RW, 0, &moved));
	assert_maps(t, UINT64_MAX, 0x9fff, 4 * KB);
	unmap_ok(t, LAST - PAGE, 2 * PAGE, 2 * PAGE);
	assert_ok(iomm_pgtable_map(t, end, 0x7000, 4 * MB, RW, IOMM_MAP_REPEAT,
				   NULL));
	assert_maps(t, UINT64_MAX, 0x7fff, 4 * KB);
	unmap_ok(t, end, 4 * MB, 4 * MB);
	assert_ok(iomm_pgtable_reserve(t, end, 4 * MB, &r));
	assert_ok(iomm_reservation_commit(r, LAST, 0, PAGE, RW, 0, NULL));
	assert_fails(iomm_reservation_commit(r, end - PAGE, 0, PAGE, RW, 0,
					     NULL),
		     IOMM_EINVAL, rig->ctx, "0xffffffffffbff000");
	iomm_reservation_put(r);
	assert_ok(iomm_cursor_init(&cursor, t));
	assert_ok(iomm_cursor_unmap(&cursor, LAST, PAGE, &gather, &moved));
	assert_int_equal(moved, PAGE);
	assert_ok(iomm_cursor_map(&cursor, LAST, 0, PAGE, RW, 0, &moved));
	assert_ok(
		iomm_cursor_map(&cursor, LAST - PAGE, 0, PAGE, RW, 0, &moved));
	assert_int_equal(iomm_cursor_map(&cursor, 0, 0, PAGE, RW, 0, &moved),
			 -IOMM_EINVAL);
	iomm_cursor_fini(&cursor);
	unmap_ok(t, FIRST, 512 * GB, 2 * PAGE);
	assert_ok(iomm_gather_flush(&gather));
	iomm_pgtable_put(t);
}

/* The same operations in the upper and in the lower half do the same. */
static void test_like_the_lower(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *low = rig_4k(rig), *up = table(rig);
	uint64_t seed = 3, n, a, b, iova, bytes;
	struct iomm_gather ga, gb;
	int ra, rb;

	iomm_gather_init(&ga);
	iomm_gather_init(&gb);
	for (n = 0; n < 1000; n++) {
		seed = seed * UINT64_C(6364136223846793005) + 1;
		iova = 512 * GB - 4 * MB + (seed >> 40 & 1023) * PAGE;
		bytes = (1 + (seed >> 30 & 255)) * PAGE;
		if (bytes > 512 * GB - iova)
			bytes = 512 * GB - iova;
		a = b = 1;
		if (seed >> 63) {
			ra = iomm_pgtable_map(low, iova, iova, bytes, RWC, 0,
					      &a);
			rb = iomm_pgtable_map(up, FIRST + iova, iova, bytes,
					      RWC, 0, &b);
		} else {
			ra = iomm_pgtable_unmap(low, iova, bytes, &ga, &a);
			rb = iomm_pgtable_unmap(up, FIRST + iova, bytes, &gb,
						&b);
		}
		assert_int_equal(ra, rb);
		assert_int_equal(a, b);
		assert_int_equal(iomm_gather_pending(&ga),
				 iomm_gather_pending(&gb));
		assert_int_equal(info_of(low).tables, info_of(up).tables);
		if (n % 8 == 0) {
			assert_ok(iomm_gather_flush(&ga));
			assert_ok(iomm_gather_flush(&gb));
		}
	}
	for (iova = 512 * GB - 4 * MB; iova < 512 * GB; iova += PAGE)
		assert_int_equal(raw_leaf(low, iova),
				 raw_leaf(up, FIRST + iova));
	assert_ok(iomm_gather_flush(&ga));
	assert_ok(iomm_gather_flush(&gb));
	iomm_pgtable_put(low);
	iomm_pgtable_put(up);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_ends),	       RIG_TEST(test_refuses),
		RIG_TEST(test_real_addresses), RIG_TEST(test_reads),
		RIG_TEST(test_operations),     RIG_TEST(test_like_the_lower),
	};

	return cmocka_run_group_tests_name("pgtable, upper half", tests, NULL,
					   NULL);
}
