# SPDX-License-Identifier: MIT OR Apache-2.0
"""What a DHT node of any implementation answers to queries, odd ones among them (BEP 5, 32, 43, 44).

all_of(node) yields (name of the case, answer). Answers are "ok", "error CODE", "silent", and for a
get what it brought: the value, "seq N" alone, or "nothing". docs/compatibility-dht.md has a table
of them; differences() holds a node to a column of it.
"""
import os
import pathlib
import re

import krpc
from krpc import Raw, SEQ_MAX

NOT_TRIED = "-"
TABLE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "compatibility-dht.md"


class Node:
    """The node under test, asked from `host`; `other_host` is another address of ours."""

    def __init__(self, addr, host, other_host):
        self.addr = addr
        self.client = krpc.Client(host)
        self.elsewhere = krpc.Client(other_host)
        self.same_host = krpc.Client(host)

    def close(self):
        for client in (self.client, self.elsewhere, self.same_host):
            client.close()

    def ask(self, method, arguments, client=None, **top):
        return (client or self.client).ask_or_silence(self.addr, method, arguments, **top)

    def raw(self, datagram, tid):
        self.client.socket.sendto(datagram, self.addr)
        return self.client.answer_or_silence(self.addr, tid, os.urandom(4))

    def token(self, target, client=None):
        return (client or self.client).token(self.addr, target) or b"none"

    def get(self, target, times=1, **arguments):
        """What came of this many gets."""
        found = {brought(self.ask("get", {"target": target, **arguments})) for _ in range(times)}
        return " and ".join(sorted(found))

    def put(self, key, value, seq, without=(), client=None, **other):
        """A put of a mutable item; `other` arguments replace or join the proper ones."""
        # Not in BEP 44, but mainline takes no put without `target`.
        arguments = {"target": key.target, "token": self.token(key.target), **key.item(seq, value),
                     **other}
        for name in without:
            del arguments[name]
        return outcome(self.ask("put", arguments, client))

    def put_immutable(self, value, **other):
        target = krpc.immutable_target(value)
        arguments = {"target": target, "token": self.token(target), "v": value, **other}
        return outcome(self.ask("put", arguments))


def outcome(message):
    if message is None:
        return "silent"
    if b"e" in message:
        return f"error {message[b'e'][0]}"
    return "ok"


def brought(message):
    """What a get brought."""
    if message is None or b"r" not in message:
        return outcome(message)
    reply = message[b"r"]
    if b"v" in reply:
        value = krpc.encode(reply[b"v"]) if not isinstance(reply[b"v"], bytes) else reply[b"v"]
        return value.decode() if len(value) <= 20 else f"{len(value)} bytes"
    return f"seq {reply[b'seq']}" if b"seq" in reply else "nothing"


def contains(message, *names):
    """Which of these a reply contains."""
    if message is None or b"r" not in message:
        return outcome(message)
    return " and ".join(name for name in names if name.encode() in message[b"r"]) or "none"


def sequence_numbers(node):
    key = krpc.Key(b"salt")
    yield "get what nobody put", node.get(key.target)
    yield "put A, seq 5", node.put(key, "A", 5)
    yield "get", node.get(key.target)
    yield "put A, seq 5, again", node.put(key, "A", 5)
    yield "put B, seq 5", node.put(key, "B", 5)
    yield "get, four times", node.get(key.target, 4)
    yield "put C, seq 5, cas 5", node.put(key, "C", 5, cas=5)
    yield "get, six times", node.get(key.target, 6)
    yield "put D, seq 4", node.put(key, "D", 4)
    yield "put D, seq 6, cas 1", node.put(key, "D", 6, cas=1)
    yield "put D, seq 6, cas 5", node.put(key, "D", 6, cas=5)
    yield "get after it, four times", node.get(key.target, 4)
    yield "get with seq 5", node.get(key.target, seq=5)
    yield "get with seq 6", node.get(key.target, seq=6)
    yield "get with seq 7", node.get(key.target, seq=7)
    key = krpc.Key(b"salt")
    yield "put A, seq 2^63-1, cas 2^63-1, nothing there", node.put(key, "A", SEQ_MAX, cas=SEQ_MAX)
    yield "put B, seq 2^63-1, cas 2^63-1", node.put(key, "B", SEQ_MAX, cas=SEQ_MAX)
    yield "get both, four times", node.get(key.target, 4)
    key = krpc.Key()
    yield "put A, seq 0, no salt", node.put(key, "A", 0)
    yield "get it", node.get(key.target)
    yield "put, seq -1", node.put(krpc.Key(), "A", -1)
    yield "put, seq 2^63", node.put(krpc.Key(), "A", 2**63)


