/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "net.h"

#include "support/vectors.h"

#include <stdlib.h>

void net_init(struct net *n, uint64_t seed)
{
    uint8_t key[DTT_RNG_SEED_BYTES] = {0};
    memset(n, 0, sizeof(*n));
    dtt_put_be64(key, seed);
    dtt_rng_init(&n->rng, key, "test.net");
    n->now.wall_ns = INT64_C(1700000000000000000);
    n->latency_ns = 20 * DTT_MS;
}

static void free_bytes(struct net_node *node)
{
    while (node->bytes) {
        struct net_bytes *b = node->bytes;
        node->bytes = b->next;
        free(b->data);
        free(b);
    }
}

void net_fini(struct net *n)
{
    for (size_t i = 0; i < n->node_count; i++) {
        /* Neither loss nor reordering makes an honest peer cost more than it may. */
        assert_true(n->nodes[i]->is_attacked ||
                    n->nodes[i]->ctx.counters[DTT_COUNTER_QUIC_MEMORY_REFUSED] == 0);
        dtt_quic_free(n->nodes[i]->q);
        free_bytes(n->nodes[i]);
        free(n->nodes[i]);
    }
    for (size_t i = 0; i < n->packet_count; i++) {
        free(n->packets[i]);
    }
    free(n->packets);
}

void net_start(struct net *n, struct net_node *node)
{
    dtt_rng_bytes(&n->rng, node->ctx.seed, sizeof(node->ctx.seed));
    assert_int_equal(dtt_quic_new(&node->q, &node->ctx, &node->cfg, n->now), DTT_OK);
}

static struct dtt_addr invented(uint8_t subnet, uint8_t host)
{
    const uint8_t ip[16] = {0xfd, 0x15, 0x07, 0x0a, 0x51, 0x0b, [7] = subnet, [15] = host};
    return dtt_addr_v6(ip, 12345);
}

struct dtt_addr net_relay_local(void)
{
    return invented(2, 1);
}

struct net_node *net_add(struct net *n, const struct dtt_quic_config *cfg)
{
    assert_true(n->node_count < NET_NODES_MAX);
    struct net_node *node = calloc(1, sizeof(*node));
    assert_non_null(node);
    size_t i = n->node_count++;
    n->nodes[i] = node;
    if (cfg) {
        node->cfg = *cfg;
    }
    if (!node->cfg.alpn) {
        node->cfg.alpn = "/iroh-gossip/1";
    }
    if (node->cfg.seed[0] == 0) {
        memset(node->cfg.seed, (int)(i + 1), sizeof(node->cfg.seed));
    }
    node->addr = dtt_addr_v4(10, 0, 0, (uint8_t)(i + 1), 4433);
    node->relayed = invented(1, (uint8_t)(i + 1));
    net_start(n, node);
    return node;
}

void net_kill(struct net *n, struct net_node *node)
{
    (void)n;
    dtt_quic_free(node->q);
    node->q = NULL;
}

/* ---- packets under way */

static bool is_before(const struct net_packet *a, const struct net_packet *b)
{
    return a->at != b->at ? a->at < b->at : a->seq < b->seq;
}

static void swap(struct net *n, size_t i, size_t j)
{
    struct net_packet *p = n->packets[i];
    n->packets[i] = n->packets[j];
    n->packets[j] = p;
}

static void push_packet(struct net *n, const struct net_packet *p)
{
    if (n->packet_count == n->packet_cap) {
        n->packet_cap = n->packet_cap ? n->packet_cap * 2 : 64;
        n->packets = realloc(n->packets, n->packet_cap * sizeof(struct net_packet *));
        assert_non_null(n->packets);
    }
    struct net_packet *copy = malloc(sizeof(*copy));
    assert_non_null(copy);
    *copy = *p;
    size_t i = n->packet_count++;
    n->packets[i] = copy;
    while (i > 0 && is_before(n->packets[i], n->packets[(i - 1) / 2])) {
        swap(n, i, (i - 1) / 2);
        i = (i - 1) / 2;
    }
}

