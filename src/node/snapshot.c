/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/snapshot.h"

#include "dht/snapshot.h"
#include "node/core_topic.h"
#include "node/inside.h"
#include "node/link.h"
#include "node/why.h"

void dtt_snapshot_stats(const struct dtt_core *c, struct dtt_snapshot_stats *ret)
{
    *ret = (struct dtt_snapshot_stats){.topics = c->n_topics,
                                       .lan_links = c->lan ? dtt_lan_n_links(c->lan) : 0,
                                       .links = dtt_map_count(&c->links.peers),
                                       .events = c->events.ring.count,
                                       .events_lost = c->events.lost,
                                       .resolving = c->names.resolving,
                                       .threadless = c->names.threadless};
    dtt_dht_stats(c->dht, &ret->dht);
    for (size_t i = 0; i < ret->links; i++) {
        const struct dtt_link *link = dtt_map_value_at(&c->links.peers, i);
        ret->neighbors += link->neighbor_of > 0;
        ret->connections += link->n_conns;
        ret->dials += link->race.n_dials;
    }
}

static void put_addr(struct dtt_json *j, const struct dtt_addr *addr, const char *known_by)
{
    if (addr->family == DTT_FAMILY_NONE) {
        return;
    }
    dtt_json_object(j, NULL);
    dtt_json_addr(j, "addr", addr);
    dtt_json_text(j, "known_by", known_by);
    dtt_json_end(j);
}

static void put_addrs(struct dtt_json *j, const struct dtt_core *c)
{
    dtt_json_array(j, "addrs");
    for (size_t i = 0; i < 2; i++) {
        put_addr(j, &c->cfg.bound[i], "socket");
    }
    for (size_t i = 0; i < c->self.n_local; i++) {
        put_addr(j, &c->self.local[i], "interface");
    }
    for (size_t i = 0; i < 2; i++) {
        put_addr(j, &c->self.external[i], "dht");
    }
    put_addr(j, &c->self.mapped, "router");
    dtt_json_end(j);
}

static void put_portmap(struct dtt_json *j, const struct dtt_portmap *p)
{
    static const char *const words[] = {
        [DTT_PORTMAP_IDLE] = "idle",       [DTT_PORTMAP_ASKING] = "asking",
        [DTT_PORTMAP_HOLDING] = "held",    [DTT_PORTMAP_RENEWING] = "renewing",
        [DTT_PORTMAP_RESTING] = "resting", [DTT_PORTMAP_CLOSED] = "closed"};
    dtt_json_object(j, "port_mapping");
    dtt_json_text(j, "state", words[p->state]);
    if (p->report.outcome != DTT_PORTMAP_NOTHING_YET) {
        dtt_json_text(j, "last", dtt_portmap_outcome_word(p->report.outcome));
        dtt_json_text(j, "protocol", dtt_portmap_way_word(p->report.way));
    }
    if (p->report.outcome == DTT_PORTMAP_REFUSED) {
        dtt_json_text(j, "reason", dtt_portmap_reason(&p->report));
    }
    if (p->gateway.family != DTT_FAMILY_NONE) {
        dtt_json_addr(j, "router", &p->gateway);
    }
    dtt_json_end(j);
}

static void put_members(struct dtt_json *j, const struct dtt_topic *t)
{
    const struct dtt_author *all[DTT_AUTHORS_MAX];
    size_t n = dtt_core_topic_members(t, all, DTT_AUTHORS_MAX);
    dtt_json_array(j, "known_members");
    for (size_t i = 0; i < n; i++) {
        dtt_json_object(j, NULL);
        dtt_json_id(j, "endpoint_id", &all[i]->id);
        if (all[i]->name_len > 0) {
            dtt_json_text(j, "name", all[i]->name);
        }
        dtt_json_bool(j, "neighbor", all[i]->is_neighbor);
        const struct dtt_link *link = dtt_link_find(&t->core->links, &all[i]->id);
        if (all[i]->is_neighbor && link && link->way) {
            dtt_json_text(j, "way", link->way);
        }
        dtt_json_bool(j, "here", dtt_authors_is_here(&t->talk.authors, all[i]));
        dtt_json_u64(j, "heard_ms", all[i]->heard_ms);
        dtt_json_end(j);
    }
    dtt_json_end(j);
}

static void put_topic(struct dtt_json *j, const struct dtt_topic *t, struct dtt_now now)
{
    struct dtt_why why;
    dtt_core_topic_why(t, now, &why);
    dtt_json_object(j, NULL);
    dtt_json_u64(j, "number", t->number);
    dtt_json_text(j, "stage", dtt_why_stage_word(why.stage));
    dtt_json_u64(j, "for_ms", why.for_ms);
    dtt_json_text(j, "why", why.sentence);
    dtt_json_u64(j, "members", why.members);
    dtt_json_u64(j, "unsent", dtt_core_topic_unsent(t, now));
    dtt_gossip_snapshot(j, t->core->gossip, &t->id);
    put_members(j, t);
    dtt_json_end(j);
}

