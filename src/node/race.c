/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/race.h"

#include "base/array.h"

#include <assert.h>

static bool is_global(const struct dtt_addr *addr)
{
    return dtt_addr_scope(addr) == DTT_SCOPE_GLOBAL;
}

static bool is_far(const struct dtt_addr *addr)
{
    return is_global(addr) || dtt_addr_is_invented(addr);
}

bool dtt_race_start(struct dtt_race *r, struct dtt_now now, const struct dtt_book *book,
                    const struct dtt_id *peer)
{
    assert(r->n_dials == 0);
    *r = (struct dtt_race){.worst = {.reason = DTT_REASON_NO_ADDRESS},
                           .near_ns = now.mono_ns + DTT_RACE_NEAR_NS,
                           .is_hearsay = r->is_hearsay};
    r->n_todo = dtt_book_get(book, peer, r->todo);
    memcpy(r->seen, r->todo, r->n_todo * sizeof(r->todo[0]));
    r->n_seen = r->n_todo;
    for (size_t i = 0; i < r->n_todo; i++) {
        r->has_far |= is_global(&r->todo[i]);
    }
    return r->n_todo > 0;
}

bool dtt_race_join(struct dtt_race *r, const struct dtt_addr *addr)
{
    if (dtt_addr_is_in(r->seen, r->n_seen, addr) || r->n_seen == DTT_RACE_ADDRS ||
        r->n_todo == DTT_BOOK_ADDRS) {
        return false;
    }
    r->seen[r->n_seen++] = *addr;
    r->todo[r->n_todo++] = *addr;
    r->has_far |= is_global(addr);
    r->n_late += !r->is_hearsay;
    return true;
}

/* A dial under way begins anew: on hearsay it has one datagram, which may have found no way. */
void dtt_race_met(struct dtt_race *r, const struct dtt_transport *t, struct dtt_now now,
                  const struct dtt_addr *addr)
{
    for (size_t i = 0; i < r->n_dials; i++) {
        if (dtt_addr_eq(&r->dials[i].addr, addr)) {
            if (!r->is_hearsay) {
                return;
            }
            dtt_transport_close(t, now, r->dials[i].conn, "");
            r->dials[i] = r->dials[--r->n_dials];
            break;
        }
    }
    size_t at = 0;
    while (at < r->n_todo && !dtt_addr_eq(&r->todo[at], addr)) {
        at++;
    }
    if (at == r->n_todo && r->n_todo < DTT_BOOK_ADDRS) {
        r->n_todo++;
    } else if (at == r->n_todo) {
        at--;
    }
    memmove(r->todo + 1, r->todo, at * sizeof(r->todo[0]));
    r->todo[0] = r->met = *addr;
    r->told_ns = r->told_ns ? r->told_ns : now.mono_ns;
    if (!dtt_addr_is_in(r->seen, r->n_seen, addr) && r->n_seen < DTT_RACE_ADDRS) {
        r->seen[r->n_seen++] = *addr;
    }
    r->has_far |= is_global(addr);
    r->n_late++;
}

/* How much an outcome tells: a near address mostly means nothing here, and that a family is not to
 * be had is no news while another one is tried. */
static int weight(const struct dtt_try *t)
{
    if (t->addr.family == DTT_FAMILY_NONE) {
        return 0;
    }
    return !is_far(&t->addr) ? 1 : t->reason == DTT_REASON_NO_ROUTE ? 2 : 3;
}

/* Where to remember the outcome of an address; a near one makes room for a global one. */
static struct dtt_try *place_of(struct dtt_race *r, const struct dtt_addr *addr)
{
    struct dtt_try *near = NULL;
    for (size_t i = 0; i < r->n_tries; i++) {
        if (dtt_addr_eq(&r->tries[i].addr, addr)) {
            return &r->tries[i];
        }
        near = is_far(&r->tries[i].addr) ? near : &r->tries[i];
    }
    return r->n_tries < DTT_RACE_TRIES ? &r->tries[r->n_tries++] : is_far(addr) ? near : NULL;
}

static void note(struct dtt_race *r, const struct dtt_addr *addr, enum dtt_reason reason)
{
    struct dtt_try outcome = {.addr = *addr, .reason = reason};
    struct dtt_try *place = place_of(r, addr);
    if (place) {
        *place = outcome;
    }
    if (weight(&outcome) >= weight(&r->worst)) {
        r->worst = outcome;
    }
}

static size_t max_dials(const struct dtt_race *r)
{
    size_t max = DTT_RACE_DIALS + r->n_late;
    return max < DTT_RACE_DIALS_MAX ? max : DTT_RACE_DIALS_MAX;
}

