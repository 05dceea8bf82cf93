# SPDX-License-Identifier: MIT OR Apache-2.0
"""One libtorrent node on loopback. usage: lt_serve.py PORT

Each line of standard input is a range of ports, "FIRST END": the nodes there enter its table. It
learns from queries, too, but asks only one newcomer every five seconds.
"""
import pathlib
import sys
import time

sys.dont_write_bytecode = True
sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[2] / folder)
                for folder in ("foreign", "e2e")]

import lt  # noqa: E402

node = lt.Node(f"127.0.0.1:{sys.argv[1]}")
# No limits on rates, no alerts: nothing but the work itself.
node.session.apply_settings({"dht_block_ratelimit": 10_000_000, "alert_mask": 0,
                             "dht_upload_rate_limit": 1_000_000_000})
for line in sys.stdin:
    first, end = map(int, line.split())
    # A table takes what answers in time; so many at once make some of it late.
    for _ in range(3):
        node.meet(*(("127.0.0.1", port) for port in range(first, end)))
        time.sleep(1)
time.sleep(3600)
