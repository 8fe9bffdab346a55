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
 * that leaves moves those behind it up.
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
