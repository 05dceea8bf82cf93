#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Two dial each other in the same instant: each is one neighbour of the other and stays it, and no
line is lost or comes twice.

    ann -- door -- bob         ann is told that bob is at the door, and bob that ann is there
"""
import select
import socket
import threading
import time

import harness
from harness import check

PAIRS = 8
LINES = 30
EVERY = 0.05  # seconds between two lines of a speaker
STAYS = 12  # seconds: longer than a second connection is kept as a spare


class Door(threading.Thread):
    """Holds what each of two sends until both have sent, so that their first packets cross. Whoever
    dials passes by one side, and is seen by the other as coming from there."""

    def __init__(self):
        super().__init__(daemon=True)
        self.ports = {}  # (who dials, which end): a socket
        for caller in (0, 1):
            for end in ("near", "far"):
                made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                made.bind(("127.0.0.1", 0))
                self.ports[caller, end] = made
        self.homes = [None, None]
        self.held = []
        self.callers = set()
        self.crossed = threading.Event()
        self.is_over = False

    def addr_for(self, caller):
        return "%s:%d" % self.ports[caller, "near"].getsockname()

    def open_between(self, first, second):
        self.homes = [first.addr, second.addr]
        self.start()

    def run(self):
        names = {made: name for name, made in self.ports.items()}
        while not self.is_over:
            for made in select.select(list(names), [], [], 0.2)[0]:
                try:
                    datagram, _ = made.recvfrom(65536)
                except OSError:
                    continue  # nobody listens there any more
                caller, end = names[made]
                # A dialler is heard at the near end; the answer comes back to the far one.
                out = self.ports[caller, "far" if end == "near" else "near"]
                self._pass(caller, out, datagram, self.homes[1 - caller if end == "near" else caller])

    def _pass(self, caller, out, datagram, to):
        self.callers.add(caller)
        self.held.append((out, datagram, to))
        if len(self.callers) == 2:
            self.crossed.set()
            for each, what, where in self.held:
                try:
                    each.sendto(what, where)
                except OSError:
                    pass
            self.held.clear()

    def close(self):
        self.is_over = True
        self.join()
        for made in self.ports.values():
            made.close()


def test(scene):
    scene.bootstrap = ["127.0.0.1:9"]
    pairs = []
    for number in range(PAIRS):  # a topic each
        door = Door()
        keys = [str(scene.path / f"identity {number} {i}") for i in (0, 1)]
        ids = [scene.run("id", "--identity", key).stdout.strip() for key in keys]
        peers = [scene.peer(f"{'ann' if i == 0 else 'bob'} {number}", "--identity", keys[i], "--peer",
                            f"{ids[1 - i]}@{door.addr_for(i)}", topic=f"{scene.topic} {number}")
                 for i in (0, 1)]
        door.open_between(*peers)
        pairs.append((door, peers))
    everybody = [peer for _, peers in pairs for peer in peers]
    for door, peers in pairs:
        check(door.crossed.wait(20 * harness.SLOW), f"{peers[0].name}: only one of the two has dialled")
    for peer in everybody:
        peer.wait("joined", 10)
    for number in range(LINES):
        for peer in everybody:
            peer.send(f"line {number} of {peer.name}")
        time.sleep(EVERY)
    time.sleep(STAYS)
    for _, peers in pairs:
        for peer, other in (peers, peers[::-1]):
            peer.wait_message(f"line {LINES - 1} of {other.name}", 10)
            wanted = [f"line {number} of {other.name}" for number in range(LINES)]
            check(sorted(peer.messages()) == sorted(wanted), f"{peer.name} heard {peer.messages()}")
            ups = [event["endpoint_id"] for event in peer.of_kind("neighbor_up")]
            check(ups == [other.id], f"{peer.name}: neighbours {ups}")
            check(not peer.of_kind("neighbor_down"), f"{peer.name} lost its neighbour")
    for peer in everybody:
        peer.leave()
    for door, _ in pairs:
        door.close()


harness.run(test)
