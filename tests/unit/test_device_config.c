/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What is known of a device: its creator's description of what it stands behind,
 * and limits, in his words and in those of firmware. */
#include "unit/support.h"

/* One device behind an IOMMU with two IDs, as facts. */
static const struct iomm_specifier specifiers[] = {
	{ .size = sizeof(specifiers[0]), .nr_cells = 1, .cells = { 0x10 } },
	{ .size = sizeof(specifiers[0]), .nr_cells = 1, .cells = { 0x11 } },
};
static const struct iomm_reserved_region regions[] = {
	{ .size = sizeof(regions[0]),
	  .kind = IOMM_REGION_DIRECT,
	  .first = 0x90000000,
	  .last = 0x907fffff,
	  .paddr = 0x90000000,
	  .prot = IOMM_PROT_READ },
	{ .size = sizeof(regions[0]),
	  .kind = IOMM_REGION_MSI,
	  .first = 0x8000000,
	  .last = 0x80fffff },
};
static const struct iomm_dma_range windows[] = {
	{ .size = sizeof(windows[0]), .first = GB, .last = 3 * GB - 1 },
	{ .size = sizeof(windows[0]), .first = 4 * GB, .last = 5 * GB - 1 },
};

/* The same facts in a device's own words; `spec` gets the IOMMU's node. */
static struct iomm_device_config
own_words(struct iomm_specifier *spec, uint64_t iommu)
{
	uint32_t n;

	for (n = 0; n < LENGTH(specifiers); n++) {
		spec[n] = specifiers[n];
		spec[n].iommu = iommu;
	}
	return (struct iomm_device_config){
		.size = sizeof(struct iomm_device_config),
		.flags = IOMM_DEVICE_SPECIFIERS | IOMM_DEVICE_PASID_BITS |
			 IOMM_DEVICE_NUMA_NODE | IOMM_DEVICE_COHERENT |
			 IOMM_DEVICE_DMA_MASK,
		.name = "gpu",
		.dma_mask = 64 * GB - 1,
		.pasid_bits = 16,
		.numa_node = 3,
		.specifiers = spec,
		.nr_specifiers = LENGTH(specifiers),
		.specifier_stride = sizeof(*spec),
		.regions = regions,
		.nr_regions = LENGTH(regions),
		.region_stride = sizeof(regions[0]),
		.dma_ranges = windows,
		.nr_dma_ranges = LENGTH(windows),
		.dma_range_stride = sizeof(windows[0]),
		.capabilities = IOMM_FWSPEC_STALL,
	};
}

/* And in those of firmware. */
static struct iomm_firmware *machine(struct world *w)
{
	static const struct iomm_static_node nodes[] = {
		{ .size = sizeof(nodes[0]),
		  .name = "iommu",
		  .flags = IOMM_NODE_IOMMU,
		  .iommu_cells = 1 },
		{ .size = sizeof(nodes[0]),
		  .name = "gpu",
		  .flags = IOMM_NODE_COHERENT,
		  .pasid_bits = 16,
		  .address_bits = 36,
		  .numa_node = 3,
		  .limits = IOMM_FWSPEC_STALL | IOMM_FWSPEC_NUMA_NODE },
	};
	struct iomm_static_map maps[LENGTH(specifiers)] = { 0 };
	struct iomm_static_region taken[LENGTH(regions)] = { 0 };
	struct iomm_static_range ranges[LENGTH(windows)] = { 0 };
	const struct iomm_static_config config = {
		.nodes = nodes,
		.nr_nodes = LENGTH(nodes),
		.maps = maps,
		.nr_maps = LENGTH(maps),
		.regions = taken,
		.nr_regions = LENGTH(taken),
		.ranges = ranges,
		.nr_ranges = LENGTH(ranges),
	};
	uint32_t n;

