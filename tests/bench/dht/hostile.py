# SPDX-License-Identifier: MIT OR Apache-2.0
"""A minute of hostile datagrams at a node with a full table: does it go on serving (dht_flood.c)?"""
import json
import pathlib
import subprocess
import sys
import time

from table import Row

HERE = pathlib.Path(__file__).resolve().parent
VECTORS = HERE.parents[1] / "vectors" / "krpc-captures.json"
SECONDS = 60
MOST_PER_S = 200_000
CONTACTS = 160


def packets():
    """Real packets, in hex, a line each."""
    found = []

    def walk(value):
        if isinstance(value, dict):
            value = list(value.values())
        if isinstance(value, list):
            for one in value:
                walk(one)
        elif isinstance(value, str) and value.startswith("64"):  # "d"
            found.append(value)

    walk(json.loads(VECTORS.read_text(encoding="utf-8")))
    return "\n".join(found) + "\n"


def resident_kib(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    raise RuntimeError("no resident size")


def suffer(build, command, port, introduce):
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    try:
        crowd_port = port + 1000
        flood = subprocess.Popen(
            [build / "tests/bench/dht_flood", str(port), str(crowd_port), str(SECONDS),
             str(MOST_PER_S)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        flood.stdin.write(packets())
        flood.stdin.close()
        flood.stdout.readline()
        time.sleep(1)
        if introduce:
            server.stdin.write(f"{crowd_port} {crowd_port + CONTACTS}\n")
            server.stdin.flush()
        result = json.loads(flood.stdout.readline())
        result["alive"] = server.poll() is None
        result["resident"] = resident_kib(server.pid)
        return result
    finally:
        server.kill()
        server.wait()


def measure(build):
    ours = suffer(build, [build / "dtt", "dht", "serve", "--no-bootstrap", "--listen",
                          "127.0.0.1:7201"], 7201, False)
    theirs = suffer(build, [sys.executable, HERE / "lt_serve.py", "7203"], 7203, True)
    return [
        Row(f"hostile datagrams a second for {SECONDS} s", ours["flood_per_s"],
            theirs["flood_per_s"]),
        Row("still running", int(ours["alive"]), at_least=1),
        Row("share of honest queries answered", ours["goodput"], at_least=0.8,
            unit=f"libtorrent {theirs['goodput']:.2f}"),
        Row("share of honest gets that found their value", ours["values"], at_least=0.8,
            unit=f"libtorrent {theirs['values']:.2f}"),
        Row("contacts lost from the table", ours["contacts_before"] - ours["contacts"], at_most=0),
        Row("hostile contacts in the table", ours["foreign"], at_most=0),
        Row("resident KiB afterwards", ours["resident"], at_most=8192),
    ]
