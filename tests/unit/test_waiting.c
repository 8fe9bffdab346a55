/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The registry: who waits for which node, until when; and many names. */
#include "unit/support.h"

/* Of the small world: these three wait for /first, and "both" for /second
 * after that; "other" waits for /second. */
static const char *const names[] = { "one", "two", "both", "other" };

enum {
	ONE,
	TWO,
	BOTH,
	OTHER,
	DEVICES
};

struct queue {
	struct world *w;
	struct iomm_device *device[DEVICES];
};

/* Has them wait, each until 1000 * (4 - n) after the time 10000. */
static void begin(struct queue *q, struct world *w)
{
	struct iomm_device_config config = { 0 };
	uint32_t n;

	q->w = w;
	world_small(w);
	world_set_time(w, 10000);
	for (n = 0; n < DEVICES; n++) {
		config.probe_timeout = 1000 * (DEVICES - n);
		assert_ok(
			world_device_with(w, names[n], config, &q->device[n]));
		assert_int_equal(iomm_device_probe(q->device[n]),
				 -IOMM_EPROBE_DEFER);
	}
}

static void end(struct queue *q)
{
	uint32_t n;

	for (n = 0; n < DEVICES; n++)
		iomm_device_put(q->device[n]);
}

static uint64_t next_deadline(struct queue *q)
{
	uint64_t deadline = IOMM_FOREVER;
	int err = iomm_ctx_next_deadline(q->w->ctx, &deadline);

	assert_true(!err || err == -IOMM_ENOENT);
	return deadline;
}

/* States of all, by their first letters: "wbnr". */
static void assert_states(struct queue *q, const char *expected)
{
	static const char letter[] = {
		[IOMM_DEVICE_NEW] = '-',     [IOMM_DEVICE_WAITING] = 'w',
		[IOMM_DEVICE_PROBING] = 'p', [IOMM_DEVICE_BOUND] = 'b',
		[IOMM_DEVICE_NONE] = 'n',    [IOMM_DEVICE_REMOVED] = 'r',
	};
	char states[DEVICES + 1] = "";
	uint32_t n;

	for (n = 0; n < DEVICES; n++)
		states[n] = letter[device_state(q->device[n])];
	assert_string_equal(states, expected);
}

/* Registers an instance and runs the context. */
static void arrive(struct queue *q, struct mock *mock, const char *node)
{
	mock_register(mock, q->w, node);
	assert_int_equal(next_deadline(q), 0);
	assert_ok(iomm_ctx_run(q->w->ctx));
}

/* One that arrives makes those due that wait for it, and nobody else. */
static void test_own_queue(void **state)
{
	struct mock first, second;
	struct queue q;

	begin(&q, *state);
	arrive(&q, &second, "second");
	assert_states(&q, "wwwb");
	assert_int_equal(second.calls[MOCK_PROBE], 1);
	arrive(&q, &first, "first");
	assert_states(&q, "bbbb");
	assert_true(next_deadline(&q) == IOMM_FOREVER);
	end(&q);
	mock_end(&first);
	mock_end(&second);
}

/* Whoever leaves a queue, and be it the one that came first, the others stay in
 * it. */
static void leave_queue(struct world *w, uint32_t leaver,
			const char *with_first, const char *with_both)
{
	struct mock first, second;
	struct queue q;

	begin(&q, w);
	assert_ok(iomm_device_remove(q.device[leaver], 0));
	arrive(&q, &first, "first");
	assert_states(&q, with_first);
	arrive(&q, &second, "second");
	assert_states(&q, with_both);
	end(&q);
	mock_end(&first);
	mock_end(&second);
}

static void test_first_leaves(void **state)
{
	leave_queue(*state, ONE, "rbww", "rbbb");
}

static void test_middle_leaves(void **state)
{
	leave_queue(*state, TWO, "brww", "brbb");
}

static void test_last_leaves(void **state)
{
	leave_queue(*state, BOTH, "bbrw", "bbrb");
}

