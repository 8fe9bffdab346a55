/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Buses. */
#include "unit/support.h"

static void test_name(void **state)
{
	struct world *w = *state;
	char buf[16] = "untouched";

	world_small(w);
	assert_int_equal(iomm_bus_name(w->bus, buf, sizeof(buf)), 8);
	assert_string_equal(buf, "platform");
	assert_int_equal(iomm_bus_name(w->bus, buf, 5), 8);
	assert_string_equal(buf, "plat");
	assert_int_equal(iomm_bus_name(w->bus, NULL, 0), 8);
	assert_fails(iomm_bus_name(w->bus, NULL, 1), IOMM_EINVAL, w->ctx,
		     "iomm_bus_name");
	assert_int_equal(iomm_bus_name(NULL, buf, sizeof(buf)), -IOMM_EINVAL);
	assert_int_equal(iomm_bus_name((struct iomm_bus *)(void *)w->firmware,
				       buf, sizeof(buf)),
			 -IOMM_EINVAL);
	assert_string_equal(buf, "plat");
}

static void test_get_and_put(void **state)
{
	struct world *w = *state;

	world_small(w);
	assert_ptr_equal(iomm_bus_get(w->bus), w->bus);
	iomm_bus_put(w->bus);
	assert_int_equal(world_live(w, IOMM_HANDLE_BUS), 1);
	assert_null(iomm_bus_get(NULL));
	iomm_bus_put(NULL);
}

/* The name is copied, and the bus holds the source. */
static void test_holds(void **state)
{
	struct world *w = *state;
	char name[] = "mine", buf[8];
	struct iomm_bus *bus = NULL;

	world_small(w);
	assert_ok(iomm_bus_create_platform(w->firmware, name, &bus));
	memset(name, '#', 4);
	assert_int_equal(iomm_bus_name(bus, buf, sizeof(buf)), 4);
	assert_string_equal(buf, "mine");
	iomm_bus_put(w->bus);
	iomm_firmware_put(w->firmware);
	w->bus = NULL;
	w->firmware = NULL;
	assert_int_equal(world_live(w, IOMM_HANDLE_FIRMWARE), 1);
	iomm_bus_put(bus);
	assert_int_equal(world_live(w, IOMM_HANDLE_FIRMWARE), 0);
}

static void test_platform_refuses(void **state)
{
	struct world *w = *state;
	struct iomm_bus *bus = UNTOUCHED;

	world_small(w);
	assert_int_equal(iomm_bus_create_platform(NULL, "x", &bus),
			 -IOMM_EINVAL);
	assert_int_equal(iomm_bus_create_platform((void *)w->bus, "x", &bus),
			 -IOMM_EINVAL);
	assert_fails(iomm_bus_create_platform(w->firmware, NULL, &bus),
		     IOMM_EINVAL, w->ctx, "iomm_bus_create_platform");
	assert_fails(iomm_bus_create_platform(w->firmware, "x", NULL),
		     IOMM_EINVAL, w->ctx, "iomm_bus_create_platform");
	assert_ptr_equal(bus, UNTOUCHED);
	assert_int_equal(world_live(w, IOMM_HANDLE_BUS), 1);
}

static void test_pci(void **state)
{
	struct world *w = *state;
	struct tree tree = tree_load("qemu-virt-smmuv3"), other;
	struct iomm_firmware *firmware = world_firmware(w, &tree), *fw2;
	struct iomm_bus *bus = UNTOUCHED;
	uint64_t host = 0;

	other = tree_load("no-iommu");
	fw2 = world_firmware(w, &other);
	assert_ok(iomm_firmware_next(firmware, IOMM_NODE_PCI_HOST, 0, &host));
	assert_int_equal(iomm_bus_create_pci(NULL, host, NULL, 0, "x", &bus),
			 -IOMM_EINVAL);
	assert_fails(iomm_bus_create_pci(firmware, host, NULL, 0, NULL, &bus),
		     IOMM_EINVAL, w->ctx, "iomm_bus_create_pci");
	assert_fails(iomm_bus_create_pci(firmware, host, NULL, 0, "x", NULL),
		     IOMM_EINVAL, w->ctx, "iomm_bus_create_pci");
	assert_fails(iomm_bus_create_pci(firmware,
					 node_at(firmware, "/memory@40000000"),
					 NULL, 0, "x", &bus),
		     IOMM_EINVAL, w->ctx,
		     "/memory@40000000 is no PCI host bridge");
	assert_fails(iomm_bus_create_pci(firmware, 0, NULL, 0, "x", &bus),
		     IOMM_EINVAL, w->ctx, "not of this firmware source");
	assert_fails(iomm_bus_create_pci(fw2, host, NULL, 0, "x", &bus),
		     IOMM_EINVAL, w->ctx, "not of this firmware source");
	assert_ptr_equal(bus, UNTOUCHED);
	assert_ok(iomm_bus_create_pci(firmware, host, NULL, 0, "pci0", &bus));
	assert_int_equal(iomm_bus_name(bus, NULL, 0), 4);
	iomm_bus_put(bus);
	iomm_firmware_put(firmware);
	iomm_firmware_put(fw2);
}

