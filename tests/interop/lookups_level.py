# SPDX-License-Identifier: MIT OR Apache-2.0
"""Lookups at servers: members that know each other's ids alone, and iroh-dns-server, which iroh's own
pkarr and name servers are, by https and DNS. Rust members are set up as iroh's preset N0 does it.

Environment: DTT_IROH_DNS_SERVER, the server; the cases are skipped where there is none.
"""
import os
import pathlib
import signal
import subprocess
import time
import urllib.error
import urllib.request

import authority
import harness
import pkarr_server
import relay_level
from gossip_level import leave, settle
from name_server import DOMAIN, NameServer, ask_there, name_of, z32
from relay_level import free_port
from world import Failure, Skip, check

IROH_DNS_SERVER = os.environ.get("DTT_IROH_DNS_SERVER", "build/rust/servers/bin/iroh-dns-server")
WRONG_CLOCK = pathlib.Path(harness.DTT).parent / "tests/e2e/libwrong_clock.so"
HOUR = 3600
NOBODY = "ae" * 32


class Resolver:
    """Whom the host asks for names, until the case is over."""

    def __init__(self, world):
        ask_there(world)

    def close(self):
        subprocess.run(["umount", "/etc/resolv.conf"], check=True)


class Server:
    """iroh-dns-server on loopback, or at the address `host`: pkarr by https, and names at port `dns`.
    `inside`: makes of a command one that runs elsewhere, as Host.inside of netlab.py."""

    def __init__(self, world, limit="disabled", dns=53, is_started=True, host="localhost",
                 inside=list):
        if not os.access(IROH_DNS_SERVER, os.X_OK):
            raise Skip("iroh-dns-server is not built")
        self.folder = world.path / "dns"
        self.folder.mkdir()
        self.certificate = self.folder / "cert_cache"
        is_local = host == "localhost"
        self.ca, _ = authority.make(self.certificate, f"{'DNS' if is_local else 'IP'}:{host}")
        for kind in ("crt", "key"):
            os.link(self.certificate / f"default.{kind}", self.certificate / f"{host}.{kind}")
        self.addr = "127.0.0.1" if is_local else host
        self.inside = inside
        self.dns, self.port, self.plain = dns, free_port(), free_port()
        self.url = f"https://{host}:{self.port}/pkarr"
        self.config = self.folder / "config.toml"
        listens = f'bind_addr = "{self.addr}"'
        self.config.write_text("\n".join([
            f'pkarr_put_rate_limit = "{limit}"', f'data_dir = "{self.folder}"',
            "[http]", f"port = {self.plain}", listens,
            "[https]", f"port = {self.port}", listens, f'domains = ["{host}"]',
            'cert_mode = "manual"',
            "[dns]", f"port = {self.dns}", listens, f'origins = ["{DOMAIN}.", "."]',
            f'default_soa = "{DOMAIN} hostmaster.{DOMAIN} 0 10800 3600 604800 3600"',
            "default_ttl = 30", 'rr_a = "127.0.0.1"', f'rr_ns = "ns1.{DOMAIN}."',
            "[metrics]", "disabled = true", "[mainline]", "enabled = false"]) + "\n")
        self.log = open(self.folder / "log", "w", encoding="utf-8")
        self.process = None
        if is_started:
            self.start()
        world.network(self)

    def start(self):
        self.process = subprocess.Popen(self.inside([IROH_DNS_SERVER, "--config", self.config]),
                                        stdout=self.log, stderr=self.log)
        deadline = time.monotonic() + 30
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise Failure(f"iroh-dns-server does not start: {self.log.name}")
            time.sleep(0.05)

    def answers(self):
        return relay_level.serves(f"http://{self.addr}:{self.plain}/healthcheck", self.addr,
                                  self.port, self.inside)

    def kill(self):
        """In order, so that what was stored a moment ago is there when it starts again."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(30)

    def close(self):
        if self.process and self.process.poll() is None:
            self.kill()
        self.log.close()

    def ask(self, peer_id, body=None):
        """Status and content: of what is stored under the id, or of a PUT of this body."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.plain}/pkarr/{z32(peer_id)}",
                                         body, method="PUT" if body else "GET")
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, b""

    def wait_stored(self, peer_id, fits=lambda content: True, within=20):
        """The content that is stored under the id, when it fits."""
        deadline = time.monotonic() + within * harness.SLOW
        while True:
            status, content = self.ask(peer_id)
            if status == 200 and fits(content):
                return content
            check(time.monotonic() < deadline, f"under {peer_id} the server has {content!r}")
            time.sleep(0.05)

    def c_options(self, *ways):
        """`ways`: "pkarr", "dns"."""
        words = {"pkarr": ("--pkarr", self.url, "--ca-file", self.ca),
                 "dns": ("--dns-origin", DOMAIN)}
        return [word for way in ways for word in words[way]]

    def rust(self, world, name, *options):
        """A member as N0 makes it, but for the servers."""
        return world.rust(name, "gossip", world.topic, "--pkarr", self.url, "--ca-file", self.ca,
                          "--name-server", f"127.0.0.1:{self.dns}", "--dns-origin", DOMAIN,
                          *options)

    def direct_rust(self, world, name, *options):
        return self.rust(world, name, "--listen", "127.0.0.1:0", *options)


