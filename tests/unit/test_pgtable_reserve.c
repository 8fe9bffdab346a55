/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Reservations: what is committed allocates nothing, whatever became of the
 * tables meanwhile. */
#include "unit/pgtable_support.h"

/* A commit in which any allocation would fail, and which calls nothing of the
 * provider's but sync. */
static int commit(struct rig *rig, struct iomm_reservation *r, uint64_t iova,
		  uint64_t paddr, uint64_t bytes, uint64_t *mapped)
{
	uint64_t sites = rig->sites;
	uint32_t frees, allocs;
	int err;

	rig_clear_events(rig);
	rig->fail_at = sites + 1;
	err = iomm_reservation_commit(r, iova, paddr, bytes, RWC, 0, mapped);
	rig->fail_at = 0;
	assert_int_equal(rig->sites, sites);
	frees = rig_count(rig, EV_FREE);
	allocs = rig_count(rig, EV_ALLOC);
	assert_int_equal(frees + allocs, 0);
	return err;
}

static void commit_ok(struct rig *rig, struct iomm_reservation *r,
		      uint64_t iova, uint64_t paddr, uint64_t bytes)
{
	uint64_t mapped = ~bytes;

	assert_ok(commit(rig, r, iova, paddr, bytes, &mapped));
	assert_int_equal(mapped, bytes);
}

static struct iomm_reservation *
reserve(struct iomm_pgtable *t, uint64_t iova, uint64_t bytes)
{
	struct iomm_reservation *r = NULL;

	assert_ok(iomm_pgtable_reserve(t, iova, bytes, &r));
	assert_non_null(r);
	return r;
}

static uint64_t live(struct rig *rig)
{
	return iomm_ctx_live_handles(rig->ctx, IOMM_HANDLE_RESERVATION);
}

/* All is back where it was. */
static void finish(struct rig *rig, struct iomm_pgtable *t)
{
	uint64_t bytes = mapped_bytes(t);

	unmap_ok(t, 0, 512 * GB, bytes);
	assert_int_equal(info_of(t).tables, 1);
	rig_assert_balanced(rig, t);
	(void)iomm_pgtable_trim(t);
	assert_int_equal(rig->tables, 1);
	assert_int_equal(live(rig), 0);
	iomm_pgtable_put(t);
}

/* Ranges over any number of tables, with output addresses that only the
 * smallest pages fit, and with ones that the largest do. */
static const struct range {
	uint64_t iova, bytes;
	uint64_t last; /* size of the last leaf, where leaves fit */
} ranges[] = {
	{ 0, 4 * KB, 4 * KB },
	{ 2 * MB - 4 * KB, 8 * KB, 4 * KB },
	{ 1 * GB - 4 * KB, 8 * KB, 4 * KB },
	{ 0, 2 * MB, 2 * MB },
	{ 1 * GB - 2 * MB, 40 * MB, 2 * MB },
	{ 0x7000, 20 * MB, 4 * KB },
	{ 512 * GB - 4 * MB, 4 * MB, 2 * MB },
};

static void
whole(struct rig *rig, const struct range *range, uint64_t paddr, uint64_t last)
{
	struct iomm_pgtable *t = rig_table(rig, 4 * KB, 39, 0);
	struct iomm_reservation *r = reserve(t, range->iova, range->bytes);

	assert_int_equal(live(rig), 1);
	assert_int_equal(mapped_bytes(t), 0);
	commit_ok(rig, r, range->iova, paddr, range->bytes);
	assert_maps(t, range->iova + range->bytes - 1, paddr + range->bytes - 1,
		    last);
	assert_int_equal(mapped_bytes(t), range->bytes);
	rig_assert_synced(rig);
	assert_walks_alike(rig, t, range->iova);
	iomm_reservation_put(r);
	finish(rig, t);
}

static void test_whole(void **state)
{
	const struct range *range = ranges;

	for (; range < ranges + sizeof(ranges) / sizeof(ranges[0]); range++) {
		whole(*state, range, 4 * GB + range->iova, range->last);
		whole(*state, range, 4 * GB + range->iova + 4 * KB, 4 * KB);
	}
}

/* In pieces, in any order. */
static void test_pieces(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = rig_4k(rig);
	struct iomm_reservation *r = reserve(t, 1 * GB - 1 * MB, 4 * MB);
	uint64_t n, at;

	for (n = 0; n < 1024; n++) {
		at = n * 389 % 1024 * 4096;
		commit_ok(rig, r, 1 * GB - 1 * MB + at, 8 * GB - at, 4096);
	}
	assert_int_equal(mapped_bytes(t), 4 * MB);
	iomm_reservation_put(r);
	finish(rig, t);
}

