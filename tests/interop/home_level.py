# SPDX-License-Identifier: MIT OR Apache-2.0
"""Homes behind NATs: C and Rust members in the laboratory of tests/nat, with topic and secret only.

Without a relay iroh never learns how it is seen from outside, and it knows neither knocks nor
meetings. So nobody can dial a Rust member in a home: it dials, and gets in where strangers do.
"""
import re
import sys
import time

import harness
import moves
import world as worlds
from gossip_level import settle
from world import HERE, check

sys.path.insert(0, str(HERE.parent / "nat"))
import lab  # noqa: E402

WATCHER = HERE.parent / "nat/watcher.py"
GAP = 3  # s between two members
JOINED = 30  # s that a member may take
ELSEWHERE = "90.1.2.3"
KRPC = re.compile(rb"d\d")


def start_rust(world, net, name):
    hosts = world.file("hosts", worlds.hosts_file(lab.NET4[0]))
    mount = 'mount --bind "$1" /etc/hosts && shift && exec "$@"'
    return world.rust(name, "tracker", world.topic, "--secret-file", world.secret,
                      inside=lambda command: net[name].inside(
                          ["unshare", "-m", "sh", "-c", mount, "sh", hosts, *command]))


class Sniffer:
    """What comes to the host of a member."""

    def __init__(self, world, net, name):
        command, *rest = net[name].inside([sys.executable, WATCHER, "net0"])
        self.process = world.start(f"sniffer at {name}", *rest, command=command)
        self.process.wait("watching")

    def datagrams(self):
        return [(event["port"], bytes.fromhex(event["hex"]))
                for event in self.process.of_kind("packet")]

    def of_ours(self):
        """Knocks, and queries that no other program knows."""
        return [(port, data) for port, data in self.datagrams()
                if len(data) == 1 or KRPC.match(data) and b":dtt_" in data]

    def check_minds_nothing(self, rust, is_met=True):
        met = any(port == rust.addr[1] for port, _ in self.datagrams())
        check(met == is_met, f"{rust.name}: what the sniffer heard is not what the members say")
        check(not self.of_ours(), f"{rust.name} is sent {self.of_ours()[:3]}")
        strange = [data for port, data in self.datagrams()
                   if port == rust.addr[1] and KRPC.match(data)]
        check(not strange, f"a query of the DHT to the socket for QUIC: {strange[:3]}")


def start_all(world, net, names):
    """The members by name, some seconds apart, and the sniffer where Rust is."""
    peers, sniffer = {}, None
    for name in names:
        if peers:
            time.sleep(GAP)
        if name == "rust":
            sniffer = Sniffer(world, net, name)
            peers[name] = start_rust(world, net, name)
        else:
            peers[name] = net.peer(name)
    return peers, sniffer


def meet(world, c, rust, first):
    """They meet. Where Rust is at home, its router has another address then: they talk on.

    A C node at home may have been dialled by Rust, too, which then speaks to the old address until
    that connection has ended.
    """
    with lab.Lab(world, {"c": c, "rust": rust}) as net:
        peers, sniffer = start_all(world, net, (first, "rust" if first == "c" else "c"))
        pair = list(peers.values())
        last = pair[1].wait("joined", JOINED)["at"]
        pair[0].wait("joined", JOINED)
        settle(pair)
        harness.everybody_talks(pair, "hello")
        print(f"{pair[1].name}, which came last, joined after {last:.1f} s")
        if rust != "pub":
            moves.talk_meanwhile(lambda: net.readdress("rust", ELSEWHERE), pair)
        sniffer.check_minds_nothing(peers["rust"])


def wait_filtered(net):
    """Until Rust has dialled, and its packets were not let in."""
    deadline = time.monotonic() + JOINED * harness.SLOW
    while True:
        seen = net.show("rust")
        if seen["sent"] > seen["krpc_sent"] and net.show("r-c")["v4"]["filtered"] > 0:
            return
        check(time.monotonic() < deadline, "Rust did not dial, or its packets were let in")
        time.sleep(0.2)


def stay_apart(world, first):
    """Both homes let in only whom they have sent to: what Rust sends to C's home is dropped there,
    and all that C knows of Rust is an address inside its home."""
    with lab.Lab(world, {"c": "prcone", "rust": "prcone"}) as net:
        peers, sniffer = start_all(world, net, (first, "rust" if first == "c" else "c"))
        failed = peers["c"].wait("dial_failed", 60,
                                 lambda event: event["endpoint_id"] == peers["rust"].id)
        tried = {each["addr"].split(":")[0] for each in failed["tried"]}
        check(tried == {net.homes["rust"].v4}, f"C knows {tried} of Rust")
        wait_filtered(net)
        for peer in peers.values():
            check(not peer.of_kind("joined"), f"{peer.name} has joined")
        sniffer.check_minds_nothing(peers["rust"], is_met=False)


def swarm(world):
    """One of the homes has a router that opens a port: there Rust gets in, and hears everybody."""
    homes = {"c0": "prcone", "c1": "prcone", "c2": "pcp", "rust": "prcone"}
    with lab.Lab(world, homes) as net:
        of_c = Sniffer(world, net, "c0")
        peers, sniffer = start_all(world, net, homes)
        for peer in peers.values():
            peer.wait("joined", JOINED)
        settle(list(peers.values()))
        harness.everybody_talks(list(peers.values()), "hello")
        check(peers["rust"].neighbors() == {peers["c2"].id}, "Rust got in elsewhere, too")
        sniffer.check_minds_nothing(peers["rust"])
        check(of_c.of_ours(), "no C node was sent what would be looked for at Rust")


WHO = {"c": "C", "rust": "Rust"}
CASES = [("home", f"{WHO[first]} first, C {c}, Rust {rust}",
          lambda world, c=c, rust=rust, first=first: meet(world, c, rust, first), what)
         for c, rust, what in (
             ("pub", "prcone", "topic and secret only; 40 lines each way while Rust's router moves"),
             ("prcone", "pub", "topic and secret only"))
         for first in WHO]
CASES += [("home", f"{WHO[first]} first, both prcone",
           lambda world, first=first: stay_apart(world, first),
           "they cannot meet: Rust neither knocks nor knows its address outside")
          for first in WHO]
CASES += [("home", "swarm", swarm, "C homes prcone, prcone and pcp, Rust prcone: all hear all")]
