#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Holds every #include against the module table of docs/design/architecture.md.

usage: check_includes.py ROOT        exit status 1 when a file includes what its module may not
"""
import pathlib
import re
import sys

# ISO C headers that a state machine may need. No time.h, signal.h, threads.h, locale.h, setjmp.h.
C_HEADERS = {
    "assert.h", "ctype.h", "errno.h", "inttypes.h", "limits.h", "stdalign.h", "stdarg.h",
    "stdbool.h", "stddef.h", "stdint.h", "stdio.h", "stdlib.h", "string.h",
}

# Which library a header that is neither ours nor the system's belongs to.
LIBRARIES = [
    (re.compile(r"sodium(\.h|/)"), "sodium"),
    (re.compile(r"nettle/"), "nettle"),
    (re.compile(r"ngtcp2/"), "ngtcp2"),
    (re.compile(r"gnutls/"), "gnutls"),
    (re.compile(r"wslay/"), "wslay"),
    (re.compile(r"uv(\.h|/)"), "uv"),
    (re.compile(r"jansson\.h"), "jansson"),
    (re.compile(r"uni(gbrk|str|width|ctype|norm|case|types)\.h"), "unistring"),
]

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


class Module:
    def __init__(self, cells):
        self.name, inner, public, libraries, system, _ = cells
        self.inner = set(inner.split()) | {self.name}
        self.public = {f"dtt/{name}.h" for name in public.split()}
        self.libraries = set(libraries.split())
        self.system = set(system.split())

    def why_not(self, bracket, path, modules, here):
        """Why a file in folder `here` may not include this, or None when it may."""
        if path.startswith("dtt/"):
            if bracket == '"':
                return "public headers are included as <dtt/...>"
            return None if path in self.public else "not among its public headers"
        if bracket == '"':
            top = path.split("/")[0]
            if "/" in path and top in modules:
                return None if {top, path} & self.inner else f"may not include {top}"
            beside = (here / path).resolve()
            if "/" not in path and beside.is_file():
                return None
            return "neither MODULE/FILE nor a file beside it"
        for pattern, library in LIBRARIES:
            if pattern.match(path):
                return None if library in self.libraries else f"may not use {library}"
        if "any" in self.system or path in self.system:
            return None
        return None if path in C_HEADERS else "not a header that a state machine needs"


def read_table(path):
    """The rows between the two marker comments, by module name."""
    text = path.read_text(encoding="utf-8")
    table = text.split("<!-- modules:", 1)[1].split("<!-- end -->", 1)[0]
    rows = [line for line in table.splitlines() if line.startswith("|")][2:]
    modules = [Module([cell.strip() for cell in row.strip("|").split("|")]) for row in rows]
    return {module.name: module for module in modules}


def folder_of(root, module):
    inside = root / "src" / module
    return inside if inside.is_dir() else root / module


def check(root):
    """Yields one sentence for each wrong include."""
    modules = read_table(root / "docs" / "design" / "architecture.md")
    for folder in sorted((root / "src").iterdir()):
        if folder.is_dir() and folder.name not in modules:
            yield f"{folder}: the table has no row for this module"
    for module in modules.values():
        for file in sorted(folder_of(root, module.name).rglob("*.[ch]")):
            for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
                found = INCLUDE.match(line)
                if not found:
                    continue
                why = module.why_not(*found.groups(), modules, file.parent)
                if why:
                    yield f"{file.relative_to(root)}:{number}: {found.group(2)}: {why}"


def main(root):
    wrong = list(check(pathlib.Path(root)))
    print("\n".join(wrong) if wrong else "every include follows the module table")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
