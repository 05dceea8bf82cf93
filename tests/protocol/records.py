# SPDX-License-Identifier: MIT OR Apache-2.0
"""docs/protocol/records.md: what lies in a slot."""
import crypto

INFO, AAD = b"arbitrary_info_bytes", b"arbitrary_seal_bytes"
KEY_BLOB = 88


class Refused(Exception):
    """The step of the page's table that failed."""


def check(step, holds):
    if not holds:
        raise Refused(step)


def sign(topic, minute, content, seed):
    plain = topic + minute.to_bytes(8, "little") + crypto.public_key(seed) + content
    return plain + crypto.sign(seed, plain)


def seal_blob(seed, ephemeral, message):
    public = crypto.x25519_public(crypto.cut(seed))
    return (32).to_bytes(8, "little") + crypto.hpke_seal(public, ephemeral, INFO, AAD, message)


def seal(plain, enc_seed, one_time_seed, data_ephemeral, key_ephemeral):
    data = seal_blob(one_time_seed, data_ephemeral, plain)
    key = seal_blob(enc_seed, key_ephemeral, one_time_seed)
    return len(data).to_bytes(4, "little") + data + key


def open_blob(seed, blob):
    return crypto.hpke_open(crypto.cut(seed), INFO, AAD, blob[8:])


def unseal(sealed, enc_seed):
    """Steps 1 to 4: the plain record."""
    check(1, 148 <= len(sealed) <= 996)
    check(1, crypto.le(sealed[:4]) == len(sealed) - 4 - KEY_BLOB)
    data, key = sealed[4:-KEY_BLOB], sealed[-KEY_BLOB:]
    check(2, crypto.le(data[:8]) == crypto.le(key[:8]) == 32)
    one_time_seed = open_blob(enc_seed, key)
    check(3, one_time_seed is not None)
    plain = open_blob(one_time_seed, data)
    check(4, plain is not None)
    return plain


def read(plain, topic, minute):
    """Steps 5 to 8: publisher and content."""
    check(5, len(plain) >= 136)
    publisher, content, signature = plain[40:72], plain[72:-64], plain[-64:]
    check(6, plain[:32] == topic)
    check(7, crypto.le(plain[32:40]) == minute)
    check(8, crypto.verify_strict(publisher, plain[:-64], signature))
    return publisher, content


def members(content):
    """Active peers, message hashes, and what follows: the place of the extension."""
    if len(content) < 320:
        return [], [], b""
    entries = [content[i : i + 32] for i in range(0, 320, 32)]
    peers = [id for id in entries[:5] if any(id) and crypto.decode(id)]
    return peers, [hash for hash in entries[5:] if any(hash)], content[320:]
