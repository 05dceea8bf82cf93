#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Runs scenarios of the simulator with many seeds, and makes the table of docs/results.md.

usage: sim.py run BUILD_DIR [SCENARIO[:NODES]...] [--seeds 1-20] [--presets default,...] [--jobs 2]
              [--quic]
       sim.py table BUILD_DIR [--quic]

`run` prints a line for each scenario and preset, exit status 1 when a run failed; without names it
runs all but the largest. Results are kept in BUILD_DIR/sim.jsonl, with --quic (members speak real
QUIC) in sim-quic.jsonl; `table` prints them as Markdown.
"""
import argparse
import concurrent.futures
import json
import pathlib
import subprocess
import sys

PRESETS = ["seed", "rust-0.3", "default"]

# What the table shows of a scenario: the metric, how seeds are put together, and its unit.
FIGURES = {
    "busy_topic_no_false_merge": [("needless_per_node_hour", "mean", "needless joins/h")],
    "crowd_leaves": [("join_max_s", "p95", "s to join")],
    "lost_neighbors": [("lonely_p95_s", "p95", "s alone")],
    "steady_hour": [("dht_per_node_min", "mean", "datagrams/min")],
    "plumtree_single": [("rmr", "mean", "RMR"), ("last_hop", "mean", "hops"),
                        ("round_ms", "mean", "ms")],
    "churn_10_percent_a_minute": [("delivered", "mean", "delivered")],
    "weeks": [("delivered", "mean", "delivered")],
    "big_10000": [("whole_s", "p95", "s"), ("delivered", "mean", "delivered")],
}
for name in ["home_swarm", "home_pair", "mixed_homes"]:
    FIGURES[name] = [("newcomer_p95_s", "p95", "s to join"),
                     ("dials_failed_max", "p95", "failed dials"),
                     ("dht_per_node_min", "mean", "datagrams/min")]
FIGURES["late_elder"] = FIGURES["home_pair"][:2]
FIGURES["lan_party"] = [("join_max_s", "p95", "s to join"), *FIGURES["weeks"]]
FIGURES["home_steady"] = FIGURES["steady_hour"]
for name in ["carrier", "carrier_common"]:
    FIGURES[name] = [("silence_max_s", "p95", "s of silence")]
for name in ["multi", "all", "burst"]:
    FIGURES["plumtree_" + name] = FIGURES["plumtree_single"]
USUAL = [("whole_s", "p95", "s")]
ATTACKED = [("delivered", "mean", "delivered"), ("newcomer_max_s", "p95", "s to join"),
            ("hostile_neighbors", "mean", "of neighbours hostile")]
FIGURES["hostile_half_rust"] = [*ATTACKED, ("delivered_old", "mean", "delivered with Rust")]
for name in ["reflect", "reflect_secret", "mixed"]:
    FIGURES["hostile_" + name] = [*ATTACKED, ("third_per_member_s", "p95", "B/s to the third"),
                                  ("third_ratio", "p95", "of what it cost")]
HEAVY = {"big_10000", "join_1000_over_10_min", "weeks"}


def scenarios(dtt):
    lines = subprocess.run([dtt, "sim", "--list", "--json"], check=True, capture_output=True,
                           text=True).stdout.splitlines()
    return {row["scenario"]: row for row in map(json.loads, lines)}


def run_one(dtt, tier, name, nodes, preset, seed):
    command = [dtt, "sim", *tier, name, "--seed", str(seed), "--nodes", str(nodes),
               "--preset", preset, "--json"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(map(str, command))}: {done.stderr}")
    return json.loads(done.stdout)


def percentile(values, percent):
    values = sorted(values)
    return values[-(-len(values) * percent // 100) - 1]


def together(results, metric, how):
    """One number of all seeds, or None where a run never came to it."""
    values = [r["metrics"].get(metric, -1) for r in results]
    if how == "p95":
        at = percentile([float("inf") if v < 0 else v for v in values], 95)
        return None if at == float("inf") else at
    values = [v for v in values if v >= 0]
    return sum(values) / len(values) if values else None


def cell(results):
    if not results:
        return "-"
    passed = sum(r["passed"] for r in results)
    parts = []
    name = results[0]["scenario"]
    for metric, how, unit in FIGURES.get(name, ATTACKED if "hostile" in name else USUAL):
        value = together(results, metric, how)
        parts.append("never" if value is None else f"{value:.3g} {unit}")
    return f"{', '.join(parts)} ({passed}/{len(results)})"


def load(file):
    """The newest result of each run."""
    kept = {}
    if file.exists():
        for line in file.read_text().splitlines():
            r = json.loads(line)
            kept[r["scenario"], r["nodes"], r["preset"], r["seed"]] = r
    return kept


def run(args, dtt, file):
    known = scenarios(dtt)
    tier = ["--quic"] if args.quic else []
    first, _, last = args.seeds.partition("-")
    seeds = range(int(first), int(last or first) + 1)
    failed = 0
    for word in args.scenarios or [name for name in known if name not in HEAVY]:
        name, _, nodes = word.partition(":")
        if name not in known:
            raise SystemExit(f"there is no scenario '{name}'; dtt sim --list lists them")
        for preset in args.presets.split(","):
            results = []
            with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool, file.open("a") as out:
                for r in pool.map(lambda seed: run_one(
                        dtt, tier, name, nodes or known[name]["nodes"], preset, seed), seeds):
                    print(json.dumps(r), file=out, flush=True)
                    results.append(r)
            print(f"{word} {preset}: {cell(results)}", flush=True)
            for r in results:
                if not r["passed"]:
                    print(f"    dtt sim {' '.join([*tier, name])} --seed {r['seed']} "
                          f"--nodes {r['nodes']} --preset {preset}: {r['why']}", flush=True)
            failed += sum(not r["passed"] for r in results)
    return 1 if failed else 0


def table(dtt, file):
    kept = load(file)
    print("| scenario | members | " + " | ".join(PRESETS) + " |\n|---|---|" + "---|" * len(PRESETS))
    for name in scenarios(dtt):
        for nodes in sorted({key[1] for key in kept if key[0] == name}):
            cells = [cell([r for key, r in kept.items() if key[:3] == (name, nodes, preset)])
                     for preset in PRESETS]
            print(f"| {name} | {nodes} | " + " | ".join(cells) + " |")
    return 0


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("verb", choices=["run", "table"])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("scenarios", nargs="*")
    parser.add_argument("--seeds", default="1-20")
    parser.add_argument("--presets", default="default")
    parser.add_argument("--quic", action="store_true")
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_intermixed_args()
    dtt = args.build / "dtt"
    file = args.build / ("sim-quic.jsonl" if args.quic else "sim.jsonl")
    return run(args, dtt, file) if args.verb == "run" else table(dtt, file)


if __name__ == "__main__":
    sys.exit(main())
