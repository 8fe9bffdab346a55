/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The order in which a walker gets to see things, when it does not snoop: each
 * written range is synced once, batched by table, and before anything depends
 * on it; what is broken is flushed before it is made anew; nothing is given
 * back before its flush. The watcher looks on at each hook.
 */
#include "unit/watcher.h"

static struct iomm_pgtable *table(struct rig *rig, uint32_t flags)
{
	return rig_table(rig, 4 * KB, 39, flags);
}

/* The n-th sync is of `bytes` at `offset` of a table. */
static void
assert_sync(struct rig *rig, uint32_t n, uint64_t offset, uint64_t bytes)
{
	const struct event *event = rig_event(rig, EV_SYNC, n);

	assert_int_equal((event->iova - TABLES_PA) % TABLE_SLOT, offset);
	assert_int_equal(event->last, bytes);
}

static void assert_syncs(struct rig *rig, uint32_t count)
{
	assert_int_equal(rig_count(rig, EV_SYNC), count);
	rig_assert_synced(rig);
}

/* One sync for what one call writes in one table. */
static void test_batches(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = table(rig, 0);
	struct iomm_gather gather;

	iomm_gather_init(&gather);
	/* Two tables as a whole, then the link. */
	map_ok(t, 0, 4 * KB, 800 * KB, RW);
	assert_syncs(rig, 3);
	assert_sync(rig, 0, 0, 4096);
	assert_sync(rig, 1, 0, 4096);
	assert_sync(rig, 2, 0, 8);
	/* Runs and pages between them. */
	rig_clear_events(rig);
	map_ok(t, 800 * KB, 800 * KB, 400 * KB, RW);
	assert_syncs(rig, 1);
	assert_sync(rig, 0, 1600, 800);
	/* Over the border: a part of this one, a new one, its link. */
	rig_clear_events(rig);
	map_ok(t, 2 * MB - 8 * KB, 0x1000, 16 * KB, RW);
	assert_syncs(rig, 3);
	/* Another protection for all; and gone. */
	rig_clear_events(rig);
	assert_ok(iomm_pgtable_protect(t, 0, 400 * KB, RO, &gather, NULL));
	assert_syncs(rig, 1);
	assert_sync(rig, 0, 0, 800);
	assert_ok(iomm_gather_flush(&gather));
	rig_clear_events(rig);
	assert_ok(iomm_pgtable_unmap(t, 0, 400 * KB, &gather, NULL));
	assert_syncs(rig, 1);
	assert_sync(rig, 0, 0, 800);
	assert_ok(iomm_gather_flush(&gather));
	iomm_pgtable_put(t);
}

static void test_batches_at_cursor(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = table(rig, 0);
	struct iomm_cursor cursor;
	struct iomm_gather gather;

	iomm_gather_init(&gather);
	assert_ok(iomm_cursor_init(&cursor, t));
	assert_ok(iomm_cursor_map(&cursor, 0, 0, 4096, RW, 0, NULL));
	assert_syncs(rig, 3);
	rig_clear_events(rig);
	assert_ok(iomm_cursor_map(&cursor, 4096, 0, 8192, RW, 0, NULL));
	assert_syncs(rig, 1);
	assert_sync(rig, 0, 8, 16);
	rig_clear_events(rig);
	assert_ok(iomm_cursor_unmap(&cursor, 8192, 4096, &gather, NULL));
	assert_syncs(rig, 1);
	assert_sync(rig, 0, 16, 8);
	iomm_cursor_fini(&cursor);
	assert_ok(iomm_gather_flush(&gather));
	iomm_pgtable_put(t);
}

