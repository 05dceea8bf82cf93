/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/nats.h"

#include "node/knock.h"
#include "node/meet.h"
#include "node/pair.h"
#include "node/relay_way.h"

bool dtt_nats_is_home(const struct dtt_links *p, const struct dtt_race *r)
{
    for (size_t i = 0; i < r->n_seen; i++) {
        for (size_t k = 0; k < p->n_own && dtt_addr_scope(&r->seen[i]) == DTT_SCOPE_GLOBAL; k++) {
            if (dtt_addr_host(&r->seen[i]) == dtt_addr_host(&p->own[k])) {
                return true;
            }
        }
    }
    return false;
}

void dtt_nats_knock(struct dtt_links *p, struct dtt_now now)
{
    struct dtt_addr addrs[DTT_DOOR_ADDRS];
    size_t n;
    while ((n = dtt_doors_take(&p->doors, now, addrs)) > 0) {
        while (n > 0) {
            dtt_knock_send(p, now, &addrs[--n], DTT_KNOCK_WHISPER);
        }
    }
    /* Out of memory: the next door sets it. */
    dtt_timerq_follow(&p->timers, &p->knocking, dtt_doors_deadline(&p->doors));
}

static struct dtt_door_side side_of(const struct dtt_id *id, const struct dtt_book_reach *reach)
{
    return (struct dtt_door_side){.id = *id,
                                  .is_cone =
                                      reach->told.kind == DTT_REACH_CONE && reach->joined_s > 0,
                                  .joined_s = reach->joined_s};
}

bool dtt_nats_has_one(const struct dtt_addr *addrs, size_t n)
{
    bool is = false;
    for (size_t i = 0; i < n; i++) {
        is |= addrs[i].family == DTT_FAMILY_V4 && dtt_addr_scope(&addrs[i]) == DTT_SCOPE_PRIVATE;
    }
    return is;
}

void dtt_nats_open(struct dtt_links *p, struct dtt_now now, struct dtt_link *link)
{
    struct dtt_book_reach reach = dtt_book_reach(&p->book, &link->id);
    struct dtt_door_side us = side_of(&p->prover.me, &p->me);
    struct dtt_door_side peer = side_of(&link->id, &reach);
    struct dtt_race *r = &link->race;
    dtt_pair_consider(p, now, link);
    if (r->is_hearsay) {
        return;
    }
    if ((!us.is_cone || !peer.is_cone) && r->held_ns > now.mono_ns) { /* what held it was wrong */
        r->held_ns = r->retry_ns = now.mono_ns;
    }
    if (!us.is_cone) {
        return;
    }
    if (peer.is_cone) {
        uint64_t patience_ns =
            dtt_nats_has_one(r->seen, r->n_seen) ? dtt_door_patience_ns(&us, &peer) : 0;
        r->held_ns = dtt_doors_open(&p->doors, now, &link->id, patience_ns, r->seen, r->n_seen);
    } else if (reach.told.kind == DTT_REACH_VARY) {
        /* Its port will be another; a router of ours that lets an address in, whatever the port,
         * has to know the address. */
        dtt_doors_open(&p->doors, now, &link->id, 0, &reach.told.last, 1);
    }
    dtt_nats_knock(p, now);
}

bool dtt_nats_is_courteous(const struct dtt_links *p, struct dtt_now now,
                           const struct dtt_link *link)
{
    struct dtt_book_reach reach = dtt_book_reach(&p->book, &link->id);
    const struct dtt_race *r = &link->race;
    bool is_of_rust =
        reach.read_ns > 0 && !reach.told.is_told && !dtt_book_is_marked(&p->book, &link->id);
    bool is_elder = p->me.joined_s > 0 &&
                    (uint64_t)now.wall_ns / DTT_S >= p->me.joined_s + DTT_RACE_COURTESY_NS / DTT_S;
    return is_of_rust && is_elder &&
           (p->me.told.kind == DTT_REACH_OPEN || p->me.told.kind == DTT_REACH_CONE) &&
           dtt_nats_has_one(r->seen, r->n_seen) && !dtt_nats_is_home(p, r);
}

/* Packets of ours have gone to a router of the peer's, and nothing came back. */
static bool is_silent(const struct dtt_race *r)
{
    bool is = false;
    for (size_t i = 0; i < r->n_tries; i++) {
        const struct dtt_addr *addr = &r->tries[i].addr;
        is |= addr->family == DTT_FAMILY_V4 && dtt_addr_scope(addr) == DTT_SCOPE_GLOBAL &&
              r->tries[i].reason == DTT_REASON_TIMEOUT;
    }
    return is;
}

void dtt_nats_failed(struct dtt_links *p, struct dtt_now now, const struct dtt_link *link)
{
    struct dtt_book_reach reach = dtt_book_reach(&p->book, &link->id);
    struct dtt_door_side us = side_of(&p->prover.me, &p->me);
    struct dtt_door_side peer = side_of(&link->id, &reach);
    const struct dtt_race *r = &link->race;
    if (us.is_cone && peer.is_cone && !r->is_hearsay && dtt_nats_has_one(r->seen, r->n_seen) &&
        is_silent(r)) {
        dtt_doors_failed(&p->doors, now, &link->id, dtt_door_patience_ns(&us, &peer) > 0);
        dtt_nats_knock(p, now);
    }
}

/* Where our own router gives us another port for each peer no knock comes in: none is waited for.
 */
static bool waits_for_knock(const struct dtt_links *p, const struct dtt_race *r)
{
    return r->is_hearsay && p->me.told.kind != DTT_REACH_VARY;
}

static bool wants_meeting(const struct dtt_links *p, const struct dtt_race *r)
{
    return dtt_nats_has_one(r->seen, r->n_seen) && !dtt_nats_is_home(p, r);
}

bool dtt_nats_has_room(struct dtt_links *p, const struct dtt_link *link)
{
    return !waits_for_knock(p, &link->race) || !wants_meeting(p, &link->race) ||
           dtt_meetings_has_room(&p->meetings, &link->id);
}

void dtt_nats_ask(struct dtt_links *p, struct dtt_now now, struct dtt_link *link)
{
    struct dtt_race *r = &link->race;
    const struct dtt_gossip_topic_id *topic =
        link->out.n > 0 ? &link->out.streams[0].topic : &link->topic;
    if (wants_meeting(p, r) &&
        dtt_meet_want(p, now, &link->id, topic, r->seen, r->n_seen,
                      r->is_hearsay ? &link->via : NULL) &&
        r->is_hearsay && r->held_ns == 0) { /* once */
        r->held_ns = now.mono_ns + DTT_MEETINGS_HOLD_NS;
    }
}

void dtt_nats_wait(struct dtt_links *p, struct dtt_now now, struct dtt_link *link)
{
    uint64_t until_ns = now.mono_ns + DTT_MEETINGS_HOLD_NS;
    if (wants_meeting(p, &link->race) && link->race.held_ns < until_ns) {
        link->race.held_ns = until_ns;
    }
}

void dtt_nats_hold(struct dtt_links *p, struct dtt_link *link)
{
    struct dtt_race *r = &link->race;
    if (waits_for_knock(p, r) && r->told_ns == 0) {
        r->told_ns = dtt_meet_told_ns(p, &link->id);
    }
}

void dtt_nats_ask_all(struct dtt_links *p, struct dtt_now now)
{
    for (size_t i = 0; i < dtt_map_count(&p->peers); i++) {
        struct dtt_link *link = dtt_map_value_at(&p->peers, i);
        if (dtt_relay_way_is_sought(link)) {
            dtt_nats_ask(p, now, link);
        }
    }
}
