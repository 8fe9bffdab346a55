/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Devices that go by surprise while threads are busy with them. */
#include "stress/races.h"

struct scene {
	struct world world;
	struct race_driver driver;
	struct iomm_iommu *iommu;
	struct iomm_device *device;
	_Atomic uint32_t inside, released;
	_Atomic bool said;	      /* set_gone has returned */
	uint32_t value[RACE_THREADS]; /* data of the device */
};

static void on_removal(void *data)
{
	struct scene *s = data;

	race_require(!atomic_load_explicit(&s->inside, memory_order_acquire),
		     1);
	atomic_fetch_add_explicit(&s->released, 1, memory_order_relaxed);
}

static void on_release(void *data)
{
	uint32_t *value = data;

	race_require(*value == 5, *value);
	*value = 6;
}

static void begin(void *shared)
{
	struct scene *s = shared;

	race_world(&s->world);
	s->device = world_device(&s->world, "one");
	assert_ok(race_register(&s->driver, &s->world, "first", &s->iommu));
	assert_ok(iomm_device_probe(s->device));
	assert_ok(iomm_device_add_release(s->device, on_removal, s));
}

/* Whatever was left undone, iomm_ctx_run() does. */
static void end(void *shared)
{
	struct scene *s = shared;
	uint64_t deadline;
	uint32_t state = 0;

	assert_ok(iomm_ctx_run(s->world.ctx));
	assert_int_equal(s->inside, 0);
	assert_int_equal(s->released, 1);
	assert_ok(iomm_device_state(s->device, &state));
	assert_int_equal(state, IOMM_DEVICE_REMOVED);
	assert_int_equal(iomm_ctx_next_deadline(s->world.ctx, &deadline),
			 -IOMM_ENOENT);
	iomm_device_put(s->device);
	assert_int_equal(world_live(&s->world, IOMM_HANDLE_DEVICE), 0);
	assert_int_equal(s->driver.devices, 0);
	assert_ok(iomm_iommu_unregister(s->iommu, IOMM_FOREVER));
	iomm_iommu_put(s->iommu);
	world_end(&s->world);
}

/* Works inside until it notices; never gets in once it was said. */
static void work(struct scene *s, struct random *random)
{
	struct iomm_device_guard guard;
	bool said = atomic_load_explicit(&s->said, memory_order_acquire);
	int err = iomm_device_enter(s->device, &guard);

	race_require(!err || err == -IOMM_ENODEV, err);
	race_require(!said || err, 1);
	if (err)
		return;
	atomic_fetch_add_explicit(&s->inside, 1, memory_order_relaxed);
	race_dally(random);
	if (iomm_device_gone(s->device) == 1)
		race_dally(random);
	atomic_fetch_sub_explicit(&s->inside, 1, memory_order_release);
	iomm_device_exit(&guard);
}

static void use_domain(struct scene *s, struct random *random)
{
	struct iomm_domain *domain = NULL;
	int err = iomm_domain_create(s->device, NULL, &domain);

	race_require(!err || err == -IOMM_ENODEV, err);
	if (err)
		return;
	RACE_RESULT(iomm_domain_attach(domain, s->device), 0, -IOMM_ENODEV);
	race_dally(random);
	RACE_RESULT(iomm_domain_map(domain, 0, 0, 0x2000, RW, 0, NULL), 0);
	RACE_RESULT(iomm_domain_unmap(domain, 0, 0x2000, NULL, NULL), 0);
	RACE_RESULT(iomm_domain_detach(domain, s->device), 0, -IOMM_ENODEV,
		    -IOMM_ENOENT);
	iomm_domain_put(domain);
}

