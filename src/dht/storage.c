/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/storage.h"

#include "base/array.h"

#include <assert.h>
#include <dtt/types.h>
#include <stdlib.h>

/* Networks that dtt_addr_network has no number for. */
#define OWN UINT64_MAX /* our own values: never a victim of others */
#define LOCAL 0        /* private and loopback addresses: without limit but the store's */

/* Values of one origin, oldest first. */
struct network {
    uint64_t number;
    size_t values;
    size_t bytes;
    struct dtt_stored *oldest;
    struct dtt_stored *newest;
};

struct target {
    uint8_t id[DTT_NODE_ID_BYTES];
    bool is_mutable;
    uint8_t k[DTT_KRPC_KEY_BYTES];
    int64_t seq;
    uint32_t turn; /* whose turn it is */
    size_t bytes;
    size_t n;
    size_t cap;
    struct dtt_stored **values; /* oldest first */
};

struct dtt_stored {
    struct target *target;
    struct network *network;
    struct dtt_stored *older, *newer;         /* among all */
    struct dtt_stored *net_older, *net_newer; /* among those of its network */
    uint64_t put_ns;
    uint8_t sig[DTT_KRPC_SIG_BYTES];
    uint16_t len;
    uint8_t v[];
};

void dtt_storage_init(struct dtt_storage *storage, const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES])
{
    memset(storage, 0, sizeof(*storage));
    dtt_map_init(&storage->targets, DTT_NODE_ID_BYTES, DTT_STORAGE_TARGETS, hash_key);
    dtt_map_init(&storage->networks, sizeof(uint64_t), DTT_STORAGE_VALUES, hash_key);
}

/* ---- origins */

static uint64_t number_of(const struct dtt_addr *from)
{
    return !from ? OWN : dtt_addr_scope(from) == DTT_SCOPE_GLOBAL ? dtt_addr_network(from) : LOCAL;
}

static struct network *network_of(struct dtt_storage *storage, const struct dtt_addr *from)
{
    uint64_t number = number_of(from);
    struct network *n = dtt_map_get(&storage->networks, &number);
    if (n) {
        return n;
    }
    n = calloc(1, sizeof(*n));
    if (!n || dtt_map_put(&storage->networks, &number, n) != DTT_OK) {
        free(n);
        return NULL;
    }
    n->number = number;
    return n;
}

static void drop_network_if_empty(struct dtt_storage *storage, struct network *network)
{
    if (network->values == 0) {
        dtt_map_take(&storage->networks, &network->number);
        free(network);
    }
}

/* ---- the two lists a value is in */

static void link_newest(struct dtt_storage *storage, struct dtt_stored *value)
{
    value->older = storage->newest;
    value->newer = NULL;
    *(storage->newest ? &storage->newest->newer : &storage->oldest) = value;
    storage->newest = value;
    struct network *n = value->network;
    value->net_older = n->newest;
    value->net_newer = NULL;
    *(n->newest ? &n->newest->net_newer : &n->oldest) = value;
    n->newest = value;
}

static void unlink_both(struct dtt_storage *storage, struct dtt_stored *value)
{
    *(storage->oldest == value ? &storage->oldest : &value->older->newer) = value->newer;
    *(storage->newest == value ? &storage->newest : &value->newer->older) = value->older;
    struct network *n = value->network;
    *(n->oldest == value ? &n->oldest : &value->net_older->net_newer) = value->net_newer;
    *(n->newest == value ? &n->newest : &value->net_newer->net_older) = value->net_older;
}

static void account(struct dtt_storage *storage, struct dtt_stored *value, bool add)
{
    size_t one = add ? 1 : SIZE_MAX; /* unsigned -1 */
    size_t bytes = add ? value->len : 0 - (size_t)value->len;
    storage->values += one;
    storage->bytes += bytes;
    value->network->values += one;
    value->network->bytes += bytes;
    value->target->bytes += bytes;
}

/* ---- targets */

