#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""A file goes from Transmission to aria2, who know nothing of each other but that both use a DHT of
our nodes: no tracker, no peer exchange, no local discovery. Both speak BEP 5 only.
"""
import hashlib
import json
import os
import time

import place  # first: it knows where harness is
from place import check
import filled
import krpc
import ours

NODES = 12
PIECE = 1 << 15
SEEDER, LEECHER, WATCHER = "10.77.0.101", "10.77.0.102", "10.77.0.103"
PORT, LEECHER_PORT = 51413, 6990


class Client(place.harness.Process):
    """A BitTorrent client; what it says is no JSON."""

    def _event(self, line):
        return {"event": "line", "line": line}


def torrent_of(data):
    """The torrent file of one file with this content, and its infohash."""
    pieces = b"".join(hashlib.sha1(data[at:at + PIECE]).digest()
                      for at in range(0, len(data), PIECE))
    info = {"length": len(data), "name": "file", "piece length": PIECE, "pieces": pieces}
    return krpc.encode({"info": info}), hashlib.sha1(krpc.encode(info)).digest()


def seed(scene, torrent, data, contacts):
    """Transmission takes no node at 127.0.0.0/8 for real, hence the other addresses."""
    folder = scene.path / "transmission"
    folder.mkdir()
    (folder / "file").write_bytes(data)
    (folder / "it.torrent").write_bytes(torrent)
    (folder / "settings.json").write_text(json.dumps({
        "bind-address-ipv4": SEEDER, "dht-enabled": True, "lpd-enabled": False,
        "pex-enabled": False, "utp-enabled": False}))
    (folder / "dht.bootstrap").write_text("".join(f"{host} {port}\n" for host, port in contacts))
    scene.processes.append(Client(
        scene, "transmission", ["-g", str(folder), "-w", str(folder), "-p", str(PORT), "-M",
                                str(folder / "it.torrent")], "transmission-cli"))


def fetch(scene, infohash, contact):
    folder = scene.path / "aria2"
    folder.mkdir()
    client = Client(
        scene, "aria2", ["--enable-dht=true", "--enable-dht6=false", f"--interface={LEECHER}",
                         f"--listen-port={LEECHER_PORT}", "--dht-listen-port=6991",
                         f"--dht-file-path={folder}/dht.dat", f"--dht-entry-point={contact}",
                         "--bt-enable-lpd=false", "--enable-peer-exchange=false", "--seed-time=0",
                         "--summary-interval=0", "--console-log-level=notice", "--no-conf=true",
                         f"--dir={folder}", f"magnet:?xt=urn:btih:{infohash.hex()}"], "aria2c")
    scene.processes.append(client)
    return client


def told(client, addrs, infohash):
    """The peers that our nodes tell of."""
    return {bytes(peer) for addr in addrs
            for peer in client.ask(addr, "get_peers", {"info_hash": infohash}, ro=1)[b"r"].get(
                b"values", [])}


def test(scene):
    place.need_program("transmission-cli", "transmission-cli")
    place.need_program("aria2c", "aria2")
    nodes = ours.serve(scene, NODES, None, ["10.77.0.{}:6881"])
    addrs = [node.addr for node in nodes]
    data = os.urandom(300_000)
    torrent, infohash = torrent_of(data)
    start = time.monotonic()
    seed(scene, torrent, data, addrs[:8])
    download = fetch(scene, infohash, ours.text(addrs[3]))
    watcher = krpc.Client(WATCHER)
    peer = krpc.compact((SEEDER, PORT))
    filled.until(lambda: peer in told(watcher, addrs, infohash), "Transmission's announcement", 150)
    print(f"announced after {time.monotonic() - start:.0f} s")
    check(download.wait_exit(120) == 0, "aria2 failed")
    print(f"fetched after {time.monotonic() - start:.0f} s")
    peer = krpc.compact((LEECHER, LEECHER_PORT))
    filled.until(lambda: peer in told(watcher, addrs, infohash), "aria2's announcement")
    check((scene.path / "aria2" / "file").read_bytes() == data, "another file came")


place.run(test, *(f"10.77.0.{i}" for i in range(NODES)), SEEDER, LEECHER, WATCHER)
