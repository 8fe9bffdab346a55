/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The input is a device tree. Every node is asked everything; drivers stand for
 * its IOMMUs, devices are made of its nodes and of PCI functions, and probed.
 */
#include "fuzz/fuzz.h"

#include <libfdt.h>
#include <stdio.h>

/* Looking an IOMMU up takes time by the number of nodes: enough for any shape,
 * and not so many that an input takes long. */
#define MAX_NODES   48u
#define MAX_IOMMUS  8u
#define MAX_DEVICES 96u

struct machine {
	struct world w;
	const uint8_t *tree;
	struct iomm_firmware *firmware;
	uint64_t nodes[MAX_NODES];
	uint32_t nr_nodes;
	struct mock mocks[MAX_IOMMUS];
	struct iomm_iommu *iommus[MAX_IOMMUS];
	uint32_t nr_iommus;
	struct iomm_bus *platform;
	struct iomm_device *devices[MAX_DEVICES];
	uint64_t device_node[MAX_DEVICES]; /* 0: a PCI function */
	uint32_t nr_devices;
};

/* Questions */

static void list_nodes(struct machine *m)
{
	uint64_t node = 0;

	while (m->nr_nodes < MAX_NODES &&
	       !checked(&m->w, iomm_firmware_next(m->firmware, 0, node, &node)))
		m->nodes[m->nr_nodes++] = node;
	REQUIRE(m->nr_nodes > 0);
}

static struct iomm_node_info info_of(struct machine *m, uint64_t node)
{
	struct iomm_node_info info = { .size = sizeof(info) };
	struct iomm_node_info again = { .size = sizeof(info) };

	REQUIRE(!iomm_firmware_node_info(m->firmware, node, &info));
	REQUIRE(!iomm_firmware_node_info(m->firmware, node, &again));
	REQUIRE(!memcmp(&info, &again, sizeof(info)));
	return info;
}

static void ask_path(struct machine *m, uint64_t node)
{
	char whole[1024], part[5];
	uint64_t found = 0;
	int length, err;

	length = checked(&m->w, iomm_firmware_node_path(m->firmware, node,
							whole, sizeof(whole)));
	if (length < 0) {
		REQUIRE(length == -IOMM_EOVERFLOW);
		return;
	}
	REQUIRE(length == (int)strlen(whole) && whole[0] == '/');
	REQUIRE(iomm_firmware_node_path(m->firmware, node, part,
					sizeof(part)) == length);
	REQUIRE(!strncmp(whole, part, sizeof(part) - 1));
	/* Nodes of one name are possible, and then it is the first. */
	err = checked(&m->w, iomm_firmware_find(m->firmware, whole, &found));
	REQUIRE(!err || err == -IOMM_ENOENT);
	REQUIRE(err || found);
}

/* The tree once more, as libfdt has it: what the library reads within the blob
 * and beyond a property, ASan does not see. */

/* -1 when the node's path is another's too. */
static int offset_of(struct machine *m, uint64_t node)
{
	char path[1024];
	uint64_t found;

	if (iomm_firmware_node_path(m->firmware, node, path, sizeof(path)) <
		    0 ||
	    iomm_firmware_find(m->firmware, path, &found) || found != node)
		return -1;
	return fdt_path_offset(m->tree, path);
}

static const fdt32_t *
cells_of(struct machine *m, int offset, const char *name, uint32_t *count)
{
	int bytes = 0;
	const fdt32_t *cells = fdt_getprop(m->tree, offset, name, &bytes);

	*count = cells ? (uint32_t)bytes / 4 : 0;
	return cells;
}

static uint32_t
cell_of(struct machine *m, int offset, const char *name, uint32_t otherwise)
{
	uint32_t count;
	const fdt32_t *cell = cells_of(m, offset, name, &count);

	return count ? fdt32_to_cpu(*cell) : otherwise;
}

/* An address was read: there is one. */
static void check_reg(struct machine *m, uint64_t node)
{
	int offset = offset_of(m, node), bus;
	uint32_t count;

	if (offset < 0)
		return;
	bus = fdt_parent_offset(m->tree, offset);
	(void)cells_of(m, offset, "reg", &count);
	REQUIRE(bus >= 0);
	REQUIRE(count >= (uint64_t)cell_of(m, bus, "#address-cells", 2) +
				 cell_of(m, bus, "#size-cells", 1));
}

