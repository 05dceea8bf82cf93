/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/lookup.h"

#include "support/vectors.h"

static const uint8_t target[20];
static struct dtt_lookup l;

static int setup(void **state)
{
    (void)state;
    dtt_lookup_init(&l, target, 8);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    dtt_lookup_fini(&l);
    return 0;
}

static struct dtt_addr addr(unsigned n)
{
    return dtt_addr_v4(10, 0, (uint8_t)(n >> 8), (uint8_t)n, 1);
}

/* A candidate at distance n. */
static bool add(unsigned n)
{
    uint8_t id[20] = {0};
    struct dtt_addr a = addr(n);
    dtt_put_be32(id + 16, n);
    return dtt_lookup_add(&l, id, &a, 0);
}

static unsigned distance(const struct dtt_lookup_node *c)
{
    return dtt_get_be32(c->id + 16);
}

static struct dtt_lookup_node *candidate(unsigned n)
{
    struct dtt_addr a = addr(n);
    return dtt_lookup_find(&l, &a);
}

static size_t ask_all(void)
{
    size_t n = 0;
    for (struct dtt_lookup_node *c; (c = dtt_lookup_next(&l)) != NULL; n++) {
        dtt_lookup_sent(&l, c);
    }
    return n;
}

static void test_empty_is_done(void **state)
{
    (void)state;
    assert_true(dtt_lookup_is_done(&l));
    assert_null(dtt_lookup_next(&l));
}

static void test_asks_the_closest_first(void **state)
{
    (void)state;
    for (unsigned n = 30; n > 0; n--) {
        assert_true(add(n));
        assert_false(add(n));
    }
    for (unsigned n = 1; n <= DTT_LOOKUP_ALPHA; n++) {
        struct dtt_lookup_node *c = dtt_lookup_next(&l);
        assert_int_equal(distance(c), n);
        dtt_lookup_sent(&l, c);
    }
    assert_null(dtt_lookup_next(&l));
    assert_int_equal(l.asked, DTT_LOOKUP_ALPHA);
}

/* When replies bring nobody closer, all of the closest are asked at once. */
static void test_endgame(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= 12; n++) {
        add(n);
    }
    assert_int_equal(ask_all(), DTT_LOOKUP_ALPHA);
    assert_true(dtt_lookup_answered(&l, candidate(1)));
    assert_int_equal(ask_all(), 8 - DTT_LOOKUP_ALPHA); /* 2..8 in flight */
    assert_false(dtt_lookup_is_done(&l));
    for (unsigned n = 2; n <= 8; n++) {
        assert_true(dtt_lookup_answered(&l, candidate(n)));
    }
    assert_true(dtt_lookup_is_done(&l));
    assert_null(dtt_lookup_next(&l)); /* 9..12 stay unasked */
    assert_int_equal(l.answered, 8);
    assert_false(dtt_lookup_answered(&l, candidate(1)));
}

/* As close as nodes of this network are: nobody can name closer ones. */
static void test_near_ones_are_asked_at_once(void **state)
{
    static const uint8_t self[20] = {0}, neighbour[20] = {1};
    (void)state;
    for (unsigned n = 1; n <= 12; n++) {
        add(n);
    }
    dtt_lookup_set_neighbourhood(&l, self, neighbour);
    assert_int_equal(ask_all(), 8);
}

/* Of the eight closest those known to be slow come last; nobody farther comes before them. */
static void test_quick_ones_first(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= 12; n++) {
        add(n);
        candidate(n)->rtt_us = n == 5 ? 0 : 100 - n;
    }
    for (unsigned i = 0; i < DTT_LOOKUP_ALPHA; i++) {
        static const unsigned order[] = {5, 8, 7, 6};
        struct dtt_lookup_node *c = dtt_lookup_next(&l);
        assert_int_equal(distance(c), order[i]);
        dtt_lookup_sent(&l, c);
    }
}

static void test_slow_opens_a_slot_then_one_retransmission(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= 6; n++) {
        add(n);
    }
    ask_all();
    assert_false(dtt_lookup_slow(&l, candidate(1)));
    struct dtt_lookup_node *c = dtt_lookup_next(&l);
    assert_int_equal(distance(c), 1); /* the closest again */
    dtt_lookup_sent(&l, c);
    assert_int_equal(l.asked, DTT_LOOKUP_ALPHA);
    assert_null(dtt_lookup_next(&l));
    assert_true(dtt_lookup_slow(&l, candidate(1))); /* dead now */
    assert_int_equal(distance(dtt_lookup_next(&l)), DTT_LOOKUP_ALPHA + 1);
    /* A late answer revives it. */
    assert_true(dtt_lookup_answered(&l, candidate(1)));
    assert_int_equal(candidate(1)->state, DTT_LOOKUP_NODE_ANSWERED);
}

