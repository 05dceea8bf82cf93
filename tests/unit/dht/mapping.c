/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/mapping.h"

#include "support/vectors.h"

static const struct dtt_now now = {.mono_ns = 100 * DTT_S};

/* A voter of network `network`, first asked at `ms`, that sees us at host `ip`. */
static void vote(struct dtt_votes *v, uint8_t network, uint64_t ms, uint8_t ip, uint16_t port)
{
    struct dtt_addr voter = dtt_addr_v4(50, network, 0, 1, 1);
    struct dtt_addr addr = dtt_addr_v4(82, 1, 2, ip, port);
    (void)dtt_votes_add(v, now, &voter, &addr, ms * DTT_MS);
}

static void three_that_agree_are_a_cone(void **state)
{
    struct dtt_votes v = {0};
    (void)state;
    assert_int_equal(dtt_mapping_of(&v, now).kind, DTT_REACH_UNKNOWN);
    vote(&v, 1, 1, 7, 4000);
    vote(&v, 2, 2, 7, 4000);
    vote(&v, 2, 3, 7, 4000); /* the same voice */
    assert_int_equal(dtt_mapping_of(&v, now).kind, DTT_REACH_UNKNOWN);
    vote(&v, 3, 4, 7, 4000);
    assert_int_equal(dtt_mapping_of(&v, now).kind, DTT_REACH_CONE);
    for (uint8_t n = 10; n < 13; n++) { /* liars, no more than half */
        assert_int_equal(dtt_mapping_of(&v, now).kind, DTT_REACH_CONE);
        vote(&v, n, n, 7, n);
    }
    assert_int_equal(dtt_mapping_of(&v, now).kind, DTT_REACH_UNKNOWN);
    struct dtt_now later = {.mono_ns = now.mono_ns + DTT_VOTES_LIFETIME_NS + 1};
    assert_int_equal(dtt_mapping_of(&v, later).kind, DTT_REACH_UNKNOWN);
}

/* Answers come shuffled; the order of sending counts. */
static void no_port_twice_is_vary(void **state)
{
    static const uint8_t order[] = {3, 0, 4, 1, 2};
    struct dtt_votes v = {0};
    (void)state;
    for (size_t i = 0; i < sizeof(order); i++) {
        assert_int_equal(dtt_mapping_of(&v, now).kind, i < 4 ? DTT_REACH_UNKNOWN : DTT_REACH_VARY);
        vote(&v, order[i], order[i] * UINT64_C(10), 7, (uint16_t)(5000 + 2 * order[i]));
    }
    struct dtt_reach r = dtt_mapping_of(&v, now);
    assert_int_equal(r.kind, DTT_REACH_VARY);
    assert_int_equal(r.step, 2);
    assert_int_equal(r.last.port, 5008);
    assert_int_equal(r.last.ip[3], 7);
}

static void ports_without_a_rule_have_no_step(void **state)
{
    static const uint16_t ports[] = {5000, 61000, 7, 31000, 31001};
    struct dtt_votes v = {0};
    (void)state;
    for (uint8_t i = 0; i < 5; i++) {
        vote(&v, i, i, 7, ports[i]);
    }
    struct dtt_reach r = dtt_mapping_of(&v, now);
    assert_int_equal(r.kind, DTT_REACH_VARY);
    assert_int_equal(r.step, 0);
    assert_int_equal(r.last.port, 31001);
}

/* A pool of addresses is VARY, but one liar with another address makes none of a cone. */
static void several_addresses_are_vary(void **state)
{
    struct dtt_votes v = {0};
    (void)state;
    for (uint8_t i = 0; i < 4; i++) {
        vote(&v, i, i, i % 2, (uint16_t)(5000 + i));
    }
    assert_int_equal(dtt_mapping_of(&v, now).kind, DTT_REACH_VARY);
    struct dtt_votes one = {0};
    for (uint8_t i = 0; i < 3; i++) {
        vote(&one, i, i, 7, 4000);
    }
    vote(&one, 9, 9, 66, 1);
    assert_int_equal(dtt_mapping_of(&one, now).kind, DTT_REACH_CONE);
}

/* The mapping is as old as the first query to the voter. */
static void a_voter_that_repeats_itself_keeps_its_place(void **state)
{
    struct dtt_votes v = {0};
    (void)state;
    for (uint8_t i = 0; i < 5; i++) {
        vote(&v, i, i, 7, (uint16_t)(5000 + i));
    }
    vote(&v, 0, 99, 7, 5000);
    assert_int_equal(dtt_mapping_of(&v, now).last.port, 5004);
    assert_int_equal(dtt_mapping_of(&v, now).step, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_that_agree_are_a_cone),
        cmocka_unit_test(no_port_twice_is_vary),
        cmocka_unit_test(ports_without_a_rule_have_no_step),
        cmocka_unit_test(several_addresses_are_vary),
        cmocka_unit_test(a_voter_that_repeats_itself_keeps_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
