# SPDX-License-Identifier: MIT OR Apache-2.0
"""What an idle node with full tables costs: a thousand of them in one process (dht_idle.c).

libtorrent's figure is that of fresh sessions with empty tables. A real process with nothing due
must sleep: its voluntary context switches are counted.
"""
import json
import pathlib
import subprocess
import sys
import time

from table import Row

HERE = pathlib.Path(__file__).resolve().parent
NODES = 1000
SESSIONS = 50
QUIET_S = 20


def switches(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("voluntary_ctxt_switches"):
            return int(line.split()[1])
    raise RuntimeError("no count of context switches")


def wakes_of_a_lone_server(build):
    """A node without contacts has nothing to do, so it must not wake up."""
    server = subprocess.Popen([build / "dtt", "dht", "serve", "--no-bootstrap", "--listen",
                               "127.0.0.1:7100"], stdout=subprocess.DEVNULL)
    try:
        time.sleep(2)
        before = switches(server.pid)
        time.sleep(QUIET_S)
        return switches(server.pid) - before
    finally:
        server.kill()
        server.wait()


def measure(build):
    idle = json.loads(subprocess.check_output([build / "tests/bench/dht_idle", str(NODES)]))
    theirs = int(subprocess.check_output([sys.executable, HERE / "lt_memory.py", str(SESSIONS)]))
    return [
        Row("idle node: contacts, IPv4 and IPv6", idle["contacts_v4"] + idle["contacts_v6"],
            at_least=320),
        Row("idle node: resident bytes", idle["resident_bytes"], theirs),
        Row("idle node: resident KiB", idle["resident_bytes"] / 1024, at_most=32),
        Row("idle node: heap bytes", idle["heap_bytes"]),
        Row("idle node: timers an hour", idle["timers_an_hour"]),
        Row("idle node: of these, timers that sent nothing", idle["silent_timers_an_hour"]),
        Row("idle node: queries an hour", idle["queries_an_hour"]),
        Row("stored item of 100 bytes: heap bytes besides", idle["item_overhead_100"]),
        Row("stored item of 1000 bytes: heap bytes besides", idle["item_overhead_1000"]),
        Row(f"dtt dht serve without contacts: wake-ups in {QUIET_S} s",
            wakes_of_a_lone_server(build), at_most=0),
    ]
