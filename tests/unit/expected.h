/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What firmware must say, written by hand: tests/data/NAME.expected. A line
 * with a question is followed by the facts of its answer, in order:
 *
 *   ? NODE [ID...]                  a device, or IDs at a bridge
 *   iommu NODE [CELL...] | PLACE    a specifier, and where it is said
 *   region KIND FIRST LAST [-> PADDR] [RIGHTS] | PLACE
 *   window FIRST LAST -> PADDR | PLACE
 *   device [coherent] [ats] [pri] [stall] [pasid=N] [bits=N] [numa=N]
 *   fails ERROR SENTENCE            instead of all of these
 *
 * Numbers are hexadecimal with 0x, N is decimal; blanks count once. What
 * follows a # is a comment. There is no `device` without anything to say.
 */
#ifndef EXPECTED_H
#define EXPECTED_H

#include "unit/support.h"

/* Asks a source each question of the file, and fails after all of them when an
 * answer differs; the differences are printed. */
void expect_file(struct world *w, struct iomm_firmware *firmware,
		 const char *name);

/* Is the node among the questions of the file? */
bool expect_asks(const char *name, const char *path);

#endif
