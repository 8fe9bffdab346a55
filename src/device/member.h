/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What a probe makes of a device: a member of a group, with a binding for each
 * instance that the device is behind. It is made on the side, joins the group
 * under the group's claim, and belongs to the device from then on.
 */
#ifndef IOMM_DEVICE_MEMBER_H
#define IOMM_DEVICE_MEMBER_H

#include "base/index.h"
#include "device/fwspec.h"
#include "device/iommu.h"
#include "device/limits.h"

struct iomm_device;
struct iomm_group;

enum {
	IOMM_MARK_ID,  /* an ID */
	IOMM_MARK_KEY, /* what the driver's `group` answered */
};

/*
 * Something that an instance's devices go by. Those that have one in common
 * cannot be told apart, and are of one group.
 */
struct iomm_mark {
	struct iomm_index_entry entry; /* iomm_iommu.marks */
	struct iomm_iommu *iommu;
	struct iomm_group *group; /* its users hold it */
	uint64_t value;
	uint32_t kind;
	/* The registry's lock: members that have it, those that are about to
	 * join included. */
	uint32_t users;
	/* The group's claim: those whose drivers were told. */
	uint32_t joined;
	struct iomm_mark *next; /* on the way out */
};

/* A device at one instance. Aligned, since IDs come behind an array of them. */
struct iomm_binding {
	_Alignas(iomm_u64) struct iomm_list link; /* iomm_iommu.bindings while
						     `probed` */
	struct iomm_member *member;
	struct iomm_iommu *iommu; /* with a reference */
	void *priv;		  /* the driver's */
	iomm_u64 *ids;		  /* none twice */
	uint32_t nr_ids;
	struct iomm_mark **marks; /* of each ID, in the same order */
	bool probed;		  /* ops.release is owed */
};

/* Behind the bindings come their IDs, and behind these the marks. */
struct iomm_member {
	struct iomm_list link; /* iomm_group.members */
	struct iomm_device *device;
	struct iomm_fwspec *spec; /* with a reference */
	struct iomm_device_limits limits;
	struct iomm_group *group; /* with a reference; once it has formed */
	uint32_t nr_bindings, room;
	uint32_t nr_marks;
	struct iomm_mark **marks; /* of all bindings, IDs and keys */
	struct iomm_binding bindings[];
};

/* Has another member one of its IDs? The group's claim is held. */
bool iomm_member_shares_id(const struct iomm_member *member);

/* One without bindings; `spec` gets another reference. ENOMEM, with a sentence.
 */
int iomm_member_create(struct iomm_device *device, struct iomm_fwspec *spec,
		       const struct iomm_device_limits *limits,
		       struct iomm_member **out);
/* It has not joined, or has left. Takes NULL. */
void iomm_member_free(struct iomm_member *member);

/* Has the driver translate the device's next specifier. */
int iomm_member_add(struct iomm_member *member, struct iomm_iommu *iommu,
		    const struct iomm_specifier *specifier);

/*
 * Asks the drivers what else the device goes by, and finds the group that all of
 * this makes its own, or makes one: in one step for everybody, so that two who
 * form at once agree. EBUSY when there are two such groups.
 */
int iomm_member_form(struct iomm_member *member);

/*
 * With the group's claim held, and inside the presence of the instances: the
 * drivers take the device on, the IDs that are new to the group are blocked, and
 * what the group has attached is attached. Without effect when it fails.
 */
int iomm_member_join(struct iomm_member *member);

/* Undoes that; the claim is held. What the IDs that others have too are attached
 * to stays. */
void iomm_member_leave(struct iomm_member *member);

/* The group with an ID at an instance, with a reference; or NULL. */
struct iomm_group *iomm_iommu_group(struct iomm_iommu *iommu, uint64_t id);

bool iomm_binding_has_id(const struct iomm_binding *binding, uint64_t id);

/* Marks (mark.c). Making them asks the drivers for keys. Settling them counts
 * the member in, and gives it the group of those it shares, or `fresh`. */
int iomm_marks_make(struct iomm_member *member);
int iomm_marks_settle(struct iomm_member *member, struct iomm_group *fresh);
void iomm_marks_dismiss(struct iomm_member *member);
int iomm_mark_order(const void *key, const struct iomm_index_entry *entry);

/* Calls of one binding's driver (bind.c), inside the instance's presence. */

int iomm_binding_translate(struct iomm_binding *binding,
			   const struct iomm_specifier *specifier,
			   uint64_t *id);
/* What the device goes by besides its IDs: EOPNOTSUPP for nothing. */
int iomm_binding_key(struct iomm_binding *binding, uint64_t *key);
int iomm_binding_probe(struct iomm_binding *binding);
/* Blocks those IDs that no other member has. */
void iomm_binding_block_own(struct iomm_binding *binding);
void iomm_binding_release(struct iomm_binding *binding);

#endif
