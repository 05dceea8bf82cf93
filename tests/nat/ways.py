# SPDX-License-Identifier: MIT OR Apache-2.0
"""Two members who have a relay, each in a home of some kind: which way they end up on, and how soon.

A member is said by its program and the kind of its home: "c:prcone", "rust:sym". They have topic and
secret and find each other in the DHT. Where one lets no UDP pass there is no DHT for it: then the one
that comes last is told the other's id, and Rust is a member by iroh-gossip alone.

The relay is the one that iroh's own relays run, by https, on the internet. iroh asks it by QUIC how it
is seen from outside.
"""
import os
import re
import sys
import time

import lab
from harness import Failure, check

sys.path.append(str(lab.HERE.parent / "interop"))
import authority  # noqa: E402
import relay_level  # noqa: E402
import world  # noqa: E402

HOMES = ("pub", "prcone", "sym", "block")
PROGRAMS = ("c", "rust")
GAP = 3  # s between the two
JOINED = 30  # s that they may take
DIRECT = 40  # s that a relayed pair may take to a direct way
WITHOUT_UDP = 5  # s in which it must not
LINES = 10  # of each
RELAY = lab.NET4[-1]
QUIC_PORT = 7842  # where iroh asks
WAY = re.compile(r"node way .*way=(\w+)")


def start_relay(net):
    """Its URL, and the file of its authority."""
    folder = net.scene.path / "certificate"
    pem, _ = authority.make(folder, f"IP:{RELAY}")
    relay = relay_level.Server(net.scene, folder, ["enable_quic_addr_discovery = true"], host=RELAY,
                               inside=net.net.inside,
                               tls_lines=[f'quic_bind_addr = "{RELAY}:{QUIC_PORT}"'])
    return relay.url, pem


def is_blocked(*kinds):
    return any(kind.split("+")[0] in ("block", "reject") for kind in kinds)


class Member:
    """One of the two; `knows`: the one that it is told of."""

    def __init__(self, net, relay, name, program, knows=None):
        url, pem = relay
        self.name, self.is_c = name, program == "c"
        options = ["--relay", url, "--ca-file", pem]
        if self.is_c:
            options += ["--log", "info", *(["--peer", knows.id] if knows else [])]
            self.process = net.peer(name, *options)
            return
        options.append("--udp")
        if any(is_blocked(home.kind_name) for home in net.homes.values()):
            verb = "gossip"
            options += ["--peer", f"{knows.id}@{url}"] if knows else []
        else:
            verb = "tracker"
            options += ["--secret-file", net.scene.secret]
        hosts = net.scene.file(f"hosts of {name}", world.hosts_file(lab.NET4[0]))
        mount = 'mount --bind "$1" /etc/hosts && shift && exec "$@"'
        self.process = net.scene.rust(
            name, verb, net.scene.topic, *options, inside=lambda command: net[name].inside(
                ["unshare", "-m", "sh", "-c", mount, "sh", hosts, *command]))

    @property
    def id(self):
        return self.process.id

    def joined(self, within):
        """Seconds from its start to its first neighbour; None: it has none."""
        try:
            return self.process.wait("joined", within)["at"]
        except Failure:
            return None

    def way(self):
        """As it was told last; None: Rust tells nothing of it."""
        changes = [found[1] for found in map(WAY.search, self.process.said) if found]
        ups = self.process.of_kind("neighbor_up")
        return changes[-1] if changes else ups[-1].get("way") if ups else None

    def direct_after(self, within):
        """Seconds from its start to the first direct way; None: it has found none."""
        up = self.process.wait("neighbor_up")
        if up["way"] == "direct":
            return up["at"]
        try:
            self.process.wait_said(r"node way .*way=direct", within)
        except Failure:
            return None
        return time.monotonic() - self.process.started


def exchange(pair):
    """Whether all lines of both come through."""
    for number in range(LINES):
        for member in pair:
            member.process.send(f"{number} from {member.name}")
    try:
        for member, other in (pair, pair[::-1]):
            for number in range(LINES):
                member.process.wait_message(f"{number} from {other.name}", 10)
    except Failure:
        return False
    return True


def measure(scene, left, right, core="jitter=2"):
    """What is found of a pair; seconds are counted from the start of the right one."""
    (left_program, left_kind), (right_program, right_kind) = left.split(":"), right.split(":")
    check({left_program, right_program} <= set(PROGRAMS), f"no programs: {left} {right}")
    if "rust" in (left_program, right_program) and not os.access(world.RUST, os.X_OK):
        raise world.Skip("the Rust peers are not built: ./dev interop builds them")
    with lab.Lab(scene, {"left": left_kind, "right": right_kind}, core=core) as net:
        relay = start_relay(net)
        first = Member(net, relay, "left", left_program)
        first.process.wait("listening")
        time.sleep(GAP)
        second = Member(net, relay, "right", right_program,
                        first if is_blocked(left_kind, right_kind) else None)
        start, pair = second.process.started, (first, second)
        ahead = {member: start - member.process.started for member in pair}
        joined = [member.joined(JOINED) for member in pair]
        found = {"left": left, "right": right, "joined": None, "direct": None, "way": None,
                 "is_all_heard": False}
        if None in joined:
            return found
        found["joined"] = round(max(joined[0] - ahead[first], joined[1]), 2)
        of_c = [member for member in pair if member.is_c]
        within = WITHOUT_UDP if is_blocked(left_kind, right_kind) else DIRECT
        times = [member.direct_after(within) for member in of_c]
        found["direct"] = (round(max(at - ahead[m] for at, m in zip(times, of_c)), 2)
                           if times and None not in times else None)
        found["is_all_heard"] = exchange(pair)
        found["way"] = "/".join(sorted({member.way() for member in of_c}))
        return {**found, "of_c": [member.process.said[-8:] for member in of_c]}
