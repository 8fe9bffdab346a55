/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Domains that are attached to a device's PASIDs. */
#include "unit/domain_support.h"
#include "unit/zone_support.h"

static int me;

struct spaces {
	struct zone z;
	struct iomm_device *nic, *gpu;
	struct iomm_domain *d1, *d2; /* show the first, the second page at 0 */
};

static struct iomm_domain *showing(struct iomm_device *device, uint64_t paddr)
{
	struct iomm_domain *domain = domain_for(device);

	assert_ok(iomm_domain_map(domain, 0, paddr, 4 * KB, RW, 0, NULL));
	return domain;
}

static void start(struct spaces *s, struct world *w)
{
	zone_start(&s->z, w, IOMM_DOMAIN_ANY);
	s->nic = crowd_bound(w, "nic");
	s->gpu = crowd_bound(w, "gpu");
	s->d1 = showing(s->nic, RAM_PA);
	s->d2 = showing(s->nic, RAM_PA + 4 * KB);
}

static void stop(struct spaces *s)
{
	iomm_domain_put(s->d1);
	iomm_domain_put(s->d2);
	iomm_device_put(s->nic);
	iomm_device_put(s->gpu);
	zone_stop(&s->z);
}

/* Which page the device sees at 0: 0, 1; -1: none. */
static int page(struct spaces *s, uint64_t id, uint32_t pasid)
{
	unsigned char byte = 0;

	if (iomm_soft_read(s->z.machine.soft, id, pasid, 0, &byte, 1, NULL))
		return -1;
	return byte == s->z.machine.ram[4 * KB];
}

static void test_apart(void **state)
{
	struct spaces s;

	start(&s, *state);
	s.z.machine.ram[0] = 1;
	s.z.machine.ram[4 * KB] = 2;
	assert_ok(iomm_domain_attach_pasid(s.d1, s.nic, 1));
	assert_ok(iomm_domain_attach_pasid(s.d2, s.nic, (1 << 20) - 1));
	assert_ok(iomm_domain_attach_pasid(s.d2, s.gpu, 1));
	assert_int_equal(page(&s, 0x40, 1), 0);
	assert_int_equal(page(&s, 0x40, (1 << 20) - 1), 1);
	assert_int_equal(page(&s, 0x20, 1), 1);
	assert_int_equal(page(&s, 0x40, 0), -1);
	assert_int_equal(page(&s, 0x40, 2), -1);

	/* What is attached to the device itself is another matter. */
	assert_ok(iomm_domain_attach(s.d2, s.nic));
	assert_int_equal(page(&s, 0x40, 0), 1);
	assert_ok(iomm_domain_detach(s.d2, s.nic));
	assert_int_equal(page(&s, 0x40, 0), -1);
	assert_int_equal(page(&s, 0x40, 1), 0);

	assert_ok(iomm_domain_detach_pasid(s.d1, s.nic, 1));
	assert_int_equal(page(&s, 0x40, 1), -1);
	assert_int_equal(page(&s, 0x20, 1), 1);
	assert_ok(iomm_domain_attach_pasid(s.d2, s.nic, 1));
	assert_int_equal(page(&s, 0x40, 1), 1);
	/* The slots go with the device. */
	assert_ok(iomm_device_remove(s.nic, IOMM_FOREVER));
	assert_int_equal(page(&s, 0x40, 1), -1);
	assert_int_equal(page(&s, 0x40, (1 << 20) - 1), -1);
	assert_int_equal(page(&s, 0x20, 1), 1);
	stop(&s);
}

