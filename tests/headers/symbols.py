#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Checks that headers, symbol map and library agree on what is exported.

    symbols.py LIBRARY.so   checks the tree against the library
    symbols.py --self-test  checks that disagreement is found

Prints a line for each finding, and for each symbol without one `ok: NAME`.
Exits as failed when there was a finding.
"""

import re
import subprocess

import api


def exported(library):
    """{symbol: (node, nm's letter)} of a shared library. The version nodes
    themselves, which are absolute symbols, are left out."""
    listing = subprocess.run(
        ["nm", "-D", "--defined-only", "--with-symbol-versions", library],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return parse_exported(listing)


def parse_exported(listing):
    symbols = {}
    for line in listing.splitlines():
        _, letter, versioned = line.split()
        if letter == "A":
            continue
        name, _, node = versioned.partition("@")
        symbols[name] = (node.lstrip("@"), letter)
    return symbols


def soname(library):
    """The name that programs record."""
    listing = subprocess.run(
        ["readelf", "-d", library], check=True, capture_output=True, text=True
    ).stdout
    match = re.search(r"\(SONAME\).*\[(.*)\]", listing)
    return match.group(1) if match else None


def compare(declared, nodes, symbols):
    """Sentences on every disagreement: names in headers, {symbol: node} of the
    map, {symbol: (node, letter)} of the library."""
    for name in sorted(declared - nodes.keys()):
        yield f"{name}: in a header, not in the map"
    for name in sorted(nodes.keys() - declared):
        yield f"{name}: in the map, in no header"
    for name in sorted(nodes.keys() - symbols.keys()):
        yield f"{name}: in the map, not exported by the library"
    for name in sorted(symbols.keys() - nodes.keys()):
        yield f"{name}: exported by the library, not in the map"
    for name in sorted(symbols.keys() & nodes.keys()):
        node, letter = symbols[name]
        if node != nodes[name]:
            yield f"{name}: {nodes[name]} in the map, {node} in the library"
        if letter != "T":
            yield f"{name}: exported as {letter}, and only functions may be"


def header_version():
    """major.minor as <iomm/types.h> has it."""
    text = dict(api.headers())["include/iomm/types.h"]
    return ".".join(
        re.search(rf"#define IOMM_VERSION_{part} (\d+)", text).group(1)
        for part in ("MAJOR", "MINOR")
    )


def self_test():
    """Sentences on what this program fails to see."""
    declared = {"iomm_a", "iomm_b"}
    nodes = api.read_map(
        "IOMM_0.1 { global: iomm_a; local: *; };\n"
        "/* iomm_c; */ IOMM_0.2 { global: iomm_b; } IOMM_0.1;\n"
    )
    symbols = parse_exported(
        "0000000000000000 A IOMM_0.1\n"
        "0000000000001100 T iomm_a@@IOMM_0.1\n"
        "0000000000001200 T iomm_b@@IOMM_0.2\n"
    )
    agreeing = list(compare(declared, nodes, symbols))
    if agreeing:
        yield f"agreement is refused: {agreeing}"

    cases = {
        "one more in the headers": (declared | {"iomm_c"}, nodes, symbols),
        "one less in the headers": (declared - {"iomm_b"}, nodes, symbols),
        "one more in the map": (declared, {**nodes, "iomm_c": "IOMM_0.1"}, symbols),
        "one more in the library": (
            declared,
            nodes,
            {**symbols, "iomm_c": ("IOMM_0.1", "T")},
        ),
        "one less in the library": (declared, nodes, {"iomm_a": symbols["iomm_a"]}),
        "another node": (declared, nodes, {**symbols, "iomm_a": ("IOMM_0.2", "T")}),
        "no node": (declared, nodes, {**symbols, "iomm_a": ("", "T")}),
        "data": (declared, nodes, {**symbols, "iomm_a": ("IOMM_0.1", "D")}),
    }
    for what, case in cases.items():
        if not list(compare(*case)):
            yield f"not refused: {what}"


def check(library):
    """(findings, names without any) of the tree."""
    declared = {p.name for p in api.all_prototypes()}
    nodes = api.symbol_map()
    findings = list(compare(declared, nodes, exported(library)))
    if not declared:
        findings.append("the headers declare nothing")

    name = soname(library)
    if name != "libiomm.so.0":
        findings.append(f"the library's name is {name}, not libiomm.so.0")
    newest = list(dict.fromkeys(nodes.values()))[-1] if nodes else None
    if newest != f"IOMM_{header_version()}":
        findings.append(
            f"the headers are {header_version()}, the map's last node is {newest}"
        )
    bad = {finding.split(":")[0] for finding in findings}
    return findings, sorted(declared - bad)


if __name__ == "__main__":
    api.main(__doc__, self_test, check, ["LIBRARY.so"])
