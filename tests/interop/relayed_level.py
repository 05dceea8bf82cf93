# SPDX-License-Identifier: MIT OR Apache-2.0
"""Swarms that have nothing but a relay: `dtt pipe --relay` and iroh-gossip members without a socket
for UDP, by iroh-relay. The C nodes are on networks of their own, from which only the relay answers.
"""
import json
import signal
import time

import authority
import harness
import netlab
from distant import Distant
from gossip_level import leave, settle
from relay_level import Server
from world import NO_DHT, Rust, check

RELAY = "10.9.9.9"
LINES = 20  # of each member
LENGTH, LIMIT = 4000, 20000  # bytes of a line, and in a second
AWAY = 12  # s that the relay is away
MOVED = 20  # s until another relay is home
IROH_MOVED = 90  # s until it is for an iroh node, and others have dialled that there
BACK = 30  # s that members may take to hear each other again
FAR = 0.05  # s to the relay, and as much back
FIRST_MAX = 1.5  # s from the start to the first neighbour at such a relay
TRIES = 3  # of which the best counts: the machine is busy


class Network:
    """Two hosts whose router passes nothing on, and says nothing of it; the relay runs there."""

    def __init__(self):
        with open("/proc/sys/net/ipv4/ip_forward", "w", encoding="ascii") as forward:
            forward.write("0")
        netlab.ip(f"addr add {RELAY}/32 dev lo")
        self.switches, self.hosts = [], {}

    def add(self, world, name):
        number = len(self.switches) + 1
        switch, host = netlab.Switch(f"n{number}"), netlab.Host(world, name)
        self.switches.append(switch)
        self.hosts[name] = host
        switch.plug(host, "e0", f"10.9.{number}.2/24")
        netlab.ip(f"addr add 10.9.{number}.1/24 dev {switch.name}")
        host.ip(f"route add default via 10.9.{number}.1")

    def close(self):
        for each in (*self.switches, *self.hosts.values()):
            each.close()
        netlab.ip(f"addr del {RELAY}/32 dev lo")


class Place:
    """The relay, and the networks around it."""

    def __init__(self, world, is_tls=False, lines=()):
        """`lines`: of the relay's configuration."""
        self.world = world
        self.network = world.network(Network())
        for name in ("ann", "ben"):
            self.network.add(world, name)
        self.trust, folder = [], None
        if is_tls:
            folder = world.path / "certificate"
            self.trust = ["--ca-file", authority.make(folder, f"IP:{RELAY}")[0]]
        self.relay = Server(world, folder, lines, host=RELAY)

    def c(self, name, *peers, options=(), query=""):
        return self.network.hosts[name].peer(name, "--relay", self.relay.url + query, *self.trust,
                                             *knows(peers), *options, "--log", "info",
                                             bootstrap=NO_DHT)

    def rust(self, name, *peers, options=()):
        """It is told the relay of the others."""
        words = [word for peer in peers for word in ("--peer", f"{peer.id}@{self.relay.url}")]
        return self.world.rust(name, "gossip", self.world.topic, "--relay", self.relay.url,
                               *self.trust, *words, *options)


def knows(peers):
    """Options of a C node: the ids of others, and nothing of where they are."""
    return [word for peer in peers for word in ("--peer", peer.id)]


def talk(peers, words="hello", within=20):
    """Each says all its lines: every other one hears each once, in any order."""
    for number in range(LINES):
        for peer in peers:
            peer.send(f"{words} {number} from {peer.name}")
    for peer in peers:
        wanted = sorted(f"{words} {number} from {other.name}"
                        for other in peers if other is not peer for number in range(LINES))
        for text in wanted:
            peer.wait_message(text, within)
        heard = sorted(text for text in peer.messages() if text.startswith(f"{words} "))
        check(heard == wanted, f"{peer.name} heard {len(heard)} lines, not {len(wanted)} once each")


def check_ways(*peers):
    """All C nodes among the peers have relayed neighbours only."""
    for peer in [each for each in peers if not isinstance(each, Rust)]:
        ways = {up["way"] for up in peer.of_kind("neighbor_up")}
        check(ways == {"relay"}, f"{peer.name} is joined by {ways}")


def joined(*peers):
    settle(peers, 20)
    took = {peer.name: round(peer.wait("joined")["at"], 1) for peer in peers}
    print(f"joined after, in s: {took}")


def meet(*peers):
    joined(*peers)
    talk(peers)
    check_ways(*peers)
    leave(peers)


def c_and_c(world):
    place = Place(world)
    ann = place.c("ann")
    meet(ann, place.c("ben", ann))


