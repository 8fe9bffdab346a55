#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Runs the driver example, once written in C and once in Rust, on the two
# device trees of the tree, or on the user's own:
#   [DTB=path] [GRANULE=4k|16k|64k] tools/run-drivers.sh
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

separator=
for language in C Rust; do
	for tree in "${trees[@]}"; do
		printf '%s== The driver in %s on %s ==\n' \
			"$separator" "$language" "$tree"
		separator=$'\n'
		"drive_${language,,}" "${options[@]}" "$tree"
	done
done
