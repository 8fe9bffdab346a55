/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* IOMMU instances: registering and unregistering. */
#include "unit/support.h"

#include <stddef.h>

#include "base/ctx.h"

static uint32_t releases;

static void count_release(void *data)
{
	assert_ptr_equal(data, &releases);
	releases++;
}

static struct iomm_iommu_config good_config(struct world *w)
{
	return (struct iomm_iommu_config){
		.size = sizeof(struct iomm_iommu_config),
		.node = node_at(w->firmware, "/first"),
		.name = "first",
		.driver = "mock",
	};
}

/* Refused with that code and sentence, `data` released once, nothing made. */
static void refuse(struct world *w, const struct iomm_iommu_config *config,
		   const struct iomm_iommu_ops *ops, int code, const char *says)
{
	uint32_t live = world_live(w, IOMM_HANDLE_ANY);
	struct iomm_iommu *iommu = UNTOUCHED;

	releases = 0;
	assert_fails(iomm_iommu_register(w->ctx, config, ops, &releases,
					 count_release, &iommu),
		     code, w->ctx, says);
	assert_int_equal(releases, 1);
	assert_ptr_equal(iommu, UNTOUCHED);
	assert_int_equal(world_live(w, IOMM_HANDLE_ANY), live);
	/* Without a release function too. */
	assert_int_equal(iomm_iommu_register(w->ctx, config, ops, NULL, NULL,
					     &iommu),
			 -code);
}

static void test_register_refuses(void **state)
{
	struct world *w = *state;
	struct iomm_iommu_config c;
	struct iomm_iommu_ops ops = mock_ops;
	struct iomm_iommu *iommu = UNTOUCHED;

	world_small(w);
	c = good_config(w);
	releases = 0;
	assert_int_equal(iomm_iommu_register(NULL, &c, &ops, &releases,
					     count_release, &iommu),
			 -IOMM_EINVAL);
	assert_int_equal(iomm_iommu_register(NULL, &c, &ops, NULL, NULL,
					     &iommu),
			 -IOMM_EINVAL);
	assert_int_equal(releases, 1);
	assert_fails(iomm_iommu_register(w->ctx, &c, &ops, &releases,
					 count_release, NULL),
		     IOMM_EINVAL, w->ctx, "iomm_iommu_register");
	assert_int_equal(releases, 2);
	assert_ptr_equal(iommu, UNTOUCHED);

	refuse(w, NULL, &ops, IOMM_EINVAL, "struct iomm_iommu_config is NULL");
	refuse(w, &c, NULL, IOMM_EINVAL, "struct iomm_iommu_ops is NULL");
	c.size = 0;
	refuse(w, &c, &ops, IOMM_EINVAL, "size 0");
	c.size = IOMM_IOMMU_CONFIG_SIZE_VER0 - 1;
	refuse(w, &c, &ops, IOMM_EINVAL, "size 31");
	c = good_config(w);
	c.flags = 0x10 | IOMM_IOMMU_IDENTITY;
	refuse(w, &c, &ops, IOMM_EINVAL, "unknown bits 0x10");
	c = good_config(w);
	c.reserved = 1;
	refuse(w, &c, &ops, IOMM_EINVAL, "unknown bits 0x1");
	c = good_config(w);
	c.pasid_bits = IOMM_PASID_BITS_MAX + 1;
	refuse(w, &c, &ops, IOMM_EINVAL, "pasid_bits is 21");
	c = good_config(w);
	c.node = 0;
	refuse(w, &c, &ops, IOMM_EINVAL, "needs a node");
	c = good_config(w);
	c.name = NULL;
	refuse(w, &c, &ops, IOMM_EINVAL, "a name");
	c = good_config(w);
	c.driver = NULL;
	refuse(w, &c, &ops, IOMM_EINVAL, "the name of its driver");
	c = good_config(w);
	ops.size = IOMM_IOMMU_OPS_SIZE_VER0 - 1;
	refuse(w, &c, &ops, IOMM_EINVAL, "size 103");
	ops.size = 0;
	refuse(w, &c, &ops, IOMM_EINVAL, "size 0");
	ops = mock_ops;
	ops.flags = 1;
	refuse(w, &c, &ops, IOMM_EINVAL, "unknown bits 0x1");
}

