#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Two members that no datagram connects, each with a relay of its own, of which a pkarr server tells:
the one that looks for the other connects to the other's relay, too, and they talk there. A member
without any relay does not."""
import harness
import pkarr_server
from relay import check_way, talk
from relay_server import Relay


def test(scene):
    scene.bootstrap = ["127.0.0.1:9"]
    server = pkarr_server.Server()
    ours, theirs = Relay(), Relay()
    ann = scene.peer("ann", "--relay", theirs.url, "--pkarr", server.url)
    put = server.wait(lambda request: request.method == "PUT")
    harness.check(put and f"relay={theirs.url}".encode() in put.body, f"ann has published {put}")
    options = ["--pkarr", server.url, "--peer", ann.id, "--log", "debug"]
    none = scene.peer("none", *options, listen="[::1]:0")
    ben = scene.peer("ben", "--relay", ours.url, *options, listen="[::1]:0")
    check_way(ann, "relay")
    check_way(ben, "relay")
    talk(ann, ben, "by the relay of one")
    harness.check(bytes.fromhex(ben.id) in theirs.clients, "ben is not at the relay of ann")
    harness.check(bytes.fromhex(ben.id) in ours.clients, "ben is not at his own relay")
    harness.check(len(theirs.socks) == 2, f"{len(theirs.socks)} connections to the relay of ann")
    none.wait_said("relay_only")
    harness.check(not none.of_kind("neighbor_up"), "a relay is used that nobody has allowed")
    for peer in (ann, ben, none):
        peer.leave()


if __name__ == "__main__":
    harness.run(test)
