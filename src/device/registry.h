/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What a context knows of devices and IOMMU instances. Entries are weak: an
 * object takes itself off when it goes, and who finds one takes a reference
 * unless the count is zero.
 */
#ifndef IOMM_DEVICE_REGISTRY_H
#define IOMM_DEVICE_REGISTRY_H

#include "base/ctx.h"
#include "base/index.h"
#include "base/list.h"

struct iomm_device;
struct iomm_iommu;

struct iomm_registry {
	struct iomm_lock lock;
	struct iomm_list devices;    /* iomm_device.link */
	struct iomm_index by_name;   /* the same: iomm_device.by_name */
	struct iomm_list iommus;     /* iomm_iommu.link */
	struct iomm_index by_node;   /* the same: iomm_iommu.by_node */
	struct iomm_index waiting;   /* iomm_device.queue, by wait_node */
	struct iomm_index deadlines; /* iomm_device.expiry, by deadline */
	struct iomm_list replay;     /* iomm_device.wait_link: due now */
	/* Devices that are gone: those that were said to be, which takes no
	 * lock, and those that the registry has seen since. */
	_Atomic(struct iomm_device *) gone_stack; /* iomm_device.gone_next */
	struct iomm_list gone;			  /* iomm_device.gone_link */
	uint32_t next_group;
	uint32_t next_firmware;
	bool sealed; /* no more instances will come */
};

extern const struct iomm_subsys iomm_device_subsys;

static inline struct iomm_registry *iomm_registry(struct iomm_ctx *ctx)
{
	return ctx->state[IOMM_SUBSYS_DEVICE];
}

/* For all that follows the lock is held. */

/* The present device of a name, with a reference; or NULL. */
struct iomm_device *
iomm_registry_find_device(struct iomm_registry *registry, const char *name);
void iomm_registry_add_device(struct iomm_registry *registry,
			      struct iomm_device *device);
void iomm_registry_remove_device(struct iomm_registry *registry,
				 struct iomm_device *device);

/* Takes devices off a list, whose link lies `offset` into them, up to the first
 * that is not going. That one, with a reference; NULL: none was left. */
struct iomm_device *iomm_registry_take(struct iomm_list *list, size_t offset);

/* The instance of a node, also one that is going, without a reference. A node
 * has one at most. */
struct iomm_iommu *
iomm_registry_find_iommu(struct iomm_registry *registry, uint64_t node);
void iomm_registry_add_iommu(struct iomm_registry *registry,
			     struct iomm_iommu *iommu);
void iomm_registry_remove_iommu(struct iomm_registry *registry,
				struct iomm_iommu *iommu);

/* Makes the devices due that wait for a node, and those that wait for any. */
void iomm_registry_replay(struct iomm_registry *registry, uint64_t node);

#endif
