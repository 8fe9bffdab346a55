/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Good trees in which one property is changed, and what is said of that. Those
 * of "iommus" and "iommu-map" are in test_specifiers.c; trees that are damaged
 * as such in test_firmware_damage.c.
 */
#include "unit/support.h"

#include <libfdt.h>

/* A tree from build/data with room for changes. */
static struct tree open_tree(const char *name)
{
	struct tree tree = tree_load(name);
	struct tree wide = { .bytes = tree.bytes + 4096 };

	wide.blob = calloc(1, wide.bytes);
	assert_non_null(wide.blob);
	assert_int_equal(fdt_open_into(tree.blob, wide.blob, (int)wide.bytes),
			 0);
	tree_free(&tree);
	return wide;
}

static int offset_of(const struct tree *tree, const char *path)
{
	int offset = fdt_path_offset(tree->blob, path);

	if (offset < 0)
		fail_msg("no node %s", path);
	return offset;
}

static void set(struct tree *tree, const char *path, const char *name,
		const void *value, uint32_t bytes)
{
	assert_int_equal(fdt_setprop(tree->blob, offset_of(tree, path), name,
				     value, (int)bytes),
			 0);
}

static void set_cells(struct tree *tree, const char *path, const char *name,
		      const uint32_t *cells, uint32_t count)
{
	fdt32_t swapped[64];
	uint32_t n;

	assert_true(count <= LENGTH(swapped));
	for (n = 0; n < count; n++)
		swapped[n] = cpu_to_fdt32(cells[n]);
	set(tree, path, name, swapped, count * 4);
}

#define CELLS(...) \
	(const uint32_t[]){ __VA_ARGS__ }, LENGTH(((uint32_t[]){ __VA_ARGS__ }))

static uint32_t phandle(const struct tree *tree, const char *path)
{
	return fdt_get_phandle(tree->blob, offset_of(tree, path));
}

/* Asks, of IDs 0 and 8 at a PCI host, and of all else itself. */
static int ask(struct world *w, struct tree *tree, const char *path,
	       struct iomm_fwspec **out)
{
	static const uint64_t inputs[] = { 0, 8 };
	struct iomm_firmware *firmware = world_firmware(w, tree);
	struct iomm_node_info info = { .size = sizeof(info) };
	uint64_t node = node_at(firmware, path);
	int err;

	assert_ok(iomm_firmware_node_info(firmware, node, &info));
	err = iomm_firmware_lookup(firmware, node, inputs,
				   info.flags & IOMM_NODE_PCI_HOST ? 2 : 0,
				   out);
	iomm_firmware_put(firmware);
	return err;
}

static void refused(struct world *w, struct tree *tree, const char *path,
		    int code, const char *says)
{
	struct iomm_fwspec *spec = UNTOUCHED;

	assert_fails(ask(w, tree, path, &spec), code, w->ctx, says);
	assert_ptr_equal(spec, UNTOUCHED);
}

static struct iomm_fwspec_info
asked(struct world *w, struct tree *tree, const char *path)
{
	struct iomm_fwspec_info info = { .size = sizeof(info) };
	struct iomm_fwspec *spec = NULL;

	assert_ok(ask(w, tree, path, &spec));
	assert_ok(iomm_fwspec_info(spec, &info));
	iomm_fwspec_put(spec);
	return info;
}

/* Windows */

#define OUTER	 "/outer@100000000"
#define ON_OUTER OUTER "/on-outer@0"
#define INNER	 OUTER "/middle/inner"
#define ON_INNER INNER "/on-inner@2000"

/* The dma-ranges of a bus, and what is said of a device below it. */
static void bad_ranges(struct world *w, const char *bus, const uint32_t *cells,
		       uint32_t count, const char *device, const char *says)
{
	struct tree tree = open_tree("dma-ranges");

	set_cells(&tree, bus, "dma-ranges", cells, count);
	refused(w, &tree, device, IOMM_EINVAL, says);
}

