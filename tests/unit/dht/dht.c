/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Networks of nodes in virtual time. */
#include "fixture.h"

#include "dht/bootstrap.h"
#include "dht/item.h"
#include "dht/node_id.h"

#include <stdio.h>
#include <stdlib.h>

/* Delays as on the Internet: 26 to 240 ms for a round trip. */
static void far_apart(void)
{
    net.delay_min_ns = 13 * DTT_MS;
    net.delay_max_ns = 120 * DTT_MS;
}

/* Two nodes in one process, nothing shared. */
static void test_two_nodes(void **state)
{
    struct net_item item;
    struct net_result r;
    (void)state;
    net_init(&net, 1);
    net_grow(&net, 2);
    assert_memory_not_equal(net.nodes[0].dht->id, net.nodes[1].dht->id, 20);
    net_run(&net, DTT_S);
    net_item(&item, 1, INT64_MAX, "hello");
    struct dtt_dht_event e = net_put(&net, 1, &item);
    assert_int_equal(e.u.put.status, 0);
    assert_int_equal(e.u.put.acked, 1); /* and ourselves, uncounted */
    assert_int_equal(net_holders(&net, &item), 2);
    for (size_t i = 0; i < 2; i++) {
        net_get(&net, i, &item, &r);
        assert_int_equal(r.n_values, 1);
        assert_true(net_result_has(&r, &item));
        assert_int_equal(r.first_value_ns, 0); /* each holds it itself */
        assert_int_equal(r.last.u.done.values, 1);
        net_result_free(&r);
    }
}

/* Our own storage is no network: it has what was put, and nothing says that others have it. */
static void test_alone(void **state)
{
    struct net_item item;
    struct net_result r;
    (void)state;
    net_init(&net, 2);
    net_grow(&net, 1);
    uint64_t start = net.now.mono_ns;
    net_item(&item, 1, 1, "hello");
    net_get(&net, 0, &item, &r);
    assert_int_equal(r.n_values, 0);
    struct dtt_dht_event e = net_put(&net, 0, &item);
    assert_int_equal(e.u.put.acked, 0);
    assert_int_equal(e.u.put.status, DTT_ETIMEDOUT);
    net_get(&net, 0, &item, &r);
    assert_int_equal(r.n_values, 1);
    assert_int_equal(r.last.u.done.answered, 0);
    assert_int_equal(r.last.u.done.status, DTT_ETIMEDOUT);
    net_result_free(&r);
    assert_int_equal(net.now.mono_ns, start);
    assert_int_equal(dtt_dht_deadline(net.nodes[0].dht), start + DTT_STORAGE_LIFETIME_NS);
}

/* On a LAN a fresh node with one contact bootstraps, gets and puts within milliseconds. */
static void test_twenty_nodes_on_one_host_are_quick(void **state)
{
    struct net_item item, other;
    struct net_result r;
    (void)state;
    net_init(&net, 3);
    net_grow(&net, 20);
    net_run(&net, DTT_S);
    net_item(&item, 1, INT64_MAX, "hello");
    item.put.copies = 20;
    uint64_t start = net.now.mono_ns;
    struct dtt_dht_event e = net_put(&net, 7, &item);
    assert_true(e.u.put.acked == 19 && e.u.put.refused == 0);
    assert_true(net.now.mono_ns - start < 2 * DTT_MS);
    size_t fresh = net_add(&net, false);
    start = net.now.mono_ns;
    net_bootstrap(&net, fresh, 0);
    net_get(&net, fresh, &item, &r);
    assert_true(net_result_has(&r, &item));
    assert_true(r.first_value_ns <= 300 * DTT_US); /* three round trips of 100 us */
    assert_true(net.now.mono_ns - start < 2 * DTT_MS);
    net_result_free(&r);
    net_item(&other, 1, INT64_MAX, "world");
    other.put.copies = 20;
    other.put.has_cas = true;
    other.put.cas = INT64_MAX;
    start = net.now.mono_ns;
    e = net_put(&net, fresh, &other);
    assert_true(e.u.put.acked >= 20);
    assert_true(net.now.mono_ns - start < 2 * DTT_MS);
    net_get(&net, 3, &item, &r);
    assert_true(net_result_has(&r, &item) && net_result_has(&r, &other));
    net_result_free(&r);
}

