#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Holds the words for the end of a neighbour, a connection or a dial in the documents against the
list in include/dtt/types.h.

usage: reasons.py ROOT        exit status 1 when they differ
"""
import pathlib
import re
import sys

ROW = re.compile(r'X\(DTT_REASON_\w+, "(\w+)", ([01]), "([^"]+)"\)')


def section(text, begin, end):
    """What stands after `begin` and before the next `end`."""
    return text.split(begin, 1)[1].split(end, 1)[0]


def check(header, manual, quic, tracker):
    """What is wrong, a sentence each, in the texts of the four files."""
    rows = ROW.findall(section(header, "#define DTT_REASONS(X)", "\nenum"))
    words = {word for word, _, _ in rows}
    if len(rows) < 16 or len(words) < len(rows):
        yield f"the list has {len(rows)} rows and {len(words)} words"
    want = [f"{word:<15} {sentence}" for word, _, sentence in rows]
    have = section(manual, "*reason*", "\n*").split("```")[1].strip().splitlines()
    yield from (f"not in the manual page: {row}" for row in want if row not in have)
    yield from (f"only in the manual page: {row}" for row in have if row not in want)
    for cell in re.findall(r"\| ([\w, ]+) \|$", section(quic, "| ends by |", "\n\n"), re.M):
        yield from (f"docs/design/quic.md has the reason {word}" for word in cell.split(", ")
                    if word not in words | {"reason"})
    want = {word for word, is_silence, _ in rows if is_silence == "1"}
    have = set(section(" ".join(tracker.split()), "Silence is ", ".").split(", "))
    yield from (f"docs/design/tracker.md: {word} is silence in one of both only"
                for word in sorted(want ^ have))


def main(root):
    wrong = list(check(*((root / path).read_text(encoding="utf-8") for path in [
        "include/dtt/types.h", "docs/man/dtt.1.scd", "docs/design/quic.md",
        "docs/design/tracker.md"])))
    print("\n".join(wrong) if wrong else "the documents have the reasons of the list")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
