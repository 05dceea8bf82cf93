/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The way out of a home and into another. */
#include "sim/home.h"

#include "dht/krpc.h"
#include "sim/hostile.h"
#include "sim/plain.h"
#include "support/vectors.h"

struct field {
    struct dtt_sim_world w;
    struct dtt_sim_host *pub, *last; /* who got something last */
    struct dtt_addr from;            /* and of whom */
    uint8_t data[1500];
    size_t len;
};

static struct field f;

static void on_recv(void *guest, uint16_t port, const struct dtt_addr *from, struct dtt_slice data)
{
    (void)port;
    f.last = guest;
    f.from = *from;
    f.len = data.len;
    memcpy(f.data, data.data, data.len);
}

static struct dtt_sim_host *listening(struct dtt_sim_host *h)
{
    assert_non_null(h);
    h->guest = h;
    h->guest_recv = on_recv;
    return h;
}

static void setup(void)
{
    memset(&f, 0, sizeof(f));
    assert_int_equal(dtt_sim_world_init(&f.w, 5), DTT_OK);
    f.w.links =
        (struct dtt_sim_links){.is_uniform = true, .min_us = 20000, .max_us = 20000, .mtu = 1500};
    f.pub = listening(dtt_sim_host_add(&f.w, DTT_SIM_NAT_NONE));
}

/* Who gets it; NULL: nobody does. */
static struct dtt_sim_host *send(struct dtt_sim_host *h, const struct dtt_addr *to)
{
    f.last = NULL;
    dtt_sim_host_send(h, to, dtt_slice("x", 1));
    dtt_sim_world_run(&f.w, f.w.t_ns + DTT_S, NULL, NULL);
    return f.last;
}

/* The host's address as the internet sees it. */
static struct dtt_addr shown(struct dtt_sim_host *h)
{
    struct dtt_addr to = dtt_sim_host_global(f.pub);
    assert_ptr_equal(send(h, &to), f.pub);
    return f.from;
}

static void two_nats_stand_before_a_home_of_a_carrier(void **state)
{
    (void)state;
    setup();
    struct dtt_sim_host *h = listening(dtt_sim_host_add(&f.w, DTT_SIM_NAT_CARRIER));
    struct dtt_sim_host *other = listening(dtt_sim_host_add_neighbor(&f.w, h));
    assert_non_null(h->nat->carrier);
    assert_ptr_equal(h->nat->carrier, other->nat->carrier);
    assert_ptr_not_equal(h->nat, other->nat);
    struct dtt_addr a = shown(h), b = shown(other);
    assert_true(dtt_addr_same_ip(&a, &b));
    assert_int_not_equal(a.port, b.port);
    assert_ptr_equal(send(f.pub, &a), h);
    assert_ptr_equal(send(f.pub, &b), other);
    struct dtt_sim_host *stranger = listening(dtt_sim_host_add(&f.w, DTT_SIM_NAT_NONE));
    assert_null(send(stranger, &a));
    /* Neighbours reach each other through the carrier only if it hairpins, and both have sent. */
    assert_null(send(h, &b));
    assert_null(send(other, &a));
    h->nat->carrier->rules.hairpins = true;
    assert_ptr_equal(send(h, &b), other); /* who had sent to it in vain */
    assert_true(dtt_addr_eq(&f.from, &a));
    dtt_sim_world_fini(&f.w);
}

static void hosts_of_a_home_reach_each_other_directly(void **state)
{
    (void)state;
    setup();
    struct dtt_sim_host *h = listening(dtt_sim_host_add(&f.w, DTT_SIM_NAT_RESTRICTED));
    struct dtt_sim_host *other = listening(dtt_sim_host_add_inside(&f.w, h));
    struct dtt_sim_host *far = listening(dtt_sim_host_add(&f.w, DTT_SIM_NAT_RESTRICTED));
    struct dtt_addr a = shown(h), b = shown(other);
    assert_true(dtt_addr_same_ip(&a, &b));
    assert_ptr_equal(send(f.pub, &b), other);
    assert_ptr_equal(send(h, &other->addr), other);
    assert_true(dtt_addr_eq(&f.from, &h->addr));
    assert_null(send(far, &other->addr));
    assert_null(send(h, &b));
    h->nat->rules.hairpins = true;
    assert_null(send(h, &b));
    assert_ptr_equal(send(other, &a), h);
    assert_true(dtt_addr_eq(&f.from, &b));
    /* All of them move. */
    dtt_sim_host_move(other);
    struct dtt_addr moved = shown(h);
    assert_false(dtt_addr_same_ip(&moved, &a));
    assert_memory_equal(h->ip, other->ip, 4);
    assert_null(send(f.pub, &a));
    assert_ptr_equal(send(f.pub, &moved), h);
    dtt_sim_world_fini(&f.w);
}

