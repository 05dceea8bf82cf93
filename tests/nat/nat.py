#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Measures who meets whom behind NATs, how fast and by which path: ./dev nat.

usage: nat.py [-n TRIES] [-j LABS] [-o FILE] [--options WORDS] [WHAT...]
       nat.py --table FILE...     the tables of lines that were measured before
       nat.py --write FILE...     docs/results-nat.md from them
       nat.py --ways FILE...      docs/results-relay.md from them

WHAT: LEFT:RIGHT for a pair, KIND,KIND,... for each with each, or matrix, more, reason, swarm, age,
opened, lan, standing. Without it all of them, and docs/results-nat.md is written; what stands there of
before is kept. The word ways alone: pairs of C and Rust nodes with a relay (ways.py), which needs the
peers of ./dev interop, and docs/results-relay.md is written. Each try is a laboratory of its own
(case.py); what it found becomes a line of FILE (build/nat.jsonl).
"""
import argparse
import collections
import concurrent.futures
import itertools
import json
import os
import pathlib
import statistics
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True

import kinds  # noqa: E402

SKIPPED = 77
LIMIT = 900  # s for a try
KINDS = ["pub", "fw", "fullcone", "arcone", "prcone", "linux", "linux-s", "sym", "cgn", "ds"]
HARD = ["sym", "cgn-sym", "symseq", "adm"]
CONES = ["prcone", "fw", "cgn", "linux"]


def pairs_of(lefts, rights):
    return [("pair", left, right) for left, right in itertools.product(lefts, rights)]


SECTIONS = {
    "matrix": pairs_of(KINDS, KINDS),
    "more": [*[each for each in pairs_of(HARD, CONES) if each[1] != "sym"],
             *[each for each in pairs_of(CONES, HARD) if each[2] != "sym"],
             *[("pair", *words.split(":")) for words in (
                 "kernel:kernel kernel-s:kernel-s kernel-s:kernel kernel:kernel-s kernel-sym:kernel "
                 "fullcone:same prcone:same prcone+hairpin=yes:same sym:same cgn:neighbour "
                 "cgn+carrier.hairpin=yes:neighbour ds:v6fw v6fw:ds v6fw:v6fw v6fw:pub pub:v6fw "
                 "reject:pub").split()]],
    "reason": [("reason", *words.split(":")) for words in
               "sym:sym cgn-sym:cgn-sym v6fw:prcone pub:block block:pub".split()],
    "swarm": [("swarm", "0,3,45", "prcone", "prcone", "prcone"),
              ("swarm", "0,3,45", "pub", "prcone", "prcone"),
              ("swarm", "0,2", *["pub"] * 8),
              ("swarm", "0,2", *["prcone"] * 8),
              ("swarm", "0,2", "pub", "prcone", "prcone", "prcone", "sym", "sym", "cgn", "linux")],
    "age": [("age", "prcone+hard=60", right) for right in ("prcone+hard=60", "prcone", "pub")],
    "opened": [("opened", kind) for kind in ("prcone", "pcp", "pmp", "upnp", "refuse", "cgn-pcp")],
    "lan": [("lan", "prcone", "same"), ("lan", "ds", "same")],
    "standing": [("standing", "2"), ("standing", "20")],
}
MEMBERS = [f"{program}:{home}" for program in ("c", "rust")
           for home in ("pub", "prcone", "sym", "block")]
WAYS = [("ways", left, right) for left, right in itertools.product(MEMBERS, MEMBERS)
        if "c:" in left + right]
PATHS = {"IPv4": "", "IPv6": " v6", "LAN": " lan"}


def cases_of(words):
    """The cases that are meant by the words of the command line."""
    for word in words or SECTIONS:
        if word == "ways":
            yield from WAYS
            continue
        if word in SECTIONS:
            yield from SECTIONS[word]
            continue
        names = word.split(":")
        if len(names) == 2:
            yield ("pair", *names)
        else:
            names = word.split(",")
            yield from pairs_of(names, names)
        for name in names:
            kinds.split(name)


def attempt(case, options):
    """One try; what it found."""
    started = time.time()
    command = [sys.executable, HERE / "case.py", *case]
    if options:
        command += ["--options", options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LIMIT)
    lines = done.stdout.splitlines()
    found = {"words": case, "at": round(started), "took": round(time.time() - started, 1)}
    measured = [line for line in lines if line.startswith('{"case"')]
    if measured:
        found = {**json.loads(measured[-1]), **found}
    if done.returncode == SKIPPED:
        found["skipped"] = lines[-1]
    elif done.returncode != 0 or not measured:
        said = lines or done.stderr.splitlines() or [""]
        found["error"] = f"exit {done.returncode}: {said[-1]}"
    return found


def measure(cases, args):
    lock = threading.Lock()
    found = []
    args.out.parent.mkdir(exist_ok=True)
    # What takes longest comes first, so that nothing runs alone at the end.
    cases = sorted(cases, key=lambda case: case[0] == "pair")
    with open(args.out, "a", encoding="utf-8") as out, \
            concurrent.futures.ThreadPoolExecutor(args.labs) as pool:

        def one(case):
            try:
                result = attempt(case, args.options)
            except subprocess.TimeoutExpired:
                result = {"words": case, "error": f"still runs after {LIMIT} s"}
            with lock:
                found.append(result)
                print(json.dumps(result), file=out, flush=True)
                print(f"{len(found)}/{len(cases)} {' '.join(case)}: {in_short(result)}", flush=True)

        list(pool.map(one, cases))
    return found


def in_short(result):
    for key in ("error", "skipped"):
        if key in result:
            return f"{key}: {result[key]}"
    shown = {key: value for key, value in result.items()
             if key not in ("case", "words", "at", "took") and not key.startswith("of_")}
    if result["case"] == "ways":
        return ways_cell([result])
    if result["case"] == "pair":
        return f"{result['joined']} s, {result['path']}" if result["heard"] else "never"
    return json.dumps(shown)


# The tables

def cell(results):
    """Of a pair: how many have met, the median and, where it is much more, the slowest."""
    if not results:
        return "-"
    times = sorted(each["joined"] for each in results if each.get("heard"))
    text = f"{len(times)}/{len(results)}"
    if not times:
        return text
    median = statistics.median(times)
    text += f" {median:.1f}"
    if times[-1] > 2 * median:
        text += f" ..{times[-1]:.0f}"
    paths = collections.Counter(each["path"] for each in results if each.get("heard"))
    return text + PATHS.get(paths.most_common(1)[0][0], "")


def row(*cells):
    return "| " + " | ".join(str(each) for each in cells) + " |"


def head(*cells):
    return [row(*cells), "|" + "---|" * len(cells)]


def joined_text(values):
    return " ".join("never" if value is None else f"{value:.1f}" for value in values)


def pair_lines(by):
    """A matrix of those that were measured with at least half of the others, and a list."""
    matrix = [kind for kind in KINDS
              if 2 * sum(("pair", kind, other) in by for other in KINDS) >= len(KINDS)]
    if matrix:
        yield from head("left \\ right", *matrix)
        for left in matrix:
            yield row(left, *[cell(by.get(("pair", left, right))) for right in matrix])
    others = [case for case in by
              if case[0] == "pair" and not (case[1] in matrix and case[2] in matrix)]
    if others:
        yield from ["", *head("left", "right", "met")]
        for case in others:
            yield row(case[1], case[2], cell(by[case]))


def ways_cell(results):
    """How many have heard everything, the median until they have joined, the way, and the median until
    it is a direct one."""
    if not results:
        return "-"
    good = [each for each in results if each["is_all_heard"]]
    text = "" if len(good) == len(results) else f"{len(good)}/{len(results)} "
    if not good:
        return text + "never"
    joined = statistics.median(each["joined"] for each in good)
    text += f"{joined:.1f} {collections.Counter(each['way'] for each in good).most_common(1)[0][0]}"
    direct = [each["direct"] for each in good if each["direct"] is not None]
    if direct and statistics.median(direct) > joined + 0.05:
        text += f" {statistics.median(direct):.1f}"
    return text


def ways_lines(by):
    yield from head("left \\ right", *MEMBERS)
    for left in MEMBERS:
        yield row(left, *[ways_cell(by.get(("ways", left, right))) for right in MEMBERS])


def swarm_lines(by):
    cases = [case for case in by if case[0] == "swarm"]
    if cases:
        yield from ["", "## Swarms", "",
                    *head("homes", "seconds between", "first neighbour of each, s", "dials failed",
                          "neighbours", "lines heard")]
    for case in cases:
        homes = " ".join(f"{len(list(group))} {kind}" for kind, group in itertools.groupby(case[2:]))
        for each in by[case]:
            yield row(homes, case[1], joined_text(each["joined_each"]), *[
                " ".join(map(str, each[key])) for key in ("dials_failed", "neighbors", "lines_heard")])


def other_lines(by):
    shapes = {
        "reason": ("Pairs that cannot meet", ("left", "right", "told", "why"),
                   ("left", "right", "told after, s", "why")),
        "age": ("Mappings that end by age", ("left", "right", "joined", "longest", "downs"),
                ("left", "right", "joined, s", "longest silence, s", "neighbours lost")),
        "opened": ("Homes that ask their router for a port", ("kind", "granted", "newcomers"),
                   ("home", "port open", "newcomers joined, s")),
        "lan": ("Two hosts of a home without a DHT", ("left", "joined", "path"),
                ("home", "joined, s", "path")),
        "standing": ("A swarm of prcone homes at rest, for a member and minute",
                     ("members", "krpc_a_minute", "krpc_sent_a_minute", "packets_a_minute"),
                     ("members", "DHT datagrams", "of them sent", "packets of all kinds"))}
    for name, (title, keys, titles) in shapes.items():
        results = [each for case in by if case[0] == name for each in by[case]]
        if results:
            yield from ["", f"## {title}", "", *head(*titles)]
            for each in results:
                yield row(*[shown(each.get(key)) for key in keys])


def shown(value):
    if isinstance(value, list):
        return " ".join(map(shown, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "never" if value is None else str(value)


def by_case(results):
    by = collections.defaultdict(list)
    for each in results:
        if "error" not in each and "skipped" not in each:
            by[tuple(each["words"])].append(each)
    return by


def table(results):
    by = by_case(results)
    if any(case[0] == "ways" for case in by):
        return list(ways_lines(by))
    return [*pair_lines(by), *swarm_lines(by), *other_lines(by)]


def summary(results):
    """One line for all pairs."""
    pairs = [each for each in results if each.get("case") == "pair"]
    times = [each["joined"] for each in pairs if each["heard"]]
    errors = [each for each in results if "error" in each]
    text = f"{len(times)} of {len(pairs)} tries of pairs met"
    if times:
        slow = sum(seconds > 8 for seconds in times)
        text += f", median {statistics.median(times):.1f} s, slowest {max(times):.1f}, {slow} over 8 s"
    return text + f"; {len(errors)} tries failed"


DOCUMENT = """# Results of the laboratory of NATs

