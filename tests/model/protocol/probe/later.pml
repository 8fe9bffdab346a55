/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The driver says "not yet" until something has arrived of which nobody knows
 * what it is. */
#include "machine.pml"
#include "calls.pml"

init {
	byte d, k, m;

	atomic {
		dev[0].refs = 1;
		mood = NOT_YET;
		CALL(registrar());
		CALL(prober(0, false));
		CALL(bringer());
		if
		:: CALL(sealer())
		:: CALL(clock())
		:: CALL(prober(0, false))
		fi;
		run runner()
	}
	judge()
}
