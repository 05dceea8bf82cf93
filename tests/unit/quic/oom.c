/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The life of a connection with each of our own allocations failing in turn (those of ngtcp2 and
 * GnuTLS are theirs): nothing leaks, nothing hangs, and who was promised CLOSED gets it once.
 */
#include "support/oom.h"

#include "quic/quic.h"
#include "support/vectors.h"

struct side {
    struct dtt_ctx ctx;
    struct dtt_quic *q;
    struct dtt_addr addr;
    unsigned due;    /* CLOSED events due: dials and accepted CONNECTED */
    unsigned closed; /* CLOSED events seen */
    dtt_quic_conn conn;
    int64_t stream;
};

static struct side a;
static struct side b;
static struct dtt_now now;

static int start(struct side *s, uint8_t number)
{
    struct dtt_quic_config cfg = {.alpn = "x"};
    memset(s, 0, sizeof(*s));
    memset(cfg.seed, number, sizeof(cfg.seed));
    s->addr = dtt_addr_v4(10, 0, 0, number, number);
    return dtt_quic_new(&s->q, &s->ctx, &cfg, now);
}

static void take_events(struct side *s)
{
    struct dtt_quic_event e;
    while (dtt_quic_next_event(s->q, &e)) {
        s->due += e.type == DTT_QUIC_CONNECTED && !e.dialed;
        s->closed += e.type == DTT_QUIC_CLOSED;
        if (e.type == DTT_QUIC_CONNECTED) {
            s->conn = e.conn;
        }
    }
}

static void carry(struct side *from, struct side *to)
{
    struct dtt_quic_packet p;
    while (dtt_quic_next_packet(from->q, now, &p)) {
        for (size_t at = 0; at < p.data.len; at += p.segment) {
            size_t len = p.data.len - at < p.segment ? p.data.len - at : p.segment;
            dtt_quic_recv(to->q, now, &to->addr, &from->addr, 0, dtt_slice(p.data.data + at, len));
        }
    }
}

static void run(unsigned rounds, uint64_t ns)
{
    for (unsigned i = 0; i < rounds; i++) {
        carry(&a, &b);
        carry(&b, &a);
        take_events(&a);
        take_events(&b);
        now.mono_ns += ns;
        dtt_quic_tick(a.q, now);
        dtt_quic_tick(b.q, now);
    }
}

static void talk(struct side *s)
{
    static const uint8_t data[3000] = {0};
    if (dtt_quic_open_uni(s->q, s->conn, &s->stream) == DTT_OK) {
        (void)dtt_quic_write(s->q, s->conn, s->stream, dtt_slice(data, sizeof(data)), false);
        (void)dtt_quic_write(s->q, s->conn, s->stream, dtt_slice(data, sizeof(data)), true);
    }
}

static void live(void)
{
    static const uint8_t stray[40] = {0x40, 'x'};
    dtt_quic_conn c;
    if (start(&a, 1) != DTT_OK || start(&b, 2) != DTT_OK) {
        return;
    }
    a.due += dtt_quic_dial(a.q, now, dtt_quic_id(b.q), &a.addr, &b.addr, &c) == DTT_OK;
    dtt_quic_recv(b.q, now, &b.addr, &a.addr, 0, dtt_slice(stray, sizeof(stray)));
    run(30, 5 * DTT_MS);
    talk(&a);
    talk(&b);
    run(30, 5 * DTT_MS);
    dtt_quic_close(a.q, now, a.conn, 0, "done");
    run(2, 5 * DTT_MS);
}

static void survives_every_failure(void **state)
{
    (void)state;
    bool failed = true;
    long n = 0;
    while (failed) {
        a.q = NULL;
        b.q = NULL;
        now.mono_ns = 0;
        oom_arm(++n);
        live();
        failed = oom_disarm();
        if (a.q && b.q) {
            run(30, 500 * DTT_MS); /* what was lost is sent again */
            dtt_quic_close(a.q, now, a.conn, 0, "done");
            dtt_quic_close(b.q, now, b.conn, 0, "done");
            run(30, 500 * DTT_MS);
            assert_int_equal(a.closed, a.due);
            assert_int_equal(b.closed, b.due);
        }
        dtt_quic_free(a.q);
        dtt_quic_free(b.q);
    }
    assert_true(n > 30);
    assert_int_equal(a.due + b.due, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(survives_every_failure)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
