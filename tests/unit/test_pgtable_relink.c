/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A new table where another one was, or where another thread is about to look:
 * when a map returns, walkers find what it has mapped. A table that went for being
 * empty may still be in their caches, on the way to pages that have nothing to do
 * with the gather that it waits in. And a table that the books have may not be
 * linked for walkers yet.
 */
#define _DEFAULT_SOURCE /* usleep() */
#include <pthread.h>
#include <unistd.h>

#include "pgtable/pgtable.h"
#include "unit/watcher.h"

#define TABLE (2 * MB)

struct scene {
	struct rig *rig;
	struct iomm_pgtable *t;
	struct iomm_gather gather;
	struct watcher watcher;
};

static void make(struct scene *s, void **state, uint32_t flags)
{
	s->rig = *state;
	s->t = rig_table(s->rig, 4 * KB, 39, flags);
	iomm_gather_init(&s->gather);
}

/* Walkers come to know one page, which a gather takes away. */
static void take_page(struct scene *s)
{
	map_ok(s->t, 0, GB, 4 * KB, RW);
	watcher_begin(&s->watcher, s->rig, s->t, 0, 4);
	assert_ok(iomm_pgtable_unmap(s->t, 0, 4 * KB, &s->gather, NULL));
	rig_clear_events(s->rig);
}

/* It was all that was mapped. */
static void begin(struct scene *s, void **state, uint32_t flags)
{
	make(s, state, flags);
	take_page(s);
}

static void end(struct scene *s)
{
	assert_ok(iomm_gather_flush(&s->gather));
	watcher_assert_current(&s->watcher);
	watcher_end(&s->watcher);
	iomm_pgtable_put(s->t);
}

/* The only flush so far: of walk caches too, for the slot of the table that was
 * missing. */
static void assert_slot_flushed(const struct scene *s)
{
	const struct event *flush = rig_event(s->rig, EV_FLUSH, 0);

	assert_int_equal(rig_count(s->rig, EV_FLUSH), 1);
	assert_int_equal(rig_count(s->rig, EV_FLUSH_ALL), 0);
	assert_int_equal(flush->iova, 0);
	assert_int_equal(flush->last, TABLE - 1);
	assert_int_equal(flush->flags, IOMM_TLB_TABLES);
}

/* More than one level of tables was missing: all is flushed. */
static void assert_all_flushed(const struct scene *s)
{
	assert_int_equal(rig_count(s->rig, EV_FLUSH), 0);
	assert_int_equal(rig_count(s->rig, EV_FLUSH_ALL), 1);
}

static void assert_no_flush(const struct scene *s)
{
	assert_int_equal(rig_count(s->rig, EV_FLUSH), 0);
	assert_int_equal(rig_count(s->rig, EV_FLUSH_ALL), 0);
}

static void in_the_same_table(void **state, uint32_t flags)
{
	struct scene s;

	begin(&s, state, flags);
	map_ok(s.t, 8 * KB, 2 * GB, 4 * KB, RW);
	assert_all_flushed(&s);
	watcher_assert_good(&s.watcher);
	/* In a table that is there is nothing to wait for. */
	map_ok(s.t, 12 * KB, 2 * GB, 4 * KB, RW);
	assert_all_flushed(&s);
	end(&s);
}

static void test_same_table(void **state)
{
	in_the_same_table(state, IOMM_PGTABLE_COHERENT);
}

static void test_same_table_synced(void **state)
{
	in_the_same_table(state, 0);
}

static void test_same_table_shared(void **state)
{
	in_the_same_table(state, IOMM_PGTABLE_COHERENT | IOMM_PGTABLE_SHARED);
}

static void test_same_table_shared_synced(void **state)
{
	in_the_same_table(state, IOMM_PGTABLE_SHARED);
}

/* A block next to it is below what went, too. */
static void test_block(void **state)
{
	struct scene s;

	begin(&s, state, IOMM_PGTABLE_COHERENT);
	map_ok(s.t, TABLE, 2 * GB, TABLE, RW);
	assert_all_flushed(&s);
	end(&s);
}

/* Only the lower table goes. */
static void test_lower(void **state)
{
	struct scene s;

	make(&s, state, IOMM_PGTABLE_COHERENT);
	map_ok(s.t, TABLE, GB, TABLE, RW);
	take_page(&s);
	map_ok(s.t, 4 * KB, GB, 4 * KB, RW);
	assert_slot_flushed(&s);
	end(&s);
}

/* What waits for nothing is not flushed for: tables that are far away; those that
 * were flushed; and those that went as a whole, which stood for the gather's own
 * addresses. */
static void test_no_more_than_that(void **state)
{
	struct scene s;

	begin(&s, state, IOMM_PGTABLE_COHERENT);
	map_ok(s.t, GB, GB, 4 * KB, RW);
	assert_no_flush(&s);
	assert_ok(iomm_gather_flush(&s.gather));
	rig_clear_events(s.rig);
	map_ok(s.t, 0, GB, TABLE + 4 * KB, RW);
	assert_no_flush(&s);
	assert_ok(iomm_pgtable_unmap(s.t, 0, TABLE, &s.gather, NULL));
	map_ok(s.t, 4 * TABLE, GB, 4 * KB, RW);
	assert_no_flush(&s);
	end(&s);
}

