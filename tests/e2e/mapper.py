#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The part of a home router that answers PCP and NAT-PMP, for portmap.py.

usage: mapper.py KIND INSIDE OUTSIDE

Listens at INSIDE, port 5351, says that the outside address is OUTSIDE, and tells on standard output
what it was asked for, one JSON object a line. A mapping is an element of the map `forward` in the
nftables table `home`, which portmap.py makes. KINDS:

  pcp       PCP and NAT-PMP
  pmp       NAT-PMP only, and the answer to PCP that RFC 6886 wants
  refuse    PCP, and the answer is no
  silent    reads, and never answers
"""
import json
import socket
import struct
import subprocess
import sys
import time

PORT = 5351
MAPPED = bytes(10) + b"\xff\xff"  # ::ffff:a.b.c.d


def tell(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)


def nft(line):
    done = subprocess.run(["nft", line], check=False, capture_output=True, text=True)
    if done.returncode != 0:
        tell("nft failed", line=line, why=done.stderr)


class Mapper:
    def __init__(self, kind, inside, outside):
        self.kind = kind
        self.outside = socket.inet_aton(outside)
        self.started = time.monotonic()
        self.ports = {}  # (client, inside port) -> outside port
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((inside, PORT))

    def map(self, client, inside, wanted, lifetime, protocol):
        """The outside port."""
        key = (client, inside)
        port = self.ports.pop(key, None)
        if port:
            nft(f"delete element ip home forward {{ {port} }}")
        if lifetime == 0:
            tell("unmapped", protocol=protocol, known=port is not None)
            return 0
        port = wanted or inside
        self.ports[key] = port
        nft(f"add element ip home forward {{ {port} : {client} . {inside} }}")
        tell("mapped", protocol=protocol, client=f"{client}:{inside}", port=port)
        return port

    def epoch(self):
        return int(time.monotonic() - self.started) + 1000

    def pcp(self, query, client):
        lifetime, = struct.unpack_from("!I", query, 4)
        inside, wanted = struct.unpack_from("!HH", query, 40)
        if query[8:24] != MAPPED + socket.inet_aton(client):
            result, port = 12, 0
        elif self.kind == "refuse":
            tell("refused", protocol="PCP")
            result, port = 2, 0
        else:
            result, port = 0, self.map(client, inside, wanted, lifetime, "PCP")
        return (struct.pack("!BBBBII", 2, 0x81, 0, result, lifetime, self.epoch()) + bytes(12) +
                query[24:42] + struct.pack("!H", port) + MAPPED + self.outside)

    def natpmp(self, query, client):
        if query[1] == 0:
            return struct.pack("!BBHI", 0, 128, 0, self.epoch()) + self.outside
        inside, wanted, lifetime = struct.unpack_from("!HHI", query, 4)
        port = self.map(client, inside, wanted, lifetime, "NAT-PMP")
        return struct.pack("!BBHIHHI", 0, 129, 0, self.epoch(), inside, port, lifetime)

    def answer(self, query, client):
        tell("asked", version=query[0])
        if self.kind == "silent":
            return None
        if query[0] == 2 and self.kind != "pmp":
            return self.pcp(query, client)
        if query[0] != 0:
            return struct.pack("!BBHI", 0, 128 | query[1], 1, self.epoch())
        return self.natpmp(query, client)

    def run(self):
        tell("ready")
        while True:
            query, client = self.socket.recvfrom(1100)
            answer = self.answer(query, client[0])
            if answer:
                self.socket.sendto(answer, client)


Mapper(*sys.argv[1:]).run()
