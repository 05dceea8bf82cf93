#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Each kind of hostile node holds the seven places nearest to an item; the eighth node, which is
honest, is the only one that has it. `dtt dht get` finds it, and nothing else.

Every node has a global address in a network of its own, so the rules of the public network apply.
"""
import base64
import itertools
import os

import place  # first: it knows where harness is
from place import check
import filled
import krpc
import ours
import villains

HONEST = 24
AHEAD = 7  # hostile nodes nearer than any honest one; the closest set has eight
AT_ONCE = 4
FAKES = 10_000
WATCHER_HOSTS = [f"31.{i}.1.1" for i in range(41)]  # a node answers an address 20 times a second

# A network of each node's own, except the last kind: sixty hostile nodes in one network.
KINDS = [
    villains.stay_silent, villains.answer_garbage, villains.forge_signature,
    villains.sign_with_own_key, villains.change_signed_value, villains.replay_other_slot,
    villains.answer_other_content, villains.name_fakes, villains.lie_about_id, villains.steal_ids,
    villains.misname_honest,
    villains.answer_from_elsewhere, villains.guess_transactions, villains.answer_with_error,
    villains.hide_behind_seq, villains.know_nothing, villains.know_nothing,
]
HONEST_HOSTS = [f"20.{i}.1.1" for i in range(HONEST)]
CLIENT_HOSTS = [f"30.{i}.1.1" for i in range(len(KINDS) + 2)]
GANG_HOSTS = [[f"{40 + kind}.{i}.1.1" for i in range(AHEAD)] for kind in range(len(KINDS))]
GANG_HOSTS[-1] = [f"66.6.6.{1 + i}" for i in range(60)]


class Honest:
    """The honest nodes, asked directly."""

    def __init__(self, scene):
        nodes = ours.serve(scene, HONEST, None, ["20.{}.1.1:6881"])
        self.addrs = [node.addr for node in nodes]
        self.ids = {}
        self.watchers = itertools.cycle(krpc.Client(host) for host in WATCHER_HOSTS)

    def ask(self, addr, method, watcher=None, **arguments):
        """The answer. Like any query it may get none, and is repeated then."""
        for _ in range(15):
            reply = (watcher or next(self.watchers)).ask(addr, method, arguments, within=1, ro=1)
            if reply is not None:
                check(b"r" in reply, f"{method} to the honest node {addr}: {reply}")
                return reply[b"r"]
        raise place.harness.Failure(f"{method}: no answer from the honest node {addr}")

    def wait_ids(self):
        """Until each has learnt its address from the others and has an id that fits it (BEP 42)."""
        for addr in self.addrs:
            filled.until(lambda: fits(self.ask(addr, "ping")[b"id"], addr[0]),
                         f"an id of {addr} that fits the address")
            self.ids[addr] = self.ask(addr, "ping")[b"id"]

    def nearest(self, target):
        """Their addresses, nearest to the target first."""
        return sorted(self.addrs, key=lambda addr: xor(self.ids[addr], target))

    def wait_known(self, targets):
        """Until a good part of the honest nodes knows the one nearest to each target: a network of
        some age."""
        for target in targets:
            nearest = krpc.compact(self.nearest(target)[0])
            filled.until(lambda: self.name_it(nearest, target) >= HONEST // 4,
                         "honest nodes that know the nearest one")

    def name_it(self, contact, target):
        return sum(contact in self.ask(addr, "find_node", target=target)[b"nodes"]
                   for addr in self.addrs)


def xor(a, b):
    return int.from_bytes(a, "big") ^ int.from_bytes(b, "big")


def fits(ident, host):
    """BEP 42: the first 21 bits are those of CRC-32C over the masked address and three random bits."""
    masked = bytes(a & b for a, b in zip(krpc.compact((host, 0))[:4], b"\x03\x0f\x3f\xff"))
    crc = 0xffffffff
    for byte in bytes([masked[0] | (ident[19] & 7) << 5]) + masked[1:]:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return (crc ^ 0xffffffff) >> 11 == int.from_bytes(ident[:4], "big") >> 11


def make_gangs(honest):
    """Each around another honest node, so that no gang is in the way of another one's item."""
    near = {ident[0]: ident for ident in honest.ids.values()}.values()
    gangs = []
    for kind, hosts, ident in zip(KINDS, GANG_HOSTS, near):
        gangs.append(villains.Gang(kind.__name__.replace("_", " "), kind, hosts, ident,
                                   is_mutable=kind is not villains.answer_other_content))
    check(len(gangs) == len(KINDS), "too many honest ids begin alike")
    gangs[-1].name += ", sixty in one network"
    return gangs


