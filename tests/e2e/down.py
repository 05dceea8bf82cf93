# SPDX-License-Identifier: MIT OR Apache-2.0
"""What is said while the host's own link is down arrives when it is up again.

usage: down.py SECONDS AFTER     down for so long, said so many seconds after its beginning
"""
import sys
import time

import netlab


def test(scene, seconds, after):
    lan = netlab.Switch("lan")
    ann, bob, router = (netlab.Host(scene, name) for name in ("ann", "bob", "router"))
    for number, host in ((1, ann), (2, bob), (254, router)):
        lan.plug(host, "e0", f"10.1.0.{number}/24")
    net = router.testnet("10.1.0.254:7001")
    said, heard = ann.peer("said", bootstrap=net), bob.peer("heard", bootstrap=net)
    for peer in (said, heard):
        peer.wait("joined", 20)
    ann.ip("link set e0 down")
    time.sleep(after)
    said.send("said while down")
    time.sleep(seconds - after)
    ann.ip("link set e0 up")
    heard.wait_message("said while down", 15)


netlab.run(test, *(float(word) for word in sys.argv[1:3]))
