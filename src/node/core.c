/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/core.h"

#include "crypto/ed25519.h"
#include "gossip/addr_info.h"
#include "node/core_dht.h"
#include "node/core_lan.h"
#include "node/core_portmap.h"
#include "node/core_relays.h"
#include "node/core_topic.h"
#include "node/dials.h"
#include "node/inside.h"
#include "node/knock.h"
#include "node/locate.h"
#include "node/lookups.h"
#include "node/meet.h"
#include "node/once.h"
#include "node/pair.h"
#include "node/seek.h"
#include "node/slots.h"
#include "quic/demux.h"
#include "record/proof.h"

#include <sodium.h>
#include <stdlib.h>

/* The scope of the nearest of our own addresses, private at least. */
static enum dtt_addr_scope nearest_scope(const struct dtt_core *c)
{
    enum dtt_addr_scope nearest = DTT_SCOPE_PRIVATE;
    struct dtt_addr addrs[DTT_CORE_ADDRS + 2];
    size_t n = dtt_self_addrs(&c->self, addrs);
    addrs[n++] = c->cfg.bound[0];
    addrs[n++] = c->cfg.bound[1];
    for (size_t i = 0; i < n; i++) {
        enum dtt_addr_scope scope = dtt_addr_scope(&addrs[i]);
        nearest = scope != DTT_SCOPE_UNUSABLE && scope > nearest ? scope : nearest;
    }
    return nearest;
}

/* ---- life */

int dtt_core_new(struct dtt_core **ret, const struct dtt_core_config *cfg, struct dtt_now now)
{
    struct dtt_core *c = calloc(1, sizeof(*c));
    struct dtt_rng rng;
    uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES];
    if (!c) {
        return DTT_ENOMEM;
    }
    c->ctx = cfg->ctx;
    c->cfg = *cfg;
    c->transport.ops = cfg->transport ? cfg->transport : &dtt_transport_quic;
    memcpy(c->transport.bound, cfg->bound, sizeof(c->transport.bound));
    dtt_ed25519_public_key(c->id.bytes, cfg->node_seed);
    dtt_rng_init(&rng, c->ctx->seed, "node.hash");
    dtt_rng_bytes(&rng, hash_key, sizeof(hash_key));
    dtt_rng_fini(&rng);
    dtt_events_init(&c->events, hash_key);
    dtt_core_relays_init(c, cfg, hash_key);
    dtt_self_init(&c->self);
    dtt_strangers_init(&c->strangers, now, hash_key);
    dtt_core_portmap_init(c, now);

    struct dtt_dht_config dht_cfg = {
        .read_only = cfg->read_only,
        .has_v4 = cfg->bound[0].family == DTT_FAMILY_V4 || cfg->bound[1].family == DTT_FAMILY_V4,
        .has_v6 = cfg->bound[0].family == DTT_FAMILY_V6 || cfg->bound[1].family == DTT_FAMILY_V6};
    int err = dtt_dht_new(&c->dht, c->ctx, &dht_cfg, now);
    dtt_waits_init(&c->waits, c->dht, hash_key);
    if (!err && !cfg->dht_only) {
        struct dtt_quic_config quic_cfg = {.alpn = DTT_GOSSIP_ALPN,
                                           .exporter = DTT_PROOF_EXPORTER,
                                           .idle_timeout_ns = DTT_CORE_IDLE_NS,
                                           .relayed_idle_ns = DTT_CORE_RELAYED_IDLE_NS,
                                           .keep_alive_ns = DTT_CORE_KEEP_ALIVE_NS};
        memcpy(quic_cfg.seed, cfg->node_seed, sizeof(quic_cfg.seed));
        struct dtt_gossip_config gossip_cfg = {.me = c->id, .max_topics = DTT_CORE_TOPICS};
        err = c->transport.ops->open(&c->transport.self, c->ctx, &quic_cfg, now);
        sodium_memzero(quic_cfg.seed, sizeof(quic_cfg.seed));
        if (!err) {
            err = dtt_gossip_new(&c->gossip, c->ctx, &gossip_cfg);
        }
        if (!err && cfg->has_lan && !cfg->is_plain) {
            err = dtt_lan_new(&c->lan, c->ctx, now);
        }
        if (!err) {
            err = dtt_lookups_init(c, cfg);
        }
    }
    struct dtt_prover prover = {.me = c->id,
                                .node_seed = cfg->is_plain ? NULL : c->cfg.node_seed,
                                .user = c,
                                .seed = dtt_core_topic_seed,
                                .clock = dtt_core_topic_clock};
    dtt_links_init(&c->links, c->ctx, &c->transport, c->gossip, &prover, hash_key);
    c->links.nearest = nearest_scope(c);
    c->links.relays = cfg->n_relays > 0 ? &c->relays : NULL;
    if (!err) {
        struct dtt_dht_stats dht;
        dtt_dht_stats(c->dht, &dht);
        memcpy(c->links.node_id, dht.id, sizeof(c->links.node_id));
    }
    if (err) {
        dtt_core_free(c);
        return err;
    }
    *ret = c;
    return DTT_OK;
}

