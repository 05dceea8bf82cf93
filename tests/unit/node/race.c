/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Which addresses of a peer are tried, and when. */
#include "link_fakes.h"

static void addresses_are_tried_at_short_intervals(void **state)
{
    (void)state;
    know(3, "abcdef");
    send_to(3, "hello");
    assert_string_equal(script(), "dial 3@a");
    pass(DTT_RACE_STAGGER_NS - 1);
    assert_string_equal(script(), "");
    pass(1);
    assert_string_equal(script(), "dial 3@b");
    closed('a', DTT_REASON_REFUSED);
    assert_string_equal(script(), "dial 3@c");
    pass(DTT_RACE_STAGGER_NS);
    pass(DTT_RACE_STAGGER_NS);
    assert_string_equal(script(), "dial 3@d; dial 3@e");
    pass(DTT_S); /* four are under way */
    assert_string_equal(script(), "");
    assert_int_equal(dtt_links_deadline(&l), DTT_NEVER);
    closed('c', DTT_REASON_TIMEOUT);
    assert_string_equal(script(), "dial 3@f");
}

static void tell(unsigned peer, const char *letters)
{
    struct dtt_id id = id_of(peer);
    for (; *letters; letters++) {
        struct dtt_addr addr = addr_of(*letters);
        dtt_dials_name(&l, now, &id, &addr, 1);
    }
}

/* The first one is silent: those that are learnt meanwhile do not wait for it to fail. */
static void a_late_address_joins_the_race(void **state)
{
    (void)state;
    know(3, "a");
    send_to(3, "hello");
    pass(DTT_S);
    assert_string_equal(script(), "dial 3@a");
    tell(3, "ab");
    pass(DTT_RACE_STAGGER_NS - 1);
    assert_string_equal(script(), "");
    tell(3, "c"); /* does not put off the one that waits */
    pass(1);
    assert_string_equal(script(), "dial 3@b");
    pass(DTT_RACE_STAGGER_NS);
    assert_string_equal(script(), "dial 3@c");
    up('c');
    assert_string_equal(script(), "close b; close a; open c/1; topic 1; write c/1 hello");
    tell(3, "d"); /* there is no race any more */
    pass(DTT_S);
    assert_string_equal(script(), "");
    closed('c', DTT_REASON_TIMEOUT);
    assert_string_equal(script(), "gone 3 timeout");
}

/* Four silent addresses have the places of the race: each late one brings its own, up to eight. */
static void late_addresses_do_not_wait_for_silent_ones(void **state)
{
    (void)state;
    know(3, "abcd");
    send_to(3, "hello");
    for (int i = 0; i < 10; i++) {
        pass(DTT_RACE_STAGGER_NS);
    }
    assert_string_equal(script(), "dial 3@a; dial 3@b; dial 3@c; dial 3@d");
    tell(3, "efghijklmnopqrstuvwxyz");
    for (int i = 0; i < 30; i++) {
        pass(DTT_RACE_STAGGER_NS);
    }
    assert_string_equal(script(), "dial 3@e; dial 3@f; dial 3@g; dial 3@h");
    /* Sixteen take part in all; eight wait at a time, and what found no place is forgotten. */
    for (const char *letter = "abcdefghijkl"; *letter; letter++) {
        closed(*letter, DTT_REASON_TIMEOUT);
    }
    assert_string_equal(script(), "dial 3@i; dial 3@j; dial 3@k; dial 3@l; gone 3 timeout");
}

/* What was sent before the host's network came back may have gone nowhere. */
static void a_race_begins_anew_when_the_host_moved(void **state)
{
    (void)state;
    know(3, "ab");
    know(4, "c");
    send_to(3, "hello");
    send_to(4, "hello");
    pass(DTT_RACE_STAGGER_NS);
    assert_string_equal(script(), "dial 3@a; dial 4@c; dial 3@b");
    up('c');
    script();
    dtt_dials_moved(&l, now);
    assert_string_equal(script(), "close b; close a; dial 3@a");
    pass(DTT_RACE_STAGGER_NS);
    assert_string_equal(script(), "dial 3@b");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(addresses_are_tried_at_short_intervals),
        T(a_late_address_joins_the_race),
        T(late_addresses_do_not_wait_for_silent_ones),
        T(a_race_begins_anew_when_the_host_moved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
