/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Whole swarms in virtual time: the scenarios of iroh-gossip's simulator. They must cost no more
 * than its rules do by a model of them (means of 64 seeds; docs/design/gossip.md), but for what the
 * few seeds here may be off.
 */
#include "net.h"

#include <stdlib.h>

static const uint64_t seeds[] = {0, 1, 212312388123, 123};
#define SEEDS (sizeof(seeds) / sizeof(seeds[0]))
/* The scenarios run with so many seeds, whose mean may be off by so much. */
#define FEW_SEEDS 12
#define FEW 1.04

/* How many the scenarios run with: the first argument, if any. */
static size_t n_seeds = FEW_SEEDS;

enum scenario { SINGLE, MULTI, ALL };

struct limits {
    double rmr, ldh, duration_ms;
};

struct result {
    double rmr, ldh, duration_ms, missed;
};

/* Node 0 alone, then all others join it at the same instant. */
static void bootstrap(struct net *net)
{
    for (size_t i = 1; i < net->n; i++) {
        net_join(net, 0, i, 0);
    }
    net_run(net, DTT_S);
}

static struct result round_of(struct net *net, const size_t *senders, size_t n, uint32_t *number)
{
    size_t expected = n * (net->n - 1);
    uint64_t start_ns = net->now_ns;
    net->stats = (struct net_stats){0};
    for (size_t i = 0; i < n; i++) {
        net_say(net, 0, senders[i], (*number)++);
    }
    net_run_until(net, expected, 5 * DTT_S);
    double missed = (double)(expected - net->stats.received);
    return (struct result){.rmr = (double)net->stats.payloads / ((double)expected - missed - 1) - 1,
                           .ldh = net->stats.last_hop,
                           .duration_ms = (double)(net->now_ns - start_ns) / DTT_MS,
                           .missed = missed};
}

static void run_scenario(const char *name, enum scenario kind, size_t nodes, int rounds,
                         uint32_t lo_ms, uint32_t hi_ms, struct limits limits)
{
    struct result mean = {0};
    struct net *net = malloc(sizeof(*net));
    size_t isolated = 0;
    assert_non_null(net);
    assert_true(n_seeds > 0);
    for (size_t s = 0; s < n_seeds; s++) {
        net_open(net, nodes, s < SEEDS ? seeds[s] : s, lo_ms, hi_ms);
        bootstrap(net);
        for (size_t i = 0; i < nodes; i++) {
            isolated += net_degree(net, 0, i) == 0;
            assert_true(net_degree(net, 0, i) <= 5);
        }
        assert_int_equal(net_reach(net, 0, 0), nodes);
        size_t senders[NET_NODES_MAX] = {(size_t)dtt_rng_below(&net->rng, nodes)};
        uint32_t number = 0;
        for (int r = 0; r < rounds; r++) {
            if (kind == MULTI) {
                senders[0] = (size_t)dtt_rng_below(&net->rng, nodes);
            }
            for (size_t i = 0; kind == ALL && i < nodes; i++) {
                senders[i] = i;
            }
            struct result one = round_of(net, senders, kind == ALL ? nodes : 1, &number);
            double weight = 1.0 / (double)(n_seeds * (size_t)rounds);
            mean.rmr += one.rmr * weight;
            mean.ldh += one.ldh * weight;
            mean.duration_ms += one.duration_ms * weight;
            mean.missed += one.missed;
        }
        net_run(net, 5 * DTT_S);
        assert_int_equal(net->repeated, 0);
        net_close(net);
    }
    free(net);
    print_message("%s: RMR %.3f, LDH %.2f, %.0f ms, missed %.0f, isolated %zu\n", name, mean.rmr,
                  mean.ldh, mean.duration_ms, mean.missed, isolated);
    assert_int_equal(isolated, 0);
    assert_true(mean.missed == 0);
    assert_true(mean.rmr <= limits.rmr * FEW);
    assert_true(mean.ldh <= limits.ldh * FEW);
    assert_true(mean.duration_ms <= limits.duration_ms * FEW);
}

static void single_sender(void **state)
{
    (void)state;
    run_scenario("single, 20 nodes", SINGLE, 20, 30, 10, 50, (struct limits){0.149, 2.78, 93});
    run_scenario("single, 100 nodes", SINGLE, 100, 30, 10, 50, (struct limits){0.088, 5.64, 166});
    run_scenario("single, 100 nodes, slow", SINGLE, 100, 30, 10, 100,
                 (struct limits){0.093, 6.48, 278});
}

static void many_senders(void **state)
{
    (void)state;
    run_scenario("multi, 20 nodes", MULTI, 20, 30, 10, 50, (struct limits){0.465, 5.14, 173});
    run_scenario("multi, 100 nodes", MULTI, 100, 30, 10, 50, (struct limits){0.481, 10.21, 313});
    run_scenario("multi, 100 nodes, slow", MULTI, 100, 30, 10, 100,
                 (struct limits){0.706, 10.45, 499});
}

