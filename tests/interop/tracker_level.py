# SPDX-License-Identifier: MIT OR Apache-2.0
"""The whole system: distributed-topic-tracker and `dtt pipe` given a topic and a secret alone.

The DHT node on port 6881 stands where the names of the public bootstrap nodes lead. Addresses
travel in records (ours) and in pkarr packets under the endpoint id (both sides).
"""
import json
import time

import harness
from gossip_level import leave, settle
from world import RECORDS, Room, check

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


def five_and_five(world, first=None):
    """All at once, or one kind after the other; no C node joins later than the slowest Rust node
    of those that start with it.
    """
    if first is None:
        peers = meet(world, ("dtt", "rust") * 5)
        slowest = {kind: max(times(peers, kind)) for kind in ("dtt", "rust")}
        check(slowest["dtt"] <= slowest["rust"], f"slowest join: {slowest}")
    else:
        public_dht(world, 10, 10)
        start = {"dtt": world.peer, "rust": world.rust_tracker}
        peers = [start[first](f"{first}{i}") for i in range(5)]
        for peer in peers:
            peer.wait("joined", 120)
        second = "rust" if first == "dtt" else "dtt"
        peers += [start[second](f"{second}{i}") for i in range(5)]
        for peer in peers:
            peer.wait("joined", 120)
        settle(peers, 120)
        harness.everybody_talks(peers, "hello", 60)
    leave(peers)


def own_rotation(world):
    """Members whose rotation of the secret is the same meet; who has another stays alone."""
    public_dht(world, 10, 10)
    stranger = world.peer("stranger")
    rooms = []
    for i in range(2):
        rooms.append(Room(world.c_rooms(f"c{i}", "--rotation"), world.topic))
        rooms[-1].join()
        rooms.append(world.rust_tracker(f"rust{i}", "--rotation"))
    for room in rooms:
        room.wait("joined", 120)
    settle(rooms, 120)
    harness.everybody_talks(rooms, "hello", 60)
    stranger.must_not("joined", 5)


def closed_room(world):
    """The crate joins by the hash that `dtt topic` prints; who has another secret, or has it open, not."""
    public_dht(world, 10, 10)
    words = [world.topic, "--closed", "--secret-file", world.secret]
    topic = world.run("topic", *words).stdout.strip()
    peers = [world.peer("dtt0", "--closed"), world.rust_tracker("rust0", "--topic-hash", topic),
             world.peer("dtt1", "--closed"), world.rust_tracker("rust1", "--topic-hash", topic)]
    other = world.file("other", "another secret")
    strangers = [world.peer("open"), world.peer("other secret", "--closed", secret=other)]
    for peer in peers:
        peer.wait("joined", 120)
    settle(peers, 120)
    harness.everybody_talks(peers, "hello", 60)
    for stranger in strangers:
        stranger.must_not("joined", 2)
    leave(peers)


def by_address_packet(world, half):
    """Only one side can know where the other is: `half` is what the Rust side leaves out."""
    public_dht(world, 10, 10)
    peers = [world.peer("dtt"), world.rust_tracker("rust", half)]
    for peer in peers:
        peer.wait("joined", 120)
    settle(peers, 120)
    harness.everybody_talks(peers, "hello", 60)
    leave(peers)


