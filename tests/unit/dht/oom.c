/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The n-th allocation fails, for every n: nothing leaks, nothing breaks, operations still end. */
#include "net.h"

#include "dht/inside.h"
#include "support/vectors.h"

#include "support/oom.h"

#include <stdlib.h>

static struct net net;

/* One life: bootstrap, each operation, more contacts. Only node 1 suffers. */
static void live_on(struct dtt_dht *d, const struct net_item *item)
{
    struct dtt_dht_packet p;
    struct dtt_dht_event e;
    dtt_dht_op op;
    size_t ends = 0, started = 0;
    long left;
    dtt_dht_add_bootstrap(d, net.now, &net.nodes[0].addr);
    started += dtt_dht_put(d, net.now, &item->put, &op) == DTT_OK;
    started += dtt_dht_get(d, net.now, &item->get, &op) == DTT_OK;
    started += dtt_dht_ping(d, net.now, &net.nodes[2].addr, &op) == DTT_OK;
    started += dtt_dht_find(d, net.now, item->target, &op) == DTT_OK;
    started += dtt_dht_get_peers(d, net.now, item->target, &op) == DTT_OK;
    started += dtt_dht_announce(d, net.now, item->target, 7000, &op) == DTT_OK;
    for (unsigned step = 0; step < 4000 && ends < started; step++) {
        while (dtt_dht_next_packet(d, &p)) {
            left = oom_left;
            oom_left = 0;
            net_send(&net, &net.nodes[1].addr, &p.to, dtt_slice(p.data, p.len));
            oom_left = left;
        }
        while (dtt_dht_next_event(d, &e)) {
            ends += e.type == DTT_DHT_EV_DONE || e.type == DTT_DHT_EV_PUT_DONE;
        }
        uint64_t at = net.queued ? net.queue[0].at : DTT_NEVER;
        bool is_ours = net.queued && dtt_addr_eq(&net.queue[0].to, &net.nodes[1].addr);
        if (dtt_dht_deadline(d) < at) {
            net.now.mono_ns =
                dtt_dht_deadline(d) > net.now.mono_ns ? dtt_dht_deadline(d) : net.now.mono_ns;
            dtt_dht_tick(d, net.now);
        } else if (is_ours) {
            net.now.mono_ns = at > net.now.mono_ns ? at : net.now.mono_ns;
            struct net_packet packet = net.queue[0];
            packet.data = NULL;
            left = oom_left;
            oom_left = 0;
            uint8_t *data = malloc(net.queue[0].len);
            assert_non_null(data);
            memcpy(data, net.queue[0].data, net.queue[0].len);
            net.nodes[1].dht = NULL; /* net_step only takes it off the wire */
            net_step(&net, at);
            oom_left = left;
            dtt_dht_recv(d, net.now, NULL, &packet.from, dtt_slice(data, packet.len));
            left = oom_left;
            oom_left = 0;
            free(data);
            oom_left = left;
        } else {
            left = oom_left;
            oom_left = 0;
            net_step(&net, DTT_NEVER - 1);
            oom_left = left;
        }
    }
    assert_int_equal(ends, started);
}

static void test_every_allocation(void **state)
{
    struct net_item item;
    (void)state;
    for (long n = 1;; n++) {
        struct dtt_dht_config cfg = {.has_v4 = true, .has_v6 = true};
        struct dtt_dht *d;
        net_init(&net, 1);
        net_add(&net, false);
        struct dtt_addr a = dtt_addr_v4(127, 0, 0, 1, 9999);
        net_add_script(&net, &a, NULL);
        for (unsigned i = 0; i < 10; i++) {
            net_bootstrap(&net, net_add(&net, false), 0);
        }
        net_run(&net, 5 * DTT_S);
        net_item(&item, 1, 1, "hello");
        oom_arm(n);
        if (dtt_dht_new(&d, &net.nodes[1].ctx, &cfg, net.now) == DTT_OK) {
            live_on(d, &item);
            dtt_dht_free(d);
        }
        bool happened = oom_disarm();
        net_fini(&net);
        if (!happened) {
            assert_true(n > 20);
            break;
        }
    }
}

/* A query of a known kind, as often as asked; what goes out is thrown away. */
static void serve(struct dtt_dht *d, struct dtt_krpc *q, const struct dtt_addr *from, size_t times)
{
    uint8_t buf[1400], id[20] = {9};
    struct dtt_dht_packet p;
    q->type = DTT_KRPC_QUERY;
    q->t = dtt_slice("abcd", 4);
    q->id = dtt_slice(id, 20);
    int len = dtt_krpc_encode(q, buf, sizeof(buf));
    assert_true(len > 0);
    for (size_t i = 0; i < times; i++) {
        assert_int_equal(dtt_dht_recv(d, net.now, NULL, from, dtt_slice(buf, (size_t)len)), 0);
        assert_true(dtt_dht_next_packet(d, &p));
        while (dtt_dht_next_packet(d, &p)) {
        }
    }
}

static void test_serving_allocates_nothing(void **state)
{
    struct net_item item;
    uint8_t token[8], absent[20] = {3};
    (void)state;
    net_init(&net, 1);
    net_grow(&net, 30);
    net_run(&net, 30 * DTT_S);
    net_item(&item, 1, 1, "hello");
    item.put.copies = 32;
    net_put(&net, 5, &item);
    struct dtt_dht *d = net.nodes[0].dht;
    const struct dtt_addr *from = &net.nodes[7].addr;
    dtt_token_make(token, d->secret, net.now, from, item.target);
    struct dtt_krpc queries[] = {
        {.method = DTT_KRPC_M_PING},
        {.method = DTT_KRPC_M_FIND_NODE, .target = dtt_slice(absent, 20)},
        {.method = DTT_KRPC_M_GET_PEERS, .info_hash = dtt_slice(absent, 20)},
        {.method = DTT_KRPC_M_GET, .target = dtt_slice(absent, 20)},
        {.method = DTT_KRPC_M_GET, .target = dtt_slice(item.target, 20)},
        {.method = DTT_KRPC_M_PUT,
         .target = dtt_slice(item.target, 20),
         .token = dtt_slice(token, 8),
         .k = dtt_slice(item.put.key, 32),
         .sig = dtt_slice(item.put.sig, 64),
         .salt = dtt_slice("slot", 4),
         .seq = dtt_krpc_int(1),
         .v = item.put.v},
    };
    for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
        serve(d, &queries[i], from, 4);
        oom_arm(1000000);
        serve(d, &queries[i], from, 100);
        assert_int_equal(oom_left, 1000000);
        oom_left = 0;
    }
    assert_int_equal(d->ctx->counters[DTT_COUNTER_DHT_SERVE_ERRORS], 0);
    net_fini(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_allocation),
                                       cmocka_unit_test(test_serving_allocates_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
