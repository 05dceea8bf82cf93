#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Installs into an empty folder and builds a program against what lies there, as a user would.

usage: install.py BUILD_DIR SOURCE_DIR       exit 77 (skipped) for a build with sanitizers
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

PROGRAM = r"""
#include <dtt/dht.h>
#include <dtt/dtt.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
    struct dtt_addr addr;
    char text[DTT_ADDR_TEXT_MAX];
    if (dtt_addr_parse("[2001:db8:0::1]:4433", &addr) != DTT_OK) {
        return 1;
    }
    dtt_addr_format(&addr, text);
    printf("%s %s %s\n", dtt_version(), text, dtt_error_name(DTT_EADDR));
    return strcmp(text, "[2001:db8::1]:4433") != 0;
}
"""


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], text=True, capture_output=True, **options)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def meson_options(build):
    introspected = json.loads((build / "meson-info" / "intro-buildoptions.json").read_text())
    return {option["name"]: option["value"] for option in introspected}


def has_command(build):
    targets = json.loads((build / "meson-info" / "intro-targets.json").read_text())
    return any(target["installed"] and target["type"] == "executable" for target in targets)


def installed_paths(top):
    return {str(path.relative_to(top)) for path in top.rglob("*") if not path.is_dir()}


def check_tree(top, libdir, command):
    paths = installed_paths(top)
    wanted = {f"include/dtt/{name}.h" for name in ["dht", "dtt", "record", "types"]}
    wanted |= {f"{libdir}/{name}" for name in ["libdtt.a", "libdtt.so", "libdtt.so.0",
                                               "pkgconfig/libdtt.pc"]}
    if command:
        wanted.add("bin/dtt")
    if wanted - paths:
        sys.exit(f"not installed: {sorted(wanted - paths)}; there is {sorted(paths)}")
    strangers = [path for path in paths
                 if not re.match(rf"(include/dtt/|{libdir}/(libdtt|pkgconfig)|bin/dtt$|share/)", path)]
    if strangers:
        sys.exit(f"installed, but nobody asked for it: {strangers}")


def check_library(library):
    dynamic = run("readelf", "-d", library)
    if "Library soname: [libdtt.so.0]" not in dynamic:
        sys.exit(f"no soname libdtt.so.0 in {dynamic}")
    exported = re.findall(r"^(\S+) [TDBRVW] ", run("nm", "-DP", "--defined-only", library), re.M)
    hidden = [name for name in exported if not name.startswith("dtt_")]
    if hidden or not exported:
        sys.exit(f"the library exports {hidden or 'nothing'}")


def main(build, source):
    options = meson_options(build)
    if options["b_sanitize"] != "none":
        print("a build with sanitizers is not what anybody installs")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        environment = {**os.environ, "DESTDIR": str(folder)}
        run("meson", "install", "-C", build, "--no-rebuild", env=environment)
        top = folder / options["prefix"].lstrip("/")
        libdir = str(next(top.rglob("libdtt.so")).parent.relative_to(top))
        check_tree(top, libdir, has_command(build))
        check_library(top / libdir / "libdtt.so")

        environment = {**os.environ, "PKG_CONFIG_SYSROOT_DIR": str(folder),
                       "PKG_CONFIG_PATH": str(top / libdir / "pkgconfig"),
                       "LD_LIBRARY_PATH": str(top / libdir)}
        (folder / "user.c").write_text(PROGRAM)
        version = re.search(r"version: '([^']+)'", (source / "meson.build").read_text()).group(1)
        if run("pkg-config", "--modversion", "libdtt", env=environment).strip() != version:
            sys.exit("libdtt.pc has another version than meson.build")
        flags = run("pkg-config", "--cflags", "libdtt", env=environment).split()
        shared = run("pkg-config", "--libs", "libdtt", env=environment).split()
        # libdtt.a with the shared libraries it needs: what `--static` adds on top are the private
        # libraries of GnuTLS, for programs that hold no shared library at all.
        needs = run("pkg-config", "--print-requires-private", "libdtt", env=environment)
        needs = [line.split()[0] for line in needs.splitlines()]
        static = [top / libdir / "libdtt.a", *run("pkg-config", "--libs", *needs).split()]
        for name, libraries in [("shared", shared), ("static", static)]:
            run("cc", "-std=c99", "-o", folder / name, folder / "user.c", *flags, *libraries)
            said = run(folder / name, env=environment).strip()
            needs = "libdtt.so.0" in run("readelf", "-d", folder / name)
            if said != f"{version} [2001:db8::1]:4433 DTT_EADDR" or needs != (name == "shared"):
                sys.exit(f"{name}: says '{said}', linked to libdtt.so: {needs}")
        if has_command(build):
            said = run(top / "bin" / "dtt", "--version", env=environment)
            if version not in said:
                sys.exit(f"dtt --version says '{said}'")
    print("installed, and programs build against it: shared and static")
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(pathlib.Path, sys.argv[1:])))
