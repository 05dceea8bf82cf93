# SPDX-License-Identifier: MIT OR Apache-2.0
"""A script for one gossip state machine: what comes in, and, by iroh-gossip, what goes out.

Where a random choice would be made there is one candidate, and little is played of what we do
otherwise on purpose (docs/design/gossip.md). tests/unit/gossip/machine.c plays it to ours.
"""
SWARM, GOSSIP = b"\0", b"\1"
NO_DATA = b"\0"
HIGH, LOW = b"\0", b"\1"
# Why ours says something else in a step.
ANNOUNCED = "the neighbour has announced it itself"
UNANSWERED = "asks the next one when a request has no answer"


def varint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


class Script:
    """Writes payloads as postcard does; `rust` knows the ids of peers and of messages."""

    def __init__(self, rust):
        self.rust = rust
        self.ids = [bytes.fromhex(id) for id in rust.ask(do="ids")["ids"]]
        self.steps = []

    def message_id(self, text):
        return bytes.fromhex(self.rust.ask(do="message id", text=text)["id"])

    def nodes(self, peers):
        return varint(len(peers)) + b"".join(self.ids[peer] + NO_DATA for peer in peers)

    # ---- payloads

    def join(self):
        return SWARM + b"\0" + NO_DATA

    def forward_join(self, peer, ttl):
        return SWARM + b"\1" + self.ids[peer] + NO_DATA + varint(ttl)

    def shuffle(self, origin, peers, ttl):
        return SWARM + b"\2" + self.ids[origin] + self.nodes(peers) + varint(ttl)

    def shuffle_reply(self, peers):
        return SWARM + b"\3" + self.nodes(peers)

    def neighbor(self, priority):
        return SWARM + b"\4" + priority + NO_DATA

    def disconnect(self, alive):
        return SWARM + b"\5" + bytes([alive, 0])

    def gossip(self, text, hops=None):
        scope = b"\1" if hops is None else b"\0" + varint(hops)
        content = varint(len(text)) + text.encode()
        return GOSSIP + b"\0" + self.message_id(text) + content + scope

    def prune(self):
        return GOSSIP + b"\1"

    def graft(self, text, hops):
        return GOSSIP + b"\2" + b"\1" + self.message_id(text) + varint(hops)

    def ihave(self, *entries):
        listed = b"".join(self.message_id(text) + varint(hops) for text, hops in entries)
        return GOSSIP + b"\3" + varint(len(entries)) + listed

    # ---- steps

    def step(self, what, but=None, **details):
        """`but`: why ours sends something else here, if so."""
        reply = self.rust.ask(do=what, **details)
        step = {"do": what, **details, "then": reply["then"]}
        self.steps.append({**step, "but": but} if but else step)

    def recv(self, peer, payload, but=None):
        self.step("recv", but, peer=peer, payload=payload.hex())

    def wait(self, ms, but=None):
        self.step("wait", but, ms=ms)


def membership(s):
    """Up to a full active view and down to two neighbours. Each answer of ours is answered, or
    iroh-gossip believes that it still waits.
    """
    s.step("join", peer=1)
    s.recv(1, s.neighbor(HIGH))
    s.recv(1, s.neighbor(HIGH))
    s.recv(1, s.forward_join(3, 6))  # one neighbour: asks the joiner itself
    s.recv(3, s.neighbor(HIGH))
    s.recv(2, s.join())  # told to the others
    s.recv(2, s.neighbor(HIGH))
    s.recv(4, s.neighbor(LOW))
    s.recv(4, s.neighbor(LOW))
    s.recv(5, s.neighbor(LOW))
    s.recv(5, s.neighbor(LOW))
    s.recv(6, s.neighbor(LOW))  # full
    s.recv(7, s.shuffle_reply([]))  # no neighbour: hung up on
    s.recv(5, s.disconnect(True))
    s.recv(4, s.disconnect(True))  # 5 is asked instead
    s.wait(499)
    s.wait(1)  # then 4
    s.wait(500)
    s.step("gone", peer=3)
    s.recv(1, s.shuffle_reply([6]))  # somebody to ask
    s.recv(6, s.disconnect(True))
    s.wait(500)


def walks(s):
    """With the neighbours 1 and 2: what is passed on goes to the other."""
    s.recv(1, s.forward_join(8, 6))
    s.recv(1, s.forward_join(8, 2))
    s.recv(2, s.shuffle(9, [9], 3))
    s.recv(1, s.shuffle(2, [2], 3))  # nobody left but its origin
    s.recv(2, s.shuffle(9, [9], 0))  # the end: answered
    s.recv(9, s.disconnect(False))
    s.recv(1, s.forward_join(10, 0))  # the end: asked
    s.wait(1100, UNANSWERED)


def broadcast(s):
    """With the neighbours 1 and 2."""
    s.recv(1, s.gossip("a", 0))
    s.recv(1, s.gossip("a", 3))  # known: pruned, and lazy from now on
    s.step("say", text="b")
    s.wait(5)
    s.recv(1, s.graft("b", 0))  # eager again, and gets it
    s.recv(2, s.prune())
    s.recv(1, s.gossip("c", 4))
    s.wait(5)
    s.recv(1, s.gossip("near"))  # to neighbours only
    s.recv(1, s.gossip("near"))  # comes again
    # An announcement is grafted after 80 ms.
    s.recv(2, s.ihave(("d", 2)))
    s.wait(79)
    s.wait(1)
    s.recv(2, s.gossip("d", 2))
    s.wait(300)
    # Who announced it first does not answer: the next one is asked 40 ms later there, 120 here.
    s.recv(1, s.ihave(("e", 5)))
    s.recv(2, s.ihave(("e", 1)))
    s.wait(80)
    s.wait(120)
    s.recv(2, s.gossip("e", 1), ANNOUNCED)
    s.wait(300)
    s.recv(1, s.ihave(("a", 0), ("b", 0), ("e", 9)))  # all known
    s.wait(300)
    # Much nearer by way of 1: the tree changes.
    s.recv(1, s.prune())
    s.recv(1, s.ihave(("f", 1)))
    s.recv(2, s.gossip("f", 20))
    s.wait(300, ANNOUNCED)
    s.recv(2, s.graft("never heard of", 1))


def play(rust):
    s = Script(rust)
    membership(s)
    walks(s)
    broadcast(s)
    s.step("quit")
    return s.steps
