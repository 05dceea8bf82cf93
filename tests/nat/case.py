#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""One case in the laboratory of NATs; prints a line of JSON with what was measured.

usage: case.py pair LEFT RIGHT            two peers, the right one 3 s after the left one
       case.py reason LEFT RIGHT          two that cannot meet: seconds until each is told why; one whose
                                          home lets no UDP through is told that, the other nothing
       case.py swarm WAITS KIND...        one home after another; WAITS: seconds before each, such as
                                          0,3,45; the last one goes on
       case.py age LEFT RIGHT [COMMON]    they talk: the longest silence; COMMON is the kind of a third
                                          member that says nothing
       case.py opened KIND                a home that asks its router, then a newcomer behind prcone
       case.py lan KIND SAME              two hosts of one home, with nobody else in the world
       case.py standing COUNT             DHT datagrams of a member of a swarm of prcone homes
       case.py ways LEFT RIGHT            two with a relay, such as c:prcone rust:pub (ways.py)
options (last):
       --must SECONDS                     fails unless everybody has joined, or was told why not, by then
       --silent SECONDS                   of age: fails when somebody hears nothing for longer
       --talk SECONDS                     of age; default: 240
       --core WORDS                       of the line "core" (control.h); default: jitter=2
       --within SECONDS                   waits so long for a neighbour; default: 60
       --options WORDS                    more options of `dtt pipe`

Kinds of homes: kinds.py.
"""
import argparse
import contextlib
import json
import threading
import time

import lab
from harness import Failure, check

GAP = 3  # s between two peers that look for each other
STANDING = 180  # s that a swarm stands still
REASONS = ("both_vary", "port_varies", "other_family")


def joined_after(peer, within):
    """Seconds from its start to its first neighbour; None: it has none."""
    try:
        return peer.wait("joined", within)["at"]
    except Failure:
        return None


def round_up(seconds):
    return None if seconds is None else round(seconds, 2)


def is_heard(peer, text, within=10):
    try:
        return bool(peer.wait_message(text, within))
    except Failure:
        return False


def account(peer):
    """What a peer has said about its address and its dials."""
    failed = peer.of_kind("dial_failed")
    reasons = {" ".join(str(event[key]) for key in ("addr", "stage", "reason") if key in event)
               for event in failed}
    outside = [[event["addr"], round(event["at"], 2)] for event in peer.of_kind("external_addr")]
    return {"outside": outside, "dials_failed": len(failed), "reasons": sorted(reasons)[:6],
            "said": peer.said[-6:]}


def pair(scene, args):
    left, right = args.words
    with lab.Lab(scene, {"left": left, "right": right}, core=args.core) as net:
        first = net.peer("left", *args.options)
        time.sleep(GAP)  # what is measured begins when the other one is there
        second = net.peer("right", *args.options)
        ahead = second.started - first.started
        times = [joined_after(second, args.within), joined_after(first, args.within)]
        joined = None if None in times else max(times[0], times[1] - ahead)
        heard = False
        if joined is not None:
            first.send("from left")
            second.send("from right")
            heard = is_heard(second, "from left") and is_heard(first, "from right")
        return {"left": left, "right": right, "joined": round_up(joined), "heard": heard,
                "path": net.path("right") if heard else None,
                "of_left": account(first), "of_right": account(second)}


def told_why(peer, kind, within):
    """Seconds from its start until a peer says what stands between it and the other one, and what."""
    if kind == "block":
        peer.wait_said("UDP is blocked", within)
        return time.monotonic() - peer.started, "blocked"
    failure = peer.wait("dial_failed", within, where=lambda event: event["reason"] in REASONS)
    return failure["at"], failure["reason"]


def reason(scene, args):
    kinds = dict(zip(("left", "right"), args.words))
    with lab.Lab(scene, kinds, core=args.core) as net:
        peers = {"left": net.peer("left", *args.options)}
        time.sleep(GAP)
        peers["right"] = net.peer("right", *args.options)
        told = {}
        blocked = [name for name in kinds if kinds[name] == "block"]
        for name in blocked or kinds:
            seconds, why = told_why(peers[name], kinds[name], args.within)
            told[name] = (seconds - (peers["right"].started - peers[name].started), why)
        return {"left": args.words[0], "right": args.words[1],
                "told": [round_up(seconds) for seconds, _ in told.values()],
                "why": sorted({why for _, why in told.values()})}


def sleep_until(moment):
    time.sleep(max(0, moment - time.monotonic()))


def start_all(net, args, names, waits):
    """Peers of all homes, each some seconds after the one before."""
    peers, moment = [], time.monotonic()
    for i, name in enumerate(names):
        moment += waits[min(i, len(waits) - 1)]
        sleep_until(moment)
        peers.append(net.peer(name, *args.options))
    return peers


def everybody_joins(peers, within):
    deadline = time.monotonic() + within
    return [joined_after(peer, max(0.1, deadline - time.monotonic())) for peer in peers]


def swarm(scene, args):
    """After a while each says a line."""
    waits, kinds = [float(word) for word in args.words[0].split(",")], args.words[1:]
    names = [f"home{i}" for i in range(len(kinds))]
    with lab.Lab(scene, dict(zip(names, kinds)), core=args.core) as net:
        peers = start_all(net, args, names, waits)
        times = everybody_joins(peers, 3 * args.within)
        time.sleep(30)  # the swarm grows together
        for i, peer in enumerate(peers):
            peer.send(f"line of {i}")
        heard = []
        for i, peer in enumerate(peers):
            heard.append(sum(is_heard(peer, f"line of {j}", 10 if peer is peers[0] else 1)
                             for j in range(len(peers)) if j != i))
        return {"kinds": kinds, "waits": waits, "joined_each": [round_up(t) for t in times],
                "joined": None if None in times else round_up(max(times)),
                "last": round_up(times[-1]),
                "neighbors": [len(peer.neighbors()) for peer in peers],
                "dials_failed": [len(peer.of_kind("dial_failed")) for peer in peers],
                "lines_heard": heard}


class Speaker(threading.Thread):
    """Says a line each half second until it is told to end."""

    def __init__(self, peer):
        super().__init__(daemon=True)
        self.peer = peer
        self.is_over = threading.Event()
        self.start()

    def run(self):
        number = 0
        while not self.is_over.wait(0.5):
            number += 1
            self.peer.send(f"line {number} of {self.peer.name}")


def silences(listener, until):
    """The times without a line that were longer than 2 s, in s: [from, how long]."""
    times = [event["at"] for event in listener.of_kind("message")] + [until - listener.started]
    return [[round(a), round(b - a, 1)] for a, b in zip(times, times[1:]) if b - a > 2]


def age(scene, args):
    homes = dict(zip(("left", "right", "common"), args.words))
    left, right = args.words[:2]
    with lab.Lab(scene, homes, core=args.core) as net:
        peers = [net.peer(name, *args.options) for name in homes]
        times = everybody_joins(peers, args.within)
        if None in times:
            return {"left": left, "right": right, "joined": None}
        peers = peers[:2]
        speakers = [Speaker(peer) for peer in peers]
        time.sleep(args.talk)
        over = time.monotonic()
        for speaker in speakers:
            speaker.is_over.set()
            speaker.join()
        quiet = [silences(peer, over) for peer in peers]
        return {"left": left, "right": right, "joined": round_up(max(times)), "silences": quiet,
                "longest": max([seconds for each in quiet for _, seconds in each], default=0),
                "downs": [len(peer.of_kind("neighbor_down")) for peer in peers]}


def opened(scene, args):
    """Whether the home's router has opened a port, and how fast newcomers come in."""
    kind, = args.words
    with lab.Lab(scene, {"home": kind, "ann": "prcone", "bob": "prcone"}, core=args.core) as net:
        home = net.peer("home", *args.options)
        time.sleep(GAP)
        granted = net.has_granted("home")
        ann = net.peer("ann", *args.options)
        times = [joined_after(ann, args.within)]
        time.sleep(GAP)
        bob = net.peer("bob", *args.options)
        times.append(joined_after(bob, args.within))
        return {"kind": kind, "granted": granted, "newcomers": [round_up(t) for t in times],
                "joined": None if None in times else round_up(max(times)),
                "of_home": account(home)}


