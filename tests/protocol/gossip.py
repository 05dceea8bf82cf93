# SPDX-License-Identifier: MIT OR Apache-2.0
"""docs/protocol/gossip.md: frames and messages.

A message is a dictionary as in gossip.json: {layer: {message: fields}}, byte strings in hexadecimal.
A type of the page is a pair of functions here: one reads it from a Reader, one makes its bytes.
"""
import ipaddress

import crypto

LARGEST_READ = 4096


class Malformed(Exception):
    pass


class Reader:
    def __init__(self, data):
        self.left = data

    def take(self, n):
        if n > len(self.left):
            raise Malformed("ends too early")
        taken, self.left = self.left[:n], self.left[n:]
        return taken

    def varint(self, bits):
        value = 0
        for shift in range(0, bits, 7):
            byte = self.take(1)[0]
            value |= (byte & 127) << shift
            if byte < 128:
                break
        if byte > 127 or value >> bits:
            raise Malformed("varint too large")
        return value

    def variant(self, names):
        index = self.varint(32)
        if index >= len(names):
            raise Malformed("unknown variant")
        return names[index]

    def boolean(self):
        byte = self.take(1)[0]
        if byte > 1:
            raise Malformed("neither 00 nor 01")
        return byte == 1

    def point(self):
        id = self.take(32)
        if crypto.decode(id) is None:
            raise Malformed("no curve point")
        return id.hex()


def varint(n):
    return bytes([n & 127 | 128]) + varint(n >> 7) if n > 127 else bytes([n])


# ---- the types of the page

U16 = lambda r: r.varint(16), varint  # noqa: E731
BOOL = Reader.boolean, lambda value: bytes([value])
NOTHING = lambda r: None, lambda value: b""  # noqa: E731
BYTES = lambda r: r.take(r.varint(64)).hex(), lambda text: varint(len(text) // 2) + bytes.fromhex(text)  # noqa: E731
ID = lambda r: r.take(32).hex(), bytes.fromhex  # noqa: E731
ENDPOINT = Reader.point, bytes.fromhex
SCOPE = (lambda r: {"Swarm": r.varint(16)} if r.variant("01") == "0" else "Neighbors",
         lambda scope: b"\1" if scope == "Neighbors" else b"\0" + varint(scope["Swarm"]))


def option(type):
    return (lambda r: type[0](r) if r.boolean() else None,
            lambda value: b"\0" if value is None else b"\1" + type[1](value))


def list_of(type):
    return (lambda r: [type[0](r) for _ in range(r.varint(64))],
            lambda items: varint(len(items)) + b"".join(map(type[1], items)))


def enum(*names):
    return lambda r: r.variant(names), lambda name: varint(names.index(name))


def struct(**fields):
    return (lambda r: {name: type[0](r) for name, type in fields.items()},
            lambda value: b"".join(type[1](value[name]) for name, type in fields.items()))


# ---- messages, each at the place of its variant

DATA = option(BYTES)
PEER = struct(id=ENDPOINT, data=DATA)
LAYERS = {
    "Swarm": {
        "Join": DATA,
        "ForwardJoin": struct(peer=PEER, ttl=U16),
        "Shuffle": struct(origin=ENDPOINT, nodes=list_of(PEER), ttl=U16),
        "ShuffleReply": struct(nodes=list_of(PEER)),
        "Neighbor": struct(priority=enum("High", "Low"), data=DATA),
        "Disconnect": struct(alive=BOOL, respond=BOOL),
    },
    "Gossip": {
        "Gossip": struct(id=ID, content=BYTES, scope=SCOPE),
        "Prune": NOTHING,
        "Graft": struct(id=option(ID), round=U16),
        "IHave": list_of(struct(id=ID, round=U16)),
    },
}


def decode(payload):
    reader = Reader(payload)
    layer = reader.variant(list(LAYERS))
    name = reader.variant(list(LAYERS[layer]))
    return {layer: {name: LAYERS[layer][name][0](reader)}}


def encode(message):
    (layer, body), = message.items()
    (name, fields), = body.items()
    head = bytes([list(LAYERS).index(layer), list(LAYERS[layer]).index(name)])
    return head + LAYERS[layer][name][1](fields)


def has_right_id(gossip):
    """Of the fields of a Gossip; one with another id is dropped."""
    return crypto.blake3(bytes.fromhex(gossip["content"])).hex() == gossip["id"]


def peer_data(data):
    """Relay and addresses as in gossip.json."""
    if not data:
        return {"relay_url": None, "direct_addresses": []}

    def address(r):
        family = r.variant(["V4", "V6"])
        ip = ipaddress.ip_address(r.take(4 if family == "V4" else 16))
        return {family: ("%s:%d" if family == "V4" else "[%s]:%d") % (ip, r.varint(16))}

    url = lambda r: bytes.fromhex(BYTES[0](r)).decode()  # noqa: E731
    read = struct(relay_url=option((url, None)), direct_addresses=list_of((address, None)))[0]
    return read(Reader(data))


def frames(stream, has_topic=False):
    """The payloads of a stream; the first one is the topic id unless `has_topic`."""
    while stream:
        size = int.from_bytes(stream[:4], "big")
        if size > LARGEST_READ or (not has_topic and size != 32):
            raise Malformed("bad length")
        if len(stream) < 4 + size:
            return
        yield stream[4 : 4 + size]
        has_topic, stream = True, stream[4 + size :]
