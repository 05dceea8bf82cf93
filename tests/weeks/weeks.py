#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The simulator's scenario "weeks" with an allocator that counts: what lasts does not grow.

usage: weeks.py PROGRAM [--hours 72] [--seed 1] [--quic] [--leak BYTES]

Prints for each virtual hour the live heap of the nodes that last, by module: KiB of the members
together and of the DHT nodes together. From the hour on in which items stored at the start have
expired, it must not grow. Exit status 1 when something grows, when messages are missed, or when a node
that ended has left something behind. With --leak members lose BYTES with each message they receive, and
the exit status is 0 when just this is seen.
"""
import argparse
import collections
import json
import subprocess
import sys

sys.dont_write_bytecode = True

import slope  # noqa: E402

NOT_MODULES = ("kind", "host")
HOURS_MIN = 8


def read(lines):
    """What the program printed: {hour: {(kind, module): bytes}}, and its last line."""
    hours, last = {}, {}
    for row in map(json.loads, lines):
        if "hour" not in row:
            last = row
            continue
        sums = collections.Counter()
        for node in row["nodes"]:
            for module, size in node.items():
                if module not in NOT_MODULES:
                    sums[node["kind"], module] += size
        hours[row["hour"]] = sums
        yield row["hour"], sums
    yield None, last


def table(hour, sums):
    """A line of the table; its heading for hour 0."""
    names = sorted(name for name, size in sums.items() if size)
    kinds = {kind: sum(size for (k, _), size in sums.items() if k == kind) for kind, _ in names}
    parts = [f"{kind}s {total / 1024:.0f} (" + " ".join(
        f"{module} {sums[kind, module] / 1024:.1f}" for k, module in names if k == kind) + ")"
        for kind, total in kinds.items()]
    return f"hour {hour}, KiB: " + ", ".join(parts)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("program")
    parser.add_argument("--hours", type=int, default=72)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--leak", type=int, default=0)
    parser.add_argument("--quic", action="store_true")
    args = parser.parse_args()
    if args.hours < HOURS_MIN:
        parser.error(f"--hours: from fewer than {HOURS_MIN} hours nothing can be judged")
    command = [args.program, args.hours, args.seed, args.leak, "quic" if args.quic else "plain"]
    hours = {}
    with subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True) as run:
        for hour, sums in read(run.stdout):
            if hour is None:
                last = sums
            else:
                hours[hour] = sums
                print(table(hour, sums), flush=True)
    if run.returncode != 0 or "passed" not in last:
        print(f"weeks: the program ended with {run.returncode}")
        return 1
    wrong = slope.growing_heap(hours)
    if args.leak:
        print("\n".join(["weeks: with a leak:", *wrong]))
        return 0 if len(wrong) == 1 and wrong[0].startswith("member gossip grows") else 1
    if not last["passed"]:
        wrong.append(last["why"])
    if last["left"]:
        wrong.append(f"{last['left']} bytes are left of nodes that have ended")
    for sentence in wrong:
        print(f"weeks: {sentence}")
    if not wrong:
        print(f"weeks: {args.hours} hours, seed {args.seed}, trace {last['trace_hash']}: nothing grows")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