def date(content):
    """In microseconds."""
    return int.from_bytes(content[pkarr_server.TIME], "big")


def relay_of(world, server):
    """By https, under the same authority."""
    return relay_level.Server(world, server.certificate)


def talk(*peers):
    for peer in peers:
        peer.wait("joined", 30)
    settle(peers)
    harness.everybody_talks(peers, "hello", 30)


def meet(*peers):
    talk(*peers)
    leave(peers)


def rust_resolves(world):
    server = Server(world)
    relay = relay_of(world, server)
    options = ["--relay", relay.url]
    c = world.peer("c", *server.c_options("pkarr"), *options)
    stored = server.wait_stored(c.id)
    check(b"relay=" + relay.url.encode() in stored and b"addr=" not in stored, f"{stored!r}")
    meet(c, server.rust(world, "rust", *options, "--peer", c.id))


def rust_resolves_addresses(world):
    server = Server(world)
    c = world.peer("c", *server.c_options("pkarr"), "--publish-addrs")
    server.wait_stored(c.id)
    meet(c, server.direct_rust(world, "rust", "--peer", c.id))


def c_resolves(world, way):
    server = Server(world)
    world.network(Resolver(world))
    relay = relay_of(world, server)
    rust = server.rust(world, "rust", "--relay", relay.url)
    server.wait_stored(rust.id)
    words = ["--relay", relay.url, "--ca-file", server.ca, "--peer", rust.id]
    c = world.peer("c", *server.c_options(way), *words)
    talk(c, rust)
    check(c.wait("neighbor_up")["way"] == "relay", "the relay is the only way to Rust")
    leave([c, rust])


def with_clock(world, seconds, name, *options):
    world.environment.update(LD_PRELOAD=str(WRONG_CLOCK), DTT_CLOCK_SECONDS=str(seconds))
    try:
        return world.peer(name, *options)
    finally:
        del world.environment["LD_PRELOAD"], world.environment["DTT_CLOCK_SECONDS"]


def wrong_clock(world, before, after):
    """The same node twice, its clock off by so much: the server keeps what has the later date, and
    says yes to everything, but what counts is where the node is now."""
    if not WRONG_CLOCK.exists():
        raise Skip("there is no wrong clock in a build with a sanitizer")
    server = Server(world)
    # By http: to a clock that is behind the certificate is not valid yet.
    options = ["--pkarr", f"http://127.0.0.1:{server.plain}/pkarr", "--publish-addrs",
               "--identity", str(world.path / "key")]
    c = with_clock(world, before, "c before", *options)
    first = server.wait_stored(c.id)
    off = date(first) / 1e6 - time.time() - before
    check(abs(off) < 60, f"the clock was not off by {before} s, but by {off} more")
    c.leave()
    c = with_clock(world, after, "c after", *options)
    second = server.wait_stored(c.id, lambda content: content != first)
    check(date(second) == date(first) + 1, f"dated {date(second) - date(first)} us later")
    status, _ = server.ask(c.id, first)
    check(status == 204 and server.ask(c.id) == (200, second), f"an older packet: {status}")
    other = world.peer("other", *server.c_options("pkarr"), "--peer", c.id)
    meet(c, other, server.direct_rust(world, "rust", "--peer", c.id))


