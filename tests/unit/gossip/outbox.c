/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "support/vectors.h"

#include "gossip/outbox.h"

static struct dtt_ctx ctx;
static struct dtt_gossip_outbox outbox;
static const struct dtt_gossip_port port = {
    .ctx = &ctx, .outbox = &outbox, .topic = {.bytes = {7}}};
static const struct dtt_id peer = {.bytes = {1}};

static int setup(void **state)
{
    (void)state;
    memset(&ctx, 0, sizeof(ctx));
    dtt_gossip_outbox_init(&outbox);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    dtt_gossip_outbox_fini(&outbox);
    return 0;
}

static void keeps_order(void **state)
{
    (void)state;
    struct dtt_gossip_outbox_item item;
    struct dtt_gossip_blob *b = dtt_gossip_blob_new(dtt_slice("xhello", 6));
    dtt_gossip_emit_up(&port, &peer);
    dtt_gossip_emit_received(&port, &peer, DTT_GOSSIP_NEIGHBORS, b, 1, 5);
    dtt_gossip_emit_peer_data(&port, &peer, b);
    dtt_gossip_emit_down(&port, &peer, DTT_REASON_CLOSED_BY_PEER);
    dtt_gossip_emit_disconnect(&port, &peer);
    dtt_gossip_blob_unref(b);
    assert_true(dtt_gossip_outbox_pop(&outbox, &item));
    assert_int_equal(item.type, DTT_GOSSIP_NEIGHBOR_UP);
    assert_int_equal(item.topic.bytes[0], 7);
    assert_true(dtt_gossip_id_eq(&item.peer, &peer));
    assert_true(dtt_gossip_outbox_pop(&outbox, &item));
    assert_int_equal(item.type, DTT_GOSSIP_RECEIVED);
    assert_int_equal(item.scope, DTT_GOSSIP_NEIGHBORS);
    assert_memory_equal(item.blob->data + item.skip, "hello", item.len);
    dtt_gossip_blob_unref(item.blob);
    assert_true(dtt_gossip_outbox_pop(&outbox, &item));
    assert_int_equal(item.type, DTT_GOSSIP_PEER_DATA);
    dtt_gossip_blob_unref(item.blob);
    assert_true(dtt_gossip_outbox_pop(&outbox, &item));
    assert_int_equal(item.reason, DTT_REASON_CLOSED_BY_PEER);
    assert_true(dtt_gossip_outbox_pop(&outbox, &item));
    assert_int_equal(item.type, DTT_GOSSIP_DISCONNECT);
    assert_false(dtt_gossip_outbox_pop(&outbox, &item));
}

static void marks_the_last_message(void **state)
{
    (void)state;
    struct dtt_gossip_outbox_item item;
    struct dtt_gossip_message m = {.type = DTT_MSG_PRUNE};
    assert_true(dtt_gossip_send(&port, &peer, &m));
    m.type = DTT_MSG_DISCONNECT;
    assert_true(dtt_gossip_send(&port, &peer, &m));
    assert_true(dtt_gossip_outbox_pop(&outbox, &item));
    assert_false(item.last);
    dtt_gossip_blob_unref(item.blob);
    assert_true(dtt_gossip_outbox_pop(&outbox, &item));
    assert_true(item.last);
    dtt_gossip_blob_unref(item.blob);
}

static void is_bounded(void **state)
{
    (void)state;
    struct dtt_gossip_message m = {.type = DTT_MSG_PRUNE};
    for (size_t i = 0; i < DTT_GOSSIP_ACTIONS_MAX; i++) {
        assert_int_equal(dtt_gossip_outbox_is_busy(&outbox), i > DTT_GOSSIP_ACTIONS_BUSY);
        assert_true(dtt_gossip_send(&port, &peer, &m));
    }
    assert_false(dtt_gossip_send(&port, &peer, &m));
    assert_int_equal(ctx.counters[DTT_COUNTER_GOSSIP_ACTIONS_DROPPED], 1);
}

static void refuses_what_fits_no_frame(void **state)
{
    (void)state;
    static uint8_t data[DTT_GOSSIP_PAYLOAD_MAX];
    struct dtt_gossip_message m = {
        .type = DTT_MSG_JOIN,
        .u.join.data = {.is_some = true, .bytes = dtt_slice(data, sizeof(data))}};
    assert_false(dtt_gossip_send(&port, &peer, &m));
    assert_int_equal(ctx.counters[DTT_COUNTER_GOSSIP_ACTIONS_DROPPED], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(keeps_order, setup, teardown),
        cmocka_unit_test_setup_teardown(marks_the_last_message, setup, teardown),
        cmocka_unit_test_setup_teardown(is_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(refuses_what_fits_no_frame, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
