#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Both passes of the benchmarks: bench/run.sh BUILD
# With ONLY=part in the environment: cases with this in their name.
# Instructions are counted first, so that the table has them beside the times.
set -euo pipefail
cd "$(dirname "$0")/.."

build=$1
only=${ONLY:-}
program=$build/bench/bench
dumps=$build/bench/callgrind
counts=$build/bench/counts

# shellcheck disable=SC2086 # a compiler may come with arguments
echo "$(${CC:-cc} --version | head -n 1);" \
	"$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1);" \
	"load $(cut -d ' ' -f 1 /proc/loadavg)"
cat "$build/bench/flags"

# One dump for each side of each case, labelled with what it is.
echo "counting instructions (callgrind) ..."
rm -rf "$dumps"
mkdir -p "$dumps"
valgrind --quiet --tool=callgrind --collect-atstart=no \
	--callgrind-out-file="$dumps/out" "$program" --count ${only:+"$only"}
awk '/^desc: Trigger: Client Request: / { label = $5 " " $6 " " $7 }
	/^totals: / && label { print label, $2; label = "" }' \
	"$dumps"/out* >"$counts"

echo "measuring times ..."
"$program" --counts "$counts" --json "$build/bench.json" \
	${only:+"$only"}
echo "written to $build/bench.json"