def sizes(node):
    key = krpc.Key(b"s" * 64)
    yield "put, salt of 64 bytes", node.put(key, "A", 1)
    yield "get it by salt", node.get(key.target)
    yield "put, salt of 65 bytes", node.put(krpc.Key(b"s" * 65), "A", 1)
    key = krpc.Key()
    yield "put, salt present and empty", node.put(key, "A", 1, salt=b"")
    key = krpc.Key()
    yield "put, v of 1000 bytes", node.put(key, "v" * 996, 1)
    yield "get the large one", node.get(key.target)
    yield "put, v of 1001 bytes", node.put(krpc.Key(), "v" * 997, 1)
    yield "put, v a string of 1001 bytes", node.put(krpc.Key(), "v" * 1001, 1)


def forms(node):
    key = krpc.Key()
    yield "put, v a dictionary", node.put(key, {"a": 1, "b": ["x", 2]}, 1)
    yield "get the dictionary", node.get(key.target)
    key = krpc.Key()
    yield "put, v a number", node.put(key, 42, 1)
    yield "get the number", node.get(key.target)
    yield "put, v unsorted", node.put(krpc.Key(), Raw(b"d1:bi1e1:ai2ee"), 1)
    yield "put, v with i-0e", node.put(krpc.Key(), Raw(b"i-0e"), 1)
    yield "put, bad signature", node.put(krpc.Key(), "A", 1, sig=bytes(64))
    key = krpc.Key(b"salt")
    yield "put, signed for another salt", node.put(key, "A", 1, sig=key.sign(1, "A", b"other"))
    yield "put without target", node.put(krpc.Key(), "A", 1, without=["target"])
    key = krpc.Key()
    yield "put with another target named", node.put(key, "A", 1, target=bytes(20))
    yield "get by the true target", node.get(key.target)


def tokens(node):
    key = krpc.Key()
    yield "put, made-up token", node.put(key, "A", 1, token=b"abcd")
    yield "put without token", node.put(key, "A", 1, without=["token"])
    token = node.token(os.urandom(20))
    yield "put, token for another target", node.put(krpc.Key(), "A", 1, token=token)
    key = krpc.Key()
    token = node.token(key.target, node.elsewhere)
    yield "put, token of another address", node.put(key, "A", 1, token=token)
    key = krpc.Key()
    token = node.token(key.target, node.same_host)
    yield "put, token of another port of the address", node.put(key, "A", 1, token=token)


def immutable_items(node):
    value = "immutable " + os.urandom(4).hex()
    target = krpc.immutable_target(value)
    yield "put an immutable item", node.put_immutable(value)
    yield "get the immutable item", "it" if node.get(target) == value else node.get(target)
    yield "put it again", node.put_immutable(value)
    yield "put an immutable item, made-up token", node.put_immutable(os.urandom(8), token=b"abcd")


def peers(node):
    infohash = os.urandom(20)
    reply = node.ask("get_peers", {"info_hash": infohash})
    yield "get_peers", contains(reply, "token", "values")
    token = reply[b"r"].get(b"token", b"none") if reply else b"none"
    announce = {"info_hash": infohash, "port": 1234, "token": token}
    yield "announce_peer", outcome(node.ask("announce_peer", announce))
    reply = node.ask("get_peers", {"info_hash": infohash})
    peer = krpc.compact((node.client.socket.getsockname()[0], 1234))
    values = reply[b"r"].get(b"values", []) if reply else []
    yield "get_peers after it", "the peer" if values == [peer] else f"{values}"
    own = node.client.socket.getsockname()
    node.ask("announce_peer", {**announce, "implied_port": 1})
    reply = node.ask("get_peers", {"info_hash": infohash})
    values = reply[b"r"].get(b"values", []) if reply else []
    yield "get_peers after implied_port", ("the port it came from" if krpc.compact(own[:2]) in values
                                           else f"{values}")
    yield "announce_peer, port 0", outcome(node.ask("announce_peer", {**announce, "port": 0}))
    yield "announce_peer, made-up token", outcome(
        node.ask("announce_peer", {**announce, "token": b"abcd"}))


