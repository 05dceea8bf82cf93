# SPDX-License-Identifier: MIT OR Apache-2.0
"""A home router that is the Linux kernel's own: masquerade by nftables in a namespace, and for UPnP a
miniupnpd beside it."""
import shutil

import netlab
from harness import Skip

GATEWAY = "192.168.1.1"
FORWARD = """
  chain forward {
    type filter hook forward priority 0; policy drop;
    ct state established,related accept
    iifname "lan" accept
    jump miniupnpd
  }
  chain miniupnpd { }
"""
INPUT = """
  chain input {
    type filter hook input priority 0; policy drop;
    ct state established,related accept
    iifname "lan" accept
  }
"""
NAT = """
  chain prerouting {
    type nat hook prerouting priority -100;
    jump prerouting_miniupnpd
  }
  chain prerouting_miniupnpd { }
  chain postrouting {
    type nat hook postrouting priority 100;
    jump postrouting_miniupnpd
    oifname "net0" masquerade %s
  }
  chain postrouting_miniupnpd { }
"""
RULES = {"drop": FORWARD + INPUT + NAT % "",
         "accept": FORWARD + NAT % "",
         "random": FORWARD + INPUT + NAT % "random",
         "upnp": FORWARD + INPUT + NAT % ""}
UPNPD = """
ext_ifname=net0
listening_ip=lan
port=5000
enable_natpmp=yes
enable_upnp=yes
secure_mode=yes
system_uptime=yes
uuid=6f5d7f5e-3f0c-4a53-9a39-2b6a1c0d9e11
upnp_table_name=router
upnp_nat_table_name=router
upnp_forward_chain=miniupnpd
upnp_nat_chain=prerouting_miniupnpd
upnp_nat_postrouting_chain=postrouting_miniupnpd
lease_file={folder}/leases
allow 1024-65535 192.168.1.0/24 1024-65535
deny 0-65535 0.0.0.0/0 0-65535
"""


def need(rules):
    """Skips where the programs for these rules are missing."""
    for program, package in [("nft", "nftables")] + \
            ([("miniupnpd", "miniupnpd-nftables")] if rules == "upnp" else []):
        if shutil.which(program) is None:
            raise Skip(f"no {program} here; ./dev setup installs {package} where the distribution "
                       "has it")


class Router:
    """A namespace between a home (interface `lan`) and the laboratory's device (`net0`)."""

    def __init__(self, scene, name, rules):
        self.scene = scene
        self.rules = rules
        self.host = netlab.Host(scene, name)
        self.daemon = None
        self.host.sysctl("net.ipv4.ip_forward", 1)
        path = scene.file(f"{name}.nft", f"table inet router {{ {RULES[rules]} }}\n")
        done = self.host.run("nft", "-f", path)
        if done.returncode != 0:
            raise Skip(f"nftables does not work in a namespace here: {done.stderr.strip()}")

    def plug(self, home, addr):
        """Gives a host of the home the interface `lan0` with this address."""
        netlab.ip(f"link add lan netns {self.host.name} type veth peer name lan0 netns {home.name}")
        self.host.ip("link set lan up", f"addr add {GATEWAY}/24 dev lan")
        home.ip("link set lan0 up", f"addr add {addr}/24 dev lan0",
                f"route add default via {GATEWAY}")
        if self.rules == "upnp":
            self.start_upnpd()

    def start_upnpd(self):
        path = self.scene.file("miniupnpd.conf", UPNPD.format(folder=self.scene.path))
        command, *rest = self.host.inside(["miniupnpd", "-d", "-f", path, "-P",
                                           self.scene.path / "miniupnpd.pid"])
        self.daemon = self.scene.start("miniupnpd", *rest, command=command, is_text=True)
        self.daemon.wait_said("Listening for NAT-PMP/PCP")

    def has_granted(self):
        """Whether miniupnpd has opened a port."""
        return "dnat" in self.host.run("nft", "list", "chain", "inet", "router",
                                       "prerouting_miniupnpd").stdout

    def close(self):
        """The daemon takes long to say goodbye to its network, which nobody is left to hear."""
        if self.daemon:
            self.daemon.kill()
            self.daemon.wait_exit()
        self.host.close()
