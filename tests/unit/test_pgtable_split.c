/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Splitting into smaller leaves, and merging into larger ones: what is mapped
 * stays what it is. */
#include "unit/watcher.h"

static int merge(struct iomm_pgtable *t, uint64_t iova, uint64_t bytes)
{
	struct iomm_gather gather;
	int r;

	iomm_gather_init(&gather);
	r = iomm_pgtable_merge(t, iova, bytes, &gather);
	assert_ok(iomm_gather_flush(&gather));
	return r;
}

static void assert_size(struct iomm_pgtable *t, uint64_t iova, uint64_t size)
{
	struct iomm_translation at = { .size = sizeof(at) };

	assert_ok(iomm_pgtable_translate(t, iova, &at));
	assert_int_equal(at.page_size, size);
}

/* Each larger size into each smaller one, and back. */
static void there_and_back(struct rig *rig, const struct sizes *s,
			   uint64_t from, uint64_t to, uint32_t flags)
{
	struct iomm_pgtable *t = rig_table(rig, s->page, 48, flags);
	struct iomm_extent one = { 64 * GB, from, 128 * GB, RWC, 0 };
	uint64_t raw, window = from / s->page < 130 ? from / s->page : 130;
	struct watcher w;
	struct dump before;

	map_ok(t, one.iova, one.paddr, one.bytes, one.prot);
	dump_table(t, &before);
	raw = raw_leaf(t, one.iova);
	watcher_begin(&w, rig, t, one.iova, window);
	w.stays = flags & IOMM_PGTABLE_HITLESS;
	assert_ok(iomm_pgtable_split(t, one.iova, from, to));
	watcher_assert_current(&w);
	assert_extents(t, &one, 1);
	assert_size(t, one.iova, to);
	assert_size(t, one.iova + from - 1, to);
	assert_int_equal(count_entries(t, 0, UINT64_MAX,
				       raw_leaf(t, one.iova) & ARM64_CONT
					       ? IOMM_WALK_LEAF
					       : IOMM_WALK_RUN),
			 0);
	assert_walks_alike(rig, t, one.iova + from / 2);
	/* Split already: nothing to do. */
	rig_clear_events(rig);
	assert_ok(iomm_pgtable_split(t, one.iova, from, to));
	assert_int_equal(rig->nr_events, 0);
	/* Back: the very same entries. */
	assert_ok(merge(t, one.iova, from));
	watcher_assert_current(&w);
	watcher_end(&w);
	assert_size(t, one.iova, from);
	assert_int_equal(raw_leaf(t, one.iova), raw);
	assert_unchanged(t, &before);
	if (!(flags & IOMM_PGTABLE_COHERENT))
		rig_assert_synced(rig);
	unmap_ok(t, one.iova, from, from);
	assert_int_equal(info_of(t).tables, 1);
	rig_assert_balanced(rig, t);
	iomm_pgtable_put(t);
}

static void all_sizes(struct rig *rig, uint32_t flags)
{
	const struct sizes *s;

	for (s = sizes; s < sizes + NR_SIZES; s++) {
		there_and_back(rig, s, s->run, s->page, flags);
		there_and_back(rig, s, s->block, s->run, flags);
		there_and_back(rig, s, s->block, s->page, flags);
		there_and_back(rig, s, s->block_run, s->block, flags);
		there_and_back(rig, s, s->block_run, s->run, flags);
		there_and_back(rig, s, s->block_run, s->page, flags);
	}
	s = sizes;
	there_and_back(rig, s, 1 * GB, s->block_run, flags);
	there_and_back(rig, s, 1 * GB, s->block, flags);
	there_and_back(rig, s, 1 * GB, s->page, flags);
}

static void test_sizes(void **state)
{
	all_sizes(*state, 0);
}

static void test_sizes_coherent(void **state)
{
	all_sizes(*state, IOMM_PGTABLE_COHERENT);
}

