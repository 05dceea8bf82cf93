/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The storage as a state machine. The input is a sequence of commands of five bytes: what to do,
 * where from, target, sequence number, and a size.
 *
 *     'p'  a put; the value names its origin, so that shares can be counted
 *     'm'  size * 4 puts of other targets
 *     's'  a flood of siblings, each from a network of its own
 *     'r'  what is stored is put again by somebody else
 *     'g'  a get
 *     'i'  an immutable put
 *     't'  minutes pass
 */
#include "dht/storage.h"

#include <dtt/types.h>
#include <stdlib.h>

#define ORIGINS 8 /* 0: ourselves, 1: a private address, then global networks */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct command {
    uint8_t what, origin, target, seq, size;
};

struct world {
    struct dtt_storage s;
    struct dtt_now now;
    uint32_t salt; /* makes each bulk target another one */
};

static void check(bool holds)
{
    if (!holds) {
        abort();
    }
}

static struct dtt_addr address(uint8_t origin, uint8_t host)
{
    static const uint8_t six[16] = {0x20, 0x01, 0x0d, 0xb8, 9};
    switch (origin % ORIGINS) {
    case 1: return dtt_addr_v4(10, 0, 0, host, 1);
    case 2: return dtt_addr_v6(six, host);
    default: return dtt_addr_v4(50, 0, origin % ORIGINS, host, 1);
    }
}

static const uint8_t *target(uint32_t n)
{
    static uint8_t t[DTT_NODE_ID_BYTES];
    dtt_put_be32(t, n);
    return t;
}

/* A few sizes around the limits, and everything below 256. */
static size_t length(uint8_t size)
{
    return size < 250 ? size + 1u : (size - 245) * 100u;
}

/* What is stored, counted from the outside. */
struct census {
    size_t values, bytes;
    size_t of[ORIGINS + 1], bytes_of[ORIGINS + 1];
};

static void count(const struct world *w, struct census *c)
{
    memset(c, 0, sizeof(*c));
    for (size_t i = 0; i < dtt_map_count(&w->s.targets); i++) {
        const uint8_t *id = dtt_map_key_at(&w->s.targets, i);
        struct dtt_storage_item v;
        size_t n = 0, bytes = 0;
        for (; dtt_storage_at(&w->s, id, n, &v); n++) {
            bytes += v.v.len;
            c->of[v.v.data[0]]++;
            c->bytes_of[v.v.data[0]] += v.v.len;
        }
        check(n > 0 && n <= DTT_STORAGE_SIBLINGS && bytes <= DTT_STORAGE_SIBLING_BYTES);
        c->values += n;
        c->bytes += bytes;
    }
}

static bool has(const struct world *w, const struct dtt_storage_item *p)
{
    struct dtt_storage_item v;
    for (size_t i = 0; dtt_storage_at(&w->s, p->target, i, &v); i++) {
        if (v.seq == p->seq && dtt_slice_eq(v.v, p->v)) {
            return true;
        }
    }
    return false;
}

/* A put the way the server does it: an old sequence number never gets here. */
static void put(struct world *w, const struct dtt_addr *from, uint8_t origin, const uint8_t *id,
                bool is_mutable, int64_t seq, size_t len, uint32_t mark)
{
    static const uint8_t k[DTT_KRPC_KEY_BYTES] = {7}, sig[DTT_KRPC_SIG_BYTES] = {8};
    uint8_t v[DTT_KRPC_VALUE_MAX] = {origin};
    struct dtt_storage_item p = {
        .target = id, .is_mutable = is_mutable, .k = k, .sig = sig, .seq = seq};
    p.v = dtt_slice(v, len);
    for (size_t i = 1; i < 5 && i < len; i++) {
        v[i] = (uint8_t)(mark >> (8 * (i - 1)));
    }
    if (dtt_storage_check(&w->s, id, seq, false, 0) != 0) {
        return;
    }
    int err = dtt_storage_put(&w->s, w->now, from, &p);
    check(err == DTT_OK || err == DTT_EFULL);
    check(has(w, &p) == (err == DTT_OK));
    check(err || !is_mutable || dtt_storage_holds(&w->s, &p));
    check(dtt_storage_check(&w->s, id, seq, true, seq) == 0 || err);
}

