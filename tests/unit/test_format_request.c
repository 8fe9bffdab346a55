/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What requests answer: the table of docs/formats.md, waiting, loading. */
#include "unit/format_support.h"

#define NAME "my-own"

static void set_up(void **state, struct bringer *b)
{
	struct world *w = *state;

	bringer_init(b, w, NAME);
	world_set_time(w, 1000);
}

static void check_answer(struct world *w, int err, const char *says)
{
	struct iomm_pgtable *table = UNTOUCHED;
	struct iomm_format *format = UNTOUCHED;
	uint32_t pins = world_live(w, IOMM_HANDLE_FORMAT);

	assert_fails(iomm_format_request(w->ctx, NAME, 0, 0, &format), err,
		     w->ctx, says);
	assert_ptr_equal(format, UNTOUCHED);
	/* Whoever makes a table asks. */
	assert_fails(format_table(w, NAME, &table), err, w->ctx, says);
	assert_ptr_equal(table, UNTOUCHED);
	assert_int_equal(world_live(w, IOMM_HANDLE_FORMAT), pins);
}

/* Asking for a capability of a format is asking for the format first. */
static void test_absent(void **state)
{
	struct world *w = *state;
	struct iomm_pgtable_config config = {
		.size = sizeof(config),
		.flags = IOMM_PGTABLE_COHERENT | IOMM_PGTABLE_DIRTY,
		.granule = 3,
		.ias = 99,
	};
	struct iomm_pgtable *table = UNTOUCHED;

	check_answer(w, IOMM_ENOENT,
		     "there is no page-table format \"my-own\"");
	assert_int_equal(format_await(w, NAME, IOMM_FOREVER), -IOMM_ENOENT);
	assert_fails(iomm_pgtable_create(w->ctx, NAME, &config, NULL, NULL,
					 NULL, &table),
		     IOMM_ENOENT, w->ctx, "my-own");
	assert_ptr_equal(table, UNTOUCHED);
	assert_int_equal(format_state(w, NAME), 0);
}

static void test_expected(void **state)
{
	struct world *w = *state;
	struct bringer b;

	set_up(state, &b);
	assert_ok(iomm_format_announce(w->ctx, NAME, 500, NULL, NULL, NULL));
	check_answer(w, IOMM_EPROBE_DEFER,
		     "my-own is not there yet: it is expected");
	assert_int_equal(format_state(w, NAME), IOMM_FORMAT_EXPECTED);
	assert_int_equal(w->wakeups, 0);
	assert_ok(bringer_register(&b, NULL));
	assert_ok(format_answer(w, NAME));
	/* Nothing is left of the announcement. */
	world_set_time(w, 2000);
	assert_ok(iomm_ctx_run(w->ctx));
	assert_ok(format_answer(w, NAME));
	formats_end(w);
}

static void test_late(void **state)
{
	struct world *w = *state;
	uint64_t deadline = 0;
	struct bringer b;

	set_up(state, &b);
	assert_ok(iomm_format_announce(w->ctx, NAME, 500, &bringer_loader, &b,
				       bringer_release));
	assert_ok(iomm_ctx_next_deadline(w->ctx, &deadline));
	assert_int_equal(deadline, 1500);
	world_set_time(w, 1499);
	assert_int_equal(format_answer(w, NAME), -IOMM_EPROBE_DEFER);
	/* The deadline is one before anybody has run the context, too. */
	world_set_time(w, 1500);
	check_answer(w, IOMM_ETIMEDOUT, "before the deadline");
	assert_int_equal(format_state(w, NAME), IOMM_FORMAT_LATE);
	assert_int_equal(b.releases, 0);
	assert_ok(iomm_ctx_run(w->ctx));
	assert_int_equal(b.loads, 0);
	assert_int_equal(b.releases, 1);
	assert_int_equal(format_state(w, NAME), IOMM_FORMAT_LATE);
	check_answer(w, IOMM_ETIMEDOUT, "before the deadline");
	assert_int_equal(format_await(w, NAME, IOMM_FOREVER), -IOMM_ETIMEDOUT);
	assert_int_equal(iomm_ctx_next_deadline(w->ctx, &deadline),
			 -IOMM_ENOENT);
	/* It arrives after all. */
	assert_ok(bringer_register(&b, NULL));
	assert_ok(format_answer(w, NAME));
	formats_end(w);
}

