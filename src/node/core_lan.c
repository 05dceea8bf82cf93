/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/core_lan.h"

#include "node/book.h"
#include "node/core_topic.h"
#include "node/dials.h"
#include "node/inside.h"

/* Link-local addresses of ours in a record for the local network; it has places for others, too. */
#define NEAR_MAX 3

void dtt_core_lan_set_links(struct dtt_core *c, struct dtt_now now,
                            const struct dtt_lan_link *links, size_t n)
{
    if (c->lan) {
        dtt_lan_set_links(c->lan, now, links, n);
        dtt_lan_renew(c->lan);
        DTT_TRACE(c->ctx, LAN_LINKS, dtt_tv_int((int64_t)dtt_lan_n_links(c->lan)));
    }
}

void dtt_core_lan_recv(struct dtt_core *c, struct dtt_now now, uint32_t index,
                       const struct dtt_addr *from, struct dtt_slice datagram)
{
    if (c->lan) {
        dtt_lan_recv(c->lan, now, index, from, datagram);
    }
}

bool dtt_core_lan_next_packet(struct dtt_core *c, struct dtt_now now, struct dtt_lan_packet *ret)
{
    return c->lan && dtt_lan_next_packet(c->lan, now, ret);
}

/* ---- routing */

static struct dtt_topic *topic_of(const struct dtt_core *c, uint32_t number)
{
    for (size_t i = 0; i < c->n_topics; i++) {
        if (c->topics[i]->number == number) {
            return c->topics[i];
        }
    }
    return NULL;
}

static uint16_t port_of(const struct dtt_core *c, uint8_t family)
{
    return c->cfg.bound[c->cfg.bound[0].family == family ? 0 : 1].port;
}

/* Adds our addresses that mean something on this link only. */
static size_t add_link_local(const struct dtt_core *c, const struct dtt_lan_link *l, size_t n,
                             struct dtt_addr ret[NEAR_MAX])
{
    for (size_t k = 0; k < l->n_nets && n < NEAR_MAX; k++) {
        struct dtt_addr a = l->nets[k].addr;
        a.port = port_of(c, a.family);
        if (dtt_addr_scope(&a) == DTT_SCOPE_LINK) {
            ret[n++] = a;
        }
    }
    return n;
}

/* Nobody else is told them. First come those of the interface `index`, where we were asked. */
static size_t link_local(const struct dtt_core *c, uint32_t index, struct dtt_addr ret[NEAR_MAX])
{
    const struct dtt_lan_link *links = dtt_lan_links(c->lan);
    size_t n = 0;
    for (int is_other = 0; is_other < 2; is_other++) {
        for (size_t i = 0; i < dtt_lan_n_links(c->lan); i++) {
            if ((links[i].index != index) == (is_other != 0)) {
                n = add_link_local(c, &links[i], n, ret);
            }
        }
    }
    return n;
}

static void on_want(struct dtt_core *c, struct dtt_now now, const struct dtt_lan_event *ev)
{
    struct dtt_topic *t = topic_of(c, ev->number);
    struct dtt_addr near[NEAR_MAX];
    uint8_t buf[DTT_RECORD_VALUE_MAX];
    struct dtt_writer value = dtt_writer(buf, sizeof(buf));
    size_t n = link_local(c, ev->index, near);
    if (!t || dtt_tracker_near_record(t->tracker, now, ev->minute, near, n, &value) != DTT_OK) {
        value.len = 0;
    }
    dtt_lan_answer(c->lan, ev->number, ev->minute, dtt_slice(buf, value.len));
}

static const struct dtt_lan_link *link_of(const struct dtt_core *c, const struct dtt_lan_event *ev)
{
    const struct dtt_lan_link *links = dtt_lan_links(c->lan);
    size_t n = dtt_lan_n_links(c->lan);
    size_t i = dtt_lan_link_find(links, n, ev->index, ev->from.family);
    return i < n ? &links[i] : NULL;
}

/*
 * Where a member of the local network may have us dial. A link-local address of IPv4 has no zone,
 * so it has to be of the very link.
 */
static bool may_be_dialled(const struct dtt_lan_link *link, const struct dtt_addr *a)
{
    return dtt_addr_may_be_named(a, DTT_SCOPE_LINK) &&
           (dtt_addr_scope(a) != DTT_SCOPE_LINK || a->family == DTT_FAMILY_V6 ||
            (link && dtt_lan_link_has(link, a)));
}

