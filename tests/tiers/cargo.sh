# shellcheck shell=bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Adds up what cargo's tests count. For the tiers that run them, after lib.sh.

# cargo counts each test program by itself: "test result: ok. 3 passed; 0 ...".
# One that dies says nothing; cargo's exit status does.
cargo_tests() {	# NAME COMMAND...
	local name=$1 output status good bad
	shift
	output=$("$@" 2>&1)
	status=$?
	printf '%s\n' "$output"
	read -r good bad < <(
		sed -n 's/^test result: .* \([0-9]*\) passed; \([0-9]*\) failed;.*/\1 \2/p' \
			<<<"$output" |
			awk '{ p += $1; f += $2 } END { print p + 0, f + 0 }'
	)
	add "$good" "$bad"
	if [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then
		fail "$name: exit status $status"
	fi
	expect "$name: there are tests" [ "$good" -gt 0 ]
}