def now():
    return int(time.time() // 60)


def old_slots(world):
    """A record of 0.2.8 is seen by C with --old-line only, and the reverse."""
    public_dht(world, 10, 10)
    old = world.rust_old("0.2.8")
    slot = {"topic": world.topic.encode().hex(), "secret": world.secret_text.encode().hex()}
    done = old.ask(do="publish", identity="11" * 32, minute=now(), **slot)
    check("error" not in done, f"0.2.8 cannot publish: {done}")
    publisher = old.ask(do="seal", identity="11" * 32, minute=now(), **slot)["publisher"]
    for options, wanted in (((), []), (("--old-line",), [publisher])):
        seen = world.run("lookup", world.topic, "--secret-file", world.secret, "--json",
                         "--listen", "127.0.0.1:0", *options, within=40)
        found = [json.loads(line) for line in seen.stdout.splitlines()]
        found = [event["publisher"] for event in found if event["event"] == "record"]
        check(found == wanted, f"dtt lookup {options}: {found}, not {wanted}: {seen.stderr}")
    apart = world.peer("apart")
    bridge = world.peer("bridge", "--old-line")
    for peer in (apart, bridge):
        peer.wait("published", 60)
    # What the old line dials: the bridge is there, the one without the option is not.
    deadline = time.monotonic() + 90 * harness.SLOW
    found = []
    while bridge.id not in found:
        check(time.monotonic() < deadline, f"0.2.8 does not see the bridge, only {found}")
        for minute in (now() - 1, now()):
            records = old.ask(do="read", minute=minute, **slot).get("records", [])
            found += [record["publisher"] for record in records]
    check(apart.id not in found, "0.2.8 sees who does not use its slots")
    # The bridge has read the record: it dials, in vain, as nobody lives there.
    bridge.wait("dial_failed", 60, lambda event: event["endpoint_id"] == publisher)


def bridge(world):
    """Seen from one node: a member of 0.3.5 in its swarm and the slots of 0.2.8."""
    public_dht(world, 10, 10)
    old = world.rust_old("0.2.8")
    slot = {"topic": world.topic.encode().hex(), "secret": world.secret_text.encode().hex()}
    peers = [world.peer("bridge", "--old-line"), world.rust_tracker("0.3.5")]
    for peer in peers:
        peer.wait("joined", 120)
    settle(peers, 120)
    harness.everybody_talks(peers, "hello", 60)
    # Its record names the neighbour of the new line to the old one.
    deadline = time.monotonic() + 150 * harness.SLOW
    while True:
        records = [record for minute in (now() - 1, now())
                   for record in old.ask(do="read", minute=minute, **slot).get("records", [])]
        if any(record["publisher"] == peers[0].id and peers[1].id in record["active_peers"]
               for record in records):
            break
        check(time.monotonic() < deadline, f"0.2.8 reads {records}")
        time.sleep(1)
    leave(peers)


def postcard(text):
    """As the Rust crate writes a string of less than 128 bytes into a record."""
    return chr(len(text)) + text


def own_records(world):
    """Records of an application's own: one side publishes, the other one reads, without gossip."""
    public_dht(world, 10, 10)
    rust = world.rust("rust", "publisher", world.topic, "--secret-file", world.secret)
    ours = [world.topic, world.secret_text, WELL_KNOWN]
    done = rust.ask(do="publish", minute=now(), text="of Rust")
    check("error" not in done, f"Rust cannot publish: {done}")
    c = world.start("c", *ours, command=RECORDS, is_text=True)
    c.send(postcard("of C"))
    check(c.wait_exit(60) == 0, f"the example ended with {c.popen.returncode}")
    printed = [event["text"] for event in c.of_kind("line")]
    wanted = f"{done['publisher'][:10]}: {postcard('of Rust')}"
    check(wanted in printed, f"C reads {printed}, not {wanted!r}")
    replies = [rust.ask(do="read", minute=minute) for minute in (now() - 1, now())]
    texts = [record["text"] for reply in replies for record in reply.get("records", [])]
    check(texts == ["of C"], f"Rust reads {replies}")


WHAT = "topic and secret only, "
CASES = [
    ("tracker", "1+1, C first", lambda world: one_after_the_other(world, "dtt", "rust"),
     WHAT + "DHT of 10+10 nodes"),
    ("tracker", "1+1, Rust first", lambda world: one_after_the_other(world, "rust", "dtt"),
     WHAT + "DHT of 10+10 nodes"),
    ("tracker", "1+1, DHT of C nodes", lambda world: pair(world, "dtt", "rust", 20, 0),
     WHAT + "both start at once"),
    ("tracker", "1+1, DHT of Rust nodes", lambda world: pair(world, "dtt", "rust", 0, 20),
     WHAT + "both start at once"),
    ("tracker", "5+5", five_and_five,
     WHAT + "all start at once; each C node joins before the slowest Rust node"),
    ("tracker", "5+5, C first", lambda world: five_and_five(world, "dtt"),
     WHAT + "the others come when they have joined"),
    ("tracker", "5+5, Rust first", lambda world: five_and_five(world, "rust"),
     WHAT + "the others come when they have joined"),
    ("tracker", "own rotation", own_rotation,
     "2+2 with the same rotation meet, one with the default stays alone"),
    ("tracker", "closed room", closed_room,
     "2+2 by name and secret, or by the hash; others with the name stay alone"),
    ("tracker", "pkarr, C resolves", lambda world: by_address_packet(world, "--no-resolve"),
     "Rust looks nobody up: C finds its packet and dials"),
    ("tracker", "pkarr, Rust resolves", lambda world: by_address_packet(world, "--no-publish"),
     "Rust publishes no address: it finds C's packet and dials"),
    ("tracker", "own records", own_records,
     "RecordPublisher and dtt_node_publish read each other's content"),
    ("tracker", "slots of 0.2.8", old_slots,
     "its record is found with --old-line and not without, and the reverse"),
    ("tracker", "bridge", bridge,
     "C with --old-line talks with 0.3.5 and tells 0.2.8 of it"),
]