Made by `./dev nat`; `tests/nat/kinds.py` says what each home is, `tests/nat/lab.py` how they are laid
out: DHT nodes of our own, 60 to 70 ms between two homes there and back, jitter of 2 ms, no loss. Two
members start, the right one 3 s after the left one. A cell tells how many of the tries have met and
heard each other, the median of the seconds from the start of the right one until both have joined,
behind `..` the slowest when it is more than twice that, and the path when it is not IPv4.

{commit}

## Pairs

"""


WAYS_DOCUMENT = """# Results of the laboratory of NATs with a relay

Made by `./dev nat ways`; `tests/nat/ways.py` says how. Two members in homes of the kinds of
`tests/nat/kinds.py`, each a node of ours (c) or an iroh node (rust), know one relay, 50 to 60 ms away
there and back, and find each other in the DHT; where one lets no UDP pass, the right one is told the
other's id. The right one starts 3 s after the left one. A cell tells the median of the seconds from
its start until both have joined, the way that carries their messages in the end, as our nodes tell it,
and after how many seconds it was a direct one, where that was later; before them, how many of the tries
heard all lines, if not all did. iroh takes some seconds to start. Where a node of ours has dialled an
iroh node that strangers do not reach, the relay stays: docs/compatibility.md tells why.

{commit}

