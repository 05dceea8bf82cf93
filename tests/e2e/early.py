#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""A peer that has waited alone for two minutes is found by those who come then.

Records lie under the minute they were made in and readers look at two minutes, so the first record
of the early peer is out of reach by then: it must have gone on publishing. The test really waits.
"""
import harness

ALONE_S = 125


def test(scene):
    scene.testnet()
    early = scene.peer("early")
    early.wait("published", 90)
    early.must_not("joined", ALONE_S)
    late = [scene.peer("late1"), scene.peer("late2")]
    for peer in [*late, early]:
        peer.wait("joined", 45)
    harness.everybody_talks([early, *late], "hello")
    minutes = {event["minute"] for event in early.of_kind("published")}
    harness.check(len(minutes) >= 2, f"early: published in the minutes {minutes} only")
    for peer in [early, *late]:
        peer.leave()


harness.run(test)
