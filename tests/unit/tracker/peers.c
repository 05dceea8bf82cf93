/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support.h"
#include "tracker/peers.h"

#define SELF 999

static struct dtt_ctx ctx;
static struct dtt_rng rng;
static struct dtt_tracker_tuning tuning;
static struct dtt_peers peers;

/* Ids need not be keys here; deriving hundreds of those would only take time. */
static struct dtt_id fake_id(unsigned n)
{
    struct dtt_id id = {{0}};
    dtt_put_le32(id.bytes, n);
    return id;
}

static int setup(void **state)
{
    struct dtt_id self = fake_id(SELF);
    (void)state;
    memset(&ctx, 0, sizeof(ctx));
    dtt_rng_init(&rng, ctx.seed, "test");
    dtt_tracker_tuning_make(&tuning, DTT_PRESET_DEFAULT, NULL);
    dtt_peers_init(&peers, &ctx, &tuning, &rng, &self);
    return 0;
}

static void hear(unsigned n, enum dtt_peer_source source, uint64_t minute, bool has_addr)
{
    struct dtt_id id = fake_id(n);
    struct dtt_addr a = node_addr(n);
    dtt_peers_hear(&peers, &id, source, (struct dtt_peer_told){START_MINUTE + minute, 0}, &a,
                   has_addr);
}

/* The number of the peer dialled `ms` after the start; 0: none. */
static unsigned dial(uint64_t ms, bool only_wanted)
{
    struct dtt_tracker_peer *p = dtt_peers_dial(&peers, at_ms(ms).mono_ns, only_wanted);
    return p ? dtt_get_le32(p->id.bytes) : 0;
}

static bool give_up(unsigned n, uint64_t ms)
{
    struct dtt_id id = fake_id(n);
    return dtt_peers_failed(&peers, &id, at_ms(ms));
}

static bool up(unsigned n)
{
    struct dtt_id id = fake_id(n);
    return dtt_peers_up(&peers, &id, START_MINUTE);
}

static void fall_silent(unsigned n, uint64_t ms)
{
    struct dtt_id id = fake_id(n);
    assert_true(dtt_peers_down(&peers, &id, at_ms(ms), true));
}

static bool down(unsigned n, uint64_t ms)
{
    struct dtt_id id = fake_id(n);
    return dtt_peers_down(&peers, &id, at_ms(ms), false);
}

static struct dtt_tracker_peer *find(unsigned n)
{
    struct dtt_id id = fake_id(n);
    return dtt_peers_find(&peers, &id);
}

static void best_peer_is_dialled_first(void **state)
{
    (void)state;
    hear(1, DTT_PEER_PUBLISHER, 9, false); /* no address: last, though the newest */
    hear(2, DTT_PEER_HEARSAY, 5, true);
    hear(3, DTT_PEER_PUBLISHER, 5, true);
    hear(4, DTT_PEER_PUBLISHER, 5, true); /* equal: the one heard first */
    hear(5, DTT_PEER_PUBLISHER, 6, true); /* newest minute with an address */
    const unsigned order[] = {5, 3, 4, 2, 1, 0};
    assert_int_equal(dtt_peers_idle(&peers), 5);
    for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++) {
        assert_int_equal(dial(0, false), order[i]);
    }
    assert_int_equal(peers.n_dialling, 5);
    assert_int_equal(dtt_peers_idle(&peers), 0);
}

static void a_newer_minute_lifts_a_peer(void **state)
{
    (void)state;
    hear(1, DTT_PEER_PUBLISHER, 5, true);
    hear(2, DTT_PEER_PUBLISHER, 5, true);
    hear(2, DTT_PEER_HEARSAY, 6, false);
    assert_int_equal(find(2)->n_addrs, 1);
    assert_int_equal(dial(0, false), 2);
}

static void neither_we_nor_neighbors_are_dialled(void **state)
{
    (void)state;
    hear(SELF, DTT_PEER_NAMED, 5, true);
    assert_int_equal(peers.count, 0);
    assert_false(up(SELF));
    hear(1, DTT_PEER_NAMED, 5, true);
    assert_true(up(1));
    assert_false(up(1));
    assert_true(up(2));
    assert_int_equal(peers.n_neighbors, 2);
    assert_int_equal(dial(0, false), 0);
    assert_true(down(1, 0));
    assert_false(down(1, 0));
    assert_false(down(3, 0));
    assert_int_equal(peers.n_neighbors, 1);
    assert_int_equal(dial(0, false), 0); /* it has just gone: not at once */
    assert_int_equal(dial(1000, false), 1);
}

