/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef IOMM_DEVICE_GROUP_H
#define IOMM_DEVICE_GROUP_H

#include <iomm/group.h>

#include "base/claim.h"
#include "base/ctx.h"

struct iomm_group {
	struct iomm_object obj;
	uint32_t number;
	/* Held while what is attached changes; taken under a device's claim. */
	struct iomm_claim claim;
	/* Guards `attached` for readers that hold no claim. */
	struct iomm_lock lock;
	/* The domain, with a reference. To this folder it is just an object
	 * that is dropped when the device goes; NULL: all is blocked. */
	struct iomm_object *attached;
};

extern const struct iomm_object_type iomm_group_type;

int iomm_group_create(struct iomm_ctx *ctx, struct iomm_group **out);

/* Publishes another domain (taking over the caller's reference), or none, and
 * returns the old one with its reference. The claim is held. */
struct iomm_object *
iomm_group_swap(struct iomm_group *group, struct iomm_object *domain);

/* What is attached, with a reference more; or NULL. */
struct iomm_object *iomm_group_attached(struct iomm_group *group);

#endif
