#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Each row of a list is used somewhere in src: counters are counted, trace points passed, knobs read,
reasons and errors given. The command asks for no counter that is not there.

usage: used.py ROOT         exit status 1 with a sentence for each that is not
"""
import pathlib
import re
import sys

# The list, how a row begins there, and how the code uses it: a comment, a case and a comparison do not.
LISTS = [("src/base/counter.def", r"^X\((\w+),", r"DTT_COUNT(?:_N)?\(\s*[^,]+,\s*(\w+)|DTT_COUNTER_(\w+)"),
         ("src/base/trace.def", r"^X\((\w+),", r"DTT_TRACE\(\s*[^,]+,\s*(\w+)|DTT_TP_(\w+)"),
         ("src/tracker/tuning.def", r"^KNOB\(\w+, (\w+),", r"(?:\.|->)(\w+?)(?:_ns)?\b"),
         ("include/dtt/types.h", r"^    X\((DTT_\w+),", r"(?<!case )(?<![=!]= )\b(DTT_(?:REASON_|E)\w+)")]


def check(root):
    """Yields a sentence for each row that nothing uses."""
    text = "\n".join(re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.S)
                     for path in sorted((root / "src").rglob("*.[ch]")))
    for path, row, use in LISTS:
        rows = re.findall(row, (root / path).read_text(encoding="utf-8"), re.M)
        if not rows:
            yield f"{path} has no rows"
        used = {word for found in re.finditer(use, text) for word in found.groups() if word}
        yield from (f"{path}: nothing uses {row}" for row in rows if row not in used)
    counters = (root / "src/base/counter.def").read_text(encoding="utf-8")
    for path in sorted((root / "cli").glob("*.c")):
        yield from (f"{path.relative_to(root)}: no counter is named {name}"
                    for name in re.findall(r'\.name, "(\w+)"', path.read_text(encoding="utf-8"))
                    if f', "{name}",' not in counters)


def main(root):
    wrong = list(check(pathlib.Path(root)))
    print("\n".join(wrong) if wrong else "something uses each row of each list")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
