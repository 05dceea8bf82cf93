# SPDX-License-Identifier: MIT OR Apache-2.0
"""Waits until nodes know each other, whoever wrote them: by asking them."""
import os
import time

import harness
import krpc


def known(client, addr):
    """How many nodes of its own family a node names when asked for four random targets."""
    is_v6 = ":" in addr[0]
    size, list_name = (38, b"nodes6") if is_v6 else (26, b"nodes")
    seen = set()
    for _ in range(4):
        reply = client.ask(addr, "find_node", {"target": os.urandom(20)}, within=1, ro=1)
        nodes = reply[b"r"].get(list_name, b"") if reply and b"r" in reply else b""
        seen |= {nodes[i:i + size] for i in range(0, len(nodes), size)}
    return len(seen)


def wait(addrs, at_least):
    """Until each of the nodes at `addrs` knows `at_least` others."""
    for addr in addrs:
        client = krpc.Client(addr[0])  # from its own address: there is one of each family
        until(lambda: known(client, addr) >= at_least, f"{at_least} nodes known to the one at {addr}")
        client.close()


def until(condition, what, within=60):
    """Asks again and again, for what no process tells by itself."""
    deadline = time.monotonic() + within * harness.SLOW
    while not condition():
        harness.check(time.monotonic() < deadline, f"{what}: not within {within} s")
        time.sleep(0.1)
