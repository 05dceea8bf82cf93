/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * One hostile network (/24) puts items at one node at a global address, a thousand a second, each
 * with a good token and signature; virtual time. Do the items of others stay?
 *
 *     dht_exhaust [ITEMS]
 */
#define _DEFAULT_SOURCE
#include "codec/bencode.h"
#include "crypto/ed25519.h"
#include "dht/dht.h"
#include "dht/item.h"
#include "dht/krpc.h"

#include <malloc.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#define HONEST 500
#define PER_S 1000
#define KEYS 64 /* an attacker varies the salt, not the key */
#define VALUE_LEN 900
#define PACKET_MAX 1500

struct publisher {
    struct dtt_addr addr;
    uint8_t seed[32];
    uint8_t salt[8];
};

static struct dtt_ctx ctx;
static struct dtt_dht *node;
static struct dtt_now now = {.mono_ns = 1000 * DTT_S};
static struct dtt_dht_packet reply;

static void die(const char *what)
{
    fprintf(stderr, "dht_exhaust: %s\n", what);
    exit(1);
}

static size_t heap_bytes(void)
{
    return mallinfo2().uordblks + mallinfo2().hblkhd;
}

/* One query; false when it is not answered. */
static bool ask(const struct publisher *p, struct dtt_krpc *q, struct dtt_krpc *ret)
{
    uint8_t buf[PACKET_MAX], id[DTT_NODE_ID_BYTES] = {9};
    struct dtt_dht_packet other;
    bool is_answered = false;
    q->type = DTT_KRPC_QUERY;
    q->t = dtt_slice("aaaa", 4);
    q->id = dtt_slice(id, sizeof(id));
    q->is_read_only = true; /* it would only ping us */
    int len = dtt_krpc_encode(q, buf, sizeof(buf));
    if (len < 0 || dtt_dht_recv(node, now, NULL, &p->addr, dtt_slice(buf, (size_t)len)) != 0) {
        die("a query of ours is malformed");
    }
    while (dtt_dht_next_packet(node, &other)) {
        if (dtt_addr_eq(&other.to, &p->addr) &&
            dtt_krpc_decode(dtt_slice(other.data, other.len), ret) == 0 &&
            ret->type != DTT_KRPC_QUERY) {
            reply = other;
            is_answered = dtt_krpc_decode(dtt_slice(reply.data, reply.len), ret) == 0;
        }
    }
    return is_answered;
}

/* Gets a token and puts one item: true when the node said yes. */
static bool put(const struct publisher *p, struct dtt_slice v)
{
    uint8_t key[32], sig[64], target[DTT_NODE_ID_BYTES], token[DTT_KRPC_TOKEN_MAX];
    struct dtt_krpc get = {.method = DTT_KRPC_M_GET}, q = {.method = DTT_KRPC_M_PUT}, r;
    struct dtt_slice salt = dtt_slice(p->salt, sizeof(p->salt));
    dtt_ed25519_public_key(key, p->seed);
    dtt_item_target(target, key, salt);
    get.target = dtt_slice(target, sizeof(target));
    if (!ask(p, &get, &r) || r.token.len == 0 || r.token.len > sizeof(token)) {
        return false;
    }
    memcpy(token, r.token.data, r.token.len);
    if (dtt_item_sign(sig, p->seed, salt, 1, v) != 0) {
        die("cannot sign");
    }
    q.token = dtt_slice(token, r.token.len);
    q.k = dtt_slice(key, sizeof(key));
    q.salt = salt;
    q.sig = dtt_slice(sig, sizeof(sig));
    q.seq = dtt_krpc_int(1);
    q.v = v;
    return ask(p, &q, &r) && r.type == DTT_KRPC_REPLY;
}

static void pass(uint64_t ns)
{
    uint64_t until = now.mono_ns + ns;
    struct dtt_dht_packet p;
    for (uint64_t at; (at = dtt_dht_deadline(node)) <= until;) {
        now.mono_ns = at > now.mono_ns ? at : now.mono_ns;
        dtt_dht_tick(node, now);
        while (dtt_dht_next_packet(node, &p)) {
        }
    }
    now.mono_ns = until;
}

static struct publisher honest(unsigned i)
{
    struct publisher p = {.addr = dtt_addr_v4(60, (uint8_t)(i >> 8), (uint8_t)i, 1, 6881)};
    dtt_put_be32(p.seed, i + 1);
    return p;
}

static struct publisher hostile(unsigned i)
{
    struct publisher p = {.addr = dtt_addr_v4(50, 1, 1, (uint8_t)i, 6881)};
    memset(p.seed, 0xff, sizeof(p.seed));
    p.seed[0] = (uint8_t)(i % KEYS);
    dtt_put_be32(p.salt, i);
    return p;
}

int main(int argc, char **argv)
{
    unsigned items = argc > 1 ? (unsigned)atol(argv[1]) : 100000;
    struct dtt_dht_config cfg = {.has_v4 = true};
    struct dtt_dht_stats stats;
    uint8_t v[VALUE_LEN + 8];
    unsigned kept = 0, taken = 0;
    struct dtt_writer w = dtt_writer(v, sizeof(v));
    static const uint8_t text[VALUE_LEN] = {'x'};
    dtt_bencode_write_str(&w, dtt_slice(text, sizeof(text)));
    if (sodium_init() < 0 || dtt_dht_new(&node, &ctx, &cfg, now) != 0) {
        die("cannot start");
    }
    for (unsigned i = 0; i < HONEST; i++) {
        struct publisher p = honest(i);
        if (!put(&p, dtt_slice(v, w.len))) {
            die("an honest item was not stored");
        }
        pass(10 * DTT_MS);
    }
    size_t heap = heap_bytes();
    for (unsigned i = 0; i < items; i++) {
        struct publisher p = hostile(i);
        taken += put(&p, dtt_slice(v, w.len));
        pass(DTT_S / PER_S);
    }
    dtt_dht_stats(node, &stats);
    double grown = (double)heap_bytes() - (double)heap;
    for (unsigned i = 0; i < HONEST; i++) {
        struct publisher p = honest(i);
        uint8_t key[32], target[DTT_NODE_ID_BYTES];
        struct dtt_krpc get = {.method = DTT_KRPC_M_GET}, r;
        dtt_ed25519_public_key(key, p.seed);
        dtt_item_target(target, key, dtt_slice(p.salt, sizeof(p.salt)));
        get.target = dtt_slice(target, sizeof(target));
        pass(100 * DTT_MS);
        /* An unproven address is told only that there is a value: its sequence number. */
        kept += ask(&p, &get, &r) && (r.v.data || r.seq.is_set);
    }
    printf("{\"honest\":%d,\"kept\":%u,\"hostile\":%u,\"hostile_taken\":%u,\"stored\":%u,"
           "\"heap_grown\":%.0f}\n",
           HONEST, kept, items, taken, stats.items, grown);
    dtt_dht_free(node);
    return 0;
}
