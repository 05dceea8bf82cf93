#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""How long the second peer of a topic takes to join, on a private DHT on loopback.

usage: join.py BUILD_DIR [RUNS]

Each run has a topic of its own. The first peer has published before the second one starts; the
figure is the second one's own: `elapsed_ms` of its event `joined`, from the call to the neighbour.
"""
import os
import pathlib
import statistics
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
sys.dont_write_bytecode = True
os.environ.setdefault("DTT_COMMAND", str(pathlib.Path(sys.argv[1]) / "dtt"))

import harness  # noqa: E402


def bench(scene, runs):
    scene.testnet()
    figures = []
    for run in range(runs):
        topic = f"{scene.topic} run {run}"
        first = scene.peer(f"first {run}", topic=topic)
        first.wait("published", 90)
        second = scene.peer(f"second {run}", topic=topic)
        figures.append(second.wait("joined", 90)["elapsed_ms"])
        first.wait("joined")
        second.leave()
        first.leave()
    figures.sort()
    print(f"join: {runs} runs, in ms: median {statistics.median(figures):.0f}, "
          f"p90 {figures[max(0, -(-9 * runs // 10) - 1)]}, least {figures[0]}, most {figures[-1]}")


harness.run(bench, int(sys.argv[2]) if len(sys.argv) > 2 else 20)
