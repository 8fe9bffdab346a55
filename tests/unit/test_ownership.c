/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Who decides what a group's devices reach, and that what firmware wants mapped
 * stays mapped whoever does. */
#include "unit/domain_support.h"
#include "unit/zone_support.h"

static int me, you;

struct owned {
	struct zone z;
	struct iomm_device *disk, *twin;
	struct iomm_group *group;
	struct iomm_domain *domain; /* reads RAM_PA at 0 */
};

static void start(struct owned *o, struct world *w, uint32_t type)
{
	zone_start(&o->z, w, type);
	o->disk = crowd_bound(w, "disk");
	o->twin = crowd_bound(w, "twin");
	o->group = group_of(o->disk);
	o->domain = domain_for(o->disk);
	assert_ok(iomm_domain_map(o->domain, 0, RAM_PA, 4 * KB, RW, 0, NULL));
}

static void stop(struct owned *o)
{
	iomm_domain_put(o->domain);
	iomm_group_put(o->group);
	iomm_device_put(o->disk);
	iomm_device_put(o->twin);
	zone_stop(&o->z);
}

static bool at_home(struct owned *o)
{
	struct iomm_domain *domain = NULL;
	struct iomm_translation at = { .size = sizeof(at) };

	if (iomm_group_default_domain(o->group, &domain))
		return false;
	assert_int_equal(iomm_domain_translate(domain, 0, &at), -IOMM_ENOENT);
	assert_ok(
		iomm_domain_map(domain, 64 * KB, RAM_PA, 4 * KB, RW, 0, NULL));
	at.size = zone_reads(&o->z, 0x10, 0, 64 * KB, RAM_PA);
	assert_ok(iomm_domain_unmap(domain, 64 * KB, 4 * KB, NULL, NULL));
	iomm_domain_put(domain);
	return at.size;
}

/* Both members' regions, at all times. */
static bool kept(struct owned *o)
{
	return zone_has(&o->z, 0x10, ZONE_A) && zone_has(&o->z, 0x10, ZONE_B);
}

static uint32_t flags(struct owned *o)
{
	return group_info(o->group).flags;
}

static void test_life(void **state)
{
	struct world *w = *state;
	struct owned o;

	start(&o, w, IOMM_DOMAIN_PAGING);
	assert_true(kept(&o) && at_home(&o));
	assert_int_equal(flags(&o), 0);

	assert_ok(iomm_group_claim(o.group, &me));
	assert_int_equal(flags(&o), IOMM_GROUP_CLAIMED);
	assert_true(kept(&o));
	assert_false(at_home(&o));
	assert_ok(iomm_domain_attach(o.domain, o.twin));
	assert_int_equal(flags(&o), IOMM_GROUP_CLAIMED | IOMM_GROUP_ATTACHED);
	assert_true(kept(&o));
	assert_true(zone_reads(&o.z, 0x10, 0, 0, RAM_PA));
	/* Back to nothing, and not to the default domain. */
	assert_ok(iomm_domain_detach(o.domain, o.disk));
	assert_true(kept(&o));
	assert_false(at_home(&o));
	assert_false(zone_reads(&o.z, 0x10, 0, 0, RAM_PA));
	assert_ok(iomm_group_release(o.group, &me));
	assert_true(kept(&o) && at_home(&o));
	assert_int_equal(flags(&o), 0);

	/* Without a claim detaching goes back to the default domain. */
	assert_ok(iomm_domain_attach(o.domain, o.disk));
	assert_true(kept(&o));
	assert_ok(iomm_domain_detach(o.domain, o.disk));
	assert_true(kept(&o) && at_home(&o));
	stop(&o);
}

