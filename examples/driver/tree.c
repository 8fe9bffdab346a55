/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the tree says: memory, IOMMUs, devices. */
#include "driver.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Firmware */

static void *read_file(const char *path, uint64_t *bytes)
{
	FILE *f = fopen(path, "rb");
	unsigned char *data = NULL;
	size_t used = 0, room = 0;

	if (!f) {
		fprintf(stderr, "driver: %s: %s\n", path, strerror(errno));
		exit(1);
	}
	do {
		if (used == room) {
			room = room ? 2 * room : 65536;
			data = realloc(data, room);
			if (!data) {
				fprintf(stderr, "driver: %s: out of memory\n",
					path);
				exit(1);
			}
		}
		used += fread(data + used, 1, room - used, f);
	} while (!feof(f) && !ferror(f));
	if (ferror(f)) {
		fprintf(stderr, "driver: %s: %s\n", path, strerror(errno));
		exit(1);
	}
	fclose(f);
	*bytes = used;
	return data;
}

void read_tree(struct machine *m)
{
	uint64_t bytes;
	void *blob = read_file(m->file, &bytes);

	check(m, iomm_firmware_create_fdt(m->ctx, blob, bytes, &m->firmware),
	      "cannot read the device tree");
	free(blob);
}

static bool next_node(struct machine *m, uint32_t flags, uint64_t *node)
{
	int err = iomm_firmware_next(m->firmware, flags, *node, node);

	if (err != -IOMM_ENOENT)
		check(m, err, "cannot go through the device tree");
	return !err;
}

static struct iomm_node_info node_info(struct machine *m, uint64_t node)
{
	struct iomm_node_info info = { .size = sizeof(info) };

	check(m, iomm_firmware_node_info(m->firmware, node, &info),
	      "cannot read a node");
	return info;
}

static void
node_path(struct machine *m, uint64_t node, char *buf, uint64_t bytes)
{
	check(m, iomm_firmware_node_path(m->firmware, node, buf, bytes),
	      "a node has no path");
}

/* A DART has no format of its own here yet. */
static bool is_dart(struct machine *m, uint64_t node)
{
	return iomm_firmware_node_compatible(m->firmware, node,
					     "apple,t8103-dart") > 0 ||
	       iomm_firmware_node_compatible(m->firmware, node,
					     "apple,t6000-dart") > 0 ||
	       iomm_firmware_node_compatible(m->firmware, node,
					     "apple,t8110-dart") > 0;
}

/* What there is */

void find_memory(struct machine *m)
{
	uint64_t node = 0;

	m->ram_base = 0x40000000;
	if (next_node(m, IOMM_NODE_MEMORY, &node))
		m->ram_base = node_info(m, node).reg_base;
	m->ram = aligned_alloc(BUFFER_BYTES, RAM_BYTES);
	expect(m, m->ram, "out of memory");
	memset(m->ram, 0, RAM_BYTES);
	/* Page tables lie in the machine's memory, where its IOMMUs look. */
	check(m,
	      iomm_table_memory_create_arena(m->ctx, m->ram, m->ram_base,
					     TABLE_BYTES, NULL, NULL,
					     &m->tables),
	      "no memory for page tables");
	printf("memory   %#" PRIx64 ", %u MiB of it in use here, page tables "
	       "in the first %u\n",
	       m->ram_base, RAM_BYTES >> 20, TABLE_BYTES >> 20);
}

void find_iommus(struct machine *m)
{
	struct iomm_node_info info;
	struct iommu *iommu;
	uint32_t darts = 0;
	uint64_t node = 0;

	while (next_node(m, IOMM_NODE_IOMMU, &node)) {
		expect(m, m->nr_iommus < MAX_IOMMUS, "too many IOMMUs");
		iommu = &m->iommus[m->nr_iommus++];
		info = node_info(m, node);
		iommu->node = node;
		iommu->enabled = info.flags & IOMM_NODE_AVAILABLE;
		iommu->granule = is_dart(m, node) ? 16384 : 4096;
		node_path(m, node, iommu->path, sizeof(iommu->path));
		darts += is_dart(m, node);
		printf("iommu    %s at %#" PRIx64 ", #iommu-cells %" PRIu32
		       "%s\n",
		       iommu->path, info.reg_base, info.iommu_cells,
		       iommu->enabled ? "" : ", disabled");
	}
	if (m->nr_iommus)
		printf("note     the software IOMMU plays every one of them, in "
		       "this process\n");
	if (darts)
		printf("         %" PRIu32 " are DARTs: until their format "
		       "exists, it serves them with arm64-s1 at 16K\n",
		       darts);
	if (m->nr_iommus)
		return;
	fprintf(stderr,
		"driver: %s: the tree has no IOMMU (no node has #iommu-cells): "
		"its devices do direct DMA, and there is nothing to show\n",
		m->file);
	exit(1);
}

static void add_device(struct machine *m, struct iomm_bus *bus,
		       const char *name, uint64_t address)
{
	struct iomm_device_config config = {
		.size = sizeof(config),
		.flags = IOMM_DEVICE_ADDRESS,
		.name = name,
		.address = address,
	};
	struct device *d;

	expect(m, m->nr_devices < MAX_DEVICES, "too many devices");
	d = &m->devices[m->nr_devices++];
	snprintf(d->name, sizeof(d->name), "%s", name);
	check(m, iomm_device_create(bus, &config, &d->device), name);
}

/* A tree does not say which functions are plugged in: these are. */
static void add_functions(struct machine *m, struct iomm_bus *bus)
{
	static const uint32_t rid[] = { 0x0008, 0x0100, 0x0200 };
	char bus_name[32], name[64];
	size_t n;

	check(m, iomm_bus_name(bus, bus_name, sizeof(bus_name)), "bus");
	for (n = 0; n < sizeof(rid) / sizeof(rid[0]); n++) {
		snprintf(name, sizeof(name),
			 "%s/%02" PRIx32 ":%02" PRIx32 ".%" PRIu32, bus_name,
			 rid[n] >> 8, rid[n] >> 3 & 31, rid[n] & 7);
		add_device(m, bus, name, rid[n]);
	}
}

void find_devices(struct machine *m)
{
	char path[128], name[32];
	uint64_t node = 0;

	check(m,
	      iomm_bus_create_platform(m->firmware, "platform", &m->platform),
	      "no platform bus");
	printf("bus      platform\n");
	while (next_node(m, IOMM_NODE_CLIENT, &node)) {
		node_path(m, node, path, sizeof(path));
		printf("device   %s%s\n", path,
		       node_info(m, node).flags & IOMM_NODE_PCI_HOST
			       ? " (a PCI host)"
			       : "");
		add_device(m, m->platform, path, node);
	}
	for (node = 0; next_node(m, IOMM_NODE_PCI_HOST, &node);) {
		expect(m, m->nr_pci < MAX_HOSTS, "too many PCI hosts");
		snprintf(name, sizeof(name), "pci%" PRIu32, m->nr_pci);
		node_path(m, node, path, sizeof(path));
		printf("bus      %s, behind %s; what is plugged in is not in "
		       "the tree:\n         say 00:01.0, 01:00.0 and 02:00.0\n",
		       name, path);
		check(m,
		      iomm_bus_create_pci(m->firmware, node, NULL, 0, name,
					  &m->pci[m->nr_pci]),
		      path);
		add_functions(m, m->pci[m->nr_pci++]);
	}
}
