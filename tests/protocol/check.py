#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Holds the readers of this folder, which were made from docs/protocol alone, to tests/vectors."""
import ipaddress
import json
import pathlib
import re
import sys
import unittest

sys.dont_write_bytecode = True

import crypto  # noqa: E402
import elections  # noqa: E402
import extension  # noqa: E402
import gossip  # noqa: E402
import lan  # noqa: E402
import meet  # noqa: E402
import proof  # noqa: E402
import records  # noqa: E402
import signed  # noqa: E402
import slots  # noqa: E402

VECTORS = pathlib.Path(__file__).resolve().parents[1] / "vectors"
RUST_RECORDS = [("rust/records.json", slots.PUBLIC), ("rust/records-0.2.json", slots.OLD_LINE)]
unhex = bytes.fromhex


def load(name):
    return json.loads((VECTORS / name).read_text(encoding="utf-8"))


ITEM = re.compile(rb"1:k32:(.{32}).*3:seqi(\d+)e3:sig64:(.{64}).*?1:v(\d+):(.*)", re.DOTALL)


def item_of(reply):
    """k, seq, sig and the bencoded v: a string."""
    key, seq, signature, size, rest = ITEM.search(reply).groups()
    return key, int(seq), signature, slots.bencoded(rest[: int(size)])


class Slots(unittest.TestCase):
    def slot(self, kind, topic, minute, enc_seed, want):
        seed, salt = slots.seed_and_salt(kind, topic, minute, enc_seed)
        key = crypto.public_key(seed)
        self.assertEqual([seed.hex(), key.hex(), salt.hex(), slots.target(key, salt).hex()], want)
        return seed, salt

    def test_slots(self):
        for case in load("slots.json")["cases"]:
            topic = crypto.cut(case["topic_name"].encode())
            secret, minute = crypto.cut(case["secret"].encode()), case["minute"]
            enc_seed, value = unhex(case["encryption_seed"]), unhex(case["value"])
            self.assertEqual(topic.hex(), case["topic_hash"])
            if "rotation" in case:
                made = bytes(a ^ b ^ minute & 255 ^ 0x80 for a, b in zip(topic, secret))
            else:
                made = slots.encryption_seed(topic, minute, secret)
            self.assertEqual(made, enc_seed)
            for kind in (slots.PUBLIC, slots.SECRET, slots.OLD_LINE):
                item = case[kind]
                want = [item["signing_seed"], item["k"], item["salt"], item["target"]]
                seed, salt = self.slot(kind, topic, minute, enc_seed, want)
                signed = slots.signed_bytes(salt, item["seq"], slots.bencoded(value))
                self.assertEqual(crypto.sign(seed, signed).hex(), item["sig"])

    def test_closed_topics(self):
        for case in load("closed.json")["cases"]:
            topic = slots.closed_topic(case["topic_name"].encode(), unhex(case["secret"]))
            self.assertEqual(topic.hex(), case["topic_hash"])

    def test_slots_of_the_crates(self):
        for file, kind in RUST_RECORDS:
            for r in load(file)["records"]:
                topic, secret = crypto.cut(unhex(r["topic"])), crypto.cut(unhex(r["secret"]))
                enc_seed = slots.encryption_seed(topic, r["minute"], secret)
                self.assertEqual(topic.hex(), r["topic_hash"])
                self.assertEqual(enc_seed.hex(), r["encryption_seed"])
                want = [r["signing_seed"], r["signing_key"], r["salt"], r["target"]]
                self.slot(kind, topic, r["minute"], enc_seed, want)

    def test_items_of_other_programs(self):
        salted = [p for p in load("krpc-captures.json")["packets"] if "salt" in p]
        self.assertEqual(len(salted), 17)
        for packet in salted:
            key, seq, signature, value = item_of(unhex(packet["hex"]))
            signed = slots.signed_bytes(packet["salt"].encode(), seq, value)
            self.assertTrue(crypto.verify_strict(key, signed, signature))


