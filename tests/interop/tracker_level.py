# SPDX-License-Identifier: MIT OR Apache-2.0
"""The whole system: distributed-topic-tracker and `dtt pipe` given a topic and a secret alone.

The DHT node on port 6881 stands where the names of the public bootstrap nodes lead. Addresses
travel in records (ours) and in pkarr packets under the endpoint id (both sides).
"""
import harness
from gossip_level import leave, settle
from world import check

WELL_KNOWN = "127.0.0.1:6881"


def public_dht(world, n_dtt, n_rust):
    """Storing nodes of both kinds, where everybody looks first."""
    rust_port = 6881 if n_dtt == 0 else 0
    if n_dtt:
        net = world.start("testnet", "testnet", "--json", "--nodes", n_dtt, "--listen", WELL_KNOWN)
        net.wait("ready", 60)
        nodes = ["--bootstrap", WELL_KNOWN]
    else:
        nodes = ["--listen", f"127.0.0.1:{rust_port}"]
    if n_rust:
        world.rust("dht", "dht", "--nodes", n_rust, *nodes).wait("ready", 60)
    world.bootstrap = []


def meet(world, kinds, n_dtt=10, n_rust=10, options=()):
    public_dht(world, n_dtt, n_rust)
    peers = []
    for i, kind in enumerate(kinds):
        start = world.peer if kind == "dtt" else world.rust_tracker
        peers.append(start(f"{kind}{i}", *(options if kind != "dtt" else ())))
    for peer in peers:
        peer.wait("joined", 120)
    settle(peers, 120)
    harness.everybody_talks(peers, "hello", 60)
    return peers


def times(peers, kind):
    return [peer.wait("joined")["at"] for peer in peers if peer.name.startswith(kind)]


def pair(world, first, second, *dht):
    peers = meet(world, (first, second), *dht)
    leave(peers)


def one_after_the_other(world, first, second):
    """The second starts when the first has long published its record."""
    public_dht(world, 10, 10)
    start = {"dtt": world.peer, "rust": world.rust_tracker}
    peers = [start[first](first)]
    if first == "dtt":
        peers[0].wait("published", 30)
    else:
        peers[0].must_not("joined", 8)
    peers.append(start[second](second))
    settle(peers, 120)
    harness.everybody_talks(peers, "hello", 60)
    leave(peers)


def many(world, n):
    """Of n and n that start at once, no C node joins later than the slowest Rust node."""
    peers = meet(world, ("dtt", "rust") * n)
    slowest = {kind: max(times(peers, kind)) for kind in ("dtt", "rust")}
    check(slowest["dtt"] <= slowest["rust"], f"slowest join: {slowest}")
    leave(peers)


CASES = [
    ("tracker", "1+1, C first", lambda world: one_after_the_other(world, "dtt", "rust"),
     "topic and secret only, DHT of 10+10 nodes"),
    ("tracker", "1+1, Rust first", lambda world: one_after_the_other(world, "rust", "dtt"),
     "topic and secret only, DHT of 10+10 nodes"),
    ("tracker", "1+1, DHT of C nodes", lambda world: pair(world, "dtt", "rust", 20, 0),
     "topic and secret only, both start at once"),
    ("tracker", "1+1, DHT of Rust nodes", lambda world: pair(world, "dtt", "rust", 0, 20),
     "topic and secret only, both start at once"),
    ("tracker", "5+5", lambda world: many(world, 5),
     "topic and secret only, all start at once; the slowest C node joins before the slowest Rust "
     "node"),
]
