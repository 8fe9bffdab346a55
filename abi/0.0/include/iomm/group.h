/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/**
 * @file
 * Groups: devices that the IOMMU cannot tell apart, and that therefore share
 * whatever domain is attached.
 */
#ifndef IOMM_GROUP_H
#define IOMM_GROUP_H

#include <iomm/types.h>

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
