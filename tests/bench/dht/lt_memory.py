# SPDX-License-Identifier: MIT OR Apache-2.0
"""Prints the resident bytes of a libtorrent session. usage: lt_memory.py SESSIONS"""
import os
import pathlib
import sys
import time

sys.dont_write_bytecode = True
sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[2] / folder)
                for folder in ("foreign", "e2e")]

import lt  # noqa: E402


def resident():
    pages = int(pathlib.Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGESIZE")


count = int(sys.argv[1])
before = resident()
nodes = [lt.Node("127.0.0.1:0") for _ in range(count)]
time.sleep(2)
print((resident() - before) // count, flush=True)
os._exit(0)  # closing so many sessions one by one takes long
