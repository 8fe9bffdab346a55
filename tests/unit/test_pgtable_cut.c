/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Unmapping part of a block: what is left, the order in which a walker sees it
 * all, and what is left when something fails. Without runs, which are cut in a
 * test of their own.
 */
#include "unit/pgtable_support.h"

static struct iomm_pgtable *plain_table(struct rig *rig, uint64_t granule,
					uint64_t page_sizes, uint32_t flags)
{
	struct iomm_pgtable_config config = {
		.size = sizeof(config),
		.flags = flags,
		.granule = granule,
		.page_sizes = page_sizes,
		.ias = 39,
		.memory = rig->memory,
	};
	struct iomm_pgtable *t = NULL;

	assert_ok(rig_create(rig, &config, &t));
	rig_clear_events(rig);
	return t;
}

#define PLAIN_4K (4 * KB | 2 * MB | 1 * GB)

struct cut {
	uint64_t granule, block, hole;
	uint32_t tables; /* made by it */
	uint64_t near;	 /* leaf size beside the hole */
};

static const struct cut cuts[] = {
	{ 4 * KB, 2 * MB, 4 * KB, 1, 4 * KB },
	{ 4 * KB, 1 * GB, 4 * KB, 2, 4 * KB },
	{ 4 * KB, 1 * GB, 2 * MB, 1, 2 * MB },
	{ 4 * KB, 1 * GB, 6 * MB, 1, 2 * MB },
	{ 16 * KB, 32 * MB, 16 * KB, 1, 16 * KB },
	{ 64 * KB, 512 * MB, 64 * KB, 1, 64 * KB },
	{ 64 * KB, 512 * MB, 1 * MB, 1, 64 * KB },
};

/* Cuts [offset, offset + hole) out of a block and looks at what is left. */
static void cut(struct rig *rig, const struct cut *c, uint64_t offset)
{
	struct iomm_pgtable *t = plain_table(rig, c->granule,
					     c->granule == 4 * KB
						     ? PLAIN_4K
						     : c->granule | c->block,
					     IOMM_PGTABLE_COHERENT);
	uint64_t iova = 4 * GB, paddr = 64 * GB, at;
	uint32_t prot = RO | IOMM_PROT_CACHE | IOMM_PROT_EXEC;
	struct iomm_translation got = { .size = sizeof(got) };
	uint64_t raw, tables;

	map_ok(t, iova, paddr, c->block, prot);
	tables = info_of(t).tables;
	raw = raw_leaf(t, iova);
	unmap_ok(t, iova + offset, c->hole, c->hole);
	assert_int_equal(info_of(t).tables, tables + c->tables);
	for (at = 0; at < c->block; at += c->block / 512) {
		if (at + c->block / 512 > offset && at < offset + c->hole)
			continue;
		assert_ok(iomm_pgtable_translate(t, iova + at, &got));
		assert_int_equal(got.paddr, paddr + at);
		assert_int_equal(got.prot, prot);
	}
	assert_hole(t, iova + offset);
	assert_hole(t, iova + offset + c->hole - 1);
	if (offset) {
		assert_maps(t, iova + offset - 1, paddr + offset - 1, c->near);
		/* The same attributes; page and block differ in bit 1. */
		assert_int_equal(raw_leaf(t, iova) & ~UINT64_C(2), raw);
	}
	if (offset + c->hole < c->block)
		assert_maps(t, iova + offset + c->hole,
			    paddr + offset + c->hole, c->near);
	/* The hole is a hole: it can be filled, and all goes in the end. */
	map_ok(t, iova + offset, paddr, c->hole, RW);
	unmap_ok(t, iova, c->block, c->block);
	assert_int_equal(info_of(t).tables, 1);
	iomm_pgtable_put(t);
}

static void test_split(void **state)
{
	const struct cut *c = cuts;

	for (; c < cuts + sizeof(cuts) / sizeof(cuts[0]); c++) {
		cut(*state, c, 0);
		cut(*state, c, c->hole);
		cut(*state, c, c->hole * (c->block / 2 / c->hole + 1));
		cut(*state, c, c->block - c->hole);
	}
}

/* Without a size between, the rest of a block becomes many small leaves. */
static void test_split_skips_a_level(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable_config config = { .size = sizeof(config),
					      .ias = 32,
					      .page_sizes = 4 * KB | 1 * GB };
	struct iomm_pgtable *t;
	struct iomm_gather gather;

	iomm_gather_init(&gather);
	assert_ok(rig_create(rig, &config, &t));
	map_ok(t, 0, 1 * GB, 1 * GB, RW);
	assert_maps(t, 0, 1 * GB, 1 * GB);
	unmap_ok(t, 512 * MB, 4096, 4096);
	assert_int_equal(info_of(t).tables, 1 + 1 + 512);
	assert_maps(t, 512 * MB - 1, 1536 * MB - 1, 4 * KB);
	assert_maps(t, 512 * MB + 4096, 1536 * MB + 4096, 4 * KB);
	assert_hole(t, 512 * MB);
	unmap_ok(t, 0, 1 * GB, 1 * GB - 4096);
	iomm_pgtable_put(t);
}

