# SPDX-License-Identifier: MIT OR Apache-2.0
"""docs/protocol/signed.md: signed messages.

A message is a dictionary as in signed.json: author, kind, content, and topic, sent_ms and seq where it
has the extension; bytes in hexadecimal.
"""
import crypto
import gossip

MARK = b"DTT\1"
KINDS = ("name", "text")


def as_bytes(data):
    return gossip.varint(len(data)) + data


def u64(n):
    return n.to_bytes(8, "little")


def data(message):
    """What is signed."""
    content = bytes.fromhex(message["content"])
    is_bytes = message["kind"] == "bytes"
    out = bytes([0 if message["kind"] == "name" else 1]) + as_bytes(b"" if is_bytes else content)
    if "topic" in message:
        out += MARK + bytes.fromhex(message["topic"]) + u64(message["sent_ms"]) + u64(message["seq"])
        out += as_bytes(content if is_bytes else b"")
    return out


def make(seed, message):
    signed = data(message)
    return crypto.public_key(seed) + as_bytes(signed) + as_bytes(crypto.sign(seed, signed))


def take(r):
    """Bytes with their length, which is in its shortest form."""
    before = r.left
    taken = r.take(r.varint(64))
    if not before.startswith(as_bytes(taken)):
        raise gossip.Malformed("a length is not in its shortest form")
    return taken


def extension(left, message):
    """Adds what the extension says; anything else after the enum is passed over."""
    r = gossip.Reader(left)
    try:
        mark, topic, sent_ms, seq = r.take(4), r.take(32), r.take(8), r.take(8)
        content = r.take(r.varint(64))
    except gossip.Malformed:
        return
    if mark == MARK:
        message.update(topic=topic.hex(), sent_ms=int.from_bytes(sent_ms, "little"),
                       seq=int.from_bytes(seq, "little"))
        if content and message["kind"] == "text":
            message.update(kind="bytes", content=content.hex())


def read(envelope):
    """The message, and whether its author has signed it. Malformed: it is plain."""
    outer = gossip.Reader(envelope)
    author, signed, signature = outer.take(32), take(outer), take(outer)
    if outer.left or len(signature) != 64:
        raise gossip.Malformed("not an envelope")
    inner = gossip.Reader(signed)
    kind = inner.variant(KINDS)
    content = inner.take(inner.varint(64))
    try:
        content.decode()
    except UnicodeDecodeError:
        raise gossip.Malformed("no UTF-8") from None
    message = {"author": author.hex(), "kind": kind, "content": content.hex()}
    extension(inner.left, message)
    return message, crypto.verify_strict(author, signed, signature)
