#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Turns the words of `./dev test WORD...` into names of Meson tests, one a line.

usage: test_names.py BUILD_DIR WORD...

Tests are called MODULE/NAME, as the pages name them. A word is such a name, a module (all of its
tests), or the NAME alone (each test of that name). The exit status is 2 when a word matches nothing.
"""
import difflib
import json
import subprocess
import sys


def all_names(build):
    listed = subprocess.run(["meson", "introspect", build, "--tests"], check=True,
                            capture_output=True, text=True).stdout
    return [test["name"] for test in json.loads(listed)]


def matches(word, names):
    return [name for name in names if word in (name, *name.split("/", 1))]


def near(word, names):
    """A hint for a word that matches nothing."""
    ends = {end: name for name in names for end in (name, *name.split("/", 1))}
    close = difflib.get_close_matches(word, ends, n=3, cutoff=0.6)
    found = sorted({end if "/" in end else ends[end] for end in close})
    return f"; near: {', '.join(found)}" if found else ""


def choose(words, names):
    """The chosen names in order, and a sentence for each word that matches nothing."""
    chosen = [name for name in names if any(name in matches(word, names) for word in words)]
    wrong = [f"no test '{word}'{near(word, names)}" for word in words if not matches(word, names)]
    return chosen, wrong


def main(build, *words):
    chosen, wrong = choose(words, all_names(build))
    if wrong:
        print("\n".join(wrong), file=sys.stderr)
        return 2
    print("\n".join(chosen))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