static void drop_target_if_empty(struct dtt_storage *storage, struct target *target)
{
    if (target->n == 0) {
        dtt_map_take(&storage->targets, target->id);
        free(target->values);
        free(target);
    }
}

/* The target stays, though it may be empty now. */
static void take_value_off(struct dtt_storage *storage, struct target *target,
                           struct dtt_stored *value)
{
    struct network *n = value->network;
    size_t i = 0;
    while (target->values[i] != value) {
        i++;
    }
    dtt_array_remove(target->values, &target->n, sizeof(struct dtt_stored *), i);
    unlink_both(storage, value);
    account(storage, value, false);
    free(value);
    drop_network_if_empty(storage, n);
}

static void drop_value(struct dtt_storage *storage, struct dtt_stored *value)
{
    struct target *t = value->target;
    take_value_off(storage, t, value);
    drop_target_if_empty(storage, t);
}

void dtt_storage_fini(struct dtt_storage *storage)
{
    while (storage->oldest) {
        drop_value(storage, storage->oldest);
    }
    dtt_map_fini(&storage->targets);
    dtt_map_fini(&storage->networks);
}

static struct target *target_of(struct dtt_storage *storage, const struct dtt_storage_item *put)
{
    struct target *t = dtt_map_get(&storage->targets, put->target);
    if (t) {
        return t;
    }
    t = calloc(1, sizeof(*t));
    if (!t) {
        return NULL;
    }
    memcpy(t->id, put->target, sizeof(t->id));
    t->is_mutable = put->is_mutable;
    t->seq = put->seq;
    if (put->is_mutable) {
        memcpy(t->k, put->k, sizeof(t->k));
    }
    if (dtt_map_put(&storage->targets, t->id, t) != DTT_OK) {
        free(t);
        return NULL;
    }
    return t;
}

/* ---- making room */

/*
 * The oldest sibling of the network with most of them, `incoming` counted as one more of its own;
 * NULL when only our own could make room for others.
 */
static struct dtt_stored *sibling_victim(const struct target *target,
                                         const struct network *incoming)
{
    struct dtt_stored *victim = NULL;
    size_t most = 0;
    for (size_t i = 0; i < target->n; i++) {
        if (target->values[i]->network->number == OWN && incoming->number != OWN) {
            continue;
        }
        size_t same = target->values[i]->network == incoming;
        for (size_t j = i; j < target->n; j++) {
            same += target->values[j]->network == target->values[i]->network;
        }
        if (same > most) {
            most = same;
            victim = target->values[i];
        }
    }
    return victim;
}

/* The part of the store that a network takes, by values or by bytes, whichever is larger. */
static size_t load(size_t values, size_t bytes)
{
    size_t by_value = values * (DTT_STORAGE_NETWORK_BYTES / DTT_STORAGE_NETWORK_VALUES);
    return by_value > bytes ? by_value : bytes;
}

/*
 * The oldest value of the network with the largest load, `incoming` (NULL: none yet) counted with
 * the new value of `len` bytes. So no network loses a value to one that would then hold as much.
 * NULL when `incoming` itself has the largest and nothing to give up, or only our own are left.
 */
static struct dtt_stored *store_victim(const struct dtt_storage *storage,
                                       const struct network *incoming, bool is_own, size_t len)
{
    const struct network *most = incoming;
    size_t most_load = is_own     ? 0
                       : incoming ? load(incoming->values + 1, incoming->bytes + len)
                                  : load(1, len);
    for (size_t i = 0; i < dtt_map_count(&storage->networks); i++) {
        const struct network *n = dtt_map_value_at(&storage->networks, i);
        if (n->oldest && n->number != OWN && n != incoming &&
            load(n->values, n->bytes) > most_load) {
            most = n;
            most_load = load(n->values, n->bytes);
        }
    }
    return most && most->number != OWN ? most->oldest : NULL;
}

static bool is_network_full(const struct network *network, size_t len)
{
    return network->number != LOCAL && (network->values >= DTT_STORAGE_NETWORK_VALUES ||
                                        network->bytes + len > DTT_STORAGE_NETWORK_BYTES);
}

