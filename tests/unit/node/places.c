/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "link_fakes.h"

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
        T(a_newcomer_takes_the_place_of_the_crowd),
        T(ranks_decide_before_sources),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
