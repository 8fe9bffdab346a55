/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "unit/zone_support.h"

enum {
	SMMU,
	DISK,
	TWIN,
	GPU,
	PLAIN,
	NIC,
	FAR,
	LATE,
	NODES
};

#define NODE(n, bits)                                               \
	{                                                           \
		.size = sizeof(struct iomm_static_node), .name = n, \
		.pasid_bits = bits                                  \
	}

static const struct iomm_static_node nodes[NODES] = {
	[SMMU] = { .size = sizeof(struct iomm_static_node),
		   .flags = IOMM_NODE_IOMMU,
		   .name = "/smmu",
		   .iommu_cells = 1 },
	[DISK] = NODE("/disk", 16),
	[TWIN] = NODE("/twin", 16),
	[GPU] = NODE("/gpu", 8),
	[PLAIN] = NODE("/plain", 0),
	[NIC] = NODE("/nic", 20),
	[FAR] = NODE("/far", 0),
	[LATE] = NODE("/late", 0),
};

#define MAP(n, id)                                                 \
	{                                                          \
		.size = sizeof(struct iomm_static_map), .node = n, \
		.iommu = SMMU, .nr_cells = 1, .cells = {           \
			id                                         \
		}                                                  \
	}

static const struct iomm_static_map maps[] = {
	MAP(DISK, 0x10), MAP(TWIN, 0x10), MAP(GPU, 0x20),  MAP(PLAIN, 0x30),
	MAP(NIC, 0x40),	 MAP(FAR, 0x50),  MAP(LATE, 0x40),
};

#define REGION(n, k, at)                                              \
	{                                                             \
		.size = sizeof(struct iomm_static_region), .node = n, \
		.kind = k, .first = at, .last = (at) + (8 * KB - 1),  \
		.paddr = at, .prot = RW                               \
	}

static const struct iomm_static_region regions[] = {
	REGION(DISK, IOMM_REGION_DIRECT, ZONE_A),
	REGION(TWIN, IOMM_REGION_DIRECT, ZONE_B),
	REGION(GPU, IOMM_REGION_DIRECT_RELAXABLE, ZONE_R),
	REGION(GPU, IOMM_REGION_RESERVED, ZONE_R + 1 * MB),
	REGION(LATE, IOMM_REGION_DIRECT, ZONE_L),
	REGION(FAR, IOMM_REGION_DIRECT, UINT64_C(1) << 40),
};

void world_zone(struct world *w)
{
	const struct iomm_static_config config = {
		.nodes = nodes,
		.nr_nodes = LENGTH(nodes),
		.maps = maps,
		.nr_maps = LENGTH(maps),
		.regions = regions,
		.nr_regions = LENGTH(regions),
	};

	w->firmware = world_static(w, config);
	assert_ok(iomm_bus_create_platform(w->firmware, "platform", &w->bus));
}

void zone_mock(struct mock *mock, struct world *w, uint32_t default_domain,
	       uint32_t flags)
{
	world_zone(w);
	mock_init(mock, w);
	mock->ops = &mock_default_ops;
	mock->default_domain = default_domain;
	mock->flags = flags;
	mock->pasid_bits = 20;
	assert_ok(mock_register_as(mock, node_at(w->firmware, "/smmu"), "smmu",
				   "mock"));
}

void zone_start(struct zone *z, struct world *w, uint32_t default_domain)
{
	struct iomm_soft_driver driver = {
		.size = sizeof(driver),
		.name = "smmu",
		.ias = 39,
		.default_domain = default_domain,
	};

	memset(z, 0, sizeof(*z));
	z->w = w;
	world_zone(w);
	machine_start(&z->machine, w, NULL);
	driver.node = node_at(w->firmware, "/smmu");
	driver.memory = z->machine.memory;
	assert_ok(iomm_soft_register(z->machine.soft, &driver, &z->iommu));
}

void zone_stop(struct zone *z)
{
	assert_ok(iomm_iommu_unregister(z->iommu, IOMM_FOREVER));
	iomm_iommu_put(z->iommu);
	machine_stop(&z->machine);
}

bool zone_reads(struct zone *z, uint64_t id, uint32_t pasid, uint64_t iova,
		uint64_t paddr)
{
	unsigned char bytes[16];
	int err = iomm_soft_read(z->machine.soft, id, pasid, iova, bytes,
				 sizeof(bytes), NULL);

	if (err)
		return false;
	assert_memory_equal(bytes, z->machine.ram + (paddr - RAM_PA),
			    sizeof(bytes));
	return true;
}

bool zone_has(struct zone *z, uint64_t id, uint64_t region)
{
	return zone_reads(z, id, 0, region, region) &&
	       zone_reads(z, id, 0, region + 8 * KB - 16, region + 8 * KB - 16);
}
