/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Spare tables are given back, while others look at them and have their nodes
 * in mind. */
#define LAST   1
#define INNERS 1
#define NODES  3
#define FLAGS  1
#include "tables.pml"
#include "calls.pml"

init {
	atomic {
		nothing();
		given(ROOT, 0, 0, TABLE + 1, 0);
		given(1, 0, 1, 1, 0);
		page[0] = 1;
		run unmapper(0);
		run trimmer();
		if
		:: run mapper(2, 2); run mapper(1, 3)
		:: run mapper(2, 2); run reader(0)
		:: run reader(0); run reader(1)
		fi
	}
	judge()
}
