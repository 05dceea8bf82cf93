/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Two connections wired to each other without an endpoint around them, so that one of them can be
 * made to misbehave through its ngtcp2_conn.
 */
#include "quic/conn.h"

#include "quic/schedule.h"
#include "quic/start.h"
#include "quic/transmit.h"
#include "support/vectors.h"

#include <gnutls/gnutls.h>
#include <stdlib.h>

struct side {
    struct dtt_ctx ctx;
    struct dtt_qshared sh;
    struct dtt_qconn *c;
    struct dtt_addr addr;
    unsigned long_datagrams; /* longer than any path must carry */
    unsigned probes;         /* said to be so */
};

static struct side client;
static struct side server;

static void init_side(struct side *s, uint8_t number)
{
    uint8_t seed[32];
    memset(s, 0, sizeof(*s));
    memset(seed, number, sizeof(seed));
    s->ctx.seed[0] = number;
    s->addr = dtt_addr_v4(10, 0, 0, number, 1000);
    s->sh.ctx = &s->ctx;
    s->sh.now_ns = DTT_S;
    s->sh.idle_timeout_ns = 30 * DTT_S;
    s->sh.keep_alive_ns = 5 * DTT_S;
    s->sh.handshake_timeout_ns = 10 * DTT_S;
    s->sh.stream_buffer_max = 100000;
    s->sh.peer_memory_max = DTT_QCONN_PEER_MEMORY;
    s->sh.linger_max = 4;
    s->sh.strangers.share = SIZE_MAX;
    s->sh.trusted.share = SIZE_MAX;
    dtt_rng_init(&s->sh.rng, s->ctx.seed, "quic.rand");
    dtt_timerq_init(&s->sh.timers);
    dtt_qcid_init(&s->sh.cids, &s->ctx, seed, 4);
    assert_int_equal(dtt_qtls_new(&s->sh.tls, seed, "test"), DTT_OK);
}

static void fini_side(struct side *s)
{
    if (s->c) {
        dtt_qconn_free(s->c);
    }
    assert_null(s->sh.events.head);
    assert_null(s->sh.ready.head);
    assert_int_equal(s->sh.live, 0);
    assert_int_equal(s->sh.half_open, 0);
    assert_int_equal(s->sh.lingering, 0);
    assert_int_equal(dtt_map_count(&s->sh.cids.map), 0);
    assert_int_equal(s->sh.timers.count, 0);
    dtt_qtls_free(s->sh.tls);
    dtt_qcid_fini(&s->sh.cids);
    dtt_timerq_fini(&s->sh.timers);
    dtt_rng_fini(&s->sh.rng);
}

/* Gives all that `from` has to send to `to`; the first packet makes the server's connection. */
static void carry(struct side *from, struct side *to)
{
    uint8_t buf[DTT_QMTU_MAX];
    struct dtt_qroute route;
    size_t len;
    while (from->c && (len = dtt_qtransmit_next(from->c, buf, &route)) > 0) {
        if (!to->c) {
            ngtcp2_pkt_hd hd;
            assert_int_equal(ngtcp2_accept(&hd, buf, len), 0);
            to->c = dtt_qconn_new(&to->sh, 1, false, &to->addr, &from->addr);
            assert_int_equal(dtt_qstart_accept(to->c, &hd, NULL), DTT_OK);
        }
        from->long_datagrams += len > 1200;
        from->probes += route.is_probe;
        assert_true(dtt_qconn_recv(to->c, &to->addr, &from->addr, route.ecn, dtt_slice(buf, len)));
    }
}

static void tick(struct side *s, uint64_t ns)
{
    struct dtt_timer *t;
    s->sh.now_ns += ns;
    while ((t = dtt_timerq_pop(&s->sh.timers, s->sh.now_ns))) {
        dtt_qconn_tick(DTT_TIMER_OWNER(t, struct dtt_qconn, timer));
    }
}

static void run(void)
{
    for (int i = 0; i < 100; i++) {
        carry(&client, &server);
        carry(&server, &client);
        tick(&client, DTT_MS);
        tick(&server, DTT_MS);
    }
}

static struct dtt_qevent *take(struct side *s)
{
    struct dtt_qevent *e = dtt_qevent_of(s->sh.events.head);
    if (e) {
        dtt_list_remove(&e->link);
    }
    return e;
}

static void drop(struct side *s, struct dtt_qevent *e)
{
    struct dtt_qdata *block = e->type == DTT_QUIC_DATA ? (struct dtt_qdata *)e : NULL;
    dtt_qconn_taken(s->c, e);
    free(block);
}

