/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A flattened device tree, indexed once so that no question costs a scan. */
#ifndef IOMM_DEVICE_FIRMWARE_FDT_H
#define IOMM_DEVICE_FIRMWARE_FDT_H

#include <libfdt.h>

#include "device/firmware.h"

/* A node's key is its place in the array, from 1; the root is 1. */
struct fdt_node {
	int offset;
	uint32_t parent; /* key; 0 for the root */
	uint32_t flags;	 /* IOMM_NODE_* */
	uint32_t phandle;
};

struct fdt_source {
	void *blob;
	uint64_t bytes;
	struct fdt_node *nodes;
	uint32_t nr_nodes;
};

static inline struct fdt_source *
fdt_source(const struct iomm_firmware *firmware)
{
	return firmware->data;
}

static inline const struct fdt_node *
fdt_node(const struct fdt_source *source, uint32_t key)
{
	return &source->nodes[key - 1];
}

/* The node's property as cells, in the blob's byte order; NULL when it has
 * none. `*count` is its length in whole cells. */
const fdt32_t *iomm_fdt_cells(const struct fdt_source *source, uint32_t key,
			      const char *name, uint32_t *count);

/* A property that is one cell, or `otherwise`. */
uint32_t iomm_fdt_cell(const struct fdt_source *source, uint32_t key,
		       const char *name, uint32_t otherwise);

/* A place: an entry of a property of a node. */
enum {
	FDT_PLACE_NODE, /* the node as such */
	FDT_PLACE_IOMMUS,
	FDT_PLACE_IOMMU_MAP,
	FDT_NR_PLACES,
};

#define FDT_PLACE_ENTRIES (1u << 24)

static inline uint64_t
fdt_place(uint32_t key, uint32_t property, uint32_t entry)
{
	return (uint64_t)key << 32 | property << 24 |
	       (entry < FDT_PLACE_ENTRIES ? entry : FDT_PLACE_ENTRIES - 1);
}

/* The IOMMUs of a device; see fdt_iommu.c. */
int iomm_fdt_add_iommus(struct iomm_firmware *firmware, uint32_t key,
			const uint64_t *inputs, uint32_t nr_inputs,
			struct iomm_fwspec_builder *b);

#endif
