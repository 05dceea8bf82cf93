#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The judgements on memory that was made up: what grows is found, what does not is not."""
import random
import sys

sys.dont_write_bytecode = True

import slope  # noqa: E402

MINUTES = 180
NOISE_KIB = 24


def made(kib_at, seed):
    """Three hours, a sample a minute, with noise in whole pages."""
    dice = random.Random(seed)
    return [(60 * m, 6000 + kib_at(m) // 4 * 4 + 4 * dice.randrange(NOISE_KIB // 4 + 1))
            for m in range(MINUTES + 1)]


def fill(minute):
    """Stored items: more for two hours, as many from then on."""
    return 400 * min(minute, 120) / 120


def waved(samples, seed):
    """The same with connections, which add 60 to 200 KiB for up to nine minutes and then are gone for
    one or two.
    """
    dice = random.Random(f"waves {seed}")
    height = []
    while len(height) < len(samples):
        height += [dice.randrange(60, 201)] * dice.randrange(1, 9) + [0] * dice.randrange(1, 3)
    return [(at, kib + up) for (at, kib), up in zip(samples, height)]


FLAT = {
    "level": lambda m: 0,
    "fills for two hours": fill,
    "a spike": lambda m: fill(m) + (2000 if m in (150, 151) else 0),
    "a step at the end": lambda m: fill(m) + (200 if m > 175 else 0),
    "shrinks": lambda m: fill(m) - m,
}
GROWS = {
    "130 bytes a second": lambda m: 130 * 60 * m / 1024,
    "24 bytes a second": lambda m: fill(m) + 24 * 60 * m / 1024,
    "from the middle of the last hour on": lambda m: fill(m) + max(0, m - 130) * 10,
    "a step each five minutes": lambda m: fill(m) + m // 5 * 8,
}


def heap(leak, seed, hours):
    """Bytes by module: one that fills for three hours and then wavers by itself, one that is steady
    but for `leak` bytes an hour.
    """
    dice = random.Random(seed)
    found, wave = {}, 0.0
    for hour in range(1, hours + 1):
        wave = 0.6 * wave + dice.gauss(0, 0.03)
        found[hour] = {("member", "dht"): int(450000 * min(hour, 3) / 3 * (1 + wave)),
                       ("member", "gossip"): int(130000 + dice.gauss(0, 1000) + leak * hour)}
    return found


def check_heaps():
    for seed in range(20):
        for sentence in slope.growing_heap(heap(0, seed, 72)):
            yield f"seed {seed}: {sentence}, but does not"
        # Four members that lose 16 bytes with each of 120 messages an hour, or 1 byte for longer.
        for leak, hours in ((4 * 16 * 120, 8), (4 * 120, 72)):
            found = slope.growing_heap(heap(leak, seed, hours))
            if not any("gossip" in sentence for sentence in found):
                yield f"seed {seed}: {leak} bytes an hour for {hours} hours were not found: {found}"


def main():
    wrong = list(check_heaps())
    for seed in range(20):
        for name, kib_at in FLAT.items():
            flat = made(kib_at, seed)
            if slope.growing({"peer": flat, "waves": waved(flat, seed)}, {}):
                wrong.append(f"seed {seed}: '{name}' was taken for growth")
        for name, kib_at in GROWS.items():
            grows = made(kib_at, seed)
            memory = {"peer": grows, "waves": waved(grows, seed), "other": made(fill, seed)}
            if list(slope.growing(memory, {"other": 20})) != ["peer", "waves"]:
                wrong.append(f"seed {seed}: '{name}' was not found")
        if slope.ragged(made(lambda m: fill(m) + m // 20 * 80, seed)):
            wrong.append(f"seed {seed}: steps of 80 KiB were taken for a ragged heap")
        if not slope.ragged(made(lambda m: fill(m) + m // 20 * 1200, seed)):
            wrong.append(f"seed {seed}: steps of 1200 KiB were not found")
    print("\n".join(wrong) if wrong else "ok")
    return 1 if wrong else 0


sys.exit(main())
