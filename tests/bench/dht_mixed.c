/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Many publishers of one key and sequence number within a minute, on networks of mixed nodes in
 * virtual time: what does a reader see?
 *
 *     dht_mixed LIBTORRENT MAINLINE OURS PUBLISHERS SEED
 *
 * So many nodes that keep the first value (libtorrent), the last one (the Rust crate mainline) and
 * all (ours), in the simulated world; readers and writers are nodes of ours that only read. Prints
 * as JSON the values of the first get and of three together.
 */
#include "crypto/ed25519.h"
#include "sim/foreign.h"
#include "sim/world.h"

#include <dtt/dht.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#define WRITERS 20
#define READS 3
#define PUBLISHERS 100
#define ROUTERS 3

static const uint8_t seed[32] = {1};

static struct mixed {
    struct dtt_sim_world w;
    unsigned pending;
    bool is_seen[PUBLISHERS];
} mixed;

static void must(int err, const char *what)
{
    if (err) {
        fprintf(stderr, "dht_mixed: %s: %s\n", what, dtt_error_text(err));
        exit(1);
    }
}

static void on_event(void *user, struct dtt_sim_host *h, const struct dtt_event *ev)
{
    struct mixed *m = user;
    (void)h;
    if (ev->type == DTT_EVENT_DHT_VALUE && ev->u.dht_value.data_len == 1) {
        m->is_seen[((const uint8_t *)ev->u.dht_value.data)[0] % PUBLISHERS] = true;
    } else if (ev->type == DTT_EVENT_DHT_PUT || ev->type == DTT_EVENT_DHT_DONE) {
        m->pending--;
    }
}

static bool is_over(void *user)
{
    return ((const struct mixed *)user)->pending == 0;
}

static void wait_s(uint64_t seconds, bool (*until)(void *user))
{
    dtt_sim_world_run(&mixed.w, mixed.w.t_ns + seconds * DTT_S, until, &mixed);
}

static struct dtt_sim_host *add(void)
{
    struct dtt_sim_host *h = dtt_sim_host_add(&mixed.w, DTT_SIM_NAT_NONE);
    must(h ? DTT_OK : DTT_ENOMEM, "a host");
    return h;
}

static void put(struct dtt_sim_host *h, unsigned publisher)
{
    uint8_t value = (uint8_t)publisher;
    struct dtt_dht_put args = {.size = sizeof(args),
                               .value = &value,
                               .value_len = 1,
                               .seed = seed,
                               .seq = INT64_MAX,
                               .has_cas = 1,
                               .cas = INT64_MAX};
    uint32_t op;
    must(dtt_core_dht_put(h->core, dtt_sim_host_now(h), &args, &op), "put");
    mixed.pending++;
    dtt_sim_host_settle(h);
}

/* All values seen so far, after one more get. */
static unsigned get(struct dtt_sim_host *h)
{
    struct dtt_id key;
    uint32_t op;
    unsigned seen = 0;
    dtt_ed25519_public_key(key.bytes, seed);
    struct dtt_dht_get args = {.size = sizeof(args), .key = key.bytes};
    must(dtt_core_dht_get(h->core, dtt_sim_host_now(h), &args, &op), "get");
    mixed.pending++;
    dtt_sim_host_settle(h);
    wait_s(60, is_over);
    for (unsigned i = 0; i < PUBLISHERS; i++) {
        seen += mixed.is_seen[i];
    }
    wait_s(5, NULL); /* so that the next get asks anew */
    return seen;
}

static void build_network(const unsigned counts[3])
{
    static const enum dtt_sim_foreign_kind kinds[] = {DTT_SIM_LIBTORRENT, DTT_SIM_MAINLINE};
    for (unsigned kind = 0; kind < 3; kind++) {
        for (unsigned i = 0; i < counts[kind]; i++) {
            struct dtt_sim_host *h = add();
            if (kind < 2) {
                must(dtt_sim_foreign_new(h, kinds[kind]), "a foreign node");
            }
        }
    }
    must(dtt_sim_foreign_meet(&mixed.w), "contacts");
    for (uint32_t i = 0; i < ROUTERS; i++) {
        mixed.w.routers[0][i] = i;
    }
    mixed.w.n_routers[0] = ROUTERS;
    for (unsigned i = 0; i < counts[2]; i++) {
        must(dtt_sim_host_start(mixed.w.hosts[counts[0] + counts[1] + i], true, false), "a node");
    }
}

int main(int argc, char **argv)
{
    struct dtt_sim_host *writers[WRITERS], *reader;
    unsigned counts[3], publishers, first, all = 0;
    if (argc != 6 || sodium_init() < 0) {
        fprintf(stderr, "usage: dht_mixed LIBTORRENT MAINLINE OURS PUBLISHERS SEED\n");
        return 2;
    }
    for (int i = 0; i < 3; i++) {
        counts[i] = (unsigned)atoi(argv[1 + i]);
    }
    publishers = (unsigned)atoi(argv[4]) < PUBLISHERS ? (unsigned)atoi(argv[4]) : PUBLISHERS;
    must(dtt_sim_world_init(&mixed.w, (uint64_t)atoi(argv[5])), "the world");
    mixed.w.hooks = (struct dtt_sim_hooks){.user = &mixed, .event = on_event};
    build_network(counts);
    reader = add();
    must(dtt_sim_host_start(reader, true, true), "the reader");
    for (unsigned i = 0; i < WRITERS; i++) {
        writers[i] = add();
        must(dtt_sim_host_start(writers[i], true, true), "a writer");
    }
    wait_s(60, NULL);
    for (unsigned i = 0; i < publishers; i++) {
        put(writers[i % WRITERS], i);
        dtt_sim_world_run(&mixed.w, mixed.w.t_ns + 60 * DTT_S / publishers, NULL, NULL);
    }
    wait_s(60, is_over);
    first = get(reader);
    for (unsigned i = 1; i < READS; i++) {
        all = get(reader);
    }
    printf("{\"first\":%u,\"together\":%u}\n", first, all);
    dtt_sim_world_fini(&mixed.w);
    return 0;
}