static void test_refused(void **state)
{
	struct iomm_domain_config c = { .size = sizeof(c),
					.type = IOMM_DOMAIN_BLOCKED };
	struct iomm_domain *blocked = NULL;
	struct iomm_device *plain, *disk, *twin;
	struct world *w = *state;
	struct spaces s;

	start(&s, w);
	plain = crowd_bound(w, "plain");
	assert_fails(iomm_domain_attach_pasid(s.d1, plain, 1), IOMM_EOPNOTSUPP,
		     w->ctx, "has no PASIDs");
	assert_fails(iomm_domain_attach_pasid(s.d1, s.gpu, 256), IOMM_EINVAL,
		     w->ctx, "PASID 256: gpu has PASIDs of 8 bits");
	assert_fails(iomm_domain_attach_pasid(s.d1, s.gpu, 0), IOMM_EINVAL,
		     w->ctx, "from 1 on");
	assert_ok(iomm_domain_attach_pasid(s.d1, s.gpu, 255));
	assert_fails(iomm_domain_attach_pasid(s.d1, s.gpu, 255), IOMM_EBUSY,
		     w->ctx, "attached to PASID 255");
	assert_int_equal(iomm_domain_attach_pasid(s.d2, s.gpu, 255),
			 -IOMM_EBUSY);
	assert_fails(iomm_domain_detach_pasid(s.d2, s.gpu, 255), IOMM_ENOENT,
		     w->ctx, "not attached to PASID 255 of gpu");
	assert_int_equal(iomm_domain_detach_pasid(s.d1, s.nic, 255),
			 -IOMM_ENOENT);
	assert_ok(iomm_domain_create(s.nic, &c, &blocked));
	assert_fails(iomm_domain_attach_pasid(blocked, s.nic, 9), IOMM_EINVAL,
		     w->ctx, "paging");
	iomm_domain_put(blocked);
	assert_int_equal(iomm_domain_attach_pasid(NULL, s.nic, 9),
			 -IOMM_EINVAL);
	assert_int_equal(iomm_domain_attach_pasid(s.d1, NULL, 9), -IOMM_EINVAL);
	assert_int_equal(iomm_domain_detach_pasid(NULL, s.nic, 9),
			 -IOMM_EINVAL);

	/* Who shares an ID shares its PASIDs: not as long as he does, nor may
	 * anybody come and share what is attached. */
	disk = crowd_bound(w, "disk");
	assert_ok(iomm_domain_attach_pasid(s.d1, disk, 9));
	twin = world_device(w, "twin");
	assert_fails(iomm_device_probe(twin), IOMM_EBUSY, w->ctx,
		     "twin shares an ID with a device of group");
	assert_ok(iomm_domain_detach_pasid(s.d1, disk, 9));
	assert_ok(iomm_device_probe(twin));
	assert_fails(iomm_domain_attach_pasid(s.d1, disk, 9), IOMM_EOPNOTSUPP,
		     w->ctx, "disk shares an ID with another device");
	assert_ok(iomm_device_remove(twin, IOMM_FOREVER));
	assert_ok(iomm_domain_attach_pasid(s.d1, disk, 9));
	/* Direct regions are none of this. */
	assert_false(zone_reads(&s.z, 0x10, 9, ZONE_A, ZONE_A));
	assert_true(zone_has(&s.z, 0x10, ZONE_A));
	assert_ok(iomm_device_remove(disk, IOMM_FOREVER));
	assert_int_equal(iomm_domain_attach_pasid(s.d1, disk, 10),
			 -IOMM_ENODEV);
	assert_int_equal(iomm_domain_detach_pasid(s.d1, disk, 9), -IOMM_ENODEV);
	iomm_device_put(plain);
	iomm_device_put(disk);
	iomm_device_put(twin);
	stop(&s);
}

struct told {
	uint32_t count, pasid;
	uint64_t id;
};

static void on_fault(void *data, const struct iomm_fault *fault)
{
	struct told *told = data;

	told->count++;
	told->id = fault->id;
	told->pasid = fault->pasid;
}

/* Each domain hears of its own address spaces. */
static void test_faults(void **state)
{
	struct told one = { 0 }, two = { 0 };
	struct spaces s;

	start(&s, *state);
	assert_ok(iomm_domain_set_fault_handler(s.d1, on_fault, &one, NULL));
	assert_ok(iomm_domain_set_fault_handler(s.d2, on_fault, &two, NULL));
	assert_ok(iomm_domain_attach(s.d1, s.nic));
	assert_ok(iomm_domain_attach_pasid(s.d2, s.nic, 5));
	assert_ok(iomm_domain_attach_pasid(s.d1, s.gpu, 5));
	assert_false(zone_reads(&s.z, 0x40, 0, 64 * KB, 0));
	assert_true(one.count == 1 && !two.count && !one.pasid);
	assert_false(zone_reads(&s.z, 0x40, 5, 64 * KB, 0));
	assert_true(one.count == 1 && two.count == 1 && two.pasid == 5 &&
		    two.id == 0x40);
	assert_false(zone_reads(&s.z, 0x20, 5, 64 * KB, 0));
	assert_true(one.count == 2 && two.count == 1 && one.pasid == 5 &&
		    one.id == 0x20);
	/* Nobody's. */
	assert_false(zone_reads(&s.z, 0x40, 6, 64 * KB, 0));
	assert_true(one.count == 2 && two.count == 1);
	stop(&s);
}

