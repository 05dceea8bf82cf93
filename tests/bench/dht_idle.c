/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A thousand idle nodes with full routing tables in one process, in virtual time: memory and
 * wake-ups of each. Every contact is a function that answers queries, so nothing but the nodes
 * takes memory.
 *
 *     dht_idle [NODES]
 */
#define _DEFAULT_SOURCE
#include "dht/dht.h"
#include "dht/inside.h"
#include "dht/krpc.h"
#include "dht/storage.h"

#include <malloc.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define BUCKETS 20
#define PER_BUCKET 11 /* 8 live ones and 3 spares */
#define DELAY_NS (80 * DTT_MS)
#define FILL_NS (300 * DTT_S)
#define IDLE_NS (3600 * DTT_S)
#define ANSWERS_MAX 4096
#define ITEMS 1000

struct answer {
    uint64_t at_ns;
    struct dtt_addr from;
    size_t len;
    uint8_t data[256];
};

struct node {
    struct dtt_ctx ctx;
    struct dtt_dht *dht;
    uint64_t ticks, silent_ticks, queries, received;
};

static struct dtt_now now;
static struct answer answers[ANSWERS_MAX]; /* of the node that runs just now; first come first */
static size_t n_answers;

static void die(const char *what)
{
    fprintf(stderr, "dht_idle: %s\n", what);
    exit(1);
}

static size_t heap_bytes(void)
{
    return mallinfo2().uordblks + mallinfo2().hblkhd;
}

static size_t resident_bytes(void)
{
    unsigned long total = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (!f || fscanf(f, "%lu %lu", &total, &resident) != 2) {
        die("cannot read /proc/self/statm");
    }
    fclose(f);
    return resident * (size_t)sysconf(_SC_PAGESIZE);
}

/* ---- contacts: number i of a bucket lives at an address that tells both */

static struct dtt_addr contact_addr(uint8_t family, unsigned bucket, unsigned i)
{
    uint8_t six[16] = {0x2a, 0x00, 0, (uint8_t)bucket, 0, (uint8_t)i, [15] = 1};
    return family == DTT_FAMILY_V4 ? dtt_addr_v4(50, (uint8_t)bucket, (uint8_t)i, 1, 6881)
                                   : dtt_addr_v6(six, 6881);
}

static void contact_id(uint8_t ret[DTT_NODE_ID_BYTES], const uint8_t *self,
                       const struct dtt_addr *addr)
{
    bool is_v4 = addr->family == DTT_FAMILY_V4;
    unsigned bucket = is_v4 ? addr->ip[1] : addr->ip[3];
    unsigned i = is_v4 ? addr->ip[2] : addr->ip[5];
    memcpy(ret, self, DTT_NODE_ID_BYTES);
    ret[bucket / 8] ^= (uint8_t)(0x80u >> bucket % 8); /* exactly `bucket` bits in common */
    ret[18] ^= (uint8_t)(i + 1);
    ret[19] ^= addr->family;
}

static void contact_answers(const struct node *n, const struct dtt_dht_packet *p)
{
    struct dtt_krpc q;
    uint8_t id[DTT_NODE_ID_BYTES];
    if (dtt_krpc_decode(dtt_slice(p->data, p->len), &q) != 0 || q.type != DTT_KRPC_QUERY) {
        return;
    }
    contact_id(id, n->dht->id, &p->to);
    struct dtt_krpc r = {
        .type = DTT_KRPC_REPLY, .t = q.t, .id = dtt_slice(id, sizeof(id)), .nodes = {0}};
    if (n_answers == ANSWERS_MAX) {
        die("too many queries at once");
    }
    struct answer *a = &answers[n_answers++];
    int len = dtt_krpc_encode(&r, a->data, sizeof(a->data));
    *a = (struct answer){.at_ns = now.mono_ns + DELAY_NS, .from = p->to, .len = (size_t)len};
    dtt_krpc_encode(&r, a->data, sizeof(a->data));
}

static void contact_asks(struct node *n, const struct dtt_addr *addr)
{
    uint8_t id[DTT_NODE_ID_BYTES], buf[256];
    contact_id(id, n->dht->id, addr);
    struct dtt_krpc q = {.type = DTT_KRPC_QUERY,
                         .method = DTT_KRPC_M_PING,
                         .t = dtt_slice("aa", 2),
                         .id = dtt_slice(id, sizeof(id))};
    int len = dtt_krpc_encode(&q, buf, sizeof(buf));
    dtt_dht_recv(n->dht, now, NULL, addr, dtt_slice(buf, (size_t)len));
}

/* ---- one node's time */

static bool drain(struct node *n)
{
    struct dtt_dht_packet p;
    struct dtt_dht_event e;
    bool sent = false;
    while (dtt_dht_next_packet(n->dht, &p)) {
        n->queries++;
        sent = true;
        contact_answers(n, &p);
    }
    while (dtt_dht_next_event(n->dht, &e)) {
    }
    return sent;
}

