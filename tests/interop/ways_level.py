# SPDX-License-Identifier: MIT OR Apache-2.0
"""Homes with a relay: some cells of the table that `./dev nat ways` measures (docs/results-relay.md)."""
import sys

from world import HERE, check

sys.path.insert(0, str(HERE.parent / "nat"))
import harness  # noqa: E402
import ways  # noqa: E402

DIRECT = 3  # s in which a relayed pair has a direct way, where there is one


def cell(world, left, right, way):
    found = ways.measure(world, left, right)
    print(f"joined after {found['joined']} s, direct after {found['direct']} s")
    check(found["is_all_heard"], f"not every line was heard: {found}")
    check(found["way"] == way, f"they end on the way {found['way']}, not {way}")
    if way == "direct":
        check(found["direct"] <= found["joined"] + DIRECT * harness.SLOW,
              f"joined after {found['joined']} s, direct only after {found['direct']} s")


CASES = [("ways", f"{left} {right}",
          lambda world, left=left, right=right, way=way: cell(world, left, right, way),
          f"with a relay; they end on the way {way}")
         for left, right, way in (
             ("c:prcone", "c:prcone", "direct"),
             ("c:block", "c:sym", "relay"),
             ("c:prcone", "rust:prcone", "direct"),
             ("rust:pub", "c:prcone", "direct"),
             ("rust:block", "c:pub", "relay"))]
