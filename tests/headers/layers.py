#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Checks that includes follow the arrows of the design, which run down only.

    layers.py              checks the tree
    layers.py --self-test  checks that an arrow that runs up is found

Prints a line for each finding, and for each file without one `ok: FILE`.
Exits as failed when there was a finding.
"""

import re
from pathlib import Path

import api

# What each folder of src/ may include of the others. The files right in src/
# put the core together, and so know all of it.
BELOW = {
    "": {"base", "pgtable", "ioasid", "device", "domain", "alloc"},
    "base": set(),
    "pgtable": {"base"},
    "ioasid": {"base"},
    "device": {"base"},
    "domain": {"device", "pgtable", "ioasid", "base"},
    "platform": {"base"},
    "device/acpi": {"device", "base"},
    "device/firmware": {"device", "base"},
    "pgtable/codec": {"pgtable", "base"},
    "plugin": {"pgtable", "base"},
    "plugin/entry": {"pgtable", "base"},
    "alloc": {"base"},
    "alloc/hosted": {"alloc", "base"},
    "backend": {"domain", "device", "pgtable", "ioasid", "base"},
}

# The folders that are built for any host, and what they may count on there:
# the headers that C11 promises to a freestanding program.
CORE = {
    "", "base", "pgtable", "ioasid", "device", "device/acpi", "domain", "alloc"
}
FREESTANDING = {
    f"{name}.h"
    for name in (
        "float iso646 limits stdalign stdarg stdatomic stdbool stddef stdint"
        " stdnoreturn"
    ).split()
}


def includes(text):
    """(line, opening bracket, name) of each include."""
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r'\s*#\s*include\s*([<"])([^">]+)', line)
        if match:
            yield number, match.group(1), match.group(2)


def findings_of_source(path, text):
    """Sentences on the includes of src/FOLDER/... and src/..."""
    folder = "/".join(Path(path).parts[1:-1])
    if folder not in BELOW:
        yield 1, f"{folder} has no place in the design"
        return
    for line, bracket, name in includes(text):
        other = name.rpartition("/")[0]
        if bracket == '"':
            if "/" not in name:
                yield line, f'"{name}" is not "folder/file.h"'
            elif other != folder and other not in BELOW[folder]:
                yield line, f"{folder or 'src'} may not include from {other}"
        elif other != "iomm" and folder in CORE and name not in FREESTANDING:
            yield line, f"<{name}> is not freestanding, and this is"


def findings_of_header(path, text):
    """Sentences on the includes of include/iomm/..."""
    for line, bracket, name in includes(text):
        if bracket == '"' or not (name.startswith("iomm/") or name == "stdint.h"):
            yield line, f"{name} has no place in a public header"


def findings_of_example(path, text):
    """Sentences on the includes of examples/..., which have headers of their own,
    and whose plugins have the engine's headers too."""
    engine = set()
    if path.startswith("examples/plugins/"):
        engine = set(Path("src/pgtable/engine_headers.txt").read_text().split())
        engine.add("pgtable/engine_version.h")
    for line, bracket, name in includes(text):
        file = (Path(path).parent / name).resolve()
        own = file.is_file() and file.is_relative_to(Path("examples").resolve())
        if bracket == '"' and not own and name not in engine:
            yield line, f"an example has public headers only, not {name}"


CHECKS = {
    "src": findings_of_source,
    "include": findings_of_header,
    "examples": findings_of_example,
}


def check(files):
    """(findings, files without any) of [(path, text)]."""
    findings, good = [], []
    for path, text in files:
        found = list(CHECKS[Path(path).parts[0]](path, text))
        findings += [f"{path}:{line}: {sentence}" for line, sentence in found]
        if not found:
            good.append(path)
    return findings, good


def check_tree():
    """The same of every C file of the tree that has a place in the design."""
    return check(
        (str(path), path.read_text())
        for top in CHECKS
        for path in sorted(Path(top).rglob("*.[ch]"))
    )


GOOD = [
    ("src/base/a.c", '#include "base/a.h"\n#include <iomm/a.h>\n#include <stdint.h>'),
    ("src/domain/a.c", '#include "device/a.h"\n# include "pgtable/a.h"'),
    ("src/a.c", '#include "domain/a.h"'),
    ("src/device/firmware/a.c", '#include "device/a.h"\n#include <libfdt.h>'),
    ("src/platform/a.c", "#include <pthread.h>"),
    ("include/iomm/a.h", "#include <iomm/types.h>\n#include <stdint.h>"),
    ("examples/a.c", "#include <iomm/iomm.h>\n#include <stdio.h>"),
    ("examples/plugins/a.c", '#include "pgtable/engine.h"'),
]
BAD = [
    ("src/base/a.c", '#include "device/a.h"'),
    ("src/base/a.c", "#include <stdlib.h>"),
    ("src/device/a.c", '# include "domain/a.h"'),
    ("src/device/a.c", '#include "device/firmware/a.h"'),
    ("src/pgtable/a.c", '\t#include "domain/a.h"'),
    ("src/pgtable/a.h", '#include "a.h"'),
    ("src/pgtable/a.h", '#include "../domain/a.h"'),
    ("src/alloc/a.c", '#include "platform/a.h"'),
    ("src/a.c", '#include "platform/a.h"'),
    ("src/stray/a.c", ""),
    ("include/iomm/a.h", '#include "base/a.h"'),
    ("include/iomm/a.h", "#include <stddef.h>"),
    ("examples/a.c", '#include "base/list.h"'),
    ("examples/plugins/a.c", '#include "base/readers.h"'),
]


def self_test():
    """Sentences on what this program fails to see."""
    findings, _ = check(GOOD)
    if findings:
        yield f"good files are refused: {findings}"
    for path, text in BAD:
        if not check([(path, text)])[0]:
            yield f"not refused: {path}: {text}"


if __name__ == "__main__":
    api.main(__doc__, self_test, check_tree)
