#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Compiles each public header alone, twice included, and all of them together.

usage: header.py c99|c++11 INCLUDE_DIR       exit 77 (skipped) where there is no C++ compiler
"""
import pathlib
import shutil
import subprocess
import sys

LANGUAGES = {
    "c99": (["cc", "gcc", "clang"], ["-x", "c", "-std=c99", "-Wstrict-prototypes"]),
    "c++11": (["g++", "c++", "clang++"], ["-x", "c++", "-std=c++11"]),
}
WARNINGS = ["-Wall", "-Wextra", "-pedantic", "-Wshadow", "-Wundef", "-Werror"]


def main(language, folder):
    compilers, flags = LANGUAGES[language]
    compiler = next(filter(None, map(shutil.which, compilers)), None)
    if not compiler:
        print(f"there is none of these compilers here: {' '.join(compilers)}")
        return 77
    headers = sorted(f"dtt/{path.name}" for path in pathlib.Path(folder).glob("dtt/*.h"))
    sources = [[header, header] for header in headers] + [headers, headers[::-1]]
    status = 0
    for source in sources:
        text = "".join(f"#include <{header}>\n" for header in source) + "int main(void);\n"
        done = subprocess.run([compiler, *flags, *WARNINGS, f"-I{folder}", "-fsyntax-only", "-"],
                              input=text, text=True)
        status |= done.returncode
    print(f"{len(headers)} headers as {language} with {compiler}: {'wrong' if status else 'fine'}")
    return 1 if status or not headers else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
