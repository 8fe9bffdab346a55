#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Runs the driver example, once written in C and once in Rust, on the two
# device trees of the tree, or on the user's own; then a device that waits for a
# page-table format, of plugins in both languages; devices that are pulled out
# while they are busy; the JIT compiler in both, and the loader of modules:
#   [DTB=path] [GRANULE=4k|16k|64k] tools/run-drivers.sh
# Each program ends with the number of handles that are left.
# `make run` builds what this runs.
set -euo pipefail
cd "$(dirname "$0")/.."

options=()
if [ -n "${GRANULE:-}" ]; then
	options=(--granule "$GRANULE")
fi

if [ -n "${DTB:-}" ]; then
	trees=("$DTB")
else
	trees=(build/data/qemu-virt-smmuv3.dtb build/data/apple-t8103.dtb)
fi

example_c() {	# EXAMPLE ARGUMENT...
	"build/examples/$1" "${@:2}"
}

example_rust() {	# EXAMPLE ARGUMENT...
	tools/cargo.sh run --quiet --locked --release -p iomm \
		--example "$1" -- "${@:2}"
}

separator=
heading() {	# TEXT
	printf '%s== %s ==\n' "$separator" "$1"
	separator=$'\n'
}

for language in C Rust; do
	for tree in "${trees[@]}"; do
		heading "The driver in $language on $tree"
		"example_${language,,}" driver "${options[@]}" "$tree"
	done
done
wait_for_format() {	# LANGUAGE FORMAT PLUGIN
	heading "A device waits for $2, of a plugin in $1"
	example_c late_format build/data/qemu-virt-smmuv3.dtb "${@:2}"
}
wait_for_format C vtd-ss build/examples/plugins/vtd-ss.so
wait_for_format Rust riscv-sv39x4 build/rust/release/libriscv_gstage.so
heading "A group of two, of which one is pulled out, in C"
example_c pulled_out
heading "A card that is pulled out under its driver, in Rust"
example_rust hotplug
for language in C Rust; do
	heading "A JIT compiler in $language"
	"example_${language,,}" jit
done
heading "A loader of modules in C"
example_c loader build/modules/crc.o
