#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""A member that dies leaves no core file, which would hold its identity and the topic's secret."""
import hashlib
import os
import resource
import signal
import subprocess
import sys

import harness

WRAPPER = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
os.chdir(sys.argv[1])
os.execv(sys.argv[2], sys.argv[2:])
"""


def die(scene, folder, **environment):
    """Whether the system made a core file of a member that a signal ended, and what is in it."""
    folder.mkdir()
    scene.environment = {**scene.environment, **environment}
    member = scene.start(
        "member", "-c", WRAPPER, folder, os.path.abspath(harness.DTT), "pipe", scene.topic, "--json",
        "--listen", "127.0.0.1:0", "--secret-file", scene.secret, "--identity",
        scene.path / "identity", "--bootstrap", "127.0.0.1:9", command=sys.executable)
    member.wait("listening")
    with open(f"/proc/{member.popen.pid}/maps", "rb") as maps:
        harness.check(b"dtt" in maps.read(), "root can look at it all the same")
    member.kill(signal.SIGSEGV)
    _, status = os.waitpid(member.popen.pid, 0)
    member.popen.returncode = 0  # it ended as it should, for the harness
    harness.check(os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGSEGV, f"ended by {status}")
    return os.WCOREDUMP(status), b"".join(path.read_bytes() for path in folder.iterdir())


def test(scene):
    if resource.getrlimit(resource.RLIMIT_CORE)[1] != resource.RLIM_INFINITY:
        raise harness.Skip("core files are not allowed here")
    secret = hashlib.sha512(scene.secret_text.encode()).digest()[:32]
    is_dumped, core = die(scene, scene.path / "allowed", DTT_CORE_DUMPS="1")
    seed = (scene.path / "identity").read_bytes()
    if not is_dumped:
        raise harness.Skip("the system makes no core files")
    if core:  # unless it goes to a program
        harness.check(seed in core and secret in core, "a core file no longer has what it had")
        print(f"a core file has the seed {core.count(seed)} times, the secret {core.count(secret)}")
    is_dumped, core = die(scene, scene.path / "usual", DTT_CORE_DUMPS="")
    harness.check(not is_dumped and not core, "a core file was made")


def reads_its_own_streams(scene):
    """A process that others may not look at still opens /dev/stdin, also without root."""
    words = ["sh", "-c", 'echo a secret | "$0" "$@"', harness.DTT, "pipe", scene.topic, "--listen",
             "127.0.0.1:0", "--bootstrap", "127.0.0.1:9", "--secret-file", "/dev/stdin", "--for",
             "0.1"]
    if os.geteuid() == 0:
        words = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", *words]
    usual = {**scene.environment, "DTT_CORE_DUMPS": ""}
    done = subprocess.run(words, stdin=subprocess.DEVNULL, text=True, capture_output=True, timeout=60,
                          env=usual)
    harness.check(done.returncode == 0, f"exit {done.returncode}: {done.stderr}")


def both(scene):
    reads_its_own_streams(scene)
    if harness.SLOW > 1:
        raise harness.Skip("a sanitizer takes the signals of a crash itself")
    test(scene)


harness.run(both)
