/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The public calls on a page table, and each way in which they refuse. */
#include "unit/pgtable_support.h"

static struct iomm_pgtable *table(struct rig *rig)
{
	return rig_table(rig, 4 * KB, 39, IOMM_PGTABLE_COHERENT);
}

/* A handle that is none */

static void test_handles(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *wrong = (void *)rig->memory,
			    *bad[] = { NULL, wrong };
	struct iomm_pgtable_info info = { .size = sizeof(info) };
	struct iomm_translation at = { .size = sizeof(at) };
	struct iomm_gather gather;
	uint64_t count;
	uint32_t i;

	iomm_gather_init(&gather);
	for (i = 0; i < 2; i++) {
		count = 1;
		assert_int_equal(iomm_pgtable_map(bad[i], 0, 0, 4096, RW, 0,
						  &count),
				 -IOMM_EINVAL);
		assert_int_equal(count, 0);
		count = 1;
		assert_int_equal(iomm_pgtable_unmap(bad[i], 0, 4096, &gather,
						    &count),
				 -IOMM_EINVAL);
		assert_int_equal(count, 0);
		assert_int_equal(iomm_pgtable_translate(bad[i], 0, &at),
				 -IOMM_EINVAL);
		assert_int_equal(iomm_pgtable_info(bad[i], &info),
				 -IOMM_EINVAL);
		assert_int_equal(iomm_pgtable_walk(bad[i], 0, 4096, NULL, NULL),
				 -IOMM_EINVAL);
		assert_int_equal(iomm_pgtable_flush_all(bad[i]), -IOMM_EINVAL);
	}
	assert_null(iomm_pgtable_get(NULL));
	iomm_pgtable_put(NULL);
}

static void test_get_and_put(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *pgtable = table(rig);

	assert_ptr_equal(iomm_pgtable_get(pgtable), pgtable);
	iomm_pgtable_put(pgtable);
	assert_int_equal(rig->tlb_releases, 0);
	rig_clear_events(rig);
	iomm_pgtable_put(pgtable);
	assert_int_equal(rig->tlb_releases, 1);
	/* Invalidated before it is freed. */
	assert_int_equal(rig->events[0].kind, EV_FLUSH_ALL);
	assert_int_equal(rig->events[1].kind, EV_FREE);
	assert_int_equal(rig->nr_events, 2);
}

/* Structs */

static void test_info_sizes(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *pgtable = table(rig);
	struct {
		struct iomm_pgtable_info info;
		uint64_t later;
	} longer = { .info.size = sizeof(longer), .later = 3 };
	struct iomm_pgtable_info info = { .size = sizeof(info) - 8 };

	assert_fails(iomm_pgtable_info(pgtable, NULL), IOMM_EINVAL, rig->ctx,
		     "NULL");
	assert_fails(iomm_pgtable_info(pgtable, &info), IOMM_EINVAL, rig->ctx,
		     "iomm_pgtable_info");
	assert_ok(iomm_pgtable_info(pgtable, &longer.info));
	assert_int_equal(longer.info.size, sizeof(info));
	assert_int_equal(longer.later, 0);
	assert_int_equal(longer.info.flags, IOMM_PGTABLE_COHERENT);
	iomm_pgtable_put(pgtable);
}

static void test_translate(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *pgtable = table(rig);
	struct {
		struct iomm_translation at;
		uint64_t later;
	} longer = { .at.size = sizeof(longer), .later = 3 };
	struct iomm_translation at = { .size = sizeof(at) - 1, .paddr = 77 };

	map_ok(pgtable, 0x5000, 0, 0x1000, RWC);
	assert_fails(iomm_pgtable_translate(pgtable, 0x5000, NULL), IOMM_EINVAL,
		     rig->ctx, "NULL");
	assert_fails(iomm_pgtable_translate(pgtable, 0x5000, &at), IOMM_EINVAL,
		     rig->ctx, "iomm_translation");
	at.size = sizeof(at);
	assert_fails(iomm_pgtable_translate(pgtable, 512 * GB, &at),
		     IOMM_EINVAL, rig->ctx, "not in [0x0, 0x7fffffffff]");
	assert_fails(iomm_pgtable_translate(pgtable, UINT64_MAX, &at),
		     IOMM_EINVAL, rig->ctx, "0xffffffffffffffff");
	assert_fails(iomm_pgtable_translate(pgtable, 0x6000, &at), IOMM_ENOENT,
		     rig->ctx, "nothing is mapped at 0x6000");
	assert_fails(iomm_pgtable_translate(pgtable, 512 * GB - 1, &at),
		     IOMM_ENOENT, rig->ctx, "nothing is mapped");
	assert_int_equal(at.paddr, 77);
	assert_ok(iomm_pgtable_translate(pgtable, 0x5123, &at));
	assert_int_equal(at.paddr, 0x123); /* output address 0 is an answer */
	assert_int_equal(at.prot, RWC);
	assert_int_equal(at.page_size, 4096);
	assert_ok(iomm_pgtable_translate(pgtable, 0x5fff, &longer.at));
	assert_int_equal(longer.at.paddr, 0xfff);
	assert_int_equal(longer.at.size, sizeof(at));
	assert_int_equal(longer.later, 0);
	iomm_pgtable_put(pgtable);
}

