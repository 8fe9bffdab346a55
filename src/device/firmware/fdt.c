/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "device/firmware/fdt.h"

#include <limits.h>
#include <string.h>

const fdt32_t *iomm_fdt_cells(const struct fdt_source *source, uint32_t key,
			      const char *name, uint32_t *count)
{
	int len;
	const fdt32_t *cells = fdt_getprop(source->blob,
					   fdt_node(source, key)->offset, name,
					   &len);

	*count = cells ? (uint32_t)len / sizeof(*cells) : 0;
	return cells;
}

uint32_t iomm_fdt_cell(const struct fdt_source *source, uint32_t key,
		       const char *name, uint32_t otherwise)
{
	uint32_t count;
	const fdt32_t *cell = iomm_fdt_cells(source, key, name, &count);

	return count ? fdt32_to_cpu(*cell) : otherwise;
}

/* The index */

static bool has(const void *blob, int offset, const char *name)
{
	return fdt_getprop(blob, offset, name, NULL);
}

/* Is the property just this string? Its terminator may be missing in a damaged
 * tree, so the length decides. */
static bool
is_string(const void *blob, int offset, const char *name, const char *value)
{
	int len;
	const char *s = fdt_getprop(blob, offset, name, &len);

	return s && len == (int)strlen(value) + 1 &&
	       !memcmp(s, value, (size_t)len);
}

static bool is_available(const void *blob, int offset)
{
	return !has(blob, offset, "status") ||
	       is_string(blob, offset, "status", "okay") ||
	       is_string(blob, offset, "status", "ok");
}

/* `above` is the parent, NULL for the root. */
static uint32_t
flags_of(const void *blob, int offset, const struct fdt_node *above)
{
	uint32_t inherited = above ? above->flags : IOMM_NODE_AVAILABLE;
	uint32_t flags = inherited & IOMM_NODE_COHERENT;

	if (has(blob, offset, "dma-coherent"))
		flags |= IOMM_NODE_COHERENT;
	if (has(blob, offset, "dma-noncoherent"))
		flags &= ~IOMM_NODE_COHERENT;
	if (has(blob, offset, "#iommu-cells"))
		flags |= IOMM_NODE_IOMMU;
	if (has(blob, offset, "iommus"))
		flags |= IOMM_NODE_CLIENT;
	if (has(blob, offset, "iommu-map"))
		flags |= IOMM_NODE_MAPPED;
	/* Below a host, bridges are of this type too. */
	if (is_string(blob, offset, "device_type", "pci") &&
	    !(above && is_string(blob, above->offset, "device_type", "pci")))
		flags |= IOMM_NODE_PCI_HOST;
	if (is_string(blob, offset, "device_type", "memory"))
		flags |= IOMM_NODE_MEMORY;
	if ((inherited & IOMM_NODE_AVAILABLE) && is_available(blob, offset))
		flags |= IOMM_NODE_AVAILABLE;
	return flags;
}

/* From the root, at depth 0, on. Behind the last node libfdt goes above it. */
static bool to_next_node(const void *blob, int *offset, int *depth)
{
	*offset = fdt_next_node(blob, *offset, depth);
	return *offset >= 0 && *depth >= 0;
}

static uint32_t count_nodes(const void *blob)
{
	int offset = 0, depth = 0;
	uint32_t count = 0;

	do
		count++;
	while (to_next_node(blob, &offset, &depth));
	return count;
}

static void index_nodes(struct fdt_source *source)
{
	const void *blob = source->blob;
	uint32_t key = 0, parent;
	int offset = 0, depth = 0, last_depth = -1;

	do {
		/* One deeper than the last node at most, or back up by some. */
		for (parent = key; last_depth >= depth; last_depth--)
			parent = fdt_node(source, parent)->parent;
		last_depth = depth;
		source->nodes[key++] = (struct fdt_node){
			.offset = offset,
			.parent = parent,
			.flags = flags_of(blob, offset,
					  parent ? fdt_node(source, parent)
						 : NULL),
			.phandle = fdt_get_phandle(blob, offset),
		};
	} while (to_next_node(blob, &offset, &depth));
}

/* The ops */

static int check_key(struct iomm_firmware *firmware, uint32_t key)
{
	if (key <= fdt_source(firmware)->nr_nodes)
		return 0;
	return IOMM_FAIL(firmware->obj.ctx, IOMM_EINVAL,
			 "node %u is not in the device tree, which has %u", key,
			 fdt_source(firmware)->nr_nodes);
}

static int next(struct iomm_firmware *firmware, uint32_t flags, uint32_t prev,
		uint32_t *out)
{
	const struct fdt_source *source = fdt_source(firmware);
	uint32_t key;
	int err = check_key(firmware, prev);

	if (err)
		return err;
	for (key = prev + 1; key <= source->nr_nodes; key++) {
		if ((fdt_node(source, key)->flags & flags) == flags) {
			*out = key;
			return 0;
		}
	}
	return IOMM_FAIL(firmware->obj.ctx, IOMM_ENOENT,
			 "the device tree has no further node of that kind");
}

