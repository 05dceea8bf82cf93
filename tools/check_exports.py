#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Holds the version script and libdtt(3) against the public headers, and these against their habit.

usage: check_exports.py ROOT

Every function declared DTT_API in include/dtt must be listed in src/api/libdtt.map, nothing else
may be, and each must have a documentation comment directly above it and a place in the man page.
"""
import pathlib
import re
import sys

DECLARATION = re.compile(r"^DTT_API\b[^;{]*?\b(dtt_\w+)\s*\(", re.M | re.S)


def declared(header):
    """(name, has a comment) of each DTT_API function of a header."""
    text = header.read_text(encoding="utf-8")
    for found in DECLARATION.finditer(text):
        yield found.group(1), text[:found.start()].rstrip(" ").endswith("*/\n") and \
            "/**" in text[text.rfind("/*", 0, found.start()):found.start()]


def exported(script):
    text = re.sub(r"/\*.*?\*/", "", script.read_text(encoding="utf-8"), flags=re.S)
    body = text.split("global:", 1)[1].split("local:", 1)[0]
    return [name.strip() for name in body.split(";") if name.strip()]


def check(root):
    names = set()
    for header in sorted((root / "include" / "dtt").glob("*.h")):
        for name, documented in declared(header):
            names.add(name)
            if not documented:
                yield f"{header.relative_to(root)}: {name} has no /** comment above it"
    manual = root / "docs" / "man" / "libdtt.3.scd"
    told = set(re.findall(r"\*(dtt_\w+)\*\(\)", manual.read_text(encoding="utf-8")))
    for name in sorted(names - told):
        yield f"docs/man/libdtt.3.scd: {name} is not mentioned"
    for name in sorted(told - names):
        yield f"docs/man/libdtt.3.scd: {name} is mentioned, but no public header declares it"
    listed = exported(root / "src" / "api" / "libdtt.map")
    for name in sorted(names - set(listed)):
        yield f"src/api/libdtt.map: {name} is declared DTT_API but not listed"
    for name in sorted(set(listed) - names):
        yield f"src/api/libdtt.map: {name} is listed but no public header declares it"
    if listed != sorted(listed):
        yield "src/api/libdtt.map: the names are not in alphabetical order"


def main(root):
    wrong = list(check(pathlib.Path(root)))
    print("\n".join(wrong) if wrong else "headers and version script agree")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
