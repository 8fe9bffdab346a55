/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Owners, users, attached domains and PASIDs of a group, while its devices come
 * and go; and what firmware wants mapped, all the time. */
#include "stress/races.h"
#include "unit/domain_support.h"
#include "unit/zone_support.h"

static int owners[RACE_THREADS];

struct scene {
	struct world world;
	struct zone zone;
	struct iomm_device *disk, *twin, *nic;
	struct iomm_group *group; /* of disk and twin */
	struct iomm_domain *domain;
	_Atomic uint32_t inside; /* owners and users, as far as they know */
};

static void begin(void *shared)
{
	struct scene *s = shared;

	race_context(&s->world);
	zone_start(&s->zone, &s->world, IOMM_DOMAIN_PAGING);
	s->disk = crowd_bound(&s->world, "disk");
	s->twin = crowd_bound(&s->world, "twin");
	s->nic = crowd_bound(&s->world, "nic");
	s->group = group_of(s->disk);
	s->domain = domain_for(s->disk);
}

static void end(void *shared)
{
	struct scene *s = shared;

	iomm_domain_put(s->domain);
	iomm_group_put(s->group);
	iomm_device_put(s->disk);
	iomm_device_put(s->twin);
	iomm_device_put(s->nic);
	zone_stop(&s->zone);
	world_end(&s->world);
}

/* The first device's region, at any moment. */
static void look(struct scene *s)
{
	unsigned char byte;

	RACE_RESULT(iomm_soft_read(s->zone.machine.soft, 0x10, 0, ZONE_A, &byte,
				   1, NULL),
		    0);
}

static void own(struct scene *s, uint32_t thread, struct random *random)
{
	int err = iomm_group_claim(s->group, &owners[thread]);

	race_require(!err || err == -IOMM_EBUSY, err);
	if (err)
		return;
	/* Nobody else is. */
	race_require(!atomic_fetch_add_explicit(&s->inside, 1,
						memory_order_relaxed),
		     thread);
	look(s);
	race_dally(random);
	atomic_fetch_sub_explicit(&s->inside, 1, memory_order_relaxed);
	RACE_RESULT(iomm_group_release(s->group, &owners[thread]), 0);
}

static void attach(struct scene *s, struct random *random)
{
	int err = iomm_domain_attach(s->domain, s->disk);

	race_require(!err || err == -IOMM_EBUSY, err);
	if (err)
		return;
	look(s);
	race_dally(random);
	RACE_RESULT(iomm_domain_unmap(s->domain, ZONE_A, 4 * KB, NULL, NULL), 0,
		    -IOMM_EBUSY);
	/* An owner who was done has taken it away, and then it may be another's
	 * turn. */
	RACE_RESULT(iomm_domain_detach(s->domain, s->disk), 0, -IOMM_ENOENT);
}

static void use(struct scene *s, struct random *random)
{
	int err = iomm_group_use_default(s->group);

	race_require(!err || err == -IOMM_EBUSY, err);
	if (err)
		return;
	race_require(!atomic_load_explicit(&s->inside, memory_order_relaxed),
		     0);
	look(s);
	race_dally(random);
	RACE_RESULT(iomm_group_unuse_default(s->group), 0);
}

static void come_and_go(struct scene *s, struct random *random)
{
	RACE_RESULT(iomm_device_remove(s->twin, IOMM_FOREVER), 0);
	iomm_device_put(s->twin);
	s->twin = NULL;
	race_dally(random);
	s->twin = world_device(&s->world, "twin");
	RACE_RESULT(iomm_device_probe(s->twin), 0);
}

static void own_body(void *shared, uint32_t thread, struct random *random)
{
	struct scene *s = shared;
	uint32_t n;

	for (n = 0; n < 3; n++) {
		look(s);
		if (!thread)
			come_and_go(s, random);
		else if (thread == 1)
			attach(s, random);
		else if (random_percent(random, 30))
			use(s, random);
		else
			own(s, thread, random);
	}
}

static void own_end(void *shared)
{
	struct scene *s = shared;
	struct iomm_group_info info = group_info(s->group);

	assert_int_equal(info.flags, 0);
	assert_int_equal(info.nr_devices, 2);
	assert_true(zone_has(&s->zone, 0x10, ZONE_A));
	assert_true(zone_has(&s->zone, 0x10, ZONE_B));
	/* Nobody's region is left in it. */
	assert_ok(iomm_domain_map(s->domain, ZONE_A, RAM_PA, 12 * KB, RW, 0,
				  NULL));
	end(s);
}

/* The same domain in two groups, whose regions it has to have. */
static void share_body(void *shared, uint32_t thread, struct random *random)
{
	struct scene *s = shared;
	struct iomm_device *device = thread & 1 ? s->disk : s->nic;
	uint32_t n;
	int err;

	for (n = 0; n < 4; n++) {
		err = iomm_domain_attach(s->domain, device);
		race_require(!err || err == -IOMM_EBUSY, err);
		race_dally(random);
		if (!err)
			RACE_RESULT(iomm_domain_detach(s->domain, device), 0);
	}
}

/* PASIDs of a device that goes. */
static void pasid_body(void *shared, uint32_t thread, struct random *random)
{
	struct scene *s = shared;
	unsigned char byte;
	uint32_t n;
	int err;

	for (n = 0; n < 4; n++) {
		race_dally(random);
		if (!thread && n == 2) {
			RACE_RESULT(iomm_device_remove(s->nic, IOMM_FOREVER),
				    0);
			return;
		}
		/* Two threads want the same one. */
		err = iomm_domain_attach_pasid(s->domain, s->nic,
					       1 + thread / 2);
		race_require(!err || err == -IOMM_EBUSY || err == -IOMM_ENODEV,
			     err);
		RACE_RESULT(iomm_soft_read(s->zone.machine.soft, 0x40,
					   1 + thread / 2, 0, &byte, 1, NULL),
			    -IOMM_EFAULT);
		if (!err)
			RACE_RESULT(iomm_domain_detach_pasid(s->domain, s->nic,
							     1 + thread / 2),
				    0, -IOMM_ENODEV);
	}
}

static void pasid_end(void *shared)
{
	struct scene *s = shared;
	struct iomm_fault fault = { .size = sizeof(fault) };
	unsigned char byte;

	assert_int_equal(iomm_soft_read(s->zone.machine.soft, 0x40, 1, 0, &byte,
					1, &fault),
			 -IOMM_EFAULT);
	assert_int_equal(fault.reason, IOMM_FAULT_BLOCKED);
	end(s);
}

static const struct race races[] = {
	{ "owners, users, domains, members", 4, sizeof(struct scene), begin,
	  own_body, own_end },
	{ "one domain of two groups", 4, sizeof(struct scene), begin,
	  share_body, own_end },
	{ "PASIDs of a device that goes", 4, sizeof(struct scene), begin,
	  pasid_body, pasid_end },
};

int main(void)
{
	const struct CMUnitTest tests[] = {
		RACE_TEST(races[0]),
		RACE_TEST(races[1]),
		RACE_TEST(races[2]),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
