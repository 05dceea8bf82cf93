/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The endpoint as its user sees it: connections from dial to close. */
#include "quic/quic.h"

#include "net.h"
#include "support/vectors.h"

#include <stdlib.h>

static const struct dtt_id *id_of(const struct net_node *node)
{
    return dtt_quic_id(node->q);
}

/* ---- making connections */

static void connects_and_tells_both(void **state)
{
    (void)state;
    struct net n;
    net_init(&n, 1);
    struct net_node *a = net_add(&n, NULL);
    struct net_node *b = net_add(&n, NULL);
    dtt_quic_conn c = net_dial(&n, a, b);
    net_run(&n, DTT_S);

    assert_int_equal(a->event_count, 1);
    const struct dtt_quic_event *e = &a->events[0];
    assert_int_equal(e->type, DTT_QUIC_CONNECTED);
    assert_true(e->conn == c && e->dialed);
    assert_memory_equal(&e->peer, id_of(b), sizeof(e->peer));
    assert_true(dtt_addr_eq(&e->addr, &b->addr));

    assert_int_equal(b->event_count, 1);
    e = &b->events[0];
    assert_int_equal(e->type, DTT_QUIC_CONNECTED);
    assert_false(e->dialed);
    assert_memory_equal(&e->peer, id_of(a), sizeof(e->peer));
    assert_true(dtt_addr_eq(&e->addr, &a->addr));

    net_say(&n, a, c, "from the one who dialled");
    net_say(&n, b, e->conn, "from the one who was called");
    net_run(&n, DTT_S);
    net_assert_heard(b, e->conn, "from the one who dialled");
    net_assert_heard(a, c, "from the one who was called");
    assert_int_equal(net_live(a), 1);
    assert_int_equal(net_live(b), 1);
    net_fini(&n);
}

/* Closed connections that linger do not fill the table for ever, nor let it overflow. */
/* Both ends export the same bytes, and each connection has its own. */
static void exports_keying_material(void **state)
{
    (void)state;
    struct net n;
    struct dtt_quic_config cfg = {.exporter = "EXPORTER-test"}, other = {.exporter = "EXPORTER-x"};
    uint8_t bytes[5][DTT_QUIC_EXPORTER_BYTES];
    dtt_quic_conn ab, ba, ab2, ba2, cb, bc;
    net_init(&n, 34);
    struct net_node *a = net_add(&n, &cfg);
    struct net_node *b = net_add(&n, &cfg);
    struct net_node *c = net_add(&n, &other);
    net_connect(&n, a, b, &ab, &ba);
    net_connect(&n, a, b, &ab2, &ba2);
    net_connect(&n, c, b, &cb, &bc);
    assert_true(dtt_quic_exporter(a->q, ab, bytes[0]) && dtt_quic_exporter(b->q, ba, bytes[1]));
    assert_true(dtt_quic_exporter(a->q, ab2, bytes[2]));
    assert_true(dtt_quic_exporter(c->q, cb, bytes[3]) && dtt_quic_exporter(b->q, bc, bytes[4]));
    assert_memory_equal(bytes[0], bytes[1], sizeof(bytes[0]));
    assert_memory_not_equal(bytes[0], bytes[2], sizeof(bytes[0]));
    assert_memory_not_equal(bytes[3], bytes[4], sizeof(bytes[3])); /* another label */
    assert_false(dtt_quic_exporter(a->q, 0, bytes[0]));
    net_fini(&n);
}

/* Of two programs with one key each learns where the other one is. */
static void finds_its_twin(void **state)
{
    struct net n;
    struct dtt_quic_config cfg = {.seed = {7}};
    dtt_quic_conn c;
    (void)state;
    net_init(&n, 35);
    struct net_node *a = net_add(&n, &cfg);
    struct net_node *b = net_add(&n, &cfg);
    assert_memory_equal(id_of(a), id_of(b), sizeof(*id_of(a)));
    assert_int_equal(dtt_quic_dial(a->q, n.now, id_of(b), &a->addr, &b->addr, &c), DTT_EINVAL);
    assert_int_equal(dtt_quic_dial_twin(a->q, n.now, &a->addr, &b->addr, &c), DTT_OK);
    net_run(&n, DTT_S);
    assert_int_equal(a->event_count, 1);
    assert_int_equal(a->events[0].type, DTT_QUIC_CONNECTED);
    assert_int_equal(b->event_count, 1);
    assert_int_equal(b->events[0].type, DTT_QUIC_CONNECTED);
    assert_memory_equal(&b->events[0].peer, id_of(b), sizeof(*id_of(b)));
    assert_true(dtt_addr_eq(&b->events[0].addr, &a->addr));
    net_fini(&n);
}