static void all_send(void **state)
{
    (void)state;
    run_scenario("all, 20 nodes", ALL, 20, 30, 10, 50, (struct limits){1.25, 5.48, 449});
    run_scenario("all, 100 nodes", ALL, 100, 5, 10, 50, (struct limits){1.057, 10.12, 718});
    run_scenario("all, 100 nodes, slow", ALL, 100, 5, 10, 100, (struct limits){1.135, 11.53, 1044});
}

static struct net *open_swarm(size_t nodes, uint64_t seed)
{
    struct net *net = malloc(sizeof(*net));
    assert_non_null(net);
    net_open(net, nodes, seed, 10, 50);
    return net;
}

static void close_swarm(struct net *net)
{
    assert_int_equal(net->repeated, 0);
    for (size_t i = 0; i < net->n; i++) {
        assert_int_equal(net->nodes[i].ctx.counters[DTT_COUNTER_GOSSIP_ACTIONS_DROPPED], 0);
    }
    net_close(net);
    free(net);
}

static void half_the_nodes_die(void **state)
{
    (void)state;
    for (size_t s = 0; s < SEEDS; s++) {
        struct net *net = open_swarm(100, seeds[s]);
        bootstrap(net);
        for (size_t left = 100; left > 50;) {
            size_t victim = (size_t)dtt_rng_below(&net->rng, 100);
            if (net->nodes[victim].is_up) {
                net_kill(net, victim);
                left--;
            }
        }
        net_run(net, 10 * DTT_S);
        size_t degree[6] = {0};
        for (size_t i = 0; i < 100; i++) {
            if (net->nodes[i].is_up) {
                degree[net_degree(net, 0, i)]++;
                assert_int_equal(net_reach(net, 0, i), 50);
                net_say(net, 0, i, (uint32_t)i);
            }
        }
        print_message("half of 100 nodes lost: neighbours 1..5: %zu %zu %zu %zu %zu\n", degree[1],
                      degree[2], degree[3], degree[4], degree[5]);
        net_run_until(net, 50 * 49, 5 * DTT_S);
        assert_int_equal(net->stats.received, 50 * 49);
        close_swarm(net);
    }
}

/* Nodes [first, first + n) join the first of them. */
static void bubble(struct net *net, size_t first, size_t n)
{
    for (size_t i = first + 1; i < first + n; i++) {
        net_join(net, 0, i, first);
    }
}

static void bubbles_merge(void **state)
{
    (void)state;
    for (size_t s = 0; s < SEEDS; s++) {
        struct net *net = open_swarm(40, seeds[s]);
        bubble(net, 0, 20);
        bubble(net, 20, 20);
        net_run(net, 5 * DTT_S);
        assert_int_equal(net_reach(net, 0, 3), 20);
        net_say(net, 0, 1, 1);
        net_say(net, 0, 21, 2);
        net_run(net, 5 * DTT_S);
        assert_int_equal(net->stats.received, 2 * 19);
        net_join(net, 0, 7, 33);
        net_run(net, 5 * DTT_S);
        assert_int_equal(net_reach(net, 0, 3), 40);
        /* Each side has heard what the other said before they met. */
        for (size_t i = 0; i < 40; i++) {
            assert_true(i == 1 || net_has(net, i, 1));
            assert_true(i == 21 || net_has(net, i, 2));
        }
        net_say(net, 0, 2, 3);
        net_run(net, 2 * DTT_S);
        assert_int_equal(net->stats.received, 3 * 39);
        close_swarm(net);
    }
}

static void partition_heals(void **state)
{
    (void)state;
    struct net *net = open_swarm(30, 5);
    bootstrap(net);
    for (size_t i = 0; i < 15; i++) {
        net_set_island(net, i, 1);
    }
    net_run(net, 5 * DTT_S);
    for (uint32_t m = 0; m < 200; m++) {
        net_say(net, 0, m % 30, m);
        net_run(net, 50 * DTT_MS);
    }
    assert_int_equal(net_reach(net, 0, 0), 15);
    for (size_t i = 0; i < 15; i++) {
        net_set_island(net, i, 0);
    }
    net_join(net, 0, 2, 20);
    net_run(net, 10 * DTT_S);
    assert_int_equal(net_reach(net, 0, 0), 30);
    assert_int_equal(net->stats.received, 200 * 29);
    print_message("partition heals: RMR %.2f\n", (double)net->stats.payloads / (200 * 29) - 1);
    assert_true(net->stats.payloads < 2 * 200 * 29);
    close_swarm(net);
}

