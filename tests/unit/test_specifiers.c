/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What firmware says of who stands behind which IOMMU, seen through probe. */
#include "unit/support.h"

#include <iomm/pci.h>

#define MOCKS 4u

/* A tree, its buses, and an instance for each IOMMU in it. */
struct machine {
	struct world *w;
	struct iomm_firmware *firmware;
	struct iomm_bus *platform, *pci;
	struct mock mock[MOCKS];
	uint64_t node[MOCKS];
	uint32_t nr_mocks;
};

static void start(struct machine *m, struct world *w, struct tree *tree)
{
	uint64_t node = 0, host = 0;

	memset(m, 0, sizeof(*m));
	m->w = w;
	m->firmware = world_firmware(w, tree);
	assert_ok(iomm_bus_create_platform(m->firmware, "platform",
					   &m->platform));
	if (!iomm_firmware_next(m->firmware, IOMM_NODE_PCI_HOST, 0, &host))
		assert_ok(iomm_bus_create_pci(m->firmware, host, NULL, 0, "pci",
					      &m->pci));
	while (m->nr_mocks < MOCKS &&
	       !iomm_firmware_next(m->firmware, IOMM_NODE_IOMMU, node, &node)) {
		m->node[m->nr_mocks] = node;
		mock_init(&m->mock[m->nr_mocks], w);
		assert_ok(mock_register_as(&m->mock[m->nr_mocks++], node,
					   "iommu", "mock"));
	}
}

static void stop(struct machine *m)
{
	while (m->nr_mocks)
		mock_end(&m->mock[--m->nr_mocks]);
	iomm_bus_put(m->platform);
	iomm_bus_put(m->pci);
	iomm_firmware_put(m->firmware);
}

static struct iomm_device *
add(struct machine *m, struct iomm_bus *bus, uint64_t address)
{
	struct iomm_device_config config = { .size = sizeof(config),
					     .flags = IOMM_DEVICE_ADDRESS,
					     .name = "dev",
					     .address = address };
	struct iomm_device *device = NULL;

	(void)m;
	assert_ok(iomm_device_create(bus, &config, &device));
	return device;
}

static struct iomm_device *at(struct machine *m, const char *path)
{
	return add(m, m->platform, node_at(m->firmware, path));
}

static void bound(struct machine *m, struct iomm_device *device,
		  const char *iommus, const uint64_t *ids, uint32_t nr)
{
	struct iomm_device_id got[8];
	uint32_t count = LENGTH(got), n;

	assert_ok(iomm_device_probe(device));
	assert_ok(iomm_device_ids(device, got, sizeof(got[0]), &count));
	assert_int_equal(count, nr);
	for (n = 0; n < nr; n++) {
		assert_true(got[n].id == ids[n]);
		assert_true(got[n].iommu_node == m->node[iommus[n] - '0']);
	}
	iomm_device_put(device);
}

/* The device is bound with these IDs; a digit of `iommus` says for each at
 * which IOMMU of the tree, in its order. */
#define BOUND(m, device, iommus, ...)                                     \
	bound((m), (device), (iommus), (const uint64_t[]){ __VA_ARGS__ }, \
	      LENGTH(((const uint64_t[]){ __VA_ARGS__ })))

static void refused(struct machine *m, struct iomm_device *device, int code,
		    const char *says)
{
	assert_fails(iomm_device_probe(device), code, m->w->ctx, says);
	assert_int_equal(device_state(device), IOMM_DEVICE_NONE);
	iomm_device_put(device);
}

/* Real trees */

static void test_corners(void **state)
{
	struct tree tree = tree_load("iommu-corners");
	struct machine m;

	start(&m, *state, &tree);
	/* In the tree's order: v3, v2, single, PCI's. */
	BOUND(&m, at(&m, "/soc/ethernet@2c000000"), "000", 0x10, 0x11, 0x1f);
	assert_int_equal(m.mock[0].nr_cells, 1);
	BOUND(&m, at(&m, "/soc/gpu@2c010000"), "1", 0x400);
	assert_int_equal(m.mock[1].nr_cells, 2);
	assert_int_equal(m.mock[1].cells[1], 0x3f);
	BOUND(&m, at(&m, "/soc/dma@2c020000"), "10", 7, 7);
	BOUND(&m, at(&m, "/soc/codec@2c030000"), "2", 0);
	assert_int_equal(m.mock[2].nr_cells, 0);
	refused(&m, at(&m, "/soc"), IOMM_ENODEV, "/soc: no IOMMU is described");

	BOUND(&m, add(&m, m.pci, 0x0), "0", 0);
	BOUND(&m, add(&m, m.pci, 0x7), "0", 7);
	refused(&m, add(&m, m.pci, 0x8), IOMM_ENODEV,
		"/soc/pcie@40000000: iommu-map says nothing of ID 0x8");
	BOUND(&m, add(&m, m.pci, 0x9), "0", 9);
	BOUND(&m, add(&m, m.pci, 0xff), "0", 0xff);
	BOUND(&m, add(&m, m.pci, 0x100), "0", 0x1100);
	BOUND(&m, add(&m, m.pci, 0x1ff), "0", 0x11ff);
	refused(&m, add(&m, m.pci, 0x200), IOMM_ENODEV, "of ID 0x200");
	BOUND(&m, add(&m, m.pci, 0x300), "3", 0);
	BOUND(&m, add(&m, m.pci, 0x3ff), "3", 0xff);
	refused(&m, add(&m, m.pci, 0x400), IOMM_ENODEV, "of ID 0x400");
	stop(&m);
}

