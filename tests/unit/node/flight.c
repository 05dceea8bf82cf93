/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "support/vectors.h"

#include "node/flight.h"

/* One connection, 1, with two streams. */
static uint64_t written[2], acked[2];

static bool progress(const struct dtt_quic *t, dtt_quic_conn conn, int64_t stream,
                     uint64_t *ret_written, uint64_t *ret_acked)
{
    (void)t;
    if (conn != 1) {
        return false;
    }
    *ret_written = written[stream];
    *ret_acked = acked[stream];
    return true;
}

static const struct dtt_transport_ops ops = {.progress = progress};
static const struct dtt_transport transport = {.ops = &ops};
static struct dtt_ctx ctx;

struct sky {
    struct dtt_gossip_tally *tally;
    struct dtt_flight flight;
};

static void setup(struct sky *s)
{
    memset(written, 0, sizeof(written));
    memset(acked, 0, sizeof(acked));
    s->tally = dtt_gossip_tally_new(&ctx);
    dtt_flight_init(&s->flight);
}

/* Ten bytes of our own on a stream, kept by nobody but the flight. */
static void write_on(struct sky *s, int64_t stream)
{
    struct dtt_gossip_blob *b = dtt_gossip_blob_new(dtt_slice("0123456789", 10));
    dtt_gossip_blob_count(b, s->tally);
    written[stream] += 10;
    assert_int_equal(dtt_flight_add(&s->flight, &transport, 1, stream, b), DTT_OK);
    dtt_gossip_blob_unref(b);
}

static void teardown(struct sky *s, bool is_short)
{
    assert_int_equal(dtt_flight_fini(&s->flight), is_short);
    dtt_gossip_tally_unref(s->tally);
}

static void is_held_until_acknowledged(void **state)
{
    (void)state;
    struct sky s;
    setup(&s);
    write_on(&s, 0);
    write_on(&s, 0);
    acked[0] = 9;
    dtt_flight_settle(&s.flight, &transport, 1);
    assert_int_equal(s.tally->messages, 2);
    acked[0] = 10;
    dtt_flight_settle(&s.flight, &transport, 1);
    assert_int_equal(s.tally->messages, 1);
    acked[0] = UINT64_MAX; /* the stream has ended well */
    dtt_flight_settle(&s.flight, &transport, 1);
    assert_int_equal(s.tally->messages, 0);
    assert_int_equal(s.tally->lost, 0);
    teardown(&s, false);
}

static void a_stream_does_not_vouch_for_another(void **state)
{
    (void)state;
    struct sky s;
    setup(&s);
    write_on(&s, 0);
    write_on(&s, 1);
    acked[1] = 10;
    dtt_flight_settle(&s.flight, &transport, 1);
    assert_int_equal(s.tally->messages, 2); /* the one behind waits */
    dtt_flight_stop(&s.flight, 0);
    assert_int_equal(s.tally->lost, 1);
    dtt_flight_settle(&s.flight, &transport, 1);
    assert_int_equal(s.tally->messages, 0);
    assert_int_equal(s.tally->lost, 1);
    teardown(&s, false);
}

static void the_end_of_the_connection_loses_the_rest(void **state)
{
    (void)state;
    struct sky s;
    setup(&s);
    write_on(&s, 0);
    write_on(&s, 0);
    acked[0] = 10;
    dtt_flight_settle(&s.flight, &transport, 1);
    dtt_flight_settle(&s.flight, &transport, 2); /* not known: says nothing */
    assert_int_equal(s.tally->messages, 1);
    assert_true(dtt_flight_fini(&s.flight));
    assert_int_equal(s.tally->lost, 1);
    dtt_flight_init(&s.flight);
    teardown(&s, false);
}

/* A goodbye overtakes acknowledgements; only who ends the connection, too, has read what it tells.
 */
static void who_left_may_still_acknowledge(void **state)
{
    (void)state;
    struct sky s;
    struct dtt_now now = {.mono_ns = DTT_S};
    setup(&s);
    write_on(&s, 0);
    write_on(&s, 0);
    write_on(&s, 1);
    dtt_flight_part(&s.flight, now, 0);
    now.mono_ns += DTT_FLIGHT_PART_NS - 1;
    acked[0] = 10;
    dtt_flight_settle(&s.flight, &transport, 1);
    assert_true(dtt_flight_over(&s.flight, now));
    assert_int_equal(s.tally->messages, 3);
    dtt_flight_end(&s.flight, &transport, 1);
    assert_int_equal(s.tally->messages, 2);
    assert_int_equal(s.tally->lost, 0);
    now.mono_ns++;
    assert_false(dtt_flight_over(&s.flight, now));
    assert_int_equal(s.tally->messages, 1);
    assert_int_equal(s.tally->lost, 1);
    teardown(&s, true);
}

static void is_bounded(void **state)
{
    (void)state;
    struct sky s;
    struct dtt_gossip_blob *b = dtt_gossip_blob_new(dtt_slice("x", 1));
    setup(&s);
    for (int i = 0; i < DTT_FLIGHT_MAX; i++) {
        written[0]++;
        assert_int_equal(dtt_flight_add(&s.flight, &transport, 1, 0, b), DTT_OK);
    }
    assert_int_equal(dtt_flight_add(&s.flight, &transport, 1, 0, b), DTT_EFULL);
    assert_int_equal(dtt_flight_add(&s.flight, &transport, 2, 0, b), DTT_ECLOSED);
    dtt_gossip_blob_unref(b);
    teardown(&s, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_held_until_acknowledged),
        cmocka_unit_test(a_stream_does_not_vouch_for_another),
        cmocka_unit_test(the_end_of_the_connection_loses_the_rest),
        cmocka_unit_test(who_left_may_still_acknowledge),
        cmocka_unit_test(is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
