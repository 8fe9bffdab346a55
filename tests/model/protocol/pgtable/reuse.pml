/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A table is emptied, and used again for other addresses, while others map into
 * it and look at it. */
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
		run mapper(1, 2);
		if
		:: run mapper(0, 3)
		:: run mapper(2, 3)
		fi;
		if
		:: run reader(0)
		:: run reader(1)
		fi
	}
	judge()
}
