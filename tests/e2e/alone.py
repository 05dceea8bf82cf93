#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The first peer waits, says that it does, and says so again; with a limit it gives up."""
import os
import pathlib

import harness
import netlab


def cpu_seconds(process):
    """What the process has used of the processor."""
    fields = pathlib.Path(f"/proc/{process.popen.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def after_a_friend(scene):
    """--join-timeout is about the first neighbour: who is alone later waits, and is idle meanwhile.
    One hint tells what can be done, however often it is said that nobody is there."""
    friend = scene.peer("friend", topic="two")
    left = scene.peer("left", "--join-timeout", "5", topic="two")
    left.wait("joined")
    friend.wait("joined")
    friend.leave()
    left.wait_said("; 1 s so far|; [2-9] s so far", 30)
    before = cpu_seconds(left)
    left.wait_said("; 1[0-9] s so far", 30)
    used = cpu_seconds(left) - before
    harness.check(used < 2 * harness.SLOW, f"left: {used} s of the processor in 9 s of waiting")
    left.wait_said("the same topic and secret|let strangers in")
    left.leave()


def test(scene):
    scene.testnet()
    patient = scene.peer("patient")
    hasty = scene.peer("hasty", "--join-timeout", "6", topic="another topic of nobody")
    patient.wait_said("nobody|alone|no other|no one|wait", 10)
    patient.wait("published", 90)
    harness.check(hasty.wait_exit() == 69, f"hasty: exit code {hasty.popen.returncode}")
    harness.check("--join-timeout" in hasty.said[-1], "hasty does not say why it gave up")
    patient.wait_said("; [1-9][0-9] s so far", 20)
    harness.check(not patient.of_kind("joined"), "patient: joined nobody")
    patient.leave()
    after_a_friend(scene)
    # Without any other DHT node nothing is published, for nobody else has it.
    nowhere = scene.start("nowhere", "pipe", "nobody", "--json", "--bootstrap", "nosuch.invalid:1",
                          "--for", "12", "--secret", "x", "--log", "off")
    harness.check(nowhere.wait_exit(60) == 0, f"nowhere: exit code {nowhere.popen.returncode}")
    harness.check(not nowhere.of_kind("published"), "nowhere: said 'published' while alone")
    for name in ("lookup", "dht"):
        args = ("lookup", "nobody", "--secret", "x") if name == "lookup" else ("dht", "put", "x")
        alone = scene.start(name, *args, "--bootstrap", "nosuch.invalid:1", "--join-timeout", "3")
        harness.check(alone.wait_exit(60) == 69, f"{name}: exit code {alone.popen.returncode}")


netlab.run_apart(test)  # some nodes listen on all interfaces
