/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Sets: quotas, draining, walks, set-private IDs; and what goes in which order
 * at the end. */
#include "unit/ioasid_support.h"

static void test_quota(void **state)
{
	struct world *w = *state;
	struct iomm_ioasid_space *space = space_of(w, 1, 10);
	struct iomm_ioasid_set *four = set_of(space, 4, 0), *rest, *other;
	struct iomm_ioasid_set_config config = { .size = sizeof(config),
						 .quota = 5 };
	struct iomm_ioasid_set *out = UNTOUCHED;
	uint32_t id, n;

	rest = set_of(space, 0, 0);
	assert_int_equal(space_info(space).unreserved, 6);
	for (n = 0; n < 4; n++)
		id = id_of(four, NULL);
	assert_fails(iomm_ioasid_alloc(four, 1, 10, NULL, &id), IOMM_ENOSPC,
		     w->ctx, "quota of 4");
	/* What is reserved and not taken is nobody else's. */
	assert_ok(iomm_ioasid_free(four, id));
	for (n = 0; n < 2; n++)
		(void)id_of(rest, NULL);
	assert_fails(iomm_ioasid_set_create(space, &config, NULL, &out),
		     IOMM_ENOSPC, w->ctx, "4 are neither reserved nor taken");
	other = set_of(space, 4, 0);
	assert_int_equal(space_info(space).unreserved, 2);
	assert_fails(iomm_ioasid_alloc(rest, 1, 10, NULL, &id), IOMM_ENOSPC,
		     w->ctx, "no quota reserves");
	id = id_of(four, NULL);
	/* Given back, with the last ID. */
	assert_ok(iomm_ioasid_set_free(other, 0));
	assert_int_equal(space_info(space).unreserved, 6);
	assert_ok(iomm_ioasid_get(space, four, id));
	assert_ok(iomm_ioasid_free(four, id));
	assert_ok(iomm_ioasid_set_free(four, IOMM_IOASID_DRAIN));
	assert_int_equal(set_info(four).taken, 1);
	assert_int_equal(space_info(space).unreserved, 6);
	iomm_ioasid_put(space, id);
	assert_int_equal(space_info(space).unreserved, 10);
	assert_ptr_equal(out, UNTOUCHED);
	iomm_ioasid_set_put(four);
	iomm_ioasid_set_put(rest);
	iomm_ioasid_set_put(other);
	assert_int_equal(space_info(space).sets, 0);
	iomm_ioasid_space_put(space);
}

static void test_set_free(void **state)
{
	struct world *w = *state;
	struct iomm_ioasid_space *space = space_of(w, 0, 0);
	struct iomm_ioasid_set *set = set_of(space, 0, 0);
	struct datum a = { .value = 1 }, b = { .value = 2 };
	uint32_t id, ida = id_of(set, &a), idb = id_of(set, &b);

	assert_fails(iomm_ioasid_set_free(set, 0), IOMM_EBUSY, w->ctx, "2 IDs");
	assert_fails(iomm_ioasid_set_free(set, 2), IOMM_EINVAL, w->ctx,
		     "flags");
	assert_int_equal(iomm_ioasid_set_free(NULL, 0), -IOMM_EINVAL);
	/* It had no effect. */
	id = id_of(set, NULL);
	assert_ok(iomm_ioasid_free(set, id));
	assert_ok(iomm_ioasid_get(space, set, idb));
	assert_ok(iomm_ioasid_set_free(set, IOMM_IOASID_DRAIN));
	assert_int_equal(a.released, 1);
	assert_int_equal(b.released, 0);
	assert_int_equal(look_up(space, set, ida, NULL), -IOMM_ENOENT);
	assert_ok(look_up(space, set, idb, NULL));
	assert_fails(iomm_ioasid_alloc(set, 1, 9, NULL, &id), IOMM_ENODEV,
		     w->ctx, "was freed");
	/* The ID needs neither handle. */
	iomm_ioasid_set_put(set);
	assert_int_equal(world_live(w, IOMM_HANDLE_IOASID_SET), 0);
	assert_ok(look_up(space, NULL, idb, NULL));
	iomm_ioasid_put(space, idb);
	assert_int_equal(b.released, 1);
	set = set_of(space, 0, 0);
	assert_ok(iomm_ioasid_set_free(set, 0));
	assert_ok(iomm_ioasid_set_free(set, 0));
	assert_ok(iomm_ioasid_set_free(set, IOMM_IOASID_DRAIN));
	assert_ptr_equal(iomm_ioasid_set_get(set), set);
	iomm_ioasid_set_put(set);
	iomm_ioasid_set_put(set);
	assert_null(iomm_ioasid_set_get(NULL));
	iomm_ioasid_set_put(NULL);
	iomm_ioasid_space_put(space);
}

