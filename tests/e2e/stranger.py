#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""A peer that knows the topic but has another secret hears nothing and is told nothing."""
import harness


def test(scene):
    scene.testnet()
    friends = [scene.peer("ann"), scene.peer("bob")]
    for friend in friends:
        friend.wait("joined")
        friend.wait("published")
    other = scene.file("other", "correct horse battery stapler\n")
    stranger = scene.peer("eve", "--join-timeout", "8", secret=other)
    stranger.wait("listening")
    stranger.send("let me in")
    harness.everybody_talks(friends, "between us")
    harness.check(stranger.wait_exit() == 69, "eve: exit code is not 69")
    harness.everybody_talks(friends, "still between us")

    wrong = stranger.of_kind("joined", "message", "neighbor_up", "neighbor_down", "dial_failed")
    harness.check(not wrong, f"eve: {wrong}")
    told = str(stranger.events) + str(stranger.said)
    for friend in friends:
        harness.check(friend.id[:10] not in told, f"eve was told of {friend.name}")
        harness.check(stranger.id not in str(friend.events), f"{friend.name} saw eve")
        harness.check("let me in" not in friend.messages(), f"{friend.name} heard eve")
    for friend in friends:
        friend.leave()


harness.run(test)