/* Of a list too, and of a page all over. */
static void test_batches_lists(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = table(rig, 0);
	struct iomm_segment list[100];
	uint32_t i;

	for (i = 0; i < 100; i++)
		list[i] = (struct iomm_segment){ i * 0x3000, 0x1000 };
	assert_ok(iomm_pgtable_map_segments(t, 0, list, 100, sizeof(list[0]),
					    RW, 0, NULL));
	/* The table is linked with the first piece in it; the others follow
	 * together. */
	assert_syncs(rig, 4);
	rig_clear_events(rig);
	assert_ok(iomm_pgtable_map_segments(t, 400 * KB, list, 100,
					    sizeof(list[0]), RW, 0, NULL));
	assert_syncs(rig, 1);
	assert_sync(rig, 0, 800, 800);
	rig_clear_events(rig);
	assert_ok(iomm_pgtable_map(t, 800 * KB, 0x5000, 400 * KB, RW,
				   IOMM_MAP_REPEAT, NULL));
	assert_syncs(rig, 1);
	assert_sync(rig, 0, 1600, 800);
	iomm_pgtable_put(t);
}

/* What writes nothing syncs nothing, what fails syncs what it did. */
static void test_no_more(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = table(rig, 0);
	struct iomm_reservation *r = NULL;
	struct iomm_gather gather;
	struct iomm_extent e[4];
	uint32_t count = 4;

	iomm_gather_init(&gather);
	map_ok(t, 8 * 4096, 0, 4096, RW);
	rig_clear_events(rig);
	assert_ok(iomm_pgtable_extents(t, 0, 1 * GB, e, sizeof(e[0]), &count));
	assert_ok(iomm_pgtable_unmap(t, 16 * 4096, 1 * GB, &gather, NULL));
	assert_ok(iomm_pgtable_split(t, 0, 1 * GB, 4 * KB));
	assert_ok(iomm_pgtable_merge(t, 0, 1 * GB, &gather));
	assert_int_equal(iomm_pgtable_map(t, 8 * 4096, 0, 4096, RW, 0, NULL),
			 -IOMM_EEXIST);
	assert_int_equal(rig->nr_events, 0);
	assert_ok(iomm_pgtable_reserve(t, 0, 4096, &r));
	assert_int_equal(rig_count(rig, EV_FLUSH), 0);
	iomm_reservation_put(r);
	rig_clear_events(rig);
	assert_int_equal(iomm_pgtable_map(t, 0, 0, 16 * 4096, RW, 0, NULL),
			 -IOMM_EEXIST);
	assert_syncs(rig, 1);
	assert_sync(rig, 0, 0, 64);
	iomm_pgtable_put(t);
}

/* A commit: the tables of a reservation are shown when they are whole. */
static void test_commit(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = table(rig, 0);
	struct iomm_reservation *r = NULL;
	struct watcher w;

	assert_ok(iomm_pgtable_reserve(t, 0, 4 * MB, &r));
	watcher_begin(&w, rig, t, 0, 1024);
	rig_clear_events(rig);
	assert_ok(iomm_reservation_commit(r, 0x3000, 0, 4 * MB - 0x3000, RW, 0,
					  NULL));
	/* Three tables, the link: the two of the last level, the one above
	 * them, and the first. */
	assert_syncs(rig, 4);
	assert_sync(rig, 3, 0, 8);
	watcher_assert_current(&w);
	watcher_end(&w);
	iomm_reservation_put(r);
	iomm_pgtable_put(t);
}

/* Break, sync, flush, make, sync: of a block, in the table at root + 8. */
static void broken_then_made(struct rig *rig, uint32_t flags)
{
	struct iomm_pgtable *t = rig_table(rig, 4 * KB, 30, flags);
	uint64_t pa = info_of(t).root_pa + 8;
	const struct event *e = rig->events;

	map_ok(t, 2 * MB, 0, 2 * MB, RW);
	rig->watch = rig_desc(rig, pa);
	rig_clear_events(rig);
	assert_ok(iomm_pgtable_split(t, 2 * MB, 4 * KB, 64 * KB));
	assert_int_equal(rig->nr_events, 5);
	assert_int_equal(e[0].kind, EV_ALLOC);
	assert_int_equal(e[1].kind, EV_SYNC); /* the table, whole */
	assert_int_equal(e[1].iova, e[0].iova);
	assert_int_equal(e[1].last, 4096);
	assert_int_equal(e[1].watched & 3, 1);
	assert_int_equal(e[2].kind, EV_SYNC); /* the break */
	assert_int_equal(e[2].iova, pa);
	assert_int_equal(e[2].last, 8);
	assert_int_equal(e[2].watched & 1, 0);
	assert_int_equal(e[3].kind, EV_FLUSH);
	assert_int_equal(e[3].iova, 2 * MB);
	assert_int_equal(e[3].last, 4 * MB - 1);
	assert_int_equal(e[3].page_size, 2 * MB);
	assert_int_equal(e[3].watched & 1, 0);
	assert_int_equal(e[4].kind, EV_SYNC); /* the link */
	assert_int_equal(e[4].iova, pa);
	assert_int_equal(e[4].last, 8);
	assert_int_equal(e[4].watched, e[0].iova | 3);
	rig->watch = NULL;
	iomm_pgtable_put(t);
}