static void put_conn(struct dtt_json *j, const struct dtt_links *p, dtt_quic_conn conn)
{
    struct dtt_quic_info info;
    if (!p->transport.ops->info(p->transport.self, conn, &info)) {
        return;
    }
    dtt_json_object(j, NULL);
    dtt_json_addr(j, "addr", &info.remote);
    dtt_json_bool(j, "dialled", info.is_dialed);
    if (info.rtt_us > 0) {
        dtt_json_u64(j, "rtt_us", info.rtt_us);
    }
    dtt_json_u64(j, "unacked", p->transport.ops->unacked(p->transport.self, conn));
    dtt_json_end(j);
}

static void put_link(struct dtt_json *j, const struct dtt_links *p, const struct dtt_link *link)
{
    static const char *const words[] = {[DTT_LINK_LOCATING] = "locating",
                                        [DTT_LINK_DIALLING] = "dialling",
                                        [DTT_LINK_LIVE] = "neighbor",
                                        [DTT_LINK_LINGERING] = "lingering"};
    dtt_json_object(j, NULL);
    dtt_json_id(j, "peer", &link->id);
    dtt_json_text(j, "state", words[link->state]);
    dtt_json_u64(j, "topics", (uint64_t)link->neighbor_of);
    if (link->way) {
        dtt_json_text(j, "way", link->way);
    }
    dtt_json_array(j, "connections");
    for (size_t i = 0; i < link->n_conns; i++) {
        put_conn(j, p, link->conns[i].conn);
    }
    dtt_json_end(j);
    dtt_json_array(j, "dials");
    for (size_t i = 0; i < link->race.n_dials; i++) {
        dtt_json_addr(j, NULL, &link->race.dials[i].addr);
    }
    dtt_json_end(j);
    dtt_json_array(j, "untried");
    for (size_t i = 0; i < link->race.n_todo; i++) {
        dtt_json_addr(j, NULL, &link->race.todo[i]);
    }
    dtt_json_end(j);
    dtt_json_bool(j, "slow", link->backlog.slow_ns != 0);
    dtt_json_u64(j, "queued", link->out.queued_bytes);
    dtt_json_u64(j, "streams_out", link->out.n);
    dtt_json_u64(j, "streams_in", link->in.n);
    dtt_json_end(j);
}

static void put_reach(struct dtt_json *j, const struct dtt_core *c, struct dtt_now now)
{
    static const char *const families[] = {"v4", "v6"};
    dtt_json_object(j, "reach");
    dtt_json_text(j, "class", dtt_reach_name(c->reach.kind));
    for (size_t i = 0; i < 2; i++) {
        uint8_t family = i == 0 ? DTT_FAMILY_V4 : DTT_FAMILY_V6;
        struct dtt_reach mapping = dtt_dht_mapping(c->dht, now, family);
        dtt_json_object(j, families[i]);
        dtt_json_text(j, "mapping", dtt_reach_name(mapping.kind));
        dtt_json_bool(j, "strangers", dtt_strangers_reach_us(&c->strangers, now, family));
        dtt_json_end(j);
    }
    dtt_json_end(j);
}

static void put_relays(struct dtt_json *j, const struct dtt_relays *r)
{
    dtt_json_array(j, "relays");
    for (size_t i = 0; i < DTT_RELAYS_PLACES; i++) {
        const struct dtt_relays_one *one = &r->list[i];
        if (i >= r->n && !one->serial) {
            continue;
        }
        dtt_json_object(j, NULL);
        dtt_json_text(j, "url", one->url);
        dtt_json_bool(j, "up", one->is_up);
        dtt_json_bool(j, "home", i == r->home);
        dtt_json_bool(j, "foreign", one->serial != 0);
        if (one->rtt_ns > 0) {
            dtt_json_u64(j, "rtt_us", one->rtt_ns / DTT_US);
        }
        if (one->trouble.what) {
            dtt_json_text(j, "trouble", one->trouble.what);
            dtt_json_text(j, "detail", one->trouble.detail);
            dtt_json_text(j, "advice", one->trouble.advice);
        }
        dtt_json_end(j);
    }
    dtt_json_end(j);
}

void dtt_snapshot_core(struct dtt_json *j, const struct dtt_core *c, struct dtt_now now)
{
    dtt_json_id(j, "endpoint_id", &c->id);
    put_addrs(j, c);
    put_reach(j, c, now);
    put_portmap(j, &c->portmap);
    put_relays(j, &c->relays);
    dtt_json_array(j, "topics");
    for (size_t i = 0; i < c->n_topics; i++) {
        put_topic(j, c->topics[i], now);
    }
    dtt_json_end(j);
    dtt_json_array(j, "links");
    for (size_t i = 0; i < dtt_map_count(&c->links.peers); i++) {
        put_link(j, &c->links, dtt_map_value_at(&c->links.peers, i));
    }
    dtt_json_end(j);
    dtt_json_object(j, "dht");
    dtt_json_u64(j, "resolving", c->names.resolving);
    dtt_dht_snapshot(j, c->dht, now);
    dtt_json_end(j);
    dtt_json_object(j, "events");
    dtt_json_u64(j, "queued", c->events.ring.count);
    dtt_json_u64(j, "lost", c->events.lost);
    dtt_json_end(j);
}