static void test_others(void **state)
{
	struct world *w = *state;
	struct owned o;

	start(&o, w, IOMM_DOMAIN_PAGING);
	assert_ok(iomm_group_claim(o.group, &me));
	assert_fails(iomm_group_claim(o.group, &you), IOMM_EBUSY, w->ctx,
		     "another owner");
	assert_fails(iomm_group_use_default(o.group), IOMM_EBUSY, w->ctx,
		     "has an owner");
	assert_ok(iomm_group_claim(o.group, &me));
	assert_fails(iomm_group_release(o.group, &you), IOMM_EINVAL, w->ctx,
		     "not who has claimed");
	assert_ok(iomm_group_release(o.group, &me));
	assert_false(at_home(&o));
	assert_ok(iomm_group_release(o.group, &me));
	assert_true(at_home(&o));
	assert_int_equal(iomm_group_release(o.group, &me), -IOMM_EINVAL);
	assert_ok(iomm_group_claim(o.group, &you));
	assert_ok(iomm_group_release(o.group, &you));

	assert_fails(iomm_group_claim(o.group, NULL), IOMM_EINVAL, w->ctx,
		     "not NULL");
	assert_int_equal(iomm_group_claim(NULL, &me), -IOMM_EINVAL);
	assert_int_equal(iomm_group_release(NULL, &me), -IOMM_EINVAL);
	assert_int_equal(iomm_group_use_default(NULL), -IOMM_EINVAL);
	assert_int_equal(iomm_group_unuse_default((void *)o.disk),
			 -IOMM_EINVAL);
	stop(&o);
}

static void test_users(void **state)
{
	struct world *w = *state;
	struct owned o;

	start(&o, w, IOMM_DOMAIN_PAGING);
	assert_fails(iomm_group_unuse_default(o.group), IOMM_EINVAL, w->ctx,
		     "nobody uses");
	assert_ok(iomm_group_use_default(o.group));
	assert_ok(iomm_group_use_default(o.group));
	assert_int_equal(flags(&o), IOMM_GROUP_IN_USE);
	assert_fails(iomm_group_claim(o.group, &me), IOMM_EBUSY, w->ctx,
		     "2 users use the default domain");
	assert_fails(iomm_domain_attach(o.domain, o.disk), IOMM_EBUSY, w->ctx,
		     "2 users use its default domain");
	assert_ok(iomm_group_unuse_default(o.group));
	assert_int_equal(iomm_group_claim(o.group, &me), -IOMM_EBUSY);
	assert_ok(iomm_group_unuse_default(o.group));
	assert_ok(iomm_domain_attach(o.domain, o.disk));
	assert_int_equal(iomm_group_use_default(o.group), -IOMM_EBUSY);
	assert_fails(iomm_group_claim(o.group, &me), IOMM_EBUSY, w->ctx,
		     "has a domain attached");
	assert_ok(iomm_domain_detach(o.domain, o.disk));
	stop(&o);
}

/* What the owner leaves attached ends with his claim. */
static void test_left_attached(void **state)
{
	struct iomm_domain *blocked = NULL;
	struct iomm_domain_config c = { .size = sizeof(c),
					.type = IOMM_DOMAIN_BLOCKED };
	struct world *w = *state;
	struct owned o;

	start(&o, w, IOMM_DOMAIN_PAGING);
	assert_ok(iomm_group_claim(o.group, &me));
	assert_ok(iomm_domain_attach(o.domain, o.disk));
	assert_ok(iomm_group_release(o.group, &me));
	assert_true(kept(&o) && at_home(&o));
	assert_int_equal(iomm_domain_detach(o.domain, o.disk), -IOMM_ENOENT);

	/* A blocking domain blocks, but for what has to stay. */
	assert_ok(iomm_domain_create(o.disk, &c, &blocked));
	assert_ok(iomm_domain_attach(blocked, o.disk));
	assert_true(kept(&o));
	assert_false(at_home(&o));
	assert_ok(iomm_domain_detach(blocked, o.disk));
	assert_true(at_home(&o));
	iomm_domain_put(blocked);
	stop(&o);
}