class Records(unittest.TestCase):
    def setUp(self):
        self.all = load("records.json")
        self.topic = unhex(self.all["derived"]["topic_hash"])
        self.enc_seed = unhex(self.all["derived"]["encryption_seed"])
        self.minute = self.all["inputs"]["unix_minute"]

    def test_sealing(self):
        fixed = self.all["fixed"]
        keys = [unhex(fixed[k]) for k in (
            "one_time_seed", "data_ephemeral_sk", "key_ephemeral_sk")]
        for r in self.all["records"]:
            content = unhex(r["content_hex"])
            plain = records.sign(self.topic, self.minute, content, unhex(fixed["node_seed"]))
            self.assertEqual(plain.hex(), r["record_hex"])
            sealed = records.seal(plain, self.enc_seed, *keys)
            self.assertEqual(sealed.hex(), r["encrypted_record_hex"])
            for kind, item in zip((slots.PUBLIC, slots.OLD_LINE), r["bep44"].values()):
                seed, salt = slots.seed_and_salt(kind, self.topic, self.minute, self.enc_seed)
                signed = slots.signed_bytes(salt, int(item["seq"]), slots.bencoded(sealed))
                self.assertEqual(signed.hex(), item["signature_input_hex"])
                self.assertEqual(crypto.sign(seed, signed).hex(), item["sig"])

    def step(self, sealed):
        try:
            records.read(records.unseal(sealed, self.enc_seed), self.topic, self.minute)
        except records.Refused as refused:
            return refused.args[0]
        return None

    def test_damaged(self):
        for case in self.all["cases"]:
            with self.subTest(case["name"]):
                self.assertEqual(self.step(unhex(case["value_hex"])), case["fails_at"])
                self.assertEqual(case["expect"], "reject" if case["fails_at"] else "accept")

    def test_of_the_crates(self):
        for file, _ in RUST_RECORDS:
            for r in load(file)["records"]:
                plain = records.unseal(unhex(r["sealed"]), unhex(r["encryption_seed"]))
                self.assertEqual(plain.hex(), r["record"])
                publisher, content = records.read(plain, unhex(r["topic_hash"]), r["minute"])
                peers, hashes, tail = records.members(content)
                self.assertEqual(publisher.hex(), r["publisher"])
                self.assertEqual([p.hex() for p in peers], r["active_peers"])
                self.assertEqual([h.hex() for h in hashes], r["message_hashes"])
                self.assertEqual(tail, b"")


class Extension(unittest.TestCase):
    def address(self, text):
        ip, port = text.rsplit(":", 1)
        return ipaddress.ip_address(ip.strip("[]")), int(port)

    def reach(self, told):
        if not told:
            return None
        reach = told["class"], told["age_s"]
        return reach + (self.address(told["last"]), told["step"]) if "last" in told else reach

    def test_tails(self):
        for case in load("extension.json")["cases"]:
            with self.subTest(case["name"]):
                found, reach, time = extension.read(unhex(case["tail"]))
                self.assertEqual(time, case.get("unix_s", 0))
                self.assertEqual(found, [self.address(text) for text in case["addrs"]])
                self.assertEqual(reach, self.reach(case.get("reach")))
                if case.get("written"):
                    self.assertEqual(extension.write(found, reach, time).hex(), case["tail"])


