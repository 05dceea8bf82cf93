/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Transactions seen from the wire: spoofed, late and repeated answers, timeouts, errors. */
#include "dht/inside.h"

#include "support/vectors.h"

static struct dtt_ctx ctx;
static struct dtt_dht *d;
static struct dtt_now now;
static const struct dtt_addr peer = {.ip = {10, 0, 0, 1}, .port = 5, .family = DTT_FAMILY_V4};
static const uint8_t peer_id[20] = {0x80};

static int setup(void **state)
{
    struct dtt_dht_config cfg = {.has_v4 = true};
    (void)state;
    memset(&ctx, 0, sizeof(ctx));
    now = (struct dtt_now){.mono_ns = 50 * DTT_S};
    return dtt_dht_new(&d, &ctx, &cfg, now);
}

static int teardown(void **state)
{
    (void)state;
    dtt_dht_free(d);
    return 0;
}

static struct dtt_dht_packet sent;

/* The next query on the wire. */
static bool next_query(struct dtt_krpc *q)
{
    if (!dtt_dht_next_packet(d, &sent)) {
        return false;
    }
    assert_int_equal(dtt_krpc_decode(dtt_slice(sent.data, sent.len), q), 0);
    return true;
}

static void reply(const struct dtt_addr *from, struct dtt_slice t)
{
    uint8_t buf[400];
    uint8_t id[20];
    memcpy(id, peer_id, sizeof(id));
    id[19] = (uint8_t)(from->port - peer.port); /* each port another node */
    struct dtt_krpc m = {.type = DTT_KRPC_REPLY, .t = t, .id = dtt_slice(id, sizeof(id))};
    int len = dtt_krpc_encode(&m, buf, sizeof(buf));
    assert_int_equal(dtt_dht_recv(d, now, NULL, from, dtt_slice(buf, (size_t)len)), 0);
}

static dtt_dht_op ping(struct dtt_krpc *q)
{
    dtt_dht_op op;
    assert_int_equal(dtt_dht_ping(d, now, &peer, &op), 0);
    assert_true(next_query(q));
    return op;
}

static void advance(void)
{
    uint64_t at = dtt_dht_deadline(d);
    assert_true(at != DTT_NEVER && at > now.mono_ns);
    now.mono_ns = at;
    dtt_dht_tick(d, now);
}

static void test_answer(void **state)
{
    struct dtt_krpc q;
    struct dtt_dht_event e;
    (void)state;
    dtt_dht_op op = ping(&q);
    assert_int_equal(q.t.len, 4);
    now.mono_ns += 30 * DTT_MS;
    reply(&peer, q.t);
    assert_true(dtt_dht_next_event(d, &e));
    assert_int_equal(e.type, DTT_DHT_EV_READY);
    assert_true(dtt_dht_next_event(d, &e));
    assert_int_equal(e.type, DTT_DHT_EV_NODE);
    assert_int_equal(e.op, op);
    assert_int_equal(e.u.node.rtt_us, 30000);
    assert_memory_equal(e.u.node.id, peer_id, 20);
    assert_true(dtt_dht_next_event(d, &e));
    assert_int_equal(e.type, DTT_DHT_EV_DONE);
    assert_int_equal(e.u.done.status, 0);
    assert_false(dtt_dht_next_event(d, &e));
    assert_int_equal(d->tables[0].live, 1);
}

/* Nothing but the endpoint asked, with the id asked, changes anything. */
static void test_spoofed_answers(void **state)
{
    struct dtt_krpc q;
    struct dtt_dht_event e;
    struct dtt_addr other_port = peer, other_ip = peer;
    (void)state;
    ping(&q);
    other_port.port++;
    other_ip.ip[3]++;
    reply(&other_port, q.t);
    reply(&other_ip, q.t);
    uint8_t guess[4];
    memcpy(guess, q.t.data, 4);
    for (unsigned i = 0; i < 4096; i++) {
        guess[i % 4] = (uint8_t)(guess[i % 4] * 5 + i + 1);
        if (memcmp(guess, q.t.data, 4) != 0) {
            reply(&peer, dtt_slice(guess, 4));
        }
    }
    reply(&peer, dtt_slice(q.t.data, 3));
    assert_false(dtt_dht_next_event(d, &e));
    assert_int_equal(dtt_dht_live(d), 0);
    assert_int_equal(d->votes[0].n, 0);
    assert_int_equal(d->rtt.mean_ns, 0);
    assert_true(ctx.counters[DTT_COUNTER_DHT_RX_UNMATCHED] > 4000);
}

static void test_answer_counts_once(void **state)
{
    struct dtt_krpc q;
    (void)state;
    ping(&q);
    reply(&peer, q.t);
    reply(&peer, q.t);
    assert_int_equal(d->answered, 1);
}