static void test_broken_then_made(void **state)
{
	broken_then_made(*state, 0);
	broken_then_made(*state, IOMM_PGTABLE_SHARED);
}

/* With a walker that tolerates it: the table, then the link. */
static void test_hitless(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t =
		rig_table(rig, 4 * KB, 30, IOMM_PGTABLE_HITLESS);
	uint64_t pa = info_of(t).root_pa + 8;
	const struct event *e = rig->events;

	map_ok(t, 2 * MB, 0, 2 * MB, RW);
	rig_clear_events(rig);
	assert_ok(iomm_pgtable_split(t, 2 * MB, 4 * KB, 64 * KB));
	assert_true(rig->nr_events >= 3);
	assert_int_equal(e[0].kind, EV_ALLOC);
	assert_int_equal(e[1].kind, EV_SYNC);
	assert_int_equal(e[1].last, 4096);
	assert_int_equal(e[2].kind, EV_SYNC);
	assert_int_equal(e[2].iova, pa);
	assert_int_equal(*rig_desc(rig, pa), e[0].iova | 3);
	iomm_pgtable_put(t);
}

/* Everything that changes something, under the watcher's eyes: four blocks,
 * and what becomes of them. */
struct play {
	struct iomm_pgtable *t;
	struct iomm_gather gather;
	uint64_t random;
};

static uint64_t draw(struct play *p, uint64_t n)
{
	p->random = p->random * UINT64_C(6364136223846793005) + 1442695041;
	return (p->random >> 33) % n;
}

static void change(struct play *p, uint64_t iova, uint64_t bytes)
{
	static const uint32_t prots[] = { RO, RWC | IOMM_PROT_EXEC, RWC };
	struct iomm_pgtable *t = p->t;
	int r = 0;

	switch (draw(p, 8)) {
	case 0:
	case 1:
	case 2:
		/* What was unmapped there must be invalidated first. */
		assert_ok(iomm_gather_flush(&p->gather));
		r = iomm_pgtable_map(t, iova, 1 * GB + iova, bytes, RWC, 0,
				     NULL);
		break;
	case 3:
	case 4:
		r = iomm_pgtable_unmap(t, iova, bytes, &p->gather, NULL);
		break;
	case 5:
		r = iomm_pgtable_protect(t, iova, bytes, prots[draw(p, 3)],
					 &p->gather, NULL);
		break;
	case 6:
		r = iomm_pgtable_split(t, iova, bytes,
				       draw(p, 2) ? 4 * KB : 64 * KB);
		break;
	default:
		r = iomm_pgtable_merge(t, iova, bytes, &p->gather);
	}
	assert_true(!r || r == -IOMM_EEXIST);
}

static void step(struct play *p, struct watcher *w)
{
	uint64_t iova = draw(p, 1024) * 4 * KB;
	uint64_t bytes = (1 + draw(p, draw(p, 2) ? 16 : 512)) * 4 * KB;

	if (draw(p, 3) == 0) {
		iova &= ~(2 * MB - 1);
		bytes = 2 * MB;
	}
	change(p, iova, bytes);
	if (draw(p, 2))
		assert_ok(iomm_gather_flush(&p->gather));
	if (!p->gather.pgtable)
		watcher_assert_current(w);
	if (draw(p, 16) == 0)
		(void)iomm_pgtable_trim(p->t);
}

