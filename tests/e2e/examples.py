#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Processes of each example meet each other: examples.py 01_HELLO 02_POLL 03_RECORDS 04_THREADS."""
import re
import signal
import socket
import sys

import harness
import netlab


class Example(harness.Process):
    """A program whose standard output is text: each line is an event of its own kind."""

    def __init__(self, scene, name, command):
        super().__init__(scene, name, [scene.topic, "a secret", scene.bootstrap[0]], command)
        scene.processes.append(self)

    def _event(self, line):
        return {"event": "line", "line": line}

    def wait_line(self, pattern):
        event = self.wait("line", where=lambda event: re.search(pattern, event["line"]))
        return re.search(pattern, event["line"])

    def wait_end(self):
        code = self.wait_exit()
        harness.check(code == 0, f"{self.name}: exit {code}")


def hello(scene, command):
    ann, bob = Example(scene, "ann", command), Example(scene, "bob", command)
    for peer in ann, bob:
        peer.send(f"I am {peer.name}")  # waits until there is a neighbour
    ann.wait_line(r"^[0-9a-f]{10}: I am bob$")
    bob.wait_line(r"^[0-9a-f]{10}: I am ann$")
    for peer in ann, bob:
        peer.wait_said(r"^joined after \d+ ms$")
        peer.end_input()
        peer.wait_end()


def poll(scene, command):
    ann, bob = Example(scene, "ann's door", command), Example(scene, "bob's door", command)
    for peer in ann, bob:
        peer.wait_line("^joined$")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as visitor:
        for peer, other in [(ann, bob), (bob, ann)]:
            port = int(peer.wait_line(r"^port (\d+)$").group(1))
            visitor.sendto(f"through {peer.name}".encode(), ("127.0.0.1", port))
            other.wait_line(f"^through {peer.name}$")
    for peer, number in [(ann, signal.SIGTERM), (bob, signal.SIGINT)]:
        peer.kill(number)
        peer.wait_end()


def records(scene, command):
    ann = Example(scene, "ann's record", command)
    ann.send("ann was here")
    ann.wait_line(r"^[0-9a-f]{10}: ann was here$")  # it reads back what it has published
    ann.wait_end()
    bob = Example(scene, "bob's record", command)
    bob.send("")
    bob.wait_line(r"^[0-9a-f]{10}: ann was here$")
    bob.wait_end()


def threads(scene, command):
    ann, bob = Example(scene, "ann's threads", command), Example(scene, "bob's threads", command)
    for peer, other in [(ann, bob), (bob, ann)]:
        for number in range(40):  # more than its queue holds
            peer.send(f"{number} of {peer.name}")
        other.wait_line(f"^39 of {peer.name}$")
    for peer in ann, bob:
        peer.end_input()
        peer.wait_end()


def test(scene, commands):
    scene.testnet()
    hello(scene, commands[0])
    poll(scene, commands[1])
    records(scene, commands[2])
    threads(scene, commands[3])


# Examples listen on all interfaces, so they would ask the machine's local network, too.
netlab.run_apart(test, sys.argv[1:])