static enum dtt_reason reason_of_error(int err)
{
    switch (err) {
    case DTT_EFULL: return DTT_REASON_LIMIT;
    case DTT_EINVAL: return DTT_REASON_SELF;
    case DTT_EADDRNOTAVAIL: return DTT_REASON_NO_ROUTE;
    default: return DTT_REASON_LOCAL;
    }
}

/* Takes address i out of those to be tried. */
static struct dtt_addr take_todo(struct dtt_race *r, size_t i)
{
    struct dtt_addr addr = r->todo[i];
    dtt_array_remove(r->todo, &r->n_todo, sizeof(addr), i);
    return addr;
}

static bool dial_at(struct dtt_race *r, struct dtt_ctx *ctx, const struct dtt_transport *t,
                    struct dtt_now now, const struct dtt_id *peer, size_t i, unsigned datagrams)
{
    struct dtt_dial dial = {.addr = take_todo(r, i), .datagrams = datagrams};
    int err = dtt_transport_dial(t, now, peer, &dial.addr, datagrams, &dial.conn);
    if (err) {
        note(r, &dial.addr, reason_of_error(err));
        return false;
    }
    DTT_TRACE(ctx, NODE_DIAL, dtt_tv_id(peer), dtt_tv_addr(&dial.addr));
    r->dials[r->n_dials++] = dial;
    if (r->relayed_ns == 0 && is_global(&dial.addr)) {
        r->relayed_ns =
            now.mono_ns + (r->is_courteous ? DTT_RACE_COURTESY_NS : DTT_RACE_RELAYED_NS);
    }
    return true;
}

/* Where the peer was told to knock, only a knock shows that it wants the packet. */
static bool needs_knock(const struct dtt_race *r, const struct dtt_addr *addr)
{
    return r->is_hearsay && r->told_ns > 0 && is_far(addr) && addr->family == DTT_FAMILY_V4 &&
           !dtt_addr_eq(addr, &r->met);
}

/* When an address may be dialled, or is given up; 0: at once. */
static uint64_t ready_ns(const struct dtt_race *r, const struct dtt_addr *addr)
{
    if (dtt_addr_eq(addr, &r->met)) {
        return 0;
    }
    if (dtt_addr_is_invented(addr)) {
        return r->relayed_ns;
    }
    if (is_far(addr)) {
        return needs_knock(r, addr) ? r->told_ns : addr->family == DTT_FAMILY_V4 ? r->held_ns : 0;
    }
    return r->has_far && !r->is_home ? r->near_ns : 0;
}

/* How many datagrams may be sent there; 0: none before *ret_ready_ns. */
static unsigned take(const struct dtt_race *r, struct dtt_destinations *destinations,
                     struct dtt_now now, const struct dtt_addr *addr, uint64_t *ret_ready_ns)
{
    bool is_hearsay = r->is_hearsay && !dtt_addr_eq(addr, &r->met);
    if (dtt_addr_is_invented(addr)) {
        return is_hearsay ? 1 : DTT_DESTINATIONS_INITIALS;
    }
    return dtt_destinations_take(destinations, now, addr, is_hearsay, ret_ready_ns);
}

/* Dials one address, global or not, whose time has come; false when there is none. What waits for
 * its time or for budget is in retry_ns, and *is_waiting when it is the time. */
static bool dial_one(struct dtt_race *r, struct dtt_ctx *ctx, const struct dtt_transport *t,
                     struct dtt_destinations *destinations, struct dtt_now now,
                     const struct dtt_id *peer, bool far, bool *is_waiting)
{
    size_t i = 0;
    while (i < r->n_todo && r->n_dials < max_dials(r)) {
        uint64_t at = ready_ns(r, &r->todo[i]);
        if (is_far(&r->todo[i]) != far) {
            i++;
            continue;
        }
        if (at > now.mono_ns) {
            *is_waiting = true;
            r->retry_ns = dtt_min_ns(r->retry_ns, at);
            i++;
            continue;
        }
        if (needs_knock(r, &r->todo[i])) {
            struct dtt_addr silent = take_todo(r, i);
            note(r, &silent, DTT_REASON_TIMEOUT);
            continue;
        }
        unsigned datagrams = take(r, destinations, now, &r->todo[i], &at);
        if (datagrams == 0) {
            at = dtt_min_ns(at, now.mono_ns + DTT_RACE_RETRY_NS);
            r->retry_ns = dtt_min_ns(r->retry_ns, at);
            note(r, &r->todo[i++], DTT_REASON_BUDGET);
        } else if (dial_at(r, ctx, t, now, peer, i, datagrams)) {
            return true;
        }
    }
    return false;
}

/* Nothing has come back so far, and nothing will. */
static void give_up(struct dtt_race *r, const struct dtt_transport *t, struct dtt_now now)
{
    for (size_t i = 0; i < r->n_dials; i++) {
        note(r, &r->dials[i].addr, DTT_REASON_TIMEOUT);
    }
    dtt_race_stop(r, t, now);
}