static void test_only_one_leaves(void **state)
{
	leave_queue(*state, OTHER, "bbwr", "bbbr");
}

/* One that is probed again in vain is in the queue as before. */
static void test_probe_again(void **state)
{
	struct mock first;
	struct queue q;

	begin(&q, *state);
	assert_int_equal(iomm_device_probe(q.device[ONE]), -IOMM_EPROBE_DEFER);
	assert_int_equal(iomm_device_probe(q.device[OTHER]),
			 -IOMM_EPROBE_DEFER);
	assert_int_equal(next_deadline(&q), 11000);
	arrive(&q, &first, "first");
	assert_states(&q, "bbww");
	end(&q);
	mock_end(&first);
}

static void test_deadlines(void **state)
{
	struct mock first;
	struct queue q;

	begin(&q, *state);
	assert_int_equal(next_deadline(&q), 11000);
	world_set_time(q.w, 10999);
	assert_ok(iomm_ctx_run(q.w->ctx));
	assert_states(&q, "wwww");
	world_set_time(q.w, 11000);
	assert_ok(iomm_ctx_run(q.w->ctx));
	assert_states(&q, "wwwn");
	assert_int_equal(next_deadline(&q), 12000);
	assert_ok(iomm_device_remove(q.device[BOTH], 0));
	assert_int_equal(next_deadline(&q), 13000);
	arrive(&q, &first, "first");
	assert_states(&q, "bbrn");
	assert_true(next_deadline(&q) == IOMM_FOREVER);
	end(&q);
	mock_end(&first);
}

/* Two that pass at the same time. */
static void test_deadlines_at_once(void **state)
{
	struct queue q;

	begin(&q, *state);
	world_set_time(q.w, 12000);
	assert_ok(iomm_ctx_run(q.w->ctx));
	assert_states(&q, "wwnn");
	assert_int_equal(next_deadline(&q), 13000);
	end(&q);
}

/* The instance came in time, the run did not. */
static void test_due_at_deadline(void **state)
{
	struct mock first;
	struct queue q;

	begin(&q, *state);
	mock_register(&first, q.w, "first");
	world_set_time(q.w, 20000);
	assert_ok(iomm_ctx_run(q.w->ctx));
	assert_states(&q, "bbnn");
	assert_int_equal(first.calls[MOCK_PROBE], 2);
	assert_true(next_deadline(&q) == IOMM_FOREVER);
	end(&q);
	mock_end(&first);
}

/* Names */

#define MANY 300u

static int add(struct world *w, uint32_t n, struct iomm_device **out)
{
	struct iomm_device_config config = {
		.size = sizeof(config),
		.flags = IOMM_DEVICE_ADDRESS,
		.address = node_at(w->firmware, "/none"),
	};
	char name[32];

	snprintf(name, sizeof(name), "device %u", n);
	config.name = name;
	return iomm_device_create(w->bus, &config, out);
}

static void
assert_found(struct world *w, uint32_t n, struct iomm_device *device)
{
	struct iomm_device *found = NULL;
	char name[32];

	snprintf(name, sizeof(name), "device %u", n);
	assert_int_equal(iomm_device_find(w->ctx, name, &found),
			 device ? 0 : -IOMM_ENOENT);
	assert_ptr_equal(found, device);
	iomm_device_put(found);
}

static void test_many_names(void **state)
{
	struct iomm_device *device[MANY] = { NULL }, *other = UNTOUCHED;
	struct world *w = *state;
	uint32_t n;

	world_small(w);
	for (n = 0; n < MANY; n++) /* in some order */
		assert_ok(add(w, n * 7 % MANY, &device[n * 7 % MANY]));
	for (n = 0; n < MANY; n++) {
		assert_found(w, n, device[n]);
		assert_int_equal(add(w, n, &other), -IOMM_EEXIST);
	}
	for (n = 0; n < MANY; n += 3) {
		iomm_device_put(device[n]);
		device[n] = NULL;
	}
	for (n = 0; n < MANY; n++)
		assert_found(w, n, device[n]);
	for (n = 0; n < MANY; n += 3)
		assert_ok(add(w, n, &device[n]));
	for (n = 0; n < MANY; n++) {
		assert_found(w, n, device[n]);
		iomm_device_put(device[n]);
	}
}