void dtt_core_free(struct dtt_core *c)
{
    if (!c) {
        return;
    }
    while (c->n_topics > 0) {
        dtt_core_topic_free(c->topics[0]);
    }
    dtt_lan_free(c->lan);
    dtt_lookups_fini(&c->lookups);
    dtt_once_free_all(c);
    dtt_waits_fini(&c->waits);
    dtt_links_fini(&c->links);
    dtt_relays_fini(&c->relays);
    dtt_gossip_free(c->gossip);
    c->transport.ops->free(c->transport.self);
    dtt_dht_free(c->dht);
    dtt_portmap_fini(&c->portmap);
    dtt_events_fini(&c->events);
    sodium_memzero(&c->cfg, sizeof(c->cfg));
    free(c);
}

const struct dtt_id *dtt_core_id(const struct dtt_core *c)
{
    return &c->id;
}

struct dtt_events *dtt_core_events(struct dtt_core *c)
{
    return &c->events;
}

/* ---- own addresses */

static int addr_order(const void *a, const void *b)
{
    return dtt_addr_cmp(a, b);
}

/* Gives our addresses to trackers, to gossip and to the DHT. */
static void tell_addrs(struct dtt_core *c, struct dtt_now now)
{
    struct dtt_addr addrs[DTT_CORE_ADDRS];
    size_t n = dtt_self_told(&c->self, addrs);
    if (c->cfg.dht_only) {
        return;
    }
    c->links.nearest = nearest_scope(c);
    dtt_dials_own(&c->links, now, addrs, n);
    for (size_t i = 0; i < c->n_topics && !c->cfg.is_plain; i++) {
        dtt_tracker_set_addrs(c->topics[i]->tracker, now, addrs, n);
    }
    uint8_t info[DTT_GOSSIP_PEER_DATA_MAX];
    struct dtt_writer w = dtt_writer(info, sizeof(info));
    qsort(addrs, n, sizeof(addrs[0]), addr_order);
    dtt_addr_info_write(&w, dtt_relays_home(&c->relays), addrs, n);
    if (!c->cfg.is_plain) {
        dtt_addr_info_write_mark(&w);
    }
    if (!w.failed) {
        dtt_gossip_set_peer_data(c->gossip, dtt_slice(info, w.len));
    }
    dtt_core_lan_addrs(c, now, addrs, n);
    dtt_locate_soon(c, now);
}

/* One class for the node: of IPv4, where routers translate, if that is known. */
static struct dtt_reach reach_of(const struct dtt_core *c, struct dtt_now now)
{
    static const uint8_t families[] = {DTT_FAMILY_V4, DTT_FAMILY_V6};
    struct dtt_reach reach = {.is_told = 1, .kind = DTT_REACH_UNKNOWN};
    if (dtt_portmap_held(&c->portmap)) {
        reach.kind = DTT_REACH_OPEN;
    }
    for (size_t i = 0; i < 2 && reach.kind == DTT_REACH_UNKNOWN; i++) {
        reach = dtt_dht_mapping(c->dht, now, families[i]);
        if (dtt_strangers_reach_us(&c->strangers, now, families[i])) {
            reach = (struct dtt_reach){.is_told = 1, .kind = DTT_REACH_OPEN};
        }
    }
    return reach;
}