class Elections(unittest.TestCase):
    def setUp(self):
        self.all = load("elections.json")

    def number(self, minute, entry):
        number = elections.number(minute, unhex(entry["id"]))
        self.assertEqual("%016x" % number, entry["number"])
        return number

    def decision(self, minute, entry, neighbours, n):
        self.number(minute, entry)
        k = elections.rank(minute, unhex(entry["id"]), neighbours, n)
        self.assertEqual(k, entry["rank"])
        if k is not None:
            self.assertEqual(elections.part_ms(k), (entry["from_ms"], entry["to_ms"]))

    def test_numbers_and_shares(self):
        for entry in self.all["numbers"]:
            self.number(entry["minute"], entry)
        for entry in self.all["share"]:
            self.assertEqual(elections.small_share(entry["n"]), entry["publish"])

    def test_decisions(self):
        small = self.all["all_know_all"]
        ids = [unhex(entry["id"]) for entry in small["members"]]
        for i, entry in enumerate(small["members"]):
            self.decision(small["minute"], entry, ids[:i] + ids[i + 1 :], len(ids))
        for large in self.all["some_know_some"]:
            neighbours = [unhex(id) for id in large["neighbours"]]
            for entry in large["members"]:
                self.decision(large["minute"], entry, neighbours, large["n"])

    def test_sizes(self):
        for case in self.all["sizes"]:
            numbers = [self.number(case["minute"], entry) for entry in case["publishers"]]
            self.assertEqual(elections.size(numbers, case["seen"]), case["n"])

    def test_estimate(self):
        for case in self.all["estimates"]:
            swarm = elections.Swarm(unhex(case["own"]), [unhex(id) for id in case["neighbours"]])
            for update in case["updates"]:
                seen = [(unhex(r["publisher"]), r["minute"], list(map(unhex, r["active_peers"])))
                        for r in update["records"]]
                got = [swarm.update(update["minute"], seen), swarm.seen(seen), swarm.estimate,
                       swarm.members(seen)]
                self.assertEqual(
                    got, [update[key] for key in ("n", "seen", "estimate", "members")])


class Gossip(unittest.TestCase):
    def setUp(self):
        self.all = load("gossip.json")

    def both_ways(self, payload):
        message = gossip.decode(payload)
        self.assertEqual(gossip.encode(message), payload)
        return message

    def test_messages(self):
        for case in self.all["messages"]:
            with self.subTest(case["name"]):
                payload = unhex(case["payload_hex"])
                self.assertEqual(self.both_ways(payload), case["decoded"])
                self.assertEqual(list(gossip.frames(unhex(case["frame_hex"]), True)), [payload])
                fields = case["decoded"].get("Gossip", {}).get("Gossip")
                self.assertTrue(fields is None or gossip.has_right_id(fields))

    def test_malformed(self):
        for case in self.all["malformed"]:
            with self.subTest(case["name"]):
                try:
                    gossip.decode(unhex(case["payload_hex"]))
                    verdict = "accept"
                except gossip.Malformed:
                    verdict = "reject"
                self.assertEqual(verdict, case["expect"])

    def test_streams(self):
        joiner, goodbye, long, empty = (unhex(case["hex"]) for case in self.all["streams"])
        topic, join, neighbor = gossip.frames(joiner)
        self.assertEqual(topic, crypto.cut(self.all["topic"]["name"].encode()))
        names = [list(gossip.decode(p)["Swarm"])[0] for p in (
            join, neighbor, *gossip.frames(goodbye, True))]
        self.assertEqual(names, ["Join", "Neighbor", "ShuffleReply", "Disconnect"])
        for stream in (long, empty):
            with self.assertRaises(gossip.Malformed):
                list(map(gossip.decode, gossip.frames(stream, True)))

    def test_peer_data(self):
        for case in self.all["addr_info"]:
            self.assertEqual(gossip.peer_data(unhex(case["hex"])), case["decoded"])

    def test_of_the_crate(self):
        for payload in load("rust/gossip.json")["payloads"]:
            self.both_ways(unhex(payload))

    def test_state_machine(self):
        """A new message goes on with one round more, an announcement too, a Graft as announced."""
        announced = {}
        for step in load("rust/gossip-machine.json")["steps"]:
            came = self.both_ways(unhex(step["payload"])) if "payload" in step else {}
            came = came.get("Gossip", {})
            for entry in came.get("IHave", []):
                announced[step["peer"], entry["id"]] = entry["round"]
            for event in (e for e in step["then"] if "send" in e):
                message = self.both_ways(unhex(event["send"])).get("Gossip", {})
                new, passed, graft = came.get("Gossip"), message.get("Gossip"), message.get("Graft")
                if new and passed:
                    self.assertEqual(passed["scope"]["Swarm"], new["scope"]["Swarm"] + 1)
                if graft and graft["id"]:
                    self.assertEqual(graft["round"], announced[event["peer"], graft["id"]])

    def test_blake3(self):
        for case in load("blake3.json")["cases"]:
            data = bytes(i % 251 for i in range(case["input_len"]))
            self.assertEqual(crypto.blake3(data).hex(), case["hash"])


