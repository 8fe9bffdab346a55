/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Contiguous runs: made when they fit, whole or not at all, and dissolved
 * before they would say what is not so. DDI 0487, D8.7.1: all entries of a run
 * have the hint, the same attributes, and output addresses that go on.
 */
#include "unit/watcher.h"

static struct iomm_pgtable *
wide(struct rig *rig, uint64_t granule, uint32_t flags)
{
	return rig_table(rig, granule, 48, flags);
}

static uint64_t hint(struct iomm_pgtable *t, uint64_t iova)
{
	return raw_leaf(t, iova) & ARM64_CONT;
}

/* All of the run is one, as the walk shows it and as hardware reads it. */
static void assert_run(struct rig *rig, struct iomm_pgtable *t, uint64_t iova,
		       uint64_t paddr, uint64_t run, uint64_t leaf)
{
	uint64_t attrs = raw_leaf(t, iova) - paddr, at;

	assert_int_equal(count_entries(t, iova, run, IOMM_WALK_RUN),
			 run / leaf);
	assert_int_equal(count_entries(t, iova, run, IOMM_WALK_LEAF), 0);
	for (at = 0; at < run; at += leaf) {
		assert_int_equal(raw_leaf(t, iova + at) - attrs, paddr + at);
		assert_true(hint(t, iova + at));
		assert_maps(t, iova + at, paddr + at, run);
	}
	assert_walks_alike(rig, t, iova + run - 1);
}

static void assert_no_runs(struct iomm_pgtable *t)
{
	assert_int_equal(count_entries(t, 0, UINT64_MAX, IOMM_WALK_RUN), 0);
}

/* Made */

static void
made(struct rig *rig, const struct sizes *s, uint64_t run, uint64_t leaf)
{
	struct iomm_pgtable *t = wide(rig, s->page, 0);
	uint64_t iova = 64 * GB, paddr = 128 * GB;

	map_ok(t, iova, paddr, run, RWC);
	assert_run(rig, t, iova, paddr, run, leaf);
	unmap_ok(t, iova, run, run);
	/* A leaf less, at either end, and there is none. */
	map_ok(t, iova, paddr, run - leaf, RWC);
	assert_maps(t, iova, paddr, leaf);
	map_ok(t, iova + run + leaf, paddr + run + leaf, run - leaf, RWC);
	if (leaf == s->page)
		assert_no_runs(t);
	else
		assert_maps(t, iova + run + leaf, paddr + run + leaf, leaf);
	unmap_ok(t, iova, 2 * run, 2 * (run - leaf));
	/* Nor when the two addresses are not aligned alike. */
	map_ok(t, iova, paddr + leaf, run, RWC);
	assert_maps(t, iova, paddr + leaf, leaf);
	unmap_ok(t, iova, run, run);
	/* Leaves before, two runs, leaves behind. */
	map_ok(t, iova - leaf, paddr - leaf, 2 * run + 2 * leaf, RWC);
	assert_maps(t, iova - 1, paddr - 1, leaf);
	assert_run(rig, t, iova, paddr, run, leaf);
	assert_run(rig, t, iova + run, paddr + run, run, leaf);
	assert_maps(t, iova + 2 * run, paddr + 2 * run, leaf);
	rig_assert_synced(rig);
	unmap_ok(t, 0, 256 * TB, 2 * run + 2 * leaf);
	assert_int_equal(info_of(t).tables, 1);
	iomm_pgtable_put(t);
}

static void test_made(void **state)
{
	const struct sizes *s;

	for (s = sizes; s < sizes + NR_SIZES; s++) {
		made(*state, s, s->run, s->page);
		made(*state, s, s->block_run, s->block);
	}
}

