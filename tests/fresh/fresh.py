#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Does what README.md says, line by line, in a Debian that has nothing but its base system.

usage: fresh.py [SUITE...]      bookworm, trixie; both without any. --list: the lines
       exit 77 (skipped) where a bare root cannot be made

The lines are those of README.md itself, run as root in a copy of the checkout. Only ./dev, which
installs packages from the mirror that this machine uses, has a network; the rest has none at all.
Bare roots are kept in build/fresh, logs are in build/log.
"""
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
FRESH = ROOT / "build" / "fresh"
LOGS = ROOT / "build" / "log"
SUITES = ["bookworm", "trixie"]
SKIPPED = 77

# Lines that are not run as they stand: (how they begin, what is run, exit codes that are right).
RUNS_ON = "timeout --preserve-status -k 5 -s INT 5 {line} </dev/null"
UNUSUAL = [
    ("./dev test", None, []),  # half an hour, and its own business
    ("build/dtt chat", RUNS_ON, [0]),  # two people; here it stays alone and is asked to leave
    ("./hello", RUNS_ON, [130]),  # runs until it is stopped: what it needs was found
]

# Checks between the lines: (after a line that begins so, the check).
MAN = "DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends man-db"
CHECKS = [
    ("meson setup", "dtt --version"),
    ("meson setup", MAN),
    ("meson setup", "man -w dtt && man -w libdtt && man dtt | grep -q SYNOPSIS"),
    ("sudo ninja", "! command -v dtt && ! pkg-config --exists libdtt && ! man -w dtt"),
    ("sudo ninja", "! find /usr/local -type f -name '*dtt*' | grep ."),
]
WITH_NETWORK = ("./dev", MAN)


def commands(readme):
    """The command lines of README.md: text that is indented by four spaces."""
    outside = re.sub(r"^```.*?^```", "", readme, flags=re.M | re.S)
    lines = re.findall(r"^ {4}(\S.*)$", outside, re.M)
    return [re.sub(r"\s+#.*", "", line) for line in lines]


def plan(readme):
    """What is run: (the line as it stands, the command or None, exit codes that are right)."""
    lines = commands(readme)
    for begin in [begin for begin, *_ in UNUSUAL + CHECKS]:
        if not any(line.startswith(begin) for line in lines):
            sys.exit(f"fresh: README.md has no line that begins with '{begin}' any more")
    for line in lines:
        runs = [(line, how and how.format(line=line), codes) for begin, how, codes in UNUSUAL
                if line.startswith(begin)]
        yield runs[0] if runs else (line, line.replace("sudo ", ""), [0])
        yield from ((check, check, [0]) for begin, check in CHECKS if line.startswith(begin))


def skip(reason):
    print(f"fresh: not run, {reason}")
    print("0 passed, 0 failed, 1 skipped")
    sys.exit(SKIPPED)


def mirror():
    """The Debian mirror that this machine's apt uses."""
    done = subprocess.run(["apt-get", "indextargets", "--format", "$(ORIGIN) $(REPO_URI)",
                           "Created-By: Packages", "Component: main"], text=True, capture_output=True)
    words = [line.split() for line in done.stdout.splitlines()]
    found = [uri for origin, uri in (w for w in words if len(w) == 2)
             if origin == "Debian" and "security" not in uri]
    return found[0] if found else "http://deb.debian.org/debian"


def apt_settings():
    """Proxies and the like, so that the bare root reaches the mirror as this machine does."""
    done = subprocess.run(["apt-config", "dump"], text=True, capture_output=True)
    return "".join(f"{line}\n" for line in done.stdout.splitlines()
                   if re.match(r"Acquire::https?::\S*proxy", line, re.I))


def base(suite, log):
    """The bare root of a suite, made once."""
    folder = FRESH / f"base-{suite}"
    if not folder.is_dir():
        half = FRESH / f"half-{suite}"
        shutil.rmtree(half, ignore_errors=True)
        done = subprocess.run(["debootstrap", "--variant=minbase", suite, str(half), mirror()],
                              stdout=log, stderr=log)
        if done.returncode:
            skip(f"debootstrap {suite} failed, see {log.name}")
        half.rename(folder)
    return folder