static void dial(void)
{
    client.c = dtt_qconn_new(&client.sh, 1, true, &client.addr, &server.addr);
    assert_int_equal(dtt_qstart_dial(client.c, dtt_qtls_id(server.sh.tls)), DTT_OK);
}

static void start(void)
{
    init_side(&client, 1);
    init_side(&server, 2);
    dial();
    run();
    struct dtt_qevent *e = take(&client);
    assert_non_null(e);
    assert_int_equal(e->type, DTT_QUIC_CONNECTED);
    e = take(&server);
    assert_non_null(e);
    assert_int_equal(e->type, DTT_QUIC_CONNECTED);
    assert_null(take(&client));
    assert_null(take(&server));
    dtt_qconn_trust(client.c, true);
    dtt_qconn_trust(server.c, true);
    run();
}

static void finish(void)
{
    fini_side(&client);
    fini_side(&server);
}

/* Sends raw stream bytes past our own code. */
static void write_raw(struct side *from, struct side *to, int64_t stream, const char *text,
                      uint32_t flags)
{
    uint8_t buf[DTT_QMTU_MAX];
    ngtcp2_path_storage ps;
    ngtcp2_pkt_info pi;
    ngtcp2_ssize taken = 0;
    ngtcp2_path_storage_zero(&ps);
    ngtcp2_ssize n =
        ngtcp2_conn_write_stream(from->c->ng, &ps.path, &pi, buf, sizeof(buf), &taken, flags,
                                 stream, (const uint8_t *)text, strlen(text), from->sh.now_ns);
    assert_true(n > 0);
    assert_int_equal(taken, strlen(text));
    (void)dtt_qconn_recv(to->c, &to->addr, &from->addr, 0, dtt_slice(buf, (size_t)n));
    dtt_qschedule_wake(from->c);
}

static void frees_tls_after_the_handshake(void **state)
{
    (void)state;
    start();
    assert_null(client.c->tls.native);
    assert_null(server.c->tls.native);
    assert_memory_equal(&server.c->peer, dtt_qtls_id(client.sh.tls), sizeof(struct dtt_id));
    finish();
}

/* The endpoint must not send these together with others: the path may not carry them. */
static void marks_path_probes(void **state)
{
    (void)state;
    start();
    assert_true(client.probes > 0 && server.probes > 0);
    assert_int_equal(client.probes, client.long_datagrams);
    assert_int_equal(server.probes, server.long_datagrams);
    finish();
}

/* Keys change without TLS: both sides follow (RFC 9001, section 6). */
static void updates_keys(void **state)
{
    (void)state;
    start();
    client.sh.now_ns += 10 * DTT_S;
    server.sh.now_ns += 10 * DTT_S;
    assert_int_equal(ngtcp2_conn_initiate_key_update(client.c->ng, client.sh.now_ns), 0);
    int64_t stream;
    assert_int_equal(dtt_qtransmit_open(client.c, &stream), DTT_OK);
    assert_int_equal(dtt_qtransmit_write(client.c, stream, dtt_slice("new key", 7), true), DTT_OK);
    run();
    struct dtt_qevent *e = take(&server);
    assert_non_null(e);
    assert_true(dtt_slice_is(dtt_slice(((struct dtt_qdata *)e)->bytes, 7), "new key"));
    drop(&server, e);
    assert_true(client.c->ng && server.c->ng);
    finish();
}

/* Each bidirectional stream is reset, takes no memory and leaves the connection alone. */
static void refuses_bidirectional_streams(void **state)
{
    (void)state;
    start();
    for (int round = 0; round < 20; round++) {
        int64_t stream;
        assert_int_equal(ngtcp2_conn_open_bidi_stream(client.c->ng, &stream, NULL), 0);
        write_raw(&client, &server, stream, "anybody?", NGTCP2_WRITE_STREAM_FLAG_NONE);
        write_raw(&client, &server, stream, "hello?", NGTCP2_WRITE_STREAM_FLAG_FIN);
        run();
        assert_int_equal(server.c->streams.count, 0);
        assert_true(client.c->ng && server.c->ng);
    }
    assert_null(take(&server));
    assert_int_equal(server.ctx.counters[DTT_COUNTER_QUIC_BIDI_STREAMS_REFUSED], 20);
    finish();
}

