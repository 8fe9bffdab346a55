/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Contexts: making, counting, running, closing, going. */
#include "unit/support.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/readers.h"

static void test_version(void **state)
{
	(void)state;
	assert_int_equal(iomm_version(),
			 IOMM_VERSION_MAJOR << 16 | IOMM_VERSION_MINOR);
}

static void test_defaults(void **state)
{
	struct iomm_ctx *ctx = NULL;

	(void)state;
	assert_ok(iomm_ctx_create(NULL, &ctx));
	assert_int_equal(iomm_ctx_live_handles(ctx, IOMM_HANDLE_ANY), 1);
	assert_ptr_equal(iomm_ctx_get(ctx), ctx);
	iomm_ctx_put(ctx);
	iomm_ctx_put(ctx);
	assert_null(iomm_ctx_get(NULL));
	iomm_ctx_put(NULL);
}

/* Nothing is made, and what was handed over is given back once. */
static void refuse(struct world *w, int code)
{
	w->ctx = UNTOUCHED;
	assert_int_equal(world_create(w), code);
	assert_ptr_equal(w->ctx, UNTOUCHED);
	assert_int_equal(w->platform_releases, 1);
	assert_int_equal(w->events_releases, 1);
	assert_int_equal(w->released, 0);
	assert_int_equal(w->blocks, 0);
	assert_int_equal(w->locks, 0);
	w->platform_releases = w->events_releases = 0;
}

#define REFUSE(code, change)         \
	do {                         \
		world_init(&w);      \
		change;              \
		refuse(&w, -(code)); \
	} while (0)

static void test_bad_config(void **state)
{
	struct world w;

	(void)state;
	REFUSE(IOMM_EINVAL, w.config.flags = 1);
	REFUSE(IOMM_EINVAL, w.config.reserved = 1);
	REFUSE(IOMM_EINVAL, w.config.log_level = 5);
	REFUSE(IOMM_EINVAL, w.events.size--);
	REFUSE(IOMM_EINVAL, w.events.size = 0);
	REFUSE(IOMM_EINVAL, w.events.flags = 1);
	REFUSE(IOMM_EINVAL, w.platform.size = IOMM_PLATFORM_SIZE_VER0 - 1);
	REFUSE(IOMM_EINVAL, w.platform.flags = 1);
	REFUSE(IOMM_EINVAL, w.platform.alloc = NULL);
	REFUSE(IOMM_EINVAL, w.platform.free = NULL);
	REFUSE(IOMM_EINVAL, w.platform.thread = NULL);
	REFUSE(IOMM_EINVAL, w.platform.time = NULL);
	REFUSE(IOMM_EINVAL, w.platform.lock = NULL);
	REFUSE(IOMM_EINVAL, w.platform.unlock = NULL);
	REFUSE(IOMM_EINVAL, w.platform.wake = NULL);
}

/* A config too short to be read has nothing that could be released. */
static void test_short_config(void **state)
{
	struct iomm_ctx *ctx = UNTOUCHED;
	struct world w;

	(void)state;
	world_init(&w);
	w.config.size--;
	assert_int_equal(iomm_ctx_create(&w.config, &ctx), -IOMM_EINVAL);
	w.config.size = 0;
	assert_int_equal(iomm_ctx_create(&w.config, &ctx), -IOMM_EINVAL);
	assert_ptr_equal(ctx, UNTOUCHED);
	assert_int_equal(w.platform_releases, 0);
}

static void test_no_out(void **state)
{
	struct world w;

	(void)state;
	assert_int_equal(iomm_ctx_create(NULL, NULL), -IOMM_EINVAL);
	world_init(&w);
	assert_int_equal(iomm_ctx_create(&w.config, NULL), -IOMM_EINVAL);
	assert_int_equal(w.platform_releases, 1);
	assert_int_equal(w.events_releases, 1);
	assert_int_equal(w.blocks, 0);
}

