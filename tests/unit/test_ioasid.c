/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* IDs: taking them, giving them back, look-ups, references, states, data. */
#include "unit/ioasid_support.h"

#define ALL IOMM_IOASID_INVALID

static void test_lowest_first(void **state)
{
	struct world *w = *state;
	struct iomm_ioasid_space *space = space_of(w, 0, 0);
	struct iomm_ioasid_set *set = set_of(space, 0, 0);
	uint32_t id = 77;

	/* 0 is not an ID. */
	assert_int_equal(id_of(set, NULL), 1);
	assert_int_equal(id_of(set, NULL), 2);
	assert_int_equal(id_of(set, NULL), 3);
	assert_ok(iomm_ioasid_free(set, 2));
	assert_int_equal(id_of(set, NULL), 2);
	assert_int_equal(id_in(set, 3, 9, NULL), 4);
	assert_int_equal(id_in(set, 255, 256, NULL), 255);
	assert_int_equal(id_in(set, 255, 256, NULL), 256);
	assert_fails(iomm_ioasid_alloc(set, 255, 256, NULL, &id), IOMM_ENOSPC,
		     w->ctx, "no ID is free from 255 to 256");
	assert_fails(iomm_ioasid_alloc(set, 9, 8, NULL, &id), IOMM_EINVAL,
		     w->ctx, "from 9 to 8");
	assert_fails(iomm_ioasid_alloc(set, 0, 0, NULL, &id), IOMM_ENOSPC,
		     w->ctx, "no ID is free");
	assert_fails(iomm_ioasid_alloc(set, 0, 1, NULL, NULL), IOMM_EINVAL,
		     w->ctx, "iomm_ioasid_alloc");
	assert_int_equal(iomm_ioasid_alloc(NULL, 0, 1, NULL, &id),
			 -IOMM_EINVAL);
	assert_int_equal(id, 77);
	assert_int_equal(space_info(space).taken, 6);
	iomm_ioasid_set_put(set);
	assert_int_equal(space_info(space).taken, 0);
	iomm_ioasid_space_put(space);
}

/* The ends of the range, and of all numbers. */
static void test_ends(void **state)
{
	struct world *w = *state;
	struct iomm_ioasid_space *space = space_of(w, 0xfffffff0, ALL);
	struct iomm_ioasid_set *set = set_of(space, 0, 0);
	uint32_t id, n;

	assert_int_equal(space_info(space).max, 0xfffffffe);
	for (n = 0xfffffff0; n < ALL; n++)
		assert_int_equal(id_of(set, NULL), n);
	/* All ones is not an ID, whoever asks for it. */
	assert_int_equal(iomm_ioasid_alloc(set, 0, ALL, NULL, &id),
			 -IOMM_ENOSPC);
	assert_int_equal(iomm_ioasid_alloc(set, ALL, ALL, NULL, &id),
			 -IOMM_ENOSPC);
	assert_int_equal(look_up(space, NULL, ALL, NULL), -IOMM_ENOENT);
	assert_int_equal(look_up(space, NULL, 0, NULL), -IOMM_ENOENT);
	assert_ok(look_up(space, set, 0xfffffffe, NULL));
	assert_ok(iomm_ioasid_free(set, 0xfffffffe));
	assert_int_equal(id_in(set, 0xfffffff5, ALL, NULL), 0xfffffffe);
	iomm_ioasid_set_put(set);
	iomm_ioasid_space_put(space);
}