static void test_required_callbacks(void **state)
{
	static const size_t required[] = {
		offsetof(struct iomm_iommu_ops, translate),
		offsetof(struct iomm_iommu_ops, probe),
		offsetof(struct iomm_iommu_ops, release),
		offsetof(struct iomm_iommu_ops, domain_alloc),
		offsetof(struct iomm_iommu_ops, domain_free),
		offsetof(struct iomm_iommu_ops, attach_commit),
		offsetof(struct iomm_iommu_ops, block),
		offsetof(struct iomm_iommu_ops, flush),
		offsetof(struct iomm_iommu_ops, flush_all),
	};
	struct world *w = *state;
	struct iomm_iommu_config c;
	struct iomm_iommu_ops ops;
	struct iomm_iommu *iommu = NULL;
	uint32_t n;

	world_small(w);
	c = good_config(w);
	for (n = 0; n < LENGTH(required); n++) {
		ops = mock_ops;
		memset((char *)&ops + required[n], 0, sizeof(void (*)(void)));
		refuse(w, &c, &ops, IOMM_EINVAL, "lacks a callback");
	}
	ops = mock_ops;
	ops.attach_prepare = NULL;
	ops.group = NULL;
	ops.default_domain = NULL;
	assert_ok(iomm_iommu_register(w->ctx, &c, &ops, NULL, NULL, &iommu));
	iomm_iommu_put(iommu);
}

static void test_tails(void **state)
{
	struct world *w = *state;
	struct {
		struct iomm_iommu_config config;
		uint64_t tail;
	} c = { .tail = 0 };
	struct {
		struct iomm_iommu_ops ops;
		uint64_t tail;
	} ops = { .ops = mock_ops };
	struct iomm_iommu *iommu = NULL;

	world_small(w);
	c.config = good_config(w);
	c.config.size = sizeof(c);
	ops.ops.size = sizeof(ops);
	c.tail = 1;
	refuse(w, &c.config, &ops.ops, IOMM_E2BIG,
	       "iomm_iommu_config has data");
	c.tail = 0;
	ops.tail = UINT64_C(1) << 63;
	refuse(w, &c.config, &ops.ops, IOMM_E2BIG, "iomm_iommu_ops has data");
	ops.tail = 0;
	assert_ok(iomm_iommu_register(w->ctx, &c.config, &ops.ops, NULL, NULL,
				      &iommu));
	iomm_iommu_put(iommu);
}

static void test_node_in_use(void **state)
{
	struct world *w = *state;
	struct iomm_iommu_config c;
	struct mock mock, again;

	world_small(w);
	mock_register(&mock, w, "first");
	c = good_config(w);
	c.name = "twin";
	refuse(w, &c, &mock_ops, IOMM_EEXIST,
	       "has an IOMMU instance already: first");
	/* Once it is unregistered its node is free, whoever still holds it. */
	assert_ok(iomm_iommu_unregister(mock.iommu, 0));
	mock_register(&again, w, "first");
	mock_end(&mock);
	mock_end(&again);
}

struct step {
	struct mock mock;
	uint64_t node;
};

static int register_step(struct world *w, void *arg)
{
	struct step *step = arg;
	uint32_t before = step->mock.calls[MOCK_DATA_RELEASE];
	int err = mock_register_as(&step->mock, step->node, "first", "mock");

	(void)w;
	assert_int_equal(step->mock.calls[MOCK_DATA_RELEASE],
			 before + (err != 0));
	return err;
}

static void test_register_without_memory(void **state)
{
	struct world *w = *state;
	struct step step;

	world_small(w);
	mock_init(&step.mock, w);
	step.node = node_at(w->firmware, "/first");
	/* The instance, its lock, two names. */
	assert_int_equal(world_each_site(w, register_step, &step), 4);
	step.mock.calls[MOCK_DATA_RELEASE] = 0;
	mock_end(&step.mock);
}

