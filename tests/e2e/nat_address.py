#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The public address of a NAT is replaced under a live connection, as when a line dials in anew: no
line is lost, and the neighbours stay.

    ann -- home -- NAT -- internet -- cleo

The NAT keeps neither its old address nor its table. Ann has dialled cleo, or cleo ann at a port that
the NAT forwards.
"""
import subprocess
import sys

import moves
import netlab
from harness import check


def nft(host, public):
    """All that goes out comes from `public`, and port 7100 leads to ann."""
    rules = f"""
table ip nat
delete table ip nat
table ip nat {{
  chain post {{ type nat hook postrouting priority 100; oifname "wan" snat to {public}; }}
  chain pre {{ type nat hook prerouting priority -100; iifname "wan" udp dport 7100 dnat to 10.0.0.2:7100; }}
}}
"""
    done = subprocess.run(host.inside(["nft", "-f", "-"]), input=rules, text=True, capture_output=True,
                          check=False)
    if done.returncode != 0:
        netlab.skip(f"no NAT here: {done.stderr.strip()}")


def redial(nat):
    nat.ip("addr del 198.51.100.1/24 dev wan", "addr add 198.51.100.2/24 dev wan")
    nft(nat, "198.51.100.2")
    if nat.run("conntrack", "-F").returncode != 0:
        netlab.skip("no conntrack here, so the NAT would keep its table; ./dev setup installs it")


def test(scene, dials):
    home, internet = netlab.Switch("home"), netlab.Switch("inet")
    ann, nat, cleo = (netlab.Host(scene, name) for name in ("ann", "nat", "cleo"))
    home.plug(ann, "e0", "10.0.0.2/24")
    home.plug(nat, "lan", "10.0.0.1/24")
    internet.plug(nat, "wan", "198.51.100.1/24")
    internet.plug(cleo, "e0", "198.51.100.9/24")
    ann.ip("route add default via 10.0.0.1")
    nat.sysctl("net.ipv4.ip_forward", 1)
    nft(nat, "198.51.100.1")
    listen = ["--listen", "0.0.0.0:7100"]
    first, second, to = (cleo, ann, "198.51.100.9") if dials == "ann" else (ann, cleo, "198.51.100.1")
    called = first.peer(first.name, *listen, bootstrap=["198.51.100.200:9"])
    caller = second.peer(second.name, *listen, "--peer", f"{called.id}@{to}:7100",
                         bootstrap=["198.51.100.200:9"])
    for peer in (called, caller):
        peer.wait("joined", 20)
    moves.talk_meanwhile(lambda: redial(nat), [called, caller])
    for peer in (called, caller):
        check(not peer.of_kind("neighbor_down"), f"{peer.name} lost its neighbour")
    for peer in (called, caller):
        peer.leave()


netlab.run(test, *sys.argv[1:])
