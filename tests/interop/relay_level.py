# SPDX-License-Identifier: MIT OR Apache-2.0
"""Relays: src/relay against the server that iroh's own relays run, iroh-relay, by http and https.

Environment: DTT_IROH_RELAY, the server; the cases are skipped where there is none.
"""
import asyncio
import json
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time

import authority
import harness
from world import NO_DHT, Failure, Skip, check

IROH_RELAY = os.environ.get("DTT_IROH_RELAY", "build/rust/servers/bin/iroh-relay")
PAIR = str(pathlib.Path(harness.DTT).parent / "tests/interop/interop-relay")
EXCHANGES = 500
PROBE = """
import socket, sys, urllib.request
url, host, port = sys.argv[1:]
urllib.request.urlopen(url, timeout=5)
socket.create_connection((host, port), 5)
"""
CHOSE_TLS_1_3 = b"\x00\x2b\x00\x02\x03\x04"  # RFC 8446, section 4.2.1


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]


def serves(url, host, port, inside):
    """Whether the URL is answered and somebody listens at the port."""
    asked = inside([sys.executable, "-c", PROBE, url, host, str(port)])
    return subprocess.run(asked, check=False, capture_output=True).returncode == 0


class Server:
    """iroh-relay on loopback, or at `host`, with further lines of its configuration, the last ones for
    TLS; `inside`: makes of a command one that runs elsewhere, as Host.inside of netlab.py."""

    def __init__(self, world, certificate=None, lines=(), host="localhost", inside=list,
                 tls_lines=()):
        if not os.access(IROH_RELAY, os.X_OK):
            raise Skip("iroh-relay is not built")
        self.port, plain = free_port(), free_port()
        self.is_tls = certificate is not None
        listen = "127.0.0.1" if host == "localhost" else "0.0.0.0"
        config = ["enable_metrics = false", *lines,
                  f'http_bind_addr = "{listen}:{plain if self.is_tls else self.port}"']
        if self.is_tls:
            config += ["[tls]", f'https_bind_addr = "{listen}:{self.port}"', 'cert_mode = "Manual"',
                       f'hostname = ["{host}"]', f'cert_dir = "{certificate}"', *tls_lines]
        self.plain = plain if self.is_tls else self.port
        self.inside = inside
        self.config = world.path / f"relay-{self.port}.toml"
        self.config.write_text("\n".join(config) + "\n")
        self.log = open(world.path / f"relay-{self.port}.log", "w", encoding="utf-8")
        self.url = f"{'https' if self.is_tls else 'http'}://{host}:{self.port}"
        self.start()
        world.network(self)

    def start(self):
        self.process = subprocess.Popen(self.inside([IROH_RELAY, "--config-path", self.config]),
                                        stdout=self.log, stderr=self.log)
        deadline = time.monotonic() + 30
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise Failure(f"iroh-relay does not start: {self.log.name}")
            time.sleep(0.05)

    def answers(self):
        """Of a server by https the plain port is asked: it opens last."""
        return serves(f"http://127.0.0.1:{self.plain}/generate_204", "127.0.0.1", self.port,
                      self.inside)

    def kill(self, number=signal.SIGKILL):
        self.process.send_signal(number)
        self.process.wait(30)

    def close(self):
        if self.process.poll() is None:
            self.kill()
        self.log.close()


