#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Allocations that fail at random in a whole member, libraries included, while it joins and talks.

It ends in order or says "out of memory". Libraries beneath ours have places where they end the process
(SECURITY.md), which few of the members meet; when GnuTLS read the identity as DER,
10 of 60 did.
"""
import collections
import os
import re
import subprocess

import harness

SEEDS = range(60)
ONE_IN = [20, 60, 200, 1000, 5000]
IN_ORDER = [0, 69, 70, 74]
BROKEN = [-6, -11]
BROKEN_MAX = 4
# An assertion of our own.
OURS = re.compile(r"\./(src|cli)/\S+: \S+: Assertion")


def test(scene):
    shim = os.environ.get("DTT_SHORT_MEMORY")
    if not shim:
        raise harness.Skip("a sanitizer has an allocator of its own")
    scene.bootstrap = ["127.0.0.1:9"]
    other = scene.peer("other")
    place = "{}@{}:{}".format(other.id, *other.addr)
    ends = collections.Counter()
    for seed in SEEDS:
        environment = {**scene.environment, "LD_PRELOAD": shim, "DTT_FAIL_SEED": str(seed),
                       "DTT_FAIL_ONE_IN": str(ONE_IN[seed % len(ONE_IN)])}
        done = subprocess.run(
            [harness.DTT, "pipe", scene.topic, "--listen", "127.0.0.1:0", "--secret-file",
             scene.secret, *scene.bootstrap_options(), "--peer", place, "--for", "0.3"],
            input="a line\n", text=True, errors="replace", capture_output=True, env=environment,
            timeout=60)
        said = f"seed {seed}: exit {done.returncode}\n{done.stderr}"
        ends[done.returncode] += 1
        harness.check(done.returncode in [*IN_ORDER, *BROKEN], said)
        harness.check(not OURS.search(done.stderr), said)
    print(dict(ends))
    harness.check(sum(ends[code] for code in BROKEN) <= BROKEN_MAX, "more than those explain")
    harness.check(ends[0] > 0 and ends[70] > 0, "the shim does nothing")


harness.run(test)
