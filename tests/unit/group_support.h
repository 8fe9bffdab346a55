/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the tests of groups share: a world in which devices have IDs in common.
 */
#ifndef GROUP_SUPPORT_H
#define GROUP_SUPPORT_H

#include "unit/support.h"

/*
 * As world_small(), of a tree with
 *
 *   /first /second  IOMMUs with one cell, of which the low 12 bits are the ID
 *   /a              behind /first, ID 0x10
 *   /b              behind /first, IDs 0x10 and 0x11
 *   /c              behind /first, ID 0x11
 *   /near           behind /first, ID 0x20
 *   /far            behind /second, ID 0x20
 *   /span           behind both, IDs 0x20 and 0x20
 *   /x /y /z        behind /first, IDs 0x30 and 0x31, /y in the other order
 *   /p /q /r        behind /first, IDs 0x80, 0x81, 0x82; by its driver's word
 *                   they cannot be told apart
 *   /own            behind /first, ID 0x90
 *   /twice          behind /first, ID 0xa0, which it has two specifiers for
 */
void world_crowd(struct world *w);

/* mock_ops for that: the driver answers for /p, /q and /r with one key, and has
 * nothing to say of the others. */
const struct iomm_iommu_ops *crowd_ops(void);
/* ... unless this is set: then it is what it answers for each. */
extern int crowd_key_error;

/* Registers a mock with crowd_ops() for "/first" or "/second". */
void crowd_register(struct mock *mock, struct world *w, const char *node);

/* Adds a device by its node's name and probes it. */
struct iomm_device *crowd_bound(struct world *w, const char *name);

/* A bound device's group, with a reference; and its number. */
struct iomm_group *group_of(struct iomm_device *device);
uint32_t group_number(struct iomm_device *device);
struct iomm_group_info group_info(struct iomm_group *group);

#endif
