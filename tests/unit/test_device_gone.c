/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Devices that go by surprise, and what users keep with a device. */
#include "unit/support.h"

/* By surprise */

static bool is_due(struct world *w)
{
	uint64_t deadline = IOMM_FOREVER;

	return !iomm_ctx_next_deadline(w->ctx, &deadline) && !deadline;
}

static bool has_gone(struct iomm_device *device)
{
	struct iomm_device_info info = { .size = sizeof(info) };
	int gone = iomm_device_gone(device);

	assert_ok(iomm_device_info(device, &info));
	assert_int_equal(gone, !!(info.flags & IOMM_DEVICE_INFO_GONE));
	return gone;
}

/* It is closed at once, and taken away by iomm_ctx_run(). */
static void test_gone(void **state)
{
	struct world *w = *state;
	struct iomm_device_guard guard;
	struct iomm_device *device;
	struct mock mock;
	uint32_t wakeups;

	world_small(w);
	mock_register(&mock, w, "first");
	device = world_device(w, "one");
	assert_ok(iomm_device_probe(device));
	assert_trace(&mock, "translate probe block");
	assert_false(has_gone(device));
	wakeups = w->wakeups;
	assert_ok(iomm_device_set_gone(device));
	assert_true(has_gone(device));
	assert_int_equal(w->wakeups, wakeups + 1);
	assert_true(is_due(w));
	assert_fails(iomm_device_enter(device, &guard), IOMM_ENODEV, w->ctx,
		     "device one is gone");
	assert_int_equal(iomm_device_probe(device), -IOMM_ENODEV);
	assert_int_equal(device_state(device), IOMM_DEVICE_BOUND);
	assert_trace(&mock, "");
	assert_ok(iomm_device_set_gone(device));
	assert_int_equal(w->wakeups, wakeups + 1);
	assert_ok(iomm_ctx_run(w->ctx));
	assert_int_equal(device_state(device), IOMM_DEVICE_REMOVED);
	assert_trace(&mock, "block release");
	assert_false(is_due(w));
	assert_true(has_gone(device));
	/* The name is free: it may come back, as another. */
	iomm_device_put(world_device(w, "one"));
	iomm_device_put(device);
	mock_end(&mock);
}

static void test_gone_refuses(void **state)
{
	struct world *w = *state;

	world_small(w);
	assert_int_equal(iomm_device_set_gone(NULL), -IOMM_EINVAL);
	assert_int_equal(iomm_device_set_gone((void *)w->bus), -IOMM_EINVAL);
	assert_int_equal(iomm_device_gone(NULL), -IOMM_EINVAL);
	assert_int_equal(iomm_device_gone((void *)w->bus), -IOMM_EINVAL);
}

/* While somebody is inside nothing is due; when he has left it is. */
static void test_gone_with_guards(void **state)
{
	struct world *w = *state;
	struct iomm_device_guard outer, inner;
	struct iomm_device *device;
	struct mock mock;

	world_small(w);
	mock_register(&mock, w, "first");
	device = world_device(w, "one");
	assert_ok(iomm_device_probe(device));
	assert_ok(iomm_device_enter(device, &outer));
	assert_ok(iomm_device_enter(device, &inner));
	assert_ok(iomm_device_set_gone(device));
	assert_true(has_gone(device));
	assert_ok(iomm_ctx_run(w->ctx));
	assert_int_equal(device_state(device), IOMM_DEVICE_BOUND);
	assert_false(is_due(w));
	/* A removal that does not wait for them does not open it again. */
	assert_int_equal(iomm_device_remove(device, 0), -IOMM_EDEADLK);
	iomm_device_exit(&inner);
	assert_false(is_due(w));
	assert_int_equal(iomm_device_enter(device, &inner), -IOMM_ENODEV);
	iomm_device_exit(&outer);
	assert_true(is_due(w));
	assert_ok(iomm_ctx_run(w->ctx));
	assert_int_equal(device_state(device), IOMM_DEVICE_REMOVED);
	assert_int_equal(mock.devices, 0);
	iomm_device_put(device);
	mock_end(&mock);
}

/* Removed by hand, before and after, and gone with its last reference. */
static void test_gone_in_any_order(void **state)
{
	struct world *w = *state;
	struct iomm_device *device;
	uint32_t n;

	world_small(w);
	for (n = 0; n < 4; n++) {
		device = world_device(w, "one");
		if (n == 1)
			assert_ok(iomm_device_remove(device, 0));
		assert_ok(iomm_device_set_gone(device));
		if (n == 2)
			assert_ok(iomm_device_remove(device, 0));
		if (n == 3)
			assert_ok(iomm_ctx_run(w->ctx));
		iomm_device_put(device);
		assert_int_equal(world_live(w, IOMM_HANDLE_DEVICE), 0);
	}
	assert_false(is_due(w));
	assert_ok(iomm_ctx_run(w->ctx));
}

