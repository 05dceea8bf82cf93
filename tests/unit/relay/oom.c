/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A client of a relay whose allocations fail, one after another: it ends in order, and tries again.
 */
#include "support/oom.h"

#define PEER_MALLOC __real_malloc
#include "support/vectors.h"

#include "peer.h"

/* All that allocates: a connection, a long message, datagrams, pings. */
static void live(struct peer *p)
{
    static uint8_t message[4000] = {DTT_RELAY_SERVER_DATAGRAM};
    static const uint8_t ping[9] = {DTT_RELAY_PING};
    const struct dtt_id to = {.bytes = {1}};
    peer_upgrade(p, DTT_RELAY_PROTOCOL_V2);
    peer_say_message(p, "\x02", 1);
    peer_say_message(p, message, sizeof(message));
    (void)dtt_relay_send(p->relay, &to, 1200, dtt_slice(message, sizeof(message)));
    peer_say_message(p, ping, sizeof(ping));
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    for (long n = 1;; n++) {
        struct peer *p = peer_new();
        oom_arm(n);
        live(p);
        if (!oom_disarm()) {
            assert_int_equal(dtt_relay_state(p->relay), DTT_RELAY_STATE_OPEN);
            assert_true(n > 4);
            peer_free(p);
            return;
        }
        bool is_down = dtt_relay_state(p->relay) == DTT_RELAY_STATE_WAITING;
        assert_true(is_down || p->ctx.counters[DTT_COUNTER_RELAY_TX_DROPPED] == 1);
        assert_true(p->has_stream == !is_down);
        if (is_down) {
            p->out_len = 0;
            peer_tick(p, DTT_RELAY_RETRY_MAX_NS);
            live(p);
            assert_int_equal(dtt_relay_state(p->relay), DTT_RELAY_STATE_OPEN);
        }
        peer_free(p);
    }
}

static void none_is_made_without_memory(void **state)
{
    struct dtt_ctx ctx = {0};
    struct dtt_relay *r = NULL;
    uint8_t seed[DTT_SEED_BYTES] = {0};
    struct dtt_relay_config cfg = {.ctx = &ctx, .seed = seed, .authority = "a", .query = ""};
    (void)state;
    oom_arm(1);
    assert_int_equal(dtt_relay_new(&r, (struct dtt_now){0}, &cfg), DTT_ENOMEM);
    assert_true(oom_disarm());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_allocation_may_fail),
        cmocka_unit_test(none_is_made_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
