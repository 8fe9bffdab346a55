/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/**
 * @file
 * Groups: devices that the IOMMU cannot tell apart, and that therefore share
 * whatever domain is attached.
 *
 * A device finds its group when it is probed: that of the devices with which it
 * has an ID in common at one of its instances, or what the instance's driver
 * says is as good as one; or a group of its own. A group never splits, and two
 * that are in use are never joined.
 */
#ifndef IOMM_GROUP_H
#define IOMM_GROUP_H

#include <iomm/fwspec.h>
#include <iomm/types.h>

/** Somebody owns it, and nobody else may attach anything. */
#define IOMM_GROUP_CLAIMED  (1u << 0)
/** A user's domain is attached. */
#define IOMM_GROUP_ATTACHED (1u << 1)
/** Its default domain is in use. */
#define IOMM_GROUP_IN_USE   (1u << 2)
/** It has no devices any more. */
#define IOMM_GROUP_DEAD	    (1u << 3)

/** What a group is at the moment. */
struct iomm_group_info {
	uint32_t size;	       /**< in: the caller's; out: the library's */
	uint32_t number;       /**< as iomm_group_number() */
	uint32_t flags;	       /**< IOMM_GROUP_* */
	uint32_t nr_devices;   /**< how many are in it */
	uint32_t nr_regions;   /**< reserved regions of all of them */
	uint32_t default_type; /**< IOMM_DOMAIN_* of its default domain */
};

#define IOMM_GROUP_INFO_SIZE_VER0 24u
IOMM_LAYOUT(sizeof(struct iomm_group_info) == IOMM_GROUP_INFO_SIZE_VER0,
	    "iomm_group_info");

IOMM_BEGIN_DECLS

/**
 * The group's number: counts up from 0 in each context, and is not used again.
 *
 * @param group a group
 * @param out the number
 *
 * Ownership: none.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: EINVAL.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_group_number(struct iomm_group *group, uint32_t *out);

/**
 * What the group is at the moment. Another thread may change it at once.
 *
 * @param group a group
 * @param info `size` is set by the caller; the rest is filled in
 *
 * Ownership: copies out.
 * Thread: any.
 * Context: any but atomic hooks.
 * Errors: EINVAL.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_group_info(struct iomm_group *group, struct iomm_group_info *info);

/**
 * One of the group's devices. They are in the order in which they came; one
 * that leaves moves those behind it up. It takes a step for each device before
 * it, so going through all of n devices takes n * n / 2 steps.
 *
 * @param group a group
 * @param index which, from 0
 * @param out the device, with a reference
 *
 * Ownership: the caller owns the reference.
 * Thread: any.
 * Context: any but atomic hooks.
 * Errors: EINVAL; ENOENT: there are not that many.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_group_device(struct iomm_group *group, uint32_t index,
		  struct iomm_device **out);

/**
 * What firmware says of the I/O space of all of the group's devices, device by
 * device; the same region may be there for several. Those of kind
 * IOMM_REGION_DIRECT are mapped in every paging domain for as long as it is
 * attached, and those that are RELAXABLE in the default domain. From the others
 * (IOMM_REGION_RESERVED, IOMM_REGION_MSI) it is the user's part to keep his
 * mappings away: iomm_domain_map() does not look.
 *
 * @param group a group
 * @param regions array to fill; may be NULL when `*count` is 0
 * @param stride bytes from one element to the next, at least 48
 * @param count in: elements in `regions`. Out: always, how many there are
 *
 * Ownership: copies out.
 * Thread: any; a snapshot.
 * Context: not in atomic hooks.
 * Errors: EINVAL; EMSGSIZE: `regions` is too small, and none is copied; ENODEV:
 *   the group has no devices any more; ENOMEM.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_group_regions(struct iomm_group *group,
		   struct iomm_reserved_region *regions, uint32_t stride,
		   uint32_t *count);

/**
 * The group's default domain, if it is one with a page table: what its devices
 * are attached to when nobody has attached another one, from before their probe
 * has ended. It can be mapped in at any time.
 *
 * @param group a group
 * @param out the domain, with a reference
 *
 * Ownership: the caller owns the reference.
 * Thread: any.
 * Context: not in atomic hooks.
 * Errors: EINVAL; ENOENT: its default is another type, see
 *   iomm_group_info.default_type; ENODEV: the group has no devices any more.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_group_default_domain(struct iomm_group *group, struct iomm_domain **out);

/**
 * Counts a user of the default domain: until he is done nobody else can claim
 * the group, or attach a domain.
 *
 * @param group a group
 *
 * Ownership: none.
 * Thread: any.
 * Context: in a callback that would wait: EDEADLK. Not in atomic hooks.
 * Errors: EINVAL; EBUSY: it is claimed, or a domain is attached; ENODEV: the
 *   group has no devices any more; EOVERFLOW; EDEADLK.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int iomm_group_use_default(struct iomm_group *group);

/**
 * The user is done with it.
 *
 * @param group a group for which iomm_group_use_default() succeeded
 *
 * Ownership: none.
 * Thread: any.
 * Context: never waits; not in atomic hooks.
 * Errors: EINVAL: nobody uses it; ENODEV: the group has no devices any more,
 *   and so no users.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int iomm_group_unuse_default(struct iomm_group *group);

/**
 * Makes the group somebody's own, to hand its devices to a guest or to another
 * program. Before this returns everything is blocked, but for what firmware
 * wants mapped; then the owner attaches what he likes. Claims nest.
 *
 * @param group a group
 * @param owner whose: any address that is his alone, and not NULL. It is only
 *        compared
 *
 * Ownership: none.
 * Thread: any.
 * Context: runs the driver's callbacks; in a callback that would wait:
 *   EDEADLK. Not in atomic hooks.
 * Errors: EINVAL; EBUSY: another owner, somebody uses the default domain, or a
 *   domain was attached without a claim; ENODEV: the group has no devices any
 *   more, or an instance is going; ENOMEM; EOVERFLOW; EDEADLK; what the driver's
 *   `attach_prepare` answered.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_group_claim(struct iomm_group *group, const void *owner);

/**
 * Undoes one claim. With the last one what the owner has attached is detached,
 * PASIDs included, and the default domain is attached again: no driver is asked,
 * so that this cannot fail.
 *
 * @param group a group for which iomm_group_claim() succeeded
 * @param owner whose claim
 *
 * Ownership: drops the group's references on domains.
 * Thread: any.
 * Context: runs the driver's callbacks; in a callback that would wait:
 *   EDEADLK. Not in atomic hooks.
 * Errors: EINVAL: it is not this owner's; ENODEV: the group has no devices any
 *   more, and so no owner; EDEADLK.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_group_release(struct iomm_group *group, const void *owner);

/**
 * Takes a reference.
 *
 * @param group a group to which the caller holds a reference, or NULL
 * @return its argument
 *
 * Ownership: the caller owns one reference more.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: none.
 * Since: 0.1
 */
IOMM_API struct iomm_group *iomm_group_get(struct iomm_group *group);

/**
 * Gives a reference back.
 *
 * @param group a group, or NULL
 *
 * Ownership: takes the caller's reference.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: none.
 * Since: 0.1
 */
IOMM_API void iomm_group_put(struct iomm_group *group);

IOMM_END_DECLS

#endif
