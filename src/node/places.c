/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/places.h"

#include <assert.h>
#include <stdbool.h>

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
