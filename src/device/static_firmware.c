/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A firmware source made of tables, which are checked when it is made: what is
 * asked later only looks up. A node's key is its index, from 1. */
#include "device/static_firmware.h"

#include "base/abi.h"
#include "base/mem.h"
#include "device/firmware.h"

static struct iomm_static_tables *
tables_of(const struct iomm_firmware *firmware)
{
	return firmware->data;
}

static const struct iomm_static_entry *
node_of(const struct iomm_firmware *firmware, uint32_t key)
{
	return &tables_of(firmware)->nodes[key - 1];
}

/* The ops */

static int check_key(struct iomm_firmware *firmware, uint32_t key)
{
	if (key <= tables_of(firmware)->nr_nodes)
		return 0;
	return IOMM_FAIL(firmware->obj.ctx, IOMM_EINVAL,
			 "node %u is not in the tables, which have %u", key,
			 tables_of(firmware)->nr_nodes);
}

static int next(struct iomm_firmware *firmware, uint32_t flags, uint32_t prev,
		uint32_t *out)
{
	uint32_t key;
	int err = check_key(firmware, prev);

	if (err)
		return err;
	for (key = prev + 1; key <= tables_of(firmware)->nr_nodes; key++) {
		if ((node_of(firmware, key)->s.flags & flags) == flags) {
			*out = key;
			return 0;
		}
	}
	return IOMM_FAIL(firmware->obj.ctx, IOMM_ENOENT,
			 "the tables have no further node of that kind");
}

static int find(struct iomm_firmware *firmware, const char *path, uint32_t *out)
{
	uint32_t key;

	for (key = 1; key <= tables_of(firmware)->nr_nodes; key++) {
		if (iomm_streq(node_of(firmware, key)->name, path)) {
			*out = key;
			return 0;
		}
	}
	return IOMM_FAIL(firmware->obj.ctx, IOMM_ENOENT,
			 "the tables have no node %s", IOMM_STR(path));
}

static int
info(struct iomm_firmware *firmware, uint32_t key, struct iomm_node_info *out)
{
	const struct iomm_static_node *node;
	int err = check_key(firmware, key);

	if (err)
		return err;
	node = &node_of(firmware, key)->s;
	out->flags = node->flags;
	out->iommu_cells = node->iommu_cells;
	out->reg_base = node->reg_base;
	out->reg_bytes = node->reg_bytes;
	return 0;
}

static int
path(struct iomm_firmware *firmware, uint32_t key, char *buf, uint64_t len)
{
	int err = check_key(firmware, key);

	return err ? err
		   : iomm_copy_string(buf, len, node_of(firmware, key)->name);
}

static int
compatible(struct iomm_firmware *firmware, uint32_t key, const char *name)
{
	const char *own;
	int err = check_key(firmware, key);

	if (err)
		return err;
	own = node_of(firmware, key)->compatible;
	return own && iomm_streq(own, name);
}

static int
place(struct iomm_firmware *firmware, uint64_t place, char *buf, uint64_t len)
{
	const struct iomm_static_tables *t = tables_of(firmware);
	const uint32_t counts[IOMM_STATIC_TABLES] = { t->nr_nodes, t->nr_maps,
						      t->nr_regions,
						      t->nr_ranges };
	uint32_t index = (uint32_t)place;
	char text[64];

	if (place >> 32 >= IOMM_STATIC_TABLES || index >= counts[place >> 32])
		return IOMM_FAIL(firmware->obj.ctx, IOMM_EINVAL,
				 "%x is no place in the tables", place);
	(void)iomm_text_render(
		text, sizeof(text),
		IOMM_TEXT("static table: %s[%u]",
			  IOMM_STR(iomm_static_table_names[place >> 32]),
			  index));
	return iomm_copy_string(buf, len, text);
}

/* Describing a device */

static int add_map(const struct iomm_static_tables *t, uint32_t index,
		   uint64_t input, struct iomm_fwspec_builder *b)
{
	const struct iomm_static_map *map = &t->maps[index];
	uint32_t cells[IOMM_SPECIFIER_CELLS];

	memcpy(cells, map->cells, sizeof(cells));
	if (map->flags & IOMM_STATIC_INPUTS)
		cells[0] += (uint32_t)(input - map->first_input);
	return iomm_fwspec_add_iommu(b, map->iommu + 1, cells, map->nr_cells,
				     iomm_static_place(IOMM_STATIC_MAPS,
						       index));
}

