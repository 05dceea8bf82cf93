# SPDX-License-Identifier: MIT OR Apache-2.0
"""Signed messages: the chat example of iroh-gossip, built from the published crate, in one room with
nodes of ours. Environment: DTT_IROH_CHAT, the example.
"""
import hashlib
import os
import re

import terminal
from world import Room, Skip, check, told

IROH_CHAT = os.environ.get("DTT_IROH_CHAT", "build/rust/servers/bin/chat")
ID = re.compile(r"> our endpoint id: (\w+)")
LISTENING = "> waiting for peers to join us..."


def line(chat, text, within=60):
    return chat.wait("line", within, lambda event: event["text"] == text)


def example(world, port):
    """The example, in the room and with a name; it prints what it hears."""
    if not os.access(IROH_CHAT, os.X_OK):
        raise Skip("the example of iroh-gossip is not built")
    topic = hashlib.sha512(world.topic.encode()).digest()[:32].hex()
    chat = world.start("chat", "--no-relay", "--bind-port", port, "--name", "Rusty", "open", topic,
                       command=IROH_CHAT, is_text=True)
    told_id = chat.wait("line", 60, lambda event: ID.match(event["text"]))
    line(chat, LISTENING)
    return chat, ID.match(told_id["text"])[1]


def same_room(world):
    """Names and lines both ways; bytes that are no text do not end the example, as plain text does."""
    chat, chat_id = example(world, 45555)
    ann, ben = (Room(world.c_rooms(name), world.topic) for name in ("ann", "ben"))
    ann.process.send(f"/join {ann.topic} {chat_id}@127.0.0.1:45555")
    ann.wait("neighbor_up", 60)
    ben.process.send(" ".join(["/join", ben.topic, *told(ann)[1::2]]))
    ben.wait("neighbor_up", 60)
    line(chat, "> connected!")
    named = ann.wait("member", 60, lambda event: event.get("name") == "Rusty")
    check(named["endpoint_id"] == chat_id, f"{named}: not {chat_id}")
    for room in (ann, ben):
        room.process.send(f"/name {room.topic} {room.name.title()}")
        line(chat, f"> {room.id[:10]} is now known as {room.name.title()}")
        room.process.send(f"/signed {room.topic} hello from {room.name}")
        line(chat, f"{room.name.title()}: hello from {room.name}")
    chat.send("hello from Rust")
    for room in (ann, ben):
        said = room.wait_message("hello from Rust\n", 60)  # the example keeps the end of the line
        check(said["author"] == chat_id and said["signed"] == "undated", f"{said}")
    said = ben.wait_message("hello from ann")
    check(said["author"] == ann.id and said["signed"] == "dated", f"{said}")
    check("replayed" not in said, f"{said}")
    with open(ann.process.popen.stdin.fileno(), "wb", closefd=False) as raw:
        raw.write(f"/signed {ann.topic} ".encode() + b"\xff\xfe\n")
    check(ben.wait("message", 60, lambda event: event.get("base64") == "//4=")["author"] == ann.id,
          "bytes of another author")
    line(chat, "Ann: ")
    ann.process.send(f"/signed {ann.topic} still there?")
    line(chat, "Ann: still there?")
    chat.kill()


def same_room_as_command(world):
    """`dtt chat` in a terminal and in a pipe. The example keeps the end of a line; nobody sees it."""
    chat, chat_id = example(world, 45556)
    options = ("chat", world.topic, "--listen", "127.0.0.1:0", "--secret-file", world.secret,
               *world.bootstrap_options(), "--peer", f"{chat_id}@127.0.0.1:45556", "--name")
    with terminal.Terminal(world, *options, "Ann") as ann:
        ann.wait("Rusty is here|is called Rusty now")
        chat.wait("line", 60, lambda event: event["text"].endswith(" is now known as Ann"))
        ben = world.start("ben", *options, "Ben", is_text=True)
        chat.wait("line", 60, lambda event: event["text"].endswith(" is now known as Ben"))
        ann.type("hello from a terminal\r")
        line(chat, "Ann: hello from a terminal")
        ben.send("hello from a pipe")
        line(chat, "Ben: hello from a pipe")
        chat.send("hello from Rust")
        heard = ben.wait("line", 60, lambda event: event["text"].endswith(": hello from Rust"))
        check(heard["text"].split(":")[0] in ("Rusty", chat_id[:10]), f"{heard}")
        chat.send("and again")
        rusty = r"\d\d:\d\d \[undated\] Rusty: "
        ann.wait(rf"(?m)^{rusty}hello from Rust\n{rusty}and again$")
        ann.type("\x04")
        ann.wait_exit()
    chat.kill()


CASES = [
    ("chat", "example", same_room, "iroh-gossip's chat example and two of ours read each other's names "
     "and lines"),
    ("chat", "command", same_room_as_command, "and so do the example and `dtt chat`, in a terminal and "
     "in a pipe"),
]
