/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Readers: who is inside, for how long, and who waits for whom; with a barrier
 * of the platform's and without. */
#define _GNU_SOURCE /* pthread_barrier_t */
#include "unit/ioasid_support.h"

#include "base/readers.h"

#define MANY 300u

static void visit_and_leave(struct world *w)
{
	struct iomm_reader_visit visit;

	iomm_reader_visit(w->ctx, &visit);
	assert_false(iomm_reader_leave(w->ctx, &visit));
}

static void test_tickets(void **state)
{
	struct world *w = *state;
	struct iomm_reader_visit outer, inner;
	uintptr_t before, during, after;

	before = iomm_readers_ticket(w->ctx);
	assert_true(iomm_readers_gone(w->ctx, before));
	iomm_reader_visit(w->ctx, &outer);
	assert_true(iomm_readers_gone(w->ctx, before));
	during = iomm_readers_ticket(w->ctx);
	assert_false(iomm_readers_gone(w->ctx, during));
	/* A visit inside another changes nothing. */
	iomm_reader_visit(w->ctx, &inner);
	assert_false(iomm_reader_leave(w->ctx, &inner));
	assert_false(iomm_readers_gone(w->ctx, during));
	iomm_readers_wait(w->ctx);
	assert_true(iomm_reader_leave(w->ctx, &outer));
	assert_true(iomm_readers_gone(w->ctx, during));
	iomm_readers_done(w->ctx);
	/* Who comes later is not waited for. */
	after = iomm_readers_ticket(w->ctx);
	iomm_reader_visit(w->ctx, &outer);
	assert_true(iomm_readers_gone(w->ctx, after));
	assert_false(iomm_reader_leave(w->ctx, &outer));
}

/* More threads than the first table has room for, all inside at once. */
struct crowd {
	struct world *w;
	pthread_barrier_t in, out;
};

static void *stay(void *arg)
{
	struct crowd *crowd = arg;
	struct iomm_reader_visit visit;

	iomm_reader_visit(crowd->w->ctx, &visit);
	(void)pthread_barrier_wait(&crowd->in);
	(void)pthread_barrier_wait(&crowd->out);
	(void)iomm_reader_leave(crowd->w->ctx, &visit);
	return NULL;
}

static void gather_crowd(struct world *w, bool refuse)
{
	static pthread_t thread[MANY];
	struct crowd crowd = { .w = w };
	uintptr_t ticket;
	uint32_t n;

	assert_int_equal(pthread_barrier_init(&crowd.in, NULL, MANY + 1), 0);
	assert_int_equal(pthread_barrier_init(&crowd.out, NULL, MANY + 1), 0);
	if (refuse)
		world_fail_at(w, 1);
	for (n = 0; n < MANY; n++)
		assert_int_equal(pthread_create(&thread[n], NULL, stay, &crowd),
				 0);
	(void)pthread_barrier_wait(&crowd.in);
	world_fail_at(w, 0);
	assert_int_equal(w->ctx->readers->crowd != 0, refuse);
	ticket = iomm_readers_ticket(w->ctx);
	assert_false(iomm_readers_gone(w->ctx, ticket));
	(void)pthread_barrier_wait(&crowd.out);
	for (n = 0; n < MANY; n++)
		assert_int_equal(pthread_join(thread[n], NULL), 0);
	assert_true(iomm_readers_gone(w->ctx, ticket));
	visit_and_leave(w);
	(void)pthread_barrier_destroy(&crowd.in);
	(void)pthread_barrier_destroy(&crowd.out);
}

static void test_crowd(void **state)
{
	gather_crowd(*state, false);
}

/* One of them gets no slot, for want of memory, and is counted instead. */
static void test_crowd_refused(void **state)
{
	gather_crowd(*state, true);
}

/* Threads that come and go leave their slots to each other. */
static void *come_and_go(void *arg)
{
	visit_and_leave(arg);
	return NULL;
}

static void test_slots_return(void **state)
{
	struct world *w = *state;
	pthread_t thread;
	uint32_t n;

	for (n = 0; n < 1000; n++) {
		assert_int_equal(pthread_create(&thread, NULL, come_and_go, w),
				 0);
		assert_int_equal(pthread_join(thread, NULL), 0);
	}
	assert_in_range(w->ctx->readers->threads, 1, 999);
}

/* The platform's barrier is asked once, and then only with other readers. */
static uint32_t barriers;
static int barrier_answer;

static int count_barrier(void *data)
{
	(void)data;
	barriers++;
	return barrier_answer ? barrier_answer
			      : iomm_platform_hosted()->barrier(NULL);
}

static int setup_barrier(void **state, int answer)
{
	static struct world w;

	world_init(&w);
	w.platform.barrier = count_barrier;
	barriers = 0;
	barrier_answer = answer;
	*state = &w;
	return world_create(&w);
}

static int setup_working(void **state)
{
	return setup_barrier(state, 0);
}

static int setup_broken(void **state)
{
	return setup_barrier(state, -IOMM_EOPNOTSUPP);
}

static int end_barrier(void **state)
{
	world_end(*state);
	return 0;
}

static void test_barrier(void **state)
{
	struct world *w = *state;
	struct datum datum[3] = { { .value = 1 } };
	struct iomm_ioasid_space *space = space_of(w, 0, 0);
	struct iomm_ioasid_set *set = set_of(space, 0, 0);
	bool broken = barrier_answer != 0;
	pthread_t thread;
	uint32_t id;

	assert_int_equal(barriers, 1);
	assert_int_equal(w->ctx->readers->fence, broken);
	id = id_of(set, &datum[0]);
	assert_ok(look_up(space, set, id, NULL));
	assert_ok(iomm_ioasid_set_data(set, id, &datum[1]));
	assert_int_equal(datum[0].released, 1);
	assert_int_equal(barriers, 1);
	assert_int_equal(pthread_create(&thread, NULL, come_and_go, w), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_ok(look_up(space, set, id, NULL));
	assert_ok(iomm_ioasid_set_data(set, id, &datum[2]));
	assert_int_equal(datum[1].released, 1);
	assert_int_equal(barriers, broken ? 1 : 2);
	iomm_ioasid_set_put(set);
	iomm_ioasid_space_put(space);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_tickets),
		WORLD_TEST(test_crowd),
		WORLD_TEST(test_crowd_refused),
		WORLD_TEST(test_slots_return),
		cmocka_unit_test_setup_teardown(test_barrier, setup_working,
						end_barrier),
		cmocka_unit_test_setup_teardown(test_barrier, setup_broken,
						end_barrier),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
