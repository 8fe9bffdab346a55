# shellcheck shell=bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# How much the judges run: in `make check`, and with LONG=1 for
# `make check-long`, where each run has a seed of its own.

# A race that ThreadSanitizer sees ends the program with this.
export TSAN_OPTIONS=exitcode=66:halt_on_error=1
tsan_build=(BUILD=build/tsan CC=gcc WERROR=1 SANITIZE=thread CFLAGS='-O1 -g1')

if [ -n "${LONG:-}" ]; then
	seed=$((RANDOM * 32768 + RANDOM + 1))
	model_ops=100000000 tsan_ops=10000000 valgrind_ops=1000000
	export RACE_ROUNDS=100000 RACE_SEED=$seed
	limit=86400
else
	seed=1
	model_ops=1000000 tsan_ops=10000 valgrind_ops=10000
	export RACE_ROUNDS=500
	limit=1200
fi

# In the foreground: when the tier is ended, so is this.
bounded() {	# COMMAND...
	timeout --foreground --kill-after=10 "$limit" "$@"
}

# A cmocka program, each test of which counts. It is shown as it runs.
run_judge() {	# COMMAND...
	local status good announced
	bounded "$@" 2>&1 </dev/null | tee "$scratch/judge"
	status=${PIPESTATUS[0]}
	announced=$(sum_of "$scratch/judge" \
		'^\[==========\] Running \([0-9]*\) test.*')
	good=$(sum_of "$scratch/judge" '^\[  PASSED  \] \([0-9]*\) test.*')
	add "$good" 0
	if [ "$status" -ne 0 ] || [ "$announced" -eq 0 ] ||
		[ "$good" -ne "$announced" ]
	then
		fail "$*: exit status $status, $good of $announced tests"
	fi
}
