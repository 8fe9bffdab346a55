/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Strict: code cannot be written where it runs, places cannot be guessed, and
 * whoever runs off either end of a grant faults. Each grant of code is a file
 * of its own here, so it is taken in larger pieces. */
#ifndef POLICY_STRICT_H
#define POLICY_STRICT_H

#include "policy.h"

#define HARD  .flags = IOMM_ALLOC_RANDOMIZE | IOMM_ALLOC_GUARD
#define LARGE .granularity = 256 << 10

static const struct iomm_alloc_desc strict[] = {
	TYPE(TEXT, CAN_RUN, HARD, LARGE),
	TYPE(RODATA, CAN_READ, HARD, LARGE),
	TYPE(DATA, CAN_WRITE, HARD),
	TYPE(RODATA_AFTER_INIT, CAN_READ,
	     .flags = IOMM_ALLOC_RANDOMIZE | IOMM_ALLOC_GUARD |
		      IOMM_ALLOC_SEAL_AFTER_INIT),
	TYPE(INITTEXT, SAME_AS(TEXT)),
	TYPE(INITDATA, SAME_AS(DATA)),
	TYPE(INITRODATA, SAME_AS(RODATA)),
};

#undef HARD
#undef LARGE

#endif