	for (n = 0; n < 2; n++) {
		maps[n].size = sizeof(maps[n]);
		maps[n].node = 1;
		maps[n].nr_cells = 1;
		maps[n].cells[0] = specifiers[n].cells[0];
		taken[n].size = sizeof(taken[n]);
		taken[n].node = 1;
		taken[n].kind = regions[n].kind;
		taken[n].first = regions[n].first;
		taken[n].last = regions[n].last;
		taken[n].paddr = regions[n].paddr;
		taken[n].prot = regions[n].prot;
		ranges[n].size = sizeof(ranges[n]);
		ranges[n].node = 1;
		ranges[n].first = windows[n].first;
		ranges[n].last = windows[n].last;
	}
	return world_static(w, config);
}

static struct iomm_device_info known_of(struct iomm_device *device)
{
	struct iomm_device_info info = { .size = sizeof(info) };

	assert_ok(iomm_device_info(device, &info));
	return info;
}

/* What came of a probe. */
struct result {
	struct iomm_device_info info;
	struct iomm_device_id ids[2];
	uint32_t nr_ids, coherent;
};

static struct result
probe(struct world *w, struct iomm_bus *bus,
      const struct iomm_device_config *config, uint64_t iommu)
{
	struct result r = { .nr_ids = 2 };
	struct iomm_device *device = NULL;
	struct mock mock;

	mock_init(&mock, w);
	assert_ok(mock_register_as(&mock, iommu, "iommu", "mock"));
	assert_ok(iomm_device_create(bus, config, &device));
	assert_ok(iomm_device_probe(device));
	/* The last three are what keeps its region mapped. */
	assert_trace(&mock, "translate translate probe block "
			    "domain_alloc prepare commit");
	r.info = known_of(device);
	/* Groups are numbered one after the other. */
	r.info.group = 0;
	assert_ok(iomm_device_ids(device, r.ids, sizeof(r.ids[0]), &r.nr_ids));
	r.coherent = mock_find(&mock, 0x10)->info.coherent;
	iomm_device_put(device);
	mock_end(&mock);
	return r;
}

/* A device that describes itself is what firmware would have made of it. */
static void test_same_as_firmware(void **state)
{
	struct world *w = *state;
	struct iomm_firmware *firmware = machine(w);
	struct iomm_specifier spec[LENGTH(specifiers)];
	uint64_t iommu = node_at(firmware, "iommu");
	struct iomm_device_config own = own_words(spec, iommu);
	struct iomm_device_config plain = {
		.size = sizeof(plain),
		.flags = IOMM_DEVICE_ADDRESS,
		.name = "gpu",
		.address = node_at(firmware, "gpu"),
	};
	struct iomm_bus *platform = NULL, *manual = NULL;
	struct result one, two, three;

	assert_ok(iomm_bus_create_platform(firmware, "platform", &platform));
	assert_ok(iomm_bus_create_manual(w->ctx, "manual", &manual));
	one = probe(w, platform, &plain, iommu);
	two = probe(w, manual, &own, iommu);
	/* What firmware says does not matter then, and no address is needed. */
	three = probe(w, platform, &own, iommu);
	/* Which words they were is no difference in what they say. */
	assert_memory_equal(&one, &two, sizeof(one));
	assert_memory_equal(&two, &three, sizeof(two));

	assert_int_equal(one.info.flags, IOMM_DEVICE_INFO_BOUND |
						 IOMM_DEVICE_INFO_COHERENT |
						 IOMM_DEVICE_INFO_NUMA_NODE);
	assert_int_equal(one.info.state, IOMM_DEVICE_BOUND);
	assert_int_equal(one.info.nr_ids, 2);
	assert_int_equal(one.nr_ids, 2);
	assert_int_equal(one.ids[1].id, 0x11);
	assert_int_equal(one.coherent, 1);
	/* The windows end at 5 GiB, of the 64 that 36 bits have. */
	assert_int_equal(one.info.dma_mask, 8 * GB - 1);
	assert_int_equal(one.info.dma_first, GB);
	assert_int_equal(one.info.dma_last, 5 * GB - 1);
	assert_int_equal(one.info.pasid_bits, 16);
	assert_int_equal(one.info.numa_node, 3);
	iomm_bus_put(platform);
	iomm_bus_put(manual);
	iomm_firmware_put(firmware);
}