static struct net_packet *pop_packet(struct net *n)
{
    struct net_packet *p = n->packets[0];
    n->packets[0] = n->packets[--n->packet_count];
    for (size_t i = 0;;) {
        size_t child = 2 * i + 1;
        if (child >= n->packet_count) {
            return p;
        }
        if (child + 1 < n->packet_count && is_before(n->packets[child + 1], n->packets[child])) {
            child++;
        }
        if (!is_before(n->packets[child], n->packets[i])) {
            return p;
        }
        swap(n, i, child);
        i = child;
    }
}

static void send_one(struct net *n, struct net_packet *p)
{
    if (n->filter && !n->filter(n->user, p)) {
        return;
    }
    for (unsigned copies = dtt_rng_below(&n->rng, 1000) < n->dup ? 2 : 1; copies > 0; copies--) {
        if (dtt_rng_below(&n->rng, 1000) < n->loss) {
            continue;
        }
        p->at = n->now.mono_ns + n->latency_ns + dtt_rng_below(&n->rng, n->jitter_ns + 1);
        p->seq = n->seq++;
        push_packet(n, p);
    }
}

static const struct dtt_addr *outside(const struct net_node *node)
{
    return node->mapped.family ? &node->mapped : &node->addr;
}

static void send_batch(struct net *n, struct net_node *node, const struct dtt_quic_packet *out)
{
    bool is_relayed = dtt_addr_is_invented(&out->remote);
    struct dtt_addr relay_local = net_relay_local();
    struct net_packet p = {
        .from = is_relayed ? node->relayed : *outside(node), .to = out->remote, .ecn = out->ecn};
    bool is_dead = node->dead.family && dtt_addr_eq(&out->local, &node->dead);
    assert_true(out->segment > 0 && out->data.len > 0);
    /* From the wildcard the kernel chooses the address that works. */
    assert_true(is_dead || dtt_addr_is_wildcard(&out->local) ||
                dtt_addr_eq(&out->local, is_relayed ? &relay_local : &node->addr));
    node->sent_batches++;
    for (size_t at = 0; at < out->data.len; at += out->segment) {
        p.len = out->data.len - at < out->segment ? out->data.len - at : out->segment;
        assert_true(p.len <= sizeof(p.data));
        memcpy(p.data, out->data.data + at, p.len);
        node->sent_packets++;
        if (!is_dead) {
            send_one(n, &p);
        }
    }
}

void net_inject(struct net *n, const struct dtt_addr *from, const struct dtt_addr *to,
                struct dtt_slice data)
{
    struct net_packet p = {.from = *from, .to = *to, .len = data.len, .at = n->now.mono_ns};
    assert_true(data.len <= sizeof(p.data));
    memcpy(p.data, data.data, data.len);
    p.seq = n->seq++;
    push_packet(n, &p);
}

/* ---- what nodes say */

struct net_bytes *net_stream(const struct net_node *node, dtt_quic_conn conn, int64_t stream)
{
    struct net_bytes *b = node->bytes;
    while (b && (b->conn != conn || b->stream != stream)) {
        b = b->next;
    }
    return b;
}

static void keep_bytes(struct net_node *node, const struct dtt_quic_event *e)
{
    struct net_bytes *b = net_stream(node, e->conn, e->stream);
    if (!b) {
        b = calloc(1, sizeof(*b));
        assert_non_null(b);
        b->conn = e->conn;
        b->stream = e->stream;
        b->next = node->bytes;
        node->bytes = b;
    }
    assert_false(b->fin);
    if (b->len + e->data.len > b->cap) {
        b->cap = 2 * (b->len + e->data.len);
        b->data = realloc(b->data, b->cap);
        assert_non_null(b->data);
    }
    if (e->data.len) {
        memcpy(b->data + b->len, e->data.data, e->data.len);
    }
    b->len += e->data.len;
    b->fin = e->fin;
}