static void test_sizes_hitless(void **state)
{
	all_sizes(*state, IOMM_PGTABLE_HITLESS);
}

static void test_sizes_shared(void **state)
{
	all_sizes(*state, IOMM_PGTABLE_SHARED);
}

/* Splitting */

/* A leaf that reaches out of the range is split as a whole; its neighbours
 * are not. */
static void test_split_part(void **state)
{
	struct iomm_pgtable *t = rig_4k(*state);
	uint64_t bytes = 6 * MB + 128 * KB;

	map_ok(t, 2 * MB, 1 * GB, 6 * MB, RWC);
	map_ok(t, 8 * MB, 2 * GB, 128 * KB, RWC);
	assert_ok(iomm_pgtable_split(t, 5 * MB, 4 * KB, 64 * KB));
	assert_size(t, 2 * MB, 2 * MB);
	assert_size(t, 4 * MB, 64 * KB);
	assert_size(t, 6 * MB - 1, 64 * KB);
	assert_size(t, 6 * MB, 2 * MB);
	assert_ok(iomm_pgtable_split(t, 8 * MB + 8 * KB, 4 * KB, 4 * KB));
	assert_size(t, 8 * MB, 4 * KB);
	assert_size(t, 8 * MB + 60 * KB, 4 * KB);
	assert_size(t, 8 * MB + 64 * KB, 64 * KB);
	/* Two neighbours, from the last page of one to the first of another. */
	assert_ok(iomm_pgtable_split(t, 8 * MB - 4 * KB, 8 * KB, 4 * KB));
	assert_size(t, 6 * MB, 4 * KB);
	assert_int_equal(mapped_bytes(t), bytes);
	unmap_ok(t, 0, 1 * GB, bytes);
	iomm_pgtable_put(t);
}

/* Larger than what is asked for is split, no more; holes stay. */
static void test_split_skips(void **state)
{
	struct iomm_pgtable *t = rig_4k(*state);
	struct dump before;

	map_ok(t, 0, 0, 4 * KB, RW);
	map_ok(t, 2 * MB, 2 * MB, 2 * MB, RW);
	map_ok(t, 3 * GB, 3 * GB, 1 * GB, RW);
	dump_table(t, &before);
	assert_ok(iomm_pgtable_split(t, 0, 3 * GB, 2 * MB));
	assert_ok(iomm_pgtable_split(t, 8 * MB, 1 * GB, 4 * KB));
	assert_ok(iomm_pgtable_split(t, 0, 512 * GB, 1 * GB));
	assert_unchanged(t, &before);
	assert_ok(iomm_pgtable_split(t, 0, 512 * GB, 2 * MB));
	assert_size(t, 3 * GB, 2 * MB);
	assert_size(t, 2 * MB, 2 * MB);
	iomm_pgtable_put(t);
}

/* Attributes are kept to the bit. */
static void test_split_keeps_attributes(void **state)
{
	static const uint32_t prots[] = { RO, RWC | IOMM_PROT_EXEC,
					  RW | IOMM_PROT_MMIO,
					  RO | IOMM_PROT_PRIV };
	struct iomm_pgtable *t = rig_4k(*state);
	uint64_t raw;
	uint32_t i;

	for (i = 0; i < 4; i++) {
		map_ok(t, 2 * MB, 4 * MB, 2 * MB, prots[i]);
		raw = raw_leaf(t, 2 * MB);
		assert_ok(iomm_pgtable_split(t, 2 * MB, 2 * MB, 4 * KB));
		assert_int_equal(raw_leaf(t, 2 * MB + 0x5000),
				 (raw | 2) + 0x5000);
		assert_prot(t, 4 * MB - 1, prots[i]);
		unmap_ok(t, 2 * MB, 2 * MB, 2 * MB);
	}
	iomm_pgtable_put(t);
}

static int split_range(struct iomm_pgtable *t, uint64_t iova, uint64_t bytes)
{
	return iomm_pgtable_split(t, iova, bytes, 4 * KB);
}

