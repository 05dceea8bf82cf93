#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Looks from inside a home at what stands between it and the internet. The laboratory runs it in the
namespaces of its hosts; each verb but `serve` prints a line of JSON.

usage: probe.py serve A B C          on the internet: two ports at each address; C is a stranger
       probe.py look A B C           mapping, filter, ports, hairpin, shift after an unexpected packet
       probe.py life A SECONDS...    which outside endpoint there is at first and after each pause
       probe.py fed A SECONDS        the same after that time, in which packets come in and none go out
       probe.py whisper A B HOPS     whether a packet with few hops opens the door, and is heard
       probe.py many A COUNT         how many of COUNT sockets get through
       probe.py hear NAME...         waits for NAMEs by multicast, IPv4 and IPv6
       probe.py say NAME             says its name by multicast until the input ends
       probe.py map GATEWAY A        asks for a mapping by PCP, then by NAT-PMP; the answers
       probe.py catch A              on the internet: prints, in hex, the next datagram to A
       probe.py query A              sends a query of the DHT to A; who sends something within 3 s
       probe.py dht COUNT ADDRESS... waits until each of COUNT nodes at each address knows the others
"""
import json
import os
import re
import select
import socket
import struct
import sys
import time

PORTS = (3478, 3479)
WAIT = 0.5  # s for an answer; the way there and back takes a tenth of it
TRIES = 3
GROUPS = {socket.AF_INET: "239.77.1.1", socket.AF_INET6: "ff02::77:1"}
GROUP_PORT = 7711
UDP = 17


def udp(host, port=0):
    s = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((host, port))
    return s


def serve(*hosts):
    """Answers {"via": [HOST, PORT]} with the sender's endpoint from the socket that it names, to the
    sender or where "to" says."""
    sockets = {(host, port): udp(host, port) for host in hosts for port in PORTS}
    print(json.dumps({"event": "ready"}), flush=True)
    while True:
        for s in select.select(list(sockets.values()), [], [])[0]:
            data, sender = s.recvfrom(2048)
            try:
                query = json.loads(data)
                via = sockets[tuple(query["via"])]
            except (ValueError, KeyError):
                continue
            seen = {"number": query["number"], "seen": [sender[0], sender[1]]}
            via.sendto(json.dumps(seen).encode(), tuple(query.get("to", sender[:2])))


class Asker:
    """One socket of the home."""
    numbers = iter(range(1, 1 << 30))

    def __init__(self, family_of):
        self.socket = udp("::" if ":" in family_of else "0.0.0.0")
        self.port = self.socket.getsockname()[1]
        self.errors = 0  # of ICMP, for a socket that asks for them

    def send(self, server, via=None, to=None):
        number = next(self.numbers)
        query = {"number": number, "via": list(via or server), **({"to": list(to)} if to else {})}
        try:
            self.socket.sendto(json.dumps(query).encode(), server)
        except OSError:
            pass  # an ICMP error of an earlier one
        return number

    def receive(self, numbers, wait=WAIT):
        """The endpoint in an answer to one of these queries, or None in time."""
        deadline = time.monotonic() + wait
        while select.select([self.socket], [], [], max(0, deadline - time.monotonic()))[0]:
            try:
                answer = json.loads(self.socket.recv(2048, socket.MSG_DONTWAIT))
            except OSError:
                self.take_errors()
                continue
            except ValueError:
                continue
            if answer.get("number") in numbers:
                return tuple(answer["seen"])
        return None

    def take_errors(self):
        try:
            while self.socket.recvmsg(2048, 512, socket.MSG_ERRQUEUE | socket.MSG_DONTWAIT):
                self.errors += 1
        except OSError:
            return  # no more

    def ask(self, to, via=None, tries=TRIES):
        numbers = set()
        for _ in range(tries):
            numbers.add(self.send(to, via))
            if seen := self.receive(numbers):
                return seen
        return None


def own_address(towards):
    s = socket.socket(socket.AF_INET6 if ":" in towards else socket.AF_INET, socket.SOCK_DGRAM)
    s.connect((towards, 9))
    return s.getsockname()[0]


def mapping_of(seen):
    if len(set(seen)) == 1:
        return "independent"
    return "address" if seen[0] == seen[1] and seen[2] == seen[3] else "port"


def ports_of(seen, inside):
    ports = [port for _, port in seen]
    if set(ports) == {inside}:
        return "keep"
    if len(set(ports)) == 1:
        return "fixed"
    return "sequential" if {b - a for a, b in zip(ports, ports[1:])} == {1} else "random"


def filter_of(a, c):
    if Asker(a).ask((a, PORTS[0]), via=(c, PORTS[0])):
        return "independent"
    return "address" if Asker(a).ask((a, PORTS[0]), via=(a, PORTS[1])) else "port"


def shifts(a, c):
    """Whether the endpoint towards C differs after C has sent unasked to the one towards A."""
    asker = Asker(a)
    asker.ask((a, PORTS[0]), via=(c, PORTS[0]), tries=1)
    return asker.ask((a, PORTS[0])) != asker.ask((c, PORTS[0]))


def hairpin_of(a, outside, asker):
    """Whether two sockets of the home meet at their outside endpoints."""
    other = Asker(a)
    for _ in range(TRIES):
        there = other.ask((a, PORTS[0]))
        other.socket.sendto(b"{}", outside)  # opens the filter
        asker.socket.sendto(b"{}", there)
        if select.select([other.socket], [], [], WAIT)[0]:
            return True
    return False


def look(a, b, c):
    asker = Asker(a)
    started = time.monotonic()
    seen = [asker.ask((host, port)) for host in (a, b) for port in PORTS]
    took = (time.monotonic() - started) / len(seen)
    if None in seen:
        return {"mapping": "none"}
    mapping = mapping_of(seen)
    found = {"mapping": mapping, "filter": filter_of(a, c), "ports": ports_of(seen, asker.port),
             "nat": seen[0][0] != own_address(a), "seen": seen, "ms": 1000 * took,
             "shift": mapping == "independent" and shifts(a, c)}
    if found["nat"]:
        found["hairpin"] = hairpin_of(a, seen[0], asker)
    return found


def life(a, *pauses):
    asker = Asker(a)
    seen = [asker.ask((a, PORTS[0]))]
    for pause in pauses:
        time.sleep(float(pause))  # what is measured
        seen.append(asker.ask((a, PORTS[0])))
    return [seen.index(each) for each in seen]


def fed(a, seconds):
    """Another socket has them sent."""
    asker, other = Asker(a), Asker(a)
    seen = asker.ask((a, PORTS[0]))
    over = time.monotonic() + float(seconds)
    while time.monotonic() < over:
        other.send((a, PORTS[0]), to=seen)
        time.sleep(0.5)  # what is measured
    return [0, int(asker.ask((a, PORTS[0])) != seen)]


def whisper(a, b, hops):
    """A packet to A with few hops; then B has A answer, which comes in where the door is open. It is
    shut for another socket, which has sent nothing to A."""
    door, ttl = (a, PORTS[0]), int(hops)
    shut = Asker(a).ask((b, PORTS[0]), via=door, tries=1)
    asker = Asker(a)
    level, option = ((socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS) if ":" in a
                     else (socket.IPPROTO_IP, socket.IP_TTL))
    errors = 11 if level == socket.IPPROTO_IP else 25  # IP_RECVERR, IPV6_RECVERR
    asker.socket.setsockopt(level, errors, 1)
    asker.socket.setsockopt(level, option, ttl)
    number = asker.send(door)
    heard = asker.receive({number})
    asker.take_errors()
    asker.socket.setsockopt(level, option, 64)
    opened = asker.ask((b, PORTS[0]), via=door)
    return {"shut": shut is None, "heard": heard is not None, "told": asker.errors > 0,
            "open": opened is not None}


def many(a, count):
    askers = [Asker(a) for _ in range(int(count))]
    asked = [(asker, asker.send((a, PORTS[0]))) for asker in askers]
    time.sleep(WAIT)  # for all at once
    return sum(asker.receive({number}, 0) is not None for asker, number in asked)


def group_socket(family):
    """A member of the group on the home's interface."""
    s = socket.socket(family, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((GROUPS[family], GROUP_PORT) if family == socket.AF_INET else ("::", GROUP_PORT))
    group = socket.inet_pton(family, GROUPS[family])
    index = socket.if_nametoindex("net0")
    if family == socket.AF_INET:
        member = group + struct.pack("=4si", bytes(4), index)
        s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, member)
    else:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, group + struct.pack("=i", index))
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
    return s


