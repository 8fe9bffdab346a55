# shellcheck shell=bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Running unit tests, and counting what they say of themselves.

# Runs one test program and prints "PASSED FAILED". cmocka announces how many
# tests a group has and then how many of them passed and failed; a test that
# neither passed nor failed (it was skipped, or the program died) failed.
run_unit_test() {	# LOG COMMAND...
	local log=$1 status passed failed announced
	shift
	timeout --kill-after=10 900 "$@" >"$log" 2>&1 </dev/null
	status=$?
	announced=$(sum_of "$log" '^\[==========\] Running \([0-9]*\) test.*')
	passed=$(sum_of "$log" '^\[  PASSED  \] \([0-9]*\) test.*')
	failed=$((announced - passed))
	if [ "$failed" -eq 0 ] && { [ "$status" -ne 0 ] || [ "$announced" -eq 0 ]; }
	then
		failed=1
	fi
	[ "$failed" -eq 0 ] || {
		echo "FAILED: ${*: -1}: exit status $status"
		cat "$log"
	} >&2
	echo "$passed $failed"
}

sum_of() {	# LOG PATTERN-WITH-A-GROUP
	sed -n "s/$2\$/\1/p" "$1" | awk '{ n += $1 } END { print n + 0 }'
}

# Runs the unit tests of a build, a few at a time, and adds up: those that are
# named in $only, or else all, but for those in $leave_out.
run_unit_tests() {	# BUILD-DIR PREFIX-COMMAND...
	local dir=$1 test_passed test_failed
	shift
	export -f run_unit_test sum_of
	while read -r test_passed test_failed; do
		add "$test_passed" "$test_failed"
	done < <(
		for test in tests/unit/test_*.c; do
			test=$(basename "$test" .c)
			[[ " ${only:-$test} " = *" $test "* &&
				" ${leave_out:-} " != *" $test "* ]] ||
				continue
			echo "$test"
		done | xargs -P "$jobs" -I '{}' bash -c \
			'run_unit_test "$0/unit/$1.log" "${@:2}" "$0/unit/$1"' \
			"$dir" '{}' "$@"
	)
}
