/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Where Linux and this library differ on purpose. Operations are steered round
 * exactly these: Linux is asked something else that comes to the same, or only
 * we are asked. Each is counted where that happens, and one that never happens
 * in a whole run is a failure: it is to be taken off the list.
 */
#ifndef TESTS_LINUX_DIFFERENCES_H
#define TESTS_LINUX_DIFFERENCES_H

#include <stdbool.h>

enum difference {
	DIFFERS_TABLE_END,
	DIFFERS_INTO_MAPPED,
	DIFFERS_BLOCK_OVER_TABLE,
	DIFFERS_HOLES,
	DIFFERS_PARTLY_FULL,
	DIFFERS_RANGE_END,
	DIFFERS_MISALIGNED,
	DIFFERS_WRITE_ONLY,
	DIFFERS_CACHED_DEVICE,
	DIFFERS_TRANSLATE_RANGE,
	DIFFERS_ADDRESS_0,
	DIFFERS_EMPTY_TABLES,
	DIFFERS_SOFTWARE_BIT,
	DIFFERS_LARGE_SIZES,
	DIFFERS_MAIR,
	DIFFERS_CONCATENATION,
	DIFFERS_XN,
	DIFFERS_PRIVILEGE,
	DIFFERS_DIRTY_HOLES,
	DIFFERS_DIRTY_PARTS,
	DIFFERS_BORN_DIRTY,
	DIFFERS_NS_TABLES,
	NR_DIFFERENCES
};

/* It was steered round here. */
void differs(enum difference difference);

/* Prints the list; false when one of them never happened. */
bool differences_report(void);

#endif
