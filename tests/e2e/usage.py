#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Wrong usage is one sentence on standard error that names the argument, and the right exit code."""
import os
import pathlib
import shutil
import socket
import subprocess

import harness

USAGE, NO_INPUT_OUTPUT = 2, 74


def wrong_uses(scene, taken_port):
    """(exit code, what the sentence must name, arguments)"""
    secret = ["--secret-file", scene.secret]
    # Nobody is asked for anything, should one of these be accepted after all.
    pipe = ["pipe", "topic", *secret, "--bootstrap", "127.0.0.1:9", "--for", "3",
            "--listen", "127.0.0.1:0"]
    short = scene.file("short", b"x" * 31)
    long = scene.file("long", b"x" * 33)
    open_to_all = scene.file("open", b"x" * 32, 0o644)
    empty = scene.file("empty", "")
    folder = str(scene.path)
    peer = "a" * 52 + "@127.0.0.1:1"
    yield USAGE, "command", []
    yield USAGE, "nonsense", ["nonsense"]
    yield USAGE, "--nonsense", ["--nonsense"]
    yield USAGE, "dht", ["dht"]
    yield USAGE, "nonsense", ["dht", "nonsense"]
    yield USAGE, "nonsense", ["record", "nonsense"]
    for command in ["pipe", "chat", "lookup"]:
        yield USAGE, "TOPIC", [command, *secret]
        yield USAGE, "second", [command, "first", "second", *secret]
        yield USAGE, "--nonsense", [command, "topic", *secret, "--nonsense"]
        yield USAGE, "--secret-file", [command, "topic"]
        yield USAGE, "/no/such/file", [command, "topic", "--secret-file", "/no/such/file"]
    yield USAGE, "-x", ["pipe", "topic", *secret, "-x"]
    yield USAGE, "TOPIC", ["pipe", "", *secret, "--for", "1"]
    yield USAGE, empty, ["pipe", "topic", "--secret-file", empty]
    yield USAGE, folder, ["pipe", "topic", "--secret-file", folder]
    yield USAGE, "--secret", ["pipe", "topic", "--secret", ""]
    yield USAGE, "--secret", ["pipe", "topic", *secret, "--secret", "x"]
    for bad in ["", ":1", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "::1:5",
                "127.0.0.1:x", "host:12:13"]:
        yield USAGE, "--bootstrap", [*pipe, "--bootstrap", bad]
    for bad in ["", "localhost:1", "127.0.0.1", "127.0.0.1:65536", "1.2.3:4", "[::1]", "::1:4"]:
        yield USAGE, "--listen", ["pipe", "topic", *secret, "--for", "1", "--listen", bad]
    yield USAGE, "--listen", [*pipe, "--listen", "127.0.0.2:0"]
    for bad in ["", "x", "@127.0.0.1:1", peer.replace("a", "1", 1), peer.replace(":1", ":0"),
                peer.replace(":1", ""), peer.replace("127.0.0.1", "0.0.0.0")]:
        yield USAGE, "--peer", [*pipe, "--peer", bad]
    for option in ["--for", "--join-timeout"]:
        for bad in ["", "x", "-1", "1x", "1e9999", "nan", "inf"]:
            yield USAGE, option, [*pipe, option, bad]
    for option in ["--preset", "--log", "--lan"]:
        for bad in ["", "nonsense"]:
            yield USAGE, option, [*pipe, option, bad]
    for option in ["--secret-file", "--bootstrap", "--listen", "--for", "--identity", "--peer"]:
        yield USAGE, option, ["pipe", "topic", option]
    yield USAGE, "--closed", ["record", "open", "--topic-hash", "0" * 64, "--closed", *secret]
    yield USAGE, "--json", [*pipe, "--json=yes"]
    yield USAGE, "--no-lan", [*pipe, "--no-lan", "--lan", "iroh"]
    yield USAGE, "--no-portmap", [*pipe, "--no-portmap=no"]
    yield USAGE, "'--identity default'", ["id"]
    yield USAGE, "'--identity FILE'", ["record", "seal", "--topic", "t", *secret, "--hex"]
    yield USAGE, "", ["id", "--identity", short]
    for file in [short, long, open_to_all, folder]:
        yield USAGE, file, ["id", "--identity", file]
        yield USAGE, file, [*pipe, "--identity", file]
    yield NO_INPUT_OUTPUT, "/no/such", ["id", "--identity", "/no/such/folder/id"]
    yield NO_INPUT_OUTPUT, f"127.0.0.1:{taken_port}", [
        "pipe", "topic", *secret, "--for", "3", "--listen", f"127.0.0.1:{taken_port}"]
    yield NO_INPUT_OUTPUT, "192.0.2.1", [
        "pipe", "topic", *secret, "--for", "3", "--listen", "192.0.2.1:0"]
    for bad in ["0", "-1", "x", "100000"]:
        yield USAGE, "--nodes", ["testnet", "--nodes", bad]
        yield USAGE, "--peers", ["demo", "--peers", bad]
    yield USAGE, "zz", ["dht", "get", "zz", "--bootstrap", "127.0.0.1:9"]
    yield USAGE, "zz", ["dht", "peers", "zz"]
    yield USAGE, "PORT", ["dht", "announce", "00" * 20]
    yield USAGE, "0", ["dht", "announce", "00" * 20, "0"]
    yield USAGE, "65536", ["dht", "announce", "00" * 20, "65536"]
    yield USAGE, "third", ["dht", "announce", "00" * 20, "1", "third"]
    yield USAGE, "--minute", ["record", "open", "--topic", "t", *secret, "--minute", "x"]
    yield USAGE, "--topic-hash", ["record", "open", "--topic-hash", "12", *secret]


