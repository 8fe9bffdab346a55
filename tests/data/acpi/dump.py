#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Writes the ACPI tables of QEMU's machines that are in this directory.

    tests/data/acpi/dump.py          all of them
    tests/data/acpi/dump.py NAME...  some

QEMU hands tables to its guest's firmware over fw_cfg (QEMU, docs/specs/fw_cfg
and hw/acpi/bios-linker-loader.c): one file with all of them, and a list of
commands that the firmware carries out, which put addresses and checksums into
them. Here this is done in the firmware's place, over the qtest protocol, so
what is written is what an operating system would find. No guest runs.
"""

import struct
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
SIGNATURES = {b"IORT", b"DMAR", b"IVRS", b"VIOT", b"RIMT"}

# A bridge with a device below it, and a second root bus, so that tables have
# more to say.
Q35 = [
    "qemu-system-x86_64", "-M", "q35", "-m", "64M",
    "-device", "pcie-root-port,id=root1,addr=4,chassis=1,bus=pcie.0",
    "-device", "edu,addr=6",
]
VIRT = [
    "qemu-system-aarch64", "-cpu", "max", "-m", "64M",
    "-device", "pxb-pcie,id=second,bus_nr=0x80,bypass_iommu=on",
    "-device", "pcie-root-port,id=root1,addr=4,chassis=1,bus=pcie.0",
]
MACHINES = {
    "q35-intel-iommu": Q35 + [
        "-device", "e1000e,bus=root1", "-device",
        "intel-iommu,intremap=on,device-iotlb=on,aw-bits=48",
    ],
    "q35-amd-iommu": Q35 + [
        "-device", "pcie-pci-bridge,id=conventional,bus=root1",
        "-device", "e1000,bus=conventional,addr=3",
        "-device", "amd-iommu,intremap=on,xtsup=on,device-iotlb=on",
    ],
    "q35-virtio-iommu": Q35 + [
        "-device", "pxb-pcie,id=second,bus_nr=0x80,bypass_iommu=on",
        "-device", "virtio-iommu-pci,bus=pcie.0,addr=7",
    ],
    "virt-smmuv3": VIRT + ["-M", "virt,gic-version=3,iommu=smmuv3"],
    "virt-virtio-iommu": VIRT + [
        "-M", "virt,gic-version=3", "-device", "virtio-iommu-pci,bus=pcie.0,addr=7",
    ],
}


class Qemu:
    """A machine that stands still."""

    def __init__(self, command):
        self.process = subprocess.Popen(
            command + ["-nodefaults", "-display", "none", "-S",
                       "-qtest", "stdio", "-qtest-log", "/dev/null"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        self.is_x86 = "x86" in command[0]

    def ask(self, line):
        """The answer to a command of the qtest protocol."""
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        for answer in self.process.stdout:
            word, _, rest = answer.strip().partition(" ")
            if word == "OK":
                return rest
            if word != "IRQ":
                break
        sys.exit(f"dump.py: QEMU does not take '{line}'")

    def select(self, key):
        """Selects an item of fw_cfg, to be read from its start."""
        if self.is_x86:
            self.ask(f"outw 0x510 {key:#x}")
        else:
            # Big-endian, as seen by a little-endian CPU.
            swapped = (key & 0xFF) << 8 | key >> 8
            self.ask(f"writew 0x9020008 {swapped:#x}")

    def read(self, count):
        """The next bytes of the item."""
        command = "inb 0x511" if self.is_x86 else "readb 0x9020000"
        return bytes(int(self.ask(command), 16) for _ in range(count))

    def files(self):
        """Name: (key, bytes) of each file of fw_cfg."""
        self.select(0x19)
        found = {}
        for _ in range(struct.unpack(">I", self.read(4))[0]):
            size, key, _, name = struct.unpack(">IHH56s", self.read(64))
            found[name.rstrip(b"\0").decode()] = (key, size)
        return found

    def number_buses(self):
        """Gives the bridges of a PC their buses, as its firmware would."""
        below = {(0, 4): (0, 1, 2), (1, 0): (1, 2, 2)}
        for (bus, device), numbers in below.items():
            address = 0x80000000 | bus << 16 | device << 11
            self.ask(f"outl 0xcf8 {address | 8:#x}")
            if int(self.ask("inl 0xcfc"), 16) >> 16 != 0x0604:
                continue
            primary, secondary, last = numbers
            self.ask(f"outl 0xcf8 {address | 0x18:#x}")
            self.ask(f"outl 0xcfc "
                     f"{primary | secondary << 8 | last << 16:#x}")

    def close(self):
        self.process.stdin.close()
        self.process.kill()
        self.process.wait()


def name_of(field):
    return field.partition(b"\0")[0].decode()


def load(qemu):
    """The files that the loader's commands name, as they leave them."""
    files = qemu.files()

    def read(name):
        key, size = files[name]
        qemu.select(key)
        return bytearray(qemu.read(size))

    blobs, where, free = {}, {}, 0x3F00000
    commands = bytes(read("etc/table-loader"))
    for at in range(0, len(commands), 128):
        (command,) = struct.unpack_from("<I", commands, at)
        first = name_of(commands[at + 4 : at + 60])
        if command == 1:
            (align,) = struct.unpack_from("<I", commands, at + 60)
            blobs[first] = read(first)
            free = (free + align - 1) & -align
            where[first] = free
            free += len(blobs[first])
        elif command == 2:
            second = name_of(commands[at + 60 : at + 116])
            offset, size = struct.unpack_from("<IB", commands, at + 116)
            field = slice(offset, offset + size)
            value = int.from_bytes(blobs[first][field], "little")
            value += where[second]
            blobs[first][field] = value.to_bytes(size, "little")
        elif command == 3:
            offset, start, length = struct.unpack_from("<III", commands,
                                                       at + 60)
            total = sum(blobs[first][start : start + length])
            blobs[first][offset] = -total & 0xFF
    return blobs


def tables(blob):
    """The tables that lie one after the other, padded or not."""
    at = 0
    while at + 36 <= len(blob):
        signature = bytes(blob[at : at + 4])
        (length,) = struct.unpack_from("<I", blob, at + 4)
        if not signature.isalnum() or length < 36:
            at += 1
            continue
        yield signature, bytes(blob[at : at + length])
        at += length


def dump(name):
    qemu = Qemu(MACHINES[name])
    if qemu.is_x86:
        qemu.number_buses()
    blob = load(qemu)["etc/acpi/tables"]
    qemu.close()
    for signature, table in tables(blob):
        if signature in SIGNATURES:
            assert sum(table) & 0xFF == 0
            path = HERE / f"{name}.{signature.decode().lower()}.aml"
            path.write_bytes(table)
            print(f"{path.name}: {len(table)} bytes")


def main():
    for name in sys.argv[1:] or MACHINES:
        dump(name)


if __name__ == "__main__":
    main()
