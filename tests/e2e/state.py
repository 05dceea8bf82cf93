#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The state file on disks that are full, gone, read-only or hang: told at once, and nobody waits."""
import os
import pathlib
import subprocess
import time

import harness


def refused(scene, path, reason, *wrapper):
    """A start with a state file that cannot be one ends with a sentence."""
    done = subprocess.run([*wrapper, harness.DTT, "dht", "serve", "--state", path], text=True,
                          capture_output=True, timeout=60, env=scene.environment)
    harness.check(done.returncode == 74 and done.stderr == f"dtt: state cannot be kept in '{path}': "
                  f"{reason}\n", f"{path}: exit {done.returncode}, {done.stderr}")


def serve(scene, name, *arguments, **options):
    return scene.start(name, "dht", "serve", "--json", "--listen", "127.0.0.1:0",
                       *scene.bootstrap_options(), *arguments, **options)


def refuses(scene):
    link = scene.path / "link"
    link.symlink_to("/dev/full")
    refused(scene, str(scene.path), "it is a folder")
    refused(scene, "/dev/full", "it is not a regular file")
    refused(scene, str(link), "it is not a regular file")
    refused(scene, "/nonexistent/state", "No such file or directory")


def damaged(scene):
    """It is told, replaced, and serves the next start."""
    path = scene.file("damaged", b"\0" * 500)
    node = serve(scene, "damaged", "--state", path)
    node.wait("state_file", where=lambda e: e["status"] == "DTT_EPROTO")
    node.wait_said(f"the state in '{path}' is damaged; it will be replaced")
    node.wait("external_addr")
    node.kill(15)
    harness.check(node.wait_exit() == 0, "a damaged state ends the command")
    harness.check(pathlib.Path(path).read_bytes().startswith(b"d2:id20:"), "it was not replaced")


def leads_to_nothing(scene):
    """A link to a file that is not there yet stays a link, and the file is made."""
    there = scene.path / "there"
    there.mkdir()
    link = scene.path / "leads to nothing"
    link.symlink_to(there / "state")
    node = serve(scene, "leads to nothing", "--state", link)
    node.wait("external_addr")
    node.kill(15)
    harness.check(node.wait_exit() == 0, "a link as state file ends the command")
    harness.check(link.is_symlink() and (there / "state").is_file(), "the link was replaced")


def no_process(scene):
    """Its user may start no process: the limit is named."""
    command = ["setpriv", "--reuid", "65534", "--clear-groups", "prlimit", "--nproc=1"]
    probe = [*command, harness.DTT, "--version"]
    if os.geteuid() != 0 or subprocess.run(probe, capture_output=True).returncode != 0:
        print("no other user can be taken here: the limit of processes is left out")
        return
    folder = scene.path / "of nobody"
    folder.mkdir()
    os.chown(folder, 65534, 65534)
    scene.path.chmod(0o755)
    node = scene.start("no process", *command[1:], harness.DTT, "dht", "serve", "--json", "--listen",
                       "127.0.0.1:0", *scene.bootstrap_options(), "--state", folder / "state",
                       command=command[0])
    node.wait_said("no process can be started; raise 'ulimit -u'")
    node.kill(15)
    harness.check(node.wait_exit() == 0, "no process")


def folder_goes(scene):
    """The last save of all fails: that is told too."""
    folder = scene.path / "goes"
    folder.mkdir()
    node = serve(scene, "goes", "--state", folder / "state")
    node.wait("external_addr")
    for left in folder.iterdir():
        left.unlink()
    folder.rmdir()
    node.kill(15)
    harness.check(node.wait_exit() == 0, "what was asked for was done all the same")
    node.wait_said("the state was not kept in '.*goes/state': No such file or directory")


def disk_of_its_own(scene, command):
    """The words that run `command` of sh with a small file system at scene.path/disk."""
    (scene.path / "disk").mkdir(exist_ok=True)
    rights = "-m" if os.geteuid() == 0 else "-rm"
    words = ["unshare", rights, "sh", "-ec", command, str(scene.path / "disk")]
    probe = subprocess.run(["unshare", rights, "true"], capture_output=True)
    return words if probe.returncode == 0 else None


def full(scene):
    """A full disk is told at once, and when there is room again."""
    words = disk_of_its_own(scene, 'mount -t tmpfs -o size=32k none "$0"; '
                            'head -c 64k /dev/zero >"$0/ballast" 2>/dev/null || true; exec "$@"')
    if not words:
        print("no mount namespaces here: the full disk is left out")
        return
    path = scene.path / "disk" / "state"
    node = scene.start("full", *words[1:], harness.DTT, "dht", "serve", "--json", "--listen",
                       "127.0.0.1:0", *scene.bootstrap_options(), "--state", path, command=words[0])
    told = node.wait("state_file")
    harness.check(told["reason"] == "No space left on device" and told["retry_ms"] <= 5000, str(told))
    node.wait_said(f"state is not kept in '{path}': No space left on device; trying again in 5 s")
    pathlib.Path(f"/proc/{node.popen.pid}/root{path.parent}/ballast").unlink()
    node.wait("state_file", where=lambda e: e["status"] == "DTT_OK")
    node.wait_said(f"state is kept in '{path}' again")
    node.kill(15)
    harness.check(node.wait_exit() == 0, "full")
    harness.check(len(node.of_kind("state_file")) == 2, "a failure is told once, and its end")
    words = disk_of_its_own(scene, 'mount -t tmpfs -o ro none "$0"; exec "$@"')
    refused(scene, str(path), "Read-only file system", *words)


def hangs(scene):
    """Messages go on while the disk hangs, and so does the end."""
    shim = os.environ.get("DTT_SLOW_FSYNC")
    if not shim:
        print("no shim with this build: the disk that hangs is left out")
        return
    other = scene.peer("other")
    usual = scene.environment
    scene.environment = {**usual, "LD_PRELOAD": shim, "DTT_FSYNC_SECONDS": "40"}
    member = scene.peer("member", "--state", scene.path / "hanging")
    scene.environment = usual
    member.wait("joined")
    other.wait("joined")
    harness.everybody_talks([member, other], "the disk hangs")
    begin = time.monotonic()
    member.leave()
    took = time.monotonic() - begin
    harness.check(took < 3 * harness.SLOW, f"the end took {took:.1f} s")
    member.wait_said("the state was not kept in '.*/hanging': the disk does not answer")
    other.wait("neighbor_down")


def test(scene):
    scene.testnet()
    refuses(scene)
    damaged(scene)
    leads_to_nothing(scene)
    no_process(scene)
    folder_goes(scene)
    full(scene)
    hangs(scene)


harness.run(test)
