#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""A private DHT of 30 libtorrent nodes: `dtt` reads and writes there, and two peers meet on it."""
import os

import place  # first: it knows where harness is
from place import check
import filled
import krpc
import lt
import ours

NODES = 30
SALTS = [b"", b"s" * 64]
LARGEST = b"x" * 996  # 1000 bytes encoded
MAPPING = {"a": 1, "b": ["x", 2]}


def equal_seq(dtt):
    """libtorrent says yes to a second value of the same sequence number, and keeps the first."""
    key = krpc.Key(b"equal")
    dtt.put(key, "first", krpc.SEQ_MAX)
    put = dtt.put(key, "second", krpc.SEQ_MAX, "--cas", krpc.SEQ_MAX, "--verify")
    check(put["acked"] > 0, f"libtorrent refuses an equal sequence number: {put}")
    ours.check_is(put["verified"], 0, "nodes that return the second value")
    ours.check_is(dtt.get(key), [(b"first", krpc.SEQ_MAX)], "got by dtt")


def items(net, dtt):
    """Put by each kind, got by the other, replaced by the other, got again."""
    keys = [krpc.Key(salt) for salt in SALTS]
    net.finish(*(net.put(i, key, "libtorrent's") for i, key in enumerate(keys)),
               net.put_immutable(3, "of libtorrent"), net.put_immutable(4, MAPPING))
    for key in keys:
        ours.check_is(dtt.get(key), [(b"libtorrent's", 1)], "put by libtorrent")
        put = dtt.put(key, "dtt's", 2, "--cas", 1, "--verify")
        check(put["acked"] > 0 and put["verified"] == put["acked"], f"put by dtt: {put}")
    ours.check_is(dtt.get_immutable(krpc.immutable_target("of libtorrent")), [b"of libtorrent"],
                  "put by libtorrent")
    ours.check_is(dtt.get_immutable(krpc.immutable_target(MAPPING)), [krpc.encode(MAPPING)],
                  "put by libtorrent, no string")
    target = bytes.fromhex(dtt.put_immutable(LARGEST.decode())["target"])
    ours.check_is(target, krpc.immutable_target(LARGEST), "target")

    found = net.finish(*(net.get(10 + i, key) for i, key in enumerate(keys)),
                       net.get_immutable(21, krpc.immutable_target(LARGEST)),
                       net.get(22, krpc.Key()))
    ours.check_is(found, [(b"dtt's", 2)] * len(keys) + [(LARGEST, None), (None, None)],
                  "got by libtorrent")
    net.finish(*(net.put(20 + i, key, "libtorrent again") for i, key in enumerate(keys)))
    for key in keys:
        ours.check_is(dtt.get(key), [(b"libtorrent again", 3)], "put over dtt's by libtorrent")
        dtt.put(key, "older", 2, code=ours.EXIT_DATA)
        dtt.put(key, "after another than is there", 9, "--cas", 1, code=ours.EXIT_DATA)
        ours.check_is(dtt.get(key), [(b"libtorrent again", 3)], "after refused puts")
    ours.check_is(dtt.get(krpc.Key()), [], "an item that nobody put")
    ours.check_is(dtt.get_immutable(bytes(20)), [], "a target that nobody put")


def peer_of_theirs(net, dtt):
    infohash = os.urandom(20)
    port = net.announce(6, infohash)
    net.wait_announced(infohash, port)
    filled.until(lambda: ("127.0.0.1", port) in dtt.peers(infohash), "libtorrent's peer")


def peer_of_ours(net, dtt):
    infohash = os.urandom(20)
    done = dtt.announce(infohash, 4321)
    check(done["acked"] > 0, f"announced by dtt: {done}")
    net.wait_peer(7, infohash, 4321)
    ours.check_is(dtt.peers(infohash), {("127.0.0.1", 4321)}, "dtt's peer, by dtt")


def peers_meet(scene):
    peers = [scene.peer("ann"), scene.peer("bob")]
    for peer in peers:
        peer.wait("joined", 60)
    place.harness.everybody_talks(peers, "hello")
    copies = peers[0].wait("published", 90)["copies"]
    check(copies > 0, "no libtorrent node took the record")
    for peer in peers:
        peer.leave()


def test(scene):
    net = lt.Net([["127.0.0.1:0"]] * NODES)
    scene.bootstrap = net.bootstrap
    dtt = ours.Dtt(scene, net.bootstrap)
    peer_of_theirs(net, dtt)
    items(net, dtt)  # early: see lt.Net about what puts of others cost
    equal_seq(dtt)
    peer_of_ours(net, dtt)
    peers_meet(scene)


place.run(test)