static void test_bad_ranges(void **state)
{
	struct world *w = *state;

	bad_ranges(w, OUTER, CELLS(0, 0, 0), ON_OUTER,
		   OUTER ": dma-ranges has 3 cells, not a multiple of 4");
	bad_ranges(w, OUTER, CELLS(0, 0xffffffff, 0xfffff000, 0x1001), ON_OUTER,
		   "dma-ranges[0]: 0xfffffffffffff000 and 0x1001 bytes go past "
		   "64 bits");
	bad_ranges(w, OUTER, CELLS(0, 0, 0, 0), ON_OUTER,
		   OUTER ": dma-ranges lets no DMA through");
	/* Nothing of what the inner bus makes is in the outer one's window. */
	bad_ranges(w, OUTER, CELLS(0x10000000, 0, 0, 0x1000), ON_INNER,
		   OUTER ": dma-ranges lets no DMA through");
	bad_ranges(w, "/", CELLS(0, 0, 0, 0, 1), ON_OUTER,
		   "/: dma-ranges leads nowhere: no bus is above");
	/* Seven cells make an entry of PCI: the second's size is cut. */
	bad_ranges(w, "/pcie@30000000", CELLS(0x02000000, 0, 0, 0, 0, 0),
		   "/pcie@30000000", "has 6 cells, not a multiple of 7");
	bad_ranges(w, "/pcie@30000000",
		   CELLS(0x02000000, 0xffffffff, 0xfffff000, 0, 0, 0, 0x1001),
		   "/pcie@30000000", "go past 64 bits");
	/* I/O space only. */
	bad_ranges(w, "/pcie@30000000",
		   CELLS(0x01000000, 0, 0, 0, 0, 0, 0x1000), "/pcie@30000000",
		   "/pcie@30000000: dma-ranges lets no DMA through");
}

static void test_bad_range_cells(void **state)
{
	static const struct {
		const char *name;
		uint32_t value;
	} bad[] = {
		{ "#address-cells", 0 }, { "#address-cells", 4 },
		{ "#size-cells", 0 },	 { "#size-cells", 3 },
		{ "#size-cells", ~0u },
	};
	struct world *w = *state;
	struct tree tree;
	uint32_t n;

	for (n = 0; n < LENGTH(bad); n++) {
		tree = open_tree("dma-ranges");
		set_cells(&tree, OUTER, bad[n].name, &bad[n].value, 1);
		refused(w, &tree, ON_OUTER, IOMM_EINVAL, "not 1 to 3");
	}
	tree = open_tree("dma-ranges");
	set(&tree, OUTER, "dma-ranges", "12345", 5);
	refused(w, &tree, ON_OUTER, IOMM_EINVAL,
		OUTER ": dma-ranges has 5 bytes, which are not whole cells");
}

static void test_many_windows(void **state)
{
	struct world *w = *state;
	struct tree tree = open_tree("dma-ranges");
	fdt32_t cells[33 * 4] = { 0 };
	uint32_t n;

	for (n = 0; n < 33; n++) {
		cells[4 * n] = cpu_to_fdt32(n << 12);
		cells[4 * n + 3] = cpu_to_fdt32(1u << 12);
	}
	set(&tree, OUTER, "dma-ranges", cells, sizeof(cells));
	refused(w, &tree, ON_OUTER, IOMM_EINVAL, "more than 32 windows");
	tree = open_tree("dma-ranges");
	set(&tree, OUTER, "dma-ranges", cells, 32 * 16);
	assert_int_equal(asked(w, &tree, ON_OUTER).nr_dma_ranges, 32);
}

/* The last byte of 64 bits can be in a window. */
static void test_last_address(void **state)
{
	struct world *w = *state;
	struct tree tree = open_tree("dma-ranges");
	struct iomm_fwspec_info info;

	set_cells(&tree, "/pcie@30000000", "dma-ranges",
		  CELLS(0x03000000, 0xffffffff, 0xfffff000, 0xffffffff,
			0xfffff000, 0, 0x1000));
	info = asked(w, &tree, "/pcie@30000000");
	assert_true(info.flags & IOMM_FWSPEC_DMA_RANGE);
	assert_true(info.dma_first == UINT64_C(0xfffffffffffff000));
	assert_true(info.dma_last == UINT64_MAX);
}

