# SPDX-License-Identifier: MIT OR Apache-2.0
"""Whether what was measured again and again grows."""
import statistics

LEAK_KIB_H = 64  # an hour; 18 bytes a second
LEAST_OF = 10  # samples: connections come and go, and add nothing to the least
RAGGED = 1.25  # times the memory of the second third

SETTLED_H = 3  # items stored at the start have expired, and what they have replaced them
GROWTH = 0.1  # of the level
WAVES = 5  # times the median distance from the line
BLOCKS = 10  # into which the hours are put together


def slope(samples):
    """Growth an hour of (seconds, amount) pairs: the median of the slopes between all pairs, which
    neither single outliers nor a step near either end decide.
    """
    slopes = [(b - a) * 3600 / (t - s) for i, (s, a) in enumerate(samples)
              for t, b in samples[i + 1:] if t > s]
    return statistics.median(slopes) if slopes else 0.0


def last_third(samples):
    begin, end = samples[0][0], samples[-1][0]
    return [(at, amount) for at, amount in samples if at - begin >= (end - begin) * 2 / 3]


def runs(samples, size):
    """Neighbouring samples, `size` at a time; fewer at the end are left out."""
    return [samples[i:i + size] for i in range(0, len(samples) - size + 1, size)]


def growth(samples):
    """How much an hour samples still grow in the last third, of each LEAST_OF the least."""
    return slope([min(run, key=lambda sample: sample[1])
                  for run in runs(last_third(samples), LEAST_OF)])


def growing(memory, nodes):
    """Of {name: samples in KiB}, those that still grow: {name: KiB an hour}. A process that has
    `nodes` of them wavers by the root of that more than one.
    """
    slopes = {name: growth(samples) for name, samples in memory.items()}
    return {name: kib for name, kib in slopes.items()
            if kib > LEAK_KIB_H * nodes.get(name, 1) ** 0.5}


def ragged(samples):
    """Whether memory has grown in steps, as that of a heap with ever more gaps does."""
    begin, end = samples[0][0], samples[-1][0]
    middle = [amount for at, amount in samples if 1 / 3 <= (at - begin) / (end - begin) < 2 / 3]
    last = [amount for _, amount in last_third(samples)]
    return statistics.median(last) > RAGGED * statistics.median(middle)


def surely(samples):
    """The lower end of the confidence interval (95 %) of slope(), as Kendall and Sen have it."""
    slopes = sorted((b - a) * 3600 / (t - s) for i, (s, a) in enumerate(samples)
                    for t, b in samples[i + 1:] if t > s)
    n = len(samples)
    spread = 1.96 * (n * (n - 1) * (2 * n + 5) / 18) ** 0.5
    return slopes[max(0, int((len(slopes) - spread) / 2))] if slopes else 0.0


def wavering(samples):
    """How far samples lie from the line of their slope: the median."""
    per_h = slope(samples)
    rest = [amount - per_h * at / 3600 for at, amount in samples]
    level = statistics.median(rest)
    return statistics.median(abs(amount - level) for amount in rest)


def blocks(samples):
    """BLOCKS medians of neighbouring samples: hours that follow each other waver together, and would
    be taken for more evidence than they are.
    """
    return [(run[len(run) // 2][0], statistics.median(amount for _, amount in run))
            for run in runs(samples, -(-len(samples) // BLOCKS))]


def growing_heap(hours):
    """Sentences on what grows in {hour: {name: bytes}} after SETTLED_H: surely, and in the hours that
    are left by more than GROWTH of its level and WAVES times what it wavers by itself.
    """
    rest = {hour: sums for hour, sums in hours.items() if hour > SETTLED_H}
    found = []
    for name in sorted({name for sums in rest.values() for name in sums}):
        samples = blocks([(hour * 3600, sums.get(name, 0)) for hour, sums in sorted(rest.items())])
        level = statistics.median(amount for _, amount in samples)
        growth = slope(samples) * (samples[-1][0] - samples[0][0]) / 3600
        if surely(samples) > 0 and growth > max(level * GROWTH, wavering(samples) * WAVES):
            found.append(f"{' '.join(name)} grows by {slope(samples):.0f} bytes an hour, in "
                         f"{len(rest)} hours by {growth / max(level, 1):.0%} of {level:.0f}")
    return found
