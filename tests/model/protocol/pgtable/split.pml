/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A leaf is split to unmap a part of it, and merged again, while others look at
 * that part and at the rest. */
#define LAST   1
#define INNERS 1
#define NODES  3
#define FLAGS  1
#include "tables.pml"
#include "calls.pml"

init {
	atomic {
		nothing();
#ifdef ADOPTED_AS_IT_WAS
		given(ROOT, 0, 0, 1, BROKEN + 2);
		run reader(2);
#else
		given(ROOT, 0, 0, 1, 0);
#endif
		page[0] = 1;
		page[1] = 1;
		run unmapper(0);
		if
		:: run dropper(0, 0)
		:: run unmapper(1)
		:: run changer(1, 2)
		:: run merger(0); run mapper(0, 1)
		fi;
		if
		:: run reader(0)
		:: run reader(1)
		fi
	}
	judge()
}
