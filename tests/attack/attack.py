#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Attacks on real members, each with the bound that must hold: the suite of ./dev attack.

usage: attack.py [--list] [NAME...]      names, or the beginnings of names

One line a case with what was measured; the last line counts. The hostile peers are hostile.c. Cases
are in aims.py, doors.py, rooms.py and thirds.py.
"""
import os
import sys

import lab
import aims  # noqa: F401
import doors  # noqa: F401
import rooms  # noqa: F401
import thirds  # noqa: F401


def run(name):
    """Its outcome: "passed", "failed" or "skipped"."""
    function, arguments, options = lab.cases[name]
    scene = lab.Scene()
    try:
        try:
            figures = function(scene, *arguments, **options)
        finally:
            scene.close()
        scene.check_clean()
        print(f"ok {name}: {figures}", flush=True)
        return "passed"
    except lab.Skip as reason:
        print(f"skipped {name}: {reason}", flush=True)
        return "skipped"
    except Exception as error:  # what the processes said helps to find it
        if os.environ.get("DTT_VERBOSE"):
            for process in scene.processes:
                print(process.transcript())
        print(f"FAILED {name}: {str(error)[:200] or type(error).__name__}", flush=True)
        if not isinstance(error, lab.Failure):
            raise
        return "failed"


def main(words):
    if words == ["--list"]:
        for name, (function, *_) in lab.cases.items():
            print(f"{name}: {function.__doc__.splitlines()[0]}")
        return 0
    chosen = [] if words else list(lab.cases)
    for word in words:
        fits = [word] if word in lab.cases else [name for name in lab.cases
                                                 if name.startswith(word)]
        if not fits:
            print(f"no attack '{word}'; --list tells their names", file=sys.stderr)
            return 2
        chosen += fits
    lab.enter_namespace()
    outcomes = [run(name) for name in chosen]
    skipped = f", {outcomes.count('skipped')} skipped" if "skipped" in outcomes else ""
    print(f"{outcomes.count('passed')} passed, {outcomes.count('failed')} failed{skipped}")
    if "failed" in outcomes:
        return 1
    return 0 if "passed" in outcomes else lab.place.harness.SKIPPED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
