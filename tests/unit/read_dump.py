#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Reads a dump of a page table, as docs/dump.md says, without the library.

Prints what it maps, in the words of the text form:  read_dump.py FILE
"""
import struct
import sys
import zlib

END, TABLE, LEAF, RUN, INSTEAD = range(5)


class Reader:
    """The records of a dump, turned into descriptors."""

    def __init__(self, dump):
        (magic, version, self.flags, name, self.ias, self.oas, self.granule,
         self.sizes, self.first_iova, self.root, self.root_bytes, self.levels,
         self.desc_shift, self.slot_bits, self.page_shift) = struct.unpack_from(
             "<8sII24sIIQQQQIBBBB", dump)
        assert magic == b"IOMMDUMP" and version == 1
        self.format = name.rstrip(b"\0").decode()
        self.regs = struct.unpack_from("<8Q", dump, 88)
        assert zlib.crc32(dump[:-4]) == struct.unpack("<I", dump[-4:])[0]
        self.dump, self.at = dump[:-4], 152

    def number(self):
        value = shift = 0
        while True:
            byte = self.dump[self.at]
            self.at += 1
            value |= (byte & 0x7f) << shift
            shift += 7
            if byte < 0x80:
                return value

    def difference(self):
        number = self.number()
        return -(number + 1 >> 1) if number & 1 else number >> 1

    def span(self, depth):
        return 1 << self.page_shift + self.slot_bits * (self.levels - 1 - depth)

    def leaves(self):
        """(depth, first input address, descriptor) of each; None where a table
        begins, and parts what comes next from what was before."""
        base = [self.first_iova] + [0] * self.levels
        slot = [0] * (self.levels + 1)
        begin = [0] * (self.levels + 1)
        leaves = []
        last = 0
        while True:
            kind, depth = self.dump[self.at] & 7, self.dump[self.at] >> 3
            self.at += 1
            if kind == END:
                assert depth == 0 and self.at == len(self.dump)
                return leaves
            if kind == INSTEAD:
                slot[depth] -= 1
                del leaves[begin[depth + 1]:]
            else:
                slot[depth] += self.number()
            iova = base[depth] + slot[depth] * self.span(depth)
            if kind == TABLE:
                self.at += 8
                self.number()
                slot[depth] += 1
                base[depth + 1], slot[depth + 1] = iova, 0
                begin[depth + 1] = len(leaves)
                leaves.append(None)
                continue
            last = last + self.difference() & 2**64 - 1
            count, step = 1, 0
            if kind == RUN:
                count, step = self.number(), self.difference()
            for n in range(count):
                leaves.append((depth, iova + n * self.span(depth),
                               last + n * step & 2**64 - 1))
            last = last + (count - 1) * step & 2**64 - 1
            slot[depth] += count


def arm64_s1(reader, desc, span):
    """Output address, protection, and whether it is part of a run."""
    assert reader.oas <= 48
    mair = reader.regs[2] >> 8 * (desc >> 2 & 7) & 0xff
    user = desc >> 6 & 1
    letters = "r"
    letters += "-" if desc >> 7 & 1 else "w"
    letters += "-" if desc >> (54 if user else 53) & 1 else "x"
    letters += "c" if mair == 0xff else "-"
    letters += "m" if mair < 0x10 else "-"
    letters += "-" if user else "p"
    return desc & 2**48 - span, letters, bool(desc >> 52 & 1)


def size(value):
    units = ["bytes", "KiB", "MiB", "GiB", "TiB"]
    while value % 1024 == 0 and len(units) > 1:
        value //= 1024
        units.pop(0)
    return f"{value} {units[0]}"


class Stretch:
    """Leaves that are one line."""

    def __init__(self, span, iova, paddr, prot, run):
        self.span, self.iova, self.paddr = span, iova, paddr
        self.prot, self.run = prot, run
        self.count, self.step = 1, span

    def takes(self, span, iova, paddr, prot, run):
        if (span, prot, run) != (self.span, self.prot, self.run) or \
                iova != self.iova + self.count * span:
            return False
        if self.count == 1 and paddr == self.paddr:
            self.step = 0
        if paddr != self.paddr + self.count * self.step:
            return False
        self.count += 1
        return True

    def __str__(self):
        bytes_ = self.count * self.span
        to = f"{self.paddr:#x}"
        if self.step:
            to += f"..{self.paddr + bytes_ - 1:#x}"
        return (f"{self.iova:#x}..{self.iova + bytes_ - 1:#x} -> {to} "
                f"{self.prot} {size(self.span)} x {self.count}" +
                " contiguous" * self.run + " repeated" * (not self.step))


def main():
    with open(sys.argv[1], "rb") as file:
        reader = Reader(file.read())
    assert reader.format == "arm64-s1"
    stretch = None
    for leaf in reader.leaves():
        if leaf:
            depth, iova, desc = leaf
            span = reader.span(depth)
            leaf = (span, iova, *arm64_s1(reader, desc, span))
        if stretch and not (leaf and stretch.takes(*leaf)):
            print(stretch)
            stretch = None
        if leaf and not stretch:
            stretch = Stretch(*leaf)
    if stretch:
        print(stretch)


main()
