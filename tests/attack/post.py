#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Puts what attack-forger prints into a DHT.

usage: post.py HOST,... NODE:PORT...     an item a line on standard input, the next one at the next
                                         node; HOST: addresses of ours
"""
import itertools
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[1:1] = [str(HERE.parent / "foreign"), str(HERE.parent / "e2e")]
import krpc  # noqa: E402


class Post:
    """Puts items of attack-forger at the nodes of a DHT, and counts the bytes of it. A node answers
    each address only so often, so it has many."""

    def __init__(self, nodes, hosts):
        self.nodes = nodes
        self.clients = itertools.cycle([krpc.Client(host) for host in hosts])
        self.bytes = self.puts = 0

    def put(self, addr, item):
        client = next(self.clients)
        key = krpc.Key(bytes.fromhex(item["salt"]), bytes.fromhex(item["seed"]))
        reply = client.ask(addr, "get", {"target": key.target}, within=1)
        if reply and b"token" in reply.get(b"r", {}):
            fields = key.item(item["seq"], bytes.fromhex(item["value"]))
            fields["token"] = reply[b"r"][b"token"]
            answer = client.ask(addr, "put", fields, within=1)
            self.puts += answer is not None and b"r" in answer
            self.bytes += len(krpc.encode(fields)) + 200  # the get, and what encloses it


def main(hosts, nodes):
    post = Post([(host, int(port)) for host, port in (node.rsplit(":", 1) for node in nodes)],
                hosts.split(","))
    places = itertools.cycle(post.nodes)
    for line in sys.stdin:
        post.put(next(places), json.loads(line))
    print(json.dumps({"event": "posted", "puts": post.puts, "bytes": post.bytes}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
