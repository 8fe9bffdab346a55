#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Checks that each algorithm on page tables is there once: in the engine.

    formats.py              checks the tree
    formats.py --self-test  checks that a second copy is found

A format is data: its files decode and encode, and neither loop, nor recurse,
nor touch a table. The engine defines each of its functions once, and a table
of operations comes from nowhere else. Every format that there is is in the
list, and is one file of that name.

Prints a line for each finding, and `ok: FILE` for each format and each file of
the engine without one. Exits as failed when there was a finding.
"""

import re
from pathlib import Path

import api

ENGINE = "pgtable/engine.h"
LIST = "pgtable/format.h"

# A format that the tests have, see docs/adding-a-format.md.
TOY = "tests/unit/toy_format.c"


def stripped(text):
    """The code without comments and strings, with its line feeds."""
    pattern = r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"'
    return re.sub(
        pattern, lambda m: "\n" * m.group().count("\n"), text, flags=re.DOTALL
    )


def includes(text):
    return set(re.findall(r'^\s*#\s*include\s*"([^"]+)"', text, re.MULTILINE))


def reach(start, sources):
    """`start` and all that it includes, of `sources`."""
    seen, left = set(), [start]
    while left:
        name = left.pop()
        if name in sources and name not in seen:
            seen.add(name)
            left += includes(sources[name])
    return seen


def functions(code):
    """{name: body} of the functions that are defined in kernel style."""
    found = {}
    for match in re.finditer(
        r"^([^\n#{};]*?(?:\n[^\n#{};]*?)*?)\n\{\n(.*?)\n\}", code, re.M | re.S
    ):
        names = re.findall(r"(\w+)\s*\(", match.group(1))
        for name in names:
            if name not in ("__attribute__", "FN", "FMT_FN"):
                found[name] = match.group(2)
                break
    return found


def recursive(code):
    """Names of functions that end up calling themselves."""
    bodies = functions(code)
    calls = {
        name: {n for n in re.findall(r"\b(\w+)\s*\(", body) if n in bodies}
        for name, body in bodies.items()
    }
    for name in bodies:
        seen, left = set(), list(calls[name])
        while left:
            other = left.pop()
            if other == name:
                yield name
                break
            if other not in seen:
                seen.add(other)
                left += calls[other]


def findings_of_format(text):
    code = stripped(text)
    for number, line in enumerate(code.splitlines(), 1):
        for word in re.findall(r"\b(?:for|while|do|goto)\b", line):
            yield number, f"a format has no algorithm, and no `{word}`"
        if re.search(r"\biomm_desc_\w+", line):
            yield number, "only the engine reads and writes tables"
        if re.search(r"\bstruct iomm_engine_ops\s+\w+(?:\([^)]*\))?\s*=", line):
            yield number, "operations are made by the engine only"
    for name in recursive(code):
        yield 1, f"{name} calls itself"


def defined_by_engine(text):
    """(line, name) of each function that a file of the engine defines."""
    code = stripped(text)
    for match in re.finditer(r"^(?:[\w* ]|__attribute__\(\(\w+\)\))*\n?"
                             r"FN\((\w+)\)\([^;{}]*\)\n\{|"
                             r"^[^\n#]*\bFN\((\w+)\)\([^;{}]*\)\n\{",
                             code, re.M):
        name = match.group(1) or match.group(2)
        yield code.count("\n", 0, match.start()) + 1, name


def listed(text):
    macro = re.search(r"#define IOMM_FORMATS\(FORMAT\)((?:.*\\\n)*.*)", text)
    return re.findall(r"FORMAT\((\w+)\)", macro.group(1)) if macro else []


def check(sources):
    """(findings, good files) of {"pgtable/a.c": text}."""
    findings, good = [], []

    def note(name, found):
        findings.extend(f"{name}:{line}: {what}" for line, what in found)
        if not found:
            good.append(name)

    reached = {n: reach(n, sources) for n in sources if n.endswith(".c")}
    formats = {n for n, all_of_it in reached.items() if ENGINE in all_of_it}
    engine = reach(ENGINE, sources)
    others = engine.union(*(r for n, r in reached.items() if n not in formats))
    files = set().union(*(reached[n] for n in formats)) - others
    for name in sorted(files):
        note(name, list(findings_of_format(sources[name])))

    where = {}
    for name in sorted(n for n in sources if n.startswith("pgtable/engine")):
        found = []
        for line, function in defined_by_engine(sources[name]):
            if function in where:
                found.append((line, f"{function} is in {where[function]} too"))
            where[function] = name
        note(name, found)
    if not where:
        findings.append("the engine defines nothing")

    names = {f"pgtable/{n}.c" for n in listed(sources.get(LIST, ""))}
    for name in sorted(names ^ (formats - {TOY})):
        findings.append(f"{name} is not a format that is listed, and a file")
    return findings, good


def check_tree():
    sources = {
        str(path.relative_to("src")): path.read_text()
        for path in Path("src/pgtable").glob("*.[ch]")
    }
    sources[TOY] = Path(TOY).read_text()
    return check(sources)


GOOD = {
    "pgtable/engine.h": '#include "pgtable/part.h"\n'
    "static int FN(walk)(int a)\n{\n\tfor (;;)\n\t\ta++;\n}\n",
    "pgtable/engine_map.h": "static inline __attribute__((always_inline)) int\n"
    "FN(map)(struct a *a,\n\tint b)\n{\n\twhile (b)\n\t\tb--;\n}\n"
    "static int FN(map)(struct a *a, int b);\n",
    "pgtable/part.h": "static inline int part(int a)\n{\n\tdo {} while (a);\n}\n",
    "pgtable/format.h": "#define IOMM_FORMATS(FORMAT) \\\n\tFORMAT(one)\n",
    "pgtable/one.h": '#include "pgtable/part.h"\n/* for all */\n'
    "static int twice(int a)\n{\n\treturn 2 * a;\n}\n",
    "pgtable/one.c": '#include "pgtable/one.h"\n'
    'static int four(int a)\n{\n\treturn twice(twice(a)) + f("while");\n}\n'
    '#include "pgtable/engine.h"\n',
    "pgtable/create.c": "static int f(int a)\n{\n\twhile (a)\n\t\ta--;\n}\n",
}
BAD = [
    ("pgtable/one.c", "\nstatic int f(int a)\n{\n\tfor (;;)\n\t\ta++;\n}\n"),
    ("pgtable/one.c", "\nstatic int f(int a)\n{\n\treturn f(a - 1);\n}\n"),
    (
        "pgtable/one.c",
        "\nstatic int f(int a)\n{\n\treturn g(a);\n}\n"
        "\nstatic int\ng(int a)\n{\n\treturn f(a);\n}\n",
    ),
    ("pgtable/one.h", "\nstatic int f(int a)\n{\na:\n\tgoto a;\n}\n"),
    ("pgtable/one.c", "\nint f(int *a)\n{\n\tiomm_desc_clear(a);\n}\n"),
    ("pgtable/one.c", "\nstatic const struct iomm_engine_ops mine = { 0 };\n"),
    ("pgtable/engine_map.h", "\nstatic int FN(walk)(int a)\n{\n\treturn a;\n}\n"),
    ("pgtable/engine_map.h", "\nstatic int\nFN(map)(int a)\n{\n\treturn a;\n}\n"),
    ("pgtable/two.c", '#include "pgtable/engine.h"\n'),
    ("pgtable/format.h", "\n"),
]


def self_test():
    """Sentences on what this program fails to see."""
    findings, _ = check(GOOD)
    if findings:
        yield f"good files are refused: {findings}"
    for name, text in BAD:
        before = GOOD.get(name, "") if text != "\n" else ""
        if not check({**GOOD, name: before + text})[0]:
            yield f"not refused: {name}: {text}"


if __name__ == "__main__":
    api.main(__doc__, self_test, check_tree)