/* A lookup remembers where tables are listed, which changes as there are more of
 * them, to both sides, and as they go. */
static void test_translate_all_over(void **state)
{
	const uint64_t middle = 300, most = 512, block = 2 * MB;
	struct rig *rig = *state;
	struct iomm_pgtable *pgtable = table(rig);
	uint64_t up, down, i;

	for (i = 0; i < most - middle; i += 3) {
		up = 5 * GB + (middle + i) * block;
		down = 5 * GB + (middle - i) * block;
		map_ok(pgtable, up, GB + up, 0x1000, RW);
		if (i)
			map_ok(pgtable, down, GB + down, 0x1000, RO);
		assert_maps(pgtable, 5 * GB + middle * block,
			    6 * GB + middle * block, 0x1000);
		assert_maps(pgtable, up, GB + up, 0x1000);
		assert_maps(pgtable, down, GB + down, 0x1000);
		assert_prot(pgtable, up, RW);
		assert_prot(pgtable, down, i ? RO : RW);
		assert_hole(pgtable, up + block);
	}
	unmap_ok(pgtable, 5 * GB, GB, mapped_bytes(pgtable));
	assert_hole(pgtable, up);
	map_ok(pgtable, up, 0x1000, 0x1000, RW);
	assert_maps(pgtable, up, 0x1000, 0x1000);
	iomm_pgtable_put(pgtable);
}

/* Ranges and protections */

static void map_refused(struct rig *rig, struct iomm_pgtable *pgtable,
			uint64_t iova, uint64_t paddr, uint64_t bytes,
			uint32_t prot, int code, const char *part)
{
	uint64_t mapped = 99;

	assert_fails(iomm_pgtable_map(pgtable, iova, paddr, bytes, prot, 0,
				      &mapped),
		     code, rig->ctx, part);
	assert_int_equal(mapped, 0);
	assert_int_equal(iomm_pgtable_map(pgtable, iova, paddr, bytes, prot, 0,
					  NULL),
			 -code);
	assert_int_equal(info_of(pgtable).tables, 1);
}

static void test_map_refuses_ranges(void **state)
{
	const uint64_t page = 0x1000, top = 512 * GB;
	struct rig *rig = *state;
	struct iomm_pgtable *t = table(rig);

	map_refused(rig, t, 0, 0, 0, RW, IOMM_EINVAL, "empty");
	map_refused(rig, t, 0x10, 0, page, RW, IOMM_EINVAL,
		    "address 0x10 or length 0x1000 is no multiple of the "
		    "smallest page size, 4 KiB");
	map_refused(rig, t, 0, 0x800, page, RW, IOMM_EINVAL,
		    "output address 0x800 is no multiple");
	map_refused(rig, t, 0, 0, 0x1001, RW, IOMM_EINVAL, "0x1001");
	map_refused(rig, t, 0 - page, 0, 2 * page, RW, IOMM_EINVAL, "wraps");
	map_refused(rig, t, page, 0, 0 - page, RW, IOMM_EINVAL,
		    "goes beyond 0x7fffffffff");
	map_refused(rig, t, top, 0, page, RW, IOMM_EINVAL,
		    "0x7fffffffff, the last address of 39 bits");
	map_refused(rig, t, top - page, 0, 2 * page, RW, IOMM_EINVAL, "beyond");
	map_refused(rig, t, 0 - page, 0, page, RW, IOMM_EINVAL, "beyond");
	map_refused(rig, t, 0, 256 * TB, page, RW, IOMM_EINVAL,
		    "0xffffffffffff, the last address of 48 bits");
	map_refused(rig, t, 0, 256 * TB - page, 2 * page, RW, IOMM_EINVAL,
		    "0xffffffffffff");
	map_refused(rig, t, 0, 0 - page, 2 * page, RW, IOMM_EINVAL,
		    "output address");
	map_ok(t, top - page, 256 * TB - page, page, RW);
	assert_maps(t, top - 1, 256 * TB - 1, page);
	iomm_pgtable_put(t);
}