/* Structs of a later version, with and without something in their tail. */
static void test_tails(void **state)
{
	struct {
		struct iomm_ctx_config config;
		uint64_t tail;
	} config;
	struct {
		struct iomm_platform platform;
		uint64_t tail;
	} platform;
	struct {
		struct iomm_ctx_events events;
		uint64_t tail;
	} events;
	struct world w;
	uint32_t which;

	(void)state;
	for (which = 0; which <= 3; which++) {
		world_init(&w);
		platform.platform = w.platform;
		platform.platform.size = sizeof(platform);
		platform.tail = which == 1;
		events.events = w.events;
		events.events.size = sizeof(events);
		events.tail = which == 2;
		config.config = w.config;
		config.config.size = sizeof(config);
		config.config.platform = &platform.platform;
		config.config.events = &events.events;
		config.tail = which == 3 ? UINT64_C(1) << 63 : 0;
		assert_int_equal(iomm_ctx_create(&config.config, &w.ctx),
				 which ? -IOMM_E2BIG : 0);
		if (!which)
			iomm_ctx_put(w.ctx);
		assert_int_equal(w.released, which == 0);
		assert_int_equal(w.platform_releases, 1);
		assert_int_equal(w.events_releases, 1);
		assert_int_equal(w.blocks, 0);
	}
}

/* A platform whose barrier cannot be had: readers have to fence. */
static int no_barrier(void *data)
{
	(void)data;
	return -IOMM_EOPNOTSUPP;
}

static void test_no_barrier(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	w.platform.barrier = no_barrier;
	assert_ok(world_create(&w));
	assert_true(w.ctx->readers->fence);
	world_end(&w);
}

static void test_without_memory(void **state)
{
	struct world w;
	uint32_t n;
	int err;

	(void)state;
	for (n = 1;; n++) {
		world_init(&w);
		world_fail_at(&w, n);
		err = world_create(&w);
		if (!err)
			break;
		assert_int_equal(err, -IOMM_ENOMEM);
		assert_int_equal(w.released, 0);
		assert_int_equal(w.platform_releases, 1);
		assert_int_equal(w.events_releases, 1);
		assert_int_equal(w.blocks, 0);
		assert_int_equal(w.locks, 0);
	}
	/* The context, the registry and its lock at the least. */
	assert_true(n > 3);
	world_end(&w);
}

/* One thread, and nothing optional: as a freestanding program has it. */
static void test_smallest_platform(void **state)
{
	struct world w;
	struct mock mock;
	struct iomm_device *device;

	(void)state;
	world_init(&w);
	w.platform.lock_init = NULL;
	w.platform.lock_fini = NULL;
	w.platform.lock = NULL;
	w.platform.unlock = NULL;
	w.platform.wait = NULL;
	w.platform.wake = NULL;
	w.platform.log = NULL;
	w.config.events = NULL;
	assert_ok(world_create(&w));
	world_small(&w);
	device = world_device(&w, "one");
	assert_int_equal(iomm_device_probe(device), -IOMM_EPROBE_DEFER);
	mock_register(&mock, &w, "first");
	assert_ok(iomm_ctx_run(w.ctx));
	assert_int_equal(device_state(device), IOMM_DEVICE_BOUND);
	assert_ok(iomm_device_remove(device, IOMM_FOREVER));
	iomm_device_put(device);
	mock_end(&mock);
	iomm_bus_put(w.bus);
	iomm_firmware_put(w.firmware);
	iomm_ctx_put(w.ctx);
	assert_int_equal(w.platform_releases, 1);
	assert_int_equal(w.blocks, 0);
}

/* A platform that keeps a thread's storage with its data, which goes with the
 * context: nothing may look at it afterwards (AddressSanitizer does). */
struct own_storage {
	_Alignas(16) unsigned char thread[IOMM_THREAD_SIZE];
	struct world *w;
};

static void *own_thread(void *data)
{
	return ((struct own_storage *)data)->thread;
}

static void *own_alloc(void *data, uint64_t bytes, uint64_t align)
{
	struct own_storage *own = data;

	return own->w->platform.alloc(own->w, bytes, align);
}

static void own_free(void *data, void *ptr, uint64_t bytes, uint64_t align)
{
	struct own_storage *own = data;

	own->w->platform.free(own->w, ptr, bytes, align);
}

