/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Default domains, owners, direct regions and PASIDs, while the platform, the
 * driver and table memory fail: who was attached stays attached, and what
 * firmware wants mapped stays mapped. */
#include "stress/faults.h"
#include "unit/zone_support.h"

static int me;

/* By a driver whose callbacks fail. */

static void world_of(struct faults *f, uint32_t default_domain)
{
	assert_ok(world_create(&f->world));
	world_zone(&f->world);
	f->node = node_at(f->world.firmware, "/smmu");
	f->default_domain = default_domain;
	assert_ok(faults_register(f));
}

static struct mock_domain *attached(struct faults *f, uint32_t pasid)
{
	struct mock_domain *domain = NULL;

	(void)mock_attached(&f->mock, 0x10, pasid, &domain);
	return domain;
}

static int probe_as(struct faults *f, uint32_t default_domain)
{
	struct iomm_device *disk;
	int err;

	world_of(f, default_domain);
	disk = faults_device(f, "disk");
	err = FAULTY(f, iomm_device_probe(disk));
	assert_int_equal(!err, !mock_blocked(&f->mock, 0x10));
	assert_int_equal(f->mock.domains, err ? 0 : 1);
	if (err)
		assert_ok(iomm_device_probe(disk));
	assert_non_null(attached(f, 0));
	iomm_device_put(disk);
	faults_unregister(f);
	return err;
}

static int probe_paging(struct faults *f)
{
	return probe_as(f, IOMM_DOMAIN_PAGING);
}

/* All is blocked, but for the region. */
static int probe_blocked(struct faults *f)
{
	return probe_as(f, IOMM_DOMAIN_BLOCKED);
}

/* The second of a group, when the first has much attached. */
static int join(struct faults *f)
{
	struct iomm_device *disk, *twin;
	struct iomm_domain *domain = NULL;
	struct iomm_group *group;
	struct mock_domain *before;
	int err;

	world_of(f, IOMM_DOMAIN_PAGING);
	disk = faults_device(f, "disk");
	twin = faults_device(f, "twin");
	assert_ok(iomm_device_probe(disk));
	group = group_of(disk);
	assert_ok(iomm_group_claim(group, &me));
	assert_ok(iomm_domain_create(disk, NULL, &domain));
	assert_ok(iomm_domain_attach(domain, disk));
	before = attached(f, 0);
	err = FAULTY(f, iomm_device_probe(twin));
	assert_ptr_equal(attached(f, 0), before);
	assert_int_equal(group_info(group).nr_devices, err ? 1 : 2);
	/* Its region is there with it, and not without. */
	assert_int_equal(iomm_domain_unmap(domain, ZONE_B + 4 * KB, 4 * KB,
					   NULL, NULL),
			 err ? 0 : -IOMM_EBUSY);
	assert_ok(iomm_group_release(group, &me));
	iomm_group_put(group);
	iomm_domain_put(domain);
	iomm_device_put(disk);
	iomm_device_put(twin);
	faults_unregister(f);
	return err;
}

static int claim(struct faults *f)
{
	struct mock_domain *before;
	struct iomm_device *disk;
	struct iomm_group *group;
	int err;

	world_of(f, IOMM_DOMAIN_PAGING);
	disk = faults_device(f, "disk");
	assert_ok(iomm_device_probe(disk));
	group = group_of(disk);
	before = attached(f, 0);
	err = FAULTY(f, iomm_group_claim(group, &me));
	assert_int_equal(group_info(group).flags, err ? 0 : IOMM_GROUP_CLAIMED);
	assert_int_equal(attached(f, 0) == before, err != 0);
	/* There is nothing in it that could fail. */
	if (!err)
		assert_ok(FAULTY(f, iomm_group_release(group, &me)));
	assert_ptr_equal(attached(f, 0), before);
	iomm_group_put(group);
	iomm_device_put(disk);
	faults_unregister(f);
	return err;
}

static int attach_pasid(struct faults *f)
{
	struct iomm_domain *domain = NULL;
	struct iomm_device *disk;
	int err;

	world_of(f, IOMM_DOMAIN_PAGING);
	disk = faults_device(f, "disk");
	assert_ok(iomm_device_probe(disk));
	assert_ok(iomm_domain_create(disk, NULL, &domain));
	err = FAULTY(f, iomm_domain_attach_pasid(domain, disk, 7));
	assert_int_equal(!attached(f, 7), err != 0);
	if (err)
		assert_ok(iomm_domain_attach_pasid(domain, disk, 7));
	assert_ok(FAULTY(f, iomm_domain_detach_pasid(domain, disk, 7)));
	assert_null(attached(f, 7));
	iomm_domain_put(domain);
	iomm_device_put(disk);
	faults_unregister(f);
	return err;
}

/* Seen by DMA: through all of it, whatever fails, the region is there. */

struct scene {
	struct zone z;
	struct iomm_device *disk;
	struct iomm_group *group;
	struct iomm_domain *domain;
};

static bool kept(struct scene *s)
{
	return zone_has(&s->z, 0x10, ZONE_A);
}

static int use(struct faults *f, struct scene *s)
{
	int err = FAULTY(f, iomm_group_claim(s->group, &me));

	assert_true(kept(s));
	if (err)
		return err;
	err = FAULTY(f, iomm_domain_attach(s->domain, s->disk));
	assert_true(kept(s));
	if (!err)
		assert_ok(FAULTY(f, iomm_domain_detach(s->domain, s->disk)));
	assert_true(kept(s));
	assert_ok(FAULTY(f, iomm_group_release(s->group, &me)));
	assert_true(kept(s));
	return err;
}

static int regions(struct faults *f)
{
	struct scene s = { 0 };
	int err;

	assert_ok(world_create(&f->world));
	zone_start(&s.z, &f->world, IOMM_DOMAIN_PAGING);
	s.disk = faults_device(f, "disk");
	err = FAULTY(f, iomm_device_probe(s.disk));
	assert_int_equal(kept(&s), !err);
	if (!err) {
		s.group = group_of(s.disk);
		assert_ok(iomm_domain_create(s.disk, NULL, &s.domain));
		/* A part of it is the user's, and has to be cut out. */
		assert_ok(iomm_domain_map(s.domain, ZONE_A + 4 * KB,
					  ZONE_A + 4 * KB, 4 * KB, RW, 0,
					  NULL));
		err = use(f, &s);
	}
	iomm_domain_put(s.domain);
	iomm_group_put(s.group);
	iomm_device_put(s.disk);
	zone_stop(&s.z);
	return err;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAULT_TEST(probe_paging), FAULT_TEST(probe_blocked),
		FAULT_TEST(join),	  FAULT_TEST(claim),
		FAULT_TEST(attach_pasid), FAULT_TEST(regions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
