#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Somebody who knows a member's id alone finds it by the TXT records of a domain; name servers that
lie or say nothing bring nobody, and hold nobody up.
"""
import time

import netlab
from harness import check
from name_server import DOMAIN, NameServer, ask_there, name_of

NOWHERE = ("--no-lan", "--no-portmap", "--log", "debug")


def bob_of(scene, ann, words):
    return scene.peer(f"bob, {words}", *NOWHERE, "--dns-origin", DOMAIN, "--peer", ann.id)


def test(scene):
    scene.bootstrap = ["127.0.0.1:9"]
    ask_there(scene)
    server = NameServer()
    ann = scene.peer("ann", *NOWHERE)
    host, port = ann.addr
    server.texts[name_of(ann)] = ["relay=https://relay.test./", f"addr={host}:{port}"]

    bob = bob_of(scene, ann, "honest")
    bob.wait("joined", 10)
    check(server.asked == [name_of(ann)], f"the name server was asked {server.asked}")
    bob.send("hello")
    ann.wait_message("hello")
    bob.leave()

    for manner in ("garbage", "silent"):
        server.manner = manner
        began = time.monotonic()
        bob = bob_of(scene, ann, manner)
        failure = bob.wait("dial_failed", 60)
        check(failure["stage"] == "address" and not failure["tried"], f"{manner}: {failure}")
        print(f"{manner}: told after {time.monotonic() - began:.1f} s")
        leaving = time.monotonic()
        bob.leave()
        check(time.monotonic() - leaving < 3, f"{manner}: it waited for the name server")

    server.manner = "honest"
    server.texts[name_of(ann)] = ["relay=https://relay.test./"]
    bob = bob_of(scene, ann, "relay alone")
    failure = bob.wait("dial_failed", 60)
    check(failure["reason"] == "relay_only", f"it is not said that there is a relay alone: {failure}")
    bob.leave()

    server.texts[name_of(ann)] = ["addr=127.0.0.1:1", "addr=224.0.0.1:7", "addr=x", "", "other=1"]
    bob = bob_of(scene, ann, "wrong address")
    bob.wait_said("addrs_found .* addrs=1$")  # and the group is none
    failure = bob.wait("dial_failed", 60)
    check("224.0.0.1" not in str(failure), f"a group was dialled: {failure}")
    bob.leave()
    ann.leave()


netlab.run(test)