def lan(scene, args):
    """Nobody answers at the address of the DHT."""
    kind, other = args.words
    with lab.Lab(scene, {"left": kind, "right": other}, core=args.core, nodes=0,
                 is_wired=True) as net:
        nobody = [f"{lab.NET4[-1]}:9"]
        first = net.peer("left", *args.options, bootstrap=nobody)
        time.sleep(GAP)
        second = net.peer("right", *args.options, bootstrap=nobody)
        joined = joined_after(second, args.within)
        return {"left": kind, "right": other, "joined": round_up(joined),
                "path": net.path("right") if joined is not None else None}


def standing(scene, args):
    count, = args.words
    names = [f"home{i}" for i in range(int(count))]
    with lab.Lab(scene, dict.fromkeys(names, "prcone"), core=args.core) as net:
        peers = start_all(net, args, names, [0, 1])
        times = everybody_joins(peers, 3 * args.within)
        time.sleep(60)  # the swarm comes to rest
        before = {name: net.show(name) for name in names}
        time.sleep(STANDING)
        after = {name: net.show(name) for name in names}
        minutes = STANDING / 60
        rates = {what: round(sum(after[name][key] - before[name][key] for name in names for key in keys)
                             / len(names) / minutes, 1)
                 for what, keys in (("krpc_a_minute", ("krpc_sent", "krpc_received")),
                                    ("krpc_sent_a_minute", ("krpc_sent",)),
                                    ("packets_a_minute", ("sent", "received")))}
        return {"members": int(count), **rates,
                "joined": None if None in times else round_up(max(times))}


def ways(scene, args):
    import ways as cells  # it needs the Rust peers

    with contextlib.closing(cells.world.World("ways")) as world:
        world.processes = scene.processes
        return cells.measure(world, *args.words, args.core)


CASES = {"pair": pair, "reason": reason, "swarm": swarm, "age": age, "opened": opened, "lan": lan,
         "standing": standing, "ways": ways}


def arguments():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("case", choices=CASES)
    parser.add_argument("words", nargs="+")
    parser.add_argument("--must", type=float)
    parser.add_argument("--silent", type=float)
    parser.add_argument("--talk", type=float, default=240)
    parser.add_argument("--core", default="jitter=2")
    parser.add_argument("--within", type=float, default=60)
    parser.add_argument("--options", type=str.split, default=[])
    return parser.parse_args()


def test(scene, args):
    found = CASES[args.case](scene, args)
    print(json.dumps({"case": args.case, **found}), flush=True)
    if args.must is not None:
        after = max(found["told"]) if "told" in found else found["joined"]
        check(after is not None and after <= args.must * lab.harness.SLOW,
              f"joined, or told why not, after {after} s, not within {args.must} s")
        check(found.get("heard", True), "joined, and no line came through")
    if args.silent is not None:
        longest = found["longest"]
        check(longest <= args.silent * lab.harness.SLOW,
              f"heard nothing for {longest} s, not {args.silent} s at most")


if __name__ == "__main__":
    lab.run(test, arguments())