/* Names are copied, and so are the callbacks. */
static void test_copies(void **state)
{
	struct world *w = *state;
	char name[] = "unit", driver[] = "driver", buf[8] = "";
	struct iomm_iommu_config c;
	struct iomm_iommu_ops ops = mock_ops;
	struct iomm_device *device;
	struct mock mock;

	world_small(w);
	mock_init(&mock, w);
	c = good_config(w);
	c.name = name;
	c.driver = driver;
	assert_ok(iomm_iommu_register(w->ctx, &c, &ops, &mock, NULL,
				      &mock.iommu));
	memset(name, '#', 4);
	memset(driver, '#', 6);
	memset(&ops, 0xff, sizeof(ops));
	device = world_device(w, "one");
	assert_ok(iomm_device_probe(device));
	iomm_device_put(device);
	assert_int_equal(iomm_iommu_name(mock.iommu, buf, sizeof(buf)), 4);
	assert_string_equal(buf, "unit");
	assert_int_equal(iomm_iommu_name(mock.iommu, buf, 3), 4);
	assert_string_equal(buf, "un");
	assert_int_equal(iomm_iommu_name(mock.iommu, NULL, 0), 4);
	assert_fails(iomm_iommu_name(mock.iommu, NULL, 3), IOMM_EINVAL, w->ctx,
		     "iomm_iommu_name");
	assert_int_equal(iomm_iommu_name(NULL, buf, 3), -IOMM_EINVAL);
	assert_int_equal(iomm_iommu_name((void *)w->bus, buf, 3), -IOMM_EINVAL);
	iomm_iommu_put(mock.iommu);
}

static void test_unregister(void **state)
{
	struct world *w = *state;
	struct iomm_device *device;
	struct iomm_frame frame;
	struct mock mock;

	world_small(w);
	mock_register(&mock, w, "first");
	assert_int_equal(iomm_iommu_unregister(NULL, 0), -IOMM_EINVAL);
	assert_int_equal(iomm_iommu_unregister((void *)w->bus, 0),
			 -IOMM_EINVAL);
	iomm_callback_begin(w->ctx, &frame, false);
	assert_fails(iomm_iommu_unregister(mock.iommu, 0), IOMM_EDEADLK, w->ctx,
		     "iomm_iommu_unregister would wait");
	iomm_callback_end(w->ctx, &frame);
	/* Refused, and not begun. */
	device = world_device(w, "one");
	assert_ok(iomm_device_probe(device));
	iomm_device_put(device);
	assert_ok(iomm_iommu_unregister(mock.iommu, 0));
	assert_ok(iomm_iommu_unregister(mock.iommu, 0));
	assert_ptr_equal(iomm_iommu_get(mock.iommu), mock.iommu);
	iomm_iommu_put(mock.iommu);
	assert_null(iomm_iommu_get(NULL));
	iomm_iommu_put(NULL);
	mock_end(&mock);
}

/* The last put unregisters what nobody did. */
static void test_last_put(void **state)
{
	struct world *w = *state;
	struct iomm_device *device;
	struct mock mock;

	world_small(w);
	mock_register(&mock, w, "first");
	device = world_device(w, "one");
	assert_ok(iomm_device_probe(device));
	/* The device holds it. */
	iomm_iommu_put(mock.iommu);
	assert_int_equal(mock.calls[MOCK_DATA_RELEASE], 0);
	assert_int_equal(device_state(device), IOMM_DEVICE_BOUND);
	iomm_device_put(device);
	assert_int_equal(mock.calls[MOCK_DATA_RELEASE], 1);
	assert_int_equal(mock.devices, 0);
	assert_int_equal(world_live(w, IOMM_HANDLE_IOMMU), 0);
	mock_register(&mock, w, "first");
	mock_end(&mock);
}

/* A callback that is running is waited for. */
struct slow {
	struct iomm_device *device;
	_Atomic int inside, leave;
	int err;
};

static void slow_probe(struct mock *mock, void *object)
{
	struct slow *slow = mock->user;

	(void)object;
	slow->inside = 1;
	while (!slow->leave)
		pause_us(100);
}

static void *probe_elsewhere(void *data)
{
	struct slow *slow = data;

	slow->err = iomm_device_probe(slow->device);
	return NULL;
}