/* Several, some of whom do not live to see iomm_ctx_run(). */
static void test_gone_together(void **state)
{
	static const char *const names[] = { "one", "two", "both", "other" };
	struct world *w = *state;
	struct iomm_device *device[LENGTH(names)];
	uint32_t n;

	world_small(w);
	for (n = 0; n < LENGTH(names); n++)
		device[n] = world_device(w, names[n]);
	for (n = 0; n < LENGTH(names); n++)
		assert_ok(iomm_device_set_gone(device[n]));
	iomm_device_put(device[1]);
	assert_true(is_due(w));
	iomm_device_put(device[3]);
	assert_int_equal(world_live(w, IOMM_HANDLE_DEVICE), 2);
	assert_ok(iomm_ctx_run(w->ctx));
	assert_false(is_due(w));
	assert_int_equal(device_state(device[0]), IOMM_DEVICE_REMOVED);
	assert_int_equal(device_state(device[2]), IOMM_DEVICE_REMOVED);
	iomm_device_put(device[0]);
	iomm_device_put(device[2]);
}

/* An atomic hook notices it: with locks held, and a table being worked on. */
static void notice(struct mock *mock, void *object)
{
	struct iomm_device *device = mock->user;

	(void)object;
	assert_int_equal(iomm_device_gone(device), 0);
	assert_ok(iomm_device_set_gone(device));
	assert_int_equal(iomm_device_gone(device), 1);
}

static void test_gone_in_atomic_hook(void **state)
{
	struct world *w = *state;
	struct iomm_domain *domain = NULL;
	struct iomm_device *device;
	struct mock mock;

	world_small(w);
	mock_register(&mock, w, "first");
	device = world_device(w, "one");
	assert_ok(iomm_device_probe(device));
	assert_ok(iomm_domain_create(device, NULL, &domain));
	assert_ok(iomm_domain_attach(domain, device));
	assert_ok(iomm_domain_map(domain, 0, 0, 4096, IOMM_PROT_READ, 0, NULL));
	mock.user = device;
	mock.on[MOCK_FLUSH] = notice;
	assert_ok(iomm_domain_unmap(domain, 0, 4096, NULL, NULL));
	mock.on[MOCK_FLUSH] = NULL;
	assert_true(has_gone(device));
	assert_true(is_due(w));
	assert_ok(iomm_ctx_run(w->ctx));
	assert_int_equal(device_state(device), IOMM_DEVICE_REMOVED);
	iomm_device_put(device);
	iomm_domain_put(domain);
	mock_end(&mock);
}

/* Kept with it */

static struct {
	char order[8];
	uint32_t count;
	struct mock *mock;
	uint32_t bound;
} kept;

static void release_kept(void *data)
{
	assert_true(kept.count < LENGTH(kept.order) - 1);
	kept.order[kept.count++] = *(const char *)data;
	if (kept.mock)
		kept.bound += kept.mock->devices;
}

static char letters[] = "abcd";
static const char key_a, key_b;

static void *data_of(struct iomm_device *device, const void *key)
{
	void *data = NULL;

	assert_ok(iomm_device_data(device, key, &data));
	return data;
}

static void test_data(void **state)
{
	struct world *w = *state;
	struct iomm_device *device, *other;
	void *data = UNTOUCHED;
	struct mock mock;

	memset(&kept, 0, sizeof(kept));
	world_small(w);
	mock_register(&mock, w, "first");
	kept.mock = &mock;
	device = world_device(w, "one");
	other = world_device(w, "two");
	assert_fails(iomm_device_data(device, &key_a, &data), IOMM_ENOENT,
		     w->ctx, "device one has no data under this key");
	assert_ptr_equal(data, UNTOUCHED);
	assert_ok(iomm_device_set_data(device, &key_a, &letters[0],
				       release_kept));
	assert_ok(iomm_device_set_data(device, &key_b, &letters[1],
				       release_kept));
	/* Nobody's to take back, and nothing at all. */
	assert_ok(iomm_device_set_data(device, NULL, NULL, NULL));
	assert_ptr_equal(data_of(device, &key_a), &letters[0]);
	assert_ptr_equal(data_of(device, &key_b), &letters[1]);
	assert_null(data_of(device, NULL));
	assert_int_equal(iomm_device_data(other, &key_a, &data), -IOMM_ENOENT);
	/* Once. */
	assert_fails(iomm_device_set_data(device, &key_a, &letters[2],
					  release_kept),
		     IOMM_EEXIST, w->ctx, "device one has data under this key");
	assert_string_equal(kept.order, "c");
	assert_ptr_equal(data_of(device, &key_a), &letters[0]);
	assert_int_equal(iomm_device_set_data(device, NULL, NULL, NULL),
			 -IOMM_EEXIST);
	/* A removal does not end it; the last reference does. */
	assert_ok(iomm_device_probe(device));
	assert_ok(iomm_device_remove(device, 0));
	assert_string_equal(kept.order, "c");
	assert_ptr_equal(data_of(device, &key_b), &letters[1]);
	assert_fails(iomm_device_set_data(device, &letters, &letters[3],
					  release_kept),
		     IOMM_ENODEV, w->ctx, "one is removed");
	assert_string_equal(kept.order, "cd");
	iomm_device_put(device);
	assert_string_equal(kept.order, "cdba");
	iomm_device_put(other);
	mock_end(&mock);
}

