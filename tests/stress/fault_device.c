/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Contexts, devices and domains, while the platform and the driver fail. */
#include "stress/faults.h"
#include "unit/group_support.h"

/* Contexts and what is made from firmware */

static int context(struct faults *f)
{
	int err = FAULTY(f, world_create(&f->world));

	if (err) {
		/* Nothing came of it, and what was handed over is back. */
		assert_null(f->world.ctx);
		assert_int_equal(f->world.platform_releases, 1);
		assert_int_equal(f->world.events_releases, 1);
	}
	return err;
}

static int make_bus(struct faults *f, const struct tree *tree)
{
	int err = iomm_firmware_create_fdt(f->world.ctx, tree->blob,
					   tree->bytes, &f->world.firmware);

	return err ? err
		   : iomm_bus_create_platform(f->world.firmware, "platform",
					      &f->world.bus);
}

static int firmware_and_bus(struct faults *f)
{
	struct tree tree = tree_load("qemu-virt-smmuv3");
	int err;

	assert_ok(world_create(&f->world));
	err = FAULTY(f, make_bus(f, &tree));
	tree_free(&tree);
	return err;
}

static int device_create(struct faults *f)
{
	struct iomm_device_config config = { 0 };
	struct iomm_device *device = UNTOUCHED, *again = NULL;
	int err;

	faults_world(f);
	err = FAULTY(f, world_device_with(&f->world, "one", config, &device));
	if (err) {
		/* The name is not taken. */
		assert_ptr_equal(device, UNTOUCHED);
		assert_ok(world_device_with(&f->world, "one", config, &again));
		device = again;
	}
	iomm_device_put(device);
	return err;
}

static int add_release(struct faults *f)
{
	struct iomm_device *device;
	int err;

	faults_world(f);
	device = faults_device(f, "one");
	f->due++;
	err = FAULTY(f, iomm_device_add_release(device, faults_released, f));
	assert_int_equal(f->released, err ? 1 : 0);
	assert_ok(iomm_device_remove(device, 0));
	iomm_device_put(device);
	return err;
}

/* Instances and probe */

static int register_iommu(struct faults *f)
{
	int err;

	faults_world(f);
	err = FAULTY(f, faults_register(f));
	if (err) {
		/* The node is not taken. */
		assert_null(f->mock.iommu);
		mock_register(&f->mock, &f->world, "first");
	}
	faults_unregister(f);
	return err;
}

/* A registered driver, without a failure. */
static void driver(struct faults *f)
{
	faults_world(f);
	assert_ok(faults_register(f));
}

static int probe_named(struct faults *f, const char *name)
{
	struct iomm_device *device;
	int err;

	driver(f);
	device = faults_device(f, name);
	err = FAULTY(f, iomm_device_probe(device));
	if (err)
		assert_int_equal(f->mock.devices, 0);
	/* A failed probe can be repeated, and nothing of it is in the way. */
	assert_ok(iomm_device_probe(device));
	assert_int_equal(device_state(device), IOMM_DEVICE_BOUND);
	assert_int_equal(f->mock.devices, 1);
	iomm_device_put(device);
	faults_unregister(f);
	return err;
}

static int probe_one(struct faults *f)
{
	return probe_named(f, "one");
}

static int probe_two_ids(struct faults *f)
{
	return probe_named(f, "two");
}

/* An instance that arrives late: its devices are replayed by iomm_ctx_run(). */
static int replay(struct faults *f)
{
	struct iomm_device *device;
	int err;

	faults_world(f);
	device = faults_device(f, "one");
	assert_int_equal(iomm_device_probe(device), -IOMM_EPROBE_DEFER);
	err = FAULTY(f, faults_register(f));
	if (!err) {
		/* What fails there is logged; the device can be probed. */
		assert_ok(FAULTY(f, iomm_ctx_run(f->world.ctx)));
		f->may_succeed = true;
		assert_ok(iomm_device_probe(device));
	} else {
		assert_int_equal(iomm_device_probe(device), -IOMM_EPROBE_DEFER);
	}
	iomm_device_put(device);
	faults_unregister(f);
	return err;
}

/* Groups: a, b and c share IDs. */

static void crowd(struct faults *f)
{
	assert_ok(world_create(&f->world));
	world_crowd(&f->world);
	f->node = node_at(f->world.firmware, "/first");
	assert_ok(faults_register(f));
}

static int probe_all(struct iomm_device *device[3])
{
	uint32_t n;
	int err = 0;

	for (n = 0; !err && n < 3; n++)
		err = iomm_device_probe(device[n]);
	return err;
}

/* How many are bound, all in one group that says so. */
static uint32_t grouped(struct iomm_device *device[3])
{
	struct iomm_group *group = NULL, *first = NULL;
	uint32_t n, bound = 0;

	for (n = 0; n < 3; n++) {
		if (iomm_device_group(device[n], &group))
			continue;
		bound++;
		assert_true(!first || first == group);
		if (first)
			iomm_group_put(group);
		first = group;
	}
	if (first)
		assert_int_equal(group_info(first).nr_devices, bound);
	iomm_group_put(first);
	return bound;
}

