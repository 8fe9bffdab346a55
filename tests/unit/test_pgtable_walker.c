/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the walkers know while tables come and go: which links they may have
 * cached when something else takes their place (DDI 0487, D8.17), what a
 * contiguous run says when threads share it (D8.7), and whose memory the sync
 * hook is shown.
 */
#include <pthread.h>

#include "unit/pgtable_support.h"

#define TABLE UINT64_C(3)
#define PAGE  UINT64_C(0x0060000000000f47) /* RWC, level 3 */
#define BLOCK UINT64_C(0x0060000000000f45)

static struct iomm_pgtable *
adopt(struct rig *rig, uint64_t root, uint32_t ias, uint32_t flags)
{
	struct iomm_pgtable_config config = {
		.size = sizeof(config),
		.flags = IOMM_PGTABLE_ADOPT | IOMM_PGTABLE_COHERENT | flags,
		.ias = ias,
		.memory = rig->memory,
		.root_pa = root,
	};
	struct iomm_pgtable *t = NULL;

	assert_ok(rig_create(rig, &config, &t));
	rig_clear_events(rig);
	return t;
}

/* Was the link at `iova` invalidated? A walker need find but one address of what
 * it spans: but that is one of those that a driver names, who goes from page to
 * page. */
static bool link_flushed(const struct rig *rig, uint64_t iova, uint64_t span)
{
	uint32_t i;

	for (i = 0; i < rig->nr_events; i++) {
		const struct event *e = &rig->events[i];

		if (e->kind == EV_FLUSH_ALL)
			return true;
		if (e->kind == EV_FLUSH && (e->flags & IOMM_TLB_TABLES) &&
		    e->iova < iova + span && e->last >= iova &&
		    (e->page_size <= span || !(iova & (e->page_size - 1))))
			return true;
	}
	return false;
}

/* A table with two pages, and one with none beside it. */
static struct iomm_pgtable *with_empty(struct rig *rig, uint32_t flags)
{
	uint64_t root = rig_plant(rig, 4 * KB), level2 = rig_plant(rig, 4 * KB);
	uint64_t full = rig_plant(rig, 4 * KB), empty = rig_plant(rig, 4 * KB);

	rig_desc(rig, root)[0] = level2 | TABLE;
	rig_desc(rig, level2)[0] = full | TABLE;
	rig_desc(rig, level2)[1] = empty | TABLE;
	rig_desc(rig, full)[5] = PAGE | 0x123000;
	rig_desc(rig, full)[500] = PAGE | 0x124000;
	return adopt(rig, root, 39, flags);
}

/* Whoever takes a table out sees to it that its link is invalidated, though
 * nothing of his was mapped there. Or he leaves it. */
static void assert_left_or_flushed(struct rig *rig, struct iomm_pgtable *t)
{
	uint64_t table = rig_desc(rig, info_of(t).root_pa)[0] & ~TABLE;

	if ((rig_desc(rig, table)[1] & ~TABLE) != table + 2 * TABLE_SLOT)
		assert_true(link_flushed(rig, 2 * MB, 2 * MB));
}

static void taken_out(struct rig *rig, uint32_t flags)
{
	struct iomm_pgtable *t = with_empty(rig, flags);
	struct iomm_gather gather;
	uint64_t unmapped;

	iomm_gather_init(&gather);
	assert_ok(iomm_pgtable_unmap(t, 500 * 4 * KB, 64 * KB, &gather,
				     &unmapped));
	assert_int_equal(unmapped, 4 * KB);
	assert_ok(iomm_gather_flush(&gather));
	/* In time for this. */
	map_ok(t, 3 * MB, 0x5000, 4 * KB, RWC);
	assert_left_or_flushed(rig, t);
	iomm_pgtable_put(t);
}

static void test_taken_out(void **state)
{
	taken_out(*state, 0);
}

static void test_taken_out_shared(void **state)
{
	taken_out(*state, IOMM_PGTABLE_SHARED);
}

/* Where more than one table went, the links of all of them are forgotten before
 * others take their place: a walker that is told an address forgets what leads
 * to that one. */