/* The way of DMA */

#define ASIDE OUTER "/aside@3000"

static void test_interconnects(void **state)
{
	struct world *w = *state;
	struct tree tree = open_tree("dma-ranges");
	uint32_t noc = phandle(&tree, "/noc@20000000"), mbus, other;

	mbus = phandle(&tree, "/dram-controller@20001000");
	set_cells(&tree, ASIDE, "interconnects", CELLS(noc, 5));
	refused(w, &tree, ASIDE, IOMM_EINVAL,
		ASIDE ": interconnects ends before its entry that is called "
		      "dma-mem");
	tree = open_tree("dma-ranges");
	set_cells(&tree, ASIDE, "interconnects", CELLS(noc));
	refused(w, &tree, ASIDE, IOMM_EINVAL, "interconnects ends before");
	tree = open_tree("dma-ranges");
	set_cells(&tree, ASIDE, "interconnects", CELLS(noc, 5, 0x77, 1));
	refused(w, &tree, ASIDE, IOMM_EINVAL,
		ASIDE ": interconnects refers to phandle 0x77");
	tree = open_tree("dma-ranges");
	set(&tree, ASIDE, "interconnects", "123", 3);
	refused(w, &tree, ASIDE, IOMM_EINVAL, "interconnects has 3 bytes");
	/* Its DMA goes to the memory controller, and from there back to it. */
	tree = open_tree("dma-ranges");
	other = 0x4242;
	set_cells(&tree, ASIDE, "phandle", &other, 1);
	set_cells(&tree, "/dram-controller@20001000", "interconnects",
		  CELLS(other));
	set(&tree, "/dram-controller@20001000", "interconnect-names", "dma-mem",
	    8);
	refused(w, &tree, ASIDE, IOMM_EINVAL, "goes round in circles");
	/* Without the name it is the parent's. */
	tree = open_tree("dma-ranges");
	set(&tree, ASIDE, "interconnect-names", "read\0write", 11);
	set_cells(&tree, ASIDE, "interconnects", CELLS(noc, 5, mbus, 7));
	assert_int_equal(asked(w, &tree, ASIDE).nr_dma_ranges, 2);
}

/* Words */

static void test_limits(void **state)
{
	struct world *w = *state;
	struct tree tree = open_tree("dma-ranges");

	set_cells(&tree, ON_OUTER, "pasid-num-bits", CELLS(21));
	refused(w, &tree, ON_OUTER, IOMM_EINVAL,
		ON_OUTER ": pasid-num-bits is 21, and PASIDs have 20 bits");
	tree = open_tree("dma-ranges");
	set_cells(&tree, ON_OUTER, "pasid-num-bits", CELLS(1, 2));
	refused(w, &tree, ON_OUTER, IOMM_EINVAL,
		"pasid-num-bits has 2 cells, not one");
	tree = open_tree("dma-ranges");
	set(&tree, OUTER, "numa-node-id", "", 0);
	refused(w, &tree, ON_OUTER, IOMM_EINVAL,
		OUTER ": numa-node-id has 0 cells, not one");
	tree = open_tree("dma-ranges");
	set(&tree, OUTER, "numa-node-id", "x", 1);
	refused(w, &tree, ON_OUTER, IOMM_EINVAL, "numa-node-id has 1 bytes");
}

