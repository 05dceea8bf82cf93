# SPDX-License-Identifier: MIT OR Apache-2.0
"""How long gets and puts take, ours and libtorrent's, on the same network of 50 libtorrent nodes.

Round trips have a median of 80 ms (netsim.c). The clients are nodes of the network like any other:
a read-only one that puts enters libtorrent's tables nevertheless (BEP 43) and is then a dead contact
to everybody. Each item put by either side is read by both. Several items are under way at a time,
each with clients of its own, because libtorrent may take 15 s.
"""
import concurrent.futures
import os
import time

import clients
from table import Row

NODES = 50
LANES = 4  # items at a time
ITEMS = 8  # a lane: each is two puts and four gets
SETTLE_S = 45


def quantile(figures, p):
    """A quantile, in ms; None of nothing."""
    figures = sorted(figures)
    return figures[min(len(figures) - 1, int(p * len(figures)))] if figures else None


class Figures:
    def __init__(self):
        self.first, self.complete, self.put, self.asked = [], [], [], []
        self.gets = self.found = 0

    def take_get(self, done):
        self.gets += 1
        self.complete.append(done["ms"])
        self.found += bool(done["values"])
        # What the node stores itself comes at once and says nothing about the network.
        if done["values"] and not done["values"][0].get("own"):
            self.first.append(done["values"][0]["ms"])
        if "asked" in done:
            self.asked.append(done["asked"])


def lane(pairs, number, figures, items):
    """Puts and reads items one after the other. `pairs`: {name: (putter, getter)}."""
    for i in range(items):
        for putter, _ in pairs.values():
            done = putter.run("put", os.urandom(32).hex(), f"salt{number}.{i}", f"value-{i}")
            figures[putter.name].put.append(done["ms"])
            for _, getter in pairs.values():
                figures[getter.name].take_get(
                    getter.run("get", done["key"], f"salt{number}.{i}"))


def run(build, loss, makers=(clients.ours, clients.libtorrent), items=ITEMS):
    """{client's name: Figures} of `items` a lane, at this loss. `makers`: whose clients take part."""
    environment = clients.netsim(build, loss)
    net = clients.Net(NODES, environment)
    everybody = [net]
    lanes = []
    try:
        for _ in range(LANES):
            pairs = {}
            for make in makers:
                pair = tuple(make(build, net.ports, environment) for _ in range(2))
                everybody += pair
                pairs[pair[0].name] = pair
            lanes.append(pairs)
        time.sleep(SETTLE_S)  # until the clients know the network
        figures = {name: Figures() for name in lanes[0]}
        with concurrent.futures.ThreadPoolExecutor(LANES) as pool:
            for done in [pool.submit(lane, pairs, number, figures, items)
                         for number, pairs in enumerate(lanes)]:
                done.result()
        return figures
    finally:
        for one in everybody:
            one.close()


def measure(build):
    ours, theirs = run(build, 0).values()
    lossy, theirs_lossy = run(build, 0.02).values()
    rows = []
    for name, a, b, must in [("no loss", ours, theirs, 1), ("2 % loss", lossy, theirs_lossy, None)]:
        for what, list_name, at_most in [("first value", "first", must),
                                         ("complete get", "complete", must), ("put", "put", None)]:
            x, y = getattr(a, list_name), getattr(b, list_name)
            rows.append(Row(f"{name}: {what}, median of {len(x)}", quantile(x, .5),
                            quantile(y, .5), "ms", at_most=at_most))
            rows.append(Row(f"{name}: {what}, p90", quantile(x, .9), quantile(y, .9), "ms"))
            rows.append(Row(f"{name}: {what}, longest", max(x), max(y), "ms"))
        rows.append(Row(f"{name}: gets that found the value", a.found / a.gets,
                        b.found / b.gets))
        rows.append(Row(f"{name}: nodes asked by a get, median", quantile(a.asked, .5)))
    rows += [
        Row("no loss: nodes asked by a get, p90", quantile(ours.asked, .9), at_most=16),
        Row("no loss: nodes asked by a get, most", max(ours.asked)),
        Row("complete get p90 at 2 % loss by the one without",
            quantile(lossy.complete, .9) / quantile(ours.complete, .9), at_most=1.5),
        Row("2 % loss: complete get p90, ms", quantile(lossy.complete, .9), at_most=500),
        Row("2 % loss: complete get p90 by libtorrent's 15 s", quantile(lossy.complete, .9), 15000,
            at_most=0.1),
        Row("2 % loss: longest put by libtorrent's 30 s", max(lossy.put), 30000, at_most=0.1),
    ]
    return rows