static int add(struct iomm_bus *bus, uint64_t address)
{
	struct iomm_device_config config = { .size = sizeof(config),
					     .flags = IOMM_DEVICE_ADDRESS,
					     .name = "dev",
					     .address = address };
	struct iomm_device *device = UNTOUCHED;
	int err = iomm_device_create(bus, &config, &device);

	if (err)
		assert_ptr_equal(device, UNTOUCHED);
	else
		iomm_device_put(device);
	return err;
}

static void test_addresses(void **state)
{
	struct world *w = *state;
	struct tree tree = tree_load("iommu-corners");
	struct iomm_firmware *firmware = world_firmware(w, &tree);
	struct iomm_bus *platform = NULL, *pci = NULL;

	assert_ok(iomm_bus_create_platform(firmware, "platform", &platform));
	assert_ok(iomm_bus_create_pci(firmware,
				      node_at(firmware, "/soc/pcie@40000000"),
				      NULL, 0, "pci", &pci));
	assert_ok(add(platform, node_at(firmware, "/soc/gpu@2c010000")));
	assert_fails(add(platform, 0), IOMM_EINVAL, w->ctx,
		     "not of this firmware source");
	assert_fails(add(platform, node_at(firmware, "/") + 999), IOMM_EINVAL,
		     w->ctx, "is not in the device tree");
	assert_ok(add(pci, 0));
	assert_ok(add(pci, 0xffff));
	assert_fails(add(pci, 0x10000), IOMM_EINVAL, w->ctx,
		     "0x10000 is no requester ID");
	assert_int_equal(add(pci, UINT64_MAX), -IOMM_EINVAL);
	iomm_bus_put(platform);
	iomm_bus_put(pci);
	iomm_firmware_put(firmware);
}

static int create_step(struct world *w, void *arg)
{
	return iomm_bus_create_platform(w->firmware, "platform", arg);
}

static void test_without_memory(void **state)
{
	struct world *w = *state;
	struct iomm_bus *bus = NULL;

	world_small(w);
	assert_int_equal(world_each_site(w, create_step, &bus), 2);
	iomm_bus_put(bus);
}

#if IOMM_CHECKED

static void test_misuse(void **state)
{
	struct world *w = *state;
	struct iomm_bus *bus = NULL;

	world_small(w);
	assert_ok(iomm_bus_create_platform(w->firmware, "x", &bus));
	iomm_bus_put(bus);
	iomm_bus_put(bus);
	assert_string_equal(w->misuse, "a put of a bus after its last put");
	(void)iomm_bus_get(bus);
	assert_string_equal(w->misuse, "a get of a bus after its last put");
	assert_int_equal(iomm_bus_name(bus, NULL, 0), -IOMM_EINVAL);
	assert_string_equal(w->misuse, "a use of a bus after its last put");
	iomm_bus_put((struct iomm_bus *)(void *)w->firmware);
	assert_string_equal(w->misuse, "a put of something that is no bus of "
				       "this library");
	assert_int_equal(w->nr_misuses, 4);
	w->nr_misuses = 0;
}

#endif

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WORLD_TEST(test_name),
		WORLD_TEST(test_get_and_put),
		WORLD_TEST(test_holds),
		WORLD_TEST(test_platform_refuses),
		WORLD_TEST(test_pci),
		WORLD_TEST(test_addresses),
		WORLD_TEST(test_without_memory),
#if IOMM_CHECKED
		WORLD_TEST(test_misuse),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
