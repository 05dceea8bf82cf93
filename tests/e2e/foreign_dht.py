#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""A private DHT of libtorrent nodes: two peers meet on it, and `dtt dht` reads and writes there."""
import hashlib
import json
import random
import time

import harness

try:
    import libtorrent
except ImportError:
    libtorrent = None

NODES = 12

SETTINGS = {
    "enable_lsd": False, "enable_upnp": False, "enable_natpmp": False, "enable_dht": True,
    "dht_bootstrap_nodes": "",  # nobody outside
    "listen_interfaces": "127.0.0.1:0", "listen_system_port_fallback": False,
    # All nodes share one address here; libtorrent would take that for an attack.
    "dht_restrict_routing_ips": False, "dht_restrict_search_ips": False,
    "dht_prefer_verified_node_ids": False, "dht_enforce_node_id": False,
    "dht_ignore_dark_internet": False, "dht_block_ratelimit": 100_000, "dht_block_timeout": 1,
    "dht_upload_rate_limit": 10_000_000, "alert_queue_size": 10_000,
}


class Node:
    """One libtorrent session. Alerts die at the next pop, so what matters is copied at once."""

    def __init__(self):
        category = libtorrent.alert.category_t
        mask = (category.dht_notification | category.error_notification |
                category.status_notification | category.dht_operation_notification)
        self.session = libtorrent.session({**SETTINGS, "alert_mask": mask})
        self.port = None
        self.table = 0
        self.items = []
        self.puts = 0

    def pump(self):
        for alert in self.session.pop_alerts():
            if isinstance(alert, libtorrent.listen_succeeded_alert):
                if "utp" in str(alert.socket_type).lower() or "udp" in str(alert.socket_type).lower():
                    self.port = alert.port
            elif isinstance(alert, libtorrent.dht_stats_alert):
                self.table = sum(bucket["num_nodes"] for bucket in alert.routing_table)
            elif isinstance(alert, libtorrent.dht_put_alert):
                self.puts += 1
            elif isinstance(alert, libtorrent.dht_mutable_item_alert):
                try:
                    self.items.append(alert.item["value"])
                except RuntimeError:  # an item that was not found has no value
                    pass


def wait_for(nodes, condition, within, what):
    deadline = time.monotonic() + within * harness.SLOW
    while not condition():
        harness.check(time.monotonic() < deadline, f"libtorrent: {what}: not within {within} s")
        nodes[0].session.wait_for_alert(250)
        for node in nodes:
            node.pump()


def build():
    """A DHT in which each node knows most of the others."""
    rng = random.Random(1)
    nodes = [Node() for _ in range(NODES)]
    wait_for(nodes, lambda: all(node.port for node in nodes), 20, "UDP ports")
    for i, node in enumerate(nodes):
        for other in rng.sample(nodes[:i], min(i, 4)):
            node.session.add_dht_node(("127.0.0.1", other.port))

    def is_filled():
        for node in nodes:
            node.session.post_dht_stats()  # answered by an alert
        return sum(node.table >= NODES // 2 for node in nodes) >= NODES - 2

    wait_for(nodes, is_filled, 90, "routing tables")
    return nodes


def peers_meet(scene):
    peers = [scene.peer("ann"), scene.peer("bob")]
    for peer in peers:
        peer.wait("joined", 60)
    harness.everybody_talks(peers, "hello")
    copies = peers[0].wait("published", 90)["copies"]
    harness.check(copies > 0, "no libtorrent node took the record")
    for peer in peers:
        peer.leave()


def items(scene, nodes):
    options = ["--json", *scene.bootstrap_options()]
    key = str(scene.path / "key")
    done = scene.run("dht", "put", "from dtt", "--key", key, "--salt", "one", "--verify", *options,
                     within=30)
    put = json.loads(done.stdout)
    harness.check(done.returncode == 0 and put["acked"] > 0 and put["verified"] > 0, str(done))
    public = bytes.fromhex(put["key"])
    nodes[5].session.dht_get_mutable_item(public, "one")
    wait_for(nodes, lambda: nodes[5].items, 30, "an item that dtt has put")
    harness.check(nodes[5].items[0] in ("from dtt", b"from dtt"), f"got {nodes[5].items}")

    # libtorrent signs with the expanded key: SHA-512 of the seed, clamped (RFC 8032).
    expanded = bytearray(hashlib.sha512((scene.path / "key").read_bytes()).digest())
    expanded[0] &= 248
    expanded[31] = expanded[31] & 63 | 64
    nodes[3].session.dht_put_mutable_item(bytes(expanded), public, "from libtorrent", "two")
    wait_for(nodes, lambda: nodes[3].puts, 30, "a put")
    done = scene.run("dht", "get", public.hex(), "--salt", "two", *options, within=30)
    values = [json.loads(line) for line in done.stdout.splitlines()]
    harness.check(values and values[0].get("text") == "from libtorrent", str(done))


def test(scene):
    if libtorrent is None:
        raise harness.Skip("no python3-libtorrent for this Python; ./dev setup installs it where "
                           "the distribution has it")
    nodes = build()
    scene.bootstrap = [f"127.0.0.1:{node.port}" for node in nodes[:4]]
    items(scene, nodes)
    peers_meet(scene)


harness.run(test)