/* The last put of the old one, in an atomic hook or callback, does not destroy
 * it at once: the name is free all the same, and the new one is found. */
static void put_in_callback(struct mock *mock, void *object)
{
	struct iomm_device **device = mock->user;

	(void)object;
	iomm_device_put(device[0]);
	assert_ok(add(mock->w, 1, &device[1]));
	assert_found(mock->w, 1, device[1]);
}

static void test_name_of_a_dead_device(void **state)
{
	struct iomm_device *device[2], *one;
	struct world *w = *state;
	struct mock first;

	world_small(w);
	mock_register(&first, w, "first");
	assert_ok(add(w, 1, &device[0]));
	one = world_device(w, "one");
	first.user = device;
	first.on[MOCK_PROBE] = put_in_callback;
	assert_ok(iomm_device_probe(one));
	assert_found(w, 1, device[1]);
	iomm_device_put(one);
	iomm_device_put(device[1]);
	mock_end(&first);
}

/* One whose last reference is gone, while its release action takes its time. */
struct parting {
	struct iomm_device *device;
	pthread_t thread;
	_Atomic bool begun, may_end;
};

static void part(void *data)
{
	struct parting *p = data;

	p->begun = true;
	while (!p->may_end)
		pause_us(100);
}

static void *put_device(void *arg)
{
	struct parting *p = arg;

	iomm_device_put(p->device);
	return NULL;
}

static void parting_begin(struct parting *p)
{
	assert_ok(pthread_create(&p->thread, NULL, put_device, p));
	while (!p->begun)
		pause_us(100);
}

static void parting_end(struct parting *p)
{
	p->may_end = true;
	assert_ok(pthread_join(p->thread, NULL));
}

/* It may be due: it is not probed, nor removed, and in nobody's way. */
static void test_parting(void **state)
{
	struct world *w = *state;
	struct parting two = { 0 }, gone = { 0 };
	struct mock first;
	struct queue q;

	begin(&q, w);
	mock_register(&first, w, "first");
	two.device = q.device[TWO];
	q.device[TWO] = NULL;
	assert_ok(add(w, 1, &gone.device));
	assert_ok(iomm_device_add_release(two.device, part, &two));
	assert_ok(iomm_device_add_release(gone.device, part, &gone));
	assert_ok(iomm_device_set_gone(gone.device));
	parting_begin(&two);
	parting_begin(&gone);
	assert_ok(iomm_ctx_run(w->ctx));
	parting_end(&two);
	parting_end(&gone);
	assert_int_equal(first.calls[MOCK_PROBE], 1);
	assert_int_equal(device_state(q.device[ONE]), IOMM_DEVICE_BOUND);
	assert_int_equal(device_state(q.device[BOTH]), IOMM_DEVICE_WAITING);
	assert_int_equal(world_live(w, IOMM_HANDLE_DEVICE), DEVICES - 1);
	end(&q);
	mock_end(&first);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WORLD_TEST(test_own_queue),
		WORLD_TEST(test_first_leaves),
		WORLD_TEST(test_middle_leaves),
		WORLD_TEST(test_last_leaves),
		WORLD_TEST(test_only_one_leaves),
		WORLD_TEST(test_probe_again),
		WORLD_TEST(test_deadlines),
		WORLD_TEST(test_deadlines_at_once),
		WORLD_TEST(test_due_at_deadline),
		WORLD_TEST(test_many_names),
		WORLD_TEST(test_name_of_a_dead_device),
		WORLD_TEST(test_parting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