/* Numbers far apart: the tree grows in steps of several levels. */
static void test_far_apart(void **state)
{
	static const uint32_t far[] = { 1,	  255,	      256,
					0x1ffff,  0x20000,    0x3ffffff,
					1u << 26, 0x80000000, 0xfffffffe };
	struct world *w = *state;
	struct iomm_ioasid_space *space = space_of(w, 0, ALL);
	struct iomm_ioasid_set *set = set_of(space, 0, 0);
	uint32_t first, n;
	void *data = NULL;

	for (first = 0; first < LENGTH(far); first++) {
		for (n = 0; n < LENGTH(far); n++) {
			uint32_t id = far[(first + n) % LENGTH(far)];

			assert_int_equal(look_up(space, set, id, NULL),
					 -IOMM_ENOENT);
			assert_int_equal(id_in(set, id, id, NULL), id);
			assert_ok(look_up(space, set, id, &data));
		}
		for (n = 0; n < LENGTH(far); n++)
			assert_ok(iomm_ioasid_free(set, far[n]));
		assert_int_equal(space_info(space).taken, 0);
	}
	iomm_ioasid_set_put(set);
	iomm_ioasid_space_put(space);
}

static void test_config(void **state)
{
	struct world *w = *state;
	struct iomm_ioasid_space_config config = { .size = sizeof(config) };
	struct iomm_ioasid_space *space = UNTOUCHED;

	assert_int_equal(iomm_ioasid_space_create(NULL, NULL, &space),
			 -IOMM_EINVAL);
	assert_fails(iomm_ioasid_space_create(w->ctx, NULL, NULL), IOMM_EINVAL,
		     w->ctx, "iomm_ioasid_space_create");
	config.min = 9;
	config.max = 8;
	assert_fails(iomm_ioasid_space_create(w->ctx, &config, &space),
		     IOMM_EINVAL, w->ctx, "from 9 to 8");
	config.min = config.max = ALL;
	assert_fails(iomm_ioasid_space_create(w->ctx, &config, &space),
		     IOMM_EINVAL, w->ctx, "has no numbers");
	config = (struct iomm_ioasid_space_config){ .size = sizeof(config),
						    .flags = 1 };
	assert_fails(iomm_ioasid_space_create(w->ctx, &config, &space),
		     IOMM_EINVAL, w->ctx, "flags");
	config = (struct iomm_ioasid_space_config){ .size = 4 };
	assert_fails(iomm_ioasid_space_create(w->ctx, &config, &space),
		     IOMM_EINVAL, w->ctx, "size 4");
	assert_ptr_equal(space, UNTOUCHED);
	assert_ok(iomm_ioasid_space_create(w->ctx, NULL, &space));
	assert_int_equal(space_info(space).min, 1);
	assert_int_equal(space_info(space).max, 0xfffff);
	assert_true(space_info(space).bytes <= 1024);
	assert_ptr_equal(iomm_ioasid_space_get(space), space);
	iomm_ioasid_space_put(space);
	iomm_ioasid_space_put(space);
	assert_null(iomm_ioasid_space_get(NULL));
	iomm_ioasid_space_put(NULL);
}