/* Its dial may come back to it: at an address of its own, or around its router. */
static void is_not_its_own_twin(void **state)
{
    (void)state;
    for (int is_mapped = 0; is_mapped < 2; is_mapped++) {
        struct net n;
        dtt_quic_conn c;
        net_init(&n, 36);
        struct net_node *a = net_add(&n, NULL);
        if (is_mapped) {
            a->mapped = dtt_addr_v4(192, 0, 2, 77, 4000);
        }
        const struct dtt_addr *to = is_mapped ? &a->mapped : &a->addr;
        assert_int_equal(dtt_quic_dial_twin(a->q, n.now, &a->addr, to, &c), DTT_OK);
        net_run(&n, DTT_S);
        assert_int_equal(a->event_count, 1);
        assert_int_equal(a->events[0].type, DTT_QUIC_CLOSED);
        assert_int_equal(a->events[0].reason, DTT_REASON_REFUSED);
        assert_int_equal(a->ctx.counters[DTT_COUNTER_QUIC_ACCEPTED], 0);
        net_fini(&n);
    }
}

static void survives_quick_connections(void **state)
{
    (void)state;
    struct net n;
    struct dtt_quic_config cfg = {.max_conns = 4};
    net_init(&n, 26);
    struct net_node *a = net_add(&n, &cfg);
    struct net_node *b = net_add(&n, NULL);
    for (int i = 0; i < 40; i++) {
        dtt_quic_conn c = net_dial(&n, a, b);
        net_run(&n, 30 * DTT_MS); /* the first packet is out: the close will be sent */
        dtt_quic_close(a->q, n.now, c, 0, "");
        net_drain(&n, a);
        assert_int_equal(net_live(a), 0);
    }
    assert_int_equal(a->event_count, 40);
    net_run(&n, 20 * DTT_S);
    assert_true(dtt_quic_deadline(a->q) == DTT_NEVER);
    net_connect(&n, a, b, NULL, NULL);
    net_fini(&n);
}

static void survives_dialling_each_other(void **state)
{
    (void)state;
    struct net n;
    net_init(&n, 2);
    struct net_node *a = net_add(&n, NULL);
    struct net_node *b = net_add(&n, NULL);
    dtt_quic_conn ab = net_dial(&n, a, b);
    dtt_quic_conn ba = net_dial(&n, b, a);
    net_run(&n, 2 * DTT_S);
    assert_int_equal(net_count(a, DTT_QUIC_CONNECTED), 2);
    assert_int_equal(net_count(b, DTT_QUIC_CONNECTED), 2);
    dtt_quic_close(a->q, n.now, ab, 0, "");
    net_run(&n, DTT_S);
    net_assert_closed(a, ab, DTT_REASON_CLOSED_BY_US, true);
    assert_int_equal(net_count(b, DTT_QUIC_CLOSED), 1);
    assert_int_equal(net_live(a), 1);
    net_say(&n, b, ba, "the other one lives");
    net_run(&n, DTT_S);
    for (size_t i = 0; i < a->event_count; i++) {
        if (a->events[i].type == DTT_QUIC_CONNECTED && !a->events[i].dialed) {
            net_assert_heard(a, a->events[i].conn, "the other one lives");
        }
    }
    net_fini(&n);
}

static void refuses_wrong_key(void **state)
{
    (void)state;
    struct net n;
    net_init(&n, 3);
    struct net_node *a = net_add(&n, NULL);
    struct net_node *b = net_add(&n, NULL);
    struct net_node *c = net_add(&n, NULL);
    dtt_quic_conn conn;
    assert_int_equal(dtt_quic_dial(a->q, n.now, id_of(c), &a->addr, &b->addr, &conn), DTT_OK);
    net_run(&n, 30 * DTT_S);
    net_assert_closed(a, conn, DTT_REASON_WRONG_KEY, false);
    assert_memory_equal(&net_event(a, DTT_QUIC_CLOSED, conn)->peer, id_of(c),
                        sizeof(struct dtt_id));
    assert_int_equal(a->event_count, 1);
    assert_int_equal(b->event_count, 0);
    assert_int_equal(net_live(b), 0);
    net_fini(&n);
}

