#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""60,000 lines at once to two receivers: each hears all of them once, the sender none of its own."""
import collections
import signal

import harness

LINES = 60_000


def test(scene):
    scene.bootstrap = ["127.0.0.1:9"]  # they are told of each other
    send = scene.peer("send", "--quit-on-eof")
    address = send.wait("listening")["addrs"][0]
    receivers = [scene.start(name, "pipe", scene.topic, "--listen", "127.0.0.1:0", "--secret-file",
                             scene.secret, *scene.bootstrap_options(), "--peer",
                             f"{send.id}@{address}", is_text=True)
                 for name in ["left", "right"]]
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


harness.run(test)
