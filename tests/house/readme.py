#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Compiles the C code in README.md, looks for the files that the documents link to, and lets
tests/fresh find its lines.

usage: readme.py ROOT
"""
import pathlib
import re
import subprocess
import sys

WARNINGS = ["-std=c99", "-Wall", "-Wextra", "-pedantic", "-Werror", "-Wno-dangling-else"]


def main(root):
    readme = (root / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```c\n(.*?)^```", readme, re.M | re.S)
    if not blocks:
        sys.exit("README.md has no C code")
    for block in blocks:
        subprocess.run(["cc", *WARNINGS, f"-I{root / 'include'}", "-fsyntax-only", "-x", "c", "-"],
                       input=block, text=True, check=True)
    subprocess.run([sys.executable, root / "tests/fresh/fresh.py", "--list"], check=True,
                   stdout=subprocess.DEVNULL)
    for document in [*root.glob("*.md"), *root.glob("docs/**/*.md")]:
        text = document.read_text(encoding="utf-8")
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
            if not (document.parent / link).exists():
                sys.exit(f"{document.relative_to(root)} links to {link}, which is not there")
    print(f"{len(blocks)} program in README.md compiles; the links lead somewhere")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
