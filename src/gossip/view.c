/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "gossip/view.h"

#include <assert.h>

void dtt_gossip_view_fini(struct dtt_gossip_view *v)
{
    while (v->n) {
        dtt_gossip_view_drop(v, &v->peers[v->n - 1]);
    }
}

struct dtt_gossip_peer *dtt_gossip_view_find(const struct dtt_gossip_view *v,
                                             const struct dtt_id *id)
{
    for (size_t i = 0; i < v->n; i++) {
        if (dtt_gossip_id_eq(&v->peers[i].id, id)) {
            return &v->peers[i];
        }
    }
    return NULL;
}

struct dtt_gossip_peer *dtt_gossip_view_add(struct dtt_gossip_view *v, const struct dtt_id *id)
{
    assert(v->n < v->max && !dtt_gossip_view_find(v, id));
    struct dtt_gossip_peer *p = &v->peers[v->n++];
    *p = (struct dtt_gossip_peer){.id = *id};
    return p;
}

struct dtt_gossip_peer dtt_gossip_view_take(struct dtt_gossip_view *v, struct dtt_gossip_peer *p)
{
    struct dtt_gossip_peer taken = *p;
    assert(p >= v->peers && p < v->peers + v->n);
    *p = v->peers[--v->n];
    return taken;
}

void dtt_gossip_view_drop(struct dtt_gossip_view *v, struct dtt_gossip_peer *p)
{
    struct dtt_gossip_peer taken = dtt_gossip_view_take(v, p);
    dtt_gossip_blob_unref(taken.data);
}

struct dtt_gossip_peer *dtt_gossip_view_pick(const struct dtt_gossip_view *v, struct dtt_rng *rng)
{
    return v->n ? &v->peers[dtt_rng_below(rng, v->n)] : NULL;
}

size_t dtt_gossip_view_proven(const struct dtt_gossip_view *v)
{
    size_t n = 0;
    for (size_t i = 0; i < v->n; i++) {
        n += v->peers[i].is_proven;
    }
    return n;
}