def settle(honest, gangs):
    """Until the honest node nearest to each target tells of villains around it."""
    def is_known(gang):
        for member in gang.members:
            for addr in honest.addrs:
                member.introduce_to(addr)
        return named(honest, gang) >= (1 if gang is gangs[-1] else 2)

    for gang in gangs:
        filled.until(lambda: is_known(gang), f"villains who {gang.name} among honest nodes")


def named(honest, gang):
    """How many of the gang the honest node nearest to the target tells of."""
    nodes = honest.ask(honest.nearest(gang.target)[0], "find_node", target=gang.target)[b"nodes"]
    return sum(member.contact in nodes for member in gang.members)


def store_at(honest, addr, gang):
    """On this node and no other."""
    watcher = next(honest.watchers)
    token = honest.ask(addr, "get", watcher, target=gang.target)[b"token"]
    item = gang.key.item(1, gang.value) if gang.is_mutable else {"v": gang.value}
    honest.ask(addr, "put", watcher, token=token, **item)


def start_get(scene, honest, gang, host):
    what = [gang.target.hex()]
    if gang.is_mutable:
        what = [gang.key.public.hex(), "--salt", gang.key.salt.decode()]
    firsts = [gang.members[0].addr, *honest.addrs[:2]]
    contacts = [word for addr in firsts for word in ("--bootstrap", ours.text(addr))]
    return scene.start(gang.name, "dht", "get", *what, "--json", "--listen", f"{host}:0", *contacts)


def truth_is_found(scene, honest, gangs):
    for gang in gangs:
        gang.victims = honest.nearest(gang.target)
        gang.honest_ids = [honest.ids[addr] for addr in gang.victims]
        store_at(honest, gang.victims[0], gang)
    wrong = []
    for at in range(0, len(gangs), AT_ONCE):
        batch = list(zip(gangs, CLIENT_HOSTS))[at:at + AT_ONCE]
        for gang, get in [(gang, start_get(scene, honest, gang, host)) for gang, host in batch]:
            done = get.wait("done", 60)
            values = [base64.b64decode(event["base64"]) for event in get.of_kind("value")]
            print(f"{gang.name}: {done['asked']} asked, {done['answered']} answered, "
                  f"{gang.met()} villains met, {done['elapsed_ms']} ms", flush=True)
            if values != [gang.value]:
                wrong.append(f"{gang.name}: found {values}")
            get.wait_exit()
    check(not wrong, "; ".join(wrong))
    met = [gang.met() for gang in gangs]
    check(min(met) > 0 and sum(met) > len(gangs) * AHEAD // 2,
          f"too few villains in the way to test anything: {met}")


def put_tells_the_truth(scene, honest, gang):
    """Villains say yes to a put and store nothing, and send it to everybody, token and all."""
    gang.on_put = villains.replay_to_all
    dtt = ours.Dtt(scene, [ours.text(addr) for addr in honest.addrs[:2]],
                   "--listen", f"{CLIENT_HOSTS[-1]}:0")
    put = dtt.put(gang.key, "put among villains", 2, "--verify")
    holders = [addr for addr in honest.addrs
               if honest.ask(addr, "get", target=gang.target).get(b"v") == b"put among villains"]
    print(f"put: {put['acked']} acknowledged, {put['verified']} verified, {len(holders)} hold it")
    check(put["acked"] > put["verified"] > 0, f"no villain said yes, or no honest node: {put}")
    ours.check_is(put["verified"], len(holders), "honest nodes that hold it")


def flood_teaches_nothing(honest, gangs):
    """Ten thousand queries, each under an id of its own that is nobody's."""
    villainous = [member for gang in gangs for member in gang.members]
    victims = honest.addrs[:3]
    for i in range(FAKES):
        addr = victims[i % 3]
        member = villainous[i % len(villainous)]
        member.send({"t": b"fl", "y": "q", "q": "find_node",
                     "a": {"id": honest.ids[addr][:3] + os.urandom(17), "target": os.urandom(20)}},
                    addr)
    known = {*honest.ids.values(), *(member.id for member in villainous)}
    for addr in victims:
        for target in (honest.ids[addr], *(os.urandom(20) for _ in range(20))):
            nodes = honest.ask(addr, "find_node", target=target)[b"nodes"]
            named = {nodes[at:at + 20] for at in range(0, len(nodes), 26)}
            check(named and named <= known, f"{addr} names ids that nobody has: {named - known}")


def test(scene):
    honest = Honest(scene)
    honest.wait_ids()
    gangs = make_gangs(honest)
    honest.wait_known([gang.target for gang in gangs])
    villains.Underworld(gangs)
    settle(honest, gangs)
    truth_is_found(scene, honest, gangs)
    put_tells_the_truth(scene, honest, gangs[-2])
    flood_teaches_nothing(honest, gangs)


place.run(test, *HONEST_HOSTS, *CLIENT_HOSTS, *WATCHER_HOSTS,
          *(host for hosts in GANG_HOSTS for host in hosts))