def check_wrong_use(scene, code, named, arguments):
    what = "dtt " + " ".join(f"'{word}'" for word in arguments)
    done = scene.run(*arguments)
    harness.check(done.returncode == code,
                  f"{what}: exit {done.returncode}, not {code}: {done.stderr}")
    harness.check(not done.stdout, f"{what}: standard output: {done.stdout}")
    lines = done.stderr.splitlines()
    harness.check(len(lines) == 1 and lines[0].startswith("dtt: "),
                  f"{what}: not one sentence: {done.stderr}")
    harness.check(named in lines[0], f"{what}: '{named}' is not in: {done.stderr}")


def right_uses(scene):
    """(what standard output must hold, arguments)"""
    new = str(scene.path / "new")
    yield "usage", ["--help"]
    yield "usage", ["help"]
    yield "0.", ["--version"]
    for command in ["chat", "pipe", "lookup", "id", "testnet", "demo", "doctor", "dht get", "record open"]:
        yield "usage: dtt " + command, [*command.split(), "--help"]
    yield "", ["id", "--identity", new]


def helps(scene):
    """No help is wider than a terminal, and none names a default that its command does not have."""
    names = [line.split("  ")[1] for line in scene.run("--help").stdout.splitlines()
             if line.startswith("  ")]
    harness.check("topic" in names and "dht get" in names, f"{names}")
    for name in names:
        text = scene.run(*name.split(), "--help").stdout
        wide = [line for line in text.splitlines() if len(line) > 80]
        harness.check(not wide, f"{name}: {wide}")
        harness.check(name not in ("id", "record seal") or "each time)" not in text, f"{name}: {text}")
        said = "--closed" in text
        harness.check(said == (name in ("chat", "pipe", "lookup", "topic", "record open",
                                        "record seal")), f"{name}: {text}")
    for name in ("chat", "pipe"):
        text = " ".join(scene.run(name, "--help").stdout.split())
        harness.check("anybody can hear and speak without" in text and "not with '--closed'" in text,
                      f"{name} does not say what the secret protects: {text}")


def completion(scene):
    """What bash offers after the words typed so far."""
    if not shutil.which("bash"):
        print("no bash here: completion is left out")
        return
    script = pathlib.Path(__file__).resolve().parents[2] / "contrib/completion/dtt.bash"
    for words, wanted in ((["to"], "topic"), (["pipe", "t", "--cl"], "--closed"),
                          (["pipe", "--log", "=", "de"], "debug"),
                          (["pipe", "--tune", "get_t"], "get_timeout=")):
        quoted = " ".join(f"'{word}'" for word in ["dtt", *words])
        done = subprocess.run(
            ["bash", "-c", f". '{script}'; compopt() {{ :; }}; COMP_WORDS=({quoted}); "
             f"COMP_CWORD={len(words)}; _dtt dtt '{words[-1]}' '{words[-2:][0]}'; "
             "printf '%s\\n' \"${COMPREPLY[@]}\""], text=True, capture_output=True, check=False,
            env={**scene.environment, "PATH": f"{os.path.dirname(os.path.abspath(harness.DTT))}:"
                 + os.environ["PATH"]})
        harness.check(wanted in done.stdout.split(), f"{words}: {done}")


def test(scene):
    helps(scene)
    completion(scene)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        for use in wrong_uses(scene, taken.getsockname()[1]):
            check_wrong_use(scene, *use)
    for shown, arguments in right_uses(scene):
        done = scene.run(*arguments)
        harness.check(done.returncode == 0 and not done.stderr and shown in done.stdout,
                      f"dtt {arguments}: {done}")
    identity = scene.path / "new"
    harness.check(identity.stat().st_mode & 0o777 == 0o600, "a new identity has not mode 0600")
    first, second = (scene.run("id", "--identity", identity).stdout.strip() for _ in range(2))
    harness.check(first == second and len(first) == 64, f"ids {first} and {second}")
    # The environment gives the secret as well as a file does.
    done = scene.run("lookup", "topic", "--bootstrap", "127.0.0.1:9", "--join-timeout", "1",
                     environment={"DTT_SECRET": "x"})
    harness.check(done.returncode == 69, f"lookup with DTT_SECRET: {done}")
    harness.check(os.path.basename(scene.secret) == "secret", "the secret file is gone")


harness.run(test)
