/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Allocators and types on a backend of the test's own. */
#include "unit/alloc_support.h"

#define USER IOMM_ALLOC_USER

static void test_bad_calls(void **state)
{
	struct iomm_alloc_desc desc = text_desc();
	struct iomm_allocator_config config = { .size = sizeof(config) };
	struct iomm_alloc_type *type, *none = UNTOUCHED;
	struct pools rig = { 0 };
	struct iomm_alloc_stats stats = { .size = 4 };
	void *at = UNTOUCHED;

	(void)state;
	pools_open(&rig, &desc, 1, true);
	type = pools_type(&rig, IOMM_ALLOC_TEXT);
	assert_int_equal(iomm_allocator_create(NULL, &config, NULL, &rig.memory,
					       memory_release, NULL),
			 -IOMM_EINVAL);
	assert_int_equal(rig.memory.released, 1);
	rig.memory.released = 0;
	assert_fails(iomm_allocator_create(rig.world.ctx, &config, NULL, NULL,
					   NULL, NULL),
		     IOMM_EINVAL, rig.world.ctx, "NULL");
	config.lanes = 3;
	assert_fails(iomm_allocator_create(rig.world.ctx, &config, NULL, NULL,
					   NULL, &rig.allocator),
		     IOMM_EINVAL, rig.world.ctx, "lanes");
	assert_fails(iomm_allocator_type(rig.allocator, 2, &none), IOMM_ENOENT,
		     rig.world.ctx, "type 2");
	assert_int_equal(iomm_allocator_type(NULL, 1, &none), -IOMM_EINVAL);
	assert_int_equal(iomm_allocator_type(rig.allocator, 1, NULL),
			 -IOMM_EINVAL);
	assert_int_equal(iomm_alloc_type_alloc(NULL, 1, &at), -IOMM_EINVAL);
	assert_int_equal(iomm_alloc_type_alloc(type, 1, NULL), -IOMM_EINVAL);
	assert_int_equal(iomm_alloc_type_free(type, NULL), -IOMM_EINVAL);
	assert_int_equal(iomm_alloc_type_free(NULL, at), -IOMM_EINVAL);
	assert_int_equal(iomm_alloc_type_fill(type, NULL, "", 1), -IOMM_EINVAL);
	assert_int_equal(iomm_alloc_type_seal(type, at), -IOMM_EINVAL);
	assert_int_equal(iomm_alloc_type_sync(NULL), -IOMM_EINVAL);
	assert_int_equal(iomm_alloc_type_stats(NULL, &stats), -IOMM_EINVAL);
	assert_int_equal(iomm_alloc_type_stats(type, &stats), -IOMM_EINVAL);
	assert_int_equal(iomm_allocator_trim(NULL), -IOMM_EINVAL);
	assert_int_equal(iomm_alloc_type_number(NULL), 0);
	assert_int_equal(iomm_alloc_type_number(type), IOMM_ALLOC_TEXT);
	assert_ptr_equal(at, UNTOUCHED);
	assert_ptr_equal(none, UNTOUCHED);
	iomm_alloc_type_put(iomm_alloc_type_get(type));
	iomm_allocator_put(iomm_allocator_get(rig.allocator));
	iomm_alloc_type_put(type);
	pools_close(&rig);
}

/* ---- Sizes ---- */

