#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Holds the names of the tree to three rules of CONTRIBUTING.md: one word for one thing.

usage: check_names.py ROOT BUILD_DIR       exit status 1 when a rule is broken

1. A tag (struct, enum or union) that begins with dtt_ is defined once in src, include and cli.
2. What src/MODULE/FILE.c exports is called dtt_FILE_... or dtt_MODULE_FILE_... (an s may follow
   FILE), or has another word that STEMS gives to the file, or is declared in MODULE/MODULE.h, the
   face of the module. A word belongs to one file.
3. A file FILE.c of a module has its FILE.h (src/api has the public headers, DECLARED names the
   others), and when it is longer than a hundred lines its test tests/unit/MODULE/FILE.c; UNTESTED
   says what tests the others.
"""
import collections
import pathlib
import re
import subprocess
import sys

from check_cycles import read_symbols

TAG = re.compile(r"\s*(?:typedef\s+)?(?:struct|enum|union)\s+(dtt_\w+)\s*\{")
LONG = 100

# Other words of files.
STEMS = {
    "base/ctx": ["counter"],
    "codec/text": ["hex", "base32", "base64", "zbase32", "utf8"],
    "crypto/hash": ["sha1", "sha512", "crc32c"],
    "crypto/hpke": ["x25519"],
    "dht/proof": ["held"],
    "dht/rtable": ["rnode"],
    "gossip/message": ["gossip_node"],
    "gossip/outbox": ["gossip_emit", "gossip_send"],
    "sim/hostile": ["sim_gang", "sim_topic"],
    "sim/observe": ["sim_observer"],
    "sim/script": ["sim_stage"],
    "sim/world": ["sim_host"],
}

# The module whose struct is called core: its face is core.h.
FACES = {"node": "core"}

# Files without a header of their name, and where their declarations stand.
DECLARED = {"base/error": "include/dtt/types.h"}

# Long files without a test of their name, and what covers them.
UNTESTED = {
    "api/config": "api/misuse",
    "gossip/hyparview_send": "gossip/hyparview",
    "node/core_relays": "node/relayed",
    "node/outflow": "node/links",
    "node/relay_way": "node/relayed",
    "quic/callbacks": "quic/conn, quic/transmit",
    "quic/start": "quic/conn",
}


def sources(root, *folders):
    for folder in folders:
        yield from sorted(path for path in (root / folder).rglob("*.[ch]"))


def check_tags(root):
    places = collections.defaultdict(list)
    for path in sources(root, "src", "include", "cli"):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            found = TAG.match(line)
            if found:
                places[found[1]].append(f"{path.relative_to(root)}:{number}")
    for tag, where in places.items():
        if len(where) > 1:
            yield f"{tag} is defined {len(where)} times: {' '.join(where)}"


def stems(module, file):
    """The words that names of a file begin with."""
    prefix = "q" if module == "quic" else ""
    own = [prefix + file, f"{module}_{file}", *STEMS.get(f"{module}/{file}", [])]
    return own + [word + "s" for word in own]


def begins(symbol, word):
    return symbol == f"dtt_{word}" or symbol.startswith(f"dtt_{word}_")


def read_face(root, module):
    """The functions that the header of a module's face declares."""
    path = root / "src" / module / f"{FACES.get(module, module)}.h"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return set(re.findall(r"\b(dtt_\w+)\(", text))


def check_exported(root, archives):
    """`archives`: (module, symbols as check_cycles.read_symbols gives them)."""
    owners = collections.defaultdict(set)
    for module, symbols in archives:
        face = read_face(root, module)
        for obj, symbol, is_defined in symbols:
            # A dot is in names that the compiler made: the address sanitizer marks each table.
            if not is_defined or symbol in face or "." in symbol:
                continue
            file = obj.removesuffix(".o").removesuffix(".c")
            fit = [word for word in stems(module, file) if begins(symbol, word)]
            if not fit:
                yield f"src/{module}/{file}.c exports {symbol}, which is not a name of that file"
            for word in fit:
                owners[word].add(f"{module}/{file}")
    for word, files in owners.items():
        if len(files) > 1:
            yield f"dtt_{word}_ belongs to more than one file: {' '.join(sorted(files))}"


def check_pairs(root):
    for path in sorted((root / "src").rglob("*.c")):
        module, name = path.parent.name, f"{path.parent.name}/{path.stem}"
        if module != "api" and name not in DECLARED and not path.with_suffix(".h").exists():
            yield f"src/{name}.c has no header of its name"
        is_long = len(path.read_text(encoding="utf-8").splitlines()) > LONG
        has_test = (root / "tests" / "unit" / module / path.name).exists()
        if is_long and not has_test and name not in UNTESTED:
            yield f"src/{name}.c has over {LONG} lines and no test tests/unit/{name}.c"
        if name in UNTESTED and (has_test or not is_long):
            yield f"src/{name}.c need not be in UNTESTED"
    for name in {*STEMS, *UNTESTED, *DECLARED}:
        if not (root / "src" / f"{name}.c").exists():
            yield f"check_names.py names src/{name}.c, which does not exist"


def check(root, build):
    archives = sorted(build.glob("src/*/libdtt-*.a"))
    yield from check_tags(root)
    yield from check_pairs(root)
    yield from check_exported(root, [(path.parent.name, list(read_symbols(path)))
                                     for path in archives])


def main(root, build):
    wrong = list(check(pathlib.Path(root), pathlib.Path(build)))
    print("\n".join(wrong) if wrong else "names are as CONTRIBUTING.md says")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
