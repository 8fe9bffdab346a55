/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the hardware has written to. The test is the hardware: a write to a leaf
 * with DBM set and AP[2] set clears AP[2] (DDI 0487, D8.4.6), in any one entry
 * of a contiguous run.
 */
#include "pgtable/pgtable.h"
#include "unit/pgtable_support.h"

#define DBM	     (UINT64_C(1) << 51)
#define AP_READ_ONLY (UINT64_C(1) << 7)

#define WORDS 1024u

#define TRACKS (IOMM_PGTABLE_DIRTY | IOMM_PGTABLE_COHERENT)

static struct iomm_pgtable *table(struct rig *rig)
{
	return rig_table(rig, 4 * KB, 39, TRACKS);
}

/* A device writes there, if it may. */
static bool
device_writes(struct rig *rig, struct iomm_pgtable *t, uint64_t iova)
{
	uint64_t *desc = rig_leaf(rig, t, iova);

	if (!(*desc & AP_READ_ONLY))
		return true;
	if (!(*desc & DBM))
		return false;
	__atomic_fetch_and(desc, ~AP_READ_ONLY, __ATOMIC_RELAXED);
	return true;
}

static uint64_t bitmap[WORDS];

static int read_dirty(struct iomm_pgtable *t, uint64_t iova, uint64_t bytes,
		      uint32_t flags)
{
	struct iomm_gather gather;
	int r;

	memset(bitmap, 0, sizeof(bitmap));
	iomm_gather_init(&gather);
	r = iomm_pgtable_read_and_clear_dirty(t, iova, bytes, flags, bitmap,
					      WORDS, &gather);
	assert_ok(iomm_gather_flush(&gather));
	return r;
}

/* Bits [first, first + count) are set, and no other. */
static void assert_bits(uint64_t first, uint64_t count)
{
	uint64_t n;

	for (n = 0; n < 64 * WORDS; n++)
		assert_int_equal(bitmap[n / 64] >> n % 64 & 1,
				 n >= first && n < first + count);
}

static void assert_clean(struct iomm_pgtable *t)
{
	assert_ok(read_dirty(t, 0, 256 * MB, IOMM_DIRTY_KEEP));
	assert_bits(0, 0);
}

/* What is mapped is clean, and writing is allowed all the same. */
static void test_clean(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = table(rig);

	map_ok(t, 0, 0, 2 * MB + 68 * KB, RWC);
	assert_clean(t);
	assert_prot(t, 0, RWC);
	assert_prot(t, 2 * MB + 64 * KB, RWC);
	assert_walks_alike(rig, t, 0);
	assert_walks_alike(rig, t, 2 * MB + 64 * KB);
	/* Read-only stays read-only. */
	map_ok(t, 4 * MB, 0, 4 * KB, RO);
	assert_false(device_writes(rig, t, 4 * MB));
	assert_prot(t, 4 * MB, RO);
	assert_clean(t);
	assert_true(info_of(t).flags & IOMM_PGTABLE_DIRTY);
	iomm_pgtable_put(t);
}

/* Once told, and told again when it is written again. */
static void test_page(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = table(rig);
	struct dump before;

	map_ok(t, 0x1000, 0x5000, 0x7000, RWC);
	dump_table(t, &before);
	assert_true(device_writes(rig, t, 0x3000));
	assert_prot(t, 0x3000, RWC);
	assert_ok(read_dirty(t, 0x1000, 0x7000, 0));
	assert_bits(2, 1);
	assert_ok(read_dirty(t, 0x1000, 0x7000, 0));
	assert_bits(0, 0);
	assert_unchanged(t, &before);
	assert_true(device_writes(rig, t, 0x3000));
	assert_true(device_writes(rig, t, 0x7000));
	/* Bits count from the first page of the range. */
	assert_ok(read_dirty(t, 0x3000, 0x5000, IOMM_DIRTY_KEEP));
	assert_int_equal(bitmap[0], 0x11);
	assert_ok(read_dirty(t, 0, 0x4000, 0));
	assert_bits(3, 1);
	assert_ok(read_dirty(t, 0, 0x100000, 0));
	assert_bits(7, 1);
	iomm_pgtable_put(t);
}

