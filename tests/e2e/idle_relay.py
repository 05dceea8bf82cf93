#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""What an idle connection to a relay costs a member, by http and by https with the authorities of this
system: at most 1.5 MiB, and no wake-ups but those of pings."""
import pathlib
import shutil
import subprocess
import time

import authority
import harness
import netlab
from relay_server import PING, Relay

TRUST = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")
MORE_MAX_KIB = 1536
SETTLE = 20  # s until nothing of the start is left
SPAN = 46  # s
PINGS = 3  # in them, of each of which leaving and answer wake the member
SPARE = 8  # wake-ups by which two members differ without a relay


def trust(scene):
    """Has the system trust an authority of ours, beside its own; the context of a server."""
    if not TRUST.exists():
        raise harness.Skip(f"there is no {TRUST} here; ./dev setup installs ca-certificates")
    ca, context = authority.make(scene.path / "ca")
    bundle = scene.path / "bundle"
    shutil.copy(TRUST, bundle)
    with open(bundle, "ab") as file:
        file.write(pathlib.Path(ca).read_bytes())
    subprocess.run(["mount", "--bind", bundle, TRUST], check=True)
    return context


def test(scene):
    scene.bootstrap = ["127.0.0.1:9"]
    relays = [Relay(), Relay(tls=trust(scene))]
    peers = [scene.peer("without"), scene.peer("by http", "--relay", relays[0].url),
             scene.peer("by https", "--relay", relays[1].url)]
    for peer in peers:
        peer.wait("listening")
    time.sleep(SETTLE)
    for relay in relays:
        harness.check(relay.clients, f"nobody is at {relay.url}")
        relay.frames.clear()
    before = [peer.proc("voluntary_ctxt_switches") for peer in peers]
    time.sleep(SPAN)
    wakes = [peer.proc("voluntary_ctxt_switches") - n for peer, n in zip(peers, before)]
    kib = [peer.dirty_kib() for peer in peers]
    for peer, wake, size in zip(peers, wakes, kib):
        print(f"{peer.name}: {wake} wake-ups in {SPAN} s, {size} KiB")
    for relay in relays:
        harness.check(set(relay.frames) == {PING}, f"{relay.url} was sent {relay.frames}")
        harness.check(0 < relay.frames[PING] <= PINGS + 1, f"{relay.frames[PING]} pings in {SPAN} s")
    for peer, wake, size in list(zip(peers, wakes, kib))[1:]:
        harness.check(wake <= wakes[0] + 2 * (PINGS + 1) + SPARE,
                      f"{peer.name}: {wake} wake-ups, {wakes[0]} without a relay")
        if harness.SLOW == 1:
            harness.check(size <= kib[0] + MORE_MAX_KIB, f"{peer.name}: {size - kib[0]} KiB more")
    for peer in peers:
        peer.leave()


netlab.run(test)
