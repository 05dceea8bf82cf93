/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/pair.h"

#include "node/knock.h"
#include "node/relay_way.h"
#include "tracker/census.h"

static void arm(struct dtt_links *p)
{
    /* Out of memory: the attempt stands still. */
    dtt_timerq_follow(&p->timers, &p->guessing, dtt_birthday_deadline(&p->birthday));
}

static void end(struct dtt_links *p, struct dtt_now now, const char *how)
{
    if (p->birthday.state != DTT_BIRTHDAY_IDLE) {
        DTT_TRACE(p->ctx, NODE_BIRTHDAY, dtt_tv_id(&p->birthday.peer),
                  dtt_tv_addr(&p->birthday.addr), dtt_tv_text(how));
        dtt_birthday_stop(&p->birthday, now);
        dtt_spares_release(&p->spares);
        arm(p);
    }
}

/* A direct one. */
static bool has_neighbor(const struct dtt_links *p)
{
    bool has = false;
    for (size_t i = 0; i < dtt_map_count(&p->peers); i++) {
        const struct dtt_link *link = dtt_map_value_at(&p->peers, i);
        has |= link->neighbor_of > 0 && !dtt_relay_way_is(link);
    }
    return has;
}

/* Where the cone side is, or NULL. */
static const struct dtt_addr *outside_of(const struct dtt_race *r)
{
    for (size_t i = 0; i < r->n_seen; i++) {
        if (r->seen[i].family == DTT_FAMILY_V4 && dtt_addr_scope(&r->seen[i]) == DTT_SCOPE_GLOBAL) {
            return &r->seen[i];
        }
    }
    return NULL;
}

/* Behind our own router: what it cannot do for us from outside is done inside. */
static bool is_ours(const struct dtt_links *p, const struct dtt_addr *addr)
{
    bool is = dtt_addr_same_ip(&p->me.told.last, addr);
    for (size_t i = 0; i < p->n_own; i++) {
        is |= dtt_addr_same_ip(&p->own[i], addr);
    }
    return is;
}

/* There is news for its race. */
static void renew(struct dtt_links *p, struct dtt_now now, struct dtt_link *link)
{
    if (link->state == DTT_LINK_DIALLING) {
        dtt_link_enter(p, now, link, DTT_LINK_DIALLING);
    } else {
        link->is_directing = true;
        dtt_relay_way_go_on(p, now, link);
    }
}

/* The race for a peer need not wait for an attempt any more: it looks at once whether it is lost.
 */
static void let_go(struct dtt_links *p, struct dtt_now now, const struct dtt_id *peer)
{
    struct dtt_link *link = dtt_link_find(p, peer);
    if (link && dtt_relay_way_wants_direct(link)) {
        link->race.kept_ns = now.mono_ns + 1;
        renew(p, now, link);
    }
}

/*
 * Ports are held open for one peer at a time, and of a swarm only the members on duty at its door
 * read our record and guess (tracker/doorman.h). Of those whom we dial within the time of waiting
 * it is most likely the one with the lowest number of the election. But ids can be made up to have
 * low ones: every other attempt is with whoever comes first.
 */
static bool hold(struct dtt_links *p, struct dtt_now now, const struct dtt_id *peer,
                 const struct dtt_addr *outside)
{
    struct dtt_birthday *b = &p->birthday;
    struct dtt_id other = b->peer;
    uint64_t minute = dtt_now_minute(now);
    if (b->state != DTT_BIRTHDAY_WAITING) {
        return dtt_birthday_hold(b, now, peer, outside);
    }
    if (b->n_made % 2 == 0 ||
        dtt_census_number(peer, minute) >= dtt_census_number(&other, minute) ||
        !dtt_birthday_hold_instead(b, now, peer, outside)) {
        return false;
    }
    let_go(p, now, &other);
    return true;
}

/* Only a node without direct neighbours holds ports open. Who has some guesses for it all the same,
 * when its topic has chosen the newcomer to be dialled. */
static bool begin(struct dtt_links *p, struct dtt_now now, const struct dtt_link *link,
                  const struct dtt_reach *theirs)
{
    const struct dtt_addr *outside = outside_of(&link->race);
    if (p->me.told.kind == DTT_REACH_CONE && theirs->kind == DTT_REACH_VARY) {
        return !is_ours(p, &theirs->last) &&
               dtt_birthday_guess(&p->birthday, now, &link->id, &theirs->last, theirs->step);
    }
    return p->me.told.kind == DTT_REACH_VARY && theirs->kind == DTT_REACH_CONE && outside &&
           !is_ours(p, outside) && !has_neighbor(p) && hold(p, now, &link->id, outside);
}