void net_drain(struct net *n, struct net_node *node)
{
    struct dtt_quic_event e;
    struct dtt_quic_packet out;
    bool more = true;
    while (more && node->q) {
        more = false;
        while (!node->is_lazy && dtt_quic_next_event(node->q, &e)) {
            more = true;
            if (e.type == DTT_QUIC_DATA) {
                keep_bytes(node, &e);
            } else {
                assert_true(node->event_count < NET_EVENTS_MAX);
                node->events[node->event_count++] = e;
            }
        }
        while (dtt_quic_next_packet(node->q, n->now, &out)) {
            more = true;
            send_batch(n, node, &out);
        }
    }
}

static struct net_node *node_at(struct net *n, const struct dtt_addr *addr)
{
    for (size_t i = 0; i < n->node_count; i++) {
        if (dtt_addr_eq(outside(n->nodes[i]), addr) || dtt_addr_eq(&n->nodes[i]->relayed, addr)) {
            return n->nodes[i];
        }
    }
    return NULL;
}

static void deliver(struct net *n, struct net_packet *p)
{
    struct net_node *node = node_at(n, &p->to);
    if (!node || !node->q || node->is_deaf) {
        return;
    }
    /* A block of exactly its size, so that a sanitizer sees any read past its end. */
    uint8_t *copy = malloc(p->len ? p->len : 1);
    assert_non_null(copy);
    memcpy(copy, p->data, p->len);
    struct dtt_addr local = dtt_addr_is_invented(&p->to) ? net_relay_local() : node->addr;
    dtt_quic_recv(node->q, n->now, &local, &p->from, p->ecn, dtt_slice(copy, p->len));
    free(copy);
    net_drain(n, node);
}

static uint64_t next_due(const struct net *n)
{
    uint64_t t = n->packet_count ? n->packets[0]->at : DTT_NEVER;
    for (size_t i = 0; i < n->node_count; i++) {
        if (n->nodes[i]->q) {
            t = dtt_min_ns(t, dtt_quic_deadline(n->nodes[i]->q));
        }
    }
    return t;
}

static void advance(struct net *n, uint64_t t)
{
    if (t > n->now.mono_ns) {
        n->now.wall_ns += (int64_t)(t - n->now.mono_ns);
        n->now.mono_ns = t;
    }
}

static void step(struct net *n)
{
    while (n->packet_count && n->packets[0]->at <= n->now.mono_ns) {
        struct net_packet *p = pop_packet(n);
        deliver(n, p);
        free(p);
    }
    for (size_t i = 0; i < n->node_count; i++) {
        struct net_node *node = n->nodes[i];
        if (node->q && dtt_quic_deadline(node->q) <= n->now.mono_ns) {
            dtt_quic_tick(node->q, n->now);
            net_drain(n, node);
        }
    }
}

void net_run(struct net *n, uint64_t ns)
{
    uint64_t end = n->now.mono_ns + ns;
    unsigned long steps = 0;
    for (size_t i = 0; i < n->node_count; i++) {
        net_drain(n, n->nodes[i]);
    }
    for (uint64_t t = next_due(n); t <= end; t = next_due(n)) {
        advance(n, t);
        step(n);
        assert_true(++steps < 10000000); /* or a timer does not get anywhere */
    }
    advance(n, end);
}

void net_settle(struct net *n, uint64_t ns)
{
    for (size_t i = 0; i < n->node_count; i++) {
        net_drain(n, n->nodes[i]);
    }
    for (uint64_t t = next_due(n); t <= n->now.mono_ns + ns; t = next_due(n)) {
        advance(n, t);
        step(n);
    }
}

const struct dtt_quic_event *net_event(const struct net_node *node, enum dtt_quic_event_type type,
                                       dtt_quic_conn conn)
{
    for (size_t i = 0; i < node->event_count; i++) {
        const struct dtt_quic_event *e = &node->events[i];
        if (e->type == type && (conn == 0 || e->conn == conn)) {
            return e;
        }
    }
    return NULL;
}

