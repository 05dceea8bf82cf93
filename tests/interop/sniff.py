#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Prints the UDP datagrams over IPv4 that come in at an interface of a host, a line of JSON each.

usage: sniff.py INTERFACE
"""
import json
import socket
import struct
import sys

ETH_P_IP, UDP, UDP_HEADER = 0x0800, 17, 8

with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IP)) as sock:
    sock.bind((sys.argv[1], ETH_P_IP))
    print(json.dumps({"event": "ready"}), flush=True)
    while True:
        packet, where = sock.recvfrom(65536)
        header = (packet[0] & 15) * 4
        if where[2] == socket.PACKET_OUTGOING or packet[9] != UDP:
            continue
        from_port, port = struct.unpack_from(">HH", packet, header)
        host = socket.inet_ntoa(packet[12:16])
        print(json.dumps({"event": "datagram", "source": f"{host}:{from_port}", "port": port,
                          "hex": packet[header + UDP_HEADER:].hex()}), flush=True)
