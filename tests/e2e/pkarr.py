#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Members that no DHT connects find each other by a pkarr server, and survive servers that lie.

    ann -- PUT --> server <-- GET -- bob, who knows ann's id alone

What the members ask the DHT is lost: its one node does not exist.
"""
import os
import time

import authority
import pkarr_server
from harness import Skip, check, run

NOWHERE = ("--bootstrap", "127.0.0.1:9", "--no-lan", "--no-portmap", "--log", "debug")
YEAR = 365 * 86400


def is_put(request):
    return request.method == "PUT"


def member(scene, name, *servers, options=("--publish-addrs",), topic=None):
    words = [word for server in servers for word in ("--pkarr", server.url)]
    return scene.peer(name, *NOWHERE, *words, *options, topic=topic)


def published(scene, name, server, topic=None):
    """A member whose packet the server has."""
    peer = member(scene, name, server, topic=topic)
    check(server.wait(is_put), f"{name}: nothing was put")
    return peer


def meet(scene, words, *servers, ann, within=10, options=()):
    """Somebody new who knows ann's id alone."""
    bob = member(scene, f"bob, {words}", *servers, options=("--peer", ann.id, *options))
    bob.wait("joined", within)
    bob.send(f"hello, {words}")
    ann.wait_message(f"hello, {words}")
    bob.leave()
    return bob


def honest(scene):
    server = pkarr_server.Server()
    ann = published(scene, "ann", server)
    bob = meet(scene, "honest", server, ann=ann)
    check(bob.wait("joined")["at"] < 5, "it took longer than a patient server may take")
    check(not [r for r in server.requests if r.method == "PUT" and r.key != server.requests[0].key],
          "who publishes no addresses put something all the same")
    ann.leave()


def liars(scene):
    """One of two servers does its worst, the other one is asked all the same."""
    good = pkarr_server.Server()
    ann = published(scene, "ann, of liars", good)
    for manner in pkarr_server.MANNERS:
        bad = pkarr_server.Server(manner)
        bad.stored = {key: bytes(len(body)) for key, body in good.stored.items()}
        bad.first = bad.stored
        began = time.monotonic()
        bob = meet(scene, manner, bad, good, ann=ann)
        print(f"{manner}: joined after {bob.wait('joined')['at']:.2f} s, "
              f"left after {time.monotonic() - began:.2f} s")
        check(bad.wait(lambda r: r.method == "GET"), f"{manner}: it was not asked")
    ann.leave()


def forged(scene):
    """An address under a signature that is not of the endpoint is not dialled."""
    server = pkarr_server.Server()
    ann = published(scene, "ann, forged", server)
    server.manner = "forged"
    bob = member(scene, "bob, forged", server, options=("--peer", ann.id))
    failure = bob.wait("dial_failed", 60)
    check(failure["stage"] == "address" and not failure["tried"], f"it was dialled: {failure}")
    bob.leave()
    ann.leave()


def stale(scene):
    """An old packet of one server does not hide the new one of another."""
    old, new = pkarr_server.Server(), pkarr_server.Server()
    identity = str(scene.path / "key")
    options = ("--publish-addrs", "--identity", identity)
    first = member(scene, "ann, before", old, new, options=options)
    check(old.wait(is_put) and new.wait(is_put), "nothing was put")
    before = first.addr
    first.leave()
    old.manner = "stale"
    old.requests.clear()
    ann = member(scene, "ann, now", old, new, options=options)
    check(old.wait(is_put) and ann.addr != before, "nothing was put again")
    meet(scene, "stale", old, new, ann=ann)
    ann.leave()


def busy(scene):
    """Too many requests: the server is left alone for as long as it says."""
    server = pkarr_server.Server("busy", retry_after=3)
    ann = member(scene, "ann, refused", server)
    first = server.wait(lambda r: True)
    check(first, "nothing was asked")
    ann.wait_said("pkarr publish_failed .*reason=the server answers 429")
    server.manner = "honest"
    put = server.wait(is_put, 30)
    check(put and put.at - first.at >= 3, f"it came back too early: {server.requests}")
    meet(scene, "refused", server, ann=ann)
    ann.leave()


def unreachable(scene):
    """What is wrong is said."""
    server = pkarr_server.Server()
    server.shutdown()
    server.server_close()
    ann = member(scene, "ann, shut out", server)
    ann.wait_said(f"publish_failed url={server.url} reason=the server cannot be reached: "
                  "Connection refused")
    ann.leave()


def by_tls(scene):
    """A server is told nothing before it has shown a certificate for its name."""
    ca, context = authority.make(scene.path / "ca")
    other, _ = authority.make(scene.path / "other ca")
    server = pkarr_server.Server(tls=context)
    trusting = ("--publish-addrs", "--ca-file", ca)
    for words, url, options in (
            ("who knows another authority", server.url, ("--publish-addrs", "--ca-file", other)),
            ("who knows the system's authorities", server.url, ("--publish-addrs",)),
            ("who asks by another name", server.url.replace("localhost", "127.0.0.1"), trusting)):
        ann = scene.peer(f"ann, {words}", *NOWHERE, "--pkarr", url, *options)
        ann.wait_said(f"publish_failed url={url} reason=(the server's certificate is not accepted|"
                      "there are no certificates of authorities here)")
        ann.leave()
    check(not server.requests, f"it was told something: {server.requests}")
    ann = member(scene, "ann, by TLS", server, options=trusting)
    check(server.wait(is_put), "nothing was put")
    meet(scene, "by TLS", server, ann=ann, options=("--ca-file", ca))
    ann.leave()


def future(scene):
    """The clock was wrong once: what it dated ahead is replaced, where a server keeps the newer."""
    if "DTT_WRONG_CLOCK" not in os.environ:
        raise Skip("a sanitizer wants to be the first that is loaded")
    server = pkarr_server.Server()
    options = ("--publish-addrs", "--identity", str(scene.path / "key of the future"))
    scene.environment.update(LD_PRELOAD=os.environ["DTT_WRONG_CLOCK"],
                             DTT_CLOCK_SECONDS=str(YEAR))
    wrong = member(scene, "ann, a year ahead", server, options=options)
    ahead = server.wait(is_put)
    del scene.environment["LD_PRELOAD"], scene.environment["DTT_CLOCK_SECONDS"]
    check(ahead, "nothing was put")
    wrong.leave()
    stored = int.from_bytes(ahead.body[pkarr_server.TIME], "big")
    check(stored > (time.time() + YEAR - 60) * 1e6, f"its clock was not ahead: {stored}")
    server.requests.clear()
    ann = member(scene, "ann, in time", server, options=options)
    put = server.wait(is_put)
    check(put and int.from_bytes(put.body[pkarr_server.TIME], "big") == stored + 1,
          f"not dated later than the one of the future: {put}")
    meet(scene, "future", server, ann=ann)
    ann.leave()


def test(scene):
    scene.bootstrap = []
    for case in (honest, liars, forged, stale, busy, unreachable, by_tls, future):
        print(case.__name__)
        case(scene)


run(test)
