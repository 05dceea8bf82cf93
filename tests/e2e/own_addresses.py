#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""A host with many addresses tells those at which others find it.

    ann -- lan switch -- bob        ann and bob: ten interfaces for containers each, older than e0
               |
             router
"""
import json

import netlab
from harness import check

CONTAINERS = 10


def with_containers(host):
    for i in range(CONTAINERS):
        host.ip(f"link add d{i} type veth peer name q{i}", f"link set q{i} up", f"link set d{i} up",
                f"addr add 172.{17 + i}.0.1/16 dev d{i}")


def told(scene, host, peer, bootstrap):
    """The IPs in the peer's record, in their order."""
    contacts = [word for addr in bootstrap for word in ("--bootstrap", addr)]
    done = host.run(netlab.DTT, "lookup", scene.topic, "--json", "--secret-file", scene.secret,
                    *contacts)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    records = [event for event in events if event.get("publisher") == peer.id]
    if records:
        newest = max(records, key=lambda event: event["minute"])
        return [addr.rsplit(":", 1)[0].strip("[]") for addr in newest["addrs"]]
    raise netlab.harness.Failure(f"no record of {peer.name}: {done.stdout}{done.stderr}")


def meet(scene, ann, bob, bootstrap, *wanted):
    first = ann.peer("ann", bootstrap=bootstrap)
    first.wait("published", 60)
    addrs = told(scene, bob, first, bootstrap)
    for addr in wanted:
        check(addr in addrs, f"{addr} is not among the addresses told: {addrs}")
    check(not {"127.0.0.1", "::1"} & set(addrs), f"a loopback address is told: {addrs}")
    second = bob.peer("bob", bootstrap=bootstrap)
    second.wait("joined", 20)
    first.leave()
    second.leave()


def test(scene):
    lan = netlab.Switch("lan")
    ann, bob, router = (netlab.Host(scene, name) for name in ("ann", "bob", "router"))
    for host in (ann, bob):
        with_containers(host)
    for number, host in ((1, ann), (2, bob), (254, router)):
        lan.plug(host, "e0", f"192.168.1.{number}/24")
    net = router.testnet("192.168.1.254:7001")

    # The DHT is in the same network: no default route is needed to find out which address counts.
    meet(scene, ann, bob, net, "192.168.1.1")
    for host in (ann, bob):
        host.ip("route add default via 192.168.1.254")
    meet(scene, ann, bob, net, "192.168.1.1")

    # With an address of the other family, though nothing is reached by it.
    ann.ip(netlab.add_line("2001:db8::1/64"))
    meet(scene, ann, bob, net, "192.168.1.1", "2001:db8::1")

    # The uplink has IPv6 only.
    ann.ip("addr del 192.168.1.1/24 dev e0")
    bob.ip("addr del 192.168.1.2/24 dev e0", netlab.add_line("2001:db8::2/64"))
    router.ip(netlab.add_line("2001:db8::254/64"))
    meet(scene, ann, bob, router.testnet("[2001:db8::254]:7001"), "2001:db8::1")


netlab.run(test)
