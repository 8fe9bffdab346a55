/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Presence: base/presence.h. */
#include "unit/support.h"

#include "base/ctx.h"
#include "base/presence.h"

static int
drain(struct world *w, struct iomm_presence *presence, uint64_t deadline)
{
	return iomm_presence_drain(w->ctx, presence, deadline, "it");
}

static void test_refuse_and_allow(void **state)
{
	struct world *w = *state;
	struct iomm_presence presence = { 0 };

	assert_true(iomm_presence_enter(&presence));
	assert_false(iomm_presence_refused(&presence));
	assert_true(iomm_presence_refuse(&presence));
	assert_false(iomm_presence_refuse(&presence));
	assert_true(iomm_presence_refused(&presence));
	assert_false(iomm_presence_enter(&presence));
	iomm_presence_allow(w->ctx, &presence);
	assert_true(iomm_presence_enter(&presence));
	iomm_presence_exit(w->ctx, &presence);
	iomm_presence_exit(w->ctx, &presence);
	assert_ok(drain(w, &presence, 0));
}

static void test_force(void **state)
{
	struct world *w = *state;
	struct iomm_presence presence = { 0 };

	(void)iomm_presence_refuse(&presence);
	iomm_presence_force(&presence);
	assert_fails(drain(w, &presence, 0), IOMM_ETIMEDOUT, w->ctx,
		     "it: 1 are still inside at the deadline");
	iomm_presence_exit(w->ctx, &presence);
	assert_ok(drain(w, &presence, 0));
}

/* Refused for good: what takes a refusal back does not open it again, and the
 * last one to leave is told that he is. */
static void test_close(void **state)
{
	struct world *w = *state;
	struct iomm_presence presence = { 0 };

	assert_true(iomm_presence_enter(&presence));
	assert_true(iomm_presence_enter(&presence));
	assert_false(iomm_presence_closed(&presence));
	assert_true(iomm_presence_close(&presence));
	assert_false(iomm_presence_close(&presence));
	assert_true(iomm_presence_closed(&presence));
	assert_true(iomm_presence_refused(&presence));
	assert_int_equal(iomm_presence_inside(&presence), 2);
	assert_true(iomm_presence_refuse(&presence));
	iomm_presence_allow(w->ctx, &presence);
	assert_true(iomm_presence_refused(&presence));
	assert_false(iomm_presence_enter(&presence));
	assert_false(iomm_presence_exit(w->ctx, &presence));
	assert_fails(drain(w, &presence, 0), IOMM_ETIMEDOUT, w->ctx,
		     "it: 1 are still inside at the deadline");
	assert_true(iomm_presence_exit(w->ctx, &presence));
	assert_int_equal(iomm_presence_inside(&presence), 0);
	assert_ok(drain(w, &presence, 0));
}

/* As many as fit: one more would look like a refusal, and let a removal pass
 * with all of them inside. */
static void test_full(void **state)
{
	struct world *w = *state;
	struct iomm_presence presence = { 0 };

	atomic_store(&presence.word, 0x3ffffffe);
	assert_true(iomm_presence_enter(&presence));
	assert_false(iomm_presence_enter(&presence));
	assert_false(iomm_presence_refused(&presence));
	assert_int_equal(drain(w, &presence, 0), -IOMM_ETIMEDOUT);
	assert_says(w->ctx, "1073741823 are still inside");
}

static void test_drain_in_callback(void **state)
{
	struct world *w = *state;
	struct iomm_presence presence = { 0 };
	struct iomm_frame frame;

	iomm_callback_begin(w->ctx, &frame, false);
	assert_ok(drain(w, &presence, IOMM_FOREVER));
	iomm_presence_force(&presence);
	assert_fails(drain(w, &presence, IOMM_FOREVER), IOMM_EDEADLK, w->ctx,
		     "it would wait");
	iomm_callback_end(w->ctx, &frame);
}

static void test_drain_times_out(void **state)
{
	struct world *w = *state;
	struct iomm_presence presence = { 0 };

	world_set_time(w, 1000);
	assert_true(iomm_presence_enter(&presence));
	assert_int_equal(drain(w, &presence, 5000), -IOMM_ETIMEDOUT);
	assert_int_equal(w->now, 5000);
	assert_int_equal(w->waits, 1);
}

static void test_drain_without_wait(void **state)
{
	struct iomm_presence presence = { 0 };
	struct world w;

	(void)state;
	world_init(&w);
	w.platform.wait = NULL;
	assert_ok(world_create(&w));
	assert_true(iomm_presence_enter(&presence));
	assert_int_equal(drain(&w, &presence, IOMM_FOREVER), -IOMM_ETIMEDOUT);
	iomm_presence_exit(w.ctx, &presence);
	assert_ok(drain(&w, &presence, IOMM_FOREVER));
	world_end(&w);
}

struct drainer {
	struct world *w;
	struct iomm_presence presence;
	_Atomic int done;
	int err;
};

static void *drain_elsewhere(void *data)
{
	struct drainer *drainer = data;

	drainer->err = drain(drainer->w, &drainer->presence, IOMM_FOREVER);
	drainer->done = 1;
	return NULL;
}

static void until_it_waits(struct drainer *drainer, uint32_t waits)
{
	while (drainer->w->waits < waits)
		pause_us(100);
	pause_us(2000);
	assert_false(drainer->done);
}

static void test_drain_waits(void **state)
{
	struct drainer drainer = { .w = *state, .err = 1 };
	pthread_t thread;

	assert_true(iomm_presence_enter(&drainer.presence));
	assert_true(iomm_presence_enter(&drainer.presence));
	assert_ok(pthread_create(&thread, NULL, drain_elsewhere, &drainer));
	until_it_waits(&drainer, 1);
	assert_false(iomm_presence_enter(&drainer.presence));
	iomm_presence_exit(drainer.w->ctx, &drainer.presence);
	iomm_presence_exit(drainer.w->ctx, &drainer.presence);
	pthread_join(thread, NULL);
	assert_int_equal(drainer.err, 0);
}

/* Two remove at once, and the one that came first takes its refusal back: the
 * other must still be woken when the last guard is left. */
static void test_allow_under_drain(void **state)
{
	struct drainer drainer = { .w = *state, .err = 1 };
	pthread_t thread;

	assert_true(iomm_presence_enter(&drainer.presence));
	assert_true(iomm_presence_refuse(&drainer.presence));
	assert_ok(pthread_create(&thread, NULL, drain_elsewhere, &drainer));
	until_it_waits(&drainer, 1);
	iomm_presence_allow(drainer.w->ctx, &drainer.presence);
	until_it_waits(&drainer, 2);
	assert_true(iomm_presence_refused(&drainer.presence));
	iomm_presence_exit(drainer.w->ctx, &drainer.presence);
	pthread_join(thread, NULL);
	assert_int_equal(drainer.err, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WORLD_TEST(test_refuse_and_allow),
		WORLD_TEST(test_force),
		WORLD_TEST(test_close),
		WORLD_TEST(test_full),
		WORLD_TEST(test_drain_in_callback),
		WORLD_TEST(test_drain_times_out),
		cmocka_unit_test(test_drain_without_wait),
		WORLD_TEST(test_drain_waits),
		WORLD_TEST(test_allow_under_drain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