/* How peers are dialled depends on our own reach, and on who of the two joined first. */
static void tell_links(struct dtt_core *c, struct dtt_now now)
{
    uint64_t unix_s = now.wall_ns > 0 ? (uint64_t)now.wall_ns / DTT_S : 0;
    uint64_t age_s = 0;
    for (size_t i = 0; i < c->n_topics; i++) {
        uint64_t s = (now.mono_ns - c->topics[i]->join_ns) / DTT_S;
        age_s = s > age_s ? s : age_s;
    }
    c->links.me =
        (struct dtt_book_reach){.told = c->reach, .joined_s = unix_s > age_s ? unix_s - age_s : 0};
}

/* Nothing tells when a proof or a vote gets old: looks now and then. */
static void look_at_reach(struct dtt_core *c, struct dtt_now now)
{
    struct dtt_reach reach = reach_of(c, now);
    struct dtt_dht_stats dht;
    bool is_news = memcmp(&reach, &c->reach, sizeof(reach)) != 0;
    bool is_other = reach.kind != c->reach.kind;
    c->reach_ns =
        now.mono_ns + (reach.kind == DTT_REACH_UNKNOWN ? DTT_CORE_UNKNOWN_NS : DTT_CORE_REACH_NS);
    dtt_dht_stats(c->dht, &dht);
    dtt_pair_heard(&c->links, now, dht.asked, dht.answered);
    c->reach = reach;
    tell_links(c, now);
    if (!is_news) {
        return;
    }
    if (is_other) {
        DTT_TRACE(c->ctx, NODE_REACH, dtt_tv_text(dtt_reach_name(reach.kind)),
                  dtt_tv_int(reach.step));
    }
    if (is_other && !c->cfg.dht_only) {
        dtt_dials_reach(&c->links, now);
    }
    for (size_t i = 0; i < c->n_topics && !c->cfg.is_plain; i++) {
        dtt_tracker_set_reach(c->topics[i]->tracker, now, &reach);
    }
}

void dtt_core_moved(struct dtt_core *c, struct dtt_now now)
{
    DTT_COUNT(c->ctx, NODE_MOVES);
    DTT_TRACE(c->ctx, NODE_MOVED, dtt_tv_int((int64_t)c->self.n_local));
    dtt_strangers_moved(&c->strangers, now);
    if (!c->cfg.dht_only) {
        c->transport.ops->moved(c->transport.self, now);
        dtt_dials_moved(&c->links, now);
        dtt_relays_doubt_all(&c->relays);
    }
    dtt_portmap_moved(&c->portmap, now);
}

void dtt_core_set_local_addrs(struct dtt_core *c, struct dtt_now now, const struct dtt_addr *addrs,
                              size_t n)
{
    bool is_change = c->self.is_local_known;
    dtt_self_set_local(&c->self, addrs, n);
    tell_addrs(c, now);
    if (is_change) {
        dtt_dht_moved(c->dht, now);
    }
    for (size_t i = 0; is_change && i < c->n_topics; i++) {
        dtt_tracker_network_changed(c->topics[i]->tracker, now);
    }
}

static void on_external_addr(struct dtt_core *c, struct dtt_now now, const struct dtt_dht_event *ev)
{
    struct dtt_event out = {.type = DTT_EVENT_EXTERNAL_ADDR};
    dtt_self_set_external(&c->self, &ev->u.external.addr);
    look_at_reach(c, now);
    tell_addrs(c, now);
    for (size_t i = 0; i < c->n_topics; i++) {
        dtt_tracker_seen(c->topics[i]->tracker, now);
    }
    out.u.external_addr.addr = ev->u.external.addr;
    out.u.external_addr.votes = ev->u.external.votes;
    dtt_events_tell(&c->events, now, NULL, &out);
}

static void on_ready(struct dtt_core *c, struct dtt_now now)
{
    struct dtt_event out = {.type = DTT_EVENT_DHT_READY};
    dtt_events_tell(&c->events, now, NULL, &out);
    for (size_t i = 0; i < c->n_topics; i++) {
        dtt_tracker_store_ready(c->topics[i]->tracker, now);
    }
    dtt_locate_soon(c, now);
}

/* ---- routing */