/* The maps of a device, or the one of an input ID. */
static int add_maps(const struct iomm_static_tables *t, uint32_t node,
		    const uint64_t *input, struct iomm_fwspec_builder *b)
{
	const struct iomm_static_map *map = t->maps;
	bool found = false, match;
	uint32_t n;
	int err = 0;

	for (n = 0; !err && n < t->nr_maps; n++, map++) {
		match = map->node == node;
		if (map->flags & IOMM_STATIC_INPUTS)
			match = match && input && *input >= map->first_input &&
				*input <= map->last_input;
		else
			match = match && !input;
		if (!match)
			continue;
		found = true;
		err = add_map(t, n, input ? *input : 0, b);
	}
	if (err || found)
		return err;
	if (input)
		return IOMM_FAIL(b->firmware->obj.ctx, IOMM_ENODEV,
				 "%s: no map has ID %x: it does direct DMA",
				 IOMM_STR(t->nodes[node].name), *input);
	return IOMM_FAIL(b->firmware->obj.ctx, IOMM_ENODEV,
			 "%s: no IOMMU is described for it: it does direct DMA",
			 IOMM_STR(t->nodes[node].name));
}

static void
add_limits(const struct iomm_static_node *node, struct iomm_fwspec_builder *b)
{
	struct iomm_fwspec_limits *limits = iomm_fwspec_limits(b);

	limits->flags = node->limits;
	if (node->flags & IOMM_NODE_COHERENT)
		limits->flags |= IOMM_FWSPEC_COHERENT;
	limits->pasid_bits = node->pasid_bits;
	limits->address_bits = node->address_bits;
	limits->numa_node = node->numa_node;
}

static int add_regions(const struct iomm_static_tables *t, uint32_t node,
		       struct iomm_fwspec_builder *b)
{
	struct iomm_reserved_region region;
	uint32_t n;
	int err = 0;

	for (n = 0; !err && n < t->nr_regions; n++) {
		if (t->regions[n].node != node)
			continue;
		region = iomm_static_region_of(t, n);
		err = iomm_fwspec_add_region(b, &region);
	}
	return err;
}

static int add_ranges(const struct iomm_static_tables *t, uint32_t node,
		      struct iomm_fwspec_builder *b)
{
	struct iomm_dma_range range;
	uint32_t n;
	int err = 0;

	for (n = 0; !err && n < t->nr_ranges; n++) {
		if (t->ranges[n].node != node)
			continue;
		range = iomm_static_range_of(t, n);
		err = iomm_fwspec_add_dma_range(b, &range);
	}
	return err;
}

static int
describe(struct iomm_firmware *firmware, uint32_t key, const uint64_t *inputs,
	 uint32_t nr_inputs, struct iomm_fwspec_builder *b)
{
	const struct iomm_static_tables *t = tables_of(firmware);
	uint32_t node = key - 1, n;
	int err = check_key(firmware, key);

	if (!err && !nr_inputs)
		err = add_maps(t, node, NULL, b);
	for (n = 0; !err && n < nr_inputs; n++)
		err = add_maps(t, node, &inputs[n], b);
	if (err)
		return err;
	add_limits(&t->nodes[node].s, b);
	err = add_regions(t, node, b);
	return err ? err : add_ranges(t, node, b);
}

static void free_tables(struct iomm_ctx *ctx, struct iomm_static_tables *t)
{
	uint32_t n;

	for (n = 0; t->nodes && n < t->nr_nodes; n++) {
		iomm_strfree(ctx, t->nodes[n].name);
		iomm_strfree(ctx, t->nodes[n].compatible);
	}
	iomm_free(ctx, t->nodes, (uint64_t)t->nr_nodes * sizeof(*t->nodes));
	iomm_free(ctx, t->maps, (uint64_t)t->nr_maps * sizeof(*t->maps));
	iomm_free(ctx, t->regions,
		  (uint64_t)t->nr_regions * sizeof(*t->regions));
	iomm_free(ctx, t->ranges, (uint64_t)t->nr_ranges * sizeof(*t->ranges));
	iomm_free(ctx, t, sizeof(*t));
}

static void destroy(struct iomm_firmware *firmware)
{
	free_tables(firmware->obj.ctx, tables_of(firmware));
}

static const struct iomm_firmware_ops static_ops = {
	.next = next,
	.find = find,
	.info = info,
	.path = path,
	.compatible = compatible,
	.describe = describe,
	.place = place,
	.destroy = destroy,
};

/* Making one */

/* A table as it is given, and how much an element of the copy takes. */
struct copy {
	const char *name; /* of the struct */
	const void *from;
	uint32_t nr, stride, bytes, room;
};