/* Looking changes nothing, and needs no gather. */
static void test_keep(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = table(rig);
	struct dump before;

	map_ok(t, 0, 0, 64 * KB, RWC);
	map_ok(t, 64 * KB, 0, 8 * KB, RWC);
	assert_true(device_writes(rig, t, 64 * KB));
	assert_true(device_writes(rig, t, 0x3000));
	dump_table(t, &before);
	rig_clear_events(rig);
	memset(bitmap, 0, sizeof(bitmap));
	assert_ok(iomm_pgtable_read_and_clear_dirty(t, 0, 128 * KB,
						    IOMM_DIRTY_KEEP, bitmap, 1,
						    NULL));
	assert_bits(0, 17);
	assert_int_equal(rig->nr_events, 0);
	assert_unchanged(t, &before);
	iomm_pgtable_put(t);
}

/* Bits that are set already stay, whatever is found. */
static void test_only_sets(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = table(rig);
	struct iomm_gather gather;

	iomm_gather_init(&gather);
	map_ok(t, 0, 0, 256 * KB, RWC);
	assert_true(device_writes(rig, t, 255 * KB));
	bitmap[0] = UINT64_C(0x8000000000000001);
	bitmap[1] = 0x5a;
	assert_ok(iomm_pgtable_read_and_clear_dirty(t, 0, 256 * KB, 0, bitmap,
						    1, &gather));
	assert_int_equal(bitmap[0], UINT64_C(0xffff000000000001));
	assert_int_equal(bitmap[1], 0x5a);
	assert_ok(iomm_gather_flush(&gather));
	iomm_pgtable_put(t);
}

/* A block is dirty as a whole, and so is a run, whichever of its entries the
 * hardware chose; afterwards all of its entries are alike again. */
static void test_large(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = table(rig);
	uint64_t entry;
	struct dump before;

	map_ok(t, 2 * MB, 2 * MB, 2 * MB, RWC);
	map_ok(t, 4 * MB, 4 * MB, 64 * KB, RWC);
	map_ok(t, 32 * MB, 32 * MB, 32 * MB, RWC);
	dump_table(t, &before);
	assert_true(device_writes(rig, t, 3 * MB));
	assert_ok(read_dirty(t, 0, 16 * MB, 0));
	assert_bits(512, 512);
	for (entry = 0; entry < 16; entry++) {
		assert_true(device_writes(rig, t, 4 * MB + entry * 4 * KB));
		assert_ok(read_dirty(t, 4 * MB, 128 * KB, IOMM_DIRTY_KEEP));
		assert_bits(0, 16);
		assert_ok(read_dirty(t, 4 * MB, 128 * KB, 0));
		assert_bits(0, 16);
		assert_true(device_writes(rig, t, 32 * MB + entry * 2 * MB));
		assert_ok(read_dirty(t, 32 * MB, 64 * MB, 0));
		assert_bits(0, 8192);
		assert_clean(t);
	}
	assert_unchanged(t, &before);
	iomm_pgtable_put(t);
}

/* Part of a leaf is asked for. What is cleared in the tables was told: so what
 * lies outside of the range must be told the next time. */
static void test_part_of_a_leaf(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = table(rig);

	map_ok(t, 2 * MB, 2 * MB, 2 * MB, RWC);
	map_ok(t, 4 * MB, 4 * MB, 64 * KB, RWC);
	assert_true(device_writes(rig, t, 2 * MB));
	assert_true(device_writes(rig, t, 4 * MB));
	assert_ok(read_dirty(t, 3 * MB, 1 * MB, 0));
	assert_bits(0, 256);
	assert_ok(read_dirty(t, 2 * MB, 1 * MB, 0));
	assert_bits(0, 256);
	assert_ok(read_dirty(t, 4 * MB + 8 * KB, 4 * KB, 0));
	assert_bits(0, 1);
	assert_ok(read_dirty(t, 4 * MB, 64 * KB, 0));
	assert_bits(0, 16);
	assert_ok(read_dirty(t, 2 * MB, 2 * MB, 0));
	assert_bits(0, 512);
	assert_clean(t);
	iomm_pgtable_put(t);
}

