/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Probe among threads: one does the work, and none is missed or done twice. */
#include "unit/support.h"

#include "base/ctx.h"

#ifndef ROUNDS
#define ROUNDS 2000u
#endif

/* A start line, so that threads meet where it matters. */
struct team {
	struct world *w;
	_Atomic uint32_t at_start;
	struct iomm_device *device;
	struct mock *mock;
	_Atomic uint32_t stop, errors;
	uint64_t node;
	uint32_t probes; /* the driver's, in all */
};

static void check(struct team *team, bool condition)
{
	/* cmocka cannot fail on another thread. */
	if (!condition)
		atomic_fetch_add(&team->errors, 1);
}

static void meet(struct team *team)
{
	atomic_fetch_add(&team->at_start, 1);
	while (atomic_load(&team->at_start) & 1)
		;
}

/* Two probe one device: one probe of the driver's, both get its result. */

struct prober {
	struct team *team;
	int err;
	char says[128];
};

static void *probe_once(void *data)
{
	struct prober *prober = data;
	struct team *team = prober->team;
	int len;

	prober->err = iomm_device_probe(team->device);
	prober->says[0] = '\0';
	if (prober->err) {
		len = iomm_error_message(team->w->ctx, prober->says,
					 sizeof(prober->says));
		check(team, len > 0);
	}
	return NULL;
}

/* Keeps the first probe inside until the second waits for it. */
static void until_somebody_waits(struct mock *mock, void *object)
{
	(void)object;
	while (!mock->w->waits)
		pause_us(100);
}

static void two_probe(struct world *w, struct mock *mock, int answer)
{
	struct team team = { .w = w };
	struct prober prober[2] = { { .team = &team }, { .team = &team } };
	uint32_t probes = mock->calls[MOCK_PROBE], n;
	pthread_t thread[2];

	team.device = world_device(w, "one");
	mock->answer[MOCK_PROBE] = answer;
	w->waits = 0;
	for (n = 0; n < 2; n++)
		pthread_create(&thread[n], NULL, probe_once, &prober[n]);
	for (n = 0; n < 2; n++)
		pthread_join(thread[n], NULL);
	assert_int_equal(mock->calls[MOCK_PROBE], probes + 1);
	assert_int_equal(prober[0].err, answer);
	assert_int_equal(prober[1].err, answer);
	assert_int_equal(team.errors, 0);
	if (answer)
		assert_true(!strcmp(prober[0].says, "one was probed by another "
						    "thread: hardware error") ||
			    !strcmp(prober[1].says, "one was probed by another "
						    "thread: hardware error"));
	iomm_device_put(team.device);
}

static void test_two_threads(void **state)
{
	struct world *w = *state;
	struct mock mock;

	world_small(w);
	mock_register(&mock, w, "first");
	mock.on[MOCK_PROBE] = until_somebody_waits;
	two_probe(w, &mock, 0);
	two_probe(w, &mock, -IOMM_EIO);
	mock_end(&mock);
}

/* Registering while devices are added: each is probed once, either at once or
 * by the replay. */

static void *probe_many(void *data)
{
	struct team *team = data;
	int err;

	meet(team);
	err = iomm_device_probe(team->device);
	check(team, !err || err == -IOMM_EPROBE_DEFER);
	return NULL;
}

static void test_register_while_probing(void **state)
{
	struct world *w = *state;
	struct team team = { .w = w };
	pthread_t thread;
	struct mock mock;
	uint32_t n;

	world_small(w);
	for (n = 0; n < ROUNDS / 4; n++) {
		team.device = world_device(w, "one");
		pthread_create(&thread, NULL, probe_many, &team);
		meet(&team);
		mock_register(&mock, w, "first");
		pthread_join(thread, NULL);
		assert_ok(iomm_ctx_run(w->ctx));
		assert_int_equal(device_state(team.device), IOMM_DEVICE_BOUND);
		assert_int_equal(mock.calls[MOCK_PROBE], 1);
		iomm_device_put(team.device);
		mock_end(&mock);
	}
	assert_int_equal(team.errors, 0);
}

/* Probe against an instance that comes and goes, a device that is removed and
 * added again, replays, and look-ups. */

static void *keep_probing(void *data)
{
	struct team *team = data;
	struct iomm_device *device;
	int err;

	while (!team->stop) {
		device = NULL;
		if (iomm_device_find(team->w->ctx, "one", &device))
			continue;
		err = iomm_device_probe(device);
		check(team,
		      !err || err == -IOMM_EPROBE_DEFER || err == -IOMM_ENODEV);
		iomm_device_put(device);
	}
	return NULL;
}

static void *keep_running(void *data)
{
	struct team *team = data;
	uint64_t deadline;

	while (!team->stop) {
		check(team, !iomm_ctx_run(team->w->ctx));
		(void)!iomm_ctx_next_deadline(team->w->ctx, &deadline);
	}
	return NULL;
}

