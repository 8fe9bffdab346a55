#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# What plugins cost: instructions of an operation by callgrind, the sizes of
# library and plugins, and the time of a format's first use. docs/plugins.md has
# the numbers.
set -euo pipefail
cd "$(dirname "$0")/../.."

make -s lib examples build/plugins-test/good.so >/dev/null
make -s BUILD=build/some FORMATS=arm64-s1 lib >/dev/null
tools/cargo.sh build --quiet --locked --release -p riscv-gstage
mkdir -p build/bench
cc -O2 -Iinclude bench/plugins/cost.c -o build/bench/cost -Lbuild -liomm
export LD_LIBRARY_PATH=build

instructions() {	# FORMAT PLUGIN WHAT COUNT
	valgrind --tool=callgrind --callgrind-out-file=/dev/null \
		build/bench/cost "$@" 2>&1 | sed -n 's/.*Collected : //p'
}

# Of one operation, the loop's own not counted.
each() {	# FORMAT PLUGIN WHAT
	local few many idle_few idle_many
	few=$(instructions "$1" "$2" "$3" 2048)
	many=$(instructions "$1" "$2" "$3" 4096)
	idle_few=$(instructions "$1" "$2" none 2048)
	idle_many=$(instructions "$1" "$2" none 4096)
	echo $(((many - few - idle_many + idle_few) / 2048))
}

cost() {	# TITLE FORMAT PLUGIN
	printf '%-34s' "$1"
	for what in map block unmap translate; do
		printf ' %9s' "$(each "$2" "$3" "$what")"
	done
	printf '\n'
}

first() {	# TITLE FORMAT PLUGIN
	printf '%-34s %s\n' "$1" "$(for _ in 1 2 3 4 5 6 7 8 9; do
		build/bench/cost "$2" "$3" first 1
	done | sort -n | sed -n 5p)"
}

printf '%-34s %9s %9s %9s %9s\n' "instructions" map "64 pages" map+unmap translate
cost "arm64-s1, built in" arm64-s1 -
cost "arm64-s2, built in" arm64-s2 -
LD_LIBRARY_PATH=build/some cost "arm64-s2, plugin" arm64-s2 -
cost "vtd-ss, plugin (engine)" vtd-ss build/examples/plugins/vtd-ss.so
cost "arm64-s1 as a codec in C" plug-one build/plugins-test/good.so
cost "riscv-sv48x4, codec in Rust" riscv-sv48x4 \
	build/rust/release/libriscv_gstage.so

printf '\ntext and data, bytes\n'
size build/libiomm.so.0 build/some/libiomm.so.0 build/some/iomm/arm64-s2.so \
	build/examples/plugins/vtd-ss.so build/plugins-test/good.so \
	build/rust/release/libriscv_gstage.so

printf '\nfirst use: request and first table, median of 9\n'
first "arm64-s2, built in" arm64-s2 -
LD_LIBRARY_PATH=build/some first "arm64-s2, plugin" arm64-s2 -
first "vtd-ss, plugin (engine)" vtd-ss build/examples/plugins/vtd-ss.so
first "arm64-s1 as a codec in C" plug-one build/plugins-test/good.so
first "riscv-sv48x4, codec in Rust" riscv-sv48x4 \
	build/rust/release/libriscv_gstage.so