static void single(struct world *w, const struct command *c)
{
    struct dtt_addr from = address(c->origin, c->size);
    uint8_t origin = c->origin % ORIGINS;
    /* One target is either mutable or not: both follow from the content. */
    bool is_mutable = c->what == 'p';
    put(w, origin ? &from : NULL, origin, target(c->target | (is_mutable ? 0 : 0x100u)), is_mutable,
        is_mutable ? c->seq : 0, length(c->size), c->size);
}

static void many(struct world *w, const struct command *c)
{
    struct dtt_addr from = address(c->origin, 1);
    uint8_t origin = c->origin % ORIGINS;
    for (unsigned i = 0; i < c->size * 4u; i++) {
        put(w, origin ? &from : NULL, origin, target(0x10000u + w->salt++), true, c->seq,
            length(c->target), 0);
    }
}

static void siblings(struct world *w, const struct command *c)
{
    for (unsigned i = 0; i < c->size; i++) {
        struct dtt_addr from = dtt_addr_v4(60, c->origin, (uint8_t)i, 1, 1);
        put(w, &from, ORIGINS, target(c->target), true, c->seq, 5u + c->origin, i);
    }
}

static void again(struct world *w, const struct command *c)
{
    struct dtt_storage_item v;
    struct dtt_addr from = address(c->origin, c->size);
    size_t count = w->s.values;
    if (!dtt_storage_at(&w->s, target(c->target), c->size % DTT_STORAGE_SIBLINGS, &v)) {
        return;
    }
    struct dtt_storage_item p = {.target = target(c->target),
                                 .is_mutable = v.is_mutable,
                                 .k = v.k,
                                 .sig = v.sig,
                                 .seq = v.seq,
                                 .v = v.v};
    check(dtt_storage_put(&w->s, w->now, &from, &p) == DTT_OK);
    check(w->s.values == count); /* only renewed */
}

static void get(struct world *w, const struct command *c)
{
    struct dtt_storage_item v, first;
    bool found = dtt_storage_get(&w->s, target(c->target), c->size % DTT_STORAGE_RANKS, &v);
    check(found == dtt_storage_at(&w->s, target(c->target), 0, &first));
    check(!found || v.seq == first.seq);
}

static void pass(struct world *w, uint8_t minutes)
{
    w->now.mono_ns += minutes * 60 * DTT_S;
    dtt_storage_tick(&w->s, w->now);
    check(dtt_storage_deadline(&w->s) > w->now.mono_ns);
    check((dtt_storage_deadline(&w->s) == DTT_NEVER) == (w->s.values == 0));
}

static void run(struct world *w, const struct command *c)
{
    switch (c->what) {
    case 'p':
    case 'i': single(w, c); break;
    case 'm': many(w, c); break;
    case 's': siblings(w, c); break;
    case 'r': again(w, c); break;
    case 'g': get(w, c); break;
    case 't': pass(w, c->size); break;
    default: break;
    }
}

static void check_state(const struct world *w, const struct census *c)
{
    check(w->s.values <= DTT_STORAGE_VALUES && w->s.bytes <= DTT_STORAGE_BYTES);
    check(dtt_map_count(&w->s.targets) <= DTT_STORAGE_TARGETS);
    check(c->values == w->s.values && c->bytes == w->s.bytes);
    for (size_t i = 2; i < ORIGINS; i++) {
        check(c->of[i] <= DTT_STORAGE_NETWORK_VALUES);
        check(c->bytes_of[i] <= DTT_STORAGE_NETWORK_BYTES);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES] = {1};
    struct world w = {.now = {.mono_ns = 1000 * DTT_S}};
    struct census now = {0};
    struct dtt_reader r = dtt_reader(dtt_slice(data, len));
    dtt_storage_init(&w.s, hash_key);
    for (unsigned i = 0; i < 64 && dtt_reader_left(&r) >= sizeof(struct command); i++) {
        struct command c = {.what = dtt_read_u8(&r)};
        c.origin = dtt_read_u8(&r);
        c.target = dtt_read_u8(&r);
        c.seq = dtt_read_u8(&r);
        c.size = dtt_read_u8(&r);
        bool is_newer =
            dtt_storage_check(&w.s, target(c.target), (int64_t)c.seq - 1, false, 0) == 0;
        size_t own = now.of[0];
        run(&w, &c);
        count(&w, &now);
        check_state(&w, &now);
        /* What others do costs us nothing, unless they hold the key and go on. */
        check(c.what == 't' || c.origin % ORIGINS == 0 || is_newer || now.of[0] >= own);
    }
    dtt_storage_fini(&w.s);
    check(w.s.values == 0 && w.s.bytes == 0);
    return 0;
}
