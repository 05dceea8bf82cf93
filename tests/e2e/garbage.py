#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Garbage at a peer's UDP port: it stays up, its memory stays bounded, and it goes on talking.

100,000 datagrams: noise, KRPC and QUIC that is cut, mutated or replayed. They come in batches; after
each one the peer is pinged, which tells that it lives and keeps the socket's buffer from hiding
what it cannot take.
"""
import random
import select
import socket
import struct
import sys
import time

import harness

DATAGRAMS = 100_000
BATCH = 80  # of any size, these fit the default receive buffer
GROWTH_MAX_KIB = 16 * 1024


def string(data):
    return str(len(data)).encode() + b":" + data


def krpc_samples(rng):
    """Well-formed KRPC messages of each kind, right and wrong in what they say."""
    node_id, target, key = rng.randbytes(20), rng.randbytes(20), rng.randbytes(32)

    def query(method, arguments):
        return b"d1:ad2:id20:" + node_id + arguments + b"e1:q" + string(method) + b"1:t2:xx1:y1:qe"

    def reply(values):
        return b"d1:rd2:id20:" + node_id + values + b"e1:t2:xx1:y1:re"

    put = (b"1:k32:" + key + b"3:seqi1e3:sig64:" + rng.randbytes(64) + b"5:token8:" +
           rng.randbytes(8))
    return [
        query(b"ping", b""),
        query(b"find_node", b"6:target20:" + target),
        query(b"get_peers", b"9:info_hash20:" + target),
        query(b"get", b"6:target20:" + target),
        query(b"get", b"3:seqi9223372036854775807e6:target20:" + target),
        query(b"announce_peer", b"9:info_hash20:" + target + b"4:porti80e5:token8:abcdefgh"),
        query(b"put", put + b"1:v5:12345"),
        query(b"put", put + b"1:v" + b"l" * 500 + b"e" * 500),
        query(b"put", put + b"1:v" + string(b"x" * 996)),
        query(b"sample_infohashes", b"6:target20:" + target),
        reply(b"5:nodes" + string(rng.randbytes(26 * 8)) + b"5:token8:abcdefgh"),
        reply(b"6:nodes6" + string(rng.randbytes(38 * 8))),
        reply(b"1:v" + string(b"v" * 996) + put),
        b"d1:eli201e5:errore1:t2:xx1:y1:ee",
        b"d" * 1400,
        b"l" * 1400,
        b"d1:ad2:id99999999999999999999:",
        b"d1:t2:xx1:y1:qe",
    ]


def mutated(rng, data):
    data = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        kind, at = rng.randrange(5), rng.randrange(len(data))
        if kind == 0:
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            data[at] = rng.choice(b"\x00\xff0idel:19")
        elif kind == 2:
            data[at:at] = rng.randbytes(rng.randint(1, 8))
        elif kind == 3:
            del data[at:at + rng.randint(1, 16)]
        else:
            del data[at:]
        if not data:
            break
    return bytes(data[:1472])


def datagram(rng, krpc, quic):
    kind = rng.randrange(10)
    if kind < 2:
        return rng.randbytes(rng.randrange(1473))
    if kind == 2:  # a QUIC short header for nobody
        return bytes([0x40 | rng.randrange(64)]) + rng.randbytes(rng.randrange(20, 200))
    if kind == 3:  # a long header of some version
        version = rng.choice([0, 1, 0x6B3343CF, 0x1A2A3A4A, rng.getrandbits(32)])
        ids = bytes([8]) + rng.randbytes(8) + bytes([rng.randrange(21)]) + rng.randbytes(20)
        return bytes([0xC0 | rng.randrange(64)]) + struct.pack(">I", version) + ids + \
            rng.randbytes(rng.choice([10, 1200]))
    sample = rng.choice(krpc if kind < 7 else quic)
    if kind == 9:
        return sample if rng.randrange(4) == 0 else sample[:rng.randrange(len(sample))]
    return mutated(rng, sample)


def real_quic(scene, target):
    """First flights of handshakes that want `target`, but go to a socket of ours."""
    flights = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as trap:
        trap.bind(("127.0.0.1", 0))
        trap.settimeout(10 * harness.SLOW)
        dialer = scene.peer("dialer", "--peer", f"{target.id}@127.0.0.1:{trap.getsockname()[1]}",
                            topic="a topic of the dialer")
        while len(flights) < 2:  # a dial that is not answered repeats itself once
            try:
                data = trap.recv(2000)
            except TimeoutError:
                raise harness.Failure("the dialer sends no QUIC packets") from None
            if data[0] & 0x80:
                flights.append(data)
        dialer.leave()
    return flights


def ping(sock, addr, within):
    """Whether the peer answers a KRPC ping; what else comes meanwhile is thrown away."""
    question = random.randbytes(4)
    sock.sendto(b"d1:ad2:id20:" + b"p" * 20 + b"e1:q4:ping1:t4:" + question + b"1:y1:qe", addr)
    deadline = time.monotonic() + within
    while (left := deadline - time.monotonic()) > 0:
        if select.select([sock], [], [], left)[0] and b"1:t4:" + question in sock.recv(2000):
            return True
    return False


def flood(rng, target, quic):
    krpc = krpc_samples(rng)
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(8)]
    pinger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    pinger.bind(("127.0.0.1", 0))
    answered = 0
    for batch in range(DATAGRAMS // BATCH):
        for _ in range(BATCH):
            rng.choice(sockets).sendto(datagram(rng, krpc, quic), target.addr)
        answered += ping(pinger, target.addr, 0.25)
        harness.check(target.popen.poll() is None, f"ended in batch {batch}")
    for sock in sockets:
        sock.close()
    # A node may well be slow to answer a source that asks too often; it must not have stopped.
    harness.check(any(ping(pinger, target.addr, 1) for _ in range(20)), "answers no ping afterwards")
    pinger.close()
    return answered


def dropped(addr):
    """Datagrams that the kernel did not deliver to a socket because its buffer was full."""
    with open("/proc/net/udp", encoding="ascii") as table:
        for line in table.readlines()[1:]:
            fields = line.split()
            if int(fields[1].split(":")[1], 16) == addr[1]:
                return int(fields[-1])
    return 0


def test(scene, seed):
    rng = random.Random(seed)
    scene.testnet()
    peers = [scene.peer("target"), scene.peer("friend")]
    target = peers[0]
    for peer in peers:
        peer.wait("joined")
    harness.everybody_talks(peers, "before")
    quic = real_quic(scene, target)
    before = target.proc("VmRSS")
    answered = flood(rng, target, quic)
    peak = target.proc("VmHWM")
    lost = dropped(target.addr)
    harness.everybody_talks(peers, "after")
    late = scene.peer("late")
    late.wait("joined")
    harness.everybody_talks([*peers, late], "with a late one")
    print(f"{DATAGRAMS} datagrams with seed {seed}, {answered} pings between them answered, "
          f"{lost} dropped by the kernel; resident {before} KiB, then at most {peak} KiB")
    harness.check(lost < DATAGRAMS // 100, "too few of them reached the peer")
    if harness.SLOW == 1:
        harness.check(peak - before < GROWTH_MAX_KIB, "memory grew too much")
    for peer in [*peers, late]:
        peer.leave()


harness.run(test, int(sys.argv[1]) if len(sys.argv) > 1 else 1)