/* A pending ID keeps the space when every handle is gone. */
static void test_last_of_all(void **state)
{
	struct world *w = *state;
	struct iomm_ioasid_space *space = space_of(w, 0, 0);
	struct iomm_ioasid_set *set = set_of(space, 0, 0);
	struct datum datum = { .value = 1 };
	uint32_t id = id_of(set, &datum);

	assert_ok(iomm_ioasid_get(space, NULL, id));
	iomm_ioasid_space_put(space);
	iomm_ioasid_set_put(set);
	assert_int_equal(world_live(w, IOMM_HANDLE_IOASID_SPACE), 1);
	assert_int_equal(datum.released, 0);
	iomm_ioasid_put(space, id);
	assert_int_equal(datum.released, 1);
	assert_int_equal(world_live(w, IOMM_HANDLE_IOASID_SPACE), 0);
}

static void test_config(void **state)
{
	struct world *w = *state;
	struct iomm_ioasid_space *space = space_of(w, 0, 0);
	struct iomm_ioasid_set_config config = { .size = sizeof(config),
						 .flags = 4 };
	struct iomm_ioasid_set *set = UNTOUCHED;

	assert_fails(iomm_ioasid_set_create(space, &config, NULL, &set),
		     IOMM_EINVAL, w->ctx, "flags");
	config = (struct iomm_ioasid_set_config){ .size = sizeof(config),
						  .reserved = 1 };
	assert_int_equal(iomm_ioasid_set_create(space, &config, NULL, &set),
			 -IOMM_EINVAL);
	config.size = 8;
	assert_fails(iomm_ioasid_set_create(space, &config, NULL, &set),
		     IOMM_EINVAL, w->ctx, "size 8");
	assert_int_equal(iomm_ioasid_set_create(NULL, NULL, NULL, &set),
			 -IOMM_EINVAL);
	assert_int_equal(iomm_ioasid_set_create(space, NULL, NULL, NULL),
			 -IOMM_EINVAL);
	assert_ptr_equal(set, UNTOUCHED);
	set = set_of(space, 3, 7);
	assert_int_equal(set_info(set).quota, 3);
	assert_int_equal(set_info(set).type, 7);
	iomm_ioasid_set_put(set);
	iomm_ioasid_space_put(space);
}

/* More sets than can be told apart. */
static void test_many_sets(void **state)
{
	static struct iomm_ioasid_set *set[65535];
	struct world *w = *state;
	struct iomm_ioasid_space *space = space_of(w, 0, 0);
	struct iomm_ioasid_set *out = NULL;
	uint32_t n;

	for (n = 0; n < LENGTH(set); n++)
		set[n] = set_of(space, 0, 0);
	(void)id_of(set[65534], NULL);
	assert_fails(iomm_ioasid_set_create(space, NULL, NULL, &out),
		     IOMM_ENOSPC, w->ctx, "65535 sets");
	iomm_ioasid_set_put(set[100]);
	set[100] = set_of(space, 0, 0);
	assert_int_equal(look_up(space, set[100], 1, NULL), -IOMM_EACCES);
	assert_ok(look_up(space, set[65534], 1, NULL));
	for (n = 0; n < LENGTH(set); n++)
		iomm_ioasid_set_put(set[n]);
	iomm_ioasid_space_put(space);
}

/* Walks */

struct walk {
	struct iomm_ioasid_space *space;
	struct iomm_ioasid_set *set;
	uint32_t seen[16], nr_seen, stop_at;
	bool free;
};

