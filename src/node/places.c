/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/places.h"

#include "base/shares.h"
#include "node/link.h"

#include <assert.h>

enum dtt_place_rank dtt_places_rank(const struct dtt_links *p, struct dtt_now now,
                                    const struct dtt_link *link)
{
    if (link->neighbor_of > 0 || dtt_gossip_needs(p->gossip, &link->id)) {
        return DTT_PLACE_NEEDED;
    }
    return dtt_gossip_is_proven(p->gossip, now, &link->id) ? DTT_PLACE_PROVEN : DTT_PLACE_STRANGER;
}

static struct dtt_place place_of(const struct dtt_links *p, struct dtt_now now,
                                 const struct dtt_link *link, const struct dtt_link_conn *c)
{
    struct dtt_place place = {.rank = dtt_places_rank(p, now, link),
                              .host = dtt_addr_host(&c->addr),
                              .network = dtt_addr_network(&c->addr),
                              .used_ns = dtt_link_conn_used_ns(c)};
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
        dtt_link_close(p, now, conns[dtt_shares_victim(places, n)], "no place");
    }
}