/* `*to` is the caller's to free, with `*nr` elements, also when this fails. */
static int
copy_table(struct iomm_ctx *ctx, const struct copy *c, void *to, uint32_t *nr)
{
	const char *from = c->from;
	char *copy;
	uint32_t n;
	int err = 0;

	if (!c->nr)
		return 0;
	if (!from || c->stride < c->bytes || c->nr > IOMM_STATIC_MAX)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "the array of %u struct %s is NULL, or over "
				 "%u, or its stride %u is less than %u",
				 c->nr, IOMM_STR(c->name), IOMM_STATIC_MAX,
				 c->stride, c->bytes);
	copy = iomm_alloc(ctx, (uint64_t)c->nr * c->room);
	if (!copy)
		return IOMM_FAIL(ctx, IOMM_ENOMEM, "no memory for %u struct %s",
				 c->nr, IOMM_STR(c->name));
	memcpy(to, &copy, sizeof(copy));
	*nr = c->nr;
	/* No struct has grown yet: what it has is version 0 of it. */
	for (n = 0; !err && n < c->nr; n++, copy += c->room, from += c->stride)
		err = iomm_struct_in(ctx, copy, c->bytes, c->bytes, from,
				     c->name);
	return err;
}

static int copy_strings(struct iomm_ctx *ctx, struct iomm_static_tables *t)
{
	struct iomm_static_entry *node = t->nodes;
	uint32_t n;

	for (n = 0; n < t->nr_nodes; n++, node++) {
		if (!node->s.name || !*node->s.name)
			return IOMM_STATIC_FAIL(ctx, IOMM_STATIC_NODES, n,
						"it has no name");
		node->name = iomm_strdup(ctx, node->s.name);
		if (node->s.compatible)
			node->compatible = iomm_strdup(ctx, node->s.compatible);
		if (!node->name || (node->s.compatible && !node->compatible))
			return IOMM_FAIL(ctx, IOMM_ENOMEM,
					 "no memory for the names of nodes");
	}
	return 0;
}

#define COPY(ctx, t, c, tables, one)                                          \
	copy_table((ctx),                                                     \
		   &(const struct copy){ "iomm_static_" #one, (c)->tables,    \
					 (c)->nr_##tables, (c)->one##_stride, \
					 sizeof(struct iomm_static_##one),    \
					 sizeof(*(t)->tables) },              \
		   &(t)->tables, &(t)->nr_##tables)

static int copy_tables(struct iomm_ctx *ctx, struct iomm_static_tables *t,
		       const struct iomm_static_config *c)
{
	int err;

	if (c->flags)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "unknown flags %x of a static table",
				 c->flags);
	if (!c->nr_nodes)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "a static table without any node");
	err = COPY(ctx, t, c, nodes, node);
	if (!err)
		err = COPY(ctx, t, c, maps, map);
	if (!err)
		err = COPY(ctx, t, c, regions, region);
	if (!err)
		err = COPY(ctx, t, c, ranges, range);
	return err ? err : copy_strings(ctx, t);
}

/* What no table says by itself. */
static void complete_flags(struct iomm_static_tables *t)
{
	uint32_t n;

	for (n = 0; n < t->nr_nodes; n++)
		t->nodes[n].s.flags |= IOMM_NODE_AVAILABLE;
	for (n = 0; n < t->nr_maps; n++)
		t->nodes[t->maps[n].node].s.flags |=
			t->maps[n].flags & IOMM_STATIC_INPUTS
				? IOMM_NODE_MAPPED
				: IOMM_NODE_CLIENT;
}

static int create(struct iomm_ctx *ctx, const struct iomm_static_config *config,
		  struct iomm_firmware **out)
{
	struct iomm_static_config known;
	struct iomm_static_tables *t;
	int err = iomm_struct_in(ctx, &known, sizeof(known),
				 IOMM_STATIC_CONFIG_SIZE_VER0, config,
				 "iomm_static_config");

	if (err)
		return err;
	t = iomm_alloc(ctx, sizeof(*t));
	if (!t)
		return IOMM_FAIL(ctx, IOMM_ENOMEM,
				 "no memory for a firmware source");
	err = copy_tables(ctx, t, &known);
	if (!err)
		err = iomm_static_check(ctx, t);
	if (!err) {
		complete_flags(t);
		err = iomm_firmware_create(ctx, &static_ops, t, out);
	}
	if (err)
		free_tables(ctx, t);
	return err;
}

int iomm_firmware_create_static(struct iomm_ctx *ctx,
				const struct iomm_static_config *config,
				struct iomm_firmware **out)
{
	if (!ctx)
		return -IOMM_EINVAL;
	if (!config || !out)
		return iomm_fail_null(ctx, "iomm_firmware_create_static");
	iomm_enter(ctx);
	return iomm_leave(ctx, create(ctx, config, out));
}