/* Split: each piece is as dirty as the whole was. Then told more exactly. */
static void test_split(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = table(rig);

	map_ok(t, 2 * MB, 2 * MB, 4 * MB, RWC);
	map_ok(t, 6 * MB, 6 * MB, 64 * KB, RWC);
	assert_true(device_writes(rig, t, 2 * MB));
	assert_true(device_writes(rig, t, 6 * MB + 0x3000));
	assert_ok(iomm_pgtable_split(t, 0, 16 * MB, 4 * KB));
	assert_ok(read_dirty(t, 2 * MB, 4 * MB, 0));
	assert_bits(0, 512);
	assert_ok(read_dirty(t, 6 * MB, 64 * KB, 0));
	assert_bits(0, 16);
	assert_clean(t);
	assert_true(device_writes(rig, t, 5 * MB));
	assert_ok(read_dirty(t, 2 * MB, 4 * MB, 0));
	assert_bits(768, 1);
	/* What a cut leaves is as dirty as it was. */
	assert_true(device_writes(rig, t, 6 * MB));
	map_ok(t, 32 * MB, 32 * MB, 2 * MB, RWC);
	assert_true(device_writes(rig, t, 32 * MB));
	unmap_ok(t, 32 * MB, 4 * KB, 4 * KB);
	assert_ok(read_dirty(t, 32 * MB, 2 * MB, 0));
	assert_bits(1, 511);
	iomm_pgtable_put(t);
}

/* Merged or not, a page that was written to is not forgotten. */
static void test_merge(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = table(rig);
	struct iomm_gather gather;

	iomm_gather_init(&gather);
	map_ok(t, 2 * MB, 2 * MB, 2 * MB, RWC);
	assert_ok(iomm_pgtable_split(t, 2 * MB, 2 * MB, 4 * KB));
	assert_true(device_writes(rig, t, 2 * MB + 100 * 4 * KB));
	assert_ok(iomm_pgtable_merge(t, 2 * MB, 2 * MB, &gather));
	assert_ok(iomm_gather_flush(&gather));
	assert_ok(read_dirty(t, 2 * MB, 2 * MB, 0));
	assert_true(bitmap[1] >> 36 & 1);
	assert_clean(t);
	iomm_pgtable_put(t);
}

/* Other rights, the same memory: it was written to all the same. */
static void test_protect(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = table(rig);

	map_ok(t, 0, 0x100000, 0x4000, RWC);
	map_ok(t, 2 * MB, 2 * MB, 64 * KB, RWC);
	assert_true(device_writes(rig, t, 0x1000));
	assert_true(device_writes(rig, t, 2 * MB + 0x5000));
	protect_ok(t, 0, 4 * MB, RWC | IOMM_PROT_PRIV, 80 * KB);
	assert_ok(read_dirty(t, 0, 64 * KB, 0));
	assert_bits(1, 1);
	assert_ok(read_dirty(t, 2 * MB, 64 * KB, 0));
	assert_bits(0, 16);
	/* Writable once more: clean, until somebody writes. */
	protect_ok(t, 0, 0x4000, RO | IOMM_PROT_CACHE, 0x4000);
	assert_false(device_writes(rig, t, 0x1000));
	protect_ok(t, 0, 0x4000, RWC, 0x4000);
	assert_clean(t);
	assert_true(device_writes(rig, t, 0x1000));
	assert_ok(read_dirty(t, 0, 64 * KB, 0));
	assert_bits(1, 1);
	iomm_pgtable_put(t);
}

/* Until the flush writes may be missed: it must cover what was cleared. */
static void test_gathers(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = table(rig);
	struct iomm_gather gather;
	const struct event *event;

	iomm_gather_init(&gather);
	map_ok(t, 0, 0x100000, 0x8000, RWC);
	rig_clear_events(rig);
	assert_ok(iomm_pgtable_read_and_clear_dirty(t, 0, 0x8000, 0, bitmap,
						    WORDS, &gather));
	assert_int_equal(iomm_gather_pending(&gather), 0);
	assert_true(device_writes(rig, t, 0x2000));
	assert_true(device_writes(rig, t, 0x5000));
	assert_ok(iomm_pgtable_read_and_clear_dirty(t, 0, 0x8000, 0, bitmap,
						    WORDS, &gather));
	assert_int_equal(iomm_gather_pending(&gather), 0x4000);
	assert_int_equal(rig->nr_events, 0);
	assert_ok(iomm_gather_flush(&gather));
	event = rig_event(rig, EV_FLUSH, 0);
	assert_int_equal(event->iova, 0x2000);
	assert_int_equal(event->last, 0x5fff);
	assert_int_equal(event->page_size, 4 * KB);
	iomm_pgtable_put(t);
}

