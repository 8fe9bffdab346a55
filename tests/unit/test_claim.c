/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Claims: base/claim.h. */
#include "unit/support.h"

#include "base/claim.h"
#include "base/ctx.h"

static void test_take_and_drop(void **state)
{
	struct world *w = *state;
	struct iomm_claim claim = { 0 };
	uint32_t n, wakes = w->wakes;

	for (n = 0; n < 3; n++) {
		assert_ok(iomm_claim_take(w->ctx, &claim, IOMM_FOREVER, "it"));
		assert_fails(iomm_claim_take(w->ctx, &claim, IOMM_FOREVER,
					     "it"),
			     IOMM_EDEADLK, w->ctx,
			     "it: this thread is at work on it already");
		iomm_claim_drop(w->ctx, &claim);
	}
	assert_int_equal(w->wakes, wakes);
}

/* Free, it can be taken in a callback too. */
static void test_in_callback(void **state)
{
	struct world *w = *state;
	struct iomm_claim claim = { 0 };
	struct iomm_frame frame;

	iomm_callback_begin(w->ctx, &frame, false);
	assert_ok(iomm_claim_take(w->ctx, &claim, IOMM_FOREVER, "it"));
	iomm_claim_drop(w->ctx, &claim);
	iomm_callback_end(w->ctx, &frame);
}

struct rival {
	struct world *w;
	struct iomm_claim *claim;
	bool in_callback;
	int err;
	char says[128];
};

static void *take_too(void *data)
{
	struct rival *rival = data;
	struct iomm_ctx *ctx = rival->w->ctx;
	struct iomm_frame frame;

	if (rival->in_callback)
		iomm_callback_begin(ctx, &frame, false);
	rival->err = iomm_claim_take(ctx, rival->claim, IOMM_FOREVER, "it");
	if (!rival->err)
		iomm_claim_drop(ctx, rival->claim);
	else if (iomm_error_message(ctx, rival->says, sizeof(rival->says)) <= 0)
		rival->says[0] = '\0';
	if (rival->in_callback)
		iomm_callback_end(ctx, &frame);
	return NULL;
}

static void let_rival_try(struct rival *rival)
{
	pthread_t thread;

	assert_ok(pthread_create(&thread, NULL, take_too, rival));
	pthread_join(thread, NULL);
}

static void test_contended_in_callback(void **state)
{
	struct world *w = *state;
	struct iomm_claim claim = { 0 };
	struct rival rival = { .w = w, .claim = &claim, .in_callback = true };

	assert_ok(iomm_claim_take(w->ctx, &claim, IOMM_FOREVER, "it"));
	let_rival_try(&rival);
	assert_int_equal(rival.err, -IOMM_EDEADLK);
	assert_string_equal(rival.says, "it would wait, and nothing waits "
					"inside a callback");
	iomm_claim_drop(w->ctx, &claim);
	let_rival_try(&rival);
	assert_int_equal(rival.err, 0);
}

static void test_platform_cannot_wait(void **state)
{
	struct iomm_claim claim = { 0 };
	struct rival rival = { .claim = &claim };
	struct world w;

	(void)state;
	world_init(&w);
	w.platform.wait = NULL;
	assert_ok(world_create(&w));
	rival.w = &w;
	assert_ok(iomm_claim_take(w.ctx, &claim, IOMM_FOREVER, "it"));
	let_rival_try(&rival);
	assert_int_equal(rival.err, -IOMM_EBUSY);
	assert_non_null(strstr(rival.says, "the platform cannot wait"));
	iomm_claim_drop(w.ctx, &claim);
	let_rival_try(&rival);
	assert_int_equal(rival.err, 0);
	world_end(&w);
}

static void test_waits(void **state)
{
	struct world *w = *state;
	struct iomm_claim claim = { 0 };
	struct rival rival = { .w = w, .claim = &claim, .err = 1 };
	pthread_t thread;

	assert_ok(iomm_claim_take(w->ctx, &claim, IOMM_FOREVER, "it"));
	assert_ok(pthread_create(&thread, NULL, take_too, &rival));
	while (!w->waits)
		pause_us(100);
	assert_int_equal(rival.err, 1);
	iomm_claim_drop(w->ctx, &claim);
	pthread_join(thread, NULL);
	assert_int_equal(rival.err, 0);
	assert_true(w->wakes > 0);
}

#define THREADS 4
#define ROUNDS	5000

struct counter {
	struct world *w;
	struct iomm_claim claim;
	uint64_t value; /* under the claim */
	_Atomic uint32_t errors;
};

static void *count_up(void *data)
{
	struct counter *counter = data;
	uint32_t n;

	for (n = 0; n < ROUNDS; n++) {
		if (iomm_claim_take(counter->w->ctx, &counter->claim,
				    IOMM_FOREVER, "it")) {
			counter->errors++;
			continue;
		}
		counter->value++;
		iomm_claim_drop(counter->w->ctx, &counter->claim);
	}
	return NULL;
}

static void test_excludes(void **state)
{
	struct counter counter = { .w = *state };
	pthread_t thread[THREADS];
	uint32_t n;

	for (n = 0; n < THREADS; n++)
		pthread_create(&thread[n], NULL, count_up, &counter);
	for (n = 0; n < THREADS; n++)
		pthread_join(thread[n], NULL);
	assert_int_equal(counter.errors, 0);
	assert_int_equal(counter.value, THREADS * ROUNDS);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WORLD_TEST(test_take_and_drop),
		WORLD_TEST(test_in_callback),
		WORLD_TEST(test_contended_in_callback),
		cmocka_unit_test(test_platform_cannot_wait),
		WORLD_TEST(test_waits),
		WORLD_TEST(test_excludes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
