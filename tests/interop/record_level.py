# SPDX-License-Identifier: MIT OR Apache-2.0
"""Records: what one side seals, the other opens, for random topics, minutes, secrets, contents."""
import json
import os
import pathlib
import random
import subprocess

from world import check, harness

ROUNDS = 150


def random_slot(dice, rust):
    """A slot as the Rust side wants it named; minutes need not be near, nor topics be text."""
    topic = dice.randbytes(dice.randrange(1, 60))
    if rust.is_old:
        topic = topic.decode("latin-1").encode()
    return {"topic": topic.hex(),
            "secret": dice.randbytes(dice.randrange(0, 60)).hex(),
            "minute": dice.choice([dice.randrange(2**16), dice.randrange(29000000, 40000000)])}


def random_content(dice, rust):
    """Peers must be points of the curve, hashes can be anything but zero."""
    peers = [dice.choice(rust.points) for _ in range(dice.randrange(6))]
    hashes = [dice.randbytes(32).hex() for _ in range(dice.randrange(6))]
    return {"active_peers": list(dict.fromkeys(peers)), "message_hashes": hashes}


def dtt_slot(world, slot, derived):
    """The same slot as options of `dtt record`."""
    path = world.file("slot-secret", bytes.fromhex(slot["secret"]) + b"\n")
    return ["--topic-hash", derived["topic_hash"], "--minute", slot["minute"],
            "--secret-file", path, "--hex"]


def start(world, is_old):
    dice = random.Random(os.environ.get("DTT_SEED", world.topic))
    rust = world.rust_old("rust") if is_old else world.rust("rust", "record")
    rust.is_old = is_old
    rust.points = [rust.ask(do="derive", **random_slot(dice, rust))["signing_key"]
                   for _ in range(10)]
    return dice, rust


def slot_of(dice, rust):
    slot = random_slot(dice, rust)
    # `dtt` takes no empty secret, and what ends a line is no part of one in a file.
    while slot["secret"][-2:] in ("", "0a", "0d"):
        slot = random_slot(dice, rust)
    return slot, rust.ask(do="derive", **slot)


def rust_seals(world, is_old):
    dice, rust = start(world, is_old)
    for i in range(ROUNDS):
        slot, derived = slot_of(dice, rust)
        content = random_content(dice, rust)
        sealed = rust.ask(do="seal", identity=dice.randbytes(32).hex(), **slot, **content)
        done = world.run("record", "open", *dtt_slot(world, slot, derived), "--json",
                         stdin=sealed["sealed"])
        check(done.returncode == 0, f"round {i}: {slot}: {done.stderr}")
        seen = json.loads(done.stdout)
        check(seen["publisher"] == sealed["publisher"], f"round {i}: publisher")
        for name, values in content.items():
            check(seen[name] == values, f"round {i}: {name}: {seen[name]}, not {values}")


def dtt_seals(world, is_old):
    """Half of the records carry the extension, which the Rust reader must not mind."""
    dice, rust = start(world, is_old)
    longer = 0
    for i in range(ROUNDS):
        slot, derived = slot_of(dice, rust)
        content = random_content(dice, rust)
        words = ["--identity", world.file("identity", dice.randbytes(32))]
        for peer in content["active_peers"]:
            words += ["--peer", peer]
        for digest in content["message_hashes"]:
            words += ["--hash", digest]
        for k in range(dice.choice([0, dice.randrange(1, 9)])):
            words += ["--addr", f"192.0.2.{k + 1}:{dice.randrange(1, 65536)}"]
        done = world.run("record", "seal", *dtt_slot(world, slot, derived), *words)
        check(done.returncode == 0, f"round {i}: {done.stderr}")
        seen = rust.ask(do="open", sealed=done.stdout.strip(), **slot)
        check("error" not in seen, f"round {i}: {seen}")
        longer += len(done.stdout.strip()) > 2 * 604
        for name, values in content.items():
            check(seen[name] == values, f"round {i}: {name}: {seen[name]}, not {values}")
    check(longer > ROUNDS / 4, f"only {longer} records had an extension")


def strangers(world, is_old):
    """Neither side opens a record with another secret, of another minute, or one bit wrong."""
    dice, rust = start(world, is_old)
    for i in range(20):
        slot, derived = slot_of(dice, rust)
        identity = dice.randbytes(32)
        sealed = rust.ask(do="seal", identity=identity.hex(), **slot)["sealed"]
        bent = bytearray(bytes.fromhex(sealed))
        # Each round another part; in the first the length in front.
        bent[dice.randrange(4) if i == 0 else dice.randrange(len(bent))] ^= 1 << dice.randrange(8)
        for wrong, value in [({**slot, "minute": slot["minute"] + 1}, sealed),
                             ({**slot, "secret": "77726f6e67"}, sealed),
                             (slot, bent.hex())]:
            done = world.run("record", "open", *dtt_slot(world, wrong, derived), "--json",
                             stdin=value)
            check(done.returncode == 65, f"round {i}: dtt opened it: {done.stdout}")
            seen = rust.ask(do="open", sealed=value, **wrong)
            check("error" in seen, f"round {i}: Rust opened it: {seen}")