/* A device is bound: its specifiers are complete, and as many as it has IDs. */
static void check_specifiers(struct machine *m, uint64_t node, uint32_t nr_ids)
{
	int offset = offset_of(m, node), iommu;
	uint32_t left, length, specifiers = 0;
	const fdt32_t *cells;

	if (offset < 0)
		return;
	cells = cells_of(m, offset, "iommus", &left);
	for (; left; left -= length, cells += length, specifiers++) {
		iommu = fdt_node_offset_by_phandle(m->tree,
						   fdt32_to_cpu(*cells));
		REQUIRE(iommu >= 0);
		length = 1 + cell_of(m, iommu, "#iommu-cells", 0);
		REQUIRE(length && length <= left);
	}
	REQUIRE(nr_ids && nr_ids <= specifiers);
}

static void ask_what_is_said(struct machine *m, uint64_t node)
{
	static const uint64_t inputs[] = { 0, 8,       0x100,	  0xffff,
					   8, 0x10000, UINT64_MAX };
	uint32_t n;

	(void)look_up(&m->w, m->firmware, node, NULL, 0);
	for (n = 0; n < LENGTH(inputs); n++)
		(void)look_up(&m->w, m->firmware, node, &inputs[n], 1);
	REQUIRE(look_up(&m->w, m->firmware, node, inputs, 4) <= 4);
}

static void ask(struct machine *m, uint64_t node)
{
	struct iomm_node_info info = info_of(m, node);
	uint64_t next = 0;
	int err;

	ask_path(m, node);
	ask_what_is_said(m, node);
	if (info.reg_bytes)
		check_reg(m, node);
	err = iomm_firmware_node_compatible(m->firmware, node, "arm,smmu-v3");
	REQUIRE(err == 0 || err == 1);
	err = checked(&m->w,
		      iomm_firmware_next(m->firmware, info.flags, node, &next));
	REQUIRE(!err || err == -IOMM_ENOENT);
	if (!err)
		REQUIRE((info_of(m, next).flags & info.flags) == info.flags);
}

static void ask_of_no_node(struct machine *m, uint64_t node)
{
	struct iomm_node_info info = { .size = sizeof(info) };
	char path[64];

	REQUIRE(checked(&m->w, iomm_firmware_node_info(m->firmware, node,
						       &info)) == -IOMM_EINVAL);
	REQUIRE(checked(&m->w, iomm_firmware_node_path(m->firmware, node, path,
						       sizeof(path))) ==
		-IOMM_EINVAL);
	REQUIRE(checked(&m->w, iomm_firmware_node_compatible(m->firmware, node,
							     "a")) ==
		-IOMM_EINVAL);
}

/* IOMMUs and devices */

static void register_iommus(struct machine *m)
{
	struct iomm_iommu_config config = { .size = sizeof(config),
					    .driver = "mock" };
	char name[16];
	uint32_t n;

	config.name = name;
	for (n = 0; n < m->nr_nodes && m->nr_iommus < MAX_IOMMUS; n++) {
		if (!(info_of(m, m->nodes[n]).flags & IOMM_NODE_IOMMU))
			continue;
		snprintf(name, sizeof(name), "iommu%u", n);
		config.node = m->nodes[n];
		REQUIRE(!iomm_iommu_register(m->w.ctx, &config, &mock_ops,
					     &m->mocks[m->nr_iommus],
					     mock_release,
					     &m->iommus[m->nr_iommus]));
		m->nr_iommus++;
	}
}

static void add_device(struct machine *m, struct iomm_bus *bus,
		       const char *kind, uint64_t address, uint64_t node)
{
	struct iomm_device_config config = {
		.size = sizeof(config),
		.flags = IOMM_DEVICE_ADDRESS,
		.address = address,
	};
	char name[32];

	if (m->nr_devices == MAX_DEVICES)
		return;
	m->device_node[m->nr_devices] = node;
	snprintf(name, sizeof(name), "%s%u", kind, m->nr_devices);
	config.name = name;
	if (!checked(&m->w, iomm_device_create(bus, &config,
					       &m->devices[m->nr_devices])))
		m->nr_devices++;
}

static void add_functions(struct machine *m, uint64_t host)
{
	static const uint16_t address[] = { 0, 8, 0x100, 0xff07, 0xffff };
	struct iomm_bus *bus = NULL;
	uint32_t n;
	int err;

	err = checked(&m->w, iomm_bus_create_pci(m->firmware, host, NULL, 0,
						 "pci", &bus));
	REQUIRE(!err == !!(info_of(m, host).flags & IOMM_NODE_PCI_HOST));
	for (n = 0; !err && n < LENGTH(address); n++)
		add_device(m, bus, "function", address[n], 0);
	iomm_bus_put(bus);
}

