#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Holds abi/layout.c against the public headers.

    tools/layout.py LAYOUT.c HEADER...

Every public struct, every field of it and every constant must be frozen in
LAYOUT.c, nothing else may be, and the fields of a struct must lie side by side:
padding has a name. Prints what is wrong, and fails if that is anything. The
compiler checks the numbers; this checks that none is missing.
"""
import re
import sys

STRUCT = re.compile(r"\bstruct\s+(iomm_\w+)\s*\{")
POINTER = re.compile(r"\bIOMM_(?:PTR|FN)\s*\(")
DEFINE = re.compile(r"^#\s*define\s+(IOMM_\w+)[ \t]+(\S.*)$", re.M)
# What is a number; not what tells compilers something.
NUMBER = re.compile(r"[(\s]*(\d|UINT64_(C|MAX)\b|IOMM_[A-Z0-9_]+\b)")


def read(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    text = text.replace("\\\n", " ")
    return re.sub(r"/\*.*?\*/|//[^\n]*", " ", text, flags=re.S)


def closing(text, at, pair):
    """Where the bracket that opens at `at` is closed."""
    depth = 0
    for i in range(at, len(text)):
        depth += (text[i] == pair[0]) - (text[i] == pair[1])
        if depth == 0:
            return i
    raise SystemExit("unbalanced " + pair)


def arguments(text):
    """A macro's arguments, split at commas outside of brackets."""
    parts, depth, part = [], 0, ""
    for c in text:
        depth += (c in "([") - (c in ")]")
        if c == "," and not depth:
            parts.append(part.strip())
            part = ""
        else:
            part += c
    return parts + [part.strip()]


def fields(body):
    """(name, is it a pointer) of each field, in order."""
    found = []
    while True:
        body = body.lstrip(" \t\n;")
        if not body:
            return found
        pointer = POINTER.match(body)
        if pointer:
            end = closing(body, pointer.end() - 1, "()")
            found.append((arguments(body[pointer.end():end])[1], True))
            body = body[end + 1:]
            continue
        declaration, body = body.split(";", 1)
        if "*" in declaration:
            raise SystemExit("a pointer outside of IOMM_PTR: " + declaration)
        for part in declaration.split(","):
            found.append((re.findall(r"\w+", part.split("[")[0])[-1], False))


def public(headers):
    structs, constants = {}, set()
    for path in headers:
        text = read(path)
        for match in STRUCT.finditer(text):
            end = closing(text, match.end() - 1, "{}")
            structs[match.group(1)] = fields(text[match.end():end])
        for name, value in DEFINE.findall(text):
            # The version is another one with each release.
            if NUMBER.match(value) and not name.startswith("IOMM_VERSION_"):
                constants.add(name)
    return structs, constants


def frozen(path):
    text = read(path)
    text = re.sub(r"^#.*$", "", text, flags=re.M)
    sizes, layout, constants = {}, {}, set()
    for kind, args in re.findall(r"\b(SIZE|FIELD|POINTER|VALUE)\(([^;]*)\);",
                                 text):
        args = arguments(args)
        if kind == "SIZE":
            sizes[args[0]] = int(args[1])
        elif kind == "VALUE":
            constants.add(args[0])
        else:
            bytes_ = 8 if kind == "POINTER" else int(args[3])
            layout.setdefault(args[0], []).append(
                (args[1], kind == "POINTER", int(args[2]), bytes_))
    return sizes, layout, constants


def compare(what, wanted, have):
    for name in sorted(wanted - have):
        yield f"{what} {name} is not frozen"
    for name in sorted(have - wanted):
        yield f"{what} {name} is frozen, but not public"


def gaps(name, rows, size):
    at = 0
    for field, _, offset, bytes_ in rows:
        if offset != at:
            yield f"struct {name}: {field} is at {offset}, not {at}"
        at = offset + bytes_
    if at != size:
        yield f"struct {name}: ends at {at}, and has {size} bytes"


def findings(layout_c, headers):
    structs, constants = public(headers)
    sizes, layout, values = frozen(layout_c)
    yield from compare("constant", constants, values)
    yield from compare("struct", set(structs), set(sizes))
    for name in sorted(set(structs) & set(sizes)):
        rows = layout.get(name, [])
        if [row[:2] for row in rows] != structs[name]:
            yield from compare(f"struct {name}: field",
                               {f"{f}{' (a pointer)' * p}"
                                for f, p in structs[name]},
                               {f"{f}{' (a pointer)' * p}"
                                for f, p, _, _ in rows})
            yield f"struct {name}: its fields are not as in the header"
        yield from gaps(name, rows, sizes[name])


def main():
    said = list(findings(sys.argv[1], sys.argv[2:]))
    for line in said:
        print(line)
    return bool(said)


if __name__ == "__main__":
    sys.exit(main())
