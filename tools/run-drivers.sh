#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Runs the driver example, once written in C and once in Rust, on the two
# device trees of the tree, or on the user's own:
#   [DTB=path] [GRANULE=4k|16k|64k] tools/run-drivers.sh
# Before that, a device that waits for a page-table format, from plugins in both.
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

drive_c() {
	build/examples/driver "$@"
}

drive_rust() {
	tools/cargo.sh run --quiet --locked --release -p iomm \
		--example driver -- "$@"
}

wait_for_format() {	# LANGUAGE FORMAT PLUGIN
	printf '== A device waits for %s, of a plugin in %s ==\n' "$2" "$1"
	build/examples/late_format build/data/qemu-virt-smmuv3.dtb "${@:2}"
	echo
}

wait_for_format C vtd-ss build/examples/plugins/vtd-ss.so
wait_for_format Rust riscv-sv39x4 build/rust/release/libriscv_gstage.so

separator=
for language in C Rust; do
	for tree in "${trees[@]}"; do
		printf '%s== The driver in %s on %s ==\n' \
			"$separator" "$language" "$tree"
		separator=$'\n'
		"drive_${language,,}" "${options[@]}" "$tree"
	done
done
