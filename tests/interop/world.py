# SPDX-License-Identifier: MIT OR Apache-2.0
"""What the cases of this folder share: `dtt` and Rust processes side by side in one Scene.

Environment: DTT_RUST_PEER, the program that tests/interop/rust builds.
"""
import json
import os
import pathlib
import sys
import typing

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
import harness  # noqa: E402
import udp_relay  # noqa: E402
from harness import Failure, Skip, check  # noqa: E402,F401

RUST = os.environ.get("DTT_RUST_PEER", "build/rust/debug/dtt-interop")
RUST_OLD = RUST + "-old"
# The C side where `dtt pipe` has no option for it: peer.c.
PEER = str(pathlib.Path(harness.DTT).parent / "tests/interop/interop-peer")
QUIC = str(pathlib.Path(harness.DTT).parent / "tests/interop/interop-quic")
RECORDS = str(pathlib.Path(harness.DTT).parent / "examples/03_records")
# Where ./dev interop installs the npm package.
NODE_MODULES = os.environ.get("DTT_NODE_MODULES", "build/js/node_modules")

# A bootstrap address at which nobody is: for peers that are told of each other.
NO_DHT = ["127.0.0.1:9"]
BOOTSTRAP_NAMES = ("router.bittorrent.com dht.transmissionbt.com dht.libtorrent.org "
                   "relay.pkarr.org router.utorrent.com")


def hosts_file(addr):
    """The text of an /etc/hosts by which the names of the public bootstrap nodes lead to `addr`."""
    return f"127.0.0.1 localhost\n{addr} {BOOTSTRAP_NAMES}\n"


class Case(typing.NamedTuple):
    level: str
    name: str
    function: typing.Callable
    what: str
    is_waiting: bool = False  # for time to pass, with hardly any work to do


class Rust(harness.Process):
    """A Rust process that answers requests, one JSON object a line each way."""

    def _event(self, line):
        return {"event": "reply", **super()._event(line)}

    def wait_exit(self, within=15):
        """iroh takes its time to close when others have just gone."""
        return super().wait_exit(max(within, 60))

    def ask(self, **request):
        before = len(self.events)
        self.send(json.dumps(request))
        return self._find(self.events, lambda event: True, 60, f"reply to {request['do']}", before)


class World(harness.Scene):
    """A Scene with Rust in it. Peers have the same topic, secret and ways to be spoken to."""

    def __init__(self, name):
        super().__init__()
        self.topic = f"interop-{name}-{os.getpid()}".replace(" ", "-")
        self.bootstrap = NO_DHT
        self.networks = []  # closed after the processes

    def rust(self, name, verb, *arguments, inside=list):
        """`inside`: makes of a command one that runs elsewhere, as Host.inside of netlab.py."""
        command, *rest = inside([RUST, verb, *(str(word) for word in arguments)])
        process = Rust(self, name, rest, command)
        self.processes.append(process)
        return process

    def rust_old(self, name):
        """Records and slots of the 0.2 line, by request."""
        process = Rust(self, name, [], RUST_OLD)
        self.processes.append(process)
        return process

    def rust_peer(self, name, *options, topic=None):
        """A member of the swarm by iroh-gossip alone; tell it whom to dial with told()."""
        return self.rust(name, "gossip", topic or self.topic, "--listen", "127.0.0.1:0", *options)

    def quic(self, kind, name, alpn):
        """A bare QUIC endpoint, "C", "Rust" or "JS"."""
        options = ("--listen", "127.0.0.1:0", "--alpn", alpn)
        if kind == "Rust":
            return self.rust(name, "quic", *options)
        if kind == "C":
            return self.start(name, *options, command=QUIC)
        if not pathlib.Path(NODE_MODULES, "@number0/iroh").is_dir():
            raise Skip("the npm package @number0/iroh is not installed")
        self.environment["NODE_PATH"] = str(pathlib.Path(NODE_MODULES).resolve())
        return self.start(name, str(HERE / "js/quic.js"), *options, command="node")

    def relay(self, target, loss=0.0):
        return self.network(udp_relay.Relay(target, loss, os.environ.get("DTT_SEED", 0)))

    def network(self, made):
        self.networks.append(made)
        return made

    def close(self):
        super().close()
        for each in self.networks:
            each.close()

    def c_rooms(self, name, *options, secret=None):
        """A C node that is told which topics to join; see Room."""
        return self.start(name, "--listen", "127.0.0.1:0", "--secret-file", secret or self.secret,
                          *self.bootstrap_options(), *options, command=PEER)

    def rust_rooms(self, name, *options):
        """A Rust node by iroh-gossip alone that is told which topics to join; see Room."""
        return self.rust(name, "gossip", "--listen", "127.0.0.1:0", *options)

    def rust_tracker(self, name, *options, secret=None, topic=None):
        """A member of the swarm by distributed-topic-tracker: topic and secret, no more."""
        return self.rust(name, "tracker", topic or self.topic, "--listen", "127.0.0.1:0",
                         "--secret-file", secret or self.secret, *options)


class Room:
    """A topic of a process that is in several: speaks and hears there like a process in one."""

    def __init__(self, process, topic):
        self.process = process
        self.topic = topic
        self.name = process.name
        self.id = process.id

    def join(self, *peers):
        """Joins it, by way of these processes or rooms."""
        self.process.send(" ".join(["/join", self.topic, *told(*peers)[1::2]]))

    def leave(self):
        self.process.send(f"/leave {self.topic}")

    def send(self, text):
        self.process.send(f"/in {self.topic} {text}")

    def send_near(self, text):
        self.process.send(f"/near {self.topic} {text}")

    @property
    def addr(self):
        return self.process.addr

    def _is_here(self, event):
        """C nodes tell the topic's hash as "topic", and its name as "room"."""
        return event.get("room", event.get("topic")) == self.topic

    def of_kind(self, *kinds):
        return [event for event in self.process.of_kind(*kinds) if self._is_here(event)]

    def messages(self):
        return [event.get("text", event.get("base64")) for event in self.of_kind("message")]

    def wait(self, kind, within=30, where=lambda event: True):
        return self.process.wait(kind, within,
                                 lambda event: self._is_here(event) and where(event))

    def wait_message(self, text, within=30):
        return self.wait("message", within, lambda event: event.get("text") == text)

    def neighbors(self):
        return harness.neighbors_of(self.of_kind("neighbor_up", "neighbor_down"))


class Links:
    """The links among members of a swarm: `neighbors` gives the ids that each knows as its own."""

    def __init__(self, members, neighbors):
        ids = {member.id: member for member in members}
        known = {member: {ids[other] for other in neighbors(member) if other in ids}
                 for member in members}
        self.mutual = {member: {other for other in known[member] if member in known[other]}
                       for member in members}
        # Known at one end only.
        self.uneven = [(member, other) for member in members
                       for other in known[member] - self.mutual[member]]

    def is_one(self):
        """Whether the links that both ends know join everybody."""
        reached, todo = set(), list(self.mutual)[:1]
        while todo:
            member = todo.pop()
            if member not in reached:
                reached.add(member)
                todo += self.mutual[member]
        return len(reached) == len(self.mutual)


def told(*peers):
    """Options that tell a new peer where these ones are."""
    words = []
    for peer in peers:
        host, port = peer.addr
        words += ["--peer", f"{peer.id}@{host}:{port}"]
    return words