/* A group of three forms, of which the first may have a domain attached. */
static int form(struct faults *f, bool attached)
{
	static const char *const names[3] = { "a", "b", "c" };
	struct iomm_device *device[3];
	struct iomm_domain *domain = NULL;
	uint32_t n;
	int err;

	crowd(f);
	for (n = 0; n < 3; n++)
		device[n] = faults_device(f, names[n]);
	if (attached) {
		assert_ok(iomm_device_probe(device[0]));
		assert_ok(iomm_domain_create(device[0], NULL, &domain));
		assert_ok(iomm_domain_attach(domain, device[0]));
	}
	err = FAULTY(f, probe_all(device));
	/* Who failed was never there: no device, no ID, no translation. */
	assert_int_equal(grouped(device), f->mock.devices);
	assert_int_equal(f->mock.devices == 3, !err);
	for (n = 0; n < 3; n++)
		assert_int_equal(device_state(device[n]) == IOMM_DEVICE_BOUND,
				 n < f->mock.devices);
	assert_int_equal(mock_blocked(&f->mock, 0x10), !attached);
	assert_int_equal(mock_blocked(&f->mock, 0x11),
			 !attached || f->mock.devices < 2);
	assert_ok(probe_all(device));
	assert_int_equal(grouped(device), 3);
	for (n = 0; n < 3; n++)
		iomm_device_put(device[n]);
	iomm_domain_put(domain);
	faults_unregister(f);
	return err;
}

static int form_group(struct faults *f)
{
	return form(f, false);
}

static int form_attached_group(struct faults *f)
{
	return form(f, true);
}

/* A group's domain is attached to all, or to none. */
static int attach_group(struct faults *f)
{
	struct iomm_device *device[2];
	struct iomm_domain *domain = NULL;
	int err;

	crowd(f);
	device[0] = crowd_bound(&f->world, "a");
	device[1] = crowd_bound(&f->world, "b");
	assert_ok(iomm_domain_create(device[0], NULL, &domain));
	err = FAULTY(f, iomm_domain_attach(domain, device[1]));
	assert_int_equal(mock_blocked(&f->mock, 0x10), err != 0);
	assert_int_equal(mock_blocked(&f->mock, 0x11), err != 0);
	iomm_device_put(device[0]);
	iomm_device_put(device[1]);
	iomm_domain_put(domain);
	faults_unregister(f);
	return err;
}

/* Domains */

static struct iomm_device *bound(struct faults *f)
{
	struct iomm_device *device;

	driver(f);
	device = faults_device(f, "one");
	assert_ok(iomm_device_probe(device));
	return device;
}

static int domain_create(struct faults *f)
{
	struct iomm_device *device = bound(f);
	struct iomm_domain *domain = NULL;
	int err = FAULTY(f, iomm_domain_create(device, NULL, &domain));

	assert_int_equal(f->mock.domains, err ? 0 : 1);
	iomm_domain_put(domain);
	assert_int_equal(f->mock.domains, 0);
	iomm_device_put(device);
	faults_unregister(f);
	return err;
}

static int attach(struct faults *f)
{
	struct iomm_device *device = bound(f);
	struct iomm_domain *domain = NULL;
	int err;

	assert_ok(iomm_domain_create(device, NULL, &domain));
	err = FAULTY(f, iomm_domain_attach(domain, device));
	assert_int_equal(mock_blocked(&f->mock, f->mock.first->ids[0]),
			 err != 0);
	/* Refused is not attached: it can be tried again. */
	if (err)
		assert_ok(iomm_domain_attach(domain, device));
	assert_ok(iomm_domain_detach(domain, device));
	iomm_domain_put(domain);
	iomm_device_put(device);
	faults_unregister(f);
	return err;
}

static int use(struct iomm_domain *domain, uint64_t *mapped)
{
	uint64_t unmapped = 0;
	int err = iomm_domain_map(domain, 0x1ff000, 0x40000000, 0x3000, RW, 0,
				  mapped);

	if (err)
		return err;
	err = iomm_domain_unmap(domain, 0x1ff000, 0x3000, NULL, &unmapped);
	*mapped -= unmapped;
	return err;
}

/* Maps and unmaps on a domain, which must agree with what it said. */
static int map_unmap(struct faults *f)
{
	struct iomm_pgtable_info info = { .size = sizeof(info) };
	struct iomm_translation at = { .size = sizeof(at) };
	struct iomm_device *device = bound(f);
	struct iomm_domain *domain = NULL;
	uint64_t mapped = 0;
	int err;

	assert_ok(iomm_domain_create(device, NULL, &domain));
	assert_ok(iomm_domain_attach(domain, device));
	err = FAULTY(f, use(domain, &mapped));
	assert_int_equal(iomm_domain_translate(domain, 0x1ff000, &at),
			 mapped ? 0 : -IOMM_ENOENT);
	assert_int_equal(iomm_domain_translate(domain, 0x201000, &at),
			 mapped == 0x3000 ? 0 : -IOMM_ENOENT);
	assert_ok(iomm_domain_unmap(domain, 0x1ff000, 0x3000, NULL, NULL));
	assert_ok(iomm_domain_info(domain, &info));
	assert_int_equal(info.tables, 1);
	assert_ok(iomm_domain_detach(domain, device));
	iomm_domain_put(domain);
	iomm_device_put(device);
	faults_unregister(f);
	return err;
}

