# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=bash
#
# Sourced by the extract.sh of each peer: files of Debian's package of the
# kernel's source.

kernel_archive=/usr/src/linux-source-6.12.tar.xz

from_kernel() {	# DIR MEMBER...
	local dir=$1
	shift
	[ -f "$kernel_archive" ] || {
		echo "extract.sh: $kernel_archive is missing;" \
			"it is in Debian's package linux-source-6.12" >&2
		return 1
	}
	echo "extracting $# parts of $kernel_archive"
	rm -rf "$dir"
	mkdir -p "$dir"
	tar -xJf "$kernel_archive" -C "$dir" --strip-components=1 \
		"${@/#/linux-source-6.12/}"
}
