#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""'ulimit -n' too low, each limit from 3 on: a sentence that says so, never an abort."""
import resource
import subprocess

import harness

LIMITS = range(3, 41)
SENTENCE = "too few file descriptors are left; raise 'ulimit -n'\n"


def enough(scene, words):
    """The first limit under which the command runs, and how it ends then."""
    for limit in LIMITS:
        done = subprocess.run([harness.DTT, *words], stdin=subprocess.DEVNULL, text=True, timeout=60,
                              capture_output=True, env=scene.environment,
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE,
                                                                    (limit, limit)))
        # The dynamic loader needs one for itself.
        if done.returncode == 127 and limit == 3:
            continue
        if done.returncode != 74:
            return limit, done
        harness.check(done.stderr.endswith(SENTENCE), f"{words}, {limit}: {done.stderr}")
    return None, done


def test(scene):
    if harness.SLOW > 1:
        raise harness.Skip("a sanitizer wants descriptors of its own")
    start = ["--secret-file", scene.secret, "--listen", "127.0.0.1:0", "--bootstrap", "127.0.0.1:1"]
    limit, done = enough(scene, ["pipe", "x", *start, "--for", "0.1"])
    harness.check(limit and limit < 30 and done.returncode == 0, f"pipe, {limit}: {done}")
    limit, done = enough(scene, ["dht", "ping", "127.0.0.1:1"])
    harness.check(limit and limit < 30 and done.returncode == 69, f"ping, {limit}: {done}")
    limit, done = enough(scene, ["demo"])  # wants many nodes
    harness.check(limit is None, f"demo, {limit}: {done}")


harness.run(test)
