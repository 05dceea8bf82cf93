#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""A host's view: prints a line of JSON for each UDP packet over IPv4 that an interface takes in.

usage: watcher.py INTERFACE          ends with its standard input

Datagrams are told apart by what they are: a "knock" (one byte), an "initial" (the long header of
QUIC), or "other".
"""
import json
import select
import socket
import struct
import sys
import time

IPV4 = 0x0800  # ETH_P_IP
UDP = 17


def kind_of(payload):
    if len(payload) == 1:
        return "knock"
    return "initial" if payload[0] & 0xc0 == 0xc0 else "other"


def read(packet):
    """What is told of a packet; None when it is none of those."""
    if len(packet) < 29 or packet[9] != UDP:
        return None
    head = 4 * (packet[0] & 15)
    port, size = struct.unpack_from(">HH", packet, head + 2)
    payload = packet[head + 8:head + size]
    if not payload:
        return None
    return {"event": "packet", "dst": socket.inet_ntoa(packet[16:20]), "port": port,
            "kind": kind_of(payload), "bytes": len(payload), "hex": payload.hex(),
            "moment": time.monotonic()}


def main(interface):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(IPV4))
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    s.bind((interface, IPV4))
    print(json.dumps({"event": "watching"}), flush=True)
    while True:
        ready = select.select([s, sys.stdin], [], [])[0]
        if sys.stdin in ready and not sys.stdin.readline():
            break
        if s in ready:
            packet, address = s.recvfrom(65536)
            told = read(packet) if address[2] != socket.PACKET_OUTGOING else None
            if told:
                print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
