/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "link_fakes.h"

#define N(array) (sizeof(array) / sizeof(array[0]))

static void the_lowest_rank_goes(void **state)
{
    struct dtt_place places[] = {
        {.rank = DTT_PLACE_NEEDED, .host = 1, .network = 1, .used_ns = 1},
        {.rank = DTT_PLACE_NEEDED, .host = 1, .network = 1, .used_ns = 2},
        {.rank = DTT_PLACE_PROVEN, .host = 2, .network = 2, .used_ns = 9},
        {.rank = DTT_PLACE_STRANGER, .host = 3, .network = 3, .used_ns = 9},
        {.rank = DTT_PLACE_SILENT, .host = 4, .network = 4, .used_ns = 9}};
    (void)state;
    for (size_t n = N(places); n > 1; n--) {
        assert_int_equal(dtt_places_victim(places, n), n == 2 ? 0 : n - 1);
    }
}

static void in_a_rank_the_largest_source_goes(void **state)
{
    struct dtt_place places[] = {{.host = 1, .network = 1, .used_ns = 1},
                                 {.host = 2, .network = 2, .used_ns = 5},
                                 {.host = 2, .network = 2, .used_ns = 4},
                                 {.host = 3, .network = 3, .used_ns = 3, .rank = DTT_PLACE_PROVEN},
                                 {.host = 3, .network = 3, .used_ns = 2, .rank = DTT_PLACE_PROVEN},
                                 {.host = 3, .network = 3, .used_ns = 1, .rank = DTT_PLACE_PROVEN}};
    (void)state;
    assert_int_equal(dtt_places_victim(places, N(places)), 2);
}

/* Many hosts of one network against two of a home, and two networks against one busy host. */
static void a_network_is_a_source_too(void **state)
{
    struct dtt_place places[12];
    (void)state;
    places[0] = (struct dtt_place){.host = 100, .network = 100, .used_ns = 1};
    places[1] = places[0];
    for (unsigned i = 2; i < N(places); i++) {
        places[i] = (struct dtt_place){.host = i, .network = 1, .used_ns = 100 - i};
    }
    assert_int_equal(dtt_places_victim(places, N(places)), 11);
    places[2] = places[0];
    assert_int_equal(dtt_places_victim(places, N(places)), 0);
}

static void among_equals_the_one_of_no_use_for_longest_goes(void **state)
{
    struct dtt_place places[] = {{.host = 1, .network = 1, .used_ns = 7},
                                 {.host = 2, .network = 2, .used_ns = 5},
                                 {.host = 3, .network = 3, .used_ns = 6}};
    (void)state;
    assert_int_equal(dtt_places_victim(places, N(places)), 1);
    assert_int_equal(dtt_places_victim(places, 1), 0);
}

/* Peer 1000 + i connects as number i, from the hosts of `address` in turn. */
static void crowd(size_t n, struct dtt_addr address, size_t hosts)
{
    for (size_t i = 0; i < n; i++) {
        struct dtt_quic_event ev = {.type = DTT_QUIC_CONNECTED, .conn = i + 1, .addr = address};
        ev.peer = id_of((unsigned)(1000 + i));
        ev.addr.ip[3] = (uint8_t)(i % hosts);
        conns[i].peer = (unsigned)(1000 + i);
        dtt_links_quic_event(&l, now, &ev);
    }
}

static void accept_at(unsigned peer, dtt_quic_conn conn, struct dtt_addr addr)
{
    struct dtt_quic_event ev = {.type = DTT_QUIC_CONNECTED, .conn = conn, .addr = addr};
    ev.peer = id_of(peer);
    conns[conn - 1].peer = peer;
    dtt_links_quic_event(&l, now, &ev);
}

static const char *closing(dtt_quic_conn conn)
{
    static char line[32];
    snprintf(line, sizeof(line), "close %c (no place)", letter_of(conn));
    return line;
}

static void a_newcomer_takes_the_place_of_the_crowd(void **state)
{
    static const size_t hosts[] = {1, 250};
    struct dtt_addr home = dtt_addr_v4(203, 0, 113, 1, 1);
    for (size_t i = 0; i < 2; i++) {
        setup(state);
        crowd(DTT_PLACES_STRANGERS, dtt_addr_v4(198, 51, 100, 0, 1), hosts[i]);
        assert_string_equal(script(), "");
        now.mono_ns += DTT_MS;
        accept_at(3, 200, home);
        assert_string_equal(script(), closing(1)); /* the oldest of the largest source */
        accept_at(4, 201, dtt_addr_v4(198, 51, 100, 9, 1));
        assert_string_equal(script(), closing(2));
        assert_int_equal(l.n_accepted, DTT_PLACES_STRANGERS);
        teardown(state);
    }
    setup(state);
}

static void ranks_decide_before_sources(void **state)
{
    struct dtt_addr home = dtt_addr_v4(203, 0, 113, 1, 1);
    struct dtt_addr bad = dtt_addr_v4(198, 51, 100, 0, 1);
    (void)state;
    accept_at(400, 200, bad); /* proven */
    accept_at(300, 201, bad); /* asked */
    accept_at(3, 202, bad);   /* a neighbour */
    neighbor(3, 1);
    accept_at(4, 203, home); /* silent */
    crowd(DTT_PLACES_STRANGERS - 2, bad, 1);
    pass(DTT_PLACES_GRACE_NS);
    accept_at(5, 204, bad); /* not yet silent */
    accept_at(6, 205, bad);
    assert_string_equal(script(), closing(1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_lowest_rank_goes),
        cmocka_unit_test(in_a_rank_the_largest_source_goes),
        cmocka_unit_test(a_network_is_a_source_too),
        cmocka_unit_test(among_equals_the_one_of_no_use_for_longest_goes),
        T(a_newcomer_takes_the_place_of_the_crowd),
        T(ranks_decide_before_sources),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
