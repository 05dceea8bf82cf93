# SPDX-License-Identifier: MIT OR Apache-2.0
"""DHT: nodes of npm's bittorrent-dht and of libdtt in one network, and the answers of single nodes of
npm and of the crate mainline, as docs/compatibility-dht.md has them.
"""
import os
import pathlib
import sys

from world import HERE, NODE_MODULES, Rust, Skip, check
import dht_level

sys.path.insert(0, str(HERE.parent / "foreign"))
import cases  # noqa: E402
import filled  # noqa: E402
import krpc  # noqa: E402
import ours  # noqa: E402

LARGEST_SEQ = 2**53 - 1  # integers are doubles there


class Npm(Rust):
    """js/dht_nodes.mjs: the same requests and replies as a Rust process has."""


def npm_nodes(world, count, bootstrap=()):
    if not pathlib.Path(NODE_MODULES, "bittorrent-dht").is_dir():
        raise Skip("the npm package bittorrent-dht is not installed")
    world.environment["NODE_PATH"] = str(pathlib.Path(NODE_MODULES).resolve())
    npm = Npm(world, "npm", [str(HERE / "js/dht_nodes.mjs"), str(count), "127.0.0.1", *bootstrap],
              "node")
    world.processes.append(npm)
    npm.addrs = [ours.addr_of(addr) for addr in npm.wait("ready", 60)["addrs"]]
    return npm


def mutable(npm, dtt, salt):
    """Put by each, got by the other; then each replaces what the other has put."""
    key = krpc.Key(salt)
    asked = {"target": key.target.hex(), "salt": salt.decode()}
    put = npm.ask(do="put", node=1, seed=key.seed.hex(), salt=salt.decode(), seq=1, v="of npm")
    check(put["target"] == key.target.hex() and put["stored"] > 0, f"npm put: {put}")
    ours.check_is(dtt.get(key), [(b"of npm", 1)], "got by dtt")
    put = dtt.put(key, "of dtt", LARGEST_SEQ - 1, "--cas", 1, "--verify")
    check(put["acked"] > 0 and put["verified"] == put["acked"], f"put by dtt: {put}")
    got = npm.ask(do="get", node=2, **asked)
    ours.check_is((got["value"], got["seq"]), ("of dtt", LARGEST_SEQ - 1), "got by npm")
    npm.ask(do="put", node=3, seed=key.seed.hex(), salt=salt.decode(), seq=LARGEST_SEQ,
            cas=LARGEST_SEQ - 1, v="npm again")
    newest = max(dtt.get(key), key=lambda found: found[1])  # some nodes still hold an older one
    ours.check_is(newest, (b"npm again", LARGEST_SEQ), "got by dtt")


def immutable(npm, dtt):
    put = npm.ask(do="put", node=4, v="of npm")
    ours.check_is(dtt.get_immutable(bytes.fromhex(put["target"])), [b"of npm"], "got by dtt")
    target = dtt.put_immutable("x" * 996)["target"]
    ours.check_is(npm.ask(do="get", node=5, target=target)["value"], "x" * 996, "got by npm")


def peers(npm, dtt):
    """Announced by each, found by the other."""
    infohash = os.urandom(20)
    npm.ask(do="announce", node=6, infohash=infohash.hex(), port=4444)
    ours.check_is(dtt.peers(infohash), {("127.0.0.1", 4444)}, "found by dtt")
    infohash = os.urandom(20)
    done = dtt.announce(infohash, 4321)
    check(done["acked"] > 0, f"announced by dtt: {done}")
    found = npm.ask(do="peers", node=7, infohash=infohash.hex())
    ours.check_is(found["peers"], ["127.0.0.1:4321"], "found by npm")


def a_seq_they_cannot_read(dtt):
    """2^63-1 is no number there: nobody answers, and we do not claim that it was stored."""
    key = krpc.Key(b"slot")
    put = dtt.put(key, "value", krpc.SEQ_MAX, code=69)
    check(put["acked"] == 0, f"npm nodes said yes to seq 2^63-1: {put}")
    ours.check_is(dtt.get(key), [], "stored by npm nodes")


def on_npm_nodes(world):
    npm = npm_nodes(world, 30)
    dtt = ours.Dtt(world, [ours.text(addr) for addr in npm.addrs[:3]])
    mutable(npm, dtt, b"")
    mutable(npm, dtt, b"a salt")
    immutable(npm, dtt)
    peers(npm, dtt)
    a_seq_they_cannot_read(dtt)


def mixed(world):
    npm = npm_nodes(world, 15)
    nodes = ours.serve(world, 15, [ours.text(addr) for addr in npm.addrs[:4]])
    dtt = ours.Dtt(world, [ours.text(nodes[0].all_addrs[0]), ours.text(npm.addrs[9])])
    filled.wait(npm.addrs, 8)
    mutable(npm, dtt, b"")
    mutable(npm, dtt, b"a salt")
    immutable(npm, dtt)
    peers(npm, dtt)
    key = krpc.Key(b"slot")
    put = dtt.put(key, "value", krpc.SEQ_MAX, "--verify")
    check(put["acked"] == put["verified"] > 0, f"put by dtt, seq 2^63-1: {put}")
    ours.check_is(dtt.get(key), [(b"value", krpc.SEQ_MAX)], "got by dtt")


def single_answers(addr, column, without=()):
    node = cases.Node(addr, "127.0.0.1", "127.0.0.2")
    wrong = cases.differences(dict(cases.all_of(node, without)), column)
    node.close()
    check(not wrong, "; ".join(wrong))


def npm_answers(world):
    single_answers(npm_nodes(world, 1).addrs[0], "bittorrent-dht")


def mainline_answers(world):
    rust = world.rust("rust", "dht", "--nodes", 1)
    addr = ours.addr_of(dht_level.addr_of(rust)[0])
    single_answers(addr, "mainline", [cases.incomplete_puts])


WHAT = "mutable items with salt and without, immutable ones, peers: put by each, read by the other"

CASES = [
    ("DHT", "on npm nodes", on_npm_nodes, WHAT),
    ("DHT", "15+15 npm and C nodes", mixed, WHAT),
    ("DHT", "answers of npm", npm_answers, "to single queries, as documented"),
    ("DHT", "answers of mainline", mainline_answers, "to single queries, as documented"),
]
