/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Devices: adding, finding, presence, removal. What happens at removal is in
 * test_device_release.c, probing in test_probe.c. */
#include "unit/support.h"

#include "base/ctx.h"

static struct iomm_device *not_a_device(struct world *w)
{
	return (struct iomm_device *)(void *)w->bus;
}

/* Adding and finding */

static void test_create_refuses(void **state)
{
	struct world *w = *state;
	struct iomm_device_config c = { 0 };
	struct iomm_device *device = UNTOUCHED;
	uint64_t mask[] = { 0, 2, 0xfffe, UINT64_C(1) << 63, 0xff0f };
	uint32_t n;

	world_small(w);
#define CREATE(bus, config) iomm_device_create((bus), (config), &device)
	c = (struct iomm_device_config){
		.size = sizeof(c),
		.flags = IOMM_DEVICE_ADDRESS,
		.name = "dev",
		.address = node_at(w->firmware, "/one"),
	};
	assert_int_equal(CREATE(NULL, &c), -IOMM_EINVAL);
	assert_int_equal(CREATE((void *)w->firmware, &c), -IOMM_EINVAL);
	assert_fails(CREATE(w->bus, NULL), IOMM_EINVAL, w->ctx, "NULL");
	assert_fails(iomm_device_create(w->bus, &c, NULL), IOMM_EINVAL, w->ctx,
		     "iomm_device_create");
	c.size = 0;
	assert_fails(CREATE(w->bus, &c), IOMM_EINVAL, w->ctx, "size 0");
	c.size = IOMM_DEVICE_CONFIG_SIZE_VER0 - 1;
	assert_fails(CREATE(w->bus, &c), IOMM_EINVAL, w->ctx, "size 39");
	c.size = sizeof(c);
	c.flags |= 0x100;
	assert_fails(CREATE(w->bus, &c), IOMM_EINVAL, w->ctx,
		     "unknown bits 0x100");
	c.flags = 0;
	assert_fails(CREATE(w->bus, &c), IOMM_EINVAL, w->ctx,
		     "dev: on bus platform a device needs an address");
	c.flags = IOMM_DEVICE_ADDRESS;
	c.name = NULL;
	assert_fails(CREATE(w->bus, &c), IOMM_EINVAL, w->ctx, "needs a name");
	c.name = "";
	assert_fails(CREATE(w->bus, &c), IOMM_EINVAL, w->ctx, "needs a name");
	c.name = "dev";
	c.flags |= IOMM_DEVICE_DMA_MASK;
	for (n = 0; n < LENGTH(mask); n++) {
		c.dma_mask = mask[n];
		assert_fails(CREATE(w->bus, &c), IOMM_EINVAL, w->ctx,
			     "is not 2^n - 1");
	}
	assert_ptr_equal(device, UNTOUCHED);
	assert_int_equal(world_live(w, IOMM_HANDLE_DEVICE), 0);
	for (n = 1; n <= 64; n++) {
		c.dma_mask = UINT64_MAX >> (64 - n);
		assert_ok(CREATE(w->bus, &c));
		iomm_device_put(device);
	}
#undef CREATE
}

static void test_create_tail(void **state)
{
	struct world *w = *state;
	struct {
		struct iomm_device_config config;
		uint64_t tail;
	} more = { .config = { .size = sizeof(more),
			       .flags = IOMM_DEVICE_ADDRESS,
			       .name = "dev" },
		   .tail = 1 };
	struct iomm_device *device = UNTOUCHED;

	world_small(w);
	more.config.address = node_at(w->firmware, "/one");
	assert_fails(iomm_device_create(w->bus, &more.config, &device),
		     IOMM_E2BIG, w->ctx, "knows 104 bytes of it");
	assert_ptr_equal(device, UNTOUCHED);
	more.tail = 0;
	assert_ok(iomm_device_create(w->bus, &more.config, &device));
	iomm_device_put(device);
}

