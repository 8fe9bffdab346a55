/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A device is removed, or nearly, while it waits, is probed, is bound, is used,
 * or loses its instance. */
#include "machine.pml"
#include "calls.pml"

init {
	byte d, k, m;

	atomic {
		dev[0].refs = 1;
		if
		:: CALL(remover(0, FOR_EVER));
			CALL(prober(0, false));
			CALL(registrar())
		:: CALL(remover(0, A_WHILE));
			CALL(prober(0, false));
			CALL(registrar())
		:: CALL(remover(0, NOT_AT_ALL));
			CALL(prober(0, false));
			CALL(registrar())
		:: listed = 1; lives = 1;
			given_bound(0);
			CALL(remover(0, FOR_EVER));
			CALL(unregisterer());
			CALL(registrar())
		fi;
		CALL(visitor(0));
		run runner()
	}
	judge()
}
