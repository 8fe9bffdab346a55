/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The table whose leaf is to be split goes, and its memory is given back. */
#define LAST   2
#define INNERS 2
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
		page[1] = 1;
		run unmapper(0);
		run dropper(0, 0);
		run trimmer();
		run reader(1)
	}
	judge()
}