/* Without any firmware the nodes are the program's; what is copied may go, and
 * a device waits for its IOMMU like any other. */
static void test_no_firmware(void **state)
{
	struct world *w = *state;
	struct iomm_specifier spec[LENGTH(specifiers)];
	struct iomm_device_config own = own_words(spec, 5);
	struct iomm_device *device = NULL;
	struct iomm_bus *bus = NULL;
	struct mock mock;

	assert_ok(iomm_bus_create_manual(w->ctx, "manual", &bus));
	own.flags |= IOMM_DEVICE_ADDRESS;
	own.address = 77;
	assert_ok(iomm_device_create(bus, &own, &device));
	memset(spec, 0xff, sizeof(spec));
	assert_fails(iomm_device_probe(device), IOMM_EPROBE_DEFER, w->ctx,
		     "gpu: its IOMMU node 0x5 is not registered yet");
	mock_init(&mock, w);
	assert_ok(mock_register_as(&mock, 5, "mine", "mock"));
	assert_ok(iomm_ctx_run(w->ctx));
	assert_int_equal(device_state(device), IOMM_DEVICE_BOUND);
	assert_non_null(mock_find(&mock, 0x10));
	assert_non_null(mock_find(&mock, 0x11));
	iomm_device_put(device);
	iomm_bus_put(bus);
	mock_end(&mock);
}

