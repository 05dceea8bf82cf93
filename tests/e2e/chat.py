#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""`dtt chat` in a terminal: commands are not sent, a half-typed line survives an arriving message, Ctrl-C leaves cleanly, and
lines that nobody took are told. `dtt pipe` in a terminal says that it reads, and that it has."""
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time

import harness


class Terminal:
    """A command in a pseudo-terminal; what it shows is kept without the escape sequences."""

    def __init__(self, scene, *arguments, columns=80):
        try:
            self.master, slave = pty.openpty()
        except OSError as error:  # a container without /dev/pts
            raise harness.Skip(f"no pseudo-terminal: {error}") from None
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.popen = subprocess.Popen([harness.DTT, *arguments], stdin=slave, stdout=slave,
                                      stderr=slave, start_new_session=True,
                                      preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
                                      env={**scene.environment, "TERM": "xterm"})
        os.close(slave)
        self.shown = ""

    def wait(self, pattern, within=30, as_shown=False):
        """Where the pattern was shown for the first time after what was waited for before."""
        deadline = time.monotonic() + within * harness.SLOW
        while True:
            text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.shown)
            text = text if as_shown else text.replace("\r\n  ", " ")  # a remark's next row
            if found := re.search(pattern, text):
                self.shown = text[found.end():]
                return found.group()
            left = deadline - time.monotonic()
            harness.check(left > 0, f"chat: '{pattern}' is not shown, but: {text!r}")
            if select.select([self.master], [], [], min(left, 1))[0]:
                try:
                    self.shown += os.read(self.master, 4096).decode(errors="replace")
                except OSError:  # the other side is closed
                    raise harness.Failure(f"chat: ended; no '{pattern}' in {text!r}") from None

    def wait_exit(self, within=15):
        try:
            return self.popen.wait(within * harness.SLOW)
        except subprocess.TimeoutExpired:
            raise harness.Failure("chat: still runs") from None

    def type(self, text):
        os.write(self.master, text.encode())

    def close(self):
        if self.popen.poll() is None:
            self.popen.kill()
            self.popen.wait()
        os.close(self.master)


def in_terminal(scene, command, topic, columns=80):
    return Terminal(scene, command, topic, "--listen", "127.0.0.1:0", "--secret-file", scene.secret,
                    *scene.bootstrap_options(), columns=columns)


def narrow(scene):
    """Remarks are broken between words, and what is as wide as the terminal stays one row."""
    terminal = in_terminal(scene, "chat", "in a narrow terminal", columns=40)
    try:
        remark = terminal.wait(r"-- 'in a[^>]*leaves\.", as_shown=True)
        rows = remark.split("\r\n")
        harness.check(len(rows) == 3 and all(len(row) <= 40 for row in rows) and
                      rows[1].startswith("  ") and "Ctrl-D" in remark, f"narrow: {rows}")
        terminal.type("\x04")
        terminal.wait_exit()
    finally:
        terminal.close()


def commands(scene):
    """What begins with a slash stays here, unless it is an action or begins with two."""
    ann = scene.peer("ann", topic="commands")
    terminal = in_terminal(scene, "chat", "commands")
    try:
        ann.wait("joined")
        terminal.wait(f"{ann.id[:10]} is here")
        terminal.type("/hepl\r")
        terminal.wait("-- '/hepl' is not a command, and was not sent; '/help' lists them, '//' sends a slash")
        terminal.type("/help\r")
        for command in ("/help ", "/who ", "/me ACTION ", "/quit ", "//TEXT "):
            terminal.wait(re.escape(command))
        terminal.type("/who\r")
        terminal.wait(r"-- you are [0-9a-f]{10}\b")
        terminal.wait(f"-- 1 neighbour: {ann.id[:10]}")
        terminal.type("/me\r")
        terminal.wait("'/me' needs an action")
        terminal.type("/me waves\r")
        terminal.wait(r"\* me waves")
        terminal.type("//usr is not home\r")
        terminal.wait("me: /usr is not home")
        ann.wait_message("/usr is not home")
        harness.check(ann.messages() == ["/me waves", "/usr is not home"], f"commands: {ann.messages()}")
        ann.send("/me waves back")
        terminal.wait(rf"\* via {ann.id[:10]} waves back")
        terminal.type("/quit\r")
        harness.check(terminal.wait_exit() == 0, f"/quit: exit {terminal.popen.poll()}")
    finally:
        terminal.close()


def nobody_came(scene):
    terminal = in_terminal(scene, "chat", "empty")
    try:
        terminal.wait("Ctrl-D leaves")
        terminal.type("one\r")
        terminal.wait("whoever comes first")
        terminal.type("two\r")
        terminal.wait("me: two")
        terminal.type("\x04")
        terminal.wait("2 lines were not sent: no neighbour took them")
        harness.check(terminal.wait_exit() == 69, f"alone: exit {terminal.popen.poll()}")
    finally:
        terminal.close()


def a_pipe(scene):
    terminal = in_terminal(scene, "pipe", "typed")
    try:
        terminal.wait("lines that you type are sent; Ctrl-C leaves")
        ben = scene.peer("ben", topic="typed")
        terminal.wait("joined")
        terminal.type("typed into a pipe\n")
        ben.wait_message("typed into a pipe")
        terminal.type("\x04")
        terminal.wait("the input has ended; still listening, Ctrl-C leaves")
        ben.send("after the end")
        terminal.wait("after the end")
        terminal.type("\x03")
        harness.check(terminal.wait_exit() == 0, f"pipe: exit {terminal.popen.poll()}")
    finally:
        terminal.close()


def test(scene):
    scene.testnet()
    narrow(scene)
    commands(scene)
    nobody_came(scene)
    a_pipe(scene)
    ann = scene.peer("ann")
    terminal = in_terminal(scene, "chat", scene.topic)
    try:
        ann.wait("joined")
        terminal.wait(ann.id[:8])  # her arrival is shown
        terminal.type("hello from a terminal\r")
        ann.wait_message("hello from a terminal")
        terminal.type("half a li")
        terminal.wait("half a li")
        ann.send("an interruption")
        terminal.wait("an interruption")
        terminal.wait("half a li")  # drawn again below it
        terminal.type("ne\r")
        ann.wait_message("half a line")
        ann.leave()
        terminal.wait(ann.id[:8])  # so is her departure
        terminal.type("\x03")
        harness.check(terminal.wait_exit() == 0, f"chat: exit {terminal.popen.poll()} after Ctrl-C")
    finally:
        terminal.close()


harness.run(test)
