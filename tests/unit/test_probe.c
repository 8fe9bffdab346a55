/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Probe: its steps one by one, waiting, replay. What firmware says is in
 * test_specifiers.c, what callbacks may do in test_probe_calls.c, threads are in
 * test_probe_race.c. */
#include "unit/support.h"

#include "base/object.h"

static int run(struct world *w)
{
	return iomm_ctx_run(w->ctx);
}

static uint64_t next_deadline(struct world *w)
{
	uint64_t deadline = IOMM_FOREVER;
	int err = iomm_ctx_next_deadline(w->ctx, &deadline);

	assert_true(!err || err == -IOMM_ENOENT);
	return deadline;
}

static void test_bound(void **state)
{
	struct world *w = *state;
	struct iomm_device *device;
	struct mock_device *m;
	struct mock mock;

	world_small(w);
	mock_register(&mock, w, "first");
	device = world_device(w, "two");
	assert_int_equal(device_state(device), IOMM_DEVICE_NEW);
	assert_ok(iomm_device_probe(device));
	assert_int_equal(device_state(device), IOMM_DEVICE_BOUND);
	/* One probe with the complete list, and blocked before anybody sees
	 * the device. */
	assert_trace(&mock, "translate translate probe block");
	m = mock_find(&mock, 0x21);
	assert_non_null(m);
	assert_string_equal(m->name, "two");
	assert_int_equal(m->nr_ids, 2);
	assert_true(m->ids[0] == 0x20 && m->ids[1] == 0x21);
	assert_int_equal(m->info.coherent, 0);
	assert_int_equal(m->info.pasid_bits, 0);
	assert_true(m->info.dma_mask == UINT64_MAX);
	assert_true(mock_blocked(&mock, 0x20) && mock_blocked(&mock, 0x21));
	assert_true(world_logged(w, IOMM_LOG_INFO, "bound to first"));
	/* Probing again does nothing. */
	assert_ok(iomm_device_probe(device));
	assert_trace(&mock, "");
	assert_ok(iomm_device_remove(device, 0));
	assert_trace(&mock, "block release");
	assert_int_equal(device_state(device), IOMM_DEVICE_REMOVED);
	assert_fails(iomm_device_probe(device), IOMM_ENODEV, w->ctx,
		     "device two is removed, or being removed");
	assert_int_equal(iomm_device_probe(NULL), -IOMM_EINVAL);
	assert_int_equal(iomm_device_probe((void *)w->bus), -IOMM_EINVAL);
	iomm_device_put(device);
	mock_end(&mock);
}

static void count_second(struct mock *mock, void *object)
{
	struct mock *second = mock->user;

	(void)object;
	assert_int_equal(second->devices, 0);
}

/* Two instances of one driver serve one device, which leaves them in reverse
 * order. */
static void test_two_instances(void **state)
{
	struct world *w = *state;
	struct iomm_device *both, *other;
	struct mock first, second;

	world_small(w);
	mock_register(&first, w, "first");
	both = world_device(w, "both");
	other = world_device(w, "other");
	assert_fails(iomm_device_probe(both), IOMM_EPROBE_DEFER, w->ctx,
		     "both: its IOMMU /second is not registered yet");
	assert_int_equal(device_state(both), IOMM_DEVICE_WAITING);
	assert_trace(&first, "");
	mock_register(&second, w, "second");
	assert_ok(iomm_device_probe(both));
	assert_ok(iomm_device_probe(other));
	assert_int_equal(mock_find(&first, 0x30)->nr_ids, 1);
	assert_int_equal(mock_find(&second, 0x31)->nr_ids, 1);
	assert_int_equal(mock_find(&second, 0x40)->info.coherent, 1);
	/* Either one that goes takes the device from both. */
	assert_ok(iomm_device_remove(other, 0));
	iomm_device_put(other);
	first.on[MOCK_RELEASE] = count_second;
	first.user = &second;
	assert_ok(iomm_iommu_unregister(first.iommu, 0));
	assert_int_equal(device_state(both), IOMM_DEVICE_WAITING);
	assert_int_equal(first.devices + second.devices, 0);
	assert_int_equal(first.calls[MOCK_RELEASE], 1);
	other = world_device(w, "other");
	assert_ok(iomm_device_probe(other));
	iomm_device_put(both);
	iomm_device_put(other);
	mock_end(&first);
	mock_end(&second);
}