/* A last put that removes: first the removal, then what was kept. */
static void test_data_at_last_put(void **state)
{
	struct world *w = *state;
	struct iomm_device *device;
	struct mock mock;

	memset(&kept, 0, sizeof(kept));
	world_small(w);
	mock_register(&mock, w, "first");
	kept.mock = &mock;
	device = world_device(w, "one");
	assert_ok(
		iomm_device_set_data(device, NULL, &letters[0], release_kept));
	assert_ok(iomm_device_add_release(device, release_kept, &letters[1]));
	assert_ok(iomm_device_probe(device));
	iomm_device_put(device);
	assert_string_equal(kept.order, "ba");
	/* It was bound for the action, and not for the data. */
	assert_int_equal(kept.bound, 1);
	mock_end(&mock);
}

static void test_data_refuses(void **state)
{
	struct world *w = *state;
	struct iomm_device *device;
	void *data = UNTOUCHED;

	memset(&kept, 0, sizeof(kept));
	world_small(w);
	device = world_device(w, "one");
	assert_int_equal(iomm_device_set_data(NULL, NULL, &letters[0],
					      release_kept),
			 -IOMM_EINVAL);
	assert_int_equal(iomm_device_set_data((void *)w->bus, NULL, &letters[1],
					      release_kept),
			 -IOMM_EINVAL);
	assert_int_equal(iomm_device_set_data(NULL, NULL, NULL, NULL),
			 -IOMM_EINVAL);
	world_fail_at(w, 1);
	assert_fails(iomm_device_set_data(device, NULL, &letters[2],
					  release_kept),
		     IOMM_ENOMEM, w->ctx, "no memory for data of one");
	assert_ok(iomm_device_set_gone(device));
	assert_fails(iomm_device_set_data(device, NULL, &letters[3],
					  release_kept),
		     IOMM_ENODEV, w->ctx, "one is gone");
	assert_string_equal(kept.order, "abcd");
	assert_int_equal(iomm_device_data(NULL, NULL, &data), -IOMM_EINVAL);
	assert_int_equal(iomm_device_data((void *)w->bus, NULL, &data),
			 -IOMM_EINVAL);
	assert_fails(iomm_device_data(device, NULL, NULL), IOMM_EINVAL, w->ctx,
		     "iomm_device_data");
	assert_int_equal(iomm_device_data(device, NULL, &data), -IOMM_ENOENT);
	assert_ptr_equal(data, UNTOUCHED);
	iomm_device_put(device);
	assert_string_equal(kept.order, "abcd");
}

/* Questions */

static void test_info_sizes(void **state)
{
	struct world *w = *state;
	struct {
		struct iomm_device_info info;
		uint64_t later;
	} more = { .info.size = sizeof(more), .later = 5 };
	struct iomm_device_info info = { .size = sizeof(info) - 1 };
	struct iomm_device *device;

	world_small(w);
	device = world_device(w, "one");
	assert_int_equal(iomm_device_info(NULL, &info), -IOMM_EINVAL);
	assert_int_equal(iomm_device_info((void *)w->bus, &info), -IOMM_EINVAL);
	assert_fails(iomm_device_info(device, NULL), IOMM_EINVAL, w->ctx,
		     "iomm_device_info is NULL");
	assert_fails(iomm_device_info(device, &info), IOMM_EINVAL, w->ctx,
		     "iomm_device_info");
	assert_ok(iomm_device_info(device, &more.info));
	assert_int_equal(more.info.size, sizeof(info));
	assert_int_equal(more.later, 0);
	assert_int_equal(more.info.state, IOMM_DEVICE_NEW);
	assert_int_equal(more.info.flags, 0);
	iomm_device_put(device);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WORLD_TEST(test_gone),
		WORLD_TEST(test_gone_refuses),
		WORLD_TEST(test_gone_with_guards),
		WORLD_TEST(test_gone_in_any_order),
		WORLD_TEST(test_gone_together),
		WORLD_TEST(test_gone_in_atomic_hook),
		WORLD_TEST(test_data),
		WORLD_TEST(test_data_at_last_put),
		WORLD_TEST(test_data_refuses),
		WORLD_TEST(test_info_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
