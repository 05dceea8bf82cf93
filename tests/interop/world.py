# SPDX-License-Identifier: MIT OR Apache-2.0
"""What the cases of this folder share: `dtt` and Rust processes side by side in one Scene.

Environment: DTT_RUST_PEER, the program that tests/interop/rust builds.
"""
import itertools
import json
import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
import harness  # noqa: E402
from harness import Failure, Skip, check  # noqa: E402,F401

RUST = os.environ.get("DTT_RUST_PEER", "build/rust/debug/dtt-interop")

# A bootstrap address at which nobody is: for peers that are told of each other.
NO_DHT = ["127.0.0.1:9"]


class Rust(harness.Process):
    """A Rust process that answers requests, one JSON object a line each way."""

    def _event(self, line):
        return {"event": "reply", **super()._event(line)}

    def ask(self, **request):
        before = len(self.events)
        self.send(json.dumps(request))
        return self._find(self.events, lambda event: True, 60, f"reply to {request['do']}", before)


class World(harness.Scene):
    """A Scene with Rust in it. Peers have the same topic, secret and ways to be spoken to."""

    def __init__(self, name):
        super().__init__()
        self.topic = f"interop {name} {os.getpid()}"
        self.bootstrap = NO_DHT
        self.secrets = itertools.count()

    def rust(self, name, verb, *arguments):
        process = Rust(self, name, [verb, *(str(word) for word in arguments)], RUST)
        self.processes.append(process)
        return process

    def rust_peer(self, name, *options, topic=None):
        """A member of the swarm by iroh-gossip alone; tell it whom to dial with told()."""
        return self.rust(name, "gossip", topic or self.topic, "--listen", "127.0.0.1:0", *options)

    def rust_tracker(self, name, *options, secret=None, topic=None):
        """A member of the swarm by distributed-topic-tracker: topic and secret, no more."""
        return self.rust(name, "tracker", topic or self.topic, "--listen", "127.0.0.1:0",
                         "--secret-file", secret or self.secret, *options)


def told(*peers):
    """Options that tell a new peer where these ones are."""
    words = []
    for peer in peers:
        host, port = peer.addr
        words += ["--peer", f"{peer.id}@{host}:{port}"]
    return words
