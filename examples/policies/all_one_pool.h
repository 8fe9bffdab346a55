/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* All one pool: the legacy arrangement, in which everything can be written and
 * run at the same address. It has to be asked for in so many words, and a
 * system that forbids such memory refuses it. */
#ifndef POLICY_ALL_ONE_POOL_H
#define POLICY_ALL_ONE_POOL_H

#include "policy.h"

static const struct iomm_alloc_desc all_one_pool[] = {
	TYPE(TEXT, .flags = IOMM_ALLOC_ALLOW_WX,
	     .prot = IOMM_ALLOC_READ | IOMM_ALLOC_WRITE | IOMM_ALLOC_EXEC),
	TYPE(RODATA, SAME_AS(TEXT)),
	TYPE(DATA, SAME_AS(TEXT)),
	TYPE(RODATA_AFTER_INIT, SAME_AS(TEXT)),
	TYPE(INITTEXT, SAME_AS(TEXT)),
	TYPE(INITDATA, SAME_AS(TEXT)),
	TYPE(INITRODATA, SAME_AS(TEXT)),
};

#endif