def limited(world):
    """Two packets at once, then one in four seconds, are all that the server takes from one host."""
    server = Server(world, "smart")
    peers = [world.peer(f"c{i}", *server.c_options("pkarr"), "--publish-addrs", "--log", "info")
             for i in range(3)]
    for peer in peers:
        server.wait_stored(peer.id, within=60)
    refused = [line for peer in peers for line in peer.said if "the server answers 429" in line]
    check(len(refused) in range(1, 4), f"refusals: {refused}")
    meet(peers[-1], server.direct_rust(world, "rust", "--peer", peers[-1].id))


def unknown(world):
    server = Server(world)
    world.network(Resolver(world))
    check(server.ask(NOBODY)[0] == 404, "the server knows nobody's id")
    c = world.peer("c", *server.c_options("pkarr", "dns"), "--peer", NOBODY, "--log", "debug")
    failure = c.wait("dial_failed", 20)
    check(failure["stage"] == "address" and not failure["tried"], f"{failure}")
    check(not [line for line in c.said if "pkarr unanswered" in line], "the server has answered")
    relay = relay_of(world, server)
    rust = server.rust(world, "rust", "--relay", relay.url)
    server.wait_stored(rust.id)
    meet(rust, world.peer("later", "--relay", relay.url, *server.c_options("pkarr", "dns"),
                          "--peer", rust.id))


def away(world):
    """A server that comes late, and that goes and comes back with what it had."""
    server = Server(world, is_started=False)
    c = world.peer("c", *server.c_options("pkarr"), "--publish-addrs", "--log", "info")
    c.wait_said("publish_failed .*the server cannot be reached")
    server.start()
    c.wait_said("pkarr published", 60)
    server.kill()
    rust = server.direct_rust(world, "rust", "--peer", c.id)
    rust.must_not("joined", 3)
    server.start()
    rust.leave()
    meet(c, server.direct_rust(world, "rust again", "--peer", c.id))


def forged(world, is_direct):
    """Names are answered by somebody else. He names a relay and an address where nobody is, and the
    signed answer leads to Rust; or the true address, but a relay that Rust has never been at.
    """
    server = Server(world, dns=free_port())
    world.network(Resolver(world))
    names = world.network(NameServer())
    relay = relay_of(world, server)
    if is_direct:
        rust = server.direct_rust(world, "rust")
        texts = [f"relay={relay.url}", "addr={}:{}".format(*rust.addr)]
    else:
        rust = server.rust(world, "rust", "--relay", relay.url)
        texts = ["relay=https://localhost:9/", "addr=127.0.0.1:9"]
        server.wait_stored(rust.id)
    names.texts[name_of(rust)] = texts
    ways = ["dns"] if is_direct else ["dns", "pkarr"]
    c = world.peer("c", "--relay", relay.url, "--ca-file", server.ca, *server.c_options(*ways),
                   "--peer", rust.id)
    talk(c, rust)
    check(name_of(rust) in names.asked, "the forger was not asked")
    way = c.wait("neighbor_up")["way"]
    check(way == ("direct" if is_direct else "relay"), f"they are joined by {way}")
    leave([c, rust])


CASES = [
    ("lookups", "Rust resolves", rust_resolves, "C's home relay at a pkarr server, ids alone"),
    ("lookups", "Rust resolves addresses", rust_resolves_addresses,
     "C's, with --publish-addrs: without any relay"),
    ("lookups", "C resolves by pkarr", lambda world: c_resolves(world, "pkarr"),
     "Rust's home relay, ids alone"),
    ("lookups", "C resolves by DNS", lambda world: c_resolves(world, "dns"),
     "Rust's home relay, ids alone"),
    ("lookups", "clock an hour behind", lambda world: wrong_clock(world, 0, -HOUR),
     "a packet that is dated before the stored one would be taken, and not kept"),
    ("lookups", "clock was an hour ahead", lambda world: wrong_clock(world, HOUR, 0),
     "the packet of the future is replaced"),
    ("lookups", "limited", limited, "429 with retry-after: three nodes at one address"),
    ("lookups", "unknown", unknown, "404 and NXDOMAIN: nobody is dialled"),
    ("lookups", "away", away, "the server starts late, ends and comes back"),
    ("lookups", "forged DNS", lambda world: forged(world, False),
     "a relay and an address where nobody is: the signed answer leads to Rust"),
    ("lookups", "forged DNS, direct", lambda world: forged(world, True),
     "a relay that Rust has never been at: it is met directly"),
]
