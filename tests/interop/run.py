#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Runs the interop cases: a line each, exit code 1 when one fails.

usage: run.py [--list] [--fixtures] [--soak[=SECONDS]] [WORD...]

Only cases whose level or name contains one of the WORDs run. --fixtures writes tests/vectors/rust
anew instead, --soak runs the soak instead (two hours). The last line counts the cases.
Everything happens in a network namespace of its own with nothing but loopback, where the names of
the public bootstrap nodes lead to 127.0.0.1; some cases have networks of their own in it.
Environment: DTT_COMMAND, DTT_RUST_PEER.
"""
import collections
import concurrent.futures
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time
import traceback

import attack_level
import chat_level
import dht_level
import gossip_level
import home_level
import lan_level
import lookups_level
import move_level
import npm_dht_level
import quick_start_level
import quic_level
import record_level
import relay_level
import relayed_level
import soak
import tracker_level
import ways_level
import world

INSIDE = "DTT_INTEROP_NAMESPACE"
LOG = "build/log/interop.log"
LOG_LOCK = threading.Lock()
FIXTURES = "tests/vectors/rust"
LEVELS = [record_level, dht_level, npm_dht_level, quic_level, gossip_level, chat_level, tracker_level,
          lan_level, move_level, home_level, relay_level, relayed_level, ways_level, lookups_level,
          quick_start_level, attack_level]


def enter_namespace():
    """Starts this program again where there is loopback only; does not return."""
    hosts = tempfile.NamedTemporaryFile("w", prefix="dtt-interop-hosts-", delete=False)
    with hosts:
        hosts.write(world.hosts_file("127.0.0.1"))
    # `ip netns` keeps the names of namespaces in /run.
    script = ('ip link set lo up && mount --bind "$1" /etc/hosts && shift && '
              'mount -t tmpfs none /run && mkdir /run/netns && exec "$@"')
    flags = "-nm" if os.geteuid() == 0 else "-rnm"
    try:
        code = subprocess.call(
            ["unshare", flags, "sh", "-c", script, "sh", hosts.name, sys.executable, *sys.argv],
            env={**os.environ, INSIDE: "1"})
    finally:
        os.unlink(hosts.name)
    sys.exit(code)


def run_case(number, case):
    """Its outcome: "ok", "failed" or "skipped". The peers are others' and their timing is theirs, so
    a case that failed is tried once more; both tries are told.
    """
    outcome = try_case(f"{case.level} {number}", case)
    if outcome == "failed":
        print(f"interop: {case.level}: {case.name}: once more", flush=True)
        outcome = try_case(f"{case.level} {number} again", case)
    return outcome


def try_case(name, case):
    scene = world.World(name)
    start = time.monotonic()
    try:
        try:
            case.function(scene)
        finally:
            scene.close()
        scene.check_clean()
        said, outcome = f"ok ({case.what}; {time.monotonic() - start:.1f} s)", "ok"
    except world.Skip as reason:
        said, outcome = f"skipped: {reason}", "skipped"
    except Exception as error:  # whatever it is, what the processes said helps to find it
        with LOG_LOCK, open(LOG, "a") as log:
            print(f"=== {case.level}: {case.name}", file=log)
            for process in scene.processes:
                print(process.transcript(), file=log)
            traceback.print_exc(file=log)
        took = time.monotonic() - start
        said, outcome = f"FAILED after {took:.1f} s: {error or type(error).__name__}", "failed"
    print(f"interop: {case.level}: {case.name}: {said}", flush=True)
    return outcome


def run_all(cases):
    """How often each outcome. Cases that only wait run beside the others."""
    with concurrent.futures.ThreadPoolExecutor() as pool:
        waiting = [pool.submit(run_case, number, case)
                   for number, case in enumerate(cases) if case.is_waiting]
        outcomes = [run_case(number, case)
                    for number, case in enumerate(cases) if not case.is_waiting]
        outcomes += [each.result() for each in waiting]
    return collections.Counter(outcomes)


def chosen(options, words):
    if "--fixtures" in options:
        return [world.Case("fixtures", "records", record_level.write_fixtures, FIXTURES),
                world.Case("fixtures", "gossip", gossip_level.write_fixtures, FIXTURES)]
    for option in options:
        if option.startswith("--soak"):
            seconds = float(option.partition("=")[2] or 7200)
            return [world.Case("gossip", "soak", lambda scene: soak.soak(scene, seconds),
                               "mixed chatter in three topics with churn")]
    cases = [world.Case(*case) for level in LEVELS for case in level.CASES]
    return [case for case in cases
            if not words or any(word in f"{case.level} {case.name}".lower() for word in words)]


def main():
    options = [word for word in sys.argv[1:] if word.startswith("-")]
    words = [word.lower() for word in sys.argv[1:] if not word.startswith("-")]
    cases = chosen(options, words)
    if "--list" in options:
        for case in cases:
            print(f"{case.level}: {case.name}: {case.what}")
        return 0
    pathlib.Path(LOG).parent.mkdir(parents=True, exist_ok=True)
    pathlib.Path(LOG).write_text("")
    count = run_all(cases)
    if count["failed"]:
        print(f"interop: what the peers of failed cases said is in {LOG}")
    skipped = f", {count['skipped']} skipped" if count["skipped"] else ""
    print(f"{count['ok']} passed, {count['failed']} failed{skipped}")
    return 1 if count["failed"] or not cases else 0


if INSIDE not in os.environ and "--list" not in sys.argv:
    enter_namespace()
sys.dont_write_bytecode = True
sys.exit(main())
