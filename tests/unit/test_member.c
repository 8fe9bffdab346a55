/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Members of groups: joining, leaving, and attaching to all of them. */
#include "unit/group_support.h"

#include "base/ctx.h"
#include "device/device.h"

/* a, b and c share IDs: 0x10 is a's and b's, 0x11 b's and c's. */
struct three {
	struct world *w;
	struct mock mock;
	struct iomm_device *device[3];
	struct iomm_domain *domain;
};

static const char *const names[3] = { "a", "b", "c" };

static void start(struct three *t, struct world *w)
{
	uint32_t n;

	memset(t, 0, sizeof(*t));
	t->w = w;
	world_crowd(w);
	crowd_register(&t->mock, w, "first");
	for (n = 0; n < 3; n++)
		t->device[n] = crowd_bound(w, names[n]);
	assert_ok(iomm_domain_create(t->device[0], NULL, &t->domain));
	t->mock.nr_trace = 0;
}

static void stop(struct three *t)
{
	uint32_t n;

	for (n = 0; n < 3; n++)
		iomm_device_put(t->device[n]);
	iomm_domain_put(t->domain);
	mock_end(&t->mock);
}

static uint32_t nr_devices(struct iomm_device *device)
{
	struct iomm_group *group = group_of(device);
	uint32_t nr = group_info(group).nr_devices;

	iomm_group_put(group);
	return nr;
}

/* Joining */

static void test_join(void **state)
{
	struct world *w = *state;
	struct iomm_device *a, *b;
	struct mock mock;

	world_crowd(w);
	crowd_register(&mock, w, "first");
	a = crowd_bound(w, "a");
	assert_trace(&mock, "translate probe block");
	/* 0x10 is blocked already, or may be in use: only 0x11 is new. */
	b = crowd_bound(w, "b");
	assert_trace(&mock, "translate translate probe block");
	iomm_device_put(a);
	assert_trace(&mock, "release");
	a = crowd_bound(w, "a");
	assert_trace(&mock, "translate probe");
	iomm_device_put(b);
	assert_trace(&mock, "block release");
	iomm_device_put(a);
	assert_trace(&mock, "block release");
	mock_end(&mock);
}

/* What is attached is attached to whoever joins, and others notice nothing. */
static void test_join_attached(void **state)
{
	struct iomm_domain *domain = NULL;
	struct world *w = *state;
	struct iomm_device *a, *b;
	struct mock mock;

	world_crowd(w);
	crowd_register(&mock, w, "first");
	a = crowd_bound(w, "a");
	assert_ok(iomm_domain_create(a, NULL, &domain));
	assert_ok(iomm_domain_attach(domain, a));
	mock.nr_trace = 0;
	b = crowd_bound(w, "b");
	assert_trace(&mock, "translate translate probe block prepare commit");
	assert_false(mock_blocked(&mock, 0x10));
	assert_false(mock_blocked(&mock, 0x11));
	assert_int_equal(iomm_domain_attach(domain, b), -IOMM_EBUSY);
	/* Detaching from one is detaching from all. */
	assert_ok(iomm_domain_detach(domain, b));
	assert_true(mock_blocked(&mock, 0x10));
	assert_true(mock_blocked(&mock, 0x11));
	iomm_device_put(a);
	iomm_device_put(b);
	iomm_domain_put(domain);
	mock_end(&mock);
}

/* The second of three fails, at each step: it was never there. */
static void second_fails(struct world *w, enum mock_call call)
{
	struct iomm_device *device[3];
	struct iomm_domain *domain = NULL;
	struct mock mock;
	uint32_t n;

	world_crowd(w);
	crowd_register(&mock, w, "first");
	device[0] = crowd_bound(w, "a");
	device[1] = world_device(w, "b");
	assert_ok(iomm_domain_create(device[0], NULL, &domain));
	assert_ok(iomm_domain_attach(domain, device[0]));
	mock.answer[call] = -IOMM_EIO;
	assert_int_equal(iomm_device_probe(device[1]), -IOMM_EIO);
	mock.answer[call] = 0;
	assert_int_equal(device_state(device[1]), IOMM_DEVICE_NONE);
	assert_int_equal(mock.devices, 1);
	assert_int_equal(nr_devices(device[0]), 1);
	assert_false(mock_blocked(&mock, 0x10));
	assert_true(mock_blocked(&mock, 0x11));
	/* Its second ID was nobody's: c is by itself. */
	device[2] = crowd_bound(w, "c");
	assert_int_not_equal(group_number(device[2]), group_number(device[0]));
	iomm_device_put(device[2]);
	assert_ok(iomm_device_probe(device[1]));
	device[2] = crowd_bound(w, "c");
	assert_int_equal(nr_devices(device[0]), 3);
	for (n = 0; n < 3; n++)
		iomm_device_put(device[n]);
	iomm_domain_put(domain);
	mock_end(&mock);
	iomm_bus_put(w->bus);
	iomm_firmware_put(w->firmware);
}

