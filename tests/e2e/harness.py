# SPDX-License-Identifier: MIT OR Apache-2.0
"""Real `dtt` processes on a private DHT, for the tests in this folder.

A test is a function that takes a Scene and is handed to run(). It waits for events, never for time
to pass: each wait has a deadline and names what did not come. Whatever the outcome, no process is
left behind; when a test fails, what every process said is printed.

Environment: DTT_COMMAND, the command to test; DTT_SLOW, a factor on all deadlines (sanitizers).
"""
import fcntl
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import termios
import threading
import time

DTT = os.environ.get("DTT_COMMAND", "build/dtt")
SLOW = float(os.environ.get("DTT_SLOW", "1"))
SKIPPED = 77

# No state is kept but where a test names a place for it, least of all in the home of who runs it.
os.environ["XDG_STATE_HOME"] = "/dev/null"

# What a sanitizer writes before, or instead of, ending the process.
SANITIZER = re.compile(r"(Address|Leak|Memory|Thread)Sanitizer|runtime error:")


class Failure(Exception):
    """What was expected and did not happen."""


class Skip(Exception):
    """Why the test cannot be run here."""


def check(condition, sentence):
    if not condition:
        raise Failure(sentence)


class Process:
    """One running command. Its standard output is read as JSON events, a line each, or with
    `is_text` as lines that become events "line"."""

    def __init__(self, scene, name, arguments, command=DTT, is_text=False):
        self.scene = scene
        self.name = name
        self.is_text = is_text
        self.events = []
        self.said = []  # lines of standard error
        self.started = time.monotonic()
        self.changed = threading.Condition()
        self.popen = subprocess.Popen(
            [command, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, errors="backslashreplace", env=scene.environment)
        self.readers = [
            threading.Thread(target=self._read, args=(self.popen.stdout, self.events, self._event),
                             daemon=True),
            threading.Thread(target=self._read, args=(self.popen.stderr, self.said, str),
                             daemon=True)]
        for reader in self.readers:
            reader.start()

    def _event(self, line):
        try:
            event = {"event": "line", "text": line} if self.is_text else json.loads(line)
        except ValueError:
            event = {"event": "not json", "line": line}
        event["at"] = time.monotonic() - self.started
        return event

    def _read(self, stream, lines, parse):
        for line in stream:
            with self.changed:
                lines.append(parse(line.rstrip("\n")))
                self.changed.notify_all()
        with self.changed:
            self.changed.notify_all()

    def _find(self, lines, fits, within, wanted, since=0):
        """The first of `lines` that fits, waiting for it at most `within` seconds."""
        deadline = time.monotonic() + within * SLOW
        with self.changed:
            at = since
            while True:
                while at < len(lines):
                    if fits(lines[at]):
                        return lines[at]
                    at += 1
                left = deadline - time.monotonic()
                ended = not any(reader.is_alive() for reader in self.readers)
                if left <= 0 or ended:
                    why = "it ended first" if ended else f"not within {within * SLOW:.0f} s"
                    raise Failure(f"{self.name}: no {wanted}: {why}")
                self.changed.wait(min(left, 1))

    def wait(self, kind, within=30, where=lambda event: True, since=0):
        """The first event of a kind, from event number `since` on, for which `where` holds."""
        return self._find(self.events, lambda e: e["event"] == kind and where(e), within,
                          f"event {kind}", since)

    def wait_count(self, kind, count, within=30, where=lambda event: True):
        """Waits until `count` events of a kind have come for which `where` holds."""
        seen = [0]

        def fits(event):
            seen[0] += event["event"] == kind and where(event)
            return seen[0] >= count
        return self._find(self.events, fits, within, f"{count} events {kind}")

    def wait_message(self, text, within=30):
        return self._find(self.events, lambda e: e["event"] == "message" and e.get("text") == text,
                          within, f"message '{text}'")

    def wait_said(self, pattern, within=10):
        """The first line of standard error in which the pattern is found."""
        return self._find(self.said, re.compile(pattern, re.I).search, within,
                          f"'{pattern}' on standard error")

    def must_not(self, kind, during):
        """Spends `during` seconds; fails at once when an event of the kind comes."""
        deadline = time.monotonic() + during
        with self.changed:
            while (left := deadline - time.monotonic()) > 0:
                check(not self.of_kind(kind), f"{self.name}: an event {kind} came")
                check(self.popen.poll() is None, f"{self.name}: it ended")
                self.changed.wait(left)

    def of_kind(self, *kinds):
        return [event for event in self.events if event["event"] in kinds]

    def messages(self):
        return [event.get("text", event.get("base64")) for event in self.of_kind("message")]

    @property
    def id(self):
        return self.wait("listening")["endpoint_id"]

    @property
    def addr(self):
        """Where it listens, as a pair for socket calls."""
        host, port = self.wait("listening")["addrs"][0].rsplit(":", 1)
        return host.strip("[]"), int(port)

    def neighbors(self):
        return neighbors_of(self.events)

    def send(self, text):
        self.popen.stdin.write(text + "\n")
        self.popen.stdin.flush()

    def wait_read(self, within=30):
        """Until it has read all that was sent."""
        deadline = time.monotonic() + within * SLOW
        unread = bytearray(4)
        while fcntl.ioctl(self.popen.stdin, termios.FIONREAD, unread) == 0 and any(unread):
            check(time.monotonic() < deadline, f"{self.name}: it does not read its input")
            time.sleep(0.01)  # no event tells that a pipe was read

    def end_input(self):
        self.popen.stdin.close()

    def kill(self, number=signal.SIGKILL):
        self.popen.send_signal(number)

    def wait_exit(self, within=15):
        try:
            code = self.popen.wait(within * SLOW)
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.name}: still runs after {within * SLOW:.0f} s") from None
        for reader in self.readers:
            reader.join(10)
        return code

    def leave(self, number=signal.SIGTERM, wanted=0):
        """Asks it to leave, and checks that it does so in order, with the exit code `wanted`."""
        self.kill(number)
        code = self.wait_exit()
        check(code == wanted, f"{self.name}: exit {code} after {signal.Signals(number).name}")
        last = self.events[-1]["event"] if self.events else "nothing"
        check(last == "left", f"{self.name}: its last event is {last}, not left")

    def proc(self, field):
        """A number from /proc/PID/status."""
        text = pathlib.Path(f"/proc/{self.popen.pid}/status").read_text()
        return int(re.search(rf"^{field}:\s+(\d+)", text, re.M).group(1))

    def dirty_kib(self):
        """Memory of its own, not shared with other processes."""
        text = pathlib.Path(f"/proc/{self.popen.pid}/smaps_rollup").read_text()
        return int(re.search(r"Private_Dirty:\s+(\d+)", text).group(1))

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.popen.pid}/fd"))

    def check_clean(self):
        """It was not ended by a crash and had nothing to say to a sanitizer."""
        for line in self.said:
            check(not SANITIZER.search(line), f"{self.name}: {line}")
        code = self.popen.returncode
        crashed = code in (-signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS, -signal.SIGILL)
        check(not crashed, f"{self.name}: ended by signal {-code if code else 0}")
        check(not self.of_kind("not json"), f"{self.name}: a line of standard output is not JSON")

    def transcript(self):
        lines = [f"--- {self.name}: exit {self.popen.poll()}"]
        lines += ["  " + json.dumps(event) for event in self.events[-40:]]
        lines += ["  stderr: " + line for line in self.said[-80:]]
        return "\n".join(lines)


