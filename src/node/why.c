/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/why.h"

#include <stdio.h>
#include <string.h>

/* Nothing has come back for so long: what was sent, or what was answered, is dropped. */
#define BLOCKED_MS 8000

static int stage_of(const struct dtt_tracker_status *s, struct dtt_why_names names,
                    const struct dtt_dht_stats *dht)
{
    if (s->neighbors > 0) {
        return DTT_STAGE_JOINED;
    }
    if (s->records_seen > 0 || s->peers_idle > 0) {
        return DTT_STAGE_DIAL;
    }
    if (dht->nodes_v4 + dht->nodes_v6 == 0) {
        return names.resolving > 0 && dht->asked == 0 ? DTT_STAGE_RESOLVE : DTT_STAGE_DHT;
    }
    return s->reads_done > 0 ? DTT_STAGE_ALONE : DTT_STAGE_SEARCH;
}

const char *dtt_why_stage_word(int stage)
{
    switch (stage) {
    case DTT_STAGE_RESOLVE: return "resolve";
    case DTT_STAGE_DHT: return "dht";
    case DTT_STAGE_SEARCH: return "search";
    case DTT_STAGE_ALONE: return "alone";
    case DTT_STAGE_DIAL: return "dial";
    case DTT_STAGE_JOINED: return "joined";
    default: return "?";
    }
}

static const char *plural(uint32_t n)
{
    return n == 1 ? "" : "s";
}

/* What is wrong with some neighbours, or "". */
static void write_faults(char *out, size_t cap, size_t n, const char *one, const char *many)
{
    size_t len = strlen(out);
    if (n > 0) {
        snprintf(out + len, cap - len, "; %zu of them %s", n, n == 1 ? one : many);
    }
}

static void write_joined(char *out, size_t cap, uint32_t neighbors,
                         const struct dtt_gossip_facts *facts)
{
    snprintf(out, cap, "connected to %u neighbour%s", neighbors, plural(neighbors));
    write_faults(out, cap, facts->silent, "passes nothing on", "pass nothing on");
    write_faults(out, cap, facts->slow, "reads slowly", "read slowly");
}

/* Members without a record were named by the program or by other members. */
static void write_dial(char *out, size_t cap, const struct dtt_why *w)
{
    char attempts[48] = "";
    char members[48] = "members are known";
    if (w->dials_started > 0) {
        snprintf(attempts, sizeof(attempts), ": %u attempt%s, %u failed", w->dials_started,
                 plural(w->dials_started), w->dials_failed);
    }
    if (w->records_seen > 0) {
        snprintf(members, sizeof(members), "%u member%s found %s", w->records_seen,
                 plural(w->records_seen),
                 w->records_lan < w->records_seen ? "on the DHT" : "in the local network");
    }
    snprintf(out, cap, "%s, connecting%s", members, attempts);
}

/* The addresses that were tried last, and what came of each; those that do not fit are left out. */
static void write_tries(char *out, size_t cap, const struct dtt_dial_failure *f)
{
    for (size_t i = 0; i < f->n_tries; i++) {
        char addr[DTT_ADDR_TEXT_MAX], text[128];
        dtt_addr_format(&f->tries[i].addr, addr);
        int n = snprintf(text, sizeof(text), "%s%s (%s)", i == 0 ? "; the last at " : ", ", addr,
                         dtt_reason_word((int)f->tries[i].reason));
        if (strlen(out) + (size_t)n < cap) {
            memcpy(out + strlen(out), text, (size_t)n + 1);
        }
    }
}

static const char *family_of(const struct dtt_addr *addr)
{
    return addr->family == DTT_FAMILY_V6 ? "IPv6" : "IPv4";
}

/*
 * What stands between us and the peer that was tried last, and the one thing that would help. False
 * when that is not known.
 */
