/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "gossip/visits.h"

/* Doubled so often a second is more than the longest wait. */
#define DOUBLINGS 6

static struct dtt_visit *find(const struct dtt_visits *v, const struct dtt_id *peer)
{
    for (size_t i = 0; i < DTT_VISITS_MAX; i++) {
        const struct dtt_visit *e = &v->peers[i];
        bool is_used = e->joined_ns || e->left_ns || e->shut_out_until_ns;
        if (is_used && dtt_gossip_id_eq(&e->id, peer)) {
            return (struct dtt_visit *)(uintptr_t)e;
        }
    }
    return NULL;
}

static struct dtt_visit *make(struct dtt_visits *v, const struct dtt_id *peer)
{
    struct dtt_visit *e = find(v, peer);
    if (!e) {
        e = &v->peers[v->next];
        v->next = (v->next + 1) % DTT_VISITS_MAX;
        *e = (struct dtt_visit){.id = *peer};
    }
    return e;
}

void dtt_visits_joined(struct dtt_visits *v, struct dtt_now now,
                       const struct dtt_gossip_source *source)
{
    struct dtt_visit *e = make(v, &source->id);
    uint64_t paid_ns = e->joins_paid_ns > now.mono_ns ? e->joins_paid_ns : now.mono_ns;
    e->joins_paid_ns = paid_ns + DTT_VISITS_JOIN_NS;
    e->joined_ns = now.mono_ns;
    e->connection = source->connection;
}

void dtt_visits_left(struct dtt_visits *v, struct dtt_now now, const struct dtt_id *peer)
{
    struct dtt_visit *e = make(v, peer);
    if (e->left_ns && now.mono_ns - e->left_ns >= DTT_VISITS_FORGET_NS) {
        e->departures = 0;
    }
    e->left_ns = now.mono_ns;
    e->departures++;
    e->joined_ns = 0;
}

void dtt_visits_shut_out(struct dtt_visits *v, struct dtt_now now, const struct dtt_id *peer,
                         uint64_t ns)
{
    make(v, peer)->shut_out_until_ns = now.mono_ns + ns;
}

/* From the last departure on. */
static uint64_t wait_ns(const struct dtt_visit *e)
{
    if (e->departures < 2) {
        return 0;
    }
    uint32_t doublings = e->departures - 2;
    return doublings < DOUBLINGS ? DTT_VISITS_RETURN_NS << doublings : DTT_VISITS_RETURN_MAX_NS;
}

bool dtt_visits_is_shut_out(const struct dtt_visits *v, struct dtt_now now,
                            const struct dtt_id *peer)
{
    const struct dtt_visit *e = find(v, peer);
    return e && now.mono_ns < e->shut_out_until_ns;
}

bool dtt_visits_may_return(const struct dtt_visits *v, struct dtt_now now,
                           const struct dtt_id *peer)
{
    const struct dtt_visit *e = find(v, peer);
    return !e || (now.mono_ns >= e->shut_out_until_ns && now.mono_ns - e->left_ns >= wait_ns(e));
}

bool dtt_visits_may_join(const struct dtt_visits *v, struct dtt_now now,
                         const struct dtt_gossip_source *source)
{
    const struct dtt_visit *e = find(v, &source->id);
    if (!e || !e->joined_ns) {
        return true;
    }
    if (e->connection != source->connection) {
        return now.mono_ns - e->joined_ns >= DTT_VISITS_RECONNECT_NS;
    }
    return e->joins_paid_ns <= now.mono_ns + (DTT_VISITS_JOIN_BURST - 1) * DTT_VISITS_JOIN_NS;
}
