# SPDX-License-Identifier: MIT OR Apache-2.0
"""Hosts for tests of networks: each is a network namespace, joined to others by switches.

Everything lies in one namespace of the test itself, so nothing of it is left behind, and no test
sees the network of the machine. A test calls run(test); Lab makes hosts and switches.
"""
import os
import shutil
import subprocess
import sys
import threading
import time

import harness
from harness import DTT

INSIDE = "DTT_E2E_NAMESPACE"


def skip(sentence):
    print(sentence)
    sys.exit(harness.SKIPPED)


def enter(refuse=skip):
    """Starts this program again in new namespaces; returns only when `refuse` does."""
    if any(shutil.which(name) is None for name in ("unshare", "ip", "nsenter")):
        return refuse("no unshare, ip or nsenter here; ./dev setup installs util-linux and iproute2")
    flags = "-nm" if os.geteuid() == 0 else "-rnm"
    # `ip netns` keeps the names of namespaces in /run.
    script = "mount -t tmpfs none /run && mkdir /run/netns && ip link set lo up && exec \"$@\""
    probe = "mount -t tmpfs none /run && mkdir /run/netns && ip netns add probe"
    if subprocess.run(["unshare", flags, "sh", "-c", probe], capture_output=True,
                      check=False).returncode != 0:
        return refuse("network namespaces are not allowed here")
    os.environ[INSIDE] = "1"
    return os.execvp("unshare",
                     ["unshare", flags, "sh", "-c", script, "sh", sys.executable, *sys.argv])


def ip(*lines, host=None):
    """Lines for ip -batch, in the namespace of a host or of the test."""
    inside = ["-netns", host] if host else []
    done = subprocess.run(["ip", *inside, "-batch", "-"], input="\n".join(lines) + "\n", text=True,
                          capture_output=True, check=False)
    if done.returncode != 0:
        raise harness.Failure(f"ip, {host or 'the test'}: {lines}: {done.stderr.strip()}")


class Host:
    """One namespace with its loopback up."""

    def __init__(self, scene, name):
        self.scene = scene
        self.name = name
        ip(f"netns add {name}")
        self.ip("link set lo up")

    def close(self):
        """It ends with its last process."""
        ip(f"netns del {self.name}")

    def ip(self, *lines):
        ip(*lines, host=self.name)

    def sysctl(self, name, value):
        self.run("sh", "-c", f"echo {value} > /proc/sys/{name.replace('.', '/')}")

    def inside(self, command):
        return ["nsenter", f"--net=/run/netns/{self.name}", *map(str, command)]

    def start(self, name, *arguments):
        """The command as a process of this host, as Scene.start."""
        command, *rest = self.inside([DTT, *arguments])
        return self.scene.start(name, *rest, command=command)

    def run(self, *command, within=20):
        """A command that ends; what subprocess.run returns."""
        return subprocess.run(self.inside(command), capture_output=True, text=True, check=False,
                              timeout=within * harness.SLOW)

    def peer(self, name, *options, bootstrap=(), secret=None, topic=None):
        """`dtt pipe` that listens where it does by default."""
        contacts = [word for addr in bootstrap for word in ("--bootstrap", addr)]
        return self.start(name, "pipe", topic or self.scene.topic, "--json", "--secret-file",
                          secret or self.scene.secret, *contacts, *options)

    def testnet(self, addr, nodes=12):
        """A private DHT at this host; how to reach it."""
        net = self.start("testnet", "testnet", "--json", "--nodes", nodes, "--listen", addr)
        return net.wait("ready")["bootstrap"]


class Switch:
    """A bridge of the test's namespace, to which interfaces of hosts are plugged."""

    def __init__(self, name):
        self.name = name
        self.ports = 0
        ip(f"link add {name} type bridge", f"link set {name} up")

    def close(self):
        """To be closed before its hosts, whose ends of the links go with these."""
        ip(*(f"link del {self.name}p{port}" for port in range(self.ports)), f"link del {self.name}")

    def plug(self, host, interface="e0", *addresses):
        """Gives the host an interface with these addresses (with prefix length)."""
        port = f"{self.name}p{self.ports}"
        self.ports += 1
        ip(f"link add {interface} netns {host.name} type veth peer name {port}",
           f"link set {port} master {self.name}", f"link set {port} up")
        host.ip(f"link set {interface} up", *[add_line(addr, interface) for addr in addresses])


def add_line(addr, interface="e0"):
    """No address waits for duplicate address detection: nobody else is there."""
    return f"addr add {addr} dev {interface}" + (" nodad" if ":" in addr else "")


class Speaker(threading.Thread):
    """Says so many lines, "line 0 of NAME" and so on, at an even pace; `every`: seconds between two."""

    def __init__(self, peer, lines, every):
        super().__init__(daemon=True)
        self.peer = peer
        self.lines = lines
        self.every = every
        self.said = 0
        self.start()

    def run(self):
        for number in range(self.lines):
            self.peer.send(f"line {number} of {self.peer.name}")
            self.said = number + 1
            time.sleep(self.every)

    def wait_said(self, count):
        while self.said < count and self.is_alive():
            time.sleep(self.every / 10)
        harness.check(self.said >= count, f"{self.peer.name} takes no more lines")

    def longest_silence(self, listener, since):
        """The longest time, in seconds, in which the listener heard none of the lines from then on."""
        times = sorted(event["at"] + listener.started for event in listener.of_kind("message")
                       if event["text"].endswith(f"of {self.peer.name}"))
        longest, last = 0, since
        for at in times:
            if at > since:
                longest, last = max(longest, at - last), at
        return longest


def run(test, *arguments):
    """Runs a test function in namespaces and ends the program with its outcome."""
    if INSIDE not in os.environ:
        enter()
    harness.run(test, *arguments)


def run_apart(test, *arguments):
    """Runs a test that needs loopback only, apart from the machine's networks where that can be."""
    if INSIDE not in os.environ:
        enter(refuse=print)
    harness.run(test, *arguments)
