#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Checks what every public prototype must say and must not use.

    doctags.py              checks the headers of the tree
    doctags.py --self-test  checks that bad prototypes are found

Prints a line for each finding, and for each prototype without one `ok: NAME`.
Exits as failed when there was a finding.
"""

import re

import api

TAGS = ("Ownership", "Thread", "Context", "Errors", "Since")
# Types whose size or meaning depends on the compiler or the processor.
FORBIDDEN = ("enum", "bool", "_Bool", "long", "size_t", "ssize_t", "va_list")


def tag(comment, name):
    """What stands behind ` * NAME: `, or None."""
    match = re.search(rf"^ \* {name}: *(\S.*)$", comment, flags=re.M)
    return match and match.group(1).strip()


def findings_of_prototype(prototype, nodes):
    """Sentences on what is wrong with one prototype."""
    name, text = prototype.name, prototype.text
    if not re.fullmatch(r"iomm_[a-z0-9_]+", name):
        yield "its name is not iomm_ and small letters"
    if text.endswith("{"):
        yield "it is a definition: Rust cannot call what is inline"
    if not prototype.comment:
        yield "no /** comment */ stands right before it"
    else:
        for wanted in TAGS:
            if not tag(prototype.comment, wanted):
                yield f"its comment has no line ` * {wanted}: ...`"
        since = tag(prototype.comment, "Since")
        node = nodes.get(name)
        if node is None:
            yield "it is not in the symbol map"
        elif since and node != f"IOMM_{since}":
            yield f"Since is {since} and its node in the map is {node}"
    if prototype.result == "int" and "IOMM_MUST_CHECK" not in text:
        yield "it returns int, an error then, and lacks IOMM_MUST_CHECK"
    if "..." in text:
        yield "it has variable arguments"
    for word in FORBIDDEN:
        if re.search(rf"\b{word}\b", text):
            yield f"{word} is no type for an interface"


def findings_of_header(text):
    """Sentences on what is wrong beside the prototypes: a struct crosses the
    interface as much as an argument does."""
    code = api.blank_comments(text)
    for word in FORBIDDEN + ("inline",):
        for match in re.finditer(rf"\b{word}\b", code):
            line = code.count("\n", 0, match.start()) + 1
            yield line, f"{word} has no place in a public header"
    for match in re.finditer(r"\b(\w+)\s*:\s*\d+\s*;", code):
        line = code.count("\n", 0, match.start()) + 1
        yield line, f"{match.group(1)} is a bit-field"


def check(headers, nodes):
    """(findings, names without any) of [(path, text)]."""
    findings, good = [], []
    for path, text in headers:
        for line, sentence in findings_of_header(text):
            findings.append(f"{path}:{line}: {sentence}")
        for prototype in api.prototypes(text, path):
            sentences = list(findings_of_prototype(prototype, nodes))
            findings += [
                f"{prototype.where}: {prototype.name}: {s}" for s in sentences
            ]
            if not sentences:
                good.append(prototype.name)
    return findings, good


def check_tree():
    """The same of the tree."""
    return check(api.headers(), api.symbol_map())


GOOD = """/**
 * Does it.
 *
 * Ownership: none.
 * Thread: any.
 * Context: any.
 * Errors: EINVAL.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_do(struct iomm_ctx *ctx, void (*release)(void *data), uint64_t n);
"""

# What is changed in GOOD, into what, and a word of the finding it must cause.
BAD = [
    ("/**\n", "/*\n", "comment"),
    ("IOMM_API", "struct iomm_ctx;\nIOMM_API", "comment"),
    *((f" * {t}:", f" * Of {t}:", t) for t in TAGS),
    (" * Thread: any.", " * Thread:", "Thread"),
    ("Since: 0.1", "Since: 0.2", "Since"),
    ("iomm_do(", "iomm_other(", "symbol map"),
    ("iomm_do(", "iomm_Do(", "small letters"),
    ("iomm_do(", "do_it(", "small letters"),
    (" IOMM_MUST_CHECK", "", "IOMM_MUST_CHECK"),
    ("uint64_t n)", "uint64_t n, ...)", "variable"),
    ("uint64_t n)", "size_t n)", "size_t"),
    ("uint64_t n)", "enum x n)", "enum"),
    ("uint64_t n)", "unsigned long n)", "long"),
    ("uint64_t n)", "bool n)", "bool"),
    ("uint64_t n);", "uint64_t n)\n{\n}", "inline"),
    ("/**\n", "struct x {\n\tuint32_t a : 3;\n};\n/**\n", "bit-field"),
    ("/**\n", "struct x {\n\tbool a;\n};\n/**\n", "bool"),
]


def self_test():
    """Sentences on what this program fails to see."""
    nodes = {"iomm_do": "IOMM_0.1"}
    findings, good = check([("good.h", GOOD)], nodes)
    if findings or good != ["iomm_do"]:
        yield f"the good prototype is refused: {findings}"
    for old, new, word in BAD:
        if GOOD.count(old) < 1:
            yield f"the case {old!r} changes nothing"
        findings, _ = check([("bad.h", GOOD.replace(old, new, 1))], nodes)
        if not any(word in finding for finding in findings):
            yield f"{old!r} -> {new!r} is not refused for its {word}"


if __name__ == "__main__":
    api.main(__doc__, self_test, check_tree)
