/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Two transports on a wire that loses what a test wants lost. */
#include "sim/plain.h"

#include "crypto/ed25519.h"
#include "sim/channel.h"
#include "support/vectors.h"

#define T (&dtt_sim_plain)

struct end {
    struct dtt_ctx ctx;
    struct dtt_quic *t;
    struct dtt_id id;
    struct dtt_addr addr;
    dtt_quic_conn conn;
    bool is_connected, is_closed, is_fin;
    enum dtt_reason reason;
    size_t n;
    uint8_t heard[700000];
};

struct pair {
    struct end a, b;
    struct dtt_now now;
    unsigned lose_every; /* 0: nothing; else each such datagram */
    bool is_cut;
    bool is_b_mute; /* takes no events */
    unsigned sent;
};

static void no_sink(void *user, const struct dtt_trace_record *rec)
{
    (void)user;
    (void)rec;
}

static void end_open(struct end *e, uint8_t number, struct dtt_now now)
{
    struct dtt_quic_config cfg = {.idle_timeout_ns = 15 * DTT_S, .keep_alive_ns = 5 * DTT_S};
    memset(e, 0, sizeof(*e));
    cfg.seed[0] = e->ctx.seed[0] = number;
    e->ctx.trace.sink = no_sink;
    e->addr = dtt_addr_v4(1, 1, 1, number, 1000);
    dtt_ed25519_public_key(e->id.bytes, cfg.seed);
    assert_int_equal(T->open(&e->t, &e->ctx, &cfg, now), DTT_OK);
}

static void setup(struct pair *p)
{
    memset(p, 0, sizeof(*p));
    p->now = (struct dtt_now){.mono_ns = DTT_S};
    end_open(&p->a, 1, p->now);
    end_open(&p->b, 2, p->now);
}

static void teardown(struct pair *p)
{
    T->free(p->a.t);
    T->free(p->b.t);
}

static void take_events(struct end *e)
{
    struct dtt_quic_event ev;
    while (T->next_event(e->t, &ev)) {
        switch (ev.type) {
        case DTT_QUIC_CONNECTED:
            e->is_connected = true;
            e->conn = ev.conn;
            break;
        case DTT_QUIC_CLOSED:
            e->is_closed = true;
            e->reason = ev.reason;
            break;
        case DTT_QUIC_DATA:
            assert_true(e->n + ev.data.len <= sizeof(e->heard));
            if (ev.data.len > 0) {
                memcpy(e->heard + e->n, ev.data.data, ev.data.len);
            }
            e->n += ev.data.len;
            e->is_fin |= ev.fin;
            break;
        default: break;
        }
    }
}

static bool carry(struct pair *p, struct end *from, struct end *to)
{
    struct dtt_quic_packet packet;
    if (!T->next_packet(from->t, p->now, &packet)) {
        return false;
    }
    p->sent++;
    assert_int_not_equal(packet.data.data[0], 'd');
    if (!p->is_cut && (p->lose_every == 0 || p->sent % p->lose_every != 0) &&
        dtt_addr_eq(&packet.remote, &to->addr)) {
        T->recv(to->t, p->now, &to->addr, &from->addr, 0, packet.data);
    }
    return true;
}

/* Runs for some time, from timer to timer; datagrams take no time. */
static void run(struct pair *p, uint64_t ns)
{
    uint64_t end = p->now.mono_ns + ns;
    for (;;) {
        while (carry(p, &p->a, &p->b) || carry(p, &p->b, &p->a)) {
        }
        take_events(&p->a);
        if (!p->is_b_mute) {
            take_events(&p->b);
        }
        uint64_t t = dtt_min_ns(T->deadline(p->a.t), T->deadline(p->b.t));
        if (t > end) {
            p->now.mono_ns = end;
            return;
        }
        p->now.mono_ns = t > p->now.mono_ns ? t : p->now.mono_ns;
        T->tick(p->a.t, p->now);
        T->tick(p->b.t, p->now);
    }
}

