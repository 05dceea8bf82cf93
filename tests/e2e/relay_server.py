# SPDX-License-Identifier: MIT OR Apache-2.0
"""A relay for tests: it speaks iroh's relay protocol, version 2, and believes everybody's id.

What it does on purpose: `stop` ends it and all its connections, `start` makes it anew at the same
port; with a token it lets in those alone that show it.
"""
import base64
import collections
import hashlib
import socket
import struct
import threading

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
CHALLENGE, AUTH, CONFIRMS, DENIES, DATAGRAM, DATAGRAMS, FROM, PING, PONG = 0, 1, 2, 3, 4, 5, 2, 9, 10


class Connection:
    """A client's, by TCP or TLS: its request, the upgrade to WebSocket, and then frames."""

    def __init__(self, sock):
        self.sock = sock
        self.rest = b""
        self.sending = threading.Lock()

    def take(self, n):
        while len(self.rest) < n:
            more = self.sock.recv(65536)
            if not more:
                raise ConnectionError("the client has gone")
            self.rest += more
        taken, self.rest = self.rest[:n], self.rest[n:]
        return taken

    def request(self):
        """The head of the request, as text."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self.take(1)
        return head.decode()

    def upgrade(self, head):
        """Grants the request with this head."""
        fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:-2])
        fields = {name.lower(): value for name, value in fields.items()}
        if fields["upgrade"].lower() != "websocket":
            raise ConnectionError(f"not a client of a relay: {head!r}")
        key = fields["sec-websocket-key"].encode()
        accept = base64.b64encode(hashlib.sha1(key + GUID).digest())
        self.sock.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                          b"Connection: Upgrade\r\nSec-WebSocket-Protocol: iroh-relay-v2\r\n"
                          b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")

    def frame(self):
        """The next frame of the client, its type first."""
        while True:
            first, length = self.take(2)
            length &= 0x7f
            if length == 126:
                length, = struct.unpack(">H", self.take(2))
            elif length == 127:
                length, = struct.unpack(">Q", self.take(8))
            mask = self.take(4)
            body = bytes(c ^ mask[i & 3] for i, c in enumerate(self.take(length)))
            if first & 0xf == 2:
                return body
            if first & 0xf == 8:
                raise ConnectionError("the client says goodbye")

    def send(self, body):
        length = len(body)
        head = b"\x82" + (bytes([length]) if length < 126 else
                          b"\x7e" + struct.pack(">H", length) if length < 65536 else
                          b"\x7f" + struct.pack(">Q", length))
        with self.sending:
            self.sock.sendall(head + body)


class Client(Connection):
    def __init__(self, relay, sock):
        super().__init__(sock)
        self.relay = relay

    def serve(self):
        head = self.request()
        if not head.startswith(f"GET /relay{self.relay.query} HTTP/1.1\r\n"):
            raise ConnectionError(f"it may not come in: {head!r}")
        self.upgrade(head)
        self.send(bytes([CHALLENGE]) + bytes(16))
        answer = self.frame()
        if answer[0] != AUTH:
            raise ConnectionError(f"no answer to the challenge: {answer!r}")
        client_id = answer[1:33]
        self.send(bytes([CONFIRMS]))
        self.relay.clients[client_id] = self
        while True:
            frame = self.frame()
            self.relay.frames[frame[0]] += 1
            if frame[0] == PING:
                self.send(bytes([PONG]) + frame[1:])
            elif frame[0] in (DATAGRAM, DATAGRAMS):
                other = self.relay.clients.get(frame[1:33])
                if other:
                    self.relay.passed += 1
                    other.forward(bytes([frame[0] + FROM]) + client_id + frame[33:])

    def forward(self, frame):
        try:
            self.send(frame)
        except OSError:
            pass  # its own thread will notice

    def run(self):
        try:
            if self.relay.tls:
                self.sock = self.relay.tls.wrap_socket(self.sock, server_side=True)
            self.serve()
        except (OSError, ConnectionError):
            pass
        self.sock.close()


class Relay:
    def __init__(self, token=None, tls=None):
        """`tls`: the context of a server at localhost; None: by plain http."""
        self.tls = tls
        self.port = 0
        self.query = f"?token={token}" if token else ""
        self.start()

    def start(self):
        self.clients = {}
        self.socks = []
        self.passed = 0  # datagrams, or batches of them
        self.frames = collections.Counter()  # of clients, by type
        self.listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self.listener.getsockname()[1]
        self.url = f"https://localhost:{self.port}" if self.tls else f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def _accept(self, listener):
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.socks.append(sock)
            threading.Thread(target=Client(self, sock).run, daemon=True).start()

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for sock in self.socks:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