bool dtt_race_next(struct dtt_race *r, struct dtt_ctx *ctx, const struct dtt_transport *t,
                   struct dtt_destinations *destinations, struct dtt_now now,
                   const struct dtt_id *peer, bool may_dial)
{
    bool is_waiting = false;
    if (r->end_ns && r->end_ns <= now.mono_ns) {
        give_up(r, t, now);
        return false;
    }
    r->retry_ns = may_dial ? DTT_NEVER : now.mono_ns + DTT_RACE_RETRY_NS;
    if (may_dial && (dial_one(r, ctx, t, destinations, now, peer, true, &is_waiting) ||
                     dial_one(r, ctx, t, destinations, now, peer, false, &is_waiting))) {
        r->retry_ns = DTT_NEVER;
    }
    if (r->is_hearsay && r->n_dials == 0 && r->n_todo > 0 && !is_waiting) {
        dtt_race_refuse(r, ctx);
    }
    return dtt_race_is_on(r, now);
}

void dtt_race_refuse(struct dtt_race *r, struct dtt_ctx *ctx)
{
    DTT_COUNT(ctx, NODE_HEARSAY_REFUSED);
    r->worst.reason = DTT_REASON_BUDGET;
    r->n_todo = 0;
}

bool dtt_race_add(struct dtt_race *r, dtt_quic_conn conn, const struct dtt_addr *addr,
                  unsigned datagrams)
{
    if (r->n_dials == DTT_RACE_DIALS_MAX) {
        return false;
    }
    r->dials[r->n_dials++] = (struct dtt_dial){.conn = conn, .addr = *addr, .datagrams = datagrams};
    return true;
}

bool dtt_race_is_on(const struct dtt_race *r, struct dtt_now now)
{
    return r->n_dials > 0 || r->n_todo > 0 || r->kept_ns > now.mono_ns;
}

static uint64_t next_dial_ns(const struct dtt_race *r, struct dtt_now now)
{
    if (r->n_todo == 0 && r->n_dials == 0) {
        return r->kept_ns;
    }
    if (r->n_todo == 0 || r->n_dials >= max_dials(r)) {
        return DTT_NEVER;
    }
    return r->retry_ns == DTT_NEVER ? now.mono_ns + DTT_RACE_STAGGER_NS : r->retry_ns;
}

uint64_t dtt_race_deadline(const struct dtt_race *r, struct dtt_now now)
{
    return dtt_min_ns(next_dial_ns(r, now), r->end_ns ? r->end_ns : DTT_NEVER);
}

unsigned dtt_race_datagrams(const struct dtt_race *r, dtt_quic_conn conn)
{
    for (size_t i = 0; i < r->n_dials; i++) {
        if (r->dials[i].conn == conn) {
            return r->dials[i].datagrams;
        }
    }
    return 0;
}

bool dtt_race_take(struct dtt_race *r, dtt_quic_conn conn, enum dtt_reason reason)
{
    for (size_t i = 0; i < r->n_dials; i++) {
        if (r->dials[i].conn == conn) {
            note(r, &r->dials[i].addr, reason);
            r->dials[i] = r->dials[--r->n_dials];
            return true;
        }
    }
    return false;
}

bool dtt_race_no_route(struct dtt_race *r, const struct dtt_transport *t, struct dtt_now now,
                       const struct dtt_addr *addr)
{
    for (size_t i = 0; i < r->n_dials; i++) {
        if (dtt_addr_eq(&r->dials[i].addr, addr)) {
            dtt_quic_conn conn = r->dials[i].conn;
            dtt_transport_close(t, now, conn, "");
            return dtt_race_take(r, conn, DTT_REASON_NO_ROUTE);
        }
    }
    return false;
}

void dtt_race_again(struct dtt_race *r, const struct dtt_transport *t, struct dtt_now now)
{
    while (r->n_dials > 0) {
        struct dtt_dial *dial = &r->dials[--r->n_dials];
        dtt_transport_close(t, now, dial->conn, "");
        if (r->n_todo < DTT_BOOK_ADDRS) {
            memmove(r->todo + 1, r->todo, r->n_todo * sizeof(r->todo[0]));
            r->todo[0] = dial->addr;
            r->n_todo++;
        }
    }
    r->n_late = 0;
}

void dtt_race_stop(struct dtt_race *r, const struct dtt_transport *t, struct dtt_now now)
{
    struct dtt_quic_info info;
    while (r->n_dials > 0) {
        dtt_quic_conn conn = r->dials[--r->n_dials].conn;
        if (!t->ops->info(t->self, conn, &info) || !info.is_made) {
            dtt_transport_close(t, now, conn, "");
        }
    }
    r->n_todo = 0;
}
