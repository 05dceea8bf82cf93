/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "tracker/graph.h"

#include <string.h>

static bool id_eq(const struct dtt_id *a, const struct dtt_id *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

static bool names(const struct dtt_record_info *r, const struct dtt_id *id)
{
    for (size_t i = 0; i < r->n_active_peers; i++) {
        if (id_eq(&r->active_peers[i], id)) {
            return true;
        }
    }
    return false;
}

/*
 * Whether the edges of two records touch. Both naming us does not count: we know our neighbours
 * better than an old record does.
 */
static bool are_linked(const struct dtt_record_info *a, const struct dtt_record_info *b,
                       const struct dtt_id *self)
{
    if (names(a, &b->publisher) || names(b, &a->publisher)) {
        return true;
    }
    for (size_t i = 0; i < a->n_active_peers; i++) {
        if (!id_eq(&a->active_peers[i], self) && names(b, &a->active_peers[i])) {
            return true;
        }
    }
    return false;
}

static bool is_neighbor(struct dtt_peers *peers, const struct dtt_id *id)
{
    const struct dtt_tracker_peer *p = dtt_peers_find(peers, id);
    return p && p->state == DTT_PEER_NEIGHBOR;
}

static bool is_linked_to_us(const struct dtt_record_info *r, struct dtt_peers *peers,
                            const struct dtt_window *w)
{
    bool is = is_neighbor(peers, &r->publisher);
    for (size_t i = 0; i < r->n_active_peers && !is; i++) {
        is = is_neighbor(peers, &r->active_peers[i]);
    }
    for (size_t i = 0; i < r->n_message_hashes && !is; i++) {
        is = dtt_window_has(w, r->message_hashes[i]);
    }
    return is;
}

void dtt_graph_reach(struct dtt_graph *g, size_t i)
{
    const struct dtt_view *v = g->view;
    size_t queue[DTT_VIEW_PUBLISHERS_MAX];
    size_t head = 0;
    size_t tail = 0;
    if (g->is_reached[i]) {
        return;
    }
    g->is_reached[i] = true;
    queue[tail++] = i;
    while (head < tail) {
        const struct dtt_record_info *from = &v->records[queue[head++]].info;
        for (size_t k = 0; k < v->count; k++) {
            if (!g->is_reached[k] && are_linked(from, &v->records[k].info, &v->self)) {
                g->is_reached[k] = true;
                queue[tail++] = k;
            }
        }
    }
}

void dtt_graph_init(struct dtt_graph *g, const struct dtt_view *v, struct dtt_peers *peers,
                    const struct dtt_window *w)
{
    memset(g, 0, sizeof(*g));
    g->view = v;
    for (size_t i = 0; i < v->count; i++) {
        if (is_linked_to_us(&v->records[i].info, peers, w)) {
            dtt_graph_reach(g, i);
        }
    }
}
