/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The counted object and the reap list: base/object.h. */
#include "unit/support.h"

#include "base/ctx.h"

/* An object of the test's own, which posts what happens to it. */
struct thing {
	struct iomm_object obj;
	uint32_t *destroyed;
	struct thing *child; /* dropped when it goes */
	struct iomm_lock lock;
};

static void destroy_thing(struct iomm_object *object)
{
	struct thing *thing = (struct thing *)(void *)object;

	++*thing->destroyed;
	iomm_object_drop(thing->child);
}

static const struct iomm_object_type thing_type = {
	.kind = IOMM_HANDLE_BUS,
	.bytes = sizeof(struct thing),
	.name = "thing",
	.lock = offsetof(struct thing, lock),
	.destroy = destroy_thing,
};

#if IOMM_CHECKED
static const struct iomm_object_type other_type = {
	.kind = IOMM_HANDLE_BUS,
	.bytes = sizeof(struct thing),
	.name = "other thing",
	.destroy = destroy_thing,
};
#endif

static struct thing *make(struct world *w, uint32_t *destroyed)
{
	struct thing *thing = iomm_object_create(w->ctx, &thing_type);

	assert_non_null(thing);
	thing->destroyed = destroyed;
	return thing;
}

static void put(struct thing *thing)
{
	iomm_handle_put(thing, &thing_type);
}

static uint32_t things(struct world *w)
{
	return world_live(w, IOMM_HANDLE_BUS);
}

static void test_counts(void **state)
{
	struct world *w = *state;
	uint32_t destroyed = 0;
	struct thing *thing = make(w, &destroyed);

	assert_int_equal(things(w), 1);
	assert_ptr_equal(iomm_handle_get(thing, &thing_type), thing);
	put(thing);
	assert_int_equal(destroyed, 0);
	put(thing);
	assert_int_equal(destroyed, 1);
	assert_int_equal(things(w), 0);
	assert_null(iomm_handle_get(NULL, &thing_type));
	iomm_handle_put(NULL, &thing_type);
	iomm_object_drop(NULL);
}

static void test_without_memory(void **state)
{
	struct world *w = *state;
	uint32_t site;

	/* The object, then its lock. */
	for (site = 1; site <= 2; site++) {
		world_fail_at(w, site);
		assert_null(iomm_object_create(w->ctx, &thing_type));
		assert_says(w->ctx, "no memory for a thing");
		assert_int_equal(w->sites, site);
		assert_int_equal(things(w), 0);
	}
	world_fail_at(w, 0);
}

/* What goes takes what it held along, however deep. */
static void test_chain(void **state)
{
	struct world *w = *state;
	struct thing *top = NULL, *thing;
	uint32_t destroyed = 0, n;

	for (n = 0; n < 10000; n++) {
		thing = make(w, &destroyed);
		thing->child = top;
		top = thing;
	}
	assert_int_equal(things(w), 10000);
	put(top);
	assert_int_equal(destroyed, 10000);
	assert_int_equal(things(w), 0);
}

static void test_drop_waits_for_leave(void **state)
{
	struct world *w = *state;
	uint32_t destroyed = 0;
	struct thing *thing = make(w, &destroyed);
	uint64_t deadline = 1;

	iomm_enter(w->ctx);
	iomm_object_drop(thing);
	assert_int_equal(destroyed, 0);
	assert_int_equal(things(w), 1);
	assert_ok(iomm_ctx_next_deadline(w->ctx, &deadline));
	assert_int_equal(deadline, 0);
	assert_int_equal(iomm_leave(w->ctx, -77), -77);
	assert_int_equal(destroyed, 1);
}

static void test_get_unless_zero(void **state)
{
	struct world *w = *state;
	uint32_t destroyed = 0;
	struct thing *thing = make(w, &destroyed);

	assert_true(iomm_object_get_unless_zero(&thing->obj));
	put(thing);
	iomm_enter(w->ctx);
	iomm_object_drop(thing);
	assert_false(iomm_object_get_unless_zero(&thing->obj));
	(void)iomm_leave(w->ctx, 0);
	assert_int_equal(destroyed, 1);
}

/* In an atomic hook, and in a callback of the same context, a last put only
 * queues, and wakes the owner of the event loop. */