/* All start at the same instant; operations are issued before anybody knows anybody. */
static void test_everybody_starts_at_once(void **state)
{
    struct net_item item;
    struct net_result r;
    dtt_dht_op op;
    (void)state;
    net_init(&net, 4);
    far_apart();
    for (size_t i = 0; i < 20; i++) {
        net_add(&net, false);
    }
    net_item(&item, 1, INT64_MAX, "hello");
    for (size_t i = 1; i < 20; i++) {
        net_bootstrap(&net, i, 0);
    }
    assert_int_equal(dtt_dht_put(net.nodes[5].dht, net.now, &item.put, &op), 0);
    net_wait(&net, 5, op, 10 * DTT_S, &r);
    assert_true(r.last.u.put.acked >= 1);
    net_run(&net, DTT_S);
    net_get(&net, 11, &item, &r);
    assert_true(net_result_has(&r, &item));
    net_result_free(&r);
}

struct figures {
    size_t found, complete_ns_n;
    uint64_t complete_ns[64], put_ns[64];
    uint64_t asked, acked;
};

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static size_t pick_alive(void)
{
    for (;;) {
        size_t i = (size_t)dtt_rng_below(&net.rng, net.n);
        if (!net.nodes[i].is_dead && net.nodes[i].dht) {
            return i;
        }
    }
}

static struct figures measure(size_t rounds)
{
    struct figures f = {0};
    for (size_t k = 0; k < rounds; k++) {
        struct net_item item;
        struct net_result r;
        net_item(&item, (uint8_t)(k + 1), 1, "some value");
        uint64_t start = net.now.mono_ns;
        struct dtt_dht_event e = net_put(&net, pick_alive(), &item);
        f.put_ns[k] = net.now.mono_ns - start;
        f.acked += e.u.put.acked;
        start = net.now.mono_ns;
        net_get(&net, pick_alive(), &item, &r);
        f.complete_ns[k] = net.now.mono_ns - start;
        f.found += net_result_has(&r, &item);
        f.asked += r.last.u.done.asked;
        net_result_free(&r);
    }
    qsort(f.complete_ns, rounds, sizeof(uint64_t), by_value);
    qsort(f.put_ns, rounds, sizeof(uint64_t), by_value);
    return f;
}

#define ROUNDS 40

static struct figures fifty_nodes(unsigned loss_permille, bool some_dead)
{
    net_init(&net, 5);
    far_apart();
    net_grow(&net, 50);
    net_run(&net, 60 * DTT_S);
    net.loss_permille = loss_permille;
    for (size_t i = 1; some_dead && i < 50; i++) {
        net.nodes[i].is_dead = i % 10 < 3;
    }
    return measure(ROUNDS);
}

static void test_fifty_nodes(void **state)
{
    (void)state;
    struct figures f = fifty_nodes(0, false);
    assert_int_equal(f.found, ROUNDS);
    assert_true(f.asked <= 16 * ROUNDS);
    assert_true(f.acked >= 8 * ROUNDS);
    assert_true(f.complete_ns[ROUNDS / 2] < 350 * DTT_MS);
    assert_true(f.put_ns[ROUNDS / 2] < 600 * DTT_MS);
}

static void test_a_third_is_dead(void **state)
{
    (void)state;
    struct figures f = fifty_nodes(20, true);
    assert_int_equal(f.found, ROUNDS);
    assert_true(f.acked >= 7 * ROUNDS);
    assert_true(f.complete_ns[ROUNDS * 9 / 10] < 3 * DTT_S);
}

