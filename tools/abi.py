#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Holds the ABI against the baseline in abi/0.0, which is the public headers
and the library's symbols as they were.

    abi.py check           prints "ok: ..." or "FAILED: ..." for each part
    abi.py baseline WHY    makes the tree's the baseline, and says so, with the
                           reason, in abi/history
    abi.py compare OLD NEW compares two include directories

Both sides are compiled here and now, by one compiler, so that neither its
version nor abidiff's is part of the comparison. Headers become a library of
empty functions: it has every public type, and none but those. CC is the
compiler, gcc if unset.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/headers"))
# ruff: noqa: E402
import api
import symbols as elf

BASELINE = Path("abi/0.0")
HISTORY = Path("abi/history")
LIBRARY = Path("build/abi/libiomm.so")
# Without the second, types that no function mentions have no DWARF.
DEBUG = ["-g", "-fno-eliminate-unused-debug-types"]
CC = os.environ.get("CC", "gcc")
# How much of abidiff's report is shown.
LINES = 100


def run(command, **options):
    return subprocess.run(command, text=True, capture_output=True, **options)


def must_run(command, **options):
    result = run(command, **options)
    if result.returncode:
        sys.exit(f"abi: {' '.join(map(str, command))}\n{result.stderr}")
    return result.stdout


# --- what a set of headers declares


def prototypes(include):
    return [
        prototype
        for path, text in api.headers(f"{include}/iomm")
        for prototype in api.prototypes(text, path)
    ]


def stub_source(include):
    """A definition of every public function."""
    lines = ["#include <iomm/iomm.h>"]
    for prototype in prototypes(include):
        body = "{ }" if prototype.result == "void" else "{ return 0; }"
        lines.append(f"{prototype.text.rstrip(';{ ')} {body}")
    return "\n".join(lines) + "\n"


def version_script(symbols):
    nodes = {}
    for name, node in sorted(symbols.items()):
        nodes.setdefault(node, []).append(name)
    return "\n".join(
        f"{node} {{ global: {' '.join(name + ';' for name in names)} local: *; }};"
        for node, names in nodes.items()
    )


def make_stub(include, symbols, directory, name):
    """A library with the headers' types and the given {symbol: node}."""
    source, script = directory / f"{name}.c", directory / f"{name}.map"
    library = directory / f"{name}.so"
    source.write_text(stub_source(include))
    script.write_text(version_script(symbols))
    must_run(
        [CC, "-w", "-std=c11", "-fPIC", "-shared", "-fvisibility=hidden", *DEBUG]
        + [f"-I{include}", source, "-Wl,-soname,libiomm.so.0"]
        + [f"-Wl,--version-script={script}", "-o", library]
    )
    return library


# --- constants: macros are not in DWARF

SHOW = """
#include <stdio.h>
#include <iomm/iomm.h>
#define TYPE(x) _Generic((x), int: "int", unsigned: "unsigned", \\
    long: "long", unsigned long: "unsigned long", long long: "long long", \\
    unsigned long long: "unsigned long long")
#define SHOW(x) printf("%s %lld (%s)\\n", #x, (long long)(x), TYPE(x));
"""


def split_macros(listing):
    """({name: text} of macros that are no numbers, [names of those that are])
    of what `cc -dM` says."""
    texts, numbers = {}, []
    for line in listing.splitlines():
        match = re.match(r"#define (IOMM_\w+)(\([^)]*\))? ?(.*)", line)
        if not match:
            continue
        name, parameters, body = match.groups()
        if parameters or not body or "__attribute__" in body:
            texts[name] = " ".join(f"{parameters or ''} {body}".split())
        else:
            numbers.append(name)
    return texts, numbers


def constants(include, directory):
    """{name: value and type, or text} of every public macro."""
    compiler = [CC, "-std=c11", f"-I{include}", "-x", "c"]
    listing = must_run(
        [*compiler, "-E", "-dM", "-"], input="#include <iomm/iomm.h>\n"
    )
    macros, numbers = split_macros(listing)
    # #x would show the value of a macro that is expanded first; SHOW's is not.
    lines = "\n".join(f"SHOW({name})" for name in sorted(numbers))
    program = directory / "constants"
    must_run(
        [*compiler, "-o", program, "-"],
        input=f"{SHOW}\nint main(void) {{\n{lines}\nreturn 0; }}\n",
    )
    for line in must_run([program]).splitlines():
        name, value = line.split(" ", 1)
        macros[name] = value
    return macros


# --- comparing: each yields sentences


def compare_maps(what, old, new):
    for name in sorted(old.keys() - new.keys()):
        yield f"{what} {name}: gone (it was {old[name]})"
    for name in sorted(new.keys() - old.keys()):
        yield f"{what} {name}: new ({new[name]})"
    for name in sorted(old.keys() & new.keys()):
        if old[name] != new[name]:
            yield f"{what} {name}: {new[name]}, was {old[name]}"