static void test_two_drivers(void **state)
{
	struct world *w = *state;
	struct iomm_device *both;
	struct mock first, second;

	world_small(w);
	mock_register(&first, w, "first");
	mock_init(&second, w);
	assert_ok(mock_register_as(&second, node_at(w->firmware, "/second"),
				   "second", "mock2"));
	both = world_device(w, "both");
	assert_fails(iomm_device_probe(both), IOMM_EINVAL, w->ctx,
		     "both is behind first of driver mock and second of driver "
		     "mock2");
	assert_int_equal(device_state(both), IOMM_DEVICE_NONE);
	assert_int_equal(first.calls[MOCK_PROBE] + second.calls[MOCK_PROBE], 0);
	iomm_device_put(both);
	mock_end(&first);
	mock_end(&second);
}

/* Each step that can fail, failing: nothing is left, and a second try works. */
static void
failing_step(struct world *w, struct mock *first, struct mock *second,
	     struct mock *failing, enum mock_call call, int answer,
	     int expected, const char *says)
{
	struct iomm_device *both = world_device(w, "both");
	uint32_t live = world_live(w, IOMM_HANDLE_ANY), count = 77;

	failing->answer[call] = answer;
	assert_fails(iomm_device_probe(both), -expected, w->ctx, says);
	assert_int_equal(device_state(both), IOMM_DEVICE_NONE);
	assert_int_equal(first->devices + second->devices, 0);
	assert_int_equal(world_live(w, IOMM_HANDLE_ANY), live);
	assert_int_equal(iomm_device_ids(both, NULL, 0, &count), -IOMM_ENODEV);
	assert_true(next_deadline(w) == IOMM_FOREVER);
	failing->answer[call] = 0;
	assert_ok(iomm_device_probe(both));
	iomm_device_put(both);
}

static void test_callbacks_fail(void **state)
{
	struct world *w = *state;
	struct mock first, second;

	world_small(w);
	mock_register(&first, w, "first");
	mock_register(&second, w, "second");
	failing_step(w, &first, &second, &first, MOCK_TRANSLATE, -IOMM_EINVAL,
		     -IOMM_EINVAL,
		     "both: first does not accept its specifier of 1 cells "
		     "(0x30 ...): malformed argument");
	failing_step(w, &first, &second, &second, MOCK_TRANSLATE, -IOMM_ENOSPC,
		     -IOMM_ENOSPC, "both: second does not accept");
	first.nr_trace = second.nr_trace = 0;
	failing_step(w, &first, &second, &first, MOCK_PROBE, -IOMM_EBUSY,
		     -IOMM_EBUSY, "both: first refused it: in use");
	assert_trace(&first, "translate probe translate probe block block "
			     "release");
	first.nr_trace = second.nr_trace = 0;
	failing_step(w, &first, &second, &second, MOCK_PROBE, -IOMM_EIO,
		     -IOMM_EIO, "both: second refused it");
	/* Undone in reverse. */
	assert_trace(&first, "translate probe block block release translate "
			     "probe block block release");
	/* An answer that is neither 0 nor an error. */
	failing_step(w, &first, &second, &first, MOCK_PROBE, 5, -IOMM_EPROTO,
		     "a callback broke its contract");
	failing_step(w, &first, &second, &first, MOCK_TRANSLATE, 1,
		     -IOMM_EPROTO, "a callback broke its contract");
	mock_end(&first);
	mock_end(&second);
}

struct step {
	struct iomm_device *device;
	struct mock *first, *second;
};

static int probe_step(struct world *w, void *arg)
{
	struct step *step = arg;
	int err = iomm_device_probe(step->device);

	if (err) {
		assert_says(w->ctx, "no memory");
		assert_int_equal(device_state(step->device), IOMM_DEVICE_NONE);
		assert_int_equal(step->first->devices + step->second->devices,
				 0);
		assert_int_equal(step->first->calls[MOCK_PROBE],
				 step->first->calls[MOCK_RELEASE]);
	}
	return err;
}

static void test_without_memory(void **state)
{
	struct world *w = *state;
	struct mock first, second;
	struct step step = { NULL, &first, &second };

	world_small(w);
	mock_register(&first, w, "first");
	mock_register(&second, w, "second");
	step.device = world_device(w, "both");
	/* The description and its list, instances, the member, a mark for each
	 * ID, the group and its lock. */
	assert_int_equal(world_each_site(w, probe_step, &step), 8);
	assert_int_equal(device_state(step.device), IOMM_DEVICE_BOUND);
	iomm_device_put(step.device);
	mock_end(&first);
	mock_end(&second);
}

/* Parsing has no effects: any number of probes that fail leaves what one
 * leaves. */
