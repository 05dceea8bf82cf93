/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "link_fakes.h"

static void failure_is(unsigned peer, char letter, const char *stage, enum dtt_reason reason)
{
    struct dtt_dial_failure f;
    assert_true(dtt_dials_next_failure(&l, &f));
    assert_int_equal(peer_of(&f.peer), peer);
    assert_int_equal(f.addr.family ? f.addr.ip[3] : ' ', letter);
    assert_string_equal(f.stage, stage);
    assert_int_equal(f.reason, reason);
    assert_false(dtt_dials_next_failure(&l, &f));
}

static void a_lost_race_is_told_with_its_reason(void **state)
{
    static const struct {
        enum dtt_reason reason;
        const char *stage, *script;
    } cases[] = {
        {DTT_REASON_TIMEOUT, "connect", "dial 3@a; gone 3 timeout"},
        {DTT_REASON_UNREACHABLE, "connect", "dial 3@a; gone 3 unreachable"},
        {DTT_REASON_REFUSED, "handshake", "dial 3@a; gone 3 refused"},
        {DTT_REASON_WRONG_KEY, "handshake", "dial 3@a; gone 3 wrong_key"},
        {DTT_REASON_WRONG_ALPN, "handshake", "dial 3@a; gone 3 wrong_alpn"},
        {DTT_REASON_PROTOCOL_ERROR, "handshake", "dial 3@a; gone 3 protocol_error"},
    };
    (void)state;
    know(3, "a");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        send_to(3, "hello");
        closed('a', cases[i].reason);
        assert_string_equal(script(), cases[i].script);
        failure_is(3, 'a', cases[i].stage, cases[i].reason);
    }
}

static void a_dial_that_cannot_be_made_has_its_reason(void **state)
{
    static const struct {
        int error;
        enum dtt_reason reason;
    } cases[] = {{DTT_EFULL, DTT_REASON_LIMIT},
                 {DTT_EINVAL, DTT_REASON_SELF},
                 {DTT_ENOMEM, DTT_REASON_LOCAL}};
    struct dtt_id id = id_of(4);
    struct dtt_addr v6 = {.family = DTT_FAMILY_V6, .port = 5, .ip = {0x20, 1, 5}};
    (void)state;
    know(3, "ab");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        dial_error = cases[i].error;
        send_to(3, "hello");
        failure_is(3, 'b', "connect", cases[i].reason);
        script();
    }
    dial_error = DTT_OK;
    dtt_book_add(&l.book, now, &id, &v6, 1);
    send_to(4, "hello"); /* we have no socket of that family */
    assert_string_equal(script(), "gone 4 no_route");
}

static void an_address_is_looked_for(void **state)
{
    struct dtt_id id;
    (void)state;
    send_to(3, "hello");
    send_to(4, "hello");
    assert_true(dtt_dials_next_wanted(&l, false, &id));
    assert_int_equal(peer_of(&id), 3);
    assert_true(dtt_dials_next_wanted(&l, false, &id));
    assert_false(dtt_dials_next_wanted(&l, false, &id));
    located(3, false); /* nothing yet */
    assert_string_equal(script(), "");
    know(3, "a");
    located(3, false);
    located(3, true); /* too late to matter */
    assert_string_equal(script(), "dial 3@a");
    located(4, true);
    assert_string_equal(script(), "gone 4 unknown");
    failure_is(4, ' ', "address", DTT_REASON_NO_ADDRESS);
    send_to(5, "hello");
    accept_from(5, 'e'); /* it comes by itself */
    located(5, true);
    assert_string_equal(script(), "open e/1; topic 1; write e/1 hello");
}

/* There is no way to it but one that is not spoken here, and that is said. */
static void a_relay_alone_is_told(void **state)
{
    struct dtt_id id = id_of(3);
    (void)state;
    dtt_dials_relay(&l, now, &id, "https://relay.test./");
    dtt_dials_relay(&l, now, &id, ""); /* says nothing of the other one */
    send_to(3, "hello");
    assert_true(dtt_dials_next_wanted(&l, false, &id));
    located(3, true);
    assert_string_equal(script(), "gone 3 relay_only");
    failure_is(3, ' ', "address", DTT_REASON_RELAY_ONLY);
}

/* The end of a connection that nothing is known of must not end the search for an address. */
static void a_late_end_does_not_stop_the_search(void **state)
{
    (void)state;
    know(3, "ab");
    send_to(3, "hello");
    pass(DTT_RACE_STAGGER_NS);
    up('b');
    closed('b', DTT_REASON_TIMEOUT);
    dtt_book_fini(&l.book);
    dtt_book_init(&l.book, hash_key, &l.peers); /* its addresses made room for others' */
    send_to(3, "again");
    script();
    closed('a', DTT_REASON_CLOSED_BY_US);
    assert_string_equal(script(), "");
    know(3, "c");
    located(3, false);
    assert_string_equal(script(), "dial 3@c");
}

/* Peer `peer` is known at `letter` of a host of its own, and peer 9 named it. */
static void name(unsigned peer, uint8_t named_by)
{
    struct dtt_id id = id_of(peer), via = id_of(named_by);
    struct dtt_outflow_message m = {.topic = &red, .payload = dtt_slice("hello", 5)};
    dtt_links_send(&l, now, &id, &m, &via);
}

static void know_at(unsigned peer, uint8_t host, char letter)
{
    struct dtt_id id = id_of(peer);
    struct dtt_addr addr = dtt_addr_v4(198, 51, host, (uint8_t)letter, 2000);
    dtt_book_add(&l.book, now, &id, &addr, 1);
}

