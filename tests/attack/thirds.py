# SPDX-License-Identifier: MIT OR Apache-2.0
"""Third parties: what members can be made to send to addresses that somebody names."""
import os
import socket
import threading
import time

from lab import (FORGER, Sink, attack, case, check, end, joins, member, pair, swarm, where)
import krpc
from post import Post

VICTIM4 = ("127.0.0.66",)
VICTIM6 = ("2001:db8:66::1",)
NETWORK6 = tuple(f"2001:db8:66::{1 + i}" for i in range(8))  # one /64


@case("hearsay_dials_1", 1)
@case("hearsay_dials_10", 10)
@case("hearsay_dials_40", 40)
@case("hearsay_dials_200", 200)
def hearsay_dials(scene, rate):
    """A neighbour names silent addresses: newcomers get in, and own dials succeed."""
    target, _ = pair(scene)
    with Sink(64, "127.0.0.69") as sink:
        hostile = attack(scene, "join", [target], "--rate", rate, "--ports", 64,
                         "--victim", sink.addr)
        sink.wait(400, 15)
        took = [joins(scene, f"newcomer {i}", 8, "--peer", where(target)) for i in range(5)]
        end(hostile)
    return f"5 of 5 newcomers, the slowest in {max(took):.1f} s"


@case("reflect_join_1", "join", 1)
@case("reflect_join_10", "join", 10)
@case("reflect_join_40", "join", 40)
@case("reflect_join_200", "join", 200)
@case("reflect_shuffle", "shuffle", 10)
@case("reflect_shuffle_200", "shuffle", 200)
@case("reflect_reply", "reply", 10)
@case("reflect_reply_200", "reply", 200)
@case("reflect_join_v6", "join", 40, VICTIM6)
@case("reflect_reply_v6", "reply", 40, VICTIM6)
@case("reflect_join_network_v6", "join", 40, NETWORK6)
def reflect(scene, kind, rate, hosts=VICTIM4):
    """A neighbour names a third party's ports under ever new ids."""
    seconds = 40
    version = 6 if ":" in hosts[0] else 4
    target, _ = pair(scene)
    with Sink(8, *hosts) as sink:
        hostile = attack(scene, kind, [target], "--rate", rate, "--ports", 8, "--seconds", seconds,
                         "--hosts", len(hosts), "--victim", sink.addr, version=version,
                         *(("--from", "2001:db8:2::1") if version == 6 else ()))
        check(hostile.wait_exit(seconds + 60) == 0, "the hostile peer failed")
        report = hostile.of_kind("report")[-1]
        sink.wait_quiet(10, 60)  # what was begun goes on for a while
        rate_each = sink.rate(2)
    ratio = sink.bytes / report["tx_bytes"]
    figures = (f"{report['tx_bytes']} B sent, {sink.packets} packets and {sink.bytes} B at the third "
               f"party: {ratio:.1f} times, {rate_each:.0f} B/s a member")
    check(ratio <= 4 and rate_each <= 600, figures)
    return figures


# ---- by the DHT

def dht_of(scene, size=20):
    """The addresses of a private DHT's nodes."""
    host, port = scene.testnet(size).wait("ready")["bootstrap"][0].rsplit(":", 1)
    found = [(host, int(port))]
    for addr in found:
        for _ in range(8):
            client = krpc.Client("127.0.0.1")
            reply = client.ask(addr, "find_node", {"target": os.urandom(20)})
            client.close()
            check(reply is not None, f"the DHT's node {addr} does not answer")
            nodes = reply[b"r"][b"nodes"]
            for at in range(0, len(nodes), 26):
                ip, port = socket.inet_ntoa(nodes[at + 20:at + 24]), nodes[at + 24:at + 26]
                if (contact := (ip, int.from_bytes(port, "big"))) not in found:
                    found.append(contact)
    check(len(found) == size, f"{len(found)} of {size} nodes of the DHT found")
    return found


def items(scene, sink, *who):
    forger = scene.start("forger", sink.addr, 8, *who, command=str(FORGER))
    check(forger.wait_exit(20) == 0, "the forger failed")
    return forger.of_kind("item")