static void exercise(struct rig *rig, uint32_t flags)
{
	struct play p = { .t = table(rig, flags), .random = 1 };
	struct watcher w;
	uint64_t n, left;

	iomm_gather_init(&p.gather);
	watcher_begin(&w, rig, p.t, 0, 1536);
	for (n = 0; n < 300; n++) {
		step(&p, &w);
		if (!(flags & IOMM_PGTABLE_COHERENT))
			rig_assert_synced(rig);
	}
	assert_ok(iomm_gather_flush(&p.gather));
	watcher_assert_current(&w);
	left = mapped_bytes(p.t);
	assert_int_not_equal(left, 0);
	unmap_ok(p.t, 0, 512 * GB, left);
	watcher_assert_current(&w);
	(void)iomm_pgtable_trim(p.t);
	assert_int_equal(rig->tables, 1);
	watcher_end(&w);
	iomm_pgtable_put(p.t);
}

static void test_exercise(void **state)
{
	exercise(*state, 0);
}

static void test_exercise_coherent(void **state)
{
	exercise(*state, IOMM_PGTABLE_COHERENT);
}

static void test_exercise_hitless(void **state)
{
	exercise(*state, IOMM_PGTABLE_HITLESS);
}

static void test_exercise_shared(void **state)
{
	exercise(*state, IOMM_PGTABLE_SHARED);
}

/* What stays mapped has no invalid moment, when the walker tolerates that. */
static void test_no_invalid_moment(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = table(rig, IOMM_PGTABLE_HITLESS);
	struct iomm_gather gather;
	struct watcher w;
	uint64_t at;

	iomm_gather_init(&gather);
	map_ok(t, 0, 1 * GB, 4 * MB, RWC);
	/* The even pages are unmapped one by one; the watcher looks at the
	 * rest of the second block, and must always find it. */
	watcher_begin(&w, rig, t, 2 * MB + 64 * KB, 512 - 16);
	w.stays = true;
	for (at = 2 * MB; at < 2 * MB + 64 * KB; at += 8 * KB)
		assert_ok(iomm_pgtable_unmap(t, at, 4 * KB, &gather, NULL));
	assert_ok(iomm_pgtable_split(t, 2 * MB, 2 * MB, 4 * KB));
	assert_ok(iomm_pgtable_merge(t, 2 * MB, 2 * MB, &gather));
	assert_ok(iomm_gather_flush(&gather));
	watcher_assert_current(&w);
	watcher_end(&w);
	iomm_pgtable_put(t);
}

/* The last put: invalidated first, then given back. */
static void test_put(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = table(rig, 0);
	uint32_t i;

	map_ok(t, 0, 4096, 8 * MB, RW);
	unmap_ok(t, 2 * MB, 2 * MB, 2 * MB);
	rig_clear_events(rig);
	iomm_pgtable_put(t);
	assert_int_equal(rig->events[0].kind, EV_FLUSH_ALL);
	assert_int_equal(rig->nr_events, 1 + 6);
	for (i = 1; i < rig->nr_events; i++)
		assert_int_equal(rig->events[i].kind, EV_FREE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_batches),
		RIG_TEST(test_batches_at_cursor),
		RIG_TEST(test_batches_lists),
		RIG_TEST(test_no_more),
		RIG_TEST(test_commit),
		RIG_TEST(test_broken_then_made),
		RIG_TEST(test_hitless),
		RIG_TEST(test_exercise),
		RIG_TEST(test_exercise_coherent),
		RIG_TEST(test_exercise_hitless),
		RIG_TEST(test_exercise_shared),
		RIG_TEST(test_no_invalid_moment),
		RIG_TEST(test_put),
	};

	return cmocka_run_group_tests_name("pgtable, order", tests, NULL, NULL);
}
