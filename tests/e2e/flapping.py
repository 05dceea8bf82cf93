#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""A host's link goes down and comes back again and again: what is said at both ends meanwhile arrives,
once each, the neighbours stay, and it costs next to nothing. Whoever leaves last knows that the other
has heard all, though some acknowledgements went down with the link."""
import os
import pathlib
import threading
import time

import netlab
from harness import SLOW, check

FLAPS = [(1, 2), (3, 1), (0.3, 0.3), (0.3, 0.3), (0.3, 0.3), (2, 2), (1, 0.5), (0.1, 1), (4, 2), (1, 1)]
LINES = 60
EVERY = 0.5  # seconds between two lines: as long as the link flaps
WITHIN = 15  # seconds until all has come, once the link stays
CPU = 1.0  # seconds of processor for one peer


def processor(peer):
    fields = pathlib.Path(f"/proc/{peer.popen.pid}/stat").read_text(encoding="ascii")
    user, system = fields.rsplit(")", 1)[1].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def talk(peer):
    for number in range(LINES):
        peer.send(f"line {number} of {peer.name}")
        time.sleep(EVERY)


def test(scene):
    lan = netlab.Switch("lan")
    ann, bob, router = (netlab.Host(scene, name) for name in ("ann", "bob", "router"))
    for number, host in ((1, ann), (2, bob), (254, router)):
        lan.plug(host, "e0", f"10.1.0.{number}/24")
    net = router.testnet("10.1.0.254:7001")
    peers = [host.peer(host.name, bootstrap=net) for host in (ann, bob)]
    for peer in peers:
        peer.wait("joined", 20)
    used = [processor(peer) for peer in peers]
    speakers = [threading.Thread(target=talk, args=[peer]) for peer in peers]
    for speaker in speakers:
        speaker.start()
    for down, up in FLAPS:
        ann.ip("link set e0 down")
        time.sleep(down)
        ann.ip("link set e0 up")
        time.sleep(up)
    for speaker in speakers:
        speaker.join()
    for peer, other in (peers, peers[::-1]):
        for number in range(LINES):
            peer.wait_message(f"line {number} of {other.name}", WITHIN)
        check(len(peer.messages()) == LINES, f"{peer.name} heard a line twice")
        check(not peer.of_kind("neighbor_down"), f"{peer.name} lost its neighbour")
    for peer, before in zip(peers, used):
        spent = processor(peer) - before
        print(f"{peer.name}: {spent:.2f} s of processor")
        check(spent < CPU * SLOW, f"{peer.name}: {spent:.1f} s of processor")
    for peer in peers:
        peer.leave()


netlab.run(test)
