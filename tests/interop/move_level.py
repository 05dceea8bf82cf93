# SPDX-License-Identifier: MIT OR Apache-2.0
"""A member moves under a live connection: the network of tests/e2e/moves.py, a C and a Rust node."""
import moves
from gossip_level import leave, settle
from world import check

PORT = 7100


def start(world, host, kind, *options):
    """`dtt pipe` or iroh-gossip on a host, told of its peers."""
    listen = ("--listen", f"0.0.0.0:{PORT}")
    if kind == "c":
        return host.peer("c", *listen, *options, "--log", "info", bootstrap=["10.3.0.200:9"])
    return world.rust("rust", "gossip", world.topic, *listen, *options, inside=host.inside)


def move(world, mover, dialler, change):
    net = world.network(moves.World(world, "4"))
    stayer = "rust" if mover == "c" else "c"
    where = {mover: (net.ann, net.ip_of("a", 1)), stayer: (net.cleo, net.ip_of("c", 9))}
    called = mover if dialler == stayer else stayer
    host, ip = where[called]
    peers = {called: start(world, host, called)}
    peers[dialler] = start(world, where[dialler][0], dialler, "--peer",
                           f"{peers[called].id}@{ip}:{PORT}")
    settle(list(peers.values()))
    # A Rust client hears its server at one address only, so C dials, and iroh-gossip speaks there from
    # then on, but says nothing again. A C client follows its server, with all that was said.
    is_lossy = (mover, dialler) == ("c", "rust")
    moves.talk_meanwhile(getattr(net, change), list(peers.values()),
                         peers["rust"] if is_lossy else None)
    downs = peers["c"].of_kind("neighbor_down")
    check(not downs, f"C lost its neighbour: {downs}")
    leave(list(peers.values()))


KINDS = {"c": "C", "rust": "Rust"}
CHANGES = {"add_then_del": "another address", "other_interface": "another network"}
CASES = [("move", f"{KINDS[mover]} moves to {what}, {KINDS[dialler]} dialled",
          lambda world, mover=mover, dialler=dialler, change=change:
          move(world, mover, dialler, change),
          "40 lines each way, 3 s of silence at most" +
          (", what Rust says meanwhile is lost" if (mover, dialler) == ("c", "rust") else ""))
         for mover in KINDS for dialler in KINDS for change, what in CHANGES.items()]