static void test_map_refuses_prot(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = table(rig);
	uint64_t mapped = 9;

	map_refused(rig, t, 0, 0, 4096, 0, IOMM_EINVAL, "neither reading");
	map_refused(rig, t, 0, 0, 4096, IOMM_PROT_EXEC, IOMM_EINVAL,
		    "neither reading");
	map_refused(rig, t, 0, 0, 4096, RW | 1u << 6, IOMM_EINVAL, "0x40");
	map_refused(rig, t, 0, 0, 4096, RWC | IOMM_PROT_MMIO, IOMM_EINVAL,
		    "both CACHE and MMIO");
	map_refused(rig, t, 0, 0, 4096, IOMM_PROT_WRITE, IOMM_EOPNOTSUPP,
		    "writing without reading");
	assert_fails(iomm_pgtable_map(t, 0, 0, 4096, RW, 4, &mapped),
		     IOMM_EINVAL, rig->ctx, "0x4");
	assert_int_equal(mapped, 0);
	iomm_pgtable_put(t);
}

static void test_unmap_refuses(void **state)
{
	const uint64_t page = 0x1000, top = 512 * GB;
	struct {
		uint64_t iova, bytes;
		const char *part;
	} bad[] = {
		{ 0, 0, "empty" },	     { 0x10, page, "no multiple" },
		{ 0, 0x10, "no multiple" },  { 0 - page, 2 * page, "wraps" },
		{ top, page, "beyond" },     { top - page, 2 * page, "beyond" },
		{ 0, top + page, "beyond" },
	};
	struct rig *rig = *state;
	struct iomm_pgtable *t = table(rig);
	struct iomm_gather gather;
	uint64_t unmapped;
	uint32_t i;

	map_ok(t, 0, 0, page, RW);
	map_ok(t, top - page, 0, page, RW);
	iomm_gather_init(&gather);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		unmapped = 5;
		assert_fails(iomm_pgtable_unmap(t, bad[i].iova, bad[i].bytes,
						&gather, &unmapped),
			     IOMM_EINVAL, rig->ctx, bad[i].part);
		assert_int_equal(unmapped, 0);
		assert_int_equal(iomm_gather_pending(&gather), 0);
	}
	assert_maps(t, 0, 0, page);
	assert_maps(t, top - page, 0, page);
	unmap_ok(t, 0, top, 2 * page);
	iomm_pgtable_put(t);
}

/* Results are optional. */
static void test_without_counts(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = table(rig);
	struct iomm_gather gather;

	iomm_gather_init(&gather);
	assert_ok(iomm_pgtable_map(t, 0, 0, 4096, RW, 0, NULL));
	assert_ok(iomm_pgtable_unmap(t, 0, 4096, &gather, NULL));
	assert_ok(iomm_gather_flush(&gather));
	iomm_pgtable_put(t);
}

/* What is there stays, and what came before it is mapped. */
static void test_map_exists(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = table(rig);
	uint64_t mapped;

	map_ok(t, 3 * MB, 0, 0x1000, RW);
	assert_fails(iomm_pgtable_map(t, 0, 1 * GB, 1 * GB, RW, 0, &mapped),
		     IOMM_EEXIST, rig->ctx, "something is mapped at 0x300000");
	assert_int_equal(mapped, 3 * MB);
	assert_maps(t, 0, 1 * GB, 2 * MB);
	assert_maps(t, 3 * MB - 1, 1 * GB + 3 * MB - 1, 64 * KB);
	assert_maps(t, 3 * MB, 0, 4 * KB);
	assert_hole(t, 3 * MB + 0x1000);
	/* Over a block, with a page and with a block. */
	assert_int_equal(iomm_pgtable_map(t, 0x1000, 0, 0x1000, RW, 0, &mapped),
			 -IOMM_EEXIST);
	assert_int_equal(mapped, 0);
	assert_int_equal(iomm_pgtable_map(t, 0, 0, 2 * MB, RW, 0, &mapped),
			 -IOMM_EEXIST);
	assert_maps(t, 0, 1 * GB, 2 * MB);
	unmap_ok(t, 0, 1 * GB, 3 * MB + 0x1000);
	assert_int_equal(info_of(t).tables, 1);
	iomm_pgtable_put(t);
}

