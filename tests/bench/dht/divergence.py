# SPDX-License-Identifier: MIT OR Apache-2.0
"""Many publishers put different values under one key and sequence number: what does a reader see?

On a network of libtorrent nodes, which keep the first value they got, and on one of ours,
which keep all.
"""
import concurrent.futures
import json
import os
import subprocess
import time

import clients
from table import Row

NODES = 30
WRITERS = 4
READS = 3
SETTLE_S = 10
PUBLISHERS = [2, 5, 20]


class Testnet:
    """Nodes of ours in one process, perhaps on somebody else's network."""

    def __init__(self, build, count):
        self.popen = subprocess.Popen([build / "dtt", "testnet", "--nodes", str(count), "--json"],
                                      stdout=subprocess.PIPE, text=True)
        ready = json.loads(self.popen.stdout.readline())
        self.ports = [int(host.rsplit(":", 1)[1]) for host in ready["bootstrap"]]

    def close(self):
        self.popen.kill()
        self.popen.wait()


def publish(writers, seed, salt, count):
    """One value after the other from each writer, all writers at once; the key."""
    def some(number):
        key = None
        for i in range(number, count, len(writers)):
            key = writers[number].run("put", seed, salt, f"value-{i}")["key"]
        return key

    with concurrent.futures.ThreadPoolExecutor(len(writers)) as pool:
        return [key for key in pool.map(some, range(len(writers))) if key][0]


def seen(reader, key, salt, reads):
    """Distinct values of the first get, and of all gets together."""
    values = set()
    first = 0
    for i in range(reads):
        values |= {event["value"] for event in reader.run("get", key, salt)["values"]}
        first = first or len(values)
    return first, len(values)


def run(build, net):
    """{publishers: (ours first, ours after READS, libtorrent first)}"""
    writers = [clients.ours(build, net.ports, None) for _ in range(WRITERS)]
    readers = [clients.ours(build, net.ports, None), clients.libtorrent(build, net.ports, None)]
    result = {}
    try:
        for one in writers + readers[:1]:
            one.wait_ready()
        time.sleep(SETTLE_S)  # libtorrent's client does not say when it is ready
        for count in PUBLISHERS:
            seed, salt = os.urandom(32).hex(), f"of{count}"
            key = publish(writers, seed, salt, count)
            first, together = seen(readers[0], key, salt, READS)
            result[count] = first, together, seen(readers[1], key, salt, 1)[0]
        return result
    finally:
        for one in [*writers, *readers, net]:
            one.close()


def measure(build):
    rows = []
    networks = [("libtorrent's nodes", lambda: clients.Net(NODES, None), False),
                ("our nodes", lambda: Testnet(build, NODES), True)]
    for name, make, must in networks:
        for count, (first, together, theirs) in run(build, make()).items():
            rows.append(Row(f"{count} publishers on {name}: values of one get", first, theirs))
            rows.append(Row(f"{count} publishers on {name}: share seen in {READS} gets",
                            together / count, at_least=0.9 if must else None))
    return rows
