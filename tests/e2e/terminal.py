# SPDX-License-Identifier: MIT OR Apache-2.0
"""A small terminal, and a command that runs in it.

Emulator knows what `dtt chat` sends and what every terminal does with it: rows that wrap, with the
cursor waiting in the last column, and that are broken anew when the width changes. Anything else is
an error. Terminal runs a command in one, and compares what it shows with a capture kept in screens/;
run with DTT_KEEP_SCREENS=1 to write them.
"""
import codecs
import fcntl
import os
import pathlib
import pty
import re
import struct
import subprocess
import termios
import threading
import time
import unicodedata

import harness

SCREENS = pathlib.Path(__file__).parent / "screens"
SEQUENCE = re.compile(r"\x1b\[([?0-9;]*)([A-Za-z])")


def width_of(character):
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


class Emulator:
    """`lines` are those above the screen, too; each is a list of cells, of which a wide character
    takes two, and `wraps` says of each whether the next one continues it."""

    def __init__(self, columns, rows):
        self.columns, self.rows = columns, rows
        self.lines, self.wraps = [[]], [False]
        self.top = self.row = self.column = 0
        self.bells = 0
        self.modes = set()
        self.rest = ""

    def feed(self, text):
        text = self.rest + text
        at = 0
        while at < len(text):
            if text[at] == "\x1b":
                found = SEQUENCE.match(text, at)
                if not found and len(text) - at < 12:
                    break
                harness.check(found, f"terminal: unknown sequence {text[at:at + 12]!r}")
                self._sequence(found.group(1), found.group(2))
                at = found.end()
            else:
                self._character(text[at])
                at += 1
        self.rest = text[at:]

    def _line(self):
        while len(self.lines) <= self.row:
            self.lines.append([])
            self.wraps.append(False)
        self.top = max(self.top, self.row - self.rows + 1)
        return self.lines[self.row]

    def _character(self, c):
        if c == "\r":
            self.column = 0
        elif c == "\n":
            self.row += 1
            self._line()
        elif c == "\a":
            self.bells += 1
        else:
            harness.check(unicodedata.category(c) not in ("Cc", "Cs"), f"terminal: character {c!r}")
            self._put(c, width_of(c))

    def _put(self, c, width):
        if width == 0:
            cells = self.lines[self.row]
            at = next((i for i in range(self.column - 1, -1, -1) if cells[i]), None)
            if at is not None:
                cells[at] += c
            return
        if self.column + width > self.columns:
            self.wraps[self.row] = True
            self.row, self.column = self.row + 1, 0
        cells = self._line()
        cells.extend(" " * (self.column + width - len(cells)))
        cells[self.column:self.column + width] = [c] + [""] * (width - 1)
        self.column += width

    def _sequence(self, parameters, what):
        n = int(parameters) if parameters.isdigit() else 1
        if what == "m":
            return
        if what in "hl":
            (self.modes.add if what == "h" else self.modes.discard)(parameters)
        elif what == "A":
            self.row = max(self.top, self.row - n)
        elif what == "H" and not parameters:
            self.row, self.column = self.top, 0
        elif what == "J" and not parameters:
            del self._line()[self.column:]
            self.wraps[self.row] = False
            del self.lines[self.row + 1:], self.wraps[self.row + 1:]
        else:
            raise harness.Failure(f"terminal: unknown sequence CSI {parameters}{what}")

    def resize(self, columns, rows):
        """Breaks the lines anew, as VTE, tmux, kitty and others do; the cursor stays at its
        character."""
        lines, wraps, cursor, goes_on = [], [], None, False
        for number, cells in enumerate(self.lines):
            if not goes_on:
                lines.append([])
                wraps.append(False)
            rest = list(cells)
            if number == self.row:
                rest.extend(" " * (self.column - len(rest)))
            for at in range(len(rest) + 1):
                if number == self.row and at == self.column:
                    cursor = (len(lines) - 1, len(lines[-1]))
                if at == len(rest):
                    break
                wide = at + 1 < len(rest) and rest[at + 1] == ""
                if rest[at] and len(lines[-1]) + 1 + wide > columns:
                    wraps[-1] = True
                    lines.append([])
                    wraps.append(False)
                lines[-1].append(rest[at])
            goes_on = self.wraps[number]
        self.lines, self.wraps, self.columns, self.rows = lines, wraps, columns, rows
        self.row, self.column = cursor
        self.top = max(0, len(lines) - rows)

    def text(self, everything=False):
        lines = self.lines if everything else self.lines[self.top:]
        return "\n".join("".join(cells).rstrip() for cells in lines).rstrip("\n") + "\n"