static void
in_frame(struct world *w, struct iomm_ctx *ctx, bool atomic, bool destroys)
{
	struct iomm_frame frame;
	uint32_t destroyed = 0, wakeups = w->wakeups;
	struct thing *thing = make(w, &destroyed);

	iomm_callback_begin(ctx, &frame, atomic);
	put(thing);
	assert_int_equal(destroyed, destroys);
	assert_int_equal(w->wakeups, wakeups + !destroys);
	iomm_callback_end(ctx, &frame);
	assert_int_equal(destroyed, destroys);
	assert_ok(iomm_ctx_run(w->ctx));
	assert_int_equal(destroyed, 1);
}

static void test_put_in_callbacks(void **state)
{
	struct world *w = *state;
	struct world b;

	world_init(&b);
	assert_ok(world_create(&b));
	in_frame(w, w->ctx, false, false);
	in_frame(w, w->ctx, true, false);
	in_frame(w, b.ctx, true, false);
	/* A callback of another context keeps nothing of this one. */
	in_frame(w, b.ctx, false, true);
	world_end(&b);
}

static void test_put_in_nested_callbacks(void **state)
{
	struct world *w = *state;
	struct iomm_frame outer, inner;
	uint32_t destroyed = 0;
	struct thing *thing = make(w, &destroyed);
	struct world b;

	world_init(&b);
	assert_ok(world_create(&b));
	/* An atomic hook of b somewhere above is enough. */
	iomm_callback_begin(b.ctx, &outer, true);
	iomm_callback_begin(b.ctx, &inner, false);
	put(thing);
	assert_int_equal(destroyed, 0);
	iomm_callback_end(b.ctx, &inner);
	assert_true(iomm_in_callback(w->ctx));
	iomm_callback_end(b.ctx, &outer);
	assert_false(iomm_in_callback(w->ctx));
	/* Any further put outside destroys it. */
	put(make(w, &destroyed));
	assert_int_equal(destroyed, 2);
	world_end(&b);
}

static void test_kinds(void **state)
{
	struct world *w = *state;
	uint32_t destroyed = 0;
	struct thing *thing = make(w, &destroyed);

	assert_true(iomm_handle_ok(thing, &thing_type));
	assert_false(iomm_handle_ok(NULL, &thing_type));
	thing->obj.type = NULL;
	assert_false(iomm_handle_ok(thing, &thing_type));
	thing->obj.type = &thing_type;
	put(thing);
}

/* A count that is full stays so, and the object is never freed. */
static void test_saturates(void **state)
{
	struct world *w = *state;
	uint32_t destroyed = 0, n;
	struct thing *thing = make(w, &destroyed);

	atomic_store(&thing->obj.refs, IOMM_REFS_SATURATED - 2);
	(void)iomm_handle_get(thing, &thing_type);
	assert_false(world_logged(w, IOMM_LOG_ERROR, "count is full"));
	(void)iomm_handle_get(thing, &thing_type);
	assert_true(world_logged(w, IOMM_LOG_ERROR,
				 "the reference count is full: this thing is "
				 "never freed"));
	for (n = 0; n < 10; n++)
		(void)iomm_handle_get(thing, &thing_type);
	assert_int_equal(thing->obj.refs, IOMM_REFS_SATURATED);
	for (n = 0; n < 100; n++)
		put(thing);
	iomm_object_drop(thing);
	assert_true(iomm_object_get_unless_zero(&thing->obj));
	assert_int_equal(thing->obj.refs, IOMM_REFS_SATURATED);
	assert_int_equal(destroyed, 0);
	atomic_store(&thing->obj.refs, 1);
	put(thing);
	assert_int_equal(destroyed, 1);
}

/* A put too many, while the object waits to be destroyed, does not bring it
 * back: not even in a library that does not check. */
static void test_put_too_many(void **state)
{
	struct world *w = *state;
	struct iomm_frame frame;
	uint32_t destroyed = 0;
	struct thing *thing = make(w, &destroyed);

	iomm_callback_begin(w->ctx, &frame, false);
	put(thing);
	put(thing);
	iomm_object_drop(thing);
	assert_int_equal(thing->obj.refs, 0);
	iomm_callback_end(w->ctx, &frame);
	assert_ok(iomm_ctx_run(w->ctx));
	assert_int_equal(destroyed, 1);
	w->nr_misuses = 0;
}

