/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What firmware wants mapped: it is there before a domain is attached, and stays
 * for as long as somebody needs it. */
#include "unit/domain_support.h"
#include "unit/zone_support.h"

static void map_ok_in(struct iomm_domain *domain, uint64_t iova, uint64_t paddr,
		      uint64_t bytes, uint32_t prot)
{
	assert_ok(iomm_domain_map(domain, iova, paddr, bytes, prot, 0, NULL));
}

static int unmap(struct iomm_domain *domain, uint64_t iova, uint64_t bytes,
		 uint64_t expected)
{
	uint64_t done = 77;
	int err = iomm_domain_unmap(domain, iova, bytes, NULL, &done);

	assert_int_equal(done, expected);
	return err;
}

static bool is_mapped(struct iomm_domain *domain, uint64_t iova)
{
	struct iomm_translation at = { .size = sizeof(at) };
	int err = iomm_domain_translate(domain, iova, &at);

	assert_true(!err || err == -IOMM_ENOENT);
	return !err;
}

static void test_mapped_while_attached(void **state)
{
	struct world *w = *state;
	struct iomm_gather gather;
	struct iomm_domain *domain;
	struct iomm_device *disk;
	struct zone z;

	zone_start(&z, w, IOMM_DOMAIN_ANY);
	disk = crowd_bound(w, "disk");
	domain = domain_for(disk);
	map_ok_in(domain, 0, RAM_PA, 4 * KB, RW);
	assert_false(is_mapped(domain, ZONE_A));
	assert_ok(iomm_domain_attach(domain, disk));
	assert_true(zone_has(&z, 0x10, ZONE_A));
	assert_true(zone_reads(&z, 0x10, 0, 0, RAM_PA));

	/* It stays, whoever touches it with whatever call. */
	iomm_gather_init(&gather);
	assert_fails(iomm_domain_unmap(domain, ZONE_A, 4 * KB, &gather, NULL),
		     IOMM_EBUSY, w->ctx, "0x80100000 has to stay mapped");
	assert_int_equal(unmap(domain, ZONE_A + 4 * KB, 4 * KB, 0),
			 -IOMM_EBUSY);
	assert_int_equal(unmap(domain, 0, 1 * GB * 4, 0), -IOMM_EBUSY);
	assert_int_equal(unmap(domain, ZONE_A - 4 * KB, 8 * KB, 0),
			 -IOMM_EBUSY);
	assert_int_equal(iomm_domain_map(domain, ZONE_A, RAM_PA, 4 * KB, RW, 0,
					 NULL),
			 -IOMM_EEXIST);
	assert_true(zone_has(&z, 0x10, ZONE_A));
	/* What is beside it is the user's. */
	assert_ok(unmap(domain, ZONE_A - 4 * KB, 4 * KB, 0));
	assert_ok(unmap(domain, ZONE_A + 8 * KB, 4 * KB, 0));
	assert_ok(unmap(domain, 0, 4 * KB, 4 * KB));
	/* What is malformed stays so. */
	assert_int_equal(unmap(domain, ZONE_A, 0, 0), -IOMM_EINVAL);
	assert_int_equal(unmap(domain, ZONE_A, UINT64_MAX, 0), -IOMM_EINVAL);

	assert_ok(iomm_domain_detach(domain, disk));
	assert_false(is_mapped(domain, ZONE_A));
	assert_false(is_mapped(domain, ZONE_A + 4 * KB));
	map_ok_in(domain, ZONE_A, RAM_PA, 4 * KB, RW);
	assert_ok(unmap(domain, 0, 1 * GB * 4, 4 * KB));
	iomm_domain_put(domain);
	iomm_device_put(disk);
	zone_stop(&z);
}

