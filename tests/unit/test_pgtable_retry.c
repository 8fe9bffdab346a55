/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What a call that has to try again makes others do: nothing. A table that it
 * took, and that nobody has seen, is kept for the next try, so that two who take
 * tables at the same time do not send each other round for ever.
 */
#include <pthread.h>

#include "pgtable/pgtable.h"
#include "unit/pgtable_support.h"

#define TABLE (2 * MB)

static uint64_t their_iova;

/* Another thread takes a table that was in use. */
static void *take_one(void *data)
{
	struct iomm_pgtable *t = data;

	return iomm_pgtable_map(t, their_iova, GB, 4 * KB, RW, 0, NULL) ? data
									: NULL;
}

static uintptr_t taken; /* generations that this made */

static void meanwhile(struct rig *rig)
{
	struct iomm_pgtable *t = rig->user;
	uintptr_t before = t->generation;
	pthread_t thread;
	void *failed = t;

	rig->on_event = NULL;
	if (!pthread_create(&thread, NULL, take_one, t))
		pthread_join(thread, &failed);
	taken = failed ? 0 : t->generation - before;
}

static void on_alloc(struct rig *rig, const struct event *event)
{
	if (event->kind == EV_ALLOC)
		meanwhile(rig);
}

/* That of a new table, before it is linked. */
static void on_sync(struct rig *rig, const struct event *event)
{
	if (event->kind == EV_SYNC && event->last == 4 * KB)
		meanwhile(rig);
}

/* There is a level of tables, and below it there were some. */
static struct iomm_pgtable *used(struct rig *rig, uint32_t flags)
{
	struct iomm_pgtable *t =
		rig_table(rig, 4 * KB, 39, flags | IOMM_PGTABLE_SHARED);

	map_ok(t, 0, 2 * GB, TABLE, RW);
	map_ok(t, 4 * TABLE, GB, 4 * KB, RW);
	map_ok(t, 5 * TABLE, GB, 4 * KB, RW);
	map_ok(t, 6 * TABLE, GB, 4 * KB, RW);
	unmap_ok(t, 4 * TABLE, 3 * TABLE, 12 * KB);
	assert_int_equal(info_of(t).tables, 2);
	rig->user = t;
	their_iova = 7 * TABLE;
	taken = 0;
	return t;
}

static void test_split(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = used(rig, IOMM_PGTABLE_COHERENT);
	uintptr_t before = t->generation;

	assert_int_not_equal(iomm_pgtable_trim(t), 0);
	rig->on_event = on_alloc;
	assert_ok(iomm_pgtable_split(t, 0, TABLE, 4 * KB));
	assert_int_equal(taken, 1);
	assert_int_equal(t->generation - before, taken + 1);
	assert_maps(t, 0, 2 * GB, 4 * KB);
	iomm_pgtable_put(t);
}

/* One of many tables: those below the first are kept as well. */
static void test_split_deep(void **state)
{
	struct rig *rig = *state;
	struct iomm_pgtable *t = used(rig, IOMM_PGTABLE_COHERENT);
	uintptr_t before;
	uint64_t n;

	map_ok(t, 16 * GB, 64 * GB, GB, RW);
	for (n = 0; n < 512; n++)
		map_ok(t, 8 * GB + n * TABLE, GB, 4 * KB, RW);
	unmap_ok(t, 8 * GB, GB, 512 * 4 * KB);
	assert_int_not_equal(iomm_pgtable_trim(t), 0);
	before = t->generation;
	rig->on_event = on_alloc;
	assert_ok(iomm_pgtable_split(t, 16 * GB, GB, 4 * KB));
	assert_int_equal(taken, 1);
	assert_in_range(t->generation - before, 1, taken + 513);
	assert_maps(t, 16 * GB, 64 * GB, 4 * KB);
	iomm_pgtable_put(t);
}

static void commit(struct rig *rig, uint64_t theirs)
{
	struct iomm_pgtable *t = used(rig, 0);
	struct iomm_reservation *reservation;
	uintptr_t before;

	assert_ok(iomm_pgtable_reserve(t, 5 * TABLE, TABLE, &reservation));
	assert_int_equal(info_of(t).spare, 2);
	before = t->generation;
	rig->on_event = on_sync;
	their_iova = theirs;
	assert_ok(iomm_reservation_commit(reservation, 5 * TABLE, GB, 4 * KB,
					  RW, 0, NULL));
	assert_int_equal(taken, 1);
	assert_int_equal(t->generation - before, taken + 1);
	/* What it has not used it still holds. */
	assert_int_equal(info_of(t).spare, 1);
	iomm_reservation_put(reservation);
	iomm_pgtable_put(t);
}

static void test_commit(void **state)
{
	commit(*state, 7 * TABLE);
}

/* Theirs is in the way: that of the reservation was taken in vain. */
static void test_commit_in_vain(void **state)
{
	commit(*state, 5 * TABLE + 64 * KB);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_split),
		RIG_TEST(test_split_deep),
		RIG_TEST(test_commit),
		RIG_TEST(test_commit_in_vain),
	};

	return cmocka_run_group_tests_name("page tables, trying again", tests,
					   NULL, NULL);
}