/* Once each, the sender too; and nobody else, however the datagram is addressed. */
static void multicast_reaches_all_of_a_home(void **state)
{
    struct dtt_sim_host *hosts[4];
    const struct dtt_addr group = dtt_sim_home_group();
    struct dtt_addr elsewhere = group;
    (void)state;
    setup();
    for (size_t i = 0; i < 3; i++) {
        hosts[i] = listening(i == 0 ? dtt_sim_host_add(&f.w, DTT_SIM_NAT_RESTRICTED)
                                    : dtt_sim_host_add_inside(&f.w, hosts[0]));
    }
    hosts[3] = listening(dtt_sim_host_add(&f.w, DTT_SIM_NAT_RESTRICTED));
    dtt_sim_host_send_from(hosts[1], group.port, &group, dtt_slice("hello", 5));
    dtt_sim_world_run(&f.w, DTT_S, NULL, NULL);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(hosts[i]->other_got, 1);
    }
    assert_int_equal(hosts[3]->other_got + f.pub->other_got, 0);
    assert_int_equal(hosts[1]->other_sent, 1);
    struct dtt_addr from = hosts[1]->addr;
    from.port = group.port;
    assert_true(dtt_addr_eq(&f.from, &from));
    const struct dtt_lan_link link = dtt_sim_home_link(hosts[0]);
    assert_true(dtt_lan_link_has(&link, &f.from));
    /* A host that is asleep hears nothing, the others do. */
    dtt_sim_host_sleep(hosts[2], 10 * DTT_S);
    assert_non_null(send(hosts[0], &group));
    assert_int_equal(hosts[1]->other_got, 2);
    assert_int_equal(hosts[2]->other_got, 1);
    /* On the internet there is no such group, nor is there one at other ports. */
    elsewhere.port = DTT_SIM_PORT;
    assert_null(send(f.pub, &group));
    assert_null(send(hosts[0], &elsewhere));
    /* All is lost on the way to each by chance. */
    f.w.links.loss_ppm = 1000000;
    assert_null(send(hosts[0], &group));
    dtt_sim_world_fini(&f.w);
}

/* Who was found in the local network last by each host. */
static struct dtt_id found[4];
static unsigned n_found[4];

static void on_event(void *user, struct dtt_sim_host *h, const struct dtt_event *ev)
{
    (void)user;
    if (ev->type == DTT_EVENT_LAN) {
        found[h->number] = ev->u.lan.peer;
        n_found[h->number]++;
    }
}

static void nodes_find_each_other_in_their_home_alone(void **state)
{
    struct dtt_sim_host *hosts[3];
    struct dtt_topic_config cfg = dtt_sim_topic();
    (void)state;
    setup();
    memset(n_found, 0, sizeof(n_found));
    f.w.transport = &dtt_sim_plain;
    f.w.hooks.event = on_event;
    for (size_t i = 0; i < 3; i++) {
        hosts[i] = i == 1 ? dtt_sim_host_add_inside(&f.w, hosts[0])
                          : dtt_sim_host_add(&f.w, DTT_SIM_NAT_RESTRICTED);
        assert_non_null(hosts[i]);
        hosts[i]->has_lan = true;
        assert_int_equal(dtt_sim_host_start(hosts[i], false, false), DTT_OK);
        assert_int_equal(dtt_sim_host_join(hosts[i], &cfg), DTT_OK);
    }
    dtt_sim_world_run(&f.w, 10 * DTT_S, NULL, NULL);
    assert_true(n_found[1] + n_found[2] > 0); /* who is found need not look */
    assert_int_equal(n_found[3], 0);
    for (unsigned i = 0; i < 2; i++) {
        struct dtt_id ids[3];
        assert_int_equal(dtt_core_topic_neighbors(hosts[i]->topic, ids, 3), 1);
        assert_memory_equal(&ids[0], &hosts[1 - i]->id, sizeof(ids[0]));
        assert_true(n_found[i + 1] == 0 ||
                    memcmp(&found[i + 1], &hosts[1 - i]->id, sizeof(found[0])) == 0);
    }
    assert_int_equal(dtt_core_topic_neighbors(hosts[2]->topic, NULL, 0), 0);
    dtt_sim_world_fini(&f.w);
}