static void refuses_wrong_alpn(void **state)
{
    (void)state;
    struct net n;
    struct dtt_quic_config cfg = {.alpn = "other/1"};
    net_init(&n, 4);
    struct net_node *a = net_add(&n, &cfg);
    struct net_node *b = net_add(&n, NULL);
    dtt_quic_conn c = net_dial(&n, a, b);
    net_run(&n, DTT_S);
    net_assert_closed(a, c, DTT_REASON_WRONG_ALPN, false);
    assert_int_equal(b->event_count, 0);
    net_fini(&n);
}

static void gives_up_when_nobody_answers(void **state)
{
    (void)state;
    struct net n;
    net_init(&n, 5);
    struct net_node *a = net_add(&n, NULL);
    struct net_node *b = net_add(&n, NULL);
    b->is_deaf = true;
    dtt_quic_conn c = net_dial(&n, a, b);
    net_run(&n, 10 * DTT_S - 1);
    assert_int_equal(a->event_count, 0);
    net_run(&n, 1);
    net_assert_closed(a, c, DTT_REASON_TIMEOUT, false);
    assert_int_equal(net_live(a), 0);
    assert_true(dtt_quic_deadline(a->q) == DTT_NEVER);
    net_fini(&n);
}

static bool drop_after_handshake(void *user, struct net_packet *p)
{
    const struct net_node *server = user;
    /* Short header packets of the server: the client never hears that it was accepted. */
    return !dtt_addr_eq(&p->from, &server->addr) || (p->data[0] & 0x80) != 0;
}

static void waits_for_confirmation(void **state)
{
    (void)state;
    struct net n;
    net_init(&n, 6);
    struct net_node *a = net_add(&n, NULL);
    struct net_node *b = net_add(&n, NULL);
    int64_t stream;
    n.filter = drop_after_handshake;
    n.user = b;
    dtt_quic_conn c = net_dial(&n, a, b);
    net_run(&n, 5 * DTT_S);
    assert_int_equal(b->event_count, 1);
    assert_int_equal(a->event_count, 0);
    assert_int_equal(dtt_quic_open_uni(a->q, c, &stream), DTT_EAGAIN);
    net_run(&n, 5 * DTT_S);
    net_assert_closed(a, c, DTT_REASON_TIMEOUT, false);
    net_fini(&n);
}

static void checks_arguments(void **state)
{
    (void)state;
    struct net n;
    struct dtt_ctx ctx = {0};
    struct dtt_quic *q = NULL;
    struct dtt_quic_config cfg = {.alpn = ""};
    dtt_quic_conn c = 0;
    int64_t stream;
    char alpn[300];
    net_init(&n, 7);
    struct net_node *a = net_add(&n, NULL);
    struct net_node *b = net_add(&n, NULL);
    const struct dtt_addr nowhere = {0};
    const uint8_t ip6[16] = {0xfe, 0x80, [15] = 1};
    const struct dtt_addr v6 = dtt_addr_v6(ip6, 1);
    assert_int_equal(dtt_quic_new(&q, &ctx, &cfg, n.now), DTT_EINVAL);
    memset(alpn, 'x', sizeof(alpn));
    alpn[256] = '\0';
    cfg.alpn = alpn;
    assert_int_equal(dtt_quic_new(&q, &ctx, &cfg, n.now), DTT_EINVAL);
    alpn[255] = '\0';
    assert_int_equal(dtt_quic_new(&q, &ctx, &cfg, n.now), DTT_OK);
    dtt_quic_free(q);
    cfg.max_conns = 65537;
    assert_int_equal(dtt_quic_new(&q, &ctx, &cfg, n.now), DTT_EINVAL);
    dtt_quic_free(NULL);

    assert_int_equal(dtt_quic_dial(a->q, n.now, id_of(a), &a->addr, &b->addr, &c), DTT_EINVAL);
    assert_int_equal(dtt_quic_dial(a->q, n.now, id_of(b), &a->addr, &nowhere, &c), DTT_EINVAL);
    assert_int_equal(dtt_quic_dial(a->q, n.now, id_of(b), &a->addr, &v6, &c), DTT_EINVAL);
    assert_int_equal(c, 0);
    for (dtt_quic_conn bad = 0; bad < 3; bad++) {
        assert_int_equal(dtt_quic_open_uni(a->q, bad, &stream), DTT_ECLOSED);
        assert_int_equal(dtt_quic_write(a->q, bad, 0, dtt_slice("x", 1), false), DTT_ECLOSED);
        assert_int_equal(dtt_quic_unacked(a->q, bad), 0);
        dtt_quic_close(a->q, n.now, bad, 0, NULL);
    }
    net_fini(&n);
}

