# SPDX-License-Identifier: MIT OR Apache-2.0
"""Queries one node answers a second and core, its routing table full (dht_load.c).

The figure is replies per second of the server's own processor time: other work on the machine and
the load generator do not count. Both servers take turns, and the median of the turns stands. Then,
of gets at half the rate of the closed loop, the round trip, and of gets at twice it, who is left
without an answer.
"""
import json
import os
import pathlib
import statistics
import struct
import subprocess
import sys
import tempfile
import time

from table import Row

HERE = pathlib.Path(__file__).resolve().parent
TURNS = 3
SECONDS = 2
CONTACTS = 160
METHODS = ["ping", "find_node", "get_hit", "get_miss", "put_new", "put", "put_renewal"]


def turn(build, command, port, introduce):
    """One server under each load: {method: figures} and its allocations per reply."""
    with tempfile.TemporaryDirectory() as folder:
        count = pathlib.Path(folder, "count")
        environment = {**os.environ, "LD_PRELOAD": str(build / "tests/bench/count_alloc.so"),
                       "COUNT_ALLOC": str(count)}
        server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL, text=True, env=environment)
        try:
            return load(build, server, port, introduce, count)
        finally:
            server.kill()
            server.wait()


def load(build, server, port, introduce, count):
    crowd_port = port + 1000
    generator = subprocess.Popen(
        [build / "tests/bench/dht_load", str(port), str(crowd_port), str(server.pid),
         str(SECONDS)], stdout=subprocess.PIPE, text=True)
    figures = {}
    allocations = 0
    for line in generator.stdout:
        if line == "crowd\n":
            time.sleep(1)
            if introduce:
                server.stdin.write(f"{crowd_port} {crowd_port + CONTACTS}\n")
                server.stdin.flush()
            continue
        figure = json.loads(line)
        now = struct.unpack("=Q", count.read_bytes())[0]
        if "method" in figure:
            figure["allocations"] = (now - allocations) / max(figure["replies"], 1)
            figures[figure["method"]] = figure
        else:
            figures["contacts"] = figure["contacts"]
        allocations = now
    if generator.wait() != 0:
        raise RuntimeError("the load generator failed")
    return figures


def median(turns, method, key):
    return statistics.median(figures[method][key] for figures in turns)


def measure(build):
    # The whole path of a query, as `dtt dht serve` runs it, against the same of libtorrent.
    ours, theirs = [], []
    for i in range(TURNS):
        port = 7001 + 2 * i
        ours.append(turn(build, [build / "dtt", "dht", "serve", "--no-bootstrap", "--listen",
                                 f"127.0.0.1:{port}"], port, False))
        theirs.append(turn(build, [sys.executable, HERE / "lt_serve.py", str(port + 1)], port + 1,
                           True))
    rows = [Row("contacts in the table", min(figures["contacts"] for figures in ours),
                min(figures["contacts"] for figures in theirs))]
    for method in METHODS:
        must = 2 if method in ("find_node", "get_hit", "get_miss", "put") else None
        rows.append(Row(f"{method} answered per second of processor time",
                        median(ours, method, "per_cpu_s"), median(theirs, method, "per_cpu_s"),
                        at_least=must))
    for method in METHODS:
        allocates = method in ("put_new", "put")
        rows.append(Row(f"{method}: allocations a query", median(ours, method, "allocations"),
                        unit=f"libtorrent {median(theirs, method, 'allocations'):.1f}",
                        at_most=1.1 if allocates else 0.01))
    for what, load, key in (("half load: round trip p50, us", "half", "p50_us"),
                            ("half load: round trip p99, us", "half", "p99_us"),
                            ("twice the load: sent a second", "double", "sent_per_s"),
                            ("twice the load: answered a second", "double", "per_s")):
        rows.append(Row(f"get at {what}", median(ours, load, key), median(theirs, load, key)))
    for what, load in (("half", "half"), ("twice the", "double")):
        rows.append(Row(f"get at {what} load: share without an answer", median(ours, load, "lost"),
                        unit=f"libtorrent {median(theirs, load, 'lost'):.3f}"))
    errors = sum(figures[method]["errors"] for figures in ours + theirs for method in METHODS)
    missed = max(figures["get_hit"]["without_value"] / figures["get_hit"]["replies"]
                 for figures in ours + theirs)
    rows.append(Row("errors among all replies", errors, at_most=0))
    rows.append(Row("share of get_hit replies without a value", missed, at_most=0.01))
    return rows
