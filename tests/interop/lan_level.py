# SPDX-License-Identifier: MIT OR Apache-2.0
"""The local network without a DHT: `--lan iroh`, and the crate iroh-mdns-address-lookup."""
import netlab
from gossip_level import both_heard, leave, settle

NOWHERE = ["192.0.2.1:6881"]
WRONG = "192.168.1.77:9999"  # nobody has this address


class Network:
    """A host for each kind of node, at one switch. Both know a router, which is off."""

    def __init__(self, world):
        self.switch = netlab.Switch("lan")
        self.hosts = [netlab.Host(world, name) for name in ("ann", "bob")]
        for number, host in enumerate(self.hosts, 1):
            host.sysctl("net.ipv6.conf.default.accept_dad", 0)
            self.switch.plug(host, "e0", f"192.168.1.{number}/24")
            host.ip("route add default via 192.168.1.254")

    def close(self):
        for each in (self.switch, *self.hosts):
            each.close()


def find(world, seeker):
    """The seeker knows the id of the other one; where that is, only the local network tells."""
    of_c, of_rust = world.network(Network(world)).hosts

    def start_c(*options):
        return of_c.peer("c", "--lan", "iroh", *options, bootstrap=NOWHERE)

    def start_rust(*options):
        return world.rust("rust", "gossip", world.topic, "--lan", *options, inside=of_rust.inside)

    if seeker == "rust":
        sought = start_c()
        peers = [start_rust("--peer", sought.id), sought]
    else:
        sought = start_rust()
        peers = [start_c("--peer", f"{sought.id}@{WRONG}"), sought]
    joined = peers[0].wait("joined", 10)["at"]
    print(f"{peers[0].name} joined after {joined:.1f} s")
    settle(peers)
    both_heard(peers, "hello")
    leave(peers)


CASES = [
    ("lan", "iroh, Rust seeks C", lambda world: find(world, "rust"),
     "a C node with --lan iroh is found by its id, and they talk"),
    ("lan", "iroh, C seeks Rust", lambda world: find(world, "c"),
     "a Rust endpoint is found by its id, and they talk"),
]
