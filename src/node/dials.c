/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/dials.h"

#include "node/link.h"
#include "node/meet.h"
#include "node/nats.h"
#include "node/pair.h"
#include "node/relay_way.h"

#include <assert.h>

/* How far the last dial came. */
static const char *stage_of(enum dtt_reason reason)
{
    switch (reason) {
    case DTT_REASON_RELAY_ONLY:
    case DTT_REASON_NO_ADDRESS: return "address";
    case DTT_REASON_TIMEOUT:
    case DTT_REASON_UNREACHABLE:
    case DTT_REASON_SELF:
    case DTT_REASON_LOCAL:
    case DTT_REASON_NO_ROUTE:
    case DTT_REASON_BOTH_VARY:
    case DTT_REASON_PORT_VARIES:
    case DTT_REASON_OTHER_FAMILY:
    case DTT_REASON_LIMIT:
    case DTT_REASON_BUDGET: return "connect";
    case DTT_REASON_NONE:
    case DTT_REASON_DISCONNECT:
    case DTT_REASON_REPLACED:
    case DTT_REASON_CLOSED_BY_US:
    case DTT_REASON_TOO_SLOW:
    case DTT_REASON_CLOSED_BY_PEER:
    case DTT_REASON_RESET:
    case DTT_REASON_REFUSED:
    case DTT_REASON_WRONG_KEY:
    case DTT_REASON_WRONG_ALPN:
    case DTT_REASON_PROTOCOL_ERROR:
    case DTT_REASON_USELESS:
    case DTT_REASON_MUTE: break;
    }
    return "handshake";
}

/* The global addresses first. */
static void list_tries(const struct dtt_race *r, struct dtt_dial_failure *ret)
{
    for (int near = 0; near < 2; near++) {
        for (size_t i = 0; i < r->n_tries; i++) {
            if ((dtt_addr_scope(&r->tries[i].addr) != DTT_SCOPE_GLOBAL) == near) {
                ret->tries[ret->n_tries++] = r->tries[i];
            }
        }
    }
}

/* The race is lost: tells of it and drops the link. */
static void lose(struct dtt_links *p, struct dtt_now now, struct dtt_link *link)
{
    enum dtt_reason reason = dtt_pair_reason(p, now, link, link->race.worst.reason);
    struct dtt_book_reach reach = dtt_book_reach(&p->book, &link->id);
    struct dtt_dial_failure f = {.peer = link->id,
                                 .addr = link->race.worst.addr,
                                 .stage = stage_of(reason),
                                 .reason = reason,
                                 .mine = p->me.told.kind,
                                 .theirs = reach.told.kind};
    if (reach.told.kind == DTT_REACH_VARY && reason != link->race.worst.reason) {
        f.addr = reach.told.last; /* the one that stands between; none could be dialled */
    }
    if (reason == DTT_REASON_NO_ADDRESS && dtt_book_relay(&p->book, &link->id)) {
        f.reason = DTT_REASON_RELAY_ONLY;
    }
    list_tries(&link->race, &f);
    struct dtt_dial_failure *told = dtt_ring_push(&p->failures);
    if (told) {
        *told = f;
    }
    DTT_TRACE(p->ctx, NODE_DIAL_FAILED, dtt_tv_id(&f.peer), dtt_tv_addr(&f.addr),
              dtt_tv_text(f.stage), dtt_tv_text(dtt_reason_word((int)f.reason)));
    dtt_nats_failed(p, now, link);
    dtt_relay_way_missed(p, now, link);
    dtt_link_drop(p, link);
    dtt_gossip_peer_gone(p->gossip, now, &f.peer, f.reason);
}

/* Ends a dial on hearsay in favour of another one. */
static void end_hearsay(struct dtt_links *p, struct dtt_now now)
{
    for (size_t i = 0; i < dtt_map_count(&p->peers); i++) {
        struct dtt_link *link = dtt_map_value_at(&p->peers, i);
        if (link->race.is_hearsay && link->race.n_dials > 0) {
            dtt_race_stop(&link->race, &p->transport, now);
            link->race.worst.reason = DTT_REASON_BUDGET;
            if (link->state == DTT_LINK_DIALLING) {
                lose(p, now, link);
            }
            return;
        }
    }
}