/* Four busy threads, one of whom pulls it out; two look after the context. */
static void busy_body(void *shared, uint32_t thread, struct random *random)
{
	struct scene *s = shared;
	uint32_t n;

	for (n = 0; n < 8; n++) {
		race_dally(random);
		if (thread == 0 && n == 4) {
			RACE_RESULT(iomm_device_set_gone(s->device), 0);
			atomic_store_explicit(&s->said, true,
					      memory_order_release);
		}
		if (thread == 1 && n == 3)
			use_domain(s, random);
		if (thread >= 2 && random_percent(random, 30))
			RACE_RESULT(iomm_ctx_run(s->world.ctx), 0);
		work(s, random);
	}
}

/* It is said to be gone by several, removed by hand, by iomm_ctx_run(), and
 * probed. */
static void removal_body(void *shared, uint32_t thread, struct random *random)
{
	struct scene *s = shared;

	race_dally(random);
	switch (thread) {
	case 0:
		RACE_RESULT(iomm_device_remove(s->device, 0), 0,
			    -IOMM_ETIMEDOUT);
		break;
	case 1:
		RACE_RESULT(iomm_device_probe(s->device), 0, -IOMM_ENODEV);
		work(s, random);
		break;
	default:
		RACE_RESULT(iomm_device_set_gone(s->device), 0);
		RACE_RESULT(iomm_ctx_run(s->world.ctx), 0);
	}
}

/* Its last reference goes while others are being taken off the list of those
 * that are gone. */
static void put_body(void *shared, uint32_t thread, struct random *random)
{
	static const char *const names[] = { "two", "both", "other", "none" };
	struct iomm_device_config config = { .size = sizeof(config),
					     .flags = IOMM_DEVICE_ADDRESS,
					     .name = names[thread] };
	struct scene *s = shared;
	struct iomm_device *device;
	char path[16];

	if (thread == 0)
		RACE_RESULT(iomm_device_set_gone(s->device), 0);
	(void)snprintf(path, sizeof(path), "/%s", names[thread]);
	RACE_RESULT(iomm_firmware_find(s->world.firmware, path,
				       &config.address),
		    0);
	RACE_RESULT(iomm_device_create(s->world.bus, &config, &device), 0);
	RACE_RESULT(iomm_device_set_gone(device), 0);
	if (random_percent(random, 50))
		RACE_RESULT(iomm_ctx_run(s->world.ctx), 0);
	race_dally(random);
	iomm_device_put(device);
}

/* Data is given once, by whoever comes first, and seen whole by all. */
static void data_body(void *shared, uint32_t thread, struct random *random)
{
	struct scene *s = shared;
	uint32_t n;
	void *data;

	s->value[thread] = 5;
	race_dally(random);
	for (n = 0; n < 4; n++) {
		if (n == thread)
			RACE_RESULT(iomm_device_set_data(s->device, s,
							 &s->value[thread],
							 on_release),
				    0, -IOMM_EEXIST, -IOMM_ENODEV);
		if (!iomm_device_data(s->device, s, &data))
			race_require(*(uint32_t *)data == 5, 1);
		race_dally(random);
	}
	if (thread == 3)
		RACE_RESULT(iomm_device_set_gone(s->device), 0);
}

static void data_end(void *shared)
{
	struct scene *s = shared;
	uint32_t n;

	end(s);
	/* Each was released once: at once, or with the device. */
	for (n = 0; n < RACE_THREADS; n++)
		assert_int_equal(s->value[n], 6);
}

static const struct race races[] = {
	{ "gone while busy", 4, sizeof(struct scene), begin, busy_body, end },
	{ "gone, removed, probed", 4, sizeof(struct scene), begin, removal_body,
	  end },
	{ "gone and put", 4, sizeof(struct scene), begin, put_body, end },
	{ "data", 4, sizeof(struct scene), begin, data_body, data_end },
};

int main(void)
{
	const struct CMUnitTest tests[] = {
		RACE_TEST(races[0]),
		RACE_TEST(races[1]),
		RACE_TEST(races[2]),
		RACE_TEST(races[3]),
	};

	return cmocka_run_group_tests_name("races: devices that are gone",
					   tests, NULL, NULL);
}
