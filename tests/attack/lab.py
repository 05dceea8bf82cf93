# SPDX-License-Identifier: MIT OR Apache-2.0
"""What the attacks have in common: members, hostile peers beside them, and what is measured.

Everything happens in a network namespace of its own. There each address of 127.0.0.0/8 stands for
a host, and each of 2001:db8::/32 can be used without being given to an interface first.
"""
import os
import pathlib
import select
import socket
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("DTT_BUILD", ROOT / "build"))
os.environ.setdefault("DTT_COMMAND", str(BUILD / "dtt"))
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "tests/foreign"))

import place  # noqa: E402
from harness import Failure, Scene, Skip, check  # noqa: E402,F401

HOSTILE = BUILD / "tests/attack/attack-hostile"
AIMER = BUILD / "tests/attack/attack-aimer"
FORGER = BUILD / "tests/attack/attack-forger"
OUTSIDER = BUILD / "tests/attack/attack-outsider"
LISTENER = BUILD / "tests/attack/attack-listener"
MIB = 1024  # in the KiB of /proc
HOME6 = "3fff:1::1"  # where members listen that speak IPv6 too

cases = {}


def case(name, *arguments, **options):
    """Makes a case of a function, which returns what it measured in words."""
    def add(function):
        cases[name] = (function, arguments, options)
        return function
    return add


def enter_namespace():
    """Starts the program again in a namespace of its own, unless it is in one."""
    if place.INSIDE not in os.environ:
        place.enter([HOME6], ["route add local 2001:db8::/32 dev lo"])
    pathlib.Path("/proc/sys/net/ipv6/ip_nonlocal_bind").write_text("1", encoding="ascii")


def where(peer, version=4):
    """A peer in the words of --peer."""
    for addr in peer.wait("listening")["addrs"]:
        if ("[" in addr) == (version == 6):
            return f"{peer.id}@{addr}"
    raise Failure(f"{peer.name} has no address of IPv{version}")


def attack(scene, kind, targets, *options, within=120, version=4):
    """Starts an attack and waits until it is in full swing."""
    hostile = scene.start(f"hostile {kind}", kind, "--topic", scene.topic, *options,
                          *[where(peer, version) for peer in targets], command=str(HOSTILE))
    hostile.wait("begun", within)
    return hostile


def end(hostile, kind="report"):
    """Ends an attack; what it reports at the end."""
    hostile.end_input()
    check(hostile.wait_exit(30) == 0, f"{hostile.name}: it failed")
    return hostile.of_kind(kind)[-1]


def member(scene, name, *options):
    """A member that speaks IPv4 and IPv6."""
    return scene.peer(name, "--listen", f"[{HOME6}]:0", *options)


def pair(scene):
    """Two members without a DHT."""
    scene.bootstrap = ["127.0.0.1:9"]
    first = member(scene, "ann")
    second = member(scene, "bob", "--peer", where(first))
    first.wait("joined")
    second.wait("joined")
    return first, second


def swarm(scene, size):
    """Members on a private DHT who know each other."""
    scene.testnet()
    members = [member(scene, f"member {i}") for i in range(size)]
    for each in members:
        each.wait("joined", 60)
        each.wait("published", 60)
    for each in members:
        each.send(f"hello from {each.name}")
    for each in members:
        for other in members:
            if other is not each:
                each.wait_message(f"hello from {other.name}")
    return members


def joins(scene, name, within, *options):
    """Seconds until a newcomer has joined."""
    newcomer = member(scene, name, *options)
    try:
        took = newcomer.wait("joined", within)["at"]
    finally:
        newcomer.kill()
        newcomer.wait_exit()
    return took


class Talk:
    """Members say numbered lines; how many of them arrive."""

    def __init__(self, members):
        self.members = members
        self.said = 0

    def rounds(self, seconds, words):
        start = time.monotonic()
        while time.monotonic() - start < seconds:
            self.said += 1
            for each in self.members:
                each.send(f"{words} {self.said} of {each.name}")
            time.sleep(1)  # the pace of the talk

    @property
    def wanted(self):
        """How many lines each member should have heard."""
        return self.said * (len(self.members) - 1)

    def delivered(self, words):
        """The share of all lines that were heard; waits for the last ones."""
        deadline = time.monotonic() + 5
        for each in self.members:
            try:
                each.wait_count("message", self.wanted, deadline - time.monotonic(),
                                lambda event: event.get("text", "").startswith(words))
            except Failure:
                pass  # what is lost is counted
        heard = sum(text.startswith(words) for each in self.members for text in each.messages())
        return heard / (self.wanted * len(self.members))


