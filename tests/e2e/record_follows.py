#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The address of a host changes again and again: a lookup soon finds the new one in its record.

    ann, bob, reader, the DHT: on one switch
"""
import json
import sys
import time

import netlab
from harness import SLOW, Failure, check

SOON = 5  # seconds from the change until a lookup has told the new address
CHANGES = 5


def newest(scene, host, peer, bootstrap):
    """The IPs in the peer's newest record: of the last minute, and the last that is told of it."""
    contacts = [word for addr in bootstrap for word in ("--bootstrap", addr)]
    done = host.run(netlab.DTT, "lookup", scene.topic, "--json", "--secret-file", scene.secret,
                    *contacts)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    found = [e for e in events if e.get("publisher") == peer.id]
    minute = max((e["minute"] for e in found), default=None)
    last = [e for e in found if e["minute"] == minute]
    return [addr.rsplit(":", 1)[0] for addr in last[-1]["addrs"]] if last else []


def seconds_until(scene, reader, peer, bootstrap, wanted, unwanted):
    start = time.monotonic()
    told = []
    while time.monotonic() - start < 30 * SLOW:
        told = newest(scene, reader, peer, bootstrap)
        if wanted in told and unwanted not in told:
            return time.monotonic() - start
    raise Failure(f"the record of {peer.name} tells {told}, not {wanted}")


def test(scene, change, company):
    lan = netlab.Switch("lan")
    ann, bob, reader, router = (netlab.Host(scene, n) for n in ("ann", "bob", "reader", "router"))
    for number, host in ((1, ann), (2, bob), (3, reader), (254, router)):
        lan.plug(host, "e0", f"10.1.0.{number}/24")
        host.sysctl("net.ipv4.conf.e0.promote_secondaries", 1)
    net = router.testnet("10.1.0.254:7001")
    peers = [ann.peer("ann", "--log", "info", bootstrap=net)]
    if company == "joined":
        peers.append(bob.peer("bob", bootstrap=net))
        for peer in peers:
            peer.wait("joined", 20)
    peers[0].wait("published", 60)
    slowest = 0
    for number in range(CHANGES):
        old, new = (f"10.1.0.{10 + number + i}" if number + i else "10.1.0.1" for i in (0, 1))
        lines = [f"addr del {old}/24 dev e0", f"addr add {new}/24 dev e0"]
        ann.ip(*(lines if change == "del_then_add" else reversed(lines)))
        took = seconds_until(scene, reader, peers[0], net, new, old)
        print(f"{change}, {company}: {new} after {took:.1f} s")
        slowest = max(slowest, took)
    check(slowest <= SOON * SLOW, f"the record followed after {slowest:.1f} s only")
    for peer in peers:
        peer.leave()


netlab.run(test, *sys.argv[1:])