static void test_qemu(void **state)
{
	struct tree tree = tree_load("qemu-virt-smmuv3");
	struct machine m;

	start(&m, *state, &tree);
	BOUND(&m, add(&m, m.pci, 0x0), "0", 0);
	BOUND(&m, add(&m, m.pci, 0xffff), "0", 0xffff);
	refused(&m, at(&m, "/virtio_mmio@a000000"), IOMM_ENODEV,
		"no IOMMU is described");
	stop(&m);
}

/* A function behind a bridge to conventional PCI has the bridge's ID, too. */
static void test_pci_aliases(void **state)
{
	const struct iomm_pci_function bridge = { .flags = IOMM_PCI_BRIDGE,
						  .type = IOMM_PCI_PCIE_TO_PCI,
						  .segment = 3,
						  .rid = 0x0008,
						  .secondary = 1,
						  .subordinate = 1 };
	struct world *w = *state, other;
	struct tree tree = tree_load("qemu-virt-smmuv3");
	struct iomm_pci *pci = NULL, *foreign = NULL;
	struct iomm_bus *bus = UNTOUCHED;
	uint64_t host = 0;
	struct machine m;

	start(&m, w, &tree);
	assert_ok(iomm_firmware_next(m.firmware, IOMM_NODE_PCI_HOST, 0, &host));
	assert_ok(iomm_pci_create(w->ctx, &bridge, 1, sizeof(bridge), &pci));
	world_init(&other);
	assert_ok(world_create(&other));
	assert_ok(iomm_pci_create(other.ctx, &bridge, 1, sizeof(bridge),
				  &foreign));
	assert_fails(iomm_bus_create_pci(m.firmware, host, foreign, 3, "pci",
					 &bus),
		     IOMM_EINVAL, w->ctx, "another context's");
	assert_ptr_equal(bus, UNTOUCHED);
	iomm_pci_put(foreign);
	world_end(&other);

	assert_ok(iomm_bus_create_pci(m.firmware, host, pci, 3, "pci", &bus));
	iomm_pci_put(pci); /* the bus holds it */
	BOUND(&m, add(&m, bus, 0x118), "00", 0x118, 0x100);
	BOUND(&m, add(&m, bus, 0x208), "0", 0x208);
	iomm_bus_put(bus);
	stop(&m);
}

static void test_apple(void **state)
{
	struct tree tree = tree_load("apple-t8103");
	struct world *w = *state;
	struct iomm_device *function;
	struct machine m;

	start(&m, w, &tree);
	BOUND(&m, at(&m, "/display-subsystem"), "33", 0, 4);
	/* The mask drops device and function; its DART has no instance here. */
	function = add(&m, m.pci, 0x1ff);
	assert_fails(iomm_device_probe(function), IOMM_EPROBE_DEFER, w->ctx,
		     "/soc/iommu@681008000 is not registered yet");
	iomm_device_put(function);
	stop(&m);
}

/* Trees of this test's: one property each, of a device or a host. */

static void begin(struct tree *tree)
{
	*tree = tree_begin();
	tree_iommu(tree, "iommu", 1, 1);
	tree_node(tree, "off");
	TREE_CELLS(tree, "phandle", 2);
	TREE_CELLS(tree, "#iommu-cells", 1);
	tree_string(tree, "status", "disabled");
	tree_end_node(tree);
	tree_node(tree, "plain");
	TREE_CELLS(tree, "phandle", 3);
	tree_end_node(tree);
	tree_iommu(tree, "wide", 4, 9);
	tree_iommu(tree, "eight", 5, 8);
}

/* A device with that `iommus`, which is refused. */
static void iommus(struct world *w, const void *value, uint32_t bytes, int code,
		   const char *says)
{
	struct machine m;
	struct tree tree;

	begin(&tree);
	tree_node(&tree, "dev");
	tree_bytes(&tree, "iommus", value, bytes);
	tree_end_node(&tree);
	tree_finish(&tree);
	start(&m, w, &tree);
	refused(&m, at(&m, "/dev"), code, says);
	assert_int_equal(m.mock[0].calls[MOCK_TRANSLATE], 0);
	stop(&m);
}

