#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Signed messages a second of processor time on one core, beside libsodium's own Ed25519.

usage: signed.py BUILD_DIR
"""
import json
import pathlib
import statistics
import subprocess
import sys

WORDS = {"sign": "written and signed", "verify": "read and verified",
         "plain": "plain, looked at and passed over"}


def main():
    run = subprocess.run([pathlib.Path(sys.argv[1]) / "tests/bench/signed"], stdout=subprocess.PIPE,
                         text=True, check=True)
    turns = [json.loads(line) for line in run.stdout.splitlines()]
    for what, words in WORDS.items():
        rates = [turn[what] for turn in turns]
        print(f"{words}: {statistics.median(rates):,.0f} a second "
              f"({min(rates):,.0f} to {max(rates):,.0f})", end="")
        if f"sodium_{what}" in turns[0]:
            # Of one turn each, so that what else the machine does is the same for both.
            ratio = statistics.median(turn[what] / turn[f"sodium_{what}"] for turn in turns)
            own = statistics.median(turn[f"sodium_{what}"] for turn in turns)
            print(f"; libsodium alone {own:,.0f}, ratio {ratio:.2f}", end="")
        print()


main()
