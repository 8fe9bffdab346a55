/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A firmware source: what each kind of it must answer. */
#ifndef IOMM_DEVICE_FIRMWARE_H
#define IOMM_DEVICE_FIRMWARE_H

#include <iomm/firmware.h>

#include "base/ctx.h"
#include "device/fwspec.h"

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
	 * All of a device: that at the node itself or, with input IDs, the one
	 * whose DMA arrives at the node under those. ENODEV: no IOMMU is
	 * described, for one of the IDs perhaps, or it is disabled or missing.
	 * Has no effects but on the builder, which is thrown away when it
	 * fails.
	 */
	int (*describe)(struct iomm_firmware *firmware, uint32_t key,
			const uint64_t *inputs, uint32_t nr_inputs,
			struct iomm_fwspec_builder *b);
	/* A place as text, under the rule for strings. Places are the source's
	 * own numbers, and callers may make them up. */
	int (*place)(struct iomm_firmware *firmware, uint64_t place, char *buf,
		     uint64_t len);
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

/* The source's own key of a node; EINVAL when the node is of another. */
int iomm_firmware_key(struct iomm_firmware *firmware, uint64_t node,
		      uint32_t *key);

/* The node's path for a sentence, or its number where it has none, cut to what
 * fits; `firmware` may be NULL. */
void iomm_firmware_name(struct iomm_firmware *firmware, uint64_t node,
			char *buf, uint64_t len);

#endif
