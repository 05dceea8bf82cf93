#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Each case of cases.py against a node of ours and one of libtorrent, by IPv4 and by IPv6.

The answers are those of docs/compatibility-dht.md.
"""
import place  # first: it knows where harness is
from place import check
import cases
import lt
import ours

DOCUMENTED_VERSION = "2.0.8.0"
V4, V6 = ("10.77.0.1", "10.77.0.2", "10.77.0.3"), ("fd77::1", "fd77::2", "fd77::3")


def answers_of(addr, hosts):
    node = cases.Node(addr, hosts[1], hosts[2])
    try:
        return dict(cases.all_of(node))
    finally:
        node.close()


def hosts_for(addr):
    return V6 if ":" in addr[0] else V4


def ours_as_documented(scene):
    listen = [word for hosts in (V4, V6) for word in ("--listen", ours.text((hosts[0], 0)))]
    node = scene.start("node", "dht", "serve", "--json", "--no-bootstrap", *listen)
    for shown in node.wait("listening")["addrs"]:
        addr = ours.addr_of(shown)
        answers = answers_of(addr, hosts_for(addr))
        wrong = cases.differences(answers, "dtt")
        check(not wrong, f"{shown}: " + "; ".join(wrong))
        print(f"{len(answers)} cases at {shown}")


def libtorrent_as_documented():
    """Another version may answer otherwise: that is said, and no failure."""
    node = lt.Node(*(ours.text((hosts[0], 0)) for hosts in (V4, V6)))
    lt.wait([node], lambda: len(node.addrs) == 2, 30, "UDP ports")
    for addr in node.addrs:
        wrong = cases.differences(answers_of(addr, hosts_for(addr)), "libtorrent")
        check(not wrong or lt.VERSION != DOCUMENTED_VERSION, f"libtorrent {lt.VERSION} at "
              f"{addr[0]}: " + "; ".join(wrong))
        print(f"libtorrent {lt.VERSION} at {addr[0]} differs in {len(wrong)} cases", *wrong, sep="\n  ")


def test(scene):
    ours_as_documented(scene)
    if lt.libtorrent is None:
        print("no python3-libtorrent here: only our own answers were compared")
    else:
        libtorrent_as_documented()


place.run(test, *V4, *V6)