static void test_the_dead_do_not_count(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= 20; n++) {
        add(n);
    }
    for (unsigned n = 1; n <= 20; n++) {
        struct dtt_lookup_node *c = dtt_lookup_next(&l);
        if (!c) {
            break;
        }
        dtt_lookup_sent(&l, c);
        if (distance(c) % 2) {
            dtt_lookup_dead(&l, c);
        } else {
            dtt_lookup_answered(&l, c);
        }
    }
    assert_true(dtt_lookup_is_done(&l));
    assert_int_equal(l.answered, 8);
    assert_int_equal(l.asked, 16);
    assert_int_equal(l.in_flight, 0);
}

static void test_candidates_are_bounded(void **state)
{
    (void)state;
    for (unsigned n = 1000; n > 0; n--) {
        add(n);
    }
    assert_int_equal(l.n, DTT_LOOKUP_NODES);
    assert_int_equal(distance(&l.nodes[0]), 1);
    assert_int_equal(distance(&l.nodes[l.n - 1]), DTT_LOOKUP_NODES);
    assert_false(add(2000)); /* farther than all */
}

static void test_queries_are_bounded(void **state)
{
    size_t sent = 0;
    (void)state;
    /* A liar always knows somebody closer. */
    for (unsigned n = 100000; n > 0; n--) {
        add(n);
        struct dtt_lookup_node *c = dtt_lookup_next(&l);
        if (!c) {
            break;
        }
        dtt_lookup_sent(&l, c);
        dtt_lookup_answered(&l, c);
        sent++;
    }
    assert_int_equal(sent, DTT_LOOKUP_QUERIES);
    assert_true(dtt_lookup_is_done(&l));
}

/* Nobody is asked beyond the bound, but for each one that is dead there is another one. */
static void test_a_bound_besides_the_dead(void **state)
{
    size_t sent = 0, dead = 0;
    (void)state;
    l.budget = 16;
    for (unsigned n = 1000; n > 0; n--) {
        add(n);
        struct dtt_lookup_node *c = dtt_lookup_next(&l);
        if (!c) {
            break;
        }
        dtt_lookup_sent(&l, c);
        if (++sent % 4 == 0) {
            dtt_lookup_dead(&l, c);
            dead++;
        } else {
            dtt_lookup_answered(&l, c);
        }
    }
    assert_int_equal(sent - dead, 16);
    assert_true(dtt_lookup_is_done(&l));
    /* Who has more to say is asked again all the same. */
    struct dtt_lookup_node *closest = &l.nodes[1]; /* l.nodes[0] was not asked any more */
    assert_int_equal(closest->state, DTT_LOOKUP_NODE_ANSWERED);
    dtt_lookup_ask_again(&l, closest);
    assert_ptr_equal(dtt_lookup_next(&l), closest);
}

static void test_one_network_cannot_fill_it(void **state)
{
    size_t taken = 0;
    (void)state;
    for (unsigned n = 1; n < 200; n++) {
        uint8_t id[20] = {0};
        struct dtt_addr a = dtt_addr_v4(50, 1, 1, (uint8_t)n, 1);
        dtt_put_be32(id + 16, n);
        taken += dtt_lookup_add(&l, id, &a, 0);
    }
    assert_int_equal(taken, DTT_LOOKUP_PER_NETWORK);
    dtt_lookup_dead(&l, &l.nodes[0]);
    uint8_t id[20] = {1};
    struct dtt_addr a = dtt_addr_v4(50, 1, 1, 250, 1);
    assert_true(dtt_lookup_add(&l, id, &a, 0)); /* the dead make room */
}

/* Who names himself by an honest node's id does not keep that node out. */
static void test_an_id_at_two_addresses(void **state)
{
    uint8_t id[20] = {0};
    struct dtt_addr a = addr(99);
    (void)state;
    add(7);
    dtt_put_be32(id + 16, 7);
    assert_true(dtt_lookup_add(&l, id, &a, 0));
    assert_false(dtt_lookup_add(&l, id, &a, 0));
}

/* A candidate that answers under another id stands where that one belongs. */
static void test_rename(void **state)
{
    uint8_t id[20] = {0};
    (void)state;
    for (uint32_t i = 1; i <= 5; i++) {
        add(i * 10);
    }
    struct dtt_lookup_node *c = candidate(30);
    struct dtt_addr addr = c->addr;
    memcpy(id, c->id, sizeof(id));
    assert_ptr_equal(dtt_lookup_rename(&l, c, id), c);
    dtt_put_be32(id + 16, 45);
    c = dtt_lookup_rename(&l, c, id);
    assert_ptr_equal(c, &l.nodes[3]);
    assert_true(dtt_addr_eq(&c->addr, &addr));
    dtt_put_be32(id + 16, 5);
    assert_ptr_equal(dtt_lookup_rename(&l, c, id), &l.nodes[0]);
    dtt_put_be32(id + 16, 99);
    assert_ptr_equal(dtt_lookup_rename(&l, &l.nodes[0], id), &l.nodes[4]);
    assert_int_equal(l.n, 5);
    static const unsigned distances[] = {10, 20, 40, 50, 99};
    for (size_t i = 0; i < l.n; i++) {
        assert_int_equal(distance(&l.nodes[i]), distances[i]);
    }
}

