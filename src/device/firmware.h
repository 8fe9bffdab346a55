/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A firmware source: what each kind of it must answer. */
#ifndef IOMM_DEVICE_FIRMWARE_H
#define IOMM_DEVICE_FIRMWARE_H

#include <iomm/firmware.h>

#include "base/ctx.h"

/* Longest specifier. #iommu-cells of 4 is the most that is in use. */
#define IOMM_SPECIFIER_CELLS 8u

/* One IOMMU that a device stands behind, as firmware says it. */
struct iomm_specifier {
	uint64_t iommu; /* its node */
	uint32_t nr_cells;
	uint32_t cells[IOMM_SPECIFIER_CELLS];
};

struct iomm_firmware;

/* `node` is the source's own key: never 0, and known to be one it issued as
 * far as the number goes. Errors come with a sentence. */
struct iomm_firmware_ops {
	int (*next)(struct iomm_firmware *firmware, uint32_t flags,
		    uint32_t prev, uint32_t *out);
	int (*find)(struct iomm_firmware *firmware, const char *path,
		    uint32_t *out);
	int (*info)(struct iomm_firmware *firmware, uint32_t key,
		    struct iomm_node_info *info);
	int (*path)(struct iomm_firmware *firmware, uint32_t key, char *buf,
		    uint64_t len);
	int (*compatible)(struct iomm_firmware *firmware, uint32_t key,
			  const char *compatible);
	/*
	 * The IOMMUs of a device: those of its own node, or, with an input ID,
	 * those to which the bridge at the node maps that ID. Fills up to
	 * *count, and sets it to what there are. ENODEV: none described, or one
	 * that is disabled or missing.
	 */
	int (*specifiers)(struct iomm_firmware *firmware, uint32_t key,
			  const uint64_t *input, struct iomm_specifier *out,
			  uint32_t *count);
	void (*destroy)(struct iomm_firmware *firmware);
};

struct iomm_firmware {
	struct iomm_object obj;
	const struct iomm_firmware_ops *ops;
	void *data;
	uint32_t number; /* unique in the context; the high half of its nodes */
};

extern const struct iomm_object_type iomm_firmware_type;

/* For a kind of source: makes the object. `data` stays the caller's when this
 * fails; else ops->destroy frees it. */
int iomm_firmware_create(struct iomm_ctx *ctx,
			 const struct iomm_firmware_ops *ops, void *data,
			 struct iomm_firmware **out);

/* Between a source's own keys and the nodes that callers see. */
static inline uint64_t
iomm_firmware_node(const struct iomm_firmware *firmware, uint32_t key)
{
	return (uint64_t)firmware->number << 32 | key;
}

/* As the op, with nodes; EINVAL when the node is of another source. */
int iomm_firmware_specifiers(struct iomm_firmware *firmware, uint64_t node,
			     const uint64_t *input, struct iomm_specifier *out,
			     uint32_t *count);

/* Flags of a node, without ceremony; 0 when it is not of this source. */
uint32_t iomm_firmware_flags(struct iomm_firmware *firmware, uint64_t node);

/* The node's path for a sentence, cut to what fits. */
void iomm_firmware_name(struct iomm_firmware *firmware, uint64_t node,
			char *buf, uint64_t len);

#endif