static uint64_t own_time(void *data)
{
	(void)data;
	return 0;
}

static void test_storage_goes_with_platform(void **state)
{
	struct iomm_platform platform = { .size = sizeof(platform),
					  .alloc = own_alloc,
					  .free = own_free,
					  .thread = own_thread,
					  .time = own_time };
	struct own_storage *own = aligned_alloc(16, sizeof(*own));
	struct iomm_ctx *ctx = NULL;
	struct world w;

	(void)state;
	world_init(&w);
	memset(own, 0, sizeof(*own));
	own->w = &w;
	w.config.platform = &platform;
	w.config.platform_data = own;
	w.config.platform_release = free;
	assert_ok(iomm_ctx_create(&w.config, &ctx));
	assert_int_equal(iomm_ctx_next_deadline(ctx, NULL), -IOMM_EINVAL);
	iomm_ctx_put(ctx);
	assert_int_equal(w.released, 1);
	assert_int_equal(w.blocks, 0);
}

static void test_null(void **state)
{
	struct world *w = *state;
	uint64_t deadline = 77;

	assert_int_equal(iomm_ctx_run(NULL), -IOMM_EINVAL);
	assert_int_equal(iomm_ctx_close(NULL, 0), -IOMM_EINVAL);
	assert_int_equal(iomm_ctx_seal_iommus(NULL), -IOMM_EINVAL);
	assert_int_equal(iomm_ctx_next_deadline(NULL, &deadline), -IOMM_EINVAL);
	assert_fails(iomm_ctx_next_deadline(w->ctx, NULL), IOMM_EINVAL, w->ctx,
		     "iomm_ctx_next_deadline");
	assert_fails(iomm_ctx_next_deadline(w->ctx, &deadline), IOMM_ENOENT,
		     w->ctx, "nothing is pending");
	assert_int_equal(deadline, 77);
}

static void test_live_handles(void **state)
{
	static const uint32_t kinds[] = {
		IOMM_HANDLE_CTX,    IOMM_HANDLE_FIRMWARE, IOMM_HANDLE_BUS,
		IOMM_HANDLE_DEVICE, IOMM_HANDLE_GROUP,	  IOMM_HANDLE_IOMMU,
		IOMM_HANDLE_FWSPEC,
	};
	struct world *w = *state;
	struct iomm_device *device;
	struct mock mock;
	uint32_t n;

	assert_int_equal(world_live(w, IOMM_HANDLE_ANY), 1);
	assert_int_equal(world_live(w, IOMM_HANDLE_CTX), 1);
	world_small(w);
	mock_register(&mock, w, "first");
	device = world_device(w, "one");
	assert_ok(iomm_device_probe(device));
	for (n = 0; n < LENGTH(kinds); n++)
		assert_int_equal(world_live(w, kinds[n]), 1);
	assert_int_equal(world_live(w, IOMM_HANDLE_ANY), LENGTH(kinds));
	assert_int_equal(world_live(w, IOMM_HANDLE_DOMAIN), 0);
	assert_int_equal(world_live(w, IOMM_HANDLE_KINDS), 0);
	assert_int_equal(world_live(w, UINT32_MAX), 0);
	assert_int_equal(iomm_ctx_live_handles(NULL, IOMM_HANDLE_ANY), 0);
	iomm_device_put(device);
	assert_int_equal(world_live(w, IOMM_HANDLE_DEVICE), 0);
	assert_int_equal(world_live(w, IOMM_HANDLE_GROUP), 0);
	mock_end(&mock);
}

/* The context goes with its last handle, whoever holds it. */
static void test_handle_keeps_context(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	assert_ok(world_create(&w));
	world_small(&w);
	iomm_firmware_put(w.firmware);
	iomm_ctx_put(w.ctx);
	assert_int_equal(w.released, 0);
	iomm_bus_put(w.bus);
	assert_int_equal(w.released, 1);
	assert_int_equal(w.lost, 0);
	assert_int_equal(w.blocks, 0);
}

