/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Another protection for what is mapped. */
#include "unit/watcher.h"

static int protect(struct iomm_pgtable *t, uint64_t iova, uint64_t bytes,
		   uint32_t prot, struct iomm_gather *gather, uint64_t *changed)
{
	return iomm_pgtable_protect(t, iova, bytes, prot, gather, changed);
}

/* Every protection into every other, for a page, a run, a block, a block run,
 * and half of each. */
static const uint32_t prots[] = {
	RO,
	RW,
	RWC,
	RO | IOMM_PROT_CACHE,
	RWC | IOMM_PROT_EXEC,
	RWC | IOMM_PROT_PRIV,
	RW | IOMM_PROT_MMIO,
	RO | IOMM_PROT_PRIV | IOMM_PROT_EXEC,
};

#define NR_PROTS (sizeof(prots) / sizeof(prots[0]))

static void change(struct rig *rig, uint64_t bytes, uint32_t from, uint32_t to,
		   uint32_t flags)
{
	struct iomm_pgtable *t = rig_table(rig, 4 * KB, 39, flags);
	uint64_t iova = 4 * GB, half = bytes / 2 & ~UINT64_C(4095);
	uint64_t first = half ? half : bytes;
	struct watcher w;

	map_ok(t, iova, 8 * GB, bytes, from);
	watcher_begin(&w, rig, t, iova, bytes > 2 * MB ? 1024 : 600);
	/* The second half, then all. */
	protect_ok(t, iova + bytes - first, first, to, first);
	watcher_assert_current(&w);
	assert_prot(t, iova + bytes - 1, to);
	assert_prot(t, iova + bytes - first, to);
	assert_prot(t, iova, half ? from : to);
	protect_ok(t, iova, bytes, to, bytes);
	watcher_assert_current(&w);
	watcher_end(&w);
	assert_prot(t, iova, to);
	assert_int_equal(mapped_bytes(t), bytes);
	assert_walks_alike(rig, t, iova);
	assert_walks_alike(rig, t, iova + half);
	if (!(flags & IOMM_PGTABLE_COHERENT))
		rig_assert_synced(rig);
	unmap_ok(t, iova, bytes, bytes);
	assert_int_equal(info_of(t).tables, 1);
	iomm_pgtable_put(t);
}

static void changes(struct rig *rig, uint32_t flags)
{
	uint32_t i, j;

	for (i = 0; i < NR_PROTS; i++)
		for (j = 0; j < NR_PROTS; j++) {
			change(rig, 4 * KB, prots[i], prots[j], flags);
			change(rig, 64 * KB, prots[i], prots[j], flags);
			change(rig, 2 * MB, prots[i], prots[j], flags);
		}
	change(rig, 32 * MB, RW, RWC, flags);
	change(rig, 32 * MB, RW, RO, flags);
	change(rig, 1 * GB, RW, RO, flags);
}

static void test_changes(void **state)
{
	changes(*state, 0);
}

static void test_changes_hitless(void **state)
{
	changes(*state, IOMM_PGTABLE_HITLESS);
}

static void test_changes_shared(void **state)
{
	changes(*state, IOMM_PGTABLE_SHARED);
}

/* Where a leaf leads to, and its size, stay. */
static void test_whole_leaves(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = rig_4k(rig);
	uint64_t tables;

	map_ok(t, 0, 1 * GB, 64 * KB, RWC);
	map_ok(t, 2 * MB, 1 * GB, 2 * MB, RWC);
	map_ok(t, 32 * MB, 1 * GB, 32 * MB, RWC);
	map_ok(t, 1 * GB, 1 * GB, 1 * GB, RWC);
	tables = info_of(t).tables;
	protect_ok(t, 0, 4 * GB, RO | IOMM_PROT_CACHE,
		   64 * KB + 34 * MB + 1 * GB);
	assert_int_equal(info_of(t).tables, tables);
	assert_maps(t, 60 * KB, 1 * GB + 60 * KB, 64 * KB);
	assert_maps(t, 2 * MB, 1 * GB, 2 * MB);
	assert_maps(t, 34 * MB, 1 * GB + 2 * MB, 32 * MB);
	assert_maps(t, 1 * GB, 1 * GB, 1 * GB);
	assert_prot(t, 0, RO | IOMM_PROT_CACHE);
	assert_prot(t, 64 * MB - 1, RO | IOMM_PROT_CACHE);
	iomm_pgtable_put(t);
}