/* A slot that is taken: what comes before it are plain leaves. */
static void test_taken(void **state)
{
	static const uint64_t slots[] = { 0, 1, 7, 14, 15 };
	struct rig *rig = *state;
	uint64_t mapped, taken;
	struct iomm_pgtable *t;
	uint32_t i;

	for (i = 0; i < 5; i++) {
		t = wide(rig, 4 * KB, 0);
		taken = 128 * KB + slots[i] * 4 * KB;
		map_ok(t, taken, 0x5000, 4 * KB, RO);
		mapped = 3;
		assert_fails(iomm_pgtable_map(t, 128 * KB, 1 * GB, 64 * KB, RWC,
					      0, &mapped),
			     IOMM_EEXIST, rig->ctx, "something is mapped");
		assert_int_equal(mapped, taken - 128 * KB);
		assert_no_runs(t);
		assert_maps(t, taken, 0x5000, 4 * KB);
		assert_int_equal(mapped_bytes(t), mapped + 4 * KB);
		/* A run that begins before it and is whole stays whole. */
		assert_int_equal(iomm_pgtable_map(t, 64 * KB, 1 * GB, 128 * KB,
						  RO, 0, &mapped),
				 -IOMM_EEXIST);
		assert_int_equal(mapped, 64 * KB);
		assert_run(rig, t, 64 * KB, 1 * GB, 64 * KB, 4 * KB);
		rig_assert_synced(rig);
		iomm_pgtable_put(t);
	}
}

/* The same with blocks; what is in the way is a page, in a table. */
static void test_taken_block(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = wide(rig, 4 * KB, 0);
	uint64_t mapped = 0;

	map_ok(t, 32 * MB + 20 * MB + 8 * KB, 0x5000, 4 * KB, RO);
	assert_fails(iomm_pgtable_map(t, 32 * MB, 1 * GB, 32 * MB, RWC, 0,
				      &mapped),
		     IOMM_EEXIST, rig->ctx, "mapped at 0x3402000");
	assert_int_equal(mapped, 20 * MB + 8 * KB);
	assert_no_runs(t);
	assert_maps(t, 52 * MB - 1, 1 * GB + 20 * MB - 1, 2 * MB);
	iomm_pgtable_put(t);
}

/* Piece by piece there is no run: that is iomm_pgtable_merge()'s. */
static void test_pieces(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = wide(rig, 4 * KB, 0);
	uint64_t at;

	for (at = 0; at < 64 * KB; at += 16 * KB)
		map_ok(t, at, at, 16 * KB, RWC);
	assert_no_runs(t);
	assert_maps(t, 0, 0, 4 * KB);
	iomm_pgtable_put(t);
}

/* Dissolved */

static int find_run(void *data, const struct iomm_walk_entry *entry)
{
	return entry->kind == IOMM_WALK_RUN &&
	       entry->bytes == *(uint64_t *)data;
}

/* Leaves that are split may become runs of smaller ones. */
static bool
has_run_of(struct iomm_pgtable *t, uint64_t iova, uint64_t bytes, uint64_t leaf)
{
	return iomm_pgtable_walk(t, iova, bytes, find_run, &leaf);
}

/* What is left of a run has no hint, and says what it said. */
static void
assert_rest(struct rig *rig, struct iomm_pgtable *t, uint64_t iova,
	    uint64_t paddr, uint64_t run, uint64_t leaf, uint64_t old)
{
	struct iomm_translation at = { .size = sizeof(at) };
	uint64_t offset;

	for (offset = 0; offset < run; offset += leaf) {
		assert_walks_alike(rig, t, iova + offset);
		if (iomm_pgtable_translate(t, iova + offset, &at))
			continue;
		assert_int_equal(at.paddr, paddr + offset);
		assert_true(at.page_size <= leaf);
		if (at.page_size == leaf)
			assert_int_equal(raw_leaf(t, iova + offset),
					 (old & ~ARM64_CONT) + offset);
	}
	assert_false(has_run_of(t, iova, run, leaf));
}

/* Cuts [first, first + bytes) out of a run, under a walker's eyes. */
static void cut(struct rig *rig, const struct sizes *s, uint64_t run,
		uint64_t leaf, uint64_t first, uint64_t bytes, uint32_t flags)
{
	struct iomm_pgtable *t = wide(rig, s->page, flags);
	uint64_t iova = 64 * GB + run, paddr = 128 * GB, old;
	uint64_t window = run / s->page < 512 ? run / s->page : 512;
	struct watcher w;

	map_ok(t, iova, paddr, run, RWC);
	old = raw_leaf(t, iova);
	watcher_begin(&w, rig, t, iova, window);
	rig_clear_events(rig);
	unmap_ok(t, iova + first, bytes, bytes);
	watcher_assert_current(&w);
	/* The run was invalidated, unless the walker tolerates the change. */
	if (!(flags & IOMM_PGTABLE_HITLESS))
		assert_true(rig_count(rig, EV_FLUSH) >= 2);
	watcher_end(&w);
	assert_rest(rig, t, iova, paddr, run, leaf, old);
	assert_hole(t, iova + first);
	assert_hole(t, iova + first + bytes - 1);
	assert_int_equal(mapped_bytes(t), run - bytes);
	if (!(flags & IOMM_PGTABLE_COHERENT))
		rig_assert_synced(rig);
	unmap_ok(t, iova, run, run - bytes);
	assert_int_equal(info_of(t).tables, 1);
	iomm_pgtable_put(t);
}

