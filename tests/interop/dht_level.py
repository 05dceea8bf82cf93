# SPDX-License-Identifier: MIT OR Apache-2.0
"""DHT: nodes of the crate mainline and of libdtt in one network, each storing for the other."""
import json
import random

from world import Failure, check

MAX_SEQ = 2**63 - 1


def addr_of(process):
    return process.wait("ready", 60)["bootstrap"]


def dtt_put(world, value, *options):
    """Again when nobody answers: on a busy machine a node may need longer than one is patient."""
    for _ in range(3):
        done = world.run("dht", "put", value, "--listen", "127.0.0.1:0", "--verify", "--json",
                         *world.bootstrap_options(), *options, within=40)
        if done.returncode == 0:
            return event_of(done, "put")
        check('"acked":0,' in done.stdout and '"refused":0,' in done.stdout, f"refused: {done}")
    raise Failure(f"dtt dht put: {done.stderr}{done.stdout}")


def dtt_get(world, key, *options):
    done = world.run("dht", "get", key, "--listen", "127.0.0.1:0", "--json",
                     *world.bootstrap_options(), *options, within=40)
    return [event for event in events_of(done) if event["event"] == "value"], done


def events_of(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


def event_of(done, kind):
    found = [event for event in events_of(done) if event["event"] == kind]
    check(found, f"no event {kind}: {done.stdout}{done.stderr}")
    return found[0]


def exchange(world, rust):
    """Mutable and immutable values, written by either side, read by both."""
    dice = random.Random(world.topic)
    salt = "interop"
    for i, seq in enumerate([0, 1, MAX_SEQ]):
        seed = dice.randbytes(32)
        text = f"from dtt {i} " + "x" * dice.randrange(900)
        put = dtt_put(world, text, "--key", world.file("key", seed), "--salt", salt, "--seq", seq)
        check(put["verified"] > 0, f"no node gives it back: {put}")
        seen = rust.ask(do="get_mutable", public_key=put["key"], salt=salt.encode().hex())
        values = {(v["seq"], bytes.fromhex(v["value"])) for v in seen.get("values", [])}
        check(values == {(seq, text.encode())}, f"Rust read {len(values)} values of {put}: {seen}")

        seed = dice.randbytes(32)
        text = f"from Rust {i} " + "y" * dice.randrange(900)
        done = rust.ask(do="put_mutable", key=seed.hex(), salt=salt.encode().hex(), seq=seq,
                        cas=seq, value=text.encode().hex())
        check("target" in done, f"Rust put: {done}")
        key = world.run("id", "--identity", world.file("key", seed)).stdout.strip()
        seen, done = dtt_get(world, key, "--salt", salt)
        check([(v["seq"], v["text"]) for v in seen] == [(seq, text)],
              f"dtt read {seen} {done.stderr}")

    put = dtt_put(world, "not to be changed, from dtt")
    seen = rust.ask(do="get", target=put["target"])
    check(seen["value"] == b"not to be changed, from dtt".hex(), f"Rust read {seen}")
    done = rust.ask(do="put", value=b"not to be changed, from Rust".hex())
    seen, _ = dtt_get(world, done["target"])
    check([v["text"] for v in seen] == ["not to be changed, from Rust"], f"dtt read {seen}")


def mixed(world, n_dtt, n_rust):
    if n_dtt:
        world.testnet(n_dtt)
        rust = world.rust("rust", "dht", "--nodes", n_rust, "--bootstrap", world.bootstrap[0])
        addr_of(rust)
    else:
        rust = world.rust("rust", "dht", "--nodes", n_rust)
        world.bootstrap = addr_of(rust)
    exchange(world, rust)
    return rust


def found_by_both(world):
    """Ten nodes of each kind: each kind's walk meets nodes of the other."""
    rust = mixed(world, 10, 10)
    rust_addrs = set(rust.of_kind("ready")[0]["addrs"])
    seen = rust.ask(do="find", target="11" * 20)["addrs"]
    check(set(seen) - rust_addrs, "Rust found Rust nodes only")
    done = world.run("dht", "find", "11" * 20, "--listen", "127.0.0.1:0", "--json",
                     *world.bootstrap_options(), within=40)
    seen = {event["addr"] for event in events_of(done) if event["event"] == "node"}
    check(seen & rust_addrs and seen - rust_addrs, f"dtt found {seen}")


WHAT = "mutable items (seq 0, 1, 2^63-1) and immutable ones: put by each, read by the other"

CASES = [
    ("DHT", "on Rust nodes", lambda world: mixed(world, 0, 12), WHAT),
    ("DHT", "on C nodes", lambda world: mixed(world, 12, 0), WHAT),
    ("DHT", "10+10 nodes", found_by_both, WHAT + "; each kind's walk meets the other kind"),
]