static void test_description_refuses(void **state)
{
	struct world *w = *state;
	struct iomm_specifier spec[LENGTH(specifiers)];
	struct iomm_reserved_region taken[2];
	struct iomm_dma_range ranges[2];
	struct iomm_device_config c;
	struct iomm_device *device = UNTOUCHED;
	struct iomm_bus *manual = NULL, *bus;

	world_small(w);
	assert_ok(iomm_bus_create_manual(w->ctx, "manual", &manual));
#define REFUSED(change, code, part)                                      \
	do {                                                             \
		c = own_words(spec, 5);                                  \
		bus = manual;                                            \
		memcpy(taken, regions, sizeof(taken));                   \
		memcpy(ranges, windows, sizeof(ranges));                 \
		c.regions = taken;                                       \
		c.dma_ranges = ranges;                                   \
		change;                                                  \
		assert_fails(iomm_device_create(bus, &c, &device), code, \
			     w->ctx, part);                              \
	} while (0)
	REFUSED(c.flags &= ~IOMM_DEVICE_SPECIFIERS, IOMM_EINVAL,
		"gpu: bus manual describes no devices: it needs "
		"IOMM_DEVICE_SPECIFIERS");
	REFUSED((bus = w->bus, c.flags &= ~IOMM_DEVICE_SPECIFIERS), IOMM_EINVAL,
		"gpu: on bus platform a device needs an address");
	REFUSED((bus = w->bus, c.flags &= ~IOMM_DEVICE_SPECIFIERS,
		 c.flags |= IOMM_DEVICE_ADDRESS,
		 c.address = node_at(w->firmware, "/one")),
		IOMM_EINVAL,
		"gpu comes with a description, and without "
		"IOMM_DEVICE_SPECIFIERS");
	/* An address that is given is one of the bus. */
	REFUSED((bus = w->bus, c.flags |= IOMM_DEVICE_ADDRESS), IOMM_EINVAL,
		"not of this firmware source");
	REFUSED(c.nr_specifiers = 0, IOMM_EINVAL, "and none");
	REFUSED(c.specifiers = NULL, IOMM_EINVAL,
		"gpu: the array of 2 specifiers is NULL");
	REFUSED(c.specifier_stride--, IOMM_EINVAL, "its stride 55 is less");
	REFUSED(c.nr_specifiers = 1025, IOMM_EINVAL, "or over 1024");
	REFUSED(c.regions = NULL, IOMM_EINVAL, "array of 2 regions");
	REFUSED(c.region_stride = 0, IOMM_EINVAL, "array of 2 regions");
	REFUSED(c.dma_ranges = NULL, IOMM_EINVAL, "array of 2 dma_ranges");
	REFUSED(c.capabilities = IOMM_FWSPEC_COHERENT, IOMM_EINVAL,
		"iomm_device_config.capabilities");
	REFUSED(spec[1].iommu = 0, IOMM_EINVAL,
		"gpu: specifiers[1]: 1 cells at node 0x0");
	REFUSED(spec[1].nr_cells = 9, IOMM_EINVAL,
		"gpu: specifiers[1]: 9 cells at node 0x5");
	REFUSED(spec[0].size = 0, IOMM_EINVAL, "iomm_specifier");
	REFUSED(taken[1].kind = 0, IOMM_EINVAL,
		"gpu: regions[1]: there is no kind 0");
	REFUSED(taken[0].prot = 0, IOMM_EINVAL,
		"gpu: regions[0]: it is direct");
	REFUSED(taken[1].last = 0, IOMM_EINVAL, "gpu: regions[1]: 0x8000000");
	REFUSED(taken[1].flags = 2, IOMM_EINVAL, "unknown flags 0x2");
	REFUSED(ranges[1].last = 0, IOMM_EINVAL,
		"gpu: dma_ranges[1]: 0x100000000 to 0x0");
	REFUSED(ranges[1].paddr = UINT64_MAX, IOMM_EINVAL, "is no range");
	REFUSED(c.flags |= IOMM_DEVICE_NOT_COHERENT, IOMM_EINVAL,
		"gpu is said to be coherent, and not to be");
	REFUSED(c.pasid_bits = 21, IOMM_EINVAL,
		"gpu: PASIDs of 21 bits: 20 are the most");
	REFUSED(c.flags &= ~IOMM_DEVICE_PASID_BITS, IOMM_EINVAL,
		"pasid_bits 16 or numa_node 3 is given");
	REFUSED(c.flags &= ~IOMM_DEVICE_NUMA_NODE, IOMM_EINVAL,
		"without its flag");
	REFUSED(c.default_domain = 99, IOMM_EINVAL,
		"gpu: there is no domain type 99");
#undef REFUSED
	assert_ptr_equal(device, UNTOUCHED);
	assert_int_equal(world_live(w, IOMM_HANDLE_DEVICE), 0);
	assert_int_equal(world_live(w, IOMM_HANDLE_FWSPEC), 0);
	iomm_bus_put(manual);
}

struct step {
	struct iomm_bus *bus;
	struct iomm_device_config config;
	struct iomm_device *device;
};

static int create_step(struct world *w, void *arg)
{
	struct step *s = arg;

	(void)w;
	return iomm_device_create(s->bus, &s->config, &s->device);
}

static void test_without_memory(void **state)
{
	struct world *w = *state;
	struct iomm_specifier spec[LENGTH(specifiers)];
	struct step s = { .config = own_words(spec, 5) };

	assert_ok(iomm_bus_create_manual(w->ctx, "manual", &s.bus));
	/* The device, its lock, its name; the description, and three arrays. */
	assert_int_equal(world_each_site(w, create_step, &s), 7);
	iomm_device_put(s.device);
	iomm_bus_put(s.bus);
}

/* Limits */