/* Each value of a node that answered has been reported. */
static size_t count_reported(size_t asker, const struct net_item *items, size_t n,
                             const struct net_result *r)
{
    size_t alive = 0;
    const struct dtt_walk *w = NULL;
    for (size_t i = 0; i < DTT_WALKS_MAX && !w; i++) {
        const struct dtt_walk *o = net.nodes[asker].dht->walks[i];
        w = o && memcmp(o->goal.target, items[0].target, 20) == 0 ? o : NULL;
    }
    assert_non_null(w);
    for (size_t k = 0; k < n; k++) {
        bool is_alive = false;
        for (size_t i = 0; i < w->side[0].n; i++) {
            const struct dtt_lookup_node *c = &w->side[0].nodes[i];
            struct dtt_storage_item v;
            const struct dtt_dht *d = net.nodes[c->addr.port - 10000].dht;
            for (size_t j = 0; c->state == DTT_LOOKUP_NODE_ANSWERED &&
                               dtt_storage_at(&d->storage, items[0].target, j, &v);
                 j++) {
                is_alive |= dtt_slice_eq(v.v, items[k].put.v);
            }
        }
        assert_true(!is_alive || net_result_has(r, &items[k]));
        alive += is_alive;
    }
    return alive;
}

/*
 * Twenty publishers under one key and sequence number within a minute, with loss: one get reports
 * every value alive on a node it asked.
 */
static void test_siblings_of_twenty_publishers(void **state)
{
    static struct net_item items[20];
    (void)state;
    net_init(&net, 6);
    far_apart();
    net_grow(&net, 50);
    net_run(&net, 30 * DTT_S);
    net.loss_permille = 20;
    for (unsigned i = 0; i < 20; i++) {
        char text[32];
        snprintf(text, sizeof(text), "publisher %u", i);
        net_item(&items[i], 1, INT64_MAX, text);
        items[i].put.copies = 20;
        items[i].put.has_cas = true;
        items[i].put.cas = INT64_MAX;
        struct dtt_dht_event e = net_put(&net, i + 10, &items[i]);
        assert_true(e.u.put.acked >= 18);
        assert_int_equal(e.u.put.refused, 0);
        net_run(&net, 2 * DTT_S);
    }
    net.loss_permille = 0;
    size_t reader = net_add(&net, true); /* holds nothing itself */
    net_bootstrap(&net, reader, 0);
    net_run(&net, 5 * DTT_S);
    const size_t askers[] = {0, 1, 2, reader};
    for (size_t k = 0; k < 4; k++) {
        struct net_result r;
        size_t asker = askers[k];
        net_get(&net, asker, &items[0], &r);
        assert_int_equal(count_reported(asker, items, 20, &r), 20);
        bool is_held[20] = {false};
        for (size_t i = 0; i < r.last.u.done.n_holders; i++) {
            assert_true(r.last.holders[i].value < 20);
            is_held[r.last.holders[i].value] = true;
        }
        for (size_t i = 0; i < 20; i++) {
            assert_true(is_held[i] || asker != reader);
        }
        net_result_free(&r);
    }
}