static void test_count_saturates(void **state)
{
	struct world *w = *state;
	uint32_t n;

	atomic_store(&w->ctx->refs, IOMM_REFS_SATURATED - 1);
	for (n = 0; n < 5; n++)
		(void)iomm_ctx_get(w->ctx);
	for (n = 0; n < 50; n++)
		iomm_ctx_put(w->ctx);
	assert_int_equal(w->released, 0);
	assert_int_equal(w->ctx->refs, IOMM_REFS_SATURATED);
	atomic_store(&w->ctx->refs, 1);
}

/* In callbacks */

static void test_in_callback(void **state)
{
	struct world *w = *state;
	struct iomm_frame frame;

	iomm_callback_begin(w->ctx, &frame, false);
	assert_fails(iomm_ctx_run(w->ctx), IOMM_EDEADLK, w->ctx,
		     "iomm_ctx_run would wait, and nothing waits inside a "
		     "callback");
	assert_fails(iomm_ctx_close(w->ctx, 0), IOMM_EDEADLK, w->ctx,
		     "iomm_ctx_close would wait");
	iomm_callback_end(w->ctx, &frame);
	assert_ok(iomm_ctx_run(w->ctx));
}

/* A context whose last reference goes in an atomic hook of another one goes
 * when the thread next leaves the library outside, whatever it was there for. */
static void test_last_put_in_foreign_hook(void **state)
{
	struct world *w = *state;
	struct iomm_frame outer, inner;
	struct world b, c;

	world_init(&b);
	world_init(&c);
	assert_ok(world_create(&b));
	assert_ok(world_create(&c));
	iomm_callback_begin(w->ctx, &outer, true);
	iomm_callback_begin(w->ctx, &inner, false);
	iomm_ctx_put(b.ctx);
	iomm_ctx_put(c.ctx);
	iomm_callback_end(w->ctx, &inner);
	iomm_callback_end(w->ctx, &outer);
	assert_int_equal(b.released + c.released, 0);
	assert_ok(iomm_ctx_run(w->ctx));
	b.ctx = c.ctx = NULL;
	world_end(&b);
	world_end(&c);
}

/* In a callback that is not atomic it goes at once. */
static void test_last_put_in_foreign_callback(void **state)
{
	struct world *w = *state;
	struct iomm_frame frame;
	struct world b;

	world_init(&b);
	assert_ok(world_create(&b));
	iomm_callback_begin(w->ctx, &frame, false);
	iomm_ctx_put(b.ctx);
	b.ctx = NULL;
	world_end(&b);
	iomm_callback_end(w->ctx, &frame);
}

/* Closing */

static void test_close(void **state)
{
	struct world *w = *state;
	struct iomm_device *one, *both, *none;
	struct mock first, second;
	uint32_t n;

	world_small(w);
	mock_register(&first, w, "first");
	mock_register(&second, w, "second");
	one = world_device(w, "one");
	both = world_device(w, "both");
	none = world_device(w, "none");
	assert_ok(iomm_device_probe(one));
	assert_ok(iomm_device_probe(both));
	for (n = 0; n < 2; n++) {
		assert_ok(iomm_ctx_close(w->ctx, IOMM_FOREVER));
		assert_int_equal(device_state(one), IOMM_DEVICE_REMOVED);
		assert_int_equal(device_state(both), IOMM_DEVICE_REMOVED);
		assert_int_equal(device_state(none), IOMM_DEVICE_REMOVED);
		assert_int_equal(first.devices + second.devices, 0);
		assert_fails(iomm_device_probe(one), IOMM_ENODEV, w->ctx,
			     "device one is removed, or being removed");
	}
	assert_int_equal(first.calls[MOCK_DATA_RELEASE], 0);
	/* The handles are still the caller's. */
	assert_int_equal(world_live(w, IOMM_HANDLE_DEVICE), 3);
	assert_int_equal(world_live(w, IOMM_HANDLE_IOMMU), 2);
	iomm_device_put(one);
	iomm_device_put(both);
	iomm_device_put(none);
	mock_end(&first);
	mock_end(&second);
}