/* What is looked up through a set is that set's, or nothing. */
static void test_look_up(void **state)
{
	struct world *w = *state;
	struct iomm_ioasid_space *space = space_of(w, 0, 0);
	struct iomm_ioasid_space *elsewhere = space_of(w, 0, 0);
	struct iomm_ioasid_set *ours = set_of(space, 0, 1);
	struct iomm_ioasid_set *theirs = set_of(space, 0, 2);
	struct iomm_ioasid_set *foreign = set_of(elsewhere, 0, 1);
	struct datum mine = { .value = 1 }, other = { .value = 2 };
	uint32_t id = id_of(ours, &mine), id2 = id_of(theirs, &other);
	void *data = UNTOUCHED;

	assert_ok(look_up(space, ours, id, &data));
	assert_ptr_equal(data, &mine);
	assert_ok(look_up(space, NULL, id2, &data));
	assert_ptr_equal(data, &other);
	data = UNTOUCHED;
	assert_fails(look_up(space, ours, id2, &data), IOMM_EACCES, w->ctx,
		     "is of another set");
	assert_fails(look_up(space, ours, 99, &data), IOMM_ENOENT, w->ctx,
		     "99 is not an ID");
	assert_fails(look_up(space, foreign, id, &data), IOMM_EINVAL, w->ctx,
		     "iomm_ioasid_find_with");
	assert_fails(iomm_ioasid_find_with(space, ours, id, NULL, NULL),
		     IOMM_EINVAL, w->ctx, "iomm_ioasid_find_with");
	assert_int_equal(look_up(NULL, ours, id, &data), -IOMM_EINVAL);
	assert_int_equal(look_up((void *)ours, ours, id, &data), -IOMM_EINVAL);
	assert_int_equal(iomm_ioasid_find(space, ours, id2, &data),
			 -IOMM_EACCES);
	assert_int_equal(iomm_ioasid_find(space, foreign, id, &data),
			 -IOMM_EINVAL);
	assert_int_equal(iomm_ioasid_find(space, ours, id, NULL), -IOMM_EINVAL);
	assert_int_equal(iomm_ioasid_get(space, theirs, id), -IOMM_EACCES);
	assert_int_equal(iomm_ioasid_free(ours, id2), -IOMM_EACCES);
	assert_int_equal(iomm_ioasid_set_data(ours, id2, NULL), -IOMM_EACCES);
	assert_ptr_equal(data, UNTOUCHED);
	iomm_ioasid_set_put(ours);
	iomm_ioasid_set_put(theirs);
	iomm_ioasid_set_put(foreign);
	assert_int_equal(mine.released, 1);
	assert_int_equal(other.released, 1);
	iomm_ioasid_space_put(space);
	iomm_ioasid_space_put(elsewhere);
}

static uint32_t state_of(struct iomm_ioasid_space *space, uint32_t id)
{
	return id_info(space, id).state;
}

static void test_states(void **state)
{
	struct world *w = *state;
	struct iomm_ioasid_space *space = space_of(w, 0, 0);
	struct iomm_ioasid_set *set = set_of(space, 0, 5);
	struct datum datum = { .value = 1 };
	uint32_t id = id_of(set, &datum);
	void *data = NULL;

	assert_int_equal(state_of(space, id), IOMM_IOASID_STATE_IDLE);
	assert_int_equal(id_info(space, id).type, 5);
	assert_ok(iomm_ioasid_bind(space, set, id));
	assert_ok(iomm_ioasid_bind(space, NULL, id));
	assert_int_equal(state_of(space, id), IOMM_IOASID_STATE_ACTIVE);
	assert_int_equal(id_info(space, id).binds, 2);
	assert_int_equal(id_info(space, id).refs, 3);
	assert_ok(iomm_ioasid_unbind(space, set, id));
	assert_ok(iomm_ioasid_unbind(space, set, id));
	assert_int_equal(state_of(space, id), IOMM_IOASID_STATE_IDLE);
	assert_fails(iomm_ioasid_unbind(space, set, id), IOMM_EINVAL, w->ctx,
		     "not bound");

	assert_ok(iomm_ioasid_get(space, set, id));
	assert_ok(iomm_ioasid_find(space, set, id, &data));
	assert_ptr_equal(data, &datum);
	assert_ok(iomm_ioasid_bind(space, set, id));
	assert_ok(iomm_ioasid_free(set, id));
	assert_int_equal(state_of(space, id), IOMM_IOASID_STATE_PENDING);
	assert_fails(iomm_ioasid_free(set, id), IOMM_EBUSY, w->ctx,
		     "waits for 3 references");
	assert_int_equal(iomm_ioasid_get(space, set, id), -IOMM_EBUSY);
	assert_int_equal(iomm_ioasid_find(space, set, id, &data), -IOMM_EBUSY);
	assert_int_equal(iomm_ioasid_bind(space, set, id), -IOMM_EBUSY);
	assert_int_equal(iomm_ioasid_set_data(set, id, NULL), -IOMM_EBUSY);
	assert_ok(look_up(space, set, id, &data));
	/* Its number is not free. */
	assert_int_equal(id_in(set, id, id + 1, NULL), id + 1);
	iomm_ioasid_put(space, id);
	assert_ok(iomm_ioasid_unbind(space, set, id));
	assert_int_equal(datum.released, 0);
	iomm_ioasid_put(space, id);
	assert_int_equal(datum.released, 1);
	assert_int_equal(look_up(space, set, id, &data), -IOMM_ENOENT);
	assert_int_equal(id_in(set, id, id, NULL), id);
	iomm_ioasid_set_put(set);
	iomm_ioasid_space_put(space);
}

