# shellcheck shell=bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Running the examples, and judging what they say. In $scratch.

# The output is kept in $scratch/out and $scratch/err. The time is for what hangs;
# some commands compile first.
run() {	# COMMAND...
	timeout --kill-after=10 600 "$@" >"$scratch/out" 2>"$scratch/err" </dev/null
}

show() {
	sed 's/^/    out: /' "$scratch/out"
	sed 's/^/    err: /' "$scratch/err"
}

reports() {
	grep -q 'Sanitizer\|runtime error\|panicked' "$scratch/err"
}

# It works, and all handles are given back.
works() {	# COMMAND...
	if run "$@" && ! reports &&
		[ "$(tail -n 1 "$scratch/out")" = "live handles: 0" ]; then
		return 0
	fi
	show
	return 1
}

# It ends by itself and not by a signal or a panic, whatever it says.
survives() {	# COMMAND...
	run "$@"
	status=$?
	if [ "$status" -lt 124 ] && [ "$status" -ne 101 ] && ! reports; then
		return 0
	fi
	show
	return 1
}

# It ends as failed, and says why with a word of its input.
refuses() {	# WORD COMMAND...
	survives "${@:2}" || return 1
	if [ "$status" -ne 0 ] && grep -qF -- "$1" "$scratch/err"; then
		return 0
	fi
	show
	return 1
}

# A copy of a file with four bytes changed: $scratch/damaged.
damage() {	# SEED FILE
	local size i
	RANDOM=$1
	cp "$2" "$scratch/damaged"
	size=$(stat -c %s "$2")
	for i in 1 2 3 4; do
		printf '%b' "\\x$(printf %02x $((RANDOM & 255)))" |
			dd of="$scratch/damaged" bs=1 conv=notrunc status=none \
				seek=$(((RANDOM << 15 | RANDOM) % size))
	done
}
