#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# The models, the faults and the races for hours, and before them what `make
# check` leaves out for want of time: make check-long. What they say is shown as
# they run, and kept in build/check-long.
set -u
cd "$(dirname "$0")/.." || exit 1
unset MAKEFLAGS MFLAGS MAKELEVEL BUILD
export LONG=1
mkdir -p build/check-long

total_passed=0 total_failed=0
for tier in 21-core 31-valgrind 35-fuzz 32-model 33-faults 34-races 50-rust; do
	log=build/check-long/$tier.log
	echo "$tier"
	"tests/tiers/$tier" 2>&1 </dev/null | tee "$log"
	if [[ $(tail -n 1 "$log") =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]
	then
		total_passed=$((total_passed + BASH_REMATCH[1]))
		total_failed=$((total_failed + BASH_REMATCH[2]))
	else
		total_failed=$((total_failed + 1))
	fi
done

echo "$total_passed passed, $total_failed failed"
[ "$total_failed" -eq 0 ]
