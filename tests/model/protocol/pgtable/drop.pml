/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A table goes with all below it, while others empty what is below, map into it
 * and look at it. */
#define LAST   2
#define INNERS 3
#define NODES  5
#define FLAGS  1
#include "tables.pml"
#include "calls.pml"

init {
	atomic {
		nothing();
		given(ROOT, 0, 0, TABLE + 1, 0);
		given(3, 0, 2, 1, 0);
		page[0] = 1;
		if
		:: given(1, 0, 1, TABLE + 3, 0);
			if
			:: run dropper(0, 0)
			:: run dropper(0, 1)
			fi
		:: given(1, 0, 1, TABLE + 3, TABLE + 4);
			given(4, 2, 2, 1, 0);
			page[2] = 1;
			run unmapper(2)
		fi;
		if
		:: run mapper(1, 2)
		:: run mapper(2, 2)
		fi;
		if
		:: run unmapper(0)
		:: run reader(0)
		:: run reader(1)
		fi
	}
	judge()
}
