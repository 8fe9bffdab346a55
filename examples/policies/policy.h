/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the ready policies are written with. A policy is an array of
 * descriptors, and nothing else: take one, or change a line of it. */
#ifndef POLICY_H
#define POLICY_H

#include <iomm/iomm.h>

#define TYPE(name, ...)                                 \
	{                                               \
		.size = sizeof(struct iomm_alloc_desc), \
		.type = IOMM_ALLOC_##name, __VA_ARGS__  \
	}
/* One type out of the pool of another. */
#define SAME_AS(other) .mapto = IOMM_ALLOC_##other

#define CAN_READ  .prot = IOMM_ALLOC_READ
#define CAN_WRITE .prot = IOMM_ALLOC_READ | IOMM_ALLOC_WRITE
#define CAN_RUN	  .prot = IOMM_ALLOC_READ | IOMM_ALLOC_EXEC

#endif