class Memory:
    """Watches how much memory a member has from now on."""

    def __init__(self, process):
        self.process = process
        self.before = self.peak = process.proc("VmRSS")
        self.is_over = threading.Event()
        self.watcher = threading.Thread(target=self._watch, daemon=True)
        self.watcher.start()

    def _watch(self):
        while not self.is_over.wait(0.05):
            self.peak = max(self.peak, self.process.proc("VmRSS"))

    @property
    def more(self):
        """MiB more than at the beginning."""
        return (self.process.proc("VmRSS") - self.before) / MIB

    def end(self):
        """The most MiB more that there were."""
        self.is_over.set()
        self.watcher.join()
        return (self.peak - self.before) / MIB


class Sink:
    """Counts what arrives at a victim's ports, IP and UDP headers included."""

    def __init__(self, ports, *hosts):
        first = 20000 + os.getpid() % 20000
        self.sockets = []
        self.bytes_at = {}
        for host in hosts:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            for port in range(first, first + ports):
                s = socket.socket(family, socket.SOCK_DGRAM)
                s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
                try:
                    s.bind((host, port))
                except OSError:
                    raise Failure(f"port {port} of {host} is taken") from None
                self.sockets.append(s)
                self.bytes_at[host] = 0
        self.addr = (f"[{hosts[0]}]" if ":" in hosts[0] else hosts[0]) + f":{first}"
        self.packets = 0
        self.started = time.monotonic()
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self._count, daemon=True)

    @property
    def bytes(self):
        return sum(self.bytes_at.values())

    def rate(self, members):
        """Bytes a second of each member at the address that had most of them."""
        return max(self.bytes_at.values()) / (time.monotonic() - self.started) / members

    def _count(self):
        while not self.is_over.is_set():
            for s in select.select(self.sockets, [], [], 0.2)[0]:
                host = s.getsockname()[0]
                self.packets += 1
                self.bytes_at[host] += len(s.recv(65536)) + (48 if ":" in host else 28)

    def wait(self, packets, within):
        """Until so many packets have come, or the time is over: a member that sends fewer is right."""
        deadline = time.monotonic() + within
        while self.packets < packets and time.monotonic() < deadline:
            self.is_over.wait(0.1)

    def wait_quiet(self, seconds, within):
        """Until nothing has come for so long, or the time is over."""
        deadline = time.monotonic() + within
        packets, since = self.packets, time.monotonic()
        while time.monotonic() - since < seconds and time.monotonic() < deadline:
            self.is_over.wait(0.1)
            if self.packets != packets:
                packets, since = self.packets, time.monotonic()

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self.thread.join()
        for s in self.sockets:
            s.close()


def slow_links(rates):
    """From now on what goes to or comes from an address has so many kbit/s, in a queue of half a
    second: {address: rate}."""
    lines = ["qdisc add dev lo root handle 1: htb default 1",
             "class add dev lo parent 1: classid 1:1 htb rate 10gbit quantum 60000"]
    number = 1
    for host, kbit in rates.items():
        for side in ("src", "dst"):
            number += 1
            lines += [
                f"class add dev lo parent 1: classid 1:{number} htb rate {kbit}kbit burst 3k quantum 3000",
                f"qdisc add dev lo parent 1:{number} bfifo limit {max(kbit * 125 // 2, 6000)}",
                f"filter add dev lo parent 1: protocol ip prio {number} u32 match ip {side} {host}/32 "
                f"flowid 1:{number}"]
    done = subprocess.run(["tc", "-batch", "-"], input="\n".join(lines) + "\n", text=True,
                          capture_output=True, check=False)
    if done.returncode != 0:
        raise Skip(f"the kernel here has no htb and u32: {done.stderr.splitlines()[0]}")


def quick_links():
    subprocess.run(["tc", "qdisc", "del", "dev", "lo", "root"], check=True)
