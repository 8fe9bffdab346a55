/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef IOMM_DEVICE_DEVICE_H
#define IOMM_DEVICE_DEVICE_H

#include <iomm/device.h>

#include "base/claim.h"
#include "base/presence.h"
#include "device/bus.h"
#include "device/group.h"
#include "device/iommu.h"

struct iomm_device {
	struct iomm_object obj;
	struct iomm_list link;	    /* iomm_registry.devices */
	struct iomm_list wait_link; /* iomm_registry.waiting or .replay */
	uint64_t wait_node;	    /* registry lock: what it waits for */
	uint64_t deadline;	    /* registry lock: until when; 0: not set */

	struct iomm_bus *bus;
	char *name;
	uint64_t address;
	uint64_t dma_mask;
	uint64_t probe_timeout;

	struct iomm_presence presence; /* refused: removed, or being removed */
	/* Under the lock: removals under way, and whether one ran out of time,
	 * so that entry stays refused. */
	uint32_t removers;
	bool closed;
	/* Held by the one thread that probes, removes, attaches, detaches. */
	struct iomm_claim claim;
	_Atomic uint32_t probes; /* finished so far */
	int result;		 /* of the last one; under the claim */

	/* What follows changes under claim and lock, and is read under either.
	 */
	struct iomm_lock lock;
	uint32_t state; /* IOMM_DEVICE_* */
	bool coherent;	/* DMA snoops CPU caches; once bound */
	struct iomm_binding *bindings;
	uint32_t nr_bindings;
	struct iomm_group *group;
	struct iomm_release_action *releases; /* newest first; lock only */
};

extern const struct iomm_object_type iomm_device_type;

void iomm_device_set_state(struct iomm_device *device, uint32_t state);

/* ENODEV, with the sentence for a device that is not present. */
int iomm_device_fail_gone(struct iomm_device *device);

/* Presence ends: what was tied to it goes, newest first, while the IOMMU is
 * still there. Nobody is inside, and entry is never allowed again. */
void iomm_device_run_releases(struct iomm_device *device);

/* With the claim held: undoes a probe and goes to another state. */
void iomm_device_unbind(struct iomm_device *device, uint32_t state);

/* For an instance that is being unregistered: unbinds the device if it is bound
 * there, and has it wait for the instance's node. */
int iomm_device_lost_iommu(struct iomm_device *device, struct iomm_iommu *iommu,
			   uint64_t deadline);

/* No node: any instance will do. */
#define IOMM_ANY_NODE 0

/* Queues the device until a node has an instance; the registry's lock is held.
 */
void iomm_device_wait_for(struct iomm_device *device, uint64_t node);

/* Takes it off the queue, if it is on one. */
void iomm_device_stop_waiting(struct iomm_device *device);

#endif