static void tells_of_a_reset(void **state)
{
    (void)state;
    start();
    int64_t stream;
    assert_int_equal(dtt_qtransmit_open(client.c, &stream), DTT_OK);
    assert_int_equal(dtt_qtransmit_write(client.c, stream, dtt_slice("half", 4), false), DTT_OK);
    run();
    assert_int_equal(ngtcp2_conn_shutdown_stream(client.c->ng, 0, stream, 7), 0);
    dtt_qschedule_wake(client.c);
    run();
    struct dtt_qevent *e = take(&server);
    assert_int_equal(e->type, DTT_QUIC_DATA);
    drop(&server, e);
    e = take(&server);
    assert_int_equal(e->type, DTT_QUIC_STREAM_RESET);
    assert_int_equal(e->stream->id, stream);
    drop(&server, e);
    assert_int_equal(server.c->streams.count, 0);
    finish();
}

/* Streams that are reset before a byte of them came: ngtcp2 0.12 hides them, 1.x tells. */
static void survives_streams_without_bytes(void **state)
{
    (void)state;
    start();
    for (int i = 0; i < 300; i++) {
        int64_t stream;
        assert_int_equal(ngtcp2_conn_open_uni_stream(client.c->ng, &stream, NULL), 0);
        assert_int_equal(ngtcp2_conn_shutdown_stream(client.c->ng, 0, stream, 7), 0);
        dtt_qschedule_wake(client.c);
        run();
        struct dtt_qevent *e = take(&server);
        if (e) {
            assert_int_equal(e->type, DTT_QUIC_STREAM_RESET);
            drop(&server, e);
        }
        assert_int_equal(server.c->streams.count, 0);
    }
    assert_non_null(server.c->ng);
    finish();
}

static void tells_of_stop_sending(void **state)
{
    (void)state;
    start();
    int64_t stream;
    assert_int_equal(dtt_qtransmit_open(client.c, &stream), DTT_OK);
    assert_int_equal(dtt_qtransmit_write(client.c, stream, dtt_slice("half", 4), false), DTT_OK);
    run();
    drop(&server, take(&server));
    assert_int_equal(ngtcp2_conn_shutdown_stream(server.c->ng, 0, stream, 7), 0);
    dtt_qschedule_wake(server.c);
    assert_int_equal(dtt_qtransmit_write(client.c, stream, dtt_slice("more", 4), false), DTT_OK);
    run();
    struct dtt_qevent *e = take(&client);
    assert_non_null(e);
    assert_int_equal(e->type, DTT_QUIC_STREAM_RESET);
    assert_int_equal(dtt_qtransmit_write(client.c, stream, dtt_slice("?", 1), false), DTT_ECLOSED);
    drop(&client, e);
    assert_int_equal(client.c->streams.count, 0);
    assert_int_equal(client.c->unacked, 0);
    assert_non_null(client.c->ng);
    finish();
}

/* One byte to a frame, 100 streams in turn, nothing taken: the window bounds what that costs. */
static void bounds_what_a_peer_can_make_wait(void **state)
{
    (void)state;
    start();
    int64_t stream[DTT_QCONN_PEER_STREAMS_MAX];
    for (int i = 0; i < DTT_QCONN_PEER_STREAMS_MAX; i++) {
        assert_int_equal(ngtcp2_conn_open_uni_stream(client.c->ng, &stream[i], NULL), 0);
    }
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < DTT_QCONN_PEER_STREAMS_MAX; i++) {
            write_raw(&client, &server, stream[i], "x", NGTCP2_WRITE_STREAM_FLAG_NONE);
            if (i % 8 == 0) {
                run();
            }
        }
    }
    size_t blocks = 0;
    for (const struct dtt_list_link *l = server.sh.events.head; l; l = l->next) {
        blocks++;
    }
    assert_int_equal(blocks, DTT_QCONN_PEER_STREAMS_MAX);
    finish();
}

/* Our own limit of streams, where the peer would allow more. */
static void limits_its_own_streams(void **state)
{
    (void)state;
    int64_t stream;
    start();
    ngtcp2_conn_extend_max_streams_uni(server.c->ng, 100);
    dtt_qschedule_wake(server.c);
    run();
    for (int i = 0; i < DTT_QCONN_OWN_STREAMS_MAX; i++) {
        assert_int_equal(dtt_qtransmit_open(client.c, &stream), DTT_OK);
    }
    assert_int_equal(dtt_qtransmit_open(client.c, &stream), DTT_EAGAIN);
    assert_int_equal(dtt_qtransmit_write(client.c, stream, dtt_slice("x", 1), true), DTT_OK);
    run();
    struct dtt_qevent *e = take(&client);
    assert_ptr_equal(e, &client.c->openable);
    assert_int_equal(dtt_qtransmit_open(client.c, &stream), DTT_OK);
    e = take(&server);
    assert_int_equal(e->type, DTT_QUIC_DATA);
    drop(&server, e);
    finish();
}

