/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "gossip/visits.h"

static struct dtt_visit *find(const struct dtt_visits *v, const struct dtt_id *peer)
{
    for (size_t i = 0; i < DTT_VISITS_MAX; i++) {
        const struct dtt_visit *e = &v->peers[i];
        if (e->is_used && dtt_gossip_id_eq(&e->id, peer)) {
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
        *e = (struct dtt_visit){.id = *peer, .is_used = true};
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

void dtt_visits_parted(struct dtt_visits *v, const struct dtt_id *peer)
{
    struct dtt_visit *e = find(v, peer);
    if (e) {
        e->joined_ns = 0;
    }
}

/* `ns` doubled so often, up to `max_ns`, from now; or what *ret was, if that is later. */
static void shut_out(uint64_t *ret, struct dtt_now now, uint64_t ns, uint32_t doublings,
                     uint64_t max_ns)
{
    uint64_t until_ns = now.mono_ns + dtt_doubled_ns(ns, doublings, max_ns);
    *ret = until_ns > *ret ? until_ns : *ret;
}

void dtt_visits_left(struct dtt_visits *v, struct dtt_now now, const struct dtt_id *peer,
                     uint64_t ended_on)
{
    struct dtt_visit *e = make(v, peer);
    if (now.mono_ns - e->left_ns >= DTT_VISITS_FORGET_NS) {
        e->departures = 0;
    }
    if (e->departures > 0) {
        shut_out(&e->return_ns, now, DTT_VISITS_RETURN_NS, e->departures - 1,
                 DTT_VISITS_RETURN_MAX_NS);
    }
    e->left_ns = now.mono_ns;
    e->departures++;
    e->joined_ns = 0;
    e->ended_on = ended_on;
}

void dtt_visits_dismissed(struct dtt_visits *v, struct dtt_now now, const struct dtt_id *peer)
{
    struct dtt_visit *e = make(v, peer);
    if (now.mono_ns >= e->shut_out_until_ns + DTT_VISITS_FORGET_NS) {
        e->dismissals = 0;
    }
    shut_out(&e->shut_out_until_ns, now, DTT_VISITS_USELESS_NS, e->dismissals++,
             DTT_VISITS_USELESS_MAX_NS);
}

bool dtt_visits_may_return(const struct dtt_visits *v, struct dtt_now now,
                           const struct dtt_id *peer)
{
    const struct dtt_visit *e = find(v, peer);
    return !e || (now.mono_ns >= e->shut_out_until_ns && now.mono_ns >= e->return_ns);
}

bool dtt_visits_may_come(const struct dtt_visits *v, struct dtt_now now,
                         const struct dtt_gossip_source *source)
{
    const struct dtt_visit *e = find(v, &source->id);
    if (e && e->ended_on && e->ended_on != source->connection) {
        return now.mono_ns >= e->shut_out_until_ns;
    }
    return dtt_visits_may_return(v, now, &source->id);
}

bool dtt_visits_may_join(const struct dtt_visits *v, struct dtt_now now,
                         const struct dtt_gossip_source *source)
{
    const struct dtt_visit *e = find(v, &source->id);
    if (!e || !e->joined_ns) {
        return true;
    }
    if (e->connection != source->connection &&
        now.mono_ns - e->joined_ns >= DTT_VISITS_RECONNECT_NS) {
        return true;
    }
    return e->joins_paid_ns <= now.mono_ns + (DTT_VISITS_JOIN_BURST - 1) * DTT_VISITS_JOIN_NS;
}
