/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "device/firmware/fdt.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* The index */

static bool has(const void *blob, int offset, const char *name)
{
	return fdt_getprop(blob, offset, name, NULL);
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
	if (iomm_fdt_is(blob, offset, "device_type", "pci") &&
	    !(above && iomm_fdt_is(blob, above->offset, "device_type", "pci")))
		flags |= IOMM_NODE_PCI_HOST;
	if (iomm_fdt_is(blob, offset, "device_type", "memory"))
		flags |= IOMM_NODE_MEMORY;
	if ((inherited & IOMM_NODE_AVAILABLE) &&
	    iomm_fdt_available(blob, offset))
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

static int compare_phandles(const void *left, const void *right)
{
	const struct fdt_phandle *a = left, *b = right;

	if (a->phandle != b->phandle)
		return a->phandle < b->phandle ? -1 : 1;
	return a->key < b->key ? -1 : a->key > b->key;
}

static void index_phandles(struct fdt_source *source)
{
	uint32_t key, phandle;

	for (key = 1; key <= source->nr_nodes; key++) {
		/* 0: libfdt found none that is valid. */
		phandle = fdt_node(source, key)->phandle;
		if (phandle)
			source->phandles[source->nr_phandles++] =
				(struct fdt_phandle){ phandle, key };
	}
	qsort(source->phandles, source->nr_phandles, sizeof(*source->phandles),
	      compare_phandles);
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

static int
info(struct iomm_firmware *firmware, uint32_t key, struct iomm_node_info *out)
{
	const struct fdt_source *source = fdt_source(firmware);
	int err = check_key(firmware, key);
	uint64_t base, bytes;

	if (err)
		return err;
	out->flags = fdt_node(source, key)->flags;
	out->iommu_cells = iomm_fdt_cell(source, key, "#iommu-cells", 0);
	if (!iomm_fdt_reg(source, key, 0, &base, &bytes))
		return 0;
	out->reg_base = base;
	out->reg_bytes = bytes;
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

	return err ? err
		   : iomm_fdt_describe(firmware, key, inputs, nr_inputs, b);
}

static void free_source(struct iomm_ctx *ctx, struct fdt_source *source)
{
	iomm_free(ctx, source->phandles,
		  (uint64_t)source->nr_nodes * sizeof(*source->phandles));
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
	.place = iomm_fdt_place,
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
	source->phandles = iomm_alloc(ctx, (uint64_t)source->nr_nodes *
						   sizeof(*source->phandles));
	if (!source->nodes || !source->phandles)
		return IOMM_FAIL(ctx, IOMM_ENOMEM,
				 "no memory for the index of %u nodes",
				 source->nr_nodes);
	index_nodes(source);
	index_phandles(source);
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
