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

struct iomm_device {
	struct iomm_object obj;
	struct iomm_list link;		 /* iomm_registry.devices */
	struct iomm_index_entry by_name; /* in the registry */
	struct iomm_list leave_link;	 /* iomm_group.leaving */

	/* What waits, under the registry's lock. Devices that wait for one node
	 * are a ring, of which the first stands in the index; or else they are
	 * due. */
	struct iomm_list wait_link;	/* the ring, or iomm_registry.replay */
	struct iomm_index_entry queue;	/* iomm_registry.waiting */
	struct iomm_index_entry expiry; /* .deadlines, if there is one */
	uint64_t wait_node;		/* what it waits for */
	uint64_t deadline;		/* until when; 0: not set */

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
	/* Held by the one thread that probes or removes. */
	struct iomm_claim claim;
	_Atomic uint32_t probes; /* finished so far */
	int result;		 /* of the last one; under the claim */

	/* What follows changes under claim and lock, and is read under either.
	 */
	struct iomm_lock lock;
	uint32_t state; /* IOMM_DEVICE_* */
	/* Once bound; under the group's claim too. */
	struct iomm_member *member;
	struct iomm_release_action *releases; /* newest first; lock only */
};

extern const struct iomm_object_type iomm_device_type;

void iomm_device_set_state(struct iomm_device *device, uint32_t state);

/* ENODEV, with the sentence for a device that is not present. */
int iomm_device_fail_gone(struct iomm_device *device);

/* The last step of a probe, which cannot fail: the device is bound from now on,
 * and others see it in the group. Claims of both are held. */
void iomm_device_publish(struct iomm_device *device,
			 struct iomm_member *member);

/* With both claims held: undoes a probe, and ends the group's. */
void iomm_device_leave(struct iomm_device *device, uint32_t state);

/* With the claim held: undoes a probe, under the claim of the group, and goes to
 * another state. What fails is getting that claim. */
int iomm_device_unbind(struct iomm_device *device, uint32_t state,
		       uint64_t deadline);
/* Waits until it could be unbound. */
int iomm_device_may_unbind(struct iomm_device *device, uint64_t deadline);

/* The group that the device is in, with a reference and with its claim, which
 * keep it bound there until iomm_device_end_group(). ENODEV when it is in none,
 * or is being removed. */
int iomm_device_begin_group(struct iomm_device *device,
			    struct iomm_group **out);
void iomm_device_end_group(struct iomm_group *group);

/* Probes a device that was due. `*barred`: somebody else is at work on it or its
 * group, and this thread may not wait, or cannot; then it is due still. */
int iomm_device_probe_due(struct iomm_device *device, bool *barred);

/* For an instance that is being unregistered: unbinds the device if it is bound
 * there, and has it wait for the instance's node. */
int iomm_device_lost_iommu(struct iomm_device *device, struct iomm_iommu *iommu,
			   uint64_t deadline);

/* No node: any instance will do. */
#define IOMM_ANY_NODE 0

/* Queues the device until a node has an instance; the registry's lock is held.
 */
void iomm_device_wait_for(struct iomm_device *device, uint64_t node);

/* Takes it off the queue; was it on one, or due? */
bool iomm_device_stop_waiting(struct iomm_device *device);

/* Is it on one, or due? The registry's lock is held. */
bool iomm_device_waits(const struct iomm_device *device);

/* Makes it due if it waits and is on no queue: a removal that was none may have
 * turned away the probe that took it off. */
void iomm_device_resume_waiting(struct iomm_device *device);

#endif
