#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Two members with a direct way, at relays that lie, stall or flood: each line of theirs is heard once
and in time, no neighbour is lost, and memory grows by at most 1 MiB, whatever the relays do. The same
with pkarr servers.

usage: bad_relay.py openings | lies | floods | pkarr
"""
import os
import pathlib
import random
import socket
import struct
import sys
import threading
import time

import authority
import harness
import netlab
from relay_server import AUTH, CHALLENGE, CONFIRMS, DENIES, PING, PONG, Connection

DATAGRAM, DATAGRAMS, GONE, HEALTH, RESTARTING, STATUS = 6, 7, 8, 11, 12, 13
BODY_MAX = 65536
GROWTH_MAX_KIB = 1024
LATE_MAX = 5  # s from when a line is said to when it is heard, and in these
BUSY_MAX = 0.3  # s of work of a member: a busy machine makes lines late, but not by work of theirs
PACE = 0.2  # s from line to line
FLOOD = 2  # s of each
DIALS = 4  # whose first packets are sent as if others had begun them
TRIES_MAX = 24  # connections of a member to one relay meanwhile


TRAP = socket.create_server(("127.0.0.1", 0))  # where redirects lead
TRAP.setblocking(False)
LOCATION = "Location: http://127.0.0.1:%d/relay" % TRAP.getsockname()[1]


class Over(Exception):
    """The client is another one than was thought."""


class BadRelay:
    """Treats each of its clients as `course` says, a function that is given the relay and a
    connection. Another course begins with new connections."""

    def __init__(self, tls=None):
        self.tls = tls
        self.course = serve
        self.lock = threading.Lock()
        self.socks = set()
        self.tries = 0
        self.opened = threading.Condition()
        self.n_open = 0  # clients let in, ever
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://localhost:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            sock, _ = self.listener.accept()
            with self.lock:
                self.tries += 1
                self.socks.add(sock)
            threading.Thread(target=self._run, args=(sock, self.course), daemon=True).start()

    def _run(self, sock, course):
        try:
            if self.tls:
                plain, sock = sock, self.tls.wrap_socket(sock, server_side=True)
                with self.lock:
                    self.socks.add(sock)
                    self.socks.discard(plain)
            course(self, Connection(sock))
        except (OSError, Over):
            pass  # the client has left, or another course begins
        with self.lock:
            self.socks.discard(sock)
        sock.close()

    def let_in(self, connection):
        """Until the first pong, which makes it a relay that has worked."""
        connection.upgrade(connection.request())
        connection.send(bytes([CHALLENGE]) + bytes(16))
        if connection.frame()[0] != AUTH:
            raise Over
        connection.send(bytes([CONFIRMS]))
        pong(connection)
        with self.opened:
            self.n_open += 1
            self.opened.notify_all()

    def wait_open(self, count, what):
        with self.opened:
            harness.check(self.opened.wait_for(lambda: self.n_open >= count, 30 * harness.SLOW), what)

    def take(self, course):
        """Ends what there is."""
        with self.lock:
            self.course = course
            self.tries = 0
            for sock in self.socks:
                try:
                    sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass


def pong(connection):
    """Answers the next frame, if it is a ping."""
    frame = connection.frame()
    if frame[0] == PING:
        connection.send(bytes([PONG]) + frame[1:])


def serve(relay, connection):
    """As a relay should, but for datagrams: it passes none on, so that members are direct."""
    relay.let_in(connection)
    while True:
        pong(connection)


# ------------------------------------------------------------------ openings

def answers(*lines):
    """A course that answers the request with a head of these lines."""
    def course(_, connection):
        connection.request()
        connection.sock.sendall("\r\n".join([*lines, "", ""]).encode())
        connection.take(1)
    return course


WRONG_KEY = answers("HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade",
                    "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
                    "Sec-WebSocket-Protocol: iroh-relay-v2")


def other_protocol(_, connection):
    class Renamed:
        """The way of the answer back."""
        def sendall(self, data):
            connection.sock.sendall(data.replace(b"iroh-relay-v2", b"iroh-relay-v9"))
    Connection(Renamed()).upgrade(connection.request())
    connection.take(1)


def silent(_, connection):
    connection.take(1 << 30)


def silent_in_head(_, connection):
    connection.request()
    connection.sock.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgr")
    connection.take(1)


def silent_after_101(_, connection):
    connection.upgrade(connection.request())
    connection.take(1 << 30)


def silent_after_challenge(_, connection):
    connection.upgrade(connection.request())
    connection.send(bytes([CHALLENGE]) + bytes(16))
    connection.take(1 << 30)


def endless_head(_, connection):
    connection.request()
    connection.sock.sendall(b"HTTP/1.1 101 Switching Protocols\r\n")
    while True:
        connection.sock.sendall(b"X-Another: " + b"x" * 60000 + b"\r\n")


def drips(_, connection):
    """A byte of the head now and then, for ever."""
    connection.request()
    connection.sock.sendall(b"HTTP/1.1 101 Switching Protocols\r\nX: ")
    while True:
        connection.sock.sendall(b"x")
        time.sleep(0.1)


def challenges_twice(_, connection):
    connection.upgrade(connection.request())
    while True:
        connection.send(bytes([CHALLENGE]) + bytes(16))
        connection.frame()


def denies(_, connection):
    connection.upgrade(connection.request())
    connection.send(bytes([DENIES]) + b"\x0enot authorized")
    connection.take(1)


def talks_too_soon(_, connection):
    connection.upgrade(connection.request())
    connection.send(bytes([DATAGRAM]) + bytes(32) + b"\0" + b"soon")
    connection.take(1 << 30)


OPENINGS = [
    ("no 101", answers("HTTP/1.1 200 OK", "Content-Length: 0")),
    ("a redirect", answers("HTTP/1.1 302 Found", LOCATION)),
    ("a wrong accept key", WRONG_KEY),
    ("another sub-protocol", other_protocol),
    ("silence", silent),
    ("silence in the head", silent_in_head),
    ("silence after the 101", silent_after_101),
    ("silence after the challenge", silent_after_challenge),
    ("a head without end", endless_head),
    ("a head byte by byte", drips),
    ("a challenge twice", challenges_twice),
    ("a denial", denies),
    ("403", answers("HTTP/1.1 403 Forbidden", "Content-Length: 0")),
    ("a datagram before the yes", talks_too_soon),
    ("not HTTP", lambda _, connection: connection.sock.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")),
    ("an end at once", lambda _, connection: None),
]


# ---------------------------------------------------------------------- lies

def frame(body, opcode=2, is_last=True):
    """A message of WebSocket, or a part of one."""
    length = len(body)
    first = bytes([(0x80 if is_last else 0) | opcode])
    if length < 126:
        return first + bytes([length]) + body
    if length < 65536:
        return first + b"\x7e" + struct.pack(">H", length) + body
    return first + b"\x7f" + struct.pack(">Q", length) + body


def says(*frames, times=1):
    """A course that lets the client in, says this so many times, and is a good relay from then on."""
    def course(relay, connection):
        relay.let_in(connection)
        for _ in range(times):
            for each in frames:
                connection.sock.sendall(each)
        while True:
            pong(connection)
    return course


def byte_by_byte(relay, connection):
    """A good relay that gives each byte by itself, and each message in pieces."""
    class Slow:
        """The socket, for what sends whole messages."""
        recv = connection.sock.recv

        def sendall(self, data):
            for byte in data:
                connection.sock.sendall(bytes([byte]))
    slow = Connection(Slow())
    relay.let_in(slow)
    whole = bytes([DATAGRAM]) + os.urandom(32) + b"\0" + os.urandom(500)
    for at, byte in enumerate(whole):
        connection.sock.sendall(frame(bytes([byte]), 0 if at else 2, at + 1 == len(whole)))
    while True:
        pong(slow)


def no_pong(relay, connection):
    relay.let_in(connection)
    while True:
        connection.frame()


def ends_at_once(relay, connection):
    relay.let_in(connection)


def changes_status(relay, connection):
    relay.let_in(connection)
    while True:
        for status in (1, 0, 2, 1, 77):
            connection.send(bytes([STATUS, status]))
        time.sleep(0.01)


def names_the_gone(relay, connection):
    """Everybody is gone, the other member first of all."""
    relay.let_in(connection)
    while True:
        for member in relay.members:
            connection.send(bytes([GONE]) + member)
        connection.send(bytes([GONE]) + os.urandom(32))
        time.sleep(0.01)


def forges(relay, connection):
    """QUIC from the other member, or what looks like it: noise, KRPC, packets of a handshake."""
    relay.let_in(connection)
    rng = random.Random(1)
    while True:
        for member in relay.members:
            noise = [bytes([0x40]) + rng.randbytes(60), b"d1:q4:ping", rng.randbytes(1200),
                     rng.choice(relay.initials)]
            for packet in noise:
                connection.send(bytes([DATAGRAM]) + member + b"\0" + packet)
        time.sleep(0.01)


LIES = [
    ("byte by byte, and in fragments", byte_by_byte),
    ("no pong", no_pong),
    ("an end after each pong", ends_at_once),
    ("a goodbye", says(frame(struct.pack(">H", 1001), 8))),
    ("a body of 65536", says(frame(bytes([DATAGRAM]) + bytes(32) + b"\0" + bytes(BODY_MAX - 33)))),
    ("a body of 65537", says(frame(bytes([DATAGRAM]) + bytes(32) + b"\0" + bytes(BODY_MAX - 32)))),
    ("a frame without bytes", says(frame(b""))),
    ("an unknown frame", says(frame(b"\x3f" + bytes(20)))),
    ("a denial later", says(frame(bytes([DENIES]) + b"\x04oops"))),
    ("a challenge later", says(frame(bytes([CHALLENGE]) + bytes(16)))),
    ("a status every 2 ms", changes_status),
    ("that both are gone", names_the_gone),
    ("forged datagrams", forges),
    ("empty datagrams", says(frame(bytes([DATAGRAM]) + bytes(32) + b"\0"),
                             frame(bytes([DATAGRAMS]) + bytes(32) + b"\0\0\0"), times=100)),
    ("restarts", says(frame(bytes([RESTARTING]) + b"\xff" * 8), times=100)),
    ("a length of 2^63", says(b"\x82\x7f\x7f" + b"\xff" * 7 + b"x")),
]


# -------------------------------------------------------------------- floods

def flood(make, reads=True, times=1):
    """A course that sends what `make(relay, rng)` gives, again and again and as fast as it goes."""
    def course(relay, connection):
        relay.let_in(connection)
        if reads:
            threading.Thread(target=read_all, args=(connection.sock,), daemon=True).start()
        rng = random.Random(1)
        blocks = [make(relay, rng) for _ in range(times)]
        while True:
            for block in blocks:
                connection.sock.sendall(block)
    return course


def read_all(sock):
    try:
        while sock.recv(65536):
            pass
    except OSError:
        pass


def datagram(source, content):
    return frame(bytes([DATAGRAM]) + source + b"\0" + content)


def invented(content, count=1000):
    """Frames of so many senders that nobody has heard of."""
    return lambda relay, rng: b"".join(datagram(rng.randbytes(32), content(relay, rng))
                                       for _ in range(count))


def initial(_, rng):
    """An Initial that nobody can open: each of another connection."""
    return (b"\xc3\0\0\0\1\x08" + rng.randbytes(8) + b"\x08" + rng.randbytes(8) + b"\0" +
            struct.pack(">H", 0x4000 | 1176) + rng.randbytes(1176))


def batch(relay, rng):
    """64 datagrams of a byte in a frame."""
    return frame(bytes([DATAGRAMS]) + rng.randbytes(32) + b"\0\0\1" + rng.randbytes(64))


def beside_tls(relay, connection):
    """After a proper start, bytes that are no TLS."""
    relay.let_in(connection)
    raw = socket.socket(fileno=os.dup(connection.sock.fileno()))
    with raw:
        while True:
            raw.sendall(os.urandom(65536))


def stalls(relay, connection):
    """It neither reads nor says anything more, while others have much for the member to answer."""
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    relay.let_in(connection)
    for _ in range(40):
        connection.sock.sendall(invented(lambda _, rng: rng.choice(relay.initials))(relay, relay.rng))
    relay.over.wait()


FLOODS = [
    ("pings of WebSocket", flood(lambda *_: frame(bytes(125), 9) * 500)),
    ("the same, unread", flood(lambda *_: frame(bytes(125), 9) * 500, reads=False)),
    ("pings", flood(lambda *_: frame(bytes([PING]) + bytes(8)) * 1000)),
    ("the same, unread", flood(lambda *_: frame(bytes([PING]) + bytes(8)) * 1000, reads=False)),
    ("statuses", flood(lambda *_: (frame(bytes([STATUS, 1])) + frame(bytes([STATUS, 0]))) * 5000)),
    ("who is gone", flood(lambda _, rng: b"".join(frame(bytes([GONE]) + rng.randbytes(32))
                                                  for _ in range(1000)))),
    ("texts", flood(lambda *_: frame(bytes(60000), 1))),
    ("fragments of a byte", flood(lambda *_: frame(b"\6", 2, False) + frame(b"x", 0, False) * 60000)),
    ("messages without bytes that do not end", flood(lambda *_: frame(b"", 0, False) * 5000)),
    ("noise of senders that nobody knows",
     flood(invented(lambda _, rng: b"\x40" + rng.randbytes(40)), times=8)),
    ("Initials that nobody can open", flood(invented(initial), times=4)),
    ("real Initials", flood(invented(lambda relay, rng: rng.choice(relay.initials)), times=4)),
    ("the same, unread",
     flood(invented(lambda relay, rng: rng.choice(relay.initials)), times=4, reads=False)),
    ("batches of bytes", flood(lambda relay, rng: b"".join(batch(relay, rng) for _ in range(500)))),
    ("large datagrams", flood(lambda _, rng: datagram(rng.randbytes(32), rng.randbytes(65000)))),
    ("noise", flood(lambda _, rng: rng.randbytes(65536))),
]
TLS_FLOODS = [
    ("https: pings", flood(lambda *_: frame(bytes([PING]) + bytes(8)) * 1000, reads=False)),
    ("https: noise in place of TLS", beside_tls),
    ("https: real Initials", flood(invented(lambda relay, rng: rng.choice(relay.initials)), times=4)),
]


# --------------------------------------------------------------------- pkarr

def repeats(head, *pieces):
    """A course that answers a request with this head, and then with these pieces without end."""
    def course(_, connection):
        connection.request()
        connection.sock.sendall(head)
        while True:
            for piece in pieces:
                connection.sock.sendall(piece)
    return course


PKARR = [
    ("interim answers without end", repeats(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 2000)),
    ("a body without end", repeats(b"HTTP/1.1 200 OK\r\n\r\n", bytes(65536))),
    ("chunks without end", repeats(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                                   b"1\r\nx\r\n" * 10000)),
    ("a head of pkarr without end", repeats(b"HTTP/1.1 200 OK\r\n", b"X: " + bytes(60000) + b"\r\n")),
    ("a body of 2^63", answers("HTTP/1.1 200 OK", "Content-Length: 9223372036854775807")),
    ("a negative length", answers("HTTP/1.1 200 OK", "Content-Length: -1")),
    ("a redirect to this machine", answers("HTTP/1.1 301 Moved", LOCATION)),
    ("noise in place of a packet", repeats(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
                                           os.urandom(1000))),
]


# ------------------------------------------------------------------- the pair

def first_flights(scene):
    """Initials of as many connections as a member dials, which any server can open."""
    caught = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as trap:
        trap.bind(("127.0.0.1", 0))
        trap.settimeout(20 * harness.SLOW)
        at = f"127.0.0.1:{trap.getsockname()[1]}"
        ids = [scene.run("id", "--identity", scene.path / f"id {n}").stdout.strip()
               for n in range(DIALS)]
        dialer = scene.peer("dialer", *[word for each in ids for word in ("--peer", f"{each}@{at}")],
                            topic="of the dialer")
        while len(caught) < DIALS:
            packet = trap.recv(2000)
            if packet[0] & 0x80 and packet[6:14] not in {other[6:14] for other in caught}:
                caught.append(packet)
        dialer.leave()
    return caught


class Member:
    """What is watched of one."""

    def __init__(self, peer):
        self.peer = peer
        self.base = self.peak = peer.dirty_kib()

    def cpu(self):
        """Seconds of it so far."""
        fields = pathlib.Path(f"/proc/{self.peer.popen.pid}/stat").read_text().rsplit(")", 1)[1]
        return sum(map(int, fields.split()[11:13])) / os.sysconf("SC_CLK_TCK")

    def look(self):
        self.peak = max(self.peak, self.peer.dirty_kib())


class Pair:
    """Two members at these relays, direct to each other."""

    def __init__(self, scene, relays, *options, kind="--relay"):
        self.relays = relays
        words = [word for relay in relays for word in (kind, relay.url)]
        name = f"{len(scene.processes)}"
        topic = f"{scene.topic} {name}"
        ann = scene.peer(f"ann {name}", *words, *options, topic=topic)
        host, port = ann.addr
        ben = scene.peer(f"ben {name}", *words, *options, "--peer", f"{ann.id}@{host}:{port}",
                         topic=topic)
        self.peers = [ann, ben]
        for peer in self.peers:
            up = peer.wait("neighbor_up")
            harness.check(up["way"] == "direct", f"{peer.name}: {up}")
        for relay in relays:
            relay.members = [bytes.fromhex(peer.id) for peer in self.peers]
            if kind == "--relay":
                relay.wait_open(2, f"the members are not at {relay.url}")
        harness.everybody_talks(self.peers, "before")
        self.members = [Member(peer) for peer in self.peers]

    def endure(self, name, seconds):
        """Both talk while the relays do as they like."""
        count = int(seconds / PACE)
        start = time.monotonic()
        ticks = [member.cpu() for member in self.members]
        for number in range(count):
            for peer in self.peers:
                peer.send(f"{name} {number} of {peer.name}")
            time.sleep(max(0, start + (number + 1) * PACE - time.monotonic()))
            for member in self.members:
                member.look()
        cpu = [(member.cpu() - before) / (time.monotonic() - start)
               for member, before in zip(self.members, ticks)]
        late = 0
        for peer, other in zip(self.peers, reversed(self.peers)):
            for number in range(count):
                heard = peer.wait_message(f"{name} {number} of {other.name}", 20)
                late = max(late, heard["at"] + peer.started - start - number * PACE)
            heard = [text for text in peer.messages() if text.startswith(f"{name} ")]
            harness.check(len(heard) == count, f"{name}: {peer.name} heard {len(heard)} lines of {count}")
        grown = [member.peak - member.base for member in self.members]
        tries = [relay.tries for relay in self.relays]
        print(f"{name}: {late * 1000:.0f} ms late, {' and '.join(map(str, grown))} KiB more, "
              f"{', '.join(f'{100 * each:.0f} %' for each in cpu)} of a core, tries {tries}", flush=True)
        return late, cpu, grown

    def check(self, name, seconds):
        late, cpu, grown = self.endure(name, seconds)
        harness.check(late < LATE_MAX * harness.SLOW, f"{name}: a line came after {late:.1f} s")
        harness.check(late * max(cpu) < BUSY_MAX * harness.SLOW,
                      f"{name}: a line waited {late * max(cpu):.2f} s for a busy member")
        if harness.SLOW == 1:
            harness.check(max(grown) <= GROWTH_MAX_KIB, f"{name}: {grown} KiB more")

    def leave(self):
        try:
            TRAP.accept()
            raise harness.Failure("a redirect was followed")
        except BlockingIOError:
            pass
        for peer in self.peers:
            harness.check(not peer.of_kind("neighbor_down"), f"{peer.name} has lost its neighbour")
            ways = {up["way"] for up in peer.of_kind("neighbor_up")}
            harness.check(ways == {"direct"}, f"{peer.name}: {ways}")
        for peer in self.peers:
            peer.leave()


def all_at_once(scene, courses, seconds):
    """Eight relays at a time, each with a course of its own, begun with all of them good."""
    initials = first_flights(scene)
    for at in range(0, len(courses), 8):
        part = courses[at:at + 8]
        relays = [BadRelay() for _ in part]
        pair = Pair(scene, relays)
        for relay, (_, course) in zip(relays, part):
            relay.initials = initials
            relay.take(course)
        pair.check(", ".join(name for name, _ in part), seconds)
        for relay, (name, _) in zip(relays, part):
            harness.check(0 < relay.tries <= 2 * TRIES_MAX, f"{name}: {relay.tries} connections")
        pair.leave()


def pkarr(scene):
    """They are asked for somebody whom nobody knows, four at a time."""
    nobody = ["--peer", "ae" * 32, "--publish-addrs"]
    for at in range(0, len(PKARR), 4):
        part = PKARR[at:at + 4]
        servers = [BadRelay() for _ in part]
        for server, (_, course) in zip(servers, part):
            server.course = course
        pair = Pair(scene, servers, *nobody, kind="--pkarr")
        pair.check(", ".join(name for name, _ in part), 8)
        for server, (name, _) in zip(servers, part):
            harness.check(0 < server.tries <= 2 * TRIES_MAX, f"{name}: {server.tries} connections")
        pair.leave()


def one_by_one(scene, courses, initials, tls, *options):
    for name, course in courses:
        relay = BadRelay(tls)
        relay.initials, relay.rng, relay.over = initials, random.Random(2), threading.Event()
        pair = Pair(scene, [relay], *options)
        relay.take(course)
        relay.wait_open(3, f"{name}: no member has come back")
        pair.check(name, FLOOD)
        relay.over.set()
        relay.take(serve)
        pair.leave()


def floods(scene):
    initials = first_flights(scene)
    one_by_one(scene, FLOODS, initials, None)
    one_by_one(scene, [("a stall", stalls)], initials, None)
    ca, context = authority.make(scene.path / "ca")
    one_by_one(scene, TLS_FLOODS, initials, context, "--ca-file", ca)


def test(scene, group):
    scene.bootstrap = ["127.0.0.1:9"]
    if group == "openings":
        all_at_once(scene, OPENINGS, 12)
    elif group == "lies":
        all_at_once(scene, LIES, 8)
    elif group == "pkarr":
        pkarr(scene)
    else:
        floods(scene)


netlab.run_apart(test, sys.argv[1])