static void test_late_announced_anew(void **state)
{
	struct world *w = *state;
	struct bringer b;

	set_up(state, &b);
	assert_ok(iomm_format_announce(w->ctx, NAME, 0, &bringer_loader, &b,
				       bringer_release));
	assert_int_equal(format_answer(w, NAME), -IOMM_ETIMEDOUT);
	assert_ok(bringer_announce(&b, IOMM_FOREVER));
	assert_int_equal(b.releases, 1);
	assert_int_equal(format_answer(w, NAME), -IOMM_EPROBE_DEFER);
	formats_end(w);
}

static void test_announce_refuses(void **state)
{
	struct world *w = *state;
	struct iomm_format_loader loader = bringer_loader;
	struct bringer b;

	set_up(state, &b);
	assert_int_equal(iomm_format_announce(NULL, NAME, 1, NULL, &b,
					      bringer_release),
			 -IOMM_EINVAL);
	assert_int_equal(b.releases, 1);
	assert_fails(iomm_format_announce(w->ctx, NULL, 1, NULL, &b,
					  bringer_release),
		     IOMM_EINVAL, w->ctx, "no name of a format");
	assert_int_equal(b.releases, 2);
	assert_fails(iomm_format_announce(w->ctx, "a-name-of-24-characters!", 1,
					  NULL, &b, bringer_release),
		     IOMM_EINVAL, w->ctx, "a-name-of-24-characters!");
	loader.load = NULL;
	assert_fails(iomm_format_announce(w->ctx, NAME, 1, &loader, &b,
					  bringer_release),
		     IOMM_EINVAL, w->ctx, "lacks load");
	loader.flags = 1;
	assert_fails(iomm_format_announce(w->ctx, NAME, 1, &loader, &b,
					  bringer_release),
		     IOMM_EINVAL, w->ctx, "0x1");
	loader.size = 3;
	assert_int_equal(iomm_format_announce(w->ctx, NAME, 1, &loader, &b,
					      bringer_release),
			 -IOMM_EINVAL);
	assert_int_equal(b.releases, 6);
	assert_fails(iomm_format_announce(w->ctx, "arm64-s1", 1, NULL, &b,
					  bringer_release),
		     IOMM_EEXIST, w->ctx, "arm64-s1 is there already");
	assert_ok(bringer_announce(&b, 500));
	assert_fails(iomm_format_announce(w->ctx, NAME, 1, NULL, &b,
					  bringer_release),
		     IOMM_EEXIST, w->ctx, "my-own is on its way already");
	assert_int_equal(b.releases, 8);
	formats_end(w);
}

/* Loading */

/* Who waits loads it himself. */
static void test_wait_loads(void **state)
{
	struct world *w = *state;
	struct bringer b;

	set_up(state, &b);
	assert_ok(bringer_announce(&b, IOMM_FOREVER));
	assert_ok(format_await(w, NAME, IOMM_FOREVER));
	assert_ok(format_await(w, NAME, 0));
	assert_ok(format_answer(w, NAME));
	assert_int_equal(b.loads, 1);
	assert_int_equal(b.tests, 1);
	assert_int_equal(w->waits, 0);
	formats_end(w);
}

/* For who does not wait, the context does. */
static void test_run_loads(void **state)
{
	struct world *w = *state;
	uint64_t deadline = 77;
	struct bringer b;

	set_up(state, &b);
	assert_ok(iomm_format_announce(w->ctx, NAME, IOMM_FOREVER,
				       &bringer_loader, &b, bringer_release));
	/* Nobody has asked. */
	assert_ok(iomm_ctx_run(w->ctx));
	assert_int_equal(b.loads, 0);
	assert_int_equal(w->wakeups, 0);
	assert_int_equal(format_answer(w, NAME), -IOMM_EPROBE_DEFER);
	assert_int_equal(w->wakeups, 1);
	assert_int_equal(b.loads, 0);
	assert_ok(iomm_ctx_next_deadline(w->ctx, &deadline));
	assert_int_equal(deadline, 0);
	assert_ok(iomm_ctx_run(w->ctx));
	assert_int_equal(b.loads, 1);
	assert_int_equal(b.releases, 1); /* the announcement's */
	assert_ok(format_answer(w, NAME));
	assert_int_equal(iomm_ctx_next_deadline(w->ctx, &deadline),
			 -IOMM_ENOENT);
	formats_end(w);
}