static void test_split_refuses(void **state)
{
	static const struct {
		uint64_t size;
		const char *part;
	} bad[] = {
		{ 0, "no page size 0x0" },
		{ 1, "no page size 0x1," },
		{ 8 * KB, "0x2000" },
		{ 4 * KB | 2 * MB, "0x201000" },
		{ 4 * MB, "0x400000" },
		{ UINT64_MAX, "0xffffffffffffffff" },
		{ UINT64_C(1) << 63, "0x8000000000000000" },
	};
	struct rig *rig = *state;
	struct iomm_pgtable *t = rig_4k(rig);
	struct dump before;
	uint32_t i;

	refuses_ranges(rig, split_range);
	refuses_handles(rig, split_range);
	map_ok(t, 0, 0, 2 * MB, RW);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		dump_table(t, &before);
		assert_fails(iomm_pgtable_split(t, 0, 2 * MB, bad[i].size),
			     IOMM_EINVAL, rig->ctx, bad[i].part);
		assert_unchanged(t, &before);
	}
	iomm_pgtable_put(t);
}

/* Each hook fails in turn: some are split, and what is mapped is the same. */
static int split_failing(struct rig *rig, uint64_t n, bool flush)
{
	struct iomm_pgtable *t = rig_table(rig, 4 * KB, 39, 0);
	struct iomm_extent one = { 1 * GB - 2 * MB - 64 * KB, 66 * MB + 64 * KB,
				   5 * GB - 2 * MB - 64 * KB, RWC, 0 };
	int r;

	map_ok(t, one.iova, one.paddr, one.bytes, one.prot);
	rig->tlb_error = -IOMM_EIO;
	if (flush)
		rig->tlb_fail_in = (uint32_t)n;
	else
		rig->fail_at = rig->sites + n;
	r = iomm_pgtable_split(t, 1 * GB - 2 * MB - 8 * KB, 6 * MB, 4 * KB);
	rig->tlb_fail_in = 0;
	rig->fail_at = 0;
	assert_extents(t, &one, 1);
	rig_assert_synced(rig);
	assert_ok(iomm_pgtable_split(t, 1 * GB - 2 * MB - 8 * KB, 6 * MB,
				     4 * KB));
	assert_extents(t, &one, 1);
	assert_size(t, 1 * GB, 4 * KB);
	unmap_ok(t, one.iova, one.bytes, one.bytes);
	assert_int_equal(info_of(t).tables, 1);
	rig_assert_balanced(rig, t);
	iomm_pgtable_put(t);
	return r;
}

static void test_split_fails(void **state)
{
	uint64_t n;
	int r;

	for (n = 1; (r = split_failing(*state, n, true)); n++)
		assert_int_equal(r, -IOMM_EIO);
	assert_true(n > 3);
	for (n = 1; (r = split_failing(*state, n, false)); n++)
		assert_int_equal(r, -IOMM_ENOMEM);
	assert_true(n > 3);
}

/* A hook looks at the small leaves, and fails: they are forgotten. */
static int look_and_fail(void *data, uint64_t iova, uint64_t last,
			 uint64_t page_size, uint32_t flags)
{
	struct iomm_translation at = { .size = sizeof(at) };
	struct rig *rig = data;

	(void)last;
	(void)flags;
	assert_ok(iomm_pgtable_translate(rig->user, iova, &at));
	assert_true(at.page_size < page_size);
	return -IOMM_EIO;
}

static int flush_all(void *data)
{
	(void)data;
	return 0;
}