/* Whether one more dial may be made for the link. */
static bool has_room(struct dtt_links *p, struct dtt_now now, const struct dtt_link *link)
{
    size_t all = 0, hearsay = 0, via = 0;
    for (size_t i = 0; i < dtt_map_count(&p->peers); i++) {
        const struct dtt_link *other = dtt_map_value_at(&p->peers, i);
        size_t dials = other->race.n_dials;
        all += dials;
        if (other->race.is_hearsay) {
            hearsay += dials;
            via += memcmp(&other->via, &link->via, sizeof(link->via)) == 0 ? dials : 0;
        }
    }
    if (link->race.is_hearsay) {
        return all < DTT_DIALS_MAX && hearsay < DTT_DIALS_HEARSAY && via < DTT_DIALS_VIA;
    }
    if (all >= DTT_DIALS_MAX && hearsay > 0) {
        end_hearsay(p, now);
        all--;
    }
    return all < DTT_DIALS_MAX;
}

bool dtt_dials_go_on(struct dtt_links *p, struct dtt_now now, struct dtt_link *link)
{
    link->race.is_home = dtt_nats_is_home(p, &link->race);
    link->race.is_courteous = dtt_nats_is_courteous(p, now, link);
    dtt_nats_hold(p, link);
    return dtt_race_next(&link->race, p->ctx, &p->transport, &p->destinations, now, &link->id,
                         has_room(p, now, link));
}

void dtt_dials_next(struct dtt_links *p, struct dtt_now now, struct dtt_link *link)
{
    if (dtt_dials_go_on(p, now, link)) {
        dtt_link_enter(p, now, link, DTT_LINK_DIALLING);
    } else {
        lose(p, now, link);
    }
}

/* There is news for a race. */
static void go_on(struct dtt_links *p, struct dtt_now now, struct dtt_link *link)
{
    if (link->state == DTT_LINK_DIALLING) {
        dtt_dials_next(p, now, link);
    } else {
        dtt_relay_way_go_on(p, now, link);
    }
}

void dtt_dials_again(struct dtt_links *p, struct dtt_now now, struct dtt_link *link,
                     const struct dtt_addr *addr)
{
    link->race = (struct dtt_race){.todo = {*addr}, .n_todo = 1, .seen = {*addr}, .n_seen = 1};
    dtt_dials_go_on(p, now, link);
}

void dtt_dials_met(struct dtt_links *p, struct dtt_now now, const struct dtt_id *id,
                   const struct dtt_addr *addr)
{
    struct dtt_link *link = dtt_link_find(p, id);
    if (!link || !dtt_relay_way_wants_direct(link)) {
        return;
    }
    if (addr) {
        link->is_directing |= link->n_conns > 0;
        dtt_race_met(&link->race, &p->transport, now, addr);
    } else if (link->race.is_hearsay) {
        link->race.held_ns = now.mono_ns;
    }
    go_on(p, now, link);
}

/* A dial is under way, and one of the two routers turns out to use a new port for each peer, or one
 * that was waited for not to be what it was taken for. */
static void look_again(struct dtt_links *p, struct dtt_now now, struct dtt_link *link)
{
    int mine = p->me.told.kind;
    int theirs = dtt_book_reach(&p->book, &link->id).told.kind;
    bool varies = mine == DTT_REACH_VARY || theirs == DTT_REACH_VARY;
    bool is_held = link->race.held_ns > now.mono_ns && !link->race.is_hearsay &&
                   (mine != DTT_REACH_CONE || theirs != DTT_REACH_CONE);
    if (!varies && !is_held) {
        return;
    }
    if (link->state == DTT_LINK_DIALLING) {
        dtt_nats_open(p, now, link);
        if (dtt_race_is_on(&link->race, now)) { /* else its timer is due */
            dtt_link_enter(p, now, link, DTT_LINK_DIALLING);
        }
    } else if (dtt_relay_way_is_left(link)) {
        dtt_nats_open(p, now, link);
        link->is_directing |= dtt_race_is_on(&link->race, now);
        dtt_relay_way_go_on(p, now, link);
    }
}

