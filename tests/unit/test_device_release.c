/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Release actions: what is tied to a device's presence. */
#include "unit/support.h"

#include "base/ctx.h"

struct action {
	struct world *w;
	struct iomm_device *device;
	struct mock *mock;
	char order[8];	/* the actions that ran */
	uint32_t bound; /* while they ran */
	int err;
};

static struct action action;

static void ran(char which)
{
	size_t n = strlen(action.order);

	assert_true(n + 1 < sizeof(action.order));
	action.order[n] = which;
	if (action.mock)
		action.bound += action.mock->devices;
}

static void action_a(void *data)
{
	assert_ptr_equal(data, &action);
	ran('a');
}

static void action_b(void *data)
{
	(void)data;
	ran('b');
}

/* What an action may want to do, and what it is told. */
static void action_uses(void *data)
{
	struct iomm_device_guard guard;

	(void)data;
	ran('u');
	assert_int_equal(iomm_device_enter(action.device, &guard),
			 -IOMM_ENODEV);
	assert_int_equal(iomm_device_add_release(action.device, action_b, NULL),
			 -IOMM_ENODEV);
	action.err = iomm_device_remove(action.device, IOMM_FOREVER);
	iomm_device_put(action.device);
}

static void begin_actions(struct world *w, const char *name)
{
	memset(&action, 0, sizeof(action));
	action.w = w;
	action.device = world_device(w, name);
}

static void test_release_order(void **state)
{
	struct world *w = *state;
	struct mock mock;

	world_small(w);
	mock_register(&mock, w, "first");
	begin_actions(w, "one");
	action.mock = &mock;
	assert_ok(iomm_device_add_release(action.device, action_a, &action));
	assert_ok(iomm_device_probe(action.device));
	assert_ok(iomm_device_add_release(action.device, action_b, NULL));
	assert_ok(iomm_device_add_release(action.device, action_a, &action));
	assert_string_equal(action.order, "");
	assert_ok(iomm_device_remove(action.device, 0));
	/* Last in, first out, and the IOMMU was still there. */
	assert_string_equal(action.order, "aba");
	assert_int_equal(action.bound, 3);
	assert_int_equal(mock.devices, 0);
	iomm_device_put(action.device);
	assert_string_equal(action.order, "aba");
	mock_end(&mock);
}

static void test_release_refuses(void **state)
{
	struct world *w = *state;

	world_small(w);
	begin_actions(w, "one");
	assert_int_equal(iomm_device_add_release(NULL, action_a, &action),
			 -IOMM_EINVAL);
	assert_string_equal(action.order, "a");
	assert_int_equal(iomm_device_add_release((void *)w->bus, action_b,
						 NULL),
			 -IOMM_EINVAL);
	assert_string_equal(action.order, "ab");
	assert_int_equal(iomm_device_add_release(NULL, NULL, NULL),
			 -IOMM_EINVAL);
	assert_fails(iomm_device_add_release(action.device, NULL, NULL),
		     IOMM_EINVAL, w->ctx, "iomm_device_add_release");
	world_fail_at(w, 1);
	assert_fails(iomm_device_add_release(action.device, action_a, &action),
		     IOMM_ENOMEM, w->ctx, "no memory for a release action");
	assert_string_equal(action.order, "aba");
	assert_ok(iomm_device_remove(action.device, 0));
	assert_string_equal(action.order, "aba");
	assert_fails(iomm_device_add_release(action.device, action_b, NULL),
		     IOMM_ENODEV, w->ctx, "one is removed");
	assert_string_equal(action.order, "abab");
	iomm_device_put(action.device);
}

/* They run when the last reference goes without a removal, too. */
static void test_release_at_last_put(void **state)
{
	struct world *w = *state;

	world_small(w);
	begin_actions(w, "one");
	assert_ok(iomm_device_add_release(action.device, action_a, &action));
	assert_ok(iomm_device_add_release(action.device, action_b, NULL));
	iomm_device_put(action.device);
	assert_string_equal(action.order, "ba");
}

