#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Counts the results in a meson testlog.json: what was skipped and why, then `N passed, N failed`.

The count is the last line. Exit status 1 when a test failed or when none ran.
"""
import json
import sys

PASSED = {"OK", "EXPECTEDFAIL"}
SKIPPED = {"SKIP"}


def main(path):
    passed, failed, skipped = 0, [], []
    try:
        with open(path, encoding="utf-8") as log:
            for line in log:
                test = json.loads(line)
                if test["result"] in PASSED:
                    passed += 1
                elif test["result"] in SKIPPED:
                    skipped.append(test)
                else:
                    failed.append(test)
    except FileNotFoundError:
        pass
    for test in skipped:
        said = (test.get("stdout", "").strip() or "no reason given").splitlines()[-1]
        print(f"skipped: {test['name']}: {said}")
    for test in failed:
        print(f"failed: {test['name']} ({test['result'].lower()})")
    summary = f"{passed} passed, {len(failed)} failed"
    if skipped:
        summary += f", {len(skipped)} skipped"
    print(summary)
    return 1 if failed or passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