static int visit(void *arg, uint32_t id, void *data)
{
	struct walk *walk = arg;
	struct datum *datum = data;

	walk->seen[walk->nr_seen++] = id;
	if (walk->free) {
		assert_ok(iomm_ioasid_free(walk->set, id));
		assert_int_equal(datum->released, 0);
	}
	return walk->nr_seen == walk->stop_at ? 77 : 0;
}

static void test_for_each(void **state)
{
	struct world *w = *state;
	struct iomm_ioasid_space *space = space_of(w, 0, 0);
	struct iomm_ioasid_set *set = set_of(space, 0, 0);
	struct iomm_ioasid_set *other = set_of(space, 0, 0);
	struct datum datum[4] = { 0 };
	struct walk walk = { .space = space, .set = set };

	assert_ok(iomm_ioasid_for_each(set, visit, &walk));
	assert_int_equal(walk.nr_seen, 0);
	(void)id_in(set, 3, 3, &datum[0]);
	(void)id_in(other, 4, 4, NULL);
	(void)id_in(set, 300, 300, &datum[1]);
	(void)id_in(set, 0xfffff, 0xfffff, &datum[2]);
	(void)id_in(set, 5, 5, &datum[3]);
	assert_ok(iomm_ioasid_get(space, set, 5));
	assert_ok(iomm_ioasid_free(set, 5));
	walk.stop_at = 2;
	assert_int_equal(iomm_ioasid_for_each(set, visit, &walk), 77);
	assert_int_equal(walk.nr_seen, 2);
	/* Freeing what it is called for; not what is pending, nor others'. */
	walk = (struct walk){ .space = space, .set = set, .free = true };
	assert_ok(iomm_ioasid_for_each(set, visit, &walk));
	assert_int_equal(walk.nr_seen, 3);
	assert_int_equal(walk.seen[0], 3);
	assert_int_equal(walk.seen[1], 300);
	assert_int_equal(walk.seen[2], 0xfffff);
	assert_int_equal(datum[0].released, 1);
	assert_int_equal(datum[2].released, 1);
	assert_int_equal(set_info(set).taken, 1);
	iomm_ioasid_put(space, 5);
	assert_fails(iomm_ioasid_for_each(set, NULL, NULL), IOMM_EINVAL, w->ctx,
		     "iomm_ioasid_for_each");
	assert_int_equal(iomm_ioasid_for_each(NULL, visit, &walk),
			 -IOMM_EINVAL);
	iomm_ioasid_set_put(set);
	iomm_ioasid_set_put(other);
	iomm_ioasid_space_put(space);
}

/* Set-private IDs */