static void test_release_uses_device(void **state)
{
	struct world *w = *state;

	world_small(w);
	begin_actions(w, "one");
	assert_ok(iomm_device_add_release(action.device, action_uses, NULL));
	(void)iomm_device_get(action.device);
	assert_ok(iomm_device_remove(action.device, 0));
	/* What could not be registered was released at once. */
	assert_string_equal(action.order, "ub");
	assert_int_equal(action.err, -IOMM_EDEADLK);
	assert_int_equal(world_live(w, IOMM_HANDLE_DEVICE), 1);
	iomm_device_put(action.device);
	assert_int_equal(world_live(w, IOMM_HANDLE_DEVICE), 0);
}

static void test_release_taken_back(void **state)
{
	struct world *w = *state;
	struct iomm_frame frame;
	char other;

	world_small(w);
	begin_actions(w, "one");
	assert_ok(iomm_device_add_release(action.device, action_a, &action));
	assert_ok(iomm_device_add_release(action.device, action_b, NULL));
	assert_ok(iomm_device_add_release(action.device, action_a, &action));
	/* Function and data have to be those of one action. */
	assert_fails(iomm_device_remove_release(action.device, action_a, NULL),
		     IOMM_ENOENT, w->ctx, "one: there is no such");
	assert_fails(iomm_device_remove_release(action.device, action_b,
						&other),
		     IOMM_ENOENT, w->ctx, "one: there is no such");
	assert_fails(iomm_device_remove_release(action.device, NULL, NULL),
		     IOMM_EINVAL, w->ctx, "iomm_device_remove_release");
	assert_int_equal(iomm_device_remove_release(NULL, action_a, &action),
			 -IOMM_EINVAL);
	iomm_callback_begin(w->ctx, &frame, true);
	assert_fails(iomm_device_remove_release(action.device, action_a,
						&action),
		     IOMM_EDEADLK, w->ctx, "one: an atomic hook");
	iomm_callback_end(w->ctx, &frame);

	/* The newest of two that are alike: "ba" is left, and not "ab". */
	assert_ok(iomm_device_remove_release(action.device, action_a, &action));
	assert_string_equal(action.order, "");
	assert_ok(iomm_device_remove(action.device, 0));
	assert_string_equal(action.order, "ba");
	assert_fails(iomm_device_remove_release(action.device, action_b, NULL),
		     IOMM_ENOENT, w->ctx, "turn has come already");
	iomm_device_put(action.device);
}

/* An action takes back one whose turn comes next, and cannot take back those
 * whose turn has come, itself included. */
static void action_takes(void *data)
{
	(void)data;
	ran('t');
	assert_ok(iomm_device_remove_release(action.device, action_b, NULL));
	assert_int_equal(iomm_device_remove_release(action.device, action_takes,
						    NULL),
			 -IOMM_ENOENT);
	assert_int_equal(iomm_device_remove_release(action.device, action_a,
						    &action),
			 -IOMM_ENOENT);
}

static void test_release_takes_back(void **state)
{
	struct world *w = *state;

	world_small(w);
	begin_actions(w, "one");
	assert_ok(iomm_device_add_release(action.device, action_b, NULL));
	assert_ok(iomm_device_add_release(action.device, action_takes, NULL));
	assert_ok(iomm_device_add_release(action.device, action_a, &action));
	assert_ok(iomm_device_remove(action.device, 0));
	assert_string_equal(action.order, "at");
	iomm_device_put(action.device);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WORLD_TEST(test_release_order),
		WORLD_TEST(test_release_refuses),
		WORLD_TEST(test_release_at_last_put),
		WORLD_TEST(test_release_uses_device),
		WORLD_TEST(test_release_taken_back),
		WORLD_TEST(test_release_takes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
