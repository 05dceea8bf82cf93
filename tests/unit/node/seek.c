/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Neighbours behind NATs that are not heard. What a neighbour of both does for it: meet.c. */
#include "node/seek.h"

#include "link_fakes.h"

/* Peer 3 is a neighbour behind a NAT, connected at `a`. */
static void befriend(bool has_nat)
{
    if (has_nat) {
        behind_nat(3);
    }
    know(3, "a");
    send_to(3, "hello");
    up('a');
    hear('a', 3, "hello", false);
    neighbor(3, 1);
    pass(2 * DTT_BACKLOG_LOOK_NS);
    script();
}

/* What we say is not acknowledged. */
static void say_unheard(void)
{
    is_unread = true;
    send_to(3, "there?");
    is_unread = false;
    pass(DTT_BACKLOG_LOOK_NS);
}

/* Nothing has come from it for long, and its answer is due. */
static void fall_silent(void)
{
    conns[0].is_unheard = true;
    event(DTT_QUIC_SILENT, 'a', (struct dtt_quic_event){0});
}

static unsigned sought(void)
{
    struct dtt_id id;
    unsigned n = 0;
    while (dtt_seek_next(&l, &id)) {
        assert_int_equal(peer_of(&id), 3);
        n++;
    }
    return n;
}

static void learn(const char *letters)
{
    struct dtt_id id = id_of(3);
    know(3, letters);
    dtt_seek_learnt(&l, now, &id);
}

static void one_that_acknowledges_nothing_is_sought_now_and_then(void **state)
{
    unsigned n = 0;
    (void)state;
    befriend(true);
    assert_int_equal(sought(), 0);
    say_unheard();
    assert_int_equal(sought(), 1);
    for (int i = 0; i < 10; i++) {
        pass(DTT_S);
        n += sought();
    }
    assert_int_equal(n, 5);
    conns[0].unacked = 0;
    pass(DTT_S);
    pass(DTT_S);
    assert_int_equal(sought(), 0);
}

static void one_that_is_only_unheard_is_sought_too(void **state)
{
    (void)state;
    befriend(true);
    event(DTT_QUIC_SILENT, 'a', (struct dtt_quic_event){0}); /* it has come meanwhile */
    assert_int_equal(sought(), 0);
    fall_silent();
    assert_int_equal(sought(), 1);
    fall_silent();
    assert_int_equal(sought(), 0);
    pass(DTT_SEEK_AGAIN_NS);
    fall_silent();
    assert_int_equal(sought(), 1);
    accept_from(3, 'e'); /* it is heard on another connection */
    pass(DTT_SEEK_AGAIN_NS);
    fall_silent();
    assert_int_equal(sought(), 0);
}

static void one_without_a_nat_is_not_sought(void **state)
{
    (void)state;
    befriend(false);
    say_unheard();
    fall_silent();
    learn("n");
    assert_int_equal(sought(), 0);
    assert_string_equal(script(), "write a/1 there?");
}

static void who_is_no_neighbour_is_not_sought(void **state)
{
    (void)state;
    befriend(true);
    neighbor(3, -1);
    say_unheard();
    fall_silent();
    assert_int_equal(sought(), 0);
}

static void it_is_dialled_at_its_new_address(void **state)
{
    (void)state;
    befriend(true);
    learn("n");
    assert_string_equal(script(), ""); /* it is heard where it is */
    say_unheard();
    assert_non_null(strstr(script(), "dial 3@n")); /* that address was known before */
    learn("n");
    learn("na");
    assert_string_equal(script(), ""); /* one dial is under way */
    learn("o");
    assert_string_equal(script(), "close n; dial 3@o");
    assert_int_equal(dtt_link_find(&l, &(struct dtt_id){{3, 0, 1}})->n_conns, 1);
}

/* The old connection may come back until there is another one. */
static void the_new_connection_takes_the_place_of_the_old_one(void **state)
{
    (void)state;
    befriend(true);
    fall_silent();
    learn("n");
    assert_string_equal(script(), "dial 3@n");
    send_to(3, "one");
    assert_non_null(strstr(script(), "write a/"));
    up('n');
    send_to(3, "two");
    assert_non_null(strstr(script(), "write n/"));
    hear('n', 3, "hello", false);
    assert_non_null(strstr(script(), "close a (moved)"));
}

/* Both sides have dialled: each keeps the connection on which the other speaks. */
static void one_that_the_peer_has_made_meanwhile_is_kept(void **state)
{
    (void)state;
    befriend(true);
    fall_silent();
    pass(DTT_MS);
    learn("n");
    accept_from(3, 'e');
    hear('e', 3, "hello", false);
    script();
    up('n');
    send_to(3, "two");
    assert_non_null(strstr(script(), "write e/"));
    for (int i = 0; i < 30; i++) {
        pass(DTT_S);
        hear('n', 3, "hello", false);
        hear('e', 7, "hello", false);
    }
    const char *said_meanwhile = script();
    assert_null(strstr(said_meanwhile, "close e"));
    assert_null(strstr(said_meanwhile, "close n"));
    assert_non_null(strstr(said_meanwhile, "close a (moved)"));
}

static void a_dial_in_vain_leaves_the_old_connection(void **state)
{
    (void)state;
    befriend(true);
    fall_silent();
    learn("n");
    closed('n', DTT_REASON_TIMEOUT);
    assert_string_equal(script(), "dial 3@n");
    conns[0].is_unheard = false;
    hear('a', 3, "hello", false);
    send_to(3, "two");
    assert_non_null(strstr(script(), "write a/"));
}

static void where_it_has_knocked_it_is_dialled(void **state)
{
    struct dtt_id id = id_of(3);
    struct dtt_addr addr = addr_of('k');
    (void)state;
    befriend(true);
    dtt_seek_met(&l, now, &id, &addr);
    assert_string_equal(script(), "");
    fall_silent();
    dtt_seek_met(&l, now, &id, &addr);
    assert_string_equal(script(), "dial 3@k");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(one_that_acknowledges_nothing_is_sought_now_and_then),
        T(one_that_is_only_unheard_is_sought_too),
        T(one_without_a_nat_is_not_sought),
        T(who_is_no_neighbour_is_not_sought),
        T(it_is_dialled_at_its_new_address),
        T(the_new_connection_takes_the_place_of_the_old_one),
        T(one_that_the_peer_has_made_meanwhile_is_kept),
        T(a_dial_in_vain_leaves_the_old_connection),
        T(where_it_has_knocked_it_is_dialled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
