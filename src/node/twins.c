/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/twins.h"

#include "node/core_topic.h"
#include "node/inside.h"

static bool is_ours(const struct dtt_core *c, const struct dtt_addr *addr)
{
    struct dtt_addr own[DTT_CORE_ADDRS];
    return dtt_addr_is_in(own, dtt_self_addrs(&c->self, own), addr) ||
           dtt_addr_is_in(c->transport.bound, 2, addr);
}

/* Whether the address has not been tried lately; then it has been now. */
static bool try(struct dtt_twins *t, struct dtt_now now, const struct dtt_addr *addr)
{
    size_t n = t->n < DTT_TWINS_TRIED ? t->n : DTT_TWINS_TRIED;
    size_t i = 0;
    while (i < n && !dtt_addr_eq(&t->tried[i].addr, addr)) {
        i++;
    }
    if (i < n && now.mono_ns - t->tried[i].at_ns < DTT_TWINS_AGAIN_NS) {
        return false;
    }
    i = i < n ? i : t->n++ % DTT_TWINS_TRIED;
    t->tried[i].addr = *addr;
    t->tried[i].at_ns = now.mono_ns;
    return true;
}

void dtt_twins_suspect(struct dtt_core *c, struct dtt_now now, const struct dtt_addr *addr)
{
    const struct dtt_transport *t = &c->transport;
    dtt_quic_conn conn;
    if (c->cfg.is_plain || is_ours(c, addr) || !dtt_addr_may_be_named(addr, c->links.nearest) ||
        !try(&c->twins, now, addr)) {
        return;
    }
    for (size_t i = 0; i < 2; i++) {
        if (t->bound[i].family == addr->family &&
            t->ops->dial_twin(t->self, now, &t->bound[i], addr, &conn) == DTT_OK) {
            t->ops->limit_dial(t->self, conn, DTT_TWINS_DATAGRAMS);
        }
    }
}

void dtt_twins_event(struct dtt_core *c, struct dtt_now now, const struct dtt_quic_event *ev)
{
    if (ev->type != DTT_QUIC_CONNECTED) {
        return;
    }
    for (size_t i = 0; i < c->n_topics; i++) {
        dtt_tracker_twin(c->topics[i]->tracker, now, &ev->addr);
    }
    if (ev->dialed) { /* the dialling end closes, which now knows that it is connected */
        dtt_transport_close(&c->transport, now, ev->conn, "a twin");
    }
}
