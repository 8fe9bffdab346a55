#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Runs the fuzz targets over their corpora, and then on new inputs:
#   tools/fuzz.sh SECONDS [SEED]
# Each target gets SECONDS of one processor; as many run at once as there are.
# Without a SEED they go on from the inputs that earlier runs have left below
# build/fuzz; with one, from the tree's alone. Nothing in the tree changes: an
# input that breaks something is saved below build/fuzz, and named.
set -u
cd "$(dirname "$0")/.." || exit 1

seconds=${1:?usage: tools/fuzz.sh SECONDS [SEED]}
seed=${2:-}
out=build/fuzz
bin=build/fuzzers/fuzz
jobs=$(nproc)

make -s -j"$jobs" BUILD=build/fuzzers CC=clang CHECKED=1 WERROR=1 CFLAGS='-O1 -g1' \
	SANITIZE=fuzzer-no-link,address,undefined fuzzers || {
	echo "FAILED: the fuzz targets do not build"
	exit 1
}

# One input is small, and a hang or a flood of memory is a finding too; the time
# is that of the clock, and other programs may have the processor meanwhile.
options=(-timeout=60 -rss_limit_mb=2560 -len_control=20
	-print_final_stats=1)

# A device tree has names to guess, and is longer than what the others take.
options_of() {	# NAME
	if [ "$1" = fdt ]; then
		echo -dict=tests/fuzz/fdt.dict -max_len=8192
	else
		echo -max_len=2048
	fi
}

# The first directory takes what is found, the second is only read.
corpora() {	# NAME
	local mine=$out/$1/corpus
	[ -z "$seed" ] || rm -rf "$mine"
	mkdir -p "$mine"
	echo "$mine" "tests/fuzz/corpus/$1"
}

# The corpus of the tree, each input once.
replay() {	# NAME
	# shellcheck disable=SC2046 # these are several words, without blanks
	"$bin/fuzz_$1" "${options[@]}" $(options_of "$1") -runs=0 \
		-artifact_prefix="$out/$1/" "tests/fuzz/corpus/$1" >"$out/$1.replay.log" 2>&1
}

search() {	# NAME
	# shellcheck disable=SC2046 # these are several words, without blanks
	"$bin/fuzz_$1" "${options[@]}" $(options_of "$1") -seed="${seed:-0}" \
		-max_total_time="$seconds" -artifact_prefix="$out/$1/" \
		$(corpora "$1") >"$out/$1.log" 2>&1
}

count_of() {	# LOG STATISTIC
	sed -n "s/^stat::$2: *//p" "$1"
}

# What a target that failed has to say.
findings() {	# NAME LOG
	local input
	grep -m 3 -e '^fuzz:' -e 'ERROR:' -e 'runtime error:' "$2"
	input=$(sed -n 's/^artifact_prefix=.*Test unit written to //p' "$2")
	echo "FAILED: $1: ${input:-no input saved}; see $2, and run" \
		"$bin/fuzz_$1 $input"
}

run_target() {	# NAME
	local known
	known=$(ls "tests/fuzz/corpus/$1" | wc -l)
	mkdir -p "$out/$1"
	if replay "$1"; then
		echo "ok: $1: $known inputs of the corpus"
	else
		findings "$1" "$out/$1.replay.log"
	fi
	# How many there is time for is the machine's affair, but not all are known.
	if search "$1" && [ "$(count_of "$out/$1.log" number_of_executed_units)" \
		-gt $((known + 10)) ]; then
		echo "ok: $1: $(count_of "$out/$1.log" number_of_executed_units)" \
			"inputs in $seconds s," \
			"$(count_of "$out/$1.log" new_units_added) of them new"
	else
		findings "$1" "$out/$1.log"
	fi
}

# The last that each running target has said of itself.
progress() {
	local log
	while sleep 10 >/dev/null 2>&1; do
		for log in "$out"/*.log; do
			[ "$log" -nt "$out/started" ] &&
				[[ $log != *.replay.log ]] || continue
			grep '^#[0-9]' "$log" | tail -n 1 |
				sed "s|^|... $(basename "$log" .log)  |"
		done
	done
}

targets() {
	local source
	for source in tests/fuzz/fuzz_*.c; do
		basename "${source#tests/fuzz/fuzz_}" .c
	done
}

mkdir -p "$out"
touch "$out/started"
if [ -z "$seed" ]; then
	progress &
	trap 'kill $! 2>/dev/null' EXIT
fi
export -f replay search run_target options_of corpora count_of findings
export seconds seed out bin
# An array cannot be exported.
export options_text="${options[*]}"
targets | xargs -P "$jobs" -I '{}' bash -c \
	'read -ra options <<<"$options_text"; run_target {}' | tee "$out/summary"
! grep -q '^FAILED' "$out/summary"