static void split_looked_at(struct rig *rig, uint64_t size)
{
	const struct iomm_tlb_ops tlb = {
		.size = sizeof(tlb),
		.flush = look_and_fail,
		.flush_all = flush_all,
	};
	struct iomm_pgtable_config config = {
		.size = sizeof(config),
		.flags = IOMM_PGTABLE_COHERENT,
		.granule = 4 * KB,
		.ias = 39,
		.memory = rig->memory,
	};
	struct iomm_gather gather;
	struct iomm_pgtable *t;
	uint64_t unmapped;

	assert_ok(iomm_pgtable_create(rig->ctx, "arm64-s1", &config, &tlb, rig,
				      NULL, &t));
	rig->user = t;
	map_ok(t, 3 * GB, 1 * GB, size, RW);
	assert_int_equal(iomm_pgtable_split(t, 3 * GB, size, 4 * KB),
			 -IOMM_EIO);
	iomm_gather_init(&gather);
	assert_int_equal(iomm_pgtable_unmap(t, 3 * GB, 4 * KB, &gather,
					    &unmapped),
			 -IOMM_EIO);
	assert_int_equal(unmapped, 0);
	assert_int_not_equal(iomm_pgtable_trim(t), 0);
	assert_size(t, 3 * GB, size);
	iomm_pgtable_put(t);
}

static void test_split_looked_at(void **state)
{
	split_looked_at(*state, 2 * MB);
	split_looked_at(*state, 1 * GB);
}

/* A hook looks at a page that is there all the time, by the short way. */
static void look_at_page(struct rig *rig, uint64_t iova, uint64_t last)
{
	struct iomm_translation at = { .size = sizeof(at) };

	(void)iova;
	(void)last;
	assert_ok(iomm_pgtable_translate(rig->user, 1 * GB + 8 * KB, &at));
	assert_int_equal(at.paddr, 2 * GB + 8 * KB);
	rig->on_flush = NULL;
}

static void broken_looked_at(struct rig *rig, uint32_t flags)
{
	struct iomm_pgtable *t = rig_table(rig, 4 * KB, 39, flags);

	map_ok(t, 1 * GB, 2 * GB, 64 * KB, RWC);
	assert_size(t, 1 * GB, 64 * KB);
	rig->user = t;
	rig->on_flush = look_at_page;
	assert_ok(iomm_pgtable_split(t, 1 * GB, 4 * KB, 4 * KB));
	assert_null(rig->on_flush);
	rig->on_flush = look_at_page;
	protect_ok(t, 1 * GB, 64 * KB, RW | IOMM_PROT_MMIO, 64 * KB);
	assert_null(rig->on_flush);
	unmap_ok(t, 1 * GB, 64 * KB, 64 * KB);
	iomm_pgtable_put(t);
}

static void test_broken_looked_at(void **state)
{
	broken_looked_at(*state, IOMM_PGTABLE_COHERENT);
	broken_looked_at(*state, IOMM_PGTABLE_COHERENT | IOMM_PGTABLE_SHARED);
}

/* Merging */

/* Page by page, in any order, until it is one. */
static void test_merge_pages(void **state)
{
	struct iomm_pgtable *t = rig_4k(*state);
	uint64_t n;

	for (n = 0; n < 1024; n++)
		map_ok(t, 1 * GB + n * 389 % 1024 * 4096,
		       2 * GB + n * 389 % 1024 * 4096, 4096, RWC);
	assert_size(t, 1 * GB, 4 * KB);
	/* What lies partly outside is left alone. */
	assert_ok(merge(t, 1 * GB + 4 * KB, 4 * MB - 8 * KB));
	assert_size(t, 1 * GB, 4 * KB);
	assert_size(t, 1 * GB + 60 * KB, 4 * KB);
	assert_size(t, 1 * GB + 64 * KB, 64 * KB);
	assert_size(t, 1 * GB + 4 * MB - 1, 4 * KB);
	assert_ok(merge(t, 1 * GB, 2 * MB));
	assert_size(t, 1 * GB, 2 * MB);
	assert_size(t, 1 * GB + 4 * MB - 1, 4 * KB);
	assert_ok(merge(t, 0, 512 * GB));
	assert_size(t, 1 * GB + 4 * MB - 1, 2 * MB);
	assert_int_equal(info_of(t).tables, 2);
	assert_int_equal(mapped_bytes(t), 4 * MB);
	unmap_ok(t, 0, 512 * GB, 4 * MB);
	iomm_pgtable_put(t);
}

