/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Default domains: chosen with a group's first device, attached before anybody
 * sees it, and there again whenever nothing else is. */
#include "unit/domain_support.h"
#include "unit/zone_support.h"

static uint32_t default_type(struct iomm_device *device)
{
	struct iomm_group *group = group_of(device);
	uint32_t type = group_info(group).default_type;

	iomm_group_put(group);
	return type;
}

static int default_of(struct iomm_device *device, struct iomm_domain **out)
{
	struct iomm_group *group = group_of(device);
	int err = iomm_group_default_domain(group, out);

	iomm_group_put(group);
	return err;
}

/* The device is not published before: whoever sees it sees it attached. */
static struct iomm_device *watched;
static uint32_t seen_state;

static void on_commit(struct mock *mock, void *object)
{
	(void)mock;
	(void)object;
	assert_ok(iomm_device_state(watched, &seen_state));
}

static void test_before_publishing(void **state)
{
	struct world *w = *state;
	struct iomm_domain *domain = NULL;
	struct mock mock;

	zone_mock(&mock, w, IOMM_DOMAIN_PAGING, 0);
	watched = world_device(w, "plain");
	mock.on[MOCK_COMMIT] = on_commit;
	assert_ok(iomm_device_probe(watched));
	assert_int_equal(seen_state, IOMM_DEVICE_PROBING);
	assert_trace(&mock, "translate probe block default domain_alloc "
			    "prepare commit");
	assert_true(mock_attached(&mock, 0x30, 0, NULL));
	assert_int_equal(default_type(watched), IOMM_DOMAIN_PAGING);
	assert_ok(default_of(watched, &domain));
	assert_ok(iomm_domain_map(domain, 0, 0, 4 * KB, RW, 0, NULL));
	iomm_domain_put(domain);
	/* It goes with the device. */
	mock.nr_trace = 0;
	assert_ok(iomm_device_remove(watched, 0));
	assert_trace(&mock, "block release flush_all domain_free");
	iomm_device_put(watched);
	mock_end(&mock);
}

/* Each type, and what the device can do then. */
static void test_types(void **state)
{
	struct iomm_domain *domain = UNTOUCHED;
	struct world *w = *state;
	struct iomm_device *plain;
	struct zone z;

	zone_start(&z, w, IOMM_DOMAIN_IDENTITY);
	plain = crowd_bound(w, "plain");
	assert_int_equal(default_type(plain), IOMM_DOMAIN_IDENTITY);
	assert_true(zone_reads(&z, 0x30, 0, RAM_PA + 5, RAM_PA + 5));
	assert_fails(default_of(plain, &domain), IOMM_ENOENT, w->ctx,
		     "addresses go through as they are");
	assert_ptr_equal(domain, UNTOUCHED);
	/* A user's domain takes its place, and gives it back. */
	domain = domain_for(plain);
	assert_ok(iomm_domain_attach(domain, plain));
	assert_false(zone_reads(&z, 0x30, 0, RAM_PA, RAM_PA));
	assert_ok(iomm_domain_detach(domain, plain));
	assert_true(zone_reads(&z, 0x30, 0, RAM_PA, RAM_PA));
	iomm_domain_put(domain);
	iomm_device_put(plain);
	zone_stop(&z);
}

static void test_blocked(void **state)
{
	struct iomm_domain *domain = UNTOUCHED;
	struct world *w = *state;
	struct iomm_device *plain;
	struct zone z;

	zone_start(&z, w, IOMM_DOMAIN_ANY);
	plain = crowd_bound(w, "plain");
	assert_int_equal(default_type(plain), IOMM_DOMAIN_BLOCKED);
	assert_false(zone_reads(&z, 0x30, 0, RAM_PA, RAM_PA));
	assert_fails(default_of(plain, &domain), IOMM_ENOENT, w->ctx,
		     "all DMA is blocked");
	assert_int_equal(iomm_group_default_domain(NULL, &domain),
			 -IOMM_EINVAL);
	/* No domain is made for nothing. */
	assert_int_equal(world_live(w, IOMM_HANDLE_DOMAIN), 0);
	iomm_device_put(plain);
	zone_stop(&z);
}

