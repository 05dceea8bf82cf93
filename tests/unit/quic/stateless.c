/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Datagrams that belong to no connection, and what is answered. */
#include "quic/stateless.h"

#include "net.h"
#include "support/vectors.h"

static struct dtt_ctx ctx;
static struct dtt_quic *q;
static struct dtt_now now;
static struct dtt_addr here;
static struct dtt_addr there;

static int setup(void **state)
{
    struct dtt_quic_config cfg = {.seed = {1}, .alpn = "x"};
    (void)state;
    memset(&ctx, 0, sizeof(ctx));
    now = (struct dtt_now){.mono_ns = 5 * DTT_S};
    here = dtt_addr_v4(10, 0, 0, 1, 1);
    there = dtt_addr_v4(10, 0, 0, 2, 2);
    return dtt_quic_new(&q, &ctx, &cfg, now);
}

static int teardown(void **state)
{
    (void)state;
    dtt_quic_free(q);
    return 0;
}

/* What `q` answers to a datagram; an empty slice when nothing. */
static struct dtt_slice answer_to(const uint8_t *data, size_t len)
{
    struct dtt_quic_packet p;
    struct dtt_quic_packet none;
    dtt_quic_recv(q, now, &here, &there, 2, dtt_slice(data, len));
    if (!dtt_quic_next_packet(q, now, &p)) {
        return dtt_slice(NULL, 0);
    }
    assert_true(dtt_addr_eq(&p.local, &here) && dtt_addr_eq(&p.remote, &there));
    assert_int_equal(p.ecn, 0);
    assert_int_equal(p.segment, p.data.len);
    static uint8_t copy[2048];
    assert_true(p.data.len <= sizeof(copy));
    memcpy(copy, p.data.data, p.data.len);
    struct dtt_slice got = dtt_slice(copy, p.data.len);
    assert_false(dtt_quic_next_packet(q, now, &none));
    return got;
}

/* A long header with both ids, and nothing sensible after it. */
static void long_packet(uint8_t *out, size_t len, uint8_t first, uint32_t version)
{
    memset(out, 0, len);
    out[0] = first;
    dtt_put_be32(out + 1, version);
    out[5] = 8;
    memcpy(out + 6, "dcid-abc", 8);
    out[14] = 8;
    memcpy(out + 15, "scid-xyz", 8);
}

static void negotiates_versions(void **state)
{
    (void)state;
    uint8_t p[1200];
    const uint32_t foreign[] = {0x6b3343cf /* v2, RFC 9369 */, 0x0a0a0a0a, 0xff00001d, 2};
    for (size_t i = 0; i < 4; i++) {
        long_packet(p, sizeof(p), 0xc3, foreign[i]);
        struct dtt_slice got = answer_to(p, sizeof(p));
        assert_int_equal(got.len, 1 + 4 + 1 + 8 + 1 + 8 + 4); /* RFC 8999, section 6 */
        assert_true(got.data[0] & 0x80);
        assert_int_equal(dtt_get_be32(got.data + 1), 0);
        assert_memory_equal(got.data + 6, "scid-xyz", 8);
        assert_memory_equal(got.data + 15, "dcid-abc", 8);
        assert_int_equal(dtt_get_be32(got.data + 23), 1);
        assert_int_equal(answer_to(p, sizeof(p) - 1).len, 0);
    }
    long_packet(p, sizeof(p), 0xc3, 0);
    assert_int_equal(answer_to(p, sizeof(p)).len, 0);
    assert_int_equal(ctx.counters[DTT_COUNTER_QUIC_TX_VERSIONS], 4);
}

/* RFC 8999 allows ids of 255 bytes in versions to come; the answer has a maximum. */
static void survives_long_ids_of_other_versions(void **state)
{
    (void)state;
    uint8_t p[1200];
    memset(p, 0xee, sizeof(p));
    p[0] = 0xc0;
    p[5] = 255;
    p[6 + 255] = 255;
    assert_int_equal(answer_to(p, sizeof(p)).len, 0);
    p[5] = 100;
    p[6 + 100] = 100;
    assert_int_equal(answer_to(p, sizeof(p)).len, 1 + 4 + 1 + 100 + 1 + 100 + 4);
}