static void test_sizes(void **state)
{
	struct iomm_alloc_desc desc = data_desc();
	struct iomm_alloc_type *type;
	struct pools rig = { 0 };
	void *at = UNTOUCHED, *small, *exact;

	(void)state;
	pools_open(&rig, &desc, 1, true);
	type = pools_type(&rig, IOMM_ALLOC_DATA);
	assert_fails(iomm_alloc_type_alloc(type, 0, &at), IOMM_EINVAL,
		     rig.world.ctx, "0 bytes");
	assert_fails(iomm_alloc_type_alloc(type, UINT64_MAX, &at), IOMM_ENOMEM,
		     rig.world.ctx, "more than");
	assert_fails(iomm_alloc_type_alloc(type, UINT64_MAX - KIB(64), &at),
		     IOMM_ENOMEM, rig.world.ctx, "more than");
	assert_fails(iomm_alloc_type_alloc(type, MIB(8), &at), IOMM_ENOSPC,
		     rig.world.ctx, "type 2");
	assert_ptr_equal(at, UNTOUCHED);

	/* Rounded up to 16, side by side, and the rest fits exactly. */
	small = alloc_ok(type, 1);
	exact = alloc_ok(type, KIB(64) - 16);
	assert_ptr_equal(exact, (char *)small + 16);
	assert_int_equal(type_stats(type).grants, 1);
	assert_int_equal(type_stats(type).asked, KIB(64));
	assert_int_equal(type_stats(type).wasted, 0);
	assert_int_equal(type_stats(type).largest_hole, 0);
	assert_ok(iomm_alloc_type_free(type, small));
	assert_int_equal(type_stats(type).largest_hole, 16);
	small = alloc_ok(type, 16);
	assert_int_equal(type_stats(type).grants, 1);
	assert_ok(iomm_alloc_type_free(type, small));
	assert_ok(iomm_alloc_type_free(type, exact));
	/* All there is, in one piece. */
	assert_ok(iomm_allocator_trim(rig.allocator));
	at = alloc_ok(type, MEMORY_BYTES);
	assert_int_equal(type_stats(type).grants, 1);
	assert_ok(iomm_alloc_type_free(type, at));
	iomm_alloc_type_put(type);
	pools_close(&rig);
}

static void test_fill(void **state)
{
	struct iomm_alloc_desc desc = data_desc();
	struct iomm_alloc_type *type;
	struct pools rig = { 0 };
	char *one, *two;

	(void)state;
	pools_open(&rig, &desc, 1, true);
	type = pools_type(&rig, IOMM_ALLOC_DATA);
	one = alloc_ok(type, 32);
	two = alloc_ok(type, 32);
	/* The last one and another, from any byte on, up to the last. */
	assert_ok(iomm_alloc_type_fill(type, two + 31, "z", 1));
	assert_ok(iomm_alloc_type_fill(type, one + 31, "y", 1));
	assert_int_equal(one[31], 'y');
	assert_int_equal(two[31], 'z');
	assert_fails(iomm_alloc_type_fill(type, two + 31, "zz", 2), IOMM_EINVAL,
		     rig.world.ctx, "1 more than there are");
	assert_fails(iomm_alloc_type_fill(type, one + 31, "zz", 2), IOMM_EINVAL,
		     rig.world.ctx, "1 more than there are");
	assert_fails(iomm_alloc_type_fill(type, two + 32, "z", 1), IOMM_EINVAL,
		     rig.world.ctx, "nothing is allocated");
	assert_int_equal(two[0], 0);
	assert_ok(iomm_alloc_type_free(type, two));
	assert_fails(iomm_alloc_type_fill(type, two, "z", 1), IOMM_EINVAL,
		     rig.world.ctx, "nothing is allocated");
	assert_ok(iomm_alloc_type_free(type, one));
	assert_fails(iomm_alloc_type_fill(type, one, "z", 1), IOMM_EINVAL,
		     rig.world.ctx, "nothing is allocated");
	iomm_alloc_type_put(type);
	pools_close(&rig);
}