static void test_same_parse_twice(void **state)
{
	struct world *w = *state;
	struct iomm_device *device;
	uint32_t live, n;
	int64_t blocks;

	world_small(w);
	device = world_device(w, "both");
	assert_int_equal(iomm_device_probe(device), -IOMM_EPROBE_DEFER);
	live = world_live(w, IOMM_HANDLE_ANY);
	blocks = world_blocks(w);
	for (n = 0; n < 10; n++) {
		assert_int_equal(iomm_device_probe(device), -IOMM_EPROBE_DEFER);
		assert_says(w->ctx, "/first is not registered yet");
		assert_int_equal(world_live(w, IOMM_HANDLE_ANY), live);
		assert_int_equal(world_blocks(w), blocks);
	}
	iomm_device_put(device);
}

static void test_no_iommu(void **state)
{
	struct world *w = *state;
	struct iomm_device *device;

	world_small(w);
	device = world_device(w, "none");
	assert_fails(iomm_device_probe(device), IOMM_ENODEV, w->ctx,
		     "/none: no IOMMU is described for it: it does direct DMA");
	assert_int_equal(device_state(device), IOMM_DEVICE_NONE);
	iomm_device_put(device);
}

/* Waiting */

static void test_replay(void **state)
{
	struct world *w = *state;
	struct iomm_device *one, *both;
	struct mock first, second;
	uint32_t wakeups;

	world_small(w);
	one = world_device(w, "one");
	both = world_device(w, "both");
	assert_int_equal(iomm_device_probe(one), -IOMM_EPROBE_DEFER);
	assert_int_equal(iomm_device_probe(both), -IOMM_EPROBE_DEFER);
	assert_true(next_deadline(w) == IOMM_FOREVER);
	assert_ok(run(w));
	assert_int_equal(device_state(one), IOMM_DEVICE_WAITING);
	/* An instance for which nobody waits wakes nobody. */
	wakeups = w->wakeups;
	mock_register(&second, w, "second");
	assert_int_equal(w->wakeups, wakeups);
	mock_register(&first, w, "first");
	assert_int_equal(w->wakeups, wakeups + 1);
	assert_int_equal(next_deadline(w), 0);
	assert_int_equal(device_state(one), IOMM_DEVICE_WAITING);
	assert_ok(run(w));
	assert_int_equal(device_state(one), IOMM_DEVICE_BOUND);
	assert_int_equal(device_state(both), IOMM_DEVICE_BOUND);
	assert_true(next_deadline(w) == IOMM_FOREVER);
	/* None done twice. */
	assert_ok(run(w));
	assert_int_equal(first.calls[MOCK_PROBE], 2);
	iomm_device_put(one);
	iomm_device_put(both);
	mock_end(&first);
	mock_end(&second);
}

/* One that is replayed and still lacks another instance waits on, quietly; a
 * replay that fails is logged. */
static void test_replay_fails(void **state)
{
	struct world *w = *state;
	struct iomm_device *both;
	struct mock first, second;

	world_small(w);
	both = world_device(w, "both");
	assert_int_equal(iomm_device_probe(both), -IOMM_EPROBE_DEFER);
	mock_register(&first, w, "first");
	assert_ok(run(w));
	assert_int_equal(device_state(both), IOMM_DEVICE_WAITING);
	assert_false(world_logged(w, IOMM_LOG_WARN, "both"));
	assert_true(world_logged(w, IOMM_LOG_DEBUG, "/second is not"));
	mock_register(&second, w, "second");
	second.answer[MOCK_PROBE] = -IOMM_EIO;
	assert_ok(run(w));
	assert_int_equal(device_state(both), IOMM_DEVICE_NONE);
	assert_true(world_logged(w, IOMM_LOG_WARN, "both: second refused it"));
	assert_true(next_deadline(w) == IOMM_FOREVER);
	iomm_device_put(both);
	mock_end(&first);
	mock_end(&second);
}

/* Devices that go while they wait, or are due, are not replayed. */
static void test_gone_before_replay(void **state)
{
	struct world *w = *state;
	struct iomm_device *one, *two, *both;
	struct mock mock;

	world_small(w);
	one = world_device(w, "one");
	two = world_device(w, "two");
	both = world_device(w, "both");
	assert_int_equal(iomm_device_probe(one), -IOMM_EPROBE_DEFER);
	assert_int_equal(iomm_device_probe(two), -IOMM_EPROBE_DEFER);
	assert_int_equal(iomm_device_probe(both), -IOMM_EPROBE_DEFER);
	assert_ok(iomm_device_remove(one, 0));
	mock_register(&mock, w, "first");
	iomm_device_put(two);
	assert_ok(iomm_device_remove(both, 0));
	assert_true(next_deadline(w) == IOMM_FOREVER);
	assert_ok(run(w));
	assert_int_equal(mock.calls[MOCK_PROBE], 0);
	iomm_device_put(one);
	iomm_device_put(both);
	mock_end(&mock);
}