static void keeps_nothing_of_garbage(void **state)
{
    (void)state;
    uint8_t p[1200];
    for (unsigned first = 0x80; first < 0x100; first++) {
        long_packet(p, sizeof(p), (uint8_t)first, 1);
        assert_int_equal(answer_to(p, sizeof(p)).len, 0);
        assert_int_equal(answer_to(p, 50).len, 0);
        assert_int_equal(ctx.counters[DTT_COUNTER_QUIC_ACCEPTED],
                         ctx.counters[DTT_COUNTER_QUIC_ACCEPTS_FAILED]);
    }
    assert_true(dtt_quic_deadline(q) == DTT_NEVER);
}

static void resets_unknown_connections(void **state)
{
    (void)state;
    uint8_t p[100] = {0x40, 'x', 'y', 'z', 'x', 'y', 'z', 'x', 'y', 1, 2, 3};
    uint8_t token[2][NGTCP2_STATELESS_RESET_TOKENLEN];
    for (size_t len = 0; len <= sizeof(p); len++) {
        struct dtt_slice got = answer_to(p, len);
        assert_int_equal(got.len, len >= 22 ? 21 : 0);
        if (got.len) {
            assert_int_equal(got.data[0] & 0xc0, 0x40);
            memcpy(token[len % 2], got.data + 5, sizeof(token[0]));
        }
    }
    assert_memory_equal(token[0], token[1], sizeof(token[0]));
    assert_int_equal(ctx.counters[DTT_COUNTER_QUIC_TX_RESETS], 100 - 22 + 1);
    /* No id of ours begins with a digit. */
    p[1] = '5';
    assert_int_equal(answer_to(p, sizeof(p)).len, 0);
    /* Nor does a reset cause a reset. */
    struct dtt_slice reset;
    p[1] = 'x';
    reset = answer_to(p, sizeof(p));
    assert_int_equal(answer_to(reset.data, reset.len).len, 0);
}

static void answers_a_flood_sparingly(void **state)
{
    (void)state;
    uint8_t p[30] = {0x40, 'x'};
    struct dtt_quic_packet out;
    unsigned answers = 0;
    for (int round = 0; round < 100; round++) {
        for (int i = 0; i < 100; i++) {
            dtt_quic_recv(q, now, &here, &there, 0, dtt_slice(p, sizeof(p)));
        }
        while (dtt_quic_next_packet(q, now, &out)) {
            answers++;
        }
    }
    assert_int_equal(answers, DTT_QSTATELESS_OTHERS);
    assert_int_equal(ctx.counters[DTT_COUNTER_QUIC_REPLIES_DROPPED], 10000 - answers);
    now.mono_ns += 100 * DTT_MS;
    for (int i = 0; i < 1000; i++) {
        dtt_quic_recv(q, now, &here, &there, 0, dtt_slice(p, sizeof(p)));
    }
    while (dtt_quic_next_packet(q, now, &out)) {
        answers++;
    }
    assert_int_equal(answers, DTT_QSTATELESS_OTHERS + DTT_QSTATELESS_OTHERS / 10);
}

static void refuses_addresses_without_family(void **state)
{
    (void)state;
    uint8_t p[30] = {0x40, 'x'};
    const struct dtt_addr none = {0};
    struct dtt_addr no_port = there;
    struct dtt_quic_packet out;
    no_port.port = 0;
    dtt_quic_recv(q, now, &none, &there, 0, dtt_slice(p, sizeof(p)));
    dtt_quic_recv(q, now, &here, &none, 0, dtt_slice(p, sizeof(p)));
    dtt_quic_recv(q, now, &here, &no_port, 0, dtt_slice(p, sizeof(p)));
    dtt_quic_recv(q, now, &here, &there, 0, dtt_slice(NULL, 0));
    assert_false(dtt_quic_next_packet(q, now, &out));
    assert_int_equal(ctx.counters[DTT_COUNTER_QUIC_RX_DROPPED], 4);
}

