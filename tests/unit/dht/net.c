/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "net.h"

#include "codec/bencode.h"
#include "crypto/ed25519.h"
#include "dht/inside.h"
#include "dht/item.h"
#include "support/vectors.h"

#include <math.h>
#include <stdlib.h>

void net_init(struct net *net, uint64_t seed)
{
    uint8_t key[DTT_RNG_SEED_BYTES] = {0};
    memset(net, 0, sizeof(*net));
    dtt_put_le64(key, seed);
    dtt_rng_init(&net->rng, key, "net");
    net->now = (struct dtt_now){.mono_ns = 1000 * DTT_S, .wall_ns = 0};
    net->delay_min_ns = 50 * DTT_US;
    net->delay_max_ns = 50 * DTT_US;
}

void net_fini(struct net *net)
{
    for (size_t i = 0; i < net->n; i++) {
        dtt_dht_free(net->nodes[i].dht);
    }
    for (size_t i = 0; i < net->queued; i++) {
        free(net->queue[i].data);
    }
    free(net->queue);
}

size_t net_add_at(struct net *net, const struct dtt_addr *addr, bool read_only)
{
    struct net_node *n = &net->nodes[net->n];
    struct dtt_dht_config cfg = {.read_only = read_only, .has_v4 = true, .has_v6 = true};
    assert_true(net->n < NET_NODES);
    memset(n, 0, sizeof(*n));
    n->addr = *addr;
    dtt_rng_bytes(&net->rng, n->ctx.seed, sizeof(n->ctx.seed));
    assert_int_equal(dtt_dht_new(&n->dht, &n->ctx, &cfg, net->now), 0);
    return net->n++;
}

size_t net_add(struct net *net, bool read_only)
{
    struct dtt_addr addr = dtt_addr_v4(127, 0, 0, 1, (uint16_t)(10000 + net->n));
    return net_add_at(net, &addr, read_only);
}

size_t net_add_script(struct net *net, const struct dtt_addr *addr, net_script script)
{
    struct net_node *n = &net->nodes[net->n];
    assert_true(net->n < NET_NODES);
    memset(n, 0, sizeof(*n));
    n->addr = *addr;
    n->script = script;
    return net->n++;
}

void net_bootstrap(struct net *net, size_t node, size_t contact)
{
    dtt_dht_add_bootstrap(net->nodes[node].dht, net->now, &net->nodes[contact].addr);
    net_flush(net, node);
}

void net_grow(struct net *net, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t node = net_add(net, false);
        if (node > 0) {
            net_bootstrap(net, node, 0);
        }
    }
}

/* ---- the wire */

static bool before(const struct net_packet *a, const struct net_packet *b)
{
    return a->at != b->at ? a->at < b->at : a->seq < b->seq;
}

static void push(struct net *net, struct net_packet p)
{
    if (net->queued == net->cap) {
        net->cap = net->cap ? net->cap * 2 : 256;
        net->queue = realloc(net->queue, net->cap * sizeof(p));
        assert_non_null(net->queue);
    }
    size_t i = net->queued++;
    while (i > 0 && before(&p, &net->queue[(i - 1) / 2])) {
        net->queue[i] = net->queue[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    net->queue[i] = p;
}

static struct net_packet pop(struct net *net)
{
    struct net_packet first = net->queue[0];
    struct net_packet last = net->queue[--net->queued];
    size_t i = 0;
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= net->queued) {
            break;
        }
        if (child + 1 < net->queued && before(&net->queue[child + 1], &net->queue[child])) {
            child++;
        }
        if (!before(&net->queue[child], &last)) {
            break;
        }
        net->queue[i] = net->queue[child];
        i = child;
    }
    net->queue[i] = last;
    return first;
}

/* Stable for a pair, the same in both directions. */
static uint64_t delay(const struct net *net, const struct dtt_addr *a, const struct dtt_addr *b)
{
    uint64_t h = 0;
    for (size_t i = 0; i < 16; i++) {
        h = h * 31 + (uint64_t)(a->ip[i] + b->ip[i]);
    }
    h += (uint64_t)a->port * b->port + (uint64_t)a->port + b->port;
    h *= UINT64_C(0x9e3779b97f4a7c15);
    h ^= h >> 29;
    h *= UINT64_C(0xbf58476d1ce4e5b9);
    double u = (double)(h >> 11) / 9007199254740992.0;
    double ratio = (double)net->delay_max_ns / (double)net->delay_min_ns;
    return (uint64_t)((double)net->delay_min_ns * pow(ratio, u));
}

