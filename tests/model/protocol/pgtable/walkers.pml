/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What was mapped is found by the hardware, too, when the call returns: in a table
 * that another thread is just linking, and next to a page whose table has been
 * emptied and that the hardware still remembers.
 */
#define LAST    1
#define INNERS  1
#define NODES   4
#define FLAGS   1
#define WALKERS
#include "tables.pml"
#include "calls.pml"

init {
	atomic {
		nothing();
		given(ROOT, 0, 0, TABLE + 1, 0);
		given(1, 0, 1, 1, 0);
		page[0] = 1;
		run unmapper(0);
		run mapper(1, 2);
		run mapper(0, 3);
		run hardware(0)
	}
	judge()
}
