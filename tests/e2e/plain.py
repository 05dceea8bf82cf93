#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""What people see without --json: pipe, chat without a terminal, lookup, dht."""
import signal

import harness


def room(scene, options):
    ann = scene.start("ann", "pipe", scene.topic, *options, is_text=True)
    bob = scene.start("bob", "chat", scene.topic, *options, is_text=True)
    eve = scene.peer("eve")
    eve.wait("joined")
    for peer in [ann, bob]:
        peer.wait_said("joined after")
    bob.wait_said(eve.id[:10] + " is here")
    eve.send("two  words")
    ann.wait("line", where=lambda event: event["text"] == "two  words")
    bob.wait("line", where=lambda event: event["text"].endswith(": two  words"))
    bob.send("an answer")
    eve.wait_message("an answer")
    ann.wait("line", where=lambda event: event["text"] == "an answer")
    eve.leave()
    bob.wait_said(eve.id[:10] + " has left")
    bob.kill(signal.SIGTERM)
    harness.check(bob.wait_exit() == 0, "bob did not leave")
    ann.wait_said("no neighbour is left")
    return ann


def sender(scene, options, listener):
    said = "x" * 4057
    done = scene.run("pipe", scene.topic, *options, "--quit-on-eof", stdin=f"{said}\n\nlast")
    harness.check(done.returncode == 0, f"quit at the end: {done}")
    for text in [said, "last"]:
        listener.wait("line", where=lambda event, text=text: event["text"] == text)
    done = scene.run("pipe", scene.topic, *options, "--quit-on-eof", stdin=f"{said}x\nshort\n")
    harness.check(done.returncode == 65 and "line 1 has 4058 bytes" in done.stderr, str(done))
    listener.wait("line", where=lambda event: event["text"] == "short")


def lookup(scene, options):
    peer = scene.peer("member", topic="looked up")
    peer.wait("published", 90)
    done = scene.run("lookup", "looked up", *options)
    host, port = peer.addr
    harness.check(done.returncode == 0 and peer.id in done.stdout and f"{host}:{port}" in done.stdout,
                  str(done))
    done = scene.run("lookup", "looked up", "--secret", "another", *options[2:])
    harness.check(done.returncode == 0 and not done.stdout and "another secret" in done.stderr,
                  str(done))
    peer.leave()
    done = scene.run("lookup", "nobody's", *options)
    harness.check(done.returncode == 0 and not done.stdout and "nobody is there" in done.stderr,
                  str(done))


def dht(scene):
    net = scene.bootstrap_options()
    done = scene.run("dht", "put", "a value", "--key", scene.path / "key", "--verify", *net)
    harness.check(done.returncode == 0 and "said yes" in done.stderr, str(done))
    [key] = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("key")]
    done = scene.run("dht", "get", key, *net)
    harness.check(done.stdout.endswith("  a value\n") and "1 value;" in done.stderr, str(done))
    done = scene.run("dht", "get", "0" * 40, *net)
    harness.check(done.returncode == 0 and not done.stdout and "0 values;" in done.stderr, str(done))


def test(scene):
    scene.testnet()
    options = ["--secret-file", scene.secret, "--listen", "127.0.0.1:0",
               *scene.bootstrap_options()]
    listener = room(scene, options)
    sender(scene, options, listener)
    lookup(scene, options)
    dht(scene)


harness.run(test)