static int find(struct iomm_firmware *firmware, const char *path, uint32_t *out)
{
	const struct fdt_source *source = fdt_source(firmware);
	uint32_t key;
	int offset;

	/* Anything else is an alias to libfdt, which follows one that leads to
	 * itself for ever. */
	if (*path != '/')
		return IOMM_FAIL(firmware->obj.ctx, IOMM_EINVAL,
				 "\"%s\" is no path: it does not start with a "
				 "slash",
				 IOMM_STR(path));
	offset = fdt_path_offset(source->blob, path);
	for (key = 1; offset >= 0 && key <= source->nr_nodes; key++) {
		if (fdt_node(source, key)->offset == offset) {
			*out = key;
			return 0;
		}
	}
	return IOMM_FAIL(firmware->obj.ctx, IOMM_ENOENT,
			 "the device tree has no node %s", IOMM_STR(path));
}

/* An address or length of up to two cells; more do not occur for what has an
 * address on the CPU's bus. */
static uint64_t number(const fdt32_t *cells, uint32_t count)
{
	uint64_t value = 0;

	while (count--)
		value = value << 32 | fdt32_to_cpu(*cells++);
	return value;
}

/*
 * Takes an address on the bus below `bus` to the one above it (Devicetree
 * Specification, 2.3.8). False when it cannot be seen from there.
 */
static bool
translate_up(const struct fdt_source *source, uint32_t bus, uint64_t *address)
{
	uint32_t child = iomm_fdt_cell(source, bus, "#address-cells", 2);
	uint32_t sizes = iomm_fdt_cell(source, bus, "#size-cells", 1);
	uint32_t above = iomm_fdt_cell(source, fdt_node(source, bus)->parent,
				       "#address-cells", 2);
	uint64_t from, bytes;
	const fdt32_t *cells;
	uint32_t count, entry;

	cells = iomm_fdt_cells(source, bus, "ranges", &count);
	if (!cells)
		return false;
	if (!count)
		return true;
	if (child > 2 || sizes > 2 || above > 2)
		return false;
	entry = child + above + sizes;
	for (; entry && count >= entry; count -= entry, cells += entry) {
		from = number(cells, child);
		bytes = number(cells + child + above, sizes);
		if (*address - from < bytes) {
			*address =
				number(cells + child, above) + *address - from;
			return true;
		}
	}
	return false;
}

static void first_reg(const struct fdt_source *source, uint32_t key,
		      struct iomm_node_info *info)
{
	uint32_t bus = fdt_node(source, key)->parent;
	uint32_t count, addresses, sizes;
	const fdt32_t *cells;
	uint64_t base, bytes;

	if (!bus)
		return;
	addresses = iomm_fdt_cell(source, bus, "#address-cells", 2);
	sizes = iomm_fdt_cell(source, bus, "#size-cells", 1);
	cells = iomm_fdt_cells(source, key, "reg", &count);
	if (!cells || addresses > 2 || sizes > 2 || count < addresses + sizes)
		return;
	base = number(cells, addresses);
	bytes = number(cells + addresses, sizes);
	for (; fdt_node(source, bus)->parent;
	     bus = fdt_node(source, bus)->parent) {
		if (!translate_up(source, bus, &base))
			return;
	}
	info->reg_base = base;
	info->reg_bytes = bytes;
}

static int
info(struct iomm_firmware *firmware, uint32_t key, struct iomm_node_info *out)
{
	const struct fdt_source *source = fdt_source(firmware);
	int err = check_key(firmware, key);

	if (err)
		return err;
	out->flags = fdt_node(source, key)->flags;
	out->iommu_cells = iomm_fdt_cell(source, key, "#iommu-cells", 0);
	first_reg(source, key, out);
	return 0;
}

#define PATH_MAX_BYTES 1024

static int
path(struct iomm_firmware *firmware, uint32_t key, char *buf, uint64_t len)
{
	const struct fdt_source *source = fdt_source(firmware);
	char whole[PATH_MAX_BYTES], *end = whole + sizeof(whole) - 1;
	const char *name;
	char *at = end;
	int bytes, err = check_key(firmware, key);

	if (err)
		return err;
	*end = '\0';
	/* From the end, one parent after the other: libfdt's own way scans
	 * from the root. */
	for (; fdt_node(source, key)->parent;
	     key = fdt_node(source, key)->parent) {
		name = fdt_get_name(source->blob, fdt_node(source, key)->offset,
				    &bytes);
		if (!name || bytes + 1 > at - whole)
			return IOMM_FAIL(firmware->obj.ctx, IOMM_EOVERFLOW,
					 "the path of node %u is longer than "
					 "%u bytes",
					 key, PATH_MAX_BYTES - 1);
		at -= bytes;
		memcpy(at, name, (size_t)bytes);
		*--at = '/';
	}
	return iomm_copy_string(buf, len, at == end ? "/" : at);
}

static int
compatible(struct iomm_firmware *firmware, uint32_t key, const char *name)
{
	const struct fdt_source *source = fdt_source(firmware);
	int err = check_key(firmware, key);

	if (err)
		return err;
	return !fdt_node_check_compatible(source->blob,
					  fdt_node(source, key)->offset, name);
}

