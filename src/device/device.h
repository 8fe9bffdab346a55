/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef IOMM_DEVICE_DEVICE_H
#define IOMM_DEVICE_DEVICE_H

#include <iomm/device.h>

#include "base/claim.h"
#include "base/presence.h"
#include "device/bus.h"
#include "device/group.h"
#include "device/iommu.h"

struct iomm_release_action {
	struct iomm_release_action *next;
	void (*release)(void *data);
	void *data;
};

/* Something of a user's that stays until the device goes. Prepended under the
 * lock, read without. */
struct iomm_device_datum {
	struct iomm_device_datum *next;
	const void *key;
	void *data;
	void (*release)(void *data);
};

/* What a device can do, in somebody's words or in everybody's. */
struct iomm_device_limits {
	/* IOMM_DEVICE_PASID_BITS, _NUMA_NODE, _DEFAULT_DOMAIN, _COHERENT and
	 * _NOT_COHERENT: what was said. */
	uint32_t flags;
	uint32_t pasid_bits, numa_node, default_domain;
	uint64_t dma_mask;	      /* 2^n - 1: how far a domain may reach */
	uint64_t dma_first, dma_last; /* what of that the device can use */
	bool coherent;		      /* DMA snoops CPU caches */
};

struct iomm_device {
	struct iomm_object obj;
	struct iomm_list link;	    /* iomm_registry.devices */
	struct iomm_list wait_link; /* iomm_registry.waiting or .replay */
	uint64_t wait_node;	    /* registry lock: what it waits for */
	uint64_t deadline;	    /* registry lock: until when; 0: not set */

	struct iomm_bus *bus;
	char *name;
	uint64_t address;
	uint64_t probe_timeout;
	struct iomm_device_limits own; /* as its creator says */
	/* His description of what it stands behind; NULL: the bus and firmware
	 * are asked. */
	struct iomm_fwspec *spec;

	struct iomm_presence presence; /* refused: removed, or being removed */
	/* Under the lock: removals under way, and whether one ran out of time,
	 * so that entry stays refused. */
	uint32_t removers;
	bool closed;
	/* Gone, with nobody inside: on the registry's stack, or its list. */
	_Atomic bool announced;
	struct iomm_device *gone_next;
	struct iomm_list gone_link; /* registry lock */
	/* Held by the one thread that probes, removes, attaches, detaches. */
	struct iomm_claim claim;
	_Atomic uint32_t probes; /* finished so far */
	int result;		 /* of the last one; under the claim */

	/* What follows changes under claim and lock, and is read under either.
	 */
	struct iomm_lock lock;
	uint32_t state; /* IOMM_DEVICE_* */
	/* Its creator's and firmware's words together; once bound. */
	struct iomm_device_limits limits;
	struct iomm_binding *bindings;
	uint32_t nr_bindings;
	struct iomm_group *group;
	struct iomm_release_action *releases;	  /* newest first; lock only */
	_Atomic(struct iomm_device_datum *) data; /* newest first */
};

extern const struct iomm_object_type iomm_device_type;

void iomm_device_set_state(struct iomm_device *device, uint32_t state);

/* ENODEV, with the sentence for a device that is not present. */
int iomm_device_fail_gone(struct iomm_device *device);

/* Reads what a new device is created with. What it takes over is the device's to
 * free, on failure too. */
int iomm_device_configure(struct iomm_device *device,
			  const struct iomm_device_config *config);

/* What the device stands behind: as its creator says, or its bus and firmware;
 * and its limits, in all their words. */
int iomm_device_describe(struct iomm_device *device, struct iomm_fwspec **spec,
			 struct iomm_device_limits *limits);

/* Is the calling thread inside? */
bool iomm_device_inside(struct iomm_device *device);

/* Leaves a presence that was entered: the last one out of a device that is gone
 * has it removed. */
void iomm_device_leave(struct iomm_device *device);

/* Takes it away from everything, with nobody inside and the claim held, or when
 * nobody can take that. */
void iomm_device_take_away(struct iomm_device *device);

/* For iomm_ctx_run(): removes devices that are gone. And is there one? Under the
 * registry's lock. */
void iomm_device_remove_gone(struct iomm_ctx *ctx);
bool iomm_device_any_gone(struct iomm_ctx *ctx);

/* With the last reference: off the list of those that are gone; and what users
 * kept with it is released. */
void iomm_device_forget_gone(struct iomm_device *device);
void iomm_device_release_data(struct iomm_device *device);

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