def c_dials(world):
    place = Place(world)
    rust = place.rust("rust")
    meet(place.c("ann", rust), rust)


def rust_dials(world):
    place = Place(world)
    ann = place.c("ann")
    meet(ann, place.rust("rust", ann))


def public(world):
    """A C node where everybody could send to, one where nothing but the relay is, one of Rust."""
    place = Place(world)
    pub = world.peer("pub", "--relay", place.relay.url)
    meet(pub, place.c("ann", pub), place.rust("rust", pub))


def hub_leaves(world):
    """All are told of one C node alone, which passes on where the others are and then goes. What it
    hears of the other C node is what holds when they meet: that began without a relay.
    """
    place = Place(world)
    place.relay.kill()
    hub = place.c("ann")
    ben = place.c("ben", hub)
    ben.wait_said("the connection failed")
    place.relay.start()
    peers = [ben, *(place.rust(f"rust {i}", hub) for i in range(2))]
    joined(hub, *peers)
    talk([hub, *peers], "with it")
    hub.leave()
    settle(peers, 20)
    talk(peers, "without it")
    check_ways(*peers)
    leave(peers)


def first_neighbor(make, peer):
    """Seconds from the start of a member to its first neighbour, who is there."""
    member = make(f"newcomer of {peer.name}", peer)
    took = member.wait("neighbor_up", 20)["at"]
    member.leave()
    return took


def far(world):
    """C and Rust are started in turn, with the id of one who is there."""
    place = Place(world)
    distant = world.network(Distant(RELAY, place.relay.port, FAR))
    place.relay.url = f"http://{RELAY}:{distant.port}"
    kinds = {"C": lambda name, peer: place.c("ben", peer), "Rust": place.rust}
    for there in (place.rust("rust"), place.c("ann")):
        there.wait("listening")
        took = {kind: [] for kind in kinds}
        for _ in range(TRIES):
            for kind, make in kinds.items():
                took[kind].append(round(first_neighbor(make, there), 2))
        print(f"first neighbour of those who come to {there.name} after, in s: {took}")
        best = {kind: min(times) for kind, times in took.items()}
        check(best["C"] <= min(FIRST_MAX, best["Rust"]), f"C is too late: {took}")
        there.leave()


def restarted(world, is_tls=False):
    """The relay is killed, everybody says something, and it comes back: all that was said is heard."""
    place = Place(world, is_tls)
    ann = place.c("ann")
    rusts = [place.rust("rust 0", ann)]
    ben = place.c("ben", rusts[0])
    rusts.append(place.rust("rust 1", ben))
    peers = [ann, ben, *rusts]
    joined(*peers)
    talk(peers, "before")
    place.relay.kill()
    for peer in peers:
        peer.send(f"meanwhile from {peer.name}")
    time.sleep(AWAY)
    place.relay.start()
    start = time.monotonic()
    for peer in peers:
        for other in peers:
            if other is not peer:
                peer.wait_message(f"meanwhile from {other.name}", BACK)
    print(f"all is heard {time.monotonic() - start:.1f} s after the relay is back")
    talk(peers, "after")
    downs = {peer.name: peer.of_kind("neighbor_down") for peer in (ann, ben)}
    check(not any(downs.values()), f"neighbours were lost: {downs}")
    leave(peers)


def meet_without(denied, place, *peers):
    """One stays alone, and is told why and by whom."""
    denied.wait_said(f"the relay {place.relay.url} does not serve: the relay denies access "
                     r"\(not authorized\)", 30)
    meet(*peers)
    check(not denied.of_kind("joined"), "who was denied has joined")


def with_token(world):
    place = Place(world, True, ['access.shared_token = ["open sesame"]'])
    ann = place.c("ann", query="?token=open%20sesame")
    ben = place.c("ben", ann)
    rust = place.rust("rust", ann, options=["--token", "open sesame"])
    meet_without(ben, place, ann, rust)


def on_a_list(world):
    keys = {name: ["--identity", str(world.path / name)] for name in ("ann", "rust")}
    listed = [world.run("id", *key).stdout.strip() for key in keys.values()]
    place = Place(world, True, [f"access.allowlist = {json.dumps(listed)}"])
    ann = place.c("ann", options=keys["ann"])
    ben = place.c("ben", ann)
    meet_without(ben, place, ann, place.rust("rust", ann, options=keys["rust"]))


