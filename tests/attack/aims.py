# SPDX-License-Identifier: MIT OR Apache-2.0
"""Hostile members that aim others at a victim: what reaches it, in the laboratory of NATs.

The members hold the secret, prove it and are neighbours (aimer.c). The victim is a host of the
internet that answers nothing (watcher.py). Whispers reach it, too: the core has one hop only.
"""
import importlib.util
import json
import os
import pathlib
import subprocess
import sys
import threading
import time

from lab import AIMER, FORGER, ROOT, Failure, case, check

sys.path.insert(0, str(ROOT / "tests/nat"))

WATCHER = ROOT / "tests/nat/watcher.py"
POST = ROOT / "tests/attack/post.py"
ANNOUNCER = ROOT / "tests/attack/announcer.py"
VICTIMS = [f"203.0.113.{i}" for i in range(10, 18)]  # of one /24
ASSAULT_S = 35
RECORDS_S = 80
MEETING = 64  # bytes at an address in any 10 s, because of meetings
BUDGET = 6  # packets of QUIC at an address in 15 s, however it was named ...
WINDOW = 14.9  # ... when all take the same time to come there
WAIT = 9.9  # s between two dials on hearsay, at first
# Knocks in a network in a minute, because of records: an attempt, the first 3 s of the next one ...
A_MINUTE = 1750 + 3 * 50
HOST_MINUTE = 4 * 8  # ... and at each host 8 in 15 s
OURS = "/run/attack"  # once /run is our own
CORE = "hops=1 jitter=2"
DHT_PORT = 6881