/* The tables that were there when it was made go away. */
static void test_tables_dropped(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = rig_4k(rig);
	struct iomm_reservation *r;

	map_ok(t, 2 * MB, 0, 4 * MB, RO);
	map_ok(t, 10 * MB, 4 * KB, 2 * MB, RO);
	r = reserve(t, 1 * MB, 20 * MB);
	unmap_ok(t, 0, 512 * GB, 6 * MB);
	assert_int_equal(info_of(t).tables, 1);
	(void)iomm_pgtable_trim(t);
	commit_ok(rig, r, 1 * MB, 4 * KB, 20 * MB);
	iomm_reservation_put(r);
	finish(rig, t);
}

/* Others map and unmap there all the time, and take what is spare. */
static void test_others_work(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = rig_4k(rig);
	struct iomm_reservation *r = reserve(t, 0, 16 * MB);
	uint64_t n;

	for (n = 0; n < 8; n++) {
		map_ok(t, n * 2 * MB, 4 * KB, 2 * MB, RO);
		unmap_ok(t, n * 2 * MB, 2 * MB, 2 * MB);
		commit_ok(rig, r, n * 2 * MB, 4 * KB, 1 * MB);
		map_ok(t, 1 * GB + n * 2 * MB, 4 * KB, 2 * MB, RO);
		(void)iomm_pgtable_trim(t);
		commit_ok(rig, r, n * 2 * MB + 1 * MB, 4 * KB, 1 * MB);
	}
	assert_int_equal(mapped_bytes(t), 32 * MB);
	iomm_reservation_put(r);
	finish(rig, t);
}

/* Others map in the range and stay: only that can make it fail. */
static void test_exists(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = rig_4k(rig);
	struct iomm_reservation *r = reserve(t, 0, 8 * MB);
	uint64_t mapped = 1;

	map_ok(t, 5 * MB, 0, 4 * KB, RO);
	assert_int_equal(commit(rig, r, 0, 4 * KB, 8 * MB, &mapped),
			 -IOMM_EEXIST);
	assert_says(rig->ctx, "something is mapped at 0x500000");
	assert_int_equal(mapped, 5 * MB);
	assert_maps(t, 5 * MB, 0, 4 * KB);
	assert_hole(t, 5 * MB + 4 * KB);
	/* The rest is as good as it was. */
	commit_ok(rig, r, 5 * MB + 4 * KB, 4 * KB, 3 * MB - 4 * KB);
	iomm_reservation_put(r);
	finish(rig, t);
}

/* Two reservations of the same range, each for its part. */
static void test_two(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = rig_4k(rig);
	struct iomm_reservation *a = reserve(t, 0, 8 * MB);
	struct iomm_reservation *b = reserve(t, 4 * MB, 8 * MB);
	uint64_t at;

	for (at = 0; at < 8 * MB; at += 64 * KB) {
		commit_ok(rig, a, at, 4 * KB, 32 * KB);
		if (at >= 4 * MB)
			commit_ok(rig, b, at + 32 * KB, 4 * KB, 32 * KB);
	}
	/* One goes with what it has left; the other is not the poorer. */
	iomm_reservation_put(a);
	(void)iomm_pgtable_trim(t);
	commit_ok(rig, b, 8 * MB, 4 * KB, 4 * MB);
	iomm_reservation_put(b);
	finish(rig, t);
}

/* What was committed and unmapped can be committed no more, once the tables
 * are used up: that is told, and nothing is allocated for it. */
static void test_used_up(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = rig_4k(rig);
	struct iomm_reservation *r = reserve(t, 0, 4 * MB);
	uint64_t mapped = 5;

	commit_ok(rig, r, 0, 4 * KB, 4 * MB);
	unmap_ok(t, 0, 4 * MB, 4 * MB);
	(void)iomm_pgtable_trim(t);
	assert_int_equal(commit(rig, r, 0, 4 * KB, 4 * MB, &mapped),
			 -IOMM_ENOSPC);
	assert_says(rig->ctx, "used up");
	assert_int_equal(mapped, 0);
	assert_int_equal(mapped_bytes(t), 0);
	assert_int_equal(info_of(t).tables, 1);
	/* Mapping is possible as ever, and then so is committing there. */
	map_ok(t, 0, 0, 4 * KB, RW);
	assert_int_equal(commit(rig, r, 4 * KB, 0, 4 * MB - 4 * KB, &mapped),
			 -IOMM_ENOSPC);
	assert_int_equal(mapped, 2 * MB - 4 * KB);
	assert_int_equal(mapped_bytes(t), 2 * MB);
	iomm_reservation_put(r);
	finish(rig, t);
}

/* What was not needed goes back to the page table, and from there to others
 * or, by trim, to the provider. */
