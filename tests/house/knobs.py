#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Holds the table of knobs in docs/design/tracker.md against what the command lists.

usage: knobs.py DTT TRACKER.MD        exit status 1 when they differ
"""
import pathlib
import re
import subprocess
import sys


def rows_of(text):
    """The rows of the table that the list of knobs should be in the page."""
    lines = text.splitlines()[1:]
    for head, effect in zip(lines[::2], lines[1::2]):
        name, default, seed, rust, span = re.split(r" +", head, maxsplit=4)
        yield f"| {name} | {span} | {effect.strip()} | {default} | {seed} | {rust} |"


def main(dtt, page):
    done = subprocess.run([dtt, "pipe", "--tune", "list"], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=True, timeout=20)
    want = list(rows_of(done.stdout))
    section = pathlib.Path(page).read_text(encoding="utf-8").split("## Knobs", 1)[1]
    have = [line for line in section.split("\n## ", 1)[0].splitlines() if line.startswith("| ")][1:]
    wrong = [f"not in the page: {row}" for row in want if row not in have]
    wrong += [f"only in the page: {row}" for row in have if row not in want]
    if len(want) < 30:
        wrong.append(f"{len(want)} knobs are listed")
    print("\n".join(wrong) if wrong else f"{len(want)} knobs, as documented")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
