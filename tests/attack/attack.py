#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Attacks on real members, each with the bound that must hold: the suite of ./dev attack.

usage: attack.py [--list] [NAME...]      names, or the beginnings of names

One line a case with what was measured; the last line counts. The hostile peers are hostile.c; they
come from 127.0.0.0/8, where each address stands for a host of its own.
"""
import os
import pathlib
import select
import socket
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("DTT_BUILD", ROOT / "build"))
os.environ.setdefault("DTT_COMMAND", str(BUILD / "dtt"))
sys.path.insert(0, str(ROOT / "tests/e2e"))
sys.dont_write_bytecode = True

from harness import Failure, Scene, check  # noqa: E402

HOSTILE = BUILD / "tests/attack/attack-hostile"
LISTENER = BUILD / "tests/attack/attack-listener"
MIB = 1024  # in the KiB of /proc

cases = {}


def case(name, *arguments):
    def add(function):
        cases[name] = (function, arguments)
        return function
    return add


def where(peer):
    return f"{peer.id}@{peer.addr[0]}:{peer.addr[1]}"


def attack(scene, kind, targets, *options, within=120):
    """Starts an attack and waits until it is in full swing."""
    hostile = scene.start(f"hostile {kind}", kind, "--topic", scene.topic, *options,
                          *[where(peer) for peer in targets], command=str(HOSTILE))
    hostile.wait("begun", within)
    return hostile


def end(hostile, kind="report"):
    """Ends an attack; what it reports at the end."""
    hostile.end_input()
    check(hostile.wait_exit(30) == 0, f"{hostile.name}: it failed")
    return hostile.of_kind(kind)[-1]


def pair(scene):
    """Two members without a DHT."""
    scene.bootstrap = ["127.0.0.1:9"]
    first = scene.peer("ann")
    second = scene.peer("bob", "--peer", where(first))
    first.wait("joined")
    second.wait("joined")
    return first, second


def swarm(scene, size):
    """Members on a private DHT who know each other."""
    scene.testnet()
    members = [scene.peer(f"member {i}") for i in range(size)]
    for member in members:
        member.wait("joined", 60)
        member.wait("published", 60)
    for member in members:
        member.send(f"hello from {member.name}")
    for member in members:
        for other in members:
            if other is not member:
                member.wait_message(f"hello from {other.name}")
    return members


def joins(scene, name, within, *options):
    """Seconds until a newcomer has joined."""
    newcomer = scene.peer(name, *options)
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
            for member in self.members:
                member.send(f"{words} {self.said} of {member.name}")
            time.sleep(1)

    def delivered(self, words):
        """The share of the lines that should have been heard and were; waits for the last ones."""
        wanted = self.said * (len(self.members) - 1)
        share = 0
        for _ in range(50):
            heard = [sum(text.startswith(words) for text in member.messages())
                     for member in self.members]
            share = sum(heard) / (wanted * len(self.members))
            if share == 1:
                break
            time.sleep(0.1)
        return share


# ---- memory

@case("memory_one_address", "gaps", 1)
@case("memory_many_addresses", "gaps", 48)
@case("memory_noise", "hold", 48)
@case("memory_joins", "silence", 48)
def memory(scene, kind, sources):
    """192 connections, with gaps, noise or Joins: at most 8 MiB more, 1 MiB of it for good."""
    member, _ = pair(scene)
    before, peak, is_over = member.proc("VmRSS"), [0], threading.Event()

    def watch():
        while not is_over.wait(0.05):
            peak[0] = max(peak[0], member.proc("VmRSS"))
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        hostile = attack(scene, kind, [member], "--count", 192, "--sources", sources,
                         "--apart", 65536, within=300)
        is_over.wait(10)  # those that were refused come again
        report = end(hostile)
    finally:
        is_over.set()
        watcher.join()
    deadline = time.monotonic() + 60
    while (left := member.proc("VmRSS") - before) > MIB and time.monotonic() < deadline:
        time.sleep(0.5)
    figures = (f"{report['tx_bytes'] / 1e6:.1f} MB sent, {(peak[0] - before) / MIB:.1f} MiB more at "
               f"the peak, {left / MIB:.1f} MiB afterwards")
    check(peak[0] - before <= 8 * MIB and left <= MIB, figures)
    return figures


# ---- places

@case("places_one_address", 1, 1, 10)
@case("places_network", 254, 1, 10)
@case("places_fifty_addresses", 50, 65536, 60)
def places(scene, sources, apart, within):
    """All places of a swarm of six are taken; a newcomer with the secret joins all the same."""
    members = swarm(scene, 6)
    hostile = attack(scene, "hold", members, "--from", "127.2.0.1", "--sources", sources,
                     "--apart", apart, "--count", 200, within=240)
    took = joins(scene, "newcomer", within)
    report = end(hostile)
    return f"{report['alive']} hostile connections, joined in {took:.1f} s"


@case("hearsay_dials")
def hearsay_dials(scene):
    """A neighbour names silent addresses, forty a second: newcomers get in."""
    member, _ = pair(scene)
    with Sink("127.0.0.69", 64) as sink:
        hostile = attack(scene, "join", [member], "--rate", 40, "--ports", 64,
                         "--victim", f"127.0.0.69:{sink.port}")
        sink.wait(400, 15)
        took = [joins(scene, f"newcomer {i}", 8, "--peer", where(member)) for i in range(5)]
        end(hostile)
    return f"5 of 5 newcomers, the slowest in {max(took):.1f} s"


# ---- the room

@case("silence_2", 2)
@case("silence_6", 6)
@case("silence_12", 12)
@case("silence_6_garbage", 6, "--garbage")
@case("silence_12_garbage", 12, "--garbage")
def silence(scene, count, *options):
    """Outsiders join each of eight members with some identities and pass nothing on."""
    members = swarm(scene, 8)
    hostile = attack(scene, "silence", members, "--count", count, *options)
    talk = Talk(members)
    talk.rounds(20, "line")
    share = talk.delivered("line")
    report = end(hostile)
    figures = f"{share:.1%} of the lines delivered, {report['tx_bytes'] / 1e6:.1f} MB sent"
    check(share >= 0.99, figures)
    return figures


@case("mute")
def mute(scene):
    """A neighbour takes no more bytes: the others hear within a second, and the end is an end."""
    member, other = pair(scene)
    hostile = attack(scene, "mute", [member])
    slowest = 0.0
    for i in range(400):
        text = f"{i} " + "x" * 3000
        member.send(text)
        sent = time.monotonic()
        other.wait_message(text, 10)
        slowest = max(slowest, time.monotonic() - sent)
    end(hostile)
    check(slowest <= 1, f"the slowest message took {slowest:.1f} s")
    return f"400 messages, the slowest in {slowest * 1000:.0f} ms"


@case("mute_quit")
def mute_quit(scene):
    """--quit-on-eof ends although a neighbour takes no bytes."""
    scene.bootstrap = ["127.0.0.1:9"]
    member = scene.peer("ann", "--quit-on-eof")
    other = scene.peer("bob", "--peer", where(member))
    member.wait("joined")
    other.wait("joined")
    attack(scene, "mute", [member])

    def feed():
        try:
            for i in range(300):
                member.send(f"{i} " + "x" * 3000)
                time.sleep(0.02)  # at once, the buffer of the mute one would be full and end it
            member.end_input()
        except OSError:
            pass  # it was ended
    threading.Thread(target=feed, daemon=True).start()  # a member that reads no more would block it
    member.wait_exit(40)
    other.wait_message("299 " + "x" * 3000, 5)
    return "all 300 messages arrived and the command ended"


@case("flap", "flap")
@case("talk", "talk")
@case("large", "large")
@case("again", "again")
@case("announce", "announce")
def flood(scene, kind):
    """A neighbour floods a member whose program takes events and nothing else: it hears the rest."""
    scene.bootstrap = ["127.0.0.1:9"]
    listener = scene.start("listener", scene.topic, scene.secret_text, 192,
                           command=str(LISTENER))
    other = scene.peer("bob", "--peer", where(listener))
    other.wait("joined")
    hostile = attack(scene, kind, [listener])
    for i in range(192):
        other.send(f"honest {i}")
        time.sleep(0.05)
    report = end(hostile)
    try:
        listener.wait("heard", 10)  # what is late is not lost
    except Failure:
        pass
    listener.end_input()
    counted = listener.wait("counted")
    figures = (f"{counted['honest']} of 192 honest messages, {counted['others']} others, "
               f"{counted['missed']} events missed, {report['tx_bytes'] / 1e6:.1f} MB sent")
    check(counted["honest"] == 192, figures)
    return figures


# ---- third parties

class Sink:
    """Counts what arrives at a victim's ports, IP and UDP headers included."""

    def __init__(self, ip, ports):
        self.sockets = []
        while len(self.sockets) < ports:
            first = 20000 + os.getpid() % 20000
            try:
                for port in range(first, first + ports):
                    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
                    s.bind((ip, port))
                    self.sockets.append(s)
            except OSError:
                raise Failure(f"port {port} of {ip} is taken") from None
        self.port = self.sockets[0].getsockname()[1]
        self.packets = self.bytes = 0
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self._count, daemon=True)

    def _count(self):
        while not self.is_over.is_set():
            for s in select.select(self.sockets, [], [], 0.2)[0]:
                self.packets += 1
                self.bytes += len(s.recv(65536)) + 28

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