static void test_second_fails(void **state)
{
	struct world *w = *state;

	second_fails(w, MOCK_TRANSLATE);
	second_fails(w, MOCK_PROBE);
	second_fails(w, MOCK_PREPARE);
	w->bus = NULL;
	w->firmware = NULL;
}

/* Leaving */

static void assert_translated(struct three *t, const bool *left)
{
	assert_int_equal(mock_blocked(&t->mock, 0x10), left[0] && left[1]);
	assert_int_equal(mock_blocked(&t->mock, 0x11), left[1] && left[2]);
}

/* In each order: IDs that others have too stay attached. */
static void leave_in_order(struct world *w, const uint32_t *order, bool removed)
{
	bool left[3] = { false };
	struct three t;
	uint32_t n;

	start(&t, w);
	assert_ok(iomm_domain_attach(t.domain, t.device[1]));
	assert_translated(&t, left);
	for (n = 0; n < 3; n++) {
		if (removed)
			assert_ok(iomm_device_remove(t.device[order[n]], 0));
		iomm_device_put(t.device[order[n]]);
		t.device[order[n]] = NULL;
		left[order[n]] = true;
		assert_translated(&t, left);
		assert_int_equal(t.mock.devices, 2 - n);
	}
	stop(&t);
	iomm_bus_put(w->bus);
	iomm_firmware_put(w->firmware);
	w->bus = NULL;
	w->firmware = NULL;
}

