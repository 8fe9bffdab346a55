#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Code in the documentation that says where it is from is found there.

    excerpts.py FILE.md...

A fenced block behind a line `<!-- an excerpt of PATH -->` must stand in PATH
word for word; PATH counts from the root of the tree, which is the current
directory. Prints a line for each block.
"""
import re
import sys

BLOCK = re.compile(r"<!-- an excerpt of (\S+) -->\n```\w*\n(.*?)```\n", re.S)


def check(document):
    with open(document, encoding="utf-8") as file:
        text = file.read()
    ok = True
    for path, code in BLOCK.findall(text):
        with open(path, encoding="utf-8") as file:
            found = bool(code.strip()) and code in file.read()
        print(f"{'ok' if found else 'FAILED'}: {document} quotes {path}")
        ok = ok and found
    return ok


if __name__ == "__main__":
    sys.exit(0 if all([check(path) for path in sys.argv[1:]]) else 1)