static void test_free_takes_the_exact_pointer(void **state)
{
	struct iomm_alloc_desc desc[2] = { text_desc(), data_desc() };
	struct iomm_alloc_type *text, *data;
	struct pools rig = { 0 };
	struct iomm_ctx *ctx;
	char *at, *next;
	int local;

	(void)state;
	pools_open(&rig, desc, 2, true);
	ctx = rig.world.ctx;
	text = pools_type(&rig, IOMM_ALLOC_TEXT);
	data = pools_type(&rig, IOMM_ALLOC_DATA);
	at = alloc_ok(text, 100);
	next = alloc_ok(text, 100);
	assert_fails(iomm_alloc_type_free(text, at + 16), IOMM_EINVAL, ctx,
		     "is inside");
	assert_fails(iomm_alloc_type_free(text, at + 1), IOMM_EINVAL, ctx,
		     "is inside");
	assert_fails(iomm_alloc_type_free(text, &local), IOMM_EINVAL, ctx,
		     "nothing is allocated");
	assert_fails(iomm_alloc_type_free(data, at), IOMM_EINVAL, ctx,
		     "nothing is allocated");
	assert_int_equal(type_stats(text).allocations, 2);
	assert_ok(iomm_alloc_type_free(text, at));
	assert_fails(iomm_alloc_type_free(text, at), IOMM_EINVAL, ctx,
		     "nothing is allocated");
	assert_int_equal(type_stats(text).allocations, 1);
	assert_int_equal(type_stats(text).asked, 112);
	assert_ok(iomm_alloc_type_free(text, next));
	iomm_alloc_type_put(text);
	iomm_alloc_type_put(data);
	pools_close(&rig);
}

/* ---- Granularity ---- */

static void test_fresh_pages_each_time(void **state)
{
	struct iomm_alloc_desc desc = data_desc();
	struct iomm_alloc_type *type;
	struct pools rig = { 0 };
	char *one, *two;

	(void)state;
	desc.granularity = desc.alignment = 4096;
	pools_open(&rig, &desc, 1, true);
	type = pools_type(&rig, IOMM_ALLOC_DATA);
	one = alloc_ok(type, 10);
	two = alloc_ok(type, 10);
	assert_int_equal(type_stats(type).grants, 2);
	memset(one, 1, 4096);
	assert_ok(iomm_alloc_type_free(type, one));
	assert_int_equal(type_stats(type).grants, 1);
	assert_int_equal(rig.memory.grants, 1);
	assert_ok(iomm_alloc_type_free(type, two));
	assert_int_equal(rig.memory.grants, 0);
	iomm_alloc_type_put(type);
	pools_close(&rig);
}

static void test_grants_go_back(void **state)
{
	struct iomm_alloc_desc desc = data_desc();
	struct iomm_alloc_type *type;
	struct pools rig = { 0 };
	void *at[32];
	uint32_t n;

	(void)state;
	pools_open(&rig, &desc, 1, true);
	type = pools_type(&rig, IOMM_ALLOC_DATA);
	for (n = 0; n < LENGTH(at); n++)
		at[n] = alloc_ok(type, KIB(64));
	assert_int_equal(rig.memory.grants, 32);
	for (n = 0; n < LENGTH(at); n++)
		assert_ok(iomm_alloc_type_free(type, at[n]));
	/* 256 KiB are kept, and no more. */
	assert_int_equal(rig.memory.grants, 4);
	assert_int_equal(type_stats(type).largest_hole, KIB(64));
	assert_ok(iomm_allocator_trim(rig.allocator));
	assert_int_equal(rig.memory.grants, 0);
	assert_int_equal(type_stats(type).granted, 0);
	iomm_alloc_type_put(type);
	pools_close(&rig);
}

/* ---- Ranges ---- */

static void
spill(struct pools *rig, uint32_t flags, uint64_t distance, uint32_t expected)
{
	uint64_t base = (uintptr_t)rig->memory.base;
	struct iomm_alloc_range range[2] = {
		{ base + KIB(128), base + KIB(256) - 1 },
		{ base + MIB(1), base + MIB(1) + KIB(64) - 1 },
	};
	struct iomm_alloc_desc desc = data_desc();
	struct iomm_alloc_type *type;
	void *at[4], *none = UNTOUCHED;
	uint32_t n;

	desc.flags = flags;
	desc.ranges = range;
	desc.range_count = 2;
	desc.anchor = base;
	desc.distance = distance;
	rig->memory.released = 0;
	assert_ok(pools_create(rig, &desc, 1, 0, true));
	memset(range, 0xff, sizeof(range)); /* it was copied */
	type = pools_type(rig, IOMM_ALLOC_DATA);
	for (n = 0; n < expected; n++)
		at[n] = alloc_ok(type, KIB(64));
	assert_fails(iomm_alloc_type_alloc(type, KIB(64), &none), IOMM_ENOSPC,
		     rig->world.ctx, "type 2");
	for (n = 0; n < expected; n++) {
		assert_ptr_equal(at[n],
				 rig->memory.base +
					 (n < 2 ? KIB(128 + 64 * n) : MIB(1)));
		assert_ok(iomm_alloc_type_free(type, at[n]));
	}
	iomm_alloc_type_put(type);
	iomm_allocator_put(rig->allocator);
}