/* An event of an operation goes to the file that started it. */
static void on_operation(struct dtt_core *c, struct dtt_now now, const struct dtt_dht_event *ev)
{
    struct dtt_wait *wait = dtt_waits_get(&c->waits, ev->op);
    if (!wait) {
        return;
    }
    switch (wait->kind) {
    case DTT_WAIT_SLOT_GET:
    case DTT_WAIT_SLOT_PUT: dtt_slots_event(now, wait, ev); break;
    case DTT_WAIT_ONCE_GET:
    case DTT_WAIT_ONCE_PUT: dtt_once_event(c, now, wait, ev); break;
    case DTT_WAIT_ADDR_GET:
    case DTT_WAIT_TWIN_GET:
    case DTT_WAIT_ADDR_PUT: dtt_locate_event(c, now, wait, ev); break;
    case DTT_WAIT_APP:
    case DTT_WAIT_APP_ANNOUNCE: dtt_core_dht_event(c, now, wait, ev); break;
    }
    if (dtt_waits_is_over(ev)) {
        dtt_waits_remove(&c->waits, ev->op);
    }
}

static void on_dht_event(struct dtt_core *c, struct dtt_now now, const struct dtt_dht_event *ev)
{
    switch (ev->type) {
    case DTT_DHT_EV_EXTERNAL_ADDR: on_external_addr(c, now, ev); break;
    case DTT_DHT_EV_READY: on_ready(c, now); break;
    case DTT_DHT_EV_VALUE:
    case DTT_DHT_EV_NODE:
    case DTT_DHT_EV_PEER:
    case DTT_DHT_EV_DONE:
    case DTT_DHT_EV_PUT_DONE: on_operation(c, now, ev); break;
    }
}

static void on_quic_event(struct dtt_core *c, struct dtt_now now, const struct dtt_quic_event *ev)
{
    if (memcmp(&ev->peer, &c->id, sizeof(c->id)) == 0) {
        dtt_twins_event(c, now, ev);
    } else {
        dtt_links_quic_event(&c->links, now, ev);
    }
}

/*
 * Hands on one output of one module; false when there is none. The DHT comes first, as its results
 * free operations that the others want to start. The transport comes last: the consequences of one
 * of its events are dealt with before the next event, so a flood of them fills no queue.
 */
static bool route_one(struct dtt_core *c, struct dtt_now now)
{
    struct dtt_dht_event dht_ev;
    struct dtt_tracker_action tracker_action;
    struct dtt_gossip_action gossip_action;
    struct dtt_quic_event quic_ev;
    struct dtt_dial_failure failure;
    struct dtt_meet_end end;
    struct dtt_id wanted;
    if (dtt_dht_next_event(c->dht, &dht_ev)) {
        on_dht_event(c, now, &dht_ev);
        return true;
    }
    if (c->cfg.dht_only) {
        return false;
    }
    if (dtt_gossip_next(c->gossip, &gossip_action)) {
        dtt_core_topic_on_gossip(c, now, &gossip_action);
        return true;
    }
    if (dtt_ring_take(&c->links.rerouted, &wanted)) {
        dtt_core_topic_on_way(c, now, &wanted);
        return true;
    }
    if (dtt_dials_next_failure(&c->links, &failure)) {
        dtt_core_topic_on_dial_failure(c, now, &failure);
        return true;
    }
    if (dtt_meet_next_end(&c->links, &end)) {
        if (end.addr.family) {
            dtt_seek_met(&c->links, now, &end.peer, &end.addr);
        }
        dtt_dials_met(&c->links, now, &end.peer, end.addr.family ? &end.addr : NULL);
        return true;
    }
    if (dtt_seek_next(&c->links, &wanted)) {
        dtt_core_topic_on_silence(c, now, &wanted);
        return true;
    }
    for (int is_hearsay = 0; is_hearsay < 2; is_hearsay++) {
        bool has_room = c->waits.n_addr_gets < DTT_CORE_ADDR_GETS &&
                        dtt_lookups_has_room(&c->lookups, is_hearsay) &&
                        (!is_hearsay || c->waits.n_named_gets < DTT_CORE_NAMED_GETS);
        if (has_room && dtt_dials_next_wanted(&c->links, is_hearsay, &wanted)) {
            dtt_locate_get(c, now, &wanted, is_hearsay);
            return true;
        }
    }
    for (size_t i = 0; i < c->n_topics; i++) {
        struct dtt_topic *t = c->topics[(c->turn + i) % c->n_topics];
        if (dtt_tracker_next(t->tracker, dtt_waits_slot_room(&c->waits), &tracker_action)) {
            c->turn += i + 1; /* the next topic comes first */
            dtt_core_topic_on_tracker(t, now, &tracker_action);
            return true;
        }
    }
    if (dtt_core_lan_route(c, now) || dtt_lookups_route(c, now)) {
        return true;
    }
    dtt_links_follow(&c->links, &c->events);
    if (c->transport.ops->next_event(c->transport.self, &quic_ev)) {
        on_quic_event(c, now, &quic_ev);
        return true;
    }
    return false;
}

