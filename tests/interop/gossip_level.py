# SPDX-License-Identifier: MIT OR Apache-2.0
"""QUIC and gossip: `dtt pipe` and iroh-gossip peers that are told of each other."""
import json
import os
import pathlib
import time

import harness
import machine
from world import Links, Room, check, told

UNEVEN = 10  # seconds
LARGEST = 4057  # bytes of content that fit a frame of iroh-gossip


def both_heard(peers, words):
    harness.everybody_talks(peers, words, 60)


def settle(peers, within=60):
    """Waits until links that are known at both ends join all `peers` into one swarm.

    Gossip gives nobody what was said before a link to him was up, so a test must not speak sooner.
    Two Rust nodes may stay of different opinion about a link: that is waited for a moment only.
    """
    start = time.monotonic()
    while True:
        links = Links(peers, lambda peer: peer.neighbors())
        waited = time.monotonic() - start
        if links.is_one() and (not links.uneven or waited > UNEVEN):
            return
        check(waited < within * harness.SLOW, f"not one swarm within {within * harness.SLOW:.0f} s")
        time.sleep(0.05)


def leave(peers):
    for peer in peers:
        peer.leave()


def dtt_dials(world):
    rust = world.rust_peer("rust")
    peers = [rust, world.peer("dtt", *told(rust))]
    settle(peers)
    both_heard(peers, "hello")
    leave(peers)


def rust_dials(world):
    dtt = world.peer("dtt")
    peers = [dtt, world.rust_peer("rust", *told(dtt))]
    settle(peers)
    both_heard(peers, "hello")
    leave(peers[::-1])


def start(world, kind, name, *options):
    """A peer of a kind; one started again under its name is the same endpoint, elsewhere."""
    key = world.path / f"{name}.key"
    if not key.exists():
        world.file(key.name, os.urandom(32))
    begin = world.peer if kind == "dtt" else world.rust_peer
    return begin(name, "--identity", str(key), *options)


def grow(world, n):
    """n peers of each kind; each newcomer is told of the one before, which is of the other kind."""
    peers = []
    for i in range(n):
        for kind in ("dtt", "rust"):
            peers.append(start(world, kind, f"{kind}{i}", *(told(peers[-1]) if peers else ())))
    settle(peers)
    return peers


def swarm(world, n):
    peers = grow(world, n)
    both_heard(peers, "first")
    both_heard(peers[::-1], "second")
    leave(peers)


def sizes(world):
    """Up to the largest message that a frame holds, both ways; one byte more is refused by dtt."""
    rust = world.rust_peer("rust")
    dtt = world.peer("dtt", *told(rust))
    settle([rust, dtt])
    for size in (1, 127, 128, 1200, 4000, LARGEST - 1, LARGEST):
        for speaker, hearer, letter in ((rust, dtt, "r"), (dtt, rust, "d")):
            text = letter * size
            speaker.send(text)
            hearer.wait_message(text)
    dtt.send("d" * (LARGEST + 1))
    dtt.wait_said("not sent")
    both_heard([rust, dtt], "after that")
    rust.leave()
    dtt.leave(wanted=65)  # it was given a line that is too long


MUTE = 200  # seconds: two periods of shuffles after the one that is under way, and a dial


def mute(world):
    """One byte too many, which the interface of iroh-gossip takes, and its node says nothing any more
    to the neighbours that it has. A new connection heals it."""
    rust = world.rust_peer("rust")
    dtt = world.peer("dtt", *told(rust))
    settle([rust, dtt])
    rust.send("r" * (LARGEST + 1))
    rust.send("not heard")
    down = dtt.wait("neighbor_down", MUTE)
    check(down["reason"] == "mute", f"{down}, not mute")
    check("not heard" not in dtt.messages(), "Rust can speak: there is nothing to heal")
    dtt.wait("neighbor_up", 30, since=dtt.events.index(down))
    settle([rust, dtt])
    both_heard([rust, dtt], "healed")
    leave([rust, dtt])