static void test_seal(void **state)
{
	struct world *w = *state;
	struct iomm_device *one, *two;
	struct mock mock;
	uint32_t wakeups;

	world_small(w);
	one = world_device(w, "one");
	two = world_device(w, "two");
	assert_int_equal(iomm_device_probe(one), -IOMM_EPROBE_DEFER);
	wakeups = w->wakeups;
	assert_ok(iomm_ctx_seal_iommus(w->ctx));
	assert_int_equal(w->wakeups, wakeups + 1);
	assert_int_equal(next_deadline(w), 0);
	assert_ok(run(w));
	assert_int_equal(device_state(one), IOMM_DEVICE_NONE);
	assert_true(world_logged(w, IOMM_LOG_WARN,
				 "one: its IOMMU /first is not registered, and "
				 "no more will come"));
	assert_fails(iomm_device_probe(two), IOMM_ENODEV, w->ctx,
		     "no more will come");
	/* What comes nevertheless is used. */
	mock_register(&mock, w, "first");
	assert_ok(iomm_device_probe(one));
	iomm_device_put(one);
	iomm_device_put(two);
	mock_end(&mock);
}

static void test_timeout(void **state)
{
	struct iomm_device_config config = { .probe_timeout = 1000 };
	struct world *w = *state;
	struct iomm_device *one = NULL, *two = NULL;
	struct mock mock;

	world_small(w);
	world_set_time(w, 50000);
	assert_ok(world_device_with(w, "one", config, &one));
	config.probe_timeout = 5000;
	assert_ok(world_device_with(w, "two", config, &two));
	assert_int_equal(iomm_device_probe(two), -IOMM_EPROBE_DEFER);
	assert_int_equal(next_deadline(w), 55000);
	assert_int_equal(iomm_device_probe(one), -IOMM_EPROBE_DEFER);
	assert_int_equal(next_deadline(w), 51000);
	/* Counted from the first probe, not from the last. */
	world_set_time(w, 50999);
	assert_int_equal(iomm_device_probe(one), -IOMM_EPROBE_DEFER);
	assert_ok(run(w));
	assert_int_equal(device_state(one), IOMM_DEVICE_WAITING);
	world_set_time(w, 51000);
	assert_ok(run(w));
	assert_int_equal(device_state(one), IOMM_DEVICE_NONE);
	assert_int_equal(device_state(two), IOMM_DEVICE_WAITING);
	assert_true(world_logged(w, IOMM_LOG_WARN,
				 "one: its IOMMU /first was not registered "
				 "before the deadline"));
	assert_fails(iomm_device_probe(one), IOMM_ETIMEDOUT, w->ctx,
		     "was not registered before the deadline");
	world_set_time(w, 60000);
	assert_int_equal(iomm_device_probe(two), -IOMM_ETIMEDOUT);
	assert_true(next_deadline(w) == IOMM_FOREVER);
	/* Late, but there. */
	mock_register(&mock, w, "first");
	assert_ok(iomm_device_probe(one));
	/* It waits anew when it loses its instance. */
	assert_ok(iomm_iommu_unregister(mock.iommu, 0));
	assert_int_equal(next_deadline(w), 61000);
	iomm_device_put(one);
	iomm_device_put(two);
	mock_end(&mock);
}

/* An instance that goes with devices bound */

static void test_unregister_and_back(void **state)
{
	struct world *w = *state;
	struct iomm_device *one, *two;
	struct iomm_group *group = NULL;
	struct mock mock, again;

	world_small(w);
	mock_register(&mock, w, "first");
	one = world_device(w, "one");
	two = world_device(w, "two");
	assert_ok(iomm_device_probe(one));
	assert_ok(iomm_device_probe(two));
	mock.nr_trace = 0;
	assert_ok(iomm_iommu_unregister(mock.iommu, 0));
	assert_trace(&mock, "block release block release");
	assert_int_equal(device_state(one), IOMM_DEVICE_WAITING);
	assert_int_equal(iomm_device_group(one, &group), -IOMM_ENODEV);
	assert_int_equal(world_live(w, IOMM_HANDLE_GROUP), 0);
	assert_int_equal(iomm_device_probe(one), -IOMM_EPROBE_DEFER);
	mock_register(&again, w, "first");
	assert_ok(run(w));
	assert_int_equal(device_state(one), IOMM_DEVICE_BOUND);
	assert_int_equal(device_state(two), IOMM_DEVICE_BOUND);
	assert_int_equal(again.devices, 2);
	assert_int_equal(mock.calls[MOCK_PROBE], 2);
	mock_end(&mock);
	iomm_device_put(one);
	iomm_device_put(two);
	mock_end(&again);
}

