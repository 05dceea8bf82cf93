#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""libtorrent's nodes and ours in one network, each by IPv4 and by IPv6: each kind stores for the
other, and items and peers of each are found by the other, by either family.
"""
import os

import place  # first: it knows where harness is
from place import check
import filled
import krpc
import lt
import ours

THEIRS, OURS = 15, 8
V4 = [f"10.77.0.{i}" for i in range(100)]
V6 = [f"fd77::{i}" for i in range(100)]


def both(i):
    return [f"{V4[i]}:6881", f"[{V6[i]}]:6881"]


def items(net, nodes, dtts):
    """Put by libtorrent, by our command on IPv4, on IPv6 and on both; got by all who can."""
    theirs = krpc.Key(b"from libtorrent")
    keys = {name: krpc.Key(name.encode()) for name in dtts}
    net.finish(net.put(0, theirs, "libtorrent's"), net.put_immutable(1, "of libtorrent"))
    for name, dtt in dtts.items():
        # Its put runs once in each family, and the second one may find the first: a number more.
        ours.check_is(sorted({value for value, _ in dtt.get(theirs)}), [b"libtorrent's"],
                      f"libtorrent's by {name}")
        ours.check_is(dtt.get_immutable(krpc.immutable_target("of libtorrent")),
                      [b"of libtorrent"], f"libtorrent's immutable by {name}")
        put = dtt.put(keys[name], f"by {name}", 5, "--verify")
        check(put["verified"] == put["acked"] > 0, f"put by {name}: {put}")
        dtt.put_immutable(f"immutable by {name}")
    stored_by_both_kinds(net, nodes, [theirs.target, *(key.target for key in keys.values())])
    gets = [net.get(2 + i, key) for i, key in enumerate(keys.values())]
    gets += [net.get_immutable(8 + i, krpc.immutable_target(f"immutable by {name}"))
             for i, name in enumerate(dtts)]
    expected = [(f"by {name}".encode(), 5) for name in dtts]
    expected += [(f"immutable by {name}".encode(), None) for name in dtts]
    ours.check_is(net.finish(*gets), expected, "got by libtorrent")
    for name in ("IPv4", "IPv6"):
        ours.check_is(dtts[name].get(keys["both"]), [(b"by both", 5)], f"put by both, by {name}")
        ours.check_is(dtts["both"].get(keys[name]), [(f"by {name}".encode(), 5)],
                      f"put by {name}, by both")


def stored_by_both_kinds(net, nodes, targets):
    client = krpc.Client(V4[60])
    for kind, addrs in (("libtorrent", [node.addrs[0] for node in net.nodes]),
                        ("dtt", [node.all_addrs[0] for node in nodes])):
        holders = sum(b"v" in client.ask(addr, "get", {"target": target})[b"r"]
                      for addr in addrs for target in targets)
        check(holders > 0, f"no node of {kind} stores anything")
    client.close()


def near(client, addr):
    """An infohash to which the node at this address is the nearest."""
    return client.ask(addr, "ping", {})[b"r"][b"id"][:-2] + os.urandom(2)


def told(client, addr, infohash):
    return client.ask(addr, "get_peers", {"info_hash": infohash})[b"r"].get(b"values", [])


def peers(net, nodes, dtts):
    """libtorrent announces to a node of ours, which tells the peer; and the other way round."""
    for family, hosts in enumerate((V4, V6)):
        dtt = dtts["IPv6" if family else "IPv4"]
        client = krpc.Client(hosts[60])
        addr = nodes[family].all_addrs[family]
        infohash = near(client, addr)
        port = net.announce(3 + family, infohash)
        net.wait_announced(infohash, port)
        peer = hosts[1 + 3 + family], port
        filled.until(lambda: krpc.compact(peer) in told(client, addr, infohash),
                     f"libtorrent's peer at {addr}")
        check(peer in dtt.peers(infohash), "libtorrent's peer is not found by dtt")

        infohash = near(client, addr)
        done = dtt.announce(infohash, 4321)
        check(done["acked"] > 0, f"announced by dtt: {done}")
        net.wait_peer(5 + family, infohash, 4321)
        client.close()


def test(scene):
    net = lt.Net([both(1 + i) for i in range(THEIRS)])
    first4, first6 = ([ours.text(node.addrs[family]) for node in net.nodes[:3]]
                      for family in range(2))
    nodes = ours.serve(scene, OURS, first4 + first6, ["10.77.0.2{}:6881", "[fd77::2{}]:6881"])
    for i, node in enumerate(net.nodes):
        node.meet(*nodes[i % OURS].all_addrs, *nodes[(i + 3) % OURS].all_addrs)
    dtts = {
        "IPv4": ours.Dtt(scene, first4, "--listen", f"{V4[50]}:0"),
        "IPv6": ours.Dtt(scene, first6, "--listen", f"[{V6[50]}]:0"),
        "both": ours.Dtt(scene, first4 + first6, "--listen", f"{V4[51]}:0",
                         "--listen", f"[{V6[51]}]:0"),
    }
    peers(net, nodes, dtts)
    items(net, nodes, dtts)


place.run(test, *(hosts[i] for hosts in (V4, V6) for i in range(1, 61)))
