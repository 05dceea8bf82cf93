/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/worn.h"

#include "node/dials.h"
#include "node/link.h"

/* We speak there, and the peer does so too, or has not had the time to follow us. */
static bool is_shared(const struct dtt_link_conn *c, struct dtt_now now)
{
    return !c->is_worn && now.mono_ns - dtt_link_conn_used_ns(c) < 2 * DTT_LINKS_FRESH_NS;
}

/* Where both had dialled at once, each may speak on the other's. */
void dtt_worn_replace(struct dtt_links *p, struct dtt_now now, struct dtt_link *link, size_t k,
                      const struct dtt_addr *addr)
{
    link->conns[k].is_worn = true;
    if (!is_shared(&link->conns[0], now) && link->state == DTT_LINK_LIVE &&
        link->race.n_dials == 0) {
        dtt_dials_again(p, now, link, addr);
    }
}

/* A way by a relay that a direct one has replaced, and on which nobody has spoken since. The peer
 * may keep streams open there, and the relay carries the keep-alives. */
static bool is_replaced(const struct dtt_link_conn *c, struct dtt_now now)
{
    return dtt_addr_is_invented(&c->addr) &&
           now.mono_ns - dtt_link_conn_used_ns(c) >= DTT_LINKS_FRESH_NS;
}

/* The peer may not have had the time to speak there, and only then on the other one. */
static bool is_new(const struct dtt_link_conn *c, struct dtt_now now)
{
    return now.mono_ns - c->opened_ns < DTT_LINKS_FRESH_NS;
}

/*
 * The peer has left a connection when it has ended its streams there and speaks on another one. (If
 * it does not, the connection ends by itself, and nothing is lost with it.)
 */
void dtt_worn_close(struct dtt_links *p, struct dtt_now now, struct dtt_link *link)
{
    for (size_t k = 1; k < link->n_conns; k++) {
        struct dtt_link_conn *c = &link->conns[k];
        bool is_left =
            c->is_stranded || (c->is_worn && !is_new(c, now) && !dtt_link_is_fresh(c, now) &&
                               (!dtt_inflow_has(&link->in, c->conn) || is_replaced(c, now)) &&
                               p->transport.ops->unacked(p->transport.self, c->conn) == 0);
        if (is_left && !c->is_closing) {
            dtt_link_close(p, now, c, c->is_stranded ? "moved" : "worn");
        }
    }
}
