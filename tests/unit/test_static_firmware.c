/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A machine that the program describes itself. */
#include "unit/expected.h"

#include <iomm/static_firmware.h>

/* Two IOMMUs, a GPU behind both, a host bridge, and something without. */
enum {
	SMMU,
	DART,
	GPU,
	HOST,
	PLAIN,
	NR_NODES,
};

#define NODE(...) .size = sizeof(struct iomm_static_node), __VA_ARGS__
#define MAP(...)  .size = sizeof(struct iomm_static_map), __VA_ARGS__

struct machine {
	struct iomm_static_node nodes[NR_NODES];
	struct iomm_static_map maps[4];
	struct iomm_static_region regions[3];
	struct iomm_static_range ranges[2];
	struct iomm_static_config config;
};

static const struct machine good = {
	.nodes = {
		[SMMU] = { NODE(.name = "smmu", .compatible = "arm,smmu-v3",
				.flags = IOMM_NODE_IOMMU, .iommu_cells = 1,
				.reg_base = 0x9050000,
				.reg_bytes = 0x20000) },
		[DART] = { NODE(.name = "dart", .flags = IOMM_NODE_IOMMU,
				.iommu_cells = 2) },
		[GPU] = { NODE(.name = "gpu", .flags = IOMM_NODE_COHERENT,
			       .limits = IOMM_FWSPEC_STALL |
					 IOMM_FWSPEC_NUMA_NODE,
			       .pasid_bits = 16, .address_bits = 40,
			       .numa_node = 2) },
		[HOST] = { NODE(.name = "host", .flags = IOMM_NODE_PCI_HOST,
				.limits = IOMM_FWSPEC_ATS |
					  IOMM_FWSPEC_PRI) },
		[PLAIN] = { NODE(.name = "plain") },
	},
	.maps = {
		{ MAP(.node = GPU, .iommu = SMMU, .nr_cells = 1,
		      .cells = { 0x10 }) },
		{ MAP(.node = GPU, .iommu = DART, .nr_cells = 2,
		      .cells = { 0x1, 0x3f }) },
		{ MAP(.flags = IOMM_STATIC_INPUTS, .node = HOST, .iommu = SMMU,
		      .first_input = 0, .last_input = 0xff, .nr_cells = 1,
		      .cells = { 0x1000 }) },
		{ MAP(.flags = IOMM_STATIC_INPUTS, .node = HOST, .iommu = DART,
		      .first_input = 0x200, .last_input = 0x2ff, .nr_cells = 2,
		      .cells = { 0xffffff00, 7 }) },
	},
	.regions = {
		{ .size = sizeof(struct iomm_static_region), .node = GPU,
		  .kind = IOMM_REGION_DIRECT, .flags = IOMM_REGION_MAPPED,
		  .first = 0x90000000, .last = 0x907fffff, .paddr = 0x90000000,
		  .prot = IOMM_PROT_READ | IOMM_PROT_WRITE },
		{ .size = sizeof(struct iomm_static_region), .node = HOST,
		  .kind = IOMM_REGION_MSI, .first = 0xfee00000,
		  .last = 0xfeefffff },
		{ .size = sizeof(struct iomm_static_region), .node = HOST,
		  .kind = IOMM_REGION_RESERVED, .first = UINT64_MAX,
		  .last = UINT64_MAX },
	},
	.ranges = {
		{ .size = sizeof(struct iomm_static_range), .node = GPU,
		  .first = 0, .last = UINT64_MAX, .paddr = 0 },
		{ .size = sizeof(struct iomm_static_range), .node = HOST,
		  .first = 0x1000, .last = 0xffff, .paddr = 0x80000000 },
	},
};

static struct machine make(void)
{
	struct machine m = good;

	m.config = (struct iomm_static_config){
		.size = sizeof(m.config),
		.nr_nodes = NR_NODES,
		.node_stride = sizeof(m.nodes[0]),
		.nr_maps = LENGTH(m.maps),
		.map_stride = sizeof(m.maps[0]),
		.nr_regions = LENGTH(m.regions),
		.region_stride = sizeof(m.regions[0]),
		.nr_ranges = LENGTH(m.ranges),
		.range_stride = sizeof(m.ranges[0]),
	};
	return m;
}

static int
create(struct world *w, struct machine *m, struct iomm_firmware **out)
{
	m->config.nodes = m->nodes;
	m->config.maps = m->maps;
	m->config.regions = m->regions;
	m->config.ranges = m->ranges;
	return iomm_firmware_create_static(w->ctx, &m->config, out);
}

static void test_facts(void **state)
{
	struct world *w = *state;
	struct machine m = make();
	struct iomm_firmware *firmware = NULL;

	assert_ok(create(w, &m, &firmware));
	/* All is copied. */
	memset(&m, 0x5a, sizeof(m));
	expect_file(w, firmware, "static");
	iomm_firmware_put(firmware);
}

