#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""`--n0` where there is no internet: members start, meet in the local network and leave as ever, the
log says which of iroh's servers are not reached, and so does doctor, within its time."""
import json

import harness
import netlab

RELAYS = [f"{name}.relay.n0.iroh.link" for name in ("use1-1", "usw1-1", "euc1-1", "aps1-1")]
PKARR = "https://dns.iroh.link/pkarr"
NOWHERE = "127.0.0.1:9"


def members(host):
    ann = host.peer("ann", "--n0", "--log", "info", bootstrap=[NOWHERE])
    nobody = ["--peer", "ae" * 32]  # who is looked for at the pkarr server
    ben = host.peer("ben", "--n0", "--log", "info", *nobody, bootstrap=[NOWHERE])
    for peer in (ann, ben):
        peer.wait("listening")
    for peer in (ann, ben):
        peer.wait("joined", 20)
        for name in RELAYS:
            peer.wait_said(rf"relay down relay={name}", 30)
    ben.wait_said(rf"pkarr unanswered url={PKARR}", 30)
    ann.send("without the internet")
    ben.wait_message("without the internet", 20)
    up = ben.wait("neighbor_up")
    harness.check(up["way"] == "direct", f"ben: {up}")
    ann.leave()
    ben.leave()


def doctor(host):
    done = host.run(harness.DTT, "doctor", "--n0", "--json", "--bootstrap", NOWHERE,
                    "--join-timeout", "1", within=60)
    harness.check(done.returncode == 69, f"doctor: exit {done.returncode}: {done.stderr}")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    found = [(e["verdict"], e["text"]) for e in events if e.get("name") == "relay"]
    harness.check(len(found) == len(RELAYS), f"doctor has tried {found}")
    for name, (verdict, sentence) in zip(RELAYS, found):
        harness.check(verdict == "warn" and name in sentence and "lets" not in sentence, sentence)
    print(found)


def test(scene):
    host = netlab.Host(scene, "island")
    netlab.Switch("lan").plug(host, "e0", "192.168.1.1/24")
    members(host)
    doctor(host)


netlab.run(test)
