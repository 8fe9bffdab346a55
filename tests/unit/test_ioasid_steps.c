/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The look-up without a lock, step by step: what happens between two of its
 * loads is the test's to say. No race would find these moments often enough.
 */
#include "unit/ioasid_support.h"

#include "ioasid/space.h"

static void step(void);

/* The loads of lookup.c, each with a step before it. What the headers inline
 * was compiled above, and has none. */
#undef atomic_load_explicit
#define atomic_load_explicit(object, order) (step(), *(object))
#define iomm_ioasid_find_with		    find_in_steps
int find_in_steps(struct iomm_ioasid_space *space, struct iomm_ioasid_set *set,
		  uint32_t id, void (*fn)(void *arg, uint32_t id, void *data),
		  void *arg);
#include "../../src/ioasid/lookup.c"
#undef iomm_ioasid_find_with
#undef atomic_load_explicit

/* The steps: 1 before the tag is loaded, 2 before the data, 3 before the tag is
 * loaded again. */
static uint32_t steps;
static void (*at[8])(void);

static void step(void)
{
	void (*what)(void) = ++steps < LENGTH(at) ? at[steps] : NULL;

	if (what)
		what();
}

static struct iomm_ioasid_space *space;
static struct iomm_ioasid_set *ours, *theirs;
static int our_data, their_data, next_data;
static void *seen;
static uint32_t calls;

static void see(void *arg, uint32_t id, void *data)
{
	(void)arg;
	(void)id;
	seen = data;
	calls++;
}

static int find_ours(void)
{
	steps = calls = 0;
	seen = UNTOUCHED;
	return find_in_steps(space, ours, 1, see, NULL);
}

static int begin(void **state)
{
	int err = world_setup(state);

	memset(at, 0, sizeof(at));
	/* One number to fight for, and one that keeps the table it is in. */
	space = space_of(*state, 1, 2);
	assert_ok(iomm_ioasid_set_create(space, NULL, NULL, &ours));
	assert_ok(iomm_ioasid_set_create(space, NULL, NULL, &theirs));
	(void)id_of(ours, &our_data);
	(void)id_of(ours, NULL);
	return err;
}

static int end(void **state)
{
	iomm_ioasid_set_put(ours);
	iomm_ioasid_set_put(theirs);
	iomm_ioasid_space_put(space);
	return world_teardown(state);
}

static void free_ours(void)
{
	assert_ok(iomm_ioasid_free(ours, 1));
}

static void to_them(void)
{
	free_ours();
	assert_int_equal(id_of(theirs, &their_data), 1);
}

static void back_to_us(void)
{
	assert_ok(iomm_ioasid_free(theirs, 1));
	assert_int_equal(id_of(ours, &next_data), 1);
}

static void test_undisturbed(void **state)
{
	(void)state;
	assert_ok(find_ours());
	assert_ptr_equal(seen, &our_data);
	assert_in_range(steps, 3, 4); /* and whether somebody waits */
}

static void test_freed(void **state)
{
	(void)state;
	at[2] = free_ours;
	assert_int_equal(find_ours(), -IOMM_ENOENT);
	assert_int_equal(calls, 0);
}

/* Its table goes too, and is not freed under who looks at it. */
static void free_all(void)
{
	assert_ok(iomm_ioasid_free(ours, 2));
	free_ours();
	assert_int_equal(id_of(theirs, &their_data), 1);
}

static void test_table_goes(void **state)
{
	uint64_t bytes = space_info(space).bytes;

	(void)state;
	at[2] = free_all;
	/* It looks again, and then sees the new one. */
	assert_int_equal(find_ours(), -IOMM_EACCES);
	assert_int_equal(calls, 0);
	assert_true(space_info(space).bytes == bytes);
}

static void test_freed_late(void **state)
{
	(void)state;
	at[3] = free_ours;
	assert_int_equal(find_ours(), -IOMM_ENOENT);
	assert_int_equal(calls, 0);
}

/* The data that it loads is somebody else's. */
static void test_changes_hands(void **state)
{
	(void)state;
	at[2] = to_them;
	assert_int_equal(find_ours(), -IOMM_EACCES);
	assert_int_equal(calls, 0);
}

/* And when it looks again, the number is ours as it was before. */
static void test_there_and_back(void **state)
{
	(void)state;
	at[2] = to_them;
	at[3] = back_to_us;
	assert_ok(find_ours());
	assert_ptr_equal(seen, &next_data);
	assert_int_equal(calls, 1);
}

/* As often as uses can be counted: then it would look the same, and so is not
 * to be had for as long as somebody is inside. */
static uint32_t uses;

static void round_and_round(void)
{
	uint32_t id;

	to_them();
	for (uses = 2; uses <= 8192; uses++) {
		assert_ok(iomm_ioasid_free(theirs, 1));
		if (iomm_ioasid_alloc(theirs, 1, 1, &their_data, &id))
			break;
	}
	assert_int_equal(space_info(space).taken, 2);
}

static void test_uses_come_round(void **state)
{
	(void)state;
	at[2] = round_and_round;
	assert_int_equal(find_ours(), -IOMM_ENOENT);
	assert_int_equal(calls, 0);
	assert_in_range(uses, 2, 8191);
	/* It has left. */
	assert_int_equal(space_info(space).taken, 1);
	assert_int_equal(id_of(ours, NULL), 1);
}

static void replace(void)
{
	assert_ok(iomm_ioasid_set_data(ours, 1, &next_data));
}

static void test_replaced(void **state)
{
	(void)state;
	at[2] = replace;
	assert_ok(find_ours());
	assert_ptr_equal(seen, &next_data);
}

static void test_replaced_late(void **state)
{
	(void)state;
	at[3] = replace;
	assert_ok(find_ours());
	assert_ptr_equal(seen, &our_data);
}

#define STEP_TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STEP_TEST(test_undisturbed),	 STEP_TEST(test_freed),
		STEP_TEST(test_table_goes),	 STEP_TEST(test_freed_late),
		STEP_TEST(test_changes_hands),	 STEP_TEST(test_there_and_back),
		STEP_TEST(test_uses_come_round), STEP_TEST(test_replaced),
		STEP_TEST(test_replaced_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
