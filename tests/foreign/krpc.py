# SPDX-License-Identifier: MIT OR Apache-2.0
"""Bencode, BEP 44 items and a UDP socket that speaks KRPC: independent of what is tested here."""
import ctypes
import ctypes.util
import functools
import hashlib
import ipaddress
import os
import socket
import struct
import time

import harness

SEQ_MAX = 2**63 - 1


def encode(value):
    """Bencodes str, bytes, int, list and dict; a Raw goes out as it is."""
    if isinstance(value, Raw):
        return value.data
    if isinstance(value, int):
        return b"i%de" % value
    if isinstance(value, str):
        value = value.encode()
    if isinstance(value, bytes):
        return b"%d:%s" % (len(value), value)
    if isinstance(value, list):
        return b"l" + b"".join(map(encode, value)) + b"e"
    keyed = sorted((key.encode() if isinstance(key, str) else key, item)
                   for key, item in value.items())
    return b"d" + b"".join(encode(key) + encode(item) for key, item in keyed) + b"e"


class Raw:
    """Bytes that stand for an already encoded value, well-formed or not."""

    def __init__(self, data):
        self.data = data


def decode(data):
    """The value of a whole datagram; ValueError when it is none."""
    value, end = _decode(data, 0)
    if end != len(data):
        raise ValueError("bytes behind the value")
    return value


def _decode(data, at):
    kind = data[at:at + 1]
    if kind == b"i":
        end = data.index(b"e", at)
        return int(data[at + 1:end]), end + 1
    if kind.isdigit():
        colon = data.index(b":", at)
        end = colon + 1 + int(data[at:colon])
        if end > len(data):
            raise ValueError("string beyond the end")
        return data[colon + 1:end], end
    if kind not in (b"l", b"d"):
        raise ValueError(f"no value at byte {at}")
    items = []
    at += 1
    while data[at:at + 1] != b"e":
        item, at = _decode(data, at)
        items.append(item)
    if kind == b"l":
        return items, at + 1
    return dict(zip(items[::2], items[1::2])), at + 1


def compact(addr):
    """BEP 5 and BEP 32: the address, then the port."""
    return ipaddress.ip_address(addr[0]).packed + struct.pack(">H", addr[1])


@functools.cache
def _sodium():
    name = ctypes.util.find_library("sodium")
    if name is None:
        raise harness.Skip("libsodium is not among the shared libraries here")
    return ctypes.CDLL(name)


class Key:
    """An Ed25519 key pair that signs items under one salt."""

    def __init__(self, salt=b"", seed=None):
        self.seed = seed or os.urandom(32)
        self.salt = salt
        public, secret = ctypes.create_string_buffer(32), ctypes.create_string_buffer(64)
        _sodium().crypto_sign_seed_keypair(public, secret, self.seed)
        self.public, self.secret = public.raw, secret.raw

    @property
    def target(self):
        return hashlib.sha1(self.public + self.salt).digest()

    @property
    def expanded(self):
        """The secret as libtorrent wants it: SHA-512 of the seed, clamped (RFC 8032)."""
        words = bytearray(hashlib.sha512(self.seed).digest())
        words[0] &= 248
        words[31] = words[31] & 63 | 64
        return bytes(words)

    def sign(self, seq, value, salt=None):
        """The signature of BEP 44 over the encoded value."""
        salt = self.salt if salt is None else salt
        text = (b"4:salt" + encode(salt) if salt else b"") + b"3:seqi%de1:v" % seq + encode(value)
        signature = ctypes.create_string_buffer(64)
        _sodium().crypto_sign_detached(signature, None, text, ctypes.c_ulonglong(len(text)),
                                       self.secret)
        return signature.raw

    def item(self, seq, value):
        """The arguments of a put, or the part of a reply, that carry a signed value."""
        fields = {"k": self.public, "seq": seq, "sig": self.sign(seq, value), "v": value}
        return {**fields, "salt": self.salt} if self.salt else fields


def immutable_target(value):
    return hashlib.sha1(encode(value)).digest()


class Client:
    """One UDP socket that asks one question at a time."""

    def __init__(self, host="127.0.0.1", port=0, tid_bytes=4):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.bind((host, port))
        self.id = os.urandom(20)
        self.tid_bytes = tid_bytes

    def close(self):
        self.socket.close()

    def ask(self, addr, method, arguments, within=10, **top):
        """The decoded answer; None when there is none in time."""
        tid = os.urandom(self.tid_bytes)
        query = {"t": tid, "y": "q", "q": method, "a": {"id": self.id, **arguments}, **top}
        self.socket.sendto(encode(query), addr)
        return self.receive([tid], within)

    def receive(self, tids, within):
        """The first message whose transaction id is among `tids`; None when none comes in time."""
        deadline = time.monotonic() + within * harness.SLOW
        while (left := deadline - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                message = decode(self.socket.recv(65536))
            except socket.timeout:
                break
            except ValueError:
                continue
            if message.get(b"t") in tids:
                return message
        return None

    def ask_or_silence(self, addr, method, arguments, **top):
        """Like ask, but a ping behind the query tells soon that no answer will come."""
        tid, ping = os.urandom(self.tid_bytes), os.urandom(4)
        self.socket.sendto(encode({"t": tid, "y": "q", "q": method,
                                   "a": {"id": self.id, **arguments}, **top}), addr)
        return self.answer_or_silence(addr, tid, ping)

    def answer_or_silence(self, addr, tid, ping):
        self.socket.sendto(encode({"t": ping, "y": "q", "q": "ping", "a": {"id": self.id}}), addr)
        message = self.receive([tid, ping], 10)
        if message is None:
            raise harness.Failure(f"no answer to a ping from {addr}")
        return message if message[b"t"] == tid else None

    def token(self, addr, target):
        reply = self.ask(addr, "get", {"target": target})
        return reply and reply.get(b"r", {}).get(b"token")
