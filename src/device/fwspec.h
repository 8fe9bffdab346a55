/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What firmware says about one device, and how a source puts it together. */
#ifndef IOMM_DEVICE_FWSPEC_H
#define IOMM_DEVICE_FWSPEC_H

#include <iomm/fwspec.h>

#include "base/ctx.h"

/* More of anything than a machine has: what hostile firmware can make the
 * library allocate and compare ends here. */
#define IOMM_FWSPEC_MAX 1024u

struct iomm_fwspec_array {
	void *items;
	uint32_t nr, room;
};

struct iomm_fwspec_limits {
	uint32_t flags; /* IOMM_FWSPEC_*, but for DMA_RANGE */
	uint32_t pasid_bits, address_bits, numa_node;
};

/* Collects; owns its memory. Errors of all functions come with a sentence, and
 * what was added stays good then. */
struct iomm_fwspec_builder {
	struct iomm_ctx *ctx;
	struct iomm_firmware *firmware;	  /* NULL: nobody's nodes */
	struct iomm_fwspec_array iommus;  /* struct iomm_specifier */
	struct iomm_fwspec_array regions; /* struct iomm_reserved_region */
	struct iomm_fwspec_array ranges;  /* struct iomm_dma_range */
	struct iomm_fwspec_limits limits;
};

/* The same cells at the same IOMMU are noted once, with the first place. */
int iomm_fwspec_add_specifier(struct iomm_fwspec_builder *b, uint64_t iommu,
			      const uint32_t *cells, uint32_t nr_cells,
			      uint64_t place);
/* The same; `iommu` is the source's own key. */
int iomm_fwspec_add_iommu(struct iomm_fwspec_builder *b, uint32_t iommu,
			  const uint32_t *cells, uint32_t nr_cells,
			  uint64_t place);

/* `size` is filled in here. EINVAL when it ends before it starts. A region that
 * differs in its place only is noted once. */
int iomm_fwspec_add_region(struct iomm_fwspec_builder *b,
			   const struct iomm_reserved_region *region);

/* As iomm_fwspec_add_region(). */
int iomm_fwspec_add_dma_range(struct iomm_fwspec_builder *b,
			      const struct iomm_dma_range *range);

/* Can it be? For sources that do not make theirs up. A flaw is written to
 * `flaw`, which has IOMM_FLAW_TEXT bytes. */
#define IOMM_FLAW_TEXT 128u
bool iomm_fwspec_region_flaw(const struct iomm_reserved_region *region,
			     char *flaw);
bool iomm_fwspec_range_flaw(const struct iomm_dma_range *range, char *flaw);

/* Width of the widest PASIDs (PCI Express Base Specification, 6.20). */
#define IOMM_FWSPEC_PASID_BITS 20u

/* To be written to. */
static inline struct iomm_fwspec_limits *
iomm_fwspec_limits(struct iomm_fwspec_builder *b)
{
	return &b->limits;
}

/* Nobody writes to it once it has left iomm_firmware_describe(). */
struct iomm_fwspec {
	struct iomm_object obj; /* `built` holds the source */
	struct iomm_fwspec_builder built;
};

extern const struct iomm_object_type iomm_fwspec_type;

/* One that is to be filled; `firmware` may be NULL. */
struct iomm_fwspec *
iomm_fwspec_create(struct iomm_ctx *ctx, struct iomm_firmware *firmware);

/* iomm_firmware_lookup() for the library itself: the caller has entered the
 * context, and the node may be of another source (EINVAL). */
int iomm_firmware_describe(struct iomm_firmware *firmware, uint64_t node,
			   const uint64_t *inputs, uint32_t nr_inputs,
			   struct iomm_fwspec **out);

static inline uint32_t iomm_fwspec_nr_iommus(const struct iomm_fwspec *spec)
{
	return spec->built.iommus.nr;
}

static inline const struct iomm_specifier *
iomm_fwspec_specifier(const struct iomm_fwspec *spec, uint32_t index)
{
	return (const struct iomm_specifier *)spec->built.iommus.items + index;
}

#endif