/* Two routers that both use a new port for each peer: what is dialled are addresses of the peer's
 * home, which answer at once if the homes are one, or one network joins them. */
static void set_end(const struct dtt_links *p, struct dtt_now now, struct dtt_link *link,
                    const struct dtt_reach *theirs)
{
    struct dtt_race *r = &link->race;
    bool is_hopeless = p->me.told.kind == DTT_REACH_VARY && theirs->kind == DTT_REACH_VARY &&
                       !r->has_far && !is_ours(p, &theirs->last);
    if (!is_hopeless) {
        r->end_ns = 0;
    } else if (r->end_ns == 0) {
        r->end_ns = now.mono_ns + DTT_PAIR_HOPELESS_NS;
    }
}

void dtt_pair_consider(struct dtt_links *p, struct dtt_now now, struct dtt_link *link)
{
    struct dtt_book_reach reach = dtt_book_reach(&p->book, &link->id);
    if (link->race.is_hearsay || (link->n_conns > 0 && !dtt_relay_way_is(link)) ||
        !reach.told.is_told || now.mono_ns - reach.read_ns >= DTT_PAIR_FRESH_NS) {
        return;
    }
    if (begin(p, now, link, &reach.told)) {
        DTT_COUNT(p->ctx, NODE_BIRTHDAYS);
        DTT_TRACE(p->ctx, NODE_BIRTHDAY, dtt_tv_id(&link->id), dtt_tv_addr(&p->birthday.addr),
                  dtt_tv_text(p->birthday.state == DTT_BIRTHDAY_GUESSING ? "guess" : "hold"));
        arm(p);
    }
    set_end(p, now, link, &reach.told);
    if (dtt_birthday_is_with(&p->birthday, &link->id)) {
        link->race.kept_ns = p->birthday.end_ns + 1; /* the attempt ends first */
    }
}

void dtt_pair_tick(struct dtt_links *p, struct dtt_now now)
{
    struct dtt_birthday *b = &p->birthday;
    struct dtt_knock knock = {.hops = 0};
    if (b->state != DTT_BIRTHDAY_IDLE && b->end_ns <= now.mono_ns) {
        end(p, now, "missed");
    }
    if (dtt_birthday_wants_sockets(b, now) && !dtt_spares_want(&p->spares, DTT_SPARES_MAX)) {
        dtt_pair_stop(p, now);
    }
    while (dtt_birthday_take(b, now, &knock.addr)) {
        const struct dtt_spare *spare = NULL;
        if (b->state == DTT_BIRTHDAY_HOLDING) {
            /* Always whispers: one that came through would plant a state at the router of the
             * other side, which then could give another port to the knock that we wait for. */
            spare = dtt_spares_turn(&p->spares);
            knock.hops = DTT_KNOCK_WHISPER;
        }
        if (spare || b->state == DTT_BIRTHDAY_GUESSING) {
            knock.local = spare ? spare->bound : (struct dtt_addr){0};
            DTT_COUNT(p->ctx, NODE_GUESSES);
            dtt_knock_push(p, &knock);
        }
    }
    arm(p);
}

void dtt_pair_opened(struct dtt_links *p, struct dtt_now now, const struct dtt_addr *bound,
                     size_t n)
{
    dtt_spares_opened(&p->spares, bound, n);
    if (n == 0) {
        dtt_pair_stop(p, now);
    } else {
        dtt_birthday_opened(&p->birthday, now);
        arm(p);
    }
}