static void test_put_gives_back(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = rig_4k(rig);
	struct iomm_reservation *r;
	int64_t out;

	r = reserve(t, 0, 8 * MB);
	out = rig->tables;
	assert_true(out >= 1 + 1 + 4);
	assert_int_equal(info_of(t).tables, 1);
	/* They are the reservation's: no trim takes them. */
	assert_int_equal(iomm_pgtable_trim(t), 0);
	assert_int_equal(rig->tables, out);
	commit_ok(rig, r, 0, 4 * KB, 2 * MB);
	iomm_reservation_put(r);
	assert_int_equal(rig->tables, out);
	assert_int_equal(info_of(t).spare, (uint64_t)out - 3);
	rig_assert_balanced(rig, t);
	/* The next who needs one allocates none of the provider. */
	rig_clear_events(rig);
	map_ok(t, 4 * MB, 4 * KB, 2 * MB, RW);
	assert_int_equal(rig_count(rig, EV_ALLOC), 0);
	assert_int_equal(info_of(t).spare, (uint64_t)out - 4);
	assert_int_equal(iomm_pgtable_trim(t), ((uint64_t)out - 4) * 4 * KB);
	assert_int_equal(rig->tables, 4);
	finish(rig, t);
}

/* It holds its table, and with the last reference gives all back. */
static void test_outlives_the_handle(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = rig_4k(rig);
	struct iomm_reservation *r = reserve(t, 0, 4 * MB);

	assert_ptr_equal(iomm_reservation_get(r), r);
	iomm_pgtable_put(t);
	assert_int_equal(rig->tlb_releases, 0);
	commit_ok(rig, r, 0, 4 * KB, 4 * MB);
	assert_maps(t, 0, 4 * KB, 4 * KB);
	iomm_reservation_put(r);
	assert_int_equal(live(rig), 1);
	iomm_reservation_put(r);
	assert_int_equal(live(rig), 0);
	assert_int_equal(rig->tlb_releases, 1);
	assert_int_equal(rig->tables, 0);
	assert_null(iomm_reservation_get(NULL));
	iomm_reservation_put(NULL);
}

/* Flags and pages as for mapping. */
static void test_flags(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = rig_4k(rig);
	struct iomm_reservation *r = reserve(t, 0, 8 * MB);
	uint64_t mapped = 2;

	rig->fail_at = rig->sites + 1;
	assert_ok(iomm_reservation_commit(r, 0, 0x5000, 2 * MB, RW,
					  IOMM_MAP_REPEAT, &mapped));
	assert_int_equal(mapped, 2 * MB);
	assert_ok(iomm_reservation_commit(r, 2 * MB, 2 * MB, 2 * MB, RO,
					  IOMM_MAP_PAGE(12), NULL));
	assert_ok(iomm_reservation_commit(r, 4 * MB, 2 * MB, 2 * MB, RO,
					  IOMM_MAP_PAGE(21), NULL));
	rig->fail_at = 0;
	assert_maps(t, 1 * MB, 0x5000, 4 * KB);
	assert_maps(t, 2 * MB, 2 * MB, 4 * KB);
	assert_maps(t, 4 * MB, 2 * MB, 2 * MB);
	assert_prot(t, 2 * MB, RO);
	iomm_reservation_put(r);
	finish(rig, t);
}

static void refused(struct rig *rig, struct iomm_reservation *r, uint64_t iova,
		    uint64_t paddr, uint64_t bytes, uint32_t prot,
		    uint32_t flags, int code, const char *part)
{
	uint64_t mapped = 6;

	assert_fails(iomm_reservation_commit(r, iova, paddr, bytes, prot, flags,
					     &mapped),
		     code, rig->ctx, part);
	assert_int_equal(mapped, 0);
	assert_int_equal(iomm_reservation_commit(r, iova, paddr, bytes, prot,
						 flags, NULL),
			 -code);
}

