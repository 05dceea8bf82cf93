/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/race.h"

#include <assert.h>

bool dtt_race_start(struct dtt_race *r, const struct dtt_book *book, const struct dtt_id *peer)
{
    assert(r->n_dials == 0);
    *r = (struct dtt_race){.reason = DTT_REASON_NO_ADDRESS, .is_hearsay = r->is_hearsay};
    r->n_todo = dtt_book_get(book, peer, r->todo);
    memcpy(r->seen, r->todo, r->n_todo * sizeof(r->todo[0]));
    r->n_seen = r->n_todo;
    return r->n_todo > 0;
}

bool dtt_race_join(struct dtt_race *r, const struct dtt_addr *addr)
{
    for (size_t i = 0; i < r->n_seen; i++) {
        if (dtt_addr_eq(&r->seen[i], addr)) {
            return false;
        }
    }
    if (r->n_seen == DTT_RACE_ADDRS || r->n_todo == DTT_BOOK_ADDRS) {
        return false;
    }
    r->seen[r->n_seen++] = *addr;
    r->todo[r->n_todo++] = *addr;
    r->n_late += !r->is_hearsay;
    return true;
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
    default: return DTT_REASON_LOCAL;
    }
}

/* Takes address i out of those to be tried, and dials it. */
static bool dial_at(struct dtt_race *r, struct dtt_ctx *ctx, const struct dtt_transport *t,
                    struct dtt_now now, const struct dtt_id *peer, size_t i, unsigned datagrams)
{
    struct dtt_dial dial = {.addr = r->todo[i]};
    memmove(r->todo + i, r->todo + i + 1, (--r->n_todo - i) * sizeof(dial.addr));
    int err = dtt_transport_dial(t, now, peer, &dial.addr, datagrams, &dial.conn);
    if (err) {
        r->failed = dial.addr;
        r->reason = reason_of_error(err);
        return false;
    }
    DTT_TRACE(ctx, NODE_DIAL, dtt_tv_id(peer), dtt_tv_addr(&dial.addr));
    r->dials[r->n_dials++] = dial;
    return true;
}

bool dtt_race_next(struct dtt_race *r, struct dtt_ctx *ctx, const struct dtt_transport *t,
                   struct dtt_destinations *destinations, struct dtt_now now,
                   const struct dtt_id *peer, bool may_dial)
{
    size_t i = 0;
    r->retry_ns = may_dial ? DTT_NEVER : now.mono_ns + DTT_RACE_RETRY_NS;
    while (may_dial && i < r->n_todo && r->n_dials < max_dials(r)) {
        uint64_t ready_ns;
        unsigned datagrams =
            dtt_destinations_take(destinations, now, &r->todo[i], r->is_hearsay, &ready_ns);
        if (datagrams == 0) {
            r->retry_ns =
                dtt_min_ns(r->retry_ns, dtt_min_ns(ready_ns, now.mono_ns + DTT_RACE_RETRY_NS));
            r->failed = r->todo[i++];
            r->reason = DTT_REASON_BUDGET;
        } else if (dial_at(r, ctx, t, now, peer, i, datagrams)) {
            r->retry_ns = DTT_NEVER;
            break;
        }
    }
    if (r->is_hearsay && r->n_dials == 0 && r->n_todo > 0) {
        DTT_COUNT(ctx, NODE_HEARSAY_REFUSED);
        r->reason = DTT_REASON_BUDGET;
        r->n_todo = 0;
    }
    return r->n_dials > 0 || r->n_todo > 0;
}

uint64_t dtt_race_deadline(const struct dtt_race *r, struct dtt_now now)
{
    if (r->n_todo == 0 || r->n_dials == max_dials(r)) {
        return DTT_NEVER;
    }
    return r->retry_ns == DTT_NEVER ? now.mono_ns + DTT_RACE_STAGGER_NS : r->retry_ns;
}

bool dtt_race_take(struct dtt_race *r, dtt_quic_conn conn, enum dtt_reason reason)
{
    for (size_t i = 0; i < r->n_dials; i++) {
        if (r->dials[i].conn == conn) {
            r->failed = r->dials[i].addr;
            r->reason = reason;
            r->dials[i] = r->dials[--r->n_dials];
            return true;
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
    while (r->n_dials > 0) {
        dtt_transport_close(t, now, r->dials[--r->n_dials].conn, "");
    }
    r->n_todo = 0;
}
