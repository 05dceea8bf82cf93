# SPDX-License-Identifier: MIT OR Apache-2.0
"""docs/protocol/lan.md: names and messages in the local network."""
import base64

import crypto

LABEL = b"dtt lan 1"
TXT, IN = 16, 1
TTL_S = 60


def name(topic, minute, enc_seed):
    raw = crypto.hkdf(LABEL, enc_seed, topic + minute.to_bytes(8, "little"), 20)
    return base64.b32encode(raw).decode().lower() + "._udp.local"


def wire_name(text):
    return b"".join(bytes([len(part)]) + part.encode() for part in text.split(".")) + b"\0"


def words(*values):
    return b"".join(value.to_bytes(2, "big") for value in values)


def question(number, text):
    return words(number, 0, 1, 0, 0, 0) + wire_name(text) + words(TXT, IN)


def answer(text, record):
    parts = [record[at:at + 255] for at in range(0, len(record), 255)]
    data = b"".join(bytes([len(part)]) + part for part in parts)
    head = words(0, 0x8400, 0, 1, 0, 0) + wire_name(text) + words(TXT, IN)
    return head + TTL_S.to_bytes(4, "big") + words(len(data)) + data