def abidiff(old, new, *options):
    # Exit 0 means no change only when both have debugging information.
    for library in (old, new):
        if ".debug_info" not in must_run(["readelf", "-SW", library]):
            yield f"{library}: has no DWARF, so nothing was compared"
    result = run(["abidiff", *options, old, new])
    if result.returncode:
        report = (result.stdout + result.stderr).strip().splitlines()
        if len(report) > LINES:
            report[LINES:] = [f"... and {len(report) - LINES} lines more"]
        yield "\n".join([f"abidiff: exit status {result.returncode}", *report])


def compare_headers(old, new, old_symbols, new_symbols):
    """Findings on two include directories, by part."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        yield (
            "constants and macros",
            list(
                compare_maps(
                    "macro", constants(old, directory), constants(new, directory)
                )
            ),
        )
        old_stub = make_stub(old, old_symbols, directory, "old")
        new_stub = make_stub(new, new_symbols, directory, "new")
        yield (
            "functions and types, those that no function mentions included",
            list(abidiff(old_stub, new_stub, "--non-reachable-types", "--harmless")),
        )


def compare_library(symbols):
    """The library itself: that it is what its headers promise."""
    with tempfile.TemporaryDirectory() as name:
        stub = make_stub(BASELINE / "include", symbols, Path(name), "old")
        # That the library knows what its handles are made of is a change, and
        # a harmless one; and the types that it has for itself are nobody's
        # business.
        yield "the library's functions and types", list(abidiff(stub, LIBRARY))


# --- the baseline


def read_symbols():
    """{symbol: node} of the baseline."""
    lines = (BASELINE / "symbols").read_text().splitlines()
    return dict(line.split("@") for line in lines if not line.startswith("#"))


def built_symbols():
    build_library()
    return {name: node for name, (node, _) in elf.exported(LIBRARY).items()}


def build_library():
    environment = {
        key: value
        for key, value in os.environ.items()
        if key not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "BUILD")
    }
    must_run(
        ["make", f"-j{os.cpu_count()}", f"BUILD={LIBRARY.parent}", f"CC={CC}"]
        + [f"CFLAGS=-O0 {' '.join(DEBUG)}", str(LIBRARY)],
        env=environment,
    )


def digest():
    """Of the baseline's files, names and all."""
    total = hashlib.sha256()
    for path in sorted(p for p in BASELINE.rglob("*") if p.is_file()):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        total.update(f"{path} {content}\n".encode())
    return total.hexdigest()[:16]


def check_history():
    entries = re.findall(
        r"^\d{4}-\d\d-\d\d ([0-9a-f]{16}) \S", HISTORY.read_text(), flags=re.M
    )
    if not entries or entries[-1] != digest():
        yield f"{BASELINE} is not what the last entry of {HISTORY} is about"


def parts():
    """(name, findings) of each part of the check."""
    old, new = read_symbols(), built_symbols()
    yield "the baseline has its line in abi/history", list(check_history())
    yield "symbols and their nodes", list(compare_maps("symbol", old, new))
    yield from compare_headers(BASELINE / "include", "include", old, new)
    yield from compare_library(old)


def tell(all_parts):
    """Prints the parts; true when there was no finding."""
    good = True
    for name, findings in all_parts:
        for finding in findings:
            print(f"FAILED: {finding}")
        if not findings:
            print(f"ok: {name}")
        good = good and not findings
    return good


def check():
    if tell(parts()):
        return True
    print(
        "If the change is meant: make abi-baseline WHY='the reason'",
        file=sys.stderr,
    )
    return False


# --- commands


def write_baseline(symbols):
    shutil.rmtree(BASELINE, ignore_errors=True)
    shutil.copytree("include", BASELINE / "include")
    (BASELINE / "symbols").write_text(
        "# SPDX-License-Identifier: MIT OR Apache-2.0\n"
        "# What the library exports, each with its node.\n"
        + "".join(f"{name}@{node}\n" for name, node in sorted(symbols.items()))
    )


def summary(findings):
    """A finding in a line: abidiff's first lines are counts."""
    for finding in findings:
        lines = finding.splitlines()
        yield lines[0]
        for line in lines[1:]:
            if re.match(r"\s*(\[[ACD]\]|type|parameter|.*offset changed)", line):
                yield f"  {line.strip()}"


def baseline(why):
    why = " ".join(why.split())
    if not why:
        sys.exit("abi: a new baseline needs a reason: make abi-baseline WHY='...'")
    symbols = built_symbols()
    changes = []
    if BASELINE.exists():
        changes = [finding for _, some in parts() for finding in some]
        if not changes:
            print("nothing has changed: the baseline stays")
            return
    write_baseline(symbols)
    with HISTORY.open("a") as history:
        history.write(f"{time.strftime('%Y-%m-%d', time.gmtime())} {digest()} {why}\n")
        for line in summary(changes):
            history.write(f"    {line}\n")
    print(f"{BASELINE} is the tree's; the line in {HISTORY} is written")


def compare(old, new):
    def all_in_one(include):
        return {p.name: "IOMM" for p in prototypes(include)}

    return tell(compare_headers(old, new, all_in_one(old), all_in_one(new)))


def main(arguments):
    os.chdir(ROOT)
    match arguments:
        case ["check"]:
            sys.exit(not check())
        case ["baseline", why]:
            baseline(why)
        case ["compare", old, new]:
            sys.exit(not compare(old, new))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
