#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""`dtt chat` in a terminal, a case for each thing that people expect of it; screens/ has what they see.
`chat.py CASE ...` runs some."""
import functools
import re
import signal
import sys
import time

import harness
import terminal

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"


def chat(scene, topic, *options, command="chat", **more):
    t = terminal.Terminal(scene, command, topic, "--listen", "127.0.0.1:0", "--secret-file",
                          scene.secret, *scene.bootstrap_options(), *options, **more)
    t.wait("leaves")
    return t


def together(scene, topic, *options, **more):
    """A chat and ann, who hear each other."""
    ann = scene.peer("ann", topic=topic)
    t = chat(scene, topic, *options, **more)
    t.known["ann"] = ann.id
    ann.wait("joined")
    t.wait("joined after")
    t.wait(f"{ann.id[:10]} is here")
    return t, ann


def commands(scene):
    """What begins with a slash stays here, unless it is an action or begins with two."""
    t, ann = together(scene, "commands")
    with t:
        for line in ("/hepl", "/help", "/who", "/me", "/me waves", "//usr is not home", "   "):
            t.type(line + "\r")
        ann.wait_message("/usr is not home")
        harness.check(ann.messages() == ["/me waves", "/usr is not home"], f"{ann.messages()}")
        ann.send("/me waves back")
        t.shows("commands")
        t.type("/quit\r")
        t.wait_exit()


def alone(scene, columns=80):
    """One line says what is waited for; lines that are typed are kept, and named in the end."""
    scene.testnet()  # which has no record of such a case before
    with chat(scene, "alone", columns=columns) as t:
        t.type("one\rtwo\rhal")
        t.shows(f"alone-{columns}")
        first = t.text()
        time.sleep(2.5)  # it changes in place
        harness.check(t.text() != first, "alone: the status does not change")
        harness.check(t.text().count("nobody else") == 1, f"alone: told twice:\n{t.text()}")
        t.wait(r"; [1-9][0-9] s;\s+others need")
        t.shows(f"hint-{columns}")
        t.type("\x03\x04")
        t.wait_exit(69)
        harness.check(re.search(r"dtt: 2 lines were not sent: no neighbour\s+took them\n"
                                r"dtt: not sent: one\ndtt: not sent: two\n", t.text()), t.text())


def first_comer(scene):
    """Who comes first gets what was typed before."""
    with chat(scene, "first") as t:
        t.type("one\rtwo\r")
        t.wait("2 lines are kept for whoever comes first")
        ann = scene.peer("ann", topic="first")
        ann.wait_message("one")
        ann.wait_message("two")
        t.wait_gone("kept for")
        t.type("\x04")
        t.wait_exit()


def half_a_line(scene):
    """A line that is being typed stays below what arrives, and Ctrl-C clears it before it leaves."""
    t, ann = together(scene, "half")
    with t:
        t.type("half a lin\x1b[D\x1b[D")
        ann.send("an interruption")
        t.wait("an interruption")
        t.shows("half")
        t.type("\x1b[Fe\r")
        ann.wait_message("half a line")
        ann.leave()
        t.wait(f"{ann.id[:10]} has left")
        t.type("thrown away\x03")
        t.wait("the line is gone, Ctrl-Y brings it back; Ctrl-C again leaves")
        t.shows("interrupt")
        t.type("\x19")
        t.wait("half> thrown away")
        t.wait_gone("Ctrl-C again leaves")
        t.type("\x03\x03")
        t.wait_exit()


def paste(scene):
    """What is pasted is one message; when it is too long, Enter sends it line by line."""
    t, ann = together(scene, "paste")
    with t:
        t.paste("first line\rsecond line\r\rfourth")
        t.shows("paste")
        time.sleep(1)
        harness.check(not ann.messages(), f"paste: sent {ann.messages()} without Enter")
        t.type("\r")
        ann.wait_message("first line\nsecond line\n\nfourth")
        t.shows("pasted")
        t.paste("\r".join(f"line {n} of a long paste" for n in range(300)))
        t.wait("300 lines: Enter sends them one by one")
        t.type("\x03")
        t.wait_gone("300 lines")
        t.paste("\r".join(f"line {n} of a long paste" for n in range(300)))
        t.type("\r")
        ann.wait_message("line 299 of a long paste")
        harness.check(ann.messages()[1:] == [f"line {n} of a long paste" for n in range(300)],
                      "paste: not all lines arrived in order")
        t.type("\x04")
        t.wait_exit()


def emoji(scene):
    """A family is one character for the cursor, and nothing of it stays behind."""
    t, ann = together(scene, "emoji")
    with t:
        t.type(f"a{FAMILY}b\x1b[D\x1b[Dx\x1b[C\x7f\x1b[Fy")
        t.wait("emoji> axby")
        t.shows("emoji")
        t.type(f"\r{FAMILY}e\u0301\x7f\r")
        ann.wait_message("axby")
        ann.wait_message(FAMILY)
        t.type("\x04")
        t.wait_exit()


def narrow(scene):
    """Another size of the terminal, wide characters, and a line of several rows."""
    t, ann = together(scene, "narrow")
    with t:
        t.type("a line that is long enough to need more than one row of forty")
        ann.send("words of a message that are not broken within, and 日本語の文字 of two columns each")
        t.wait("two columns each")
        t.shows("narrow-80")
        t.resize(40)
        ann.send("words of a message that are not broken within, and 日本語の文字 of two columns each")
        t.shows("narrow-40")
        t.resize(12)
        ann.send("by and by")
        t.shows("narrow-12", last=7)
        t.resize(80)
        ann.send("at last")
        t.shows("narrow-80-again")
        t.type("\x03\x04")
        t.wait_exit()


def hostile(scene):
    """No message looks like the line of another, or of the program."""
    t, ann = together(scene, "hostile", columns=60)
    with t:
        ann.send("\x1b[31mred\x07 \u202egnorw")
        ann.send("x" + " " * 44 + "12:00 -- ann has left")
        ann.send("x" * 42 + "12:00\u00a0--\u00a0ann\u00a0has\u00a0left")
        t.wait("(?s)left.*left")
        t.shows("hostile")
        harness.check(t.emulator.bells == 0, "hostile: the bell rang")
        for line in t.emulator.text(everything=True).splitlines():
            harness.check(re.match(r"\d\d:\d\d (--|\[unsigned\] via) | {6}|hostile>", line), f"hostile: {line!r}")
        t.type("\x04")
        t.wait_exit()


def plain(scene):
    """Nothing changes in place for a screen reader; colours only where they are wanted."""
    for term, options in (("dumb", ()), ("xterm", ("--plain",))):
        t, ann = together(scene, f"plain {term}", *options, term=term, columns=160)
        with t:
            t.type("hello\n")
            ann.wait_message("hello")
            t.type("/who\n/hepl\n")
            t.wait("'/hepl' is not a command")
            ann.send("hello, too")
            t.wait("hello, too")
            t.shows(f"plain-{term}")
            harness.check("\x1b" not in t.raw, f"plain: {t.raw!r}")
            t.type("\x04")
            t.wait_exit()
    with chat(scene, "plain and alone", term="dumb") as t:
        t.type("one\n")
        t.wait("nobody is here to hear that; it will be sent to whoever comes first")
        t.type("\x03")
        t.wait_exit(69)
        t.wait("not sent: one")
    for value, is_colourful in (("", True), ("1", False)):
        with chat(scene, "colour", environment={"NO_COLOR": value}) as t:
            t.type("one\r")
            t.wait("me: one")
            harness.check(bool(re.search(r"\x1b\[[0-9;]+m", t.raw)) == is_colourful,
                          f"NO_COLOR={value}: {t.raw!r}")


def away(scene):
    """A mark where the program stood still, and where nobody was there."""
    t, ann = together(scene, "away")
    with t:
        t.popen.send_signal(signal.SIGSTOP)
        time.sleep(17)
        t.popen.send_signal(signal.SIGCONT)
        t.wait(r"-- you were away for [12]\d s: what was said meanwhile may be missing")
        ann.leave()
        t.wait("nobody is left; looking for others")
        time.sleep(16)
        scene.peer("ben", topic="away").wait("joined")
        t.wait(r"-- you were alone for [1-9]\d s: what was said elsewhere meanwhile may be missing")
        t.type("\x04")
        t.wait_exit()


def day(scene):
    """A line where the day changes: midnight comes in some seconds, in a zone made for that."""
    passed = int(time.time()) % 86400
    east = (86400 - 6 - passed) % 86400
    sign, east = ("+", 86400 - east) if east > 43200 else ("-", east)
    zone = f"XYZ{sign}{east // 3600:02}:{east // 60 % 60:02}:{east % 60:02}"
    with chat(scene, "day", environment={"TZ": zone}) as t:
        t.type("before\r")
        t.wait("23:59 me: before")
        time.sleep(7)
        t.type("after\r")
        t.wait(r"23:59 me: before\n---- \w+day, \d{4}-\d\d-\d\d ----\n00:00 me: after")


def names(scene):
    """Authors have names, of which none passes for another's; one's own rings the bell and is kept."""
    key = str(scene.path / "key")
    ann = scene.peer("ann", "--signed", "--name", "Ann", topic="names")
    with chat(scene, "names", "--identity", key, "--name", "bob") as t:
        t.known["ann"] = ann.id
        t.wait("Ann is here|is called Ann now")
        ann.wait("member", where=lambda e: e.get("name") == "bob")
        t.type("hello\r")
        heard = ann.wait_message("hello")
        harness.check(heard["signed"] == "dated" and "replayed" not in heard, f"names: {heard}")
        ann.send("all: hello")
        t.wait(r"\d Ann: all: hello")
        harness.check(t.emulator.bells == 0, "names: the bell rang for nothing")
        ann.send("hello, Bob")
        t.wait("Ann: hello, Bob")
        harness.check(t.emulator.bells == 1, f"names: the bell rang {t.emulator.bells} times")
        harness.check("\x1b[1mhello, Bob" in t.raw, f"names: not marked: {t.raw[-200:]!r}")
        eve = scene.peer("eve", "--signed", "--name", "\u0410nn: hi\u202e", topic="names")
        t.known["eve"] = eve.id
        t.wait(rf"nn_ hi#{eve.id[:10]}|\u0410nn_ hi")
        fay = scene.peer("fay", "--signed", "--name", "bob", topic="names")
        t.known["fay"] = fay.id
        fay.wait("joined")
        t.wait(rf"bob#{fay.id[:10]} (is here|now)")
        fay.send("it is me")
        t.wait(rf"\d bob#{fay.id[:10]}: it is me")
        dan = scene.peer("dan", topic="names")
        dan.wait("joined")
        dan.send("it is me, too")
        t.wait(r"\d \[unsigned\] via [^:]+: it is me, too")
        t.type("/who\r")
        t.wait("you are bob; others can dial '--peer [0-9a-f ]{64,}@")
        t.wait(rf"Ann \({ann.id[:10]}\): a neighbour")
        t.type("/name *\r")
        t.wait("that is no name that others could read: nothing has changed")
        t.type("/name Bobby\r")
        t.wait("you are Bobby; that is kept")
        ann.wait("member", where=lambda e: e.get("name") == "Bobby" and e.get("was") == "bob")
        t.type("\x04")
        t.wait_exit()
    with chat(scene, "names", "--identity", key, environment={"NO_COLOR": "1"}) as t:
        t.wait("you are Bobby")
        t.wait("is here|is called Ann")
        ann.send("welcome, bobby")
        t.wait(r"\[you\] \S+: welcome, bobby")


def a_pipe(scene):
    """`dtt pipe` in a terminal says that it reads, and that it has."""
    with chat(scene, "typed", command="pipe") as t:
        ben = scene.peer("ben", topic="typed")
        t.wait("joined")
        t.type("typed into a pipe\n")
        ben.wait_message("typed into a pipe")
        t.type("\x04")
        t.wait("the input has ended; still listening, Ctrl-C leaves")
        ben.send("after the end")
        t.wait("after the end")
        t.type("\x03")
        t.wait_exit()


CASES = {"commands": commands, "alone": alone, "alone-40": functools.partial(alone, columns=40),
         "first": first_comer, "half": half_a_line, "paste": paste, "emoji": emoji,
         "narrow": narrow, "names": names, "hostile": hostile, "plain": plain, "away": away, "day": day,
         "pipe": a_pipe}


def test(scene):
    scene.testnet()
    for case in sys.argv[1:] or CASES:  # in groups of some seconds each: meson.build
        CASES[case](scene)


harness.run(test)