static void failures_back_off(void **state)
{
    (void)state;
    const uint64_t low[] = {5, 10, 20, 40, 60, 60};
    uint64_t ms = 0;
    hear(1, DTT_PEER_NAMED, 0, true);
    for (size_t i = 0; i < sizeof(low) / sizeof(*low); i++) {
        assert_int_equal(dial(ms, false), 1);
        assert_false(give_up(2, ms));
        assert_true(give_up(1, ms));
        assert_false(give_up(1, ms));
        uint64_t wait = dtt_peers_ready_ns(&peers, false) - at_ms(ms).mono_ns;
        assert_in_range(wait, low[i] * DTT_S, low[i] * DTT_S * 5 / 4);
        assert_int_equal(dial(ms + low[i] * 1000 - 1, false), 0);
        ms += low[i] * 1250;
    }
}

/* Two behind routers have to send at about one time: soon again, while there is a record. */
static void a_shut_peer_rests_less_while_its_record_is_new(void **state)
{
    (void)state;
    const uint64_t low[] = {5, 10, 20, 20, 20, 60};
    uint64_t ms = 0;
    hear(1, DTT_PEER_NAMED, 0, true);
    find(1)->is_shut = true;
    for (size_t i = 0; i < sizeof(low) / sizeof(*low); i++) {
        assert_int_equal(dial(ms, false), 1);
        find(1)->minute = i < 5 ? START_MINUTE + ms / 60000 : START_MINUTE - 10;
        assert_true(give_up(1, ms));
        uint64_t wait = dtt_peers_ready_ns(&peers, false) - at_ms(ms).mono_ns;
        assert_in_range(wait, low[i] * DTT_S, low[i] * DTT_S * 5 / 4);
        ms += low[i] * 1250;
    }
}

static void success_a_new_address_or_a_new_network_end_a_back_off(void **state)
{
    (void)state;
    struct dtt_id one = fake_id(1);
    struct dtt_addr other = node_addr(77);
    hear(1, DTT_PEER_PUBLISHER, 0, true);
    assert_int_equal(dial(0, false), 1);
    assert_true(give_up(1, 0));
    hear(1, DTT_PEER_PUBLISHER, 1, true); /* the same address is no news */
    assert_int_equal(dial(1, false), 0);
    dtt_peers_hear(&peers, &one, DTT_PEER_PUBLISHER, (struct dtt_peer_told){START_MINUTE + 1, 0},
                   &other, 1);
    assert_int_equal(dial(2, false), 1);
    assert_true(give_up(1, 2));
    assert_int_equal(dial(3, false), 0);
    struct dtt_addr both[2] = {node_addr(78), other};
    dtt_peers_hear(&peers, &one, DTT_PEER_PUBLISHER, (struct dtt_peer_told){START_MINUTE + 2, 0},
                   both, 2);
    assert_int_equal(dial(3, false), 1);
    assert_true(give_up(1, 3));
    dtt_peers_forgive(&peers);
    assert_int_equal(dial(4, false), 1);
    assert_true(give_up(1, 4));
    assert_true(up(1));
    assert_int_equal(find(1)->failures, 0);
}

static void addresses_of_one_minute_add_up_and_newer_ones_replace(void **state)
{
    (void)state;
    struct dtt_id one = fake_id(1);
    struct dtt_addr a[3] = {node_addr(1), node_addr(2), node_addr(1)};
    struct dtt_addr bad = {.family = DTT_FAMILY_V4}; /* 0.0.0.0:0 */
    struct dtt_tracker_peer *p;
    dtt_peers_hear(&peers, &one, DTT_PEER_PUBLISHER, (struct dtt_peer_told){10, 0}, &bad, 1);
    p = dtt_peers_find(&peers, &one);
    assert_int_equal(p->n_addrs, 0);
    dtt_peers_hear(&peers, &one, DTT_PEER_PUBLISHER, (struct dtt_peer_told){10, 0}, a, 1);
    dtt_peers_hear(&peers, &one, DTT_PEER_PUBLISHER, (struct dtt_peer_told){10, 0}, a + 1, 2);
    assert_int_equal(p->n_addrs, 2);
    assert_int_equal(p->addrs[0].ip[3], 2);
    assert_int_equal(p->addrs[1].ip[3], 1);
    dtt_peers_hear(&peers, &one, DTT_PEER_PUBLISHER, (struct dtt_peer_told){9, 0}, a, 1);
    assert_int_equal(p->n_addrs, 2);
    dtt_peers_hear(&peers, &one, DTT_PEER_PUBLISHER, (struct dtt_peer_told){11, 0}, a, 1);
    assert_int_equal(p->n_addrs, 1);
    assert_int_equal(p->addrs[0].ip[3], 1);
    for (unsigned i = 0; i < 20; i++) {
        struct dtt_addr more = node_addr(100 + i);
        dtt_peers_hear(&peers, &one, DTT_PEER_PUBLISHER, (struct dtt_peer_told){11, 0}, &more, 1);
    }
    assert_int_equal(p->n_addrs, DTT_RECORD_ADDRS);
    assert_int_equal(p->addrs[0].ip[3], 119);
}