/* Another program may have our key: who dialled for it wants to know. */
static void takes_its_own_key(void **state)
{
    (void)state;
    init_side(&client, 1);
    init_side(&server, 1);
    server.addr = dtt_addr_v4(10, 0, 0, 2, 1000);
    dial();
    run();
    struct dtt_qevent *e = take(&client);
    assert_non_null(e);
    assert_int_equal(e->type, DTT_QUIC_CONNECTED);
    assert_true(client.c->was_open && server.c->was_open);
    assert_memory_equal(&server.c->peer, dtt_qtls_id(server.sh.tls), DTT_ID_BYTES);
    finish();
}

/* More than was granted is an error of the peer, not a problem of ours. */
static void ends_at_a_violation(void **state)
{
    (void)state;
    start();
    uint8_t buf[DTT_QMTU_MAX];
    struct dtt_qroute route;
    ngtcp2_ccerr err;
    ngtcp2_path_storage ps;
    ngtcp2_pkt_info pi;
    ngtcp2_ccerr_default(&err);
    ngtcp2_ccerr_set_liberr(&err, NGTCP2_ERR_FLOW_CONTROL, NULL, 0);
    ngtcp2_path_storage_zero(&ps);
    ngtcp2_ssize n = ngtcp2_conn_write_connection_close(client.c->ng, &ps.path, &pi, buf,
                                                        sizeof(buf), &err, client.sh.now_ns);
    assert_true(n > 0);
    (void)dtt_qconn_recv(server.c, &server.addr, &client.addr, 0, dtt_slice(buf, (size_t)n));
    struct dtt_qevent *e = take(&server);
    assert_non_null(e);
    assert_int_equal(e->type, DTT_QUIC_CLOSED);
    assert_int_equal(server.c->reason, DTT_REASON_PROTOCOL_ERROR);
    /* Draining: not a word. */
    assert_int_equal(dtt_qtransmit_next(server.c, buf, &route), 0);
    dtt_qconn_taken(server.c, e);
    assert_false(dtt_qconn_is_done(server.c));
    tick(&server, 99 * DTT_MS);
    assert_false(dtt_qconn_is_done(server.c));
    tick(&server, 10 * DTT_S);
    assert_true(dtt_qconn_is_done(server.c));
    finish();
}

/*
 * GnuTLS skips our check of the peer's key in some handshakes (resumed ones, for instance): none of
 * these may become a connection, on either side.
 */
static void insists_on_verified_keys(void **state)
{
    (void)state;
    for (int who = 0; who < 2; who++) {
        struct side *careless = who ? &client : &server;
        init_side(&client, 1);
        init_side(&server, 2);
        dial();
        for (int i = 0; i < 100; i++) {
            if (careless->c && careless->c->tls.native) {
                gnutls_session_set_verify_function(careless->c->tls.native, NULL);
            }
            carry(&client, &server);
            if (careless->c && careless->c->tls.native) {
                gnutls_session_set_verify_function(careless->c->tls.native, NULL);
            }
            carry(&server, &client);
            tick(&client, DTT_MS);
            tick(&server, DTT_MS);
        }
        assert_null(careless->c->ng);
        assert_false(careless->c->was_open);
        struct dtt_qevent *e = take(&client);
        assert_non_null(e);
        assert_int_equal(e->type, DTT_QUIC_CLOSED);
        assert_int_equal(client.c->reason, who ? DTT_REASON_PROTOCOL_ERROR : DTT_REASON_REFUSED);
        drop(&client, e);
        finish();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frees_tls_after_the_handshake),
        cmocka_unit_test(marks_path_probes),
        cmocka_unit_test(updates_keys),
        cmocka_unit_test(refuses_bidirectional_streams),
        cmocka_unit_test(tells_of_a_reset),
        cmocka_unit_test(survives_streams_without_bytes),
        cmocka_unit_test(tells_of_stop_sending),
        cmocka_unit_test(bounds_what_a_peer_can_make_wait),
        cmocka_unit_test(limits_its_own_streams),
        cmocka_unit_test(takes_its_own_key),
        cmocka_unit_test(ends_at_a_violation),
        cmocka_unit_test(insists_on_verified_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