/* ---- Retry */

struct kept {
    struct net_packet initial; /**< the first Initial packet with a token */
    bool has_token;
    unsigned retries;
};

static bool keep_tokens(void *user, struct net_packet *p)
{
    struct kept *k = user;
    ngtcp2_pkt_hd hd;
    if ((p->data[0] & 0xf0) == 0xf0) {
        k->retries++;
    }
    if (!k->has_token && ngtcp2_accept(&hd, p->data, p->len) == 0 && dtt_ng_token(&hd).len > 0) {
        k->initial = *p;
        k->has_token = true;
    }
    return true;
}

static void binds_tokens_to_address_and_time(void **state)
{
    (void)state;
    struct net n;
    struct kept kept = {0};
    struct dtt_quic_config cfg = {.max_strangers = 16};
    net_init(&n, 1);
    struct net_node *hub = net_add(&n, &cfg);
    struct net_node *flood = net_add(&n, NULL);
    struct net_node *good = net_add(&n, NULL);
    uint64_t *metrics = hub->ctx.counters;
    n.filter = keep_tokens;
    n.user = &kept;
    flood->is_deaf = true;
    for (int i = 0; i < 2; i++) {
        net_dial(&n, flood, hub);
    }
    net_run(&n, 100 * DTT_MS);
    dtt_quic_conn c = net_dial(&n, good, hub);
    net_run(&n, DTT_S);
    assert_non_null(net_event(good, DTT_QUIC_CONNECTED, c));
    assert_int_equal(kept.retries, 1);
    assert_true(kept.has_token);
    assert_int_equal(metrics[DTT_COUNTER_QUIC_TOKENS_REFUSED], 0);

    /* Its connection id is in use as long as the connection is: nothing comes of a replay. */
    net_inject(&n, &good->addr, &hub->addr, dtt_slice(kept.initial.data, kept.initial.len));
    net_run(&n, DTT_MS);
    assert_int_equal(metrics[DTT_COUNTER_QUIC_TOKENS_REFUSED], 0);
    dtt_quic_close(good->q, n.now, c, 0, "");
    net_run(&n, 3 * DTT_S);
    size_t open = net_live(hub);

    /* From another address. */
    net_inject(&n, &flood->addr, &hub->addr, dtt_slice(kept.initial.data, kept.initial.len));
    net_run(&n, DTT_MS);
    assert_int_equal(metrics[DTT_COUNTER_QUIC_TOKENS_REFUSED], 1);
    /* With one byte of the token changed. */
    struct net_packet bad = kept.initial;
    ngtcp2_pkt_hd hd;
    assert_int_equal(ngtcp2_accept(&hd, bad.data, bad.len), 0);
    bad.data[(size_t)(dtt_ng_token(&hd).data - bad.data) + 5] ^= 1;
    net_inject(&n, &good->addr, &hub->addr, dtt_slice(bad.data, bad.len));
    net_run(&n, DTT_MS);
    assert_int_equal(metrics[DTT_COUNTER_QUIC_TOKENS_REFUSED], 2);
    assert_int_equal(net_live(hub), open);
    /* Too late. */
    net_run(&n, 10 * DTT_S);
    net_inject(&n, &good->addr, &hub->addr, dtt_slice(kept.initial.data, kept.initial.len));
    net_run(&n, DTT_MS);
    assert_int_equal(metrics[DTT_COUNTER_QUIC_TOKENS_REFUSED], 3);
    net_fini(&n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(negotiates_versions, setup, teardown),
        cmocka_unit_test_setup_teardown(survives_long_ids_of_other_versions, setup, teardown),
        cmocka_unit_test_setup_teardown(keeps_nothing_of_garbage, setup, teardown),
        cmocka_unit_test_setup_teardown(resets_unknown_connections, setup, teardown),
        cmocka_unit_test_setup_teardown(answers_a_flood_sparingly, setup, teardown),
        cmocka_unit_test_setup_teardown(refuses_addresses_without_family, setup, teardown),
        cmocka_unit_test(binds_tokens_to_address_and_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
