#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""A member whose clock is off finds the others all the same, and both sides are told by how much."""
import json
import os

import harness


def meet(scene, seconds, within, words):
    """A first member has the right clock, and is there already."""
    topic = f"off by {seconds}"
    first = scene.peer(f"right {seconds}", topic=topic)
    first.wait("published")
    scene.environment.update(LD_PRELOAD=os.environ["DTT_WRONG_CLOCK"],
                             DTT_CLOCK_SECONDS=str(seconds))
    wrong = scene.peer(f"wrong {seconds}", topic=topic)
    del scene.environment["LD_PRELOAD"], scene.environment["DTT_CLOCK_SECONDS"]
    wrong.wait("joined", within)
    for peer, sign in ((wrong, 1), (first, -1)):
        told = peer.wait("clock", 20)
        harness.check(abs(told["offset_s"] - sign * seconds) <= 60 and told["sources"] == 1 and
                      not told["sure"], f"{peer.name}: {told}")
    wrong.wait_said(f"your clock seems {words} ahead, or that of another member is wrong")
    first.wait_said("your clock seems .* behind, or that of another member is wrong")
    first.send("heard")
    wrong.wait("message", where=lambda e: e["text"] == "heard")
    wrong.leave()
    first.leave()


def doctor(scene):
    """A clock without a battery begins in 1970."""
    done = scene.run("doctor", "--json", *scene.bootstrap_options(), within=60,
                     environment={"LD_PRELOAD": os.environ["DTT_WRONG_CLOCK"],
                                  "DTT_CLOCK_SECONDS": "-1700000000"})
    clock = next(line for line in map(json.loads, done.stdout.splitlines())
                 if line.get("name") == "clock")
    harness.check(done.returncode == 69 and clock["verdict"] == "fail" and
                  "behind" in clock["text"], f"doctor: exit {done.returncode}, {clock}")


def test(scene):
    if "DTT_WRONG_CLOCK" not in os.environ:
        return  # a sanitizer wants to be the first that is loaded
    scene.testnet()
    meet(scene, 130, 25, "[23] min")
    meet(scene, 7800, 45, "2 h (9|10) min")
    doctor(scene)


harness.run(test)
