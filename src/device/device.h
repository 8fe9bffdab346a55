/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef IOMM_DEVICE_DEVICE_H
#define IOMM_DEVICE_DEVICE_H

#include <iomm/device.h>

#include "base/claim.h"
#include "base/presence.h"
#include "device/bus.h"
#include "device/group.h"
#include "device/iommu.h"

/* Something of a user's that stays until the device goes. Prepended under the
 * lock, read without. */
struct iomm_device_datum {
	struct iomm_device_datum *next;
	const void *key;
	void *data;
	void (*release)(void *data);
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
void iomm_device_step_out(struct iomm_device *device);

/* The last reference is gone, and nobody can take the claim any more. What was
 * tied to its presence goes; true when nobody has the group's claim, which it has
 * then, and with which iomm_device_vanish() takes it away from everything. */
bool iomm_device_end(struct iomm_device *device);
void iomm_device_vanish(struct iomm_device *device);

/* For iomm_ctx_run(): removes devices that are gone. And is there one? Under the
 * registry's lock. */
void iomm_device_remove_gone(struct iomm_ctx *ctx);
bool iomm_device_any_gone(struct iomm_ctx *ctx);

/* With the last reference: off the list of those that are gone; and what users
 * kept with it is released. */
void iomm_device_forget_gone(struct iomm_device *device);
void iomm_device_release_data(struct iomm_device *device);

/* Presence ends: what was tied to it goes, newest first, while the IOMMU is
 * still there. Nobody is inside, and entry is never allowed again. */
void iomm_device_run_releases(struct iomm_device *device);

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

/* What was due, and taken off for a probe that was none, is due again. */
void iomm_device_put_back(struct iomm_device *device);

/* Makes it due if it waits and is on no queue: a removal that was none may have
 * turned away the probe that took it off. */
void iomm_device_resume_waiting(struct iomm_device *device);

#endif