static void test_loader_fails(void **state)
{
	struct world *w = *state;
	struct bringer b;

	set_up(state, &b);
	b.idle = true;
	b.load_answer = -IOMM_EACCES;
	assert_ok(iomm_format_announce(w->ctx, NAME, 500, &bringer_loader, &b,
				       bringer_release));
	assert_int_equal(format_await(w, NAME, 100), -IOMM_EACCES);
	assert_int_equal(b.releases, 1);
	check_answer(w, IOMM_EACCES,
		     "could not be had: it belongs to somebody else");
	assert_int_equal(format_await(w, NAME, 100), -IOMM_EACCES);
	assert_int_equal(format_state(w, NAME), IOMM_FORMAT_FAILED);
	assert_int_equal(b.loads, 1);
	/* It does not become late. */
	world_set_time(w, 5000);
	assert_ok(iomm_ctx_run(w->ctx));
	assert_int_equal(format_answer(w, NAME), -IOMM_EACCES);
	/* Announced anew it is asked anew. */
	b.idle = false;
	b.load_answer = 0;
	assert_ok(bringer_announce(&b, 500));
	assert_int_equal(format_answer(w, NAME), -IOMM_EPROBE_DEFER);
	assert_ok(format_await(w, NAME, 100));
	assert_int_equal(b.loads, 2);
	formats_end(w);
}

/* What a loader says beside the point. */
static void test_loader_brings_nothing(void **state)
{
	struct world *w = *state;
	struct bringer b;

	set_up(state, &b);
	b.idle = true;
	assert_ok(bringer_announce(&b, 500));
	assert_int_equal(format_await(w, NAME, 100), -IOMM_EPROTO);
	b.load_answer = 5;
	assert_ok(bringer_announce(&b, 500));
	assert_int_equal(format_await(w, NAME, 100), -IOMM_EPROTO);
	/* The format is there whatever its loader says. */
	b.idle = false;
	b.load_answer = -IOMM_EIO;
	assert_ok(bringer_announce(&b, 500));
	assert_ok(format_await(w, NAME, 100));
	formats_end(w);
}

/* A loader that has sent for it: the format comes by itself then. */
static void test_loader_defers(void **state)
{
	struct world *w = *state;
	struct bringer b;

	set_up(state, &b);
	b.idle = true;
	b.load_answer = -IOMM_EPROBE_DEFER;
	assert_ok(iomm_format_announce(w->ctx, NAME, 500, &bringer_loader, &b,
				       bringer_release));
	assert_int_equal(format_await(w, NAME, 100), -IOMM_EPROBE_DEFER);
	assert_int_equal(b.loads, 1);
	assert_int_equal(b.releases, 1);
	assert_int_equal(w->now, 1100);
	assert_int_equal(format_state(w, NAME), IOMM_FORMAT_EXPECTED);
	assert_int_equal(format_await(w, NAME, IOMM_FOREVER), -IOMM_ETIMEDOUT);
	assert_int_equal(b.loads, 1);
	assert_ok(bringer_register(&b, NULL));
	assert_ok(format_await(w, NAME, 100));
	formats_end(w);
}

static void test_loaded_format_fails_its_test(void **state)
{
	struct world *w = *state;
	struct bringer b;

	set_up(state, &b);
	b.test_answer = -IOMM_EIO;
	assert_ok(bringer_announce(&b, 500));
	assert_int_equal(format_await(w, NAME, 100), -IOMM_ELIBBAD);
	assert_int_equal(format_answer(w, NAME), -IOMM_ELIBBAD);
	assert_int_equal(format_state(w, NAME), IOMM_FORMAT_FAILED);
	b.test_answer = 0;
	assert_ok(bringer_announce(&b, 500));
	assert_ok(format_await(w, NAME, 100));
	assert_int_equal(b.loads, 2);
	formats_end(w);
}

