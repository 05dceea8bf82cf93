# SPDX-License-Identifier: MIT OR Apache-2.0
"""A laboratory of NATs: homes behind routers of every kind, and a DHT on the internet between them.

    def test(scene):
        with lab.Lab(scene, {"ann": "prcone", "bob": "cgn+hard=60"}) as net:
            ann = net.peer("ann")                      # a Process of e2e/harness.py
            bob = net.peer("bob", "--log", "info")
            net.control("flush r-bob")                 # words: control.h; kinds: kinds.py

    lab.run(test)

       DHT nodes                host "net": 16 public addresses of each family, each in a network
           |                    of its own
        the core                nat-internet: delays, hops, loss
         /    \\
     r-ann     c-bob            routers; c- is a carrier's
       |         |
       |       r-bob
       |         |
      ann       bob             hosts: 192.168.1.10, 192.168.1.20, as alike as in life

Queries of homes to the DHT are marked read-only (BEP 43) on the way. Otherwise the few nodes name the
homes to each other, and the pings that follow open the filters by accident, which among the millions
of the real DHT does not happen.
"""
import os
import pathlib
import random
import signal
import sys
import threading

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
sys.dont_write_bytecode = True
BUILD = pathlib.Path(os.environ.setdefault("DTT_BUILD", str(HERE.parents[1] / "build")))
os.environ.setdefault("DTT_COMMAND", str(BUILD / "dtt"))

import harness  # noqa: E402
import netlab  # noqa: E402
from harness import Failure, Skip, check  # noqa: E402,F401

import kernel  # noqa: E402
import kinds  # noqa: E402

INTERNET = BUILD / "tests/nat/nat-internet"
PROBE = HERE / "probe.py"
NET4 = [f"{first}.{i + 1}.0.1" for i, first in enumerate(
    [5, 23, 31, 37, 46, 62, 77, 89, 91, 109, 128, 141, 151, 176, 185, 193])]
NET6 = [f"2a{i:02x}:{i + 1:x}::1" for i in range(16)]
DHT_PORT = 6881
DELAYS = (15, 20)  # ms one way between a home and the core, in turn
NET_DELAY = 10
HOPS = 8  # of the core
CONE = kinds.KINDS["prcone"].router


class Home:
    """A host behind its router."""

    def __init__(self, number, name, kind):
        self.number = number
        self.name = name
        self.kind_name, self.router_words, self.carrier_words = kinds.split(kind)
        self.kind = kinds.KINDS[self.kind_name]
        self.router = f"r-{name}"
        self.carrier = f"c-{name}"
        self.delay = DELAYS[number % len(DELAYS)]
        self.public4 = f"{81 + number}.{10 + number}.1.{1 + number}"
        self.public6 = f"2b{number:02x}:{number + 1:x}::10"
        self.inside4 = f"192.168.1.{10 * (number + 1)}"
        self.v4 = self.v6 = None  # the host's own
        self.host = None
        self.kernel = None  # its router, where that is one of kernel.py


