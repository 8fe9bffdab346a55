/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Groups. */
#include "unit/support.h"

#include "device/group.h"

static struct iomm_group *group_of(struct iomm_device *device)
{
	struct iomm_group *group = NULL;

	assert_ok(iomm_device_probe(device));
	assert_ok(iomm_device_group(device, &group));
	return group;
}

static uint32_t number_of(struct iomm_group *group)
{
	uint32_t number = UINT32_MAX;

	assert_ok(iomm_group_number(group, &number));
	return number;
}

static void test_number(void **state)
{
	struct world *w = *state;
	struct iomm_device *one, *two;
	struct iomm_group *a, *b, *c;
	struct mock mock;
	uint32_t number = 77;

	world_small(w);
	mock_register(&mock, w, "first");
	one = world_device(w, "one");
	two = world_device(w, "two");
	a = group_of(one);
	b = group_of(two);
	assert_int_equal(number_of(a), 0);
	assert_int_equal(number_of(b), 1);
	assert_int_equal(iomm_group_number(NULL, &number), -IOMM_EINVAL);
	assert_int_equal(iomm_group_number((void *)one, &number), -IOMM_EINVAL);
	assert_fails(iomm_group_number(a, NULL), IOMM_EINVAL, w->ctx,
		     "iomm_group_number");
	assert_int_equal(number, 77);
	/* A number is not used again, and a held group keeps its own. */
	assert_ok(iomm_device_remove(one, 0));
	iomm_device_put(one);
	one = world_device(w, "one");
	c = group_of(one);
	assert_int_equal(number_of(c), 2);
	assert_int_equal(number_of(a), 0);
	iomm_group_put(a);
	iomm_group_put(b);
	iomm_group_put(c);
	iomm_device_put(one);
	iomm_device_put(two);
	mock_end(&mock);
}

static void test_get_and_put(void **state)
{
	struct world *w = *state;
	struct iomm_device *one;
	struct iomm_group *group;
	struct mock mock;

	world_small(w);
	mock_register(&mock, w, "first");
	one = world_device(w, "one");
	group = group_of(one);
	assert_ptr_equal(iomm_group_get(group), group);
	iomm_group_put(group);
	iomm_device_put(one);
	/* It outlives its device, for as long as it is held. */
	assert_int_equal(world_live(w, IOMM_HANDLE_GROUP), 1);
	assert_null(iomm_group_attached(group));
	iomm_group_put(group);
	assert_int_equal(world_live(w, IOMM_HANDLE_GROUP), 0);
	assert_null(iomm_group_get(NULL));
	iomm_group_put(NULL);
	mock_end(&mock);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WORLD_TEST(test_number),
		WORLD_TEST(test_get_and_put),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
