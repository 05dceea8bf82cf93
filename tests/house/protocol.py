#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Holds figures and labels in docs/protocol to the code, and the vectors they name to the files.

usage: protocol.py SOURCE_ROOT        exit status 1 when a page says something else
"""
import pathlib
import re
import sys

WIRE = "src/gossip/gossip_wire.h"
KNOBS = "src/tracker/tuning.def"
DOORMAN = "src/tracker/doorman.h"
DOOR = "src/node/door.h"
BIRTHDAY = "src/node/birthday.h"
DESTINATIONS = "src/node/destinations.h"
MEETINGS = "src/node/meetings.h"
PORTMAP = "src/portmap/portmap.h"
RELAY = "src/relay/relay.h"
RELAYED = "src/node/relayed.h"
RELAYS = "src/node/relays.h"
RELAY_WIRE = "src/relay/relay_wire.h"
N0 = "cli/n0.c"
N0_SERVERS = "cli/n0.h"


def define(name):
    return rf"#define {name}\s+\(?(\d+)"


def knob(name):
    """The default preset's value."""
    return rf"KNOB\(\w+, {name}, \w+, \w+, (\d+),"


def text(name):
    return rf'{name}\[\] = "([^"]+)"'


def quoted(name):
    return rf'#define {name}\s+"([^"]+)"'