def limited(world):
    """The relay reads more slowly than the members write: nothing is lost, and no link."""
    place = Place(world, True, [f"limits.client.rx.bytes_per_second = {LIMIT}",
                                f"limits.client.rx.max_burst_bytes = {LIMIT}"])
    ann = place.c("ann")
    peers = [ann, place.rust("rust", ann)]
    joined(*peers)
    start = time.monotonic()
    talk(peers, "x" * LENGTH, 60)
    took = time.monotonic() - start
    print(f"said in {took:.1f} s")
    check(took > LINES * LENGTH / LIMIT / 2, f"{took:.1f} s: there was no limit")
    check(not any(peer.of_kind("neighbor_down") for peer in peers), "the link was lost")
    leave(peers)


def home_of(peer):
    """The relay that the log says is its home."""
    return [line for line in peer.said if "relay_home" in line][-1].rsplit("=", 1)[1]


def home_lost(world, number=signal.SIGKILL):
    """Of two relays one is killed for good, or hangs: every pair goes on by the other one."""
    place = Place(world)
    relays = {relay.url: relay for relay in (place.relay, Server(world, host=RELAY))}
    options = [word for url in relays for word in ("--relay", url)][2:]
    ann = place.c("ann", options=options)
    ben = place.c("ben", ann, options=options)
    pub = world.peer("pub", "--relay", place.relay.url, *options, *knows([ann]), "--log", "info")
    peers = [ann, ben, pub]
    joined(*peers)
    talk(peers, "before")
    lost = home_of(ann)
    kept = next(url for url in relays if url != lost)
    relays[lost].process.send_signal(number)
    start = time.monotonic()
    talk(peers, "after", 10)
    print(f"every pair has talked {time.monotonic() - start:.1f} s after the end of the home relay")
    while any(home_of(peer) != kept for peer in peers):
        check(time.monotonic() - start < MOVED * harness.SLOW, "no other relay is home")
        time.sleep(0.1)
    for peer in peers:
        check(not peer.of_kind("neighbor_down"), f"{peer.name} has lost a neighbour")
    talk(peers, "later", 10)
    leave(peers)


def hears(peer, other, words):
    return any(text.startswith(words) and text.endswith(f" {other.name}") for text in peer.messages())


def home_lost_with_rust(world):
    """As before, with an iroh node. If that was home there, it needs 39 s to look for another one,
    and what it says meanwhile is lost.
    """
    place = Place(world)
    options = ["--relay", Server(world, host=RELAY).url]
    ann = place.c("ann", options=options)
    ben = place.c("ben", ann, options=options)
    cleo = place.rust("cleo", ann, options=options)
    peers = [ann, ben, cleo]
    joined(*peers)
    talk(peers, "before")
    place.relay.process.send_signal(signal.SIGKILL)
    start = time.monotonic()
    talk([ann, ben], "after", 10)
    number = 0
    while not all(hears(peer, other, "later") for peer in peers for other in peers if peer != other):
        check(time.monotonic() - start < IROH_MOVED * harness.SLOW, "a pair does not talk again")
        for peer in peers:
            peer.send(f"later {number} from {peer.name}")
        number += 1
        time.sleep(1)  # the pace of the talk
    print(f"every pair has talked {time.monotonic() - start:.1f} s after the end of a relay")
    leave(peers)


def home_hangs(world):
    home_lost(world, signal.SIGSTOP)


CASES = [
    ("relayed", "C and C", c_and_c, f"{LINES} lines each way, ids alone, nothing but the relay"),
    ("relayed", "1+1, C dials", c_dials, f"{LINES} lines each way, Rust without UDP"),
    ("relayed", "1+1, Rust dials", rust_dials, f"{LINES} lines each way, Rust without UDP"),
    ("relayed", "2+1, one C is public", public, f"{LINES} lines of each to all"),
    ("relayed", "2+2, one C leaves", hub_leaves,
     "whom all others were told of: they know each other by it"),
    ("relayed", "3+0, the home relay is gone", home_lost, "and the other one of two goes on"),
    ("relayed", "3+0, the home relay hangs", home_hangs, "without a word, and the other one goes on"),
    ("relayed", "2+1, a relay is gone", home_lost_with_rust, "and the other one of two goes on"),
    ("relayed", "far", far,
     f"the first neighbour at a relay {1000 * FAR:.0f} ms from everybody, C no later than Rust"),
    ("relayed", "2+2, the relay is killed", restarted, f"and is back after {AWAY} s"),
    ("relayed", "2+2 by https, the relay is killed", lambda world: restarted(world, True),
     f"and is back after {AWAY} s"),
    ("relayed", "with a token", with_token, "1+1 by https, and one without it"),
    ("relayed", "on a list", on_a_list, "1+1 by https, and one that is not on it"),
    ("relayed", "limited", limited, f"1+1 by https, {LIMIT} bytes a second of each"),
]
