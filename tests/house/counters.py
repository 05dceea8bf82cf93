#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Each counter of counter.def is counted and each trace point of trace.def is passed somewhere.

usage: counters.py ROOT
"""
import pathlib
import re
import sys

# The list, and the macros by which its rows are used.
LISTS = [("counter.def", r"DTT_COUNT(?:_N)?\(\s*[^,]+,\s*(\w+)|DTT_COUNTER_(\w+)"),
         ("trace.def", r"DTT_TRACE\(\s*[^,]+,\s*(\w+)|DTT_TP_(\w+)")]


def check(root):
    """Yields a sentence for each row that nothing uses."""
    text = "\n".join(path.read_text(encoding="utf-8")
                     for path in sorted((root / "src").rglob("*.c")))
    for name, use in LISTS:
        rows = re.findall(r"^X\((\w+),", (root / "src/base" / name).read_text(encoding="utf-8"), re.M)
        if not rows:
            yield f"src/base/{name} has no rows"
        used = {word for pair in re.findall(use, text) for word in pair if word}
        yield from (f"src/base/{name}: nothing uses {row}" for row in rows if row not in used)


def main(root):
    wrong = list(check(pathlib.Path(root)))
    print("\n".join(wrong) if wrong else "every counter is counted, every trace point passed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