/* Of two devices that want the same, each has it for as long as it is there. */
static void test_counted(void **state)
{
	struct world *w = *state;
	struct iomm_device *disk, *twin;
	struct iomm_domain *domain;
	struct zone z;

	zone_start(&z, w, IOMM_DOMAIN_ANY);
	disk = crowd_bound(w, "disk");
	domain = domain_for(disk);
	assert_ok(iomm_domain_attach(domain, disk));
	assert_false(zone_reads(&z, 0x10, 0, ZONE_B + 4 * KB, ZONE_B));
	twin = crowd_bound(w, "twin");
	assert_true(zone_has(&z, 0x10, ZONE_A));
	assert_true(zone_has(&z, 0x10, ZONE_B));
	assert_int_equal(unmap(domain, ZONE_B + 4 * KB, 4 * KB, 0),
			 -IOMM_EBUSY);
	/* The first goes: what was its alone is unmapped. */
	assert_ok(iomm_device_remove(disk, IOMM_FOREVER));
	assert_true(zone_has(&z, 0x10, ZONE_B));
	assert_false(is_mapped(domain, ZONE_A));
	assert_ok(unmap(domain, ZONE_A, 4 * KB, 0));
	assert_ok(iomm_device_remove(twin, IOMM_FOREVER));
	assert_false(is_mapped(domain, ZONE_B));
	iomm_device_put(disk);
	iomm_device_put(twin);
	iomm_domain_put(domain);
	zone_stop(&z);
}

/* The same in the other order, with a page in a larger leaf: pieces of what was
 * one. */
static void test_two_groups(void **state)
{
	struct world *w = *state;
	struct iomm_device *disk, *gpu;
	struct iomm_domain *domain;
	struct zone z;

	zone_start(&z, w, IOMM_DOMAIN_ANY);
	disk = crowd_bound(w, "disk");
	gpu = crowd_bound(w, "gpu");
	domain = domain_for(disk);
	assert_ok(iomm_domain_attach(domain, gpu));
	/* A relaxable region is none of a user's domain. */
	assert_false(is_mapped(domain, ZONE_R));
	assert_false(is_mapped(domain, ZONE_A));
	assert_ok(iomm_domain_attach(domain, disk));
	assert_true(zone_has(&z, 0x20, ZONE_A));
	assert_ok(iomm_domain_detach(domain, gpu));
	assert_true(zone_has(&z, 0x10, ZONE_A));
	iomm_domain_put(domain);
	iomm_device_put(disk);
	iomm_device_put(gpu);
	zone_stop(&z);
}

/* The user has mapped it himself, or something else there. */
static void test_users_mapping(void **state)
{
	struct world *w = *state;
	struct iomm_domain *domain;
	struct iomm_device *disk;
	struct zone z;

	zone_start(&z, w, IOMM_DOMAIN_ANY);
	disk = crowd_bound(w, "disk");
	domain = domain_for(disk);
	/* The second page is his, and stays his. */
	map_ok_in(domain, ZONE_A + 4 * KB, ZONE_A + 4 * KB, 8 * KB, RW);
	assert_ok(iomm_domain_attach(domain, disk));
	assert_true(zone_has(&z, 0x10, ZONE_A));
	assert_int_equal(unmap(domain, ZONE_A + 4 * KB, 4 * KB, 0),
			 -IOMM_EBUSY);
	assert_ok(iomm_domain_detach(domain, disk));
	assert_false(is_mapped(domain, ZONE_A));
	assert_true(is_mapped(domain, ZONE_A + 4 * KB));
	assert_ok(unmap(domain, ZONE_A + 4 * KB, 8 * KB, 8 * KB));

	/* Elsewhere; with too few rights; and the first page is undone. */
	map_ok_in(domain, ZONE_A + 4 * KB, RAM_PA, 4 * KB, RW);
	assert_fails(iomm_domain_attach(domain, disk), IOMM_EEXIST, w->ctx,
		     "0x80101000 is mapped to 0x80000000");
	assert_false(is_mapped(domain, ZONE_A));
	assert_false(zone_has(&z, 0x10, ZONE_A + 8 * KB));
	assert_ok(unmap(domain, ZONE_A, 8 * KB, 4 * KB));
	map_ok_in(domain, ZONE_A + 4 * KB, ZONE_A + 4 * KB, 4 * KB,
		  IOMM_PROT_READ);
	assert_int_equal(iomm_domain_attach(domain, disk), -IOMM_EEXIST);
	assert_ok(unmap(domain, ZONE_A, 8 * KB, 4 * KB));
	assert_ok(iomm_domain_attach(domain, disk));
	iomm_domain_put(domain);
	iomm_device_put(disk);
	zone_stop(&z);
}

