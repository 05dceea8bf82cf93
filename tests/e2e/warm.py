#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""What the DHT node knows is kept without being asked for: the next start needs no bootstrap host.

The names of the public bootstrap hosts lead to a private DHT first, and to nobody afterwards.
"""
import fcntl
import json
import os
import pathlib
import subprocess

import netlab
from harness import SLOW, check, everybody_talks, run

NAMES = ("router.bittorrent.com dht.transmissionbt.com dht.libtorrent.org relay.pkarr.org "
         "router.utorrent.com")
LIVE, DEAD = "127.0.0.1", "127.0.0.66"
SOON = 5  # seconds


def name_hosts(scene, addr):
    """Where the names lead from now on; the file is written in place, since it is mounted."""
    with open(scene.path / "hosts", "w", encoding="ascii") as hosts:
        hosts.write(f"127.0.0.1 localhost\n{addr} {NAMES}\n")


def member(scene, name, *options):
    return scene.start(name, "pipe", scene.topic, "--json", "--listen", "127.0.0.1:0",
                       "--secret-file", scene.secret, *options)


def lookup(scene, *options, **environment):
    return scene.run("lookup", scene.topic, "--secret-file", scene.secret, "--listen", "127.0.0.1:0",
                     "--join-timeout", "3", *options, environment=environment)


def files(scene):
    return sorted(path.name for path in (scene.path / "state/dtt").glob("*"))


def nothing_kept(scene):
    """With '--no-state', of a private DHT, in a home that cannot be written to, and without one."""
    for options in (["--no-state"], ["--bootstrap", f"{LIVE}:6881"]):
        done = lookup(scene, *options)
        check(done.returncode == 0 and not (scene.path / "state").exists(), f"{options}: {done}")
    for home in ("/proc", "/dev/null", "relative"):
        done = lookup(scene, XDG_STATE_HOME="", HOME=home)
        check(done.returncode == 0 and len(done.stderr.splitlines()) == 1, f"HOME={home}: {done}")
    done = lookup(scene, "--no-state", "--state", "file")
    check(done.returncode == 2 and "'--no-state'" in done.stderr, f"{done}")


def in_home(scene):
    """Without XDG_STATE_HOME."""
    (scene.path / "home").mkdir()
    done = lookup(scene, XDG_STATE_HOME="", HOME=str(scene.path / "home"))
    check(done.returncode == 0, f"{done}")
    check((scene.path / "home/.local/state/dtt/dht-1").is_file(), "nothing in ~/.local/state/dtt")


def two_at_once(scene, names):
    """They talk, each with a file of its own; how long each took to join, in ms."""
    peers = [member(scene, name) for name in names]
    took = [peer.wait("joined", 60)["elapsed_ms"] for peer in peers]
    everybody_talks(peers, "hello")
    for peer in peers:
        peer.leave()
    check(files(scene) == ["dht-1", "dht-1.lock", "dht-2", "dht-2.lock"], f"{files(scene)}")
    return took


def no_place_left(scene):
    """All files are in use: a start is cold, and says nothing about it."""
    locks = [open(scene.path / f"state/dtt/dht-{i}.lock", "a", encoding="ascii") for i in range(1, 9)]
    for lock in locks:
        fcntl.flock(lock, fcntl.LOCK_EX)
    done = lookup(scene)
    check(done.returncode == 69 and "state" not in done.stderr, f"{done}")
    for lock in locks:
        lock.close()
    check(lookup(scene).returncode == 0, "the locks were given back")


def of_another_user(scene):
    if os.geteuid() != 0 or int(pathlib.Path("/proc/self/uid_map").read_text().split()[2]) < 65535:
        print("there is one user here only: another one's folder is left out")
        return
    os.chown(scene.path / "state/dtt", 65534, 65534)
    check(lookup(scene).returncode == 69, "another user's state was used")


def test(scene):
    name_hosts(scene, LIVE)
    subprocess.run(["mount", "--bind", scene.path / "hosts", "/etc/hosts"], check=True)
    scene.environment["XDG_STATE_HOME"] = str(scene.path / "state")
    scene.start("testnet", "testnet", "--json", "--listen", f"{LIVE}:6881").wait("ready")
    nothing_kept(scene)
    in_home(scene)
    cold = two_at_once(scene, ["ann", "bob"])
    folder = scene.path / "state/dtt"
    check(folder.stat().st_mode & 0o777 == 0o700, oct(folder.stat().st_mode))
    ids = [(folder / name).read_bytes()[:28] for name in ("dht-1", "dht-2")]
    check(ids[0].startswith(b"d2:id20:") and ids[0] != ids[1], f"{ids}")
    name_hosts(scene, DEAD)
    check(lookup(scene, "--no-state").returncode == 69, "the bootstrap hosts are still there")
    done = lookup(scene, "--json")
    check(done.returncode == 0 and json.loads(done.stdout.splitlines()[-1])["answered"] > 0, f"{done}")
    warm = two_at_once(scene, ["carl", "dora"])
    print(f"cold {cold} ms, warm {warm} ms")
    check(max(warm) < SOON * 1000 * SLOW, f"{warm} ms, cold {cold} ms")
    check((folder / "dht-1").read_bytes()[:28] == ids[0], "the node has another id")
    no_place_left(scene)
    of_another_user(scene)


if netlab.INSIDE not in os.environ:
    netlab.enter()
run(test)
