#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""60,000 lines at once to two receivers: each hears all of them once, the sender none of its own.
A receiver that leaves amid them has shown all that the sender takes for delivered."""
import collections
import re
import threading
import signal

import harness

LINES = 60_000


def receiver_of(scene, send, name, topic):
    address = send.wait("listening")["addrs"][0]
    return scene.start(name, "pipe", topic, "--listen", "127.0.0.1:0", "--secret-file", scene.secret,
                       *scene.bootstrap_options(), "--peer", f"{send.id}@{address}", is_text=True)


def everybody_stays(scene):
    send = scene.peer("send", "--quit-on-eof")
    receivers = [receiver_of(scene, send, name, scene.topic) for name in ["left", "right"]]
    send.wait_count("neighbor_up", 2)
    send.popen.stdin.write("".join(f"line {i}\n" for i in range(LINES)))
    send.end_input()
    harness.check(send.wait_exit(within=120) == 0, f"send: exit {send.popen.returncode}")
    harness.check(not send.of_kind("lost"), "send: lines were lost")
    harness.check(not send.of_kind("message"), "send: it heard lines of its own")
    for receiver in receivers:
        receiver.wait_count("line", LINES, 60)
        receiver.kill(signal.SIGTERM)
        receiver.wait_exit()
        heard = collections.Counter(event["text"] for event in receiver.events)
        missed = [i for i in range(LINES) if f"line {i}" not in heard]
        harness.check(not missed, f"{receiver.name}: {len(missed)} lines missed, {missed[:3]} ...")
        twice = [text for text, n in heard.items() if n > 1]
        harness.check(not twice, f"{receiver.name}: {len(twice)} lines twice, {twice[:3]} ...")


def write_all(stream, text):
    """What is read no more is not written."""
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        pass


def one_leaves(scene, number, topic):
    send = scene.peer(f"told {number}", topic=topic)
    leaver = receiver_of(scene, send, f"leaver {number}", topic)
    send.wait("neighbor_up")
    writer = threading.Thread(target=write_all, args=(send.popen.stdin, "".join(
        f"line {i}\n" for i in range(10 * LINES))), daemon=True)
    writer.start()
    leaver.wait_count("line", LINES // 6, 60)
    leaver.kill(signal.SIGTERM)
    harness.check(leaver.wait_exit() == 0, f"{leaver.name}: exit {leaver.popen.returncode}")
    send.wait("neighbor_down", 60)
    send.kill(signal.SIGTERM)
    harness.check(send.wait_exit() == 69, f"{send.name}: exit {send.popen.returncode}")
    held = send.wait_said(r"line \d+ and what came after it were not sent")
    lost = sum(event["messages"] for event in send.of_kind("lost"))
    taken = int(re.search(r"line (\d+)", held).group(1)) - 1 - lost
    shown = len(leaver.of_kind("line"))
    harness.check(taken <= shown, f"{leaver.name}: showed {shown} lines of {taken} that it took")


def test(scene):
    scene.bootstrap = ["127.0.0.1:9"]  # they are told of each other
    everybody_stays(scene)
    for number in range(3):
        one_leaves(scene, number, f"{scene.topic} {number}")


harness.run(test)