def say(name):
    """Until the input ends."""
    sockets = {family: group_socket(family) for family in GROUPS}
    print(json.dumps({"event": "ready"}), flush=True)
    while not select.select([sys.stdin], [], [], 0.1)[0]:
        for family, s in sockets.items():
            s.sendto(name.encode(), (GROUPS[family], GROUP_PORT))


def hear(*names):
    """Which names came by which family; waits for those that are given, then as long again for others."""
    sockets = {group_socket(family): 4 if family == socket.AF_INET else 6 for family in GROUPS}
    heard, wanted = set(), {f"{name} {version}" for name in names for version in sockets.values()}
    started, deadline = time.monotonic(), time.monotonic() + 10
    while (left := deadline - time.monotonic()) > 0:
        for s in select.select(list(sockets), [], [], left)[0]:
            heard.add(f"{s.recv(2048).decode()} {sockets[s]}")
        if wanted and wanted <= heard:
            deadline = min(deadline, 2 * time.monotonic() - started + 0.5)
            wanted = set()
    return sorted(heard)


def from_gateway(gateway, query):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.connect((gateway, 5351))
    for _ in range(TRIES):
        s.send(query)
        if select.select([s], [], [], WAIT)[0]:
            try:
                return s.recv(2048)
            except OSError:
                return None
    return None