# What tests/unit/record/rust.c holds us to, by whether it is the old line: file, origin.
FIXTURES = {
    False: ("rust/records.json", "distributed-topic-tracker 0.3.5 and mainline 7.0.0"),
    True: ("rust/records-0.2.json", "distributed-topic-tracker 0.2.8 and mainline 6.0.1"),
}


def fixtures(rust, dice, folder, rounds):
    """Slots and records as Rust makes them."""
    made = []
    for _ in range(rounds):
        slot, derived = slot_of(dice, rust)
        slot["minute"] = dice.choice([slot["minute"], 0, 2**40 + slot["minute"]])
        derived = rust.ask(do="derive", **slot)
        content = random_content(dice, rust)
        identity = dice.randbytes(32).hex()
        sealed = rust.ask(do="seal", identity=identity, **slot, **content)
        made.append({**slot, **content, "identity": identity, **derived, **sealed})
    for case in made:
        for name in ("event", "at"):
            del case[name]
    name, origin = FIXTURES[rust.is_old]
    path = pathlib.Path(folder) / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"about": f"Made by {origin} through tests/interop: random slots, "
                                "and records sealed for them.", "records": made}, indent=1) + "\n")


def unit_test(world, name):
    """One that reads fixtures, on those in the world's folder."""
    test = pathlib.Path(harness.DTT).parent / "tests/unit" / name
    done = subprocess.run([test], env={**os.environ, "DTT_VECTORS": str(world.path)},
                          capture_output=True, text=True)
    check(done.returncode == 0, done.stdout + done.stderr)


def slots(world):
    for is_old in FIXTURES:
        dice, rust = start(world, is_old)
        fixtures(rust, dice, world.path, ROUNDS)
    unit_test(world, "record/test-record-rust")


def random_addr(dice):
    port = dice.randrange(1, 65536)
    if dice.randrange(2):
        return f"{dice.randrange(1, 224)}.{'.'.join(str(dice.randrange(256)) for _ in '123')}:{port}"
    words = [dice.choice([0, dice.randrange(65536)]) for _ in range(6)]
    return f"[2001:db8:{':'.join(f'{word:x}' for word in words)}]:{port}"


def packets(world, folder, rounds):
    """Address packets; every third has a relay or user data too, which are not ours to write."""
    dice = random.Random(os.environ.get("DTT_SEED", world.topic))
    rust = world.rust("rust", "packet")
    made = []
    for i in range(rounds):
        asked = {"identity": dice.randbytes(32).hex(),
                 "addrs": [random_addr(dice) for _ in range(dice.randrange(1, 9))]}
        if i % 3 == 2:
            asked[dice.choice(["relay", "user_data"])] = "https://relay.example/"
        reply = rust.ask(**asked, do="write")
        check("packet" in reply, f"{asked}: {reply}")
        made.append({**asked, **{name: reply[name] for name in ("id", "addrs", "packet")}})
    path = pathlib.Path(folder) / "rust/packets.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"about": "Made by iroh 1.4.1 through tests/interop: address "
                                "packets of random endpoints.", "packets": made}, indent=1) + "\n")


def address_packets(world):
    packets(world, world.path, ROUNDS)
    unit_test(world, "codec/test-codec-rust")


def write_fixtures(world):
    for is_old in FIXTURES:
        dice, rust = start(world, is_old)
        fixtures(rust, dice, "tests/vectors", 16)
    packets(world, "tests/vectors", 16)


def of_line(is_old):
    name = "0.2.8" if is_old else "0.3.5"
    return [
        ("record", f"{name} seals, C opens", lambda world: rust_seals(world, is_old),
         f"{ROUNDS} random records"),
        ("record", f"C seals, {name} opens", lambda world: dtt_seals(world, is_old),
         f"{ROUNDS} random records, half with extension"),
        ("record", f"C and {name} refuse", lambda world: strangers(world, is_old),
         "wrong secret, wrong minute, one bit flipped"),
    ]


CASES = [
    ("record", "slots", slots, f"keys, salt and seeds of {ROUNDS} random topics and minutes, of "
     "0.3.5 and of 0.2.8"),
    ("record", "address packets", address_packets, f"{ROUNDS} of random endpoints: all are read, "
     "and those without what is iroh's alone are written byte for byte alike"),
    *of_line(False),
    *of_line(True),
]