/* Those of a peer's addresses that may be dialled; returns the first of them, NULL: there is none.
 */
static const struct dtt_addr *learn(struct dtt_core *c, struct dtt_now now,
                                    const struct dtt_lan_event *ev, const struct dtt_id *peer,
                                    struct dtt_addr *addrs, size_t n_addrs)
{
    size_t n = 0;
    for (size_t i = 0; i < n_addrs; i++) {
        if (may_be_dialled(link_of(c, ev), &addrs[i])) {
            addrs[n++] = addrs[i];
        }
    }
    dtt_dials_name(&c->links, now, peer, addrs, n);
    return n > 0 ? &addrs[0] : NULL;
}

/* Told once for each member, as long as we remember. */
static void tell_found(struct dtt_topic *t, struct dtt_now now, const struct dtt_id *peer,
                       const struct dtt_addr *addr)
{
    struct dtt_event out = {.type = DTT_EVENT_LAN};
    for (uint64_t i = 0; i < t->n_near && i < DTT_TOPIC_NEAR; i++) {
        if (memcmp(&t->near[i], peer, sizeof(*peer)) == 0) {
            return;
        }
    }
    t->near[t->n_near++ % DTT_TOPIC_NEAR] = *peer;
    DTT_TRACE(t->core->ctx, LAN_FOUND, dtt_tv_id(peer), dtt_tv_addr(addr));
    out.u.lan.peer = *peer;
    out.u.lan.addr = *addr;
    dtt_events_tell(&t->core->events, now, t, &out);
}

/* Of those that others are told the ones that lead to our sockets in this network. */
void dtt_core_lan_addrs(struct dtt_core *c, struct dtt_now now, const struct dtt_addr *addrs,
                        size_t n)
{
    struct dtt_lan_iroh_peer us = {.id = c->id};
    if (!c->lan) {
        return;
    }
    dtt_lan_renew(c->lan);
    for (size_t i = 0; i < n && us.n_addrs < DTT_LAN_IROH_ADDRS; i++) {
        if (addrs[i].port == port_of(c, addrs[i].family)) {
            us.addrs[us.n_addrs++] = addrs[i];
        }
    }
    if (c->cfg.is_lan_iroh) {
        dtt_lan_set_iroh(c->lan, now, &us);
    }
}

/* Anybody may say so of anybody, but for the key: only who is wanted counts. */
static void on_peer(struct dtt_core *c, struct dtt_now now, const struct dtt_lan_event *ev)
{
    struct dtt_lan_iroh_peer peer = ev->peer;
    if (!dtt_dials_seeks(&c->links, &peer.id)) {
        return;
    }
    for (size_t i = 0; i < peer.n_addrs; i++) {
        if (peer.addrs[i].family == DTT_FAMILY_V6) {
            peer.addrs[i] = dtt_addr_v6_zone(peer.addrs[i].ip, peer.addrs[i].port, ev->index);
        }
    }
    learn(c, now, ev, &peer.id, peer.addrs, peer.n_addrs);
    dtt_dials_located(&c->links, now, &peer.id, false);
}

static void on_value(struct dtt_core *c, struct dtt_now now, const struct dtt_lan_event *ev)
{
    struct dtt_topic *t = topic_of(c, ev->number);
    struct dtt_record_info r;
    if (!t || !dtt_tracker_near_value(t->tracker, now, ev->minute,
                                      dtt_slice(ev->value, ev->value_len), ev->index, &r)) {
        return;
    }
    DTT_COUNT(c->ctx, LAN_FOUND);
    dtt_lan_verified(c->lan, ev->number, ev->minute, ev->index, ev->from.family);
    const struct dtt_addr *first = learn(c, now, ev, &r.publisher, r.addrs, r.n_addrs);
    tell_found(t, now, &r.publisher, first ? first : &ev->from);
}

bool dtt_core_lan_route(struct dtt_core *c, struct dtt_now now)
{
    struct dtt_lan_event ev;
    if (!c->lan || !dtt_lan_next_event(c->lan, now, &ev)) {
        return false;
    }
    switch (ev.type) {
    case DTT_LAN_WANT: on_want(c, now, &ev); break;
    case DTT_LAN_VALUE: on_value(c, now, &ev); break;
    case DTT_LAN_PEER: on_peer(c, now, &ev); break;
    }
    return true;
}