# Page, what it says with {} for the value, the file that has the value, and how to find it there.
FACTS = [
    ("relay.md", "when it is gone for {} s", RELAYS, define("DTT_RELAYS_GONE_NS")),
    ("relay.md", "(`--relay`, at most {})", RELAYS, define("DTT_RELAYS_MAX")),
    ("relay.md", "N0, has {} relays", N0_SERVERS, define("N0_RELAYS")),
    *(("relay.md", "`{}`", N0, rf'"(https://{name}-1\.[^"]+)"') for name in
      ("use1", "usw1", "euc1", "aps1")),
    ("pkarr.md", "`{}` and the domain", N0_SERVERS, quoted("N0_PKARR")),
    ("pkarr.md", "domain `{}`, which", N0_SERVERS, quoted("N0_DNS_ORIGIN")),
    ("relay.md", "The last {} peers", RELAYS, define("DTT_RELAYS_PEERS")),
    ("relay.md", "[fd15:70a:510b:2::1]:{}`", RELAYS, define("DTT_RELAYS_PORT")),
    ("relay.md", "its race lost: again after {} s", RELAYED, define("DTT_RELAYED_PAUSE_NS")),
    ("relay.md", "doubled up to {} s | | a direct connection", RELAYED, define("DTT_RELAYED_PAUSE_MAX_NS")),
    ("relay.md", "nothing comes for {} s", RELAYED, define("DTT_RELAYED_SILENT_NS")),
    ("relay.md", "not twice in {} s", RELAYED, define("DTT_RELAYED_AGAIN_NS")),
    ("slots.md", 'HKDF-SHA256(salt = "{}"', "src/record/slot.c", text("secret_slot_label")),
    ("publishing.md", 'SHA-512("{}" | m LE | id)', "src/tracker/census.c", text("election_label")),
    ("publishing.md", "read at the {} DHT nodes closest", KNOBS, knob("slot_width")),
    ("publishing.md", "min({}, floor(n/2))", KNOBS, knob("swarm_records")),
    ("publishing.md", "min(1/2, {}/n)", KNOBS, knob("swarm_records")),
    ("publishing.md", "with {} neighbours or more", "src/tracker/census.c", define("FULL")),
    ("publishing.md", "starts {} to 50 s", "src/tracker/publisher.h", define("DTT_PUBLISHER_ELECTED_NS")),
    ("publishing.md", "not again within {} s", "src/tracker/reads.h", define("DTT_READS_OLD_FRESH_NS")),
    ("publishing.md", "unless done in the last {} s", "src/tracker/publisher.h",
     define("DTT_PUBLISHER_FRESH_NS")),
    ("publishing.md", "floor(n / {}))", "src/tracker/merge.c", define("LOOKERS")),
    ("publishing.md", "the last {} s, own", "src/tracker/window.h", define("DTT_WINDOW_AGE_NS")),
    ("publishing.md", "max over k >= {} of", "src/tracker/census.c", define("FEW")),
    ("publishing.md", "at most 2^{}", "src/tracker/census.h", r"DTT_CENSUS_MAX[\s\\]+\(1u << (\d+)\)"),
    ("records.md", "0 to {} bytes", "src/record/content.h", define("DTT_CONTENT_MAX")),
    ("records.md", "at most {} bytes", "include/dtt/record.h", define("DTT_RECORD_VALUE_MAX")),
    ("records.md", "has at least {} bytes", "src/record/content.h", define("DTT_CONTENT_FIXED")),
    ("records.md", "`{}`", "src/record/record.c", text("hpke_info")),
    ("records.md", "`{}`", "src/record/record.c", text("hpke_aad")),
    ("extension.md", "At most {} addresses", "include/dtt/record.h", define("DTT_RECORD_ADDRS")),
    ("extension.md", "a multiple of {}", "src/record/content.c", define("EXTENSION_STEP")),
    ("transport.md", "IN (1), ttl {}", "src/codec/pkarr.h", define("DTT_PKARR_TTL_S")),
    ("transport.md", "(RFC 1035) of up to {} bytes", "src/codec/pkarr.h", define("DTT_PKARR_PACKET_MAX")),
    ("pkarr.md", "up to {} bytes, with", "src/codec/pkarr.h", define("DTT_PKARR_PACKET_MAX")),
    ("pkarr.md", "head of at most {} bytes", "src/codec/http.h", define("DTT_HTTP_HEAD_MAX")),
    ("pkarr.md", "ends after {} s", "src/pkarr/client.h", define("DTT_PKARR_PATIENCE_NS")),
    ("pkarr.md", "At most {} servers", "src/pkarr/client.h", define("DTT_PKARR_SERVERS")),
    ("pkarr.md", "again each {} s and", "src/pkarr/client.h", define("DTT_PKARR_AGAIN_NS")),
    ("pkarr.md", "up to {} s more by chance", "src/pkarr/client.h",
     define("DTT_PKARR_AGAIN_JITTER_NS")),
    ("pkarr.md", "it waits {} s, then", "src/pkarr/client.h", define("DTT_PKARR_RETRY_NS")),
    ("pkarr.md", "each time up to {} s,", "src/pkarr/client.h", define("DTT_PKARR_RETRY_MAX_NS")),
    ("pkarr.md", "says, at most {} s,", "src/pkarr/client.h", define("DTT_PKARR_REST_MAX_NS")),
    ("pkarr.md", "or {} s where it says nothing", "src/pkarr/client.h",
     define("DTT_PKARR_REST_NS")),
    ("transport.md", "{} s; a PING", "src/node/limits.h", r"CORE_IDLE_NS +\((\d+) \* DTT_S"),
    ("transport.md", "PING after {} s", "src/node/limits.h", r"CORE_KEEP_ALIVE_NS +\((\d+) \* DTT_S"),
    ("transport.md", "active_connection_id_limit | {} |", "src/quic/start.c",
     define("ACTIVE_CID_LIMIT")),
    ("transport.md", "`{}`, mandatory", "src/gossip/gossip.h", r'DTT_GOSSIP_ALPN\s+"([^"]+)"'),
    ("gossip.md", "a reader takes {}", WIRE, define("DTT_GOSSIP_FRAME_MAX")),
    ("gossip.md", "at most {} bytes", "include/dtt/dtt.h", define("DTT_MESSAGE_MAX")),
    ("gossip.md", "{} active (neighbours)", WIRE, define("DTT_HYPARVIEW_ACTIVE")),
    ("gossip.md", "{} passive.", WIRE, define("DTT_HYPARVIEW_PASSIVE")),
    ("gossip.md", "ForwardJoin, ttl {}", WIRE, define("DTT_HYPARVIEW_ACTIVE_WALK")),
    ("gossip.md", "at ttl {} the newcomer", WIRE, define("DTT_HYPARVIEW_PASSIVE_WALK")),
    ("gossip.md", "each {} s | Shuffle", WIRE, define("DTT_HYPARVIEW_SHUFFLE_NS")),
    ("gossip.md", "passive peers; ttl {}", WIRE, define("DTT_HYPARVIEW_SHUFFLE_WALK")),
    ("gossip.md", "{} ms, then the next one", WIRE, define("DTT_HYPARVIEW_REQUEST_NS")),
    ("gossip.md", "wait {} ms, then Graft", WIRE, define("DTT_PLUMTREE_GRAFT_FIRST_NS")),
    ("gossip.md", "announcer after {} ms", WIRE, define("DTT_PLUMTREE_GRAFT_NEXT_NS")),
    ("gossip.md", "gathered for {} ms", WIRE, define("DTT_PLUMTREE_DISPATCH_NS")),
    ("gossip.md", "came {} hops or more", WIRE, define("DTT_PLUMTREE_OPTIMIZE_HOPS")),
    ("signed.md", "has 4057 bytes, and a content {}.", "include/dtt/dtt.h", define("DTT_MESSAGE_SIGNED_MAX")),
    ("signed.md", "Dated more than {} s ago", "src/author/authors.h", define("DTT_AUTHORS_WINDOW_NS")),
    ("signed.md", "not heard for {} s is gone", "src/author/authors.h", define("DTT_AUTHORS_GONE_NS")),
    ("signed.md", "Authors are remembered, {} a topic", "src/author/authors.h", define("DTT_AUTHORS_MAX")),
    ("signed.md", "the last {} numbers", "src/author/replay.h", define("DTT_REPLAY_KNOWN")),
    ("signed.md", "highest of {} to 60 s", "src/author/replay.h", define("DTT_REPLAY_TURN_NS")),
    ("signed.md", "milliseconds times {}, above", "src/node/talk.c", define("SEQ_A_MS")),
    ("signed.md", "not within {} s, or 1 s", "src/node/talk.h", define("DTT_TALK_NAME_NS")),
    ("signed.md", "more; and each {} s, or", "src/node/talk.h", define("DTT_TALK_NAME_KEEP_NS")),
    ("signed.md", "Readers keep {} bytes of it", "include/dtt/types.h", define("DTT_NAME_MAX")),
    ("lan.md", 'HKDF-SHA256(salt = "{}"', "src/lan/name.c", text("label")),
    ("lan.md", "from port {} to port", "src/lan/lan.h", define("DTT_LAN_PORT")),
    ("lan.md", "of at most {} bytes. Its", "src/lan/lan.h", define("DTT_LAN_PACKET_MAX")),
    ("lan.md", "up to its {}nd entry", "src/lan/lan.h", define("DTT_LAN_ENTRIES")),
    ("lan.md", "within its first {} s", "src/lan/lan.h", define("DTT_LAN_SPREAD_NS")),
    ("lan.md", "It waits for {} to", "src/lan/lan.h", define("DTT_LAN_WAIT_MIN_NS")),
    ("lan.md", "When {} records", "src/lan/lan.h", define("DTT_LAN_ENOUGH")),
    ("lan.md", "at most {} answers a second", "src/lan/lan.h", define("DTT_LAN_ANSWERS_PER_SECOND")),
    ("lan.md", "Of one host {} values", "src/lan/sources.h", define("DTT_LAN_OPEN_BURST")),
    ("lan.md", "of all hosts together {} and", "src/lan/sources.h", define("DTT_LAN_OPEN_ALL_BURST")),
    ("lan.md", "(at most {})", "src/node/core_lan.c", define("NEAR_MAX")),
    ("publishing.md", 'SHA-512("{}" | s LE | id)', "src/tracker/doorman.c", text("door_label")),
    ("publishing.md", "cut into slices of {} s", DOORMAN, define("DTT_DOORMAN_SLICE_NS")),
    ("publishing.md", "from {} s to 7 s into it", DOORMAN, define("DTT_DOORMAN_INTO_NS")),
    ("publishing.md", "2^64 * {} / min(n", DOORMAN, define("DTT_DOORMAN_DUTY")),
    ("publishing.md", "3 / min(n, {})", DOORMAN, define("DTT_DOORMAN_MEMBERS")),
    ("publishing.md", "written in the last {} s and", DOORMAN, define("DTT_DOORMAN_AGE_S")),
    ("publishing.md", "not twice in {} s", DOORMAN, define("DTT_DOORMAN_AGAIN_NS")),
    ("meet.md", 'HKDF-SHA256(salt = "{}"', "src/record/meet_message.c", text("label")),
    ("meet.md", '"{}" | T | minute', "src/record/meet_message.c", text("label")),
    ("meet.md", "looks at {} messages a second", MEETINGS, define("DTT_MEETINGS_RATE")),
    ("meet.md", "second, {} at once, and", MEETINGS, define("DTT_MEETINGS_BURST")),
    ("meet.md", "one of a pair in {} seconds", MEETINGS, define("DTT_MEETINGS_PAIR_NS")),
    ("meet.md", "{} of one asker", MEETINGS, define("DTT_MEETINGS_SHARE")),
    ("meet.md", "in that time, {} in all", MEETINGS, define("DTT_MEETINGS_PAIRS")),
    ("meet.md", "three minutes, {} at most", MEETINGS, define("DTT_MEETINGS_NONCES")),
    ("meet.md", "has answered after 1.{} s", MEETINGS, r"HOLD_NS +\(1(\d)00 \* DTT_MS"),
    ("meet.md", "silent for 0.{} s", MEETINGS, r"ANSWER_NS +\((\d)00 \* DTT_MS"),
    ("meet.md", "of the topic, {} at most", MEETINGS, define("DTT_MEETINGS_MIDDLES")),
    ("meet.md", "the message names, {} at most", "src/record/meet_message.h",
     define("DTT_MEET_MESSAGE_ADDRS")),
    ("meet.md", "too, each {} seconds", "src/node/seek.h", define("DTT_SEEK_AGAIN_NS")),
    ("meet.md", "send it {} bytes in 15", DESTINATIONS, define("DTT_DESTINATIONS_KNOCKS")),
    ("meet.md", "may send there: {} packets", DESTINATIONS, define("DTT_DESTINATIONS_INITIALS")),
    ("meet.md", "to that host {} s later", DESTINATIONS, define("DTT_DESTINATIONS_WAIT_NS")),
    ("meet.md", "then 20, up to {} |", DESTINATIONS, define("DTT_DESTINATIONS_WAIT_MAX")),
    ("portmap.md", "the router's port {}, from", "src/portmap/pcp.h", define("DTT_PCP_PORT")),
    ("portmap.md", "lifetime is {} s", PORTMAP, define("DTT_PORTMAP_LIFETIME_S")),
    ("portmap.md", "at 0, {} ms, 750 ms", PORTMAP, define("DTT_PORTMAP_RESEND_NS")),
    ("portmap.md", "after {} s, or when", PORTMAP, define("DTT_PORTMAP_PATIENCE_NS")),
    ("portmap.md", "come within {} ms", PORTMAP, define("DTT_PORTMAP_UPNP_DELAY_NS")),
    ("dialling.md", "at most {} knocks in", DESTINATIONS, define("DTT_DESTINATIONS_KNOCKS")),
    ("dialling.md", "has come from it for {} s", "src/quic/quic.h", define("DTT_QUIC_SILENT_NS")),
    ("dialling.md", "looks for it each {} seconds", "src/node/seek.h", define("DTT_SEEK_AGAIN_NS")),
    ("dialling.md", "in its first {} s", "src/tracker/publisher.h", define("DTT_PUBLISHER_SOUGHT_NS")),
    ("dialling.md", "or {} s later, as others", "src/tracker/publisher.h",
     define("DTT_PUBLISHER_GONE_NS")),
    ("dialling.md", "at most {} times at once", "src/tracker/missed.h", define("DTT_MISSED_READS")),
    ("dialling.md", "once more each {} s", "src/tracker/missed.h", define("DTT_MISSED_READ_S")),
    ("dialling.md", "by more than {} s", DOOR, define("DTT_DOOR_TOGETHER_S")),
    ("dialling.md", "IPv4 ones from {} s on", DOOR, define("DTT_DOOR_LONG_NS")),
    ("dialling.md", "whispers for {} s, as", DOOR, define("DTT_DOOR_BRIEF_NS")),
    ("dialling.md", "whispers each {} s at", DOOR, define("DTT_DOOR_KEEP_NS")),
    ("dialling.md", "up to {} addresses of such", DOOR, define("DTT_DOOR_ADDRS")),
    ("dialling.md", "for {} peers at most", DOOR, define("DTT_DOORS_MAX")),
    ("dialling.md", "IPv4 address for {} s", DOOR, define("DTT_DOOR_PATIENT_NS")),
    ("dialling.md", "IPv4 addresses for {} s", DOOR, define("DTT_DOOR_QUIET_NS")),
    ("dialling.md", "ends after {} s, in which", "src/node/pair.h", define("DTT_PAIR_HOPELESS_NS")),
    ("dialling.md", "opens {} spare sockets", "src/node/spares.h", define("DTT_SPARES_MAX")),
    ("dialling.md", "one each {} ms, 1750", BIRTHDAY, define("DTT_BIRTHDAY_GUESS_NS")),
    ("dialling.md", "one each 20 ms, {}", BIRTHDAY, define("DTT_BIRTHDAY_GUESSES")),
    ("dialling.md", "The first {} are", BIRTHDAY, define("DTT_BIRTHDAY_NEXT")),
    ("dialling.md", "mod {})`", BIRTHDAY, define("DTT_BIRTHDAY_SWEEP")),
    ("dialling.md", "ends after {} s", BIRTHDAY, define("DTT_BIRTHDAY_HELD_NS")),
    ("dialling.md", "leave {} s between two", BIRTHDAY, define("DTT_BIRTHDAY_PAUSE_NS")),
    ("dialling.md", "at most {} an hour", BIRTHDAY, define("DTT_BIRTHDAY_TRIES")),
    ("dialling.md", "{} with an IPv4 /24", BIRTHDAY, define("DTT_BIRTHDAY_NETWORK")),
    ("dialling.md", "{} in all. An attempt", BIRTHDAY, define("DTT_BIRTHDAY_MEMORY")),
    ("dialling.md", "two: {} datagrams and", BIRTHDAY, define("DTT_BIRTHDAY_GUESSES")),
    ("dialling.md", "in a minute, {} attempts", BIRTHDAY, define("DTT_BIRTHDAY_MEMORY")),
    ("dialling.md", "first round, later {} ms", BIRTHDAY, define("DTT_BIRTHDAY_HOLD_NS")),
    ("dialling.md", "peer's record: {} ms from", BIRTHDAY, define("DTT_BIRTHDAY_OPEN_NS")),
    ("dialling.md", "begins 1.{} s after", BIRTHDAY, r"PATIENCE_NS +\(1(\d)00 \* DTT_MS"),
    ("dialling.md", "follows at most {} knocks", BIRTHDAY, define("DTT_BIRTHDAY_HITS")),
    ("dialling.md", "DHT was asked for {} s", "src/node/pair.h", define("DTT_PAIR_DEAF_NS")),
    ("dialling.md", "a *whisper*, with {}.", "src/node/knock.h", define("DTT_KNOCK_WHISPER")),
    ("dialling.md", "of its host: {} packets", DESTINATIONS, define("DTT_DESTINATIONS_INITIALS")),
    ("relay.md", "its path is always `{}`", RELAY_WIRE, quoted("DTT_RELAY_PATH")),
    ("relay.md", "Protocol: {}, iroh-relay-v1`", RELAY_WIRE, quoted("DTT_RELAY_PROTOCOL_V2")),
    ("relay.md", "Protocol: iroh-relay-v2, {}`", RELAY_WIRE, quoted("DTT_RELAY_PROTOCOL_V1")),
    ("relay.md", "`{}` is base64url", RELAY_WIRE, quoted("DTT_RELAY_AUTH_FIELD")),
    ("relay.md", "label `{}`", RELAY_WIRE, quoted("DTT_RELAY_EXPORT_LABEL")),
    ("relay.md", 'derive-key("{}", challenge)', RELAY_WIRE, quoted("DTT_RELAY_CHALLENGE_CONTEXT")),
    ("relay.md", "challenge of {} bytes", RELAY_WIRE, define("DTT_RELAY_CHALLENGE_BYTES")),
    ("relay.md", "at most {} in one frame", RELAY_WIRE, define("DTT_RELAY_SEGMENTS_MAX")),
    ("relay.md", "has at most {} bytes", RELAY_WIRE, define("DTT_RELAY_FRAME_MAX")),
    ("relay.md", "body of more than {} bytes", RELAY_WIRE, define("DTT_RELAY_BODY_MAX")),
    ("relay.md", "to frame 2 | {} s", RELAY, define("DTT_RELAY_OPEN_NS")),
    ("relay.md", "then {} s after the last", RELAY, define("DTT_RELAY_PING_NS")),
    ("relay.md", "round trips, {} ms", RELAY, define("DTT_RELAY_PONG_MIN_NS")),
    ("relay.md", "ping has left | {} s", RELAY, define("DTT_RELAY_PONG_MAX_NS")),
    ("relay.md", "itself | {} s from", RELAY, define("DTT_RELAY_PONG_SLOW_NS")),
    ("relay.md", "nothing goes out | {} s", "src/io/stream.c", define("STALL_NS")),
    ("relay.md", "pauses of {} ms", RELAY, define("DTT_RELAY_RETRY_NS")),
    ("relay.md", "doubled up to {} s, half", RELAY, define("DTT_RELAY_RETRY_MAX_NS")),
    ("relay.md", "at once, {} s after", RELAY, define("DTT_RELAY_AGAIN_NS")),
    ("relay.md", "denial | {} s", RELAY, define("DTT_RELAY_DENIED_NS")),
    ("relay.md", "{} s | How often", RELAY, define("DTT_RELAY_DENIED_MAX_NS")),
    ("relay.md", "At most {} KiB wait", RELAY, r"DTT_RELAY_OUT_MAX \(\(size_t\)(\d+) \* 1024"),
    ("relay.md", "pings have {} KiB more", RELAY,
     r"DTT_RELAY_OUT_RESERVE \(\(size_t\)(\d+) \* 1024"),
]


