# SPDX-License-Identifier: MIT OR Apache-2.0
"""The kinds of homes, in the terms of RFC 4787, as words of nat-internet (control.h).

Words after a kind change its router: `prcone+hard=60+hairpin=yes`; those that begin with `carrier.`
change the carrier's: `cgn+carrier.idle=20`.
"""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Kind:
    says: str
    router: str = ""  # words of the router; without them the host itself has the public addresses
    carrier: str = ""  # of a second one between the router and the internet
    has_v4: bool = True
    has_v6: bool = False
    kernel: str = ""  # the router is the kernel of a namespace: the rules of kernel.py

    @property
    def is_public(self):
        """The host has a public IPv4 address, whether or not strangers reach it."""
        return not self.router or "firewall=yes" in self.router


CONE = "map=independent filter=port ports=random"
MASQUERADE = "map=port filter=port ports=overload"
SYMMETRIC = "map=port filter=port ports=random"

KINDS = {
    "pub": Kind("public IPv4 and IPv6, nothing in front", has_v6=True),
    "fw": Kind("public IPv4 behind a stateful firewall", "firewall=yes filter=port"),
    "fullcone": Kind("one outside port, open to everybody",
                     "map=independent filter=independent ports=random"),
    "arcone": Kind("one outside port, open to addresses we have sent to",
                   "map=independent filter=address ports=random"),
    "prcone": Kind("one outside port, open to endpoints we have sent to: the common home", CONE),
    "prcone-keep": Kind("the same, and the outside port is the inside one",
                        "map=independent filter=port ports=keep"),
    "linux": Kind("netfilter's masquerade: a mapping for each endpoint that keeps the port",
                  MASQUERADE),
    "linux-s": Kind("the same with an INPUT chain that accepts: the port shifts after an "
                    "unexpected packet", MASQUERADE + " strays=yes"),
    "adm": Kind("a random port for each address", "map=address filter=port ports=random"),
    "sym": Kind("a random port for each endpoint: symmetric", SYMMETRIC),
    "symseq": Kind("symmetric, the ports one after the other",
                   "map=port filter=port ports=sequential"),
    "cgn": Kind("prcone behind a carrier's prcone", CONE, carrier=CONE),
    "cgn-eif": Kind("prcone behind a carrier that lets everybody in (RFC 6888)", CONE,
                    carrier="map=independent filter=independent ports=random"),
    "cgn-sym": Kind("prcone behind a carrier's symmetric NAT", CONE, carrier=SYMMETRIC),
    "ds": Kind("prcone with public IPv6 behind a firewall", CONE, has_v6=True),
    "v6fw": Kind("IPv6 alone, behind a firewall", "firewall=yes filter=port", has_v4=False,
                 has_v6=True),
    "block": Kind("no UDP passes", CONE + " udp=drop"),
    "reject": Kind("no UDP passes, and ICMP says so", CONE + " udp=reject"),
    "pmp": Kind("prcone whose router speaks NAT-PMP", CONE + " portmap=pmp"),
    "pcp": Kind("prcone whose router speaks PCP and NAT-PMP", CONE + " portmap=pcp"),
    "refuse": Kind("prcone whose router answers both with a refusal", CONE + " portmap=refuse"),
    "cgn-pcp": Kind("pcp behind a carrier's prcone", CONE + " portmap=pcp", carrier=CONE),
    "kernel": Kind("the kernel's masquerade, INPUT drops", kernel="drop"),
    "kernel-s": Kind("the kernel's masquerade, INPUT accepts", kernel="accept"),
    "kernel-sym": Kind("the kernel's masquerade with random ports", kernel="random"),
    "upnp": Kind("kernel with miniupnpd: UPnP IGD, NAT-PMP and PCP", kernel="upnp"),
    # For a home after the first.
    "same": Kind("another host of the first home"),
    "neighbour": Kind("another home, a prcone, at the first one's carrier", CONE),
}


def split(text):
    """A kind with its words: its name, the words for the router, those for the carrier."""
    name, *words = text.split("+")
    if name not in KINDS:
        raise ValueError(f"there is no kind '{name}'; there are: {' '.join(KINDS)}")
    carrier = [word.removeprefix("carrier.") for word in words if word.startswith("carrier.")]
    router = [word for word in words if not word.startswith("carrier.")]
    return name, " ".join(router), " ".join(carrier)