void net_send(struct net *net, const struct dtt_addr *from, const struct dtt_addr *to,
              struct dtt_slice data)
{
    if (dtt_rng_below(&net->rng, 1000) < net->loss_permille) {
        return;
    }
    struct net_packet p = {.at = net->now.mono_ns + delay(net, from, to),
                           .seq = net->seq++,
                           .from = *from,
                           .to = *to,
                           .len = data.len,
                           .data = malloc(data.len ? data.len : 1)};
    assert_non_null(p.data);
    memcpy(p.data, data.data, data.len);
    push(net, p);
}

static void log_packet(struct net *net, size_t from, const struct dtt_addr *to)
{
    size_t second = (size_t)(net->now.mono_ns / DTT_S) - 1000;
    for (size_t i = 0; net->log && i < 12 && second < net->log_seconds; i++) {
        if (dtt_addr_eq(&net->nodes[i].addr, to)) {
            net->log[(from * 12 + i) * net->log_seconds + second]++;
        }
    }
}

void net_flush(struct net *net, size_t i)
{
    struct net_node *n = &net->nodes[i];
    struct dtt_dht_packet p;
    while (dtt_dht_next_packet(n->dht, &p)) {
        n->sent++;
        n->sent_bytes += p.len;
        log_packet(net, i, &p.to);
        net_send(net, &n->addr, &p.to, dtt_slice(p.data, p.len));
    }
}

static void deliver(struct net *net, const struct net_packet *p)
{
    for (size_t i = 0; i < net->n; i++) {
        struct net_node *n = &net->nodes[i];
        if (!dtt_addr_eq(&n->addr, &p->to) || (i && i == net->ghost)) {
            continue;
        }
        if (n->is_dead) {
            return;
        }
        n->received++;
        if (n->script) {
            n->script(net, i, &p->from, dtt_slice(p->data, p->len));
        } else if (n->dht) {
            dtt_dht_recv(n->dht, net->now, NULL, &p->from, dtt_slice(p->data, p->len));
            net_flush(net, i);
        }
        return;
    }
    if (net->ghost) {
        struct net_node *n = &net->nodes[net->ghost];
        n->addr = p->to;
        n->script(net, net->ghost, &p->from, dtt_slice(p->data, p->len));
    }
}

bool net_step(struct net *net, uint64_t limit_ns)
{
    uint64_t at = net->queued ? net->queue[0].at : DTT_NEVER;
    size_t due = NET_NODES;
    for (size_t i = 0; i < net->n; i++) {
        struct net_node *n = &net->nodes[i];
        uint64_t deadline = n->dht && !n->is_dead ? dtt_dht_deadline(n->dht) : DTT_NEVER;
        if (deadline < at) {
            at = deadline;
            due = i;
        }
    }
    if (at > limit_ns) {
        net->now.mono_ns = limit_ns;
        return false;
    }
    if (at > net->now.mono_ns) {
        net->now.mono_ns = at;
    }
    if (due < NET_NODES) {
        dtt_dht_tick(net->nodes[due].dht, net->now);
        net_flush(net, due);
        /* A timer that is due again at once would never let time go on. */
        assert_true(dtt_dht_deadline(net->nodes[due].dht) > net->now.mono_ns);
    } else {
        struct net_packet p = pop(net);
        deliver(net, &p);
        free(p.data);
    }
    return true;
}

void net_run(struct net *net, uint64_t duration_ns)
{
    uint64_t limit = net->now.mono_ns + duration_ns;
    while (net_step(net, limit)) {
    }
}

/* ---- operations */

