#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The path between two members becomes smaller while they are connected:

    a --1500-- left --1500, then 1300 or 1280-- right --1500-- b

Large messages and those behind them go on arriving both ways, over IPv4 and IPv6; so they do when the
path was small from the start. The routers tell by ICMP what they drop, which members do not hear: it
could be forged. tests/unit/quic/mtu.c has paths of all kinds."""
import signal
import subprocess

import place  # first: it knows where harness is
from place import check

SOON = 15  # seconds
LARGE = 4000  # bytes
PORT = 4433

NAMES = ["a", "left", "right", "b"]
# Node, interface, address of each family; a link has two ends.
LINKS = [[("a", "e0", "198.51.100.2/24", "2001:db8:1::2/64"),
          ("left", "e0", "198.51.100.1/24", "2001:db8:1::1/64")],
         [("left", "e1", "192.0.2.1/24", "2001:db8:2::1/64"),
          ("right", "e1", "192.0.2.2/24", "2001:db8:2::2/64")],
         [("right", "e0", "203.0.113.1/24", "2001:db8:3::1/64"),
          ("b", "e0", "203.0.113.2/24", "2001:db8:3::2/64")]]
GATEWAYS = {"a": ("198.51.100.1", "2001:db8:1::1"), "left": ("192.0.2.2", "2001:db8:2::2"),
            "right": ("192.0.2.1", "2001:db8:2::1"), "b": ("203.0.113.1", "2001:db8:3::1")}


class Net:
    """The four hosts, as network namespaces that processes hold open."""

    def __init__(self):
        self.holders = {}
        for name in NAMES:
            holder = subprocess.Popen(["unshare", "-n", "sh", "-c", "echo there && exec cat"],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            self.holders[name] = holder
            check(holder.stdout.readline() == "there\n", f"no namespace for {name}")
            self.on(name, "ip link set lo up")
            for setting in ["ipv4.ip_forward=1", "ipv6.conf.all.forwarding=1"]:
                family, rest = setting.split(".", 1)
                path, value = rest.split("=")
                self.on(name, f"echo {value} > /proc/sys/net/{family}/{path.replace('.', '/')}")
        for ends in LINKS:
            (near, near_port, *_), (far, far_port, *_) = ends
            self.on(near, f"ip link add {near_port} type veth peer name {far_port} "
                          f"netns {self.holders[far].pid}")
            for name, port, v4, v6 in ends:
                self.on(name, f"ip addr add {v4} dev {port} && "
                              f"ip addr add {v6} dev {port} nodad && ip link set {port} up")
        for name, (v4, v6) in GATEWAYS.items():
            self.on(name, f"ip route add default via {v4} && ip -6 route add default via {v6}")

    def words(self, name):
        """What runs a command on that host."""
        return ["nsenter", f"--net=/proc/{self.holders[name].pid}/ns/net", "--"]

    def on(self, name, line):
        done = subprocess.run([*self.words(name), "sh", "-c", line], capture_output=True, text=True)
        check(done.returncode == 0, f"{name}: {line}: {done.stderr}")

    def set_mtu(self, size):
        for name in ["left", "right"]:
            self.on(name, f"ip link set e1 mtu {size}")

    def close(self):
        for holder in self.holders.values():
            holder.stdin.close()
            holder.wait()


def words(kind, number):
    return f"{kind} {number} ".ljust(LARGE, "x")


def both_hear(peers, kind):
    """A large message of each, and a small one behind it."""
    for peer in peers:
        peer.send(words(kind, peer.name))
        peer.send(f"{kind} behind it from {peer.name}")
    for peer, other in (peers, reversed(peers)):
        peer.wait_message(words(kind, other.name), SOON)
        peer.wait_message(f"{kind} behind it from {other.name}", SOON)


def pair(scene, net, label, host_addr):
    """Two members, of whom b is told where a is."""
    options = ["pipe", f"{scene.topic} {label}", "--json", "--secret-file", scene.secret,
               "--bootstrap", "192.0.2.1:9", "--listen", f"0.0.0.0:{PORT}", "--listen",
               f"[::]:{PORT}"]
    peers = []
    for name in ["a", "b"]:
        contact = ["--peer", f"{peers[0].id}@{host_addr}:{PORT}"] if peers else []
        program, *first = net.words(name)
        peers.append(scene.start(f"{name} {label}", *first, place.harness.DTT, *options, *contact,
                                 command=program))
        peers[-1].wait("listening")
    for peer in peers:
        peer.wait("joined", 20)
    return peers


def end(peers):
    for peer in peers:
        peer.kill(signal.SIGTERM)
    for peer in peers:
        peer.wait_exit()


def test(scene):
    place.need_program("nsenter", "util-linux")
    net = Net()
    try:
        for label, addr in [("IPv4", "198.51.100.2"), ("IPv6", "[2001:db8:1::2]")]:
            for size in [1300, 1280]:
                net.set_mtu(1500)
                peers = pair(scene, net, f"{label} {size}", addr)
                both_hear(peers, "before")
                net.set_mtu(size)
                both_hear(peers, "after")
                for peer in peers:
                    check(not peer.of_kind("neighbor_down"), f"{peer.name}: the neighbour went")
                end(peers)
                peers = pair(scene, net, f"{label} {size} from the start", addr)
                both_hear(peers, "always")
                end(peers)
    finally:
        net.close()


place.run(test)
