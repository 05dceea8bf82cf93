#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Runs the interop cases: a line each, exit code 1 when one fails.

usage: run.py [--long] [--list] [--fixtures] [WORD...]

Only cases whose level or name contains one of the WORDs run. --long adds those that take minutes.
--fixtures writes tests/vectors/rust anew instead.
Everything happens in a network namespace of its own with nothing but loopback, where the names of
the public bootstrap nodes lead to 127.0.0.1. Environment: DTT_COMMAND, DTT_RUST_PEER.
"""
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import traceback

import dht_level
import gossip_level
import record_level
import tracker_level
import world

INSIDE = "DTT_INTEROP_NAMESPACE"
BOOTSTRAP_NAMES = ("router.bittorrent.com dht.transmissionbt.com dht.libtorrent.org "
                   "relay.pkarr.org router.utorrent.com")
LOG = "build/log/interop.log"
LEVELS = [record_level, dht_level, gossip_level, tracker_level]


def enter_namespace():
    """Starts this program again where there is loopback only; does not return."""
    hosts = tempfile.NamedTemporaryFile("w", prefix="dtt-interop-hosts-", delete=False)
    with hosts:
        hosts.write(f"127.0.0.1 localhost {BOOTSTRAP_NAMES}\n")
    script = 'ip link set lo up && mount --bind "$1" /etc/hosts && shift && exec "$@"'
    flags = "-nm" if os.geteuid() == 0 else "-rnm"
    try:
        code = subprocess.call(
            ["unshare", flags, "sh", "-c", script, "sh", hosts.name, sys.executable, *sys.argv],
            env={**os.environ, INSIDE: "1"})
    finally:
        os.unlink(hosts.name)
    sys.exit(code)


def run_case(number, level, name, function):
    """The sentence that tells what went wrong; empty when nothing did, None when skipped."""
    scene = world.World(f"{level} {number}")
    try:
        try:
            function(scene)
        finally:
            scene.close()
        scene.check_clean()
        return ""
    except world.Skip as reason:
        return reason
    except Exception as error:  # whatever it is, what the processes said helps to find it
        with open(LOG, "a") as log:
            print(f"=== {level}: {name}", file=log)
            for process in scene.processes:
                print(process.transcript(), file=log)
            traceback.print_exc(file=log)
        return str(error) or type(error).__name__


def main():
    options = [word for word in sys.argv[1:] if word.startswith("-")]
    words = [word.lower() for word in sys.argv[1:] if not word.startswith("-")]
    cases = [case for level in LEVELS for case in level.CASES]
    if "--long" in options:
        cases += [case for level in LEVELS for case in getattr(level, "LONG_CASES", [])]
    cases = [case for case in cases
             if not words or any(word in f"{case[0]} {case[1]}".lower() for word in words)]
    if "--fixtures" in options:
        cases = [("fixtures", "records", record_level.write_fixtures, "tests/vectors/rust"),
                 ("fixtures", "gossip", gossip_level.write_fixtures, "tests/vectors/rust")]
    if "--list" in options:
        for level, name, _, what in cases:
            print(f"{level}: {name}: {what}")
        return 0
    failed = skipped = 0
    pathlib.Path(LOG).parent.mkdir(parents=True, exist_ok=True)
    pathlib.Path(LOG).write_text("")
    for number, (level, name, function, what) in enumerate(cases):
        start = time.monotonic()
        outcome = run_case(number, level, name, function)
        took = f"{time.monotonic() - start:.1f} s"
        if isinstance(outcome, world.Skip):
            skipped += 1
            print(f"interop: {level}: {name}: skipped: {outcome}", flush=True)
        elif outcome:
            failed += 1
            print(f"interop: {level}: {name}: FAILED after {took}: {outcome}", flush=True)
        else:
            print(f"interop: {level}: {name}: ok ({what}; {took})", flush=True)
    if failed:
        print(f"interop: what the peers of failed cases said is in {LOG}")
    print(f"interop: {len(cases) - failed - skipped} ok, {failed} failed, {skipped} skipped")
    return 1 if failed or not cases else 0


if INSIDE not in os.environ and "--list" not in sys.argv:
    enter_namespace()
sys.dont_write_bytecode = True
sys.exit(main())
