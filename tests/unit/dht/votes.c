/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/votes.h"

#include "support/vectors.h"

static struct dtt_now at(uint64_t s)
{
    return (struct dtt_now){.mono_ns = s * DTT_S};
}

static const struct dtt_addr *us(uint8_t last)
{
    static struct dtt_addr a;
    a = dtt_addr_v4(82, 1, 2, last, 4000);
    return &a;
}

static bool vote(struct dtt_votes *v, uint64_t s, uint8_t network, uint8_t host, uint8_t last)
{
    struct dtt_addr voter = dtt_addr_v4(50, network, 0, host, 1);
    return dtt_votes_add(v, at(s), &voter, us(last), 0);
}

static void test_three_networks_agree_once(void **state)
{
    struct dtt_votes v = {0};
    (void)state;
    assert_false(vote(&v, 1, 1, 1, 7));
    assert_false(vote(&v, 1, 1, 2, 7)); /* the same network again */
    assert_false(vote(&v, 1, 2, 1, 7));
    assert_true(vote(&v, 1, 3, 1, 7));
    assert_true(dtt_addr_eq(&v.opinion, us(7)));
    assert_false(vote(&v, 2, 4, 1, 7));
    assert_int_equal(v.count, 4);
}

static void test_liars_lose(void **state)
{
    struct dtt_votes v = {0};
    (void)state;
    for (uint8_t n = 1; n <= 5; n++) {
        vote(&v, 1, n, 1, 7);
    }
    for (uint8_t host = 1; host < 200; host++) {
        assert_false(vote(&v, 2, 100, host, 66)); /* one network, many hosts */
    }
    for (uint8_t n = 110; n < 114; n++) {
        assert_false(vote(&v, 3, n, 1, 66)); /* no majority */
    }
    assert_true(dtt_addr_eq(&v.opinion, us(7)));
}

/* A full ballot of the old address gives way to the last six voices, not to fewer or mixed ones. */
static void test_the_last_voices_in_a_row(void **state)
{
    struct dtt_votes v = {0};
    (void)state;
    for (uint8_t n = 1; n <= DTT_VOTES_MAX; n++) {
        vote(&v, 1, n, 1, 7);
    }
    for (uint8_t n = 101; n < 101 + DTT_VOTES_RECENT - 1; n++) {
        assert_false(vote(&v, 2, n, 1, 8));
    }
    vote(&v, 3, 150, 1, 7); /* breaks the row */
    assert_false(vote(&v, 4, 151, 1, 8));
    for (uint8_t n = 152; n < 152 + DTT_VOTES_RECENT - 2; n++) {
        vote(&v, 5, n, 1, 8);
    }
    vote(&v, 6, 180, 1, 8);
    assert_true(dtt_addr_eq(&v.opinion, us(8)));
}

static void test_address_changes(void **state)
{
    struct dtt_votes v = {0};
    (void)state;
    for (uint8_t n = 1; n <= 3; n++) {
        vote(&v, 1, n, 1, 7);
    }
    assert_false(vote(&v, 700, 11, 1, 8)); /* the old votes have expired */
    assert_false(vote(&v, 700, 12, 1, 8));
    assert_true(vote(&v, 700, 13, 1, 8));
    assert_true(dtt_addr_eq(&v.opinion, us(8)));
}

static void test_private_network(void **state)
{
    struct dtt_votes v = {0};
    struct dtt_addr a = dtt_addr_v4(127, 0, 0, 1, 1), b = dtt_addr_v4(127, 0, 0, 1, 2);
    struct dtt_addr self = dtt_addr_v4(127, 0, 0, 1, 9), global = dtt_addr_v4(50, 1, 1, 1, 1);
    struct dtt_addr six;
    (void)state;
    assert_false(dtt_votes_add(&v, at(1), &a, &self, 0));
    assert_false(dtt_votes_add(&v, at(1), &a, &self, 0));
    assert_true(dtt_votes_add(&v, at(1), &b, &self, 0));
    /* Once somebody global speaks, the private ones do not count. */
    assert_false(dtt_votes_add(&v, at(2), &global, us(7), 0));
    self.port = 10;
    assert_false(dtt_votes_add(&v, at(2), &a, &self, 0));
    assert_false(dtt_votes_add(&v, at(2), &b, &self, 0));
    /* Nonsense is no vote. */
    assert_int_equal(dtt_addr_parse("[::1]:1", &six), 0);
    assert_false(dtt_votes_add(&v, at(2), &a, &six, 0));
    self.port = 0;
    assert_false(dtt_votes_add(&v, at(2), &a, &self, 0));
}

static void test_many_voters(void **state)
{
    struct dtt_votes v = {0};
    (void)state;
    for (unsigned n = 0; n < 250; n++) {
        vote(&v, 1, (uint8_t)n, 1, 7);
        assert_true(v.n <= DTT_VOTES_MAX);
    }
    assert_int_equal(v.count, DTT_VOTES_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_three_networks_agree_once), cmocka_unit_test(test_liars_lose),
        cmocka_unit_test(test_the_last_voices_in_a_row),  cmocka_unit_test(test_address_changes),
        cmocka_unit_test(test_private_network),           cmocka_unit_test(test_many_voters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