class Lab:
    """See above. `homes`: kinds by name, the first ones first; `core`: words of the line "core"; `nodes`:
    of the DHT, 0 for none; `is_wired`: the hosts of the first home have a switch besides, which passes
    multicast. Their TUN devices do not: to a host these are lines to a router, with nobody else on them.
    """

    def __init__(self, scene, homes, core="jitter=2", nodes=12, read_only=True, is_wired=False):
        self.scene = scene
        self.core_words = core
        self.n_nodes = nodes
        self.addresses4 = NET4  # of the host "net"
        self.read_only = read_only
        self.is_wired = is_wired
        self.switch = None
        self.homes = {name: Home(i, name, kind) for i, (name, kind) in enumerate(homes.items())}
        self.first = next(iter(self.homes.values()))
        self.net = None
        self.silent = []
        self.asking = threading.Lock()

    # Building

    def __enter__(self):
        if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
            raise Skip("/dev/net/tun is missing or may not be opened: no TUN devices here")
        for home in self.homes.values():
            if home.kind.kernel:
                kernel.need(home.kind.kernel)
        seed = os.environ.get("DTT_NAT_SEED") or str(random.getrandbits(32))
        self.internet = self.scene.start(f"internet {seed}", seed, command=str(INTERNET))
        self.control(f"core hops={HOPS} {self.core_words}")
        self.net = netlab.Host(self.scene, "net")
        self._plug(self.net, f"delay={NET_DELAY} ip={','.join(NET4 + NET6)}",
                   *[f"{addr}/32" for addr in NET4], *[f"{addr}/128" for addr in NET6])
        self._routes(self.net, "dev net0", "dev net0")
        if self.is_wired:
            self.switch = netlab.Switch("home")
        for home in self.homes.values():
            self._build(home)
        self.bootstrap4 = self.bootstrap6 = ()
        if self.n_nodes:
            self._start_dht()
        return self

    def __exit__(self, *_):
        for home in self.homes.values():
            if home.kernel:
                home.kernel.close()
        others = [process for process in self.scene.processes if process is not self.internet]
        for process in others:
            if process.popen.poll() is None:
                process.kill(signal.SIGTERM)
        for process in others:
            process.wait_exit(10)
        if self.internet.popen.poll() is None:
            self.internet.end_input()
            self.internet.wait_exit(10)
        for host in [self.net, *self.silent, *[home.host for home in self.homes.values()]]:
            if host:
                host.close()

    def _plug(self, host, words, *addresses):
        """Gives a host its TUN device with these addresses."""
        self.control(f"host {host.name} ns=/run/netns/{host.name} {words}")
        host.ip("link set net0 mtu 1500 multicast on up",
                *[netlab.add_line(addr, "net0") for addr in addresses])

    @staticmethod
    def _routes(host, v4=None, v6=None):
        host.ip(*([f"route add default {v4}"] if v4 else []),
                *([f"route add ::/0 {v6}"] if v6 else []))

    def _router(self, home):
        """The routers of a home, outermost first; the words that put its host behind them."""
        outside, up = home.public4, ""
        if home.kind.carrier:
            self.control(f"router {home.carrier} gateway=100.64.{home.number}.1 ip={outside} "
                         f"delay={home.delay} v6=pass {home.kind.carrier} {home.carrier_words}")
            outside, up = f"100.64.{home.number}.2", f"up={home.carrier}"
        elif home.kind_name == "neighbour":
            check(self.first.kind.carrier, "the first home of a neighbour needs a carrier")
            outside, up = f"100.64.0.{home.number + 2}", f"up={self.first.carrier}"
        # A firewall gets an outside address that nobody uses: its host has the public one.
        self.control(f"router {home.router} gateway=192.168.1.1 {up} ip={outside} "
                     f"delay={home.delay} {home.kind.router} {home.router_words}")
        return f"up={home.router}"

    def _build(self, home):
        home.host = netlab.Host(self.scene, home.name)
        kind, words = home.kind, f"ro={'yes' if self.read_only else 'no'} delay={home.delay}"
        if kind.kernel:
            home.kernel = router = kernel.Router(self.scene, home.router, kind.kernel)
            self._plug(router.host, f"{words} ip={home.public4}", f"{home.public4}/24")
            self._routes(router.host, f"via {gateway_of(home.public4)}")
            router.plug(home.host, home.inside4)
            home.v4 = home.inside4
            return
        if home.kind_name == "same":
            first = self.first
            check(first.kind.router and not first.kind.kernel, "the first home has no router")
            words += f" up={first.router}"
            home.v4 = home.inside4 if first.v4 else None
            home.v6 = first.public6.removesuffix("10") + "20" if first.v6 else None
            check(not first.kind.is_public, "a firewalled home has one host")
        else:
            home.v4 = (home.public4 if kind.is_public else home.inside4) if kind.has_v4 else None
            home.v6 = home.public6 if kind.has_v6 else None
            if kind.router:
                words += " " + self._router(home)
        addresses = [addr for addr in (home.v4, home.v6) if addr]
        own = [f"{addr}/64" if ":" in addr else f"{addr}/24" for addr in addresses]
        if self.switch and home in (self.first, *self._same()):
            self.switch.plug(home.host, "wire", *own)
            own = [f"{addr}/128" if ":" in addr else f"{addr}/32" for addr in addresses]
            self._plug(home.host, f"{words} ip={','.join(addresses)}", *own)
            self._routes(home.host, home.v4 and "dev net0", home.v6 and "dev net0")
            return
        self._plug(home.host, f"{words} ip={','.join(addresses)}", *own)
        self._routes(home.host, home.v4 and f"via {gateway_of(home.v4)}", home.v6 and "dev net0")

    def _same(self):
        return [home for home in self.homes.values() if home.kind_name == "same"]

    def _start_dht(self):
        first4, first6 = f"{NET4[0]}:{DHT_PORT}", f"[{NET6[0]}]:{DHT_PORT}"
        for i in range(self.n_nodes):
            known = ["--bootstrap", first4, "--bootstrap", first6] if i else ["--no-bootstrap"]
            node = self.net.start(f"node {i}", "dht", "serve", "--json", "--listen",
                                  f"{NET4[i]}:{DHT_PORT}", "--listen", f"[{NET6[i]}]:{DHT_PORT}",
                                  *known)
            if i == 0:
                node.wait("listening")
        said = self.net.run(sys.executable, PROBE, "dht", self.n_nodes, *NET4[:self.n_nodes],
                            *NET6[:self.n_nodes], within=40)
        check(said.returncode == 0, f"the DHT is not ready: {said.stdout}{said.stderr}")
        self.bootstrap4, self.bootstrap6 = (first4,), (first6,)

    # Use

    def silent_host(self, name, *addresses):
        """One more host of the internet: what is sent to these addresses arrives at its device `net0`,
        and its kernel knows nothing of them, so that nobody answers."""
        host = netlab.Host(self.scene, name)
        self.silent.append(host)
        self._plug(host, f"delay={NET_DELAY} ip={','.join(addresses)}")
        return host

    def __getitem__(self, name):
        """The host (netlab.Host) of a home, or "net"."""
        return self.net if name == "net" else self.homes[name].host

    def control(self, line):
        """A line for nat-internet (control.h); its answer."""
        with self.asking:
            before = len(self.internet.events)
            self.internet.send(line)
            answer = self.internet.wait("answer", since=before)
        check("refused" not in answer, f"{line}: {answer.get('refused')}")
        return answer

    def show(self, name):
        return self.control(f"show {name}")

    def readdress(self, name, addr):
        """A home gets another outside address, and its router forgets everything."""
        home = self.homes[name]
        self.control(f"set {home.carrier if home.kind.carrier else home.router} ip={addr}")

    def bootstrap(self, name):
        home = self.homes[name]
        return [*(self.bootstrap4 if home.v4 else ()), *(self.bootstrap6 if home.v6 else ())]

    def peer(self, name, *options, **more):
        """`dtt pipe` in a home; what netlab.Host.peer takes."""
        more.setdefault("bootstrap", self.bootstrap(name))
        return self[name].peer(name, *options, **more)

    def has_granted(self, name):
        """Whether a home's router has opened a port because it was asked to."""
        home = self.homes[name]
        if home.kernel:
            return home.kernel.has_granted()
        return any(mapping["granted"] for mapping in self.show(home.router)["v4"]["mappings"])

    def path(self, name):
        """By what most of what a host hears from other peers comes: "IPv4", "IPv6", "LAN".

        What the switch passes is not counted: who is heard in no other way is heard by it.
        """
        home = self.homes[name]
        heard = self.show(home.router if home.kind.kernel else name)
        by = {"IPv4": heard["talk_v4"], "IPv6": heard["talk_v6"], "LAN": heard["talk_lan"]}
        if not any(by.values()):
            return "LAN" if self.is_wired else None
        return max(by, key=by.get)


def gateway_of(addr):
    """The first address of the home network, the last but one of a public one."""
    last = "1" if addr.startswith("192.168.") else "254"
    return addr.rsplit(".", 1)[0] + "." + last


def run(test, *arguments):
    netlab.run(test, *arguments)
