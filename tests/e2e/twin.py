#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""One identity in two programs is told to both, alone and in a swarm; a restart is none."""
import harness


def told(one, other):
    """Each of the two says where the other one is."""
    for peer, its in ((one, other), (other, one)):
        event = peer.wait("twin", 60)
        port = its.wait("listening")["addrs"][0].rsplit(":", 1)[1]
        harness.check(any(addr.endswith(":" + port) for addr in event["addrs"]), f"{event}")
        peer.wait_said("another program runs with this identity, at .*: give each its own")


def alone(scene, topic):
    key = ("--identity", str(scene.path / topic.replace(" ", "_")))
    one = scene.peer(f"{topic}: one", *key, topic=topic)
    one.wait("published")
    # What a killed process has published is of no twin.
    one.kill()
    one.wait_exit()
    one = scene.peer(f"{topic}: one again", *key, topic=topic)
    one.wait("published")
    other = scene.peer(f"{topic}: other", *key, topic=topic)
    told(one, other)
    one.leave()
    other.leave()
    # Both have gone: who comes now is alone with it.
    last = scene.peer(f"{topic}: last", *key, topic=topic)
    last.wait("published", 90)
    first = last.of_kind("published")[0]["minute"]
    last.wait("published", 90, where=lambda e: e["minute"] > first)
    harness.check(not last.of_kind("twin"), f"{topic}: the last one was told of a twin")
    last.leave()


def in_a_swarm(scene, topic):
    """Members that are joined read and publish seldom, and the first one has been in for long."""
    key = ("--identity", str(scene.path / topic.replace(" ", "_")))
    others = [scene.peer(f"{topic}: {i}", topic=topic) for i in range(3)]
    one = scene.peer(f"{topic}: one", *key, topic=topic)
    for peer in [one, *others]:
        peer.wait("joined")
    one.kill()
    one.wait_exit()
    one = scene.peer(f"{topic}: one again", *key, topic=topic)
    one.wait("joined")
    one.must_not("twin", 10)  # it looks for others with its identity a second after it has joined
    other = scene.peer(f"{topic}: other", *key, topic=topic)
    told(one, other)
    for peer in [other, one, *others]:
        peer.leave()


def on_one_machine(scene):
    """The second program is told at its start, and nobody when the first has ended."""
    key = ["--identity", str(scene.path / "lock")]
    one = scene.peer("one", *key, topic="lock")
    one.wait("listening")
    other = scene.peer("other", *key, topic="lock")
    other.wait_said("another program on this machine runs with the identity in '.*/lock'")
    harness.check(not any("another program" in line for line in one.said), "the first one was told")
    for peer in (one, other):
        peer.kill()
        peer.wait_exit()
    last = scene.peer("last", *key, topic="lock")
    last.wait("published")
    harness.check(not any("another program" in line for line in last.said), "nobody else is there")
    last.leave()


def test(scene):
    scene.testnet()
    on_one_machine(scene)
    alone(scene, "nobody else")
    in_a_swarm(scene, "a swarm")


harness.run(test)