static void test_status(void **state)
{
	static const char *const off[] = { "disabled", "fail",	"fail-dma",
					   "reserved", "okay ", "" };
	struct world *w = *state;
	struct tree tree;
	uint32_t n;

	for (n = 0; n < LENGTH(off); n++) {
		tree = open_tree("dma-ranges");
		set(&tree, OUTER "/middle", "status", off[n],
		    (uint32_t)strlen(off[n]) + 1);
		refused(w, &tree, ON_INNER, IOMM_ENODEV,
			"the status of " OUTER "/middle is not okay");
	}
	tree = open_tree("dma-ranges");
	set(&tree, "/pcie@30000000", "status", "disabled", 9);
	refused(w, &tree, "/pcie@30000000", IOMM_ENODEV, "is disabled");
	/* A bus above an IOMMU. */
	tree = open_tree("apple-t8103");
	set(&tree, "/soc", "status", "disabled", 9);
	refused(w, &tree, "/display-subsystem", IOMM_ENODEV,
		"its IOMMU /soc/iommu@231304000 is disabled");
	tree = open_tree("dma-ranges");
	set(&tree, OUTER, "status", "ok", 3);
	(void)asked(w, &tree, ON_INNER);
}

/* Maps */

static void test_map(void **state)
{
	struct world *w = *state;
	struct tree tree = open_tree("dma-ranges");
	uint32_t iommu = phandle(&tree, "/iommu@10000000");

	/* ID 0 is in both; that all after 7 are in one is no help. */
	set_cells(&tree, "/pcie@30000000", "iommu-map",
		  CELLS(0, iommu, 0, 8, 0, iommu, 0, 0x10000));
	refused(w, &tree, "/pcie@30000000", IOMM_EINVAL,
		"ID 0x0 is in two entries of iommu-map, 0 and 1");
	tree = open_tree("dma-ranges");
	set_cells(&tree, "/pcie@30000000", "iommu-map-mask", CELLS(0xff, 0));
	refused(w, &tree, "/pcie@30000000", IOMM_EINVAL,
		"iommu-map-mask has 2 cells, not one");
	tree = open_tree("dma-ranges");
	set(&tree, "/pcie@30000000", "iommu-map-mask", "abc", 3);
	refused(w, &tree, "/pcie@30000000", IOMM_EINVAL,
		"iommu-map-mask has 3 bytes");
	/* An entry behind the one that has the ID is looked at too. */
	tree = open_tree("dma-ranges");
	set_cells(&tree, "/pcie@30000000", "iommu-map-mask", CELLS(0xff));
	set_cells(&tree, "/pcie@30000000", "iommu-map",
		  CELLS(0, iommu, 0, 0x10, 0x100, iommu, 0, 1));
	refused(w, &tree, "/pcie@30000000", IOMM_EINVAL,
		"iommu-map starts at ID 0x100, outside iommu-map-mask 0xff");
}

/* Reserved memory */

#define FRAME	"/reserved-memory/framebuffer@90000000"
#define DISPLAY "/display@20000000"

static void bad_addresses(struct world *w, const uint32_t *cells,
			  uint32_t count, const char *says)
{
	struct tree tree = open_tree("reserved-memory");

	set_cells(&tree, FRAME, "iommu-addresses", cells, count);
	refused(w, &tree, DISPLAY, IOMM_EINVAL, says);
}

static void test_bad_addresses(void **state)
{
	struct world *w = *state;
	struct tree tree = open_tree("reserved-memory");
	uint32_t display = phandle(&tree, DISPLAY);
	uint32_t overlay = phandle(&tree, "/overlay@20001000");
	uint32_t small = phandle(&tree, "/bus@30000000/small@0");
	uint32_t root = 0x4242;

	tree_free(&tree);
	bad_addresses(w, CELLS(0x77, 0, 0, 0, 1),
		      FRAME ": iommu-addresses refers to phandle 0x77");
	bad_addresses(w, CELLS(display, 0, 0, 0),
		      FRAME ": iommu-addresses[0] ends after 4 of 5 cells");
	bad_addresses(w, CELLS(small, 0, 1, display),
		      "iommu-addresses[1] ends after 1 of 5 cells");
	/* Of another device: it cannot be skipped. */
	bad_addresses(w, CELLS(overlay), "iommu-addresses[0] ends after 1 of");
	bad_addresses(w, CELLS(display, 0xffffffff, 0xfffff000, 0, 0x1001),
		      "iommu-addresses[0]: 0xfffffffffffff000 and 0x1001 bytes "
		      "go past 64 bits");
	tree = open_tree("reserved-memory");
	set(&tree, FRAME, "iommu-addresses", "1234567", 7);
	refused(w, &tree, DISPLAY, IOMM_EINVAL, "iommu-addresses has 7 bytes");
	/* The root is on no bus, and has no addresses. */
	tree = open_tree("reserved-memory");
	set_cells(&tree, "/", "phandle", &root, 1);
	set_cells(&tree, FRAME, "iommu-addresses", CELLS(root, 0, 0, 0, 1));
	refused(w, &tree, DISPLAY, IOMM_EINVAL, "is for a device with 0 cells");
	tree = open_tree("reserved-memory");
	set_cells(&tree, "/bus@30000000", "#size-cells", CELLS(3));
	refused(w, &tree, DISPLAY, IOMM_EINVAL,
		"with 1 cells of address and 3 of size");
}