static void run_until(struct node *n, uint64_t until)
{
    for (;;) {
        uint64_t deadline = dtt_dht_deadline(n->dht);
        uint64_t answer = n_answers > 0 ? answers[0].at_ns : DTT_NEVER;
        uint64_t at = dtt_min_ns(deadline, answer);
        if (at > until) {
            now.mono_ns = until;
            return;
        }
        now.mono_ns = at > now.mono_ns ? at : now.mono_ns;
        if (answer <= deadline) {
            struct answer a = answers[0];
            memmove(answers, answers + 1, --n_answers * sizeof(a));
            n->received++;
            dtt_dht_recv(n->dht, now, NULL, &a.from, dtt_slice(a.data, a.len));
            drain(n);
            continue;
        }
        dtt_dht_tick(n->dht, now);
        n->ticks++;
        n->silent_ticks += !drain(n);
        if (dtt_dht_deadline(n->dht) <= now.mono_ns) {
            die("a timer that is due stays due");
        }
    }
}

static void fill(struct node *n)
{
    uint64_t start = now.mono_ns;
    for (unsigned i = 0; i < PER_BUCKET; i++) {
        for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
            struct dtt_addr four = contact_addr(DTT_FAMILY_V4, bucket, i);
            struct dtt_addr six = contact_addr(DTT_FAMILY_V6, bucket, i);
            contact_asks(n, &four);
            contact_asks(n, &six);
            drain(n);
            run_until(n, now.mono_ns + 200 * DTT_MS);
        }
    }
    run_until(n, start + FILL_NS);
}

/* Heap bytes of a stored item beyond its value. */
static double item_overhead(size_t len)
{
    static const uint8_t hash_key[16] = {1}, k[32] = {2}, sig[64] = {3};
    struct dtt_storage s;
    uint8_t v[1000] = {0};
    size_t before = heap_bytes();
    dtt_storage_init(&s, hash_key);
    for (uint32_t i = 0; i < ITEMS; i++) {
        uint8_t target[20] = {0};
        struct dtt_addr from = dtt_addr_v4(50, (uint8_t)(i >> 5), (uint8_t)(i / 16), 1, 1);
        struct dtt_storage_item put = {
            .target = target, .is_mutable = true, .k = k, .sig = sig, .v = dtt_slice(v, len)};
        dtt_put_be32(target, i);
        if (dtt_storage_put(&s, now, &from, &put) != 0) {
            die("an item was not stored");
        }
    }
    double bytes = (double)(heap_bytes() - before) / ITEMS - (double)len;
    dtt_storage_fini(&s);
    return bytes;
}

int main(int argc, char **argv)
{
    size_t count = argc > 1 ? (size_t)atol(argv[1]) : 1000;
    struct node *nodes = calloc(count, sizeof(*nodes));
    struct dtt_dht_config cfg = {.has_v4 = true, .has_v6 = true};
    uint32_t least[2] = {UINT32_MAX, UINT32_MAX};
    struct node all = {0};
    if (!nodes || count == 0 || sodium_init() < 0) {
        die("usage: dht_idle [NODES]");
    }
    size_t heap = heap_bytes(), resident = resident_bytes();
    for (size_t i = 0; i < count; i++) {
        struct node *n = &nodes[i];
        now.mono_ns = 1000 * DTT_S;
        n_answers = 0; /* what the node before did not wait for */
        dtt_put_be32(n->ctx.seed, (uint32_t)i + 1);
        if (dtt_dht_new(&n->dht, &n->ctx, &cfg, now) != 0) {
            die("out of memory");
        }
        fill(n);
        n->ticks = n->silent_ticks = n->queries = n->received = 0;
        run_until(n, now.mono_ns + IDLE_NS);
        all.ticks += n->ticks;
        all.silent_ticks += n->silent_ticks;
        all.queries += n->queries;
        all.received += n->received;
        struct dtt_dht_stats s;
        dtt_dht_stats(n->dht, &s);
        least[0] = s.nodes_v4 < least[0] ? s.nodes_v4 : least[0];
        least[1] = s.nodes_v6 < least[1] ? s.nodes_v6 : least[1];
    }
    double each = (double)count;
    printf("{\"nodes\":%zu,\"contacts_v4\":%u,\"contacts_v6\":%u,\"heap_bytes\":%.0f,"
           "\"resident_bytes\":%.0f,\"timers_an_hour\":%.1f,\"silent_timers_an_hour\":%.1f,"
           "\"answers_an_hour\":%.1f,\"queries_an_hour\":%.1f,",
           count, least[0], least[1], (double)(heap_bytes() - heap) / each,
           (double)(resident_bytes() - resident) / each, (double)all.ticks / each,
           (double)all.silent_ticks / each, (double)all.received / each,
           (double)all.queries / each);
    for (size_t i = 0; i < count; i++) {
        dtt_dht_free(nodes[i].dht);
    }
    free(nodes);
    printf("\"item_overhead_100\":%.0f,\"item_overhead_1000\":%.0f}\n", item_overhead(100),
           item_overhead(1000));
    return 0;
}