/* At one host with all that are known like this; the letter is in the port. */
static void know_at_one_host(unsigned peer, char letter)
{
    struct dtt_id id = id_of(peer);
    struct dtt_addr addr = dtt_addr_v4(198, 51, 1, 1, (uint16_t)(3000 + letter));
    dtt_book_add(&l.book, now, &id, &addr, 1);
}

static void dials_on_hearsay_have_a_share(void **state)
{
    struct dtt_id id = id_of(13);
    (void)state;
    for (uint8_t i = 0; i < 6; i++) {
        know_at(10 + i, i, (char)('a' + i));
        name(10 + i, 9);
    }
    assert_string_equal(script(), "dial 10@a; dial 11@b; dial 12@c; dial 13@d; gone 14 budget; "
                                  "gone 15 budget"); /* four that peer 9 named */
    assert_int_equal(conns[0].datagrams, 1);
    know_at(20, 20, 'm');
    name(20, 8);
    dtt_dials_unneeded(&l, now, &id);
    know_at(16, 16, 'g');
    name(16, 9);
    assert_string_equal(script(), "dial 20@m; close d; dial 16@g");
    for (uint8_t i = 21; i < 40; i++) {
        know_at(i, i, 'n');
        name(i, i / 4);
    }
    script();
    know_at(50, 50, 'z');
    name(50, 50);
    assert_string_equal(script(), "gone 50 budget"); /* sixteen in all */
}

/* A dial that finds no budget waits for it, or for an answer from that host. */
static void a_wanted_dial_waits_for_the_budget(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        know_at_one_host(3 + i, (char)('a' + i));
        send_to(3 + i, "hello");
    }
    assert_string_equal(script(), "dial 3@a; dial 4@b; dial 5@c");
    assert_int_equal(conns[0].datagrams, 4);
    assert_int_equal(conns[1].datagrams, 1);
    closed('a', DTT_REASON_TIMEOUT);
    script();
    pass(DTT_RACE_RETRY_NS);
    assert_string_equal(script(), "");
    event(DTT_QUIC_CLOSED, 'b', (struct dtt_quic_event){.reason = DTT_REASON_REFUSED});
    assert_string_equal(script(), "gone 4 refused");
    pass(DTT_RACE_RETRY_NS); /* somebody lives there */
    assert_string_equal(script(), "dial 6@d");
}

static void a_wanted_dial_ends_one_on_hearsay(void **state)
{
    (void)state;
    know_at(10, 200, 'a');
    name(10, 9);
    for (uint8_t i = 1; i < DTT_DIALS_MAX; i++) {
        know_at(20 + i, i, 'b');
        send_to(20 + i, "hello");
    }
    script();
    know_at(3, 201, 'c');
    send_to(3, "hello");
    assert_string_equal(script(), "close a; gone 10 budget; dial 3@c");
    know_at(4, 202, 'd');
    send_to(4, "hello");
    assert_string_equal(script(), "");
    closed('c', DTT_REASON_TIMEOUT);
    script();
    pass(DTT_RACE_RETRY_NS);
    assert_string_equal(script(), "dial 4@d");
}

static void others_name_no_ports_of_services_and_no_loopback(void **state)
{
    struct dtt_id id = id_of(3);
    struct dtt_addr addrs[] = {dtt_addr_v4(198, 51, 100, 'a', 53),
                               dtt_addr_v4(127, 0, 0, 'b', 2500),
                               dtt_addr_v4(198, 51, 100, 'c', 2500)};
    (void)state;
    dtt_dials_learn(&l, now, &id, addrs, 3);
    send_to(3, "hello");
    pass(DTT_RACE_STAGGER_NS);
    assert_string_equal(script(), "dial 3@c");
    l.nearest = DTT_SCOPE_LOOPBACK;
    dtt_dials_learn(&l, now, &id, addrs, 3);
    pass(DTT_RACE_STAGGER_NS);
    assert_string_equal(script(), "");
    dtt_dials_learn(&l, now, &id, addrs + 1, 1);
    pass(DTT_RACE_NEAR_NS);
    assert_string_equal(script(), "dial 3@b"); /* it has joined the race */
}

/* Some publish ::1 and 127/8 beside the address at which the world sees them. */
static void loopback_beside_a_global_address_is_not_meant(void **state)
{
    struct dtt_id id = id_of(3);
    struct dtt_addr addrs[] = {dtt_addr_v4(127, 0, 0, 'b', 2500),
                               dtt_addr_v4(198, 51, 100, 'c', 2500)};
    (void)state;
    l.nearest = DTT_SCOPE_LOOPBACK;
    dtt_dials_learn(&l, now, &id, addrs, 2);
    send_to(3, "hello");
    pass(10 * DTT_S);
    assert_string_equal(script(), "dial 3@c");
}

static void addresses_on_hearsay_are_looked_for_apart(void **state)
{
    struct dtt_id id;
    (void)state;
    name(3, 9);
    send_to(4, "hello");
    assert_true(dtt_dials_next_wanted(&l, false, &id));
    assert_int_equal(peer_of(&id), 4);
    assert_false(dtt_dials_next_wanted(&l, false, &id));
    assert_true(dtt_dials_next_wanted(&l, true, &id));
    assert_int_equal(peer_of(&id), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_lost_race_is_told_with_its_reason),
        T(a_dial_that_cannot_be_made_has_its_reason),
        T(an_address_is_looked_for),
        T(a_relay_alone_is_told),
        T(a_late_end_does_not_stop_the_search),
        T(dials_on_hearsay_have_a_share),
        T(a_wanted_dial_waits_for_the_budget),
        T(a_wanted_dial_ends_one_on_hearsay),
        T(others_name_no_ports_of_services_and_no_loopback),
        T(loopback_beside_a_global_address_is_not_meant),
        T(addresses_on_hearsay_are_looked_for_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
