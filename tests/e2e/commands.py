#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The other commands against a private DHT: dht, record, lookup, doctor, demo."""
import json
import re
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
    harness.check(done["holders"] and {h["value"] for h in done["holders"]} == {0}, str(done))
    harness.check(len({h["addr"] for h in done["holders"]}) == len(done["holders"]), str(done))

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


def counts(line):
    """'3 peers; 8 of 9 nodes answered in 5 ms' -> answered, asked"""
    found = re.search(r"(\d+) of (\d+) nodes? answered in \d+ ms$", line)
    harness.check(found is not None, f"no counts and time in {line!r}")
    return int(found[1]), int(found[2])


def dht_by_hand(scene):
    """The forms for people, the pair for immutable items and that for peers."""
    net = scene.bootstrap_options()
    put = scene.run("dht", "put-immutable", "stone", "--verify", *net)
    harness.check(put.returncode == 0, str(put))
    target = put.stdout.split()[1]
    answered, asked = counts(put.stderr)
    harness.check(0 < answered <= asked and "return the value" in put.stderr, str(put))
    got = scene.run("dht", "get-immutable", target, *net)
    harness.check(got.stdout.split() == ["seq", "0", "stone"], str(got))
    harness.check("1 value; " in got.stderr and counts(got.stderr)[0] > 0, str(got))

    infohash = "5a" * 20
    for port in ["7001", "7002"]:
        done = scene.run("dht", "announce", infohash, port, *net)
        harness.check(done.returncode == 0 and counts(done.stderr)[0] > 0, str(done))
    [done] = events(scene.run("dht", "announce", infohash, "7001", "--json", *net))
    harness.check(done["event"] == "announce" and done["info_hash"] == infohash, str(done))
    harness.check(done["port"] == 7001 and 0 < done["acked"] <= done["asked"], str(done))
    peers = scene.run("dht", "peers", infohash, *net)
    harness.check(sorted(peers.stdout.split()) == ["127.0.0.1:7001", "127.0.0.1:7002"], str(peers))
    harness.check("2 peers; " in peers.stderr and counts(peers.stderr)[0] > 0, str(peers))
    found = events(scene.run("dht", "peers", infohash, "--json", *net))
    harness.check({e["addr"] for e in found[:-1]} == {"127.0.0.1:7001", "127.0.0.1:7002"}, str(found))
    harness.check(found[-1]["event"] == "done" and found[-1]["values"] == 2, str(found))
    harness.check(events(scene.run("dht", "peers", "00" * 20, "--json", *net))[0]["values"] == 0,
                  "peers of nothing")

    for arguments in [["ping", scene.bootstrap[0]], ["find", "00" * 20, *net]]:
        harness.check(counts(scene.run("dht", *arguments).stderr)[0] > 0, str(arguments))


