#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Compares the built library with the stored description of its ABI (abigail-tools).

usage: check_abi.py ROOT BUILD            exit status 1 when they differ, 77 where it cannot be told
       check_abi.py --write ROOT BUILD    describes the library anew, after a change that was meant
"""
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile

# Layouts differ between machines: the description is of this one.
MACHINE = "x86_64"
HOW = ["--drop-private-types", "--drop-undefined-syms", "--no-show-locs", "--no-comp-dir-path",
       "--no-corpus-path", "--no-elf-needed"]


def describe(root, build, path):
    subprocess.run(["abidw", "--headers-dir", root / "include", *HOW, "--out-file", path,
                    build / "src" / "api" / "libdtt.so"], check=True)


def main(root, build, write=False):
    root, build = pathlib.Path(root), pathlib.Path(build)
    stored = root / "tests" / "abi" / "libdtt.abi"
    if platform.machine() != MACHINE or not shutil.which("abidiff") or not shutil.which("abidw"):
        print(f"skipped: needs abidiff and abidw, Debian's abigail-tools, on {MACHINE}")
        return 77
    if write:
        describe(root, build, stored)
        print(f"{stored} is written")
        return 0
    # Two descriptions made alike: abidiff takes a library's own types for private without places.
    with tempfile.TemporaryDirectory() as folder:
        built = pathlib.Path(folder) / "libdtt.abi"
        describe(root, build, built)
        done = subprocess.run(["abidiff", "--harmless", stored, built], capture_output=True, text=True)
    if done.returncode == 0:
        print("the ABI is the stored one")
        return 0
    print(done.stdout + done.stderr)
    print("docs/design/abi.md says which changes are allowed; a meant one: tools/check_abi.py --write")
    return 1


if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if word != "--write"]
    sys.exit(main(*words, write="--write" in sys.argv))