static void test_nodes(void **state)
{
	struct iomm_node_info info = { .size = sizeof(info) };
	struct world *w = *state;
	struct machine m = make();
	struct iomm_firmware *firmware = NULL;
	uint64_t node = 0;
	char name[8];

	assert_ok(create(w, &m, &firmware));
	assert_ok(iomm_firmware_next(firmware, IOMM_NODE_IOMMU, 0, &node));
	assert_true(node == node_at(firmware, "smmu"));
	assert_ok(iomm_firmware_node_info(firmware, node, &info));
	assert_int_equal(info.flags, IOMM_NODE_IOMMU | IOMM_NODE_AVAILABLE);
	assert_int_equal(info.iommu_cells, 1);
	assert_true(info.reg_base == 0x9050000 && info.reg_bytes == 0x20000);
	assert_int_equal(iomm_firmware_node_compatible(firmware, node,
						       "arm,smmu-v3"),
			 1);
	assert_int_equal(iomm_firmware_node_compatible(firmware, node, "arm"),
			 0);
	assert_ok(iomm_firmware_next(firmware, IOMM_NODE_IOMMU, node, &node));
	assert_int_equal(iomm_firmware_node_compatible(firmware, node, ""), 0);
	assert_fails(iomm_firmware_next(firmware, IOMM_NODE_IOMMU, node, &node),
		     IOMM_ENOENT, w->ctx, "no further node");
	assert_ok(iomm_firmware_next(firmware, IOMM_NODE_CLIENT, 0, &node));
	assert_int_equal(iomm_firmware_node_path(firmware, node, name, 8), 3);
	assert_string_equal(name, "gpu");
	assert_ok(iomm_firmware_next(firmware, IOMM_NODE_MAPPED, 0, &node));
	assert_true(node == node_at(firmware, "host"));
	assert_fails(iomm_firmware_find(firmware, "gp", &node), IOMM_ENOENT,
		     w->ctx, "no node gp");
	assert_fails(iomm_firmware_node_info(firmware, node + NR_NODES, &info),
		     IOMM_EINVAL, w->ctx, "which have 5");
	assert_fails(iomm_firmware_place(firmware, UINT64_MAX, name, 8),
		     IOMM_EINVAL, w->ctx, "no place in the tables");
	assert_fails(iomm_firmware_place(firmware, NR_NODES, name, 8),
		     IOMM_EINVAL, w->ctx, "0x5 is no place");
	iomm_firmware_put(firmware);
}

/* Probe takes it as it takes a device tree. */
static void test_probe(void **state)
{
	struct iomm_device_config config = { .size = sizeof(config),
					     .flags = IOMM_DEVICE_ADDRESS,
					     .name = "01:00.0",
					     .address = 0x10 };
	struct world *w = *state;
	struct machine m = make();
	struct iomm_firmware *firmware = NULL;
	struct iomm_device *device = NULL;
	struct iomm_bus *bus = NULL;
	struct mock mock;

	assert_ok(create(w, &m, &firmware));
	assert_ok(iomm_bus_create_pci(firmware, node_at(firmware, "host"), NULL,
				      0, "pci", &bus));
	mock_init(&mock, w);
	assert_ok(mock_register_as(&mock, node_at(firmware, "smmu"), "smmu",
				   "mock"));
	assert_ok(iomm_device_create(bus, &config, &device));
	assert_ok(iomm_device_probe(device));
	assert_non_null(mock_find(&mock, 0x1010));
	iomm_device_put(device);
	mock_end(&mock);
	iomm_bus_put(bus);
	iomm_firmware_put(firmware);
}

/* One change each, and what is said of it. */

static void refused(struct world *w, struct machine *m, const char *says)
{
	struct iomm_firmware *firmware = UNTOUCHED;

	assert_fails(create(w, m, &firmware), IOMM_EINVAL, w->ctx, says);
	assert_ptr_equal(firmware, UNTOUCHED);
	*m = make();
}

#define REFUSED(change, says)           \
	do {                            \
		m.change;               \
		refused(w, &m, (says)); \
	} while (0)

static void test_bad_nodes(void **state)
{
	struct world *w = *state;
	struct machine m = make();

	REFUSED(nodes[GPU].name = NULL, "nodes[2]: it has no name");
	REFUSED(nodes[GPU].name = "", "nodes[2]: it has no name");
	REFUSED(nodes[GPU].name = "dart", "its name is that of nodes[1]");
	REFUSED(nodes[GPU].flags = IOMM_NODE_CLIENT, "nodes[2]: flags 0x2");
	REFUSED(nodes[GPU].flags = 1u << 31, "flags 0x80000000");
	REFUSED(nodes[GPU].limits = IOMM_FWSPEC_COHERENT, "limits 0x1 are not");
	REFUSED(nodes[GPU].limits = IOMM_FWSPEC_DMA_RANGE, "limits 0x10");
	REFUSED(nodes[GPU].reserved = 1, "reserved is 0x1, not 0");
	REFUSED(nodes[GPU].pasid_bits = 21, "PASIDs of 21 bits");
	REFUSED(nodes[GPU].address_bits = 65, "addresses of 65");
	REFUSED(nodes[SMMU].iommu_cells = 9, "specifiers of 9 cells");
	REFUSED(nodes[SMMU].reg_base = UINT64_MAX - 0x1fffe,
		"registers at 0xfffffffffffe0001, 0x20000 bytes");
}