static void test_links_below(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = rig_4k(rig);
	struct iomm_gather gather;
	uint64_t n, iova = 5 * 2 * MB;

	iomm_gather_init(&gather);
	map_ok(t, iova, 0x5000, 4 * KB, RWC);
	assert_ok(iomm_pgtable_unmap(t, iova, 4 * KB, &gather, &n));
	assert_int_equal(info_of(t).tables, 1);
	/* Another page below the same link of level 2. */
	map_ok(t, iova + 64 * KB, 0x6000, 4 * KB, RWC);
	assert_true(link_flushed(rig, iova, 2 * MB));
	assert_ok(iomm_gather_flush(&gather));
	iomm_pgtable_put(t);
}

/* A leaf takes the place of a link as another link does. */
static void test_leaf_for_link(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = with_empty(rig, 0);
	struct iomm_gather gather;
	uint64_t unmapped;

	iomm_gather_init(&gather);
	assert_ok(iomm_pgtable_unmap(t, 500 * 4 * KB, 64 * KB, &gather,
				     &unmapped));
	map_ok(t, 2 * MB, 64 * MB, 2 * MB, RWC);
	assert_left_or_flushed(rig, t);
	assert_ok(iomm_gather_flush(&gather));
	iomm_pgtable_put(t);
}

/* Of a tree that goes as a whole, links are invalidated at any level, though no
 * leaf below them says how small the steps must be. */
static void test_step(void **state)
{
	struct rig *rig = *state;
	uint64_t root = rig_plant(rig, 4 * KB), level1 = rig_plant(rig, 4 * KB);
	uint64_t level2 = rig_plant(rig, 4 * KB);
	uint64_t level3 = rig_plant(rig, 4 * KB);
	struct iomm_pgtable *t;

	rig_desc(rig, root)[0] = level1 | TABLE;
	rig_desc(rig, level1)[0] = level2 | TABLE;
	rig_desc(rig, level1)[1] = BLOCK | 1 * GB;
	rig_desc(rig, level2)[7] = level3 | TABLE;
	t = adopt(rig, root, 48, 0);
	unmap_ok(t, 0, 512 * GB, 1 * GB);
	assert_int_equal(info_of(t).tables, 1);
	assert_true(link_flushed(rig, 7 * 2 * MB, 2 * MB));
	iomm_pgtable_put(t);
}

/* A foreign table that goes with all below it may still be walked by others: it
 * links nothing that is given back. */
static void test_foreign_goes(void **state)
{
	struct rig *rig = *state;
	uint64_t root = rig_plant(rig, 4 * KB), level2 = rig_plant(rig, 4 * KB);
	struct iomm_pgtable *t;

	rig_desc(rig, root)[0] = level2 | TABLE;
	rig_desc(rig, level2)[2] = BLOCK | 16 * MB;
	t = adopt(rig, root, 39, 0);
	map_ok(t, 6 * MB, 0, 4 * KB, RWC);
	assert_int_equal(rig_desc(rig, level2)[3] & 3, TABLE);
	unmap_ok(t, 0, 1 * GB, 2 * MB + 4 * KB);
	assert_int_not_equal(iomm_pgtable_trim(t), 0);
	assert_int_equal(rig->tables, 0);
	assert_int_equal(rig_desc(rig, level2)[3] & 1, 0);
	iomm_pgtable_put(t);
}

/* While one thread is on its way to what it has found, another makes a run of
 * it. */
#define RUN (64 * KB)

static void *make_run(void *data)
{
	struct iomm_pgtable *t = data;
	struct iomm_gather gather;
	uint64_t n;
	int r;

	iomm_gather_init(&gather);
	r = iomm_pgtable_unmap(t, 4 * 4 * KB, 4 * KB, &gather, &n);
	if (!r)
		r = iomm_gather_flush(&gather);
	if (!r)
		r = iomm_pgtable_map(t, 0, 16 * MB, RUN, RWC, 0, &n);
	return r ? data : NULL;
}

/* The gather is flushed to make room, with no lock held. */
static void meanwhile(struct rig *rig, uint64_t iova, uint64_t last)
{
	pthread_t thread;
	void *failed;

	(void)iova;
	(void)last;
	rig->on_flush = NULL;
	if (!pthread_create(&thread, NULL, make_run, rig->user))
		pthread_join(thread, &failed);
}