static void test_immutable_and_find(void **state)
{
    struct dtt_dht_put_args put = {.v = dtt_slice("5:hello", 7), .verify = true};
    struct dtt_dht_get_args get = {0};
    struct net_result r;
    dtt_dht_op op;
    (void)state;
    net_init(&net, 9);
    net_grow(&net, 30);
    net_run(&net, 30 * DTT_S);
    assert_int_equal(dtt_dht_put(net.nodes[1].dht, net.now, &put, &op), 0);
    net_wait(&net, 1, op, DTT_S, &r);
    assert_true(r.last.u.put.acked >= 8);
    assert_int_equal(r.last.u.put.verified, r.last.u.put.acked);
    dtt_item_target_immutable(get.target, put.v);
    assert_int_equal(dtt_dht_get(net.nodes[2].dht, net.now, &get, &op), 0);
    net_wait(&net, 2, op, DTT_S, &r);
    assert_int_equal(r.n_values, 1);
    net_result_free(&r);
    /* find: the closest first, as everybody would sort them. */
    assert_int_equal(dtt_dht_find(net.nodes[3].dht, net.now, net.nodes[9].dht->id, &op), 0);
    net_wait(&net, 3, op, DTT_S, &r);
    assert_int_equal(r.last.u.done.status, 0);
    assert_int_equal(r.n_found, 8);
    assert_memory_equal(r.found[0], net.nodes[9].dht->id, 20);
    const uint8_t *target = net.nodes[9].dht->id;
    for (size_t i = 0; i < net.n; i++) {
        const uint8_t *id = net.nodes[i].dht->id;
        if (i != 3 && dtt_node_id_cmp(target, id, r.found[7]) < 0) {
            bool is_found = false;
            for (size_t j = 0; j < 8; j++) {
                is_found |= memcmp(id, r.found[j], 20) == 0;
            }
            assert_true(is_found);
        }
    }
}

static void test_announce_and_get_peers(void **state)
{
    uint8_t hash[20] = {0x55};
    struct net_result r;
    dtt_dht_op op;
    (void)state;
    net_init(&net, 15);
    net_grow(&net, 30);
    net_run(&net, 30 * DTT_S);
    for (size_t i = 1; i <= 3; i++) {
        uint16_t port = i == 3 ? 0 : (uint16_t)(7000 + i);
        assert_int_equal(dtt_dht_announce(net.nodes[i].dht, net.now, hash, port, &op), 0);
        net_wait(&net, i, op, DTT_S, &r);
        assert_int_equal(r.last.type, DTT_DHT_EV_PUT_DONE);
        assert_int_equal(r.last.u.put.acked, 8);
    }
    assert_int_equal(dtt_dht_get_peers(net.nodes[20].dht, net.now, hash, &op), 0);
    net_wait(&net, 20, op, DTT_S, &r);
    assert_int_equal(r.last.type, DTT_DHT_EV_DONE);
    assert_int_equal(r.n_peers, 3);
    bool implied = false;
    for (size_t i = 0; i < 3; i++) {
        implied |= dtt_addr_eq(&r.peers[i], &net.nodes[3].addr);
    }
    assert_true(implied);
    net_run(&net, 1900 * DTT_S);
    struct dtt_dht_stats s;
    for (size_t i = 0; i < net.n; i++) {
        dtt_dht_stats(net.nodes[i].dht, &s);
        assert_int_equal(s.peers, 0);
    }
}

static void test_ipv6(void **state)
{
    struct net_item item;
    struct net_result r;
    (void)state;
    net_init(&net, 10);
    for (uint16_t i = 0; i < 20; i++) {
        struct dtt_addr a;
        assert_int_equal(dtt_addr_parse("[fd00::1]:4000", &a), 0);
        a.ip[15] = (uint8_t)(i + 1);
        net_add_at(&net, &a, false);
        if (i > 0) {
            net_bootstrap(&net, i, 0);
        }
    }
    net_run(&net, 5 * DTT_S);
    struct dtt_dht_stats s;
    dtt_dht_stats(net.nodes[3].dht, &s);
    assert_true(s.nodes_v6 >= 8 && s.nodes_v4 == 0);
    net_item(&item, 1, 1, "hello");
    assert_true(net_put(&net, 3, &item).u.put.acked >= 8);
    net_get(&net, 17, &item, &r);
    assert_true(net_result_has(&r, &item));
    net_result_free(&r);
}