static void test_bad_maps(void **state)
{
	struct world *w = *state;
	struct machine m = make();

	REFUSED(maps[0].node = NR_NODES, "maps[0]: it is for node 5");
	REFUSED(maps[0].iommu = NR_NODES, "maps[0]: node 5 is no IOMMU");
	REFUSED(maps[0].iommu = GPU, "maps[0]: node 2 is no IOMMU");
	REFUSED(maps[0].flags = 2, "unknown flags 0x2");
	REFUSED(maps[0].reserved = 3, "reserved is 0x3, not 0");
	REFUSED(maps[0].nr_cells = 2, "of 2 cells, where the IOMMU takes 1");
	REFUSED(maps[0].last_input = 1, "maps[0]: it has input IDs, and not");
	REFUSED(maps[2].first_input = 0x100,
		"maps[2]: its input IDs end at 0xff, before their start 0x100");
	/* 0x100 IDs from 0xffffff00 on are all there are. */
	REFUSED(maps[3].last_input = 0x300, "do not fit 2 cells from");
	REFUSED(maps[2].last_input = UINT64_MAX, "do not fit 1 cells");
	REFUSED(maps[2].last_input = 0x200, "it has input IDs of maps[2]");
	REFUSED(maps[3].first_input = 0xff, "do not fit");
	m.nodes[DART].iommu_cells = 0;
	m.maps[1].nr_cells = 0;
	REFUSED(maps[3].nr_cells = 0, "do not fit 0 cells");
}

static void test_bad_regions(void **state)
{
	struct world *w = *state;
	struct machine m = make();

	REFUSED(regions[0].node = 9, "regions[0]: it is for node 9");
	REFUSED(regions[0].kind = 0, "there is no kind 0");
	REFUSED(regions[0].kind = 6, "there is no kind 6");
	REFUSED(regions[0].flags = 2, "unknown flags 0x2");
	REFUSED(regions[0].prot = 1u << 6, "rights 0x40");
	REFUSED(regions[0].prot = 0, "it is direct");
	REFUSED(regions[0].reserved = 1, "reserved is 0x1");
	REFUSED(regions[0].last = 0x8fffffff, "is no range");
	REFUSED(regions[0].paddr = 0x1000, "it is direct, and 0x90000000 is at "
					   "0x1000");
	REFUSED(regions[1].paddr = UINT64_MAX, "regions[1]: 0xfee00000 to");
	REFUSED(ranges[1].node = 9, "ranges[1]: it is for node 9");
	REFUSED(ranges[1].first = 0x10000, "ranges[1]: 0x10000 to 0xffff");
	REFUSED(ranges[0].paddr = 1, "ranges[0]: 0x0 to 0xffffffffffffffff, at "
				     "0x1, is no range");
}

static void test_bad_config(void **state)
{
	struct iomm_firmware *firmware = UNTOUCHED;
	struct world *w = *state;
	struct machine m = make();

	REFUSED(config.flags = 1, "unknown flags 0x1 of a static table");
	REFUSED(config.nr_nodes = 0, "without any node");
	REFUSED(config.size = 8, "size 8 of struct iomm_static_config");
	REFUSED(config.node_stride = 60, "its stride 60 is less than 64");
	REFUSED(config.map_stride = 0, "struct iomm_static_map is NULL, or");
	REFUSED(config.nr_ranges = IOMM_STATIC_MAX + 1,
		"4097 struct iomm_static_range");
	REFUSED(nodes[1].size = 60, "size 60 of struct iomm_static_node");
	REFUSED(regions[1].size = 0, "size 0 of struct iomm_static_region");
	m.config.maps = NULL;
	assert_fails(iomm_firmware_create_static(w->ctx, &m.config, &firmware),
		     IOMM_EINVAL, w->ctx, "NULL");
	assert_fails(iomm_firmware_create_static(w->ctx, NULL, &firmware),
		     IOMM_EINVAL, w->ctx, "NULL");
	assert_fails(iomm_firmware_create_static(w->ctx, &m.config, NULL),
		     IOMM_EINVAL, w->ctx, "NULL");
	assert_int_equal(iomm_firmware_create_static(NULL, &m.config,
						     &firmware),
			 -IOMM_EINVAL);
	assert_ptr_equal(firmware, UNTOUCHED);
}

struct step {
	struct machine m;
	struct iomm_firmware *firmware;
};

static int create_step(struct world *w, void *arg)
{
	struct step *step = arg;

	return create(w, &step->m, &step->firmware);
}

static void test_without_memory(void **state)
{
	struct world *w = *state;
	struct step step = { make(), NULL };

	/* The source, four tables, five names, a compatible, the handle. */
	assert_int_equal(world_each_site(w, create_step, &step), 12);
	iomm_firmware_put(step.firmware);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WORLD_TEST(test_facts),	     WORLD_TEST(test_nodes),
		WORLD_TEST(test_probe),	     WORLD_TEST(test_bad_nodes),
		WORLD_TEST(test_bad_maps),   WORLD_TEST(test_bad_regions),
		WORLD_TEST(test_bad_config), WORLD_TEST(test_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