static void late_joiner_catches_up(void **state)
{
    (void)state;
    struct net *net = open_swarm(10, 9);
    bootstrap(net);
    for (uint32_t m = 0; m < 80; m++) {
        net_say(net, 0, m % 10, m);
        net_run(net, 500 * DTT_MS);
    }
    net_add_node(net, 10, 50);
    net_join(net, 0, 10, 0);
    net_run(net, 3 * DTT_S);
    /* Message m was said (80 - m) / 2 seconds before. */
    for (uint32_t m = 0; m < 80; m++) {
        if (m < 19) {
            assert_false(net_has(net, 10, m));
        } else if (m > 21) {
            assert_true(net_has(net, 10, m));
        }
    }
    close_swarm(net);
}

/* Twenty nodes come at once to a small swarm that has said much. */
static void many_catch_up_at_once(void **state)
{
    (void)state;
    struct net *net = open_swarm(25, 3);
    bubble(net, 0, 5);
    net_run(net, DTT_S);
    for (uint32_t m = 0; m < 500; m++) {
        net_say(net, 0, m % 5, m);
        net_run(net, 10 * DTT_MS);
    }
    net_run(net, 2 * DTT_S);
    assert_int_equal(net->stats.received, 500 * 4);
    net->stats = (struct net_stats){0};
    for (size_t i = 5; i < 25; i++) {
        net_join(net, 0, i, i % 5);
    }
    net_run_until(net, 20 * 500, 10 * DTT_S);
    assert_int_equal(net->stats.received, 20 * 500);
    print_message("20 catch up with 500: RMR %.2f, %zu control messages, %.1f s\n",
                  (double)net->stats.payloads / (20 * 500) - 1, net->stats.control,
                  (double)net->now_ns / DTT_S - 9);
    assert_true(net->stats.payloads < 2 * 20 * 500);
    net_run(net, 100 * DTT_S);
    close_swarm(net);
}

/* New nodes come all the time: a message ends after 30 s, and nobody hears it twice. */
static void catching_up_ends(void **state)
{
    (void)state;
    struct net *net = open_swarm(5, 11);
    bootstrap(net);
    net_say(net, 0, 1, 0);
    for (size_t i = 5; i < 105; i++) {
        net_run(net, 2 * DTT_S);
        net_add_node(net, 10, 50);
        net_join(net, 0, i, i - 1);
    }
    net_run(net, 5 * DTT_S);
    for (size_t i = 5; i < 105; i++) {
        uint64_t joined_s = 2 * (i - 4);
        if (joined_s < 29) {
            assert_true(net_has(net, i, 0));
        } else if (joined_s > 31) {
            assert_false(net_has(net, i, 0));
        }
    }
    close_swarm(net);
}

static const struct dtt_gossip_window two_minutes = {
    .ns = 120 * DTT_S, .messages = 256, .bytes = 256 * 1024};

/* `n` messages in 100 s; then a member comes. Of the last `n_all` it must have all. */
static void come_back(uint32_t n, uint32_t n_all)
{
    struct net *net = open_swarm(1, 9);
    size_t had = 0;
    net->window = two_minutes;
    net_quit(net, 0, 0);
    net_subscribe(net, 0, 0);
    while (net->n < 9) {
        net_add_node(net, 10, 50);
    }
    bootstrap(net);
    for (uint32_t m = 0; m < n; m++) {
        net_say(net, 0, m % 9, m);
        net_run(net, 100 * DTT_S / n);
    }
    net_add_node(net, 10, 50);
    net_join(net, 0, 9, 0);
    net_run(net, 5 * DTT_S);
    for (uint32_t m = 0; m < n; m++) {
        assert_true(m < n - n_all || net_has(net, 9, m));
        had += net_has(net, 9, m);
    }
    print_message("%u said in 100 s: who comes back hears %zu\n", n, had);
    net_run(net, 200 * DTT_S);
    close_swarm(net);
}

static void two_minutes_are_caught_up(void **state)
{
    (void)state;
    come_back(250, 250);
    come_back(1000, 300 - 5); /* those of 30 s are more than 256 */
}

/*
 * Members come all the time, half of them as iroh-gossip, which knows ids for 90 s. They are told
 * of what is up to 30 s old, and the others of two minutes; nobody hears anything twice (net.c).
 */
static void two_minutes_among_others(void **state)
{
    (void)state;
    struct net *net = open_swarm(1, 11);
    for (size_t i = 1; i < 106; i++) {
        net_run(net, i < 6 ? 0 : 2 * DTT_S);
        net->window = i % 2 ? (struct dtt_gossip_window){0} : two_minutes;
        net_add_node(net, 10, 50);
        net_join(net, 0, i, i - 1);
        if (i > 1) {
            net_join(net, 0, i, i - 2);
        }
        if (i == 5) {
            net_run(net, DTT_S);
            net_say(net, 0, 1, 0);
        }
    }
    net_run(net, 5 * DTT_S);
    for (size_t i = 6; i < 106; i++) {
        uint64_t joined_s = 2 * (i - 5);
        if (joined_s < 29 || (i % 2 == 0 && joined_s < 118)) {
            assert_true(net_has(net, i, 0));
        } else if (joined_s > 31 && (i % 2 || joined_s > 122)) {
            assert_false(net_has(net, i, 0));
        }
    }
    close_swarm(net);
}

