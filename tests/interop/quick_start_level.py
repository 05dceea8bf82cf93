# SPDX-License-Identifier: MIT OR Apache-2.0
"""The program that stood in the README of the Rust crate when that was new, and `dtt chat`, in one
room: both in the laboratory of tests/nat, with iroh's servers on its internet.
"""
import pathlib
import sys
import time

import authority
import lookups_level
import relay_level
import world as worlds
from name_server import DOMAIN
from world import HERE, check

sys.path.insert(0, str(HERE.parent / "nat"))
import lab  # noqa: E402

PROGRAM = str(pathlib.Path(worlds.RUST).parent / "quick_start")
TOPIC, SECRET = "my-iroh-gossip-topic", "my-initial-secret"  # its own
SERVERS = lab.NET4[-1]
QUIC_PORT = 7842  # where iroh asks how it is seen
GAP = 3  # s between the two
JOINED = 40  # s that they may take
LINES = 10  # of each


class Room:
    def __init__(self, world, net):
        self.world = world
        self.net = net
        self.secret = world.file("its secret", SECRET)
        folder = world.path / "certificate"
        ca, _ = authority.make(folder, f"IP:{SERVERS}")
        relay = relay_level.Server(world, folder, ["enable_quic_addr_discovery = true"],
                                   host=SERVERS, inside=net.net.inside,
                                   tls_lines=[f'quic_bind_addr = "{SERVERS}:{QUIC_PORT}"'])
        self.lookups = lookups_level.Server(world, host=SERVERS, inside=net.net.inside)
        self.options = ["--relay", relay.url, "--pkarr", self.lookups.url, "--dns-origin", DOMAIN,
                        "--ca-file", world.file("ca.pem", pathlib.Path(ca).read_text("ascii") +
                                                pathlib.Path(self.lookups.ca).read_text("ascii"))]

    def inside(self, name, *command):
        """Where the names of the public DHT nodes lead to the laboratory's, and names are asked of
        its server."""
        hosts = self.world.file("hosts", worlds.hosts_file(lab.NET4[0]))
        conf = self.world.file("resolv.conf", f"nameserver {SERVERS}\n", 0o644)
        script = ('mount --bind "$1" /etc/hosts && mount --bind "$2" /etc/resolv.conf && shift 2 && '
                  'exec "$@"')
        return self.net[name].inside(["unshare", "-m", "sh", "-c", script, "sh", hosts, conf,
                                      *command])

    def start(self, name):
        if name == "c":
            command, *rest = self.inside(name, worlds.harness.DTT, "chat", TOPIC, "--json",
                                         "--unsigned", "--secret-file", self.secret, *self.options)
            return self.world.start(name, *rest, command=command)
        command, *rest = self.inside(name, PROGRAM, *self.options, "--udp", "--name-server",
                                     f"{SERVERS}:{self.lookups.dns}")
        return self.world.start(name, *rest, command=command, is_text=True)


def meet(world, kind, first):
    with lab.Lab(world, {"c": kind, "rust": kind}) as net:
        room = Room(world, net)
        peers = {first: room.start(first)}
        time.sleep(GAP)
        second = "rust" if first == "c" else "c"
        peers[second] = room.start(second)
        c, rust = peers["c"], peers["rust"]
        # Its prompt; who it is joined by it tells only of those that come later.
        ready = [rust.wait("line", JOINED), c.wait("joined", JOINED)]
        took = max(peer.started + event["at"] for peer, event in zip((rust, c), ready)) - \
            peers[second].started
        print(f"joined {took:.1f} s after the second started, by {c.wait('neighbor_up')['way']}")
        for number in range(LINES):
            c.send(f"{number} from C")
            rust.send(f"{number} from Rust")
        for number in range(LINES):
            c.wait_message(f"{number} from Rust", 20)
            text = f"Message from {c.id[:8]}: {number} from C"
            rust.wait("line", 20, lambda event, text=text: event["text"] == text)
        said = [event["text"] for event in rust.of_kind("line")]
        check(len([text for text in said if "Message from" in text]) == LINES and
              len(c.messages()) == LINES, f"something came twice: {said}")
        rust.kill()
        c.leave()


CASES = [("quick start", f"{first} first, both {kind}",
          lambda world, kind=kind, first=name: meet(world, kind, first),
          f"{LINES} lines each way, topic and secret only, iroh's servers")
         for kind in ("pub", "prcone") for first, name in (("C", "c"), ("Rust", "rust"))]
