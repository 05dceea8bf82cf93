# SPDX-License-Identifier: MIT OR Apache-2.0
"""One /24 puts 100,000 items at 1,000 a second: are honest items evicted (dht_exhaust.c)?"""
import json
import subprocess

from table import Row

ITEMS = 100_000


def measure(build):
    result = json.loads(subprocess.check_output([build / "tests/bench/dht_exhaust", str(ITEMS)]))
    return [
        Row("items put by one /24", result["hostile"]),
        Row("honest items evicted", result["honest"] - result["kept"], at_most=0),
        Row("items stored afterwards", result["stored"]),
        Row("heap grown, KiB", result["heap_grown"] / 1024, at_most=256),
    ]
