#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""`dtt chat` in a terminal: a half-typed line survives an arriving message, Ctrl-C leaves cleanly."""
import fcntl
import os
import pty
import re
import select
import subprocess
import termios
import time

import harness


class Terminal:
    """A command in a pseudo-terminal; what it shows is kept without the escape sequences."""

    def __init__(self, scene, *arguments):
        try:
            self.master, slave = pty.openpty()
        except OSError as error:  # a container without /dev/pts
            raise harness.Skip(f"no pseudo-terminal: {error}") from None
        self.popen = subprocess.Popen([harness.DTT, *arguments], stdin=slave, stdout=slave,
                                      stderr=slave, start_new_session=True,
                                      preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
                                      env={**scene.environment, "TERM": "xterm"})
        os.close(slave)
        self.shown = ""

    def wait(self, pattern, within=30):
        """Where the pattern was shown for the first time after what was waited for before."""
        deadline = time.monotonic() + within * harness.SLOW
        while True:
            text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.shown)
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


def test(scene):
    scene.testnet()
    ann = scene.peer("ann")
    terminal = Terminal(scene, "chat", scene.topic, "--listen", "127.0.0.1:0", "--secret-file",
                        scene.secret, *scene.bootstrap_options())
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
        if terminal.popen.poll() is None:
            terminal.popen.kill()
            terminal.popen.wait()
        os.close(terminal.master)


harness.run(test)