def vectors(root):
    """Yields one sentence for each file of vectors that a page forgets or makes up."""
    folder = root / "tests/vectors"
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    overview, pages = set(), set()
    for page in sorted((root / "docs/protocol").glob("*.md")):
        named = re.findall(r"[\w./-]+\.json", page.read_text(encoding="utf-8"))
        named = {name.removeprefix("tests/vectors/") for name in named}
        for name in sorted(named - files):
            yield f"docs/protocol/{page.name} names {name}, which is not in tests/vectors"
        (overview if page.name == "README.md" else pages).update(named)
    for name in sorted(files - (overview & pages)):
        yield f"tests/vectors/{name} is not named by both docs/protocol/README.md and a page"


def as_one_line(words):
    """Where a page breaks its lines means nothing."""
    return " ".join(words.split())


def check(root):
    """Yields one sentence for each difference."""
    yield from vectors(root)
    for page, says, source, pattern in FACTS:
        text_of_page = (root / "docs/protocol" / page).read_text(encoding="utf-8")
        found = re.search(pattern, (root / source).read_text(encoding="utf-8"))
        if not found:
            yield f"{source}: nothing matches {pattern}"
            continue
        want = says.replace("{}", found.group(1))
        if as_one_line(want) not in as_one_line(text_of_page):
            yield f"docs/protocol/{page} does not say '{want}' ({source})"


def main(root):
    wrong = list(check(pathlib.Path(root)))
    print("\n".join(wrong) if wrong else f"{len(FACTS)} facts as in the code")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
