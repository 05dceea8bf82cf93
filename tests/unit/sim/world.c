/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The network between hosts: seen through foreign DHT nodes, which answer a ping at once. */
#include "sim/world.h"

#include "dht/krpc.h"
#include "sim/foreign.h"
#include "support/vectors.h"

struct field {
    struct dtt_sim_world w;
    struct dtt_sim_host *node, *asker;
};

static void setup(struct field *f, const struct dtt_sim_links *links)
{
    assert_int_equal(dtt_sim_world_init(&f->w, 5), DTT_OK);
    if (links) {
        f->w.links = *links;
    }
    f->node = dtt_sim_host_add(&f->w, DTT_SIM_NAT_NONE);
    f->asker = dtt_sim_host_add(&f->w, DTT_SIM_NAT_NONE);
    assert_non_null(f->node);
    assert_non_null(f->asker);
    assert_int_equal(dtt_sim_foreign_new(f->node, DTT_SIM_ROUTER), DTT_OK);
}

static void ping(struct field *f, struct dtt_sim_host *from, size_t padding)
{
    static const uint8_t id[DTT_NODE_ID_BYTES] = {1}, zeros[2000];
    uint8_t buf[2400];
    struct dtt_addr to = dtt_sim_host_global(f->node);
    struct dtt_krpc q = {.type = DTT_KRPC_QUERY,
                         .method = DTT_KRPC_M_PING,
                         .t = dtt_slice("abcd", 4),
                         .id = dtt_slice(id, sizeof(id)),
                         .token = dtt_slice(padding ? zeros : NULL, padding)};
    int len = dtt_krpc_encode(&q, buf, sizeof(buf));
    assert_true(len > 0);
    dtt_sim_host_send(from, &to, dtt_slice(buf, (size_t)len));
}

static void run(struct field *f, uint64_t ns)
{
    dtt_sim_world_run(&f->w, f->w.t_ns + ns, NULL, NULL);
}

static const struct dtt_sim_links plain_links = {
    .is_uniform = true, .min_us = 20000, .max_us = 20000, .mtu = 1500};

static void delay_and_mtu(void **state)
{
    struct field f;
    (void)state;
    setup(&f, &plain_links);
    ping(&f, f.asker, 0);
    run(&f, 20 * DTT_MS - 1);
    assert_int_equal(f.node->dht_got, 0);
    run(&f, 1);
    assert_int_equal(f.node->dht_got, 1);
    assert_int_equal(f.node->dht_sent, 1);
    ping(&f, f.asker, 1600);
    run(&f, DTT_S);
    assert_int_equal(f.node->dht_got, 1);
    dtt_sim_world_fini(&f.w);
}

/* The delays between many hosts: within their bounds, stable, half of them below about 40 ms. */
static void delays_are_log_uniform(void **state)
{
    struct field f;
    (void)state;
    setup(&f, NULL);
    f.w.links.jitter_us = f.w.links.loss_ppm = f.w.links.late_ppm = 0;
    for (unsigned i = 0; i < 400; i++) {
        struct dtt_sim_host *h = dtt_sim_host_add(&f.w, DTT_SIM_NAT_NONE);
        assert_non_null(h);
        ping(&f, h, 0);
    }
    run(&f, 13 * DTT_MS - 1);
    assert_int_equal(f.node->dht_got, 0);
    run(&f, 28 * DTT_MS);
    assert_in_range(f.node->dht_got, 160, 240);
    run(&f, 79 * DTT_MS + 1);
    assert_int_equal(f.node->dht_got, 400);
    dtt_sim_world_fini(&f.w);
}

static void loses_its_share(void **state)
{
    struct dtt_sim_links links = plain_links;
    struct field f;
    (void)state;
    links.loss_ppm = 250000;
    setup(&f, &links);
    for (unsigned i = 0; i < 2000; i++) {
        ping(&f, f.asker, 0);
    }
    run(&f, DTT_S);
    assert_in_range(f.node->dht_got, 1400, 1600);
    dtt_sim_world_fini(&f.w);
}