static void test_find(void **state)
{
	struct world *w = *state;
	struct iomm_device *one, *found = UNTOUCHED, *again = NULL;

	world_small(w);
	one = world_device(w, "one");
	assert_int_equal(iomm_device_find(NULL, "one", &found), -IOMM_EINVAL);
	assert_fails(iomm_device_find(w->ctx, NULL, &found), IOMM_EINVAL,
		     w->ctx, "iomm_device_find");
	assert_fails(iomm_device_find(w->ctx, "one", NULL), IOMM_EINVAL, w->ctx,
		     "iomm_device_find");
	assert_fails(iomm_device_find(w->ctx, "two", &found), IOMM_ENOENT,
		     w->ctx, "there is no device two");
	assert_ptr_equal(found, UNTOUCHED);
	assert_ok(iomm_device_find(w->ctx, "one", &found));
	assert_ptr_equal(found, one);
	assert_ok(iomm_device_remove(one, 0));
	iomm_device_put(one);
	/* The reference is the finder's own; the name is free again. */
	assert_int_equal(device_state(found), IOMM_DEVICE_REMOVED);
	assert_int_equal(iomm_device_find(w->ctx, "one", &again), -IOMM_ENOENT);
	one = world_device(w, "one");
	assert_ptr_not_equal(one, found);
	iomm_device_put(one);
	iomm_device_put(found);
}

static void test_name_in_use(void **state)
{
	struct world *w = *state;
	struct iomm_device_config config = { 0 };
	struct iomm_device *one, *twin = UNTOUCHED;

	world_small(w);
	one = world_device(w, "one");
	assert_int_equal(world_device_with(w, "one", config, &twin),
			 -IOMM_EEXIST);
	assert_ptr_equal(twin, UNTOUCHED);
	assert_int_equal(world_live(w, IOMM_HANDLE_DEVICE), 1);
	/* Without a removal the last put ends the name's use too. */
	iomm_device_put(one);
	iomm_device_put(world_device(w, "one"));
}

static int create_step(struct world *w, void *arg)
{
	struct iomm_device_config config = { .size = sizeof(config),
					     .flags = IOMM_DEVICE_ADDRESS,
					     .name = "dev" };

	config.address = node_at(w->firmware, "/one");
	return iomm_device_create(w->bus, &config, arg);
}

static void test_create_without_memory(void **state)
{
	struct world *w = *state;
	struct iomm_device *device = NULL;

	world_small(w);
	/* The device, its lock, its name. */
	assert_int_equal(world_each_site(w, create_step, &device), 3);
	assert_ok(iomm_device_remove(device, 0));
	iomm_device_put(device);
}

/* Questions */

static void test_questions(void **state)
{
	struct world *w = *state;
	struct iomm_device *device, *bad;
	struct iomm_device_id ids[2];
	struct iomm_group *group = UNTOUCHED;
	uint32_t number = 77;
	char buf[8] = "buf";

	world_small(w);
	device = world_device(w, "one");
	bad = not_a_device(w);
	assert_ptr_equal(iomm_device_get(device), device);
	iomm_device_put(device);
	assert_null(iomm_device_get(NULL));
	iomm_device_put(NULL);

	assert_int_equal(iomm_device_name(NULL, buf, 8), -IOMM_EINVAL);
	assert_int_equal(iomm_device_name(bad, buf, 8), -IOMM_EINVAL);
	assert_fails(iomm_device_name(device, NULL, 8), IOMM_EINVAL, w->ctx,
		     "iomm_device_name");
	assert_string_equal(buf, "buf");
	assert_int_equal(iomm_device_name(device, buf, 3), 3);
	assert_string_equal(buf, "on");

	assert_int_equal(iomm_device_state(NULL, &number), -IOMM_EINVAL);
	assert_int_equal(iomm_device_state(bad, &number), -IOMM_EINVAL);
	assert_fails(iomm_device_state(device, NULL), IOMM_EINVAL, w->ctx,
		     "iomm_device_state");
	assert_int_equal(number, 77);
	assert_int_equal(device_state(device), IOMM_DEVICE_NEW);

	assert_int_equal(iomm_device_ids(NULL, ids, 16, &number), -IOMM_EINVAL);
	assert_int_equal(iomm_device_ids(bad, ids, 16, &number), -IOMM_EINVAL);
	assert_fails(iomm_device_ids(device, ids, 16, NULL), IOMM_EINVAL,
		     w->ctx, "iomm_device_ids");
	assert_fails(iomm_device_ids(device, ids, 16, &number), IOMM_ENODEV,
		     w->ctx, "device one is not bound");
	/* Out: always. */
	assert_int_equal(number, 0);

	assert_int_equal(iomm_device_group(NULL, &group), -IOMM_EINVAL);
	assert_int_equal(iomm_device_group(bad, &group), -IOMM_EINVAL);
	assert_fails(iomm_device_group(device, NULL), IOMM_EINVAL, w->ctx,
		     "iomm_device_group");
	assert_fails(iomm_device_group(device, &group), IOMM_ENODEV, w->ctx,
		     "device one is not bound");
	assert_ptr_equal(group, UNTOUCHED);
	iomm_device_put(device);
}