static void test_overflow(void **state)
{
	struct world *w = *state;
	struct iomm_ioasid_space *space = space_of(w, 0, 0);
	struct iomm_ioasid_set *set = set_of(space, 0, 0);
	uint32_t n, id = id_of(set, NULL);

	for (n = 0; n < 4095; n++)
		assert_ok(iomm_ioasid_bind(space, set, id));
	assert_fails(iomm_ioasid_bind(space, set, id), IOMM_EOVERFLOW, w->ctx,
		     "bound 4095 times");
	for (n = 4096; n < 262143; n++)
		assert_ok(iomm_ioasid_get(space, set, id));
	assert_fails(iomm_ioasid_get(space, set, id), IOMM_EOVERFLOW, w->ctx,
		     "262143 references");
	for (n = 4096; n < 262143; n++)
		iomm_ioasid_put(space, id);
	for (n = 0; n < 4095; n++)
		assert_ok(iomm_ioasid_unbind(space, set, id));
	assert_int_equal(id_info(space, id).refs, 1);
	iomm_ioasid_set_put(set);
	iomm_ioasid_space_put(space);
}

/* A reference that nobody has is not given back. */
static void test_bad_put(void **state)
{
	struct world *w = *state;
	struct iomm_ioasid_space *space = space_of(w, 0, 0);
	struct iomm_ioasid_set *set = set_of(space, 0, 0);
	uint32_t id = id_of(set, NULL);

	iomm_ioasid_put(space, id);
	iomm_ioasid_put(space, 99);
	assert_ok(iomm_ioasid_bind(space, set, id));
	iomm_ioasid_put(space, id);
	assert_int_equal(id_info(space, id).refs, 2);
#if IOMM_CHECKED
	assert_int_equal(w->nr_misuses, 3);
	assert_non_null(strstr(w->misuse, "put of ID 1"));
	w->nr_misuses = 0;
#endif
	iomm_ioasid_put(NULL, id);
	assert_ok(iomm_ioasid_unbind(space, set, id));
	iomm_ioasid_set_put(set);
	iomm_ioasid_space_put(space);
}

static void test_set_data(void **state)
{
	struct world *w = *state;
	struct iomm_ioasid_space *space = space_of(w, 0, 0);
	struct iomm_ioasid_set *set = set_of(space, 0, 0);
	struct datum a = { .value = 1 }, b = { .value = 2 }, c = { .value = 3 };
	uint32_t id = id_of(set, NULL);
	void *data = UNTOUCHED;

	assert_ok(look_up(space, set, id, &data));
	assert_null(data);
	assert_ok(iomm_ioasid_set_data(set, id, &a));
	assert_ok(iomm_ioasid_set_data(set, id, &b));
	assert_int_equal(a.released, 1);
	/* Whoever found it may still look at it. */
	assert_ok(iomm_ioasid_find(space, set, id, &data));
	assert_ptr_equal(data, &b);
	assert_ok(iomm_ioasid_get(space, set, id));
	assert_ok(iomm_ioasid_bind(space, set, id));
	assert_ok(iomm_ioasid_set_data(set, id, &c));
	iomm_ioasid_put(space, id);
	assert_int_equal(b.released, 0);
	assert_int_equal(b.value, 2);
	iomm_ioasid_put(space, id);
	assert_int_equal(b.released, 1);
	assert_ok(iomm_ioasid_unbind(space, set, id));
	/* What a call is handed that fails goes the same way. */
	a = (struct datum){ .value = 1 };
	assert_int_equal(iomm_ioasid_set_data(set, 99, &a), -IOMM_ENOENT);
	assert_int_equal(a.released, 1);
	assert_int_equal(iomm_ioasid_alloc(set, 2, 1, &a, &id), -IOMM_EINVAL);
	assert_int_equal(a.released, 2);
	assert_int_equal(c.released, 0);
	iomm_ioasid_set_put(set);
	assert_int_equal(c.released, 1);
	iomm_ioasid_space_put(space);
}