static void test_close_under_guard(void **state)
{
	struct world *w = *state;
	struct iomm_device *one, *two;
	struct iomm_device_guard guard;
	struct mock mock;

	world_small(w);
	mock_register(&mock, w, "first");
	one = world_device(w, "one");
	two = world_device(w, "two");
	assert_ok(iomm_device_probe(one));
	assert_ok(iomm_device_probe(two));
	assert_ok(iomm_device_enter(one, &guard));
	assert_int_equal(iomm_ctx_close(w->ctx, 0), -IOMM_EDEADLK);
	/* What could be removed stays removed, and so does the instance. */
	assert_int_equal(device_state(two), IOMM_DEVICE_REMOVED);
	assert_int_equal(mock.devices, 0);
	iomm_device_exit(&guard);
	assert_ok(iomm_ctx_close(w->ctx, 0));
	assert_int_equal(device_state(one), IOMM_DEVICE_REMOVED);
	iomm_device_put(one);
	iomm_device_put(two);
	mock_end(&mock);
}

struct holder {
	struct iomm_device *device;
	_Atomic int inside, leave;
};

static void *hold_guard(void *data)
{
	struct holder *holder = data;
	struct iomm_device_guard guard;
	int err = iomm_device_enter(holder->device, &guard);

	holder->inside = 1;
	while (!holder->leave)
		pause_us(100);
	iomm_device_exit(&guard);
	return (void *)(intptr_t)err;
}

static void test_close_times_out(void **state)
{
	struct world *w = *state;
	struct holder holder = { 0 };
	struct iomm_device_guard guard;
	pthread_t thread;
	void *err;

	world_small(w);
	holder.device = world_device(w, "one");
	pthread_create(&thread, NULL, hold_guard, &holder);
	while (!holder.inside)
		pause_us(100);
	assert_fails(iomm_ctx_close(w->ctx, 1000000), IOMM_ETIMEDOUT, w->ctx,
		     "one: 1 are still inside at the deadline");
	assert_int_equal(device_state(holder.device), IOMM_DEVICE_NEW);
	assert_int_equal(iomm_device_enter(holder.device, &guard),
			 -IOMM_ENODEV);
	holder.leave = 1;
	/* Waits for the guard, or finds it gone. */
	assert_ok(iomm_ctx_close(w->ctx, IOMM_FOREVER));
	pthread_join(thread, &err);
	assert_null(err);
	assert_int_equal(device_state(holder.device), IOMM_DEVICE_REMOVED);
	iomm_device_put(holder.device);
}

#if IOMM_CHECKED

/* Without a misuse event the sentence is logged and the process ends. */
static void test_misuse_without_event(void **state)
{
	struct world w;
	struct iomm_bus *bus;
	int status;
	pid_t child;

	(void)state;
	fflush(NULL);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		/* cmocka's handlers would take it for a failed test. */
		(void)signal(SIGILL, SIG_DFL);
		(void)signal(SIGTRAP, SIG_DFL);
		world_init(&w);
		w.events.misuse = NULL;
		if (world_create(&w))
			_exit(1);
		world_small(&w);
		bus = w.bus;
		iomm_bus_put(bus);
		iomm_bus_put(bus);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
}

#endif

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_version),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_bad_config),
		cmocka_unit_test(test_short_config),
		cmocka_unit_test(test_no_out),
		cmocka_unit_test(test_tails),
		cmocka_unit_test(test_no_barrier),
		cmocka_unit_test(test_without_memory),
		cmocka_unit_test(test_smallest_platform),
		cmocka_unit_test(test_storage_goes_with_platform),
		WORLD_TEST(test_null),
		WORLD_TEST(test_live_handles),
		cmocka_unit_test(test_handle_keeps_context),
		WORLD_TEST(test_count_saturates),
		WORLD_TEST(test_in_callback),
		WORLD_TEST(test_last_put_in_foreign_hook),
		WORLD_TEST(test_last_put_in_foreign_callback),
		WORLD_TEST(test_close),
		WORLD_TEST(test_close_under_guard),
		WORLD_TEST(test_close_times_out),
#if IOMM_CHECKED
		cmocka_unit_test(test_misuse_without_event),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