/* Break before make (D8.17): the block is cleared, invalidated, and only then
 * is there a table, which is whole. */
struct bbm {
	struct iomm_pgtable *pgtable;
	uint32_t flushes;
};

static void see_broken(struct rig *rig, uint64_t iova, uint64_t last)
{
	struct bbm *bbm = rig->user;

	bbm->flushes++;
	assert_int_equal(iova, 2 * MB);
	assert_int_equal(last, 4 * MB - 1);
	/* Not valid, in the CPU's view as in the walker's. */
	assert_int_equal(*rig->watch & 1, 0);
}

static int last_table(void *data, const struct iomm_walk_entry *entry)
{
	if (entry->kind == IOMM_WALK_TABLE)
		*(uint64_t *)data = entry->paddr;
	return 0;
}

static void break_make(struct rig *rig, uint32_t flags)
{
	struct iomm_pgtable *t = plain_table(rig, 4 * KB, PLAIN_4K, flags);
	struct bbm bbm = { t, 0 };
	struct iomm_gather gather;
	uint64_t pa = 0, seen;

	map_ok(t, 2 * MB, 0, 2 * MB, RW);
	assert_ok(iomm_pgtable_walk(t, 2 * MB, 1, last_table, &pa));
	pa += 8;
	rig->watch = rig_desc(rig, pa);
	assert_int_equal(*rig->watch & 3, 1);
	rig_clear_events(rig);
	rig->user = &bbm;
	rig->on_flush = see_broken;
	iomm_gather_init(&gather);
	assert_ok(iomm_pgtable_unmap(t, 3 * MB, 4096, &gather, NULL));
	assert_int_equal(bbm.flushes, 1);
	assert_int_equal(rig_event(rig, EV_FLUSH, 0)->page_size, 2 * MB);
	assert_int_equal(rig_event(rig, EV_FLUSH, 0)->flags, 0);
	assert_int_equal(*rig->watch & 3, 3);
	if (!flags) {
		/* The table, the broken entry; flush; the link; the page. */
		assert_int_equal(rig_count(rig, EV_SYNC), 4);
		assert_int_equal(rig->events[1].kind, EV_SYNC);
		assert_int_equal(rig->events[1].last, 4096);
		assert_int_equal(rig->events[2].kind, EV_SYNC);
		assert_int_equal(rig->events[2].iova, pa);
		assert_int_equal(rig->events[2].watched & 1, 0);
		assert_int_equal(rig->events[3].kind, EV_FLUSH);
		assert_int_equal(rig->events[4].iova, pa);
		assert_int_equal(rig->events[4].watched & 3, 3);
		assert_ok(rig_fetch(rig, pa, &seen));
		assert_int_equal(seen, *rig->watch);
		rig_assert_synced(rig);
	}
	rig->on_flush = NULL;
	rig->watch = NULL;
	assert_ok(iomm_gather_flush(&gather));
	iomm_pgtable_put(t);
}

static void test_break_before_make(void **state)
{
	break_make(*state, IOMM_PGTABLE_COHERENT);
	break_make(*state, 0);
}

/* The flush fails: the block is back, and the new table gone. */
static void test_break_fails(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = plain_table(rig, 4 * KB, PLAIN_4K, 0);
	struct iomm_gather gather;
	struct dump before;
	uint64_t unmapped = 3;

	map_ok(t, 0, 1 * GB, 1 * GB, RW);
	dump_table(t, &before);
	iomm_gather_init(&gather);
	rig->tlb_error = -IOMM_ETIMEDOUT;
	rig->tlb_fail_in = 1;
	assert_fails(iomm_pgtable_unmap(t, 0, 4096, &gather, &unmapped),
		     IOMM_ETIMEDOUT, rig->ctx, "not invalidated");
	assert_int_equal(unmapped, 0);
	assert_unchanged(t, &before);
	assert_int_equal(info_of(t).tables, 1);
	iomm_pgtable_trim(t);
	assert_int_equal(rig->tables, 1);
	rig_assert_synced(rig);
	assert_ok(iomm_pgtable_unmap(t, 0, 4096, &gather, &unmapped));
	assert_int_equal(unmapped, 4096);
	assert_ok(iomm_gather_flush(&gather));
	iomm_pgtable_put(t);
}

/* Each allocation of a split fails in turn: what is mapped stays so, be it in
 * smaller leaves. */