/* What firmware wants mapped is there by default, whatever the type is; what it
 * wants until the device's driver has taken over, until somebody has. */
static void test_regions(void **state)
{
	static const uint32_t types[] = { IOMM_DOMAIN_ANY, IOMM_DOMAIN_PAGING,
					  IOMM_DOMAIN_BLOCKED,
					  IOMM_DOMAIN_IDENTITY };
	struct iomm_device *disk, *gpu;
	struct iomm_domain *domain;
	struct world *w = *state;
	struct zone z;
	uint32_t n;

	for (n = 0; n < LENGTH(types); n++) {
		zone_start(&z, w, types[n]);
		disk = crowd_bound(w, "disk");
		gpu = crowd_bound(w, "gpu");
		assert_true(zone_has(&z, 0x10, ZONE_A));
		assert_true(zone_has(&z, 0x20, ZONE_R));
		if (types[n] != IOMM_DOMAIN_IDENTITY)
			assert_false(zone_reads(&z, 0x10, 0, RAM_PA, RAM_PA));
		domain = domain_for(gpu);
		assert_ok(iomm_domain_attach(domain, gpu));
		assert_false(zone_has(&z, 0x20, ZONE_R));
		assert_ok(iomm_domain_detach(domain, gpu));
		assert_true(zone_has(&z, 0x20, ZONE_R));
		iomm_domain_put(domain);
		iomm_device_put(disk);
		iomm_device_put(gpu);
		zone_stop(&z);
		iomm_bus_put(w->bus);
		iomm_firmware_put(w->firmware);
	}
	world_zone(w);
}

/* Members of one group, and a second that needs something else. */
static void test_contradiction(void **state)
{
	struct world *w = *state;
	struct iomm_device *disk, *twin;
	struct mock mock;

	zone_mock(&mock, w, IOMM_DOMAIN_PAGING, 0);
	disk = crowd_bound(w, "disk");
	twin = world_device(w, "twin");
	mock.default_domain = IOMM_DOMAIN_IDENTITY;
	mock.nr_trace = 0;
	assert_fails(iomm_device_probe(twin), IOMM_EINVAL, w->ctx,
		     "twin needs a default domain of type identity");
	assert_int_equal(device_state(twin), IOMM_DEVICE_NONE);
	assert_trace(&mock, "translate probe default release");
	/* The other goes on. */
	assert_true(mock_attached(&mock, 0x10, 0, NULL));
	mock.default_domain = IOMM_DOMAIN_ANY;
	assert_ok(iomm_device_probe(twin));
	assert_int_equal(mock.domains, 1);
	iomm_device_put(disk);
	iomm_device_put(twin);
	mock_end(&mock);
}

static struct iomm_device *
wishing(struct world *w, const char *name, uint32_t type)
{
	struct iomm_device *device = NULL;

	assert_ok(world_device_with(
		w, name, (struct iomm_device_config){ .default_domain = type },
		&device));
	return device;
}

/* Their creator says what they are to have. It has to agree with their driver,
 * and with the group's first. */
static void test_creators_wish(void **state)
{
	struct world *w = *state;
	struct iomm_device *disk, *twin, *gpu;
	struct mock mock;

	zone_mock(&mock, w, IOMM_DOMAIN_ANY, 0);
	disk = wishing(w, "disk", IOMM_DOMAIN_PAGING);
	assert_ok(iomm_device_probe(disk));
	assert_int_equal(default_type(disk), IOMM_DOMAIN_PAGING);
	twin = wishing(w, "twin", IOMM_DOMAIN_BLOCKED);
	assert_fails(iomm_device_probe(twin), IOMM_EINVAL, w->ctx,
		     "twin needs a default domain of type blocked");

	mock.default_domain = IOMM_DOMAIN_PAGING;
	gpu = wishing(w, "gpu", IOMM_DOMAIN_BLOCKED);
	assert_int_equal(iomm_device_probe(gpu), -IOMM_EINVAL);
	mock.default_domain = IOMM_DOMAIN_BLOCKED;
	assert_ok(iomm_device_probe(gpu));
	assert_int_equal(default_type(gpu), IOMM_DOMAIN_BLOCKED);
	iomm_device_put(disk);
	iomm_device_put(twin);
	iomm_device_put(gpu);
	mock_end(&mock);
}

