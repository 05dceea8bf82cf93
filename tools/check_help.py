#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Holds the help texts of the command against its manual page.

usage: check_help.py DTT DTT.1.SCD        exit status 1 when they differ
"""
import pathlib
import re
import subprocess
import sys


def run(dtt, *words):
    return subprocess.run([dtt, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          env={"PATH": "/nonexistent"}, timeout=20)


def documented(page):
    """The options that have an entry of their own, from the lines in front of each description."""
    options = page.split("# OPTIONS", 1)[1].split("# JSON", 1)[0]
    entries = [line for line in options.splitlines() if line.startswith("*--")]
    return set(re.findall(r"\*(--[a-z0-9-]+)\*", "\n".join(entries)))


def check(dtt, page):
    """Yields one sentence for each difference."""
    listed = run(dtt, "--help").stdout.split("commands:\n", 1)[1].split("\n\n", 1)[0]
    commands = [re.match(r"  (\S+( \S+)?)  ", line).group(1) for line in listed.splitlines()]
    helped = set()
    for command in commands:
        done = run(dtt, *command.split(), "--help")
        if done.returncode or done.stderr:
            yield f"'{command} --help' fails: {done.stderr}"
        if f"*dtt {command}*" not in page:
            yield f"the manual page has no entry for '{command}'"
        helped |= set(re.findall(r"^  (--[a-z0-9-]+)", done.stdout, re.M))
    for line in re.findall(r"^\*dtt .*", page.split("# COMMANDS", 1)[1], re.M):
        yield from (f"the help has no command '{command}'"
                    for command in re.findall(r"\*dtt ([a-z -]+)\*", line) if command not in commands)
    for option in sorted(helped ^ documented(page)):
        yield f"{option} is only in {'the help' if option in helped else 'the manual page'}"


def main(dtt, page):
    wrong = list(check(dtt, pathlib.Path(page).read_text(encoding="utf-8")))
    print("\n".join(wrong) if wrong else "help and manual page agree")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