static void test_split_without_memory(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = plain_table(rig, 4 * KB, PLAIN_4K, 0);
	struct iomm_translation at = { .size = sizeof(at) };
	struct iomm_gather gather;
	uint64_t unmapped, n;
	int r;

	/* Some pages before the block, which go all the same. */
	iomm_gather_init(&gather);
	map_ok(t, 1 * GB, 1 * GB, 1 * GB, RW);
	for (n = 1;; n++) {
		map_ok(t, 1 * GB - 8192, 0, 8192, RW);
		iomm_pgtable_trim(t);
		rig->fail_at = rig->sites + n;
		r = iomm_pgtable_unmap(t, 1 * GB - 8192, 8192 + 4096, &gather,
				       &unmapped);
		rig->fail_at = 0;
		assert_ok(iomm_gather_flush(&gather));
		if (!r)
			break;
		assert_int_equal(r, -IOMM_ENOMEM);
		assert_int_equal(unmapped, 8192);
		assert_hole(t, 1 * GB - 1);
		assert_ok(iomm_pgtable_translate(t, 1 * GB, &at));
		assert_int_equal(at.paddr, 1 * GB);
		assert_ok(iomm_pgtable_translate(t, 2 * GB - 1, &at));
		assert_int_equal(at.paddr, 2 * GB - 1);
		rig_assert_synced(rig);
	}
	assert_true(n > 2);
	assert_int_equal(unmapped, 8192 + 4096);
	assert_hole(t, 1 * GB);
	assert_maps(t, 1 * GB + 4096, 1 * GB + 4096, 4 * KB);
	iomm_pgtable_put(t);
}

/* Walkers that do not snoop: what is written is synced once, batched. */
static void test_sync_batches(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = rig_table(rig, 4 * KB, 39, 0);
	const struct event *sync;

	/* Two new tables, each as a whole, then the link in the first. */
	map_ok(t, 0, 0, 0x1000, RW);
	assert_int_equal(rig_count(rig, EV_SYNC), 3);
	assert_int_equal(rig_event(rig, EV_SYNC, 0)->last, 4096);
	assert_int_equal(rig_event(rig, EV_SYNC, 1)->last, 4096);
	sync = rig_event(rig, EV_SYNC, 2);
	assert_int_equal(sync->iova, info_of(t).root_pa);
	assert_int_equal(sync->last, 8);
	rig_assert_synced(rig);

	/* One run in a table that is there. */
	rig_clear_events(rig);
	map_ok(t, 0x1000, 0x1000, 100 * 0x1000, RW);
	assert_int_equal(rig->nr_events, 1);
	assert_int_equal(rig_event(rig, EV_SYNC, 0)->last, 800);
	rig_assert_synced(rig);

	/* Ten new tables, linked in one: eleven syncs. */
	rig_clear_events(rig);
	map_ok(t, 2 * MB, 0x1000, 20 * MB, RW);
	assert_int_equal(rig_count(rig, EV_SYNC), 11);
	assert_int_equal(rig_event(rig, EV_SYNC, 10)->last, 80);
	rig_assert_synced(rig);

	/* Ten tables dropped whole, and one cleared in part. */
	rig_clear_events(rig);
	unmap_ok(t, 0x5000, 22 * MB - 0x5000, 20 * MB + 96 * 0x1000);
	assert_int_equal(rig_count(rig, EV_SYNC), 2);
	rig_assert_synced(rig);
	unmap_ok(t, 0, 1 * GB, 5 * 0x1000);
	rig_assert_synced(rig);
	iomm_pgtable_put(t);
}

static void test_coherent_never_syncs(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t =
		rig_table(rig, 4 * KB, 39, IOMM_PGTABLE_COHERENT);

	map_ok(t, 0, 0, 1 * GB + 2 * MB + 4096, RW);
	unmap_ok(t, 4096, 4096, 4096);
	unmap_ok(t, 0, 4 * GB, 1 * GB + 2 * MB);
	assert_int_equal(rig_count(rig, EV_SYNC), 0);
	iomm_pgtable_put(t);
}

/* What the early flush of a gather invalidates must be synced before. */
static void all_synced(struct rig *rig, uint64_t iova, uint64_t last)
{
	(void)iova;
	(void)last;
	rig_assert_synced(rig);
}

static void test_sync_before_flush(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = rig_table(rig, 4 * KB, 39, 0);

	rig->on_flush = all_synced;
	map_ok(t, 2 * MB - 0x2000, 2 * MB - 0x2000, 1 * GB + 2 * MB, RW);
	unmap_ok(t, 2 * MB - 0x1000, 1 * GB, 1 * GB);
	unmap_ok(t, 0, 4 * GB, 2 * MB);
	rig->on_flush = NULL;
	iomm_pgtable_put(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_split),
		RIG_TEST(test_split_skips_a_level),
		RIG_TEST(test_break_before_make),
		RIG_TEST(test_break_fails),
		RIG_TEST(test_split_without_memory),
		RIG_TEST(test_sync_batches),
		RIG_TEST(test_coherent_never_syncs),
		RIG_TEST(test_sync_before_flush),
	};

	return cmocka_run_group_tests_name("cutting blocks", tests, NULL, NULL);
}
