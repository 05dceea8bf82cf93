/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "gossip/standing.h"

#include "gossip/view.h"
#include "support/oom.h"
#include "support/vectors.h"

static struct dtt_standings standings;
static struct dtt_gossip_peer room[4];
static struct dtt_gossip_view neighbors;
static struct dtt_now now;

static struct dtt_id id_of(unsigned peer)
{
    return (struct dtt_id){.bytes = {(uint8_t)peer, (uint8_t)(peer >> 8)}};
}

static void prove(unsigned peer)
{
    struct dtt_id id = id_of(peer);
    dtt_standings_prove(&standings, now, &id, &neighbors);
}

static bool is_proven(unsigned peer)
{
    struct dtt_id id = id_of(peer);
    return dtt_standings_is_proven(&standings, now, &id, &neighbors);
}

static void make_neighbor(unsigned peer)
{
    struct dtt_id id = id_of(peer);
    dtt_gossip_view_add(&neighbors, &id);
}

static int setup(void **state)
{
    static const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES];
    (void)state;
    now = (struct dtt_now){.mono_ns = DTT_S};
    neighbors = (struct dtt_gossip_view){.max = 4, .peers = room};
    dtt_standings_init(&standings, hash_key);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    dtt_standings_fini(&standings);
    return 0;
}

static void a_proof_is_good_for_an_hour(void **state)
{
    (void)state;
    prove(1);
    prove(2);
    make_neighbor(2);
    assert_false(is_proven(3));
    now.mono_ns += DTT_STANDING_KEPT_NS - 1;
    assert_true(is_proven(1));
    now.mono_ns += 1;
    assert_false(is_proven(1));
    assert_true(is_proven(2)); /* a neighbour */
    prove(1);
    assert_true(is_proven(1));
}

static void the_oldest_that_is_no_neighbor_makes_room(void **state)
{
    (void)state;
    for (unsigned peer = 1; peer <= DTT_STANDING_MAX; peer++) {
        prove(peer);
    }
    make_neighbor(1);
    prove(2); /* again: the oldest that is no neighbour is 3 */
    prove(1000);
    assert_true(is_proven(1) && is_proven(2) && is_proven(4) && is_proven(1000));
    assert_false(is_proven(3));
    prove(1001);
    assert_false(is_proven(4));
}

/* The gone take no memory: as many are known after days as proved themselves within an hour. */
static void proofs_that_are_over_go_when_another_comes(void **state)
{
    (void)state;
    prove(1);
    make_neighbor(1);
    for (unsigned peer = 2; peer < 200; peer++) {
        now.mono_ns += DTT_STANDING_KEPT_NS / 10;
        prove(peer);
        assert_true(dtt_map_count(&standings.proven) <= 1 + 10);
    }
    assert_int_equal(dtt_map_count(&standings.proven), 1 + 10);
    assert_true(is_proven(1));
}

static void out_of_memory_nothing_is_kept(void **state)
{
    (void)state;
    oom_arm(1);
    prove(1);
    assert_true(oom_disarm());
    assert_false(is_proven(1));
    prove(1);
    assert_true(is_proven(1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_proof_is_good_for_an_hour, setup, teardown),
        cmocka_unit_test_setup_teardown(the_oldest_that_is_no_neighbor_makes_room, setup, teardown),
        cmocka_unit_test_setup_teardown(proofs_that_are_over_go_when_another_comes, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(out_of_memory_nothing_is_kept, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