/* A read-only node puts and gets, but nobody learns of it and it stores nothing. */
static void test_read_only_node(void **state)
{
    struct net_item item;
    struct net_result r;
    (void)state;
    net_init(&net, 11);
    net_grow(&net, 20);
    size_t ro = net_add(&net, true);
    net_bootstrap(&net, ro, 0);
    net_run(&net, 20 * DTT_S);
    net_item(&item, 1, 1, "hello");
    struct dtt_dht_event e = net_put(&net, ro, &item);
    assert_int_equal(e.u.put.acked, 8);
    net_get(&net, ro, &item, &r);
    assert_true(net_result_has(&r, &item));
    net_result_free(&r);
    struct dtt_dht_stats s;
    dtt_dht_stats(net.nodes[ro].dht, &s);
    assert_int_equal(s.items, 0);
    assert_true(s.nodes_v4 > 0);
    for (size_t i = 0; i < ro; i++) {
        assert_null(dtt_rtable_find(&net.nodes[i].dht->tables[0], &net.nodes[ro].addr));
    }
}

/* Among strangers at global addresses large values cost one more round trip, for everybody. */
static void test_large_values_at_global_addresses(void **state)
{
    static char text[900];
    struct net_item item;
    struct net_result r;
    (void)state;
    net_init(&net, 17);
    far_apart();
    for (unsigned i = 0; i < 30; i++) {
        struct dtt_addr a = dtt_addr_v4(50, (uint8_t)(i + 1), 1, 1, 6881);
        net_add_at(&net, &a, false);
        if (i > 0) {
            net_bootstrap(&net, i, 0);
        }
    }
    net_run(&net, 60 * DTT_S);
    memset(text, 'x', sizeof(text) - 1);
    net_item(&item, 1, 1, text);
    assert_true(net_put(&net, 3, &item).u.put.acked >= 8);
    for (unsigned read_only = 0; read_only < 2; read_only++) {
        struct dtt_addr a = dtt_addr_v4(60, 1 + (uint8_t)read_only, 1, 1, 1);
        size_t fresh = net_add_at(&net, &a, read_only);
        net_bootstrap(&net, fresh, 0);
        net_get(&net, fresh, &item, &r);
        assert_true(net_result_has(&r, &item));
        assert_int_equal(r.n_values, 1);
        net_result_free(&r);
        /* What it is told, it is told by all who hold it. */
        const struct dtt_walk *w = NULL;
        for (size_t i = 0; i < DTT_WALKS_MAX && !w; i++) {
            const struct dtt_walk *o = net.nodes[fresh].dht->walks[i];
            w = o && o->goal.kind == DTT_GOAL_ITEM ? o : NULL;
        }
        assert_non_null(w);
        assert_true(w->found.values[0]->holders >= 7);
    }
}

/* A busy network at global addresses: no endpoint is sent 50 datagrams in 10 s by another. */
static void test_nobody_is_flooded(void **state)
{
    enum { N = 12, WINDOW = 10 };
    static uint16_t sent[N][N][600];
    (void)state;
    net_init(&net, 18);
    memset(sent, 0, sizeof(sent));
    for (unsigned i = 0; i < N; i++) {
        struct dtt_addr a = dtt_addr_v4(50, (uint8_t)(i + 1), 1, 1, 6881);
        net_add_at(&net, &a, false);
        if (i > 0) {
            net_bootstrap(&net, i, 0);
        }
    }
    net.log = &sent[0][0][0];
    net.log_seconds = 600;
    uint64_t start = net.now.mono_ns;
    for (unsigned k = 0; net.now.mono_ns < start + 300 * DTT_S; k++) {
        struct net_item item;
        dtt_dht_op op;
        struct dtt_dht_event e;
        net_item(&item, (uint8_t)(1 + k % 200), 1, "hello");
        dtt_dht_put(net.nodes[k % N].dht, net.now, &item.put, &op);
        dtt_dht_get(net.nodes[(k + 5) % N].dht, net.now, &item.get, &op);
        net_flush(&net, k % N);
        net_flush(&net, (k + 5) % N);
        net_run(&net, 200 * DTT_MS);
        for (size_t i = 0; i < N; i++) {
            while (dtt_dht_next_event(net.nodes[i].dht, &e)) {
            }
        }
    }
    unsigned most = 0;
    for (size_t pair = 0; pair < N * N; pair++) {
        for (size_t s = 0; s + WINDOW <= 600; s++) {
            unsigned n = 0;
            for (size_t i = 0; i < WINDOW; i++) {
                n += (&sent[0][0][0])[pair * 600 + s + i];
            }
            most = n > most ? n : most;
        }
    }
    assert_true(most > 30); /* it was a busy network */
    assert_true(most < 50);
}

