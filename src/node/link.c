/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/link.h"

#include <assert.h>
#include <stdlib.h>

struct dtt_link *dtt_link_find(const struct dtt_links *p, const struct dtt_id *id)
{
    return dtt_map_get(&p->peers, id);
}

struct dtt_link *dtt_link_make(struct dtt_links *p, const struct dtt_id *id)
{
    struct dtt_link *link = dtt_link_find(p, id);
    if (link) {
        return link;
    }
    link = calloc(1, sizeof(*link));
    if (!link || dtt_map_put(&p->peers, id, link) != DTT_OK) {
        free(link);
        DTT_COUNT(p->ctx, NODE_PEERS_REFUSED);
        return NULL;
    }
    link->id = *id;
    dtt_outflow_init(&link->out);
    return link;
}

void dtt_link_drop(struct dtt_links *p, struct dtt_link *link)
{
    dtt_map_take(&p->peers, &link->id);
    dtt_timerq_cancel(&p->timers, &link->timer);
    for (size_t k = 0; k < link->n_conns; k++) {
        dtt_link_conn_fini(&link->conns[k]);
    }
    dtt_outflow_fini(&link->out);
    dtt_inflow_fini(&link->in, &p->streams_in);
    free(link);
}

void dtt_link_enter(struct dtt_links *p, struct dtt_now now, struct dtt_link *link,
                    enum dtt_link_state state)
{
    uint64_t at = DTT_NEVER;
    assert(state != DTT_LINK_NEW);
    assert(state != DTT_LINK_LOCATING || link->state == DTT_LINK_NEW);
    assert((state == DTT_LINK_LIVE || state == DTT_LINK_LINGERING) == (link->n_conns > 0));
    assert(state != DTT_LINK_DIALLING || dtt_race_is_on(&link->race, now));
    assert(state != DTT_LINK_LIVE || link->neighbor_of > 0);
    if (state == DTT_LINK_DIALLING) {
        at = dtt_race_deadline(&link->race, now);
    } else if (state == DTT_LINK_LINGERING) {
        at = now.mono_ns + DTT_LINKS_LINGER_NS;
    }
    link->state = state;
    /* Out of memory: the next address, or the end, waits for the next event of this link. */
    dtt_timerq_follow(&p->timers, &link->timer, at);
}

void dtt_link_enter_connected(struct dtt_links *p, struct dtt_now now, struct dtt_link *link)
{
    /* One that no topic needs stays a while: either side may have more to say. */
    dtt_link_enter(p, now, link, link->neighbor_of > 0 ? DTT_LINK_LIVE : DTT_LINK_LINGERING);
}

size_t dtt_link_conn(const struct dtt_link *link, dtt_quic_conn conn)
{
    size_t k = 0;
    while (k < link->n_conns && link->conns[k].conn != conn) {
        k++;
    }
    return k;
}

bool dtt_link_conn_fini(struct dtt_link_conn *c)
{
    dtt_link_proofs_fini(&c->proofs);
    return dtt_flight_fini(&c->flight);
}

void dtt_link_close(struct dtt_links *p, struct dtt_now now, struct dtt_link_conn *c,
                    const char *words)
{
    if (!c->is_closing && !c->is_dialled) {
        assert(p->n_accepted > 0);
        p->n_accepted--;
    }
    c->is_closing = true;
    dtt_flight_settle(&c->flight, &p->transport, c->conn);
    dtt_transport_close(&p->transport, now, c->conn, words);
}

bool dtt_link_is_fresh(const struct dtt_link_conn *c, struct dtt_now now)
{
    return c->heard_ns != 0 && now.mono_ns - c->heard_ns < DTT_LINKS_FRESH_NS;
}