static void test_ids(void **state)
{
	struct world *w = *state;
	struct iomm_device *device;
	struct iomm_device_id ids[3];
	struct mock first, second;
	uint32_t count = 0;

	world_small(w);
	mock_register(&first, w, "first");
	mock_register(&second, w, "second");
	device = world_device(w, "both");
	assert_ok(iomm_device_probe(device));
	assert_fails(iomm_device_ids(device, NULL, 0, &count), IOMM_EMSGSIZE,
		     w->ctx, "there are 2 of device IDs, and room for 0");
	assert_int_equal(count, 2);
	memset(ids, 0xff, sizeof(ids));
	count = 1;
	assert_int_equal(iomm_device_ids(device, ids, 16, &count),
			 -IOMM_EMSGSIZE);
	assert_int_equal(count, 2);
	assert_true(ids[0].id == UINT64_MAX);
	assert_fails(iomm_device_ids(device, ids, 15, &count), IOMM_EINVAL,
		     w->ctx, "stride 15 is less than 16");
	assert_int_equal(count, 2);
	count = 3;
	assert_ok(iomm_device_ids(device, ids, 16, &count));
	assert_int_equal(count, 2);
	assert_true(ids[0].iommu_node == node_at(w->firmware, "/first"));
	assert_true(ids[0].id == 0x30);
	assert_true(ids[1].iommu_node == node_at(w->firmware, "/second"));
	assert_true(ids[1].id == 0x31);
	assert_true(ids[2].id == UINT64_MAX);
	/* Without memory for the copy the count is told nevertheless. */
	world_fail_at(w, 1);
	count = 0;
	assert_fails(iomm_device_ids(device, ids, 16, &count), IOMM_ENOMEM,
		     w->ctx, "no memory for the IDs of both");
	assert_int_equal(count, 2);
	iomm_device_put(device);
	mock_end(&first);
	mock_end(&second);
}

/* Presence */

static void test_enter_refuses(void **state)
{
	struct world *w = *state;
	struct iomm_device_guard guard;
	struct iomm_device *device;

	world_small(w);
	device = world_device(w, "one");
	memset(&guard, 0x5a, sizeof(guard));
	assert_int_equal(iomm_device_enter(NULL, &guard), -IOMM_EINVAL);
	assert_int_equal(iomm_device_enter(not_a_device(w), &guard),
			 -IOMM_EINVAL);
	assert_fails(iomm_device_enter(device, NULL), IOMM_EINVAL, w->ctx,
		     "iomm_device_enter");
	assert_ok(iomm_device_remove(device, 0));
	assert_fails(iomm_device_enter(device, &guard), IOMM_ENODEV, w->ctx,
		     "device one is removed, or being removed");
	assert_int_equal(guard.size, 0x5a5a5a5a);
	iomm_device_put(device);
}

static void test_exit_of_nothing(void **state)
{
	struct iomm_device_guard guard = { 0 };

	(void)state;
	iomm_device_exit(NULL);
	iomm_device_exit(&guard);
	guard.size = sizeof(guard);
	iomm_device_exit(&guard);
}

/* A guard nests, holds the device, and empties when it is left. */
static void test_guard(void **state)
{
	struct world *w = *state;
	struct iomm_device_guard outer, inner, moved;
	struct iomm_device *device;

	world_small(w);
	device = world_device(w, "one");
	assert_ok(iomm_device_enter(device, &outer));
	assert_ok(iomm_device_enter(device, &inner));
	iomm_device_put(device);
	assert_int_equal(world_live(w, IOMM_HANDLE_DEVICE), 1);
	assert_fails(iomm_device_remove(device, IOMM_FOREVER), IOMM_EDEADLK,
		     w->ctx, "one: this thread is inside it");
	moved = outer;
	iomm_device_exit(&moved);
	assert_null(moved.device);
	iomm_device_exit(&moved);
	assert_fails(iomm_device_remove(device, 0), IOMM_EDEADLK, w->ctx,
		     "inside it");
	/* An attempt that could not even wait leaves the device as it was. */
	assert_ok(iomm_device_enter(device, &outer));
	iomm_device_exit(&outer);
	assert_int_equal(device_state(device), IOMM_DEVICE_NEW);
	(void)iomm_device_get(device);
	iomm_device_exit(&inner);
	assert_ok(iomm_device_remove(device, 0));
	iomm_device_put(device);
}

