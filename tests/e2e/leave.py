#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Leaving is clean: exit 0, a last event, neighbours told at once, nothing leaked by who stays."""
import signal

import harness


def goodbye(leaver, number, others):
    """Others hear of it at once, that is long before an idle connection would time out."""
    witnesses = [peer for peer in others if leaver.id in peer.neighbors()]
    seen = {peer: len(peer.events) for peer in witnesses}
    leaver.leave(number)
    for peer in witnesses:
        down = peer.wait("neighbor_down", 5, lambda event: event["endpoint_id"] == leaver.id,
                         since=seen[peer])
        harness.check(down["reason"] != "timeout", f"{peer.name}: {down}")


def test(scene):
    scene.testnet()
    host = scene.peer("host")
    guests = [scene.peer("guest0"), scene.peer("guest1")]
    for peer in [host, *guests]:
        peer.wait("joined")
    harness.everybody_talks([host, *guests], "hello")
    goodbye(guests[0], signal.SIGTERM, [host, guests[1]])
    goodbye(guests[1], signal.SIGINT, [host])

    # Guests come and go; the host's descriptors do not grow with them.
    before = host.descriptors()
    for i in range(5):
        guest = scene.peer(f"passer-by{i}", "--quit-on-eof")
        guest.wait("joined")
        for line in range(20):
            guest.send(f"line {line} of {guest.name}")
        guest.end_input()
        harness.check(guest.wait_exit() == 0, f"{guest.name}: exit {guest.popen.returncode}")
        harness.check(guest.events[-1]["event"] == "left", f"{guest.name}: no event left")
        for line in range(20):
            host.wait_message(f"line {line} of {guest.name}")
        host.wait("neighbor_down", 10, lambda event: event["endpoint_id"] == guest.id)
    after = host.descriptors()
    harness.check(after <= before, f"host: {before} descriptors before, {after} after")
    host.leave()


harness.run(test)