static void topics_share_peers(void **state)
{
    (void)state;
    struct net *net = open_swarm(4, 2);
    bootstrap(net);
    for (size_t i = 0; i < 4; i++) {
        net_subscribe(net, 1, i);
    }
    for (size_t i = 1; i < 4; i++) {
        net_join(net, 1, i, 0);
    }
    net_run(net, DTT_S);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(net_degree(net, 0, i), 3);
        assert_int_equal(net_degree(net, 1, i), 3);
    }
    net_quit(net, 0, 2);
    net_run(net, 2 * DTT_S);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(net->nodes[i].disconnects, 0);
        assert_int_equal(net_degree(net, 0, i), i == 2 ? 0 : 2);
        assert_int_equal(net_degree(net, 1, i), 3);
    }
    net_say(net, 1, 2, 7);
    net_say(net, 0, 1, 8);
    net_run(net, 2 * DTT_S);
    assert_int_equal(net->stats.received, 3 + 2);
    net_quit(net, 1, 2);
    net_run(net, DTT_S);
    assert_int_equal(net->nodes[2].disconnects, 3);
    close_swarm(net);
}

/* A node restarts with its old id before its neighbours notice that it was gone. */
static void restart_goes_unnoticed(void **state)
{
    (void)state;
    struct net *net = open_swarm(2, 4);
    bootstrap(net);
    net_run(net, 10 * DTT_S);
    net_say(net, 0, 0, 1);
    net_run(net, DTT_S);
    struct dtt_gossip_config cfg = {.me = net->nodes[1].id};
    dtt_gossip_free(net->nodes[1].gossip);
    assert_int_equal(dtt_gossip_new(&net->nodes[1].gossip, &net->nodes[1].ctx, &cfg), DTT_OK);
    net->seen[1][1] = 0;
    net_subscribe(net, 0, 1);
    net_join(net, 0, 1, 0);
    net_run(net, DTT_S);
    assert_int_equal(net_degree(net, 0, 1), 1);
    assert_true(net_has(net, 1, 1));
    close_swarm(net);
}

/* Nodes die and others join for half an hour; nobody stays alone and each round is complete. */
static void churn(void **state)
{
    (void)state;
    struct net *net = open_swarm(20, 6);
    size_t oldest = 1;
    bootstrap(net);
    while (net->n < 70) {
        net_run(net, 30 * DTT_S);
        net_kill(net, oldest++);
        net_run(net, 6 * DTT_S);
        net_add_node(net, 10, 50);
        net_join(net, 0, net->n - 1, 0);
        net_run(net, 5 * DTT_S);
        net->stats = (struct net_stats){0};
        net_say(net, 0, net->n - 1, (uint32_t)net->n);
        net_run(net, 3 * DTT_S);
        assert_int_equal(net->stats.received, 19);
        assert_int_equal(net_reach(net, 0, 0), 20);
    }
    close_swarm(net);
}

static void same_seed_same_run(void **state)
{
    (void)state;
    struct net_stats stats[2];
    for (int i = 0; i < 2; i++) {
        struct net *net = open_swarm(30, 77);
        bootstrap(net);
        for (uint32_t m = 0; m < 20; m++) {
            net_say(net, 0, m, m);
            net_run(net, 100 * DTT_MS);
        }
        stats[i] = net->stats;
        close_swarm(net);
    }
    assert_memory_equal(&stats[0], &stats[1], sizeof(stats[0]));
}

int main(int argc, char **argv)
{
    n_seeds = argc > 1 ? strtoul(argv[1], NULL, 10) : FEW_SEEDS;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(single_sender),
        cmocka_unit_test(many_senders),
        cmocka_unit_test(all_send),
        cmocka_unit_test(half_the_nodes_die),
        cmocka_unit_test(bubbles_merge),
        cmocka_unit_test(partition_heals),
        cmocka_unit_test(late_joiner_catches_up),
        cmocka_unit_test(many_catch_up_at_once),
        cmocka_unit_test(catching_up_ends),
        cmocka_unit_test(two_minutes_are_caught_up),
        cmocka_unit_test(two_minutes_among_others),
        cmocka_unit_test(topics_share_peers),
        cmocka_unit_test(restart_goes_unnoticed),
        cmocka_unit_test(churn),
        cmocka_unit_test(same_seed_same_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