static void test_guards_of_a_thread(void **state)
{
	struct iomm_device_guard guard[IOMM_DEVICE_GUARDS_PER_THREAD], again,
		over = { .size = 77 };
	struct iomm_device *device[IOMM_DEVICE_GUARDS_PER_THREAD + 1];
	struct world *w = *state;
	uint32_t n, round;
	char name[16];

	world_small(w);
	for (n = 0; n < LENGTH(device); n++) {
		struct iomm_device_config config = {
			.size = sizeof(config),
			.flags = IOMM_DEVICE_ADDRESS,
			.name = name,
			.address = node_at(w->firmware, "/none")
		};

		snprintf(name, sizeof(name), "dev%u", n);
		assert_ok(iomm_device_create(w->bus, &config, &device[n]));
	}
	for (round = 0; round < 2; round++) {
		for (n = 0; n < LENGTH(guard); n++)
			assert_ok(iomm_device_enter(device[n], &guard[n]));
		assert_fails(iomm_device_enter(device[n], &over), IOMM_ENOSPC,
			     w->ctx, "inside 16 devices");
		assert_int_equal(over.size, 77);
		/* One more on a device that the thread is inside is fine. */
		assert_ok(iomm_device_enter(device[3], &again));
		iomm_device_exit(&again);
		/* In no particular order. */
		for (n = 0; n < LENGTH(guard); n++)
			iomm_device_exit(&guard[(n * 5 + 3) % LENGTH(guard)]);
	}
	for (n = 0; n < LENGTH(device); n++) {
		assert_ok(iomm_device_remove(device[n], 0));
		iomm_device_put(device[n]);
	}
}

struct visitor {
	struct iomm_device *device;
	struct iomm_device_guard *guard; /* another thread's */
	_Atomic int inside, leave;
	int err;
};

static void *visit(void *data)
{
	struct visitor *v = data;
	struct iomm_device_guard guard;

	v->err = iomm_device_enter(v->device, &guard);
	v->inside = 1;
	while (!v->leave)
		pause_us(100);
	iomm_device_exit(&guard);
	return NULL;
}

static void test_remove_times_out(void **state)
{
	struct world *w = *state;
	struct iomm_device_guard guard;
	struct visitor v = { 0 };
	pthread_t thread;
	uint32_t n;

	world_small(w);
	v.device = world_device(w, "one");
	pthread_create(&thread, NULL, visit, &v);
	while (!v.inside)
		pause_us(100);
	assert_int_equal(v.err, 0);
	for (n = 0; n < 2; n++) {
		assert_fails(iomm_device_remove(v.device, n * 1000000),
			     IOMM_ETIMEDOUT, w->ctx,
			     "one: 1 are still inside at the deadline");
		assert_int_equal(iomm_device_enter(v.device, &guard),
				 -IOMM_ENODEV);
		assert_int_equal(iomm_device_probe(v.device), -IOMM_ENODEV);
		assert_int_equal(device_state(v.device), IOMM_DEVICE_NEW);
	}
	v.leave = 1;
	assert_ok(iomm_device_remove(v.device, IOMM_FOREVER));
	pthread_join(thread, NULL);
	assert_int_equal(device_state(v.device), IOMM_DEVICE_REMOVED);
	assert_ok(iomm_device_remove(v.device, 0));
	iomm_device_put(v.device);
}

static void *remove_elsewhere(void *data)
{
	struct visitor *v = data;

	v->err = iomm_device_remove(v->device, IOMM_FOREVER);
	return NULL;
}

static void test_remove_waits(void **state)
{
	struct world *w = *state;
	struct iomm_device_guard guard, more;
	struct visitor v = { .err = 1 };
	pthread_t thread;

	world_small(w);
	v.device = world_device(w, "one");
	assert_ok(iomm_device_enter(v.device, &guard));
	pthread_create(&thread, NULL, remove_elsewhere, &v);
	while (!w->waits)
		pause_us(100);
	/* Closed to others, and to this thread's nesting. */
	assert_int_equal(iomm_device_enter(v.device, &more), -IOMM_ENODEV);
	assert_int_equal(device_state(v.device), IOMM_DEVICE_NEW);
	iomm_device_exit(&guard);
	pthread_join(thread, NULL);
	assert_int_equal(v.err, 0);
	assert_int_equal(device_state(v.device), IOMM_DEVICE_REMOVED);
	iomm_device_put(v.device);
}

