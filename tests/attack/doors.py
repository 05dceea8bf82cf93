# SPDX-License-Identifier: MIT OR Apache-2.0
"""Memory, connections and handshakes: what strangers can take, and whether newcomers get in."""
import time

from lab import Memory, attack, case, check, end, joins, pair, swarm, where

# Where strangers of IPv6 come from: 192 of one /64, of as many /64 of one /48, of as many /48.
ONE_64 = ("--from", "2001:db8:2::1", "--prefix", 128, "--sources", 192)
ONE_48 = ("--from", "2001:db8:2::1", "--prefix", 64, "--sources", 192)
MANY_48 = ("--from", "2001:db8:2::1", "--prefix", 48, "--sources", 192)
ONE_ADDRESS = ("--from", "127.2.0.1")
ONE_24 = ("--from", "127.2.0.1", "--sources", 254)
FIFTY = ("--from", "127.2.0.1", "--prefix", 16, "--sources", 50)


@case("memory_one_address", "gaps", 4)
@case("memory_many_addresses", "gaps", 4, *FIFTY)
@case("memory_noise", "hold", 4, *FIFTY)
@case("memory_same", "hold", 4, *FIFTY, "--same")
@case("memory_joins", "silence", 4, *FIFTY)
@case("memory_one_64", "gaps", 6, *ONE_64)
@case("memory_one_48", "gaps", 6, *ONE_48)
@case("memory_many_48", "gaps", 6, *MANY_48)
@case("memory_joins_many_48", "silence", 6, *MANY_48)
@case("memory_half_open", "halfopen", 4, *FIFTY, "--rate", 200)
def memory(scene, kind, version, *options):
    """192 connections, with gaps, noise or Joins: at most 8 MiB more, given back a minute later."""
    member, _ = pair(scene)
    watch = Memory(member)
    try:
        hostile = attack(scene, kind, [member], "--count", 192, *options, within=300,
                         version=version)
        time.sleep(10)  # what is measured: those that were refused come again and again
        report = end(hostile)
    finally:
        peak = watch.end()
    deadline = time.monotonic() + 60
    while (more := watch.more) > 1 and time.monotonic() < deadline:
        time.sleep(0.5)  # no event tells that memory was given back
    figures = (f"{report['tx_bytes'] / 1e6:.1f} MB sent, {peak:.1f} MiB more at the peak, "
               f"{more:.1f} MiB afterwards")
    check(peak <= 8 and more <= 1, figures)
    return figures


@case("places_one_address", "hold", 4, 10, *ONE_ADDRESS)
@case("places_network", "hold", 4, 10, *ONE_24)
@case("places_fifty_addresses", "hold", 4, 60, *FIFTY)
@case("places_same", "hold", 4, 60, *FIFTY, "--same")
@case("places_joins", "silence", 4, 60, *FIFTY)
@case("places_one_64", "hold", 6, 10, *ONE_64)
@case("places_one_48", "hold", 6, 10, *ONE_48)
@case("places_many_48", "hold", 6, 60, *MANY_48)
@case("places_joins_many_48", "silence", 6, 60, *MANY_48)
def places(scene, kind, version, within, *options):
    """All places of a swarm of six are taken; a newcomer with the secret joins all the same."""
    members = swarm(scene, 6)
    hostile = attack(scene, kind, members, *options, "--count", 200, within=240, version=version)
    took = joins(scene, "newcomer", within)
    report = end(hostile)
    return f"{report['alive']} hostile connections, joined in {took:.1f} s"


@case("half_open_one_address", 4, *ONE_ADDRESS)
@case("half_open_network", 4, *ONE_24)
@case("half_open_two_addresses", 4, "--from", "127.2.0.1", "--prefix", 16, "--sources", 2)
@case("half_open_fifty_addresses", 4, *FIFTY)
@case("half_open_one_64", 6, *ONE_64)
@case("half_open_one_48", 6, *ONE_48)
@case("half_open_many_48", 6, *MANY_48)
@case("half_open_many_48_400", 6, *MANY_48, rate=400)
def half_open(scene, version, *options, rate=100):
    """Handshakes that are not gone on with, a hundred a second: five newcomers are in within 3 s."""
    member, _ = pair(scene)
    hostile = attack(scene, "halfopen", [member], *options, "--count", 100, "--rate", rate,
                     version=version)
    took = [joins(scene, f"newcomer {i}", 12, "--peer", where(member, version)) for i in range(5)]
    end(hostile)
    figures = "joined in " + ", ".join(f"{seconds:.2f}" for seconds in took) + " s"
    check(max(took) <= 3, figures)
    return figures


@case("initials_1500", 1500, 0)
@case("initials_3000_short", 3000, 66)
@case("initials_12000_short", 12000, 75)
def initials(scene, rate, short):
    """Datagrams of strangers at the door: five newcomers are in within 3 s each."""
    member, _ = pair(scene)
    hostile = attack(scene, "initials", [member], "--rate", rate, "--short", short)
    took = [joins(scene, f"newcomer {i}", 12, "--peer", where(member)) for i in range(5)]
    begun = hostile.wait("begun")["at"]
    seconds = time.monotonic() - hostile.started - begun
    sent = end(hostile, "sent")["datagrams"]
    figures = (f"{sent / seconds:.0f} datagrams a second, joined in " +
               ", ".join(f"{seconds:.2f}" for seconds in took) + " s")
    check(max(took) <= 3, figures)
    return figures