static void late_ones_are_overtaken(void **state)
{
    struct dtt_sim_links links = plain_links;
    struct field f;
    (void)state;
    links.late_ppm = 500000;
    links.late_us = 100000;
    setup(&f, &links);
    for (unsigned i = 0; i < 1000; i++) {
        ping(&f, f.asker, 0);
    }
    run(&f, 20 * DTT_MS);
    assert_in_range(f.node->dht_got, 420, 580);
    run(&f, 100 * DTT_MS);
    assert_int_equal(f.node->dht_got, 1000);
    dtt_sim_world_fini(&f.w);
}

static void a_cut_separates_islands(void **state)
{
    struct field f;
    (void)state;
    setup(&f, &plain_links);
    f.asker->island = 1;
    ping(&f, f.asker, 0);
    run(&f, DTT_S);
    assert_int_equal(f.node->dht_got, 1);
    f.w.is_cut = true;
    ping(&f, f.asker, 0);
    run(&f, DTT_S);
    assert_int_equal(f.node->dht_got, 1);
    f.node->island = 1;
    ping(&f, f.asker, 0);
    run(&f, DTT_S);
    assert_int_equal(f.node->dht_got, 2);
    dtt_sim_world_fini(&f.w);
}

/* Answers come in through the NAT that let the question out, and to the address it showed. */
static void a_nat_lets_answers_in(void **state)
{
    struct field f;
    (void)state;
    setup(&f, &plain_links);
    for (int kind = DTT_SIM_NAT_FULL_CONE; kind < DTT_SIM_NAT_KINDS; kind++) {
        struct dtt_sim_host *h = dtt_sim_host_add(&f.w, (enum dtt_sim_nat_kind)kind);
        assert_non_null(h);
        assert_int_equal(dtt_addr_scope(&h->addr),
                         kind == DTT_SIM_NAT_FIREWALL ? DTT_SCOPE_GLOBAL : DTT_SCOPE_PRIVATE);
        assert_int_equal(dtt_sim_foreign_new(h, DTT_SIM_ROUTER), DTT_OK);
        ping(&f, h, 0);
        run(&f, DTT_S);
        assert_int_equal(h->dht_got, 1);
        /* Nobody gets in at the port behind it. */
        struct dtt_addr direct = dtt_sim_host_global(h);
        direct.port = DTT_SIM_PORT;
        dtt_sim_host_send(f.asker, &direct, dtt_slice("d1:", 3));
        run(&f, DTT_S);
        assert_int_equal(h->dht_got, 1);
    }
    dtt_sim_world_fini(&f.w);
}

static void a_sleeper_hears_nothing_and_wakes(void **state)
{
    struct field f;
    (void)state;
    setup(&f, &plain_links);
    dtt_sim_host_sleep(f.node, 10 * DTT_S);
    ping(&f, f.asker, 0);
    run(&f, 9 * DTT_S);
    assert_int_equal(f.node->dht_got, 0);
    run(&f, 2 * DTT_S);
    ping(&f, f.asker, 0);
    run(&f, DTT_S);
    assert_int_equal(f.node->dht_got, 1);
    dtt_sim_world_fini(&f.w);
}

static void who_moves_is_found_at_the_new_address_only(void **state)
{
    struct field f;
    (void)state;
    setup(&f, &plain_links);
    struct dtt_addr old = dtt_sim_host_global(f.node);
    dtt_sim_host_move(f.node);
    struct dtt_addr moved = dtt_sim_host_global(f.node);
    assert_false(dtt_addr_same_ip(&old, &moved));
    assert_int_equal(dtt_addr_scope(&moved), DTT_SCOPE_GLOBAL);
    dtt_sim_host_send(f.asker, &old, dtt_slice("d1:", 3));
    dtt_sim_host_send(f.asker, &moved, dtt_slice("d1:", 3));
    run(&f, DTT_S);
    assert_int_equal(f.node->dht_got, 1);
    dtt_sim_world_fini(&f.w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delay_and_mtu),
        cmocka_unit_test(delays_are_log_uniform),
        cmocka_unit_test(loses_its_share),
        cmocka_unit_test(late_ones_are_overtaken),
        cmocka_unit_test(a_cut_separates_islands),
        cmocka_unit_test(a_nat_lets_answers_in),
        cmocka_unit_test(a_sleeper_hears_nothing_and_wakes),
        cmocka_unit_test(who_moves_is_found_at_the_new_address_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