void dtt_dials_record(struct dtt_links *p, struct dtt_now now, const struct dtt_id *id,
                      const struct dtt_reach *reach, uint64_t unix_s)
{
    if (reach->is_told || !dtt_book_reach(&p->book, id).told.is_told) {
        dtt_book_set_reach(&p->book, now, id, reach, unix_s);
    }
    dtt_doors_renew(&p->doors, now, id);
    struct dtt_link *link = dtt_link_find(p, id);
    if (link) {
        look_again(p, now, link);
    }
}

void dtt_dials_reach(struct dtt_links *p, struct dtt_now now)
{
    for (size_t i = 0; i < dtt_map_count(&p->peers); i++) {
        look_again(p, now, dtt_map_value_at(&p->peers, i));
    }
}

/* Its addresses are known. */
static void begin(struct dtt_links *p, struct dtt_now now, struct dtt_link *link)
{
    dtt_nats_open(p, now, link);
    if (dtt_nats_has_room(p, link)) {
        dtt_nats_ask(p, now, link);
    } else {
        dtt_race_refuse(&link->race, p->ctx);
    }
    dtt_dials_next(p, now, link);
}

void dtt_dials_start(struct dtt_links *p, struct dtt_now now, struct dtt_link *link)
{
    struct dtt_id *wanted = NULL;
    bool is_located = dtt_race_start(&link->race, now, &p->book, &link->id);
    if (!is_located) {
        wanted = dtt_ring_push(link->race.is_hearsay ? &p->named : &p->wanted);
    }
    if (wanted) {
        *wanted = link->id;
    }
    /* By a relay a peer may be reached of which no address is known; it is located meanwhile. */
    if (!dtt_relay_way_join(p, now, link) && wanted) {
        dtt_link_enter(p, now, link, DTT_LINK_LOCATING);
    } else {
        begin(p, now, link);
    }
}

void dtt_dials_own(struct dtt_links *p, struct dtt_now now, const struct dtt_addr *addrs, size_t n)
{
    assert(n <= DTT_RECORD_ADDRS);
    memcpy(p->own, addrs, n * sizeof(addrs[0]));
    p->n_own = n;
    for (size_t i = 0; i < dtt_map_count(&p->peers); i++) {
        struct dtt_link *link = dtt_map_value_at(&p->peers, i);
        bool is_news = dtt_relay_way_is_sought(link) && !link->race.is_home &&
                       link->race.n_todo > 0 && dtt_nats_is_home(p, &link->race);
        if (is_news) { /* its near addresses wait no more */
            link->race.is_home = true;
            link->race.retry_ns = now.mono_ns;
        }
        if (is_news && link->state == DTT_LINK_DIALLING) {
            dtt_link_enter(p, now, link, DTT_LINK_DIALLING);
        } else if (is_news) {
            dtt_relay_way_go_on(p, now, link);
        }
    }
}

void dtt_dials_moved(struct dtt_links *p, struct dtt_now now)
{
    dtt_pair_stop(p, now);
    dtt_doors_moved(&p->doors, now);
    dtt_nats_knock(p, now); /* the timer is set for the doors as they were */
    for (size_t i = dtt_map_count(&p->peers); i > 0; i--) { /* a lost race takes its link away */
        struct dtt_link *link = dtt_map_value_at(&p->peers, i - 1);
        if (link->state == DTT_LINK_DIALLING && !link->race.is_hearsay) {
            dtt_race_again(&link->race, &p->transport, now);
            dtt_nats_open(p, now, link);
            dtt_dials_next(p, now, link);
        } else if (dtt_relay_way_is_left(link)) { /* where there was no way there may be one */
            dtt_race_stop(&link->race, &p->transport, now);
            link->is_directing = false;
            link->direct_wait_ns = 0;
            dtt_relay_way_leave(p, now, link, 0);
        }
    }
}

void dtt_dials_no_route(struct dtt_links *p, struct dtt_now now, const struct dtt_addr *addr)
{
    for (size_t i = dtt_map_count(&p->peers); i > 0; i--) { /* a lost race takes its link away */
        struct dtt_link *link = dtt_map_value_at(&p->peers, i - 1);
        if (dtt_race_no_route(&link->race, &p->transport, now, addr)) {
            go_on(p, now, link);
        }
    }
}

