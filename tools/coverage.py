#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Adds up what gcov has counted, and says what of src/ was not reached.

    coverage.py BUILD OUT  reads BUILD/lib, writes OUT/report.txt and .html,
                           prints a table, and fails below 90 % of lines
    coverage.py --self-test

A line of a template or of a header counts once, and is reached when any of the
functions that it became part of has reached it. Branches are those of the
machine's code, as gcov sees them.
"""

import html
import json
import subprocess
import sys
from pathlib import Path

WANTED = 90.0


class Source:
    """What was counted in one file."""

    def __init__(self):
        self.lines = {}  # number: times
        self.branches = {}  # (number, index): times

    def add(self, line):
        number = line["line_number"]
        self.lines[number] = self.lines.get(number, 0) + line["count"]
        for index, branch in enumerate(line["branches"]):
            key = (number, index)
            self.branches[key] = self.branches.get(key, 0) + branch["count"]

    def missed_lines(self):
        return sorted(number for number, times in self.lines.items() if not times)

    def missed_branches(self):
        """Lines that were reached, but not each way out of them."""
        return sorted(
            {
                number
                for (number, _), times in self.branches.items()
                if not times and self.lines[number]
            }
        )


def add_up(documents):
    """{path: Source} of gcov's documents, of src/ alone."""
    sources = {}
    for document in documents:
        for file in document["files"]:
            if file["file"].startswith("src/"):
                source = sources.setdefault(file["file"], Source())
                for line in file["lines"]:
                    source.add(line)
    return sources


def read_counts(build):
    """gcov's documents, one for each object, run or not."""
    notes = sorted(str(path) for path in Path(build, "lib").rglob("*.gcno"))
    for note in notes:
        output = subprocess.run(
            ["gcov", "--branch-probabilities", "--json-format", "--stdout", note],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for line in filter(None, output.splitlines()):
            yield json.loads(line)


# --- numbers


def share(counts):
    """(reached, all, per cent)."""
    counts = list(counts)
    reached = sum(1 for times in counts if times)
    return reached, len(counts), 100.0 * reached / len(counts) if counts else 100.0


def ranges(missed, lines):
    """Runs of missed lines as (first, last); lines without code do not
    interrupt them."""
    runs, previous = [], None
    missed = set(missed)
    for number in sorted(lines):
        if number not in missed:
            previous = None
        elif previous is None:
            runs.append((number, number))
            previous = number
        else:
            runs[-1] = (runs[-1][0], number)
            previous = number
    return runs


def text_of(run):
    first, last = run
    return str(first) if first == last else f"{first}-{last}"


def table_row(name, lines, branches):
    return (
        f"{name:36} {lines[0]:6} of {lines[1]:6} {lines[2]:6.1f} %"
        f" {branches[0]:7} of {branches[1]:6} {branches[2]:6.1f} %"
    )


def table(sources):
    yield f"{'':36} {'lines':>23} {'branches':>27}"
    for path, source in sorted(sources.items()):
        yield table_row(
            path, share(source.lines.values()), share(source.branches.values())
        )
    yield table_row("src/", *totals(sources))


def totals(sources):
    everything = sources.values()
    return (
        share(times for source in everything for times in source.lines.values()),
        share(times for source in everything for times in source.branches.values()),
    )


def unreached(sources):
    """(number of lines, "file:first-last") of each run, the longest first."""
    runs = [
        (
            sum(1 for n in source.lines if run[0] <= n <= run[1]),
            f"{path}:{text_of(run)}",
        )
        for path, source in sources.items()
        for run in ranges(source.missed_lines(), source.lines)
    ]
    return sorted(runs, key=lambda run: (-run[0], run[1]))


# --- reports


def write_report(sources, path):
    with open(path, "w") as report:
        print(*table(sources), sep="\n", file=report)
        print("\nLines that were not reached:", file=report)
        for count, where in unreached(sources):
            print(f"{count:5}  {where}", file=report)
        print("\nLines that were reached, and not each way on:", file=report)
        for name, source in sorted(sources.items()):
            for number in source.missed_branches():
                print(f"       {name}:{number}", file=report)


def html_of(path, source):
    yield f"<h2 id='{path}'>{path}</h2><pre>"
    partly = set(source.missed_branches())
    for number, text in enumerate(Path(path).read_text().splitlines(), 1):
        times = source.lines.get(number)
        kind = "n" if times is None else "m" if not times else "h"
        kind = "p" if number in partly else kind
        shown = "" if times is None else times
        yield f"<i class={kind}>{number:5} {shown:>9}  {html.escape(text)}</i>"
    yield "</pre>"


STYLE = """<!doctype html><meta charset=utf-8><title>Coverage</title><style>
i { font-style: normal; display: block } .m { background: #fbb }
.p { background: #ffb } .h { background: #efe }</style>"""


def write_html(sources, path):
    with open(path, "w") as page:
        print(STYLE, "<pre>", file=page)
        for row in table(sources):
            name = row.split(" ", 1)[0]
            link = f"<a href='#{name}'>{name}</a>" if name in sources else name
            print(link + html.escape(row[len(name) :]), file=page)
        print("</pre>", file=page)
        for name, source in sorted(sources.items()):
            print(*html_of(name, source), sep="\n", file=page)


def verdict(sources):
    """A sentence when too little was reached, or nothing counted."""
    if not sources:
        return "nothing was counted"
    reached = totals(sources)[0][2]
    if reached < WANTED:
        return f"{reached:.1f} % of lines were reached, and {WANTED:.0f} % are wanted"
    return None


# --- commands


def self_test():
    """Sentences on what this program gets wrong."""

    def document(counts):
        lines = [
            {"line_number": n, "count": c, "branches": [{"count": c}, {"count": 0}]}
            for n, c in counts.items()
        ]
        return {"files": [{"file": "src/a.c", "lines": lines}]}

    good = add_up([document({n: 1 for n in range(1, 11)} | {20: 0})])
    if verdict(good):
        yield "10 of 11 lines are too little"
    bad = add_up([document({n: 1 for n in range(1, 9)} | {20: 0, 22: 0, 30: 1})])
    if not verdict(bad):
        yield "9 of 11 lines are enough"
    if unreached(bad) != [(2, "src/a.c:20-22")]:
        yield f"runs: {unreached(bad)}"
    if share(bad["src/a.c"].branches.values())[:2] != (9, 22):
        yield "branches"
    twice = add_up([document({1: 0}), document({1: 3})])
    if verdict(twice):
        yield "a line that one of two functions reached is not reached"
    if not verdict(add_up([])):
        yield "nothing is enough"


def main(arguments):
    if arguments == ["--self-test"]:
        sys.exit("\n".join(self_test()) or 0)
    if len(arguments) != 2:
        sys.exit(__doc__)
    build, out = arguments
    sources = add_up(read_counts(build))
    write_report(sources, f"{out}/report.txt")
    write_html(sources, f"{out}/report.html")
    print(*table(sources), sep="\n")
    print(f"What was not reached: {out}/report.txt, {out}/report.html")
    sys.exit(verdict(sources))


if __name__ == "__main__":
    main(sys.argv[1:])