def neighbors_of(events):
    """Ids that came up and did not go down since."""
    up = set()
    for event in events:
        if event["event"] == "neighbor_up":
            up.add(event["endpoint_id"])
        elif event["event"] == "neighbor_down":
            up.discard(event["endpoint_id"])
    return up


class Scene:
    """What one test starts: processes, and a folder for its files."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="dtt-e2e-")
        self.path = pathlib.Path(self.folder.name)
        self.processes = []
        self.topic = f"e2e {os.path.basename(sys.argv[0])} {os.getpid()}"
        self.secret_text = "correct horse battery staple"
        self.secret = self.file("secret", self.secret_text + "\n")
        self.environment = {name: value for name, value in os.environ.items()
                            if name != "DTT_SECRET"}
        # Without it, only root may count a process's descriptors.
        self.environment["DTT_CORE_DUMPS"] = "1"
        self.net = None

    def file(self, name, content, mode=0o600):
        path = self.path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        path.chmod(mode)
        return str(path)

    def start(self, name, *arguments, command=DTT, is_text=False):
        process = Process(self, name, [str(word) for word in arguments], command, is_text)
        self.processes.append(process)
        return process

    def testnet(self, nodes=20):
        """A private DHT; peers started later use it."""
        self.net = self.start("testnet", "testnet", "--json", "--nodes", nodes)
        self.bootstrap = self.net.wait("ready")["bootstrap"]
        return self.net

    def bootstrap_options(self):
        return [word for addr in self.bootstrap for word in ("--bootstrap", addr)]

    def peer(self, name, *options, secret=None, topic=None, listen="127.0.0.1:0"):
        """`dtt pipe` on loopback."""
        return self.start(name, "pipe", topic or self.topic, "--json", "--listen", listen,
                          "--secret-file", secret or self.secret, *self.bootstrap_options(),
                          *options)

    def run(self, *arguments, stdin="", within=20, environment=None):
        """A command that ends by itself."""
        command = [DTT, *(str(word) for word in arguments)]
        try:
            done = subprocess.run(command, input=stdin, capture_output=True, text=True,
                                  timeout=within * SLOW, env={**self.environment,
                                                              **(environment or {})})
        except subprocess.TimeoutExpired:
            raise Failure(f"{' '.join(command)}: still runs after {within * SLOW:.0f} s") from None
        check(not SANITIZER.search(done.stderr), f"{' '.join(command)}:\n{done.stderr}")
        return done

    def close(self):
        for process in self.processes:
            if process.popen.poll() is None:
                process.kill(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait_exit(10)
            except Failure:
                process.kill()
                process.wait_exit(10)
        self.folder.cleanup()

    def check_clean(self):
        for process in self.processes:
            process.check_clean()


def everybody_talks(peers, words, within=30):
    """Each peer sends; every other one hears it once, and hears nothing else that begins so."""
    for peer in peers:
        peer.send(f"{words} from {peer.name}")
    for peer in peers:
        for other in peers:
            if other is not peer:
                peer.wait_message(f"{words} from {other.name}", within)
    for peer in peers:
        heard = sorted(text for text in peer.messages() if text.startswith(words))
        wanted = sorted(f"{words} from {other.name}" for other in peers if other is not peer)
        check(heard == wanted, f"{peer.name}: heard {heard}, not {wanted}")


def run(test, *arguments):
    """Runs a test function and ends the program with its outcome."""
    scene = Scene()
    status = 0
    try:
        try:
            test(scene, *arguments)
        finally:
            scene.close()
        scene.check_clean()
        print("ok")
    except Skip as reason:
        print(reason)
        status = SKIPPED
    except Exception as error:  # whatever it is, what the processes said helps to find it
        for process in scene.processes:
            print(process.transcript())
        print(f"FAILED: {error or type(error).__name__}")
        if not isinstance(error, Failure):
            raise
        status = 1
    sys.stdout.flush()
    sys.exit(status)