static void test_same_seed_same_run(void **state)
{
    uint64_t sent[2], bytes[2], time[2];
    (void)state;
    for (size_t run = 0; run < 2; run++) {
        struct net_item item;
        net_init(&net, 12);
        far_apart();
        net.loss_permille = 50;
        net_grow(&net, 30);
        net_run(&net, 30 * DTT_S);
        net_item(&item, 1, 1, "hello");
        net_put(&net, 9, &item);
        sent[run] = 0;
        bytes[run] = 0;
        for (size_t i = 0; i < net.n; i++) {
            sent[run] = sent[run] * 31 + net.nodes[i].sent;
            bytes[run] = bytes[run] * 31 + net.nodes[i].sent_bytes;
        }
        time[run] = net.now.mono_ns;
        if (run == 0) {
            net_fini(&net);
        }
    }
    assert_int_equal(sent[0], sent[1]);
    assert_int_equal(bytes[0], bytes[1]);
    assert_int_equal(time[0], time[1]);
}

/* An hour of idling: few packets, no wake-up without a reason, small memory. */
static void test_idle_network_is_quiet(void **state)
{
    (void)state;
    net_init(&net, 13);
    net_grow(&net, 30);
    net_run(&net, 60 * DTT_S);
    uint64_t sent = 0, wakes = 0;
    for (size_t i = 0; i < net.n; i++) {
        sent -= net.nodes[i].sent;
    }
    uint64_t limit = net.now.mono_ns + 3600 * DTT_S;
    while (net_step(&net, limit)) {
        wakes++;
    }
    for (size_t i = 0; i < net.n; i++) {
        sent += net.nodes[i].sent;
        assert_true(net.nodes[i].dht->out.cap <= 2048);
    }
    /* Packets per node and hour, most of them the refresh of four buckets every 15 minutes. */
    assert_true(sent / net.n < 1200);
    assert_true(wakes / net.n < 4000);
}

/* Eight weeks, longer than any 32-bit count of milliseconds: all still know each other. */
static void test_weeks(void **state)
{
    struct net_item item;
    struct net_result r;
    struct dtt_dht_stats s;
    (void)state;
    net_init(&net, 19);
    net_grow(&net, 4);
    for (unsigned week = 0; week < 8; week++) {
        net_run(&net, 7 * 86400 * DTT_S);
        net_item(&item, (uint8_t)(1 + week), 1, "hello");
        assert_true(net_put(&net, week % 4, &item).u.put.acked >= 3);
        net_get(&net, (week + 1) % 4, &item, &r);
        assert_true(net_result_has(&r, &item));
        net_result_free(&r);
    }
    for (size_t i = 0; i < net.n; i++) {
        dtt_dht_stats(net.nodes[i].dht, &s);
        assert_int_equal(s.nodes_v4, 3);
        assert_true(s.items <= 1); /* the last one, the others have expired */
        assert_true(net.nodes[i].dht->out.cap <= 2048);
    }
}