/* Without a release the data is the caller's. */
static void test_no_release(void **state)
{
	struct world *w = *state;
	struct iomm_ioasid_space *space = space_of(w, 0, 0);
	struct iomm_ioasid_set *set = NULL;
	uint32_t id;
	int a, b;

	assert_ok(iomm_ioasid_set_create(space, NULL, NULL, &set));
	id = id_of(set, &a);
	assert_ok(iomm_ioasid_set_data(set, id, &b));
	assert_ok(iomm_ioasid_free(set, id));
	iomm_ioasid_set_put(set);
	iomm_ioasid_space_put(space);
}

/* Inside a look-up: what it sees stays, what would wait is refused, what is let
 * go there goes when it has left. */
struct inside {
	struct world *w;
	struct iomm_ioasid_space *space;
	struct iomm_ioasid_set *set;
	struct datum *datum;
	uint32_t id, calls;
	int run, free;
};

static void in_look_up(void *arg, uint32_t id, void *data)
{
	struct inside *in = arg;
	void *again = NULL;

	in->calls++;
	in->run = iomm_ctx_run(in->w->ctx);
	in->free = iomm_ioasid_free(in->set, id);
	assert_int_equal(look_up(in->space, in->set, id, &again), -IOMM_ENOENT);
	assert_ptr_equal(data, in->datum);
	assert_int_equal(in->datum->released, 0);
	assert_int_equal(in->datum->value, 1);
}

static void test_inside(void **state)
{
	struct world *w = *state;
	struct datum datum = { .value = 1 };
	struct inside in = { .w = w, .datum = &datum };

	in.space = space_of(w, 0, 0);
	in.set = set_of(in.space, 0, 0);
	in.id = id_of(in.set, &datum);
	assert_ok(iomm_ioasid_find_with(in.space, in.set, in.id, in_look_up,
					&in));
	assert_int_equal(in.calls, 1);
	assert_int_equal(in.run, -IOMM_EDEADLK);
	assert_int_equal(in.free, 0);
	assert_int_equal(datum.released, 1);
	assert_int_equal(id_of(in.set, NULL), in.id);
	iomm_ioasid_set_put(in.set);
	iomm_ioasid_space_put(in.space);
}

/* The uses of a number come round, and nothing is seen of it. */
static void test_many_uses(void **state)
{
	struct world *w = *state;
	struct iomm_ioasid_space *space = space_of(w, 0, 0);
	struct iomm_ioasid_set *set = NULL;
	uint32_t n, keep;

	assert_ok(iomm_ioasid_set_create(space, NULL, NULL, &set));
	keep = id_of(set, NULL);
	for (n = 0; n < 20000; n++) {
		assert_int_equal(id_of(set, NULL), keep + 1);
		assert_ok(iomm_ioasid_free(set, keep + 1));
	}
	iomm_ioasid_set_put(set);
	iomm_ioasid_space_put(space);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_lowest_first), WORLD_TEST(test_ends),
		WORLD_TEST(test_far_apart),    WORLD_TEST(test_config),
		WORLD_TEST(test_look_up),      WORLD_TEST(test_states),
		WORLD_TEST(test_overflow),     WORLD_TEST(test_bad_put),
		WORLD_TEST(test_set_data),     WORLD_TEST(test_no_release),
		WORLD_TEST(test_inside),       WORLD_TEST(test_many_uses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
