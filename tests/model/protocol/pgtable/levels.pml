/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Tables are used again on other levels, while others walk through them. */
#define LAST   3
#define INNERS 3
#define NODES  4
#define FLAGS  1
#include "tables.pml"
#include "calls.pml"

init {
	atomic {
		nothing();
		given(ROOT, 0, 0, TABLE + 1, 0);
		given(1, 0, 1, TABLE + 2, 0);
		given(2, 0, 2, TABLE + 3, 0);
		given(3, 0, 3, 1, 0);
		page[0] = 1;
		run dropper(0, 0);
		if
		:: run mapper(4, 2)
		:: run mapper(8, 2)
		fi;
		if
		:: run reader(0)
		:: run unmapper(0)
		fi
	}
	judge()
}