def methods(node):
    target = {"target": os.urandom(20)}
    yield "ping", outcome(node.ask("ping", {}))
    own_family = "nodes6" if ":" in node.addr[0] else "nodes"
    named = contains(node.ask("find_node", target), "nodes", "nodes6")
    yield "find_node", "own family" if named == own_family else named
    yield "find_node, want n4 and n6", contains(
        node.ask("find_node", {**target, "want": ["n4", "n6"]}), "nodes", "nodes6")
    yield "find_node, target of 19 bytes", outcome(node.ask("find_node", {"target": bytes(19)}))
    yield "find_node without target", outcome(node.ask("find_node", {}))
    yield "unknown method", outcome(node.ask("frobnicate", {}))
    yield "dtt_meet (ours), of no neighbour", outcome(
        node.ask("dtt_meet", {"m": bytes(190), "o": bytes(18)}))
    yield "unknown method with a target", outcome(node.ask("frobnicate", target))
    yield "sample_infohashes (BEP 51)", contains(node.ask("sample_infohashes", target), "samples")


def frames(node):
    for size in (1, 3, 8, 20):
        node.client.tid_bytes = size
        yield f"transaction id of {size} byte{'s' * (size > 1)}", outcome(node.ask("ping", {}))
    node.client.tid_bytes = 4
    yield "a query with ro 1 (BEP 43)", outcome(node.ask("ping", {}, ro=1))
    yield "a query with unknown keys", outcome(node.ask("ping", {"zzz": [1, {}]}, zz="top"))
    yield "a query without id", outcome(node.raw(b"d1:ade1:q4:ping1:t4:tttt1:y1:qe", b"tttt"))
    yield "a reply to nothing", outcome(
        node.raw(b"d1:rd2:id20:aaaaaaaaaaaaaaaaaaaae1:t4:tttt1:y1:re", b"tttt"))
    yield "an error to nothing", outcome(node.raw(b"d1:eli201e4:oopse1:t4:tttt1:y1:ee", b"tttt"))
    yield "no bencode", outcome(node.raw(os.urandom(100), b"tttt"))


def incomplete_puts(node):
    """Apart and last, because not every implementation survives them."""
    yield "put without v", node.put(krpc.Key(), "A", 1, without=["v"])
    yield "put without seq", node.put(krpc.Key(), "A", 1, without=["seq"])
    yield "put without sig", node.put(krpc.Key(), "A", 1, without=["sig"])
    yield "put, k of 31 bytes", node.put(krpc.Key(), "A", 1, k=bytes(31))
    yield "put, sig of 63 bytes", node.put(krpc.Key(), "A", 1, sig=bytes(63))


GROUPS = [sequence_numbers, sizes, forms, tokens, immutable_items, peers, methods, frames,
          incomplete_puts]


def all_of(node, without=()):
    for group in GROUPS:
        if group not in without:
            yield from group(node)


def documented(column):
    """{case: answer} of one column of the table in the documentation."""
    rows = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            for line in TABLE.read_text().splitlines() if line.startswith("| ")]
    [heads] = [row for row in rows if row[0] == "case"]
    at = heads.index(column)
    return {row[0]: row[at] for row in rows[rows.index(heads) + 1:] if len(row) == len(heads)}


def differences(answers, column):
    """A sentence for each case whose answer is not the documented one."""
    table = documented(column)
    wrong = [f"'{name}': {answer}, documented: {table.get(name)}"
             for name, answer in answers.items() if table.get(name) != answer]
    return wrong + [f"'{name}' is documented and was not tried" for name, answer in table.items()
                    if name not in answers and answer != NOT_TRIED]
