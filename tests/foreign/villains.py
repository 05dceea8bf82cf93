# SPDX-License-Identifier: MIT OR Apache-2.0
"""Hostile DHT nodes. They answer pings in order, which takes them into the tables of others, and
name each other; what they do with a `get` is the function that each is given.

A Gang is a number of them whose ids are nearer to a target than any honest node's can be expected.
"""
import os
import random
import selectors
import socket
import threading

import krpc

PORT = 6881
TRUTH = b"the true value"


class Villain:
    def __init__(self, gang, host, ident):
        self.gang = gang
        self.id = ident
        self.addr = (host, PORT)
        self.asked = 0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(self.addr)

    @property
    def contact(self):
        return self.id + krpc.compact(self.addr)

    def reply(self, query, sender, **fields):
        """An answer that is as it should be but for `fields`."""
        reply = {"id": self.id, "token": b"fake", "nodes": self.gang.contacts(), **fields}
        self.send({"t": query[b"t"], "y": "r", "r": reply}, sender)

    def send(self, message, sender, through=None):
        (through or self.socket).sendto(krpc.encode(message), sender)

    def introduce_to(self, addr):
        self.send({"t": b"hi", "y": "q", "q": "ping", "a": {"id": self.id}}, addr)

    def serve(self, datagram, sender):
        try:
            query = krpc.decode(datagram)
        except ValueError:
            return
        if not isinstance(query, dict) or query.get(b"y") != b"q":
            return
        if query[b"q"] == b"get":
            self.asked += 1
            self.gang.on_get(self, query, sender)
        elif query[b"q"] == b"ping":
            self.send({"t": query[b"t"], "y": "r", "r": {"id": self.id}}, sender)
        elif query[b"q"] == b"put":
            self.gang.on_put(self, datagram, query, sender)
        elif self.gang.on_get is misname_honest:
            misname_honest(self, query, sender)
        else:
            self.reply(query, sender)


class Gang:
    """Villains of one kind around the target of one item."""

    def __init__(self, name, on_get, hosts, near, is_mutable=True, on_put=None):
        """`near`: the id of the honest node that is to be the nearest one to the target."""
        self.name = name
        self.on_get = on_get
        self.on_put = on_put or say_yes
        self.is_mutable = is_mutable
        while True:
            self.key = krpc.Key(b"salt")
            self.value = TRUTH + b" " + os.urandom(4).hex().encode()
            self.target = self.key.target if is_mutable else krpc.immutable_target(self.value)
            if self.target[0] == near[0]:
                break
        self.victims = []  # addresses of honest nodes, nearest to the target first
        self.honest_ids = []  # nearest first; for those who steal them
        self.members = []
        for host in hosts:
            self.members.append(Villain(self, host, self.target[:10] + os.urandom(10)))

    def contacts(self):
        return b"".join(member.contact for member in random.sample(self.members,
                                                                   min(8, len(self.members))))

    def met(self):
        """How many were asked for the item."""
        return sum(member.asked > 0 for member in self.members)


class Underworld:
    """Serves all villains from one thread."""

    def __init__(self, gangs):
        self.selector = selectors.DefaultSelector()
        for gang in gangs:
            for member in gang.members:
                self.selector.register(member.socket, selectors.EVENT_READ, member)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            for ready, _ in self.selector.select():
                try:
                    ready.data.serve(*ready.fileobj.recvfrom(65536))
                except OSError:  # a full buffer: an answer less
                    pass


# ---- what they do with a get

def stay_silent(villain, query, sender):
    del villain, query, sender


