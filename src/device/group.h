/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Groups, as the library sees them: a list of members, a claim under which they
 * and what is attached to them change, and what the domains keep here.
 */
#ifndef IOMM_DEVICE_GROUP_H
#define IOMM_DEVICE_GROUP_H

#include <iomm/group.h>

#include "base/claim.h"
#include "base/ctx.h"
#include "base/list.h"
#include "device/member.h"

/* What is attached to a group. It belongs to the domains' code: it changes under
 * the group's claim and lock, and is read under either. To this folder domains
 * are just objects, and nothing here looks into them. */
struct iomm_group_domains {
	/* Objects, with a reference; NULL: all is blocked. `fallback` is the
	 * default domain. `quiet` is for when nothing may be attached, and is
	 * made when it is needed for the first time. */
	struct iomm_object *attached; /* the user's; or NULL */
	struct iomm_object *fallback, *quiet;
	uint32_t default_type; /* IOMM_DOMAIN_*; ANY without members */
	bool wished;	       /* some member has asked for that type */
	/* DMA ownership. */
	const void *owner;
	uint32_t claims; /* of the owner */
	uint32_t users;	 /* of the default domain; under the lock alone */
	/* Address spaces of members that have a domain of their own. */
	struct iomm_index pasids;
};

struct iomm_group {
	struct iomm_object obj;
	uint32_t number;
	char name[20]; /* "group 7", for sentences */
	/* Held while anything about the group changes, callbacks included. Taken
	 * after an instance's and a device's. */
	struct iomm_claim claim;
	struct iomm_lock lock;
	/* Under claim and lock; read under either. Without members the group is
	 * dead, and its calls answer ENODEV. */
	struct iomm_list members; /* iomm_member.link, in the order they came */
	uint32_t nr_members;
	/* Under the lock: devices whose last reference has gone, and which wait
	 * for the claim to leave (iomm_device.leave_link). */
	struct iomm_list leaving;
	struct iomm_group_domains domains;
};

extern const struct iomm_object_type iomm_group_type;

/*
 * What the domains do when devices come and go. Called with the claim held, and
 * outside of locks. They use the drivers' callbacks: in `join` inside the presence
 * of the instances, and in `leave` while these have to wait for the device.
 */
struct iomm_group_ops {
	/*
	 * A member is about to join; it is not in the list, which is empty for
	 * the first one. Its drivers have taken it on, and block those of its
	 * IDs that no member has. Attaches to it what is attached to the group,
	 * or is to be; for the first one that is chosen now. What fails comes
	 * with a sentence, and has had no effect. After success nothing fails.
	 */
	int (*join)(struct iomm_group *group, struct iomm_member *member);
	/* It is about to leave, and is in the list yet. Undoes what is its
	 * alone: PASIDs. Its own IDs are blocked, and its drivers let it go,
	 * when this returns. */
	void (*leave)(struct iomm_group *group, struct iomm_member *member);
	/* It has left, no hardware works for it any more, and it is not in the
	 * list. If that is empty everything that is attached is dropped. */
	void (*left)(struct iomm_group *group, struct iomm_member *member);
};

/* The domains', see src/subsystems.c: arrows run down, and this folder knows
 * nobody above it. */
extern const struct iomm_group_ops *const iomm_group_ops;

/* One without a number or members. ENOMEM, with a sentence. */
int iomm_group_create(struct iomm_ctx *ctx, struct iomm_group **out);
void iomm_group_set_number(struct iomm_group *group, uint32_t number);

/* The claim. Whoever has it keeps a reference on the group until after the end.
 * The end is also when devices that could not leave meanwhile are put on the reap
 * list again: within iomm_enter() and iomm_leave(). */
int iomm_group_begin(struct iomm_group *group, uint64_t deadline);
void iomm_group_end(struct iomm_group *group);

/* For the last reference on a member: takes the claim, or, where that would wait,
 * hands the device to whoever has it, who puts it on the reap list again. False
 * then, and the device must not be touched any more. */
bool iomm_group_try_leaving(struct iomm_group *group,
			    struct iomm_device *device);

/* With the claim: the sentence for a group without members, ENODEV; or 0. */
int iomm_group_check_alive(struct iomm_group *group);

/* Adds a member to the list, where others see it, and takes it off. The claim is
 * held; for adding the device's lock too. */
void iomm_group_add(struct iomm_group *group, struct iomm_member *member);
void iomm_group_remove(struct iomm_group *group, struct iomm_member *member);

/* With the claim: enters the presence of all instances of all members, so that
 * their drivers may be called. ENODEV when one of them is on its way out, and
 * none is entered then. */
int iomm_group_enter(struct iomm_group *group);
void iomm_group_exit(struct iomm_group *group);

/* The members, with claim or lock. */
#define iomm_group_for_each(pos, group) \
	iomm_list_for_each ((pos), &(group)->members)

static inline struct iomm_member *iomm_member_at(struct iomm_list *pos)
{
	return iomm_container_of(pos, struct iomm_member, link);
}

#endif
