/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Scenarios that are wrong on purpose: each must be found out. */
#include "stress/faults.h"

/* Loses a reference when a call fails. */
static int leak(struct faults *f)
{
	struct iomm_device *device;
	int err;

	faults_world(f);
	assert_ok(faults_register(f));
	device = faults_device(f, "one");
	err = FAULTY(f, iomm_device_probe(device));
	if (err)
		(void)iomm_device_get(device);
	iomm_device_put(device);
	faults_unregister(f);
	return err;
}

/* Calls a failure a success. */
static int swallow(struct faults *f)
{
	struct iomm_firmware *firmware = NULL;
	struct tree tree = tree_load("no-iommu");

	assert_ok(world_create(&f->world));
	(void)!FAULTY(f, iomm_firmware_create_fdt(f->world.ctx, tree.blob,
						  tree.bytes, &firmware));
	tree_free(&tree);
	iomm_firmware_put(firmware);
	return 0;
}

/* Reaches nothing that could fail. */
static int nothing(struct faults *f)
{
	assert_ok(world_create(&f->world));
	return FAULTY(f, iomm_ctx_run(f->world.ctx));
}

/* Hands a release function over and loses it. */
static int release_lost(struct faults *f)
{
	f->due++;
	return FAULTY(f, world_create(&f->world));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAULT_TEST(leak),
		FAULT_TEST(swallow),
		FAULT_TEST(nothing),
		FAULT_TEST(release_lost),
	};

	return cmocka_run_group_tests_name("faults: planted", tests, NULL,
					   NULL);
}
