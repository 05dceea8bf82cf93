#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""One identity in two programs is told to both, alone and in a swarm; a restart is none."""
import harness


def twins(scene, topic):
    key = ("--identity", str(scene.path / topic.replace(" ", "_")))
    one = scene.peer(f"{topic}: one", *key, topic=topic)
    one.wait("published")
    # What a killed process has published is of no twin.
    one.kill()
    one.wait_exit()
    one = scene.peer(f"{topic}: one again", *key, topic=topic)
    one.wait("published")
    other = scene.peer(f"{topic}: other", *key, topic=topic)
    for peer, its in ((one, other), (other, one)):
        told = peer.wait("twin", 60)
        port = its.wait("listening")["addrs"][0].rsplit(":", 1)[1]
        harness.check(any(addr.endswith(":" + port) for addr in told["addrs"]), f"{told}")
        peer.wait_said("another program runs with this identity, at .*: give each its own")
    one.leave()
    other.leave()
    # Both have gone: who comes now is alone with it.
    last = scene.peer(f"{topic}: last", *key, topic=topic)
    last.wait("published", 90)
    first = last.of_kind("published")[0]["minute"]
    last.wait("published", 90, where=lambda e: e["minute"] > first)
    harness.check(not last.of_kind("twin"), f"{topic}: the last one was told of a twin")
    last.leave()


def test(scene):
    scene.testnet()
    twins(scene, "nobody else")


harness.run(test)
