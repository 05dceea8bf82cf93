/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * One node against a script. The input is a sequence of commands: a byte, then its arguments.
 *
 *     'd' from len16 bytes   a datagram; TTTT stands for the id of the node's last query to that
 *                            source, KKKKKKKK for the last token the node gave it
 *     't' n                  time passes: n * 50 ms, timers fire
 *     'g' n / 'f' n / 'p' n  get, find, put of key n
 *     'G' n / 'a' n / 'i' n  get peers of key n, announce one, ping source n
 *     'b' from               a contact to start from
 *     'c' n                  cancels operation n
 *     'u' from               the source is unreachable
 */
#include "crypto/ed25519.h"
#include "dht/inside.h"
#include "dht/item.h"

#include <stdlib.h>

#define SOURCES 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct world {
    struct dtt_ctx ctx;
    struct dtt_dht *d;
    struct dtt_now now;
    uint8_t t[SOURCES][4];
    uint8_t token[SOURCES][8];
};

static void check(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* Loopback, private, global and IPv6 sources. */
static struct dtt_addr source(uint8_t n)
{
    static const uint8_t six[16] = {0x20, 0x01, 0x0d, 0xb8, 1};
    switch (n % SOURCES) {
    case 0: return dtt_addr_v4(127, 0, 0, 1, 1000);
    case 1: return dtt_addr_v4(127, 0, 0, 1, 1001);
    case 2: return dtt_addr_v4(10, 0, 0, 1, 1);
    case 3: return dtt_addr_v4(50, 1, 1, 1, 1);
    case 4: return dtt_addr_v4(50, 1, 1, 2, 1);
    case 5: return dtt_addr_v4(60, 1, 1, 1, 1);
    case 6: return dtt_addr_v6(six, 1);
    default: return dtt_addr_v4(224, 0, 0, 1, 0);
    }
}

static void note(struct world *w, const struct dtt_dht_packet *p)
{
    struct dtt_krpc m;
    check(p->len <= DTT_DHT_PACKET_MAX);
    check(dtt_krpc_decode(dtt_slice(p->data, p->len), &m) == 0);
    for (uint8_t i = 0; i < SOURCES; i++) {
        struct dtt_addr a = source(i);
        if (dtt_addr_eq(&a, &p->to)) {
            if (m.type == DTT_KRPC_QUERY) {
                memcpy(w->t[i], m.t.data, 4);
            } else if (m.token.len == 8) {
                memcpy(w->token[i], m.token.data, 8);
            }
        }
    }
}

static void drain(struct world *w)
{
    struct dtt_dht_packet p;
    struct dtt_dht_event e;
    while (dtt_dht_next_packet(w->d, &p)) {
        check(dtt_addr_is_usable(&p.to));
        note(w, &p);
    }
    while (dtt_dht_next_event(w->d, &e)) {
        check(e.type != DTT_DHT_EV_VALUE || e.u.value.v_len <= 1000);
    }
}

static void fill_in(const struct world *w, uint8_t from, uint8_t *buf, size_t len)
{
    for (size_t i = 0; i + 4 <= len; i++) {
        if (memcmp(buf + i, "TTTT", 4) == 0) {
            memcpy(buf + i, w->t[from % SOURCES], 4);
        }
        if (i + 8 <= len && memcmp(buf + i, "KKKKKKKK", 8) == 0) {
            memcpy(buf + i, w->token[from % SOURCES], 8);
        }
    }
}

static void datagram(struct world *w, struct dtt_reader *r)
{
    uint8_t from = dtt_read_u8(r);
    size_t len = (size_t)dtt_read_u8(r) << 8;
    len |= dtt_read_u8(r);
    len = len < dtt_reader_left(r) ? len : dtt_reader_left(r);
    struct dtt_slice in = dtt_read(r, len);
    uint8_t *copy = malloc(len ? len : 1);
    if (!copy || r->failed) {
        free(copy);
        return;
    }
    if (len) {
        memcpy(copy, in.data, len);
    }
    fill_in(w, from, copy, len);
    struct dtt_addr a = source(from);
    dtt_dht_recv(w->d, w->now, NULL, &a, dtt_slice(copy, len));
    free(copy);
}

static void start(struct world *w, uint8_t what, uint8_t n)
{
    dtt_dht_op op;
    uint8_t seed[32] = {n};
    struct dtt_dht_get_args get = {.is_mutable = n % 2 == 0};
    struct dtt_addr addr = source(n);
    if (what == 'f') {
        dtt_dht_find(w->d, w->now, seed, &op);
    } else if (what == 'G') {
        dtt_dht_get_peers(w->d, w->now, seed, &op);
    } else if (what == 'a') {
        dtt_dht_announce(w->d, w->now, seed, n, &op);
    } else if (what == 'i') {
        dtt_dht_ping(w->d, w->now, &addr, &op);
    } else if (what == 'g') {
        dtt_ed25519_public_key(get.key, seed);
        memset(get.target, n, sizeof(get.target));
        dtt_dht_get(w->d, w->now, &get, &op);
    } else {
        struct dtt_dht_put_args put = {.v = dtt_slice("5:hello", 7),
                                       .is_mutable = n % 2 == 0,
                                       .seq = n,
                                       .has_cas = n % 3 == 0,
                                       .cas = n,
                                       .verify = n % 5 == 0,
                                       .copies = n};
        dtt_ed25519_public_key(put.key, seed);
        dtt_item_sign(put.sig, seed, dtt_slice(NULL, 0), put.seq, put.v);
        dtt_dht_put(w->d, w->now, &put, &op);
    }
}

static void pass(struct world *w, uint8_t n)
{
    uint64_t until = w->now.mono_ns + n * 50 * DTT_MS;
    for (unsigned i = 0; i < 1000 && dtt_dht_deadline(w->d) <= until; i++) {
        uint64_t at = dtt_dht_deadline(w->d);
        w->now.mono_ns = at > w->now.mono_ns ? at : w->now.mono_ns;
        dtt_dht_tick(w->d, w->now);
        check(dtt_dht_deadline(w->d) > w->now.mono_ns);
        drain(w);
    }
    w->now.mono_ns = until;
}

static void check_state(const struct world *w)
{
    const struct dtt_dht *d = w->d;
    for (size_t side = 0; side < 2; side++) {
        size_t live = 0;
        for (size_t i = 0; i < d->tables[side].n; i++) {
            check(d->tables[side].buckets[i].live <= DTT_RTABLE_K);
            live += d->tables[side].buckets[i].live;
        }
        check(live == d->tables[side].live && live <= SOURCES);
    }
    check(d->storage.bytes <= DTT_STORAGE_BYTES && d->storage.values <= DTT_STORAGE_VALUES);
    check(d->probes <= DTT_DHT_PROBES && d->n_ops <= DTT_DHT_OPS);
    check(d->probes <= d->txns.count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct world w = {.now = {.mono_ns = 1000 * DTT_S}};
    struct dtt_dht_config cfg = {.has_v4 = true, .has_v6 = len % 2 == 0};
    struct dtt_reader r = dtt_reader(dtt_slice(data, len));
    if (dtt_dht_new(&w.d, &w.ctx, &cfg, w.now) != 0) {
        return 0;
    }
    for (unsigned i = 0; i < 200 && dtt_reader_left(&r) > 0; i++) {
        uint8_t what = dtt_read_u8(&r);
        if (what == 'd') {
            datagram(&w, &r);
        } else {
            uint8_t n = dtt_read_u8(&r);
            struct dtt_addr a = source(n);
            switch (what) {
            case 't': pass(&w, n); break;
            case 'b': dtt_dht_add_bootstrap(w.d, w.now, &a); break;
            case 'c': dtt_dht_cancel(w.d, w.now, n); break;
            case 'u': dtt_dht_unreachable(w.d, w.now, &a); break;
            case 'g':
            case 'f':
            case 'G':
            case 'a':
            case 'i':
            case 'p': start(&w, what, n); break;
            default: break;
            }
        }
        drain(&w);
        check_state(&w);
    }
    dtt_dht_free(w.d);
    return 0;
}