/* 20 full buckets in each family, rates of strangers, a send queue and transactions in use. */
static void test_memory_of_a_full_node(void **state)
{
    (void)state;
    net_init(&net, 14);
    size_t bytes = sizeof(struct dtt_dht) + 2 * 20 * sizeof(struct dtt_rbucket) +
                   sizeof(struct dtt_polite_rates) + DTT_PROOF_SLOTS * sizeof(struct dtt_proof) +
                   2048 + DTT_TXN_CHUNK * sizeof(struct dtt_txn) + 8 * sizeof(struct dtt_bootstrap);
    assert_true(bytes <= 33 * 1024);
}

static void test_ready_once(void **state)
{
    struct dtt_dht_event e;
    size_t ready = 0;
    (void)state;
    net_init(&net, 6);
    net_grow(&net, 10);
    net_run(&net, 60 * DTT_S);
    while (dtt_dht_next_event(net.nodes[4].dht, &e)) {
        ready += e.type == DTT_DHT_EV_READY;
    }
    assert_int_equal(ready, 1);
}

static void test_external_address(void **state)
{
    struct dtt_dht_event e;
    size_t told = 0;
    (void)state;
    net_init(&net, 7);
    net_grow(&net, 10);
    net_run(&net, 60 * DTT_S);
    while (dtt_dht_next_event(net.nodes[4].dht, &e)) {
        if (e.type == DTT_DHT_EV_EXTERNAL_ADDR) {
            assert_true(dtt_addr_eq(&e.u.external.addr, &net.nodes[4].addr));
            assert_true(e.u.external.votes >= 2);
            told++;
        }
    }
    assert_int_equal(told, 1);
}

/* The asker is told before the node counts as live: a lookup that it answered knows it already. */
static void test_the_asker_is_told_first(void **state)
{
    uint8_t id[20] = {0x80}, buf[200];
    struct dtt_addr addr = dtt_addr_v4(127, 0, 0, 9, 9);
    struct dtt_dht_event e;
    struct dtt_krpc q;
    dtt_dht_op op;
    (void)state;
    net_init(&net, 3);
    net_add(&net, false);
    struct dtt_dht *d = net.nodes[0].dht;
    dtt_dht_add_bootstrap(d, net.now, &addr);
    assert_int_equal(dtt_dht_find(d, net.now, id, &op), 0);
    struct dtt_dht_packet p;
    assert_true(dtt_dht_next_packet(d, &p));
    assert_int_equal(dtt_krpc_decode(dtt_slice(p.data, p.len), &q), 0);
    struct dtt_krpc m = {.type = DTT_KRPC_REPLY, .t = q.t, .id = dtt_slice(id, sizeof(id))};
    int len = dtt_krpc_encode(&m, buf, sizeof(buf));
    assert_int_equal(dtt_dht_recv(d, net.now, NULL, &addr, dtt_slice(buf, (size_t)len)), 0);
    assert_int_equal(d->tables[0].live, 1);
    const struct dtt_walk *walk = dtt_walks_in_state(d, DTT_WALK_RUNNING);
    assert_non_null(walk);
    assert_non_null(dtt_lookup_find(&walk->side[0], &addr));
    assert_true(dtt_dht_next_event(d, &e));
    assert_int_equal(e.type, DTT_DHT_EV_READY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_two_nodes),
        TEST(test_alone),
        TEST(test_twenty_nodes_on_one_host_are_quick),
        TEST(test_everybody_starts_at_once),
        TEST(test_fifty_nodes),
        TEST(test_a_third_is_dead),
        TEST(test_siblings_of_twenty_publishers),
        TEST(test_immutable_and_find),
        TEST(test_announce_and_get_peers),
        TEST(test_ipv6),
        TEST(test_read_only_node),
        TEST(test_large_values_at_global_addresses),
        TEST(test_nobody_is_flooded),
        TEST(test_same_seed_same_run),
        TEST(test_idle_network_is_quiet),
        TEST(test_weeks),
        TEST(test_memory_of_a_full_node),
        TEST(test_ready_once),
        TEST(test_external_address),
        TEST(test_the_asker_is_told_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
