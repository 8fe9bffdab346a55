# SPDX-License-Identifier: MIT OR Apache-2.0
"""What the public headers and the symbol map declare, read as text; and what
the checks that are written in Python share."""

import re
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Prototype:
    """One `IOMM_API ...;` and the `/** ... */` that stands right before it."""

    where: str
    name: str
    text: str  # from IOMM_API to the semicolon, blanks squeezed
    comment: str  # "" when there is none

    @property
    def result(self):
        """The type of the result."""
        before = self.text[: self.text.index(self.name)]
        return re.sub(r"\bIOMM_(API|MUST_CHECK)\b", "", before).strip()

    @property
    def parameters(self):
        """What stands between the outer parentheses."""
        return self.text[self.text.index("(") + 1 : self.text.rindex(")")]


def blank_comments(text):
    """`text` with comments and directives turned to blanks, at its length."""

    def blank(match):
        return re.sub(r"[^\n]", " ", match.group())

    text = re.sub(r"/\*.*?\*/", blank, text, flags=re.S)
    return re.sub(r"^[ \t]*#(?:\\\n|[^\n])*", blank, text, flags=re.M)


def prototypes(text, where="header"):
    """The prototypes of one header."""
    code = blank_comments(text)
    found = []
    for match in re.finditer(r"\bIOMM_API\b[^;{}]*[;{]", code):
        declaration = re.sub(r"\s+", " ", match.group())
        # A function's name is the first word right before a parenthesis.
        name = re.search(r"(\w+) ?\(", declaration)
        before = text[: match.start()].rstrip()
        comment = ""
        if before.endswith("*/"):
            start = before.rindex("/*")
            if before.startswith("/**", start):
                comment = before[start:]
        line = text.count("\n", 0, match.start()) + 1
        found.append(
            Prototype(
                where=f"{where}:{line}",
                name=name.group(1) if name else "",
                text=declaration,
                comment=comment,
            )
        )
    return found


def headers(directory="include/iomm"):
    """Path and text of each public header."""
    return [(str(p), p.read_text()) for p in sorted(Path(directory).glob("*.h"))]


def all_prototypes():
    """The prototypes of every public header."""
    return [p for path, text in headers() for p in prototypes(text, path)]


def read_map(text):
    """The symbol map as {symbol: node}. Patterns count as symbols, but `*`
    under `local:` does not."""
    text = re.sub(r"/\*.*?\*/|^\s*#[^\n]*", " ", text, flags=re.S | re.M)
    symbols = {}
    for node, body in re.findall(r"(\w[\w.]*)\s*\{(.*?)\}", text, flags=re.S):
        exported = body.split("local:")[0].replace("global:", "")
        for symbol in filter(None, map(str.strip, exported.split(";"))):
            symbols[symbol] = node
    return symbols


def symbol_map(path="abi/libiomm.map"):
    """The tree's symbol map."""
    return read_map(Path(path).read_text())


def main(usage, self_test, check, arguments=()):
    """The main program of a check. `check`, called with the command line's
    arguments (named in `arguments`), returns (findings, names of what is good);
    `self_test` yields findings. Prints and exits accordingly."""
    given = sys.argv[1:]
    if given == ["--self-test"]:
        findings, good = list(self_test()), []
    elif len(given) == len(arguments):
        findings, good = check(*given)
    else:
        sys.exit(usage)
    for name in good:
        print(f"ok: {name}")
    for finding in findings:
        print(f"FAILED: {finding}")
    sys.exit(1 if findings else 0)
