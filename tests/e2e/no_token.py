#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""A DHT node that answers and gives no token: a put says so, and not that nobody answered."""
import re
import socket
import threading

import harness


def serve(node):
    """Answers each query with an id alone."""
    while True:
        try:
            query, sender = node.recvfrom(2000)
        except OSError:
            return
        transaction = re.search(rb"1:t(\d+):", query)
        if transaction is None:
            return  # the test is over
        start = transaction.end()
        word = query[start:start + int(transaction.group(1))]
        node.sendto(b"d1:rd2:id20:" + b"n" * 20 + b"5:nodes0:e1:t%d:%s1:y1:re" % (len(word), word),
                    sender)


def test(scene):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as node:
        node.bind(("127.0.0.1", 0))
        addr = "127.0.0.1:%d" % node.getsockname()[1]
        thread = threading.Thread(target=serve, args=(node,), daemon=True)
        thread.start()
        for command in [["put", "value"], ["announce", "5a" * 20, "7001"]]:
            done = scene.run("dht", *command, "--bootstrap", addr)
            harness.check(done.returncode == 69, f"{command}: {done}")
            harness.check("1 node answered, none gave a token" in done.stderr, f"{command}: {done}")
        node.sendto(b"over", node.getsockname())
        thread.join(10)


harness.run(test)