#define BE(n) 0, 0, 0, (n)
#define BYTES(...)                                \
	((const unsigned char[]){ __VA_ARGS__ }), \
		LENGTH(((const unsigned char[]){ __VA_ARGS__ }))

static void test_bad_iommus(void **state)
{
	struct world *w = *state;

	iommus(w, NULL, 0, IOMM_ENODEV, "/dev: no IOMMU is described");
	iommus(w, BYTES(BE(77), BE(0)), IOMM_ENODEV,
	       "/dev: iommus refers to phandle 0x4d, which no node has");
	iommus(w, BYTES(BE(0), BE(0)), IOMM_ENODEV, "phandle 0x0");
	iommus(w, BYTES(255, 255, 255, 255, BE(0)), IOMM_ENODEV,
	       "phandle 0xffffffff");
	iommus(w, BYTES(BE(2), BE(0)), IOMM_ENODEV,
	       "/dev: its IOMMU /off is disabled");
	iommus(w, BYTES(BE(3), BE(0)), IOMM_EINVAL,
	       "/plain: is referred to as an IOMMU, and has no #iommu-cells");
	iommus(w, BYTES(BE(1)), IOMM_EINVAL,
	       "/dev: iommus ends after 0 of the 1 cells of a specifier");
	/* A good entry first. */
	iommus(w, BYTES(BE(1), BE(5), BE(1)), IOMM_EINVAL, "ends after 0 of");
	iommus(w, BYTES(BE(1), BE(5), BE(2), BE(5)), IOMM_ENODEV,
	       "/off is disabled");
	iommus(w, BYTES(BE(5), BE(5), BE(2), BE(5)), IOMM_EINVAL,
	       "ends after 3 of the 8");
	iommus(w,
	       BYTES(BE(4), BE(0), BE(0), BE(0), BE(0), BE(0), BE(0), BE(0),
		     BE(0), BE(0)),
	       IOMM_EINVAL, "9 cells");
	/* Not whole cells. */
	iommus(w, BYTES(BE(1), BE(5), 0), IOMM_EINVAL,
	       "/dev: iommus has 9 bytes, which are not whole cells");
	iommus(w, BYTES(0), IOMM_EINVAL, "has 1 bytes");
}

/* Specifiers of one IOMMU need not stand together; its IDs do. */
static void test_mixed(void **state)
{
	struct tree tree = tree_begin();
	struct machine m;

	tree_iommu(&tree, "a", 1, 1);
	tree_iommu(&tree, "b", 2, 1);
	tree_iommu(&tree, "c", 3, 1);
	TREE_CLIENT(&tree, "dev", 2, 0x20, 1, 0x10, 2, 0x21, 3, 0x30, 1, 0x11,
		    2, 0x20, 2, 0x22, 1, 0x12, 3, 0x31);
	tree_finish(&tree);
	start(&m, *state, &tree);
	BOUND(&m, at(&m, "/dev"), "11100022", 0x20, 0x21, 0x22, 0x10, 0x11,
	      0x12, 0x30, 0x31);
	assert_int_equal(m.mock[0].calls[MOCK_PROBE], 1);
	stop(&m);
}

static void test_wide_specifier(void **state)
{
	struct machine m;
	struct tree tree;

	begin(&tree);
	tree_node(&tree, "dev");
	TREE_CELLS(&tree, "iommus", 5, 1, 2, 3, 4, 5, 6, 7, 0x80000000);
	tree_end_node(&tree);
	tree_finish(&tree);
	start(&m, *state, &tree);
	/* In the tree's order: iommu, off, wide, eight. */
	BOUND(&m, at(&m, "/dev"), "3", 1);
	assert_int_equal(m.mock[3].nr_cells, 8);
	assert_int_equal(m.mock[3].cells[7], 0x80000000);
	stop(&m);
}

/* One device that lists an ID twice: it has it once. */
static void test_many_entries(void **state)
{
	struct machine m;
	struct tree tree;

	begin(&tree);
	tree_node(&tree, "dev");
	TREE_CELLS(&tree, "iommus", 1, 7, 1, 8, 1, 7);
	tree_end_node(&tree);
	tree_finish(&tree);
	start(&m, *state, &tree);
	BOUND(&m, at(&m, "/dev"), "00", 7, 8);
	assert_int_equal(m.mock[0].calls[MOCK_PROBE], 1);
	stop(&m);
}

/* iommu-map */