static void dial(struct pair *p)
{
    assert_int_equal(T->dial(p->a.t, p->now, &p->b.id, &p->a.addr, &p->b.addr, &p->a.conn), DTT_OK);
}

/* 60,000 bytes with a pattern arrive whole, in order and once. */
static void send_much(struct pair *p)
{
    uint8_t block[3000];
    int64_t stream;
    assert_int_equal(T->open_uni(p->a.t, p->a.conn, &stream), DTT_OK);
    for (unsigned i = 0; i < 20; i++) {
        for (unsigned k = 0; k < sizeof(block); k++) {
            block[k] = (uint8_t)(i * 7 + k / 5);
        }
        assert_int_equal(
            T->write(p->a.t, p->a.conn, stream, dtt_slice(block, sizeof(block)), i == 19), DTT_OK);
    }
    assert_int_equal(T->write(p->a.t, p->a.conn, 99, dtt_slice(block, 0), false), DTT_OK);
    assert_true(T->unacked(p->a.t, p->a.conn) > 60000);
    run(p, 120 * DTT_S);
    assert_int_equal(p->b.n, 60000);
    assert_true(p->b.is_fin);
    for (unsigned i = 0; i < 60000; i++) {
        assert_int_equal(p->b.heard[i], (uint8_t)(i / 3000 * 7 + i % 3000 / 5));
    }
    assert_int_equal(T->unacked(p->a.t, p->a.conn), 0);
}

static void carries_streams(void **state)
{
    static struct pair p;
    (void)state;
    setup(&p);
    dial(&p);
    run(&p, DTT_MS);
    assert_true(p.a.is_connected);
    assert_true(p.b.is_connected);
    send_much(&p);
    assert_false(p.a.is_closed || p.b.is_closed);
    teardown(&p);
}

/* Who takes no events gets a window full, and the rest once it takes them. */
static void waits_for_who_does_not_read(void **state)
{
    static struct pair p;
    static const uint8_t block[10000];
    int64_t stream;
    (void)state;
    setup(&p);
    dial(&p);
    run(&p, DTT_MS);
    p.is_b_mute = true;
    assert_int_equal(T->open_uni(p.a.t, p.a.conn, &stream), DTT_OK);
    size_t written = 0;
    for (int err = DTT_OK; err == DTT_OK; written += err ? 0 : sizeof(block)) {
        err = T->write(p.a.t, p.a.conn, stream, dtt_slice(block, sizeof(block)), false);
        run(&p, DTT_S);
        assert_true(written < 1000000);
    }
    assert_true(T->unacked(p.a.t, p.a.conn) > DTT_SIM_CHANNEL_WINDOW / 2);
    p.b.n = 0;
    p.is_b_mute = false;
    for (size_t got = 0; got < written; p.b.n = 0) {
        run(&p, 10 * DTT_MS);
        got += p.b.n;
    }
    run(&p, 10 * DTT_S);
    assert_int_equal(T->unacked(p.a.t, p.a.conn), 0);
    teardown(&p);
}

static void survives_loss(void **state)
{
    static struct pair p;
    (void)state;
    for (unsigned every = 3; every < 9; every++) {
        setup(&p);
        p.lose_every = every;
        dial(&p);
        run(&p, 9 * DTT_S);
        assert_true(p.a.is_connected);
        send_much(&p);
        teardown(&p);
    }
}