static void test_commit_refuses(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = rig_4k(rig);
	struct iomm_reservation *r = reserve(t, 2 * MB, 2 * MB);
	uint64_t mapped = 3;

	/* Outside, by one page at either end, and altogether. */
	refused(rig, r, 2 * MB - 4 * KB, 0, 8 * KB, RW, 0, IOMM_EINVAL,
		"0x1ff000");
	refused(rig, r, 4 * MB - 4 * KB, 0, 8 * KB, RW, 0, IOMM_EINVAL,
		"0x3ff000");
	refused(rig, r, 0, 0, 4 * KB, RW, 0, IOMM_EINVAL, "0x0");
	refused(rig, r, 4 * MB, 0, 4 * KB, RW, 0, IOMM_EINVAL, "0x400000");
	refused(rig, r, 0, 0, 8 * MB, RW, 0, IOMM_EINVAL, "0x800000");
	/* As mapping refuses it. */
	refused(rig, r, 2 * MB, 0, 0, RW, 0, IOMM_EINVAL, "empty");
	refused(rig, r, 2 * MB + 5, 0, 4 * KB, RW, 0, IOMM_EINVAL, "0x200005");
	refused(rig, r, 2 * MB, 5, 4 * KB, RW, 0, IOMM_EINVAL, "0x5");
	refused(rig, r, 2 * MB, 256 * TB, 4 * KB, RW, 0, IOMM_EINVAL,
		"48 bits");
	refused(rig, r, 2 * MB, 0, 4 * KB, 0, 0, IOMM_EINVAL, "neither");
	refused(rig, r, 2 * MB, 0, 4 * KB, IOMM_PROT_WRITE, 0, IOMM_EOPNOTSUPP,
		"writing without reading");
	refused(rig, r, 2 * MB, 0, 4 * KB, RW, 1u << 16, IOMM_EINVAL,
		"0x10000");
	refused(rig, r, 2 * MB, 0, 4 * KB, RW, IOMM_MAP_PAGE(13), IOMM_EINVAL,
		"2^13");
	refused(rig, r, 2 * MB, 0, 4 * KB, RW, IOMM_MAP_PAGE(21), IOMM_EINVAL,
		"2 MiB");
	assert_int_equal(mapped_bytes(t), 0);
	assert_int_equal(info_of(t).tables, 1);
	assert_int_equal(iomm_reservation_commit(NULL, 0, 0, 4 * KB, RW, 0,
						 &mapped),
			 -IOMM_EINVAL);
	assert_int_equal(mapped, 0);
	assert_int_equal(iomm_reservation_commit((void *)t, 0, 0, 4 * KB, RW, 0,
						 &mapped),
			 -IOMM_EINVAL);
	commit_ok(rig, r, 2 * MB, 4 * KB, 2 * MB);
	iomm_reservation_put(r);
	finish(rig, t);
}

static int reserve_range(struct iomm_pgtable *t, uint64_t iova, uint64_t bytes)
{
	struct iomm_reservation *none = (void *)&none, *r = none;
	int err = iomm_pgtable_reserve(t, iova, bytes, &r);

	assert_ptr_equal(r, none);
	return err;
}

static void test_reserve_refuses(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = rig_4k(rig);

	refuses_ranges(rig, reserve_range);
	refuses_handles(rig, reserve_range);
	assert_fails(iomm_pgtable_reserve(t, 0, 4 * KB, NULL), IOMM_EINVAL,
		     rig->ctx, "NULL");
	assert_int_equal(live(rig), 0);
	iomm_pgtable_put(t);
}

/* Each allocation fails in turn, and nothing is kept. */
static void test_without_memory(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = rig_4k(rig);
	struct iomm_reservation *r = NULL;
	struct dump before;
	uint64_t n;
	int err;

	map_ok(t, 3 * GB, 0, 4 * KB, RW);
	for (n = 1;; n++) {
		dump_table(t, &before);
		rig->fail_at = rig->sites + n;
		err = iomm_pgtable_reserve(t, 1 * GB - 4 * MB, 8 * MB, &r);
		rig->fail_at = 0;
		assert_unchanged(t, &before);
		if (!err)
			break;
		assert_int_equal(err, -IOMM_ENOMEM);
		assert_says(rig->ctx, "no");
		assert_null(r);
		assert_int_equal(live(rig), 0);
		rig_assert_balanced(rig, t);
		(void)iomm_pgtable_trim(t);
		assert_int_equal(rig->tables, 3);
	}
	assert_true(n > 6);
	commit_ok(rig, r, 1 * GB - 4 * MB, 4 * KB, 8 * MB);
	iomm_reservation_put(r);
	finish(rig, t);
}

/* More than could ever be there: an error, not a wait. */
static void test_too_much(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = rig_4k(rig);
	struct iomm_reservation *r = NULL;

	assert_fails(iomm_pgtable_reserve(t, 0, 512 * GB, &r), IOMM_ENOMEM,
		     rig->ctx, "4 KiB");
	assert_null(r);
	(void)iomm_pgtable_trim(t);
	assert_int_equal(rig->tables, 1);
	iomm_pgtable_put(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_whole),
		RIG_TEST(test_pieces),
		RIG_TEST(test_tables_dropped),
		RIG_TEST(test_others_work),
		RIG_TEST(test_exists),
		RIG_TEST(test_two),
		RIG_TEST(test_used_up),
		RIG_TEST(test_put_gives_back),
		RIG_TEST(test_outlives_the_handle),
		RIG_TEST(test_flags),
		RIG_TEST(test_commit_refuses),
		RIG_TEST(test_reserve_refuses),
		RIG_TEST(test_without_memory),
		RIG_TEST(test_too_much),
	};

	return cmocka_run_group_tests_name("pgtable, reservations", tests, NULL,
					   NULL);
}