/* A disjoint range flushes early, and fails: what was cleared was told. */
static void test_flush_fails(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = table(rig);
	struct iomm_gather gather;
	uint64_t told[WORDS];
	uint32_t n, i;
	int r;

	for (n = 1; n < 8; n++) {
		iomm_gather_init(&gather);
		map_ok(t, 2 * MB - 8 * KB, 1 * GB + 2 * MB - 8 * KB,
		       2 * MB + 16 * KB, RWC);
		assert_true(device_writes(rig, t, 2 * MB - 8 * KB));
		assert_true(device_writes(rig, t, 2 * MB));
		assert_true(device_writes(rig, t, 4 * MB));
		memset(bitmap, 0, sizeof(bitmap));
		rig->tlb_error = -IOMM_EIO;
		rig->tlb_fail_in = n;
		r = iomm_pgtable_read_and_clear_dirty(t, 0, 8 * MB, 0, bitmap,
						      WORDS, &gather);
		rig->tlb_fail_in = 0;
		assert_true(!r || r == -IOMM_EIO);
		memcpy(told, bitmap, sizeof(told));
		assert_ok(iomm_gather_flush(&gather));
		assert_ok(read_dirty(t, 0, 8 * MB, 0));
		for (i = 0; i < WORDS; i++)
			told[i] |= bitmap[i];
		memcpy(bitmap, told, sizeof(told));
		assert_true(told[7] >> 62 & 1); /* 2 MiB - 8 KiB */
		assert_true(told[8] & 1);	/* 2 MiB */
		assert_true(told[16] & 1);	/* 4 MiB */
		unmap_ok(t, 0, 8 * MB, 2 * MB + 16 * KB);
		if (!r)
			break;
	}
	assert_true(n > 1);
	iomm_pgtable_put(t);
}

static int dirty_range(struct iomm_pgtable *t, uint64_t iova, uint64_t bytes)
{
	struct iomm_gather gather;
	uint64_t word = 0;
	int r;

	iomm_gather_init(&gather);
	r = iomm_pgtable_read_and_clear_dirty(t, iova, bytes, 0, &word, 1,
					      &gather);
	assert_int_equal(word, 0);
	assert_int_equal(iomm_gather_pending(&gather), 0);
	return r;
}

static void test_refuses(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = table(rig), *plain = rig_4k(rig);
	struct iomm_gather gather, taken;
	uint64_t word = 0;

	refuses_handles(rig, dirty_range);
	iomm_gather_init(&gather);
	iomm_gather_init(&taken);
	map_ok(plain, 0, 0, 4 * KB, RW);
	assert_ok(iomm_pgtable_unmap(plain, 0, 4 * KB, &taken, NULL));
	map_ok(t, 0, 0, 1 * MB, RWC);
	assert_true(device_writes(rig, t, 0));

#define REFUSED(table, iova, bytes, flags, map, words, gather, code, part) \
	assert_fails(iomm_pgtable_read_and_clear_dirty(table, iova, bytes, \
						       flags, map, words,  \
						       gather),            \
		     code, rig->ctx, part)
	REFUSED(plain, 0, 4 * KB, 0, &word, 1, &gather, IOMM_EOPNOTSUPP, "");
	REFUSED(plain, 0, 4 * KB, IOMM_DIRTY_KEEP, &word, 1, NULL,
		IOMM_EOPNOTSUPP, "");
	REFUSED(t, 0, 4 * KB, 2, &word, 1, &gather, IOMM_EINVAL, "0x2");
	REFUSED(t, 0, 4 * KB, 0, NULL, 1, &gather, IOMM_EINVAL, "NULL");
	REFUSED(t, 0, 4 * KB, 0, &word, 1, NULL, IOMM_EINVAL, "NULL");
	REFUSED(t, 0, 4 * KB, 0, &word, 0, &gather, IOMM_EMSGSIZE, "");
	REFUSED(t, 0, 260 * KB, 0, &word, 1, &gather, IOMM_EMSGSIZE, "0x41000");
	REFUSED(t, 0, 512 * GB, 0, &word, 1, &gather, IOMM_EMSGSIZE,
		"0x8000000000");
	REFUSED(t, 0, 4 * KB, 0, &word, 1, &taken, IOMM_EINVAL,
		"another page table");
	REFUSED(t, 0x800, 4 * KB, 0, &word, 1, &gather, IOMM_EINVAL, "0x800");
	REFUSED(t, 0, 0, 0, &word, 1, &gather, IOMM_EINVAL, "empty");
	REFUSED(t, 512 * GB, 4 * KB, 0, &word, 1, &gather, IOMM_EINVAL,
		"beyond");
	REFUSED(t, 0, 512 * GB + 4 * KB, 0, &word, UINT32_MAX, &gather,
		IOMM_EINVAL, "beyond");
#undef REFUSED
	assert_int_equal(word, 0);
	assert_int_equal(iomm_gather_pending(&gather), 0);
	/* Refused, it has cleared nothing. */
	assert_ok(read_dirty(t, 0, 256 * KB, 0));
	assert_true(bitmap[0] & 1);
	assert_ok(iomm_gather_flush(&taken));
	iomm_pgtable_put(plain);
	iomm_pgtable_put(t);
}

