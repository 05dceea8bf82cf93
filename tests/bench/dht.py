#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The DHT node next to libtorrent's, in one run, as ratios.

usage: dht.py BUILD_DIR [PART...]

Each part is a module of the folder dht: it measures and returns rows (see dht/table.py). All of it
happens in a network namespace of its own that has only loopback, so that no program can reach its
built-in hosts. libtorrent is Debian's python3-libtorrent, so Debian's Python runs this.
"""
import importlib
import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE / "dht"), str(HERE.parent / "foreign"), str(HERE.parent / "e2e")]

PARTS = ["latency", "loss", "divergence", "mixed", "throughput", "memory", "hostile", "storage"]
PYTHON = "/usr/bin/python3"


def main():
    import place  # pylint: disable=import-outside-toplevel
    if place.INSIDE not in os.environ:
        if os.path.exists(PYTHON):
            sys.executable = PYTHON
        place.enter([])
    import table  # pylint: disable=import-outside-toplevel
    build = pathlib.Path(sys.argv[1]).resolve()
    rows = []
    for part in sys.argv[2:] or PARTS:
        if part not in PARTS:
            sys.exit(f"dht: no part '{part}'; there are: {' '.join(PARTS)}")
        print(f"dht: {part} ...", file=sys.stderr, flush=True)
        rows += importlib.import_module(part).measure(build)
    print(table.render(rows))
    sys.exit(0 if all(row.holds() is not False for row in rows) else 1)


main()
