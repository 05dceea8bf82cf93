#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""N peers start at the same moment and share only a topic and a secret: all hear each other."""
import sys

import harness


def test(scene, count):
    scene.testnet()
    peers = [scene.peer(f"peer{i}") for i in range(count)]
    for peer in peers:
        joined = peer.wait("joined", 60)
        harness.check(joined["neighbors"] >= 1, f"{peer.name}: joined without a neighbour: {joined}")
    harness.everybody_talks(peers, "hello")
    harness.everybody_talks(peers[::-1], "hello again")
    for peer in peers:
        delivered = {event["from"] for event in peer.of_kind("message")}
        known = {event["endpoint_id"] for event in peer.of_kind("neighbor_up")}
        harness.check(delivered <= known, f"{peer.name}: a message came from no neighbour")
    for peer in peers:
        peer.leave()


harness.run(test, int(sys.argv[1]))
