/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The input is the tables of a machine that a program describes itself. What is
 * refused leaves nothing; of what is taken, everything is asked.
 */
#include "fuzz/fuzz.h"

#include <stdio.h>

#define MAX_ENTRIES 12u

/* A table on the heap, so that what is read beside it is seen. */
struct table {
	unsigned char *at;
	uint32_t nr, stride;
};

struct machine {
	struct world w;
	struct input in;
	struct table nodes, maps, regions, ranges;
	char names[MAX_ENTRIES][4];
};

/* Small numbers meet each other; and some are at the ends of theirs. */
static uint64_t take_number(struct input *in)
{
	uint8_t how = take8(in);

	if (how < 0xc0)
		return how & 0x1f;
	if (how < 0xe0)
		return UINT64_MAX - (how & 0x1f);
	return take(in, 8);
}

static uint32_t take_small(struct input *in, uint32_t usual)
{
	uint8_t how = take8(in);

	return how < 0xf0 ? how % (usual + 1) : (uint32_t)take(in, 4);
}

/* Of `size` in each entry, mostly, and with as much between them. */
static struct table take_table(struct input *in, uint32_t size)
{
	struct table t = { .nr = take8(in) % (MAX_ENTRIES + 1),
			   .stride = size + (take8(in) & 3) * 4 };
	size_t bytes = (size_t)t.nr * t.stride;

	t.at = allocate(bytes ? bytes : 1);
	memset(t.at, 0, bytes ? bytes : 1);
	return t;
}

/* Puts an entry where it belongs. Its size may be wrong, but not so that it
 * reaches beyond the table: that is the caller's to see to. */
static void
put(struct input *in, struct table *t, uint32_t n, void *entry, uint32_t size)
{
	uint32_t said = take8(in) < 0xf8 ? size : take8(in) % (size + 1);

	memcpy(entry, &said, sizeof(said));
	memcpy(t->at + (size_t)n * t->stride, entry, size);
}

static void take_nodes(struct machine *m)
{
	struct iomm_static_node node;
	uint32_t n;

	m->nodes = take_table(&m->in, sizeof(node));
	for (n = 0; n < m->nodes.nr; n++) {
		memset(&node, 0, sizeof(node));
		snprintf(m->names[n], sizeof(m->names[n]), "%c",
			 'a' + (int)(take8(&m->in) < 0xf0 ? n : 0));
		node.name = take8(&m->in) < 0xf8 ? m->names[n] : NULL;
		node.compatible = take8(&m->in) & 1 ? m->names[n] : NULL;
		node.flags = take_small(&m->in, 0xf) & ~IOMM_NODE_CLIENT;
		node.iommu_cells = take_small(&m->in, 8);
		node.limits = take_small(&m->in, 1) * IOMM_FWSPEC_ATS;
		node.pasid_bits = take_small(&m->in, 20);
		node.address_bits = take_small(&m->in, 64);
		node.reg_base = take_number(&m->in);
		node.reg_bytes = take_number(&m->in);
		put(&m->in, &m->nodes, n, &node, sizeof(node));
	}
}

static void take_maps(struct machine *m)
{
	struct iomm_static_map map;
	uint32_t n;

	m->maps = take_table(&m->in, sizeof(map));
	for (n = 0; n < m->maps.nr; n++) {
		memset(&map, 0, sizeof(map));
		map.flags = take_small(&m->in, 1);
		map.node = take_small(&m->in, m->nodes.nr);
		map.iommu = take_small(&m->in, m->nodes.nr);
		if (map.flags) {
			map.first_input = take_number(&m->in);
			map.last_input = take_number(&m->in);
		}
		map.nr_cells = take_small(&m->in, 8);
		map.cells[0] = (uint32_t)take_number(&m->in);
		map.cells[7] = (uint32_t)take_number(&m->in);
		put(&m->in, &m->maps, n, &map, sizeof(map));
	}
}

static void take_regions(struct machine *m)
{
	struct iomm_static_region region;
	uint32_t n;

	m->regions = take_table(&m->in, sizeof(region));
	for (n = 0; n < m->regions.nr; n++) {
		memset(&region, 0, sizeof(region));
		region.node = take_small(&m->in, m->nodes.nr);
		region.kind = take_small(&m->in, 5);
		region.flags = take_small(&m->in, 1);
		region.first = take_number(&m->in);
		region.last = take_number(&m->in);
		region.paddr = take8(&m->in) & 1 ? region.first
						 : take_number(&m->in);
		region.prot = take_small(&m->in, 0x3f);
		put(&m->in, &m->regions, n, &region, sizeof(region));
	}
}

static void take_ranges(struct machine *m)
{
	struct iomm_static_range range;
	uint32_t n;

	m->ranges = take_table(&m->in, sizeof(range));
	for (n = 0; n < m->ranges.nr; n++) {
		memset(&range, 0, sizeof(range));
		range.node = take_small(&m->in, m->nodes.nr);
		range.first = take_number(&m->in);
		range.last = take_number(&m->in);
		range.paddr = take_number(&m->in);
		put(&m->in, &m->ranges, n, &range, sizeof(range));
	}
}

static struct iomm_static_config config_of(const struct machine *m)
{
	return (struct iomm_static_config){
		.size = sizeof(struct iomm_static_config),
		.nodes = (const void *)m->nodes.at,
		.nr_nodes = m->nodes.nr,
		.node_stride = m->nodes.stride,
		.maps = (const void *)m->maps.at,
		.nr_maps = m->maps.nr,
		.map_stride = m->maps.stride,
		.regions = (const void *)m->regions.at,
		.nr_regions = m->regions.nr,
		.region_stride = m->regions.stride,
		.ranges = (const void *)m->ranges.at,
		.nr_ranges = m->ranges.nr,
		.range_stride = m->ranges.stride,
	};
}

static void free_tables(struct machine *m)
{
	free(m->nodes.at);
	free(m->maps.at);
	free(m->regions.at);
	free(m->ranges.at);
}

static void ask(struct machine *m, struct iomm_firmware *firmware)
{
	static const uint64_t inputs[] = { 0, 5, 0x1f, UINT64_MAX };
	uint64_t node = 0;
	uint32_t nodes = 0, n;

	while (!checked(&m->w, iomm_firmware_next(firmware, 0, node, &node))) {
		nodes++;
		(void)look_up(&m->w, firmware, node, NULL, 0);
		for (n = 0; n < LENGTH(inputs); n++)
			(void)look_up(&m->w, firmware, node, &inputs[n], 1);
		(void)look_up(&m->w, firmware, node, inputs, LENGTH(inputs));
	}
	/* The planted mistake: a machine of three nodes has two. */
	REQUIRE(nodes == m->nodes.nr - (FUZZ_PLANTED && nodes == 3));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct machine m = { .in = { bytes, size } };
	struct iomm_firmware *firmware = NULL;
	struct iomm_static_config config;
	int err;

	world_begin(&m.w);
	take_nodes(&m);
	take_maps(&m);
	take_regions(&m);
	take_ranges(&m);
	config = config_of(&m);
	err = checked(&m.w,
		      iomm_firmware_create_static(m.w.ctx, &config, &firmware));
	/* A tail that is not zero is E2BIG; there is none here. */
	REQUIRE(!err || err == -IOMM_EINVAL);
	free_tables(&m);
	if (!err)
		ask(&m, firmware);
	iomm_firmware_put(firmware);
	world_end(&m.w);
	return 0;
}
