#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Each test that the lessons of docs/design/dht.md name exists and is run.

usage: lessons.py ROOT
"""
import pathlib
import re
import sys

LESSONS = 52


def named(row):
    """The tests of a table row: ('unit', 'dht/krpc', 'test_refuses') or ('fuzz', 'krpc', None)."""
    for name in re.findall(r"`([a-z0-9_]+/[a-z0-9_.]+)`", row):
        if name.startswith("fuzz/"):
            yield "fuzz", name[len("fuzz/"):], None
        else:
            file, _, function = name.partition(".")
            yield "unit", file, function


def is_run(root, kind, file, function):
    path = root / "tests" / kind / f"{file}.c"
    if not path.exists():
        return False
    text = path.read_text(encoding="utf-8")
    # Defined, and once more in the list of what main runs.
    return not function or (f"void {function}(void **" in text
                            and len(re.findall(rf"\b{function}\b", text)) > 1)


def check(root, text):
    """Yields a sentence for each fault."""
    rows = re.findall(r"^\| (\d+) \|(.*)$", text.split("## Lessons of others", 1)[1], re.M)
    if [int(number) for number, _ in rows] != list(range(1, LESSONS + 1)):
        yield f"the lessons are not numbered from 1 to {LESSONS}"
    for number, row in rows:
        tests = list(named(row))
        if not tests:
            yield f"lesson {number} names no test"
        for kind, file, function in tests:
            if not is_run(root, kind, file, function):
                yield f"lesson {number}: there is no test {file} {function or ''}"


def main(root):
    faults = list(check(root, (root / "docs/design/dht.md").read_text(encoding="utf-8")))
    print("\n".join(faults) if faults else f"{LESSONS} lessons have their tests")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