static void connects_a_hundred(void **state)
{
    (void)state;
    struct net n;
    struct dtt_quic_config cfg = {.max_strangers = 128};
    net_init(&n, 8);
    n.jitter_ns = 30 * DTT_MS;
    struct net_node *hub = net_add(&n, &cfg);
    for (int i = 0; i < 100; i++) {
        net_dial(&n, net_add(&n, NULL), hub);
    }
    net_run(&n, 5 * DTT_S);
    assert_int_equal(net_count(hub, DTT_QUIC_CONNECTED), 100);
    assert_int_equal(net_live(hub), 100);
    for (size_t i = 0; i < 100; i++) {
        net_say(&n, hub, hub->events[i].conn, "hello");
    }
    net_run(&n, DTT_S);
    for (size_t i = 1; i <= 100; i++) {
        const struct dtt_quic_event *e = net_event(n.nodes[i], DTT_QUIC_CONNECTED, 0);
        assert_non_null(e);
        net_assert_heard(n.nodes[i], e->conn, "hello");
    }
    net_fini(&n);
}

/*
 * Two endpoints without the network of net.h, which has one address a host: a dials from whatever
 * address the kernel chooses, which is `a_addr`, and reaches b at `b_addr`.
 */
struct pair {
    struct net n;
    struct net_node *a, *b;
    struct dtt_addr a_addr, b_addr;
    struct dtt_addr a_local; /* the address that a's last packet was to leave from */
    bool is_connected;
};

static void pair_carry(struct pair *p, struct net_node *from, const struct dtt_quic_packet *out)
{
    bool is_a = from == p->a;
    for (size_t at = 0; at < out->data.len; at += out->segment) {
        size_t len = out->data.len - at < out->segment ? out->data.len - at : out->segment;
        struct dtt_slice datagram = dtt_slice(out->data.data + at, len);
        if (is_a) {
            assert_true(dtt_addr_eq(&out->remote, &p->b_addr));
            dtt_quic_recv(p->b->q, p->n.now, &p->b_addr, &p->a_addr, 0, datagram);
        } else if (dtt_addr_eq(&out->remote, &p->a_addr)) {
            dtt_quic_recv(p->a->q, p->n.now, &p->a_addr, &p->b_addr, 0, datagram);
        }
    }
}

static void pair_run(struct pair *p, int rounds)
{
    struct dtt_quic_packet out;
    struct dtt_quic_event e;
    for (int round = 0; round < rounds; round++) {
        while (dtt_quic_next_packet(p->a->q, p->n.now, &out)) {
            p->a_local = out.local;
            pair_carry(p, p->a, &out);
        }
        while (dtt_quic_next_packet(p->b->q, p->n.now, &out)) {
            assert_true(dtt_addr_eq(&out.local, &p->b_addr)); /* where it was asked */
            pair_carry(p, p->b, &out);
        }
        p->n.now.mono_ns += 30 * DTT_MS;
        dtt_quic_tick(p->a->q, p->n.now);
        dtt_quic_tick(p->b->q, p->n.now);
        while (dtt_quic_next_event(p->a->q, &e)) {
            assert_int_not_equal(e.type, DTT_QUIC_CLOSED);
            p->is_connected |= e.type == DTT_QUIC_CONNECTED;
        }
        while (dtt_quic_next_event(p->b->q, &e)) {
            assert_int_not_equal(e.type, DTT_QUIC_CLOSED);
        }
    }
}

static void knows_its_own_address(void **state)
{
    (void)state;
    struct pair p = {.is_connected = false};
    const struct dtt_addr any = dtt_addr_v4(0, 0, 0, 0, 4433);
    dtt_quic_conn c;
    int64_t stream;
    net_init(&p.n, 9);
    p.a = net_add(&p.n, NULL);
    p.b = net_add(&p.n, NULL);
    p.a_addr = p.a->addr;
    p.b_addr = dtt_addr_v4(10, 0, 0, 77, 4433); /* its second one */
    assert_int_equal(dtt_quic_dial(p.a->q, p.n.now, id_of(p.b), &any, &p.b_addr, &c), DTT_OK);
    struct dtt_quic_packet first;
    assert_true(dtt_quic_next_packet(p.a->q, p.n.now, &first));
    assert_true(dtt_addr_eq(&first.local, &any)); /* the kernel chooses */
    pair_carry(&p, p.a, &first);
    pair_run(&p, 20);
    assert_true(p.is_connected);
    assert_true(dtt_addr_eq(&p.a_local, &p.a->addr)); /* learnt from the first answer */

    /* The host loses this address, and the kernel takes another one. */
    p.a_addr = dtt_addr_v4(10, 9, 9, 9, 4433);
    assert_int_equal(dtt_quic_open_uni(p.a->q, c, &stream), DTT_OK);
    assert_int_equal(dtt_quic_write(p.a->q, c, stream, dtt_slice("x", 1), false), DTT_OK);
    pair_run(&p, 20);
    assert_int_equal(dtt_quic_unacked(p.a->q, c), 0);
    assert_true(dtt_addr_eq(&p.a_local, &p.a_addr));
    net_fini(&p.n);
}