static bool take_events(struct net *net, size_t i, dtt_dht_op op, uint64_t start,
                        struct net_result *ret)
{
    struct dtt_dht_event e;
    while (dtt_dht_next_event(net->nodes[i].dht, &e)) {
        if (e.op != op) {
            continue;
        }
        if (e.type == DTT_DHT_EV_VALUE) {
            if (ret->n_values == 0) {
                ret->first_value_ns = net->now.mono_ns - start;
            }
            assert_true(ret->n_values < NET_VALUES);
            uint8_t *copy = malloc(e.u.value.v_len ? e.u.value.v_len : 1);
            assert_non_null(copy);
            memcpy(copy, e.u.value.v, e.u.value.v_len);
            ret->seqs[ret->n_values] = e.u.value.seq;
            ret->values[ret->n_values++] = dtt_slice(copy, e.u.value.v_len);
        } else if (e.type == DTT_DHT_EV_NODE) {
            assert_true(ret->n_found < 16);
            memcpy(ret->found[ret->n_found++], e.u.node.id, 20);
        } else if (e.type == DTT_DHT_EV_PEER) {
            assert_true(ret->n_peers < NET_VALUES);
            ret->peers[ret->n_peers++] = e.u.peer.addr;
        } else {
            ret->last = e;
            return true;
        }
    }
    return false;
}

void net_wait(struct net *net, size_t i, dtt_dht_op op, uint64_t limit_ns, struct net_result *ret)
{
    uint64_t start = net->now.mono_ns;
    memset(ret, 0, sizeof(*ret));
    net_flush(net, i);
    while (!take_events(net, i, op, start, ret)) {
        if (!net_step(net, start + limit_ns)) {
            fail_msg("operation %u of node %zu did not end in time", op, i);
        }
    }
}

void net_result_free(struct net_result *r)
{
    for (size_t i = 0; i < r->n_values; i++) {
        free((void *)(uintptr_t)r->values[i].data);
    }
    r->n_values = 0;
}

void net_item(struct net_item *ret, uint8_t key, int64_t seq, const char *text)
{
    uint8_t seed[32] = {key, 1};
    memset(ret, 0, sizeof(*ret));
    struct dtt_writer w = dtt_writer(ret->v, sizeof(ret->v));
    dtt_bencode_write_text(&w, text);
    struct dtt_dht_put_args *p = &ret->put;
    p->v = dtt_slice(ret->v, w.len);
    p->is_mutable = true;
    p->salt_len = 4;
    memcpy(p->salt, "slot", 4);
    p->seq = seq;
    dtt_ed25519_public_key(p->key, seed);
    assert_int_equal(dtt_item_sign(p->sig, seed, dtt_slice("slot", 4), seq, p->v), 0);
    ret->get.is_mutable = true;
    ret->get.salt_len = 4;
    memcpy(ret->get.salt, "slot", 4);
    memcpy(ret->get.key, p->key, 32);
    dtt_item_target(ret->target, p->key, dtt_slice("slot", 4));
}

struct dtt_dht_event net_put(struct net *net, size_t i, const struct net_item *item)
{
    struct net_result r;
    dtt_dht_op op;
    assert_int_equal(dtt_dht_put(net->nodes[i].dht, net->now, &item->put, &op), 0);
    net_wait(net, i, op, 60 * DTT_S, &r);
    assert_int_equal(r.last.type, DTT_DHT_EV_PUT_DONE);
    return r.last;
}

void net_get(struct net *net, size_t i, const struct net_item *item, struct net_result *ret)
{
    dtt_dht_op op;
    assert_int_equal(dtt_dht_get(net->nodes[i].dht, net->now, &item->get, &op), 0);
    net_wait(net, i, op, 60 * DTT_S, ret);
    assert_int_equal(ret->last.type, DTT_DHT_EV_DONE);
}

bool net_result_has(const struct net_result *r, const struct net_item *item)
{
    for (size_t i = 0; i < r->n_values; i++) {
        if (dtt_slice_eq(r->values[i], item->put.v)) {
            return true;
        }
    }
    return false;
}

size_t net_holders(const struct net *net, const struct net_item *item)
{
    size_t n = 0;
    for (size_t i = 0; i < net->n; i++) {
        struct dtt_storage_item v;
        const struct dtt_dht *d = net->nodes[i].dht;
        for (size_t j = 0; d && dtt_storage_at(&d->storage, item->target, j, &v); j++) {
            n += dtt_slice_eq(v.v, item->put.v);
        }
    }
    return n;
}