static void *keep_visiting(void *data)
{
	struct team *team = data;
	struct iomm_device_guard guard;
	struct iomm_device *device;
	struct iomm_group *group;
	struct iomm_device_id id[2];
	uint32_t count;

	while (!team->stop) {
		device = NULL;
		if (iomm_device_find(team->w->ctx, "one", &device))
			continue;
		if (!iomm_device_enter(device, &guard)) {
			if (!iomm_device_group(device, &group))
				iomm_group_put(group);
			count = LENGTH(id);
			if (!iomm_device_ids(device, id, sizeof(*id), &count))
				check(team, count == 1 && id[0].id == 0x10);
			iomm_device_exit(&guard);
		}
		iomm_device_put(device);
	}
	return NULL;
}

static void *keep_registering(void *data)
{
	struct team *team = data;
	struct mock mock;
	uint32_t n;

	for (n = 0; n < ROUNDS; n++) {
		mock_init(&mock, team->w);
		check(team,
		      !mock_register_as(&mock, team->node, "first", "mock"));
		/* Some stay until they are used, most go at once. */
		while (n % 4 == 0 && !mock.calls[MOCK_PROBE])
			pause_us(10);
		if (n & 1)
			check(team,
			      !iomm_iommu_unregister(mock.iommu, IOMM_FOREVER));
		else
			while (iomm_iommu_unregister(mock.iommu, 1000))
				;
		check(team, !mock.devices);
		iomm_iommu_put(mock.iommu);
		/* Whoever probes may hold the last reference for a moment. */
		while (!mock.calls[MOCK_DATA_RELEASE])
			pause_us(10);
		check(team, mock.calls[MOCK_PROBE] == mock.calls[MOCK_RELEASE]);
		team->probes += mock.calls[MOCK_PROBE];
		pthread_mutex_destroy(&mock.lock);
	}
	team->stop = 1;
	return NULL;
}

static void test_everything_at_once(void **state)
{
	static void *(*const work[])(void *) = { keep_probing, keep_running,
						 keep_visiting,
						 keep_registering };
	struct world *w = *state;
	struct team team = { .w = w };
	pthread_t thread[LENGTH(work)];
	struct iomm_device *device;
	uint32_t n;

	world_small(w);
	team.node = node_at(w->firmware, "/first");
	for (n = 0; n < LENGTH(work); n++)
		pthread_create(&thread[n], NULL, work[n], &team);
	for (n = 0; !team.stop; n++) {
		struct iomm_device_config config = { 0 };

		/* The name is in use until the last one is quite gone. */
		if (world_device_with(w, "one", config, &device))
			continue;
		(void)!iomm_device_probe(device);
		if (n % 3)
			check(&team, !iomm_device_remove(device, IOMM_FOREVER));
		iomm_device_put(device);
	}
	for (n = 0; n < LENGTH(work); n++)
		pthread_join(thread[n], NULL);
	assert_ok(iomm_ctx_run(w->ctx));
	assert_int_equal(team.errors, 0);
	assert_true(team.probes >= ROUNDS / 4);
	print_message("the driver probed %u times\n", team.probes);
	assert_int_equal(world_live(w, IOMM_HANDLE_DEVICE), 0);
	assert_int_equal(world_live(w, IOMM_HANDLE_GROUP), 0);
	assert_int_equal(world_live(w, IOMM_HANDLE_IOMMU), 0);
}

/* Two remove at once, while a third is inside. */

static void *remove_it(void *data)
{
	struct team *team = data;

	check(team, !iomm_device_remove(team->device, IOMM_FOREVER));
	return NULL;
}

static void test_two_removers(void **state)
{
	struct world *w = *state;
	struct team team = { .w = w };
	struct iomm_device_guard guard;
	pthread_t thread[2];
	struct mock mock;
	uint32_t n, round;

	world_small(w);
	mock_register(&mock, w, "first");
	for (round = 0; round < 50; round++) {
		team.device = world_device(w, "one");
		assert_ok(iomm_device_probe(team.device));
		assert_ok(iomm_device_enter(team.device, &guard));
		for (n = 0; n < 2; n++)
			pthread_create(&thread[n], NULL, remove_it, &team);
		if (round & 1)
			pause_us(50);
		iomm_device_exit(&guard);
		for (n = 0; n < 2; n++)
			pthread_join(thread[n], NULL);
		assert_int_equal(device_state(team.device),
				 IOMM_DEVICE_REMOVED);
		iomm_device_put(team.device);
	}
	assert_int_equal(mock.calls[MOCK_RELEASE], 50);
	assert_int_equal(team.errors, 0);
	mock_end(&mock);
}