static void test_spids(void **state)
{
	struct world *w = *state;
	struct iomm_ioasid_space *space = space_of(w, 0, 0);
	struct iomm_ioasid_set *set = set_of(space, 0, 0);
	struct iomm_ioasid_set *other = set_of(space, 0, 0);
	uint32_t a = id_of(set, NULL), b = id_of(set, NULL);
	uint32_t c = id_of(other, NULL), id = 77;

	assert_int_equal(iomm_ioasid_find_spid(set, 0, &id), -IOMM_ENOENT);
	/* 0 is a number like any other, and each set has its own. */
	assert_ok(iomm_ioasid_attach_spid(set, a, 0));
	assert_ok(iomm_ioasid_attach_spid(other, c, 0));
	assert_ok(iomm_ioasid_attach_spid(set, b, UINT64_MAX));
	assert_fails(iomm_ioasid_attach_spid(set, a, 5), IOMM_EEXIST, w->ctx,
		     "ID 1 is 0x0");
	assert_ok(iomm_ioasid_detach_spid(set, 0));
	assert_fails(iomm_ioasid_attach_spid(set, a, UINT64_MAX), IOMM_EEXIST,
		     w->ctx, "is ID 2");
	assert_int_equal(iomm_ioasid_attach_spid(set, c, 9), -IOMM_EACCES);
	assert_int_equal(iomm_ioasid_attach_spid(set, 99, 9), -IOMM_ENOENT);
	assert_fails(iomm_ioasid_find_spid(set, 0, &id), IOMM_ENOENT, w->ctx,
		     "0x0");
	assert_int_equal(iomm_ioasid_detach_spid(set, 0), -IOMM_ENOENT);
	assert_int_equal(iomm_ioasid_find_spid(set, 0, NULL), -IOMM_EINVAL);
	assert_int_equal(id, 77);
	assert_ok(iomm_ioasid_find_spid(other, 0, &id));
	assert_int_equal(id, c);
	assert_ok(iomm_ioasid_find_spid(set, UINT64_MAX, &id));
	assert_int_equal(id, b);
	assert_int_equal(id_info(space, b).flags, IOMM_IOASID_HAS_SPID);
	assert_true(id_info(space, b).spid == UINT64_MAX);
	assert_int_equal(id_info(space, a).flags, 0);
	/* It stays while the ID is pending, and goes with it. */
	assert_ok(iomm_ioasid_get(space, set, b));
	assert_ok(iomm_ioasid_free(set, b));
	assert_ok(iomm_ioasid_find_spid(set, UINT64_MAX, &id));
	assert_int_equal(iomm_ioasid_attach_spid(set, b, 3), -IOMM_EBUSY);
	iomm_ioasid_put(space, b);
	assert_int_equal(iomm_ioasid_find_spid(set, UINT64_MAX, &id),
			 -IOMM_ENOENT);
	assert_ok(iomm_ioasid_attach_spid(set, a, UINT64_MAX));
	iomm_ioasid_set_put(set);
	iomm_ioasid_set_put(other);
	iomm_ioasid_space_put(space);
}

static void test_many_spids(void **state)
{
	struct world *w = *state;
	struct iomm_ioasid_space *space = space_of(w, 0, 0);
	struct iomm_ioasid_set *set = set_of(space, 0, 0);
	uint32_t n, id;

	for (n = 1; n <= 1000; n++) {
		assert_int_equal(id_of(set, NULL), n);
		/* Keys that meet in few places. */
		assert_ok(iomm_ioasid_attach_spid(set, n, (uint64_t)n << 32));
	}
	for (n = 1; n <= 1000; n += 2)
		assert_ok(iomm_ioasid_detach_spid(set, (uint64_t)n << 32));
	for (n = 1; n <= 1000; n++) {
		int r = iomm_ioasid_find_spid(set, (uint64_t)n << 32, &id);

		assert_int_equal(r, n % 2 ? -IOMM_ENOENT : 0);
		if (!r)
			assert_int_equal(id, n);
	}
	iomm_ioasid_set_put(set);
	iomm_ioasid_space_put(space);
}

/* Closing the context */

static void test_close(void **state)
{
	struct world *w = *state;
	struct iomm_ioasid_space *space = space_of(w, 0, 0);
	struct iomm_ioasid_set *set = set_of(space, 4, 0), *out = UNTOUCHED;
	struct datum a = { .value = 1 }, b = { .value = 1 };
	uint32_t id = id_of(set, &a), held = id_of(set, &b);

	assert_ok(iomm_ioasid_get(space, set, held));
	assert_ok(iomm_ctx_close(w->ctx, 0));
	assert_int_equal(a.released, 1);
	assert_int_equal(b.released, 0);
	assert_int_equal(look_up(space, set, id, NULL), -IOMM_ENOENT);
	assert_int_equal(iomm_ioasid_alloc(set, 1, 9, NULL, &id), -IOMM_ENODEV);
	assert_fails(iomm_ioasid_set_create(space, NULL, NULL, &out),
		     IOMM_ENODEV, w->ctx, "closed");
	iomm_ioasid_put(space, held);
	assert_int_equal(b.released, 1);
	iomm_ioasid_set_put(set);
	iomm_ioasid_space_put(space);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_quota),	      WORLD_TEST(test_set_free),
		WORLD_TEST(test_last_of_all), WORLD_TEST(test_config),
		WORLD_TEST(test_many_sets),   WORLD_TEST(test_for_each),
		WORLD_TEST(test_spids),	      WORLD_TEST(test_many_spids),
		WORLD_TEST(test_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
