/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A walker of the hardware keeps a table in its caches. */
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
		run mapper(2, 2);
		run trimmer();
		run hardware(0)
	}
	judge()
}