static void a_firewall_keeps_the_address(void **state)
{
    (void)state;
    setup();
    struct dtt_sim_host *h = listening(dtt_sim_host_add(&f.w, DTT_SIM_NAT_FIREWALL));
    assert_null(dtt_sim_host_add_inside(&f.w, h));
    assert_null(send(f.pub, &h->addr));
    struct dtt_addr a = shown(h);
    assert_true(dtt_addr_eq(&a, &h->addr));
    assert_ptr_equal(send(f.pub, &a), h);
    dtt_sim_host_move(h);
    assert_memory_equal(h->addr.ip, h->ip, 4);
    assert_null(send(f.pub, &a));
    dtt_sim_world_fini(&f.w);
}

/* Each NAT takes a hop, the internet eight. */
static void hops_end(void **state)
{
    (void)state;
    setup();
    struct dtt_sim_host *h = dtt_sim_host_add(&f.w, DTT_SIM_NAT_CARRIER);
    assert_non_null(h);
    struct dtt_addr to = dtt_addr_v4(9, 9, 9, 9, 9);
    assert_int_equal(dtt_sim_home_out(h, 1, &to, 1).from.port, 0);
    struct dtt_sim_way way = dtt_sim_home_out(h, 1, &to, 5);
    assert_int_not_equal(way.from.port, 0);
    assert_int_equal(way.hops, 3);
    struct dtt_sim_nat *carrier = h->nat->carrier;
    assert_null(dtt_sim_home_in(&f.w, carrier, &to, way.from.port, 9));
    way = dtt_sim_home_out(h, DTT_SIM_PORT, &to, 5);
    assert_null(dtt_sim_home_in(&f.w, carrier, &to, way.from.port, 1));
    assert_ptr_equal(dtt_sim_home_in(&f.w, carrier, &to, way.from.port, 2), h);
    dtt_sim_world_fini(&f.w);
}

static void queries_of_homes_are_hidden(void **state)
{
    static const uint8_t id[DTT_NODE_ID_BYTES] = {1};
    uint8_t buf[600];
    struct dtt_krpc q = {.type = DTT_KRPC_QUERY,
                         .method = DTT_KRPC_M_PING,
                         .t = dtt_slice("abcd", 4),
                         .id = dtt_slice(id, sizeof(id))};
    (void)state;
    setup();
    struct dtt_sim_host *h = dtt_sim_host_add(&f.w, DTT_SIM_NAT_RESTRICTED);
    struct dtt_addr to = dtt_sim_host_global(f.pub);
    assert_non_null(h);
    for (int i = 0; i < 5; i++) {
        bool is_query = i < 4;
        f.w.hides_homes = i > 0;
        q.is_read_only = i == 2;
        q.type = is_query ? DTT_KRPC_QUERY : DTT_KRPC_REPLY;
        int len = dtt_krpc_encode(&q, buf, sizeof(buf));
        assert_true(len > 0);
        dtt_sim_host_send(i == 3 ? f.pub : h, &to, dtt_slice(buf, (size_t)len));
        dtt_sim_world_run(&f.w, f.w.t_ns + DTT_S, NULL, NULL);
        struct dtt_krpc got;
        assert_int_equal(dtt_krpc_decode(dtt_slice(f.data, f.len), &got), DTT_OK);
        assert_int_equal(got.is_read_only, i == 1 || i == 2);
        assert_int_equal(f.len, (size_t)len + (i == 1 ? DTT_SIM_HOME_MARK : 0));
    }
    /* Not a word about what is no KRPC. */
    static const char *const others[] = {"d1:q", "d1:q4:pinge", "x", "d1:t4:abcd1:y1:qe"};
    for (size_t i = 0; i < 4; i++) {
        struct dtt_slice data = dtt_slice(others[i], strlen(others[i]));
        assert_ptr_equal(dtt_sim_home_hide(buf, data).data, data.data);
    }
    dtt_sim_world_fini(&f.w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_nats_stand_before_a_home_of_a_carrier),
        cmocka_unit_test(hosts_of_a_home_reach_each_other_directly),
        cmocka_unit_test(multicast_reaches_all_of_a_home),
        cmocka_unit_test(nodes_find_each_other_in_their_home_alone),
        cmocka_unit_test(a_firewall_keeps_the_address),
        cmocka_unit_test(hops_end),
        cmocka_unit_test(queries_of_homes_are_hidden),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