/* Who names an honest node by a far id does not keep it from being asked when others know better.
 */
static void test_the_nearer_word_counts(void **state)
{
    uint8_t id[20] = {0};
    (void)state;
    add(10);
    struct dtt_addr a = candidate(10)->addr;
    dtt_put_be32(id + 16, 99);
    assert_false(dtt_lookup_add(&l, id, &a, 0));
    assert_int_equal(distance(&l.nodes[0]), 10);
    dtt_put_be32(id + 16, 3);
    assert_false(dtt_lookup_add(&l, id, &a, 0));
    assert_int_equal(distance(&l.nodes[0]), 3);
    assert_int_equal(ask_all(), 1);
    dtt_put_be32(id + 16, 2); /* it has been asked: it will say so itself */
    assert_false(dtt_lookup_add(&l, id, &a, 0));
    assert_int_equal(distance(&l.nodes[0]), 3);
}

static bool add_told(unsigned n, uint8_t teller)
{
    uint8_t id[20] = {0};
    struct dtt_addr a = addr(n);
    dtt_put_be32(id + 16, n);
    return dtt_lookup_add(&l, id, &a, teller);
}

static void answer(unsigned n)
{
    dtt_lookup_sent(&l, candidate(n));
    assert_true(dtt_lookup_answered(&l, candidate(n)));
}

/* Three contacts of one node were silent, none answered: nobody else is asked on its word. */
static void test_liars_are_not_believed(void **state)
{
    (void)state;
    add(100);
    add(101);
    answer(100);
    uint8_t liar = candidate(100)->teller;
    for (unsigned n = 1; n <= 8; n++) {
        assert_true(add_told(n, liar));
    }
    for (unsigned n = 1; n <= 3; n++) {
        dtt_lookup_sent(&l, candidate(n));
        dtt_lookup_slow(&l, candidate(n));
    }
    assert_int_equal(distance(dtt_lookup_next(&l)), 101);
    assert_false(add_told(9, liar));
    answer(101);
    assert_true(dtt_lookup_is_done(&l));
    /* Somebody else names one of them, too. */
    assert_false(add_told(5, candidate(101)->teller));
    assert_int_equal(distance(dtt_lookup_next(&l)), 5);
    assert_false(dtt_lookup_is_done(&l));
}

/* A full list: who named most loses his farthest, the others keep theirs. */
static void test_nobody_pushes_out_what_others_say(void **state)
{
    (void)state;
    for (unsigned n = 1000; n < 1002; n++) {
        add(n);
        answer(n);
    }
    uint8_t quiet = candidate(1000)->teller, loud = candidate(1001)->teller;
    for (unsigned n = 900; n < 908; n++) {
        assert_true(add_told(n, quiet));
    }
    for (unsigned n = 1; n <= 300; n++) {
        add_told(300 - n, loud);
    }
    assert_int_equal(l.n, DTT_LOOKUP_NODES);
    for (unsigned n = 900; n < 908; n++) {
        assert_non_null(candidate(n));
    }
    assert_non_null(candidate(0));
}

/* Where to ask for those whom the dead hide: next to the last one known. */
static void test_beyond_the_dead(void **state)
{
    uint8_t beyond[20];
    (void)state;
    for (unsigned n = 1; n <= 8; n++) {
        add(n == 8 ? 0x15 : n);
    }
    assert_false(dtt_lookup_beyond(&l, 9, beyond)); /* not as many */
    assert_false(dtt_lookup_beyond(&l, 8, beyond)); /* nobody is dead */
    dtt_lookup_sent(&l, candidate(2));
    dtt_lookup_dead(&l, candidate(2));
    assert_true(dtt_lookup_beyond(&l, 8, beyond));
    assert_int_equal(dtt_get_be32(beyond + 16), 0x10); /* the range 0x10 ... 0x1f, from its start */
}

