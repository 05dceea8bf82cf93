/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/events.h"

#include "support/vectors.h"

static const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES];
static const struct dtt_now now = {.mono_ns = 1, .wall_ns = 1740000000123456789};

static void order_and_ownership(void **state)
{
    struct dtt_events q;
    uint8_t text[] = "hello";
    struct dtt_event ev = {.type = DTT_EVENT_MESSAGE};
    (void)state;
    dtt_events_init(&q, hash_key);
    assert_true(dtt_events_is_empty(&q));
    assert_null(dtt_events_next(&q));
    dtt_events_push(&q, now, &ev, dtt_slice(text, 5));
    memset(text, 'x', sizeof(text)); /* the queue keeps a copy */
    ev.type = DTT_EVENT_LEFT;
    dtt_events_push(&q, now, &ev, dtt_slice(NULL, 0));
    const struct dtt_event *got = dtt_events_next(&q);
    assert_int_equal(got->type, DTT_EVENT_MESSAGE);
    assert_int_equal(got->size, sizeof(*got));
    assert_int_equal(got->unix_ms, 1740000000123);
    assert_int_equal(got->u.message.len, 5);
    assert_memory_equal(got->u.message.data, "hello", 5);
    assert_int_equal(dtt_events_next(&q)->type, DTT_EVENT_LEFT);
    ev.type = DTT_EVENT_MESSAGE;
    memcpy(text, "hello", sizeof(text));
    ev.u.message.data = text + 1;
    ev.u.message.len = 3;
    dtt_events_push(&q, now, &ev, dtt_slice(text, 5));
    memset(text, 'x', sizeof(text));
    got = dtt_events_next(&q);
    assert_int_equal(got->u.message.len, 3);
    assert_memory_equal(got->u.message.data, "ell", 3);
    assert_int_equal(got->u.message.raw_len, 5);
    assert_memory_equal(got->u.message.raw, "hello", 5);
    assert_null(dtt_events_next(&q));
    dtt_events_fini(&q);
}

static void value_contents_lie_inside_v(void **state)
{
    struct dtt_events q;
    const uint8_t v[] = "3:abc";
    struct dtt_event ev = {.type = DTT_EVENT_DHT_VALUE};
    (void)state;
    dtt_events_init(&q, hash_key);
    ev.u.dht_value.v_len = 5;
    ev.u.dht_value.data = v + 2;
    ev.u.dht_value.data_len = 3;
    dtt_events_push(&q, now, &ev, dtt_slice(v, 5));
    const struct dtt_event *got = dtt_events_next(&q);
    assert_memory_equal(got->u.dht_value.v, "3:abc", 5);
    assert_ptr_equal(got->u.dht_value.data, got->u.dht_value.v + 2);
    dtt_events_fini(&q);
}

static void a_full_queue_tells_how_much_was_missed(void **state)
{
    struct dtt_events q;
    struct dtt_event ev = {.type = DTT_EVENT_MESSAGE};
    unsigned n = 0;
    (void)state;
    dtt_events_init(&q, hash_key);
    for (int i = 0; i < DTT_EVENTS_MAX + 12; i++) {
        dtt_events_push(&q, now, &ev, dtt_slice("x", 1));
    }
    while (dtt_events_next(&q)->type == DTT_EVENT_MESSAGE) {
        n++;
    }
    assert_int_equal(n, DTT_EVENTS_MAX);
    assert_int_equal(q.out.type, DTT_EVENT_LAGGED);
    assert_int_equal(q.out.u.lagged.missed, 12);
    assert_null(dtt_events_next(&q));
    dtt_events_fini(&q);
}

static void a_left_topic_is_not_pointed_at(void **state)
{
    struct dtt_events q;
    int here;
    dtt_topic *topic = (dtt_topic *)(void *)&here;
    struct dtt_event ev = {.type = DTT_EVENT_NEIGHBOR_UP, .topic = topic};
    (void)state;
    dtt_events_init(&q, hash_key);
    dtt_events_push(&q, now, &ev, dtt_slice(NULL, 0));
    dtt_events_forget_topic(&q, topic);
    assert_null(dtt_events_next(&q)->topic);
    dtt_events_push(&q, now, &ev, dtt_slice("y", 1)); /* freed with the queue */
    dtt_events_fini(&q);
}

static struct dtt_event message_of(uint8_t peer)
{
    struct dtt_event ev = {.type = DTT_EVENT_MESSAGE};
    ev.u.message.neighbor.bytes[0] = peer;
    return ev;
}

static bool is_held(const struct dtt_events *q, uint8_t peer)
{
    struct dtt_id id = {.bytes = {peer}};
    return dtt_events_holds(q, &id);
}

