#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""No DHT node answers: said within ten seconds with what was tried, said again, exit 69 at last."""
import re
import socket

import harness


def test(scene):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        silent_addr = "127.0.0.1:%d" % silent.getsockname()[1]
        # A port at which nobody listens, not even silently.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as closed:
            closed.bind(("127.0.0.1", 0))
            closed_addr = "127.0.0.1:%d" % closed.getsockname()[1]
        tried = {"silent": silent_addr, "closed": closed_addr, "unknown": "nowhere.invalid:6881"}
        peers = {}
        for name, addr in tried.items():
            scene.bootstrap = [addr]
            peers[name] = [scene.peer(name), scene.peer(f"{name}, hasty", "--join-timeout", "3")]
        for name, (patient, hasty) in peers.items():
            patient.wait_said(tried[name].split(":")[0] + ".*" + tried[name].split(":")[1], 10)
            harness.check(hasty.wait_exit() == 69, f"{hasty.name}: {hasty.popen.returncode}")
            harness.check(any(tried[name] in line for line in hasty.said),
                          f"{hasty.name} does not say what was tried")
        for name, (patient, _) in peers.items():
            patient.wait_said(rf"[1-9]\d s so far, tried {re.escape(tried[name])}", 20)
        silent.settimeout(1)
        harness.check(silent.recv(2000).startswith(b"d1:a"), "the silent node was not asked")
        for patient, _ in peers.values():
            patient.leave()
    for command in [["lookup", scene.topic, "--secret-file", scene.secret],
                    ["dht", "get", "0" * 40], ["dht", "put", "x"], ["dht", "find", "0" * 40]]:
        done = scene.run(*command, "--join-timeout", "1", "--bootstrap", closed_addr)
        harness.check(done.returncode == 69, f"{command}: exit {done.returncode}")
        harness.check(done.stderr.strip(), f"{command}: says nothing")


harness.run(test)