/* A folder that is not for memory any more says nothing. */
static void test_no_reserved_memory(void **state)
{
	struct world *w = *state;
	struct tree tree = open_tree("reserved-memory");

	set(&tree, "/reserved-memory", "status", "disabled", 9);
	assert_int_equal(asked(w, &tree, DISPLAY).nr_regions, 0);
	tree = open_tree("reserved-memory");
	assert_int_equal(asked(w, &tree, DISPLAY).nr_regions, 5);
	tree = open_tree("reserved-memory");
	assert_int_equal(fdt_del_node(tree.blob,
				      offset_of(&tree, "/reserved-memory")),
			 0);
	assert_int_equal(asked(w, &tree, DISPLAY).nr_regions, 0);
}

/* Memory whose own address cannot be seen from the CPU is not identical. */
static void test_hidden_memory(void **state)
{
	struct world *w = *state;
	struct tree tree = open_tree("reserved-memory");
	struct iomm_reserved_region region = { .size = sizeof(region) };
	struct iomm_fwspec *spec = NULL;

	assert_int_equal(fdt_delprop(tree.blob,
				     offset_of(&tree, "/reserved-memory"),
				     "ranges"),
			 0);
	assert_ok(ask(w, &tree, DISPLAY, &spec));
	assert_ok(iomm_fwspec_region(spec, 0, &region));
	assert_int_equal(region.kind, IOMM_REGION_RESERVED);
	assert_int_equal(region.flags, 0);
	assert_fails(iomm_fwspec_region(spec, 5, &region), IOMM_ENOENT, w->ctx,
		     "there are");
	iomm_fwspec_put(spec);
}

/* Doorbells */

#define PCIE   "/pcie@40000000"
#define FRAMES "/v2m@60000000"

static void test_msi(void **state)
{
	struct world *w = *state;
	struct tree tree = open_tree("reserved-memory");
	uint32_t v2m = phandle(&tree, FRAMES);

	set_cells(&tree, PCIE, "msi-parent", CELLS(0x77));
	refused(w, &tree, PCIE, IOMM_EINVAL,
		PCIE ": msi-parent refers to phandle 0x77");
	tree = open_tree("reserved-memory");
	set(&tree, PCIE, "msi-parent", "12345", 5);
	refused(w, &tree, PCIE, IOMM_EINVAL, "msi-parent has 5 bytes");
	tree = open_tree("reserved-memory");
	set_cells(&tree, FRAMES, "#msi-cells", CELLS(2));
	set_cells(&tree, PCIE, "msi-parent", CELLS(v2m, 1));
	refused(w, &tree, PCIE, IOMM_EINVAL,
		"msi-parent ends after 1 of the 2 cells of an ID");
	tree = open_tree("reserved-memory");
	set_cells(&tree, PCIE, "msi-map", CELLS(0, v2m, 0));
	refused(w, &tree, PCIE, IOMM_EINVAL, "msi-map has 3 cells");
	tree = open_tree("reserved-memory");
	set_cells(&tree, PCIE, "msi-map", CELLS(0, 0x77, 0, 0x100));
	refused(w, &tree, PCIE, IOMM_EINVAL, "msi-map refers to phandle 0x77");
	tree = open_tree("reserved-memory");
	set_cells(&tree, PCIE, "msi-map", CELLS(1, v2m, 0, 1));
	set_cells(&tree, PCIE, "msi-map-mask", CELLS(0xfe));
	refused(w, &tree, PCIE, IOMM_EINVAL,
		"msi-map starts at ID 0x1, outside msi-map-mask 0xfe");
}

