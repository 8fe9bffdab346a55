/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A device's last reference goes while it waits or is bound, while somebody looks
 * it up, and while its instance comes or goes. */
#include "machine.pml"
#include "calls.pml"

init {
	byte d, k, m;

	atomic {
		dev[0].refs = 1;
		if
		:: dev[0].state = WAITING; dev[0].queue = QUEUED;
			CALL(registrar())
		:: listed = 1; lives = 1;
			given_bound(0);
			if
			:: CALL(unregisterer())
			:: CALL(user(0))
			fi
		fi;
		CALL(putter(0));
		CALL(finder(0));
		run runner()
	}
	judge()
}