def laboratory(scene, homes, **options):
    """The laboratory of tests/nat, in the namespace of this program."""
    if not os.path.exists(OURS):  # its hosts are named in /run/netns, where those of others may be
        subprocess.run(["mount", "-t", "tmpfs", "none", "/run"], check=True)
        os.makedirs("/run/netns")
        pathlib.Path(OURS).touch()
    spec = importlib.util.spec_from_file_location("nat_lab", ROOT / "tests/nat/lab.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Lab(scene, homes, core=CORE, **options)


class Victim:
    """Some addresses of one network, and what arrives there."""

    def __init__(self, net):
        host = net.silent_host("victim", *VICTIMS)
        command, *rest = host.inside([sys.executable, WATCHER, "net0"])
        self.watcher = net.scene.start("watcher", *rest, command=command)
        self.watcher.wait("watching")

    def packets(self, *kinds):
        return [packet for packet in self.watcher.of_kind("packet")
                if not kinds or packet["kind"] in kinds]

    def most(self, seconds, *kinds, by=lambda packet: packet["dst"]):
        """The most packets, and their bytes, of these kinds in any such time, at one address."""
        places = {}
        for packet in self.packets(*kinds):
            places.setdefault(by(packet), []).append(packet)
        count = size = 0
        for packets in places.values():
            first = 0
            for last, packet in enumerate(packets):
                while packet["moment"] - packets[first]["moment"] > seconds:
                    first += 1
                window = packets[first:last + 1]
                count = max(count, len(window))
                size = max(size, sum(each["bytes"] for each in window))
        return count, size

    def rate(self):
        """Bytes a second, with headers, at the address that had most of them, from the first to the
        last packet."""
        sizes, moments = {}, [packet["moment"] for packet in self.packets()]
        for packet in self.packets():
            sizes[packet["dst"]] = sizes.get(packet["dst"], 0) + packet["bytes"] + 28
        return max(sizes.values()) / max(moments[-1] - moments[0], 1) if moments else 0

    def wait_quiet(self, seconds, within):
        """Until nothing has come for so long, or the time is over."""
        deadline = time.monotonic() + within
        try:
            while time.monotonic() < deadline:
                self.watcher.wait("packet", seconds, since=len(self.watcher.events))
        except Failure:
            pass  # nothing has come


def network_of(packet):
    return packet["dst"].rsplit(".", 1)[0]


def where(net, peer, name):
    """A peer in the words of attack-aimer."""
    home = net.homes[name]
    port = next(addr.rsplit(":", 1)[1] for addr in peer.wait("listening")["addrs"]
                if "[" not in addr)
    return f"{peer.id}@{home.v4}:{port}"


def assault(net, kind, hosts, *targets):
    """An attack from the home "eve"; what it reports when it is over."""
    command, *rest = net["eve"].inside([AIMER, kind, net.scene.topic, net.scene.secret_text,
                                        f"{VICTIMS[0]}:20000", hosts, ASSAULT_S, *targets])
    hostile = net.scene.start(f"aimer {kind}", *rest, command=command)
    hostile.wait("begun", 60)
    check(hostile.wait_exit(ASSAULT_S + 60) == 0, f"aimer: {hostile.said}")
    return hostile.of_kind("report")[-1]


def meeting_figures(victim, report):
    """What meetings may do to a victim: a few knocks, and nothing of QUIC."""
    count, size = victim.most(10, "knock")
    wide, _ = victim.most(10, "knock", by=network_of)
    quic = len(victim.packets()) - len(victim.packets("knock"))
    figures = (f"{report['sent']} datagrams sent; at most {count} knocks, {size} B (with headers "
               f"{29 * count}) in 10 s at an address, {wide} in its network, {quic} of QUIC")
    check(count > 0, f"nothing was aimed: {figures}")
    check(size <= MEETING and quic == 0, figures)
    return figures


@case("aim_told_1", "told", 1)
@case("aim_told_8", "told", 8)
@case("aim_ask", "ask", 1)
@case("aim_name", "name", 1)
def meetings(scene, kind, hosts):
    """dtt_meet of members and middles who name a victim: at most 64 bytes in 10 s, nothing of QUIC."""
    homes = {"ann": "pub", "bob": "pub", "eve": "pub"}
    with laboratory(scene, homes) as net:
        victim = Victim(net)
        ann = net.peer("ann")
        ann.wait("published", 60)
        targets = [where(net, ann, "ann")]
        if kind == "ask":
            bob = net.peer("bob")
            bob.wait("joined", 60)
            targets.append(where(net, bob, "bob"))
        report = assault(net, kind, hosts, *targets)
        victim.wait_quiet(5, 30)  # the last meeting goes on for so long
        check(kind != "name" or report["questions"] > 0, f"nobody was asked: {report}")
        return meeting_figures(victim, report)


@case("aim_knock", "knock", BUDGET, WINDOW)
@case("aim_refuse", "refuse", 1, WAIT)
def hearsay(scene, kind, most, seconds):
    """Peers named at a victim: forged knocks get it what a dial gets, hearsay alone a packet in 10 s."""
    with laboratory(scene, {"ann": "pub", "eve": "pub"}) as net:
        net["eve"].ip(f"addr add {VICTIMS[0]}/32 dev lo")  # what it sends may come from there
        victim = Victim(net)
        ann = net.peer("ann")
        ann.wait("published", 60)
        report = assault(net, kind, 1, where(net, ann, "ann"))
        victim.wait_quiet(5, 30)
        count, size = victim.most(10, "knock")
        initials, _ = victim.most(seconds, "initial")
        figures = (f"{report['sent']} datagrams sent; at most {count} knocks in 10 s, {initials} "
                   f"packets of QUIC in {seconds} s, {victim.rate():.0f} B/s")
        check(initials > 0, f"nothing was aimed: {figures}")
        check(size <= MEETING and initials <= most, figures)
        return figures


# ---- records

def forger_words(scene, claimed, hosts):
    return [FORGER, f"{VICTIMS[0]}:20000", 2, scene.topic, scene.secret_text, claimed, hosts]


class Filler(threading.Thread):
    """Puts records of a hundred members into the slots of the minutes around now, again and again: they
    claim a router of this class, and are at the victim's addresses."""

    def __init__(self, net, claimed, hosts):
        super().__init__(daemon=True)
        self.forge = list(map(str, forger_words(net.scene, claimed, hosts)))
        nodes = [f"{addr}:{DHT_PORT}" for addr in net.addresses4[:net.n_nodes]]
        self.put = net.net.inside([sys.executable, POST, ",".join(net.addresses4), *nodes])
        self.is_over, self.is_full = threading.Event(), threading.Event()
        self.bytes = 0
        self.start()

    def run(self):
        while not self.is_over.is_set():
            items = subprocess.run(self.forge, stdout=subprocess.PIPE, check=True).stdout
            done = subprocess.run(self.put, input=items, stdout=subprocess.PIPE, check=True)
            self.bytes += json.loads(done.stdout)["bytes"]
            self.is_full.set()

    def __enter__(self):
        check(self.is_full.wait(60), "the DHT takes no records")
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self.join()


def verdict(victim, sent, hosts):
    """What records may do to the victim: one attempt at a time, QUIC within its host's budget."""
    one, _ = victim.most(60, "knock")
    wide, _ = victim.most(60, "knock", by=network_of)
    initials, _ = victim.most(WINDOW, "initial")
    figures = (f"{sent} B of records; at most {one} knocks a minute at an address, {wide} in its "
               f"network, {initials} packets of QUIC in {WINDOW} s, {victim.rate():.0f} B/s")
    check(one > 0 and initials > 0, f"nothing was aimed: {figures}")
    check(wide <= A_MINUTE + HOST_MINUTE * hosts and initials <= BUDGET, figures)
    return figures


@case("aim_guess_1", "prcone", "vary", 1)
@case("aim_guess_8", "prcone", "vary", 8)
@case("aim_hold", "sym", "cone", 1)
def records(scene, home, claimed, hosts):
    """Records on the DHT that tell of routers at a victim: a few knocks a second, QUIC within the budget."""
    with laboratory(scene, {"ann": home}) as net:
        victim = Victim(net)
        with Filler(net, claimed, hosts) as filler:
            net.peer("ann")
            time.sleep(RECORDS_S)  # what is measured: what a member does with such records
            sent = filler.bytes
        return verdict(victim, sent, hosts)


@case("aim_lan")
def announced(scene):
    """The same records, told in the local network: nothing more."""
    with laboratory(scene, {"ann": "prcone", "eve": "same"}, is_wired=True) as net:
        victim = Victim(net)
        net.peer("ann").wait("external_addr", 60)
        command, *rest = net["eve"].inside([sys.executable, ANNOUNCER, "wire", net.homes["eve"].v4,
                                            scene.topic, scene.secret_text,
                                            *forger_words(scene, "vary", 1)])
        hostile = scene.start("announcer", *rest, command=command)
        time.sleep(RECORDS_S)  # what is measured: what a member does with such records
        hostile.end_input()
        return verdict(victim, hostile.wait("announced", 10)["bytes"], 1)


# ---- routers

@case("aim_portmap_pcp", "pcp")
@case("aim_portmap_pmp", "pmp")
def mapped(scene, kind):
    """A home's router says that the port it opens is at the victim: nobody is told, or sends there."""
    homes = {"ann": f"{kind}+claims={VICTIMS[0]}", "bob": "prcone"}
    with laboratory(scene, homes) as net:
        victim = Victim(net)
        ann, bob = net.peer("ann"), net.peer("bob")
        claim = ann.wait("port_mapping", 30, lambda event: event.get("addr", "").startswith(VICTIMS[0]))
        for each in (ann, bob):
            each.wait("joined", 60)
        check(not net.has_granted("ann"), f"the port is still open: {claim}")
        told = [event for event in ann.of_kind("external_addr") if VICTIMS[0] in event["addr"]]
        packets = len(victim.packets())
        figures = f"{claim['status']}: {packets} packets at the victim, which is told {len(told)} times"
        check(packets == 0 and not told, figures)
        return figures
