#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Messages and bytes a second from one `dtt pipe` to others on loopback.

usage: stream.py BUILD_DIR [BUILD_DIR...]

Of several builds each is measured in turn, five times, and the medians are set beside each other:
what else the machine does is then the same for all. Times are from the first line said to the last
one heard; processor time is that of the speaker.
"""
import json
import os
import pathlib
import select
import statistics
import subprocess
import sys
import tempfile
import time

BUILDS = [pathlib.Path(word) for word in sys.argv[1:]]
ROUNDS = 5
DEADLINE_S = 30
# Members, lines, and bytes of each.
LOADS = [(2, 5_000, 4000), (2,20000,16)]


def start(build, secret, *options):
    return subprocess.Popen(
        [build / "dtt", "pipe", "bench", "--secret-file", secret, "--bootstrap", "127.0.0.1:9",
         *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def measure(build, members, lines, size):
    """Messages a second, and processor seconds of the speaker."""
    with tempfile.NamedTemporaryFile("w") as secret:
        secret.write("bench\n")
        secret.flush()
        speaker = start(build, secret.name, "--json", "--listen", "127.0.0.1:0")
        first = json.loads(speaker.stdout.readline())
        peer = f"{first['endpoint_id']}@{first['addrs'][0]}"
        others = [start(build, secret.name, "--listen", "127.0.0.1:0", "--peer", peer)
                  for _ in range(members - 1)]
        try:
            up = 0
            while up < members - 1:
                up += b'"neighbor_up"' in speaker.stdout.readline()
            text = "".join(f"{i:08}".ljust(size, "x") + "\n" for i in range(lines)).encode()
            feeder = os.fork()
            if feeder == 0:
                speaker.stdin.write(text)
                speaker.stdin.flush()
                os._exit(0)
            begun = time.monotonic()
            left = {other.stdout: lines for other in others}
            while left:
                # All are read at once: a program that is not read loses lines.
                ready = select.select(list(left), [], [], DEADLINE_S)[0]
                if not ready:
                    print(f"lines lost by the listeners: {sorted(left.values())}", flush=True)
                    return 0, 0
                for stdout in ready:
                    left[stdout] -= stdout.read1(1 << 20).count(b"\n")
                    if left[stdout] <= 0:
                        del left[stdout]
            took = time.monotonic() - begun
            os.waitpid(feeder, 0)
            stat = pathlib.Path(f"/proc/{speaker.pid}/stat").read_text(encoding="ascii").split()
            return lines / took, (int(stat[13]) + int(stat[14])) / os.sysconf("SC_CLK_TCK")
        finally:
            for process in [speaker, *others]:
                process.kill()
                process.wait()


def main():
    for members, lines, size in LOADS:
        rates = {build: [] for build in BUILDS}
        spent = {build: [] for build in BUILDS}
        for _ in range(ROUNDS):
            for build in BUILDS:
                rate, cpu = measure(build, members, lines, size)
                rates[build].append(rate)
                spent[build].append(cpu)
        for build in BUILDS:
            rate, cpu = statistics.median(rates[build]), statistics.median(spent[build])
            print(f"{members} members, {size} bytes: {rate:.0f} messages/s, "
                  f"{rate * size / 2**20:.1f} MiB/s, {cpu:.2f} s of the speaker's processor"
                  f"{f' ({build})' if len(BUILDS) > 1 else ''}", flush=True)


main()
