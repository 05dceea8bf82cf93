# SPDX-License-Identifier: MIT OR Apache-2.0
"""A name server that answers TXT questions as it is told. It has to be the only one of its mount and
network namespace.
"""
import socket
import subprocess
import threading

ADDRESS = ("127.0.0.1", 53)
DOMAIN = "dns.test"
TXT, IN, RESPONSE, NO_NAME = 16, 1, 0x8400, 3
Z_BASE_32 = "ybndrfg8ejkmcpqxot1uwisza345h769"


def z32(id_hex):
    bits = "".join(f"{byte:08b}" for byte in bytes.fromhex(id_hex))
    bits += "0" * (-len(bits) % 5)
    return "".join(Z_BASE_32[int(bits[i:i + 5], 2)] for i in range(0, len(bits), 5))


class NameServer(threading.Thread):
    """Answers TXT questions with `texts`, by name; `manner` "silent" and "garbage" do not."""

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(ADDRESS)
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
            if not query:
                return
            answer = self.answer(query)
            if self.manner == "garbage":
                answer = answer[:12] + b"\xff" * (len(answer) - 12)
            if self.manner != "silent":
                self.socket.sendto(answer, sender)

    def close(self):
        self.socket.sendto(b"", ADDRESS)
        self.join()
        self.socket.close()


def name_of(peer):
    return f"_iroh.{z32(peer.id)}.{DOMAIN}"


def ask_there(scene):
    """From now on the host asks the name server at 127.0.0.1."""
    conf = scene.file("resolv.conf", "nameserver 127.0.0.1\n", 0o644)
    subprocess.run(["mount", "--bind", conf, "/etc/resolv.conf"], check=True)
