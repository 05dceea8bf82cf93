#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Runs clang-tidy over src, cli and examples, as many at a time as there are processors.

usage: tidy.py CLANG_TIDY BUILD_DIR [FILE...]      exit status 1 when there is a finding
"""
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys

# What gcc knows and clang need not.
EXTRA = ["--extra-arg=-Wno-unknown-warning-option", "--extra-arg=-Wno-unused-command-line-argument"]


def sources(build, root):
    """C files of the build that are ours to tidy, relative to root, the largest first."""
    commands = json.loads((build / "compile_commands.json").read_text())
    found = {(build / command["directory"] / command["file"]).resolve() for command in commands}
    ours = [path for path in found if path.is_relative_to(root)
            and path.relative_to(root).parts[0] in ("src", "cli", "examples")]
    return sorted(ours, key=lambda path: (-path.stat().st_size, path))


def tidy(tool, build, path):
    command = [tool, "-p", str(build), "--quiet", "--warnings-as-errors=*", *EXTRA, str(path)]
    done = subprocess.run(command, text=True, capture_output=True)
    # Standard error counts suppressed warnings of system headers, unless the tool itself failed.
    return done.returncode, done.stdout or (done.stderr if done.returncode else "")


def main(tool, build, *files):
    root = pathlib.Path.cwd()
    build = pathlib.Path(build).resolve()
    paths = [pathlib.Path(file).resolve() for file in files] or sources(build, root)
    status = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for code, said in pool.map(lambda path: tidy(tool, build, path), paths):
            status |= code
            if said.strip():
                print(said.strip())
    print(f"{len(paths)} files")
    return 1 if status or not paths else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