/* The first has no wish, and nobody uses the default yet. */
static void test_later_wish(void **state)
{
	struct iomm_domain *domain = NULL;
	struct world *w = *state;
	struct iomm_device *disk, *twin;
	struct iomm_group *group;
	struct mock mock;

	zone_mock(&mock, w, IOMM_DOMAIN_ANY, 0);
	disk = crowd_bound(w, "disk");
	group = group_of(disk);
	assert_int_equal(default_type(disk), IOMM_DOMAIN_BLOCKED);
	twin = world_device(w, "twin");
	mock.default_domain = IOMM_DOMAIN_PAGING;
	assert_ok(iomm_group_use_default(group));
	assert_int_equal(iomm_device_probe(twin), -IOMM_EINVAL);
	assert_ok(iomm_group_unuse_default(group));
	assert_ok(iomm_device_probe(twin));
	assert_int_equal(default_type(disk), IOMM_DOMAIN_PAGING);
	assert_ok(default_of(disk, &domain));
	assert_int_equal(iomm_domain_unmap(domain, ZONE_A, 12 * KB, NULL, NULL),
			 -IOMM_EBUSY);
	assert_int_equal(mock.domains, 1);
	iomm_domain_put(domain);
	/* With the last device the group is over. */
	iomm_device_put(disk);
	iomm_device_put(twin);
	assert_int_equal(iomm_group_default_domain(group, &domain),
			 -IOMM_ENODEV);
	assert_int_equal(iomm_group_use_default(group), -IOMM_ENODEV);
	assert_int_equal(iomm_group_claim(group, w), -IOMM_ENODEV);
	assert_int_equal(group_info(group).default_type, IOMM_DOMAIN_ANY);
	iomm_group_put(group);
	mock_end(&mock);
}

/* What the driver answers, and each step refused: nothing is left. */
static void test_refused(void **state)
{
	struct world *w = *state;
	struct iomm_device *plain;
	struct mock mock;

	zone_mock(&mock, w, 4, 0);
	plain = world_device(w, "plain");
	assert_fails(iomm_device_probe(plain), IOMM_EPROTO, w->ctx,
		     "type 4, and there is none");
	mock.answer[MOCK_DEFAULT] = -IOMM_EIO;
	assert_fails(iomm_device_probe(plain), IOMM_EIO, w->ctx,
		     "cannot say which default domain");
	mock.answer[MOCK_DEFAULT] = 0;
	mock.default_domain = IOMM_DOMAIN_PAGING;
	mock.answer[MOCK_DOMAIN_ALLOC] = -IOMM_EIO;
	assert_int_equal(iomm_device_probe(plain), -IOMM_EIO);
	mock.answer[MOCK_DOMAIN_ALLOC] = 0;
	mock.answer[MOCK_PREPARE] = -IOMM_EIO;
	assert_int_equal(iomm_device_probe(plain), -IOMM_EIO);
	mock.answer[MOCK_PREPARE] = 0;
	assert_int_equal(mock.devices, 0);
	assert_int_equal(mock.domains, 0);
	assert_ok(iomm_device_probe(plain));
	iomm_device_put(plain);
	mock_end(&mock);
}

/* An instance that cannot do without translation. */
static void test_no_identity(void **state)
{
	struct world *w = *state;
	struct iomm_device *plain;
	struct mock mock;

	zone_mock(&mock, w, IOMM_DOMAIN_IDENTITY, 0);
	plain = world_device(w, "plain");
	assert_fails(iomm_device_probe(plain), IOMM_EOPNOTSUPP, w->ctx,
		     "cannot let the addresses of plain through");
	iomm_device_put(plain);
	mock_end(&mock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_before_publishing),
		WORLD_TEST(test_types),
		WORLD_TEST(test_blocked),
		WORLD_TEST(test_regions),
		WORLD_TEST(test_contradiction),
		WORLD_TEST(test_creators_wish),
		WORLD_TEST(test_later_wish),
		WORLD_TEST(test_refused),
		WORLD_TEST(test_no_identity),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