def grant(gateway, a):
    """A mapping for a socket by each protocol, and whether a stranger comes in through it."""
    found = {}
    for name in ("pcp", "pmp"):
        s = udp("0.0.0.0")
        inside = s.getsockname()[1]
        if name == "pcp":
            mapped = bytes(10) + b"\xff\xff"
            query = struct.pack("!BBHI", 2, 1, 0, 120) + mapped + socket.inet_aton(own_address(gateway))
            query += os.urandom(12) + struct.pack("!B3xHH", UDP, inside, inside) + mapped + bytes(4)
        else:
            query = struct.pack("!BBHHHI", 0, 1, 0, inside, inside, 120)
        answer = from_gateway(gateway, query)
        if answer is None:
            found[name] = None
            continue
        found[name] = {"version": answer[0], "result": answer[3]}
        outside = None
        if answer[3] == 0 and answer[0] == 2:
            outside = socket.inet_ntoa(answer[56:60]), struct.unpack("!H", answer[42:44])[0]
        elif answer[3] == 0:
            address = from_gateway(gateway, b"\0\0")
            outside = socket.inet_ntoa(address[8:12]), struct.unpack("!H", answer[10:12])[0]
        if outside:
            found[name]["outside"] = outside
            found[name]["is_open"] = knock(a, outside, s)
    return found


def knock(a, outside, s):
    """Whether a stranger who is told of the endpoint reaches the socket."""
    asker = Asker(a)
    for _ in range(TRIES):
        asker.send((a, PORTS[0]), via=(a, PORTS[1]), to=outside)
        if select.select([s], [], [], WAIT)[0]:
            return True
    return False


def catch(a):
    s = udp(a, 6881)
    print(json.dumps({"event": "ready"}), flush=True)
    print(json.dumps({"event": "caught", "hex": s.recv(2048).hex()}), flush=True)


def query(a):
    s = udp("0.0.0.0")
    s.sendto(b"d1:ad2:id20:%se1:q4:ping1:t2:ok1:y1:qe" % os.urandom(20), (a, 6881))
    if not select.select([s], [], [], 3)[0]:
        return {"from": None}
    data, sender = s.recvfrom(2048)
    return {"from": sender[0], "hex": data.hex()}


def dht(count, *addresses):
    """Each node names five others, which is what an answer to a stranger holds, or all of few."""
    wanted = min(5, int(count) - 1)
    query = b"d1:ad2:id20:%s6:target20:%se1:q9:find_node2:roi1e1:t2:ok1:y1:qe"
    missing = set(addresses)
    deadline = time.monotonic() + 30
    while missing and time.monotonic() < deadline:
        for address in sorted(missing):
            s = udp("::" if ":" in address else "0.0.0.0")
            s.sendto(query % (os.urandom(20), os.urandom(20)), (address, 6881))
            if not select.select([s], [], [], WAIT)[0]:
                continue
            name, size = (b"nodes6", 38) if ":" in address else (b"nodes", 26)
            found = re.search(rb"%d:%s(\d+):" % (len(name), name), s.recv(2048))
            if found and int(found[1]) // size >= wanted:
                missing.discard(address)
        time.sleep(0.05)
    if missing:
        sys.exit(f"these nodes know too few others: {sorted(missing)}")
    return "ready"


VERBS = {"serve": serve, "look": look, "life": life, "fed": fed, "whisper": whisper, "many": many,
         "say": say, "hear": hear, "map": grant, "catch": catch, "query": query, "dht": dht}

if __name__ == "__main__":
    result = VERBS[sys.argv[1]](*sys.argv[2:])
    if result is not None:
        print(json.dumps(result))