static void test_unregister_times_out(void **state)
{
	struct world *w = *state;
	struct iomm_device *two;
	struct slow slow = { 0 };
	struct mock mock;
	pthread_t thread;

	world_small(w);
	mock_register(&mock, w, "first");
	mock.on[MOCK_PROBE] = slow_probe;
	mock.user = &slow;
	slow.device = world_device(w, "one");
	two = world_device(w, "two");
	pthread_create(&thread, NULL, probe_elsewhere, &slow);
	while (!slow.inside)
		pause_us(100);
	assert_fails(iomm_iommu_unregister(mock.iommu, 1000000), IOMM_ETIMEDOUT,
		     w->ctx, "first: 1 are still inside at the deadline");
	/* Nobody else is let in. */
	assert_int_equal(iomm_device_probe(two), -IOMM_EPROBE_DEFER);
	slow.leave = 1;
	assert_ok(iomm_iommu_unregister(mock.iommu, IOMM_FOREVER));
	pthread_join(thread, NULL);
	assert_int_equal(slow.err, 0);
	assert_int_equal(device_state(slow.device), IOMM_DEVICE_WAITING);
	assert_int_equal(mock.devices, 0);
	iomm_device_put(slow.device);
	iomm_device_put(two);
	mock_end(&mock);
}

static void test_fault_arguments(void **state)
{
	struct world *w = *state;
	struct {
		struct iomm_fault fault;
		uint64_t tail;
	} more = { .fault = { .size = sizeof(more), .id = 0x10 }, .tail = 1 };
	struct iomm_fault fault = { .size = sizeof(fault), .id = 0x10 };
	struct mock mock;

	world_small(w);
	mock_register(&mock, w, "first");
	assert_int_equal(iomm_iommu_report_fault(NULL, &fault), -IOMM_EINVAL);
	assert_int_equal(iomm_iommu_report_fault((void *)w->bus, &fault),
			 -IOMM_EINVAL);
	assert_fails(iomm_iommu_report_fault(mock.iommu, NULL), IOMM_EINVAL,
		     w->ctx, "NULL");
	assert_fails(iomm_iommu_report_fault(mock.iommu, &more.fault),
		     IOMM_E2BIG, w->ctx, "iomm_fault has data");
	fault.size = IOMM_FAULT_SIZE_VER0 - 1;
	assert_fails(iomm_iommu_report_fault(mock.iommu, &fault), IOMM_EINVAL,
		     w->ctx, "size 31");
	fault.size = sizeof(fault);
	fault.reserved = 1;
	assert_fails(iomm_iommu_report_fault(mock.iommu, &fault), IOMM_EINVAL,
		     w->ctx, "reserved");
	fault.reserved = 0;
	fault.flags = 1;
	assert_int_equal(iomm_iommu_report_fault(mock.iommu, &fault),
			 -IOMM_EINVAL);
	fault.flags = 0;
	assert_int_equal(iomm_iommu_report_fault(mock.iommu, &fault),
			 -IOMM_ENOENT);
	assert_ok(iomm_iommu_unregister(mock.iommu, 0));
	assert_int_equal(iomm_iommu_report_fault(mock.iommu, &fault),
			 -IOMM_ENODEV);
	mock_end(&mock);
}

#if IOMM_CHECKED

static void test_misuse(void **state)
{
	struct world *w = *state;
	struct mock mock;

	world_small(w);
	mock_register(&mock, w, "first");
	mock_end(&mock);
	iomm_iommu_put(mock.iommu);
	assert_string_equal(w->misuse,
			    "a put of a registered IOMMU after its last put");
	assert_int_equal(iomm_iommu_unregister(mock.iommu, 0), -IOMM_EINVAL);
	assert_int_equal(w->nr_misuses, 2);
	w->nr_misuses = 0;
}

#endif

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WORLD_TEST(test_register_refuses),
		WORLD_TEST(test_required_callbacks),
		WORLD_TEST(test_tails),
		WORLD_TEST(test_node_in_use),
		WORLD_TEST(test_register_without_memory),
		WORLD_TEST(test_copies),
		WORLD_TEST(test_unregister),
		WORLD_TEST(test_last_put),
		WORLD_TEST(test_unregister_times_out),
		WORLD_TEST(test_fault_arguments),
#if IOMM_CHECKED
		WORLD_TEST(test_misuse),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