def verdict(sink, sent, members):
    rate = sink.rate(members)
    figures = (f"{sent} B sent, {sink.packets} packets and {sink.bytes} B at the third party: "
               f"{sink.bytes / sent:.1f} times, {rate:.0f} B/s a member")
    check(sink.bytes <= 4 * sent and rate <= 600, figures)
    return figures


@case("reflect_packets_4", VICTIM4)
@case("reflect_packets_6", VICTIM6)
def reflect_packets(scene, hosts):
    """A neighbour names ids whose address packets on the DHT lead to a third party."""
    post = Post(dht_of(scene), [f"127.6.{i}.1" for i in range(100)])
    with Sink(8, *hosts) as sink:
        for item in items(scene, sink):
            for node in post.nodes:
                post.put(node, item)
        members = [member(scene, "ann"), member(scene, "bob")]
        for each in members:
            each.wait("joined", 60)
        sink.started = time.monotonic()
        hostile = attack(scene, "packets", members[:1], "--rate", 10, "--seconds", 40)
        check(hostile.wait_exit(100) == 0, "the hostile peer failed")
        sink.wait_quiet(10, 60)
        return verdict(sink, hostile.of_kind("report")[-1]["tx_bytes"], 2)


@case("reflect_records_4", VICTIM4)
@case("reflect_records_6", VICTIM6)
def reflect_records(scene, hosts):
    """Somebody with the secret fills the slots with records that lead to a third party."""
    post = Post(dht_of(scene), [f"127.6.{i}.1" for i in range(100)])
    with Sink(8, *hosts) as sink:
        forged = items(scene, sink, scene.topic, scene.secret_text)
        is_full, is_over = threading.Event(), threading.Event()

        def fill():
            turn = 0
            while not is_over.is_set():
                for at, item in enumerate(forged):
                    post.put(post.nodes[(at + turn) % len(post.nodes)], item)
                    if post.bytes >= 50_000:
                        is_full.set()
                turn += 1
        filler = threading.Thread(target=fill, daemon=True)
        filler.start()
        check(is_full.wait(60), f"the DHT took {post.bytes} B of records only")
        sink.started = time.monotonic()
        members = [member(scene, f"member {i}") for i in range(6)]
        for each in members:
            each.wait("joined", 60)
        time.sleep(60)  # what is measured: what members do with such records
        is_over.set()
        filler.join()
        return verdict(sink, post.bytes, len(members))


class Liar:
    """A node of the DHT that names a third party in each answer, under ever new ids."""

    def __init__(self, sink, host):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((host, 0))
        self.id = os.urandom(20)
        self.sink = sink
        self.bytes = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def send(self, message, addr):
        self.bytes += len(krpc.encode(message)) + 28
        self.socket.sendto(krpc.encode(message), addr)

    def greet(self, addr):
        self.send({"t": b"hi", "y": "q", "q": "ping", "a": {"id": self.id}}, addr)

    def _serve(self):
        while True:
            datagram, sender = self.socket.recvfrom(65536)
            try:
                query = krpc.decode(datagram)
            except ValueError:
                continue
            if not isinstance(query, dict) or query.get(b"y") != b"q":
                continue
            reply = {"id": self.id, "token": b"fake"}
            if query[b"q"] != b"ping":
                target = query[b"a"].get(b"target", query[b"a"].get(b"info_hash", bytes(20)))
                contacts = [(s.getsockname(), target[:18] + os.urandom(2)) for s in
                            self.sink.sockets for _ in range(2)]
                reply["nodes"] = b"".join(ident + krpc.compact(addr) for addr, ident in contacts)
            self.send({"t": query[b"t"], "y": "r", "r": reply}, sender)


@case("reflect_contacts")
def reflect_contacts(scene):
    """Nodes of the DHT that name a third party in each answer."""
    nodes = dht_of(scene)
    with Sink(8, *VICTIM4) as sink:
        liars = [Liar(sink, f"127.5.{i}.1") for i in range(8)]
        members = [member(scene, f"member {i}") for i in range(3)]
        for each in members:
            each.wait("joined", 60)
        sink.started = time.monotonic()
        for _ in range(40):
            for liar in liars:
                for addr in nodes + [each.addr for each in members]:
                    liar.greet(addr)
            time.sleep(1)  # the pace of the liars
        return verdict(sink, sum(liar.bytes for liar in liars), len(members) + len(nodes))