/* ---- ending them */

static size_t bytes_heard(const struct net_node *node, dtt_quic_conn c)
{
    size_t n = 0;
    for (const struct net_bytes *b = node->bytes; b; b = b->next) {
        n += b->conn == c ? b->len : 0;
    }
    return n;
}

/* What waits is not lost, and comes before the end. */
static void holds_a_connection(void **state)
{
    (void)state;
    static const uint8_t much[40000];
    struct net n;
    dtt_quic_conn ab, ba, cb, bc;
    int64_t stream;
    net_init(&n, 33);
    struct net_node *a = net_add(&n, NULL);
    struct net_node *b = net_add(&n, NULL);
    struct net_node *c = net_add(&n, NULL);
    net_connect(&n, a, b, &ab, &ba);
    net_connect(&n, c, b, &cb, &bc);
    dtt_quic_hold(b->q, ba, true);
    net_say(&n, c, cb, "of another");
    assert_int_equal(dtt_quic_open_uni(a->q, ab, &stream), DTT_OK);
    assert_int_equal(dtt_quic_write(a->q, ab, stream, dtt_slice(much, sizeof(much)), true), DTT_OK);
    net_run(&n, 2 * DTT_S);
    net_assert_heard(b, bc, "of another");
    assert_int_equal(bytes_heard(b, ba), 0);
    dtt_quic_hold(b->q, ba, false);
    net_run(&n, 2 * DTT_S);
    assert_int_equal(bytes_heard(b, ba), sizeof(much));
    dtt_quic_hold(b->q, ba, true);
    net_say(&n, a, ab, "last words");
    net_run(&n, DTT_S);
    dtt_quic_close(a->q, n.now, ab, 0, "");
    net_run(&n, DTT_S);
    net_assert_heard(b, ba, "last words");
    net_assert_closed(b, ba, DTT_REASON_CLOSED_BY_PEER, true);
    net_fini(&n);
}

static void closes_from_either_side(void **state)
{
    (void)state;
    for (int who = 0; who < 2; who++) {
        struct net n;
        dtt_quic_conn c[2];
        int64_t stream;
        net_init(&n, 10);
        struct net_node *node[2] = {net_add(&n, NULL), net_add(&n, NULL)};
        net_connect(&n, node[0], node[1], &c[0], &c[1]);
        net_say(&n, node[who], c[who], "last words");
        net_run(&n, 5 * DTT_MS); /* paced: it may wait a little */
        dtt_quic_close(node[who]->q, n.now, c[who], 7, "enough");
        dtt_quic_close(node[who]->q, n.now, c[who], 8, "twice");
        assert_int_equal(dtt_quic_open_uni(node[who]->q, c[who], &stream), DTT_ECLOSED);
        net_run(&n, DTT_S);
        net_assert_closed(node[who], c[who], DTT_REASON_CLOSED_BY_US, true);
        net_assert_closed(node[!who], c[!who], DTT_REASON_CLOSED_BY_PEER, true);
        net_assert_heard(node[!who], c[!who], "last words");
        assert_int_equal(dtt_quic_open_uni(node[!who]->q, c[!who], &stream), DTT_ECLOSED);
        assert_int_equal(net_live(node[0]), 0);
        assert_int_equal(net_live(node[1]), 0);
        net_run(&n, 10 * DTT_S);
        assert_true(dtt_quic_deadline(node[0]->q) == DTT_NEVER);
        assert_true(dtt_quic_deadline(node[1]->q) == DTT_NEVER);
        net_fini(&n);
    }
}