@case("reflect_join_1", "join", 1)
@case("reflect_join_10", "join", 10)
@case("reflect_join_40", "join", 40)
@case("reflect_shuffle", "shuffle", 10)
@case("reflect_reply", "reply", 10)
def reflect(scene, kind, rate):
    """A neighbour names a third party's ports under ever new ids."""
    seconds = 40
    member, _ = pair(scene)
    with Sink("127.0.0.66", 8) as sink:
        start = time.monotonic()
        hostile = attack(scene, kind, [member], "--rate", rate, "--ports", 8, "--seconds", seconds,
                         "--victim", f"127.0.0.66:{sink.port}")
        check(hostile.wait_exit(seconds + 60) == 0, "the hostile peer failed")
        report = hostile.of_kind("report")[-1]
        sink.wait_quiet(10, 60)  # what was begun goes on for a while
        rate_each = sink.bytes / (time.monotonic() - start) / 2
    ratio = sink.bytes / report["tx_bytes"]
    figures = (f"{report['tx_bytes']} B sent, {sink.packets} packets and {sink.bytes} B at the third "
               f"party: {ratio:.1f} times, {rate_each:.0f} B/s a member")
    check(ratio <= 4 and rate_each <= 600, figures)
    return figures


# ---- the door

@case("initials_1500", 1500, 0)
@case("initials_3000_short", 3000, 66)
@case("initials_12000_short", 12000, 75)
def initials(scene, rate, short):
    """Datagrams of strangers at the door: five newcomers are in within 3 s each."""
    member, _ = pair(scene)
    hostile = attack(scene, "initials", [member], "--rate", rate, "--short", short)
    took = [joins(scene, f"newcomer {i}", 12, "--peer", where(member)) for i in range(5)]
    begun = hostile.wait("begun")["at"]
    seconds = time.monotonic() - hostile.started - begun
    sent = end(hostile, "sent")["datagrams"]
    figures = (f"{sent / seconds:.0f} datagrams a second, joined in " +
               ", ".join(f"{seconds:.2f}" for seconds in took) + " s")
    check(max(took) <= 3, figures)
    return figures


def run(name):
    function, arguments = cases[name]
    scene = Scene()
    try:
        try:
            figures = function(scene, *arguments)
        finally:
            scene.close()
        scene.check_clean()
        print(f"ok {name}: {figures}", flush=True)
        return True
    except Exception as error:  # what the processes said helps to find it
        if os.environ.get("DTT_VERBOSE"):
            for process in scene.processes:
                print(process.transcript())
        print(f"FAILED {name}: {str(error)[:200] or type(error).__name__}", flush=True)
        if not isinstance(error, Failure):
            raise
        return False


def main(words):
    if words == ["--list"]:
        for name, (function, _) in cases.items():
            print(f"{name}: {function.__doc__.splitlines()[0]}")
        return 0
    chosen = [name for name in cases if not words or any(name.startswith(w) for w in words)]
    unknown = [word for word in words if not any(name.startswith(word) for name in cases)]
    if unknown:
        print(f"no attack '{unknown[0]}'; --list tells their names", file=sys.stderr)
        return 2
    results = [run(name) for name in chosen]
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