class Front:
    """Stands before a server at a port of its own and passes everything on. With a context it speaks
    TLS, and with the server it does not.
    """

    def __init__(self, world, server, context=None):
        self.server = server
        self.context = context
        self.said = []  # what the server said first, of each connection
        self.loop = asyncio.new_event_loop()
        self.listening = self.loop.run_until_complete(
            asyncio.start_server(self.serve, "127.0.0.1", 0, ssl=context))
        self.url = f"https://localhost:{self.listening.sockets[0].getsockname()[1]}"
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        world.network(self)

    async def serve(self, reader, writer):
        from_server, to_server = await asyncio.open_connection("127.0.0.1", self.server.port)
        await asyncio.gather(self.pass_on(reader, to_server),
                             self.pass_on(from_server, writer, self.said))

    async def pass_on(self, reader, writer, firsts=None):
        try:
            while data := await reader.read(65536):
                if firsts is not None:
                    firsts.append(data)
                    firsts = None
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        writer.close()

    def close(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()


def pair(server, ca="", query="", exchanges=EXCHANGES, environment=None):
    return subprocess.Popen([PAIR, server.url + query, str(ca), str(exchanges)],
                            stdout=subprocess.PIPE, text=True,
                            env={**os.environ, **(environment or {})})


def all_came_back(process, exchanges=EXCHANGES):
    said, _ = process.communicate(timeout=60)
    last = said.splitlines()[-1]
    check(process.returncode == 0 and last.startswith(f"ok {exchanges} "), said)
    return said


def by_http(world):
    said = all_came_back(pair(Server(world)))
    check("end" not in said, f"a connection ended: {said}")


def by_https(world):
    folder = world.path / "certificate"
    ca, _ = authority.make(folder)
    said = all_came_back(pair(Server(world, folder), ca))
    check("end" not in said, f"a connection ended: {said}")


def by_old_tls(world):
    """With GnuTLS told to speak no later version."""
    folder = world.path / "certificate"
    ca, _ = authority.make(folder)
    front = Front(world, Server(world, folder))
    old = world.file("gnutls", "[overrides]\ndisabled-version = tls1.3\n")
    for environment, versions in (({}, 2), ({"GNUTLS_SYSTEM_PRIORITY_FILE": old}, 0)):
        front.said.clear()
        said = all_came_back(pair(front, ca, environment=environment))
        check("end" not in said, f"a connection ended: {said}")
        newer = [data for data in front.said if CHOSE_TLS_1_3 in data]
        check(len(front.said) == 2 and len(newer) == versions, f"the server said {front.said}")


def behind_proxy(world):
    """The keying material differs there, so each answers a challenge."""
    ca, context = authority.make(world.path / "certificate")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    said = all_came_back(pair(Front(world, Server(world), context), ca))
    check("end" not in said, f"a connection ended: {said}")


def with_token(world):
    server = Server(world, lines=['access.shared_token = ["t"]'])
    all_came_back(pair(server, query="?token=t"))


def restarted(world):
    server = Server(world)
    process = pair(server, exchanges=4 * EXCHANGES)
    check(process.stdout.readline() == "half\n", "the first half did not come back")
    server.kill()
    time.sleep(2)  # as long as it takes to start a server anew
    server.start()
    said = all_came_back(process, 4 * EXCHANGES)
    check(said.count("end the connection failed: ") >= 2, f"both have lost the relay: {said}")


def doctor(world, *options):
    """What dtt doctor says of one relay."""
    done = world.run("doctor", "--json", "--bootstrap", NO_DHT[0], "--join-timeout", "1", *options,
                     within=60)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    [check_] = [event for event in found if event.get("name") == "relay"]
    return check_["verdict"], check_["text"]


def examined(world):
    folder = world.path / "certificate"
    ca, _ = authority.make(folder)
    key = world.path / "key"
    made = world.run("id", "--json", "--identity", str(key))
    endpoint = json.loads(made.stdout)["endpoint_id"]
    server = Server(world, folder, [f'access.allowlist = ["{endpoint}"]'])
    options = ["--relay", server.url, "--ca-file", ca]
    verdict, text = doctor(world, *options, "--identity", str(key))
    check(verdict == "ok" and "lets this machine in" in text, text)
    verdict, text = doctor(world, *options)
    check(verdict == "warn" and "denies access: not authorized" in text, text)
    verdict, text = doctor(world, "--relay", server.url)
    check(verdict == "warn" and "certificate" in text, text)


CASES = [
    ("relay", "C and C by http", by_http, f"{EXCHANGES} datagrams and batches there and back"),
    ("relay", "C and C by https", by_https, "the same, the key proven by keying material of TLS"),
    ("relay", "C and C by TLS 1.3 and 1.2", by_old_tls, "each proven by keying material"),
    ("relay", "C and C by a proxy", behind_proxy, "that speaks TLS 1.2 for the relay"),
    ("relay", "C and C with a token", with_token, "for a relay that asks for one"),
    ("relay", "restarted", restarted, "the relay is killed, and is back after 2 s"),
    ("relay", "examined", examined, "dtt doctor: let in, denied, a certificate that is not trusted"),
]
