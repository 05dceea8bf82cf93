#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Proves that the core does no I/O and has no globals, by the symbols of its archives.

usage: check_symbols.py BUILD_DIR     reads src/MODULE/libdtt-MODULE.a of every module below io
       check_symbols.py --archive MODULE FILE...

Exit status 1 when a symbol is not allowed, 77 (skipped) for a build that the question does not fit.
"""
import pathlib
import re
import subprocess
import sys

CORE = ["base", "codec", "crypto", "dht", "record", "lan", "tracker", "gossip", "author", "quic", "portmap",
        "relay", "pkarr", "node", "sim"]

# Memory, strings and numbers. snprintf writes to memory; printf and friends are not here.
C_LIBRARY = r"""
    mem(cpy|move|set|cmp|chr|rchr|mem) str(len|nlen|cmp|ncmp|chr|rchr|str|spn|cspn|pbrk|dup|ndup)
    strto(l|ul|ll|ull|d|imax|umax) malloc calloc realloc free v?snprintf qsort bsearch abs
    is(alnum|alpha|digit|xdigit|print|space|lower|upper) to(lower|upper) __ctype_\w+_loc
    __isoc\w+_strto\w+ __errno_location explicit_bzero inet_(ntop|pton)
"""

# What the compiler, its hardening and assert() bring along. __assert_fail is what an assert leaves.
COMPILER = r"""
    __stack_chk_fail __assert_fail _GLOBAL_OFFSET_TABLE_ __(mem|str|v?snprintf)\w*_chk
    __(u?divti3|u?modti3|multi3|popcountdi2)
"""

LIBRARIES = {
    "sodium": r"sodium_\w+ crypto_\w+",
    "nettle": r"nettle_\w+ _nettle_\w+",
    "ngtcp2": r"ngtcp2_\w+",
    "gnutls": r"gnutls_\w+",
    "wslay": r"wslay_\w+",
}
USES = {"quic": ["sodium", "ngtcp2", "gnutls"], "crypto": ["sodium", "nettle"],
        "relay": ["sodium", "wslay"]}
OTHERS_USE = ["sodium"]

# Of the allowed libraries, what reads entropy, clocks or files.
FORBIDDEN = re.compile(r"randombytes\w*|sodium_(malloc|allocarray|mlock)"
                       r"|crypto_(sign|box|kx)_keypair|crypto_\w+_keygen|crypto_box_seal"
                       r"|gnutls_(rnd|global_\w*|\w+_file\w*)")


def allowed_for(module):
    words = (C_LIBRARY + COMPILER).split()
    for library in USES.get(module, OTHERS_USE):
        words += LIBRARIES[library].split()
    return re.compile("|".join(words))


def symbols(archive, wanted):
    """Names in an archive of the kinds in `wanted` (letters of nm)."""
    out = subprocess.run(["nm", "-P", str(archive)], check=True, capture_output=True, text=True)
    for line in out.stdout.splitlines():
        fields = line.split()
        if len(fields) >= 2 and fields[1] in wanted:
            yield fields[0].split("@")[0]


def variables(archive):
    """Objects in writable sections (tables of pointers are in .data.rel.ro: written once, by ld)."""
    out = subprocess.run(["objdump", "-t", str(archive)], check=True, capture_output=True, text=True)
    for line in out.stdout.splitlines():
        found = re.match(r"[0-9a-f]+ .{7} (\.t?(?:data|bss)\S*|\*COM\*)\s+[0-9a-f]+ ([^.]\S*)", line)
        if found and not found.group(1).startswith(".data.rel.ro"):
            yield found.group(2)


def check(archives):
    """archives: (module, path) pairs. Yields one sentence for each symbol that is not allowed."""
    archives = [(module, path) for module, path in archives]
    defined = {name for _, path in archives for name in symbols(path, "TDBRVWC")}
    for module, path in archives:
        allowed = allowed_for(module)
        for name in sorted(set(symbols(path, "Uw")) - defined):
            if FORBIDDEN.fullmatch(name) or not allowed.fullmatch(name):
                yield f"{module}: uses {name}"
        for name in sorted(set(variables(path))):
            yield f"{module}: {name} is state that all nodes of a process would share"
        for name in sorted(set(symbols(path, "TDBRC"))):
            if not name.startswith("dtt_"):
                yield f"{module}: {name} is visible to other objects without the prefix dtt_"


def main(args):
    if args[0] == "--archive":
        archives = [(args[1], pathlib.Path(path)) for path in args[2:]]
    else:
        build = pathlib.Path(args[0])
        if instrumented(build):
            print("an instrumented build: the instrumentation's own symbols are in every archive")
            return 77
        archives = [(m, build / "src" / m / f"libdtt-{m}.a") for m in CORE]
    wrong = list(check(archives))
    print("\n".join(wrong) if wrong else "the core asks for nothing but memory and mathematics")
    return 1 if wrong else 0


def instrumented(build):
    base = build / "src" / "base" / "libdtt-base.a"
    return any(re.match(r"__(asan|ubsan|tsan|msan|gcov|sanitizer|llvm_prof)", name)
               for name in symbols(base, "Uw"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
