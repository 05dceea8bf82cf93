#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Hours of a room on a private DHT; what lives through them must not grow.

usage: soak.py [HOURS]       three unless told otherwise

                 switch
        /       |        |       \\
      dht   members   servers   guests

Each is a host of its own. Members talk, and one after the other gets a new address; guests are
killed or leave and come again, with the identity they had or another. The memory of all that is
never restarted (members, servers of the DHT, and the process with the other DHT nodes) is sampled
each minute: Private_Dirty, what the process has written, and what of its heap is in use. The first
has also what was freed and lies between the rest, and grows in steps. Items that others store live
for two hours, so that memory may grow for as long; in the last third of the time the heap in use must
not grow, and Private_Dirty be at most a quarter above what it was in the second third. Connections come
and go in waves, so of the heap the least of each ten minutes counts. A run of less than three hours is
not judged, and its last line says so. build/log/soak.jsonl keeps the samples.

Environment: DTT_SEED, a number; without it each run is another one, and says its seed.
DTT_LIVE_HEAP_SHIM, tests/support/live_heap.c.
"""
import json
import os
import pathlib
import random
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
os.environ.setdefault("DTT_COMMAND", str(ROOT / "build/dtt"))
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "tests/e2e"))

import netlab  # noqa: E402
import slope  # noqa: E402
from harness import Failure, check  # noqa: E402

REPORT = pathlib.Path(os.environ["DTT_COMMAND"]).parent / "log/soak.jsonl"
HOURS = 3
MEMBERS, SERVERS, GUESTS = 4, 2, 2
DHT = 20  # nodes of one process
SAMPLE, TALK, MOVE, GUEST = 60, 5, 240, 120  # seconds between two of them
ARRIVES = 60  # seconds until a message must have come, moves included
MISSED_PER_MILLE = 5
NET = "10.7"


class Soak:
    def __init__(self, scene, hours, seed):
        self.scene = scene
        self.seconds = hours * 3600
        self.dice = random.Random(seed)
        self.switch = netlab.Switch("s")
        self.next_addr = 10
        self.members, self.guests = [], {}
        self.memory, self.heap = {}, {}
        self.waiting = []  # messages: when, who said it, text
        self.said = self.expected = self.missed = 0
        self.count = dict.fromkeys(("moves", "killed", "left", "came"), 0)

    def host(self, name):
        host = netlab.Host(self.scene, name)
        host.addr = self.fresh_addr()
        self.switch.plug(host, "e0", f"{host.addr}/16")
        host.ip("route add default dev e0")
        return host

    def fresh_addr(self):
        self.next_addr += 1
        return f"{NET}.{self.next_addr // 200}.{self.next_addr % 200 + 1}"

    def begin(self):
        dht = self.host("dht")
        self.bootstrap = dht.testnet(f"{dht.addr}:7000", DHT)
        self.watched = [("dht", self.scene.processes[-1])]
        for i in range(SERVERS):
            host = self.host(f"server{i}")
            contacts = [word for addr in self.bootstrap for word in ("--bootstrap", addr)]
            server = host.start(f"server{i}", "dht", "serve", "--json", "--listen", "0.0.0.0:7001",
                                *contacts)
            server.wait("listening")
            self.watched.append((server.name, server))
        for i in range(MEMBERS):
            host = self.host(f"member{i}")
            member = host.peer(f"member{i}", bootstrap=self.bootstrap)
            os.set_blocking(member.popen.stdin.fileno(), False)
            self.members.append((host, member))
            self.watched.append((member.name, member))
        for i in range(GUESTS):
            self.guests[self.host(f"guest{i}")] = None
        for _, member in self.members:
            member.wait("joined", 60)

    def move(self):
        """A member's host is in another place: a new address, and the old one gone."""
        host, _ = self.dice.choice(self.members)
        old, host.addr = host.addr, self.fresh_addr()
        host.ip(f"addr del {old}/16 dev e0", f"addr add {host.addr}/16 dev e0",
                "route replace default dev e0")
        self.count["moves"] += 1

    def guest(self):
        """One comes, or goes in one of two ways."""
        host = self.dice.choice(list(self.guests))
        guest = self.guests[host]
        if guest is None:
            identity = self.dice.choice([[], ["--identity", str(self.scene.path / host.name)]])
            self.guests[host] = host.peer(host.name, *identity, bootstrap=self.bootstrap)
            self.count["came"] += 1
            return
        if self.dice.random() < 0.5:
            guest.kill()
            guest.wait_exit()
            self.count["killed"] += 1
        else:
            guest.leave()
            self.count["left"] += 1
        guest.check_clean()
        self.scene.processes.remove(guest)
        self.guests[host] = None

    def talk(self):
        _, member = self.dice.choice(self.members)
        size = self.dice.choice([20, 100, 1000, 4000])
        text = f"{self.said} {member.name} ".ljust(size, ".")
        try:
            os.write(member.popen.stdin.fileno(), (text + "\n").encode())
        except BlockingIOError:
            raise Failure(f"{member.name}: it takes no more lines") from None
        self.said += 1
        self.waiting.append((time.monotonic(), member, text))

    def settle(self):
        """Counts who missed what had time enough to come."""
        old = [entry for entry in self.waiting if time.monotonic() - entry[0] > ARRIVES]
        self.waiting = self.waiting[len(old):]
        for _, speaker, text in old:
            for _, member in self.members:
                if member is not speaker:
                    self.expected += 1
                    self.missed += text not in member.heard

    def listen(self):
        """Takes what members heard out of their events, which would be kept for hours."""
        for _, process in self.watched:
            check(process.popen.poll() is None, f"{process.name}: it ended")
        for _, member in self.members:
            if not hasattr(member, "heard"):
                member.heard = set()
            with member.changed:
                member.heard.update(e["text"] for e in member.events if e["event"] == "message")
                member.events[:] = [e for e in member.events if e["event"] in ("listening", "joined")]

    def sample(self, at):
        now = {name: process.dirty_kib() for name, process in self.watched}
        heap = {name: self.live_heap(process) for name, process in self.watched}
        for kept, kib in ((self.memory, now), (self.heap, heap)):
            for name, amount in kib.items():
                kept.setdefault(name, []).append((round(at), amount))
        line = {"at_s": round(at), "private_dirty_kib": now, "heap_kib": heap, "held": self.held(),
                "said": self.said, "missed": self.missed, **self.count}
        with REPORT.open("a", encoding="utf-8") as log:
            print(json.dumps(line), file=log)

    def live_heap(self, process):
        return int((self.scene.path / str(process.popen.pid)).read_text(encoding="ascii")) // 1024

    def held(self):
        """What the servers say that they know and hold."""
        return {server.name: {what: status[0][what] for what in ("nodes_v4", "items", "peers")}
                for _, server in self.watched if (status := server.of_kind("status")[-1:])}

    def run(self):
        self.begin()
        start = time.monotonic()
        jobs = [[1, 0, self.listen], [TALK, 0, self.settle], [TALK, 0, self.talk],
                [MOVE, MOVE, self.move], [GUEST, 0, self.guest]]
        next_sample = 0
        while (at := time.monotonic() - start) < self.seconds:
            for job in jobs:
                if at >= job[1]:
                    job[1] += job[0]
                    job[2]()
            if at >= next_sample:
                next_sample += SAMPLE
                self.sample(at)
            time.sleep(0.2)


