# SPDX-License-Identifier: MIT OR Apache-2.0
"""What more loss costs our gets and puts, on the network of the latency part.

libtorrent waits 15 s for each lost datagram; at these losses most of its operations take that long.
"""
import clients
import latency
from table import Row

LOSSES = {"1 %": 0.01, "5 %": 0.05, "10 %": 0.1}
ITEMS = 50  # a lane: two hundred puts and as many gets


def measure(build):
    rows = []
    for name, loss in LOSSES.items():
        figures = latency.run(build, loss, makers=[clients.ours], items=ITEMS)["dtt"]
        for what, times in (("complete get", figures.complete), ("put", figures.put)):
            for p in (.5, .9, .99):
                goal = 900 if (what, p, loss) == ("complete get", .9, 0.1) else None
                rows.append(Row(f"{name} loss: {what}, p{100 * p:.0f} of {len(times)}, ms",
                                latency.quantile(times, p), at_most=goal))
        rows.append(Row(f"{name} loss: gets that found the value", figures.found / figures.gets,
                        at_least=0.99))
        rows.append(Row(f"{name} loss: nodes asked by a get, p90",
                        latency.quantile(figures.asked, .9)))
    return rows