def quiet(world):
    """Nobody has anything to say for longer than a mute neighbour is given: nobody is taken for mute,
    neither a leaf nor a neighbour of several."""
    hub = world.rust_peer("hub")
    peers = [hub, *(world.peer(f"dtt {i}", *told(hub)) for i in range(3)),
             *(world.rust_peer(f"rust {i}", *told(hub)) for i in range(2))]
    leaf = world.rust_peer("leaf", topic=world.topic + " alone")
    alone = world.peer("dtt alone", *told(leaf), topic=world.topic + " alone")
    settle(peers)
    settle([leaf, alone])
    time.sleep(MUTE + 50)
    for peer in [*peers, alone]:
        downs = [event["reason"] for event in peer.of_kind("neighbor_down") if "reason" in event]
        check("mute" not in downs, f"{peer.name}: {downs}")
    both_heard(peers, "after a while")
    both_heard([leaf, alone], "after a while")
    leave([*peers, leaf, alone])


def many(world):
    """A thousand messages each way: none is lost, none comes twice."""
    rust = world.rust_peer("rust")
    dtt = world.peer("dtt", *told(rust))
    settle([rust, dtt])
    for speaker, hearer in ((rust, dtt), (dtt, rust)):
        for i in range(1000):
            speaker.send(f"{speaker.name} {i}")
            # A reader of iroh-gossip loses what comes in while it is 256 events behind.
            if i % 100 == 99:
                hearer.wait_message(f"{speaker.name} {i}", 60)
        heard = [text for text in hearer.messages() if text.startswith(speaker.name + " ")]
        check(heard == [f"{speaker.name} {i}" for i in range(1000)],
              f"{hearer.name}: {len(heard)} of 1000, {len(set(heard))} distinct")
    leave([rust, dtt])


def rooms_of(world, topic, *names):
    """Nodes of both kinds, by their names, each told of those before it."""
    rooms = []
    for name in names:
        start = world.rust_rooms if name.startswith("rust") else world.c_rooms
        rooms.append(Room(start(name), topic))
        rooms[-1].join(*rooms[:-1])
    settle(rooms)
    return rooms


def near(world):
    """A message to neighbours only is heard by the neighbour, also when it is said again."""
    c, rust = rooms_of(world, "near", "c", "rust")
    for speaker, hearer in ((c, rust), (rust, c)):
        for _ in range(2):
            speaker.send_near(f"by {speaker.name}")
        speaker.send(f"that was {speaker.name}")
        hearer.wait_message(f"that was {speaker.name}")
        heard = hearer.messages().count(f"by {speaker.name}")
        check(heard == 2, f"{hearer.name} heard {heard} of 2")
    leave([c.process, rust.process])


def say_all(speakers, texts):
    for number, text in enumerate(texts):
        speakers[number % len(speakers)].send(text)


def wait_all(peers, texts, speakers=()):
    for peer in peers:
        own = texts[speakers.index(peer)::len(speakers)] if peer in speakers else []
        for text in texts:
            if text not in own:
                peer.wait_message(text, 60)


def none_twice(peers):
    for peer in peers:
        heard = peer.messages()
        check(len(heard) == len(set(heard)), f"{peer.name} heard something twice")


def latecomer(world):
    """256 messages, and then a newcomer of Rust: it grafts what was announced to it, each once."""
    peers = grow(world, 2)
    texts = [f"word {number}" for number in range(256)]
    say_all(peers, texts)
    wait_all(peers, texts, peers)
    peers.append(start(world, "rust", "late", *told(peers[0]), *told(peers[1])))
    settle(peers)
    wait_all(peers[-1:], texts)
    both_heard(peers, "after that")
    none_twice(peers)
    leave(peers)