#if IOMM_CHECKED

static void expect_misuse(struct world *w, const char *sentence)
{
	assert_int_equal(w->nr_misuses, 1);
	assert_string_equal(w->misuse, sentence);
	w->nr_misuses = 0;
}

static void test_use_after_last_put(void **state)
{
	struct world *w = *state;
	uint32_t destroyed = 0;
	struct thing *thing = make(w, &destroyed);

	put(thing);
	assert_int_equal(destroyed, 1);
	put(thing);
	expect_misuse(w, "a put of a thing after its last put");
	assert_ptr_equal(iomm_handle_get(thing, &thing_type), thing);
	expect_misuse(w, "a get of a thing after its last put");
	assert_false(iomm_handle_ok(thing, &thing_type));
	expect_misuse(w, "a use of a thing after its last put");
	assert_int_equal(destroyed, 1);
}

static void test_put_while_it_waits(void **state)
{
	struct world *w = *state;
	struct iomm_frame frame;
	uint32_t destroyed = 0;
	struct thing *thing = make(w, &destroyed);

	iomm_callback_begin(w->ctx, &frame, true);
	put(thing);
	put(thing);
	expect_misuse(w, "a put of a thing after its last put");
	iomm_callback_end(w->ctx, &frame);
	assert_ok(iomm_ctx_run(w->ctx));
	assert_int_equal(destroyed, 1);
}

static void test_wrong_type(void **state)
{
	struct world *w = *state;
	uint32_t destroyed = 0;
	struct thing *thing = make(w, &destroyed);

	iomm_handle_put(thing, &other_type);
	expect_misuse(w, "a put of something that is no other thing of this "
			 "library");
	(void)iomm_handle_get(thing, &other_type);
	expect_misuse(w, "a get of something that is no other thing of this "
			 "library");
	assert_int_equal(thing->obj.refs, 1);
	put(thing);
	assert_int_equal(destroyed, 1);
}

/* The quarantine is not endless, and what leaves it is freed. */
static void test_quarantine_is_bounded(void **state)
{
	struct world *w = *state;
	uint32_t destroyed = 0, n;
	int64_t blocks = w->blocks;

	for (n = 0; n < 5000; n++)
		put(make(w, &destroyed));
	assert_int_equal(destroyed, 5000);
	assert_true(w->blocks - blocks < 4100);
	assert_true(w->blocks - blocks >= 4000);
}

#endif

#define THREADS 4
#define ROUNDS	20000

struct shared {
	struct world *w;
	struct thing *thing;
	uint32_t *destroyed;
};

static void *get_and_put(void *data)
{
	struct shared *shared = data;
	uint32_t n;

	for (n = 0; n < ROUNDS; n++) {
		(void)iomm_handle_get(shared->thing, &thing_type);
		put(shared->thing);
	}
	put(shared->thing);
	return NULL;
}

static void test_threads(void **state)
{
	struct world *w = *state;
	pthread_t thread[THREADS];
	uint32_t destroyed = 0, n;
	struct shared shared = { .w = w };

	shared.thing = make(w, &destroyed);
	for (n = 0; n < THREADS; n++) {
		(void)iomm_handle_get(shared.thing, &thing_type);
		pthread_create(&thread[n], NULL, get_and_put, &shared);
	}
	put(shared.thing);
	for (n = 0; n < THREADS; n++)
		pthread_join(thread[n], NULL);
	assert_int_equal(destroyed, 1);
	assert_int_equal(things(w), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WORLD_TEST(test_counts),
		WORLD_TEST(test_without_memory),
		WORLD_TEST(test_chain),
		WORLD_TEST(test_drop_waits_for_leave),
		WORLD_TEST(test_get_unless_zero),
		WORLD_TEST(test_put_in_callbacks),
		WORLD_TEST(test_put_in_nested_callbacks),
		WORLD_TEST(test_kinds),
		WORLD_TEST(test_saturates),
		WORLD_TEST(test_put_too_many),
#if IOMM_CHECKED
		WORLD_TEST(test_use_after_last_put),
		WORLD_TEST(test_put_while_it_waits),
		WORLD_TEST(test_wrong_type),
		WORLD_TEST(test_quarantine_is_bounded),
#endif
		WORLD_TEST(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
