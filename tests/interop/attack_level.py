# SPDX-License-Identifier: MIT OR Apache-2.0
"""A swarm of five C and five Rust members which an outsider wants to silence: who hears whom.

The outsider knows the topic's name and where the members are. It joins each with some identities
and passes nothing on (tests/attack/hostile.c).
"""
import pathlib
import time

from world import check, harness, told  # first: it knows where harness is
from tracker_level import meet

HOSTILE = str(pathlib.Path(harness.DTT).parent / "tests/attack/attack-hostile")
KINDS = ("dtt", "rust")
ROUNDS = 20  # a second each


def shares(peers, since):
    """Of what members of a kind should have heard of those of a kind, the share that arrived."""
    found = {}
    for kind in KINDS:
        for other in KINDS:
            hearers = [peer for peer in peers if peer.name.startswith(kind)]
            wanted = sum(ROUNDS for hearer in hearers for peer in peers
                         if peer is not hearer and peer.name.startswith(other))
            heard = sum(text.startswith(f"{since} of {other}")
                        for hearer in hearers for text in hearer.messages())
            found[kind, other] = heard / wanted
    return found


def talk(peers, words):
    for number in range(ROUNDS):
        for peer in peers:
            try:
                peer.send(f"{words} of {peer.name}, {number}")
            except BrokenPipeError:
                check(peer.name.startswith("rust"), f"{peer.name} has ended")
        time.sleep(1)
    for _ in range(100):  # what is late is not lost
        found = shares(peers, words)
        if min(found.values()) == 1:
            break
        time.sleep(0.1)
    return found


def silenced(world, count, *options):
    """C members hear each other; the figures of Rust members are told only."""
    peers = meet(world, KINDS * 5)
    hostile = world.start("hostile", "silence", "--topic", world.topic, "--count", count, *options,
                          *told(*peers)[1::2], command=HOSTILE)
    hostile.wait("begun", 60)
    found = talk(peers, "line")
    hostile.end_input()
    hostile.wait_exit(30)
    print("interop: attack: of the lines arrived, by hearer and speaker: " +
          ", ".join(f"{hearer} of {speaker} {share:.1%}"
                    for (hearer, speaker), share in found.items()) +
          f"; {sum(peer.popen.poll() is not None for peer in peers)} Rust members ended, told that they lag behind",
          flush=True)
    check(found["dtt", "dtt"] >= 0.99, f"C members hear {found['dtt', 'dtt']:.1%} of each other")


WHAT = "an outsider joins each of 5+5 members and passes nothing on: C members hear each other; "
CASES = [
    ("attack", f"silence, {count} identities{words}",
     lambda world, count=count, options=options: silenced(world, count, *options),
     WHAT + "Rust members as it may be")
    for count in (2, 6, 12) for words, options in (("", ()), (", garbage", ("--garbage",)))
]