def away(world):
    """Two minutes of messages for newcomers of ours, thirty seconds for those of Rust. Members of Rust
    know an id for 90 s, and must not be told of what they may have forgotten, whoever comes."""
    peers = grow(world, 2)
    begin = time.monotonic()
    old = [f"old {number}" for number in range(100)]
    say_all(peers, old)
    wait_all(peers, old, peers)
    time.sleep(max(0, begin + 50 - time.monotonic()))
    young = [f"young {number}" for number in range(50)]
    say_all(peers, young)
    wait_all(peers, young, peers)
    dtt = start(world, "dtt", "late dtt", *told(peers[0]), *told(peers[1]))
    rust = start(world, "rust", "late rust", *told(peers[0]), *told(peers[1]))
    settle([*peers, dtt, rust])
    wait_all([dtt], old + young)
    wait_all([rust], young)
    time.sleep(max(0, begin + 100 - time.monotonic()))
    later = [start(world, "dtt", f"later {i}", *told(peers[2 * i + 1]), *told(dtt))
             for i in range(2)]
    settle([*peers, dtt, rust, *later])
    wait_all(later, old + young)
    both_heard([*peers, dtt, rust, *later], "after that")
    none_twice([*peers, dtt, rust, *later])
    check(not set(old) & set(rust.messages()), "Rust was told of what others may have forgotten")
    leave([*peers, dtt, rust, *later])


def several_topics(world):
    """Three topics over the connections of the same nodes; one of them is left and joined anew."""
    names = ("c0", "rust0", "c1", "rust1")
    first = rooms_of(world, "a", *names)
    topics = {"a": first}
    for topic in ("b", "c"):
        rooms = [Room(room.process, topic) for room in first]
        for i, room in enumerate(rooms):
            room.join(*rooms[:i])
        settle(rooms)
        topics[topic] = rooms
    for topic, rooms in topics.items():
        both_heard(rooms, f"in {topic}")
    for i in range(2):
        topics["b"][i].leave()
        topics["b"][i].wait("left")
    settle(topics["b"][2:])
    for topic, rooms in topics.items():
        both_heard(rooms[2:] if topic == "b" else rooms, f"without b, in {topic}")
    for i in range(2):
        topics["b"][i].join(*topics["b"][2:])
    for topic, rooms in topics.items():
        settle(rooms)
        both_heard(rooms, f"with b again, in {topic}")
    for topic, rooms in topics.items():
        for room in rooms:
            strange = [text for text in room.messages() if f"in {topic} " not in text]
            check(not strange, f"{room.name} heard in {topic}: {strange}")
    leave([room.process for room in first])


def kill(peers):
    for peer in peers:
        peer.kill()
    for peer in peers:
        peer.wait_exit()


def churn(world, kind):
    """Two of the three peers of a kind are killed. One comes back at another port while others
    still take it to be there, and a new one comes: all who are there hear each other.
    """
    peers = grow(world, 3)
    both_heard(peers, "before")
    gone = [peer for peer in peers if peer.name.startswith(kind)][:2]
    kill(gone)
    peers = [peer for peer in peers if peer not in gone]
    for name in (gone[0].name, f"new {kind}"):
        peers.append(start(world, kind, name, *told(*peers)))
    check(peers[-2].id == gone[0].id, "it came back as somebody else")
    settle(peers)
    both_heard(peers, "after")
    leave(peers)


def refill(world, alone, others):
    """One among eight of the other kind. When all its neighbours are killed at once it knows more
    peers, by the others' forward joins and shuffles, and is in a swarm with them.
    """
    crowd = []
    for i in range(8):
        crowd.append(start(world, others, f"{others}{i}", *(told(crowd[-1]) if crowd else ())))
    one = start(world, alone, alone, *told(crowd[0]))
    settle([one, *crowd])
    time.sleep(125)  # everybody has shuffled twice
    victims = [peer for peer in crowd if peer.id in one.neighbors()]
    left = [peer for peer in crowd if peer not in victims]
    check(victims and left, f"{len(victims)} of {len(crowd)} are neighbours")
    kill(victims)
    deadline = time.monotonic() + 90 * harness.SLOW  # a dead neighbour is missed after 30 s
    while not any(one in Links([one, peer], lambda each: each.neighbors()).mutual[peer]
                  for peer in left):
        check(time.monotonic() < deadline, f"{one.name} stays alone")
        time.sleep(0.2)
    friends = [peer for peer in left if peer.id in one.neighbors()]
    one.send("somebody there?")
    friends[0].wait_message("somebody there?", 30)
    friends[0].send("yes")
    one.wait_message("yes", 30)


