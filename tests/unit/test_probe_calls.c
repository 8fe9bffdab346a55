/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a driver's callbacks may call while a device is probed. */
#include "unit/support.h"

struct inside {
	struct iomm_device *self, *other;
	struct iomm_bus *bus;
	int probe_self, probe_other, remove_self, remove_other, unregister;
};

static void busy_probe(struct mock *mock, void *object)
{
	struct inside *in = mock->user;

	(void)object;
	mock->on[MOCK_PROBE] = NULL;
	in->probe_self = iomm_device_probe(in->self);
	in->remove_self = iomm_device_remove(in->self, IOMM_FOREVER);
	in->probe_other = iomm_device_probe(in->other);
	in->remove_other = iomm_device_remove(in->other, IOMM_FOREVER);
	in->unregister = iomm_iommu_unregister(mock->iommu, IOMM_FOREVER);
	/* The last reference: destroyed when the probe is done with all. */
	iomm_device_put(in->other);
	assert_int_equal(world_live(mock->w, IOMM_HANDLE_DEVICE), 2);
}

static void test_calls_in_callbacks(void **state)
{
	struct world *w = *state;
	struct inside in;
	struct mock mock;

	world_small(w);
	mock_register(&mock, w, "first");
	in.self = world_device(w, "one");
	in.other = world_device(w, "two");
	mock.on[MOCK_PROBE] = busy_probe;
	mock.user = &in;
	assert_ok(iomm_device_probe(in.self));
	assert_int_equal(in.probe_self, -IOMM_EDEADLK);
	assert_int_equal(in.remove_self, -IOMM_EDEADLK);
	assert_int_equal(in.unregister, -IOMM_EDEADLK);
	/* Nobody is at the other one, so nothing has to wait. */
	assert_int_equal(in.probe_other, 0);
	assert_int_equal(in.remove_other, 0);
	assert_int_equal(world_live(w, IOMM_HANDLE_DEVICE), 1);
	assert_int_equal(device_state(in.self), IOMM_DEVICE_BOUND);
	assert_ok(iomm_device_remove(in.self, 0));
	iomm_device_put(in.self);
	mock_end(&mock);
}

static void put_bus(struct mock *mock, void *object)
{
	struct inside *in = mock->user;

	(void)object;
	iomm_bus_put(in->bus);
	in->bus = NULL;
}

/* A put inside any callback is legal, and takes effect when it is over. */
static void test_put_in_callbacks(void **state)
{
	static const enum mock_call calls[] = { MOCK_TRANSLATE, MOCK_PROBE,
						MOCK_BLOCK, MOCK_RELEASE };
	struct world *w = *state;
	struct inside in = { 0 };
	struct iomm_device *one;
	struct mock mock;
	uint32_t n;

	world_small(w);
	mock_register(&mock, w, "first");
	mock.user = &in;
	for (n = 0; n < LENGTH(calls); n++) {
		assert_ok(iomm_bus_create_platform(w->firmware, "x", &in.bus));
		mock.on[calls[n]] = put_bus;
		one = world_device(w, "one");
		assert_ok(iomm_device_probe(one));
		assert_ok(iomm_device_remove(one, 0));
		mock.on[calls[n]] = NULL;
		assert_null(in.bus);
		assert_int_equal(world_live(w, IOMM_HANDLE_BUS), 1);
		iomm_device_put(one);
	}
	mock_end(&mock);
}

/* The last handle of another context, put inside a callback of this one. */
static void put_foreign(struct mock *mock, void *object)
{
	struct world *foreign = mock->user;

	(void)object;
	mock->on[MOCK_PROBE] = NULL;
	iomm_ctx_put(foreign->ctx);
	assert_int_equal(foreign->released, 1);
	foreign->ctx = NULL;
}

static void test_put_of_another_context(void **state)
{
	struct world *w = *state, foreign;
	struct iomm_device *one;
	struct mock mock;

	world_init(&foreign);
	assert_ok(world_create(&foreign));
	world_small(w);
	mock_register(&mock, w, "first");
	mock.on[MOCK_PROBE] = put_foreign;
	mock.user = &foreign;
	one = world_device(w, "one");
	assert_ok(iomm_device_probe(one));
	world_end(&foreign);
	iomm_device_put(one);
	mock_end(&mock);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WORLD_TEST(test_calls_in_callbacks),
		WORLD_TEST(test_put_in_callbacks),
		WORLD_TEST(test_put_of_another_context),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