void dtt_dials_unneeded(struct dtt_links *p, struct dtt_now now, const struct dtt_id *id)
{
    struct dtt_link *link = dtt_link_find(p, id);
    if (link && link->race.is_hearsay &&
        (link->state == DTT_LINK_LOCATING || link->state == DTT_LINK_DIALLING)) {
        dtt_race_stop(&link->race, &p->transport, now);
        dtt_meet_unneeded(p, id);
        dtt_link_drop(p, link);
    }
}

void dtt_dials_name(struct dtt_links *p, struct dtt_now now, const struct dtt_id *id,
                    const struct dtt_addr *addrs, size_t n)
{
    struct dtt_link *link = dtt_link_find(p, id);
    dtt_book_add(&p->book, now, id, addrs, n);
    if (link && link->n_conns > 0) {
        dtt_relay_way_learnt(p, now, link, addrs, n);
    }
    if (!link || link->state != DTT_LINK_DIALLING) {
        return;
    }
    bool is_waiting = link->race.n_todo > 0;
    bool is_late = false;
    for (size_t i = 0; i < n; i++) {
        is_late |= dtt_addr_is_usable(&addrs[i]) && dtt_race_join(&link->race, &addrs[i]);
    }
    if (is_late) {
        dtt_nats_open(p, now, link);
    }
    if (is_late && !is_waiting) {
        dtt_link_enter(p, now, link, DTT_LINK_DIALLING);
    }
}

void dtt_dials_relay(struct dtt_links *p, struct dtt_now now, const struct dtt_id *id,
                     const char *url)
{
    const char *known = dtt_book_relay(&p->book, id);
    if (p->relays && known && url[0] && strcmp(known, url) != 0) {
        dtt_relays_moved(p->relays, id, url);
    }
    if (url[0]) {
        dtt_book_set_relay(&p->book, now, id, url);
    }
    const struct dtt_link *link = dtt_link_find(p, id);
    if (link) {
        dtt_relay_way_named(p, now, link);
    }
}

void dtt_dials_learn(struct dtt_links *p, struct dtt_now now, const struct dtt_id *id,
                     const struct dtt_addr *addrs, size_t n)
{
    struct dtt_addr allowed[DTT_BOOK_ADDRS];
    enum dtt_addr_scope nearest = p->nearest;
    size_t k = 0;
    for (size_t i = 0; i < n && nearest == DTT_SCOPE_LOOPBACK; i++) {
        /* A peer that is seen from outside is not meant to be on this very host. */
        nearest = dtt_addr_scope(&addrs[i]) == DTT_SCOPE_GLOBAL ? DTT_SCOPE_LINK : nearest;
    }
    for (size_t i = 0; i < n && k < DTT_BOOK_ADDRS; i++) {
        if (dtt_addr_may_be_named(&addrs[i], nearest)) {
            allowed[k++] = addrs[i];
        }
    }
    dtt_dials_name(p, now, id, allowed, k);
}

bool dtt_dials_seeks(const struct dtt_links *p, const struct dtt_id *id)
{
    const struct dtt_link *link = dtt_link_find(p, id);
    return link && (link->state == DTT_LINK_LOCATING || link->state == DTT_LINK_DIALLING);
}

bool dtt_dials_next_wanted(struct dtt_links *p, bool is_hearsay, struct dtt_id *ret)
{
    return dtt_ring_take(is_hearsay ? &p->named : &p->wanted, ret);
}

void dtt_dials_located(struct dtt_links *p, struct dtt_now now, const struct dtt_id *id,
                       bool is_over)
{
    struct dtt_link *link = dtt_link_find(p, id);
    if (link && link->state == DTT_LINK_LOCATING &&
        (dtt_race_start(&link->race, now, &p->book, id) || is_over)) {
        dtt_relay_way_join(p, now, link);
        begin(p, now, link);
    }
}

bool dtt_dials_next_failure(struct dtt_links *p, struct dtt_dial_failure *ret)
{
    return dtt_ring_take(&p->failures, ret);
}
