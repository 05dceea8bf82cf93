#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Members meet in the local network without any DHT: lan.py v4|v6|one_host|three|hostile|silent|two_nets|
                                                               taken|iroh

    ann, bob, cleo, mallory -- lan switch
                  bob, dora -- other switch
"""
import base64
import os
import socket
import struct
import subprocess
import sys

import harness
import netlab
from harness import check

GROUP, PORT = "224.0.0.251", 5353
# A bootstrap node that is not there: the DHT is asked, and nobody answers.
NOWHERE = ["--bootstrap", "192.0.2.1:6881"]
WITHIN_MS = 2000 * harness.SLOW
NAME_AT, NAME_BYTES = 12, 45


def lab(scene, *names, v4=True, v6=False):
    lan = netlab.Switch("lan")
    hosts = []
    for number, name in enumerate(names, 1):
        host = netlab.Host(scene, name)
        if not v6:
            host.sysctl("net.ipv6.conf.default.disable_ipv6", 1)
        host.sysctl("net.ipv6.conf.default.accept_dad", 0)
        lan.plug(host, "e0", *([f"192.168.1.{number}/24"] if v4 else []))
        hosts.append(host)
    return hosts


def pipe(host, name, *options):
    peer = host.peer(name, *NOWHERE, *options)
    peer.wait("listening")
    return peer


def wait_joined(peer, within_ms=WITHIN_MS):
    took = peer.wait("joined", 20)["elapsed_ms"]
    print(f"{peer.name} joined after {took} ms")
    check(took <= within_ms, f"{peer.name} joined after {took} ms")


def meet(first, second):
    """They join, in time, and say that the local network has brought them together."""
    wait_joined(second)
    first.wait("joined", 20)
    found = {event["endpoint_id"] for peer in (first, second) for event in peer.of_kind("lan")}
    check(found and found <= {first.id, second.id}, f"not found in the local network: {found}")
    first.send("hello")
    second.wait_message("hello", 10)


def two(scene, **families):
    ann, bob = lab(scene, "ann", "bob", **families)
    first, second = pipe(ann, "ann"), pipe(bob, "bob")
    meet(first, second)
    for peer in (first, second):
        peer.leave()


def verdict(host, *options):
    """The last line of `dtt doctor`, without a DHT."""
    done = host.run(netlab.DTT, "doctor", *NOWHERE, "--join-timeout", "1", *options)
    check(done.returncode == 69, f"doctor: {done.stdout}{done.stderr}")
    return done.stdout.splitlines()[-1]


def test_v4(scene):
    two(scene)


def test_v6(scene):
    """Addresses of the link are all that the hosts have."""
    two(scene, v4=False, v6=True)


def test_one_host(scene):
    """Two processes of a host, which share the port; another program shares it, too."""
    (ann,) = lab(scene, "ann")
    with listener(ann) as other:
        meet(pipe(ann, "first"), pipe(ann, "second"))
        other.kill()


def test_three(scene):
    """Who comes later finds a member that has neighbours already."""
    ann, bob, cleo = lab(scene, "ann", "bob", "cleo", v6=True)
    first, second = pipe(ann, "ann"), pipe(bob, "bob")
    meet(first, second)
    third = pipe(cleo, "cleo")
    wait_joined(third)
    first.send("to all")
    third.wait_message("to all", 10)


def test_hostile(scene):
    """A host of the network answers each question with garbage, and floods."""
    ann, bob, mallory = lab(scene, "ann", "bob", "mallory")
    with start(mallory, "flood") as flood:
        check(flood.stdout.readline() == "ready\n", "the flood did not start")
        first = pipe(ann, "ann")
        check(flood.stdout.readline() == "forging\n", "no question was heard")
        second = pipe(bob, "bob")
        meet(first, second)
        flood.kill()
    for peer in (first, second):
        peer.leave()


def test_silent(scene):
    """--no-lan sends nothing, while another one is heard four times."""
    ann, bob, cleo = lab(scene, "ann", "bob", "cleo")
    with listener(cleo) as heard:
        quiet = pipe(ann, "ann", "--no-lan")
        loud = pipe(bob, "bob")
        sources = {heard.stdout.readline().strip() for _ in range(4)}
        check(sources == {"192.168.1.2"}, f"heard of {sources}")
        heard.kill()
    check(not quiet.of_kind("lan", "joined") and not loud.of_kind("lan", "joined"), "they met")
    check("finds others in the local network only" in verdict(ann), "the verdict with a network")
    check("does not find others" in verdict(ann, "--no-lan"), "the verdict with --no-lan")


def test_two_nets(scene):
    """A host of two networks is found in both, at its address there, and brings their hosts together.

    The second network comes when the host has asked in the first one already, with IPv6 alone.
    """
    ann, bob = lab(scene, "ann", "bob")
    middle = pipe(bob, "bob")
    meet(pipe(ann, "ann"), middle)
    dora = netlab.Host(scene, "dora")
    other = netlab.Switch("other")
    bob.sysctl("net.ipv6.conf.all.disable_ipv6", 0)
    for host, interface, addr in ((bob, "e1", "fd00::1/64"), (dora, "e0", "fd00::2/64")):
        host.sysctl("net.ipv6.conf.default.disable_ipv6", 0)
        other.plug(host, interface, addr)
    third = pipe(dora, "dora")
    found = third.wait("lan", 30)
    check(found["endpoint_id"] == middle.id and found["addr"].startswith("[f"), f"found {found}")
    third.wait("joined", 20)
    third.send("from the other side")
    middle.wait_message("from the other side", 10)


def test_taken(scene):
    """Another program has the port for itself: the node says so, and works without."""
    (ann,) = lab(scene, "ann")
    with start(ann, "hold") as holder:
        check(holder.stdout.readline() == "ready\n", "the port could not be held")
        peer = pipe(ann, "ann", "--log", "warn")
        peer.wait_said("lan_off .*IPv4")
        check(len([line for line in peer.said if "lan_off" in line]) == 1, "said more than once")
        check("does not find others" in verdict(ann), "the verdict without the port")
        peer.leave()
        holder.kill()


def test_iroh(scene):
    """With --lan iroh a peer is found by its id alone, which a program in the network hears, too."""
    ann, bob, cleo = lab(scene, "ann", "bob", "cleo")
    with start(cleo, "browse") as browser:
        check(browser.stdout.readline() == "ready\n", "the browser did not start")
        first = pipe(ann, "ann", "--lan", "iroh")
        check(browser.stdout.readline().strip() == first.id, "the id was not told")
        browser.kill()
    # With another secret only iroh's service can tell where she is, and the address given is wrong.
    second = bob.peer("bob", *NOWHERE, "--lan", "iroh", "--peer", f"{first.id}@192.168.1.77:9999",
                      secret=scene.file("other", "another secret\n"))
    second.wait("joined", 30)
    check(not first.of_kind("lan") and not second.of_kind("lan"), "they have one secret")


# ---- other programs of the network, in a host's namespace


def start(host, role):
    return subprocess.Popen(host.inside([sys.executable, __file__, role]), stdout=subprocess.PIPE,
                            text=True)


def listener(host):
    program = start(host, "listen")
    check(program.stdout.readline() == "ready\n", "the listener did not start")
    return program


def open_group():
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    sock.bind(("", PORT))
    interface = struct.pack("=4sii", socket.inet_aton(GROUP), 0, socket.if_nametoindex("e0"))
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, interface)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, interface)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
    print("ready", flush=True)
    return sock


def hold():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("", PORT))
        print("ready", flush=True)
        sock.recvfrom(1)


def listen():
    sock = open_group()
    while True:
        _, source = sock.recvfrom(9000)
        print(source[0], flush=True)


def browse():
    """Asks for endpoints of iroh until one answers, and says its id."""
    sock = open_group()
    sock.settimeout(0.2)
    service = b"\7_irohv1\4_udp\5local\0"
    while True:
        sock.sendto(struct.pack(">HHHHHH", 0, 0, 1, 0, 0, 0) + service + struct.pack(">HH", 12, 1),
                    (GROUP, PORT))
        try:
            message, _ = sock.recvfrom(9000)
        except TimeoutError:
            continue
        instance = message.find(bytes([52]))
        if message[2:4] == b"\x84\0" and instance > 0 and service in message:
            text = message[instance + 1:instance + 53].decode().upper() + "===="
            print(base64.b32decode(text).hex(), flush=True)
            return


def forged(name):
    """An answer with garbage of the length of a record."""
    garbage = os.urandom(604)
    strings = b"".join(bytes([len(part)]) + part
                       for part in (garbage[:255], garbage[255:510], garbage[510:]))
    head = struct.pack(">HHHHHH", 0, 0x8400, 0, 1, 0, 0) + name
    return head + struct.pack(">HHIH", 16, 1, 60, len(strings)) + strings


def flood():
    """Forges answers for each name heard, asks for it, and sends what is no message or too long."""
    sock = open_group()
    sock.settimeout(0.001)
    names = set()
    while True:
        for name in names:
            question = struct.pack(">HHHHHH", 1, 0, 1, 0, 0, 0) + name + struct.pack(">HH", 16, 1)
            for message in (forged(name), forged(name), question):
                sock.sendto(message, (GROUP, PORT))
        for message in (os.urandom(300), bytes(8000), b""):
            sock.sendto(message, (GROUP, PORT))
        try:
            message, _ = sock.recvfrom(9000)
        except TimeoutError:
            continue
        if message[4:6] == b"\0\1" and len(message) == NAME_AT + NAME_BYTES + 4:
            if not names:
                print("forging", flush=True)
            names.add(message[NAME_AT:NAME_AT + NAME_BYTES])


if __name__ == "__main__":
    ROLE = sys.argv[1]
    if ROLE in ("listen", "flood", "hold", "browse"):
        {"listen": listen, "flood": flood, "hold": hold, "browse": browse}[ROLE]()
    else:
        netlab.run({"v4": test_v4, "v6": test_v6, "one_host": test_one_host, "three": test_three,
                    "hostile": test_hostile, "silent": test_silent, "two_nets": test_two_nets,
                    "taken": test_taken, "iroh": test_iroh}[ROLE])