/* What does not say the same stays apart. */
static void test_merge_differences(void **state)
{
	struct iomm_pgtable *t = rig_4k(*state);

	/* A hole, another protection, another output address; the first, the
	 * last and one between. */
	map_ok(t, 0, 0, 60 * KB, RWC);
	map_ok(t, 64 * KB, 64 * KB, 32 * KB, RWC);
	map_ok(t, 96 * KB, 96 * KB, 32 * KB, RO | IOMM_PROT_CACHE);
	map_ok(t, 128 * KB, 132 * KB, 64 * KB, RWC);
	map_ok(t, 192 * KB, 192 * KB, 32 * KB, RWC);
	map_ok(t, 224 * KB, 320 * KB, 32 * KB, RWC);
	map_ok(t, 256 * KB + 4 * KB, 256 * KB + 4 * KB, 60 * KB, RWC);
	map_ok(t, 320 * KB, 320 * KB, 60 * KB, RWC);
	map_ok(t, 380 * KB, 380 * KB, 4 * KB, RW);
	assert_ok(merge(t, 0, 2 * MB));
	assert_int_equal(count_entries(t, 0, 2 * MB, IOMM_WALK_RUN), 0);
	assert_int_equal(mapped_bytes(t), 60 * KB + 256 * KB + 60 * KB);
	/* A full table whose pages go on, from the wrong place. */
	map_ok(t, 2 * MB, 4 * KB, 2 * MB, RWC);
	assert_ok(merge(t, 2 * MB, 2 * MB));
	assert_maps(t, 2 * MB, 4 * KB, 4 * KB);
	map_ok(t, 4 * MB, 64 * KB, 2 * MB, RWC);
	assert_ok(merge(t, 4 * MB, 2 * MB));
	assert_maps(t, 4 * MB, 64 * KB, 64 * KB);
	iomm_pgtable_put(t);
}

/* Only sizes that the table has. */
static void test_merge_narrow(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable_config config = { .size = sizeof(config),
					      .ias = 39,
					      .page_sizes = 4 * KB | 2 * MB,
					      .memory = rig->memory };
	struct iomm_pgtable *t;

	assert_ok(rig_create(rig, &config, &t));
	map_ok(t, 32 * MB, 32 * MB, 32 * MB, RWC);
	map_ok(t, 64 * MB, 64 * MB, 64 * KB, RWC);
	map_ok(t, 2 * GB, 2 * GB, 1 * GB, RWC);
	assert_ok(merge(t, 0, 512 * GB));
	assert_size(t, 32 * MB, 2 * MB);
	assert_size(t, 64 * MB, 4 * KB);
	assert_size(t, 2 * GB, 2 * MB);
	iomm_pgtable_put(t);
}

/* The table goes to the gather, and is not given back before its flush. */
static void test_merge_gathers(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = rig_4k(rig);
	struct iomm_gather gather;

	iomm_gather_init(&gather);
	map_ok(t, 0, 0, 2 * MB, RWC);
	assert_ok(iomm_pgtable_split(t, 0, 2 * MB, 4 * KB));
	assert_int_equal(info_of(t).tables, 3);
	assert_ok(iomm_pgtable_merge(t, 0, 2 * MB, &gather));
	assert_int_equal(info_of(t).tables, 2);
	assert_int_equal(info_of(t).spare, 0);
	assert_int_equal(iomm_pgtable_trim(t), 0);
	assert_int_equal(rig->tables, 3);
	assert_int_not_equal(iomm_gather_pending(&gather), 0);
	rig_clear_events(rig);
	assert_ok(iomm_gather_flush(&gather));
	assert_int_equal(rig_event(rig, EV_FLUSH, 0)->flags, IOMM_TLB_TABLES);
	assert_int_equal(iomm_pgtable_trim(t), 4 * KB);
	assert_int_equal(rig->tables, 2);
	iomm_pgtable_put(t);
}