def serve(scene):
    """A node with a state file knows the network again without being told where it is."""
    state = scene.path / "state"
    serving = ["dht", "serve", "--listen", "127.0.0.1:0", "--json", "--state", str(state),
               "--for", "3"]

    def status(*options):
        return [e for e in events(scene.run(*serving, *options)) if e["event"] == "status"][-1]

    first = status(*scene.bootstrap_options())
    harness.check(first["nodes_v4"] >= 8 and first["dht_answers"] > 0, str(first))
    kept = state.read_bytes()
    harness.check(state.stat().st_mode & 0o777 == 0o600, "the state file is not private")
    again = status("--no-bootstrap")
    harness.check(again["id"] == first["id"] and again["nodes_v4"] >= 8, f"warm start: {again}")
    for damaged in [b"", kept[:len(kept) // 2], kept[:-1] + b"x", b"\0" * 5000, b"d" * 100000]:
        state.write_bytes(damaged)
        cold = status("--no-bootstrap")
        # Nodes that knew who had the port before may ask it, and so become known.
        knows_nobody = cold["nodes_v4"] == 0 or cold["dht_served"] > 0
        harness.check(cold["id"] != first["id"] and knows_nobody, f"cold start: {cold}")
        harness.check(state.read_bytes() == damaged, "nothing known replaced what was kept")
    state.write_bytes(kept)
    harness.check(status("--no-bootstrap")["id"] == first["id"], "the state was lost")
    nowhere = scene.run("dht", "serve", "--state", "/nonexistent/state")
    harness.check(nowhere.returncode == 74 and "/nonexistent/state" in nowhere.stderr, str(nowhere))


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


def default_identity(scene):
    """One place for all commands that are told to use it, which only its owner can read."""
    home = {"XDG_DATA_HOME": str(scene.path / "data"), "HOME": str(scene.path / "home")}
    default = ["--identity", "default"]
    first = scene.run("id", *default, environment=home)
    harness.check(first.returncode == 0 and first.stdout == scene.run(
        "id", *default, environment=home).stdout, f"{first}")
    file = scene.path / "data/dtt/identity"
    harness.check(file.stat().st_mode & 0o777 == 0o600 and
                  file.parent.stat().st_mode & 0o777 == 0o700, "others can read it")
    harness.check(scene.run("id", "--identity", file).stdout == first.stdout, "another file")
    scene.environment.update(home)
    peer = scene.peer("default", *default)
    harness.check(peer.id == first.stdout.strip(), "pipe has another identity")
    peer.leave()
    (scene.path / "home").mkdir()
    scene.environment["XDG_DATA_HOME"] = ""
    other = scene.run("id", *default)
    harness.check(other.returncode == 0 and other.stdout != first.stdout and
                  (scene.path / "home/.local/share/dtt/identity").is_file(), f"{other}")
    for lost, words in (({"HOME": ""}, "'--identity FILE'"), ({"HOME": "/proc"}, "/proc/")):
        refused = scene.run("id", *default, environment=lost)
        harness.check(refused.returncode == 74 and words in refused.stderr and
                      len(refused.stderr.splitlines()) == 1, f"{lost}: {refused}")


def topic(scene):
    """The hash by which others join, and records of a closed topic by it."""
    secret = ["--secret", "my-initial-secret"]
    name = "my-iroh-gossip-topic"
    opened = scene.run("topic", name)
    harness.check(opened.stdout == "6379dd5445e065734b71c81a611908a07aab8ecf2c31489d9f73cffc64abe858\n",
                  f"{opened}")
    closed = scene.run("topic", name, "--closed", *secret).stdout.strip()
    harness.check(closed == "20c733587100f1bf1e84284a840b5b97d3511e7502144e5fc79796cf6a1eb4df", closed)
    [event] = events(scene.run("topic", name, "--closed", *secret, "--json"))
    harness.check(event == {"event": "topic", "topic": closed, "closed": True}, str(event))
    refused = scene.run("topic", name, "--closed")
    harness.check(refused.returncode == 2 and "no secret" in refused.stderr, f"{refused}")
    key = ["--identity", str(scene.path / "publisher"), "--hex"]
    sealed = scene.run("record", "seal", "--topic", name, "--closed", *secret, *key).stdout
    for words in (["--topic", name, "--closed"], ["--topic-hash", closed]):
        done = scene.run("record", "open", *words, *secret, "--hex", stdin=sealed)
        harness.check(done.returncode == 0, f"{words}: {done}")
    done = scene.run("record", "open", "--topic", name, *secret, "--hex", stdin=sealed)
    harness.check(done.returncode == 65, f"opened as one of the open topic: {done}")


def kinds(scene):
    """The command says at the start which kind of room it is."""
    for options, words in ([], "an open room: .*'--closed'"), (["--closed"], "a closed room: "):
        peer = scene.peer(f"room {options}", *options)
        peer.wait_said(words)
        peer.leave()


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
    nat = next(event["text"] for event in found if event.get("name") == "nat_v4")
    harness.check("not proven yet" in nat, f"doctor has seen no stranger: {nat}")
    # The private DHT has IPv4 only.
    harness.check(verdicts.get("dht_v6") == "warn" and "clock" in verdicts, f"doctor: {found}")
    done = found[-1]
    harness.check(done["event"] == "done" and done["verdict"] == "warn", str(found))
    harness.check(done["node"]["dht"]["tables"][0]["nodes"] and done["node"]["metrics"],
                  f"doctor without the node's snapshot: {done}")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        done = scene.run("doctor", "--bootstrap", "127.0.0.1:%d" % silent.getsockname()[1],
                         "--join-timeout", "1")
    harness.check(done.returncode == 69, f"doctor without a DHT: {done}")
    harness.check("fail  dht_v4" in done.stdout and "storage" not in done.stdout, str(done))


# What JSON must escape; for a line of input without the newline.
NAME = 'a "quoted" name \\ a slash\nand a line \t\x01\x7f caf\u00e9'
LINE = NAME.replace("\n", " ")


def names(scene):
    """Topics, values, messages and files of any name: each command still prints JSON, unchanged."""
    net = scene.bootstrap_options()
    file = scene.path / LINE
    [made] = events(scene.run("id", "--json", "--identity", str(file)))
    harness.check(made["event"] == "id" and file.exists(), str(made))
    sealed = scene.run("record", "seal", "--topic", NAME, "--secret", NAME, "--hex",
                       "--identity", str(file)).stdout
    [opened] = events(scene.run("record", "open", "--topic", NAME, "--secret", NAME, "--hex",
                                stdin=sealed))
    harness.check(opened["publisher"] == made["endpoint_id"], str(opened))

    [put] = events(scene.run("dht", "put", NAME, "--key", str(file), "--salt", LINE, "--json", *net))
    for arguments in [["get", put["key"], "--salt", LINE], ["find", put["target"]],
                      ["peers", put["target"]], ["ping", scene.bootstrap[0]]]:
        options = net if arguments[0] != "ping" else []
        found = events(scene.run("dht", *arguments, "--json", *options))
        harness.check(found[-1]["event"] == "done", str(found))
        if arguments[0] == "get":
            harness.check(found[0]["text"] == NAME, str(found))
    served = events(scene.run("dht", "serve", "--json", "--for", "0.5", "--listen", "127.0.0.1:0",
                              "--state", str(scene.path / (LINE + "2")), *net))
    harness.check([served[0]["event"], served[-1]["event"]] == ["listening", "status"], str(served))

    first = scene.peer("first", "--join-timeout", "30", topic=NAME)
    second = scene.start("second", "chat", NAME, "--json", "--listen", "127.0.0.1:0",
                         "--secret-file", scene.secret, *net)
    first.wait("joined")
    second.wait("joined")
    first.send(LINE)
    second.wait_message(LINE)
    second.send(LINE + "!")
    first.wait_message(LINE + "!")
    first.leave()
    second.leave()
    secret = ["--secret-file", scene.secret, "--json", *net]
    harness.check(events(scene.run("lookup", NAME, *secret))[-1]["event"] == "lookup_done", "lookup")
    scenarios = events(scene.run("sim", "--list", "--json"))
    [result] = events(scene.run("sim", scenarios[0]["scenario"], "--nodes", "2", "--json"))
    harness.check(result["passed"] and result["metrics"], str(result))


def demo(scene):
    done = scene.run("demo", "--peers", "4", within=70)
    harness.check(done.returncode == 0, f"demo: {done}")


def test(scene):
    record(scene)
    topic(scene)
    scene.testnet()
    dht(scene)
    dht_by_hand(scene)
    serve(scene)
    lookup(scene)
    kinds(scene)
    default_identity(scene)
    doctor(scene)
    names(scene)
    demo(scene)


harness.run(test)