def test(scene):
    hours = float(sys.argv[1]) if len(sys.argv) > 1 else HOURS
    seed = int(os.environ.get("DTT_SEED", time.time_ns() % 2**32))
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text("", encoding="utf-8")
    print(f"soak: seed {seed}, {hours:g} hours, samples in {REPORT}", flush=True)
    scene.environment.update(LD_PRELOAD=os.environ["DTT_LIVE_HEAP_SHIM"],
                             DTT_LIVE_HEAP=str(scene.path))
    soak = Soak(scene, hours, seed)
    soak.run()
    for what, kept in (("in use", soak.heap), ("private", soak.memory)):
        for name, samples in kept.items():
            third = slope.last_third(samples)
            print(f"soak: {name}: {what}: {samples[0][1]} KiB at the start, {third[0][1]} to "
                  f"{third[-1][1]} in the last third: {slope.growth(samples):+.0f} KiB an hour")
    print(f"soak: {soak.said} messages, {soak.missed} of {soak.expected} deliveries missed; "
          + ", ".join(f"{what} {n}" for what, n in soak.count.items()))
    check(soak.expected > 0 and soak.missed * 1000 <= soak.expected * MISSED_PER_MILLE,
          f"{soak.missed} of {soak.expected} deliveries missed")
    if hours < HOURS:
        print(f"soak: less than {HOURS} hours: growth was not judged")
        return
    growing = slope.growing(soak.heap, {"dht": DHT})
    if growing:
        raise Failure("grows: " + ", ".join(f"{n} by {kib:.0f} KiB an hour"
                                            for n, kib in growing.items()))
    ragged = [name for name, samples in soak.memory.items() if slope.ragged(samples)]
    if ragged:
        raise Failure("more and more lies free within the heap of " + ", ".join(ragged))
    print(f"soak: no node grows by more than {slope.LEAK_KIB_H} KiB an hour")


netlab.run(test)
