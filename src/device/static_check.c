/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Checks the tables of a static firmware source. A failure names the entry. */
#include "device/static_firmware.h"

#include <iomm/firmware.h>

#include "device/fwspec.h"

#define GIVEN_FLAGS                                                \
	(IOMM_NODE_IOMMU | IOMM_NODE_PCI_HOST | IOMM_NODE_MEMORY | \
	 IOMM_NODE_COHERENT)
#define GIVEN_LIMITS                                             \
	(IOMM_FWSPEC_ATS | IOMM_FWSPEC_PRI | IOMM_FWSPEC_STALL | \
	 IOMM_FWSPEC_NUMA_NODE)

const char *const iomm_static_table_names[IOMM_STATIC_TABLES] = {
	"nodes", "maps", "regions", "ranges"
};

int iomm_static_fail(struct iomm_ctx *ctx, uint32_t table, uint32_t index,
		     const uint64_t *text)
{
	char what[128];

	(void)iomm_text_render(what, sizeof(what), text);
	return IOMM_FAIL(ctx, IOMM_EINVAL, "static table: %s[%u]: %s",
			 IOMM_STR(iomm_static_table_names[table]), index,
			 IOMM_STR(what));
}

static int check_node(struct iomm_ctx *ctx, const struct iomm_static_tables *t,
		      uint32_t index)
{
	const struct iomm_static_node *node = &t->nodes[index].s;
	uint32_t n;

	if (node->flags & ~GIVEN_FLAGS)
		return IOMM_STATIC_FAIL(ctx, IOMM_STATIC_NODES, index,
					"flags %x are not for it",
					node->flags & ~GIVEN_FLAGS);
	if (node->limits & ~GIVEN_LIMITS)
		return IOMM_STATIC_FAIL(ctx, IOMM_STATIC_NODES, index,
					"limits %x are not for it",
					node->limits & ~GIVEN_LIMITS);
	if (node->reserved)
		return IOMM_STATIC_FAIL(ctx, IOMM_STATIC_NODES, index,
					"reserved is %x, not 0",
					node->reserved);
	if (node->pasid_bits > IOMM_FWSPEC_PASID_BITS ||
	    node->address_bits > 64)
		return IOMM_STATIC_FAIL(
			ctx, IOMM_STATIC_NODES, index,
			"PASIDs of %u bits, addresses of %u: more than "
			"%u and 64",
			node->pasid_bits, node->address_bits,
			IOMM_FWSPEC_PASID_BITS);
	if (node->iommu_cells > IOMM_SPECIFIER_CELLS)
		return IOMM_STATIC_FAIL(
			ctx, IOMM_STATIC_NODES, index,
			"specifiers of %u cells are longer than any",
			node->iommu_cells);
	if (node->reg_bytes &&
	    node->reg_base + node->reg_bytes - 1 < node->reg_base)
		return IOMM_STATIC_FAIL(
			ctx, IOMM_STATIC_NODES, index,
			"registers at %x, %x bytes, go past 64 bits",
			node->reg_base, node->reg_bytes);
	for (n = 0; n < index; n++) {
		if (iomm_streq(t->nodes[n].name, t->nodes[index].name))
			return IOMM_STATIC_FAIL(ctx, IOMM_STATIC_NODES, index,
						"its name is that of nodes[%u]",
						n);
	}
	return 0;
}

/* Is the entry for a node that there is? */
static int check_owner(struct iomm_ctx *ctx, const struct iomm_static_tables *t,
		       uint32_t table, uint32_t index, uint32_t node)
{
	if (node < t->nr_nodes)
		return 0;
	return IOMM_STATIC_FAIL(ctx, table, index,
				"it is for node %u, and there are %u", node,
				t->nr_nodes);
}