static bool is_store_full(const struct dtt_storage *storage, size_t len, bool new_target)
{
    return storage->values >= DTT_STORAGE_VALUES || storage->bytes + len > DTT_STORAGE_BYTES ||
           (new_target && dtt_map_count(&storage->targets) >= DTT_STORAGE_TARGETS);
}

/* Room in the store and in the origin's share. May free targets and networks. */
static bool make_room(struct dtt_storage *storage, const struct dtt_addr *from,
                      const struct dtt_storage_item *put)
{
    uint64_t number = number_of(from);
    const struct network *n;
    while ((n = dtt_map_get(&storage->networks, &number)) && is_network_full(n, put->v.len)) {
        drop_value(storage, n->oldest);
    }
    while (is_store_full(storage, put->v.len, !dtt_map_get(&storage->targets, put->target))) {
        struct dtt_stored *victim =
            store_victim(storage, dtt_map_get(&storage->networks, &number), !from, put->v.len);
        if (!victim) {
            return false;
        }
        drop_value(storage, victim);
    }
    return true;
}

/* ---- put and get */

enum dtt_krpc_error dtt_storage_check(const struct dtt_storage *storage,
                                      const uint8_t target[DTT_NODE_ID_BYTES], int64_t seq,
                                      bool has_cas, int64_t cas)
{
    const struct target *t = dtt_map_get(&storage->targets, target);
    if (!t) {
        return DTT_KRPC_E_NONE;
    }
    if (has_cas && cas != t->seq) {
        return DTT_KRPC_E_CAS;
    }
    return seq < t->seq ? DTT_KRPC_E_SEQ : DTT_KRPC_E_NONE;
}

/* The value with these bytes and sequence number, or NULL. */
static struct dtt_stored *find_same(const struct dtt_storage *storage,
                                    const struct dtt_storage_item *put)
{
    const struct target *t = dtt_map_get(&storage->targets, put->target);
    for (size_t i = 0; t && t->seq == put->seq && i < t->n; i++) {
        struct dtt_stored *v = t->values[i];
        if (dtt_slice_eq(dtt_slice(v->v, v->len), put->v)) {
            return v;
        }
    }
    return NULL;
}

bool dtt_storage_holds(const struct dtt_storage *storage, const struct dtt_storage_item *put)
{
    const struct dtt_stored *v = find_same(storage, put);
    return v && memcmp(v->sig, put->sig, sizeof(v->sig)) == 0;
}

static void renew(struct dtt_storage *storage, struct dtt_stored *value, struct dtt_now now)
{
    unlink_both(storage, value);
    value->put_ns = now.mono_ns;
    link_newest(storage, value);
}

/* The target stays for the value that replaces them. */
static void drop_older_seq(struct dtt_storage *storage, const struct dtt_storage_item *put)
{
    struct target *t = dtt_map_get(&storage->targets, put->target);
    while (t && t->seq < put->seq && t->n > 0) {
        take_value_off(storage, t, t->values[t->n - 1]);
    }
}

/* Room among the siblings; false when there is none. May free the target. */
static bool drop_siblings_for(struct dtt_storage *storage, const struct network *incoming,
                              const struct dtt_storage_item *put)
{
    struct target *t = dtt_map_get(&storage->targets, put->target);
    while (t && t->n > 0 &&
           (t->n >= DTT_STORAGE_SIBLINGS || t->bytes + put->v.len > DTT_STORAGE_SIBLING_BYTES)) {
        struct dtt_stored *victim = sibling_victim(t, incoming);
        if (!victim) {
            return false;
        }
        bool is_last = t->n == 1;
        drop_value(storage, victim);
        if (is_last) {
            break;
        }
    }
    return true;
}

