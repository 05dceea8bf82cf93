/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What lost datagrams cost, and how many queries a get sends: many networks in virtual time. */
#include "fixture.h"

#include <stdlib.h>

#define NETWORKS 8
#define NODES 50
#define ROUNDS 40
#define GETS (NETWORKS * ROUNDS)

struct figures {
    uint64_t get_ns[GETS], put_ns[GETS];
    size_t n, found, queries, crowds;
};

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static const struct dtt_lookup *lookup_of(size_t node, const struct net_item *item)
{
    for (size_t i = 0; i < DTT_WALKS_MAX; i++) {
        const struct dtt_walk *w = net.nodes[node].dht->walks[i];
        if (w && w->side[0].budget < DTT_LOOKUP_QUERIES &&
            memcmp(w->goal.target, item->target, 20) == 0) {
            return &w->side[0];
        }
    }
    fail_msg("the walk is not there");
    return NULL;
}

/* No get sends more than twice as many queries as it asks for nodes, the dead not counted. */
static void count_queries(struct figures *f, const struct dtt_lookup *l)
{
    assert_true(l->queries <= (size_t)2 * DTT_RTABLE_K + l->dead_queries);
    f->queries += l->queries;
    f->crowds += l->crowd_distance > 0;
}

static void put_and_get(struct figures *f, unsigned k)
{
    struct net_item item;
    struct net_result r;
    net_item(&item, (uint8_t)(k + 1), 1, "some value");
    size_t reader = (size_t)dtt_rng_below(&net.rng, NODES);
    uint64_t start = net.now.mono_ns;
    net_put(&net, (size_t)dtt_rng_below(&net.rng, NODES), &item);
    f->put_ns[f->n] = net.now.mono_ns - start;
    start = net.now.mono_ns;
    net_get(&net, reader, &item, &r);
    f->get_ns[f->n++] = net.now.mono_ns - start;
    f->found += net_result_has(&r, &item);
    count_queries(f, lookup_of(reader, &item));
    net_result_free(&r);
    net_run(&net, DTT_S);
}

/* Round trips as on the Internet: 26 to 240 ms, 80 at the median. */
static struct figures measure(unsigned loss_permille)
{
    struct figures f = {0};
    for (unsigned seed = 1; seed <= NETWORKS; seed++) {
        net_init(&net, seed);
        net.delay_min_ns = 13300 * DTT_US;
        net.delay_max_ns = 120 * DTT_MS;
        net_grow(&net, NODES);
        net_run(&net, 60 * DTT_S);
        net.loss_permille = loss_permille;
        for (unsigned k = 0; k < ROUNDS; k++) {
            put_and_get(&f, k);
        }
        net_fini(&net);
    }
    qsort(f.get_ns, f.n, sizeof(f.get_ns[0]), by_value);
    qsort(f.put_ns, f.n, sizeof(f.put_ns[0]), by_value);
    return f;
}

/* A retransmission each, not a timeout of seconds. */
static void test_gets_and_puts(void **state)
{
    static const unsigned permille[] = {0, 20, 100};
    uint64_t get_p90[3], put_p90[3];
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct figures f = measure(permille[i]);
        get_p90[i] = f.get_ns[GETS * 9 / 10];
        put_p90[i] = f.put_ns[GETS * 9 / 10];
        print_message("%u of 1000 lost: p90 of gets %u ms, of puts %u ms; %.1f queries a get\n",
                      permille[i], (unsigned)(get_p90[i] / DTT_MS), (unsigned)(put_p90[i] / DTT_MS),
                      (double)f.queries / GETS);
        assert_int_equal(f.found, GETS);
        assert_true(f.queries < (size_t)12 * GETS);
        assert_true(f.crowds * 50 <= GETS);
    }
    assert_true(get_p90[1] * 2 <= get_p90[0] * 3 && get_p90[2] <= get_p90[0] * 3);
    assert_true(put_p90[1] * 2 <= put_p90[0] * 3 && put_p90[2] <= put_p90[0] * 3);
    net_init(&net, 1); /* for the teardown */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_gets_and_puts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