static int check_inputs(struct iomm_ctx *ctx,
			const struct iomm_static_tables *t, uint32_t index)
{
	const struct iomm_static_map *map = &t->maps[index], *other = t->maps;
	uint32_t n;

	if (!(map->flags & IOMM_STATIC_INPUTS))
		return map->first_input || map->last_input
			       ? IOMM_STATIC_FAIL(ctx, IOMM_STATIC_MAPS, index,
						  "it has input IDs, and not "
						  "IOMM_STATIC_INPUTS")
			       : 0;
	if (map->first_input > map->last_input)
		return IOMM_STATIC_FAIL(
			ctx, IOMM_STATIC_MAPS, index,
			"its input IDs end at %x, before their start %x",
			map->last_input, map->first_input);
	if (!map->nr_cells ||
	    map->last_input - map->first_input > UINT32_MAX - map->cells[0])
		return IOMM_STATIC_FAIL(
			ctx, IOMM_STATIC_MAPS, index,
			"IDs %x to %x do not fit %u cells from %x on",
			map->first_input, map->last_input, map->nr_cells,
			map->cells[0]);
	for (n = 0; n < index; n++, other++) {
		if (other->flags & IOMM_STATIC_INPUTS &&
		    other->node == map->node &&
		    other->first_input <= map->last_input &&
		    map->first_input <= other->last_input)
			return IOMM_STATIC_FAIL(ctx, IOMM_STATIC_MAPS, index,
						"it has input IDs of maps[%u]",
						n);
	}
	return 0;
}

static int check_map(struct iomm_ctx *ctx, const struct iomm_static_tables *t,
		     uint32_t index)
{
	const struct iomm_static_map *map = &t->maps[index];
	int err = check_owner(ctx, t, IOMM_STATIC_MAPS, index, map->node);

	if (err)
		return err;
	if (map->flags & ~IOMM_STATIC_INPUTS || map->reserved)
		return IOMM_STATIC_FAIL(
			ctx, IOMM_STATIC_MAPS, index,
			"unknown flags %x, or reserved is %x, not 0",
			map->flags & ~IOMM_STATIC_INPUTS, map->reserved);
	if (map->iommu >= t->nr_nodes ||
	    !(t->nodes[map->iommu].s.flags & IOMM_NODE_IOMMU))
		return IOMM_STATIC_FAIL(ctx, IOMM_STATIC_MAPS, index,
					"node %u is no IOMMU", map->iommu);
	if (map->nr_cells != t->nodes[map->iommu].s.iommu_cells)
		return IOMM_STATIC_FAIL(
			ctx, IOMM_STATIC_MAPS, index,
			"a specifier of %u cells, where the IOMMU takes "
			"%u",
			map->nr_cells, t->nodes[map->iommu].s.iommu_cells);
	return check_inputs(ctx, t, index);
}

static int check_region(struct iomm_ctx *ctx,
			const struct iomm_static_tables *t, uint32_t index)
{
	const struct iomm_static_region *r = &t->regions[index];
	struct iomm_reserved_region region = iomm_static_region_of(t, index);
	char flaw[IOMM_FLAW_TEXT];
	int err = check_owner(ctx, t, IOMM_STATIC_REGIONS, index, r->node);

	if (err)
		return err;
	if (r->reserved)
		return IOMM_STATIC_FAIL(ctx, IOMM_STATIC_REGIONS, index,
					"reserved is %x, not 0", r->reserved);
	if (iomm_fwspec_region_flaw(&region, flaw))
		return IOMM_STATIC_FAIL(ctx, IOMM_STATIC_REGIONS, index, "%s",
					IOMM_STR(flaw));
	return 0;
}

static int check_range(struct iomm_ctx *ctx, const struct iomm_static_tables *t,
		       uint32_t index)
{
	struct iomm_dma_range range = iomm_static_range_of(t, index);
	char flaw[IOMM_FLAW_TEXT];
	int err = check_owner(ctx, t, IOMM_STATIC_RANGES, index,
			      t->ranges[index].node);

	if (err)
		return err;
	if (iomm_fwspec_range_flaw(&range, flaw))
		return IOMM_STATIC_FAIL(ctx, IOMM_STATIC_RANGES, index, "%s",
					IOMM_STR(flaw));
	return 0;
}

int iomm_static_check(struct iomm_ctx *ctx, const struct iomm_static_tables *t)
{
	uint32_t n;
	int err = 0;

	for (n = 0; !err && n < t->nr_nodes; n++)
		err = check_node(ctx, t, n);
	for (n = 0; !err && n < t->nr_maps; n++)
		err = check_map(ctx, t, n);
	for (n = 0; !err && n < t->nr_regions; n++)
		err = check_region(ctx, t, n);
	for (n = 0; !err && n < t->nr_ranges; n++)
		err = check_range(ctx, t, n);
	return err;
}