class Proof(unittest.TestCase):
    def test_frames(self):
        vectors = load("proof.json")
        self.assertEqual(proof.STREAM_TOPIC.hex(), vectors["stream_topic"])
        for case in vectors["proofs"]:
            topic, secret = (crypto.cut(case[k].encode()) for k in ("topic_name", "secret"))
            minute, role = case["minute"], proof.DIALLED if case["is_dialler"] else proof.ACCEPTED
            enc_seed = slots.encryption_seed(topic, minute, secret)
            self.assertEqual(enc_seed.hex(), case["encryption_seed"])
            self.assertEqual(proof.key(topic, minute, enc_seed).hex(), case["key"])
            ends = [unhex(case[k]) for k in ("exporter", "prover", "verifier")]
            self.assertEqual(
                proof.frame(topic, minute, enc_seed, role, *ends).hex(), case["proof"])


class Signed(unittest.TestCase):
    def test_envelopes(self):
        vectors = load("signed.json")
        for case in vectors["envelopes"]:
            self.assertEqual(signed.make(unhex(case["seed"]), case).hex(), case["envelope"])
            self.assert_read(case, True)
        for case in vectors["read"]:
            self.assert_read(case, case["is_good"])
        for case in vectors["plain"]:
            with self.assertRaises(gossip.Malformed, msg=case["what"]):
                signed.read(unhex(case["envelope"]))

    def assert_read(self, case, is_good):
        about = ("what", "seed", "envelope", "is_good")
        message = {key: value for key, value in case.items() if key not in about}
        self.assertEqual(signed.read(unhex(case["envelope"])), (message, is_good))


class Lan(unittest.TestCase):
    def test_messages(self):
        for case in load("lan.json")["names"]:
            topic, secret = (crypto.cut(case[k].encode()) for k in ("topic_name", "secret"))
            enc_seed = slots.encryption_seed(topic, case["minute"], secret)
            self.assertEqual([topic.hex(), enc_seed.hex()], [case["topic"], case["encryption_seed"]])
            name = lan.name(topic, case["minute"], enc_seed)
            self.assertEqual(name, case["name"])
            self.assertEqual(lan.question(case["id"], name).hex(), case["question"])
            self.assertEqual(lan.answer(name, unhex(case["record"])).hex(), case["answer"])


class Meet(unittest.TestCase):
    def test_messages(self):
        for case in load("meet.json")["messages"]:
            topic, secret = (crypto.cut(case[k].encode()) for k in ("topic_name", "secret"))
            minute = case["minute"]
            enc_seed = slots.encryption_seed(topic, minute, secret)
            self.assertEqual(enc_seed.hex(), case["encryption_seed"])
            self.assertEqual(meet.key(topic, minute, enc_seed).hex(), case["key"])
            nonce, seed, to, node_id, transaction = (
                unhex(case[k]) for k in ("nonce", "node_seed", "to", "node_id", "transaction"))
            sealed = meet.message(topic, minute, enc_seed, nonce, seed, to, case["addrs"])
            self.assertEqual(sealed.hex(), case["message"])
            seen = meet.compact(case["seen"])
            made = [meet.query(node_id, sealed, meet.ROOM, transaction),
                    meet.query(node_id, sealed, seen, transaction),
                    meet.answer(node_id, seen, transaction), meet.refusal(transaction)]
            want = [case[k] for k in ("query", "passed_on", "answer", "refusal")]
            self.assertEqual([m.hex() for m in made], want)


if __name__ == "__main__":
    unittest.main()