/* What holds when no module has an output left. */
static void check(const struct dtt_core *c)
{
    assert(c->n_topics <= DTT_CORE_TOPICS);
    assert(c->n_topics == 0 || (c->state == DTT_CORE_OPEN && !c->cfg.dht_only));
    for (size_t i = 0; i < c->n_topics; i++) {
        assert(c->topics[i]->core == c);
    }
    dtt_waits_check(&c->waits);
}

void dtt_core_settle(struct dtt_core *c, struct dtt_now now)
{
    if (c->state == DTT_CORE_HUNG_UP) {
        return;
    }
    if (c->home_told != c->relays.home) {
        c->home_told = c->relays.home;
        tell_addrs(c, now);
        dtt_gossip_confirm(c->gossip, now);
    }
    if (dtt_core_portmap_settle(c, now)) {
        look_at_reach(c, now);
        tell_addrs(c, now);
    }
    while (route_one(c, now)) {
    }
    dtt_core_topic_tell_lost(c, now);
    dtt_core_topic_tell_writable(c, now);
    check(c);
}

void dtt_core_hear_out(struct dtt_core *c, struct dtt_now now)
{
    dtt_events_set_last(&c->events, true);
    dtt_core_settle(c, now);
    dtt_events_set_last(&c->events, false);
}

void dtt_core_run(struct dtt_core *c, struct dtt_now now)
{
    dtt_dht_tick(c->dht, now);
    if (!c->cfg.dht_only) {
        c->transport.ops->tick(c->transport.self, now);
        dtt_gossip_tick(c->gossip, now);
        dtt_links_tick(&c->links, now);
        dtt_core_relays_tick(c, now);
        for (size_t i = 0; i < c->n_topics; i++) {
            dtt_tracker_tick(c->topics[i]->tracker, now);
            dtt_core_topic_tick(c->topics[i], now);
        }
        if (c->lan) {
            dtt_lan_tick(c->lan, now);
        }
        dtt_lookups_tick(c, now);
        dtt_locate_put(c, now);
        if (c->reach_ns <= now.mono_ns) {
            look_at_reach(c, now);
        }
    }
    dtt_core_portmap_tick(c, now);
    dtt_core_settle(c, now);
}

uint64_t dtt_core_deadline(const struct dtt_core *c)
{
    uint64_t t = dtt_min_ns(dtt_dht_deadline(c->dht), dtt_core_portmap_deadline(c));
    if (!c->cfg.dht_only) {
        t = dtt_min_ns(t, c->transport.ops->deadline(c->transport.self));
        t = dtt_min_ns(t, dtt_gossip_deadline(c->gossip));
        t = dtt_min_ns(t, dtt_links_deadline(&c->links));
        t = dtt_min_ns(t, dtt_lookups_deadline(&c->lookups));
        t = dtt_min_ns(t, dtt_relays_deadline(&c->relays));
        if (dtt_links_lag(&c->links, &c->events)) {
            t = 0; /* the program has taken events */
        }
        if (c->n_topics > 0) {
            t = dtt_min_ns(t, c->self.due_ns);
        }
        for (size_t i = 0; i < c->n_topics; i++) {
            t = dtt_min_ns(t, dtt_tracker_deadline(c->topics[i]->tracker));
            t = dtt_min_ns(t, dtt_talk_deadline(&c->topics[i]->talk));
        }
        t = c->lan ? dtt_min_ns(t, dtt_lan_deadline(c->lan)) : t;
    }
    return t;
}

/* Nobody knows a spare socket but the peer that knocks at it and is then dialled from there. */
static void recv_spare(struct dtt_core *c, struct dtt_now now, struct dtt_spare *spare,
                       const struct dtt_addr *local, const struct dtt_addr *remote, unsigned ecn,
                       struct dtt_slice datagram)
{
    if (dtt_knock_is(datagram)) {
        DTT_COUNT(c->ctx, NODE_RX_KNOCKS);
        dtt_pair_knocked(&c->links, now, spare, remote);
    } else if (spare->conn) {
        DTT_COUNT_N(c->ctx, NODE_RX_QUIC_BYTES, datagram.len);
        c->transport.ops->recv(c->transport.self, now, local, remote, ecn, datagram);
    } else {
        DTT_COUNT(c->ctx, NODE_SPARES_REFUSED);
    }
}

