#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Twenty publishers of one key and sequence number at once, as in a minute of a topic, on a network
of libtorrent's nodes and ours: whatever is alive on a node near the target is reported by gets.

By three, for the publishers were nodes too and are dead by then: one get in hundreds finds eight
who name each other and the dead, and nobody who names the node that holds the other values.
"""
import base64
import collections

import place  # first: it knows where harness is
from place import check
import krpc
import lt
import ours

THEIRS, OURS, PUBLISHERS = 15, 10, 20
NEAR = 8


def alive(client, addr, target):
    """The values that a node gives; ours gives one of several at a time, in turn."""
    values, since_new = set(), 0
    while since_new < 25:
        reply = client.ask(addr, "get", {"target": target})[b"r"]
        since_new = 0 if reply.get(b"v") not in values | {None} else since_new + 1
        values |= {reply[b"v"]} if b"v" in reply else set()
    return values


def test(scene):
    net = lt.Net([["127.0.0.1:0"]] * THEIRS)
    nodes = ours.serve(scene, OURS, net.bootstrap)
    for i, node in enumerate(net.nodes):
        node.meet(nodes[i % OURS].addr, nodes[(i + 3) % OURS].addr)
    key = krpc.Key(b"slot")
    dtt = ours.Dtt(scene, net.bootstrap)
    words = ["--key", scene.file("key", key.seed), "--salt", "slot", "--seq", krpc.SEQ_MAX,
             "--cas", krpc.SEQ_MAX, *dtt.options]
    puts = [scene.start(f"publisher {i}", "dht", "put", f"value {i}", *words)
            for i in range(PUBLISHERS)]
    acked = [put.wait("put", 60)["acked"] for put in puts]
    check(min(acked) >= NEAR, f"acknowledged by {acked} nodes")

    client = krpc.Client()
    found = {}
    for kind, addrs in (("libtorrent", [node.addrs[0] for node in net.nodes]),
                        ("dtt", [node.addr for node in nodes])):
        for addr in addrs:
            ident = client.ask(addr, "ping", {})[b"r"][b"id"]
            distance = int.from_bytes(ident, "big") ^ int.from_bytes(key.target, "big")
            found[distance] = (kind, alive(client, addr, key.target))
    near = [found[distance] for distance in sorted(found)[:NEAR]]
    must = set().union(*(values for _, values in near))
    anywhere = set().union(*(values for _, values in found.values()))
    print("nearest nodes:", ", ".join(f"{kind} {len(values)}" for kind, values in near))
    kinds = collections.Counter(kind for kind, values in found.values() if values)
    print(f"holders: {dict(kinds)}; alive near the target: {len(must)}, anywhere: {len(anywhere)}")

    reported = {value for _ in range(3) for value, _ in dtt.get(key)}
    check(must <= reported, f"not reported: {must - reported}")
    check(reported <= anywhere, f"reported from nowhere: {reported - anywhere}")
    if any(kind == "dtt" for kind, _ in near):
        ours.check_is(len(must), PUBLISHERS, "values near the target, where a node of ours is")


place.run(test)