static void closes_a_dial(void **state)
{
    (void)state;
    struct net n;
    net_init(&n, 11);
    struct net_node *a = net_add(&n, NULL);
    struct net_node *b = net_add(&n, NULL);
    dtt_quic_conn now_c = 0;
    assert_int_equal(dtt_quic_dial(a->q, n.now, id_of(b), &a->addr, &b->addr, &now_c), DTT_OK);
    dtt_quic_close(a->q, n.now, now_c, 0, NULL); /* before its first packet */
    dtt_quic_conn soon = net_dial(&n, a, b);
    net_run(&n, 10 * DTT_MS);
    dtt_quic_close(a->q, n.now, soon, 0, NULL); /* with the first packet under way */
    net_run(&n, 30 * DTT_S);
    net_assert_closed(a, now_c, DTT_REASON_CLOSED_BY_US, false);
    net_assert_closed(a, soon, DTT_REASON_CLOSED_BY_US, false);
    assert_int_equal(a->event_count, 2);
    assert_int_equal(net_count(b, DTT_QUIC_CONNECTED), net_count(b, DTT_QUIC_CLOSED));
    assert_int_equal(net_live(b), 0);
    net_fini(&n);
}

/* The one who closes answers late packets with its CONNECTION_CLOSE, more and more rarely. */
static void repeats_close_rarely(void **state)
{
    (void)state;
    struct net n;
    dtt_quic_conn ca;
    dtt_quic_conn cb;
    net_init(&n, 12);
    struct net_node *a = net_add(&n, NULL);
    struct net_node *b = net_add(&n, NULL);
    net_connect(&n, a, b, &ca, &cb);
    b->is_deaf = true;
    dtt_quic_close(a->q, n.now, ca, 0, "");
    net_drain(&n, a);
    uint64_t sent = a->sent_packets;
    for (int i = 0; i < 40; i++) {
        net_say(&n, b, cb, "?");
    }
    net_run(&n, 90 * DTT_MS);
    assert_true(a->sent_packets > sent + 1);
    assert_true(a->sent_packets < sent + 10);
    b->is_deaf = false;
    net_say(&n, b, cb, "?");
    net_run(&n, 5 * DTT_S);
    assert_non_null(net_event(b, DTT_QUIC_CLOSED, cb));
    net_fini(&n);
}

static void notices_a_silent_peer(void **state)
{
    (void)state;
    struct net n;
    dtt_quic_conn ca;
    dtt_quic_conn cb;
    net_init(&n, 13);
    struct net_node *a = net_add(&n, NULL);
    struct net_node *b = net_add(&n, NULL);
    net_connect(&n, a, b, &ca, &cb);
    b->is_deaf = true;
    a->is_deaf = true;
    net_run(&n, 5 * DTT_S);
    assert_int_equal(a->event_count, 0);
    net_run(&n, 3 * DTT_S); /* the keep-alive has had no answer */
    assert_non_null(net_event(a, DTT_QUIC_SILENT, ca));
    assert_non_null(net_event(b, DTT_QUIC_SILENT, cb));
    struct dtt_quic_info info;
    assert_true(dtt_quic_info(a->q, ca, &info));
    assert_true(n.now.mono_ns - info.heard_ns >= DTT_QUIC_SILENT_NS);
    net_run(&n, 21 * DTT_S);
    assert_int_equal(a->event_count, net_count(a, DTT_QUIC_SILENT));
    assert_in_range(net_count(a, DTT_QUIC_SILENT), 2, 12);
    /* A PING that was sent after the last answer restarts the time once (RFC 9000, 10.1). */
    net_run(&n, 7 * DTT_S);
    net_assert_closed(a, ca, DTT_REASON_TIMEOUT, true);
    net_assert_closed(b, cb, DTT_REASON_TIMEOUT, true);
    net_fini(&n);
}

static void stays_up_when_idle(void **state)
{
    (void)state;
    struct net n;
    dtt_quic_conn ca;
    dtt_quic_conn cb;
    net_init(&n, 14);
    struct net_node *a = net_add(&n, NULL);
    struct net_node *b = net_add(&n, NULL);
    net_connect(&n, a, b, &ca, &cb);
    net_run(&n, 10 * DTT_S);
    uint64_t sent = a->sent_packets + b->sent_packets;
    unsigned wakes = 0;
    uint64_t end = n.now.mono_ns + 300 * DTT_S;
    while (n.now.mono_ns < end) {
        uint64_t t = dtt_min_ns(dtt_quic_deadline(a->q), dtt_quic_deadline(b->q));
        net_run(&n, dtt_min_ns(t, end) - n.now.mono_ns);
        wakes++;
    }
    sent = a->sent_packets + b->sent_packets - sent;
    assert_int_equal(a->event_count + b->event_count, 0);
    /* One side's PING every 5 s and its acknowledgement; a few timers around each. */
    assert_in_range(sent, 100, 60 * 4);
    assert_in_range(wakes, 60, 60 * 10);
    net_say(&n, a, ca, "still there?");
    net_run(&n, DTT_S);
    net_assert_heard(b, cb, "still there?");
    net_fini(&n);
}