/* Given up, it waits until all is flushed. */
static void test_abandoned(void **state)
{
	struct scene s;

	begin(&s, state, IOMM_PGTABLE_COHERENT);
	iomm_gather_abandon(&s.gather);
	map_ok(s.t, 8 * KB, 2 * GB, 4 * KB, RW);
	assert_all_flushed(&s);
	assert_ok(iomm_pgtable_flush_all(s.t));
	rig_clear_events(s.rig);
	map_ok(s.t, GB, 2 * GB, 4 * KB, RW);
	assert_no_flush(&s);
	end(&s);
}

/* Once is enough: the tables beside the first one stand for other addresses than
 * the one that went. */
static void test_once(void **state)
{
	struct scene s;
	uint64_t n;

	begin(&s, state, IOMM_PGTABLE_COHERENT);
	for (n = 1; n < 200; n++)
		map_ok(s.t, n * TABLE, GB, 4 * KB, RW);
	assert_int_equal(rig_count(s.rig, EV_FLUSH_ALL), 1);
	/* But for a few that count for the same by chance. */
	assert_in_range(rig_count(s.rig, EV_FLUSH), 0, 20);
	end(&s);
}

/* Two gathers that take turns, so that there is always one that waits: but not
 * for what the other is about. */
static void test_in_turn(void **state)
{
	struct scene s;
	struct iomm_gather other[2];
	uint64_t n;

	make(&s, state, IOMM_PGTABLE_COHERENT);
	map_ok(s.t, 0, GB, 2 * TABLE, RW);
	iomm_gather_init(&other[0]);
	iomm_gather_init(&other[1]);
	rig_clear_events(s.rig);
	for (n = 2; n < 200; n++) {
		map_ok(s.t, n * TABLE, GB, 4 * KB, RW);
		assert_ok(iomm_pgtable_unmap(s.t, n * TABLE, 4 * KB,
					     &other[n & 1], NULL));
		assert_ok(iomm_gather_flush(&other[~n & 1]));
	}
	/* One for each gather, and a few that count for the same by chance. */
	assert_in_range(rig_count(s.rig, EV_FLUSH), 197, 217);
	assert_ok(iomm_gather_flush(&other[1]));
	assert_int_equal(rig_count(s.rig, EV_FLUSH_ALL), 0);
	iomm_pgtable_put(s.t);
}

/* Nothing is linked when it is not known what walkers remember. */
static void fails(void **state, uint32_t flags)
{
	uint64_t mapped = 1;
	struct scene s;

	begin(&s, state, flags);
	s.rig->tlb_error = -IOMM_EIO;
	s.rig->tlb_fail_in = 1;
	assert_fails(iomm_pgtable_map(s.t, 8 * KB, GB, 4 * KB, RW, 0, &mapped),
		     IOMM_EIO, s.rig->ctx, "not invalidated");
	assert_int_equal(mapped, 0);
	assert_hole(s.t, 8 * KB);
	map_ok(s.t, 8 * KB, GB, 4 * KB, RW);
	end(&s);
}

static void test_fails(void **state)
{
	fails(state, IOMM_PGTABLE_COHERENT);
	fails(state, IOMM_PGTABLE_SHARED);
}

/* What came before that is mapped. */
static void test_fails_half_way(void **state)
{
	uint64_t mapped = 0;
	struct scene s;

	begin(&s, state, 0);
	map_ok(s.t, TABLE - 12 * KB, GB, 4 * KB, RW);
	map_ok(s.t, TABLE + 64 * KB, GB, 4 * KB, RW);
	assert_ok(iomm_pgtable_unmap(s.t, TABLE + 64 * KB, 4 * KB, &s.gather,
				     NULL));
	s.rig->tlb_error = -IOMM_EIO;
	s.rig->tlb_fail_in = 1;
	assert_fails(iomm_pgtable_map(s.t, TABLE - 8 * KB, GB, 16 * KB, RW, 0,
				      &mapped),
		     IOMM_EIO, s.rig->ctx, "[0x200000, 0x3fffff]");
	assert_int_equal(mapped, 8 * KB);
	rig_assert_synced(s.rig);
	end(&s);
}

/* A leaf reaches beyond the page that went: what is around that is found at once,
 * as below a link. */
static void leaf_for_table(void **state, uint32_t flags)
{
	struct scene s;

	make(&s, state, flags);
	map_ok(s.t, TABLE, GB, TABLE, RW);
	take_page(&s);
	map_ok(s.t, 0, 2 * GB, TABLE, RW);
	assert_slot_flushed(&s);
	end(&s);
}

static void test_leaf_for_table(void **state)
{
	leaf_for_table(state, IOMM_PGTABLE_COHERENT);
	leaf_for_table(state, 0);
	leaf_for_table(state, IOMM_PGTABLE_COHERENT | IOMM_PGTABLE_SHARED);
	leaf_for_table(state, IOMM_PGTABLE_SHARED);
}