/* Each allocation of a map fails in turn. */
static void test_map_without_memory(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = table(rig);
	uint64_t iova = 1 * GB - 8 * KB, bytes = 1 * GB + 16 * KB, mapped, n;
	struct dump before;
	int64_t tables;
	int r;

	map_ok(t, 4 * GB, 0, 0x1000, RW);
	tables = rig->tables;
	for (n = 1;; n++) {
		dump_table(t, &before);
		rig->fail_at = rig->sites + n;
		r = iomm_pgtable_map(t, iova, 0x100000000 - 8 * KB, bytes, RW,
				     0, &mapped);
		if (!r)
			break;
		assert_int_equal(r, -IOMM_ENOMEM);
		rig->fail_at = 0;
		if (mapped)
			assert_maps(t, iova + mapped - 1,
				    0x100000000 - 8 * KB + mapped - 1,
				    mapped > 8 * KB ? 1 * GB : 4 * KB);
		assert_hole(t, iova + mapped);
		if (mapped)
			unmap_ok(t, iova, mapped, mapped);
		assert_unchanged(t, &before);
		assert_int_equal(info_of(t).tables, tables);
		/* Else the next try finds them there. */
		(void)iomm_pgtable_trim(t);
		assert_int_equal(rig->tables, tables);
	}
	dump_free(&before);
	assert_true(n > 4);
	assert_int_equal(mapped, bytes);
	unmap_ok(t, iova, bytes, bytes);
	rig_assert_balanced(rig, t);
	iomm_pgtable_put(t);
}

/* Walk */

struct seen {
	struct iomm_walk_entry entry[8];
	uint32_t count, stop_at;
};

static int see(void *data, const struct iomm_walk_entry *entry)
{
	struct seen *seen = data;

	assert_int_equal(entry->size, sizeof(*entry));
	assert_true(seen->count < 8);
	seen->entry[seen->count++] = *entry;
	return seen->count == seen->stop_at ? 42 : 0;
}

static void test_walk(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = table(rig);
	struct seen seen = { .stop_at = 0 };

	map_ok(t, 2 * MB - 0x1000, 0x7000, 0x1000, RW);
	map_ok(t, 2 * MB, 6 * MB, 2 * MB, RO);
	assert_ok(iomm_pgtable_walk(t, 0, UINT64_MAX, see, &seen));
	/* The table of level 2, that of level 3, the page, the block. */
	assert_int_equal(seen.count, 4);
	assert_int_equal(seen.entry[0].kind, IOMM_WALK_TABLE);
	assert_int_equal(seen.entry[0].level, 1);
	assert_int_equal(seen.entry[0].bytes, 1 * GB);
	assert_int_equal(seen.entry[0].raw, seen.entry[0].paddr | 3);
	assert_int_equal(seen.entry[0].prot, 0);
	assert_int_equal(seen.entry[1].kind, IOMM_WALK_TABLE);
	assert_int_equal(seen.entry[1].level, 2);
	assert_int_equal(seen.entry[2].kind, IOMM_WALK_LEAF);
	assert_int_equal(seen.entry[2].level, 3);
	assert_int_equal(seen.entry[2].iova, 2 * MB - 0x1000);
	assert_int_equal(seen.entry[2].paddr, 0x7000);
	assert_int_equal(seen.entry[2].bytes, 0x1000);
	assert_int_equal(seen.entry[2].prot, RW);
	assert_int_equal(seen.entry[2].raw, raw_leaf(t, 2 * MB - 1));
	assert_int_equal(seen.entry[3].level, 2);
	assert_int_equal(seen.entry[3].iova, 2 * MB);
	assert_int_equal(seen.entry[3].paddr, 6 * MB);
	assert_int_equal(seen.entry[3].bytes, 2 * MB);
	assert_int_equal(seen.entry[3].prot, RO);
	iomm_pgtable_put(t);
}

static void test_walk_range(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = table(rig);
	struct seen seen = { .stop_at = 0 };

	map_ok(t, 0, 0, 0x4000, RW);
	map_ok(t, 2 * MB, 0, 2 * MB, RW);
	/* One byte is enough to overlap. */
	assert_ok(iomm_pgtable_walk(t, 0x1fff, 2, see, &seen));
	assert_int_equal(seen.count, 4);
	assert_int_equal(seen.entry[2].iova, 0x1000);
	assert_int_equal(seen.entry[3].iova, 0x2000);
	seen.count = 0;
	assert_ok(iomm_pgtable_walk(t, 3 * MB + 5, 1, see, &seen));
	assert_int_equal(seen.count, 2);
	assert_int_equal(seen.entry[1].iova, 2 * MB);
	/* Beyond the input width there is nothing. */
	seen.count = 0;
	assert_ok(iomm_pgtable_walk(t, 512 * GB, 4096, see, &seen));
	assert_ok(iomm_pgtable_walk(t, UINT64_MAX, 1, see, &seen));
	assert_int_equal(seen.count, 0);
	/* A visitor may end it. */
	seen.stop_at = 3;
	assert_int_equal(iomm_pgtable_walk(t, 0, 1 * GB, see, &seen), 42);
	assert_int_equal(seen.count, 3);
	assert_fails(iomm_pgtable_walk(t, 0, 4096, NULL, NULL), IOMM_EINVAL,
		     rig->ctx, "NULL");
	assert_fails(iomm_pgtable_walk(t, 0, 0, see, &seen), IOMM_EINVAL,
		     rig->ctx, "empty");
	assert_fails(iomm_pgtable_walk(t, 2, UINT64_MAX, see, &seen),
		     IOMM_EINVAL, rig->ctx, "wraps");
	iomm_pgtable_put(t);
}