/* A bad format that came without the loader ends the expectation, too. */
static void test_expected_format_fails_its_test(void **state)
{
	struct world *w = *state;
	struct bringer b;

	set_up(state, &b);
	b.test_answer = -IOMM_EIO;
	assert_ok(bringer_announce(&b, 500));
	assert_int_equal(bringer_register(&b, NULL), -IOMM_ELIBBAD);
	check_answer(w, IOMM_ELIBBAD, "could not be had");
	assert_int_equal(b.loads, 0);
	formats_end(w);
}

/* A plugin brings several formats, each announced with a loader of its own. */
static void load_other(struct bringer *b)
{
	assert_ok(bringer_register(b->user, NULL));
}

static void test_loader_brings_several(void **state)
{
	struct world *w = *state;
	struct bringer b, other;

	set_up(state, &b);
	bringer_init(&other, w, "other");
	b.on_load = load_other;
	b.user = &other;
	assert_ok(bringer_announce(&b, 500));
	assert_ok(bringer_announce(&other, 500));
	assert_ok(format_await(w, NAME, 100));
	assert_ok(format_answer(w, "other"));
	assert_int_equal(other.loads, 0);
	formats_end(w);
}

static void ask_inside(struct bringer *b)
{
	struct iomm_format *format = UNTOUCHED;

	assert_fails(iomm_format_request(b->w->ctx, NAME, IOMM_FORMAT_WAIT,
					 IOMM_FOREVER, &format),
		     IOMM_EDEADLK, b->w->ctx, "nothing waits inside");
	assert_int_equal(format_answer(b->w, NAME), -IOMM_EPROBE_DEFER);
	assert_int_equal(bringer_announce(b, 500), -IOMM_EEXIST);
	/* What is there, is there. */
	assert_ok(format_await(b->w, "arm64-s1", IOMM_FOREVER));
}

static void test_nothing_waits_in_callbacks(void **state)
{
	struct world *w = *state;
	struct bringer b;

	set_up(state, &b);
	b.on_load = ask_inside;
	b.on_test = ask_inside;
	assert_ok(bringer_announce(&b, 500));
	assert_ok(format_await(w, NAME, 100));
	assert_int_equal(b.loads, 1);
	formats_end(w);
}

/* Another thread cannot take the name while it is being loaded. */
static void *register_rival(void *data)
{
	struct bringer *rival = data;
	int err = bringer_register(rival, NULL);

	return (void *)(intptr_t)err;
}

static void rival_on_thread(struct bringer *b)
{
	pthread_t thread;
	void *result;

	assert_int_equal(format_state(b->w, NAME), IOMM_FORMAT_LOADING);
	assert_int_equal(pthread_create(&thread, NULL, register_rival, b->user),
			 0);
	pthread_join(thread, &result);
	assert_int_equal((intptr_t)result, -IOMM_EEXIST);
}

static void test_taken_while_loaded(void **state)
{
	struct world *w = *state;
	struct bringer b, rival;

	set_up(state, &b);
	bringer_init(&rival, w, NAME);
	b.on_load = rival_on_thread;
	b.user = &rival;
	assert_ok(bringer_announce(&b, 500));
	assert_ok(format_await(w, NAME, 100));
	assert_int_equal(rival.releases, 1);
	formats_end(w);
}

/* Waiting */

static void test_wait_times_out(void **state)
{
	struct world *w = *state;
	struct bringer b;

	set_up(state, &b);
	assert_ok(iomm_format_announce(w->ctx, NAME, 500, NULL, NULL, NULL));
	/* The clock is the test's: a wait takes it to its deadline. */
	assert_int_equal(format_await(w, NAME, 100), -IOMM_EPROBE_DEFER);
	assert_int_equal(w->now, 1100);
	assert_int_equal(format_await(w, NAME, 0), -IOMM_EPROBE_DEFER);
	assert_int_equal(w->now, 1100);
	assert_int_equal(format_await(w, NAME, IOMM_FOREVER), -IOMM_ETIMEDOUT);
	assert_int_equal(w->now, 1500);
	formats_end(w);
}