static void add_devices(struct machine *m)
{
	uint32_t n;

	REQUIRE(!iomm_bus_create_platform(m->firmware, "platform",
					  &m->platform));
	for (n = 0; n < m->nr_nodes; n++) {
		add_device(m, m->platform, "device", m->nodes[n], m->nodes[n]);
		add_functions(m, m->nodes[n]);
	}
}

static int probe(struct machine *m, struct iomm_device *device)
{
	int err = checked(&m->w, iomm_device_probe(device));

	/* EBUSY: the tree gives two devices one ID. */
	REQUIRE(!err || err == -IOMM_EPROBE_DEFER || err == -IOMM_ENODEV ||
		err == -IOMM_EINVAL || err == -IOMM_EOPNOTSUPP ||
		err == -IOMM_EBUSY);
	return err;
}

static void
look_at_bound(struct machine *m, struct iomm_device *device, uint64_t node)
{
	struct iomm_device_id ids[64];
	struct iomm_group *group;
	uint32_t count = 0, number, state;

	REQUIRE(!iomm_device_state(device, &state));
	REQUIRE(state == IOMM_DEVICE_BOUND);
	REQUIRE(checked(&m->w, iomm_device_ids(device, NULL, sizeof(*ids),
					       &count)) == -IOMM_EMSGSIZE);
	REQUIRE(count > 0);
	if (node)
		check_specifiers(m, node, count);
	if (count <= LENGTH(ids))
		REQUIRE(!iomm_device_ids(device, ids, sizeof(*ids), &count));
	REQUIRE(!iomm_device_group(device, &group));
	REQUIRE(!iomm_group_number(group, &number));
	/* The planted mistake: a reference that is never given back. */
	if (!FUZZ_PLANTED || count < 2)
		iomm_group_put(group);
}

/* The last address of a table of 25 bits. */
#define NARROWEST 0x1ffffffu

/* How far all devices of a device's group can reach. */
static uint64_t reach_of(struct machine *m, struct iomm_device *device)
{
	struct iomm_device_info info = { .size = sizeof(info) };
	struct iomm_device *member;
	struct iomm_group *group;
	uint64_t reach = UINT64_MAX;
	uint32_t n;

	REQUIRE(!iomm_device_group(device, &group));
	for (n = 0; !checked(&m->w, iomm_group_device(group, n, &member));
	     n++) {
		REQUIRE(!iomm_device_info(member, &info));
		reach = info.dma_mask < reach ? info.dma_mask : reach;
		iomm_device_put(member);
	}
	REQUIRE(n > 0);
	iomm_group_put(group);
	return reach;
}

static void use_attached(struct machine *m, struct iomm_domain *domain)
{
	struct iomm_translation answer = { .size = sizeof(answer) };
	/* Attaching maps what firmware wants to be mapped, as it is. */
	bool taken =
		!checked(&m->w, iomm_domain_translate(domain, 0x1234, &answer));

	REQUIRE(!taken || answer.paddr == 0x1234);
	REQUIRE(checked(&m->w, iomm_domain_map(domain, 0x1000, 0x2000, 0x1000,
					       IOMM_PROT_READ, 0, NULL)) ==
		(taken ? -IOMM_EEXIST : 0));
	REQUIRE(!iomm_domain_translate(domain, 0x1234, &answer));
	REQUIRE(answer.paddr == (taken ? 0x1234 : 0x2234));
}

static void use_bound(struct machine *m, struct iomm_device *device)
{
	struct iomm_domain *domain;
	int err = checked(&m->w, iomm_domain_create(device, NULL, &domain));

	/* Windows may be narrower than any table of arm64-s1. */
	REQUIRE(err == (reach_of(m, device) < NARROWEST ? -IOMM_EINVAL : 0));
	if (err)
		return;
	if (!checked(&m->w, iomm_domain_attach(domain, device))) {
		use_attached(m, domain);
		REQUIRE(!iomm_domain_detach(domain, device));
	}
	iomm_domain_put(domain);
}

static void drive(struct machine *m)
{
	bool used = false;
	uint32_t n;

	/* Half of the devices come before their IOMMUs. */
	for (n = 0; n < m->nr_devices; n += 2)
		(void)probe(m, m->devices[n]);
	register_iommus(m);
	REQUIRE(!iomm_ctx_run(m->w.ctx));
	for (n = 0; n < m->nr_devices; n++) {
		if (probe(m, m->devices[n]))
			continue;
		look_at_bound(m, m->devices[n], m->device_node[n]);
		if (!used)
			use_bound(m, m->devices[n]);
		used = true;
	}
}