static int store(struct dtt_storage *storage, struct dtt_now now, struct network *network,
                 struct target *target, const struct dtt_storage_item *put)
{
    struct dtt_stored **values =
        dtt_array_room(target->values, target->n, &target->cap, sizeof(struct dtt_stored *));
    if (!values) {
        return DTT_ENOMEM;
    }
    target->values = values;
    struct dtt_stored *v = malloc(sizeof(*v) + put->v.len);
    if (!v) {
        return DTT_ENOMEM;
    }
    *v = (struct dtt_stored){
        .target = target, .network = network, .put_ns = now.mono_ns, .len = (uint16_t)put->v.len};
    memcpy(v->v, put->v.data, put->v.len);
    if (put->is_mutable) {
        memcpy(v->sig, put->sig, sizeof(v->sig));
    }
    target->seq = put->seq;
    target->values[target->n++] = v;
    link_newest(storage, v);
    account(storage, v, true);
    return DTT_OK;
}

static int insert(struct dtt_storage *storage, struct dtt_now now, const struct dtt_addr *from,
                  const struct dtt_storage_item *put)
{
    struct network *n = network_of(storage, from);
    if (!n) {
        return DTT_ENOMEM;
    }
    n->values++; /* keeps the network while its last sibling makes room for this value */
    bool has_room = drop_siblings_for(storage, n, put);
    assert(n->values > 0);
    n->values--;
    struct target *t = has_room ? target_of(storage, put) : NULL;
    int err = t ? store(storage, now, n, t, put) : has_room ? DTT_ENOMEM : DTT_EFULL;
    if (err) {
        drop_network_if_empty(storage, n);
    }
    return err;
}

int dtt_storage_put(struct dtt_storage *storage, struct dtt_now now, const struct dtt_addr *from,
                    const struct dtt_storage_item *put)
{
    struct dtt_stored *same = find_same(storage, put);
    if (same) {
        renew(storage, same, now);
        return DTT_OK;
    }
    drop_older_seq(storage, put);
    int err = make_room(storage, from, put) ? insert(storage, now, from, put) : DTT_EFULL;
    struct target *t = err ? dtt_map_get(&storage->targets, put->target) : NULL;
    if (t) {
        drop_target_if_empty(storage, t);
    }
    return err;
}

static void describe(const struct target *target, const struct dtt_stored *value,
                     struct dtt_storage_item *ret)
{
    *ret = (struct dtt_storage_item){.target = target->id,
                                     .is_mutable = target->is_mutable,
                                     .k = target->k,
                                     .sig = value->sig,
                                     .seq = target->seq,
                                     .siblings = target->n,
                                     .v = dtt_slice(value->v, value->len)};
}

bool dtt_storage_get(struct dtt_storage *storage, const uint8_t target[DTT_NODE_ID_BYTES],
                     size_t rank, struct dtt_storage_item *ret)
{
    struct target *t = dtt_map_get(&storage->targets, target);
    if (!t) {
        return false;
    }
    describe(t, t->values[(t->turn++ + rank * t->n / DTT_STORAGE_RANKS) % t->n], ret);
    return true;
}

void dtt_storage_put_back(struct dtt_storage *storage, const uint8_t target[DTT_NODE_ID_BYTES])
{
    struct target *t = dtt_map_get(&storage->targets, target);
    if (t) {
        t->turn--;
    }
}

bool dtt_storage_at(const struct dtt_storage *storage, const uint8_t target[DTT_NODE_ID_BYTES],
                    size_t i, struct dtt_storage_item *ret)
{
    const struct target *t = dtt_map_get(&storage->targets, target);
    if (!t || i >= t->n) {
        return false;
    }
    describe(t, t->values[i], ret);
    return true;
}

uint64_t dtt_storage_deadline(const struct dtt_storage *storage)
{
    return storage->oldest ? storage->oldest->put_ns + DTT_STORAGE_LIFETIME_NS : DTT_NEVER;
}

void dtt_storage_tick(struct dtt_storage *storage, struct dtt_now now)
{
    while (storage->oldest && dtt_storage_deadline(storage) <= now.mono_ns) {
        drop_value(storage, storage->oldest);
    }
}