/* One thread refuses entry, in a callback; another removes the device before
 * the first finds that it would have to wait. What the first takes back is not
 * the other's refusal. */

static struct {
	void *(*thread)(void *data); /* the platform's own */
	struct iomm_device *device;
	_Atomic uint32_t go, removing, refused;
} late;

/* Counts down the looks at one thread's storage, and at the last of them lets
 * the other thread go first. */
static _Thread_local uint32_t looks;

static void *look(void *data)
{
	if (looks && !--looks) {
		late.go = 1;
		while (!late.removing)
			pause_us(100);
	}
	return late.thread(data);
}

static void hold_removal(void *data)
{
	(void)data;
	late.removing = 1;
	while (!late.refused)
		pause_us(100);
}

static void *remove_first(void *data)
{
	int *err = data;

	while (!late.go)
		pause_us(100);
	*err = iomm_device_remove(late.device, IOMM_FOREVER);
	return NULL;
}

static void test_refusal_taken_back(void **state)
{
	struct iomm_device_guard guard;
	struct iomm_frame frame;
	pthread_t thread;
	struct world w;
	int err = 1;

	(void)state;
	world_init(&w);
	late.thread = w.platform.thread;
	w.platform.thread = look;
	assert_ok(world_create(&w));
	world_small(&w);
	late.device = world_device(&w, "one");
	assert_ok(iomm_device_add_release(late.device, hold_removal, NULL));
	pthread_create(&thread, NULL, remove_first, &err);
	iomm_callback_begin(w.ctx, &frame, false);
	/* Its own guards first, then the claim: refused in between. */
	looks = 2;
	assert_int_equal(iomm_device_remove(late.device, IOMM_FOREVER),
			 -IOMM_EDEADLK);
	assert_int_equal(late.removing, 1);
	iomm_callback_end(w.ctx, &frame);
	assert_int_equal(iomm_device_enter(late.device, &guard), -IOMM_ENODEV);
	late.refused = 1;
	pthread_join(thread, NULL);
	assert_int_equal(err, 0);
	assert_int_equal(iomm_device_enter(late.device, &guard), -IOMM_ENODEV);
	assert_int_equal(iomm_device_probe(late.device), -IOMM_ENODEV);
	iomm_device_put(late.device);
	world_end(&w);
}

/* One thread begins to remove a device that waits, in a callback; another, which
 * is inside it, has just found its IOMMU, and is turned away. The removal turns
 * out to be none: the device must not be forgotten. */

static void *look_before_waiting(void *data)
{
	if (looks && !--looks) {
		late.go = 1;
		while (!late.refused)
			pause_us(100);
	}
	return late.thread(data);
}

static void *run_inside(void *data)
{
	struct world *w = data;
	struct iomm_device_guard guard;
	int err = iomm_device_enter(late.device, &guard);

	late.removing = 1;
	while (!late.go)
		pause_us(100);
	if (!err)
		err = iomm_ctx_run(w->ctx);
	late.refused = err ? 2 : 1; /* cmocka cannot fail here */
	while (late.go)
		pause_us(100);
	iomm_device_exit(&guard);
	return NULL;
}

static void test_turned_away(void **state)
{
	struct iomm_frame frame;
	pthread_t thread;
	struct world w;
	struct mock mock;

	(void)state;
	world_init(&w);
	late.thread = w.platform.thread;
	w.platform.thread = look_before_waiting;
	assert_ok(world_create(&w));
	world_small(&w);
	late.go = late.removing = late.refused = 0;
	late.device = world_device(&w, "one");
	assert_int_equal(iomm_device_probe(late.device), -IOMM_EPROBE_DEFER);
	pthread_create(&thread, NULL, run_inside, &w);
	while (!late.removing)
		pause_us(100);
	mock_register(&mock, &w, "first");
	iomm_callback_begin(w.ctx, &frame, false);
	/* Its own guards first; then whether it may wait for those inside. */
	looks = 2;
	assert_int_equal(iomm_device_remove(late.device, IOMM_FOREVER),
			 -IOMM_EDEADLK);
	assert_int_equal(late.refused, 1);
	iomm_callback_end(w.ctx, &frame);
	late.go = 0;
	pthread_join(thread, NULL);
	assert_int_equal(device_state(late.device), IOMM_DEVICE_WAITING);
	assert_ok(iomm_ctx_run(w.ctx));
	assert_int_equal(device_state(late.device), IOMM_DEVICE_BOUND);
	iomm_device_put(late.device);
	mock_end(&mock);
	world_end(&w);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WORLD_TEST(test_two_threads),
		WORLD_TEST(test_register_while_probing),
		WORLD_TEST(test_everything_at_once),
		WORLD_TEST(test_two_removers),
		cmocka_unit_test(test_refusal_taken_back),
		cmocka_unit_test(test_turned_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
