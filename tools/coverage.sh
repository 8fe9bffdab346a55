#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Which lines and branches of src/ the unit tests reach:
#   tools/coverage.sh
# A build of its own, in build/coverage; the report is there too. Fails when a
# test fails, or when less than nine lines in ten are reached.
set -u
cd "$(dirname "$0")/.." || exit 1
. tests/tiers/lib.sh
. tests/tiers/unit.sh

out=build/coverage
tools/coverage.py --self-test || exit 1
build -s BUILD="$out" CC=gcc CFLAGS='-O0 -g --coverage' LDFLAGS=--coverage \
	unit || exit 1
# What earlier runs have counted.
find "$out" -name '*.gcda' -delete
run_unit_tests "$out"
echo "unit tests: $passed passed, $failed failed"
tools/coverage.py "$out" "$out" && [ "$failed" -eq 0 ]