static void test_second_range(void **state)
{
	struct pools rig = { 0 };

	(void)state;
	world_init(&rig.world);
	assert_ok(world_create(&rig.world));
	memory_init(&rig.memory);
	spill(&rig, 0, 0, 2);
	spill(&rig, IOMM_ALLOC_SECOND_RANGE, 0, 3);
	/* What is out of reach is not there: all, half, none of the first. */
	spill(&rig, IOMM_ALLOC_SECOND_RANGE, KIB(256) - 1, 2);
	spill(&rig, IOMM_ALLOC_SECOND_RANGE, KIB(256) - 2, 1);
	spill(&rig, IOMM_ALLOC_SECOND_RANGE, 1, 0);
	world_end(&rig.world);
	memory_fini(&rig.memory);
}

/* ---- Types that share ---- */

static void test_mapto(void **state)
{
	struct iomm_alloc_desc desc[3] = {
		{ .type = USER, .mapto = IOMM_ALLOC_DATA },
		data_desc(),
		{ .type = USER + 7, .mapto = IOMM_ALLOC_DATA },
	};
	struct iomm_alloc_type *data, *user;
	struct iomm_allocation seen = { .size = sizeof(seen) };
	struct pools rig = { 0 };
	char *of_data, *of_user;

	(void)state;
	pools_open(&rig, desc, 3, true);
	data = pools_type(&rig, IOMM_ALLOC_DATA);
	user = pools_type(&rig, USER);
	of_data = alloc_ok(data, 32);
	of_user = alloc_ok(user, 48);
	assert_ptr_equal(of_user, of_data + 32);
	assert_int_equal(type_stats(data).allocations, 1);
	assert_int_equal(type_stats(data).asked, 32);
	assert_int_equal(type_stats(user).asked, 48);
	assert_int_equal(type_stats(user).wasted, KIB(64) - 80);
	/* Each is freed as what it was allocated. */
	assert_fails(iomm_alloc_type_free(data, of_user), IOMM_EINVAL,
		     rig.world.ctx, "another type");
	assert_fails(iomm_alloc_type_fill(data, of_user, "x", 1), IOMM_EINVAL,
		     rig.world.ctx, "another type");
	assert_ok(iomm_allocator_find(rig.allocator, of_user + 47, &seen));
	assert_int_equal(seen.type, USER);
	assert_ptr_equal(seen.address, of_user);
	assert_int_equal(seen.bytes, 48);
	assert_ptr_equal(seen.grant, of_data);
	assert_int_equal(seen.grant_bytes, KIB(64));
	assert_ok(iomm_alloc_type_free(user, of_user));
	assert_ok(iomm_alloc_type_free(data, of_data));
	iomm_alloc_type_put(data);
	iomm_alloc_type_put(user);
	pools_close(&rig);
}

/* ---- Walks ---- */