/* Memory */

static void test_tables_come_and_go(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = table(rig);
	uint64_t i;

	/* Far apart: each page has a table of level 2 and one of level 3. */
	for (i = 0; i < 100; i++)
		map_ok(t, i * 5 * GB, i * 4096, 4096, RW);
	assert_int_equal(info_of(t).tables, 201);
	assert_int_equal(info_of(t).table_bytes, 201 * 4096);
	for (i = 0; i < 100; i++)
		assert_maps(t, i * 5 * GB, i * 4096, 4096);
	for (i = 0; i < 100; i++)
		unmap_ok(t, ((i * 37) % 100) * 5 * GB, 4096, 4096);
	rig_assert_only_root(rig, t);
	/* Close together, from the top down, in one table of level 2. */
	for (i = 500; i--;)
		map_ok(t, i * 2 * MB, i * 4096, 4096, RW);
	assert_int_equal(info_of(t).tables, 2 + 500);
	for (i = 0; i < 500; i++)
		assert_maps(t, i * 2 * MB, i * 4096, 4096);
	unmap_ok(t, 0, 1 * GB, 500 * 4096);
	rig_assert_only_root(rig, t);
	iomm_pgtable_put(t);
}

/* The last put invalidates. When that is not confirmed, hardware may walk the
 * tables for ever: they, and what they lie in, are not given back. */
static void test_put_not_confirmed(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = table(rig);
	struct iomm_gather gather;

	map_ok(t, 0, 0, 0x1000, RW);
	map_ok(t, 5 * GB, 0, 0x1000, RW);
	iomm_gather_init(&gather);
	assert_ok(iomm_pgtable_unmap(t, 0, 0x1000, &gather, NULL));
	iomm_gather_abandon(&gather);
	rig->tlb_error = -IOMM_ETIMEDOUT;
	rig->tlb_fail_in = 1;
	iomm_pgtable_put(t);
	assert_non_null(strstr(rig->logged, "did not confirm"));
	assert_non_null(strstr(rig->logged, "3 tables, and 2 in quarantine"));
	assert_int_equal(rig->tlb_releases, 1);
	assert_int_equal(rig->tables, 5);
	assert_int_equal(iomm_ctx_live_handles(rig->ctx, IOMM_HANDLE_PGTABLE),
			 0);
	iomm_table_memory_put(rig->memory);
	assert_int_equal(rig->memory_releases, 0);
	/* The test knows that there is no hardware: it takes all back. */
	memset(rig->bytes, 0, sizeof(rig->bytes));
	rig->tables = 0;
}

/* A TLB hook may put the table whose hook it is. */
static void put_in_hook(struct rig *rig, uint64_t iova, uint64_t last)
{
	(void)iova;
	(void)last;
	iomm_pgtable_put(rig->user);
	rig->on_flush = NULL;
}

static void test_put_in_hook(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = table(rig);

	map_ok(t, 0, 0, 0x1000, RW);
	rig->user = t;
	rig->on_flush = put_in_hook;
	unmap_ok(t, 0, 0x1000, 0x1000);
	assert_int_equal(rig->tlb_releases, 1);
	assert_int_equal(rig->tables, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_handles),
		RIG_TEST(test_get_and_put),
		RIG_TEST(test_info_sizes),
		RIG_TEST(test_translate),
		RIG_TEST(test_translate_all_over),
		RIG_TEST(test_map_refuses_ranges),
		RIG_TEST(test_map_refuses_prot),
		RIG_TEST(test_unmap_refuses),
		RIG_TEST(test_without_counts),
		RIG_TEST(test_map_exists),
		RIG_TEST(test_map_without_memory),
		RIG_TEST(test_walk),
		RIG_TEST(test_walk_range),
		RIG_TEST(test_tables_come_and_go),
		RIG_TEST(test_put_not_confirmed),
		RIG_TEST(test_put_in_hook),
	};

	return cmocka_run_group_tests_name("pgtable", tests, NULL, NULL);
}