static void hear_one(const struct dtt_id *id, struct dtt_peer_told told, unsigned addr)
{
    struct dtt_addr a = node_addr(addr);
    dtt_peers_hear(&peers, id, told.unix_s ? DTT_PEER_PUBLISHER : DTT_PEER_NAMED, told, &a, 1);
}

static void of_one_minute_the_addresses_told_last_replace(void **state)
{
    (void)state;
    struct dtt_id one = fake_id(1);
    hear_one(&one, (struct dtt_peer_told){10, 500}, 1);
    struct dtt_tracker_peer *p = dtt_peers_find(&peers, &one);
    hear_one(&one, (struct dtt_peer_told){10, 700}, 2);
    assert_int_equal(p->n_addrs, 1);
    assert_int_equal(p->addrs[0].ip[3], 2);
    hear_one(&one, (struct dtt_peer_told){10, 600}, 3); /* it was on its way for long */
    hear_one(&one, (struct dtt_peer_told){9, 900}, 3);
    assert_int_equal(p->n_addrs, 1);
    assert_int_equal(p->addrs[0].ip[3], 2);
    hear_one(&one, (struct dtt_peer_told){10, 0}, 4); /* the user's adds up with them */
    assert_int_equal(p->n_addrs, 2);
    assert_int_equal(p->addrs[0].ip[3], 4);
    hear_one(&one, (struct dtt_peer_told){10, 600}, 3); /* and makes none of the old ones new */
    assert_int_equal(p->n_addrs, 2);
    hear_one(&one, (struct dtt_peer_told){11, 100}, 5);
    assert_int_equal(p->n_addrs, 1);
    assert_int_equal(p->addrs[0].ip[3], 5);
}

static void a_dial_that_comes_to_nothing_expires(void **state)
{
    (void)state;
    hear(1, DTT_PEER_PUBLISHER, 0, true);
    assert_int_equal(dtt_peers_expiry_ns(&peers), DTT_NEVER);
    assert_int_equal(dial(0, false), 1);
    assert_int_equal(dtt_peers_expiry_ns(&peers), at_ms(30000).mono_ns);
    assert_int_equal(dtt_peers_expire(&peers, at_ms(29999)), 0);
    assert_int_equal(dtt_peers_expire(&peers, at_ms(30000)), 1);
    assert_int_equal(peers.n_dialling, 0);
    assert_int_equal(find(1)->failures, 1);
}

static void dials_under_way_are_bounded(void **state)
{
    (void)state;
    for (unsigned i = 1; i <= DTT_PEERS_DIALS_MAX + 1; i++) {
        hear(i, DTT_PEER_PUBLISHER, 0, true);
    }
    for (unsigned i = 1; i <= DTT_PEERS_DIALS_MAX; i++) {
        assert_int_equal(dial(0, false), i);
    }
    assert_int_equal(dial(0, false), 0);
    assert_int_equal(dtt_peers_ready_ns(&peers, false), DTT_NEVER);
    assert_true(give_up(3, 0));
    assert_int_equal(dial(0, false), DTT_PEERS_DIALS_MAX + 1);
}

static void unnamed_peers_that_only_fail_are_dropped(void **state)
{
    (void)state;
    hear(1, DTT_PEER_PUBLISHER, 0, true);
    hear(2, DTT_PEER_NAMED, 0, true);
    for (unsigned i = 0; i < DTT_PEERS_FAILURES_MAX; i++) {
        uint64_t ms = 600000 + i * 100000;
        assert_non_null(find(1));
        assert_int_not_equal(dial(ms, false), 0);
        assert_int_not_equal(dial(ms, false), 0);
        assert_true(give_up(1, ms));
        assert_true(give_up(2, ms));
    }
    assert_null(find(1));
    assert_non_null(find(2));
}

