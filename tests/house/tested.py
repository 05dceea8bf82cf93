#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Each name that other programs, nodes or people use is in a test.

usage: tested.py ROOT         exit status 1 with a sentence for each that is not

Knobs, reasons, errors, events and functions are looked for in the text of tests/; methods and keys of
KRPC in the seeds of its fuzz target, methods also in the vectors and in the comparison with other
implementations; operations of the DHT in the test that fails each allocation and in the fuzz target
of a node; commands in tests/e2e.
"""
import pathlib
import re
import sys

# Tests of links and gossip write what happened as words: "gone 3 too_slow".
WHAT_HAPPENED = r"\bgone \w+ \w+|\breason=\w+"
REASON = r"\bgone \w+ {0}\b|\breason={0}\b|\bDTT_REASON_(?i:{0})\b"

# What a name is, where it is listed, and how a row looks there.
NAMES = [("knob", "src/tracker/tuning.def", r"^KNOB\(\w+, (\w+),", r"\b{}(_ms|_ns)?\b"),
         ("reason", "include/dtt/types.h", r"X\(DTT_REASON_\w+, \"(\w+)\"", REASON),
         ("error", "include/dtt/types.h", r"X\((DTT_E\w+),", r"\b{}\b"),
         ("event", "include/dtt/event.h", r"^    (DTT_EVENT_\w+)", r"\b{}\b"),
         ("function", "src/api/libdtt.map", r"^    (dtt_\w+);", r"\b{}\b")]


def rows(text, pattern, what):
    """The names in a list, which cannot be empty unless its form has changed."""
    found = re.findall(pattern, text, re.M)
    if not found:
        raise SystemExit(f"tested.py: no {what} found, has the list changed its form?")
    return found


def names_missing(lists, tests):
    """`lists`: text by path."""
    # Each once: megabytes are slow to search for each name.
    said = "\n".join({*re.findall(r"\w+", tests), *re.findall(WHAT_HAPPENED, tests)})
    for what, path, row, use in NAMES:
        for name in rows(lists[path], row, what):
            if not re.search(use.format(name), said):
                yield f"no test names the {what} {name}"


def krpc_missing(wire, fields, seeds, vectors, compared):
    for name in rows(wire, r'^    X\(\w+, "(\w+)"', "method"):
        if f"{len(name)}:{name}".encode() not in seeds:
            yield f"no seed of tests/fuzz/corpus/krpc has the method {name}"
        if name.encode().hex() not in vectors:
            yield f"no datagram of tests/vectors/dht.json has the method {name}"
        if not re.search(rf"^\| {name}\b", compared, re.M):
            yield f"no row of docs/compatibility-dht.md has the method {name}"
    for name in rows(fields, r'^FIELD\("(\w+)"', "key"):
        if f"{len(name)}:{name}".encode() not in seeds:
            yield f"no seed of tests/fuzz/corpus/krpc has the key {name}"


def operations_missing(header, callers):
    """`callers`: text by path."""
    for name in rows(header, r"^int (dtt_dht_\w+)\([^;]*\bdtt_dht_op \*ret\);", "operation"):
        yield from (f"{path} does not call {name}" for path, text in callers.items()
                    if f"{name}(" not in text)


def commands_missing(commands, e2e):
    for name in rows(commands, r"^X\((\w+)\)", "command"):
        words = name.replace("_", " ", 1).replace("_", "-").split()
        if ", ".join(f'"{word}"' for word in words) not in e2e:
            yield f"no test of tests/e2e runs dtt {' '.join(words)}"


def main(root):
    def read(path):
        return (root / path).read_text(encoding="utf-8")

    sources = sorted(path for end in ("c", "h", "py") for path in (root / "tests").rglob("*." + end)
                     if path.name not in ("tested.py", "self_test.py"))
    tests = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    e2e = "\n".join(path.read_text(encoding="utf-8") for path in sources if path.parent.name == "e2e")
    seeds = b"".join(path.read_bytes() for path in (root / "tests/fuzz/corpus/krpc").iterdir())
    wrong = [*names_missing({path: read(path) for _, path, _, _ in NAMES}, tests),
             *krpc_missing(read("src/dht/krpc_wire.h"), read("src/dht/krpc.def"), seeds,
                           read("tests/vectors/dht.json"), read("docs/compatibility-dht.md")),
             *operations_missing(read("src/dht/dht.h"), {path: read(path) for path in [
                 "tests/unit/dht/oom.c", "tests/fuzz/dht_node.c"]}),
             *commands_missing(read("cli/commands.def"), e2e)]
    print("\n".join(wrong) if wrong else "a test names each")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