static int merge_range(struct iomm_pgtable *t, uint64_t iova, uint64_t bytes)
{
	struct iomm_gather gather;
	int r;

	iomm_gather_init(&gather);
	r = iomm_pgtable_merge(t, iova, bytes, &gather);
	assert_int_equal(iomm_gather_pending(&gather), 0);
	return r;
}

static void test_merge_refuses(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = rig_4k(rig), *other = rig_4k(rig);
	struct iomm_gather taken;

	refuses_ranges(rig, merge_range);
	refuses_handles(rig, merge_range);
	iomm_gather_init(&taken);
	map_ok(other, 0, 0, 4 * KB, RW);
	assert_ok(iomm_pgtable_unmap(other, 0, 4 * KB, &taken, NULL));
	assert_fails(iomm_pgtable_merge(t, 0, 2 * MB, NULL), IOMM_EINVAL,
		     rig->ctx, "NULL");
	assert_fails(iomm_pgtable_merge(t, 0, 2 * MB, &taken), IOMM_EINVAL,
		     rig->ctx, "another page table");
	assert_ok(iomm_gather_flush(&taken));
	iomm_pgtable_put(other);
	iomm_pgtable_put(t);
}

/* Each flush fails in turn: some are merged, and the same is mapped. */
static int merge_failing(struct rig *rig, uint32_t n)
{
	struct iomm_pgtable *t = rig_table(rig, 4 * KB, 39, 0);
	struct iomm_extent one = { 1 * GB, 34 * MB, 5 * GB, RWC, 0 };
	struct iomm_gather gather;
	int r;

	iomm_gather_init(&gather);
	map_ok(t, one.iova, one.paddr, one.bytes, one.prot);
	assert_ok(iomm_pgtable_split(t, one.iova, one.bytes, 4 * KB));
	rig->tlb_error = -IOMM_EIO;
	rig->tlb_fail_in = n;
	r = iomm_pgtable_merge(t, one.iova, one.bytes, &gather);
	rig->tlb_fail_in = 0;
	assert_extents(t, &one, 1);
	rig_assert_synced(rig);
	assert_ok(iomm_gather_flush(&gather));
	assert_ok(merge(t, one.iova, one.bytes));
	assert_extents(t, &one, 1);
	assert_size(t, 1 * GB, 32 * MB);
	assert_size(t, 1 * GB + 32 * MB, 2 * MB);
	rig_assert_balanced(rig, t);
	iomm_pgtable_put(t);
	return r;
}

static void test_merge_fails(void **state)
{
	uint32_t n;
	int r;

	for (n = 1; (r = merge_failing(*state, n)) && n < 64; n++)
		assert_int_equal(r, -IOMM_EIO);
	assert_true(n > 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_sizes),
		RIG_TEST(test_sizes_coherent),
		RIG_TEST(test_sizes_hitless),
		RIG_TEST(test_sizes_shared),
		RIG_TEST(test_split_part),
		RIG_TEST(test_split_skips),
		RIG_TEST(test_split_keeps_attributes),
		RIG_TEST(test_split_refuses),
		RIG_TEST(test_split_fails),
		RIG_TEST(test_split_looked_at),
		RIG_TEST(test_broken_looked_at),
		RIG_TEST(test_merge_pages),
		RIG_TEST(test_merge_differences),
		RIG_TEST(test_merge_narrow),
		RIG_TEST(test_merge_gathers),
		RIG_TEST(test_merge_refuses),
		RIG_TEST(test_merge_fails),
	};

	return cmocka_run_group_tests_name("pgtable, split and merge", tests,
					   NULL, NULL);
}
