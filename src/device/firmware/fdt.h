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

/* The ops entry; see fdt_iommu.c. */
int iomm_fdt_specifiers(struct iomm_firmware *firmware, uint32_t key,
			const uint64_t *input, struct iomm_specifier *out,
			uint32_t *count);

#endif
