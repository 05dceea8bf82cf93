/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "support/world.h"

#include "support/vectors.h"

#include <stdlib.h>

static void no_sink(void *user, const struct dtt_trace_record *rec)
{
    (void)user;
    (void)rec;
}

void world_init(struct world *w, uint64_t seed, uint64_t unix_s)
{
    uint8_t bytes[DTT_RNG_SEED_BYTES] = {0};
    memset(w, 0, sizeof(*w));
    dtt_put_le64(bytes, seed);
    dtt_rng_init(&w->rng, bytes, "world");
    w->now = (struct dtt_now){.mono_ns = DTT_S, .wall_ns = (int64_t)(unix_s * DTT_S)};
    w->delay_ns = 10 * DTT_MS;
    w->packets = calloc(WORLD_PACKETS, sizeof(*w->packets));
    assert_non_null(w->packets);
}

void world_fini(struct world *w)
{
    for (size_t i = 0; i < w->n_nodes; i++) {
        world_kill(w, i);
    }
    while (w->n_packets > 0) {
        free(w->packets[--w->n_packets].data);
    }
    free(w->packets);
}

static void put_packet(struct world *w, const struct dtt_addr *from, const struct dtt_addr *to,
                       struct dtt_slice data)
{
    w->sent++;
    if (dtt_rng_below(&w->rng, 100) < w->loss_percent) {
        return;
    }
    assert_true(w->n_packets < WORLD_PACKETS);
    struct world_packet *p = &w->packets[w->n_packets++];
    *p = (struct world_packet){.due_ns = w->now.mono_ns + w->delay_ns,
                               .seq = w->seq++,
                               .from = *from,
                               .to = *to,
                               .data = malloc(data.len),
                               .len = data.len};
    assert_non_null(p->data);
    memcpy(p->data, data.data, data.len);
}

static void flush_node(struct world *w, struct world_node *n)
{
    struct dtt_core_packet p;
    while (n->core && dtt_core_next_packet(n->core, w->now, &p)) {
        for (size_t at = 0; at < p.data.len; at += p.segment) {
            size_t len = p.data.len - at < p.segment ? p.data.len - at : p.segment;
            put_packet(w, &n->addr, &p.remote, dtt_slice(p.data.data + at, len));
        }
    }
}

void world_flush(struct world *w)
{
    for (size_t i = 0; i < w->n_nodes; i++) {
        flush_node(w, &w->nodes[i]);
    }
}

size_t world_add(struct world *w, bool dht_only)
{
    size_t i = w->n_nodes++;
    struct world_node *n = &w->nodes[i];
    assert_true(i < WORLD_NODES);
    n->addr = dtt_addr_v4(10, 0, 0, (uint8_t)(i + 1), 6881);
    n->ctx.trace.sink = no_sink;
    dtt_rng_bytes(&w->rng, n->ctx.seed, sizeof(n->ctx.seed));
    struct dtt_core_config cfg = {.ctx = &n->ctx, .dht_only = dht_only, .bound = {n->addr}};
    dtt_rng_bytes(&w->rng, cfg.node_seed, sizeof(cfg.node_seed));
    assert_int_equal(dtt_core_new(&n->core, &cfg, w->now), DTT_OK);
    dtt_core_set_local_addrs(n->core, w->now, &n->addr, 1);
    if (i > 0) {
        dtt_core_add_bootstrap(n->core, w->now, &w->nodes[0].addr);
    }
    flush_node(w, n);
    return i;
}

void world_kill(struct world *w, size_t i)
{
    dtt_core_free(w->nodes[i].core);
    w->nodes[i].core = NULL;
}

void world_close(struct world *w, size_t i)
{
    if (w->nodes[i].core) {
        dtt_core_shutdown(w->nodes[i].core, w->now);
        flush_node(w, &w->nodes[i]);
        dtt_core_hang_up(w->nodes[i].core, w->now);
        flush_node(w, &w->nodes[i]);
        world_kill(w, i);
    }
}

static size_t next_packet(const struct world *w)
{
    size_t best = 0;
    for (size_t i = 1; i < w->n_packets; i++) {
        const struct world_packet *a = &w->packets[i];
        const struct world_packet *b = &w->packets[best];
        if (a->due_ns < b->due_ns || (a->due_ns == b->due_ns && a->seq < b->seq)) {
            best = i;
        }
    }
    return best;
}

static void deliver(struct world *w, size_t at)
{
    struct world_packet p = w->packets[at];
    w->packets[at] = w->packets[--w->n_packets];
    for (size_t i = 0; i < w->n_nodes; i++) {
        struct world_node *n = &w->nodes[i];
        if (n->core && dtt_addr_eq(&n->addr, &p.to)) {
            dtt_core_recv(n->core, w->now, &n->addr, &p.from, 0, dtt_slice(p.data, p.len));
            dtt_core_run(n->core, w->now);
            flush_node(w, n);
        }
    }
    free(p.data);
}

static void advance(struct world *w, uint64_t mono_ns)
{
    if (mono_ns > w->now.mono_ns) {
        w->now.wall_ns += (int64_t)(mono_ns - w->now.mono_ns);
        w->now.mono_ns = mono_ns;
    }
}

bool world_run(struct world *w, uint64_t limit_ns, bool (*done)(struct world *w, void *user),
               void *user)
{
    uint64_t end = w->now.mono_ns + limit_ns;
    for (;;) {
        if (done && done(w, user)) {
            return true;
        }
        size_t packet = next_packet(w);
        uint64_t packet_ns = w->n_packets ? w->packets[packet].due_ns : DTT_NEVER;
        struct world_node *due = NULL;
        uint64_t due_ns = DTT_NEVER;
        for (size_t i = 0; i < w->n_nodes; i++) {
            uint64_t t = w->nodes[i].core ? dtt_core_deadline(w->nodes[i].core) : DTT_NEVER;
            if (t < due_ns) {
                due_ns = t;
                due = &w->nodes[i];
            }
        }
        if (dtt_min_ns(packet_ns, due_ns) > end) {
            advance(w, end);
            return false;
        }
        if (packet_ns <= due_ns) {
            advance(w, packet_ns);
            deliver(w, packet);
        } else {
            advance(w, due_ns);
            dtt_core_run(due->core, w->now);
            flush_node(w, due);
        }
    }
}
