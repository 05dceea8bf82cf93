/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "gossip/past.h"

#include <string.h>

/* A place for one more topic. */
static struct dtt_gossip_past_topic *place(struct dtt_gossip_past *p)
{
    struct dtt_gossip_past_topic *oldest = &p->topics[0];
    for (size_t i = 0; i < DTT_GOSSIP_PAST_TOPICS; i++) {
        if (!p->topics[i].is_used) {
            return &p->topics[i];
        }
        oldest = p->topics[i].left_ns < oldest->left_ns ? &p->topics[i] : oldest;
    }
    return oldest;
}

static void forget(struct dtt_gossip_past_topic *t)
{
    if (t->is_used) {
        dtt_gossip_recall_fini(&t->recall);
        t->is_used = false;
    }
}

void dtt_gossip_past_keep(struct dtt_gossip_past *p, struct dtt_now now,
                          const struct dtt_gossip_topic_id *id, struct dtt_gossip_recall *recall)
{
    if (recall->held[DTT_GOSSIP_RECALL_ROOM_IDS] == 0) {
        dtt_gossip_recall_fini(recall);
        return;
    }
    struct dtt_gossip_past_topic *t = place(p);
    forget(t);
    *t = (struct dtt_gossip_past_topic){
        .is_used = true, .left_ns = now.mono_ns, .id = *id, .recall = *recall};
}

struct dtt_gossip_recall *dtt_gossip_past_take(struct dtt_gossip_past *p,
                                               const struct dtt_gossip_topic_id *id)
{
    for (size_t i = 0; i < DTT_GOSSIP_PAST_TOPICS; i++) {
        struct dtt_gossip_past_topic *t = &p->topics[i];
        if (t->is_used && memcmp(&t->id, id, sizeof(*id)) == 0) {
            t->is_used = false;
            return &t->recall;
        }
    }
    return NULL;
}

void dtt_gossip_past_fini(struct dtt_gossip_past *p)
{
    for (size_t i = 0; i < DTT_GOSSIP_PAST_TOPICS; i++) {
        forget(&p->topics[i]);
    }
}

/* When the newest id of a topic has had its time, all have. */
static uint64_t end_ns(const struct dtt_gossip_past_topic *t)
{
    return t->is_used ? t->left_ns + dtt_gossip_recall_id_ns(&t->recall) : DTT_NEVER;
}

uint64_t dtt_gossip_past_deadline(const struct dtt_gossip_past *p)
{
    uint64_t at = DTT_NEVER;
    for (size_t i = 0; i < DTT_GOSSIP_PAST_TOPICS; i++) {
        at = dtt_min_ns(at, end_ns(&p->topics[i]));
    }
    return at;
}

void dtt_gossip_past_tick(struct dtt_gossip_past *p, struct dtt_now now)
{
    for (size_t i = 0; i < DTT_GOSSIP_PAST_TOPICS; i++) {
        if (end_ns(&p->topics[i]) <= now.mono_ns) {
            forget(&p->topics[i]);
        }
    }
}
