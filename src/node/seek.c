/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/seek.h"

#include "node/dials.h"
#include "node/meet.h"
#include "node/nats.h"

/* Nothing has come on any connection, though an answer is due on at least one. */
static bool is_unheard(const struct dtt_links *p, struct dtt_now now, const struct dtt_link *link)
{
    struct dtt_quic_info info;
    for (size_t k = 0; k < link->n_conns; k++) {
        if (!p->transport.ops->info(p->transport.self, link->conns[k].conn, &info) ||
            now.mono_ns - info.heard_ns < DTT_QUIC_SILENT_NS) {
            return false;
        }
    }
    return true;
}

/* The addresses of the peer of a link, if it is a neighbour behind a NAT that is not heard; else
 * none. */
static size_t addrs_of_sought(const struct dtt_links *p, struct dtt_now now,
                              const struct dtt_link *link, struct dtt_addr ret[DTT_BOOK_ADDRS])
{
    if (!link || link->state != DTT_LINK_LIVE ||
        (!link->backlog.is_silent && !is_unheard(p, now, link))) {
        return 0;
    }
    size_t n = dtt_book_get(&p->book, &link->id, ret);
    return dtt_nats_has_one(ret, n) ? n : 0;
}

/* One dial at a time, at the address that was learnt last. */
static void dial(struct dtt_links *p, struct dtt_now now, struct dtt_link *link,
                 const struct dtt_addr *addr)
{
    for (size_t i = 0; i < link->race.n_dials; i++) {
        if (dtt_addr_eq(&link->race.dials[i].addr, addr)) {
            return;
        }
    }
    dtt_race_stop(&link->race, &p->transport, now);
    dtt_dials_again(p, now, link, addr);
    link->race.missed_ns = now.mono_ns;
}

/*
 * Dials the newest of the peer's global addresses that is of the family of our connections, unless
 * one of them goes there.
 */
static void dial_other(struct dtt_links *p, struct dtt_now now, struct dtt_link *link,
                       const struct dtt_addr *addrs, size_t n)
{
    size_t i = 0;
    while (i < n && (addrs[i].family != link->conns[0].addr.family ||
                     dtt_addr_scope(&addrs[i]) != DTT_SCOPE_GLOBAL)) {
        i++;
    }
    for (size_t k = 0; i < n && k < link->n_conns; k++) {
        if (dtt_addr_eq(&link->conns[k].addr, &addrs[i])) {
            return;
        }
    }
    if (i < n) {
        dial(p, now, link, &addrs[i]);
    }
}

void dtt_seek(struct dtt_links *p, struct dtt_now now, struct dtt_link *link)
{
    struct dtt_addr addrs[DTT_BOOK_ADDRS];
    size_t n = addrs_of_sought(p, now, link, addrs);
    if (n == 0 || now.mono_ns < link->sought_ns) {
        return;
    }
    link->sought_ns = now.mono_ns + DTT_SEEK_AGAIN_NS;
    dial_other(p, now, link, addrs, n);
    /* While a meeting is on nobody is asked again, and slots are read: it has not helped so far. */
    if (link->out.n == 0 ||
        !dtt_meet_want(p, now, &link->id, &link->out.streams[0].topic, addrs, n, NULL)) {
        struct dtt_id *place = dtt_ring_push(&p->sought);
        if (place) { /* else it is its turn again before long */
            *place = link->id;
        }
    }
}

void dtt_seek_learnt(struct dtt_links *p, struct dtt_now now, const struct dtt_id *id)
{
    struct dtt_link *link = dtt_link_find(p, id);
    struct dtt_addr addrs[DTT_BOOK_ADDRS];
    dial_other(p, now, link, addrs, addrs_of_sought(p, now, link, addrs));
}

void dtt_seek_met(struct dtt_links *p, struct dtt_now now, const struct dtt_id *id,
                  const struct dtt_addr *addr)
{
    struct dtt_link *link = dtt_link_find(p, id);
    struct dtt_addr addrs[DTT_BOOK_ADDRS];
    if (addrs_of_sought(p, now, link, addrs) > 0) {
        dial(p, now, link, addr);
    }
}

bool dtt_seek_next(struct dtt_links *p, struct dtt_id *ret)
{
    return dtt_ring_take(&p->sought, ret);
}
