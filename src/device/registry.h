/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What a context knows of devices and IOMMU instances. Entries are weak: an
 * object takes itself off when it goes, and who finds one takes a reference
 * unless the count is zero.
 */
#ifndef IOMM_DEVICE_REGISTRY_H
#define IOMM_DEVICE_REGISTRY_H

#include "base/ctx.h"
#include "base/list.h"

struct iomm_device;

struct iomm_registry {
	struct iomm_lock lock;
	struct iomm_list devices; /* iomm_device.link */
	struct iomm_list iommus;  /* iomm_iommu.link */
	struct iomm_list waiting; /* iomm_device.wait_link */
	struct iomm_list replay;  /* iomm_device.wait_link: due now */
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

/* Moves the devices that wait for a node to the replay list; the lock is held.
 */
void iomm_registry_replay(struct iomm_registry *registry, uint64_t node);

#endif
