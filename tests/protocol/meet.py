# SPDX-License-Identifier: MIT OR Apache-2.0
"""docs/protocol/meet.md: two members meet through a neighbour of both."""
import ipaddress

import crypto

LABEL = b"dtt meet 1"
ASK = b"\1"
ROOM = bytes(18)


def compact(addr):
    host, _, port = addr.rpartition(":")
    return ipaddress.ip_address(host.strip("[]")).packed + int(port).to_bytes(2, "big")


def entry(addr):
    packed = compact(addr)
    return bytes([4 if len(packed) == 6 else 6]) + packed


def key(topic, minute, enc_seed):
    return crypto.hkdf(LABEL, enc_seed, topic + minute.to_bytes(8, "little"), 32)


def seal(secret_key, nonce, plain):
    sealed = crypto.chacha_xor(secret_key, nonce, plain)
    return sealed + crypto.poly1305_tag(secret_key, nonce, b"", sealed)


def message(topic, minute, enc_seed, nonce, node_seed, to, addrs):
    head = minute.to_bytes(4, "little") + nonce
    plain = ASK + crypto.public_key(node_seed) + to + bytes([len(addrs)])
    plain += b"".join(entry(addr) for addr in addrs)
    plain += crypto.sign(node_seed, LABEL + topic + head + plain)
    return head + seal(key(topic, minute, enc_seed), nonce, plain)


def text(data):
    return str(len(data)).encode() + b":" + data


def query(node_id, sealed, other, transaction):
    arguments = b"2:id" + text(node_id) + b"1:m" + text(sealed) + b"1:o" + text(other)
    return b"d1:ad" + arguments + b"e1:q8:dtt_meet1:t" + text(transaction) + b"1:y1:qe"


def answer(node_id, other, transaction):
    return b"d1:rd2:id" + text(node_id) + b"1:o" + text(other) + b"e1:t" + text(transaction) + b"1:y1:re"


def refusal(transaction):
    return b"d1:eli201e0:e1:t" + text(transaction) + b"1:y1:ee"