#if IOMM_CHECKED

static void *leave_for_another(void *data)
{
	struct visitor *v = data;

	iomm_device_exit(v->guard);
	return NULL;
}

static void test_guard_of_another_thread(void **state)
{
	struct world *w = *state;
	struct iomm_device_guard guard;
	struct visitor v = { .guard = &guard };
	pthread_t thread;

	world_small(w);
	v.device = world_device(w, "one");
	assert_ok(iomm_device_enter(v.device, &guard));
	pthread_create(&thread, NULL, leave_for_another, &v);
	pthread_join(thread, NULL);
	assert_int_equal(w->nr_misuses, 1);
	assert_string_equal(w->misuse,
			    "a guard on one is left on another thread than "
			    "the one that entered");
	w->nr_misuses = 0;
	/* The guard stays. */
	assert_int_equal(iomm_device_remove(v.device, 0), -IOMM_EDEADLK);
	iomm_device_exit(&guard);
	assert_ok(iomm_device_remove(v.device, 0));
	iomm_device_put(v.device);
}

static void test_use_after_last_put(void **state)
{
	struct world *w = *state;
	struct iomm_device *device;

	world_small(w);
	device = world_device(w, "one");
	iomm_device_put(device);
	assert_int_equal(iomm_device_probe(device), -IOMM_EINVAL);
	assert_string_equal(w->misuse, "a use of a device after its last put");
	iomm_device_put(device);
	assert_string_equal(w->misuse, "a put of a device after its last put");
	iomm_device_put(not_a_device(w));
	assert_string_equal(w->misuse, "a put of something that is no device "
				       "of this library");
	assert_int_equal(w->nr_misuses, 3);
	w->nr_misuses = 0;
}

#endif

/* Removal */

static void test_remove_refuses(void **state)
{
	struct world *w = *state;

	world_small(w);
	assert_int_equal(iomm_device_remove(NULL, 0), -IOMM_EINVAL);
	assert_int_equal(iomm_device_remove(not_a_device(w), 0), -IOMM_EINVAL);
}

/* In a callback a removal that need not wait is done; one that would is not,
 * and leaves no trace. */
static void test_remove_in_callback(void **state)
{
	struct world *w = *state;
	struct iomm_device_guard guard;
	struct iomm_device *one, *two;
	struct iomm_frame frame;
	struct visitor v = { 0 };
	pthread_t thread;

	world_small(w);
	one = world_device(w, "one");
	two = v.device = world_device(w, "two");
	pthread_create(&thread, NULL, visit, &v);
	while (!v.inside)
		pause_us(100);
	iomm_callback_begin(w->ctx, &frame, false);
	assert_ok(iomm_device_remove(one, IOMM_FOREVER));
	assert_fails(iomm_device_remove(two, IOMM_FOREVER), IOMM_EDEADLK,
		     w->ctx, "two would wait");
	iomm_callback_end(w->ctx, &frame);
	assert_ok(iomm_device_enter(two, &guard));
	iomm_device_exit(&guard);
	v.leave = 1;
	pthread_join(thread, NULL);
	iomm_device_put(one);
	iomm_device_put(two);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WORLD_TEST(test_create_refuses),
		WORLD_TEST(test_create_tail),
		WORLD_TEST(test_find),
		WORLD_TEST(test_name_in_use),
		WORLD_TEST(test_create_without_memory),
		WORLD_TEST(test_questions),
		WORLD_TEST(test_ids),
		WORLD_TEST(test_enter_refuses),
		cmocka_unit_test(test_exit_of_nothing),
		WORLD_TEST(test_guard),
		WORLD_TEST(test_guards_of_a_thread),
		WORLD_TEST(test_remove_times_out),
		WORLD_TEST(test_remove_waits),
#if IOMM_CHECKED
		WORLD_TEST(test_guard_of_another_thread),
		WORLD_TEST(test_use_after_last_put),
#endif
		WORLD_TEST(test_remove_refuses),
		WORLD_TEST(test_remove_in_callback),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