static void end(struct machine *m)
{
	uint32_t n;

	for (n = 0; n < m->nr_devices; n++)
		iomm_device_put(m->devices[n]);
	for (n = 0; n < m->nr_iommus; n++)
		iomm_iommu_put(m->iommus[n]);
	iomm_bus_put(m->platform);
	iomm_firmware_put(m->firmware);
	world_end(&m->w);
	for (n = 0; n < m->nr_iommus; n++)
		REQUIRE(m->mocks[n].released == 1);
}

/*
 * The same tree with its strings before its nodes, or NULL. What is read beyond
 * the last property is then beyond the tree, and ASan sees it.
 */
static uint8_t *strings_first(const uint8_t *bytes, size_t size, size_t *total)
{
	const uint32_t header = sizeof(struct fdt_header);
	uint32_t reserved = 16, strings, nodes, at;
	uint8_t *blob;

	if (size < header || fdt_check_full(bytes, size) ||
	    fdt_version(bytes) < 17)
		return NULL;
	strings = fdt_size_dt_strings(bytes);
	nodes = fdt_size_dt_struct(bytes);
	at = (header + reserved + strings + 3) & ~3u;
	*total = at + nodes;
	blob = allocate(*total);
	memset(blob, 0, *total);
	memcpy(blob, bytes, header);
	memcpy(blob + header + reserved, bytes + fdt_off_dt_strings(bytes),
	       strings);
	memcpy(blob + at, bytes + fdt_off_dt_struct(bytes), nodes);
	fdt_set_totalsize(blob, (uint32_t)*total);
	fdt_set_off_mem_rsvmap(blob, header);
	fdt_set_off_dt_strings(blob, header + reserved);
	fdt_set_off_dt_struct(blob, at);
	return blob;
}

static void run(const uint8_t *bytes, size_t size)
{
	struct machine m = { .tree = bytes };
	uint32_t n;
	int err;

	world_begin(&m.w);
	err = checked(&m.w, iomm_firmware_create_fdt(m.w.ctx, bytes, size,
						     &m.firmware));
	REQUIRE(!err || err == -IOMM_EINVAL);
	if (!err) {
		list_nodes(&m);
		for (n = 0; n < m.nr_nodes; n++)
			ask(&m, m.nodes[n]);
		ask_of_no_node(&m, 0);
		ask_of_no_node(&m, m.nodes[0] - 1);
		ask_of_no_node(&m, m.nodes[0] + UINT32_MAX / 2);
		ask_of_no_node(&m, UINT64_MAX);
		add_devices(&m);
		drive(&m);
	}
	end(&m);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	size_t total;
	uint8_t *blob = strings_first(bytes, size, &total);

	/* A field that nobody reads says which order it is. */
	if (blob && !(fdt_boot_cpuid_phys(bytes) & 1))
		run(blob, total);
	else
		run(bytes, size);
	free(blob);
	return 0;
}

/* Mutation: bytes anywhere seldom leave a tree, so half of the mutations are of
 * one property's value. */

static int pick_property(const void *tree, unsigned int seed)
{
	int count = 0, node, property, pick;

	for (pick = 0; pick < 2; pick++) {
		int wanted = count ? (int)(seed % (unsigned int)count) : -1;

		count = 0;
		for (node = 0; node >= 0;
		     node = fdt_next_node(tree, node, NULL)) {
			fdt_for_each_property_offset(property, tree, node)
			{
				if (pick && count == wanted)
					return property;
				count++;
			}
		}
	}
	return -1;
}

static size_t mutate_property(uint8_t *bytes, size_t room, unsigned int seed)
{
	int property = pick_property(bytes, seed), length;
	struct fdt_property *at;

	if (property < 0)
		return LLVMFuzzerMutate(bytes, fdt_totalsize(bytes), room);
	/* Written in place: a value keeps its length. */
	at = (struct fdt_property *)(uintptr_t)
		fdt_get_property_by_offset(bytes, property, &length);
	if (at && length > 0)
		(void)LLVMFuzzerMutate((uint8_t *)at->data, (size_t)length,
				       (size_t)length);
	return fdt_totalsize(bytes);
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t room,
			       unsigned int seed)
{
	if (seed % 2 && size >= sizeof(struct fdt_header) &&
	    !fdt_check_full(bytes, size) && fdt_totalsize(bytes) <= size)
		return mutate_property(bytes, room, seed / 2);
	return LLVMFuzzerMutate(bytes, size, room);
}
