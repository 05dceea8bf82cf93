# SPDX-License-Identifier: MIT OR Apache-2.0
"""A pkarr server that does what it is told: it keeps packets as iroh's server does, and lies, stalls,
floods or refuses on request. It checks no signature: what it gives out is for the reader to judge.
"""
import collections
import socketserver
import threading
import time

TIME = slice(64, 72)  # of a signed packet: signature, time, packet
CONTENT = 72
MANNERS = ("honest", "forged", "stale", "silent", "trickle", "flood", "chunked", "garbage", "busy",
           "shut")

Request = collections.namedtuple("Request", "at method key body")


class Server(socketserver.ThreadingTCPServer):
    """On loopback; `manner` may be changed at any time, and counts for requests that begin then."""
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, manner="honest", retry_after=2, tls=None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.manner = manner
        self.retry_after = retry_after
        self.tls = tls     # the context of a server, for https at localhost
        self.stored = {}   # z-base-32 id -> signed packet
        self.first = {}    # the same, as it was first
        self.requests = []
        self.changed = threading.Condition()
        origin = "https://localhost" if tls else "http://127.0.0.1"
        self.url = f"{origin}:{self.server_address[1]}/pkarr"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def finish_request(self, request, client_address):
        try:
            with self.tls.wrap_socket(request, server_side=True) if self.tls else request as stream:
                super().finish_request(stream, client_address)
        except OSError:
            pass  # the client has left

    def store(self, key, body):
        """The newer packet stays, and the server says yes in any case."""
        with self.changed:
            self.first.setdefault(key, body)
            if body[TIME] > self.stored.get(key, b"")[TIME]:
                self.stored[key] = body

    def note(self, method, key, body):
        with self.changed:
            self.requests.append(Request(time.monotonic(), method, key, body))
            self.changed.notify_all()

    def wait(self, fits, within=20):
        """The first request that fits; None: there was none in time."""
        with self.changed:
            self.changed.wait_for(lambda: any(map(fits, self.requests)), within)
            return next(filter(fits, self.requests), None)


class Handler(socketserver.StreamRequestHandler):
    timeout = 20

    def handle(self):
        line = self.rfile.readline(4096).decode().split()
        length = 0
        while (field := self.rfile.readline(4096).strip()):
            name, _, value = field.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        method, key = line[0], line[1].removeprefix("/pkarr/")
        body = self.rfile.read(length)
        self.server.note(method, key, body)
        getattr(self, self.server.manner)(method, key, body)

    def send(self, status, content=b"", *fields):
        head = [f"HTTP/1.1 {status}", f"content-length: {len(content)}", *fields, "", ""]
        self.wfile.write("\r\n".join(head).encode() + content)

    def honest(self, method, key, body):
        if method == "PUT":
            self.server.store(key, body)
            self.send("204 No Content")
        elif key in self.server.stored:
            self.send("200 OK", self.server.stored[key])
        else:
            self.send("404 Not Found", b'{"status":"404","detail":null}')

    def forged(self, method, key, body):
        """The address is another one, under the signature of the true one."""
        stored = self.server.stored.get(key)
        if method == "PUT" or not stored:
            self.honest(method, key, body)
        else:
            self.send("200 OK", stored[:-1] + bytes([stored[-1] ^ 1]))

    def stale(self, method, key, body):
        if method == "PUT" or key not in self.server.first:
            self.honest(method, key, body)
        else:
            self.send("200 OK", self.server.first[key])

    def silent(self, *_):
        self.rfile.read(1)  # until the client leaves

    def trickle(self, *_):
        for byte in b"HTTP/1.1 200 OK\r\n" * 1000:
            self.wfile.write(bytes([byte]))
            time.sleep(0.5)

    def flood(self, *_):
        self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            self.wfile.write(bytes(65536))

    def chunked(self, *_):
        self.wfile.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")

    def garbage(self, *_):
        self.wfile.write(bytes(range(256)) * 64)

    def busy(self, *_):
        self.send("429 Too Many Requests", b"", f"retry-after: {self.server.retry_after}")

    def shut(self, *_):
        pass
