#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Takes Linux's xarray and IDA, and the scaffold on which the kernel's own tests
# run them in user space, out of Debian's package of the kernel's source:
#   extract.sh DIR
set -euo pipefail
. "$(dirname "$0")/../kernel-source.sh"

dir=$1
from_kernel "$dir" lib/{xarray.c,radix-tree.c,radix-tree.h,idr.c} \
	include/linux/{xarray,radix-tree,idr,kconfig,gfp_types}.h \
	tools/testing/shared \
	tools/include tools/arch/{x86,arm64}/include \
	tools/lib/{slab,find_bit,bitmap,hweight,vsprintf}.c

# What the scaffold's makefile generates. It makes nodes of 8 entries unless
# told otherwise; a kernel's have 64.
mkdir "$dir/generated"
cp "$dir/tools/testing/shared/autoconf.h" "$dir/generated"
echo '#define XA_CHUNK_SHIFT 6' >"$dir/generated/map-shift.h"
echo "#define CONFIG_$(getconf LONG_BIT)BIT 1" >"$dir/generated/bit-length.h"
for file in radix-tree idr; do
	sed -e 's/^static //' -e 's/__always_inline //' -e 's/inline //' \
		"$dir/lib/$file.c" >"$dir/generated/$file.c"
done
touch "$dir/extracted"
