/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "base/shares.h"

#include <assert.h>
#include <limits.h>
#include <stdbool.h>

/* A host counts as much as so many hosts of one network. */
#define HOST_WEIGHT 4

size_t dtt_shares_of(const struct dtt_place *places, size_t n, const struct dtt_place *of)
{
    size_t host = 0;
    size_t network = 0;
    for (size_t i = 0; i < n; i++) {
        host += places[i].rank == of->rank && places[i].host == of->host;
        network += places[i].rank == of->rank && places[i].network == of->network;
    }
    return HOST_WEIGHT * host > network ? HOST_WEIGHT * host : network;
}

size_t dtt_shares_victim(const struct dtt_place *places, size_t n)
{
    size_t victim = 0;
    size_t victim_share = 0;
    unsigned lowest = UINT_MAX;
    assert(n > 0);
    for (size_t i = 0; i < n; i++) {
        lowest = places[i].rank < lowest ? places[i].rank : lowest;
    }
    for (size_t i = 0; i < n; i++) {
        if (places[i].rank != lowest) {
            continue;
        }
        size_t its_share = dtt_shares_of(places, n, &places[i]);
        if (its_share > victim_share ||
            (its_share == victim_share && places[i].used_ns < places[victim].used_ns)) {
            victim = i;
            victim_share = its_share;
        }
    }
    return victim;
}
