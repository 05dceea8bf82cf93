#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""A neighbour is killed and started again at the same port with the same identity. There is no DHT
and it is told of nobody: the others must come to meet it."""
import signal
import socket

import harness


def unused_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def test(scene):
    scene.bootstrap = [f"127.0.0.1:{unused_port()}"]
    host = scene.peer("host")
    contact = "%s@%s:%d" % (host.id, *host.addr)
    other = scene.peer("other", "--peer", contact)
    own = ["--identity", scene.path / "identity"]
    listen = f"127.0.0.1:{unused_port()}"
    mortal = scene.peer("mortal", *own, "--peer", contact, listen=listen)
    for peer in [host, other, mortal]:
        peer.wait("joined")
    for reason in ["reset", "unreachable", "reset"]:
        host.wait("neighbor_up", 10, lambda event: event["endpoint_id"] == mortal.id)
        seen = len(host.events)
        if reason == "reset":  # what the host sends must find the new process, not an empty port
            host.kill(signal.SIGSTOP)
        mortal.kill()
        mortal.wait_exit()
        if reason == "reset":
            mortal = scene.peer("mortal again", *own, listen=listen)
            mortal.wait("listening")
            host.kill(signal.SIGCONT)
        host.send(f"is somebody there? {reason} {seen}")
        down = host.wait("neighbor_down", 15, since=seen)
        harness.check(down["reason"] == reason, f"{down}, not {reason}")
        if reason == "unreachable":
            mortal = scene.peer("mortal after a while", *own, listen=listen)
        met = host.wait("neighbor_up", 10, since=seen)
        harness.check(met["endpoint_id"] == mortal.id, f"{met}")
        mortal.wait("joined", 10)
    for peer in [host, other, mortal]:
        peer.leave()


harness.run(test)
