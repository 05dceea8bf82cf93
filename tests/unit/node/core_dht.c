/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The application's own operations, from the call to the event that ends it. */
#include "node/core_dht.h"

#include "crypto/ed25519.h"
#include "node/inside.h"
#include "node/once.h"
#include "sim/world.h"
#include "support/vectors.h"

#define DHT_NODES 20

static const struct dtt_sim_links links = {
    .is_uniform = true, .min_us = 10000, .max_us = 10000, .mtu = 1500};

struct fixture {
    struct dtt_sim_world w;
    struct dtt_sim_host *us;
    bool is_over;
    unsigned values, nodes, peers;
    char data[16];
    struct dtt_addr peer;
    struct dtt_event last; /* the one that ended an operation, without what it points to */
};

static void on_event(void *user, struct dtt_sim_host *host, const struct dtt_event *ev)
{
    struct fixture *f = user;
    if (host != f->us) {
        return;
    }
    switch (ev->type) {
    case DTT_EVENT_DHT_VALUE:
        f->values++;
        assert_in_range(ev->u.dht_value.data_len, 0, sizeof(f->data) - 1);
        memcpy(f->data, ev->u.dht_value.data, ev->u.dht_value.data_len);
        f->data[ev->u.dht_value.data_len] = '\0';
        break;
    case DTT_EVENT_DHT_NODE: f->nodes++; break;
    case DTT_EVENT_DHT_PEER:
        f->peers++;
        f->peer = ev->u.dht_peer.addr;
        break;
    case DTT_EVENT_DHT_DONE:
    case DTT_EVENT_DHT_PUT:
    case DTT_EVENT_DHT_ANNOUNCE:
        f->is_over = true;
        f->last = *ev;
        break;
    default: break;
    }
}

static bool is_over(void *user)
{
    const struct fixture *f = user;
    return f->is_over;
}

static void setup(struct fixture *f)
{
    memset(f, 0, sizeof(*f));
    assert_int_equal(dtt_sim_world_init(&f->w, 1), DTT_OK);
    f->w.links = links;
    f->w.hooks.event = on_event;
    f->w.hooks.user = f;
    for (size_t i = 0; i < DHT_NODES + 1; i++) {
        f->us = dtt_sim_host_add(&f->w, DTT_SIM_NAT_NONE);
        assert_non_null(f->us);
        assert_int_equal(dtt_sim_host_start(f->us, true, false), DTT_OK);
        f->w.n_routers[0] = 1; /* the first one, whom all others know */
    }
    dtt_sim_world_run(&f->w, 2 * DTT_S, NULL, NULL);
}

/* The operation that a call has started comes to its end. */
static const struct dtt_event *end(struct fixture *f, int err, int type)
{
    assert_int_equal(err, DTT_OK);
    f->is_over = false;
    f->values = f->nodes = f->peers = 0;
    dtt_sim_host_settle(f->us);
    assert_true(dtt_sim_world_run(&f->w, f->w.t_ns + 20 * DTT_S, is_over, f));
    assert_int_equal(f->last.type, type);
    assert_int_equal(f->us->core->waits.n_app, 0);
    return &f->last;
}

static void an_item_is_put_and_got(void **state)
{
    static const uint8_t seed[32] = {1};
    struct fixture f;
    struct dtt_id key;
    uint32_t op;
    (void)state;
    setup(&f);
    struct dtt_core *c = f.us->core;
    dtt_ed25519_public_key(key.bytes, seed);
    struct dtt_dht_put put = {.size = sizeof(put),
                              .value = "hello",
                              .value_len = 5,
                              .seed = seed,
                              .salt = "s",
                              .salt_len = 1,
                              .seq = 7};
    int err = dtt_core_dht_put(c, dtt_sim_host_now(f.us), &put, &op);
    const struct dtt_event *ev = end(&f, err, DTT_EVENT_DHT_PUT);
    assert_int_equal(ev->u.dht_put.op, op);
    assert_int_equal(ev->u.dht_put.status, DTT_OK);
    assert_int_equal(ev->u.dht_put.seq, 7);
    assert_int_equal(ev->u.dht_put.acked, 8);
    assert_memory_equal(ev->u.dht_put.key, key.bytes, sizeof(key.bytes));
    struct dtt_dht_get get = {.size = sizeof(get), .key = key.bytes, .salt = "s", .salt_len = 1};
    err = dtt_core_dht_get(c, dtt_sim_host_now(f.us), &get, &op);
    ev = end(&f, err, DTT_EVENT_DHT_DONE);
    assert_int_equal(ev->u.dht_done.op, op);
    assert_int_equal(ev->u.dht_done.values, 1);
    assert_int_equal(f.values, 1);
    assert_string_equal(f.data, "hello");
    /* An immutable one is found by the target that the end of the put tells. */
    put = (struct dtt_dht_put){.size = sizeof(put), .value = "bye", .value_len = 3};
    err = dtt_core_dht_put(c, dtt_sim_host_now(f.us), &put, &op);
    uint8_t target[20];
    memcpy(target, end(&f, err, DTT_EVENT_DHT_PUT)->u.dht_put.target, sizeof(target));
    get = (struct dtt_dht_get){.size = sizeof(get), .target = target};
    err = dtt_core_dht_get(c, dtt_sim_host_now(f.us), &get, &op);
    end(&f, err, DTT_EVENT_DHT_DONE);
    assert_string_equal(f.data, "bye");
    dtt_sim_world_fini(&f.w);
}

