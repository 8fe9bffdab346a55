#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# Takes the device trees that QEMU's machines hand to their guests, and writes
# them as text beside this script. `make` needs the text only. RISC-V's IOMMU
# takes QEMU 10 or newer; Debian 12 has that in its backports.
set -euo pipefail
cd "$(dirname "$0")"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

dump() {	# NAME WHAT QEMU ARGUMENTS...
	local name=$1 what=$2 qemu=$3
	shift 3
	local machine=$1
	shift
	"$qemu" -M "$machine,dumpdtb=$scratch/$name.dtb" -m 1G "$@" 2>/dev/null
	{
		echo '// SPDX-License-Identifier: MIT OR Apache-2.0'
		echo '/*'
		echo " * $what"
		echo " * Taken from QEMU $("$qemu" --version |
			sed -n 's/.*version \([0-9.]*\).*/\1/p') and turned" \
			"into text by $(dtc --version |
			sed 's/Version: DTC /dtc /'):"
		echo ' *'
		echo " *   $qemu -M $machine,dumpdtb=x.dtb -m 1G $*" |
			sed 's/ *$//'
		echo ' *'
		echo ' * Without rng-seed and kaslr-seed, which QEMU draws anew' \
			'at each start.'
		echo ' */'
		dtc -q -I dtb -O dts "$scratch/$name.dtb" |
			sed '/\(rng\|kaslr\)-seed = /d'
	} >"$name.dts"
	echo "$name.dts"
}

dump qemu-virt 'Machine "virt" of 64-bit Arm, without an IOMMU.' \
	qemu-system-aarch64 virt -cpu max
dump qemu-virt-gicv3 'Machine "virt" of 64-bit Arm: an SMMUv3, and MSIs at an ITS.' \
	qemu-system-aarch64 virt,iommu=smmuv3,gic-version=3 -cpu max
dump qemu-arm-virt-smmuv3 'Machine "virt" of 32-bit Arm, with an SMMUv3.' \
	qemu-system-arm virt,iommu=smmuv3
dump qemu-riscv-virt 'Machine "virt" of RISC-V, without an IOMMU.' \
	qemu-system-riscv64 virt
dump qemu-riscv-virt-iommu-sys 'Machine "virt" of RISC-V: an IOMMU on the bus, and MSIs at IMSICs.' \
	qemu-system-riscv64 virt,aia=aplic-imsic,iommu-sys=on
dump qemu-riscv-virt-iommu-pci 'Machine "virt" of RISC-V: an IOMMU that is a PCI function.' \
	qemu-system-riscv64 virt -device riscv-iommu-pci
