#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Proves that no file of a module needs another that needs it: no circle of objects in an archive.

usage: check_cycles.py BUILD_DIR        exit status 1 when there is a circle

What an object needs are the symbols that the linker would have to find for it, so a circle cannot
hide behind a header.
"""
import pathlib
import re
import subprocess
import sys

SYMBOL = re.compile(r":([^:]+\.o):\s*(?:[0-9a-f]+)?\s+([A-Za-z])\s+(\S+)$")


def read_symbols(archive):
    """(object, symbol, is_defined) of each global symbol in the archive."""
    listed = subprocess.run(["nm", "-A", "-g", str(archive)], check=True, capture_output=True,
                            text=True).stdout
    for line in listed.splitlines():
        found = SYMBOL.search(line)
        if found:
            yield pathlib.Path(found[1]).name, found[3], found[2] not in "Uw"


def needs(symbols):
    """Object -> the other objects that define what it does not."""
    symbols = list(symbols)
    owner = {symbol: obj for obj, symbol, is_defined in symbols if is_defined}
    edges = {obj: set() for obj, _, _ in symbols}
    for obj, symbol, is_defined in symbols:
        if not is_defined and owner.get(symbol, obj) != obj:
            edges[obj].add(owner[symbol])
    return edges


def reachable(edges, start):
    seen, todo = set(), [start]
    while todo:
        for other in edges[todo.pop()] - seen:
            seen.add(other)
            todo.append(other)
    return seen


def circles(edges):
    """Groups of objects that all reach each other."""
    reach = {obj: reachable(edges, obj) for obj in edges}
    groups = {frozenset(other for other in reach[obj] if obj in reach[other])
              for obj in edges if obj in reach[obj]}
    return sorted(groups, key=sorted)


def check(build):
    """Yields one sentence for each circle."""
    archives = sorted(pathlib.Path(build).glob("src/*/libdtt-*.a"))
    if not archives:
        yield f"{build}: no archives of modules; build first"
    for archive in archives:
        for group in circles(needs(read_symbols(archive))):
            names = " ".join(sorted(name.removesuffix(".o") for name in group))
            yield f"{archive.parent.name}: a circle of {len(group)} files: {names}"


def main(build):
    wrong = list(check(build))
    print("\n".join(wrong) if wrong else "no circle of files in any module")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
