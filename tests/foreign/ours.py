# SPDX-License-Identifier: MIT OR Apache-2.0
"""`dtt dht` in a test's network: commands that end, and nodes that stay."""
import base64
import json

import filled
import harness

EXIT_DATA = 65


class Dtt:
    """The command as a user of this network runs it."""

    def __init__(self, scene, bootstrap, *options):
        self.scene = scene
        self.options = ["--json", *options]
        for addr in bootstrap:
            self.options += ["--bootstrap", addr]

    def run(self, *words, code=0):
        """Its events. Any other exit code than the expected one is a failure."""
        done = self.scene.run("dht", *words, *self.options, within=40)
        harness.check(done.returncode == code, f"dtt dht {' '.join(map(str, words))}: exit "
                      f"{done.returncode}, not {code}: {done.stdout}{done.stderr}")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def _key_file(self, key):
        return self.scene.file(key.seed.hex(), key.seed)

    def put(self, key, value, seq, *options, code=0):
        """Puts a mutable item; the last event."""
        salt = ["--salt", key.salt.decode()] if key.salt else []
        events = self.run("put", value, "--key", self._key_file(key), *salt, "--seq", seq, *options,
                          code=code)
        return events[-1] if events else None

    def put_immutable(self, value):
        return self.run("put-immutable", value)[-1]

    def get(self, key):
        """The distinct values of a mutable item, as (bytes, seq)."""
        salt = ["--salt", key.salt.decode()] if key.salt else []
        return _values(self.run("get", key.public.hex(), *salt))

    def get_immutable(self, target):
        return [value for value, _ in _values(self.run("get-immutable", target.hex()))]

    def announce(self, infohash, port):
        return self.run("announce", infohash.hex(), port)[-1]

    def peers(self, infohash):
        return {addr_of(event["addr"]) for event in self.run("peers", infohash.hex())
                if event["event"] == "peer"}


def _values(events):
    return [(base64.b64decode(event["base64"]), event["seq"]) for event in events
            if event["event"] == "value"]


def check_is(found, expected, what):
    harness.check(found == expected, f"{what}: {found}, not {expected}")


def serve(scene, count, bootstrap, listen=("127.0.0.1:0",)):
    """Storing nodes, a process each, of which each knows some others; `all_addrs` of each.

    `listen` gives an address for each family; '{}' in it stands for the number of the node.
    """
    nodes = []
    for i in range(count):
        words = [word for addr in listen for word in ("--listen", addr.format(i))]
        contacts = bootstrap or ([text(nodes[0].addr)] if nodes else [])
        words += [word for addr in contacts for word in ("--bootstrap", addr)]
        if not contacts:
            words.append("--no-bootstrap")
        nodes.append(scene.start(f"node {i}", "dht", "serve", "--json", *words))
        if not bootstrap and i == 0:
            nodes[0].wait("listening")
    for node in nodes:
        node.all_addrs = [addr_of(addr) for addr in node.wait("listening")["addrs"]]
    addrs = [addr for node in nodes for addr in node.all_addrs]
    filled.wait(addrs, 8 if bootstrap else min(8, count - 1))
    return nodes


def addr_of(shown):
    """The pair for socket calls of an address as dtt prints it."""
    host, port = shown.rsplit(":", 1)
    return host.strip("[]"), int(port)


def text(addr):
    return f"[{addr[0]}]:{addr[1]}" if ":" in addr[0] else f"{addr[0]}:{addr[1]}"
