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

/* The nodes that have one, in the order of (phandle, key). */
struct fdt_phandle {
	uint32_t phandle, key;
};

struct fdt_source {
	void *blob;
	uint64_t bytes;
	struct fdt_node *nodes;
	struct fdt_phandle *phandles; /* room for nr_nodes */
	uint32_t nr_nodes, nr_phandles;
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

/* Reading: fdt_read.c */

bool iomm_fdt_has(const struct fdt_source *source, uint32_t key,
		  const char *name);

/* Is the property just this string? */
bool iomm_fdt_is(const void *blob, int offset, const char *name,
		 const char *value);

/* The node's property as cells, in the blob's byte order; NULL when it has
 * none. `*count` is its length in whole cells. */
const fdt32_t *iomm_fdt_cells(const struct fdt_source *source, uint32_t key,
			      const char *name, uint32_t *count);

/* As that; EINVAL with a sentence when it is not whole cells. */
int iomm_fdt_read_cells(struct iomm_firmware *firmware, uint32_t key,
			const char *name, const fdt32_t **cells,
			uint32_t *count);

/* A property of one cell: EINVAL with a sentence when it has another length.
 * `*found` is false, and the value untouched, when there is none. */
int iomm_fdt_read_cell(struct iomm_firmware *firmware, uint32_t key,
		       const char *name, uint32_t *value, bool *found);

/* A property that is one cell at least, or `otherwise`. */
uint32_t iomm_fdt_cell(const struct fdt_source *source, uint32_t key,
		       const char *name, uint32_t otherwise);

/* How many cells an address, or a length, takes on the bus below a node. */
uint32_t iomm_fdt_address_cells(const struct fdt_source *source, uint32_t bus);
uint32_t iomm_fdt_size_cells(const struct fdt_source *source, uint32_t bus);

/* A number of up to two cells. */
uint64_t iomm_fdt_number(const fdt32_t *cells, uint32_t count);

/* The key of the node with a phandle; 0: there is none. */
uint32_t iomm_fdt_by_phandle(const struct fdt_source *source, uint32_t phandle);

/* As that; `code` with a sentence when there is none. `property` of `key` is
 * where the phandle was found. */
int iomm_fdt_follow(struct iomm_firmware *firmware, uint32_t key,
		    const char *property, uint32_t phandle, int code,
		    uint32_t *found);

/* Formats a failure that names the node. */
#define IOMM_FDT_FAIL(firmware, key, code, ...) \
	iomm_fdt_fail((firmware), (key), (code), IOMM_TEXT(__VA_ARGS__))
int iomm_fdt_fail(struct iomm_firmware *firmware, uint32_t key, int code,
		  const uint64_t *text);

/* The n-th entry of `reg`, as the CPU sees it. False when there is none, or it
 * cannot be seen from there. fdt_bus.c */
bool iomm_fdt_reg(const struct fdt_source *source, uint32_t key, uint32_t n,
		  uint64_t *base, uint64_t *bytes);

/* `status` is absent, "okay" or "ok". */
bool iomm_fdt_available(const void *blob, int offset);

/* The ops entries; fdt_describe.c. */
int iomm_fdt_describe(struct iomm_firmware *firmware, uint32_t key,
		      const uint64_t *inputs, uint32_t nr_inputs,
		      struct iomm_fwspec_builder *b);
int iomm_fdt_place(struct iomm_firmware *firmware, uint64_t place, char *buf,
		   uint64_t len);

/* Places: an entry of a property of a node. */
enum {
	FDT_PLACE_NODE, /* the node as such */
	FDT_PLACE_IOMMUS,
	FDT_PLACE_IOMMU_MAP,
	FDT_PLACE_DMA_RANGES,
	FDT_PLACE_IOMMU_ADDRESSES,
	FDT_PLACE_MSI_PARENT,
	FDT_PLACE_MSI_MAP,
	FDT_NR_PLACES,
};

extern const char *const iomm_fdt_place_names[FDT_NR_PLACES];

#define FDT_PLACE_ENTRIES (1u << 24)

static inline uint64_t
fdt_place(uint32_t key, uint32_t property, uint32_t entry)
{
	return (uint64_t)key << 32 | property << 24 |
	       (entry < FDT_PLACE_ENTRIES ? entry : FDT_PLACE_ENTRIES - 1);
}

/* What a device is asked about. */
struct fdt_question {
	struct iomm_firmware *firmware;
	uint32_t key; /* the device, or the bridge before it */
	const uint64_t *inputs;
	uint32_t nr_inputs; /* 0: the device is the node */
	struct iomm_fwspec_builder *b;
};

/* Each adds its part of the answer: fdt_iommu.c, fdt_dma.c, fdt_region.c. */
int iomm_fdt_add_iommus(const struct fdt_question *q);
int iomm_fdt_add_dma_ranges(const struct fdt_question *q);
int iomm_fdt_add_regions(const struct fdt_question *q);

/* An entry of a map (iommu-map, msi-map) that has an ID. */
struct fdt_mapping {
	uint32_t phandle;
	uint32_t output;
	uint32_t entry;
	bool found;
};

/* Looks an ID up, masked by the property that is called `mask_name`. Not to be
 * found is no failure; a malformed map is. */
int iomm_fdt_map(struct iomm_firmware *firmware, uint32_t key, const char *name,
		 const char *mask_name, uint64_t id, struct fdt_mapping *out);

/* Where a node's DMA goes next (fdt_bus.c): its parent, or what it names as
 * "dma-mem" among its interconnects; 0: it is there. */
int iomm_fdt_dma_parent(struct iomm_firmware *firmware, uint32_t key,
			uint32_t *parent);

/* One step further on that way, the `*steps`-th from the device on. What
 * interconnects name can be below it again, and then the way never ends: EINVAL
 * with a sentence. */
int iomm_fdt_step_up(struct iomm_firmware *firmware, uint32_t *key,
		     uint32_t *steps);

/* Is DMA from the node coherent? */
int iomm_fdt_coherent(struct iomm_firmware *firmware, uint32_t key,
		      bool *coherent);

#endif