static void test_platform_cannot_wait(void **state)
{
	struct world *w = *state;
	struct bringer b;

	world_end(w);
	world_init(w);
	w->platform.wait = NULL;
	w->platform.wake = NULL;
	assert_ok(world_create(w));
	set_up(state, &b);
	assert_ok(iomm_format_announce(w->ctx, "never", 500, NULL, NULL, NULL));
	assert_int_equal(format_await(w, "never", IOMM_FOREVER),
			 -IOMM_EPROBE_DEFER);
	/* But it can load. */
	assert_ok(bringer_announce(&b, 500));
	assert_ok(format_await(w, NAME, IOMM_FOREVER));
	formats_end(w);
}

static void test_request_refuses_time_out(void **state)
{
	struct world *w = *state;
	struct iomm_format *format = UNTOUCHED;

	assert_fails(iomm_format_request(w->ctx, "arm64-s1", 0, 5, &format),
		     IOMM_EINVAL, w->ctx, "a time-out only with");
	assert_ptr_equal(format, UNTOUCHED);
}

struct waiter {
	struct bringer *b;
	pthread_t thread;
	int err;
};

static void *wait_for_it(void *data)
{
	struct waiter *waiter = data;

	waiter->err = format_await(waiter->b->w, NAME, IOMM_FOREVER);
	return NULL;
}

#define WAITERS 64u

static void start_waiters(struct waiter *waiters, struct bringer *b)
{
	uint32_t n;

	for (n = 0; n < WAITERS; n++) {
		waiters[n] = (struct waiter){ .b = b, .err = 77 };
		assert_int_equal(pthread_create(&waiters[n].thread, NULL,
						wait_for_it, &waiters[n]),
				 0);
	}
}

static void end_waiters(struct waiter *waiters, int err)
{
	uint32_t n;

	for (n = 0; n < WAITERS; n++) {
		pthread_join(waiters[n].thread, NULL);
		assert_int_equal(waiters[n].err, err);
	}
}

static void linger(struct bringer *b)
{
	(void)b;
	pause_us(20000);
}

/* One loader runs, and all who wait share what it brings. */
static void test_storm(void **state)
{
	struct world *w = *state;
	struct waiter waiters[WAITERS];
	struct bringer b;

	bringer_init(&b, w, NAME);
	b.on_load = linger;
	assert_ok(bringer_announce(&b, IOMM_FOREVER));
	start_waiters(waiters, &b);
	end_waiters(waiters, 0);
	assert_int_equal(b.loads, 1);
	assert_int_equal(b.tests, 1);
	assert_int_equal(format_slot(w, NAME).pins, 0);
	formats_end(w);
}

static void test_storm_fails(void **state)
{
	struct world *w = *state;
	struct waiter waiters[WAITERS];
	struct bringer b;

	bringer_init(&b, w, NAME);
	b.on_load = linger;
	b.idle = true;
	b.load_answer = -IOMM_EIO;
	assert_ok(bringer_announce(&b, IOMM_FOREVER));
	start_waiters(waiters, &b);
	end_waiters(waiters, -IOMM_EIO);
	assert_int_equal(b.loads, 1);
	formats_end(w);
}

/* Nobody loads it: something happens under those who sleep. */
static void
storm_until(struct world *w, int (*happens)(struct bringer *b), int answer)
{
	struct waiter waiters[WAITERS];
	struct bringer b;

	bringer_init(&b, w, NAME);
	assert_ok(iomm_format_announce(w->ctx, NAME, IOMM_FOREVER, NULL, NULL,
				       NULL));
	start_waiters(waiters, &b);
	while (!w->waits)
		pause_us(100);
	assert_ok(happens(&b));
	end_waiters(waiters, answer);
	formats_end(w);
}

static int it_comes(struct bringer *b)
{
	return bringer_register(b, NULL);
}

static int all_is_sealed(struct bringer *b)
{
	return iomm_formats_seal(b->w->ctx);
}

static void test_storm_registered(void **state)
{
	storm_until(*state, it_comes, 0);
}

static void test_storm_sealed(void **state)
{
	storm_until(*state, all_is_sealed, -IOMM_ENOENT);
}

/* Sealing, dying */

