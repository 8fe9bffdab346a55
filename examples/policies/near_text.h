/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Near text: within reach of the near calls and loads of code at an address,
 * such as that of the program. An initialiser, since the address is not known
 * before it runs:
 *
 *     struct iomm_alloc_desc types[] = NEAR_TEXT((uintptr_t)&here, REACH_ARM64);
 *
 * Things on either side of `here` are up to twice as far from each other: parts
 * that call each other, rather than what is `here`, want half the reach.
 */
#ifndef POLICY_NEAR_TEXT_H
#define POLICY_NEAR_TEXT_H

#include "policy.h"

#define REACH_ARM64  (UINT64_C(128) << 20) /* B and BL: +-128 MiB */
#define REACH_X86_64 (UINT64_C(2) << 30)   /* CALL and JMP rel32: +-2 GiB */

#define NEAR(here, reach) .anchor = (here), .distance = (reach)

#define NEAR_TEXT(here, reach)                                               \
	{                                                                    \
		TYPE(TEXT, CAN_RUN, NEAR(here, reach)),                      \
			TYPE(RODATA, CAN_READ, NEAR(here, reach)),           \
			TYPE(DATA, CAN_WRITE, NEAR(here, reach)),            \
			TYPE(RODATA_AFTER_INIT, CAN_READ, NEAR(here, reach), \
			     .flags = IOMM_ALLOC_SEAL_AFTER_INIT),           \
			TYPE(INITTEXT, SAME_AS(TEXT)),                       \
			TYPE(INITDATA, SAME_AS(DATA)),                       \
			TYPE(INITRODATA, SAME_AS(RODATA)),                   \
	}

#endif