static bool write_between(char *out, size_t cap, const struct dtt_dial_failure *f)
{
    size_t len = strlen(out);
    bool are_cone = f->mine == DTT_REACH_CONE && f->theirs == DTT_REACH_CONE;
    bool is_known = true;
    switch (f->reason) {
    case DTT_REASON_BOTH_VARY:
        snprintf(out + len, cap - len,
                 "; both routers use a new port for each peer: IPv6, a port forwarding or a public "
                 "member would help");
        break;
    case DTT_REASON_PORT_VARIES:
        snprintf(out + len, cap - len,
                 "; %s router uses a new port for each peer and guessing it failed: a port "
                 "forwarding would help",
                 f->mine == DTT_REACH_VARY ? "this" : "their");
        break;
    case DTT_REASON_OTHER_FAMILY:
        snprintf(out + len, cap - len,
                 "; they have %s only, which is not to be had here: a member with both would help",
                 family_of(&f->addr));
        break;
    case DTT_REASON_TIMEOUT:
        is_known = are_cone;
        if (are_cone) {
            snprintf(
                out + len, cap - len,
                "; both routers keep one port, yet nothing comes through: a firewall drops UDP, "
                "or the address is old");
        }
        break;
    default: is_known = false;
    }
    return is_known;
}

static void write_sentence(struct dtt_why *w, struct dtt_why_names names, uint32_t bootstraps)
{
    char *out = w->sentence;
    size_t cap = sizeof(w->sentence);
    switch (w->stage) {
    case DTT_STAGE_RESOLVE:
        snprintf(out, cap, "looking up the addresses of %u bootstrap host%s", names.resolving,
                 plural(names.resolving));
        break;
    case DTT_STAGE_DHT:
        if (bootstraps == 0 && names.threadless > 0) {
            snprintf(out, cap,
                     "no DHT node is known: there is no thread to look up a bootstrap host; raise "
                     "'ulimit -u', or the limit of the container");
        } else if (bootstraps == 0) {
            snprintf(out, cap, "no DHT node is known: no bootstrap host could be looked up");
        } else {
            snprintf(out, cap,
                     "no DHT node has answered yet: asked %u bootstrap node%s, %u quer%s sent%s",
                     bootstraps, plural(bootstraps), w->dht_asked, w->dht_asked == 1 ? "y" : "ies",
                     w->for_ms >= BLOCKED_MS && w->dht_answered == 0
                         ? "; nothing comes back: UDP is blocked here, or none of them lives"
                         : "");
        }
        break;
    case DTT_STAGE_SEARCH:
        snprintf(out, cap, "looking for members on the DHT (%u node%s known)", w->dht_nodes,
                 plural(w->dht_nodes));
        break;
    case DTT_STAGE_ALONE:
        if (w->records_refused > 0) {
            snprintf(out, cap,
                     "nobody else is here: %u record%s of this topic did not open, so either the "
                     "secret differs or they are garbage; waiting for others",
                     w->records_refused, plural(w->records_refused));
        } else {
            snprintf(out, cap, "nobody else is here yet; waiting for others (%u DHT node%s known)",
                     w->dht_nodes, plural(w->dht_nodes));
        }
        break;
    case DTT_STAGE_DIAL: write_dial(out, cap, w); break;
    default: break; /* write_joined */
    }
}

/* "2 h 10 min", "3 days". */
static void write_time(char *out, size_t cap, uint64_t s)
{
    uint64_t minutes = s / 60;
    uint64_t hours = minutes / 60;
    uint64_t days = hours / 24;
    if (days > 0) {
        snprintf(out, cap, "%u day%s %u h", (unsigned)days, plural((uint32_t)days),
                 (unsigned)(hours % 24));
    } else if (hours > 0) {
        snprintf(out, cap, "%u h %u min", (unsigned)hours, (unsigned)(minutes % 60));
    } else {
        snprintf(out, cap, "%u min", (unsigned)minutes);
    }
}