/* Holes are skipped, and stay. */
static void test_holes(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = rig_4k(rig);

	protect_ok(t, 0, 512 * GB, RO, 0);
	map_ok(t, 0x3000, 0, 0x1000, RW);
	map_ok(t, 0x9000, 0, 0x1000, RW);
	map_ok(t, 3 * GB, 0, 0x1000, RW);
	protect_ok(t, 0, 512 * GB, RO, 0x3000);
	assert_prot(t, 0x3000, RO);
	assert_prot(t, 0x9000, RO);
	assert_prot(t, 3 * GB, RO);
	assert_hole(t, 0x4000);
	assert_int_equal(mapped_bytes(t), 0x3000);
	protect_ok(t, 0x4000, 0x5000, RW, 0);
	/* The first and the last page, as every other. */
	map_ok(t, 512 * GB - 0x1000, 0, 0x1000, RW);
	map_ok(t, 0, 0, 0x1000, RW);
	protect_ok(t, 0, 512 * GB, RO, 0x5000);
	assert_prot(t, 512 * GB - 1, RO);
	iomm_pgtable_put(t);
}

/* What has it already counts. */
static void test_the_same(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = rig_4k(rig);
	struct iomm_gather gather;
	struct dump before;
	uint64_t changed = 1;

	map_ok(t, 0, 0, 64 * KB + 8 * KB, RWC);
	dump_table(t, &before);
	rig_clear_events(rig);
	iomm_gather_init(&gather);
	assert_ok(protect(t, 0, 4 * MB, RWC, &gather, &changed));
	assert_int_equal(changed, 72 * KB);
	assert_int_equal(rig_count(rig, EV_FLUSH), 0);
	assert_unchanged(t, &before);
	assert_ok(iomm_gather_flush(&gather));
	iomm_pgtable_put(t);
}

/* Nothing is invalidated before the gather's flush, and then what changed is;
 * a change of the memory type alone needs more. */
static void test_gathers(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = rig_4k(rig);
	struct iomm_gather gather;
	const struct event *event;

	iomm_gather_init(&gather);
	map_ok(t, 0, 0x1000, 0x8000, RWC);
	rig_clear_events(rig);
	assert_ok(protect(t, 0x2000, 0x3000, RO | IOMM_PROT_CACHE, &gather,
			  NULL));
	assert_int_equal(rig->nr_events, 0);
	assert_int_equal(iomm_gather_pending(&gather), 0x3000);
	assert_ok(iomm_gather_flush(&gather));
	event = rig_event(rig, EV_FLUSH, 0);
	assert_int_equal(event->iova, 0x2000);
	assert_int_equal(event->last, 0x4fff);
	assert_int_equal(event->page_size, 4 * KB);
	assert_int_equal(event->flags, 0);
	rig_clear_events(rig);
	assert_ok(protect(t, 0x2000, 0x3000, RW, &gather, NULL));
	assert_true(rig_count(rig, EV_FLUSH) >= 1);
	assert_ok(iomm_gather_flush(&gather));
	iomm_pgtable_put(t);
}

