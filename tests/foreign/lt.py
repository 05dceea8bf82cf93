# SPDX-License-Identifier: MIT OR Apache-2.0
"""Networks of libtorrent nodes in this process (Debian's python3-libtorrent)."""
import random
import time

import filled
import harness
import ours

try:
    import libtorrent
except ImportError:
    libtorrent = None

VERSION = libtorrent.__version__ if libtorrent else ""

SETTINGS = {
    "enable_lsd": False, "enable_upnp": False, "enable_natpmp": False, "enable_dht": True,
    # A node named here is a router to libtorrent and enters no table: add_dht_node instead.
    "dht_bootstrap_nodes": "",
    "listen_system_port_fallback": False,
    # All nodes share a few addresses; libtorrent would take that for an attack, and five packets a
    # second from one address for a flood.
    "dht_restrict_routing_ips": False, "dht_restrict_search_ips": False,
    "dht_prefer_verified_node_ids": False, "dht_enforce_node_id": False,
    "dht_ignore_dark_internet": False, "dht_block_ratelimit": 100_000, "dht_block_timeout": 1,
    "dht_upload_rate_limit": 10_000_000, "alert_queue_size": 10_000,
}


def need():
    if libtorrent is None:
        raise harness.Skip("no python3-libtorrent for this Python; ./dev setup installs it where "
                           "the distribution has it")


class Node:
    """One libtorrent session. An alert dies at the next pop, so what matters is copied at once."""

    def __init__(self, *interfaces, read_only=False):
        category = libtorrent.alert.category_t
        mask = (category.dht_notification | category.error_notification |
                category.status_notification | category.dht_operation_notification)
        self.session = libtorrent.session({
            **SETTINGS, "listen_interfaces": ",".join(interfaces), "alert_mask": mask,
            "dht_read_only": read_only})
        self.addrs = []
        self.is_done = True
        self.result = None
        self.heard = set()  # (infohash, port) of announcements of others
        self.peers = set()

    def meet(self, *addrs):
        """Pings these; who answers enters the table."""
        for addr in addrs:
            self.session.add_dht_node(addr)

    def pump(self):
        for alert in self.session.pop_alerts():
            if isinstance(alert, libtorrent.listen_succeeded_alert):
                if "udp" in str(alert.socket_type).lower():
                    self.addrs.append((alert.address, alert.port))
            elif isinstance(alert, libtorrent.dht_put_alert):
                self.is_done = True
            elif isinstance(alert, libtorrent.dht_mutable_item_alert):
                self.result = item_of(alert)
                self.is_done = alert.authoritative  # or a better one may come
            elif isinstance(alert, libtorrent.dht_immutable_item_alert):
                self.result = item_of(alert)
                self.is_done = True
            elif isinstance(alert, libtorrent.dht_announce_alert):
                self.heard.add((bytes.fromhex(str(alert.info_hash)), alert.port))
            elif isinstance(alert, libtorrent.dht_get_peers_reply_alert):
                self.peers |= set(map(tuple, alert.peers()))


def item_of(alert):
    """(value, seq), the second None for an immutable item; (None, None) when nothing was found."""
    try:
        return alert.item["value"], alert.item.get("seq")
    except RuntimeError:  # there is none, or the binding cannot show it (immutable, not a string)
        return None, None


def wait(nodes, condition, within, what):
    """Lets the nodes work until the condition holds."""
    deadline = time.monotonic() + within * harness.SLOW
    while not condition():
        harness.check(time.monotonic() < deadline, f"libtorrent: {what}: not within {within} s")
        nodes[0].session.wait_for_alert(100)
        for node in nodes:
            node.pump()


class Net:
    """Nodes of which each knows twelve others and more."""

    def __init__(self, interfaces, seed=1):
        """`interfaces`: for each node the list of what it listens on."""
        need()
        rng = random.Random(seed)
        self.nodes = [Node(*own) for own in interfaces]
        self.wait(lambda: all(len(node.addrs) >= len(own)
                              for node, own in zip(self.nodes, interfaces)), 60, "UDP ports")
        for node in self.nodes:
            for other in rng.sample(self.nodes, min(len(self.nodes), 13)):
                if other is not node:
                    node.meet(*other.addrs)
        filled.wait([addr for node in self.nodes for addr in node.addrs], 8)

    @property
    def bootstrap(self):
        """What `dtt --bootstrap` is told: the first address of some nodes."""
        return [ours.text(node.addrs[0]) for node in self.nodes[:4]]

    def wait(self, condition, within, what):
        wait(self.nodes, condition, within, what)

    # Each of these starts an operation at one node, which has one at a time, and returns what
    # finish() wants. Operations run side by side because each of them may take 15 s: libtorrent
    # takes whoever puts or announces into its table, read-only or not (BEP 43), and waits that long
    # for each that has gone since.

    def put(self, at, key, value):
        """A mutable item. libtorrent takes the sequence number after the one it finds."""
        node = self.nodes[at]
        node.is_done = False
        node.session.dht_put_mutable_item(key.expanded, key.public, value, key.salt.decode())
        return node

    def get(self, at, key):
        """Its result is (value, seq); (None, None): not found."""
        node = self.nodes[at]
        node.is_done = False
        node.session.dht_get_mutable_item(key.public, key.salt.decode())
        return node

    def put_immutable(self, at, value):
        node = self.nodes[at]
        node.is_done = False
        node.session.dht_put_immutable_item(value)
        return node

    def get_immutable(self, at, target):
        node = self.nodes[at]
        node.is_done = False
        node.session.dht_get_immutable_item(libtorrent.sha1_hash(target))
        return node

    def finish(self, *nodes):
        """Waits for the operations of these nodes; their results."""
        self.wait(lambda: all(node.is_done for node in nodes), 60, "the end of an operation")
        return [node.result for node in nodes]

    def announce(self, at, infohash):
        """Announces as a download would, and returns the port of the announcement."""
        node = self.nodes[at]
        parameters = libtorrent.add_torrent_params()
        parameters.info_hashes = libtorrent.info_hash_t(libtorrent.sha1_hash(infohash))
        parameters.save_path = "/nonexistent"
        parameters.flags = libtorrent.torrent_flags.upload_mode
        node.session.add_torrent(parameters).force_dht_announce()
        return node.session.listen_port()

    def wait_announced(self, infohash, port):
        """Until a node of this network has been told of the peer."""
        self.wait(lambda: any((infohash, port) in node.heard for node in self.nodes), 60,
                  f"an announcement of port {port}")

    def find_peers(self, at, infohash):
        """Starts one lookup; what it finds comes up in the node's `peers`."""
        self.nodes[at].peers.clear()
        self.nodes[at].session.dht_get_peers(libtorrent.sha1_hash(infohash))

    def wait_peer(self, at, infohash, port):
        """Looks for a peer with this port until it is found."""
        node = self.nodes[at]
        self.find_peers(at, infohash)
        self.wait(lambda: any(peer[1] == port for peer in node.peers), 60,
                  f"a peer with port {port}")