static int
describe(struct iomm_firmware *firmware, uint32_t key, const uint64_t *inputs,
	 uint32_t nr_inputs, struct iomm_fwspec_builder *b)
{
	int err = check_key(firmware, key);

	if (err)
		return err;
	if (fdt_node(fdt_source(firmware), key)->flags & IOMM_NODE_COHERENT)
		iomm_fwspec_limits(b)->flags |= IOMM_FWSPEC_COHERENT;
	return iomm_fdt_add_iommus(firmware, key, inputs, nr_inputs, b);
}

static int
place(struct iomm_firmware *firmware, uint64_t place, char *buf, uint64_t len)
{
	static const char *const names[FDT_NR_PLACES] = {
		[FDT_PLACE_IOMMUS] = "iommus",
		[FDT_PLACE_IOMMU_MAP] = "iommu-map",
	};
	uint32_t key = (uint32_t)(place >> 32);
	uint32_t property = (uint32_t)place >> 24;
	char node[PATH_MAX_BYTES], text[PATH_MAX_BYTES + 64];
	int err;

	if (!key || property >= FDT_NR_PLACES)
		return IOMM_FAIL(firmware->obj.ctx, IOMM_EINVAL,
				 "%x is no place in a device tree", place);
	err = path(firmware, key, node, sizeof(node));
	if (err < 0)
		return err;
	if (property == FDT_PLACE_NODE)
		return iomm_copy_string(buf, len, node);
	(void)iomm_text_render(text, sizeof(text),
			       IOMM_TEXT("%s: %s[%u]", IOMM_STR(node),
					 IOMM_STR(names[property]),
					 place % FDT_PLACE_ENTRIES));
	return iomm_copy_string(buf, len, text);
}

static void free_source(struct iomm_ctx *ctx, struct fdt_source *source)
{
	iomm_free(ctx, source->nodes,
		  (uint64_t)source->nr_nodes * sizeof(*source->nodes));
	iomm_free(ctx, source->blob, source->bytes);
	iomm_free(ctx, source, sizeof(*source));
}

static void destroy(struct iomm_firmware *firmware)
{
	free_source(firmware->obj.ctx, fdt_source(firmware));
}

static const struct iomm_firmware_ops fdt_ops = {
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

static int fail_damaged(struct iomm_ctx *ctx, int err, uint64_t bytes)
{
	return IOMM_FAIL(ctx, IOMM_EINVAL,
			 "not a device tree, or a damaged one: %s (%u bytes "
			 "given)%s",
			 IOMM_STR(fdt_strerror(err)), bytes,
			 IOMM_STR(err == -FDT_ERR_BADMAGIC
					  ? "; dtc -O dtb makes one from a .dts"
					  : ""));
}

static int check_size(struct iomm_ctx *ctx, uint64_t bytes)
{
	if (bytes > INT_MAX)
		return IOMM_FAIL(ctx, IOMM_EINVAL,
				 "a device tree of %u bytes is larger than any",
				 bytes);
	if (bytes < sizeof(struct fdt_header))
		return fail_damaged(ctx, -FDT_ERR_TRUNCATED, bytes);
	return 0;
}

static int read_source(struct iomm_ctx *ctx, struct fdt_source *source,
		       const void *blob, uint64_t bytes)
{
	int err;

	source->bytes = bytes;
	source->blob = iomm_alloc(ctx, bytes);
	if (!source->blob)
		return IOMM_FAIL(ctx, IOMM_ENOMEM,
				 "no memory for a device tree of %u bytes",
				 bytes);
	memcpy(source->blob, blob, (size_t)bytes);
	/* The copy, and not what it was made of: that may lie anywhere, and may
	 * be written by others. */
	err = fdt_check_full(source->blob, (size_t)bytes);
	if (err)
		return fail_damaged(ctx, err, bytes);
	source->nr_nodes = count_nodes(source->blob);
	source->nodes = iomm_alloc(ctx, (uint64_t)source->nr_nodes *
						sizeof(*source->nodes));
	if (!source->nodes)
		return IOMM_FAIL(ctx, IOMM_ENOMEM,
				 "no memory for the index of %u nodes",
				 source->nr_nodes);
	index_nodes(source);
	return 0;
}

int iomm_firmware_create_fdt(struct iomm_ctx *ctx, const void *blob,
			     uint64_t bytes, struct iomm_firmware **out)
{
	struct fdt_source *source;
	int err;

	if (!ctx)
		return -IOMM_EINVAL;
	if (!blob || !out)
		return iomm_fail_null(ctx, "iomm_firmware_create_fdt");
	iomm_enter(ctx);
	err = check_size(ctx, bytes);
	if (err)
		return iomm_leave(ctx, err);
	source = iomm_alloc(ctx, sizeof(*source));
	if (!source)
		return iomm_leave(ctx, IOMM_FAIL(ctx, IOMM_ENOMEM,
						 "no memory for a firmware "
						 "source"));
	err = read_source(ctx, source, blob, bytes);
	if (!err)
		err = iomm_firmware_create(ctx, &fdt_ops, source, out);
	if (err)
		free_source(ctx, source);
	return iomm_leave(ctx, err);
}
