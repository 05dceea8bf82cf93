#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The filter that the man page gives to jq prints the messages, and nothing else."""
import os
import re
import shutil
import subprocess

import harness


def test(scene):
    if shutil.which("jq") is None:
        raise harness.Skip("no jq")
    page = os.path.join(os.path.dirname(__file__), "../../docs/man/dtt.1.scd")
    with open(page, encoding="utf-8") as text:
        found = re.search(r"jq -r '([^']*)'", text.read())
    harness.check(found, "the man page has no example with jq")
    scene.testnet()
    ann = scene.peer("ann")
    ben = scene.peer("ben")
    ann.wait("joined")
    ben.send("one")
    ben.send("two  words")
    ann.wait_message("two  words")
    ann.wait("published")
    lines = "".join(harness.json.dumps(event) + "\n" for event in ann.events)
    done = subprocess.run(["jq", "-r", found.group(1)], input=lines, capture_output=True, text=True,
                          check=False)
    harness.check(done.returncode == 0 and sorted(done.stdout.splitlines()) == ["one", "two  words"],
                  str(done))


harness.run(test)