/* A domain that cannot have it is not attached, and no device is. */
static void test_out_of_reach(void **state)
{
	struct world *w = *state;
	struct iomm_device *far, *plain;
	struct iomm_domain *domain;
	struct zone z;

	zone_start(&z, w, IOMM_DOMAIN_ANY);
	far = world_device(w, "far");
	plain = crowd_bound(w, "plain");
	/* Not even by default: it is to be mapped when nothing else is. */
	assert_fails(iomm_device_probe(far), IOMM_EINVAL, w->ctx,
		     "region 0x10000000000 to 0x10000001fff has to be mapped");
	domain = domain_for(plain);
	assert_ok(iomm_domain_attach(domain, plain));
	iomm_domain_put(domain);
	iomm_device_put(far);
	iomm_device_put(plain);
	zone_stop(&z);
}

static void test_listed(void **state)
{
	struct iomm_reserved_region regions[3];
	struct world *w = *state;
	struct iomm_device *gpu;
	struct iomm_group *group;
	uint32_t count = 0;
	struct zone z;

	zone_start(&z, w, IOMM_DOMAIN_ANY);
	gpu = crowd_bound(w, "gpu");
	group = group_of(gpu);
	assert_int_equal(iomm_group_regions(group, NULL, sizeof(regions[0]),
					    &count),
			 -IOMM_EMSGSIZE);
	assert_int_equal(count, 2);
	count = LENGTH(regions);
	assert_ok(
		iomm_group_regions(group, regions, sizeof(regions[0]), &count));
	assert_int_equal(count, 2);
	assert_int_equal(group_info(group).nr_regions, 2);
	assert_int_equal(regions[0].kind, IOMM_REGION_DIRECT_RELAXABLE);
	assert_true(regions[0].first == ZONE_R);
	assert_int_equal(regions[1].kind, IOMM_REGION_RESERVED);
	assert_int_equal(iomm_group_regions(NULL, regions, 48, &count),
			 -IOMM_EINVAL);
	assert_int_equal(iomm_group_regions(group, regions, 48, NULL),
			 -IOMM_EINVAL);
	iomm_device_put(gpu);
	count = LENGTH(regions);
	assert_int_equal(iomm_group_regions(group, regions, 48, &count),
			 -IOMM_ENODEV);
	iomm_group_put(group);
	zone_stop(&z);
}

/* One user's domain in the place of another: what fails leaves the first. */
static void test_replace(void **state)
{
	struct world *w = *state;
	struct iomm_domain *d1, *d2;
	struct iomm_device *disk;
	struct zone z;

	zone_start(&z, w, IOMM_DOMAIN_ANY);
	disk = crowd_bound(w, "disk");
	d1 = domain_for(disk);
	d2 = domain_for(disk);
	map_ok_in(d1, 0, RAM_PA, 4 * KB, RW);
	map_ok_in(d2, ZONE_A, RAM_PA, 4 * KB, RW);
	assert_fails(iomm_domain_replace(d1, disk), IOMM_ENOENT, w->ctx,
		     "no domain attached");
	assert_int_equal(iomm_domain_replace(NULL, disk), -IOMM_EINVAL);
	assert_ok(iomm_domain_attach(d1, disk));
	assert_int_equal(iomm_domain_replace(d2, disk), -IOMM_EEXIST);
	assert_true(zone_reads(&z, 0x10, 0, 0, RAM_PA));
	assert_true(zone_has(&z, 0x10, ZONE_A));
	assert_ok(unmap(d2, ZONE_A, 4 * KB, 4 * KB));
	assert_ok(iomm_domain_replace(d2, disk));
	assert_false(zone_reads(&z, 0x10, 0, 0, RAM_PA));
	assert_true(zone_has(&z, 0x10, ZONE_A));
	assert_false(is_mapped(d1, ZONE_A));
	assert_int_equal(iomm_domain_detach(d1, disk), -IOMM_ENOENT);
	/* By itself changes nothing. */
	assert_ok(iomm_domain_replace(d2, disk));
	assert_true(zone_has(&z, 0x10, ZONE_A));
	assert_ok(iomm_domain_detach(d2, disk));
	assert_false(is_mapped(d2, ZONE_A));
	iomm_domain_put(d1);
	iomm_domain_put(d2);
	iomm_device_put(disk);
	zone_stop(&z);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(test_mapped_while_attached),
		WORLD_TEST(test_counted),
		WORLD_TEST(test_two_groups),
		WORLD_TEST(test_users_mapping),
		WORLD_TEST(test_out_of_reach),
		WORLD_TEST(test_listed),
		WORLD_TEST(test_replace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