void dtt_pair_knocked(struct dtt_links *p, struct dtt_now now, struct dtt_spare *spare,
                      const struct dtt_addr *remote)
{
    struct dtt_birthday *b = &p->birthday;
    struct dtt_link *link = dtt_link_find(p, &b->peer);
    dtt_quic_conn conn;
    uint64_t ready_ns;
    if (!dtt_addr_same_ip(&b->addr, remote) || spare->conn || !link ||
        !dtt_relay_way_wants_direct(link) || !dtt_birthday_may_follow(b, now)) {
        return;
    }
    /* Anybody can forge a knock: what it leads to is in the budget of its host. */
    unsigned datagrams = dtt_destinations_take(&p->destinations, now, remote, false, &ready_ns);
    if (datagrams == 0) {
        return;
    }
    dtt_birthday_followed(b, now);
    DTT_COUNT(p->ctx, NODE_BIRTHDAY_HITS);
    if (p->transport.ops->dial(p->transport.self, now, &link->id, &spare->bound, remote, &conn)) {
        return;
    }
    if (!dtt_race_add(&link->race, conn, remote, datagrams)) {
        dtt_transport_close(&p->transport, now, conn, "");
        return;
    }
    p->transport.ops->limit_dial(p->transport.self, conn, datagrams);
    spare->conn = conn;
    DTT_TRACE(p->ctx, NODE_BIRTHDAY, dtt_tv_id(&link->id), dtt_tv_addr(remote),
              dtt_tv_text("found"));
    DTT_TRACE(p->ctx, NODE_DIAL, dtt_tv_id(&link->id), dtt_tv_addr(remote));
    renew(p, now, link);
}

void dtt_pair_met(struct dtt_links *p, struct dtt_now now, const struct dtt_id *peer)
{
    /* Ports are held open for the sake of the first neighbour. */
    if (dtt_birthday_is_with(&p->birthday, peer) || p->birthday.state == DTT_BIRTHDAY_WAITING) {
        end(p, now, "met");
    }
}

void dtt_pair_stop(struct dtt_links *p, struct dtt_now now)
{
    if (p->birthday.state != DTT_BIRTHDAY_IDLE) {
        end(p, now, "stopped");
        let_go(p, now, &p->birthday.peer);
    }
}

void dtt_pair_heard(struct dtt_links *p, struct dtt_now now, uint32_t asked, uint32_t answered)
{
    if (p->birthday.state == DTT_BIRTHDAY_IDLE || answered != p->dht_answered) {
        p->dht_answered = answered;
        p->dht_asked = asked;
        p->dht_ns = now.mono_ns;
    } else if (now.mono_ns - p->dht_ns >= DTT_PAIR_DEAF_NS &&
               asked - p->dht_asked >= DTT_PAIR_DEAF_QUERIES) {
        dtt_pair_stop(p, now);
    }
}

/* All global addresses of the peer are of the family of which this host has none. */
static bool is_other_family(const struct dtt_links *p, const struct dtt_race *r)
{
    bool has[2] = {false, false}; /* IPv4, IPv6 */
    bool is = false;
    for (size_t i = 0; i < p->n_own; i++) {
        enum dtt_addr_scope scope = dtt_addr_scope(&p->own[i]);
        bool is_v6 = p->own[i].family == DTT_FAMILY_V6;
        /* A private IPv4 address has a router that translates; a private IPv6 one leads nowhere. */
        has[is_v6] |= scope == DTT_SCOPE_GLOBAL || (scope == DTT_SCOPE_PRIVATE && !is_v6);
    }
    for (size_t i = 0; i < r->n_seen; i++) {
        bool is_v6 = r->seen[i].family == DTT_FAMILY_V6;
        if (dtt_addr_scope(&r->seen[i]) == DTT_SCOPE_GLOBAL) {
            if (has[is_v6]) {
                return false;
            }
            is = has[!is_v6];
        }
    }
    return is;
}

enum dtt_reason dtt_pair_reason(const struct dtt_links *p, struct dtt_now now,
                                const struct dtt_link *link, enum dtt_reason reason)
{
    int mine = p->me.told.kind;
    int theirs = dtt_book_reach(&p->book, &link->id).told.kind;
    bool is_silence = reason == DTT_REASON_TIMEOUT || reason == DTT_REASON_UNREACHABLE ||
                      reason == DTT_REASON_NO_ADDRESS || reason == DTT_REASON_NO_ROUTE ||
                      reason == DTT_REASON_LOCAL;
    if (!is_silence) {
        return reason; /* somebody has answered, or nobody has tried */
    }
    if (mine == DTT_REACH_VARY && theirs == DTT_REACH_VARY) {
        return DTT_REASON_BOTH_VARY;
    }
    if (mine + theirs == DTT_REACH_VARY + DTT_REACH_CONE &&
        dtt_birthday_was_with(&p->birthday, now, &link->id)) {
        return DTT_REASON_PORT_VARIES;
    }
    return is_other_family(p, &link->race) ? DTT_REASON_OTHER_FAMILY : reason;
}