void dtt_core_recv(struct dtt_core *c, struct dtt_now now, const struct dtt_addr *local,
                   const struct dtt_addr *remote, unsigned ecn, struct dtt_slice datagram)
{
    DTT_COUNT(c->ctx, NODE_RX_DATAGRAMS);
    if (dtt_addr_is_invented(remote)) {
        DTT_COUNT(c->ctx, NODE_RX_INVENTED);
        return;
    }
    struct dtt_spare *spare = dtt_spares_find(&c->links.spares, local);
    if (spare) {
        recv_spare(c, now, spare, local, remote, ecn, datagram);
        return;
    }
    if (dtt_portmap_recv(&c->portmap, now, remote, datagram)) {
        return;
    }
    /* What comes back through a router that turns it around is our own. */
    if (!dtt_addr_same_ip(remote, &c->self.external[remote->family == DTT_FAMILY_V6]) &&
        dtt_strangers_heard(&c->strangers, now, remote)) {
        DTT_COUNT(c->ctx, NODE_RX_STRANGERS);
    }
    if (dtt_knock_is(datagram)) {
        DTT_COUNT(c->ctx, NODE_RX_KNOCKS);
        if (!c->cfg.dht_only && c->state != DTT_CORE_HUNG_UP) {
            dtt_meet_knocked(&c->links, remote);
        }
        return;
    }
    if (!c->cfg.dht_only && c->state != DTT_CORE_HUNG_UP && dtt_quic_demux_is_krpc(datagram) &&
        dtt_meet_recv(&c->links, now, remote, datagram)) {
        DTT_COUNT_N(c->ctx, NODE_RX_KRPC_BYTES, datagram.len);
        return;
    }
    /* One in 1638 stateless resets looks like KRPC: what does not parse is offered to QUIC. */
    if (dtt_quic_demux_is_krpc(datagram) &&
        dtt_dht_recv(c->dht, now, local, remote, datagram) != DTT_EPROTO) {
        DTT_COUNT_N(c->ctx, NODE_RX_KRPC_BYTES, datagram.len);
        return;
    }
    if (!c->cfg.dht_only && c->n_topics == 0 && dtt_quic_demux_is_short(datagram)) {
        /* Nobody would hear what it brings, and its sender would be told that it arrived. A
         * datagram that gets lost says nothing. */
        DTT_COUNT(c->ctx, NODE_RX_UNHEARD);
    } else if (!c->cfg.dht_only) {
        DTT_COUNT_N(c->ctx, NODE_RX_QUIC_BYTES, datagram.len);
        c->transport.ops->recv(c->transport.self, now, local, remote, ecn, datagram);
    } else {
        DTT_COUNT(c->ctx, NODE_RX_UNKNOWN);
        DTT_TRACE(c->ctx, NODE_RX_UNKNOWN, dtt_tv_addr(remote), dtt_tv_int((int64_t)datagram.len));
    }
}

void dtt_core_unreachable(struct dtt_core *c, struct dtt_now now, const struct dtt_addr *remote)
{
    dtt_dht_unreachable(c->dht, now, remote);
    dtt_portmap_unreachable(&c->portmap, now, remote);
    if (!c->cfg.dht_only) {
        c->transport.ops->unreachable(c->transport.self, now, remote);
    }
}

void dtt_core_no_route(struct dtt_core *c, struct dtt_now now, const struct dtt_addr *remote)
{
    if (!c->cfg.dht_only && c->state != DTT_CORE_HUNG_UP) {
        dtt_dials_no_route(&c->links, now, remote);
    }
}

bool dtt_core_next_socket(struct dtt_core *c, struct dtt_socket_wish *ret)
{
    return dtt_spares_next(&c->links.spares, ret);
}

void dtt_core_opened(struct dtt_core *c, struct dtt_now now, const struct dtt_addr *bound, size_t n)
{
    dtt_pair_opened(&c->links, now, bound, n);
}

void dtt_core_send_failed(struct dtt_core *c, struct dtt_now now)
{
    dtt_pair_stop(&c->links, now);
}