/* What is wrong with this machine, behind what is said of the topic. */
static void write_troubles(char *out, size_t cap, const struct dtt_tracker_status *s)
{
    size_t len = strlen(out);
    const struct dtt_clock_guess *g = &s->clock;
    char time[48], addr[DTT_ADDR_TEXT_MAX];
    if (dtt_clock_is_off(g)) {
        bool is_ahead = g->offset_s > 0;
        write_time(time, sizeof(time), (uint64_t)(is_ahead ? g->offset_s : -g->offset_s));
        if (dtt_clock_is_sure(g)) {
            snprintf(out + len, cap - len, "; your clock seems %s %s: %u members agree", time,
                     is_ahead ? "ahead" : "behind", g->agreeing);
        } else {
            snprintf(out + len, cap - len,
                     "; your clock seems %s %s, or that of %s member%s is wrong", time,
                     is_ahead ? "ahead" : "behind", g->agreeing == 1 ? "another" : "other",
                     plural(g->agreeing));
        }
        len = strlen(out);
    }
    if (s->has_twin) {
        dtt_addr_format(&s->twin, addr);
        snprintf(out + len, cap - len,
                 "; another program runs with this identity, at %s: give each its own", addr);
    }
}

void dtt_why_explain(const struct dtt_tracker_status *s, const struct dtt_dht_stats *dht,
                     const struct dtt_gossip_facts *facts, const struct dtt_dial_failure *failure,
                     struct dtt_why_names names, struct dtt_now now, struct dtt_why *ret)
{
    struct dtt_why w = {.size = sizeof(w), .stage = stage_of(s, names, dht)};
    if (s->searching_since_ns <= now.mono_ns) {
        w.for_ms = (now.mono_ns - s->searching_since_ns) / DTT_MS;
    }
    w.dht_nodes = dht->nodes_v4 + dht->nodes_v6;
    w.dht_asked = dht->asked;
    w.dht_answered = dht->answered;
    w.records_seen = s->records_seen;
    w.records_lan = s->records_near;
    w.records_refused = s->records_refused;
    w.dials_started = s->dials_started;
    w.dials_failed = s->dials_failed;
    w.members = s->members;
    w.minutes_skipped = s->minutes_skipped;
    if (s->is_minute_skipped && s->neighbors == 0) {
        snprintf(w.sentence, sizeof(w.sentence),
                 "the program's rotation of the secret failed for this minute, which is left out");
    } else if (w.stage == DTT_STAGE_JOINED) {
        write_joined(w.sentence, sizeof(w.sentence), s->neighbors, facts);
    } else {
        write_sentence(&w, names, dht->bootstraps);
        if (w.stage == DTT_STAGE_DIAL && !write_between(w.sentence, sizeof(w.sentence), failure)) {
            write_tries(w.sentence, sizeof(w.sentence), failure);
        }
    }
    w.clock_sources = s->clock.agreeing;
    w.clock_offset_s = s->clock.offset_s;
    w.has_twin = s->has_twin;
    write_troubles(w.sentence, sizeof(w.sentence), s);
    *ret = w;
}

/* What does not fit of the detail, which may be words of the relay's, is left out as a whole. */
void dtt_why_add_relay(struct dtt_why *w, const struct dtt_relays *relays)
{
    size_t len = strlen(w->sentence);
    size_t cap = sizeof(w->sentence) - len;
    char *out = w->sentence + len;
    for (size_t i = 0; i < relays->n; i++) {
        const char *url = relays->list[i].url;
        const struct dtt_relays_trouble *t = &relays->list[i].trouble;
        if (!t->what) {
            continue;
        }
        int n = snprintf(out, cap, "; the relay %s does not serve: %s (%s); %s", url, t->what,
                         t->detail, t->advice);
        if (t->detail[0] == '\0' || (size_t)n >= cap) {
            snprintf(out, cap, "; the relay %s does not serve: %s; %s", url, t->what, t->advice);
        }
        return;
    }
}
