/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* An instance is registered while two threads probe its device; or none comes. */
#include "machine.pml"
#include "calls.pml"

init {
	byte d, k, m;

	atomic {
		dev[0].refs = 1;
		if
		:: true
		:: mood = CHOOSY
		fi;
		CALL(registrar());
		CALL(prober(0, false));
		if
		:: CALL(prober(0, false))
		:: CALL(prober(0, true))
		fi;
		if
		:: CALL(sealer())
		:: CALL(clock())
		:: true
		fi;
		run runner()
	}
	judge()
}
