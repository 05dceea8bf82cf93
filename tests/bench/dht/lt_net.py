# SPDX-License-Identifier: MIT OR Apache-2.0
"""A network of libtorrent nodes on loopback. usage: lt_net.py NODES

Prints one line, a JSON list of their ports, when each knows others, and stays until its standard
input ends.
"""
import json
import pathlib
import random
import sys
import time

sys.dont_write_bytecode = True
sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[2] / folder)
                for folder in ("foreign", "e2e")]

import lt  # noqa: E402

FRIENDS = 4
SETTLE_S = 25  # a libtorrent node looks into one bucket every five seconds

nodes = [lt.Node("127.0.0.1:0") for _ in range(int(sys.argv[1]))]
deadline = time.monotonic() + 60
while not all(node.addrs for node in nodes) and time.monotonic() < deadline:
    time.sleep(0.1)
    for node in nodes:
        node.pump()
rng = random.Random(1)
for i, node in enumerate(nodes):
    for other in rng.sample(nodes[:i], min(i, FRIENDS)):
        node.meet(*other.addrs)
time.sleep(SETTLE_S)
print(json.dumps([port for node in nodes for _, port in node.addrs]), flush=True)
while sys.stdin.readline():
    pass