static void cuts(struct rig *rig, uint32_t flags)
{
	const struct sizes *s;

	for (s = sizes; s < sizes + NR_SIZES; s++) {
		cut(rig, s, s->run, s->page, 0, s->page, flags);
		cut(rig, s, s->run, s->page, s->run - s->page, s->page, flags);
		cut(rig, s, s->run, s->page, 5 * s->page, 4 * s->page, flags);
		cut(rig, s, s->run, s->page, s->page, s->run - s->page, flags);
		/* A block of a run, and a page of one: that is split too. */
		cut(rig, s, s->block_run, s->block, 0, s->block, flags);
		cut(rig, s, s->block_run, s->block, s->block + 3 * s->page,
		    s->page, flags);
		cut(rig, s, s->block_run, s->block, s->block_run / 2 - s->page,
		    2 * s->page, flags);
	}
}

static void test_cut(void **state)
{
	cuts(*state, 0);
}

static void test_cut_coherent(void **state)
{
	cuts(*state, IOMM_PGTABLE_COHERENT);
}

static void test_cut_hitless(void **state)
{
	cuts(*state, IOMM_PGTABLE_HITLESS);
}

static void test_cut_shared(void **state)
{
	cuts(*state, IOMM_PGTABLE_SHARED);
}

/* Runs that the range covers go whole; those at its ends are cut. */
static void test_ends(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = wide(rig, 4 * KB, 0);

	map_ok(t, 0, 1 * GB, 5 * 64 * KB, RWC);
	unmap_ok(t, 32 * KB, 4 * 64 * KB, 4 * 64 * KB);
	assert_maps(t, 28 * KB, 1 * GB + 28 * KB, 4 * KB);
	assert_hole(t, 32 * KB);
	assert_hole(t, 288 * KB - 1);
	assert_maps(t, 288 * KB, 1 * GB + 288 * KB, 4 * KB);
	assert_no_runs(t);
	iomm_pgtable_put(t);
}

/* A whole run needs no more than what unmapping needs. What is invalidated
 * are its leaves: a walker may have them one by one. */
static void test_whole(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = wide(rig, 4 * KB, 0);
	struct iomm_gather gather;

	iomm_gather_init(&gather);
	map_ok(t, 0, 1 * GB, 128 * KB, RWC);
	rig_clear_events(rig);
	assert_ok(iomm_pgtable_unmap(t, 64 * KB, 64 * KB, &gather, NULL));
	assert_int_equal(rig_count(rig, EV_FLUSH), 0);
	assert_int_equal(iomm_gather_pending(&gather), 64 * KB);
	assert_ok(iomm_gather_flush(&gather));
	assert_int_equal(rig_event(rig, EV_FLUSH, 0)->page_size, 4 * KB);
	assert_run(rig, t, 0, 1 * GB, 64 * KB, 4 * KB);
	iomm_pgtable_put(t);
}

/* The flush of a break fails: the run is as it was. */
static void test_flush_fails(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = wide(rig, 4 * KB, 0);
	struct iomm_gather gather;
	struct dump before;
	uint64_t unmapped = 3;

	iomm_gather_init(&gather);
	map_ok(t, 64 * KB, 1 * GB, 64 * KB, RWC);
	dump_table(t, &before);
	rig->tlb_error = -IOMM_ETIMEDOUT;
	rig->tlb_fail_in = 1;
	assert_fails(iomm_pgtable_unmap(t, 80 * KB, 4 * KB, &gather, &unmapped),
		     IOMM_ETIMEDOUT, rig->ctx, "not invalidated");
	assert_int_equal(unmapped, 0);
	assert_unchanged(t, &before);
	assert_run(rig, t, 64 * KB, 1 * GB, 64 * KB, 4 * KB);
	rig_assert_synced(rig);
	assert_ok(iomm_pgtable_unmap(t, 80 * KB, 4 * KB, &gather, &unmapped));
	assert_int_equal(unmapped, 4 * KB);
	assert_ok(iomm_gather_flush(&gather));
	assert_no_runs(t);
	iomm_pgtable_put(t);
}