static void ends_in_the_ways_of_quic(void **state)
{
    static struct pair p;
    struct dtt_id other = {{9}};
    (void)state;
    /* Idle when the path is cut. */
    setup(&p);
    dial(&p);
    run(&p, DTT_S);
    p.is_cut = true;
    run(&p, 13 * DTT_S);
    assert_false(p.a.is_closed);
    run(&p, 3 * DTT_S);
    assert_true(p.a.is_closed && p.b.is_closed);
    assert_int_equal(p.a.reason, DTT_REASON_TIMEOUT);
    teardown(&p);
    /* Nobody there. */
    setup(&p);
    p.is_cut = true;
    dial(&p);
    run(&p, 11 * DTT_S);
    assert_true(p.a.is_closed);
    assert_int_equal(p.a.reason, DTT_REASON_TIMEOUT);
    teardown(&p);
    /* Somebody else there; and ourselves. */
    setup(&p);
    assert_int_equal(T->dial(p.a.t, p.now, &p.a.id, &p.a.addr, &p.b.addr, &p.a.conn), DTT_EINVAL);
    assert_int_equal(T->dial(p.a.t, p.now, &other, &p.a.addr, &p.b.addr, &p.a.conn), DTT_OK);
    run(&p, DTT_S);
    assert_int_equal(p.a.reason, DTT_REASON_WRONG_KEY);
    assert_false(p.b.is_connected);
    teardown(&p);
    /* A goodbye. */
    setup(&p);
    dial(&p);
    run(&p, DTT_S);
    T->close(p.a.t, p.now, p.a.conn, 0, "");
    run(&p, DTT_S);
    assert_int_equal(p.a.reason, DTT_REASON_CLOSED_BY_US);
    assert_int_equal(p.b.reason, DTT_REASON_CLOSED_BY_PEER);
    assert_int_equal(T->write(p.a.t, p.a.conn, 0, dtt_slice("x", 1), false), DTT_ECLOSED);
    teardown(&p);
    /* A restart: the new life knows nothing of the connection. */
    setup(&p);
    dial(&p);
    run(&p, DTT_S);
    T->free(p.b.t);
    end_open(&p.b, 2, p.now);
    run(&p, 6 * DTT_S);
    assert_true(p.a.is_closed);
    assert_int_equal(p.a.reason, DTT_REASON_RESET);
    teardown(&p);
}

static void keeps_an_idle_connection(void **state)
{
    static struct pair p;
    (void)state;
    setup(&p);
    dial(&p);
    run(&p, 600 * DTT_S);
    assert_false(p.a.is_closed || p.b.is_closed);
    /* A question and an answer each five seconds, by one side or both. */
    assert_in_range(p.sent, 200, 600);
    teardown(&p);
}

static void follows_a_peer_that_moves(void **state)
{
    static struct pair p;
    (void)state;
    setup(&p);
    dial(&p);
    run(&p, DTT_S);
    p.a.addr.port = 2000; /* what its NAT makes of it from now on */
    run(&p, 60 * DTT_S);
    assert_false(p.a.is_closed || p.b.is_closed);
    teardown(&p);
}

static void ignores_garbage(void **state)
{
    static struct pair p;
    uint8_t bytes[300];
    struct dtt_rng rng;
    (void)state;
    setup(&p);
    dial(&p);
    run(&p, DTT_S);
    dtt_rng_init(&rng, p.a.ctx.seed, "garbage");
    for (unsigned i = 0; i < 20000; i++) {
        dtt_rng_bytes(&rng, bytes, sizeof(bytes));
        if (i % 2) {
            bytes[0] = (uint8_t)(0xc0 + i % 12);
        }
        size_t len = dtt_rng_below(&rng, sizeof(bytes));
        T->recv(p.b.t, p.now, &p.b.addr, &p.a.addr, 0, dtt_slice(bytes, len));
    }
    run(&p, DTT_S);
    assert_false(p.a.is_closed);
    teardown(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(carries_streams),
        cmocka_unit_test(waits_for_who_does_not_read),
        cmocka_unit_test(survives_loss),
        cmocka_unit_test(ends_in_the_ways_of_quic),
        cmocka_unit_test(keeps_an_idle_connection),
        cmocka_unit_test(follows_a_peer_that_moves),
        cmocka_unit_test(ignores_garbage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
