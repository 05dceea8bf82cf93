#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The other commands against a private DHT: dht, record, lookup, doctor, demo."""
import json
import socket
import time

import harness


def events(done):
    harness.check(done.returncode == 0, f"{done.args}: exit {done.returncode}: {done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def dht(scene):
    net = scene.bootstrap_options()
    key = str(scene.path / "key")
    [put] = events(scene.run("dht", "put", "grüße", "--key", key, "--salt", "s", "--seq", "7",
                             "--verify", "--json", *net))
    harness.check(put["event"] == "put" and put["seq"] == 7, str(put))
    harness.check(0 < put["acked"] <= put["asked"] and put["verified"] > 0, str(put))
    got = events(scene.run("dht", "get", put["key"], "--salt", "s", "--json", *net))
    values, done = [e for e in got if e["event"] == "value"], got[-1]
    harness.check([v["text"] for v in values] == ["grüße"] and values[0]["seq"] == 7, str(got))
    harness.check(done["event"] == "done" and done["values"] == 1, str(got))
    harness.check(0 < done["answered"] <= done["asked"], str(done))

    [put] = events(scene.run("dht", "put", "-", "--json", *net, stdin="never changes"))
    got = events(scene.run("dht", "get", put["target"], "--json", *net))
    harness.check(got[0]["text"] == "never changes", str(got))
    refused = scene.run("dht", "put", "older", "--key", key, "--salt", "s", "--seq", "6", *net)
    harness.check(refused.returncode == 65, f"an older sequence number: {refused}")

    ping = scene.run("dht", "ping", scene.bootstrap[0])
    harness.check(ping.returncode == 0 and scene.bootstrap[0] in ping.stdout, str(ping))
    found = scene.run("dht", "find", "00" * 20, *net).stdout.splitlines()
    harness.check(len(found) >= 8, f"dht find: {found}")
    harness.check([line[:40] for line in found[:8]] == sorted(line[:40] for line in found[:8]),
                  f"the nodes closest to zero are not in order: {found}")


def record(scene):
    identity = str(scene.path / "publisher")
    publisher = scene.run("id", "--identity", identity).stdout.strip()
    minute = int(time.time() / 60)
    slot = ["--topic", scene.topic, "--secret-file", scene.secret, "--minute", minute]
    sealed = scene.run("record", "seal", *slot, "--identity", identity, "--addr", "192.0.2.7:4433",
                       "--hex").stdout
    [opened] = events(scene.run("record", "open", *slot, "--hex", stdin=sealed))
    harness.check(opened["publisher"] == publisher and opened["minute"] == minute, str(opened))
    harness.check(opened["addrs"] == ["192.0.2.7:4433"], str(opened))
    harness.check(opened["active_peers"] == [] and opened["message_hashes"] == [], str(opened))
    other = scene.file("other", "another secret")
    for why, arguments, text in [
            ("another minute", [*slot[:-1], minute - 1], sealed),
            ("another topic", ["--topic", "x", *slot[2:]], sealed),
            ("another secret", [*slot[:2], "--secret-file", other, *slot[4:]], sealed),
            ("one digit changed", slot, ("1" if sealed[400] == "0" else "0").join(
                [sealed[:400], sealed[401:]])),
            ("cut", slot, sealed[:200] + "\n"),
            ("empty", slot, "")]:
        refused = scene.run("record", "open", *arguments, "--hex", stdin=text)
        harness.check(refused.returncode == 65 and len(refused.stderr.splitlines()) == 1,
                      f"record open, {why}: {refused}")


def lookup(scene):
    peer = scene.peer("peer")
    peer.wait("published", 90)
    options = ["--secret-file", scene.secret, "--json", *scene.bootstrap_options()]
    found = events(scene.run("lookup", scene.topic, *options))
    publishers = {event.get("publisher") for event in found}
    harness.check(peer.id in publishers, f"lookup: {found}")
    host, port = peer.addr
    harness.check(any(f"{host}:{port}" in event.get("addrs", []) for event in found),
                  f"lookup: no record with the address {host}:{port}: {found}")
    nobody = events(scene.run("lookup", "a topic of nobody", *options))
    harness.check(not any("publisher" in event for event in nobody), f"lookup: {nobody}")
    peer.leave()


def doctor(scene):
    found = events(scene.run("doctor", "--json", *scene.bootstrap_options()))
    verdicts = {event.get("name"): event["verdict"] for event in found}
    for name in ["udp", "dht_v4", "address_v4", "nat_v4", "storage"]:
        harness.check(verdicts.get(name) == "ok", f"doctor: {name}: {found}")
    # The private DHT has IPv4 only.
    harness.check(verdicts.get("dht_v6") == "warn" and "clock" in verdicts, f"doctor: {found}")
    harness.check(found[-1]["event"] == "done" and found[-1]["verdict"] == "warn", str(found))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        done = scene.run("doctor", "--bootstrap", "127.0.0.1:%d" % silent.getsockname()[1],
                         "--join-timeout", "1")
    harness.check(done.returncode == 69, f"doctor without a DHT: {done}")
    harness.check("fail  dht_v4" in done.stdout and "storage" not in done.stdout, str(done))


def demo(scene):
    done = scene.run("demo", "--peers", "4", within=70)
    harness.check(done.returncode == 0, f"demo: {done}")


def test(scene):
    record(scene)
    scene.testnet()
    dht(scene)
    lookup(scene)
    doctor(scene)
    demo(scene)


harness.run(test)
