#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""A bootstrap name has several addresses, most of them dead, or a bootstrap node is reached by IPv6
alone: a member has its record in the DHT all the same, and soon.

    peer -- lan -- dht         the DHT is at one address of each family

What is sent to any other address is lost.
"""
import re
import subprocess

import netlab
from harness import SLOW, check

SOON = 5  # seconds
LIVE4, LIVE6 = "203.0.113.200", "2001:db8::200"
DEAD4 = [f"203.0.113.{number}" for number in (1, 2, 3)]
DEAD6 = [f"2001:db8::{number}" for number in (1, 2, 3)]
NAMES = {"last-of-four.test": [*DEAD4, LIVE4],
         "four-dead-six-alive.test": [DEAD4[0], LIVE6],
         "six-dead-four-alive.test": [DEAD6[0], LIVE4],
         "six-only.test": [LIVE6],
         "last-of-eight.test": [*DEAD6, *DEAD4, LIVE6, LIVE4]}
NOBODY = "02:00:00:00:00:01"
LITERAL = f"[{LIVE6}]"


def name_hosts(scene):
    """Gives this test its own /etc/hosts; its mounts are seen by nobody else."""
    lines = [f"{addr} {name}" for name, addrs in NAMES.items() for addr in addrs]
    path = scene.file("hosts", "\n".join(["127.0.0.1 localhost", *lines]) + "\n", 0o644)
    subprocess.run(["mount", "--bind", path, "/etc/hosts"], check=True)


def too_short(scene, host):
    """The name server says nothing, and doctor has no time to wait for it."""
    subprocess.run(["mount", "--bind", scene.file("resolv.conf", f"nameserver {DEAD4[0]}\n", 0o644),
                    "/etc/resolv.conf"], check=True)
    done = host.run(netlab.DTT, "doctor", "--for", "0.5", "--bootstrap", "unknown.test:7001")
    check(done.returncode == 69 and re.search("^warn  names .* '--for' was over before", done.stdout, re.M)
          and "fail  names" not in done.stdout, f"doctor: {done}")


def test(scene):
    name_hosts(scene)
    lan = netlab.Switch("lan")
    host, dht = (netlab.Host(scene, name) for name in ("peer", "dht"))
    lan.plug(host, "e0", "203.0.113.100/24", "2001:db8::100/64")
    lan.plug(dht, "e0", f"{LIVE4}/24", f"{LIVE6}/64")
    host.ip(*[f"neigh add {addr} lladdr {NOBODY} dev e0 nud permanent" for addr in DEAD4 + DEAD6])
    for family, addr in (("4", f"{LIVE4}:7001"), ("6", f"[{LIVE6}]:7001")):
        dht.start(f"testnet {family}", "testnet", "--json", "--nodes", "8", "--listen", addr).wait("ready")
    too_short(scene, host)
    peers = {name: host.peer(name, bootstrap=[f"{name}:7001"], topic=f"{scene.topic} {name}")
             for name in [*NAMES, LITERAL]}
    for name, peer in peers.items():
        published = peer.wait("published", 30)["at"]
        print(f"{name}: {published:.2f} s")
        check(published < SOON * SLOW, f"{name}: no record stored before {published:.1f} s")
    for peer in peers.values():
        peer.leave()


netlab.run(test)
