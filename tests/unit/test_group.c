/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Groups: who gets into which, and what can be asked of them. */
#include "unit/group_support.h"

#include "device/group.h"

static void test_number(void **state)
{
	struct world *w = *state;
	struct iomm_device *one, *two;
	struct iomm_group *a;
	struct mock mock;
	uint32_t number = 77;

	world_small(w);
	mock_register(&mock, w, "first");
	one = crowd_bound(w, "one");
	two = crowd_bound(w, "two");
	a = group_of(one);
	assert_int_equal(group_number(one), 0);
	assert_int_equal(group_number(two), 1);
	assert_int_equal(iomm_group_number(NULL, &number), -IOMM_EINVAL);
	assert_int_equal(iomm_group_number((void *)one, &number), -IOMM_EINVAL);
	assert_fails(iomm_group_number(a, NULL), IOMM_EINVAL, w->ctx,
		     "iomm_group_number");
	assert_int_equal(number, 77);
	/* A number is not used again, and a held group keeps its own. */
	assert_ok(iomm_device_remove(one, 0));
	iomm_device_put(one);
	one = crowd_bound(w, "one");
	assert_int_equal(group_number(one), 2);
	assert_ok(iomm_group_number(a, &number));
	assert_int_equal(number, 0);
	iomm_group_put(a);
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
	one = crowd_bound(w, "one");
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

/* Questions */

static void test_info(void **state)
{
	struct iomm_group_info info = { .size = sizeof(info) };
	struct world *w = *state;
	struct iomm_device *a, *b;
	struct iomm_domain *domain = NULL;
	struct iomm_group *group;
	struct mock mock;

	world_crowd(w);
	crowd_register(&mock, w, "first");
	a = crowd_bound(w, "own");
	iomm_device_put(a);
	a = crowd_bound(w, "a");
	group = group_of(a);
	assert_int_equal(iomm_group_info(NULL, &info), -IOMM_EINVAL);
	assert_int_equal(iomm_group_info((void *)a, &info), -IOMM_EINVAL);
	assert_fails(iomm_group_info(group, NULL), IOMM_EINVAL, w->ctx,
		     "iomm_group_info is NULL");
	info.size = 20;
	assert_fails(iomm_group_info(group, &info), IOMM_EINVAL, w->ctx,
		     "iomm_group_info");
	info = group_info(group);
	assert_int_equal(info.size, sizeof(info));
	assert_int_equal(info.number, 1);
	assert_int_equal(info.nr_devices, 1);
	assert_int_equal(info.flags, 0);
	b = crowd_bound(w, "b");
	assert_ok(iomm_domain_create(a, NULL, &domain));
	assert_ok(iomm_domain_attach(domain, a));
	info = group_info(group);
	assert_int_equal(info.nr_devices, 2);
	assert_int_equal(info.flags, IOMM_GROUP_ATTACHED);
	iomm_device_put(a);
	assert_int_equal(group_info(group).nr_devices, 1);
	iomm_device_put(b);
	info = group_info(group);
	assert_int_equal(info.nr_devices, 0);
	assert_int_equal(info.flags, IOMM_GROUP_DEAD);
	assert_int_equal(info.number, 1);
	iomm_domain_put(domain);
	iomm_group_put(group);
	mock_end(&mock);
}

static void
assert_device(struct iomm_group *group, uint32_t index, struct iomm_device *is)
{
	struct iomm_device *device = NULL;

	assert_ok(iomm_group_device(group, index, &device));
	assert_ptr_equal(device, is);
	iomm_device_put(device);
}

static void test_device(void **state)
{
	struct iomm_device *a, *b, *c, *none = UNTOUCHED;
	struct world *w = *state;
	struct iomm_group *group;
	struct mock mock;

	world_crowd(w);
	crowd_register(&mock, w, "first");
	a = crowd_bound(w, "a");
	b = crowd_bound(w, "b");
	c = crowd_bound(w, "c");
	group = group_of(c);
	assert_int_equal(iomm_group_device(NULL, 0, &none), -IOMM_EINVAL);
	assert_fails(iomm_group_device(group, 0, NULL), IOMM_EINVAL, w->ctx,
		     "iomm_group_device");
	assert_device(group, 0, a);
	assert_device(group, 1, b);
	assert_device(group, 2, c);
	assert_fails(iomm_group_device(group, 3, &none), IOMM_ENOENT, w->ctx,
		     "group 0 has no device 3");
	assert_ok(iomm_device_remove(b, 0));
	assert_device(group, 1, c);
	assert_int_equal(iomm_group_device(group, 2, &none), -IOMM_ENOENT);
	iomm_device_put(a);
	iomm_device_put(b);
	iomm_device_put(c);
	assert_int_equal(iomm_group_device(group, 0, &none), -IOMM_ENOENT);
	assert_ptr_equal(none, UNTOUCHED);
	iomm_group_put(group);
	mock_end(&mock);
}

/* Who gets into which */

static void test_shared_id(void **state)
{
	struct iomm_device *a, *b, *c, *own;
	struct world *w = *state;
	struct mock mock;

	world_crowd(w);
	crowd_register(&mock, w, "first");
	a = crowd_bound(w, "a");
	own = crowd_bound(w, "own");
	b = crowd_bound(w, "b");
	c = crowd_bound(w, "c"); /* by way of b */
	assert_int_equal(group_number(a), 0);
	assert_int_equal(group_number(b), 0);
	assert_int_equal(group_number(c), 0);
	assert_int_equal(group_number(own), 1);
	iomm_device_put(own);
	/* They stay together, also without the one that brought them together,
	 * and one that comes back does so too. */
	assert_ok(iomm_device_remove(b, 0));
	iomm_device_put(b);
	assert_int_equal(group_number(a), group_number(c));
	b = crowd_bound(w, "b");
	assert_int_equal(group_number(b), 0);
	/* An ID that nobody has any more is nobody's. */
	iomm_device_put(a);
	iomm_device_put(b);
	a = crowd_bound(w, "a");
	assert_int_equal(group_number(a), 2);
	iomm_device_put(a);
	iomm_device_put(c);
	mock_end(&mock);
}

static void test_two_instances(void **state)
{
	struct iomm_device *near, *far, *span;
	struct mock first, second;
	struct world *w = *state;

	world_crowd(w);
	crowd_register(&first, w, "first");
	crowd_register(&second, w, "second");
	/* The same number at another instance is another ID. */
	near = crowd_bound(w, "near");
	far = crowd_bound(w, "far");
	assert_int_equal(group_number(near), 0);
	assert_int_equal(group_number(far), 1);
	iomm_device_put(near);
	iomm_device_put(far);
	/* One device makes both sides a group. */
	near = crowd_bound(w, "near");
	span = crowd_bound(w, "span");
	far = crowd_bound(w, "far");
	assert_int_equal(group_number(near), 2);
	assert_int_equal(group_number(span), 2);
	assert_int_equal(group_number(far), 2);
	iomm_device_put(near);
	iomm_device_put(span);
	iomm_device_put(far);
	mock_end(&first);
	mock_end(&second);
}

static void test_key(void **state)
{
	struct iomm_device *p, *q, *r, *own;
	struct world *w = *state;
	struct iomm_group *group;
	struct mock mock;

	world_crowd(w);
	crowd_register(&mock, w, "first");
	p = crowd_bound(w, "p");
	q = crowd_bound(w, "q");
	own = crowd_bound(w, "own"); /* whose ID is as large as the key */
	r = crowd_bound(w, "r");
	assert_int_equal(group_number(q), group_number(p));
	assert_int_equal(group_number(r), group_number(p));
	assert_int_not_equal(group_number(own), group_number(p));
	group = group_of(p);
	assert_int_equal(group_info(group).nr_devices, 3);
	iomm_group_put(group);
	iomm_device_put(p);
	iomm_device_put(q);
	iomm_device_put(r);
	/* The key goes with the last that had it. */
	r = crowd_bound(w, "r");
	assert_int_equal(group_number(r), 2);
	iomm_device_put(r);
	iomm_device_put(own);
	mock_end(&mock);
}

static void test_key_refused(void **state)
{
	struct world *w = *state;
	struct iomm_device *p;
	struct mock mock;

	world_crowd(w);
	crowd_register(&mock, w, "first");
	p = world_device(w, "p");
	crowd_key_error = -IOMM_EIO;
	assert_fails(iomm_device_probe(p), IOMM_EIO, w->ctx,
		     "p: first cannot say which group is its");
	crowd_key_error = 3; /* neither 0 nor an error */
	assert_int_equal(iomm_device_probe(p), -IOMM_EPROTO);
	crowd_key_error = 0;
	assert_int_equal(mock.calls[MOCK_PROBE], 0);
	assert_int_equal(world_live(w, IOMM_HANDLE_GROUP), 0);
	assert_ok(iomm_device_probe(p));
	iomm_device_put(p);
	mock_end(&mock);
}

/* A device that would make two groups one. */
static void test_bridge(void **state)
{
	struct iomm_device *a, *b, *c;
	struct world *w = *state;
	struct iomm_group *group;
	struct mock mock;

	world_crowd(w);
	crowd_register(&mock, w, "first");
	a = crowd_bound(w, "a");
	c = crowd_bound(w, "c");
	b = world_device(w, "b");
	mock.nr_trace = 0;
	assert_fails(iomm_device_probe(b), IOMM_EBUSY, w->ctx,
		     "b goes by 0x10, as a of group 0 does, and by 0x11, as c "
		     "of group 1: groups in use cannot become one");
	assert_trace(&mock, "translate translate");
	assert_int_equal(device_state(b), IOMM_DEVICE_NONE);
	group = group_of(a);
	assert_int_equal(group_info(group).nr_devices, 1);
	iomm_group_put(group);
	/* When one of them is gone it can have that one's ID. */
	iomm_device_put(c);
	assert_ok(iomm_device_probe(b));
	assert_int_equal(group_number(b), 0);
	iomm_device_put(a);
	iomm_device_put(b);
	mock_end(&mock);
}

/* What a device has twice it has once. */
static void test_own_duplicates(void **state)
{
	struct iomm_device_id id[2];
	struct world *w = *state;
	struct iomm_device *twice;
	uint32_t count = 2;
	struct mock mock;

	world_crowd(w);
	crowd_register(&mock, w, "first");
	twice = crowd_bound(w, "twice");
	assert_int_equal(mock.calls[MOCK_TRANSLATE], 2);
	assert_int_equal(mock_find(&mock, 0xa0)->nr_ids, 1);
	assert_ok(iomm_device_ids(twice, id, sizeof(*id), &count));
	assert_int_equal(count, 1);
	assert_int_equal(id[0].id, 0xa0);
	iomm_device_put(twice);
	mock_end(&mock);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WORLD_TEST(test_number),    WORLD_TEST(test_get_and_put),
		WORLD_TEST(test_info),	    WORLD_TEST(test_device),
		WORLD_TEST(test_shared_id), WORLD_TEST(test_two_instances),
		WORLD_TEST(test_key),	    WORLD_TEST(test_key_refused),
		WORLD_TEST(test_bridge),    WORLD_TEST(test_own_duplicates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
