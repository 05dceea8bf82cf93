#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""A host with several addresses answers at each of them, from the address that was asked.

                 switch
               /        \\
     ann 203.0.113.1      bob 203.0.113.2
         203.0.113.11         2001:db8::2
         2001:db8::1          fe80::2
         2001:db8::11
         fe80::1
"""
import netlab
from harness import check

V4 = ("203.0.113.1", "203.0.113.11")
V6 = ("2001:db8::1", "2001:db8::11")


def test(scene):
    switch = netlab.Switch("s")
    ann, bob = netlab.Host(scene, "ann"), netlab.Host(scene, "bob")
    switch.plug(ann, "e0", *[f"{a}/24" for a in V4], *[f"{a}/64" for a in V6], "fe80::1/64")
    switch.plug(bob, "e0", "203.0.113.2/24", "2001:db8::2/64", "fe80::2/64")
    link = bob.run("ip", "-o", "link", "show", "e0").stdout.split(":")[0]
    hosts = [*V4, *[f"[{a}]" for a in V6]]

    node = ann.start("node", "dht", "serve", "--json", "--no-bootstrap", "--listen", "0.0.0.0:7001",
                     "--listen", "[::]:7001")
    node.wait("listening")
    for host in [*hosts, f"[fe80::1%{link}]"]:
        done = bob.run(netlab.DTT, "dht", "ping", f"{host}:7001")
        check(done.returncode == 0 and done.stdout.strip(),
              f"dht ping {host}: exit {done.returncode}: {done.stderr}")
    node.kill()
    node.wait_exit()

    member = ann.peer("ann", "--listen", "0.0.0.0:7100", "--listen", "[::]:7100",
                      bootstrap=["203.0.113.2:1"])
    member.wait("listening")
    for host in hosts:
        guest = bob.peer(f"bob to {host}", "--peer", f"{member.id}@{host}:7100",
                         bootstrap=["203.0.113.2:1"])
        guest.wait("joined", 8)
        guest.send(f"hello at {host}")
        member.wait_message(f"hello at {host}")
        member.send(f"hello from {host}")
        guest.wait_message(f"hello from {host}")
        guest.leave()
    member.leave()


netlab.run(test)
