#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Makes of a module's archive one object that allocates by the names of tests/weeks/heap.h.

usage: counted.py CC OBJCOPY MODULE ARCHIVE BASE_ARCHIVE OUTPUT

base has no state, so that each module gets a base of its own: what a map or a queue allocates counts
for the module that has it.
"""
import re
import subprocess
import sys


def main(cc, objcopy, module, archive, base, output):
    subprocess.run([*cc.split(), "-r", "-nostdlib", "-o", output, "-Wl,--whole-archive", archive,
                    base, "-Wl,--no-whole-archive"], check=True)
    names = subprocess.run(["nm", "-P", "--defined-only", base], check=True, capture_output=True,
                           text=True).stdout
    own = [line.split()[0] for line in names.splitlines()
           if re.match(r"\S+ [TDBRVWC] ", line)]
    words = [f"--redefine-sym={name}=heap_{module}_{name}"
             for name in ("malloc", "calloc", "realloc", "free")]
    words += [f"--localize-symbol={name}" for name in own]
    subprocess.run([objcopy, *words, output], check=True)


main(*sys.argv[1:])