/* What comes of a creator's words about a device of whom `said` is said. */
static struct iomm_device_info
limits(struct world *w, uint32_t flags, struct iomm_device_config c,
       const struct iomm_static_node *said,
       const struct iomm_static_range *range)
{
	struct iomm_static_node nodes[] = {
		{ .size = sizeof(nodes[0]),
		  .name = "iommu",
		  .flags = IOMM_NODE_IOMMU,
		  .iommu_cells = 1 },
		*said,
	};
	const struct iomm_static_map map = { .size = sizeof(map),
					     .node = 1,
					     .nr_cells = 1 };
	const struct iomm_static_config config = {
		.nodes = nodes,
		.nr_nodes = LENGTH(nodes),
		.maps = &map,
		.nr_maps = 1,
		.ranges = range,
		.nr_ranges = range ? 1 : 0,
	};
	struct iomm_firmware *firmware;
	struct iomm_device *device = NULL;
	struct iomm_device_info info;
	struct iomm_bus *bus = NULL;
	struct mock mock;
	int err;

	nodes[1].size = sizeof(nodes[1]);
	nodes[1].name = "dev";
	firmware = world_static(w, config);
	assert_ok(iomm_bus_create_platform(firmware, "platform", &bus));
	mock_init(&mock, w);
	assert_ok(mock_register_as(&mock, node_at(firmware, "iommu"), "iommu",
				   "mock"));
	c.size = sizeof(c);
	c.name = "dev";
	c.flags = flags | IOMM_DEVICE_ADDRESS;
	c.address = node_at(firmware, "dev");
	assert_ok(iomm_device_create(bus, &c, &device));
	err = iomm_device_probe(device);
	info = known_of(device);
	if (err)
		assert_fails(err, IOMM_EINVAL, w->ctx,
			     "dev: its addresses end at");
	iomm_device_put(device);
	mock_end(&mock);
	iomm_bus_put(bus);
	iomm_firmware_put(firmware);
	return info;
}

#define LIMITS(field, flags, words, said, range)                 \
	limits(w, (flags), (struct iomm_device_config){ words }, \
	       &(const struct iomm_static_node){ said }, range)  \
		.field

static void test_tighter(void **state)
{
	struct world *w = *state;
	const struct iomm_static_range low = { .size = sizeof(low),
					       .node = 1,
					       .last = 0xffffff },
				       high = { .size = sizeof(high),
						.node = 1,
						.first = 2 * GB,
						.last = 3 * GB - 1 },
				       all = { .size = sizeof(all),
					       .node = 1,
					       .last = UINT64_MAX };

	/* Nobody says anything. */
	assert_true(LIMITS(dma_mask, 0, , , NULL) == UINT64_MAX);
	assert_true(LIMITS(dma_last, 0, , , NULL) == UINT64_MAX);
	assert_int_equal(LIMITS(pasid_bits, 0, , , NULL), 0);
	assert_int_equal(LIMITS(flags, 0, , , NULL), IOMM_DEVICE_INFO_BOUND);
	/* Reach: the lowest of mask, address bits, and windows. */
#define MASK(bits) ((UINT64_C(1) << (bits)) - 1)
	assert_true(LIMITS(dma_mask, IOMM_DEVICE_DMA_MASK, .dma_mask = MASK(32),
			   .address_bits = 40, NULL) == MASK(32));
	assert_true(LIMITS(dma_mask, IOMM_DEVICE_DMA_MASK, .dma_mask = MASK(40),
			   .address_bits = 32, NULL) == MASK(32));
	assert_true(LIMITS(dma_mask, 0, , .address_bits = 64, &all) ==
		    UINT64_MAX);
	assert_true(LIMITS(dma_mask, IOMM_DEVICE_DMA_MASK, .dma_mask = MASK(32),
			   , &low) == 0xffffff);
	assert_true(LIMITS(dma_mask, IOMM_DEVICE_DMA_MASK, .dma_mask = MASK(20),
			   , &low) == MASK(20));
	assert_true(LIMITS(dma_last, IOMM_DEVICE_DMA_MASK, .dma_mask = MASK(20),
			   , &low) == MASK(20));
	/* A window that is no mask: as far as it needs, and no farther. */
	assert_true(LIMITS(dma_mask, 0, , , &high) == MASK(32));
	assert_true(LIMITS(dma_first, 0, , , &high) == 2 * GB);
	assert_true(LIMITS(dma_last, 0, , , &high) == 3 * GB - 1);
	/* None of it can be reached: it is not bound. */
	assert_int_equal(LIMITS(state, IOMM_DEVICE_DMA_MASK,
				.dma_mask = MASK(31), , &high),
			 IOMM_DEVICE_NONE);
	/* PASIDs: the narrower, of those who say something. */
	assert_int_equal(LIMITS(pasid_bits, IOMM_DEVICE_PASID_BITS,
				.pasid_bits = 8, .pasid_bits = 16, NULL),
			 8);
	assert_int_equal(LIMITS(pasid_bits, IOMM_DEVICE_PASID_BITS,
				.pasid_bits = 20, .pasid_bits = 16, NULL),
			 16);
	assert_int_equal(LIMITS(pasid_bits, IOMM_DEVICE_PASID_BITS,
				.pasid_bits = 12, , NULL),
			 12);
	assert_int_equal(LIMITS(pasid_bits, 0, , .pasid_bits = 16, NULL), 16);
	assert_int_equal(LIMITS(pasid_bits, IOMM_DEVICE_PASID_BITS, ,
				.pasid_bits = 16, NULL),
			 0);
}