/* Far closer than our own neighbours are to us: they do not count, and name nobody. */
static void test_crowd(void **state)
{
    static const uint8_t self[20] = {0x80};
    uint8_t neighbour[20] = {0x80, [16] = 0x00, 0x00, 0x10, 0x00}; /* at distance 0x1000 */
    (void)state;
    for (unsigned n = 1; n <= 8; n++) {
        add(n);
        answer(n);
    }
    assert_true(dtt_lookup_is_done(&l));
    neighbour[18] = 0;
    neighbour[19] = 16;
    assert_false(dtt_lookup_avoid_crowd(&l, self, neighbour)); /* as close as is usual */
    neighbour[18] = 0x10;
    neighbour[19] = 0;
    assert_true(dtt_lookup_avoid_crowd(&l, self, neighbour));
    assert_true(dtt_lookup_is_crowd(&l, candidate(8)));
    assert_false(add_told(9, candidate(8)->teller));
    add(0x300); /* within the crowd, but our own word: asked, does not count */
    for (unsigned n = 0; n < 8; n++) {
        add(0x500 + n);
    }
    assert_int_equal(distance(dtt_lookup_next(&l)), 0x300);
    answer(0x300);
    for (unsigned n = 0; n < 8; n++) {
        assert_false(dtt_lookup_is_done(&l));
        answer(0x500 + n);
    }
    assert_true(dtt_lookup_is_done(&l));
    assert_false(dtt_lookup_avoid_crowd(&l, self, neighbour)); /* once */
}

static void test_width_and_compact(void **state)
{
    (void)state;
    l.width = 20;
    for (unsigned n = 1; n <= 30; n++) {
        add(n);
    }
    for (struct dtt_lookup_node *c; (c = dtt_lookup_next(&l)) != NULL;) {
        dtt_lookup_sent(&l, c);
        dtt_lookup_answered(&l, c);
    }
    assert_true(dtt_lookup_is_done(&l));
    assert_int_equal(l.answered, 20);
    dtt_lookup_compact(&l, 15);
    assert_int_equal(l.n, 15);
    assert_int_equal(distance(&l.nodes[14]), 15);
    dtt_lookup_compact(&l, 0);
    assert_int_equal(l.n, 0);
}

static void test_answered_earlier(void **state)
{
    struct dtt_lookup_node c = {.addr = addr(3), .token_len = 2, .token = "ab"};
    (void)state;
    assert_true(dtt_lookup_add_answered(&l, &c));
    assert_true(dtt_lookup_is_done(&l));
    assert_int_equal(l.asked, 0);
    add(1);
    assert_false(dtt_lookup_is_done(&l));
}

/* Who cannot store does not stand for one of the closest that can. */
/* A second question that stays open takes nothing away, and is repeated like a first one. */
static void test_asked_again(void **state)
{
    (void)state;
    add(1);
    struct dtt_lookup_node *c = candidate(1);
    assert_int_equal(ask_all(), 1);
    assert_true(dtt_lookup_answered(&l, c));
    dtt_lookup_ask_again(&l, c);
    assert_false(dtt_lookup_is_done(&l));
    assert_int_equal(ask_all(), 1);
    assert_false(dtt_lookup_slow(&l, c));
    assert_int_equal(ask_all(), 1);
    assert_false(dtt_lookup_slow(&l, c));
    assert_int_equal(c->state, DTT_LOOKUP_NODE_ANSWERED);
    assert_true(dtt_lookup_is_done(&l));
    dtt_lookup_ask_again(&l, c);
    dtt_lookup_end(&l);
    assert_int_equal(c->state, DTT_LOOKUP_NODE_ANSWERED);
    assert_int_equal(l.asked, 1);
    assert_int_equal(l.answered, 1);
    assert_int_equal(l.in_flight, 0);
}

static void test_needs_token(void **state)
{
    (void)state;
    l.needs_token = true;
    for (unsigned n = 1; n <= 20; n++) {
        add(n);
    }
    for (struct dtt_lookup_node *c; (c = dtt_lookup_next(&l)) != NULL;) {
        dtt_lookup_sent(&l, c);
        dtt_lookup_answered(&l, c);
        c->token_len = distance(c) % 2 ? 0 : 4;
    }
    assert_true(dtt_lookup_is_done(&l));
    assert_int_equal(l.answered, 16);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_empty_is_done),
        TEST(test_asks_the_closest_first),
        TEST(test_endgame),
        TEST(test_near_ones_are_asked_at_once),
        TEST(test_quick_ones_first),
        TEST(test_slow_opens_a_slot_then_one_retransmission),
        TEST(test_the_dead_do_not_count),
        TEST(test_candidates_are_bounded),
        TEST(test_queries_are_bounded),
        TEST(test_a_bound_besides_the_dead),
        TEST(test_one_network_cannot_fill_it),
        TEST(test_an_id_at_two_addresses),
        TEST(test_rename),
        TEST(test_the_nearer_word_counts),
        TEST(test_liars_are_not_believed),
        TEST(test_nobody_pushes_out_what_others_say),
        TEST(test_beyond_the_dead),
        TEST(test_crowd),
        TEST(test_width_and_compact),
        TEST(test_answered_earlier),
        TEST(test_asked_again),
        TEST(test_needs_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