/* Two ends of one range are cut, and the flush for the second fails: the
 * first part is unmapped, which a second call finishes. */
static void test_flush_fails_at_the_end(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = wide(rig, 4 * KB, IOMM_PGTABLE_COHERENT);
	struct iomm_gather gather;
	struct iomm_translation at = { .size = sizeof(at) };
	uint64_t unmapped, again, bytes = 128 * KB;
	uint32_t n;
	int r;

	for (n = 1; n < 10; n++) {
		iomm_gather_init(&gather);
		map_ok(t, 0, 1 * GB, 192 * KB, RWC);
		rig->tlb_error = -IOMM_EIO;
		rig->tlb_fail_in = n;
		r = iomm_pgtable_unmap(t, 32 * KB, bytes, &gather, &unmapped);
		rig->tlb_fail_in = 0;
		assert_int_equal(mapped_bytes(t), 192 * KB - unmapped);
		if (unmapped)
			assert_hole(t, 32 * KB + unmapped - 1);
		if (unmapped < bytes) {
			assert_ok(iomm_pgtable_translate(t, 32 * KB + unmapped,
							 &at));
			assert_int_equal(at.paddr, 1 * GB + 32 * KB + unmapped);
		}
		if (!r)
			break;
		assert_int_equal(r, -IOMM_EIO);
		assert_true(unmapped < bytes);
		assert_ok(iomm_pgtable_unmap(t, 32 * KB + unmapped,
					     bytes - unmapped, &gather,
					     &again));
		assert_int_equal(again, bytes - unmapped);
		assert_ok(iomm_gather_flush(&gather));
		unmap_ok(t, 0, 192 * KB, 64 * KB);
	}
	assert_true(n > 1 && n < 10);
	assert_ok(iomm_gather_flush(&gather));
	iomm_pgtable_put(t);
}

/* Somebody wrote to the tables: a run that is none must not make more of it
 * than is there. */
static void test_damaged(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = wide(rig, 4 * KB, IOMM_PGTABLE_COHERENT);
	uint64_t *desc;
	uint32_t i;

	map_ok(t, 0, 1 * GB, 64 * KB, RWC);
	desc = rig_leaf(rig, t, 0);
	for (i = 0; i < 16; i++)
		desc[i] = i & 1 ? 0 : desc[i];
	desc[4] &= ~ARM64_CONT;
	desc[6] += 64 * MB;
	{
		struct iomm_gather gather;
		uint64_t unmapped = 0;

		iomm_gather_init(&gather);
		assert_ok(iomm_pgtable_unmap(t, 8 * KB, 4 * KB, &gather,
					     &unmapped));
		assert_int_equal(unmapped, 4 * KB);
		assert_ok(iomm_gather_flush(&gather));
	}
	for (i = 1; i < 16; i += 2)
		assert_hole(t, i * 4 * KB);
	assert_hole(t, 8 * KB);
	for (i = 0; i < 16; i++)
		desc[i] = 0;
	iomm_pgtable_put(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_made),
		RIG_TEST(test_taken),
		RIG_TEST(test_taken_block),
		RIG_TEST(test_pieces),
		RIG_TEST(test_cut),
		RIG_TEST(test_cut_coherent),
		RIG_TEST(test_cut_hitless),
		RIG_TEST(test_cut_shared),
		RIG_TEST(test_ends),
		RIG_TEST(test_whole),
		RIG_TEST(test_flush_fails),
		RIG_TEST(test_flush_fails_at_the_end),
		RIG_TEST(test_damaged),
	};

	return cmocka_run_group_tests_name("pgtable, runs", tests, NULL, NULL);
}
