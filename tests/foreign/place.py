# SPDX-License-Identifier: MIT OR Apache-2.0
"""Where these tests run: a network namespace of their own, in which nobody else can be reached.

A test calls run(test, ADDRESS...). The addresses are given to the loopback of the namespace; some
programs (Transmission) refuse 127.0.0.0/8, and rules for global addresses want global ones.
"""
import os
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
import harness  # noqa: E402
from harness import Skip, check  # noqa: E402,F401

INSIDE = "DTT_FOREIGN_NAMESPACE"


def skip(sentence):
    print(sentence)
    sys.exit(harness.SKIPPED)


def need_program(name, package):
    if shutil.which(name) is None:
        raise Skip(f"no {name} here; ./dev setup installs {package} where the distribution has it")


def enter(addresses, lines=()):
    """Starts this program again in a new namespace, with further `lines` for ip -batch; does not
    return."""
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        skip("no unshare or ip here; ./dev setup installs util-linux and iproute2")
    flags = "-nm" if os.geteuid() == 0 else "-rnm"
    if subprocess.run(["unshare", flags, "true"], stderr=subprocess.DEVNULL).returncode != 0:
        skip("network namespaces are not allowed here")
    if any(":" in addr for addr in addresses) and not os.path.exists("/proc/net/if_inet6"):
        skip("the kernel here has no IPv6")
    batch = ["link set lo up"]
    batch += [f"addr add {addr}/128 dev lo nodad" if ":" in addr else f"addr add {addr}/32 dev lo"
              for addr in addresses]
    batch.append("route add default dev lo")  # who is not here is silent, not unreachable
    batch += lines
    script = "ip -batch - <<'END' && exec \"$@\"\n" + "\n".join(batch) + "\nEND\n"
    os.environ[INSIDE] = "1"
    os.execvp("unshare", ["unshare", flags, "sh", "-c", script, "sh", sys.executable, *sys.argv])


def run(test, *addresses):
    """Runs a test function in a namespace and ends the program with its outcome."""
    if INSIDE not in os.environ:
        enter(addresses)
    harness.run(test)