/* The same where the short way for blocks would do it. */
static void test_leaf_for_table_short(void **state)
{
	struct scene s;

	begin(&s, state, IOMM_PGTABLE_COHERENT);
	map_ok(s.t, 2 * TABLE, GB, TABLE, RW);
	rig_clear_events(s.rig);
	map_ok(s.t, 3 * TABLE, GB, TABLE, RW);
	assert_no_flush(&s);
	map_ok(s.t, 0, 2 * GB, TABLE, RW);
	assert_slot_flushed(&s);
	end(&s);
}

/* And where two levels of tables were. */
static void test_leaf_for_tables(void **state)
{
	struct scene s;

	begin(&s, state, IOMM_PGTABLE_COHERENT);
	map_ok(s.t, 0, 2 * GB, GB, RW);
	assert_all_flushed(&s);
	end(&s);
}

/* Those before it are mapped when it is not known what walkers remember. */
static void test_leaf_fails(void **state)
{
	uint64_t mapped = 0;
	struct scene s;

	make(&s, state, IOMM_PGTABLE_COHERENT);
	map_ok(s.t, 4 * TABLE, GB, TABLE, RW);
	map_ok(s.t, 2 * TABLE, GB, 4 * KB, RW);
	assert_ok(iomm_pgtable_unmap(s.t, 2 * TABLE, 4 * KB, &s.gather, NULL));
	watcher_begin(&s.watcher, s.rig, s.t, 0, 4);
	s.rig->tlb_error = -IOMM_EIO;
	s.rig->tlb_fail_in = 1;
	assert_fails(iomm_pgtable_map(s.t, TABLE, GB, 3 * TABLE, RW, 0,
				      &mapped),
		     IOMM_EIO, s.rig->ctx, "[0x400000, 0x5fffff]");
	assert_int_equal(mapped, TABLE);
	assert_maps(s.t, TABLE, GB, TABLE);
	assert_hole(s.t, 2 * TABLE);
	assert_hole(s.t, 3 * TABLE);
	map_ok(s.t, 2 * TABLE, 2 * GB, TABLE, RW);
	end(&s);
}

/* Another thread maps next to a page whose table is just being linked. */
struct beside {
	struct rig *rig;
	struct iomm_pgtable *t;
	pthread_t thread;
	_Atomic bool begun, done;
	bool early;
	bool found; /* by the walkers, when it came back */
};

static bool walkers_find(struct beside *b, uint64_t iova)
{
	struct iomm_pgtable_info info = info_of(b->t);
	struct iomm_raw_walker walker = { .fetch = rig_fetch, .data = b->rig };
	struct iomm_raw_result result;

	memcpy(walker.regs, info.regs, sizeof(walker.regs));
	return !iomm_raw_walk(b->t->format, &walker, iova, &result) &&
	       !result.fault;
}

static void *beside_main(void *data)
{
	struct beside *b = data;

	b->found = !iomm_pgtable_map(b->t, 4 * KB, GB, 4 * KB, RW, 0, NULL) &&
		   walkers_find(b, 4 * KB);
	b->done = true;
	return NULL;
}

/* At the sync of the link the books have the table. */
static void on_link(struct rig *rig, const struct event *event)
{
	struct beside *b = rig->user;
	uint32_t n;

	if (b->begun || event->kind != EV_SYNC || event->last != 8)
		return;
	b->begun = !pthread_create(&b->thread, NULL, beside_main, b);
	/* Long enough for it to be done, if it did not wait for us. */
	for (n = 0; n < 100 && !b->done; n++)
		usleep(1000);
	b->early = b->done;
}

static void test_linked_for_all(void **state)
{
	struct rig *rig = *state;
	struct beside b = { .rig = rig };

	b.t = rig_table(rig, 4 * KB, 39, IOMM_PGTABLE_SHARED);
	rig->user = &b;
	rig->on_event = on_link;
	map_ok(b.t, 0, GB, 4 * KB, RW);
	assert_true(b.begun);
	assert_int_equal(pthread_join(b.thread, NULL), 0);
	assert_false(b.early);
	assert_true(b.found);
	rig->on_event = NULL;
	assert_true(walkers_find(&b, 0));
	iomm_pgtable_put(b.t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_same_table),
		RIG_TEST(test_same_table_synced),
		RIG_TEST(test_same_table_shared),
		RIG_TEST(test_same_table_shared_synced),
		RIG_TEST(test_block),
		RIG_TEST(test_lower),
		RIG_TEST(test_no_more_than_that),
		RIG_TEST(test_abandoned),
		RIG_TEST(test_once),
		RIG_TEST(test_in_turn),
		RIG_TEST(test_fails),
		RIG_TEST(test_fails_half_way),
		RIG_TEST(test_leaf_for_table),
		RIG_TEST(test_leaf_for_table_short),
		RIG_TEST(test_leaf_for_tables),
		RIG_TEST(test_leaf_fails),
		RIG_TEST(test_linked_for_all),
	};

	return cmocka_run_group_tests_name("new tables in the place of others",
					   tests, NULL, NULL);
}