static struct iomm_pgtable *about_to(struct rig *rig, struct iomm_gather *full)
{
	struct iomm_pgtable *t =
		rig_table(rig, 4 * KB, 39,
			  IOMM_PGTABLE_COHERENT | IOMM_PGTABLE_SHARED);
	uint64_t n;

	map_ok(t, 4 * 4 * KB, 0x9000, 4 * KB, RWC);
	map_ok(t, 1 * MB, 0xa000, 4 * KB, RWC);
	map_ok(t, 1 * GB, 0xb000, 8 * KB, RWC);
	iomm_gather_init(full);
	assert_ok(iomm_pgtable_unmap(t, 1 * GB, 4 * KB, full, &n));
	rig->user = t;
	rig->on_flush = meanwhile;
	return t;
}

/* Each leaf that has the hint is one of 16 that go on from one another, and say
 * the same. */
static void assert_sound(struct iomm_pgtable *t)
{
	struct iomm_translation first = { .size = sizeof(first) },
				other = first;
	uint64_t at;

	if (iomm_pgtable_translate(t, 0, &first) || first.page_size != RUN)
		return;
	for (at = 0; at < RUN; at += 4 * KB) {
		/* Else the walkers may use the first one for it for ever. */
		assert_ok(iomm_pgtable_translate(t, at, &other));
		assert_int_equal(other.paddr, first.paddr + at);
		assert_int_equal(other.prot, first.prot);
	}
}

static void test_run_unmapped(void **state)
{
	struct rig *rig = *state;
	struct iomm_gather gather;
	struct iomm_pgtable *t = about_to(rig, &gather);
	uint64_t n;

	assert_ok(iomm_pgtable_unmap(t, 0, RUN, &gather, &n));
	assert_null(rig->on_flush);
	assert_ok(iomm_gather_flush(&gather));
	assert_sound(t);
	iomm_pgtable_put(t);
}

static void test_run_protected(void **state)
{
	struct rig *rig = *state;
	struct iomm_gather gather;
	struct iomm_pgtable *t = about_to(rig, &gather);
	uint64_t n;

	assert_ok(iomm_pgtable_protect(t, 0, RUN, RO | IOMM_PROT_CACHE, &gather,
				       &n));
	assert_null(rig->on_flush);
	assert_ok(iomm_gather_flush(&gather));
	assert_sound(t);
	iomm_pgtable_put(t);
}

/* What is restored while it goes: the hook gets no memory that was given back.
 * The rig fails when it does. */
static void *take_all(void *data)
{
	struct iomm_pgtable *t = data;
	struct iomm_gather gather;
	uint64_t n;
	int r;

	iomm_gather_init(&gather);
	r = iomm_pgtable_unmap(t, 0, 1 * GB, &gather, &n);
	if (!r)
		r = iomm_gather_flush(&gather);
	(void)iomm_pgtable_trim(t);
	return r ? data : NULL;
}

static void on_sync(struct rig *rig, const struct event *event)
{
	pthread_t thread;

	if (event->kind != EV_SYNC)
		return;
	rig->on_event = NULL;
	if (!pthread_create(&thread, NULL, take_all, rig->user))
		pthread_join(thread, NULL);
}

static void test_restore(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t =
		rig_table(rig, 4 * KB, 39, IOMM_PGTABLE_SHARED);
	struct iomm_pgtable_info info = { .size = sizeof(info) };

	map_ok(t, 0, 4 * KB, 4 * KB, RWC);
	map_ok(t, 2 * MB, 4 * KB, 4 * KB, RWC);
	map_ok(t, 1 * GB, 4 * KB, 4 * KB, RWC);
	rig->user = t;
	rig->unordered = true;
	rig->on_event = on_sync;
	assert_ok(iomm_pgtable_restore(t, &info));
	iomm_pgtable_put(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_taken_out),    RIG_TEST(test_taken_out_shared),
		RIG_TEST(test_links_below),  RIG_TEST(test_leaf_for_link),
		RIG_TEST(test_step),	     RIG_TEST(test_foreign_goes),
		RIG_TEST(test_run_unmapped), RIG_TEST(test_run_protected),
		RIG_TEST(test_restore),
	};

	return cmocka_run_group_tests_name("pgtable, walkers", tests, NULL,
					   NULL);
}