static void test_walk(void **state)
{
	struct iomm_alloc_desc desc = data_desc();
	struct iomm_allocation seen = { .size = sizeof(seen) };
	struct iomm_alloc_type *type;
	struct pools rig = { 0 };
	char *at[100];
	uint32_t n, count = 0;
	void *last = NULL;

	(void)state;
	pools_open(&rig, &desc, 1, true);
	type = pools_type(&rig, IOMM_ALLOC_DATA);
	assert_int_equal(iomm_alloc_type_next(type, NULL, &seen), -IOMM_ENOENT);
	for (n = 0; n < LENGTH(at); n++)
		at[n] = alloc_ok(type, 1000 * (n % 7 + 1));
	for (n = 0; n < LENGTH(at); n += 3)
		assert_ok(iomm_alloc_type_free(type, at[n]));
	while (!iomm_alloc_type_next(type, last, &seen)) {
		assert_true(seen.address > last);
		for (n = 0; n < LENGTH(at); n++)
			count += n % 3 && at[n] == (char *)seen.address;
		last = seen.address;
	}
	assert_int_equal(count, 66);
	assert_int_equal(iomm_alloc_type_next(type, (void *)UINTPTR_MAX, &seen),
			 -IOMM_ENOENT);
	assert_int_equal(iomm_allocator_find(rig.allocator, at[0], &seen),
			 -IOMM_ENOENT);
	for (n = 0; n < LENGTH(at); n++)
		assert_int_equal(iomm_alloc_type_free(type, at[n]),
				 n % 3 ? 0 : -IOMM_EINVAL);
	iomm_alloc_type_put(type);
	pools_close(&rig);
}

/* ---- Layouts ---- */

static void test_layout(void **state)
{
	struct iomm_alloc_desc desc[2] = { text_desc(), data_desc() };
	struct iomm_alloc_part part[3] = {
		{ .size = sizeof(*part), .type = 1, .bytes = 100 },
		{ .size = sizeof(*part), .type = 2, .bytes = 200 },
		{ .size = sizeof(*part), .type = 1, .bytes = 300 },
	};
	struct iomm_alloc_type *text, *data;
	struct pools rig = { 0 };

	(void)state;
	pools_open(&rig, desc, 2, true);
	text = pools_type(&rig, IOMM_ALLOC_TEXT);
	data = pools_type(&rig, IOMM_ALLOC_DATA);
	part[2].bytes = MIB(64);
	assert_int_equal(iomm_allocator_layout(rig.allocator, part,
					       sizeof(*part), 3),
			 -IOMM_ENOSPC);
	part[2].bytes = 0;
	assert_int_equal(iomm_allocator_layout(rig.allocator, part,
					       sizeof(*part), 3),
			 -IOMM_EINVAL);
	part[2].bytes = 300;
	part[2].type = 9;
	assert_int_equal(iomm_allocator_layout(rig.allocator, part,
					       sizeof(*part), 3),
			 -IOMM_ENOENT);
	part[2].type = 1;
	part[1].size = 1;
	assert_int_equal(iomm_allocator_layout(rig.allocator, part,
					       sizeof(*part), 3),
			 -IOMM_EINVAL);
	part[1].size = sizeof(*part);
	assert_int_equal(iomm_allocator_layout(rig.allocator, part, 4, 3),
			 -IOMM_EINVAL);
	assert_int_equal(iomm_allocator_layout(rig.allocator, part,
					       sizeof(*part), 0),
			 -IOMM_EINVAL);
	/* None of them left anything. */
	assert_null(part[0].address);
	assert_int_equal(type_stats(text).allocations, 0);
	assert_int_equal(type_stats(data).allocations, 0);
	assert_ok(iomm_allocator_layout(rig.allocator, part, sizeof(*part), 3));
	assert_int_equal(type_stats(text).allocations, 2);
	assert_ok(iomm_alloc_type_free(text, part[0].address));
	assert_ok(iomm_alloc_type_free(data, part[1].address));
	assert_ok(iomm_alloc_type_free(text, part[2].address));
	iomm_alloc_type_put(text);
	iomm_alloc_type_put(data);
	pools_close(&rig);
}

/* ---- Lifetimes ---- */