static void test_seal(void **state)
{
	struct world *w = *state;
	struct bringer b, late;

	set_up(state, &b);
	bringer_init(&late, w, "late");
	assert_ok(iomm_format_announce(w->ctx, NAME, 500, &bringer_loader, &b,
				       bringer_release));
	assert_ok(iomm_format_announce(w->ctx, "late", 0, NULL, &late,
				       bringer_release));
	assert_ok(iomm_formats_seal(w->ctx));
	assert_int_equal(b.releases, 1);
	assert_int_equal(late.releases, 1);
	check_answer(w, IOMM_ENOENT, "\"my-own\", and no more will come");
	assert_int_equal(format_answer(w, "late"), -IOMM_ENOENT);
	assert_ok(format_answer(w, "arm64-s1"));
	assert_fails(bringer_register(&b, NULL), IOMM_ENODEV, w->ctx,
		     "my-own comes too late: the formats are sealed");
	assert_int_equal(b.releases, 2);
	assert_fails(bringer_announce(&b, 500), IOMM_ENODEV, w->ctx,
		     "announced too late");
	assert_ok(iomm_formats_seal(w->ctx));
	assert_int_equal(iomm_formats_seal(NULL), -IOMM_EINVAL);
}

static void seal(struct bringer *b)
{
	assert_ok(iomm_formats_seal(b->w->ctx));
}

/* A load that is running comes to its end, whatever that is. */
static void test_seal_while_loaded(void **state)
{
	struct world *w = *state;
	struct bringer b;

	set_up(state, &b);
	b.on_load = seal;
	assert_ok(bringer_announce(&b, 500));
	assert_ok(format_await(w, NAME, 100));
	formats_end(w);
}

static void test_seal_while_deferred(void **state)
{
	struct world *w = *state;
	struct bringer b;

	set_up(state, &b);
	b.on_load = seal;
	b.idle = true;
	b.load_answer = -IOMM_EPROBE_DEFER;
	assert_ok(bringer_announce(&b, 500));
	assert_int_equal(format_await(w, NAME, 100), -IOMM_ENOENT);
	formats_end(w);
}

static void test_dying(void **state)
{
	struct world *w = *state;
	struct iomm_format *format = NULL;
	struct iomm_pgtable *table = NULL;
	struct bringer b, again;

	set_up(state, &b);
	bringer_init(&again, w, NAME);
	assert_ok(bringer_register(&b, &format));
	assert_ok(format_table(w, NAME, &table));
	assert_ok(
		iomm_format_unregister(format, IOMM_FORMAT_DEFER, NULL, NULL));
	check_answer(w, IOMM_ENOENT, "any more");
	assert_int_equal(format_await(w, NAME, 100), -IOMM_ENOENT);
	assert_ok(bringer_announce(&again, 500));
	assert_int_equal(format_answer(w, NAME), -IOMM_EPROBE_DEFER);
	assert_ok(format_await(w, NAME, 100));
	assert_int_equal(b.releases, 0);
	iomm_pgtable_put(table);
	assert_int_equal(b.releases, 1);
	formats_end(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_absent),
		WORLD_TEST(test_expected),
		WORLD_TEST(test_late),
		WORLD_TEST(test_late_announced_anew),
		WORLD_TEST(test_announce_refuses),
		WORLD_TEST(test_wait_loads),
		WORLD_TEST(test_run_loads),
		WORLD_TEST(test_loader_fails),
		WORLD_TEST(test_loader_brings_nothing),
		WORLD_TEST(test_loader_defers),
		WORLD_TEST(test_loaded_format_fails_its_test),
		WORLD_TEST(test_expected_format_fails_its_test),
		WORLD_TEST(test_loader_brings_several),
		WORLD_TEST(test_nothing_waits_in_callbacks),
		WORLD_TEST(test_taken_while_loaded),
		WORLD_TEST(test_wait_times_out),
		WORLD_TEST(test_platform_cannot_wait),
		WORLD_TEST(test_request_refuses_time_out),
		WORLD_TEST(test_storm),
		WORLD_TEST(test_storm_fails),
		WORLD_TEST(test_storm_registered),
		WORLD_TEST(test_storm_sealed),
		WORLD_TEST(test_seal),
		WORLD_TEST(test_seal_while_loaded),
		WORLD_TEST(test_seal_while_deferred),
		WORLD_TEST(test_dying),
	};

	return cmocka_run_group_tests_name("requests of formats", tests, NULL,
					   NULL);
}
