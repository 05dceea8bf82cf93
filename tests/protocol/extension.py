# SPDX-License-Identifier: MIT OR Apache-2.0
"""docs/protocol/extension.md: addresses behind the 320 bytes of a record's content.

An address is a pair of an ipaddress object and a port.
"""
import ipaddress

MAGIC = b"DTT\1"
END, ADDRESSES, REACH, TIME = 0, 1, 2, 3
VARY = 3
SIZE = {4: 4, 6: 16}
MOST = 8
DROPPED = [ipaddress.ip_network(net) for net in (
    "0.0.0.0/8", "224.0.0.0/4", "240.0.0.0/4", "::/96", "ff00::/8")]
LOOPBACK = ipaddress.ip_address("::1")


def usable(address):
    """The address as it counts, or None."""
    ip, port = address
    ip = getattr(ip, "ipv4_mapped", None) or ip
    if port == 0 or (ip != LOOPBACK and any(ip in net for net in DROPPED)):
        return None
    return ip, port


def addresses_in(value):
    """Of an entry of kind 1, with None for the damage at which it ends, if any."""
    while value:
        size = SIZE.get(value[0])
        if size is None or len(value) < size + 3:
            yield None
            return
        ip = ipaddress.ip_address(value[1 : 1 + size])
        yield ip, int.from_bytes(value[1 + size : 3 + size], "big")
        value = value[3 + size :]


def reach_in(value):
    """Of an entry of kind 2: class, age, and for VARY address and step; None when it is skipped."""
    if len(value) == 3 and value[0] < VARY:
        return value[0], int.from_bytes(value[1:], "little")
    if len(value) != 10 or value[0] != VARY:
        return None
    last = usable((ipaddress.ip_address(value[3:7]), int.from_bytes(value[7:9], "big")))
    step = int.from_bytes(value[9:], "big", signed=True)
    if last is None or abs(step) > 16:
        return None
    return VARY, int.from_bytes(value[1:3], "little"), last, step


def read(tail):
    """The addresses, the reach or None, and the time of writing or 0."""
    found, reach, time = [], None, 0
    if tail[:4] != MAGIC:
        return found, reach, time
    tail = tail[4:]
    while len(tail) >= 2 and tail[0] != END and len(tail) >= 2 + tail[1]:
        kind, value, tail = tail[0], tail[2 : 2 + tail[1]], tail[2 + tail[1] :]
        for address in addresses_in(value) if kind == ADDRESSES else ():
            if address is None:
                return found, reach, time
            address = usable(address)
            if address and address not in found and len(found) < MOST:
                found.append(address)
        if kind == REACH:
            reach = reach_in(value) or reach
        if kind == TIME and len(value) == 8:
            time = int.from_bytes(value, "little")
    return found, reach, time


def reach_value(kind, age, last=None, step=0):
    value = bytes([kind]) + age.to_bytes(2, "little")
    if kind == VARY:
        value += last[0].packed + last[1].to_bytes(2, "big") + step.to_bytes(1, "big", signed=True)
    return value


def write(addresses, reach=None, time=0):
    value = b""
    for ip, port in filter(None, map(usable, addresses[:MOST])):
        value += bytes([ip.version]) + ip.packed + port.to_bytes(2, "big")
    if not value:
        return b""
    out = MAGIC + bytes([ADDRESSES, len(value)]) + value
    if reach:
        value = reach_value(*reach)
        out += bytes([REACH, len(value)]) + value
    if time:
        out += bytes([TIME, 8]) + time.to_bytes(8, "little")
    return out + bytes(-len(out) % 64)