def furnish(suite, log):
    """A copy of the bare root with the checkout in /src."""
    root = FRESH / f"root-{suite}"
    shutil.rmtree(root, ignore_errors=True)
    subprocess.run(["cp", "-a", "--reflink=auto", base(suite, log), root], check=True)
    for name in ["resolv.conf", "hosts"]:
        shutil.copy(f"/etc/{name}", root / "etc" / name)
    (root / "etc/apt/apt.conf.d/99host").write_text(apt_settings())
    readme = (ROOT / "README.md").read_text()
    files = subprocess.run(["git", "-C", ROOT, "ls-files", "-z"], check=True, capture_output=True).stdout
    tar = subprocess.run(["tar", "-C", ROOT, "--null", "-T", "-", "-c"], input=files, check=True,
                         capture_output=True).stdout
    (root / "src").mkdir()
    subprocess.run(["tar", "-C", root / "src", "-x", "--no-same-owner"], input=tar, check=True)
    program = re.search(r"^```c\n(.*?)^```", readme, re.M | re.S).group(1)
    (root / "src" / "hello.c").write_text(program)
    return root


def run(root, command, log):
    """Runs it in the root; mounts and processes end with it."""
    network = "" if command.startswith(WITH_NETWORK) else "n"
    inside = (f"mount -t proc proc {root}/proc && mount --rbind /dev {root}/dev && "
              f"exec chroot {root} /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:"
              f"/usr/bin:/sbin:/bin HOME=/root sh -c {shlex.quote('cd /src && ' + command)}")
    log.write(f"\n$ {command}\n")
    log.flush()
    return subprocess.run(["unshare", f"-mpf{network}", "sh", "-c", inside], stdin=subprocess.DEVNULL,
                          stdout=log, stderr=log).returncode


def tail(path):
    return "".join(f"  {line}\n" for line in path.read_text(errors="replace").splitlines()[-25:])


def follow(suite):
    """Follows README.md in a suite; the numbers of lines that were right and wrong."""
    path = LOGS / f"fresh-{suite}.log"
    good = bad = 0
    with open(path, "w", encoding="utf-8") as log:
        begin = time.monotonic()
        root = furnish(suite, log)
        print(f"fresh: {suite}: {time.monotonic() - begin:4.0f} s  a bare root with the checkout",
              flush=True)
        for line, command, codes in plan((ROOT / "README.md").read_text(encoding="utf-8")):
            if command is None:
                print(f"fresh: {suite}:  left out  {line}")
                continue
            at = time.monotonic()
            code = run(root, command, log)
            log.flush()
            right = code in codes
            good, bad = good + right, bad + (not right)
            print(f"fresh: {suite}: {time.monotonic() - at:4.0f} s  "
                  f"{'' if right else f'FAILED (exit {code}): '}{line}", flush=True)
            if not right:
                print(tail(path), end="")
        print(f"fresh: {suite}: {time.monotonic() - begin:4.0f} s in all", flush=True)
    shutil.rmtree(root, ignore_errors=True)
    return good, bad


def main(words):
    if words == ["--list"]:
        for line, command, _ in plan((ROOT / "README.md").read_text(encoding="utf-8")):
            print(line if command == line else f"{line}    (run as: {command})")
        return 0
    unknown = [word for word in words if word not in SUITES]
    if unknown:
        sys.exit(f"fresh: no suite {unknown[0]}; there are {' '.join(SUITES)}")
    if os.geteuid() != 0:
        skip("a bare root needs root")
    if not shutil.which("debootstrap"):
        skip("there is no debootstrap")
    if subprocess.run(["unshare", "-mpfn", "true"], capture_output=True).returncode:
        skip("namespaces are not allowed here")
    FRESH.mkdir(parents=True, exist_ok=True)
    LOGS.mkdir(parents=True, exist_ok=True)
    counts = [follow(suite) for suite in words or SUITES]
    good, bad = (sum(column) for column in zip(*counts))
    print(f"{good} passed, {bad} failed, 0 skipped")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