def wrong_id(world, dialler):
    """At the address is somebody else than named: no neighbour, and the dtt side tells why."""
    stranger = world.peer("stranger")
    if dialler == "dtt":
        target = world.rust_peer("rust")
        host, port = target.addr
        dtt = world.peer("dtt", "--peer", f"{stranger.id}@{host}:{port}")
        dtt.wait("dial_failed", 60)
        dtt.must_not("neighbor_up", 1)
    else:
        target = world.peer("dtt")
        host, port = target.addr
        rust = world.rust_peer("rust", "--peer", f"{stranger.id}@{host}:{port}")
        rust.must_not("neighbor_up", 5)
    check(not target.of_kind("neighbor_up"), "the target saw a neighbour")


def frames_of(world):
    """Each distinct message of the scripted conversation of Rust state machines."""
    rust = world.rust("rust", "frames")
    check(rust.wait_exit(60) == 0, "dtt-interop frames failed")
    return list(dict.fromkeys(event["payload"] for event in rust.events))


def steps_of(world):
    return machine.play(world.rust("rust", "machine"))


# What the crate says, by the file of tests/vectors/rust that keeps it.
KEPT = {
    "gossip.json": ("payloads", frames_of, "what its state machines say while nine join, talk, "
                    "shuffle and leave."),
    "gossip-machine.json": ("steps", steps_of, "what comes in and goes out of one state machine, "
                            "by the script of machine.py."),
}


def write_fixtures(world):
    for name, (member, made_by, about) in KEPT.items():
        text = json.dumps({"about": f"Made by iroh-gossip 0.101.0 through tests/interop: {about}",
                           member: made_by(world)}, indent=1)
        pathlib.Path("tests/vectors/rust", name).write_text(text + "\n")


def is_kept(world, name):
    """What the unit tests hold us to is what the crate still says."""
    member, made_by, _ = KEPT[name]
    kept = json.loads(pathlib.Path("tests/vectors/rust", name).read_text())[member]
    check(kept == made_by(world), f"tests/vectors/rust/{name} is not what the crate says")


CASES = [
    ("gossip", "frames", lambda world: is_kept(world, "gossip.json"),
     "each message of a scripted swarm of Rust state machines: the fixtures of the unit test"),
    ("gossip", "state machine", lambda world: is_kept(world, "gossip-machine.json"),
     "what goes out of one for a script of inputs: the fixtures of the unit test"),
    ("gossip", "1+1, C dials", dtt_dials, "one message each way, orderly leave"),
    ("gossip", "1+1, Rust dials", rust_dials, "one message each way, orderly leave"),
    ("gossip", "sizes", sizes, "1 to 4057 bytes each way, 4058 refused"),
    ("gossip", "mute", mute, "4058 bytes of Rust silence it; a new connection heals it", True),
    ("gossip", "quiet", quiet, "four minutes without a word: nobody is taken for mute", True),
    ("gossip", "1,000 messages", many, "each way at full speed, none lost or doubled"),
    ("gossip", "neighbour scope", near, "each way, and twice the same"),
    ("gossip", "several topics", several_topics, "2+2 nodes, three topics; one is left by a node "
     "of each kind and joined again"),
    ("gossip", "late Rust", latecomer, "256 messages before it came, each once"),
    ("gossip", "away", away, "two minutes of messages for C newcomers, 30 s for Rust ones, none twice",
     True),
    ("gossip", "3+3", lambda world: swarm(world, 3), "every message reaches everybody"),
    ("gossip", "10+10", lambda world: swarm(world, 10), "every message reaches everybody"),
    ("gossip", "3+3, two C killed", lambda world: churn(world, "dtt"),
     "one comes back elsewhere, one is new"),
    ("gossip", "3+3, two Rust killed", lambda world: churn(world, "rust"),
     "one comes back elsewhere, one is new"),
    ("gossip", "C among Rust", lambda world: refill(world, "dtt", "rust"),
     "all its neighbours are killed: forward joins and shuffles have told it of others", True),
    ("gossip", "Rust among C", lambda world: refill(world, "rust", "dtt"),
     "all its neighbours are killed: forward joins and shuffles have told it of others", True),
    ("gossip", "wrong id, C dials", lambda world: wrong_id(world, "dtt"), "refused, and said so"),
    ("gossip", "wrong id, Rust dials", lambda world: wrong_id(world, "rust"), "refused"),
]
