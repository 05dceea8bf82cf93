#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Twenty come in the same instant, and each hears all others; then all but one are killed. A newcomer
finds the last one, which few records name and whose neighbours are dead, in seconds: the dead live
on its host, and must not use up what may be sent there."""
import harness
from harness import SLOW, check

MEMBERS = 20
SOON = 5  # seconds
AFTER_ALL = 10  # seconds


def test(scene):
    scene.testnet()
    members = [scene.peer(f"member {i}") for i in range(MEMBERS)]
    for member in members:
        joined = member.wait("joined")["at"]
        check(joined < SOON * SLOW, f"{member.name}: joined after {joined:.1f} s")
    harness.everybody_talks(members, "hello")
    for member in members[:-1]:
        member.kill()
    last = members[-1]
    newcomer = scene.peer("newcomer")
    met = newcomer.wait("joined", 60)["at"]
    check(met < AFTER_ALL * SLOW, f"the newcomer met the last one after {met:.1f} s")
    last.send("still here")
    newcomer.wait_message("still here")
    newcomer.send("me too")
    last.wait_message("me too")
    for peer in (newcomer, last):
        peer.leave()


harness.run(test)
