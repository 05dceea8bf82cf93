/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/race.h"

#include <assert.h>

bool dtt_race_start(struct dtt_race *r, const struct dtt_book *book, const struct dtt_id *peer)
{
    assert(r->n_dials == 0);
    *r = (struct dtt_race){.reason = DTT_REASON_NO_ADDRESS};
    r->n_todo = dtt_book_get(book, peer, r->todo);
    return r->n_todo > 0;
}

static enum dtt_reason reason_of_error(int err)
{
    switch (err) {
    case DTT_EFULL: return DTT_REASON_LIMIT;
    case DTT_EINVAL: return DTT_REASON_SELF;
    default: return DTT_REASON_LOCAL;
    }
}

bool dtt_race_next(struct dtt_race *r, const struct dtt_ctx *ctx, const struct dtt_transport *t,
                   struct dtt_now now, const struct dtt_id *peer)
{
    while (r->n_todo > 0 && r->n_dials < DTT_RACE_DIALS) {
        struct dtt_dial dial = {.addr = r->todo[0]};
        memmove(r->todo, r->todo + 1, --r->n_todo * sizeof(dial.addr));
        int err = dtt_transport_dial(t, now, peer, &dial.addr, &dial.conn);
        if (!err) {
            DTT_TRACE(ctx, NODE_DIAL, dtt_tv_id(peer), dtt_tv_addr(&dial.addr));
            r->dials[r->n_dials++] = dial;
            break;
        }
        r->failed = dial.addr;
        r->reason = reason_of_error(err);
    }
    return r->n_dials > 0;
}

uint64_t dtt_race_deadline(const struct dtt_race *r, struct dtt_now now)
{
    return r->n_todo > 0 && r->n_dials < DTT_RACE_DIALS ? now.mono_ns + DTT_RACE_STAGGER_NS
                                                        : DTT_NEVER;
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

void dtt_race_stop(struct dtt_race *r, const struct dtt_transport *t, struct dtt_now now)
{
    while (r->n_dials > 0) {
        dtt_transport_close(t, now, r->dials[--r->n_dials].conn, "");
    }
    r->n_todo = 0;
}
