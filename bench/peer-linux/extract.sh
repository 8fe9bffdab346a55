#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Takes Linux's page-table code out of Debian's package of the kernel's source:
#   extract.sh DIR
# Leaves the kernel's files, as they are, in DIR, and below DIR/include what
# they include: a few of the kernel's own headers, and for all others one line
# that leads to stand_ins.h.
set -euo pipefail

. "$(dirname "$0")/../kernel-source.sh"

own_headers=(io-pgtable sizes kconfig)
# To stand_ins.h:
led=(atomic bitops bug dma-mapping gfp iommu kernel mm slab types vmstat)

dir=$1
members=(drivers/iommu/{io-pgtable.c,io-pgtable-arm.c,io-pgtable-arm.h}
	drivers/iommu/iommu-pages.h)
for header in "${own_headers[@]}"; do
	members+=("include/linux/$header.h")
done
from_kernel "$dir" "${members[@]}"
mkdir -p "$dir/include/asm" "$dir/include/generated"
mv "$dir"/drivers/iommu/* "$dir"
rm -r "$dir/drivers"

for header in "${led[@]/#/linux/}" asm/barrier; do
	echo '#include "stand_ins.h"' >"$dir/include/$header.h"
done
# What the kernel is configured with comes from the command line.
: >"$dir/include/generated/autoconf.h"
touch "$dir/extracted"