/* What an owner leaves there goes when he releases the group. */
static void test_owner(void **state)
{
	struct iomm_group *group;
	struct spaces s;

	start(&s, *state);
	group = group_of(s.nic);
	assert_ok(iomm_group_claim(group, &me));
	assert_ok(iomm_domain_attach_pasid(s.d1, s.nic, 5));
	assert_ok(iomm_domain_attach_pasid(s.d2, s.nic, 6));
	assert_int_not_equal(page(&s, 0x40, 5), -1);
	assert_ok(iomm_group_release(group, &me));
	assert_int_equal(page(&s, 0x40, 5), -1);
	assert_int_equal(page(&s, 0x40, 6), -1);
	iomm_group_put(group);
	stop(&s);
}

/* The instance goes. */
static void test_unregistered(void **state)
{
	struct spaces s;

	start(&s, *state);
	assert_ok(iomm_domain_attach_pasid(s.d1, s.nic, 5));
	assert_ok(iomm_iommu_unregister(s.z.iommu, IOMM_FOREVER));
	assert_int_equal(page(&s, 0x40, 5), -1);
	assert_int_equal(iomm_domain_attach_pasid(s.d1, s.nic, 5),
			 -IOMM_ENODEV);
	stop(&s);
}

/* What the driver is told: the one PASID, of all IDs; and it may refuse. */
static uint32_t told_pasid, told_ids;

static void on_prepare_commit(void *data, void *device, void *domain,
			      const struct iomm_attach *at)
{
	told_pasid = at->pasid;
	told_ids = at->nr_ids;
	mock_ops.attach_commit(data, device, domain, at);
}

static void test_driver(void **state)
{
	struct iomm_iommu_ops ops = mock_ops;
	struct world *w = *state;
	struct iomm_domain *domain;
	struct iomm_device *nic;
	struct mock mock;

	world_zone(w);
	mock_init(&mock, w);
	ops.attach_commit = on_prepare_commit;
	mock.ops = &ops;
	mock.pasid_bits = 4;
	assert_ok(mock_register_as(&mock, node_at(w->firmware, "/smmu"), "smmu",
				   "mock"));
	nic = crowd_bound(w, "nic");
	assert_int_equal(mock_find(&mock, 0x40)->info.pasid_bits, 20);
	domain = domain_for(nic);
	/* As wide as both. */
	assert_int_equal(iomm_domain_attach_pasid(domain, nic, 16),
			 -IOMM_EINVAL);
	mock.answer[MOCK_PREPARE] = -IOMM_EIO;
	assert_int_equal(iomm_domain_attach_pasid(domain, nic, 15), -IOMM_EIO);
	mock.answer[MOCK_PREPARE] = 0;
	assert_false(mock_attached(&mock, 0x40, 15, NULL));
	assert_ok(iomm_domain_attach_pasid(domain, nic, 15));
	assert_true(told_pasid == 15 && told_ids == 1);
	assert_true(mock_attached(&mock, 0x40, 15, NULL));
	mock.nr_trace = 0;
	iomm_device_put(nic);
	assert_trace(&mock, "block block release");
	iomm_domain_put(domain);
	mock_end(&mock);
}

/* Firmware knows no width of /plain, and one of /nic that its creator narrows. */
static void test_creators_width(void **state)
{
	struct world *w = *state;
	struct iomm_device *plain = NULL, *nic = NULL;
	struct iomm_domain *domain;
	struct zone z;

	zone_start(&z, w, IOMM_DOMAIN_ANY);
	assert_ok(world_device_with(w, "plain",
				    (struct iomm_device_config){
					    .flags = IOMM_DEVICE_PASID_BITS,
					    .pasid_bits = 4 },
				    &plain));
	assert_ok(world_device_with(w, "nic",
				    (struct iomm_device_config){
					    .flags = IOMM_DEVICE_PASID_BITS,
					    .pasid_bits = 3 },
				    &nic));
	assert_ok(iomm_device_probe(plain));
	assert_ok(iomm_device_probe(nic));
	domain = domain_for(plain);
	assert_ok(iomm_domain_attach_pasid(domain, plain, 15));
	assert_int_equal(iomm_domain_attach_pasid(domain, plain, 16),
			 -IOMM_EINVAL);
	assert_ok(iomm_domain_attach_pasid(domain, nic, 7));
	assert_int_equal(iomm_domain_attach_pasid(domain, nic, 8),
			 -IOMM_EINVAL);
	iomm_domain_put(domain);
	iomm_device_put(plain);
	iomm_device_put(nic);
	zone_stop(&z);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_apart),		 WORLD_TEST(test_refused),
		WORLD_TEST(test_faults),	 WORLD_TEST(test_owner),
		WORLD_TEST(test_unregistered),	 WORLD_TEST(test_driver),
		WORLD_TEST(test_creators_width),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
