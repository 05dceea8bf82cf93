/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "gossip/admission.h"

#include <assert.h>

/* Peers of a view among which one is to be chosen. */
struct candidates {
    size_t n;
    struct dtt_gossip_peer *peers[DTT_GOSSIP_PASSIVE_MAX];
};

/* The larger, the earlier the peer goes. */
typedef size_t (*rank_fn)(const struct dtt_gossip_view *v, const struct dtt_gossip_peer *newcomer,
                          const struct dtt_gossip_peer *p);

/* Leaves those with the highest rank. */
static void keep_highest(struct candidates *c, rank_fn rank, const struct dtt_gossip_view *v,
                         const struct dtt_gossip_peer *newcomer)
{
    size_t highest = 0;
    size_t n = 0;
    for (size_t i = 0; i < c->n; i++) {
        size_t r = rank(v, newcomer, c->peers[i]);
        if (r > highest) {
            highest = r;
            n = 0;
        }
        if (r == highest) {
            c->peers[n++] = c->peers[i];
        }
    }
    c->n = n;
}

static struct dtt_gossip_peer *pick(const struct candidates *c, struct dtt_rng *rng)
{
    assert(c->n > 0);
    return c->peers[dtt_rng_below(rng, c->n)];
}

/* ---- active view */

static size_t strangers_max(size_t places, size_t proven)
{
    size_t least = places < DTT_GOSSIP_STRANGERS ? places : DTT_GOSSIP_STRANGERS;
    size_t left = places > proven ? places - proven : 0;
    return left > least ? left : least;
}

static bool is_in(const struct dtt_gossip_view *v, const struct dtt_gossip_peer *p)
{
    return dtt_gossip_view_find(v, &p->id) != NULL;
}

enum dtt_gossip_room dtt_admission_room(const struct dtt_gossip_view *active, size_t places,
                                        const struct dtt_gossip_peer *newcomer)
{
    bool is_new = !is_in(active, newcomer);
    size_t proven = dtt_gossip_view_proven(active) + (is_new && newcomer->is_proven);
    size_t strangers = active->n + is_new - proven;
    if (proven > places) {
        return DTT_ROOM_PROVEN_GOES;
    }
    return strangers > strangers_max(places, proven) ? DTT_ROOM_STRANGER_GOES : DTT_ROOM_FREE;
}

static size_t uselessness(const struct dtt_gossip_view *v, const struct dtt_gossip_peer *newcomer,
                          const struct dtt_gossip_peer *p)
{
    (void)v, (void)newcomer;
    return p->is_silent ? 2 : !p->is_useful;
}

/* Hosts count first, networks among hosts of the same size. An unknown one is of its own. */
static size_t source_size(const struct dtt_gossip_view *v, const struct dtt_gossip_peer *newcomer,
                          const struct dtt_gossip_peer *p)
{
    bool is_new = !is_in(v, newcomer);
    size_t host = is_new && p->host == newcomer->host;
    size_t network = is_new && p->network == newcomer->network;
    for (size_t i = 0; i < v->n; i++) {
        host += v->peers[i].host == p->host;
        network += v->peers[i].network == p->network;
    }
    return (p->host ? host : 1) * (DTT_GOSSIP_ACTIVE_MAX + 2) + (p->network ? network : 1);
}

static void drop_oldest(struct candidates *c)
{
    size_t at = 0;
    for (size_t i = 1; i < c->n; i++) {
        at = c->peers[i]->came_ns < c->peers[at]->came_ns ? i : at;
    }
    c->peers[at] = c->peers[--c->n];
}

struct dtt_gossip_peer *dtt_admission_victim(const struct dtt_gossip_view *active,
                                             enum dtt_gossip_room room,
                                             const struct dtt_gossip_peer *newcomer,
                                             struct dtt_rng *rng)
{
    struct candidates c = {.n = 0};
    for (size_t i = 0; i < active->n; i++) {
        struct dtt_gossip_peer *p = &active->peers[i];
        if (p->is_proven == (room == DTT_ROOM_PROVEN_GOES) &&
            !dtt_gossip_id_eq(&p->id, &newcomer->id)) {
            c.peers[c.n++] = p;
        }
    }
    keep_highest(&c, uselessness, active, newcomer);
    keep_highest(&c, source_size, active, newcomer);
    for (size_t stay = room == DTT_ROOM_PROVEN_GOES ? c.n / 2 : 0; stay > 0; stay--) {
        drop_oldest(&c);
    }
    return pick(&c, rng);
}

/* ---- passive view */

static bool is_hearsay_of(const struct dtt_gossip_peer *p, const struct dtt_id *via)
{
    return p->is_hearsay && !p->is_proven && dtt_gossip_id_eq(&p->via, via);
}

static size_t worthlessness(const struct dtt_gossip_view *v, const struct dtt_gossip_peer *newcomer,
                            const struct dtt_gossip_peer *p)
{
    (void)v, (void)newcomer;
    return p->is_proven ? 0 : 1 + (size_t)p->is_hearsay;
}

static size_t share_of_via(const struct dtt_gossip_view *v, const struct dtt_gossip_peer *newcomer,
                           const struct dtt_gossip_peer *p)
{
    size_t n = is_hearsay_of(newcomer, &p->via);
    for (size_t i = 0; i < v->n; i++) {
        n += is_hearsay_of(&v->peers[i], &p->via);
    }
    return is_hearsay_of(p, &p->via) ? n : 1;
}

static void collect(struct candidates *c, const struct dtt_gossip_view *v, const struct dtt_id *via)
{
    c->n = 0;
    for (size_t i = 0; i < v->n; i++) {
        if (!via || is_hearsay_of(&v->peers[i], via)) {
            c->peers[c->n++] = &v->peers[i];
        }
    }
}

struct dtt_gossip_peer *dtt_admission_passive_victim(const struct dtt_gossip_view *passive,
                                                     const struct dtt_gossip_peer *newcomer,
                                                     struct dtt_rng *rng)
{
    struct candidates c;
    if (is_hearsay_of(newcomer, &newcomer->via)) {
        collect(&c, passive, &newcomer->via);
        if (c.n >= DTT_GOSSIP_HEARSAY_MAX) {
            return pick(&c, rng);
        }
    }
    if (passive->n < passive->max) {
        return NULL;
    }
    collect(&c, passive, NULL);
    keep_highest(&c, worthlessness, passive, newcomer);
    keep_highest(&c, share_of_via, passive, newcomer);
    return pick(&c, rng);
}
