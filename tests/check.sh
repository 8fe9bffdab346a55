#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Runs the test tiers and adds them up: tests/check.sh [TIER...]
#
# A tier is an executable file tests/tiers/NN-NAME whose last line is
# "N passed, N failed". One that says something else, that counts nothing, or
# that exits as failed without counting a failure, is itself a failure. What it
# printed stays in build/check/NN-NAME.log. The last line here is the sum.
set -u
cd "$(dirname "$0")/.." || exit 1

# The tiers call make themselves and are no part of the caller's job server,
# nor of the directory that the caller builds in.
unset MAKEFLAGS MFLAGS MAKELEVEL BUILD

tiers_dir=${TIERS_DIR:-tests/tiers}
logs=${CHECK_LOGS:-build/check}
mkdir -p "$logs"

if [ $# -gt 0 ]; then
	tiers=("${@/#/$tiers_dir/}")
else
	tiers=("$tiers_dir"/[0-9]*)
fi

# Long enough for the slowest tier on a slow machine: it ends what hangs.
limit=${TIER_LIMIT:-1800}

# Where kernels place mappings by more than 28 random bits, programs with the
# sanitizers of gcc 12 and clang 14 die at their start, some of the time.
steady=()
random_bits=$(cat /proc/sys/vm/mmap_rnd_bits 2>/dev/null)
[ "${random_bits:-0}" -le 28 ] || ! setarch -R true 2>/dev/null ||
	steady=(setarch -R)

# Prints "PASSED FAILED REASON" for a tier that exited with $1 and logged to $2.
verdict() {
	local status=$1 log=$2 passed failed
	if [[ $(tail -n 1 "$log") =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]
	then
		passed=${BASH_REMATCH[1]} failed=${BASH_REMATCH[2]}
		if [ "$failed" -gt 0 ]; then
			echo "$passed $failed"
		elif [ "$status" -ne 0 ]; then
			echo "$passed 1 exit status $status"
		elif [ "$passed" -eq 0 ]; then
			echo "0 1 it tested nothing"
		else
			echo "$passed 0"
		fi
	elif [ "$status" -eq 124 ]; then
		echo "0 1 stopped after $limit s"
	else
		echo "0 1 died, exit status $status"
	fi
}

report_failures() {	# LOG
	grep '^FAILED' "$1" | sed 's/^/    /'
	echo "    the end of $1:"
	tail -n 20 "$1" | sed 's/^/    | /'
}

trap 'kill "$running" 2>/dev/null; exit 130' INT TERM

total_passed=0 total_failed=0
for tier in "${tiers[@]}"; do
	name=${tier##*/}
	log=$logs/$name.log
	printf '%-14s ' "$name"
	started=$SECONDS
	timeout --kill-after=10 "$limit" "${steady[@]}" "$tier" >"$log" 2>&1 </dev/null &
	running=$!
	wait "$running"
	read -r passed failed reason < <(verdict $? "$log")
	printf '%5d passed, %d failed %5d s%s\n' "$passed" "$failed" \
		$((SECONDS - started)) "${reason:+  ($reason)}"
	[ "$failed" -eq 0 ] || report_failures "$log"
	total_passed=$((total_passed + passed))
	total_failed=$((total_failed + failed))
done

echo "$total_passed passed, $total_failed failed"
[ "$total_failed" -eq 0 ]
