/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/peerstore.h"

#include "base/array.h"
#include "codec/bencode.h"

#include <assert.h>
#include <dtt/types.h>
#include <stdlib.h>

struct peer {
    struct dtt_addr addr;
    uint64_t time_ns;
};

struct swarm {
    uint8_t info_hash[DTT_NODE_ID_BYTES];
    size_t n;
    size_t cap;
    struct peer *peers; /* announced longest ago first */
};

void dtt_peerstore_init(struct dtt_peerstore *store, const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES])
{
    memset(store, 0, sizeof(*store));
    dtt_map_init(&store->swarms, DTT_NODE_ID_BYTES, DTT_PEERSTORE_HASHES, hash_key);
    dtt_map_init(&store->networks, sizeof(uint64_t), DTT_PEERSTORE_MAX, hash_key);
    store->next_ns = DTT_NEVER;
}

/* A place of its network for a global address; the others are not limited. */
static int take_share(struct dtt_peerstore *store, const struct dtt_addr *addr)
{
    uint64_t network = dtt_addr_network(addr);
    if (dtt_addr_scope(addr) != DTT_SCOPE_GLOBAL) {
        return DTT_OK;
    }
    size_t *taken = dtt_map_get(&store->networks, &network);
    if (!taken) {
        taken = calloc(1, sizeof(*taken));
        if (!taken || dtt_map_put(&store->networks, &network, taken) != DTT_OK) {
            free(taken);
            return DTT_ENOMEM;
        }
    }
    if (*taken >= DTT_PEERSTORE_PER_NETWORK) {
        return DTT_EFULL;
    }
    ++*taken;
    return DTT_OK;
}

static void give_share_back(struct dtt_peerstore *store, const struct dtt_addr *addr)
{
    uint64_t network = dtt_addr_network(addr);
    bool is_limited = dtt_addr_scope(addr) == DTT_SCOPE_GLOBAL;
    size_t *taken = is_limited ? dtt_map_get(&store->networks, &network) : NULL;
    if (taken && --*taken == 0) {
        dtt_map_take(&store->networks, &network);
        free(taken);
    }
}

static void drop_swarm(struct dtt_peerstore *store, struct swarm *swarm)
{
    dtt_map_take(&store->swarms, swarm->info_hash);
    free(swarm->peers);
    free(swarm);
}

/* Removes peer i; the swarm stays, maybe empty. */
static void drop_peer(struct dtt_peerstore *store, struct swarm *swarm, size_t i)
{
    assert(store->count > 0);
    give_share_back(store, &swarm->peers[i].addr);
    dtt_array_remove(swarm->peers, &swarm->n, sizeof(*swarm->peers), i);
    store->count--;
}

void dtt_peerstore_fini(struct dtt_peerstore *store)
{
    while (dtt_map_count(&store->swarms) > 0) {
        struct swarm *s = dtt_map_value_at(&store->swarms, dtt_map_count(&store->swarms) - 1);
        while (s->n > 0) {
            drop_peer(store, s, s->n - 1);
        }
        drop_swarm(store, s);
    }
    dtt_map_fini(&store->swarms);
    dtt_map_fini(&store->networks);
}

static struct swarm *oldest_swarm(const struct dtt_peerstore *store)
{
    struct swarm *oldest = NULL;
    for (size_t i = 0; i < dtt_map_count(&store->swarms); i++) {
        struct swarm *s = dtt_map_value_at(&store->swarms, i);
        if (!oldest || s->peers[0].time_ns < oldest->peers[0].time_ns) {
            oldest = s;
        }
    }
    return oldest;
}

static void drop_oldest(struct dtt_peerstore *store)
{
    struct swarm *s = oldest_swarm(store);
    drop_peer(store, s, 0);
    if (s->n == 0) {
        drop_swarm(store, s);
    }
}

