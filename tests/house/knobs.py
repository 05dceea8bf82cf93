#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Holds what is written about the knobs against what the command lists: the fields of struct
dtt_tuning with their comments, in the order of the list, and the table in docs/design/tracker.md.

usage: knobs.py DTT DTT.H TRACKER.MD        exit status 1 when they differ
"""
import pathlib
import re
import subprocess
import sys

FIELD = re.compile(r"^    int (\w+);\s*/\*\*<(.*?)\*/", re.M | re.S)


def knobs_of(text):
    """(name, range, effect, the three presets) of each knob of the list."""
    lines = text.splitlines()[1:]
    for head, effect in zip(lines[::2], lines[1::2]):
        name, default, seed, rust, span = re.split(r" +", head, maxsplit=4)
        yield name, span, effect.strip(), [default, seed, rust]


def field_of(name, span, effect):
    """The field's name and its comment."""
    unit = "switch: " if span == "on or off" else "ms: " if re.search(r"\dm?s\b", span) else ""
    return name, unit + effect


def row_of(name, span, effect, presets):
    return f"| {' | '.join([name, span, effect, *presets])} |"


def check(knobs, header, page):
    struct = re.search(r"^struct dtt_tuning \{(.*?)^\};", header, re.M | re.S).group(1)
    fields = [(name, " ".join(comment.split())) for name, comment in FIELD.findall(struct)]
    section = page.split("## Knobs", 1)[1].split("\n## ", 1)[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")][1:]
    for place, have, want in [("header", fields, [field_of(*knob[:3]) for knob in knobs]),
                              ("page", rows, [row_of(*knob) for knob in knobs])]:
        yield from (f"not in the {place}: {one}" for one in want if one not in have)
        yield from (f"only in the {place}: {one}" for one in have if one not in want)
        if sorted(have) == sorted(want) and have != want:
            yield f"the {place} has another order"
    if len(knobs) < 30:
        yield f"{len(knobs)} knobs are listed"


def main(dtt, header, page):
    done = subprocess.run([dtt, "pipe", "--tune", "list"], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=True, timeout=20)
    knobs = list(knobs_of(done.stdout))
    wrong = list(check(knobs, *(pathlib.Path(p).read_text(encoding="utf-8") for p in [header, page])))
    print("\n".join(wrong) if wrong else f"{len(knobs)} knobs, as documented")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