static void test_allocations_hold(void **state)
{
	struct iomm_alloc_desc desc = data_desc();
	struct iomm_alloc_type *type;
	struct pools rig = { 0 };
	void *one, *two;

	(void)state;
	pools_open(&rig, &desc, 1, true);
	type = pools_type(&rig, IOMM_ALLOC_DATA);
	iomm_allocator_put(rig.allocator);
	one = alloc_ok(type, 1);
	two = alloc_ok(type, 1);
	iomm_alloc_type_put(type);
	/* Nobody has a handle, and the memory is there. */
	assert_int_equal(world_live(&rig.world, IOMM_HANDLE_ALLOCATOR), 1);
	assert_int_equal(world_live(&rig.world, IOMM_HANDLE_ALLOC_TYPE), 0);
	*(char *)one = *(char *)two = 1;
	type = pools_type(&rig, IOMM_ALLOC_DATA);
	assert_ok(iomm_alloc_type_free(type, one));
	assert_ok(iomm_alloc_type_free(type, two));
	assert_int_equal(rig.memory.released, 0);
	iomm_alloc_type_put(type);
	assert_int_equal(rig.memory.released, 1);
	world_end(&rig.world);
	memory_fini(&rig.memory);
}

static void test_a_dead_process(void **state)
{
	struct iomm_alloc_desc desc = data_desc();
	struct iomm_allocator_info info = { .size = sizeof(info) };
	struct iomm_allocation seen = { .size = sizeof(seen) };
	struct iomm_alloc_part part = { .size = sizeof(part),
					.type = 2,
					.bytes = 1 };
	struct iomm_alloc_type *type;
	struct pools rig = { 0 };
	void *at, *none = UNTOUCHED;

	(void)state;
	pools_open(&rig, &desc, 1, true);
	type = pools_type(&rig, IOMM_ALLOC_DATA);
	at = alloc_ok(type, 1);
	assert_ok(iomm_allocator_info(rig.allocator, &info));
	assert_int_equal(info.flags,
			 IOMM_ALLOCATOR_ALIAS | IOMM_ALLOCATOR_BARRIER);
	assert_int_equal(info.page, MEMORY_PAGE);
	assert_int_equal(info.huge, MIB(2));
	rig.memory.alive = 0;
	assert_int_equal(iomm_alloc_type_alloc(type, 1, &none),
			 -IOMM_EOPNOTSUPP);
	assert_fails(iomm_alloc_type_free(type, at), IOMM_EOPNOTSUPP,
		     rig.world.ctx, "forked");
	assert_int_equal(iomm_alloc_type_fill(type, at, "", 1),
			 -IOMM_EOPNOTSUPP);
	assert_int_equal(iomm_alloc_type_sync(type), -IOMM_EOPNOTSUPP);
	assert_int_equal(iomm_allocator_trim(rig.allocator), -IOMM_EOPNOTSUPP);
	assert_int_equal(iomm_allocator_find(rig.allocator, at, &seen),
			 -IOMM_EOPNOTSUPP);
	assert_int_equal(iomm_allocator_layout(rig.allocator, &part,
					       sizeof(part), 1),
			 -IOMM_EOPNOTSUPP);
	assert_int_equal(iomm_alloc_type_next(type, NULL, &seen),
			 -IOMM_EOPNOTSUPP);
	assert_ok(iomm_allocator_info(rig.allocator, &info));
	assert_true(info.flags & IOMM_ALLOCATOR_DEAD);
	rig.memory.alive = 1;
	assert_ok(iomm_alloc_type_free(type, at));
	iomm_alloc_type_put(type);
	pools_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_calls),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_fill),
		cmocka_unit_test(test_free_takes_the_exact_pointer),
		cmocka_unit_test(test_fresh_pages_each_time),
		cmocka_unit_test(test_grants_go_back),
		cmocka_unit_test(test_second_range),
		cmocka_unit_test(test_mapto),
		cmocka_unit_test(test_walk),
		cmocka_unit_test(test_layout),
		cmocka_unit_test(test_allocations_hold),
		cmocka_unit_test(test_a_dead_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