/* The swarm with room for one more peer. */
static struct swarm *swarm_with_room(struct dtt_peerstore *store,
                                     const uint8_t info_hash[DTT_NODE_ID_BYTES])
{
    struct swarm *s = dtt_map_get(&store->swarms, info_hash);
    if (!s) {
        while (dtt_map_count(&store->swarms) >= DTT_PEERSTORE_HASHES) {
            drop_oldest(store);
        }
        s = calloc(1, sizeof(*s));
        if (!s || dtt_map_put(&store->swarms, info_hash, s) != DTT_OK) {
            free(s);
            return NULL;
        }
        memcpy(s->info_hash, info_hash, DTT_NODE_ID_BYTES);
    }
    if (s->n == DTT_PEERSTORE_PER_HASH) {
        drop_peer(store, s, 0);
    }
    struct peer *peers = dtt_array_room(s->peers, s->n, &s->cap, sizeof(*peers));
    if (!peers) {
        if (s->n == 0) {
            drop_swarm(store, s);
        }
        return NULL;
    }
    s->peers = peers;
    return s;
}

static bool renew(struct dtt_peerstore *store, struct dtt_now now, const uint8_t *info_hash,
                  const struct dtt_addr *peer)
{
    struct swarm *s = dtt_map_get(&store->swarms, info_hash);
    for (size_t i = 0; s && i < s->n; i++) {
        if (dtt_addr_eq(&s->peers[i].addr, peer)) {
            dtt_array_remove(s->peers, &s->n, sizeof(*s->peers), i);
            s->peers[s->n++] = (struct peer){.addr = *peer, .time_ns = now.mono_ns};
            return true;
        }
    }
    return false;
}

int dtt_peerstore_announce(struct dtt_peerstore *store, struct dtt_now now,
                           const uint8_t info_hash[DTT_NODE_ID_BYTES], const struct dtt_addr *peer)
{
    if (renew(store, now, info_hash, peer)) {
        return DTT_OK;
    }
    int err = take_share(store, peer);
    if (err) {
        return err;
    }
    while (store->count >= DTT_PEERSTORE_MAX) {
        drop_oldest(store);
    }
    struct swarm *s = swarm_with_room(store, info_hash);
    if (!s) {
        give_share_back(store, peer);
        return DTT_ENOMEM;
    }
    s->peers[s->n++] = (struct peer){.addr = *peer, .time_ns = now.mono_ns};
    store->count++;
    store->next_ns = dtt_min_ns(store->next_ns, now.mono_ns + DTT_PEERSTORE_LIFETIME_NS);
    return DTT_OK;
}

void dtt_peerstore_write(const struct dtt_peerstore *store,
                         const uint8_t info_hash[DTT_NODE_ID_BYTES], uint8_t family, size_t max,
                         struct dtt_rng *rng, struct dtt_writer *writer)
{
    const struct swarm *s = dtt_map_get(&store->swarms, info_hash);
    size_t start = s ? (size_t)dtt_rng_below(rng, s->n) : 0;
    for (size_t i = 0; s && i < s->n && max > 0; i++) {
        const struct dtt_addr *a = &s->peers[(start + i) % s->n].addr;
        if (a->family == family) {
            uint8_t compact[DTT_ADDR_COMPACT6];
            struct dtt_writer one = dtt_writer(compact, sizeof(compact));
            dtt_addr_write_compact(&one, a);
            dtt_bencode_write_str(writer, dtt_slice(compact, one.len));
            max--;
        }
    }
}

uint64_t dtt_peerstore_deadline(const struct dtt_peerstore *store)
{
    return store->next_ns;
}

void dtt_peerstore_tick(struct dtt_peerstore *store, struct dtt_now now)
{
    if (now.mono_ns < store->next_ns) {
        return;
    }
    store->next_ns = DTT_NEVER;
    for (size_t i = dtt_map_count(&store->swarms); i-- > 0;) {
        struct swarm *s = dtt_map_value_at(&store->swarms, i);
        while (s->n > 0 && s->peers[0].time_ns + DTT_PEERSTORE_LIFETIME_NS <= now.mono_ns) {
            drop_peer(store, s, 0);
        }
        if (s->n == 0) {
            drop_swarm(store, s);
        } else {
            store->next_ns =
                dtt_min_ns(store->next_ns, s->peers[0].time_ns + DTT_PEERSTORE_LIFETIME_NS);
        }
    }
}
