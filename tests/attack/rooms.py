# SPDX-License-Identifier: MIT OR Apache-2.0
"""The room itself: outsiders and slow neighbours, and whether members hear each other."""
import threading
import time

from doors import FIFTY
from lab import (LISTENER, OUTSIDER, Failure, Memory, Sink, Talk, attack, case, check, end, joins,
                 member, pair, quick_links, slow_links, swarm, where)


@case("silence_2", 2)
@case("silence_6", 6)
@case("silence_12", 12)
@case("silence_2_garbage", 2, "--garbage")
@case("silence_6_garbage", 6, "--garbage")
@case("silence_12_garbage", 12, "--garbage")
@case("silence_12_same", 12, "--same", *FIFTY)
@case("silence_12_many_48", 12, "--from", "2001:db8:2::1", "--prefix", 48, "--sources", 96,
      version=6)
def silence(scene, count, *options, version=4):
    """Outsiders join each of eight members with some identities and pass nothing on."""
    members = swarm(scene, 8)
    hostile = attack(scene, "silence", members, "--count", count, *options, version=version)
    talk = Talk(members)
    talk.rounds(20, "line")
    share = talk.delivered("line")
    report = end(hostile)
    figures = f"{share:.1%} of the lines delivered, {report['tx_bytes'] / 1e6:.1f} MB sent"
    check(share >= 0.99, figures)
    return figures


@case("mixed")
def mixed(scene):
    """Places, handshakes, hearsay, silence, datagrams and a mute neighbour, all at the same time."""
    members = swarm(scene, 6)
    watch = Memory(members[0])
    with Sink(8, "127.0.0.67") as sink:
        attacks = [
            attack(scene, "hold", members, *FIFTY, "--count", 50, within=240),
            attack(scene, "silence", members, "--count", 6, "--garbage"),
            attack(scene, "mute", members[:1]),
            attack(scene, "halfopen", members, *FIFTY, "--count", 50, "--rate", 100),
            attack(scene, "join", members[1:2], "--rate", 40, "--victim", sink.addr),
            attack(scene, "initials", members[:1], "--rate", 1500, "--short", 50),
        ]
        sink.bytes_at["127.0.0.67"], sink.started = 0, time.monotonic()
        talk = Talk(members)
        talk.rounds(20, "line")
        share = talk.delivered("line")
        took = joins(scene, "newcomer", 60)
        rate = sink.rate(len(members))
        peak = watch.end()
        for hostile in attacks:
            hostile.kill()
            hostile.wait_exit()
    figures = (f"{share:.1%} of the lines delivered, a newcomer in after {took:.1f} s, "
               f"{peak:.1f} MiB more, {rate:.0f} B/s a member at a third party")
    check(share >= 0.99 and peak <= 8 and rate <= 600, figures)
    return figures


@case("mute_1", 1)
@case("mute_6", 6)
def mute(scene, count):
    """Neighbours take no more bytes: the others hear within a second, and the end is an end."""
    speaker, other = pair(scene)
    hostile = attack(scene, "mute", [speaker], "--count", count)
    slowest = 0.0
    for i in range(400):
        text = f"{i} " + "x" * 3000
        speaker.send(text)
        sent = time.monotonic()
        other.wait_message(text, 10)
        slowest = max(slowest, time.monotonic() - sent)
    end(hostile)
    check(slowest <= 1, f"the slowest message took {slowest:.1f} s")
    return f"400 messages, the slowest in {slowest * 1000:.0f} ms"


@case("mute_quit", 1)
@case("mute_quit_6", 6)
@case("mute_quit_alone", 6, is_alone=True)
def mute_quit(scene, count, is_alone=False):
    """--quit-on-eof ends although neighbours take no bytes, or all of them."""
    scene.bootstrap = ["127.0.0.1:9"]
    speaker = member(scene, "ann", "--quit-on-eof")
    others = [] if is_alone else [member(scene, "bob", "--peer", where(speaker))]
    for each in others:
        each.wait("joined")
    attack(scene, "mute", [speaker], "--count", count)
    speaker.wait("joined")

    def feed():
        try:
            for i in range(300):
                speaker.send(f"{i} " + "x" * 3000)
                time.sleep(0.02)  # at once, the buffer of the mute one would be full and end it
            speaker.end_input()
        except OSError:
            pass  # it was ended
    threading.Thread(target=feed, daemon=True).start()  # a member that reads no more would block it
    start = time.monotonic()
    speaker.wait_exit(60)
    for each in others:
        each.wait_message("299 " + "x" * 3000, 5)
    return f"300 messages, the command ended after {time.monotonic() - start:.1f} s"


