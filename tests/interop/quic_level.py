# SPDX-License-Identifier: MIT OR Apache-2.0
"""QUIC: bare endpoints, src/quic against iroh as a Rust crate and as iroh's npm package."""
import collections
import time

from world import check

PAIRS = [("C", "Rust"), ("Rust", "C"), ("C", "JS"), ("JS", "C")]
ALPN = "dtt-interop/1"


def dial(dialler, peer_id, addr):
    dialler.send(f"/dial {peer_id}@{addr[0]}:{addr[1]}")


def connect(world, dialling, listening, between=None):
    """Two endpoints and a connection; `between` may put a relay there. Returns both and it."""
    listener = world.quic(listening, f"{listening} listens", ALPN)
    dialler = world.quic(dialling, f"{dialling} dials", ALPN)
    way = between(listener.addr) if between else None
    dial(dialler, listener.id, way.addr if way else listener.addr)
    for one, other, is_dialler in ((dialler, listener, True), (listener, dialler, False)):
        seen = one.wait("connected", 60)
        check(seen["endpoint_id"] == other.id and seen["dialed"] == is_dialler, f"{seen}")
    return dialler, listener, way


def send(speaker, hearer, count, size, within=60):
    """Streams of a size from one to the other: each arrives once and whole."""
    old = len(hearer.of_kind("stream"))
    first = getattr(speaker, "n_streams", 0)
    speaker.n_streams = first + count
    speaker.send(f"/send {count} {size}")
    hearer.wait_count("stream", old + count, within)
    seen = hearer.of_kind("stream")[old:]
    check(all(event["whole"] and event["bytes"] == size for event in seen),
          f"{hearer.name}: a stream of {size} bytes came damaged")
    wanted = collections.Counter(n % 251 for n in range(first, first + count))
    check(collections.Counter(event["n"] for event in seen) == wanted,
          f"{hearer.name}: not each of {count} streams once")


def both_ways(peers, count, size, within=60):
    send(*peers, count, size, within)
    send(*peers[::-1], count, size, within)


def streams(world, dialling, listening):
    dialler, listener, _ = connect(world, dialling, listening)
    peers = dialler, listener
    both_ways(peers, 1, 1)
    both_ways(peers, 150, 100)  # each side grants 100 at first
    # Above the windows of stream and connection; the npm package is slow with bytes.
    both_ways(peers, 3, 600_000 if "JS" in (dialling, listening) else 3_000_000)
    iroh = next(peer for peer in peers if not peer.name.startswith("C "))
    iroh.send("/bidi")
    refused = iroh.wait("bidi", 20)
    check(refused["stopped"] == 0, f"a bidirectional stream: {refused}")
    both_ways(peers, 1, 1000)
    dialler.send("/close")
    closed = listener.wait("closed", 20)
    if listening == "C":
        check(closed["reason"] == "closed_by_peer", f"{closed}")
    else:
        check("enough" in closed["reason"] and closed.get("code", 7) == 7, f"{closed}")


def refused(world, dialling, listening, dialler_alpn, wrong_id):
    """The dialler is told why, the listener has no connection, and goes on: the next dial works."""
    listener = world.quic(listening, f"{listening} listens", ALPN)
    dialler = world.quic(dialling, f"{dialling} dials", dialler_alpn)
    peer_id = dialler.id
    if wrong_id:
        peer_id = world.quic("C", "somebody else", ALPN).id
    else:
        peer_id = listener.id
    dial(dialler, peer_id, listener.addr)
    told = dialler.wait("closed", 30)
    check(not told["connected"], f"{told}")
    if dialling == "C":
        wanted = "wrong_key" if wrong_id else "wrong_alpn"
        check(told["reason"] == wanted, f"{told}, not {wanted}")
    third = world.quic(dialling, "the next", ALPN)
    dial(third, listener.id, listener.addr)
    third.wait("connected", 30)
    listener.wait("connected", 30)
    check([event["endpoint_id"] for event in listener.of_kind("connected")] == [third.id],
          "the listener took the wrong one for a connection")
    both_ways((third, listener), 1, 100)


def idle(world):
    """All pairs at once: 100 seconds without a word, then a word."""
    pairs = [connect(world, *pair)[:2] for pair in PAIRS]
    for dialler, listener in pairs:
        both_ways((dialler, listener), 1, 100)
    time.sleep(100)
    for dialler, listener in pairs:
        for peer in (dialler, listener):
            check(not peer.of_kind("closed"), f"{peer.name}: {peer.of_kind('closed')}")
        both_ways((dialler, listener), 1, 100)


def loss(world, dialling, listening):
    dialler, listener, way = connect(world, dialling, listening, lambda addr: world.relay(addr, 0.1))
    both_ways((dialler, listener), 50, 20_000, 180)
    check(way.lost > 50, f"only {way.lost} datagrams were lost")
    check(not dialler.of_kind("closed") + listener.of_kind("closed"), "a connection was lost")


def rebinding(world, dialling, listening):
    """The dialler's address changes under the connection, three times."""
    dialler, listener, way = connect(world, dialling, listening, world.relay)
    peers = dialler, listener
    both_ways(peers, 1, 1000)
    for _ in range(3):
        way.rebind()
        # The listener cannot know where the dialler is before he says something.
        both_ways(peers, 3, 20_000)
    check(not dialler.of_kind("closed") + listener.of_kind("closed"), "a connection was lost")
    if listening == "C":
        check(len({event["addr"] for event in listener.of_kind("migrated")}) == 3,
              f"{listener.of_kind('migrated')}")


def for_each_pair(name, function, what):
    return [("QUIC", f"{name}, {dialling} dials {listening}",
             lambda world, d=dialling, li=listening: function(world, d, li), what)
            for dialling, listening in PAIRS]


def wrong_key(world, dialling, listening):
    refused(world, dialling, listening, ALPN, True)


def wrong_alpn(world, dialling, listening):
    refused(world, dialling, listening, "something else/1", False)


CASES = [
    *for_each_pair("streams", streams, "150 small ones and 3 large ones each way, a bidirectional "
                   "one refused, closed with a code"),
    *for_each_pair("wrong key", wrong_key, "refused, said so, the next dial works"),
    *for_each_pair("wrong ALPN", wrong_alpn, "refused, said so, the next dial works"),
    *for_each_pair("10 % loss", loss, "handshake and 50 streams of 20 kB each way"),
    *for_each_pair("rebinding", rebinding, "the dialler's port changes three times"),
    ("QUIC", "idle", idle, "C and Rust, C and JS, each dialling: 100 s of silence, all stay", True),
]
