/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Two devices of one group, that are probed, removed and used side by side. */
#define DEVICES 2
#include "machine.pml"
#include "calls.pml"

init {
	byte d, k, m;

	atomic {
		dev[0].refs = 1; dev[1].refs = 1;
		listed = 1; lives = 1;
		if
		:: mood = CHOOSY;
			CALL(prober(0, false))
		:: dev[0].state = WAITING; dev[0].queue = DUE;
			CALL(prober(0, true))
		:: given_bound(0);
			CALL(remover(0, FOR_EVER))
		:: given_bound(0)
		:: given_bound(0);
			CALL(unregisterer());
			CALL(registrar())
		fi;
		CALL(prober(1, false));
		if
		:: CALL(user(0))
		:: CALL(user(1))
		fi;
		run runner()
	}
	judge()
}