static void peers_are_announced_and_found(void **state)
{
    const uint8_t info_hash[20] = {5};
    struct fixture f;
    uint32_t op;
    (void)state;
    setup(&f);
    struct dtt_core *c = f.us->core;
    int err = dtt_core_dht_announce(c, dtt_sim_host_now(f.us), info_hash, 77, &op);
    const struct dtt_event *ev = end(&f, err, DTT_EVENT_DHT_ANNOUNCE);
    assert_int_equal(ev->u.dht_announce.status, DTT_OK);
    assert_int_equal(ev->u.dht_announce.port, 77);
    assert_int_equal(ev->u.dht_announce.acked, 8);
    assert_memory_equal(ev->u.dht_announce.info_hash, info_hash, sizeof(info_hash));
    err = dtt_core_dht_get_peers(c, dtt_sim_host_now(f.us), info_hash, &op);
    end(&f, err, DTT_EVENT_DHT_DONE);
    assert_int_equal(f.peers, 1);
    assert_int_equal(f.peer.port, 77);
    assert_memory_equal(f.peer.ip, f.us->addr.ip, 4);
    dtt_sim_world_fini(&f.w);
}

static void nodes_are_found_and_pinged(void **state)
{
    const uint8_t target[20] = {9};
    struct fixture f;
    uint32_t op;
    (void)state;
    setup(&f);
    struct dtt_core *c = f.us->core;
    int err = dtt_core_dht_find(c, dtt_sim_host_now(f.us), target, &op);
    assert_int_equal(end(&f, err, DTT_EVENT_DHT_DONE)->u.dht_done.status, DTT_OK);
    assert_int_equal(f.nodes, 8);
    err = dtt_core_dht_ping(c, dtt_sim_host_now(f.us), &f.w.hosts[3]->addr, &op);
    assert_int_equal(end(&f, err, DTT_EVENT_DHT_DONE)->u.dht_done.op, op);
    assert_int_equal(f.nodes, 1);
    dtt_sim_world_fini(&f.w);
}

/* DHT operations, lookups and publications share the room; what is cancelled makes room. */
static void there_is_room_for_so_many(void **state)
{
    const uint8_t target[20] = {9};
    struct dtt_topic_config cfg = {
        .size = sizeof(cfg), .name = "notes", .secret = "secret", .secret_len = 6};
    struct fixture f;
    uint32_t op, first = 0, unused = 0;
    unsigned n = 0;
    (void)state;
    setup(&f);
    struct dtt_core *c = f.us->core;
    struct dtt_now now = dtt_sim_host_now(f.us);
    assert_int_equal(dtt_once_lookup(c, now, &cfg, &op), DTT_OK);
    assert_int_equal(dtt_once_publish(c, now, &cfg, dtt_slice("x", 1), &op), DTT_OK);
    dtt_core_dht_cancel(c, now, op); /* not an operation of the DHT: goes on */
    assert_int_equal(c->waits.n_app, 2);
    while (dtt_core_dht_find(c, now, target, &op) == DTT_OK) {
        first = n++ == 0 ? op : first;
    }
    assert_int_equal(dtt_core_dht_find(c, now, target, &unused), DTT_EFULL);
    assert_int_equal(unused, 0);
    dtt_core_dht_cancel(c, now, first);
    dtt_core_dht_cancel(c, now, 0);
    dtt_sim_host_settle(f.us);
    assert_int_equal(c->waits.n_app, 2 + n - 1);
    assert_int_equal(f.last.u.dht_done.op, first);
    assert_int_equal(f.last.u.dht_done.status, DTT_ECLOSED);
    assert_int_equal(dtt_core_dht_find(c, now, target, &op), DTT_OK);
    dtt_sim_host_settle(f.us);
    dtt_sim_world_run(&f.w, f.w.t_ns + 20 * DTT_S, NULL, NULL);
    assert_int_equal(c->waits.n_app, 0);
    dtt_sim_world_fini(&f.w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_item_is_put_and_got),
        cmocka_unit_test(peers_are_announced_and_found),
        cmocka_unit_test(nodes_are_found_and_pinged),
        cmocka_unit_test(there_is_room_for_so_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
