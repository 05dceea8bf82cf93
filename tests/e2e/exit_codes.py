#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The table of exit codes of the man page: each is provoked, each case says why on one line or more."""
import os
import resource
import signal
import socket
import subprocess

import harness
import netlab

HASH = "0" * 40


def table(scene, taken):
    """What is run, its input, the code, and a word of the sentence."""
    net = scene.bootstrap_options()
    secret = ["--secret-file", scene.secret]
    silence = ["--bootstrap", taken, "--join-timeout", "0"]
    nobody = ["--bootstrap", taken, "--join-timeout", "1"]
    key = str(scene.path / "key")
    seal = ["record", "seal", "--topic", "t", *secret, "--identity", key, "--minute", "1"]
    open_ = ["record", "open", "--topic", "t", *secret, "--minute", "1"]
    public = scene.file("public identity", b"x" * 32, 0o644)
    return [
        (["--help"], "", 0, ""),
        (["id", "--identity", key], "", 0, ""),
        ([*seal, "--hex"], "", 0, ""),
        (["pipe", "t", *secret, *net, "--quit-on-eof"], "", 0, ""),
        (["lookup", "nobody's", *secret, *net], "", 0, "nobody is there"),
        (["dht", "get", HASH, *net], "", 0, "0 values"),
        (["dht", "peers", HASH, *net], "", 0, "0 peers"),
        (["doctor", *net], "", 0, ""),
        (["dht", "put", "new", "--key", key, "--seq", "9", *net], "", 0, "said yes"),
        (["dht", "put", "old", "--key", key, "--seq", "8", *net], "", 65, "newer"),
        (["dht", "put", "cas", "--key", key, "--seq", "10", "--cas", "3", *net], "", 65, "--cas"),
        (["dht", "put", "x" * 997, *net], "", 65, "larger"),
        (open_, "no record", 65, ""),
        (["pipe", "t", *secret, *net, "--for", "0.5"], "x" * 4058, 65, "4058 bytes"),
        ([], "", 2, "command is missing"),
        (["nonsense"], "", 2, "unknown command"),
        (["pipe", "t", "--nonsense"], "", 2, "unknown option"),
        (["pipe"], "", 2, "needs a TOPIC"),
        (["pipe", "t", *net], "", 2, "no secret"),
        (["pipe", "t", "--secret-file", "/nonexistent/secret"], "", 2, "secret file"),
        (["pipe", "t", *secret, "--identity", public], "", 2, "mode 0644"),
        (["pipe", "t", *secret, "--for", "1s"], "", 2, "without a unit"),
        (["pipe", "t", *secret, "--for", "99999999999999"], "", 2, "100 years"),
        (["pipe", "t", *secret, "--bootstrap", "192.0.2.1:0"], "", 2, "port from 1"),
        (["pipe", "t", *secret, "--peer", "abc@192.0.2.1:5"], "", 2, "64 hex digits"),
        (["pipe", "t", *secret, "--tune", "record_cap=1", "--tune", "record_cap=2"], "", 2,
         "given before"),
        (["pipe", "t", "--secret-file", "-"], "", 2, "/dev/stdin"),
        (["dht", "put", "", *net], "", 0, "said yes"),
        (["dht", "put", "-", *net], "", 0, "said yes"),
        (["pipe", "t", *secret, *nobody, "--quit-on-eof"], "hi", 69, "not sent"),
        (["lookup", "t", *secret, *nobody], "", 69, "gave up"),
        (["dht", "get", HASH, *nobody], "", 69, "gave up"),
        (["dht", "find", HASH, *nobody], "", 69, "gave up"),
        (["dht", "put", "x", *nobody], "", 69, "gave up"),
        (["dht", "announce", HASH, "1", *nobody], "", 69, "gave up"),
        (["doctor", *nobody], "", 69, "gave up"),
        (["doctor", *net, "--for", "0.05"], "", 69, ""),
        (["dht", "ping", taken], "", 69, "no answer"),
        (["dht", "ping", taken, "--for", "0.1"], "", 69, "no answer yet, and the time of '--for'"),
        (["lookup", "t", *secret, *silence, "--for", "0.5"], "", 69, "no answer yet"),
        (["dht", "get", HASH, *silence, "--for", "0.5"], "", 69, "no answer yet"),
        (["dht", "put", "x", *silence, "--for", "0.5"], "", 69, "no answer yet"),
        (["pipe", "t", *secret, "--listen", taken], "", 74, "in use"),
        (["pipe", "t", *secret, "--state", "/nonexistent/state"], "", 74, "/nonexistent/state"),
        (["id", "--identity", "/nonexistent/key"], "", 74, "identity file"),
    ]


