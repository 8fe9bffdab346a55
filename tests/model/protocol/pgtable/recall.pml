/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A reader remembers the table above the last level, which goes, and comes back
 * elsewhere. */
#define LAST   2
#define INNERS 3
#define NODES  5
#define FLAGS  2
#define RECALLS
#include "tables.pml"
#include "calls.pml"

init {
	atomic {
		nothing();
		given(ROOT, 0, 0, TABLE + 1, 0);
		given(1, 0, 1, TABLE + 3, 0);
		given(3, 0, 2, 1, 0);
		page[0] = 1;
		run recaller(0);
		if
		:: run dropper(0, 0)
		:: run unmapper(0)
		fi;
		if
		:: run mapper(4, 2)
		:: run mapper(0, 2)
		:: run mapper(2, 2)
		:: run trimmer()
		fi
	}
	judge()
}