size_t net_count(const struct net_node *node, enum dtt_quic_event_type type)
{
    size_t count = 0;
    for (size_t i = 0; i < node->event_count; i++) {
        count += node->events[i].type == type;
    }
    return count;
}

void net_forget(struct net_node *node)
{
    node->event_count = 0;
}

dtt_quic_conn net_dial(struct net *n, struct net_node *from, const struct net_node *to)
{
    dtt_quic_conn c = 0;
    assert_int_equal(
        dtt_quic_dial(from->q, n->now, dtt_quic_id(to->q), &from->addr, outside(to), &c), DTT_OK);
    assert_true(c != 0);
    from->dials++;
    net_drain(n, from);
    return c;
}

void net_dial_by_relay(struct net *n, struct net_node *from, const struct net_node *to,
                       dtt_quic_conn *ret)
{
    struct dtt_addr local = net_relay_local();
    assert_int_equal(dtt_quic_dial(from->q, n->now, dtt_quic_id(to->q), &local, &to->relayed, ret),
                     DTT_OK);
    from->dials++;
    net_drain(n, from);
}

size_t net_live(const struct net_node *node)
{
    const uint64_t *m = node->ctx.counters;
    return node->dials + m[DTT_COUNTER_QUIC_ACCEPTED] - m[DTT_COUNTER_QUIC_DIALS_FAILED] -
           m[DTT_COUNTER_QUIC_ACCEPTS_FAILED] - m[DTT_COUNTER_QUIC_CLOSED];
}

void net_connect(struct net *n, struct net_node *from, struct net_node *to, dtt_quic_conn *ret_from,
                 dtt_quic_conn *ret_to)
{
    size_t accepted = net_count(to, DTT_QUIC_CONNECTED);
    assert_int_equal(accepted, 0);
    dtt_quic_conn c = net_dial(n, from, to);
    for (int i = 0; i < 200 && !net_event(from, DTT_QUIC_CONNECTED, c); i++) {
        net_run(n, 100 * DTT_MS);
    }
    assert_non_null(net_event(from, DTT_QUIC_CONNECTED, c));
    const struct dtt_quic_event *e = net_event(to, DTT_QUIC_CONNECTED, 0);
    assert_non_null(e);
    assert_memory_equal(&e->peer, dtt_quic_id(from->q), sizeof(e->peer));
    dtt_quic_trust(from->q, c, true);
    dtt_quic_trust(to->q, e->conn, true);
    net_run(n, 2 * (n->latency_ns + n->jitter_ns));
    if (ret_from) {
        *ret_from = c;
    }
    if (ret_to) {
        *ret_to = e->conn;
    }
    net_forget(from);
    net_forget(to);
}

void net_assert_closed(const struct net_node *node, dtt_quic_conn c, enum dtt_reason reason,
                       bool was_connected)
{
    const struct dtt_quic_event *e = net_event(node, DTT_QUIC_CLOSED, c);
    assert_non_null(e);
    assert_string_equal(dtt_reason_word((int)e->reason), dtt_reason_word((int)reason));
    assert_int_equal(e->was_connected, was_connected);
    size_t closed = 0;
    for (size_t i = 0; i < node->event_count; i++) {
        closed += node->events[i].type == DTT_QUIC_CLOSED && node->events[i].conn == c;
    }
    assert_int_equal(closed, 1);
}

void net_say(struct net *n, struct net_node *node, dtt_quic_conn c, const char *text)
{
    int64_t stream;
    assert_int_equal(dtt_quic_open_uni(node->q, c, &stream), DTT_OK);
    assert_int_equal(dtt_quic_write(node->q, c, stream, dtt_slice(text, strlen(text)), true),
                     DTT_OK);
    net_drain(n, node);
}

void net_assert_heard(const struct net_node *node, dtt_quic_conn c, const char *text)
{
    for (struct net_bytes *b = node->bytes; b; b = b->next) {
        if (b->conn == c && b->fin && dtt_slice_is(dtt_slice(b->data, b->len), text)) {
            return;
        }
    }
    fail_msg("not heard: %s", text);
}