class Terminal:
    """`known` are the ids of peers, by the names that captures have instead."""

    def __init__(self, scene, *arguments, columns=80, rows=24, term="xterm", environment=None):
        try:
            self.master, slave = pty.openpty()
        except OSError as error:  # a container without /dev/pts
            raise harness.Skip(f"no pseudo-terminal: {error}") from None
        self.emulator = Emulator(columns, rows)
        self.known = {}
        self.raw = ""
        self._set_size(columns, rows)
        self.popen = subprocess.Popen(
            [harness.DTT, *arguments], stdin=slave, stdout=slave, stderr=slave,
            start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
            env={**scene.environment, "TERM": term, "TZ": "UTC", **(environment or {})})
        os.close(slave)
        self.is_open = True
        self.failure = None
        self.changed = threading.Condition()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _set_size(self, columns, rows):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def resize(self, columns, rows=24):
        """Once all is drawn for the size before."""
        with self.changed:
            while self.changed.wait(0.5):
                pass
            self.emulator.resize(columns, rows)
            self._set_size(columns, rows)

    def _read(self):
        """A terminal reads at all times; a command that writes to one would wait otherwise."""
        decode = codecs.getincrementaldecoder("utf-8")().decode
        while self.is_open:
            try:
                data = os.read(self.master, 65536)
            except OSError:  # the command has ended
                data = b""
            with self.changed:
                self.is_open = bool(data)
                text = decode(data)
                self.raw += text
                try:
                    self.emulator.feed(text)
                except harness.Failure as failure:
                    self.failure = failure
                self.changed.notify_all()

    def _until(self, is_there, what, within):
        deadline = time.monotonic() + within * harness.SLOW
        with self.changed:
            while not is_there():
                left = deadline - time.monotonic()
                if self.failure:
                    raise self.failure
                harness.check(left > 0 and self.is_open,
                              f"chat: {what} is not shown, but:\n{self.text()}")
                self.changed.wait(min(left, 1))

    def text(self):
        """All that was printed, and what is below it, in lines that are not broken."""
        return re.sub(r"\n {2,6}(?=\S)", " ", self.emulator.text(everything=True))

    def wait(self, pattern, within=30):
        self._until(lambda: re.search(pattern, self.text()), f"'{pattern}'", within)

    def wait_gone(self, pattern, within=30):
        self._until(lambda: not re.search(pattern, self.text()), f"something other than '{pattern}'",
                    within)

    def normal(self, last=0):
        """The screen, or its last lines, without what differs each time, and where the cursor is."""
        text = "\n".join(self.emulator.text().split("\n")[-last - 1 if last else 0:])
        for name, each in self.known.items():
            text = re.sub(rf"\b{each[:10]}\b", name[:10].ljust(10, "."), text)
        text = re.sub(r"\b[0-9a-f]{64}\b", "i" * 64, text)
        text = re.sub(r":\d{5}\b", ":PPPPP", text)
        text = re.sub(r"\b[0-9a-f]{10}\b", "someone...", text)
        text = re.sub(r"(?m)^\d\d:\d\d ", "HH:MM ", text)
        text = re.sub(r"\(\d+ DHT nodes? known\)", "(N DHT nodes known)", text)
        text = re.sub(r"joined after \d+\.\d+ s", "joined after N s", text)
        text = re.sub(r"; \d+ s\b", "; N s", text)
        emulator = self.emulator
        return f"{text}cursor: row {emulator.row - emulator.top + 1}, column {emulator.column + 1}\n"

    def shows(self, name, within=30, last=0):
        """Waits until the screen, or its last lines, is as it was captured."""
        path = SCREENS / f"{name}.txt"
        if os.environ.get("DTT_KEEP_SCREENS"):
            time.sleep(2)
            SCREENS.mkdir(exist_ok=True)
            path.write_text(self.normal(last))
        wanted = path.read_text()
        try:
            self._until(lambda: self.normal(last) == wanted, f"the screen {name}", within)
        except harness.Failure:
            raise harness.Failure(f"chat: the screen is not {path}, but:\n{self.normal(last)}") from None

    def wait_exit(self, wanted=0, within=15):
        """What it says at its end can be read afterwards."""
        try:
            code = self.popen.wait(within * harness.SLOW)
        except subprocess.TimeoutExpired:
            raise harness.Failure(f"chat: still runs:\n{self.text()}") from None
        self.reader.join(10)
        harness.check(code == wanted, f"chat: exit {code}, not {wanted}:\n{self.text()}")

    def type(self, text):
        os.write(self.master, text.encode())

    def paste(self, text):
        harness.check("?2004" in self.emulator.modes, "chat: wants no bracketed paste")
        self.type(f"\x1b[200~{text}\x1b[201~")

    def close(self):
        if self.popen.poll() is None:
            self.popen.kill()
            self.popen.wait()
        self.reader.join(10)
        os.close(self.master)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
