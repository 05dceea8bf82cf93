# SPDX-License-Identifier: MIT OR Apache-2.0
"""docs/protocol/slots.md: where a topic's records lie in a minute, and how they are signed there."""
import hashlib

import crypto

PUBLIC, SECRET, OLD_LINE = "public", "secret_slot", "old_line"
LARGEST_SEQ = 2**63 - 1


def closed_topic(name, secret):
    """T of a closed topic."""
    salt = b"dtt closed topic 1" + crypto.cut(name)
    return hashlib.scrypt(crypto.cut(secret), salt=salt, n=16384, r=8, p=5, dklen=32)


def encryption_seed(topic, minute, secret):
    """E of the default rotation. `topic` is T, `secret` is S."""
    return crypto.cut(topic + minute.to_bytes(8, "big") + secret)


def seed_and_salt(kind, topic, minute, enc_seed):
    where = topic + minute.to_bytes(8, "little")
    if kind == SECRET:
        k = crypto.hkdf(b"dtt secret slot 1", enc_seed, where, 64)
        return k[:32], k[32:]
    seed = crypto.cut(where)
    return seed, seed if kind == OLD_LINE else crypto.cut(b"salt" + where)


def target(key, salt):
    return hashlib.sha1(key + salt).digest()


def signed_bytes(salt, seq, value):
    """What the signature of an item covers (BEP 44); `value` is bencoded."""
    head = b"4:salt%d:" % len(salt) + salt if salt else b""
    return head + b"3:seqi%de1:v" % seq + value


def bencoded(value):
    return b"%d:" % len(value) + value
