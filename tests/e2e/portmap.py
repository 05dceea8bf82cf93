#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""A node behind a home router asks it for a port mapping.

    net (DHT, strangers) -- wan, router, lan -- home

The router is the kernel's, with a mapper that answers PCP and NAT-PMP: one of our own (mapper.py),
or miniupnpd, which also does UPnP.

usage: portmap.py own | miniupnpd
"""
import json
import pathlib
import shutil
import sys
import time

import netlab
from harness import DTT, SLOW, check

NET = ["5.1.0.1", "23.2.0.1", "31.3.0.1", "37.4.0.1"]  # a network a node: each has a vote
INSIDE, OUTSIDE, HOME = "192.168.1.1", "81.10.1.1", "192.168.1.10"
SECOND = "100.64.0.2"  # of a router behind a carrier's NAT
# A mapping is held within this time of the start.
OPEN_S = 3
MAPPER = pathlib.Path(__file__).with_name("mapper.py")
RULES = """
table ip home {
  map forward { type inet_service : ipv4_addr . inet_service; }
  chain pre {
    type nat hook prerouting priority -100;
    iifname wan meta l4proto udp dnat to udp dport map @forward
  }
  chain post {
    type nat hook postrouting priority 100
    oifname wan masquerade random
  }
}
table inet filter {
  chain miniupnpd { }
  chain prerouting_miniupnpd { }
  chain postrouting_miniupnpd { }
  chain pre {
    type nat hook prerouting priority -100
    jump prerouting_miniupnpd
  }
  chain post {
    type nat hook postrouting priority 90
    jump postrouting_miniupnpd
  }
  chain forward {
    type filter hook forward priority 0; policy drop;
    ct state established,related accept
    iifname lan accept
    ct status dnat accept
    jump miniupnpd
  }
  chain input {
    type filter hook input priority 0; policy drop;
    ct state established,related accept
    iifname lan accept
  }
}
"""
CONFIG = """
ext_ifname=wan
listening_ip=lan
enable_natpmp={natpmp}
enable_upnp={upnp}
port=5000
secure_mode=yes
uuid=00000000-0000-0000-0000-000000000000
{rule}
upnp_table_name=filter
upnp_nat_table_name=filter
upnp_forward_chain=miniupnpd
upnp_nat_chain=prerouting_miniupnpd
upnp_nat_postrouting_chain=postrouting_miniupnpd
"""
ALLOW = "allow 1024-65535 192.168.1.0/24 1024-65535\ndeny 0-65535 0.0.0.0/0 0-65535"
DENY = "deny 0-65535 0.0.0.0/0 0-65535"


class Street:
    def __init__(self, scene):
        self.scene = scene
        self.net, self.router, self.home = (netlab.Host(scene, n) for n in ("net", "router", "home"))
        wan, lan = netlab.Switch("swan"), netlab.Switch("slan")
        wan.plug(self.net, "e0", "81.10.1.254/24", *(f"{ip}/32" for ip in NET))
        wan.plug(self.router, "wan", f"{OUTSIDE}/24")
        lan.plug(self.router, "lan", f"{INSIDE}/24")
        lan.plug(self.home, "e0", f"{HOME}/24")
        self.router.ip("route add default via 81.10.1.254")
        self.home.ip(f"route add default via {INSIDE}")
        self.router.sysctl("net.ipv4.ip_forward", 1)
        probe = "add table ip probe; add chain ip probe p { type nat hook postrouting priority 0; }"
        done = self.router.run("nft", probe)
        if done.returncode != 0:
            netlab.skip(f"the kernel gives no NAT here: {done.stderr.strip()}")
        done = self.router.run("nft", "-f", scene.file("rules", RULES))
        check(done.returncode == 0, f"nft: {done.stderr}")
        for i, ip in enumerate(NET):
            node = self.net.start(f"dht{i}", "dht", "serve", "--json", "--listen", f"{ip}:6881",
                                  "--bootstrap", f"{NET[0 if i else 1]}:6881")
            node.wait("listening")
        self.bootstrap = [f"{ip}:6881" for ip in NET]
        self.count = 0

    def mapper(self, kind, outside=OUTSIDE):
        command, *rest = self.router.inside([sys.executable, MAPPER, kind, INSIDE, outside])
        mapper = self.scene.start(f"mapper {kind}", *rest, command=command)
        mapper.wait("ready")
        return mapper

    def peer(self, *options):
        self.count += 1
        return self.home.peer(f"home{self.count}", *options, bootstrap=self.bootstrap,
                              topic=f"{self.scene.topic} {self.count}")

    def is_reached(self, addr):
        """By a stranger, from a port to which nobody at home has sent."""
        done = self.net.run(DTT, "dht", "ping", addr)
        check(done.returncode in (0, 69), f"ping: {done.stdout}{done.stderr}")
        return done.returncode == 0

    def doctor(self):
        contacts = [word for addr in self.bootstrap for word in ("--bootstrap", addr)]
        done = self.home.run(DTT, "doctor", "--json", *contacts, within=40)
        checks = [json.loads(line) for line in done.stdout.splitlines()]
        return {c["name"]: (c["verdict"], c["text"]) for c in checks if c["event"] == "check"}

    def wait_told(self, addr, within=20):
        """Until a stranger reads a record of the last peer that names this address first: a DHT
        node may still show the record that was published before it in the same minute."""
        deadline = time.monotonic() + within * SLOW
        while (told := self.told())[0] != addr:
            check(time.monotonic() < deadline, f"the record tells {told}")

    def told(self):
        """The addresses in the newest record of the last peer."""
        contacts = [word for addr in self.bootstrap for word in ("--bootstrap", addr)]
        done = self.net.run(DTT, "lookup", f"{self.scene.topic} {self.count}", "--json",
                            "--secret-file", self.scene.secret, *contacts)
        records = [json.loads(line) for line in done.stdout.splitlines()]
        records = [r for r in records if r["event"] == "record"]
        check(records, f"no record: {done.stdout}{done.stderr}")
        return max(records, key=lambda r: r["minute"])["addrs"]


def outcome(peer, status, within=15):
    return peer.wait("port_mapping", within, lambda e: e["status"] == status)


def is_held(street, peer, protocol):
    """The mapping stands, strangers come through it, and the record tells it."""
    since = peer.wait("listening")["at"]
    held = outcome(peer, "held")
    check(held["protocol"] == protocol, f"by {held['protocol']}, not {protocol}")
    check(held["addr"].startswith(OUTSIDE + ":"), f"at {held['addr']}")
    check(held["at"] - since < OPEN_S * SLOW, f"only after {held['at'] - since:.1f} s")
    check(street.is_reached(held["addr"]), f"no stranger comes in at {held['addr']}")
    peer.wait("published", 30, lambda e: e["at"] > held["at"])
    return held


def own(scene):
    street = Street(scene)

    # PCP: open, told first of all addresses, and given back.
    mapper = street.mapper("pcp")
    peer = street.peer()
    held = is_held(street, peer, "PCP")
    street.wait_told(held["addr"])
    peer.leave()
    mapper.wait("unmapped", where=lambda e: e["known"])
    check(not street.is_reached(held["addr"]), "the mapping outlives its node")
    verdict, text = street.doctor()["portmap"]
    check(verdict == "ok" and text.startswith(f"PCP: {OUTSIDE}:"), f"doctor: {verdict} {text}")

    # On request nobody is asked.
    mapper.wait_count("unmapped", 2)  # that of doctor, too
    asked = len(mapper.of_kind("asked"))
    peer = street.peer("--no-portmap")
    peer.must_not("port_mapping", 2)
    check(len(mapper.of_kind("asked")) == asked, "it was asked in spite of --no-portmap")
    peer.leave()
    mapper.kill()
    mapper.wait_exit()

    mapper = street.mapper("pmp")
    peer = street.peer()
    is_held(street, peer, "NAT-PMP")
    peer.leave()
    mapper.wait("unmapped", where=lambda e: e["known"])
    mapper.kill()
    mapper.wait_exit()

    mapper = street.mapper("refuse")
    peer = street.peer()
    refused = outcome(peer, "refused")
    check("does not allow" in refused["reason"] and refused["code"] == 2, f"{refused}")
    peer.leave()
    verdict, text = street.doctor()["portmap"]
    check(verdict == "warn" and "does not allow" in text, f"doctor: {verdict} {text}")
    mapper.kill()
    mapper.wait_exit()

    # The address that the router has is not the one that others see.
    mapper = street.mapper("pcp", outside=SECOND)
    peer = street.peer()
    second = outcome(peer, "second_nat")
    check(second["addr"].startswith(SECOND), f"{second}")
    mapper.wait("unmapped", where=lambda e: e["known"])
    peer.leave()
    verdict, text = street.doctor()["portmap"]
    check(verdict == "warn" and SECOND in text, f"doctor: {verdict} {text}")
    mapper.kill()
    mapper.wait_exit()

    # Nobody answers; then ICMP says that nobody is there.
    mapper = street.mapper("silent")
    peer = street.peer()
    outcome(peer, "absent")
    check(len(mapper.of_kind("asked")) == 4, f"asked {len(mapper.of_kind('asked'))} times, not 4")
    peer.leave()
    mapper.kill()
    mapper.wait_exit()
    verdict, text = street.doctor()["portmap"]
    check(verdict == "warn" and "answers neither" in text, f"doctor: {verdict} {text}")


def daemon(street, natpmp="yes", upnp="yes", rule=ALLOW):
    config = street.scene.file("upnpd.conf", CONFIG.format(natpmp=natpmp, upnp=upnp, rule=rule))
    command, *rest = street.router.inside(
        [shutil.which("miniupnpd") or "/usr/sbin/miniupnpd", "-d", "-f", config, "-P",
         street.scene.path / "upnpd.pid"])
    process = street.scene.start("miniupnpd", *rest, command=command, is_text=True)
    process.wait_said("listening on|HTTP", 20)
    return process


def rules_of(street):
    return street.router.run("nft", "list", "chain", "inet", "filter",
                             "prerouting_miniupnpd").stdout


def stop(process):
    process.kill()
    process.wait_exit()


def miniupnpd(scene):
    if not (shutil.which("miniupnpd") or pathlib.Path("/usr/sbin/miniupnpd").exists()):
        netlab.skip("no miniupnpd here; ./dev setup installs miniupnpd-nftables")
    street = Street(scene)

    process = daemon(street)
    peer = street.peer()
    is_held(street, peer, "PCP")
    check("dnat" in rules_of(street), "miniupnpd has no rule")
    peer.leave()
    process.wait_said("delet|remov", 10)
    stop(process)

    if "without UPnP" not in scene.run("--version").stdout:
        process = daemon(street, natpmp="no")
        peer = street.peer()
        held = is_held(street, peer, "UPnP")
        check(held["lifetime_s"] == 7200, f"for {held['lifetime_s']} s")
        peer.leave()
        check("dnat" not in rules_of(street), f"the mapping outlives its node: {rules_of(street)}")
        stop(process)

        # To a PCP request it would say no for each of 65,535 ports in turn, which takes too long.
        process = daemon(street, natpmp="no", rule=DENY)
        peer = street.peer()
        refused = outcome(peer, "refused")
        check("does not allow" in refused["reason"], f"{refused}")
        peer.leave()
        stop(process)


def test(scene, which):
    if not (shutil.which("nft") or pathlib.Path("/usr/sbin/nft").exists()):
        netlab.skip("no nft here; ./dev setup installs nftables")
    {"own": own, "miniupnpd": miniupnpd}[which](scene)


netlab.run(test, *sys.argv[1:])