def answer_garbage(villain, query, sender):
    tid = query[b"t"]
    whole = krpc.encode({"t": tid, "y": "r", "r": {"id": villain.id, "token": b"fake"}})
    for datagram in (os.urandom(500), whole[:-3], b"d" * 1400, b"l" * 3000 + b"e" * 3000,
                     b"d1:rd2:id20:" + villain.id + b"5:nodesi7ee1:t%d:%s1:y1:re" % (len(tid), tid),
                     b"d1:r0:1:t%d:%s1:y1:re" % (len(tid), tid),
                     b"d1:rd2:id99999999999999999999:", os.urandom(60_000)):
        villain.socket.sendto(datagram, sender)


def forge_signature(villain, query, sender):
    item = villain.gang.key.item(9, "forged")
    villain.reply(query, sender, **{**item, "sig": bytes(64)})


def sign_with_own_key(villain, query, sender):
    villain.reply(query, sender, **krpc.Key(b"salt").item(9, "of another key"))


def change_signed_value(villain, query, sender):
    item = villain.gang.key.item(9, "what was signed")
    villain.reply(query, sender, **{**item, "v": "something else"})


def replay_other_slot(villain, query, sender):
    """Signed by the right key, for another salt."""
    gang = villain.gang
    signature = gang.key.sign(9, "of another slot", b"other salt")
    villain.reply(query, sender, k=gang.key.public, seq=9, sig=signature, v="of another slot")


def answer_other_content(villain, query, sender):
    villain.reply(query, sender, v="not what the target is the hash of")


def name_fakes(villain, query, sender):
    """1,500 contacts nearer than anybody, each at an address of its own where nobody is."""
    fakes = b"".join(villain.gang.target[:15] + os.urandom(5) + bytes([77]) + os.urandom(3) +
                     b"\x1a\xe1" for _ in range(1500))
    villain.reply(query, sender, nodes=fakes)


def steal_ids(villain, query, sender):
    """Names honest nodes by their ids, at addresses of villains."""
    stolen = b"".join(ident + krpc.compact(member.addr) for ident, member in
                      zip(villain.gang.honest_ids, villain.gang.members))
    villain.reply(query, sender, nodes=stolen)


def misname_honest(villain, query, sender):
    """Names honest nodes, by the farthest id there is."""
    far = bytes(byte ^ 255 for byte in villain.gang.target)
    villain.reply(query, sender, nodes=b"".join(far + krpc.compact(addr)
                                                for addr in villain.gang.victims[:16]))


def lie_about_id(villain, query, sender):
    """Each answer under another id, nearest of all."""
    villain.reply(query, sender, id=villain.gang.target[:19] + os.urandom(1))


def answer_from_elsewhere(villain, query, sender):
    """From another port, with the right transaction id and a forged value."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind((villain.addr[0], 0))
        reply = {"id": villain.id, "token": b"fake", **villain.gang.key.item(9, "from elsewhere")}
        villain.send({"t": query[b"t"], "y": "r", "r": reply}, sender, other)


def guess_transactions(villain, query, sender):
    """A hundred answers to queries that were not sent, then the same answer twice."""
    for _ in range(100):
        villain.send({"t": os.urandom(4), "y": "r",
                      "r": {"id": villain.id, **villain.gang.key.item(9, "guessed")}}, sender)
    villain.reply(query, sender)
    villain.reply(query, sender)


def answer_with_error(villain, query, sender):
    villain.send({"t": query[b"t"], "y": "e", "e": [202, "no"]}, sender)


def know_nothing(villain, query, sender):
    villain.reply(query, sender)


def hide_behind_seq(villain, query, sender):
    """Claims to hold something that is not newer than what was asked for."""
    villain.reply(query, sender, seq=krpc.SEQ_MAX)


# ---- and with a put

def say_yes(villain, datagram, query, sender):
    """Without storing it."""
    del datagram
    villain.send({"t": query[b"t"], "y": "r", "r": {"id": villain.id}}, sender)


def replay_to_all(villain, datagram, query, sender):
    """The same bytes, token and all, to everybody else."""
    for addr in villain.gang.victims:
        villain.socket.sendto(datagram, addr)
    say_yes(villain, datagram, query, sender)