/* Devices that come and go meanwhile. */
static void test_members(void **state)
{
	struct world *w = *state;
	struct owned o;

	start(&o, w, IOMM_DOMAIN_ANY);
	assert_ok(iomm_device_remove(o.twin, IOMM_FOREVER));
	assert_ok(iomm_group_claim(o.group, &me));
	assert_true(zone_has(&o.z, 0x10, ZONE_A));
	assert_false(zone_has(&o.z, 0x10, ZONE_B));
	iomm_device_put(o.twin);
	o.twin = crowd_bound(w, "twin");
	assert_true(kept(&o));
	assert_ok(iomm_domain_attach(o.domain, o.disk));
	assert_true(kept(&o));
	assert_ok(iomm_device_remove(o.disk, IOMM_FOREVER));
	assert_true(zone_has(&o.z, 0x10, ZONE_B));
	assert_true(zone_reads(&o.z, 0x10, 0, 0, RAM_PA));
	assert_ok(iomm_group_release(o.group, &me));
	assert_true(zone_has(&o.z, 0x10, ZONE_B));
	/* The last one takes the owner with it. */
	assert_ok(iomm_group_claim(o.group, &me));
	assert_ok(iomm_device_remove(o.twin, IOMM_FOREVER));
	assert_int_equal(flags(&o), IOMM_GROUP_DEAD);
	assert_int_equal(iomm_group_release(o.group, &me), -IOMM_ENODEV);
	assert_false(zone_has(&o.z, 0x10, ZONE_B));
	stop(&o);
}

/* The first region comes with a device that comes to a claimed group. */
static void test_first_region(void **state)
{
	struct world *w = *state;
	struct iomm_device *nic, *late;
	struct iomm_group *group;
	struct zone z;

	zone_start(&z, w, IOMM_DOMAIN_ANY);
	nic = crowd_bound(w, "nic");
	group = group_of(nic);
	assert_ok(iomm_group_claim(group, &me));
	/* No domain is made for nothing. */
	assert_int_equal(world_live(w, IOMM_HANDLE_DOMAIN), 0);
	assert_false(zone_has(&z, 0x40, ZONE_L));
	late = crowd_bound(w, "late");
	assert_true(zone_has(&z, 0x40, ZONE_L));
	assert_false(zone_reads(&z, 0x40, 0, RAM_PA, RAM_PA));
	assert_ok(iomm_group_release(group, &me));
	assert_true(zone_has(&z, 0x40, ZONE_L));
	assert_ok(iomm_device_remove(late, IOMM_FOREVER));
	assert_false(zone_has(&z, 0x40, ZONE_L));
	iomm_group_put(group);
	iomm_device_put(nic);
	iomm_device_put(late);
	zone_stop(&z);
}

/* A claim that cannot be: nothing has changed. Releasing asks nobody. */
static void test_refused(void **state)
{
	struct world *w = *state;
	struct iomm_device *disk;
	struct iomm_group *group;
	struct mock mock;

	zone_mock(&mock, w, IOMM_DOMAIN_PAGING, 0);
	disk = crowd_bound(w, "disk");
	group = group_of(disk);
	mock.nr_trace = 0;
	mock.answer[MOCK_DOMAIN_ALLOC] = -IOMM_EIO;
	assert_int_equal(iomm_group_claim(group, &me), -IOMM_EIO);
	mock.answer[MOCK_DOMAIN_ALLOC] = 0;
	mock.answer[MOCK_PREPARE] = -IOMM_EIO;
	assert_int_equal(iomm_group_claim(group, &me), -IOMM_EIO);
	mock.answer[MOCK_PREPARE] = 0;
	assert_int_equal(mock.calls[MOCK_COMMIT], 1);
	assert_int_equal(group_info(group).flags, 0);
	assert_int_equal(mock.domains, 1);
	assert_ok(iomm_group_claim(group, &me));
	mock.nr_trace = 0;
	assert_ok(iomm_group_release(group, &me));
	assert_trace(&mock, "commit");
	/* The second time there is all it takes. */
	assert_ok(iomm_group_claim(group, &me));
	assert_trace(&mock, "commit");
	assert_ok(iomm_group_release(group, &me));
	iomm_group_put(group);
	iomm_device_put(disk);
	mock_end(&mock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_life),	  WORLD_TEST(test_others),
		WORLD_TEST(test_users),	  WORLD_TEST(test_left_attached),
		WORLD_TEST(test_members), WORLD_TEST(test_first_region),
		WORLD_TEST(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