static void register_next(struct mock *mock, void *object)
{
	struct mock next;

	(void)object;
	mock->on[MOCK_RELEASE] = NULL;
	mock_init(&next, mock->w);
	assert_fails(mock_register_as(&next,
				      node_at(mock->w->firmware, "/first"),
				      "next", "mock"),
		     IOMM_EEXIST, mock->w->ctx, "first");
}

/* The next instance of a node has to wait until the last one has lost its
 * devices: two drivers at one hardware are one too many. */
static void test_next_instance_comes_early(void **state)
{
	struct world *w = *state;
	struct iomm_device *one;
	struct mock mock, next;

	world_small(w);
	mock_register(&mock, w, "first");
	one = world_device(w, "one");
	assert_ok(iomm_device_probe(one));
	mock.on[MOCK_RELEASE] = register_next;
	assert_ok(iomm_iommu_unregister(mock.iommu, 0));
	assert_null(mock.on[MOCK_RELEASE]);
	mock_register(&next, w, "first");
	assert_ok(run(w));
	assert_int_equal(device_state(one), IOMM_DEVICE_BOUND);
	iomm_device_put(one);
	mock_end(&mock);
	mock_end(&next);
}

/* A driver may say "not yet": it is asked again when another instance comes. */
static void test_driver_defers(void **state)
{
	struct world *w = *state;
	struct iomm_device *one;
	struct mock mock, other;

	world_small(w);
	mock_register(&mock, w, "first");
	mock.answer[MOCK_PROBE] = -IOMM_EPROBE_DEFER;
	one = world_device(w, "one");
	assert_int_equal(iomm_device_probe(one), -IOMM_EPROBE_DEFER);
	assert_int_equal(device_state(one), IOMM_DEVICE_WAITING);
	mock.answer[MOCK_PROBE] = 0;
	assert_ok(run(w));
	assert_int_equal(device_state(one), IOMM_DEVICE_WAITING);
	mock_register(&other, w, "second");
	assert_ok(run(w));
	assert_int_equal(device_state(one), IOMM_DEVICE_BOUND);
	iomm_device_put(one);
	mock_end(&mock);
	mock_end(&other);
}

/* When nobody else will come, "not yet" is never. */
static void test_driver_defers_sealed(void **state)
{
	struct world *w = *state;
	struct iomm_device *one;
	struct mock mock;

	world_small(w);
	mock_register(&mock, w, "first");
	mock.answer[MOCK_PROBE] = -IOMM_EPROBE_DEFER;
	one = world_device(w, "one");
	assert_int_equal(iomm_device_probe(one), -IOMM_EPROBE_DEFER);
	assert_ok(iomm_ctx_seal_iommus(w->ctx));
	assert_ok(run(w));
	assert_int_equal(device_state(one), IOMM_DEVICE_NONE);
	assert_fails(iomm_device_probe(one), IOMM_ENODEV, w->ctx,
		     "no IOMMU or format will come any more");
	iomm_device_put(one);
	mock_end(&mock);
}

/* A device whose last put came where it could not be destroyed is still bound:
 * unregistering destroys it, even with no time to wait. */
static void test_unregister_with_dead_device(void **state)
{
	struct world *w = *state;
	struct iomm_device *one;
	struct mock mock;

	world_small(w);
	mock_register(&mock, w, "first");
	one = world_device(w, "one");
	assert_ok(iomm_device_probe(one));
	iomm_object_drop(one);
	assert_int_equal(mock.devices, 1);
	assert_ok(iomm_iommu_unregister(mock.iommu, 0));
	assert_int_equal(world_live(w, IOMM_HANDLE_DEVICE), 0);
	mock_end(&mock);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WORLD_TEST(test_bound),
		WORLD_TEST(test_two_instances),
		WORLD_TEST(test_two_drivers),
		WORLD_TEST(test_callbacks_fail),
		WORLD_TEST(test_without_memory),
		WORLD_TEST(test_same_parse_twice),
		WORLD_TEST(test_no_iommu),
		WORLD_TEST(test_replay),
		WORLD_TEST(test_replay_fails),
		WORLD_TEST(test_gone_before_replay),
		WORLD_TEST(test_seal),
		WORLD_TEST(test_timeout),
		WORLD_TEST(test_unregister_and_back),
		WORLD_TEST(test_next_instance_comes_early),
		WORLD_TEST(test_driver_defers),
		WORLD_TEST(test_driver_defers_sealed),
		WORLD_TEST(test_unregister_with_dead_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