static void resets_the_connections_of_its_former_life(void **state)
{
    (void)state;
    for (int who = 0; who < 2; who++) {
        struct net n;
        dtt_quic_conn c[2];
        net_init(&n, 15);
        struct net_node *node[2] = {net_add(&n, NULL), net_add(&n, NULL)};
        net_connect(&n, node[0], node[1], &c[0], &c[1]);
        net_run(&n, DTT_S);
        net_kill(&n, node[who]);
        net_start(&n, node[who]);
        /* The next keep-alive tells, and a dialer's id has no token: one second of suspicion. */
        net_run(&n, 6 * DTT_S);
        net_assert_closed(node[!who], c[!who], DTT_REASON_RESET, true);
        assert_true(node[who]->ctx.counters[DTT_COUNTER_QUIC_TX_RESETS] > 0);
        net_forget(node[!who]);
        net_connect(&n, node[0], node[1], &c[0], &c[1]);
        net_fini(&n);
    }
}

/* Anybody can send what looks like a reset. */
static void checks_forged_resets(void **state)
{
    (void)state;
    struct net n;
    dtt_quic_conn ca;
    dtt_quic_conn cb;
    net_init(&n, 24);
    struct net_node *a = net_add(&n, NULL);
    struct net_node *b = net_add(&n, NULL);
    net_connect(&n, a, b, &ca, &cb);
    for (int i = 0; i < 1000; i++) {
        uint8_t forged[64];
        dtt_rng_bytes(&n.rng, forged, sizeof(forged));
        forged[0] = (uint8_t)(0x40 | (forged[0] & 0x3f));
        net_inject(&n, &b->addr, &a->addr, dtt_slice(forged, dtt_rng_below(&n.rng, 65)));
        net_inject(&n, &a->addr, &b->addr, dtt_slice(forged, dtt_rng_below(&n.rng, 65)));
        net_run(&n, 10 * DTT_MS);
    }
    assert_int_equal(a->event_count + b->event_count, 0);
    assert_true(a->sent_packets < 1000 + 100);
    net_fini(&n);
}

static void believes_icmp_about_dials(void **state)
{
    (void)state;
    struct net n;
    net_init(&n, 16);
    struct net_node *a = net_add(&n, NULL);
    struct net_node *b = net_add(&n, NULL);
    const struct dtt_addr elsewhere = dtt_addr_v4(10, 0, 0, 2, 4434);
    b->is_deaf = true;
    dtt_quic_conn c = net_dial(&n, a, b);
    net_run(&n, 50 * DTT_MS);
    dtt_quic_unreachable(a->q, n.now, &elsewhere);
    net_run(&n, 50 * DTT_MS);
    assert_int_equal(a->event_count, 0);
    dtt_quic_unreachable(a->q, n.now, &b->addr);
    dtt_quic_unreachable(a->q, n.now, &b->addr);
    net_run(&n, DTT_S);
    net_assert_closed(a, c, DTT_REASON_UNREACHABLE, false);
    net_fini(&n);
}

static void checks_icmp_about_connections(void **state)
{
    (void)state;
    struct net n;
    dtt_quic_conn ca;
    dtt_quic_conn cb;
    net_init(&n, 17);
    struct net_node *a = net_add(&n, NULL);
    struct net_node *b = net_add(&n, NULL);
    net_connect(&n, a, b, &ca, &cb);
    net_run(&n, 2 * DTT_S);
    for (int i = 0; i < 5; i++) { /* a forger: the peer answers the PING */
        uint64_t sent = a->sent_packets;
        dtt_quic_unreachable(a->q, n.now, &b->addr);
        net_run(&n, 1500 * DTT_MS);
        assert_true(a->sent_packets > sent);
    }
    assert_int_equal(a->event_count, 0);
    b->is_deaf = true; /* the truth: it does not */
    dtt_quic_unreachable(a->q, n.now, &b->addr);
    net_run(&n, 3 * DTT_S);
    net_assert_closed(a, ca, DTT_REASON_UNREACHABLE, true);
    net_fini(&n);
}

