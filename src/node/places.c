/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/places.h"

#include "node/link.h"

#include <assert.h>

/* A host counts as much as so many hosts of one network. */
#define HOST_WEIGHT 4

/* How much of the places of its rank the source of a place holds. */
static size_t share(const struct dtt_place *places, size_t n, const struct dtt_place *of)
{
    size_t host = 0;
    size_t network = 0;
    for (size_t i = 0; i < n; i++) {
        host += places[i].rank == of->rank && places[i].host == of->host;
        network += places[i].rank == of->rank && places[i].network == of->network;
    }
    return HOST_WEIGHT * host > network ? HOST_WEIGHT * host : network;
}

size_t dtt_places_victim(const struct dtt_place *places, size_t n)
{
    size_t victim = 0;
    size_t victim_share = 0;
    enum dtt_place_rank lowest = DTT_PLACE_NEEDED;
    assert(n > 0);
    for (size_t i = 0; i < n; i++) {
        lowest = places[i].rank < lowest ? places[i].rank : lowest;
    }
    for (size_t i = 0; i < n; i++) {
        if (places[i].rank != lowest) {
            continue;
        }
        size_t its_share = share(places, n, &places[i]);
        if (its_share > victim_share ||
            (its_share == victim_share && places[i].used_ns < places[victim].used_ns)) {
            victim = i;
            victim_share = its_share;
        }
    }
    return victim;
}

enum dtt_place_rank dtt_places_rank(const struct dtt_links *p, struct dtt_now now,
                                    const struct dtt_link *link)
{
    if (link->neighbor_of > 0 || dtt_gossip_needs(p->gossip, &link->id)) {
        return DTT_PLACE_NEEDED;
    }
    return dtt_gossip_standing(p->gossip, now, &link->id) == DTT_STANDING_PROVEN
               ? DTT_PLACE_PROVEN
               : DTT_PLACE_STRANGER;
}

static struct dtt_place place_of(const struct dtt_links *p, struct dtt_now now,
                                 const struct dtt_link *link, const struct dtt_link_conn *c)
{
    struct dtt_place place = {.rank = dtt_places_rank(p, now, link),
                              .host = dtt_addr_host(&c->addr),
                              .network = dtt_addr_network(&c->addr),
                              .used_ns = c->heard_ns ? c->heard_ns : c->opened_ns};
    bool is_silent = c->heard_ns == 0 && now.mono_ns - c->opened_ns >= DTT_PLACES_GRACE_NS;
    if (is_silent && place.rank == DTT_PLACE_STRANGER) {
        place.rank = DTT_PLACE_SILENT;
    }
    return place;
}

void dtt_places_make_room(struct dtt_links *p, struct dtt_now now)
{
    struct dtt_place places[DTT_PLACES_ACCEPTED + 1];
    struct dtt_link_conn *conns[DTT_PLACES_ACCEPTED + 1];
    size_t n = 0;
    size_t strangers = 0;
    if (p->n_accepted <= DTT_PLACES_STRANGERS) {
        return;
    }
    for (size_t i = 0; i < dtt_map_count(&p->peers); i++) {
        struct dtt_link *link = dtt_map_value_at(&p->peers, i);
        for (size_t k = 0; k < link->n_conns; k++) {
            if (!link->conns[k].is_dialled && !link->conns[k].is_closing) {
                assert(n <= DTT_PLACES_ACCEPTED);
                places[n] = place_of(p, now, link, &link->conns[k]);
                strangers += places[n].rank <= DTT_PLACE_STRANGER;
                conns[n++] = &link->conns[k];
            }
        }
    }
    assert(n == p->n_accepted);
    if (n > DTT_PLACES_ACCEPTED || strangers > DTT_PLACES_STRANGERS) {
        DTT_COUNT(p->ctx, NODE_PLACES_MADE);
        dtt_link_close(p, now, conns[dtt_places_victim(places, n)], "no place");
    }
}