void dtt_core_add_bootstrap(struct dtt_core *c, struct dtt_now now, const struct dtt_addr *addr)
{
    dtt_dht_add_bootstrap(c->dht, now, addr);
}

void dtt_core_set_resolving(struct dtt_core *c, struct dtt_now now, unsigned names,
                            unsigned threadless)
{
    dtt_dht_expect_bootstrap(c->dht, now, names > 0);
    c->names = (struct dtt_why_names){.resolving = names, .threadless = threadless};
}

/* What can go by no relay now is dropped: QUIC repeats it. */
static bool next_quic_packet(struct dtt_core *c, struct dtt_now now, struct dtt_core_packet *ret)
{
    struct dtt_quic_packet packet;
    while (!c->cfg.dht_only && c->transport.ops->next_packet(c->transport.self, now, &packet)) {
        *ret = (struct dtt_core_packet){.local = packet.local,
                                        .remote = packet.remote,
                                        .ecn = packet.ecn,
                                        .segment = packet.segment,
                                        .data = packet.data};
        DTT_COUNT_N(c->ctx, NODE_TX_QUIC_BYTES, ret->data.len);
        if (!dtt_addr_is_invented(&packet.remote) || dtt_core_relays_route(c, ret)) {
            return true;
        }
    }
    return false;
}

static bool next_meet_packet(struct dtt_core *c, struct dtt_core_packet *ret)
{
    while (dtt_meet_next(&c->links, &c->meet_packet)) {
        *ret = (struct dtt_core_packet){.remote = c->meet_packet.remote,
                                        .segment = c->meet_packet.len,
                                        .data = dtt_slice(c->meet_packet.data, c->meet_packet.len)};
        DTT_COUNT_N(c->ctx, NODE_TX_KRPC_BYTES, ret->data.len);
        if (!dtt_addr_is_invented(&ret->remote) || dtt_core_relays_route(c, ret)) {
            return true;
        }
    }
    return false;
}

bool dtt_core_next_packet(struct dtt_core *c, struct dtt_now now, struct dtt_core_packet *ret)
{
    struct dtt_quic_event ev;
    struct dtt_knock knock;
    /* What the transport noticed while it made the last packet. */
    if (!c->cfg.dht_only && c->state != DTT_CORE_HUNG_UP &&
        c->transport.ops->next_event(c->transport.self, &ev)) {
        on_quic_event(c, now, &ev);
        dtt_core_settle(c, now);
    }
    if (dtt_core_portmap_next_packet(c, ret)) {
        DTT_COUNT(c->ctx, NODE_TX_BATCHES);
        return true;
    }
    if (dtt_dht_next_packet(c->dht, &c->dht_packet)) {
        *ret = (struct dtt_core_packet){.local = c->dht_packet.from,
                                        .remote = c->dht_packet.to,
                                        .segment = c->dht_packet.len,
                                        .data = dtt_slice(c->dht_packet.data, c->dht_packet.len)};
        DTT_COUNT_N(c->ctx, NODE_TX_KRPC_BYTES, ret->data.len);
    } else if (next_meet_packet(c, ret)) {
        /* Below. */
    } else if (dtt_knock_next(&c->links, &knock)) {
        *ret = (struct dtt_core_packet){.local = knock.local,
                                        .remote = knock.addr,
                                        .hops = knock.hops,
                                        .segment = dtt_knock_bytes().len,
                                        .data = dtt_knock_bytes()};
    } else if (!next_quic_packet(c, now, ret)) {
        return false;
    }
    if (ret->is_relayed) {
        return true;
    }
    dtt_strangers_sent(&c->strangers, now, &ret->remote);
    DTT_COUNT(c->ctx, NODE_TX_BATCHES);
    return true;
}

void dtt_core_shutdown(struct dtt_core *c, struct dtt_now now)
{
    assert(c->state == DTT_CORE_OPEN);
    while (c->n_topics > 0) {
        dtt_core_topic_leave(c->topics[0], now);
    }
    dtt_portmap_close(&c->portmap);
    c->state = DTT_CORE_SHUT;
}

void dtt_core_hang_up(struct dtt_core *c, struct dtt_now now)
{
    assert(c->state == DTT_CORE_SHUT);
    if (!c->cfg.dht_only) {
        dtt_links_close_all(&c->links, now);
    }
    c->state = DTT_CORE_HUNG_UP;
}
