/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "link_fakes.h"

static void tell(enum dtt_quic_event_type type, char letter, char at)
{
    struct dtt_quic_event ev = {.type = type,
                                .conn = conn_of(letter),
                                .peer = id_of(conns[letter - 'a'].peer),
                                .addr = addr_of(at)};
    dtt_links_quic_event(&l, now, &ev);
}

static void worn(char letter, char at)
{
    tell(DTT_QUIC_WORN, letter, at);
}

static void a_worn_connection_is_replaced(void **state)
{
    (void)state;
    know(3, "a");
    send_to(3, "one");
    up('a');
    neighbor(3, 1);
    hear('a', 7, "1", true);
    script();
    worn('a', 'b');
    worn('a', 'b'); /* a dial is under way */
    send_to(3, "two");
    assert_string_equal(script(), "dial 3@b; write a/1 two");
    closed('b', DTT_REASON_TIMEOUT); /* it fails: the next sign of wear makes another one */
    assert_string_equal(script(), "");
    worn('a', 'b');
    up('b');
    conns[0].unacked = 5;
    hear('a', 12, "2", false); /* the peer speaks on the old one still */
    send_to(3, "three");
    assert_string_equal(script(),
                        "dial 3@b; end a/1; hear 3 2; open b/2; topic 2; write b/2 three");
    hear('b', 8, "3", false);
    pass(DTT_LINKS_FRESH_NS);
    hear('b', 9, "4", false);
    event(DTT_QUIC_DATA, 'a', (struct dtt_quic_event){.stream = 12, .fin = true});
    hear('b', 10, "4", false); /* what we said on it may not have come */
    assert_string_equal(script(), "hear 3 3; hear 3 4; hear 3 4");
    conns[0].unacked = 0;
    hear('b', 13, "5", false);
    hear('b', 14, "6", false);
    assert_string_equal(script(), "hear 3 5; close a (worn); hear 3 6");
    closed('a', DTT_REASON_CLOSED_BY_US);
    worn('a', 'c'); /* too late to matter */
    assert_string_equal(script(), "");
}

/* A peer that does not hear us any more is dialled, and nothing is waited for on the old one. */
static void a_stranded_connection_is_replaced(void **state)
{
    (void)state;
    know(3, "a");
    send_to(3, "one");
    up('a');
    neighbor(3, 1);
    hear('a', 7, "1", true);
    conns[0].unacked = 5;
    script();
    tell(DTT_QUIC_STRANDED, 'a', 'b');
    assert_string_equal(script(), "dial 3@b");
    up('b');
    script();
    send_to(3, "two");
    assert_string_equal(script(), "open b/2; topic 2; write b/2 two");
    hear('b', 8, "2", false);
    assert_string_equal(script(), "hear 3 2; close a (moved)");
}

/* Both sides see the wear at once: two new connections, of which both use one each. */
static void both_may_replace_it(void **state)
{
    (void)state;
    know(3, "a");
    send_to(3, "one");
    up('a');
    neighbor(3, 1);
    hear('a', 7, "1", true);
    worn('a', 'b');
    script();
    accept_from(3, 'c');
    up('b');
    hear('a', 12, "2", true);
    send_to(3, "two");
    assert_string_equal(script(), "end a/1; hear 3 2; open b/2; topic 2; write b/2 two");
    hear('c', 8, "3", false); /* where the peer speaks */
    send_to(3, "three");
    assert_string_equal(script(), "hear 3 3; end b/2; open c/3; topic 3; write c/3 three");
    pass(DTT_LINKS_FRESH_NS);
    hear('c', 9, "4", false);
    assert_string_equal(script(), "hear 3 4; close a (worn)");
}

/* Both had dialled at once, and each has been speaking on the other's since. */
static void it_matters_where_the_peer_speaks(void **state)
{
    (void)state;
    know(3, "a");
    send_to(3, "one");
    up('a');
    neighbor(3, 1);
    hear('a', 7, "1", true);
    accept_from(3, 'b');
    script();
    worn('b', 'c'); /* the peer may be about to follow us */
    assert_string_equal(script(), "");
    pass(2 * DTT_LINKS_FRESH_NS);
    worn('b', 'c');
    assert_string_equal(script(), "dial 3@c");
    up('c');
    send_to(3, "two");
    assert_string_equal(script(), "end a/1; open c/2; topic 2; write c/2 two");
}

/* A stranger's connection ends when it is worn out. */
static void only_neighbors_are_worth_another_connection(void **state)
{
    (void)state;
    accept_from(3, 'a');
    worn('a', 'b');
    assert_string_equal(script(), "");
}

/* One over a relay that came after the direct one: what the peer says there may be under way, and
 * the end of its newest connection would be that of the link to a peer of iroh's. */
static void a_late_relayed_connection_is_not_closed_at_once(void **state)
{
    (void)state;
    know(3, "a");
    send_to(3, "one");
    up('a');
    neighbor(3, 1);
    conns['r' - 'a'].addr =
        dtt_addr_v6((const uint8_t[16]){0xfd, 0x15, 0x07, 0x0a, 0x51, 0x0b, [15] = 3}, 12345);
    accept_from(3, 'r');
    script();
    hear('a', 7, "1", false);
    assert_string_equal(script(), "hear 3 1");
    pass(DTT_LINKS_FRESH_NS);
    hear('a', 11, "2", false);
    assert_string_equal(script(), "hear 3 2; close r (worn)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_worn_connection_is_replaced),
        T(a_stranded_connection_is_replaced),
        T(both_may_replace_it),
        T(it_matters_where_the_peer_speaks),
        T(only_neighbors_are_worth_another_connection),
        T(a_late_relayed_connection_is_not_closed_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
