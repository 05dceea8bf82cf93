# SPDX-License-Identifier: MIT OR Apache-2.0
"""docs/protocol/publishing.md: who publishes in a minute, and how large a swarm is."""
import hashlib

RECORDS = 5  # wanted of the whole swarm in a minute
FULL = 4  # neighbours with which the estimate counts
FEW = 3  # the first k that tells anything
MOST = 2**20
PART_MS = 9600


def number(minute, id):
    data = b"dtt election 1" + minute.to_bytes(8, "little") + id
    return int.from_bytes(hashlib.sha512(data).digest()[:8], "little")


def small_share(n):
    """How many of n that all know each other publish."""
    return max(1, min(RECORDS, n // 2))


def rank(minute, own, neighbours, n):
    """The rank with which `own` publishes, or None: it does not."""
    mine = number(minute, own)
    if n <= len(neighbours) + 1:
        k = sum(number(minute, id) < mine for id in neighbours)
        return k if k < small_share(n) else None
    if mine * n >= RECORDS << 64 or mine >= 1 << 63:
        return None
    return mine * n >> 64


def part_ms(k):
    """When the member of rank k starts, in milliseconds from the minute's beginning."""
    return 2000 + k * PART_MS, 2000 + (k + 1) * PART_MS


def size(numbers, seen):
    """n(m), from the numbers of the publishers of a minute."""
    best = seen
    for k, lowest in enumerate(sorted(numbers), 1):
        if k >= FEW:
            best = max(best, (k - 1) * ((2**64 - 1) // max(lowest, 1)))
    return min(best, MOST)


class Swarm:
    """What one member believes."""

    def __init__(self, own, neighbours):
        self.own, self.neighbours = own, neighbours
        self.estimate = None

    def seen(self, records):
        """`records`: the newest of each publisher, as (publisher, minute, active peers)."""
        ids = {self.own, *self.neighbours}
        for publisher, _, active_peers in records:
            ids |= {publisher, *active_peers}
        return len(ids)

    def update(self, minute, records):
        """A read of `minute`, the previous one, has ended with an answer."""
        numbers = [number(minute, who) for who, when, _ in records if when == minute]
        n = size(numbers, self.seen(records))
        self.estimate = n if self.estimate is None else (self.estimate + n + 1) // 2
        return n

    def members(self, records):
        """The n of elections."""
        seen = self.seen(records)
        return max(seen, self.estimate or 0) if len(self.neighbours) >= FULL else seen
