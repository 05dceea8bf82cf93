#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Somebody who knows a member's id alone finds it by the TXT records of a domain; name servers that
lie or say nothing bring nobody, and hold nobody up.

The name server of this test is the only one in its namespace.
"""
import socket
import subprocess
import threading
import time

import netlab
from harness import check

DOMAIN = "dns.test"
TXT, IN, RESPONSE, NO_NAME = 16, 1, 0x8400, 3
Z_BASE_32 = "ybndrfg8ejkmcpqxot1uwisza345h769"
NOWHERE = ("--no-lan", "--no-portmap", "--log", "debug")


def z32(id_hex):
    bits = "".join(f"{byte:08b}" for byte in bytes.fromhex(id_hex))
    bits += "0" * (-len(bits) % 5)
    return "".join(Z_BASE_32[int(bits[i:i + 5], 2)] for i in range(0, len(bits), 5))


class NameServer(threading.Thread):
    """Answers TXT questions with `texts`, by name; `manner` "silent" and "garbage" do not."""

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 53))
        self.texts = {}
        self.manner = "honest"
        self.asked = []
        self.start()

    def answer(self, query):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode().lower())
            at += 1 + query[at]
        question = query[12:at + 5]
        name = ".".join(labels)
        self.asked.append(name)
        texts = [text.encode() for text in self.texts.get(name, [])]
        head = query[:2] + (RESPONSE | (0 if texts else NO_NAME)).to_bytes(2, "big")
        head += (1).to_bytes(2, "big") + len(texts).to_bytes(2, "big") + bytes(4)
        records = [b"\xc0\x0c" + TXT.to_bytes(2, "big") + IN.to_bytes(2, "big") + bytes(3) + b"\x1e" +
                   (len(text) + 1).to_bytes(2, "big") + bytes([len(text)]) + text for text in texts]
        return head + question + b"".join(records)

    def run(self):
        while True:
            query, sender = self.socket.recvfrom(4096)
            answer = self.answer(query)
            if self.manner == "garbage":
                answer = answer[:12] + b"\xff" * (len(answer) - 12)
            if self.manner != "silent":
                self.socket.sendto(answer, sender)


def name_of(peer):
    return f"_iroh.{z32(peer.id)}.{DOMAIN}"


def bob_of(scene, ann, words):
    return scene.peer(f"bob, {words}", *NOWHERE, "--dns-origin", DOMAIN, "--peer", ann.id)


def test(scene):
    scene.bootstrap = ["127.0.0.1:9"]
    conf = scene.file("resolv.conf", "nameserver 127.0.0.1\n", 0o644)
    subprocess.run(["mount", "--bind", conf, "/etc/resolv.conf"], check=True)
    server = NameServer()
    ann = scene.peer("ann", *NOWHERE)
    host, port = ann.addr
    server.texts[name_of(ann)] = ["relay=https://relay.test./", f"addr={host}:{port}"]

    bob = bob_of(scene, ann, "honest")
    bob.wait("joined", 10)
    check(server.asked == [name_of(ann)], f"the name server was asked {server.asked}")
    bob.send("hello")
    ann.wait_message("hello")
    bob.leave()

    for manner in ("garbage", "silent"):
        server.manner = manner
        began = time.monotonic()
        bob = bob_of(scene, ann, manner)
        failure = bob.wait("dial_failed", 60)
        check(failure["stage"] == "address" and not failure["tried"], f"{manner}: {failure}")
        print(f"{manner}: told after {time.monotonic() - began:.1f} s")
        leaving = time.monotonic()
        bob.leave()
        check(time.monotonic() - leaving < 3, f"{manner}: it waited for the name server")

    server.manner = "honest"
    server.texts[name_of(ann)] = ["relay=https://relay.test./"]
    bob = bob_of(scene, ann, "relay alone")
    failure = bob.wait("dial_failed", 60)
    check(failure["reason"] == "relay_only", f"it is not said that there is a relay alone: {failure}")
    bob.leave()

    server.texts[name_of(ann)] = ["addr=127.0.0.1:1", "addr=224.0.0.1:7", "addr=x", "", "other=1"]
    bob = bob_of(scene, ann, "wrong address")
    bob.wait_said("addrs_found .* addrs=1$")  # and the group is none
    failure = bob.wait("dial_failed", 60)
    check("224.0.0.1" not in str(failure), f"a group was dialled: {failure}")
    bob.leave()
    ann.leave()


netlab.run(test)