@case("slow_links_paced", 60)
@case("slow_links_fast", 1000)
def slow(scene, rate):
    """Two neighbours behind 256 and 64 kbit/s: lines reach the third one within half a second."""
    seconds = 20
    scene.bootstrap = ["127.0.0.1:9"]
    speaker = scene.peer("speaker")
    others = [scene.peer(name, "--peer", where(speaker), listen=f"{host}:0")
              for name, host in (("fast", "127.0.1.1"), ("slow", "127.0.3.1"),
                                 ("slower", "127.0.3.2"))]
    for each in (speaker, *others):
        each.wait("joined")
    fast = others[0]
    speaker.wait_count("neighbor_up", 3)
    slow_links({"127.0.3.1": 256, "127.0.3.2": 64})
    sent = []
    try:
        start = time.monotonic()
        while time.monotonic() - start < seconds:
            text = f"{len(sent)} " + "x" * 3000
            sent.append(time.monotonic())
            speaker.send(text)
            time.sleep(max(0, start + len(sent) / rate - time.monotonic()))  # the pace that is meant
        fast.wait_message(f"{len(sent) - 1} " + "x" * 3000, 10)
    finally:
        quick_links()
    came = [fast.started + event["at"] for event in fast.of_kind("message")]
    lagged = sum(event["missed"] for event in fast.of_kind("lagged"))
    check(len(came) == len(sent), f"{len(came)} of {len(sent)} lines arrived, {lagged} not taken")
    late = max(b - a for a, b in zip(sent, came))
    pause = max(b - a for a, b in zip(came, came[1:]))
    heard = " and ".join(str(len(each.of_kind("message"))) for each in others[1:])
    figures = (f"{len(sent)} lines of 3 kB in {seconds} s, the latest {late:.2f} s after it was "
               f"said, the longest pause {pause:.2f} s; the slow ones heard {heard}")
    check(pause <= 0.5 and late <= 0.5, figures)
    return figures


@case("flap", "flap")
@case("talk", "talk")
@case("large", "large")
@case("again", "again")
@case("announce", "announce")
@case("walk", "walk")
def flood(scene, kind):
    """A neighbour floods a member whose program takes events and nothing else: it hears the rest,
    and all of it once."""
    scene.bootstrap = ["127.0.0.1:9"]
    listener = scene.start("listener", scene.topic, scene.secret_text, 192,
                           command=str(LISTENER))
    other = scene.peer("bob", "--peer", where(listener))
    other.wait("joined")
    hostile = attack(scene, kind, [listener])
    for i in range(192):
        other.send(f"honest {i}")
        time.sleep(0.05)  # the pace of one that is honest
    report = end(hostile)
    try:
        listener.wait("heard", 10)  # what is late is not lost
    except Failure:
        pass
    downs = other.of_kind("neighbor_down")
    listener.end_input()
    counted = listener.wait("counted")
    figures = (f"{counted['honest']} of 192 honest messages, {counted['again']} heard again, "
               f"{counted['others']} others, {counted['missed']} events missed, "
               f"{report['tx_bytes'] / 1e6:.1f} MB sent")
    check(counted["honest"] == 192 and counted["again"] == 0, figures)
    check(kind != "walk" or not downs, f"what it sent cut off another: {downs}")
    return figures


@case("outsider_closed", "--closed")
@case("outsider_open")
def outsider(scene, *room):
    """Outsiders who know all but the secret get nothing out of a closed room, and nothing in."""
    topic = scene.run("topic", scene.topic, "--secret-file", scene.secret, *room).stdout.strip()
    scene.testnet()
    ann = scene.peer("ann", *room)
    bob = scene.peer("bob", *room)
    # It is in the open room, too: what outsiders hear there tells nothing of the closed one.
    both = scene.start("both", scene.topic, scene.secret_text, 1, "closed", command=str(LISTENER))
    carl = scene.peer("carl", *room, "--peer", where(both))
    carl.wait("neighbor_up", 30, lambda event: event["endpoint_id"] == both.id)
    for each in (ann, bob):
        each.wait("joined")
        each.wait("published")
    wrong = scene.file("wrong", scene.secret_text + "r")
    told = ["--peer", where(ann), "--peer", where(both)]
    eves = [scene.peer("wrong secret", "--closed", *told, secret=wrong),
            scene.peer("open", *told, secret=wrong)]
    raw = [scene.start(f"raw at {each.name}", scene.topic, scene.secret_text + "r", topic,
                       where(each), command=str(OUTSIDER)) for each in (ann, both)]
    for each in eves:
        each.wait("listening")
        each.send("let me in")
    for each in raw:
        each.wait("begun", 60)
    for i in range(5):
        ann.send(f"between us {i}")
        bob.wait_message(f"between us {i}")
        time.sleep(1)  # the pace of a talk
    at_ann, at_both = [end(each) for each in raw]
    heard = [text for each in eves for text in each.messages() if "between us" in text]
    said = [text for each in (ann, bob, carl) for text in each.messages() if text == "let me in"]
    joined = [each for each in eves if ann.id in str(each.of_kind("neighbor_up"))]
    looked = scene.run("lookup", scene.topic, *room, "--secret-file", wrong, "--json",
                       *scene.bootstrap_options(), within=40).stdout
    found = [each for each in (ann, bob, carl) if each.id in looked]
    hashes = at_ann["has_hash"] + at_both["has_hash"]
    figures = (f"{len(heard)} lines out, {len(said)} in, {len(joined)} joined, {len(found)} records "
               f"opened, {at_ann['bytes']} bytes on streams, the hash at {hashes} of 2")
    check(at_both["bytes"] > 0, figures)
    if room:
        check(not (heard or said or joined or found or at_ann["bytes"] or hashes), figures)
    else:  # the same outsiders get in, so the other case can fail
        check(heard and said and joined and at_ann["bytes"] and hashes == 2, figures)
    return figures