/* Whatever the walker tolerates, two memory types are never both there. */
static void break_for_type(struct rig *rig, uint32_t flags)
{
	struct iomm_pgtable *t = rig_table(rig, 4 * KB, 39, flags);
	struct iomm_gather gather;

	iomm_gather_init(&gather);
	map_ok(t, 0, 0x1000, 0x1000, RW);
	rig->watch = rig_leaf(rig, t, 0);
	rig_clear_events(rig);
	assert_ok(protect(t, 0, 0x1000, RWC, &gather, NULL));
	assert_int_equal(rig_event(rig, EV_FLUSH, 0)->watched & 1, 0);
	assert_int_equal(rig_event(rig, EV_FLUSH, 0)->iova, 0);
	assert_int_equal(rig_event(rig, EV_FLUSH, 0)->last, 0xfff);
	assert_int_equal(*rig->watch & 1, 1);
	assert_ok(iomm_gather_flush(&gather));
	/* Rights alone: in place. */
	rig_clear_events(rig);
	assert_ok(protect(t, 0, 0x1000, RO | IOMM_PROT_CACHE, &gather, NULL));
	assert_int_equal(rig_count(rig, EV_FLUSH), 0);
	assert_ok(iomm_gather_flush(&gather));
	rig->watch = NULL;
	iomm_pgtable_put(t);
}

static void test_break_for_type(void **state)
{
	break_for_type(*state, 0);
	break_for_type(*state, IOMM_PGTABLE_HITLESS);
	break_for_type(*state, IOMM_PGTABLE_COHERENT | IOMM_PGTABLE_SHARED);
}

/* Rights of a run, and of a part of it, without a page that is missing. */
static void test_hitless(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t =
		rig_table(rig, 4 * KB, 39, IOMM_PGTABLE_HITLESS);
	struct watcher w;

	map_ok(t, 0, 1 * GB, 4 * MB, RWC);
	map_ok(t, 4 * MB, 3 * MB, 128 * KB, RWC);
	watcher_begin(&w, rig, t, 0, 1024 + 32);
	w.stays = true;
	protect_ok(t, 4 * MB, 64 * KB, RO | IOMM_PROT_CACHE, 64 * KB);
	protect_ok(t, 4 * MB + 96 * KB, 4 * KB, RO | IOMM_PROT_CACHE, 4 * KB);
	protect_ok(t, 1 * MB, 64 * KB, RO | IOMM_PROT_CACHE, 64 * KB);
	protect_ok(t, 0, 8 * MB, RO | IOMM_PROT_CACHE, 4 * MB + 128 * KB);
	watcher_assert_current(&w);
	watcher_end(&w);
	iomm_pgtable_put(t);
}

static int protect_range(struct iomm_pgtable *t, uint64_t iova, uint64_t bytes)
{
	struct iomm_gather gather;
	uint64_t changed = 5;
	int r;

	iomm_gather_init(&gather);
	r = protect(t, iova, bytes, RO, &gather, &changed);
	assert_int_equal(changed, 0);
	assert_int_equal(iomm_gather_pending(&gather), 0);
	return r;
}

static void refused(struct rig *rig, struct iomm_pgtable *t, uint32_t prot,
		    struct iomm_gather *gather, int code, const char *part)
{
	struct dump before;
	uint64_t changed = 8;

	dump_table(t, &before);
	assert_fails(protect(t, 0, 0x1000, prot, gather, &changed), code,
		     rig->ctx, part);
	assert_int_equal(changed, 0);
	assert_unchanged(t, &before);
}

static void test_refuses(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = rig_4k(rig), *other = rig_4k(rig);
	struct iomm_gather gather, taken;

	refuses_ranges(rig, protect_range);
	refuses_handles(rig, protect_range);
	iomm_gather_init(&gather);
	iomm_gather_init(&taken);
	map_ok(t, 0, 0, 2 * MB, RWC);
	map_ok(other, 0, 0, 0x1000, RW);
	assert_ok(iomm_pgtable_unmap(other, 0, 0x1000, &taken, NULL));
	refused(rig, t, 0, &gather, IOMM_EINVAL, "neither reading");
	refused(rig, t, IOMM_PROT_EXEC, &gather, IOMM_EINVAL, "neither");
	refused(rig, t, RW | 0x40, &gather, IOMM_EINVAL, "0x40");
	refused(rig, t, RWC | IOMM_PROT_MMIO, &gather, IOMM_EINVAL,
		"both CACHE and MMIO");
	refused(rig, t, IOMM_PROT_WRITE, &gather, IOMM_EOPNOTSUPP,
		"writing without reading");
	refused(rig, t, RO, NULL, IOMM_EINVAL, "NULL");
	refused(rig, t, RO, &taken, IOMM_EINVAL, "another page table");
	taken.size++;
	refused(rig, t, RO, &taken, IOMM_EINVAL, "iomm_gather_init");
	taken.size--;
	assert_int_equal(iomm_gather_pending(&gather), 0);
	/* Nobody has to want the number. */
	assert_ok(protect(t, 0, 0x1000, RO, &gather, NULL));
	assert_ok(iomm_gather_flush(&gather));
	assert_ok(iomm_gather_flush(&taken));
	iomm_pgtable_put(other);
	iomm_pgtable_put(t);
}