def output_that_fails():
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([harness.DTT, "--help"], stdout=full, stderr=subprocess.PIPE,
                              text=True, check=False)
    harness.check(done.returncode == 74 and "standard output" in done.stderr, f"full: {done}")


def no_loopback():
    """74: testnet and demo need it, and would wait for ever."""
    apart = ["unshare", "-n" if os.geteuid() == 0 else "-rn"]
    if subprocess.run([*apart, "true"], capture_output=True, check=False).returncode != 0:
        print("no network namespaces here: the missing loopback is left out")
        return
    for command in ("testnet", "demo"):
        done = subprocess.run([*apart, harness.DTT, command], capture_output=True, text=True,
                              timeout=20 * harness.SLOW, check=False)
        harness.check(done.returncode == 74 and "loopback interface is down" in done.stderr,
                      f"{command}: {done}")


def ends_early(scene):
    """1: a demonstration that does not reach its end."""
    demo = scene.start("demo", "demo", is_text=True)
    demo.wait("line")
    demo.kill(signal.SIGTERM)
    harness.check(demo.wait_exit() == 1, f"demo: exit {demo.popen.returncode}")


def broken_off(scene, taken):
    """Who asked and was stopped before there was an answer has none: "&& echo stored" is wrong."""
    for command in [["dht", "put", "x"], ["lookup", "t", "--secret-file", scene.secret], ["doctor"]]:
        for number in [signal.SIGINT, signal.SIGTERM]:
            asks = scene.start(command[0], *command, "--bootstrap", taken, "--join-timeout", "0",
                               is_text=True)
            asks.wait_said("so far")
            asks.kill(number)
            harness.check(asks.wait_exit() == 69, f"{command}: exit {asks.popen.returncode}")
            asks.wait_said("yet, and a signal came")


def out_of_memory(scene):
    """70: some limit is enough to start and too small to open a node."""
    if harness.SLOW > 1:
        return  # sanitizers need address space of their own
    codes = {}
    for size in range(4 << 20, 40 << 20, 64 << 10):  # the window is less than 1 MiB wide
        done = subprocess.run(
            [harness.DTT, "dht", "get", HASH, "--bootstrap", "127.0.0.1:1", "--join-timeout", "1"],
            preexec_fn=lambda size=size: resource.setrlimit(resource.RLIMIT_AS, (size, size)),
            capture_output=True, text=True, check=False)
        codes[done.returncode] = done.stderr
        if done.returncode == 70:
            harness.check("memory" in done.stderr, str(done))
            return
        if done.returncode == 69:
            break
    raise harness.Failure(f"no limit of memory gives 70: {codes}")


def test(scene):
    scene.testnet()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        taken = "127.0.0.1:%d" % silent.getsockname()[1]
        for arguments, stdin, code, words in table(scene, taken):
            done = scene.run(*arguments, stdin=stdin)
            harness.check(done.returncode == code, f"{arguments}: exit {done.returncode}, not "
                          f"{code}: {done.stderr}")
            harness.check(words in done.stderr, f"{arguments}: no '{words}' in {done.stderr!r}")
            harness.check(code == 0 or done.stderr or done.stdout, f"{arguments}: says nothing")
        broken_off(scene, taken)
    output_that_fails()
    no_loopback()
    ends_early(scene)
    out_of_memory(scene)
    page = os.path.join(os.path.dirname(__file__), "../../docs/man/dtt.1.scd")
    with open(page, encoding="utf-8") as text:
        status = text.read().split("# EXIT STATUS")[1].split("# ENVIRONMENT")[0]
    for code in [0, 1, 2, 65, 69, 70, 74]:
        harness.check(f"*{code}*\n" in status, f"the man page has no exit code {code}")


netlab.run_apart(test)  # some nodes listen on all interfaces
