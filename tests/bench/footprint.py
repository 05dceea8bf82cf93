#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""What an idle peer costs, and how large library, command and source are.

usage: footprint.py BUILD_DIR
"""
import os
import pathlib
import shutil
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
sys.dont_write_bytecode = True
BUILD = pathlib.Path(sys.argv[1])
ROOT = pathlib.Path(__file__).resolve().parents[2]
os.environ.setdefault("DTT_COMMAND", str(BUILD / "dtt"))

import harness  # noqa: E402

SETTLE_S = 30
MEASURE_S = 20


def idle(scene, name, *peers):
    """Figures of the first of `peers` when nothing happens."""
    time.sleep(SETTLE_S)
    peer = peers[0]
    kib, anonymous = peer.proc("VmRSS"), peer.proc("RssAnon")
    switches = peer.proc("voluntary_ctxt_switches")
    time.sleep(MEASURE_S)
    wakes = (peer.proc("voluntary_ctxt_switches") - switches) / MEASURE_S
    print(f"{name}: {kib} KiB resident ({anonymous} KiB of its own), {wakes:.1f} wake-ups a second")


def sizes(folder):
    for name, path in [("dtt", BUILD / "dtt"), ("libdtt.so", BUILD / "src/api/libdtt.so")]:
        stripped = folder / name
        shutil.copy(path.resolve(), stripped)
        subprocess.run(["strip", stripped], check=True)
        print(f"{name}: {stripped.stat().st_size // 1024} KiB stripped")


def lines():
    total = 0
    folders = [*sorted(path for path in (ROOT / "src").iterdir() if path.is_dir()),
               ROOT / "include", ROOT / "cli", ROOT / "examples", ROOT / "tests"]
    for folder in folders:
        files = [path for path in folder.rglob("*") if path.suffix in (".c", ".h", ".def", ".py")]
        count = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in files)
        total += count
        print(f"{folder.relative_to(ROOT)}: {count} lines in {len(files)} files")
    print(f"together: {total} lines")


def bench(scene):
    scene.testnet()
    alone = scene.peer("alone")
    idle(scene, "idle pipe, alone", alone)
    friend = scene.peer("friend")
    for peer in [alone, friend]:
        peer.wait("joined", 60)
    idle(scene, "idle pipe, one neighbour", friend, alone)
    sizes(scene.path)
    lines()


harness.run(bench)