/* Of coherence and node its creator's word holds. */
static void test_overrides(void **state)
{
	struct world *w = *state;

	assert_true(LIMITS(flags, 0, , .flags = IOMM_NODE_COHERENT, NULL) &
		    IOMM_DEVICE_INFO_COHERENT);
	assert_false(LIMITS(flags, IOMM_DEVICE_NOT_COHERENT, ,
			    .flags = IOMM_NODE_COHERENT, NULL) &
		     IOMM_DEVICE_INFO_COHERENT);
	assert_true(LIMITS(flags, IOMM_DEVICE_COHERENT, , , NULL) &
		    IOMM_DEVICE_INFO_COHERENT);
#define NODE_3 .limits = IOMM_FWSPEC_NUMA_NODE, .numa_node = 3
	assert_int_equal(limits(w, 0, (struct iomm_device_config){ 0 },
				&(const struct iomm_static_node){ NODE_3 },
				NULL)
				 .numa_node,
			 3);
	assert_int_equal(limits(w, IOMM_DEVICE_NUMA_NODE,
				(struct iomm_device_config){ .numa_node = 0 },
				&(const struct iomm_static_node){ NODE_3 },
				NULL)
				 .numa_node,
			 0);
	assert_true(
		LIMITS(flags, IOMM_DEVICE_NUMA_NODE, .numa_node = 0, , NULL) &
		IOMM_DEVICE_INFO_NUMA_NODE);
	assert_int_equal(LIMITS(default_domain, 0,
				.default_domain = IOMM_DOMAIN_BLOCKED, , NULL),
			 IOMM_DOMAIN_BLOCKED);
}