static void host(struct machine *m, struct world *w, const void *map,
		 uint32_t bytes, const void *mask, uint32_t mask_bytes)
{
	struct tree tree;

	begin(&tree);
	tree_node(&tree, "pci");
	tree_string(&tree, "device_type", "pci");
	if (map)
		tree_bytes(&tree, "iommu-map", map, bytes);
	if (mask)
		tree_bytes(&tree, "iommu-map-mask", mask, mask_bytes);
	tree_end_node(&tree);
	tree_finish(&tree);
	start(m, w, &tree);
}

static void bad_map(struct world *w, const void *map, uint32_t bytes, int code,
		    const char *says)
{
	struct machine m;

	host(&m, w, map, bytes, BYTES(0, 0, 0xff, 0));
	refused(&m, add(&m, m.pci, 0x123), code, says);
	stop(&m);
}

static void test_bad_map(void **state)
{
	struct world *w = *state;

	bad_map(w, NULL, 0, IOMM_ENODEV, "/pci: has no iommu-map");
	bad_map(w, "", 0, IOMM_EINVAL, "iommu-map has 0 cells");
	bad_map(w, BYTES(BE(0), BE(1), BE(0)), IOMM_EINVAL,
		"/pci: iommu-map has 3 cells, not a multiple of 4");
	bad_map(w, BYTES(BE(0), BE(1), BE(0), 0, 0, 2, 0, BE(0)), IOMM_EINVAL,
		"5 cells");
	bad_map(w, BYTES(BE(0), BE(1), BE(0), 0, 0, 2, 0, 0), IOMM_EINVAL,
		"iommu-map has 17 bytes, which are not whole cells");
	bad_map(w, BYTES(BE(1), BE(1), BE(0), 0, 0, 2, 0), IOMM_EINVAL,
		"starts at ID 0x1, outside iommu-map-mask 0xff00");
	bad_map(w, BYTES(BE(0), BE(77), BE(0), 0, 0, 2, 0), IOMM_ENODEV,
		"iommu-map refers to phandle 0x4d");
	bad_map(w, BYTES(BE(0), BE(2), BE(0), 0, 0, 2, 0), IOMM_ENODEV,
		"/off is disabled");
	bad_map(w, BYTES(BE(0), BE(3), BE(0), 0, 0, 2, 0), IOMM_EINVAL,
		"no #iommu-cells");
	/* Nothing is mapped by a length of 0, nor behind the end. */
	bad_map(w, BYTES(0, 0, 1, 0, BE(1), BE(0), BE(0)), IOMM_ENODEV,
		"says nothing of ID 0x123");
	bad_map(w, BYTES(BE(0), BE(1), BE(0), 0, 0, 1, 0), IOMM_ENODEV,
		"says nothing of ID 0x123");
	/* 0x100 comes out past 32 bits. */
	bad_map(w, BYTES(BE(0), BE(1), 255, 255, 255, 0, 0, 0, 2, 0),
		IOMM_EINVAL, "iommu-map takes ID 0x100 past 32 bits");
}

static void test_map(void **state)
{
	struct world *w = *state;
	struct machine m;

	/* The mask drops the function; the last entry that fits is the last ID
	 * of 32 bits, and a range over the end of the IDs is just long. */
	host(&m, w,
	     BYTES(BE(0), BE(1), BE(0), BE(0), 0, 0, 1, 0, BE(1), 255, 255, 255,
		   0, 255, 255, 255, 255),
	     BYTES(255, 255, 255, 255));
	BOUND(&m, add(&m, m.pci, 0x100), "0", 0xffffff00);
	BOUND(&m, add(&m, m.pci, 0x1ff), "0", 0xffffffff);
	refused(&m, add(&m, m.pci, 0x200), IOMM_EINVAL, "past 32 bits");
	refused(&m, add(&m, m.pci, 0xff), IOMM_ENODEV, "nothing of ID 0xff");
	stop(&m);

	host(&m, w, BYTES(BE(0), BE(1), BE(5), 0, 0, 1, 0), BYTES(BE(0xf8)));
	BOUND(&m, add(&m, m.pci, 0x1237), "0", 0x35);
	stop(&m);

	/* No mask: all bits count. */
	host(&m, w, BYTES(BE(0), BE(1), BE(5), 0, 0, 1, 0), NULL, 0);
	BOUND(&m, add(&m, m.pci, 0x37), "0", 0x3c);
	refused(&m, add(&m, m.pci, 0x137), IOMM_ENODEV, "of ID 0x137");
	stop(&m);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WORLD_TEST(test_corners),      WORLD_TEST(test_pci_aliases),
		WORLD_TEST(test_qemu),	       WORLD_TEST(test_apple),
		WORLD_TEST(test_bad_iommus),   WORLD_TEST(test_wide_specifier),
		WORLD_TEST(test_many_entries), WORLD_TEST(test_bad_map),
		WORLD_TEST(test_map),	       WORLD_TEST(test_mixed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
