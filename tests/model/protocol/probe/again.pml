/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* An instance goes while a device is probed, or bound to it, and another comes
 * in its place. */
#include "machine.pml"
#include "calls.pml"

init {
	byte d, k, m;

	atomic {
		dev[0].refs = 1;
		listed = 1; lives = 1;
		CALL(unregisterer());
		CALL(registrar());
		if
		:: given_bound(0);
			CALL(user(0))
		:: CALL(prober(0, false));
			CALL(user(0))
		:: CALL(prober(0, false));
			CALL(sealer())
		:: inst[1].part = true;
			CALL(forgetter())
		fi;
		run runner()
	}
	judge()
}
