#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The addresses of a host change under a live connection: no message is lost, and nobody waits long.

    ann -- a switch -- router -- c switch -- cleo        cleo stays where she is
     \\--- b switch --/

Ann dials cleo, or cleo dials ann: a client may go on from another address, a server has to dial the
client. Each case says how ann's address changes and runs with IPv4 or IPv6.
"""
import sys
import time

import netlab
from harness import SLOW, check

LOG = ["--log", "info"]
LINES = 40
EVERY = 0.1  # seconds between two lines
CHANGE_AFTER = 10  # lines
SILENCE = 3  # seconds at most
NETS = {"4": {"a": "10.1.0.{}/24", "b": "10.2.0.{}/24", "c": "10.3.0.{}/24"},
        "6": {"a": "2001:db8:1::{}/64", "b": "2001:db8:2::{}/64", "c": "2001:db8:3::{}/64"}}


class World:
    def __init__(self, scene, family):
        self.nets = NETS[family]
        self.family = family
        self.switches = {name: netlab.Switch("net" + name) for name in "abc"}
        self.ann, self.cleo, self.router = (netlab.Host(scene, n) for n in ("ann", "cleo", "router"))
        for name in "abc":
            self.switches[name].plug(self.router, f"e{name}", self.addr(name, 254))
        self.router.sysctl("net.ipv4.ip_forward", 1)
        self.router.sysctl("net.ipv6.conf.all.forwarding", 1)
        self.switches["a"].plug(self.ann, "e0", self.addr("a", 1))
        self.switches["b"].plug(self.ann, "e1")
        self.switches["c"].plug(self.cleo, "e0", self.addr("c", 9))
        self.ann.sysctl("net.ipv4.conf.e0.promote_secondaries", 1)
        self.route(self.ann, "a")
        self.route(self.cleo, "c")

    def close(self):
        for each in (*self.switches.values(), self.ann, self.cleo, self.router):
            each.close()

    def addr(self, net, number):
        return self.nets[net].format(number)

    def ip_of(self, net, number):
        ip = self.addr(net, number).split("/")[0]
        return f"[{ip}]" if ":" in ip else ip

    def route(self, host, net, verb="replace"):
        router = self.addr(net, 254).split("/")[0]
        host.ip(f"route {verb} default via {router}")

    # What happens to ann.

    def add_then_del(self):
        self.ann.ip(netlab.add_line(self.addr("a", 2)), f"addr del {self.addr('a', 1)} dev e0")
        self.route(self.ann, "a")

    def del_then_add(self):
        self.ann.ip(f"addr del {self.addr('a', 1)} dev e0", netlab.add_line(self.addr("a", 2)))
        self.route(self.ann, "a")

    def down_up(self):
        self.ann.ip("link set e0 down")
        time.sleep(2)  # the outage itself
        self.ann.ip("link set e0 up")
        if self.family == "6":
            self.ann.ip(netlab.add_line(self.addr("a", 1)))
        self.route(self.ann, "a")

    def other_interface(self):
        """The first one stays up with its address, but nothing passes there any more."""
        netlab.ip("link set netap1 nomaster")
        self.ann.ip(netlab.add_line(self.addr("b", 1), "e1"))
        self.route(self.ann, "b")


def check_heard(listener, speaker, changed, is_lossy):
    """Every line is heard once and none is late; `is_lossy`: but for those said in the outage."""
    name = speaker.peer.name
    listener.wait_message(f"line {LINES - 1} of {name}", 20)
    longest = speaker.longest_silence(listener, changed)
    heard = [int(text.split()[1]) for text in listener.messages() if text.startswith("line ")]
    lost = sorted(set(range(LINES)) - set(heard))
    print(f"{listener.name} waited {longest:.2f} s at most, {len(lost)} lines are lost")
    check(longest <= SILENCE * SLOW, f"{listener.name} waited {longest:.1f} s for a line")
    check(len(heard) == len(set(heard)), f"{listener.name} heard a line twice")
    check(not lost or is_lossy and lost == list(range(lost[0], lost[-1] + 1)) and
          lost[0] >= CHANGE_AFTER, f"{listener.name} did not hear the lines {lost} of {name}")


def talk_meanwhile(change, peers, lossy=None):
    """Two peers talk while an address changes. `lossy`: the one that does not say again what it said
    on a connection that has ended.
    """
    speakers = [netlab.Speaker(peer, LINES, EVERY) for peer in peers]
    for speaker in speakers:
        speaker.wait_said(CHANGE_AFTER)
    change()
    changed = time.monotonic()
    for speaker in speakers:
        speaker.join()
    for listener, speaker in zip(peers[::-1], speakers):
        check_heard(listener, speaker, changed, speaker.peer is lossy)


def test(scene, family, change, dials):
    world = World(scene, family)
    nowhere = [world.ip_of("c", 200) + ":9"]
    where = [*LOG, "--listen", "0.0.0.0:7100" if family == "4" else "[::]:7100"]
    first, second = (world.cleo, world.ann) if dials == "ann" else (world.ann, world.cleo)
    called = first.peer(first.name, *where, bootstrap=nowhere)
    to = world.ip_of("c", 9) if first is world.cleo else world.ip_of("a", 1)
    caller = second.peer(second.name, *where, "--peer", f"{called.id}@{to}:7100", bootstrap=nowhere)
    for peer in (called, caller):
        peer.wait("joined", 20)
    talk_meanwhile(getattr(world, change), [called, caller])
    for peer in (called, caller):
        check(not peer.of_kind("neighbor_down"), f"{peer.name} lost its neighbour")
    for peer in (called, caller):
        peer.leave()


if __name__ == "__main__":
    netlab.run(test, *sys.argv[1:])
