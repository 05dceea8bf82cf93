#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""What a neighbour never acknowledged goes to the next one, or is told and is no success."""
import signal

import harness
import netlab


def stopped(scene, name, topic, *options):
    """A sender whose only neighbour stops, as a laptop whose lid closes, before five lines."""
    deaf = scene.peer(f"{name}'s neighbour", topic=topic)
    send = scene.peer(name, *options, topic=topic)
    send.wait("neighbor_up")
    deaf.wait("neighbor_up")
    deaf.kill(signal.SIGSTOP)
    for i in range(5):
        send.send(f"line {i}")
    return deaf, send


def check_lost(send, code):
    harness.check(send.wait_exit() == code, f"{send.name}: exit {send.popen.returncode}")
    lost = sum(event["messages"] for event in send.of_kind("lost"))
    harness.check(lost == 5, f"{send.name}: {lost} messages lost, not 5")
    send.wait_said("5 lines were not sent: no neighbour has acknowledged them")
    harness.check(send.events[-1]["event"] == "left", f"{send.name}: LEFT is not the last")


def never_taken(scene):
    """Whatever ends the command: a sentence that says "not sent" goes with a code that is not 0."""
    options = ["--secret-file", scene.secret, *scene.bootstrap_options()]
    sentence = "line 1 and what came after it were not sent"
    for how in [["--for", "1"], ["--quit-on-eof", "--for", "1"],
                ["--quit-on-eof", "--join-timeout", "1"]]:
        done = scene.run("pipe", "nobody", *options, *how, stdin="hi\n")
        harness.check(done.returncode == 69 and sentence in done.stderr, f"{how}: {done}")
    for how in [signal.SIGTERM, signal.SIGHUP, signal.SIGINT]:
        alone = scene.start("alone", "pipe", "nobody", *options, "--json", "--log", "off")
        alone.send("hi")
        alone.wait_said("so far")
        alone.kill(how)
        harness.check(alone.wait_exit() == 69, f"{how}: exit {alone.popen.returncode}")
        alone.wait_said(sentence)
    done = scene.run("pipe", "nobody", *options, "--quit-on-eof", "--for", "1", stdin="")
    harness.check(done.returncode == 0, f"there was nothing to send: {done}")


def test(scene):
    scene.testnet()
    never_taken(scene)
    # All wait at once for what takes a while: an idle timeout, and the 30 s that content is kept.
    deaf, quits = stopped(scene, "quits", "a", "--quit-on-eof")
    quits.end_input()
    deaf_b, stays = stopped(scene, "stays", "b")
    stays.end_input()
    deaf_c, saved = stopped(scene, "saved", "c", "--quit-on-eof")
    saved.end_input()
    deaf_d, ended = stopped(scene, "ended", "d", "--for", "2")
    deaf_e, asked = stopped(scene, "asked", "e")
    check_lost(ended, 69)
    asked.wait_read()
    asked.kill(signal.SIGTERM)
    check_lost(asked, 69)

    deaf_c.kill()
    saved.wait("neighbor_down", 60)
    next_one = scene.peer("next", topic="c")
    for i in range(5):
        next_one.wait_message(f"line {i}")
    harness.check(saved.wait_exit() == 0, f"saved: exit {saved.popen.returncode}")
    harness.check(not saved.of_kind("lost"), "what was saved was called lost")

    deaf.kill()
    quits.wait("lost", 60)
    check_lost(quits, 69)
    stays.wait("lost", 60)
    harness.check(stays.popen.poll() is None, "stays: left without being asked")
    stays.kill(signal.SIGTERM)
    check_lost(stays, 69)
    for process in [deaf_b, deaf_d, deaf_e]:
        process.kill()


netlab.run_apart(test)  # some nodes listen on all interfaces