"""


def measured_at():
    return subprocess.run(["git", "-C", ROOT, "log", "-1", "--format=Measured at commit %h of %cs."],
                          capture_output=True, text=True, check=False).stdout.strip()


def write_ways(results):
    path = ROOT / "docs/results-relay.md"
    path.write_text(WAYS_DOCUMENT.format(commit=measured_at()) + "\n".join(table(results)) + "\n",
                    encoding="utf-8")
    print(f"written: {path.relative_to(ROOT)}")


def write_document(results):
    path = ROOT / "docs/results-nat.md"
    _, before, older = path.read_text(encoding="utf-8").partition("\n## Before ")
    path.write_text(DOCUMENT.format(commit=measured_at()) + "\n".join([*table(results), "", summary(results)])
                    + "\n" + before + older, encoding="utf-8")
    print(f"written: {path.relative_to(ROOT)}")


def arguments():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("-n", dest="tries", type=int, default=3)
    parser.add_argument("-j", dest="labs", type=int, default=max(2, os.cpu_count()))
    parser.add_argument("-o", dest="out", type=pathlib.Path, default=ROOT / "build/nat.jsonl")
    parser.add_argument("--options", default="")
    parser.add_argument("--table", nargs="+", type=pathlib.Path)
    parser.add_argument("--write", nargs="+", type=pathlib.Path)
    parser.add_argument("--ways", nargs="+", type=pathlib.Path)
    parser.add_argument("words", nargs="*")
    return parser.parse_args()


def main():
    args = arguments()
    files = args.table or args.write or args.ways
    if files:
        results = [json.loads(line) for path in files
                   for line in path.read_text(encoding="utf-8").splitlines()]
        if args.write:
            write_document(results)
        elif args.ways:
            write_ways(results)
        else:
            print("\n".join([*table(results), "", summary(results)]))
        return 0
    try:
        cases = list(cases_of(args.words)) * args.tries
    except ValueError as error:
        print(f"nat: {error}", file=sys.stderr)
        return 2
    results = measure(cases, args)
    if all("skipped" in each for each in results):
        return SKIPPED
    if args.words == ["ways"]:
        write_ways(results)
    elif args.words:
        print("\n".join(table(results)))
    else:
        write_document(results)
    print(summary(results))
    return 1 if any("error" in each for each in results) else 0


if __name__ == "__main__":
    sys.exit(main())
