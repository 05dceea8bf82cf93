# SPDX-License-Identifier: MIT OR Apache-2.0
"""Networks and clients of the latency and divergence parts, each a process of its own."""
import json
import os
import pathlib
import queue
import subprocess
import sys
import threading

HERE = pathlib.Path(__file__).resolve().parent
BOOTSTRAPS = 8


def netsim(build, loss):
    """The environment of a process on the emulated network (netsim.c)."""
    return {**os.environ, "LD_PRELOAD": str(build / "tests/bench/netsim.so"),
            "NETSIM_LOSS": str(loss)}


class Net:
    """libtorrent nodes in one process."""

    def __init__(self, nodes, environment):
        self.popen = subprocess.Popen([sys.executable, HERE / "lt_net.py", str(nodes)],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                      env=environment)
        self.ports = json.loads(self.popen.stdout.readline())

    def close(self):
        self.popen.kill()
        self.popen.wait()


class Client:
    """One DHT node that gets and puts on command: ours (dht_client.c) or libtorrent's."""

    def __init__(self, name, command, ports, environment):
        self.name = name
        hosts = [f"127.0.0.1:{port}" for port in ports[:BOOTSTRAPS]]
        self.popen = subprocess.Popen([*command, *hosts], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, text=True, env=environment)
        self.events = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.popen.stdout:
            self.events.put(json.loads(line))

    def wait_ready(self):
        """Until one of ours has heard from a first node."""
        while self.events.get(timeout=60)["event"] != "ready":
            pass

    def run(self, *words):
        """One operation: its last event, with the list of its values."""
        self.popen.stdin.write(" ".join(words) + "\n")
        self.popen.stdin.flush()
        values = []
        while True:
            event = self.events.get(timeout=90)
            if event["event"] == "value":
                values.append(event)
            elif event["event"] == "done":
                return {**event, "values": values}

    def close(self):
        self.popen.kill()
        self.popen.wait()


def ours(build, ports, environment):
    return Client("dtt", [build / "tests/bench/dht_client"], ports, environment)


def libtorrent(_build, ports, environment):
    return Client("libtorrent", [sys.executable, HERE / "lt_client.py"], ports, environment)