/* A domain reaches no farther than the windows. */
static void test_domain_reach(void **state)
{
	struct world *w = *state;
	struct iomm_specifier spec[LENGTH(specifiers)];
	struct iomm_device_config own = own_words(spec, 5);
	struct iomm_domain_config wide = { .size = sizeof(wide), .ias = 36 };
	struct iomm_pgtable_info info = { .size = sizeof(info) };
	struct iomm_domain *domain = NULL;
	struct iomm_device *device = NULL;
	struct iomm_bus *bus = NULL;
	struct mock mock;

	assert_ok(iomm_bus_create_manual(w->ctx, "manual", &bus));
	mock_init(&mock, w);
	assert_ok(mock_register_as(&mock, 5, "mine", "mock"));
	assert_ok(iomm_device_create(bus, &own, &device));
	assert_int_equal(known_of(device).dma_mask, 64 * GB - 1);
	assert_int_equal(known_of(device).flags & IOMM_DEVICE_INFO_BOUND, 0);
	assert_ok(iomm_device_probe(device));
	assert_ok(iomm_domain_create(device, &wide, &domain));
	assert_fails(iomm_domain_attach(domain, device), IOMM_EINVAL, w->ctx,
		     "reaches up to 0xfffffffff, and gpu only to 0x1ffffffff");
	iomm_domain_put(domain);
	assert_ok(iomm_domain_create(device, NULL, &domain));
	assert_ok(iomm_domain_info(domain, &info));
	assert_int_equal(info.ias, 33);
	assert_ok(iomm_domain_attach(domain, device));
	iomm_domain_put(domain);
	assert_ok(iomm_device_remove(device, 0));
	/* Not bound: its creator's words again. */
	assert_int_equal(known_of(device).dma_mask, 64 * GB - 1);
	assert_int_equal(known_of(device).state, IOMM_DEVICE_REMOVED);
	iomm_device_put(device);
	iomm_bus_put(bus);
	mock_end(&mock);
}

/* Tables near the device */

static struct {
	_Atomic uint32_t tables, node;
} near;

static void *
near_alloc(void *data, uint64_t bytes, uint64_t align, uint32_t node)
{
	struct world *w = data;
	void *ptr = w->platform.alloc(data, bytes, align);

	if (ptr)
		near.tables++;
	near.node = node;
	return ptr;
}

static void near_free(void *data, void *ptr, uint64_t bytes, uint64_t align)
{
	struct world *w = data;

	near.tables--;
	w->platform.free(data, ptr, bytes, align);
}

static int domain_step(struct world *w, void *arg)
{
	struct iomm_domain **out = arg;
	struct iomm_device *device = NULL;
	int err = iomm_device_find(w->ctx, "gpu", &device);

	if (!err)
		err = iomm_domain_create(device, NULL, out);
	iomm_device_put(device);
	return err;
}

static void test_tables_near(void **state)
{
	struct iomm_specifier spec[LENGTH(specifiers)];
	struct iomm_device_config own = own_words(spec, 5);
	struct iomm_domain *domain = NULL;
	struct iomm_device *device = NULL;
	struct iomm_bus *bus = NULL;
	struct mock mock;
	struct world w;
	uint32_t before;

	(void)state;
	world_init(&w);
	w.platform.alloc_near = near_alloc;
	w.platform.free_near = near_free;
	assert_ok(world_create(&w));
	assert_ok(iomm_bus_create_manual(w.ctx, "manual", &bus));
	mock_init(&mock, &w);
	assert_ok(mock_register_as(&mock, 5, "mine", "mock"));
	assert_ok(iomm_device_create(bus, &own, &device));
	assert_ok(iomm_device_probe(device));
	/* Those of what keeps its region mapped. */
	before = near.tables;
	assert_true(before > 0);
	(void)world_each_site(&w, domain_step, &domain);
	assert_int_equal(near.tables, before + 1);
	assert_int_equal(near.node, 3);
	assert_ok(
		iomm_domain_map(domain, GB, 0, 4096, IOMM_PROT_READ, 0, NULL));
	assert_true(near.tables > before + 1);
	iomm_domain_put(domain);
	assert_int_equal(near.tables, before);
	assert_ok(iomm_device_remove(device, 0));
	assert_int_equal(near.tables, 0);
	iomm_device_put(device);
	iomm_bus_put(bus);
	mock_end(&mock);
	world_end(&w);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WORLD_TEST(test_same_as_firmware),
		WORLD_TEST(test_no_firmware),
		WORLD_TEST(test_description_refuses),
		WORLD_TEST(test_without_memory),
		WORLD_TEST(test_tighter),
		WORLD_TEST(test_overrides),
		WORLD_TEST(test_domain_reach),
		cmocka_unit_test(test_tables_near),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
