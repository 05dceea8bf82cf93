#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""A peer is killed without a goodbye: its neighbours notice, and the others still talk."""
import harness


def test(scene):
    scene.testnet()
    peers = [scene.peer(f"peer{i}") for i in range(5)]
    for peer in peers:
        peer.wait("joined", 60)
    harness.everybody_talks(peers, "hello")
    victim = peers.pop(2)
    witnesses = [peer for peer in peers if victim.id in peer.neighbors()]
    harness.check(witnesses, "nobody is a neighbour of the victim")
    seen = {peer: len(peer.events) for peer in witnesses}
    victim.kill()
    victim.wait_exit()
    for peer in witnesses:
        peer.wait("neighbor_down", 60, lambda event: event["endpoint_id"] == victim.id,
                  since=seen[peer])
    harness.everybody_talks(peers, "we are left")
    for peer in peers:
        peer.leave()


harness.run(test)
