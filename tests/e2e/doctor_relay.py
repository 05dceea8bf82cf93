#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""`dtt doctor --relay` and relays of all kinds: what it says of each, and that it does so at once."""
import json
import socket
import threading
import time

import authority
import harness
from relay_server import AUTH, CHALLENGE, CONFIRMS, DENIES, PING, PONG, Connection


class FakeRelay(threading.Thread):
    """Lets its clients in as `course` says: a function that is given a connection."""

    def __init__(self, course, tls=None):
        super().__init__(daemon=True)
        self.course, self.tls = course, tls
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.requests = []
        self.start()

    def run(self):
        while True:
            client, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        try:
            with client if self.tls is None else self.tls.wrap_socket(client, server_side=True) as s:
                self.course(self, Connection(s))
        except OSError:
            pass  # the client has left

    def url(self, query=""):
        return f"{'https' if self.tls else 'http'}://localhost:{self.port}/{query}"


def serves(relay, connection):
    relay.requests.append(connection.request())
    connection.upgrade(relay.requests[-1])
    connection.send(bytes([CHALLENGE]) + bytes(16))
    answer = connection.frame()
    harness.check(answer[0] == AUTH and len(answer) == 98, f"the answer to a challenge: {answer.hex()}")
    connection.send(bytes([CONFIRMS]))
    ping = connection.frame()
    harness.check(ping[0] == PING, f"a frame of type {ping[0]}")
    time.sleep(0.1)  # the round trip that the client is to see
    connection.send(bytes([PONG]) + ping[1:])
    connection.frame()


def denies(_, connection):
    connection.upgrade(connection.request())
    connection.send(bytes([DENIES]) + b"\x0enot authorized")
    connection.take(1)


def forbids(_, connection):
    connection.request()
    connection.sock.sendall(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n")


def speaks_ssh(_, connection):
    connection.sock.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
    connection.take(1000)


def findings(scene, *options):
    """(verdict, text) of each relay, in the order of the options."""
    done = scene.run("doctor", "--json", *scene.bootstrap_options(), *options)
    harness.check(done.returncode == 0, f"doctor: exit {done.returncode}: {done.stderr}")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    return [(e["verdict"], e["text"]) for e in events if e.get("name") == "relay"]


def plain(scene):
    closed = socket.create_server(("127.0.0.1", 0))
    dead = f"http://127.0.0.1:{closed.getsockname()[1]}"
    closed.close()
    relays = [FakeRelay(course) for course in (serves, denies, forbids, speaks_ssh)]
    urls = [relay.url() for relay in relays[:3]] + [relays[3].url("?token=t"), dead]
    options = [word for url in urls for word in ("--relay", url)]
    found = findings(scene, *options)
    said = ["lets this machine in after", "the relay denies access: not authorized",
            "the server refuses to be a relay to us: it answers with HTTP status 403",
            "the server is not a relay, or of a later version: it does not speak HTTP",
            "the server cannot be reached: Connection refused"]
    harness.check([verdict for verdict, _ in found] == ["ok"] + 4 * ["warn"], str(found))
    for url, text, (_, sentence) in zip([url.split("?")[0] for url in urls], said, found):
        harness.check(sentence.startswith(url) and text in sentence, f"{text}: {sentence}")
        harness.check("token" not in sentence, f"a token is shown: {sentence}")
    ms = float(found[0][1].split(" answers in ")[1].split()[0])
    harness.check(100 <= ms < 5000, f"the round trip took 100 ms: {found[0]}")
    harness.check(relays[0].requests[0].startswith("GET /relay HTTP/1.1\r\n"), "the request")


def by_tls(scene):
    ca, context = authority.make(scene.path / "ca")
    relay = FakeRelay(serves, context)
    [(verdict, text)] = findings(scene, "--relay", relay.url("?token=t"), "--ca-file", ca)
    harness.check(verdict == "ok" and "lets this machine in" in text, text)
    request = relay.requests[0]
    harness.check(request.startswith("GET /relay?token=t HTTP/1.1\r\n"), request)
    harness.check("X-Iroh-Relay-Client-Auth-V1: " in request, f"no keying material: {request}")
    wrong, _ = authority.make(scene.path / "other ca")
    [(verdict, text)] = findings(scene, "--relay", relay.url(), "--ca-file", wrong)
    harness.check(verdict == "warn" and "certificate is not accepted" in text, text)


def proposed(scene):
    """Where nothing comes back by UDP, and a relay that serves is named, or none."""
    relay = FakeRelay(serves)
    words = {"'--relay', or '--n0' for public ones": [], "over the relay it reaches": ["--relay",
                                                                                      relay.url()]}
    for text, options in words.items():
        done = scene.run("doctor", "--bootstrap", "127.0.0.1:9", "--join-timeout", "1", *options)
        harness.check(done.returncode == 69, f"doctor: exit {done.returncode}: {done.stderr}")
        harness.check(text in done.stdout, f"not '{text}': {done.stdout}")


def test(scene):
    proposed(scene)
    scene.testnet()
    plain(scene)
    by_tls(scene)


harness.run(test)