static void follows_a_peer_behind_a_nat(void **state)
{
    (void)state;
    struct net n;
    dtt_quic_conn ca;
    dtt_quic_conn cb;
    net_init(&n, 18);
    struct net_node *a = net_add(&n, NULL);
    struct net_node *b = net_add(&n, NULL);
    a->mapped = dtt_addr_v4(192, 0, 2, 1, 1111);
    net_connect(&n, a, b, &ca, &cb);
    net_run(&n, DTT_S);
    a->mapped.port = 2222;
    net_say(&n, a, ca, "moved");
    net_run(&n, 2 * DTT_S);
    const struct dtt_quic_event *e = net_event(b, DTT_QUIC_MIGRATED, cb);
    assert_non_null(e);
    assert_int_equal(b->event_count, 1);
    assert_true(dtt_addr_eq(&e->addr, &a->mapped));
    net_assert_heard(b, cb, "moved");
    net_say(&n, b, cb, "I see");
    net_run(&n, DTT_S);
    net_assert_heard(a, ca, "I see");
    net_run(&n, 60 * DTT_S);
    assert_int_equal(a->event_count, 0);
    net_fini(&n);
}

static void frees_live_connections(void **state)
{
    (void)state;
    struct net n;
    dtt_quic_conn ca;
    dtt_quic_conn cb;
    net_init(&n, 19);
    struct net_node *a = net_add(&n, NULL);
    struct net_node *b = net_add(&n, NULL);
    struct net_node *c = net_add(&n, NULL);
    net_connect(&n, a, b, &ca, &cb);
    b->is_lazy = true;
    net_say(&n, a, ca, "never taken");
    net_say(&n, a, ca, "never taken either");
    net_dial(&n, c, b);
    net_run(&n, 30 * DTT_MS); /* half open */
    net_fini(&n);
}

/* Same seed, same inputs: same packets at the same instants. (Their bytes differ: GnuTLS.) */
static uint64_t fingerprint(uint64_t seed)
{
    struct net n;
    dtt_quic_conn ca;
    dtt_quic_conn cb;
    uint64_t h = 0;
    static uint8_t bytes[50000];
    net_init(&n, seed);
    n.loss = 100;
    n.jitter_ns = 10 * DTT_MS;
    struct net_node *a = net_add(&n, NULL);
    struct net_node *b = net_add(&n, NULL);
    net_connect(&n, a, b, &ca, &cb);
    int64_t stream;
    assert_int_equal(dtt_quic_open_uni(a->q, ca, &stream), DTT_OK);
    assert_int_equal(dtt_quic_write(a->q, ca, stream, dtt_slice(bytes, sizeof(bytes)), true),
                     DTT_OK);
    for (int i = 0; i < 1000; i++) {
        net_run(&n, 10 * DTT_MS);
        h = h * 31 + a->sent_packets;
        h = h * 31 + b->sent_packets;
        h = h * 31 + dtt_min_ns(dtt_quic_deadline(a->q), dtt_quic_deadline(b->q));
    }
    net_fini(&n);
    return h;
}

static void is_deterministic(void **state)
{
    (void)state;
    assert_true(fingerprint(1) == fingerprint(1));
    assert_true(fingerprint(1) != fingerprint(2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connects_and_tells_both),
        cmocka_unit_test(exports_keying_material),
        cmocka_unit_test(finds_its_twin),
        cmocka_unit_test(is_not_its_own_twin),
        cmocka_unit_test(survives_quick_connections),
        cmocka_unit_test(survives_dialling_each_other),
        cmocka_unit_test(refuses_wrong_key),
        cmocka_unit_test(refuses_wrong_alpn),
        cmocka_unit_test(gives_up_when_nobody_answers),
        cmocka_unit_test(waits_for_confirmation),
        cmocka_unit_test(checks_arguments),
        cmocka_unit_test(connects_a_hundred),
        cmocka_unit_test(knows_its_own_address),
        cmocka_unit_test(holds_a_connection),
        cmocka_unit_test(closes_from_either_side),
        cmocka_unit_test(closes_a_dial),
        cmocka_unit_test(repeats_close_rarely),
        cmocka_unit_test(notices_a_silent_peer),
        cmocka_unit_test(stays_up_when_idle),
        cmocka_unit_test(resets_the_connections_of_its_former_life),
        cmocka_unit_test(checks_forged_resets),
        cmocka_unit_test(believes_icmp_about_dials),
        cmocka_unit_test(checks_icmp_about_connections),
        cmocka_unit_test(follows_a_peer_behind_a_nat),
        cmocka_unit_test(frees_live_connections),
        cmocka_unit_test(is_deterministic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
