#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Answers in the local network, unasked, with the records that attack-forger makes.

usage: announcer.py INTERFACE ADDRESS TOPIC SECRET FORGER...      ADDRESS: ours at the interface;
                                                                  FORGER: its command line

Ends with its standard input.
"""
import hashlib
import json
import pathlib
import select
import socket
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(1, str(HERE.parent / "protocol"))
import lan  # noqa: E402

GROUP, PORT = "224.0.0.251", 5353


def cut(data):
    return hashlib.sha512(data).digest()[:32]


def open_socket(interface, addr):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((addr, PORT))
    index = socket.if_nametoindex(interface)
    s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, bytes(8) + index.to_bytes(4, sys.byteorder))
    s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
    return s


def main(interface, addr, topic, secret, *forge):
    s = open_socket(interface, addr)
    topic, secret = cut(topic.encode()), cut(secret.encode())
    sent = 0
    while not select.select([sys.stdin], [], [], 1)[0]:
        minute = int(time.time()) // 60
        seed = cut(topic + minute.to_bytes(8, "big") + secret)
        name = lan.name(topic, minute, seed)
        lines = subprocess.run(forge, stdout=subprocess.PIPE, check=True).stdout.splitlines()
        for item in map(json.loads, lines):
            if item["minute"] == minute:
                message = lan.answer(name, bytes.fromhex(item["value"]))
                s.sendto(message, (GROUP, PORT))
                sent += len(message)
    print(json.dumps({"event": "announced", "bytes": sent}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
