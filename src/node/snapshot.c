/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/snapshot.h"

#include "dht/snapshot.h"
#include "node/core_topic.h"
#include "node/inside.h"
#include "node/why.h"

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
    dtt_json_end(j);
}

void dtt_snapshot_core(struct dtt_json *j, const struct dtt_core *c, struct dtt_now now)
{
    dtt_json_id(j, "endpoint_id", &c->id);
    put_addrs(j, c);
    dtt_json_array(j, "topics");
    for (size_t i = 0; i < c->n_topics; i++) {
        put_topic(j, c->topics[i], now);
    }
    dtt_json_end(j);
    dtt_json_array(j, "links");
    dtt_links_snapshot(j, &c->links);
    dtt_json_end(j);
    dtt_json_object(j, "dht");
    dtt_json_u64(j, "resolving", c->resolving);
    dtt_dht_snapshot(j, c->dht, now);
    dtt_json_end(j);
    dtt_json_object(j, "events");
    dtt_json_u64(j, "queued", c->events.ring.count);
    dtt_json_u64(j, "lost", c->events.lost);
    dtt_json_end(j);
}
