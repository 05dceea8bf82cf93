# SPDX-License-Identifier: MIT OR Apache-2.0
"""Many publishers on networks of mixed nodes, in virtual time (dht_mixed.c).

libtorrent's nodes keep the first value of a sequence number, those of the Rust crate mainline the
last one, ours all. Medians of some seeds.
"""
import json
import statistics
import subprocess

from table import Row

MIXES = {"50 libtorrent": (50, 0, 0), "50 mainline": (0, 50, 0),
         "40 libtorrent, 8 mainline, 2 ours": (40, 8, 2), "50 ours": (0, 0, 50)}
PUBLISHERS = [2, 5, 20, 100]
SEEDS = 5


def measure(build):
    rows = []
    for name, mix in MIXES.items():
        for count in PUBLISHERS:
            seen = [json.loads(subprocess.check_output(
                [build / "tests/bench/dht_mixed", *map(str, mix), str(count), str(seed)]))
                for seed in range(1, SEEDS + 1)]
            first = statistics.median(one["first"] for one in seen)
            together = statistics.median(one["together"] for one in seen)
            rows.append(Row(f"{name}: values of {count} publishers one get brings", first,
                            unit=f"three gets {together:.0f}"))
            if name == "50 ours" and count == 20:
                rows.append(Row(f"{name}: share of {count} publishers seen in three gets",
                                together / count, at_least=0.9))
    return rows
