/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Huge text: all code in large pages, where the system has some. What comes of
 * it is in iomm_alloc_stats.huge. */
#ifndef POLICY_HUGE_TEXT_H
#define POLICY_HUGE_TEXT_H

#include "policy.h"

static const struct iomm_alloc_desc huge_text[] = {
	TYPE(TEXT, CAN_RUN, .flags = IOMM_ALLOC_SHARED_HUGE),
	TYPE(RODATA, CAN_READ),
	TYPE(DATA, CAN_WRITE),
	TYPE(RODATA_AFTER_INIT, CAN_READ, .flags = IOMM_ALLOC_SEAL_AFTER_INIT),
	TYPE(INITTEXT, SAME_AS(TEXT)),
	TYPE(INITDATA, SAME_AS(DATA)),
	TYPE(INITRODATA, SAME_AS(RODATA)),
};

#endif
