#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Knobs, reasons, errors, events, functions and commands that came, went or changed their name since
CHANGELOG.md was last written are a reason to write into it.

usage: check_changelog.py ROOT     exit status 1 with the names; 0 outside of a git repository
"""
import pathlib
import re
import subprocess
import sys

LISTS = [("src/tracker/tuning.def", r"^KNOB\(\w+, (\w+),"),
         ("include/dtt/types.h", r"X\((DTT_\w+),"),
         ("include/dtt/event.h", r"^    (DTT_EVENT_\w+)"),
         ("src/api/libdtt.map", r"^    (dtt_\w+);"),
         ("cli/commands.def", r"^X\((\w+)\)"),
         ("src/dht/krpc_wire.h", r'^(?:#define DTT_KRPC_\w+\s+|    X\(\w+, )"(\w+)"'),
         ("src/dht/krpc.def", r'^FIELD\("(\w+)"')]


def git(root, *words):
    """What a git command prints; None when it fails."""
    try:
        done = subprocess.run(["git", "-C", root, *words], capture_output=True, text=True)
    except FileNotFoundError:
        return None
    return done.stdout if done.returncode == 0 else None


def names(read):
    """All names of the lists; `read` gives the text of a path."""
    return {name for path, row in LISTS for name in re.findall(row, read(path) or "", re.M)}


def changes(root):
    """The names that CHANGELOG.md cannot know of yet."""
    if git(root, "diff", "HEAD", "--quiet", "--", "CHANGELOG.md") is None:
        return set()  # being written, or no repository
    commit = (git(root, "log", "-1", "--format=%H", "--", "CHANGELOG.md") or "").strip()
    if not commit:
        return set()
    then = names(lambda path: git(root, "show", f"{commit}:{path}"))
    files = pathlib.Path(root)
    return then ^ names(lambda path: (files / path).is_file() and
                        (files / path).read_text(encoding="utf-8"))


def main(root):
    new = sorted(changes(root))
    print("CHANGELOG.md says nothing of " + ", ".join(new) if new else "CHANGELOG.md is up to date")
    return 1 if new else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