static void test_timeout_and_one_retransmission(void **state)
{
    struct dtt_krpc q, again;
    struct dtt_dht_event e;
    (void)state;
    ping(&q);
    uint8_t first[4];
    memcpy(first, q.t.data, 4);
    advance();
    assert_true(next_query(&again));
    assert_memory_not_equal(again.t.data, first, 4);
    assert_false(dtt_dht_next_event(d, &e));
    advance();
    assert_false(next_query(&again));
    assert_true(dtt_dht_next_event(d, &e));
    assert_int_equal(e.u.done.status, DTT_ETIMEDOUT);
    assert_true(e.u.done.elapsed_ms <= 3000);
    while (d->txns.count > 0) {
        advance();
    }
    assert_int_equal(dtt_dht_live(d), 0);
}

/* Between soft timeout and giving up for good an answer is still the first one's. */
static void test_late_answer(void **state)
{
    struct dtt_krpc q, again;
    struct dtt_dht_event e;
    uint8_t first[4];
    (void)state;
    ping(&q);
    memcpy(first, q.t.data, 4);
    advance();
    assert_true(next_query(&again));
    reply(&peer, dtt_slice(first, 4));
    bool is_answered = false;
    while (dtt_dht_next_event(d, &e)) {
        is_answered |= e.type == DTT_DHT_EV_DONE && e.u.done.status == 0;
    }
    assert_true(is_answered);
}

static void test_unreachable_fails_at_once(void **state)
{
    struct dtt_krpc q;
    struct dtt_dht_event e;
    (void)state;
    ping(&q);
    dtt_dht_unreachable(d, now, &peer);
    assert_true(dtt_dht_next_event(d, &e));
    assert_int_equal(e.u.done.status, DTT_ETIMEDOUT);
    assert_int_equal(e.u.done.elapsed_ms, 0);
    assert_int_equal(d->txns.count, 0);
    dtt_dht_unreachable(d, now, &peer); /* nothing left to fail */
}

static void test_error_reply(void **state)
{
    uint8_t buf[100];
    struct dtt_krpc q;
    struct dtt_dht_event e;
    (void)state;
    ping(&q);
    struct dtt_krpc m = {
        .type = DTT_KRPC_ERROR, .t = q.t, .error = 201, .error_text = dtt_slice("no", 2)};
    int len = dtt_krpc_encode(&m, buf, sizeof(buf));
    assert_int_equal(dtt_dht_recv(d, now, NULL, &peer, dtt_slice(buf, (size_t)len)), 0);
    assert_true(dtt_dht_next_event(d, &e));
    assert_int_equal(e.u.done.status, DTT_EREFUSED);
    assert_int_equal(dtt_dht_live(d), 0); /* an error names no id */
}

static void test_timeouts_follow_the_round_trip(void **state)
{
    struct dtt_krpc q;
    struct dtt_dht_event e;
    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        ping(&q);
        now.mono_ns += 40 * DTT_MS;
        reply(&peer, q.t);
        while (next_query(&q) || dtt_dht_next_event(d, &e)) {
        }
    }
    ping(&q);
    uint64_t wait = dtt_timerq_deadline(&d->timers);
    assert_true(wait <= now.mono_ns + 150 * DTT_MS);
}

/* One steady node 250 ms away among others at 10 ms: its timeout comes from itself. */
static void test_a_known_node_has_a_timeout_of_its_own(void **state)
{
    struct dtt_krpc q;
    struct dtt_dht_event e;
    struct dtt_addr others = peer;
    dtt_dht_op op;
    (void)state;
    for (unsigned i = 0; i < 40; i++) {
        others.port = (uint16_t)(100 + i);
        assert_int_equal(dtt_dht_ping(d, now, i % 2 ? &peer : &others, &op), 0);
        assert_true(next_query(&q));
        now.mono_ns += i % 2 ? 250 * DTT_MS : 10 * DTT_MS;
        reply(&sent.to, q.t);
        while (next_query(&q) || dtt_dht_next_event(d, &e)) {
        }
    }
    ping(&q);
    now.mono_ns += 249 * DTT_MS;
    dtt_dht_tick(d, now);
    while (next_query(&q)) {
        assert_false(dtt_addr_eq(&sent.to, &peer));
    }
    now.mono_ns += 51 * DTT_MS;
    dtt_dht_tick(d, now);
    bool is_sent_again = false;
    while (next_query(&q)) {
        is_sent_again |= dtt_addr_eq(&sent.to, &peer) && q.method == DTT_KRPC_M_PING;
    }
    assert_true(is_sent_again);
}

static void test_arguments(void **state)
{
    dtt_dht_op op;
    struct dtt_addr six, port0 = peer;
    (void)state;
    port0.port = 0;
    assert_int_equal(dtt_addr_parse("[fd00::1]:1", &six), 0);
    assert_int_equal(dtt_dht_ping(d, now, &port0, &op), DTT_EINVAL);
    assert_int_equal(dtt_dht_ping(d, now, &six, &op), DTT_EINVAL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_answer),
        TEST(test_spoofed_answers),
        TEST(test_answer_counts_once),
        TEST(test_timeout_and_one_retransmission),
        TEST(test_late_answer),
        TEST(test_unreachable_fails_at_once),
        TEST(test_error_reply),
        TEST(test_timeouts_follow_the_round_trip),
        TEST(test_a_known_node_has_a_timeout_of_its_own),
        TEST(test_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
