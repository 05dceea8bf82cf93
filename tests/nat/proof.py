#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The laboratory is what it says: each kind of home as probe.py sees it from inside.

usage: proof.py PART         see PARTS at the end
"""
import concurrent.futures
import json
import shutil
import sys

import lab
from harness import check

A, B, C = lab.NET4[:3]
A6, B6, C6 = lab.NET6[:3]
# Kind: mapping, filter, ports, hairpin (None: there is no translation), shift.
LOOKS = {
    "pub": ("independent", "independent", "keep", None, False),
    "fw": ("independent", "port", "keep", None, False),
    "fullcone": ("independent", "independent", "fixed", False, False),
    "arcone": ("independent", "address", "fixed", False, False),
    "prcone": ("independent", "port", "fixed", False, False),
    "prcone-keep": ("independent", "port", "keep", False, False),
    "linux": ("independent", "port", "keep", False, False),
    "linux-s": ("independent", "port", "keep", False, True),
    "adm": ("address", "port", "random", False, False),
    "sym": ("port", "port", "random", False, False),
    "symseq": ("port", "port", "sequential", False, False),
    "cgn": ("independent", "port", "fixed", False, False),
    "cgn-eif": ("independent", "port", "fixed", False, False),
    "cgn-sym": ("port", "port", "random", False, False),
    "ds": ("independent", "port", "fixed", False, False),
    "prcone+hairpin=yes": ("independent", "port", "fixed", True, False),
    "fullcone+hairpin=yes": ("independent", "independent", "fixed", True, False),
}
LOOKS6 = {
    "pub": ("independent", "independent", "keep", None, False),
    "ds": ("independent", "port", "keep", None, False),
    "v6fw": ("independent", "port", "keep", None, False),
}
SHUT = ("block", "reject")
# Kind: pauses in s, and the number of the outside endpoint that is seen after each.
LIVES = {
    "prcone+idle=4+idle_new=4": ((2, 2, 6), [0, 0, 0, 3]),
    "prcone+idle=4+idle_new=1": ((2, 2), [0, 0, 0]),
    "prcone+hard=4": ((1.5, 1.5, 2.5), [0, 0, 0, 3]),
    "cgn+carrier.hard=4": ((2, 4), [0, 0, 2]),
    "sym": ((1, 1), [0, 0, 0]),
}


# Kind: whether another outside endpoint is seen after 8 s in which packets came in only.
FED = {"prcone+idle=4": [0, 0], "prcone+idle=4+refresh=out": [0, 1]}


class Homes:
    """A laboratory without a DHT, whose homes are looked at all at once."""

    def __init__(self, scene, kinds, core="jitter=2", servers=(A, B, C)):
        self.kinds = {f"h{i}": kind for i, kind in enumerate(kinds)}
        self.lab = lab.Lab(scene, self.kinds, core=core, nodes=0)
        self.servers = servers

    def __enter__(self):
        self.lab.__enter__()
        self.start("net", "serve", *self.servers).wait("ready")
        return self

    def __exit__(self, *error):
        self.lab.__exit__(*error)

    def start(self, name, *words):
        command, *rest = self.lab[name].inside([sys.executable, lab.PROBE, *words])
        return self.lab.scene.start(f"probe of {name}", *rest, command=command)

    def probe(self, name, *words):
        done = self.lab[name].run(sys.executable, lab.PROBE, *words, within=60)
        check(done.returncode == 0, f"{self.kinds[name]}: probe {words[0]}: {done.stderr}")
        return json.loads(done.stdout)

    def each(self, words):
        """What a probe finds in each home, by kind; `words`: a function from a kind to its words."""
        with concurrent.futures.ThreadPoolExecutor(len(self.kinds)) as pool:
            found = {kind: pool.submit(self.probe, name, *words(kind))
                     for name, kind in self.kinds.items()}
            return {kind: future.result() for kind, future in found.items()}


def compare(found, wanted):
    for kind, what in found.items():
        print(f"{kind}: {what}")
    wrong = [f"{kind}: {what}, not {wanted[kind]}" for kind, what in found.items()
             if what != wanted[kind]]
    check(not wrong, "; ".join(wrong))


def appearance(found):
    if found["mapping"] == "none":
        return "none"
    return (found["mapping"], found["filter"], found["ports"], found.get("hairpin"), found["shift"])


def look(scene):
    kinds = [*LOOKS, *SHUT]
    with Homes(scene, kinds) as homes:
        found = homes.each(lambda kind: ("look", A, B, C))
        compare({kind: appearance(what) for kind, what in found.items()},
                {**LOOKS, **dict.fromkeys(SHUT, "none")})
        for name, kind in homes.kinds.items():
            home = homes.lab.homes[name]
            outside = {host for host, _ in found[kind].get("seen", [])}
            check(outside <= {home.public4}, f"{kind}: seen as {outside}, not {home.public4}")
            least = 2 * (home.delay + lab.NET_DELAY)
            check(kind in SHUT or least <= found[kind]["ms"] < least + 300,
                  f"{kind}: an answer takes {found[kind].get('ms')} ms, not {least} and a little")
    shared = {"cgn": LOOKS["cgn"], "neighbour": LOOKS["prcone"], "same": LOOKS["prcone"]}
    with Homes(scene, shared) as homes:
        found = homes.each(lambda kind: ("look", A, B, C))
        compare({kind: appearance(what) for kind, what in found.items()}, shared)
        outside = {host for what in found.values() for host, _ in what["seen"]}
        check(outside == {homes.lab.first.public4}, f"homes of one carrier are seen as {outside}")


def look6(scene):
    with Homes(scene, LOOKS6, servers=(A6, B6, C6)) as homes:
        found = homes.each(lambda kind: ("look", A6, B6, C6))
        compare({kind: appearance(what) for kind, what in found.items()}, LOOKS6)


def life(scene):
    with Homes(scene, LIVES) as homes:
        found = homes.each(lambda kind: ("life", A, *LIVES[kind][0]))
        compare(found, {kind: numbers for kind, (_, numbers) in LIVES.items()})
    with Homes(scene, FED) as homes:
        compare(homes.each(lambda kind: ("fed", A, "8")), FED)


def whisper(scene):
    """Of 8 hops in the core, a packet that has 5 or 9 passes its own routers, opens their doors, and
    dies there; one of 11 arrives. With one it does not pass its own router. A symmetric one has
    opened another door than the one that B sees."""
    kinds = ["prcone", "fw", "linux-s", "cgn", "sym"]
    for hops, is_heard in ((1, False), (5, False), (9, False), (11, True)):
        with Homes(scene, kinds) as homes:
            found = homes.each(lambda kind, hops=hops: ("whisper", A, B, str(hops)))
            compare(found, {kind: {"shut": True, "heard": is_heard, "told": not is_heard,
                                   "open": hops > 1 and kind != "sym"} for kind in kinds})


def groups(scene):
    """Multicast is heard in the home and nowhere else; so are two homes of one carrier apart."""
    kinds = {"ann": "prcone", "bob": "same", "cleo": "prcone", "dan": "pub"}
    with lab.Lab(scene, kinds, nodes=0) as net:
        speakers = []
        for name in kinds:
            command, *rest = net[name].inside([sys.executable, lab.PROBE, "say", name])
            speakers.append(scene.start(f"say {name}", *rest, command=command))
            speakers[-1].wait("ready")
        for name, others in {"ann": ["bob"], "bob": ["ann"], "cleo": [], "dan": []}.items():
            said = net[name].run(sys.executable, lab.PROBE, "hear", name, *others, within=30)
            check(said.returncode == 0, said.stderr)
            wanted = sorted(f"{each} {version}" for each in [name, *others] for version in (4, 6))
            check(json.loads(said.stdout) == wanted, f"{name} heard {said.stdout}, not {wanted}")
        for speaker in speakers:
            speaker.end_input()
            speaker.wait_exit()


def map_ports(scene):
    """Homes whose routers open a port on request, and those that do not."""
    version = {"pcp": 2, "pmp": 0}
    with Homes(scene, ["pmp", "pcp", "refuse", "prcone", "cgn-pcp"]) as homes:
        found = homes.each(lambda kind: ("map", "192.168.1.1", A))
        print(found)
        check(found["prcone"] == {"pcp": None, "pmp": None}, "prcone: its router answers")
        for protocol in ("pcp", "pmp"):
            got = {kind: what[protocol] for kind, what in found.items()}
            check(got["pcp"]["version"] == version[protocol] and got["pcp"]["is_open"],
                  f"pcp: {protocol} does not open the port")
            check(got["refuse"]["result"] == 2, f"refuse: {protocol} does not refuse")
            check(got["cgn-pcp"]["outside"][0].startswith("100.64.") and
                  not got["cgn-pcp"]["is_open"], f"cgn-pcp: {protocol} opens the carrier's port")
        check(found["pmp"]["pmp"]["is_open"], "pmp: the port is not open")
        check(found["pmp"]["pcp"]["version"] == 0 and found["pmp"]["pcp"]["result"] == 1,
              "pmp: it knows PCP")


def control(scene):
    """What is changed while it runs."""
    with Homes(scene, ["prcone", "prcone+max=5"]) as homes:
        check(homes.probe("h0", "many", A, "12") == 12, "prcone: not all sockets get through")
        check(homes.probe("h1", "many", A, "12") == 5, "prcone+max=5: not five sockets get through")
        net = homes.lab
        check(len(net.show("r-h1")["v4"]["mappings"]) == 5, "not five mappings are shown")
        net.control("flush r-h1")
        check(not net.show("r-h1")["v4"]["mappings"], "mappings are left after a flush")
        check(homes.probe("h1", "many", A, "1") == 1, "nothing passes after a flush")
        net.readdress("h0", "90.1.2.3")
        seen = homes.probe("h0", "look", A, B, C)["seen"]
        check({host for host, _ in seen} == {"90.1.2.3"}, f"seen as {seen} at a new address")
        net.control("set h0 cut=yes")
        check(homes.probe("h0", "many", A, "1") == 0, "something passes although it is cut off")
        net.control("set h0 cut=no")
        net.control("set r-h0 idle=1 idle_new=1")
        check(homes.probe("h0", "life", A, "3") == [0, 1], "another lifetime means nothing")
        try:
            net.control("set r-h0 idle=never")
        except lab.Failure:
            pass
        else:
            raise lab.Failure("a wrong word is taken")


def loss(scene):
    """A third of the packets is lost on each way, so that 40 to 50 of 100 questions are answered."""
    with Homes(scene, ["prcone"], core="loss=33") as homes:
        answered = homes.probe("h0", "many", A, "100")
        check(25 <= answered <= 65, f"{answered} of 100 questions answered with a loss of 33 %")
        check(homes.lab.show("core")["lost"] > 30, "too few are counted as lost")


def krpc(scene):
    """Queries of homes are read-only when they arrive, and strangers come to hear of who asks."""
    with Homes(scene, ["fullcone", "prcone"], core="stranger=0.5") as homes:
        for name, is_open in (("h0", True), ("h1", False)):
            catcher = homes.start("net", "catch", A)
            catcher.wait("ready")
            found = homes.probe(name, "query", A)
            got = bytes.fromhex(catcher.wait("caught")["hex"])
            check(got.endswith(b"e1:q4:ping2:roi1e1:t2:ok1:y1:qe"), f"not read-only: {got}")
            catcher.wait_exit()
            check((found["from"] is not None) == is_open, f"{name}: asked by {found['from']}")
            check(not is_open or b"4:ping" in bytes.fromhex(found["hex"]), f"no ping: {found}")
    with lab.Lab(scene, {"h0": "fullcone"}, nodes=0, read_only=False) as net:
        command, *rest = net["net"].inside([sys.executable, lab.PROBE, "catch", A])
        catcher = scene.start("catch", *rest, command=command)
        catcher.wait("ready")
        net["h0"].run(sys.executable, lab.PROBE, "query", A)
        got = bytes.fromhex(catcher.wait("caught")["hex"])
        check(got.endswith(b"e1:q4:ping1:t2:ok1:y1:qe"), f"changed on the way: {got}")


def kernel(scene):
    """The kernel's own NAT looks as the kinds made after it; miniupnpd opens ports."""
    wanted = {"kernel": LOOKS["linux"], "kernel-s": LOOKS["linux-s"], "kernel-sym": LOOKS["sym"]}
    with Homes(scene, wanted) as homes:
        found = homes.each(lambda kind: ("look", A, B, C))
        compare({kind: appearance(what) for kind, what in found.items()}, wanted)


def upnp(scene):
    """A miniupnpd opens ports by PCP, NAT-PMP and UPnP."""
    if shutil.which("upnpc") is None:
        raise lab.Skip("no upnpc here; ./dev setup installs miniupnpc where the distribution has it")
    with Homes(scene, ["upnp"]) as homes:
        found = homes.probe("h0", "map", "192.168.1.1", A)
        print(found)
        check(found["pcp"]["is_open"] and found["pmp"]["is_open"], f"ports are not open: {found}")
        home = homes.lab.homes["h0"]
        said = homes.lab["h0"].run("upnpc", "-m", "lan0", "-a", home.v4, "40001", "40001", "UDP",
                                   "300", within=30).stdout
        check(f"external {home.public4}:40001 UDP is redirected to" in said, f"upnpc: {said}")


PARTS = {"look": look, "look6": look6, "life": life, "whisper": whisper, "groups": groups,
         "map": map_ports, "control": control, "loss": loss, "krpc": krpc, "kernel": kernel, "upnp": upnp}

if __name__ == "__main__":
    lab.run(PARTS[sys.argv[1]])