/* From the middle of a run, over a block, to the middle of another: each hook
 * fails in turn. The first part has the new protection, all behind it the old,
 * and a second call does the rest. */
#define FIRST	 (2 * MB - 96 * KB)
#define LENGTH	 (3 * MB)
#define WHERE(i) ((i) < 4 * MB ? 1 * GB + (i) : 5 * GB + (i))

static void
check_part(struct iomm_pgtable *t, uint64_t changed, uint32_t from, uint32_t to)
{
	struct iomm_translation at = { .size = sizeof(at) };
	uint64_t iova;

	for (iova = 2 * MB - 128 * KB; iova < 6 * MB; iova += 4 * KB) {
		assert_ok(iomm_pgtable_translate(t, iova, &at));
		assert_int_equal(at.paddr, WHERE(iova));
		assert_int_equal(at.prot, iova - FIRST < changed ? to : from);
	}
}

static int failing(struct rig *rig, uint64_t n, bool flush, uint32_t to)
{
	struct iomm_pgtable *t = rig_table(rig, 4 * KB, 39, 0);
	struct iomm_gather gather;
	uint64_t changed = 7;
	int r;

	map_ok(t, 2 * MB - 128 * KB, WHERE(2 * MB - 128 * KB),
	       2 * MB + 128 * KB, RWC);
	map_ok(t, 4 * MB, WHERE(4 * MB), 2 * MB, RWC);
	iomm_gather_init(&gather);
	rig->tlb_error = -IOMM_EIO;
	if (flush)
		rig->tlb_fail_in = (uint32_t)n;
	else
		rig->fail_at = rig->sites + n;
	r = protect(t, FIRST, LENGTH, to, &gather, &changed);
	rig->tlb_fail_in = 0;
	rig->fail_at = 0;
	assert_true(r ? changed < LENGTH : changed == LENGTH);
	check_part(t, changed, RWC, to);
	rig_assert_synced(rig);
	assert_ok(iomm_gather_flush(&gather));
	if (r)
		protect_ok(t, FIRST + changed, LENGTH - changed, to,
			   LENGTH - changed);
	check_part(t, LENGTH, RWC, to);
	rig_assert_balanced(rig, t);
	iomm_pgtable_put(t);
	return r;
}

static void test_fails(void **state)
{
	const uint32_t to[] = { RO | IOMM_PROT_CACHE, RW };
	uint32_t i;
	uint64_t n;
	int r;

	for (i = 0; i < 2; i++) {
		for (n = 1; (r = failing(*state, n, true, to[i])); n++)
			assert_int_equal(r, -IOMM_EIO);
		assert_true(n > 1);
		for (n = 1; (r = failing(*state, n, false, to[i])); n++)
			assert_int_equal(r, -IOMM_ENOMEM);
		assert_true(n > 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_changes),	       RIG_TEST(test_changes_hitless),
		RIG_TEST(test_changes_shared), RIG_TEST(test_whole_leaves),
		RIG_TEST(test_holes),	       RIG_TEST(test_the_same),
		RIG_TEST(test_gathers),	       RIG_TEST(test_break_for_type),
		RIG_TEST(test_hitless),	       RIG_TEST(test_refuses),
		RIG_TEST(test_fails),
	};

	return cmocka_run_group_tests_name("pgtable, protect", tests, NULL,
					   NULL);
}