/* An invalidation that fails on the way out of an unmap: what it covered is in
 * quarantine, and comes back when one succeeds. */
static int quarantine(struct faults *f)
{
	struct iomm_pgtable_info info = { .size = sizeof(info) };
	struct iomm_device *device = bound(f);
	struct iomm_domain *domain = NULL;
	int err, again = 0;

	assert_ok(iomm_domain_create(device, NULL, &domain));
	assert_ok(iomm_domain_map(domain, 0x1ff000, 0x40000000, 0x3000, RW, 0,
				  NULL));
	err = FAULTY(f,
		     iomm_domain_unmap(domain, 0x1ff000, 0x3000, NULL, NULL));
	assert_ok(iomm_domain_info(domain, &info));
	assert_int_equal(info.tables, 1);
	assert_int_equal(info.quarantined != 0, err != 0);
	if (!err)
		again = FAULTY(f, iomm_domain_flush_all(domain));
	assert_ok(iomm_domain_flush_all(domain));
	assert_ok(iomm_domain_info(domain, &info));
	assert_int_equal(info.quarantined, 0);
	iomm_domain_put(domain);
	iomm_device_put(device);
	faults_unregister(f);
	return err ? err : again;
}

/* Going away cannot fail, whatever failed before and fails now. */

struct life {
	struct iomm_device *device;
	struct iomm_domain *domain;
};

static int live(struct faults *f, struct life *life)
{
	int err = iomm_device_probe(life->device);

	if (!err)
		err = iomm_domain_create(life->device, NULL, &life->domain);
	if (!err)
		err = iomm_domain_attach(life->domain, life->device);
	if (!err)
		err = iomm_domain_map(life->domain, 0, 0, 0x1000, RW, 0, NULL);
	if (err)
		return err;
	f->due++;
	return iomm_device_add_release(life->device, faults_released, f);
}

static void begin_life(struct faults *f, struct life *life)
{
	*life = (struct life){ 0 };
	driver(f);
	life->device = faults_device(f, "one");
	faults_arm(f);
}

static void end_life(struct faults *f, struct life *life)
{
	assert_int_equal(f->mock.devices, 0);
	iomm_domain_put(life->domain);
	assert_int_equal(f->mock.domains, 0);
	iomm_device_put(life->device);
	faults_unregister(f);
}

static int remove_device(struct faults *f)
{
	struct life life;
	int err;

	begin_life(f, &life);
	err = live(f, &life);
	assert_ok(iomm_device_remove(life.device, 0));
	(void)faults_disarm(f, 0);
	assert_int_equal(f->released, f->due);
	end_life(f, &life);
	return err;
}

static int unregister(struct faults *f)
{
	struct life life;
	int err;

	/* A flush that fails here keeps the domain's tables for good. */
	f->flushes_work = true;
	begin_life(f, &life);
	err = live(f, &life);
	assert_ok(iomm_iommu_unregister(f->mock.iommu, 0));
	assert_int_equal(f->mock.domains, 0);
	if (life.domain)
		assert_int_equal(iomm_domain_map(life.domain, 0x1000, 0, 0x1000,
						 RW, 0, NULL),
				 -IOMM_ENODEV);
	(void)faults_disarm(f, 0);
	assert_int_equal(iomm_device_probe(life.device), -IOMM_EPROBE_DEFER);
	assert_ok(iomm_device_remove(life.device, 0));
	end_life(f, &life);
	return err;
}

static int close_context(struct faults *f)
{
	struct life life;
	int err;

	f->flushes_work = true;
	begin_life(f, &life);
	err = live(f, &life);
	assert_ok(iomm_ctx_close(f->world.ctx, 0));
	(void)faults_disarm(f, 0);
	assert_int_equal(device_state(life.device), IOMM_DEVICE_REMOVED);
	end_life(f, &life);
	return err;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAULT_TEST(context),	    FAULT_TEST(firmware_and_bus),
		FAULT_TEST(device_create),  FAULT_TEST(add_release),
		FAULT_TEST(register_iommu), FAULT_TEST(probe_one),
		FAULT_TEST(probe_two_ids),  FAULT_TEST(replay),
		FAULT_TEST(form_group),	    FAULT_TEST(form_attached_group),
		FAULT_TEST(attach_group),   FAULT_TEST(domain_create),
		FAULT_TEST(attach),	    FAULT_TEST(map_unmap),
		FAULT_TEST(quarantine),	    FAULT_TEST(remove_device),
		FAULT_TEST(unregister),	    FAULT_TEST(close_context),
	};

	return cmocka_run_group_tests_name("faults: devices", tests, NULL,
					   NULL);
}