static void a_full_list_lets_the_oldest_go(void **state)
{
    (void)state;
    for (unsigned i = 1; i <= 100; i++) {
        hear(i, DTT_PEER_NAMED, 0, false);
    }
    assert_int_equal(peers.n_named, DTT_PEERS_NAMED_MAX);
    assert_true(up(101));
    for (unsigned i = 102; i <= 5000; i++) {
        hear(i, DTT_PEER_HEARSAY, 1 + i / 1000, false);
    }
    assert_int_equal(peers.count, DTT_PEERS_MAX);
    assert_int_equal(ctx.counters[DTT_COUNTER_TRACKER_PEERS_REFUSED],
                     5000 - 1 - 256); /* one of them is us */
    for (unsigned i = 1; i <= DTT_PEERS_NAMED_MAX; i++) {
        assert_non_null(find(i));
    }
    assert_null(find(DTT_PEERS_NAMED_MAX + 1));
    assert_non_null(find(101)); /* a neighbour */
    assert_non_null(find(5000));
    assert_true(up(6000)); /* a neighbour always finds room */
}

static void only_wanted_ones_are_dialled_for_a_merge(void **state)
{
    (void)state;
    hear(1, DTT_PEER_PUBLISHER, 0, true);
    hear(2, DTT_PEER_PUBLISHER, 0, true);
    assert_int_equal(dtt_peers_ready_ns(&peers, true), DTT_NEVER);
    assert_int_equal(dial(0, true), 0);
    find(2)->is_wanted = true;
    assert_int_equal(dtt_peers_ready_ns(&peers, true), 0);
    assert_int_equal(dial(0, true), 2);
    assert_true(give_up(2, 0));
    assert_false(find(2)->is_wanted);
    find(1)->is_wanted = true;
    dtt_peers_unwant(&peers);
    assert_int_equal(dial(0, true), 0);
}

/* A network that was torn apart may come back, and is not in the slots. */
static void who_fell_silent_is_dialled_again_for_a_while(void **state)
{
    (void)state;
    unsigned dials = 0;
    uint64_t last = 0;
    hear(1, DTT_PEER_PUBLISHER, 0, true);
    hear(2, DTT_PEER_PUBLISHER, 0, true);
    hear(3, DTT_PEER_PUBLISHER, 0, true);
    assert_true(up(1) && up(2) && up(3));
    fall_silent(1, 0);
    assert_true(down(2, 0)); /* said goodbye */
    assert_int_equal(dtt_peers_ready_ns(&peers, true), at_ms(1000).mono_ns);
    for (uint64_t ms = 0; ms < 2000000; ms += 1000) {
        unsigned n = dial(ms, true);
        if (n) {
            assert_int_equal(n, 1);
            assert_true(ms - last <= 76000);
            last = ms;
            dials++;
            assert_true(give_up(1, ms));
        }
    }
    assert_in_range(dials, 10, 16);
    assert_in_range(last, 500000, 600000);
    assert_int_equal(dtt_peers_ready_ns(&peers, true), DTT_NEVER);
    fall_silent(3, 2000000);
    assert_int_equal(dial(2001000, true), 3);
    assert_true(up(3));
    assert_true(down(3, 2010000)); /* back, and gone in peace */
    assert_int_equal(dial(2020000, true), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(best_peer_is_dialled_first, setup),
        cmocka_unit_test_setup(a_newer_minute_lifts_a_peer, setup),
        cmocka_unit_test_setup(neither_we_nor_neighbors_are_dialled, setup),
        cmocka_unit_test_setup(failures_back_off, setup),
        cmocka_unit_test_setup(a_shut_peer_rests_less_while_its_record_is_new, setup),
        cmocka_unit_test_setup(success_a_new_address_or_a_new_network_end_a_back_off, setup),
        cmocka_unit_test_setup(addresses_of_one_minute_add_up_and_newer_ones_replace, setup),
        cmocka_unit_test_setup(of_one_minute_the_addresses_told_last_replace, setup),
        cmocka_unit_test_setup(a_dial_that_comes_to_nothing_expires, setup),
        cmocka_unit_test_setup(dials_under_way_are_bounded, setup),
        cmocka_unit_test_setup(unnamed_peers_that_only_fail_are_dropped, setup),
        cmocka_unit_test_setup(a_full_list_lets_the_oldest_go, setup),
        cmocka_unit_test_setup(only_wanted_ones_are_dialled_for_a_merge, setup),
        cmocka_unit_test_setup(who_fell_silent_is_dialled_again_for_a_while, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
