#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Two members that no datagram connects, one having IPv4 only and one IPv6, meet by a relay that
both were given, also when it is not there at first, and go on when it was away for a while. Two that
a datagram connects meet by the relay, too, and are direct before long. A member that publishes no
addresses tells a pkarr server of its relay, when that serves, and nobody of the token for it."""
import harness
import pkarr_server
from relay_server import Relay

TOKEN = "tell-nobody"


def meet(scene, relay, listens, *anns_options, before=lambda: None):
    """Ann, and Ben, who knows her id and an address of hers where nobody is."""
    ann = scene.peer("ann", "--relay", relay.url, *anns_options, listen=listens[0])
    ann_id = ann.wait("listening")["endpoint_id"]
    ben = scene.peer("ben", "--relay", relay.url, "--peer", f"{ann_id}@192.0.2.1:4000",
                     listen=listens[1])
    before()
    return ann, ben


def talk(ann, ben, words):
    ann.send(f"ann: {words}")
    ben.send(f"ben: {words}")
    ben.wait_message(f"ann: {words}", 20)
    ann.wait_message(f"ben: {words}", 20)


def check_way(peer, way):
    up = peer.wait("neighbor_up")
    harness.check(up["way"] == way, f"{peer.name}: {up}")


def said_of_relay(scene, relay):
    """That it is not reached is said at the terminal with reason and advice; then it starts."""
    for peer in scene.processes[-2:]:
        peer.wait_said(rf"relay {relay.url}: the connection failed: .*; is its URL right")
    relay.start()


def check_told(peer, relay):
    """What became of it is said once, however often it was tried."""
    peer.wait_said(f"relay {relay.url} serves now", 20)
    peer.wait("relay", where=lambda event: event["up"])
    told = [event["up"] for event in peer.of_kind("relay")]
    harness.check(told == [False, True], f"{peer.name} was told {peer.of_kind('relay')}")
    said = [line for line in peer.said if relay.url in line and "no DHT node" not in line]
    harness.check(len(said) == 2, f"{peer.name} said {said}")


def by_id_alone(scene):
    """At a relay that wants a token, which no line, event or packet has."""
    server = pkarr_server.Server()
    relay = Relay(TOKEN)
    options = ["--relay", f"{relay.url}/{relay.query}", "--pkarr", server.url, "--log", "debug"]
    cleo = scene.peer("cleo", *options)
    put = server.wait(lambda request: request.method == "PUT")
    harness.check(put and f"relay={relay.url}/".encode() in put.body, f"cleo has published {put}")
    dora = scene.peer("dora", *options, "--peer", cleo.id, listen="[::1]:0")
    talk(cleo, dora, "by id alone")
    cleo.leave()
    dora.leave()
    harness.check(TOKEN.encode() not in put.body, f"the token is in {put}")
    for peer in (cleo, dora):
        harness.check(any(f"127.0.0.1:{relay.port}" in line for line in peer.said),
                      f"the log of {peer.name} does not have the relay")
        told = [str(line) for line in [*peer.said, *peer.events] if TOKEN in str(line)]
        harness.check(not told, f"{peer.name} tells the token: {told}")


def test(scene):
    scene.bootstrap = ["127.0.0.1:9"]
    relay = Relay()
    ann, ben = meet(scene, relay, ["127.0.0.1:0", "[::1]:0"])
    check_way(ann, "relay")
    check_way(ben, "relay")
    talk(ann, ben, "by the relay")
    relay.stop()
    ann.send("while it is away")
    relay.start()
    ben.wait_message("while it is away", 30)
    talk(ann, ben, "it is back")
    harness.check(not ann.of_kind("neighbor_down"), "ann has lost her neighbour")
    ann.leave()
    ben.leave()

    relay.stop()
    ann, ben = meet(scene, relay, ["127.0.0.1:0", "[::1]:0"],
                    before=lambda: said_of_relay(scene, relay))
    talk(ann, ben, "it came late")
    for peer in (ann, ben):
        check_told(peer, relay)
    ann.leave()
    ben.leave()

    by_id_alone(scene)

    ann, ben = meet(scene, relay, ["127.0.0.1:0", "127.0.0.1:0"], "--quit-on-eof")
    talk(ann, ben, "at first")
    for peer in (ann, ben):
        if peer.wait("neighbor_up")["way"] == "relay":
            peer.wait("neighbor_way", where=lambda event: event["way"] == "direct")
    relay.stop()
    talk(ann, ben, "directly")
    # What the relay took with it, an acknowledgement perhaps, goes the direct way, too; but when ann
    # is gone nobody is left to acknowledge what ben said.
    ann.end_input()
    code = ann.wait_exit(30)
    harness.check(code == 0, f"ann: exit {code} after the end of her input")
    ben.kill()
    ben.wait_exit()


if __name__ == "__main__":
    harness.run(test)