static void a_peer_with_many_events_is_held_back(void **state)
{
    struct dtt_events q;
    struct dtt_event ev = message_of(1);
    (void)state;
    dtt_events_init(&q, hash_key);
    for (int i = 0; i < DTT_EVENTS_A_PEER; i++) {
        assert_false(is_held(&q, 1));
        assert_int_equal(q.turns, 0);
        dtt_events_push(&q, now, &ev, dtt_slice("x", 1));
    }
    ev.type = DTT_EVENT_NEIGHBOR_DOWN; /* the others count as well */
    ev.u.neighbor.peer = (struct dtt_id){.bytes = {1}};
    dtt_events_push(&q, now, &ev, dtt_slice(NULL, 0));
    assert_true(is_held(&q, 1) && !is_held(&q, 2));
    assert_int_equal(q.turns, 1);
    for (int i = 0; i <= DTT_EVENTS_A_PEER / 2; i++) {
        assert_true(is_held(&q, 1));
        assert_non_null(dtt_events_next(&q));
    }
    assert_false(is_held(&q, 1));
    assert_int_equal(q.turns, 2);
    while (dtt_events_next(&q)) {
    }
    assert_int_equal(dtt_map_count(&q.peers), 0);
    dtt_events_fini(&q);
}

static void all_are_held_back_while_the_queue_is_nearly_full(void **state)
{
    struct dtt_events q;
    struct dtt_event put = {.type = DTT_EVENT_DHT_PUT};
    (void)state;
    dtt_events_init(&q, hash_key);
    for (int i = 0; i < DTT_EVENTS_MUCH; i++) {
        struct dtt_event ev = message_of((uint8_t)(i % 100));
        assert_false(is_held(&q, 200));
        dtt_events_push(&q, now, &ev, dtt_slice("x", 1));
    }
    assert_true(is_held(&q, 200));
    for (int i = DTT_EVENTS_MUCH; i < DTT_EVENTS_MAX; i++) {
        dtt_events_push(&q, now, &put, dtt_slice(NULL, 0));
    }
    assert_int_equal(q.missed, 0);
    while (q.ring.count > DTT_EVENTS_MAX / 2) {
        assert_true(is_held(&q, 200));
        assert_non_null(dtt_events_next(&q));
    }
    assert_false(is_held(&q, 200));
    dtt_events_fini(&q);
}

/* What has arrived when a topic is left is handed over, and nobody is held back; up to a bound. */
static void the_last_messages_have_room(void **state)
{
    struct dtt_events q;
    struct dtt_event ev = {.type = DTT_EVENT_MESSAGE};
    const struct dtt_event *got;
    unsigned n = 0;
    (void)state;
    dtt_events_init(&q, hash_key);
    for (int i = 0; i < DTT_EVENTS_MAX; i++) {
        dtt_events_push(&q, now, &ev, dtt_slice("x", 1));
    }
    assert_true(dtt_events_holds(&q, &ev.u.message.neighbor));
    uint32_t turns = q.turns;
    dtt_events_set_last(&q, true);
    assert_true(q.turns != turns);
    assert_false(dtt_events_holds(&q, &ev.u.message.neighbor));
    for (int i = DTT_EVENTS_MAX; i < DTT_EVENTS_LAST; i++) {
        dtt_events_push(&q, now, &ev, dtt_slice("x", 1));
    }
    assert_int_equal(q.missed, 0);
    dtt_events_push(&q, now, &ev, dtt_slice("x", 1));
    assert_int_equal(q.missed, 1);
    dtt_events_set_last(&q, false);
    assert_true(dtt_events_holds(&q, &ev.u.message.neighbor));
    dtt_events_push(&q, now, &ev, dtt_slice("x", 1));
    assert_int_equal(q.missed, 2);
    while ((got = dtt_events_next(&q)) != NULL && got->type == DTT_EVENT_MESSAGE) {
        n++;
    }
    assert_int_equal(n, DTT_EVENTS_LAST);
    assert_int_equal(got->u.lagged.missed, 2);
    assert_false(dtt_events_holds(&q, &ev.u.message.neighbor));
    dtt_events_fini(&q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_and_ownership),
        cmocka_unit_test(value_contents_lie_inside_v),
        cmocka_unit_test(a_full_queue_tells_how_much_was_missed),
        cmocka_unit_test(a_peer_with_many_events_is_held_back),
        cmocka_unit_test(all_are_held_back_while_the_queue_is_nearly_full),
        cmocka_unit_test(the_last_messages_have_room),
        cmocka_unit_test(a_left_topic_is_not_pointed_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