/* Controllers without a doorbell that is known. */
static void test_no_doorbell(void **state)
{
	static const char *const kinds[] = { "arm,gic-v3-its", "arm,gic-v3",
					     "vendor,msi" };
	struct world *w = *state;
	struct tree tree;
	uint32_t n;

	/* An ITS of a page has no translation frame. */
	for (n = 0; n < LENGTH(kinds); n++) {
		tree = open_tree("reserved-memory");
		set(&tree, FRAMES, "compatible", kinds[n],
		    (uint32_t)strlen(kinds[n]) + 1);
		assert_int_equal(asked(w, &tree, PCIE).nr_regions, 1);
	}
	tree = open_tree("reserved-memory");
	set(&tree, FRAMES, "status", "disabled", 9);
	assert_int_equal(asked(w, &tree, PCIE).nr_regions, 1);
	tree = open_tree("reserved-memory");
	set_cells(&tree, FRAMES, "reg",
		  CELLS(0xffffffff, 0xfffff000, 0, 0x1001));
	assert_int_equal(asked(w, &tree, PCIE).nr_regions, 1);
	/* Several `reg` of IMSICs are several doorbells. */
	tree = open_tree("reserved-memory");
	set(&tree, FRAMES, "compatible", "riscv,imsics", 13);
	set_cells(&tree, FRAMES, "reg",
		  CELLS(0, 0x60000000, 0, 0x1000, 0, 0x61000000, 0, 0x2000));
	assert_int_equal(asked(w, &tree, PCIE).nr_regions, 3);
}

/* Lists without end */

static void test_many_iommus(void **state)
{
	struct world *w = *state;
	struct tree tree = tree_begin();
	struct iomm_fwspec_info info;
	fdt32_t *cells = calloc(1025, 8);
	uint32_t n, count;

	tree_free(&tree);
	for (count = 1024; count <= 1025; count++) {
		tree = (struct tree){ .room = 32768, .bytes = 32768 };
		tree.blob = calloc(1, tree.room);
		assert_int_equal(fdt_create(tree.blob, 32768), 0);
		assert_int_equal(fdt_finish_reservemap(tree.blob), 0);
		tree_node(&tree, "");
		tree_iommu(&tree, "iommu", 1, 1);
		tree_node(&tree, "dev");
		for (n = 0; n < count; n++) {
			cells[2 * n] = cpu_to_fdt32(1);
			cells[2 * n + 1] = cpu_to_fdt32(n);
		}
		tree_bytes(&tree, "iommus", cells, count * 8);
		tree_end_node(&tree);
		tree_finish(&tree);
		if (count > 1024) {
			refused(w, &tree, "/dev", IOMM_EINVAL,
				"over 1024 IOMMUs");
			continue;
		}
		info = asked(w, &tree, "/dev");
		assert_int_equal(info.nr_iommus, 1024);
	}
	free(cells);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WORLD_TEST(test_bad_ranges),
		WORLD_TEST(test_bad_range_cells),
		WORLD_TEST(test_many_windows),
		WORLD_TEST(test_last_address),
		WORLD_TEST(test_interconnects),
		WORLD_TEST(test_limits),
		WORLD_TEST(test_status),
		WORLD_TEST(test_map),
		WORLD_TEST(test_bad_addresses),
		WORLD_TEST(test_no_reserved_memory),
		WORLD_TEST(test_hidden_memory),
		WORLD_TEST(test_msi),
		WORLD_TEST(test_no_doorbell),
		WORLD_TEST(test_many_iommus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
