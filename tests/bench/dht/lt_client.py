# SPDX-License-Identifier: MIT OR Apache-2.0
"""A libtorrent client that stays; the same commands and output as dht_client.c.

usage: lt_client.py HOST:PORT...
"""
import json
import pathlib
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[2] / folder)
                for folder in ("foreign", "e2e")]

import krpc  # noqa: E402
import lt  # noqa: E402
from lt import libtorrent  # noqa: E402


class Client:
    def __init__(self, friends):
        self.node = lt.Node("127.0.0.1:0")
        self.session = self.node.session
        self.node.meet(*((host, int(port)) for host, port in
                         (friend.rsplit(":", 1) for friend in friends)))
        self.start = 0
        self.key = ""

    def run(self, line):
        verb, key, salt, *value = line.split()
        self.start = time.monotonic()
        if verb == "get":
            self.session.dht_get_mutable_item(bytes.fromhex(key), salt)
            return
        pair = krpc.Key(seed=bytes.fromhex(key))
        self.key = pair.public.hex()
        self.start = time.monotonic()
        self.session.dht_put_mutable_item(pair.expanded, pair.public, value[0], salt)

    def say(self, event, **more):
        print(json.dumps({"event": event, "ms": 1e3 * (time.monotonic() - self.start), **more}),
              flush=True)

    def report(self, alert):
        if isinstance(alert, libtorrent.dht_put_alert):
            self.say("done", key=self.key)
        elif isinstance(alert, libtorrent.dht_mutable_item_alert):
            try:
                value = alert.item["value"]
                value = value.encode() if isinstance(value, str) else value
                self.say("value", value=value.hex())
            except RuntimeError:  # an item that was not found has no value
                pass
            if alert.authoritative:
                self.say("done")


client = Client(sys.argv[1:])


def read():
    for line in sys.stdin:
        client.run(line)


reader = threading.Thread(target=read, daemon=True)
reader.start()
while reader.is_alive():
    client.session.wait_for_alert(1000)
    for some in client.session.pop_alerts():
        client.report(some)
