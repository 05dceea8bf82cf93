/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The n-th allocation fails, for every n: nothing leaks, nothing breaks, operations still end. */
#include "net.h"

#include "dht/node.h"
#include "support/vectors.h"

#include "support/oom.h"

#include <stdlib.h>

static struct net net;

/* One life: bootstrap, put, get, find, ping, more contacts. Only node 1 suffers. */
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
            dtt_dht_recv(d, net.now, &packet.from, dtt_slice(data, packet.len));
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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_allocation)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
