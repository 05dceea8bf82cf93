#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""A member ends, or is killed, and starts at once with the same identity, at another port or at the
same: it is back as soon as a stranger would be, and all say and hear what is said meanwhile."""
import signal
import socket

import harness

SOON = 2  # seconds
LIVES = 6


def unused_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def restarts(scene, count, kind, number, listen):
    """With `count` others. Each life speaks and hears, but every third one ends when it has come."""
    topic = f"{scene.topic} {kind} {count}"
    others = [scene.peer(f"{kind} {count}: other {i}", topic=topic) for i in range(count)]
    own = ["--identity", scene.path / f"{kind} {count}"]
    mortal = scene.peer(f"{kind} {count}: 0", *own, topic=topic, listen=listen)
    mortal.wait("joined")
    for life in range(1, LIVES):
        mortal.kill(number)
        mortal.wait_exit()
        mortal = scene.peer(f"{kind} {count}: {life}", *own, topic=topic, listen=listen)
        joined = mortal.wait("joined", 20)
        harness.check(joined["at"] < SOON * harness.SLOW,
                      f"{mortal.name}: joined after {joined['at']:.1f} s")
        if life % 3:
            mortal.send(f"back {life}")
            others[0].send(f"welcome {life}")
            for other in others:
                other.wait_message(f"back {life}", 10)
            for hearer in [mortal, *others[1:]]:
                hearer.wait_message(f"welcome {life}", 10)
    for peer in [mortal, *others]:
        peer.kill(signal.SIGTERM)
    for peer in [mortal, *others]:
        peer.wait_exit()


def test(scene):
    scene.testnet(12)
    for count in [1, 2, 4]:
        restarts(scene, count, "killed", signal.SIGKILL, "127.0.0.1:0")
        restarts(scene, count, "killed there", signal.SIGKILL, f"127.0.0.1:{unused_port()}")
        restarts(scene, count, "ended", signal.SIGTERM, "127.0.0.1:0")
        restarts(scene, count, "ended there", signal.SIGTERM, f"127.0.0.1:{unused_port()}")


harness.run(test)