static void test_leave(void **state)
{
	static const uint32_t orders[6][3] = {
		{ 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
		{ 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 },
	};
	uint32_t n;

	for (n = 0; n < LENGTH(orders); n++) {
		leave_in_order(*state, orders[n], false);
		leave_in_order(*state, orders[n], true);
	}
}

/* With the last member goes what is attached, whoever holds the group. */
static void test_last(void **state)
{
	struct iomm_group *group;
	struct three t;

	start(&t, *state);
	group = group_of(t.device[0]);
	assert_ok(iomm_domain_attach(t.domain, t.device[0]));
	iomm_domain_put(t.domain);
	t.domain = NULL;
	assert_ok(iomm_device_remove(t.device[0], 0));
	assert_ok(iomm_device_remove(t.device[2], 0));
	assert_int_equal(t.mock.domains, 1);
	assert_ok(iomm_device_remove(t.device[1], 0));
	assert_int_equal(t.mock.domains, 0);
	iomm_group_put(group);
	stop(&t);
}

/* Attaching to all or none */

static void test_attach(void **state)
{
	struct iomm_domain *other = NULL;
	struct three t;

	start(&t, *state);
	assert_ok(iomm_domain_attach(t.domain, t.device[2]));
	assert_trace(&t.mock, "prepare prepare prepare commit commit commit");
	assert_ok(iomm_domain_create(t.device[1], NULL, &other));
	assert_fails(iomm_domain_attach(other, t.device[0]), IOMM_EBUSY,
		     t.w->ctx, "another domain");
	assert_fails(iomm_domain_detach(other, t.device[0]), IOMM_ENOENT,
		     t.w->ctx, "not attached to a");
	t.mock.nr_trace = 0;
	assert_ok(iomm_domain_detach(t.domain, t.device[1]));
	assert_trace(&t.mock, "block block block");
	iomm_domain_put(other);
	stop(&t);
}

static void test_attach_refused(void **state)
{
	struct three t;
	uint32_t n;

	start(&t, *state);
	t.mock.answer[MOCK_PREPARE] = -IOMM_ENOSPC;
	for (n = 1; n <= 3; n++) {
		t.mock.fail_in[MOCK_PREPARE] = n;
		assert_fails(iomm_domain_attach(t.domain, t.device[0]),
			     IOMM_ENOSPC, t.w->ctx, "first refused to attach");
		assert_int_equal(t.mock.calls[MOCK_COMMIT], 0);
		assert_true(mock_blocked(&t.mock, 0x10));
		assert_true(mock_blocked(&t.mock, 0x11));
	}
	t.mock.answer[MOCK_PREPARE] = 0;
	assert_ok(iomm_domain_attach(t.domain, t.device[0]));
	stop(&t);
}

/* Faults go by ID, whoever's it is, and whoever has left. */
static void on_fault(void *data, const struct iomm_fault *fault)
{
	*(uint64_t *)data = fault->id;
}

static void test_fault(void **state)
{
	struct iomm_fault fault = { .size = sizeof(fault), .id = 0x10 };
	uint64_t seen = 0;
	struct three t;

	start(&t, *state);
	assert_ok(
		iomm_domain_set_fault_handler(t.domain, on_fault, &seen, NULL));
	assert_int_equal(iomm_iommu_report_fault(t.mock.iommu, &fault),
			 -IOMM_ENOENT);
	assert_ok(iomm_domain_attach(t.domain, t.device[0]));
	assert_ok(iomm_iommu_report_fault(t.mock.iommu, &fault));
	assert_int_equal(seen, 0x10);
	assert_ok(iomm_device_remove(t.device[0], 0));
	seen = 0;
	assert_ok(iomm_iommu_report_fault(t.mock.iommu, &fault));
	assert_int_equal(seen, 0x10);
	assert_ok(iomm_device_remove(t.device[1], 0));
	assert_int_equal(iomm_iommu_report_fault(t.mock.iommu, &fault),
			 -IOMM_ENOENT);
	fault.id = 0x11;
	assert_ok(iomm_iommu_report_fault(t.mock.iommu, &fault));
	fault.id = 0x12;
	assert_int_equal(iomm_iommu_report_fault(t.mock.iommu, &fault),
			 -IOMM_ENOENT);
	stop(&t);
}

/* Instances that go */

static void test_unregister(void **state)
{
	struct three t;
	uint32_t n;

	start(&t, *state);
	assert_ok(iomm_domain_attach(t.domain, t.device[0]));
	iomm_domain_put(t.domain);
	t.domain = NULL;
	mock_end(&t.mock);
	for (n = 0; n < 3; n++)
		assert_int_equal(device_state(t.device[n]),
				 IOMM_DEVICE_WAITING);
	assert_int_equal(world_live(t.w, IOMM_HANDLE_GROUP), 0);
	crowd_register(&t.mock, t.w, "first");
	assert_ok(iomm_ctx_run(t.w->ctx));
	assert_int_equal(nr_devices(t.device[0]), 3);
	assert_int_equal(t.mock.calls[MOCK_PROBE], 3);
	assert_int_equal(group_number(t.device[0]), 1);
	stop(&t);
}

/* Only one of a group's instances goes: who was not behind it stays. */
static void test_unregister_one(void **state)
{
	struct iomm_device *near, *far, *span;
	struct iomm_domain *domain = NULL;
	struct mock first, second;
	struct world *w = *state;

	world_crowd(w);
	crowd_register(&first, w, "first");
	crowd_register(&second, w, "second");
	span = crowd_bound(w, "span");
	near = crowd_bound(w, "near");
	far = crowd_bound(w, "far");
	assert_ok(iomm_domain_create(near, NULL, &domain));
	assert_ok(iomm_domain_attach(domain, near));
	assert_ok(iomm_iommu_unregister(second.iommu, 0));
	assert_int_equal(second.devices, 0);
	assert_int_equal(device_state(span), IOMM_DEVICE_WAITING);
	assert_int_equal(device_state(far), IOMM_DEVICE_WAITING);
	assert_int_equal(device_state(near), IOMM_DEVICE_BOUND);
	assert_int_equal(nr_devices(near), 1);
	assert_false(mock_blocked(&first, 0x20));
	iomm_device_put(near);
	iomm_device_put(far);
	iomm_device_put(span);
	iomm_domain_put(domain);
	mock_end(&first);
	mock_end(&second);
}

/* The claim, and those who cannot have it */

static struct iomm_device *victim;
static int result;

static void remove_victim(struct mock *mock, void *object)
{
	(void)mock;
	(void)object;
	result = iomm_device_remove(victim, 0);
}

static void count_release(void *data)
{
	++*(uint32_t *)data;
}

/* A thread that is at work on the group further up cannot have it: the device is
 * not being removed. */
static void test_remove_inside(void **state)
{
	struct iomm_device_guard guard;
	uint32_t released = 0;
	struct three t;

	start(&t, *state);
	victim = t.device[2];
	assert_ok(iomm_device_add_release(victim, count_release, &released));
	t.mock.on[MOCK_PREPARE] = remove_victim;
	t.mock.answer[MOCK_PREPARE] = -IOMM_EIO;
	assert_int_equal(iomm_domain_attach(t.domain, t.device[0]), -IOMM_EIO);
	assert_int_equal(result, -IOMM_EDEADLK);
	assert_int_equal(released, 0);
	assert_int_equal(nr_devices(t.device[0]), 3);
	assert_ok(iomm_device_enter(victim, &guard));
	iomm_device_exit(&guard);
	assert_ok(iomm_device_remove(victim, 0));
	assert_int_equal(released, 1);
	assert_int_equal(nr_devices(t.device[0]), 2);
	stop(&t);
}

/* Release actions may have business with the group. */
static void detach_all(void *data)
{
	struct three *t = data;

	result = iomm_domain_detach(t->domain, t->device[0]);
}

static void test_release_action(void **state)
{
	struct three t;

	start(&t, *state);
	assert_ok(iomm_domain_attach(t.domain, t.device[2]));
	assert_ok(iomm_device_add_release(t.device[2], detach_all, &t));
	result = 1;
	assert_ok(iomm_device_remove(t.device[2], 0));
	assert_int_equal(result, 0);
	assert_true(mock_blocked(&t.mock, 0x10));
	assert_int_equal(nr_devices(t.device[0]), 2);
	stop(&t);
}

/* Another thread has the claim, and keeps it past the removal's deadline. */
struct busy {
	struct three *t;
	_Atomic bool inside, go_on;
	pthread_t thread;
};

static void stay_inside(struct mock *mock, void *object)
{
	struct busy *busy = mock->user;

	(void)object;
	busy->inside = true;
	while (!busy->go_on)
		pause_us(100);
}

static void *attach_slowly(void *data)
{
	struct busy *busy = data;

	/* cmocka cannot fail here; the caller looks at what came of it. */
	(void)!iomm_domain_attach(busy->t->domain, busy->t->device[0]);
	return NULL;
}

static void busy_start(struct busy *busy, struct three *t)
{
	memset(busy, 0, sizeof(*busy));
	busy->t = t;
	t->mock.user = busy;
	t->mock.on[MOCK_COMMIT] = stay_inside;
	pthread_create(&busy->thread, NULL, attach_slowly, busy);
	while (!busy->inside)
		pause_us(100);
}

static void busy_stop(struct busy *busy)
{
	busy->go_on = true;
	pthread_join(busy->thread, NULL);
}

static void test_remove_late(void **state)
{
	struct iomm_device_guard guard;
	uint32_t released = 0;
	struct busy busy;
	struct three t;

	start(&t, *state);
	assert_ok(
		iomm_device_add_release(t.device[2], count_release, &released));
	busy_start(&busy, &t);
	assert_fails(iomm_device_remove(t.device[2], 1000), IOMM_ETIMEDOUT,
		     t.w->ctx, "group 0: another thread is still at work");
	/* Nothing has happened yet, but that nobody enters any more. */
	assert_int_equal(released, 0);
	assert_int_equal(device_state(t.device[2]), IOMM_DEVICE_BOUND);
	assert_int_equal(iomm_device_enter(t.device[2], &guard), -IOMM_ENODEV);
	busy_stop(&busy);
	assert_false(mock_blocked(&t.mock, 0x11));
	assert_ok(iomm_device_remove(t.device[2], 0));
	assert_int_equal(released, 1);
	assert_int_equal(nr_devices(t.device[0]), 2);
	stop(&t);
}

static void test_unregister_late(void **state)
{
	struct busy busy;
	struct three t;

	start(&t, *state);
	busy_start(&busy, &t);
	assert_int_equal(iomm_iommu_unregister(t.mock.iommu, 1000),
			 -IOMM_ETIMEDOUT);
	busy_stop(&busy);
	stop(&t);
}

/* A last put waits for nobody. The device leaves when whoever has the claim has
 * ended, and until then it is attached with the others. */
static void test_last_put_elsewhere(void **state)
{
	struct iomm_group *group;
	struct busy busy;
	struct three t;

	start(&t, *state);
	group = group_of(t.device[0]);
	busy_start(&busy, &t);
	iomm_device_put(t.device[2]);
	t.device[2] = NULL;
	assert_int_equal(t.mock.devices, 3);
	/* It is on its way, and nobody gets it any more. */
	assert_int_equal(iomm_group_device(group, 2, &t.device[2]),
			 -IOMM_ENOENT);
	busy_stop(&busy);
	assert_int_equal(t.mock.devices, 2);
	assert_int_equal(group_info(group).nr_devices, 2);
	assert_int_equal(t.mock.calls[MOCK_COMMIT], 3);
	iomm_group_put(group);
	stop(&t);
}

static void put_victim(struct mock *mock, void *object)
{
	(void)object;
	iomm_device_put(victim);
	victim = NULL;
	mock->on[MOCK_COMMIT] = NULL;
}

static void test_last_put_inside(void **state)
{
	struct three t;

	start(&t, *state);
	victim = t.device[1];
	t.device[1] = NULL;
	t.mock.on[MOCK_COMMIT] = put_victim;
	assert_ok(iomm_domain_attach(t.domain, t.device[0]));
	assert_trace(&t.mock,
		     "prepare prepare prepare commit commit commit release");
	assert_false(mock_blocked(&t.mock, 0x10));
	assert_int_equal(nr_devices(t.device[0]), 2);
	stop(&t);
}

/* The same where the thread may destroy at once, though it has the claim: what
 * the library does inside may drop references too. */
static void test_last_put_with_claim(void **state)
{
	struct iomm_group *group;
	struct three t;

	start(&t, *state);
	assert_ok(iomm_device_begin_group(t.device[0], &group));
	iomm_device_put(t.device[2]);
	t.device[2] = NULL;
	assert_int_equal(t.mock.devices, 3);
	assert_int_equal(group->nr_members, 3);
	iomm_enter(t.w->ctx);
	iomm_device_end_group(group);
	assert_ok(iomm_leave(t.w->ctx, 0));
	assert_int_equal(t.mock.devices, 2);
	stop(&t);
}

static void probe_victim(struct mock *mock, void *object)
{
	(void)object;
	mock->on[MOCK_PROBE] = NULL;
	result = iomm_device_probe(victim);
}

/* A probe inside the probe of another member cannot have the claim; one of
 * another group can. */
static void test_probe_inside(void **state)
{
	struct world *w = *state;
	struct iomm_device *a, *b, *own;
	struct mock mock;

	world_crowd(w);
	crowd_register(&mock, w, "first");
	a = world_device(w, "a");
	b = world_device(w, "b");
	own = world_device(w, "own");
	victim = b;
	mock.on[MOCK_PROBE] = probe_victim;
	assert_ok(iomm_device_probe(a));
	assert_int_equal(result, -IOMM_EDEADLK);
	assert_int_equal(device_state(b), IOMM_DEVICE_NONE);
	iomm_device_put(a);
	a = world_device(w, "a");
	victim = own;
	mock.on[MOCK_PROBE] = probe_victim;
	assert_ok(iomm_device_probe(a));
	assert_int_equal(result, 0);
	assert_ok(iomm_device_probe(b));
	iomm_device_put(a);
	iomm_device_put(b);
	iomm_device_put(own);
	mock_end(&mock);
}

/* Two form at once: the one is counted where the other joins, and has not been
 * blocked by anybody yet. */
static void until_somebody_waits(struct mock *mock, void *object)
{
	(void)object;
	mock->on[MOCK_PROBE] = NULL;
	while (!mock->w->waits)
		pause_us(100);
}

static void *probe_device(void *device)
{
	return (void *)(intptr_t)iomm_device_probe(device);
}

static void test_two_form(void **state)
{
	struct world *w = *state;
	struct iomm_device *device[2];
	pthread_t thread[2];
	struct mock mock;
	uint32_t n;
	void *err;

	world_crowd(w);
	crowd_register(&mock, w, "first");
	device[0] = world_device(w, "x");
	device[1] = world_device(w, "y");
	w->waits = 0;
	mock.on[MOCK_PROBE] = until_somebody_waits;
	for (n = 0; n < 2; n++)
		pthread_create(&thread[n], NULL, probe_device, device[n]);
	for (n = 0; n < 2; n++) {
		pthread_join(thread[n], &err);
		assert_null(err);
	}
	assert_int_equal(nr_devices(device[0]), 2);
	/* Whoever was first has blocked all, and the second nothing. */
	assert_int_equal(mock.calls[MOCK_BLOCK], 1);
	iomm_device_put(device[0]);
	iomm_device_put(device[1]);
	assert_int_equal(mock.calls[MOCK_BLOCK], 2);
	mock_end(&mock);
}

/* A device that waits goes on waiting when a probe could not have the claim: it
 * is due, for whoever may wait. */
static void test_waiting_and_barred(void **state)
{
	struct world *w = *state;
	struct iomm_domain *domain = NULL;
	struct iomm_device *a;
	uint64_t deadline = 1;
	struct mock mock;

	world_crowd(w);
	crowd_register(&mock, w, "first");
	a = crowd_bound(w, "a");
	victim = world_device(w, "b");
	mock.answer[MOCK_PROBE] = -IOMM_EPROBE_DEFER;
	assert_int_equal(iomm_device_probe(victim), -IOMM_EPROBE_DEFER);
	mock.answer[MOCK_PROBE] = 0;
	assert_ok(iomm_domain_create(a, NULL, &domain));
	mock.on[MOCK_COMMIT] = probe_victim;
	assert_ok(iomm_domain_attach(domain, a));
	mock.on[MOCK_COMMIT] = NULL;
	assert_int_equal(result, -IOMM_EDEADLK);
	assert_int_equal(device_state(victim), IOMM_DEVICE_WAITING);
	assert_ok(iomm_ctx_next_deadline(w->ctx, &deadline));
	assert_int_equal(deadline, 0);
	assert_ok(iomm_ctx_run(w->ctx));
	assert_int_equal(device_state(victim), IOMM_DEVICE_BOUND);
	iomm_device_put(a);
	iomm_device_put(victim);
	iomm_domain_put(domain);
	mock_end(&mock);
}

/* The same where the platform cannot wait: iomm_ctx_run() comes to an end, and
 * has something to do. */
static void test_run_without_wait(void **state)
{
	struct mock second;
	uint64_t deadline;
	struct busy busy;
	struct world w;
	struct three t;

	(void)state;
	world_init(&w);
	w.platform.wait = NULL;
	w.platform.wake = NULL;
	assert_ok(world_create(&w));
	start(&t, &w);
	assert_ok(iomm_device_remove(t.device[2], 0));
	iomm_device_put(t.device[2]);
	t.device[2] = world_device(&w, "c");
	t.mock.answer[MOCK_PROBE] = -IOMM_EPROBE_DEFER;
	assert_int_equal(iomm_device_probe(t.device[2]), -IOMM_EPROBE_DEFER);
	t.mock.answer[MOCK_PROBE] = 0;
	busy_start(&busy, &t);
	crowd_register(&second, &w, "second");
	assert_ok(iomm_ctx_run(w.ctx));
	assert_int_equal(device_state(t.device[2]), IOMM_DEVICE_WAITING);
	assert_ok(iomm_ctx_next_deadline(w.ctx, &deadline));
	assert_int_equal(deadline, 0);
	busy_stop(&busy);
	assert_ok(iomm_ctx_run(w.ctx));
	assert_int_equal(device_state(t.device[2]), IOMM_DEVICE_BOUND);
	stop(&t);
	mock_end(&second);
	world_end(&w);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WORLD_TEST(test_join),
		WORLD_TEST(test_join_attached),
		WORLD_TEST(test_second_fails),
		WORLD_TEST(test_leave),
		WORLD_TEST(test_last),
		WORLD_TEST(test_attach),
		WORLD_TEST(test_attach_refused),
		WORLD_TEST(test_fault),
		WORLD_TEST(test_unregister),
		WORLD_TEST(test_unregister_one),
		WORLD_TEST(test_remove_inside),
		WORLD_TEST(test_release_action),
		WORLD_TEST(test_remove_late),
		WORLD_TEST(test_unregister_late),
		WORLD_TEST(test_last_put_elsewhere),
		WORLD_TEST(test_last_put_inside),
		WORLD_TEST(test_last_put_with_claim),
		WORLD_TEST(test_probe_inside),
		WORLD_TEST(test_two_form),
		WORLD_TEST(test_waiting_and_barred),
		cmocka_unit_test(test_run_without_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