static void test_create(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable_config config = { .size = sizeof(config),
					      .flags = IOMM_PGTABLE_DIRTY,
					      .memory = rig->memory };
	struct iomm_pgtable *t = NULL;

	assert_fails(rig_create(rig, &config, &t), IOMM_EINVAL, rig->ctx,
		     "COHERENT");
	assert_null(t);
	assert_int_equal(rig->tlb_releases, 1);
}

/* The smallest page is what a bit stands for. */
static void test_smallest_page(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable_config config = { .size = sizeof(config),
					      .flags = TRACKS,
					      .page_sizes = 2 * MB | 32 * MB,
					      .memory = rig->memory };
	struct iomm_pgtable *t = NULL;

	assert_ok(rig_create(rig, &config, &t));
	map_ok(t, 2 * MB, 2 * MB, 6 * MB, RWC);
	map_ok(t, 32 * MB, 32 * MB, 32 * MB, RWC);
	assert_true(device_writes(rig, t, 5 * MB));
	assert_ok(read_dirty(t, 2 * MB, 128 * MB, 0));
	assert_bits(1, 1);
	assert_true(device_writes(rig, t, 40 * MB));
	assert_ok(read_dirty(t, 0, 128 * MB, 0));
	assert_bits(16, 16);
	iomm_pgtable_put(t);
}

static void test_granules(void **state)
{
	const struct sizes *s;
	struct rig *rig = *state;
	struct iomm_pgtable *t;
	uint64_t pages;

	for (s = sizes; s < sizes + NR_SIZES; s++) {
		t = rig_table(rig, s->page, 48, TRACKS | IOMM_PGTABLE_SHARED);
		map_ok(t, 64 * GB, 64 * GB, s->block + s->run + s->page, RWC);
		pages = s->block / s->page;
		assert_true(
			device_writes(rig, t, 64 * GB + s->block + s->run - 1));
		assert_ok(read_dirty(t, 64 * GB, 2 * s->block, 0));
		assert_bits(pages, s->run / s->page);
		assert_true(device_writes(rig, t, 64 * GB + s->block + s->run));
		assert_ok(read_dirty(t, 64 * GB, 2 * s->block, 0));
		assert_bits(pages + s->run / s->page, 1);
		assert_true(device_writes(rig, t, 64 * GB));
		assert_ok(read_dirty(t, 64 * GB, 2 * s->block, 0));
		assert_bits(0, pages);
		iomm_pgtable_put(t);
	}
}

/* A run that is to be split is dissolved first, and then it says in each of its
 * leaves that somebody wrote. So the table that was made for a clean one is of no
 * use, and readers have seen it: the next one is not it without their knowing. */
static void test_split_in_vain(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t =
		rig_table(rig, 4 * KB, 39, TRACKS | IOMM_PGTABLE_SHARED);
	uintptr_t generation;

	map_ok(t, 0, 0, 32 * MB, RWC);
	assert_true(device_writes(rig, t, 2 * MB));
	generation = iomm_pgtable_generation(t);
	unmap_ok(t, 0, 4 * KB, 4 * KB);
	assert_int_equal(iomm_pgtable_generation(t), generation + 1);
	assert_ok(read_dirty(t, 0, 32 * MB, 0));
	assert_bits(1, 8191);
	iomm_pgtable_put(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_clean),	    RIG_TEST(test_page),
		RIG_TEST(test_keep),	    RIG_TEST(test_only_sets),
		RIG_TEST(test_large),	    RIG_TEST(test_part_of_a_leaf),
		RIG_TEST(test_split),	    RIG_TEST(test_merge),
		RIG_TEST(test_protect),	    RIG_TEST(test_gathers),
		RIG_TEST(test_flush_fails), RIG_TEST(test_refuses),
		RIG_TEST(test_create),	    RIG_TEST(test_smallest_page),
		RIG_TEST(test_granules),    RIG_TEST(test_split_in_vain),
	};

	return cmocka_run_group_tests_name("pgtable, dirty", tests, NULL, NULL);
}
