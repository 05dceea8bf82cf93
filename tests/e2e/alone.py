#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The first peer waits, says that it does, and says so again; with a limit it gives up."""
import harness


def test(scene):
    scene.testnet()
    patient = scene.peer("patient")
    hasty = scene.peer("hasty", "--join-timeout", "6", topic="another topic of nobody")
    patient.wait_said("nobody|alone|no other|no one|wait", 10)
    patient.wait("published", 90)
    harness.check(hasty.wait_exit() == 69, f"hasty: exit code {hasty.popen.returncode}")
    harness.check("--join-timeout" in hasty.said[-1], "hasty does not say why it gave up")
    lines = len(patient.said)
    patient._find(patient.said, lambda line: True, 20, "second line while it lasts", since=lines)
    harness.check(not patient.of_kind("joined"), "patient: joined nobody")
    patient.leave()


harness.run(test)
