/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "sim/foreign.h"

#include "base/bucket.h"
#include "dht/item.h"
#include "dht/krpc.h"
#include "dht/node_id.h"
#include "dht/token.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define BUCKETS 24 /* the last one holds all longer prefixes */
#define NEAR 8     /* contacts of a bucket on our island, and as many on others */
#define LEARNED 4  /* and members that asked us */
#define CLOSEST 8
#define LEARNED_NS (900 * DTT_S) /* BEP 5: good for a quarter of an hour */
#define ITEMS_MAX 700            /* libtorrent's */
#define REPLY_MAX 1400
#define BYTES_PER_S 8000 /* libtorrent's upload limit of a node */
#define BAN_PACKETS 50
#define BAN_WINDOW (10 * DTT_S)
#define BAN_NS (300 * DTT_S)
#define BAN_SOURCES 20

struct contact {
    uint8_t id[DTT_NODE_ID_BYTES];
    struct dtt_addr addr; /* family none: a free place */
    uint32_t island;
    uint64_t heard_ns; /* learned ones */
};

struct bucket {
    struct sample {
        struct contact list[NEAR];
        size_t n;
        uint32_t seen;
    } found[2]; /* on our island; on others */
    struct contact learned[LEARNED];
};

struct item {
    uint8_t key[32];
    uint8_t sig[64];
    int64_t seq;
    bool is_pinned, is_mutable;
    uint64_t stored_ns;
    size_t len;
    uint8_t v[];
};

/* An address that may be sending too much. */
struct source {
    struct dtt_addr addr;
    uint32_t count;
    uint64_t until_ns; /* of the window, or of the ban */
};

struct dtt_sim_foreign {
    struct dtt_sim_host *host;
    enum dtt_sim_foreign_kind kind;
    uint8_t id[DTT_NODE_ID_BYTES];
    uint8_t token_secret[DTT_TOKEN_SECRET_BYTES];
    struct bucket *buckets[BUCKETS];
    struct dtt_map items;
    struct dtt_bucket budget;
    struct source sources[BAN_SOURCES];
};

static void foreign_free(struct dtt_sim_foreign *f)
{
    for (size_t i = 0; i < dtt_map_count(&f->items); i++) {
        free(dtt_map_value_at(&f->items, i));
    }
    dtt_map_fini(&f->items);
    for (size_t i = 0; i < BUCKETS; i++) {
        free(f->buckets[i]);
    }
    free(f);
}

void dtt_sim_foreign_die(struct dtt_sim_foreign *f)
{
    f->kind = DTT_SIM_DEAD;
}

/* --------------------------------------------------------------- contacts */

static struct bucket *bucket_of(struct dtt_sim_foreign *f, const uint8_t id[DTT_NODE_ID_BYTES])
{
    unsigned i = dtt_node_id_common(f->id, id);
    i = i < BUCKETS ? i : BUCKETS - 1;
    if (!f->buckets[i]) {
        f->buckets[i] = calloc(1, sizeof(*f->buckets[i]));
    }
    return f->buckets[i];
}

/* Reservoir sampling: each node of a bucket is as likely to be kept as any other. */
static void sample(struct dtt_rng *rng, struct sample *s, const struct contact *c)
{
    uint64_t at = s->n < NEAR ? s->n++ : dtt_rng_below(rng, s->seen + 1);
    s->seen++;
    if (at < NEAR) {
        s->list[at] = *c;
    }
}

int dtt_sim_foreign_meet(struct dtt_sim_world *w)
{
    for (size_t i = 0; i < w->n_hosts; i++) {
        struct dtt_sim_foreign *f = w->hosts[i]->foreign;
        for (size_t k = 0; f && k < w->n_hosts; k++) {
            const struct dtt_sim_host *h = w->hosts[k];
            if (k == i || !h->foreign || h->foreign->kind == DTT_SIM_ROUTER) {
                continue;
            }
            struct contact c = {.addr = dtt_sim_host_global(h), .island = h->island};
            memcpy(c.id, h->foreign->id, sizeof(c.id));
            struct bucket *b = bucket_of(f, c.id);
            if (!b) {
                return DTT_ENOMEM;
            }
            sample(&w->rng, &b->found[h->island != f->host->island], &c);
        }
    }
    return DTT_OK;
}

/* A node that asked us, and that others can reach too. */
static void learn(struct dtt_sim_foreign *f, const struct dtt_addr *from, const struct dtt_krpc *q)
{
    struct dtt_sim_world *w = f->host->world;
    const struct dtt_sim_host *h = dtt_map_get(&w->by_ip, from->ip);
    if (!h || q->is_read_only || q->id.len < DTT_NODE_ID_BYTES) {
        return;
    }
    struct bucket *b = bucket_of(f, q->id.data);
    if (!b) {
        return;
    }
    struct contact *at = NULL;
    for (size_t i = 0; i < LEARNED; i++) {
        struct contact *c = &b->learned[i];
        if (dtt_addr_eq(&c->addr, from)) {
            at = c;
            break;
        }
        if (!at && (c->addr.family == DTT_FAMILY_NONE || w->t_ns - c->heard_ns > LEARNED_NS)) {
            at = c;
        }
    }
    if (at) {
        memcpy(at->id, q->id.data, DTT_NODE_ID_BYTES);
        at->addr = *from;
        at->island = h->island;
        at->heard_ns = w->t_ns;
    }
}

struct closest {
    const uint8_t *target;
    const struct contact *list[CLOSEST];
    size_t n;
};

static void offer(struct closest *r, const struct contact *c)
{
    size_t i = r->n;
    while (i > 0 && dtt_node_id_cmp(r->target, c->id, r->list[i - 1]->id) < 0) {
        i--;
    }
    if (i == CLOSEST) {
        return;
    }
    size_t moved = (r->n < CLOSEST ? r->n : CLOSEST - 1) - i;
    memmove(&r->list[i + 1], &r->list[i], moved * sizeof(struct contact *));
    r->list[i] = c;
    r->n += r->n < CLOSEST;
}

/* While the world is cut, contacts beyond the cut count as failed and are not handed out. */
static void find_closest(const struct dtt_sim_foreign *f, struct closest *r)
{
    const struct dtt_sim_world *w = f->host->world;
    for (size_t i = 0; i < BUCKETS; i++) {
        const struct bucket *b = f->buckets[i];
        if (!b) {
            continue;
        }
        for (size_t k = 0; k < b->found[0].n; k++) {
            offer(r, &b->found[0].list[k]);
        }
        for (size_t k = 0; !w->is_cut && k < b->found[1].n; k++) {
            offer(r, &b->found[1].list[k]);
        }
        for (size_t k = 0; k < LEARNED; k++) {
            const struct contact *c = &b->learned[k];
            if (c->addr.family != DTT_FAMILY_NONE && w->t_ns - c->heard_ns <= LEARNED_NS &&
                (!w->is_cut || c->island == f->host->island)) {
                offer(r, c);
            }
        }
    }
}

/* ---------------------------------------------------------------- storing */

static void make_room(struct dtt_sim_foreign *f)
{
    size_t oldest = SIZE_MAX;
    for (size_t i = 0; i < dtt_map_count(&f->items); i++) {
        const struct item *a = dtt_map_value_at(&f->items, i);
        const struct item *b = oldest == SIZE_MAX ? NULL : dtt_map_value_at(&f->items, oldest);
        if (!b || a->stored_ns < b->stored_ns) {
            oldest = i;
        }
    }
    if (oldest != SIZE_MAX) {
        struct item *gone = dtt_map_value_at(&f->items, oldest);
        dtt_map_take(&f->items, dtt_map_key_at(&f->items, oldest));
        free(gone);
    }
}

/* `key` NULL: an immutable item. */
static struct item *store(struct dtt_sim_foreign *f, const uint8_t target[DTT_NODE_ID_BYTES],
                          const uint8_t *key, const uint8_t *sig, int64_t seq, struct dtt_slice v)
{
    struct item *it = calloc(1, sizeof(*it) + v.len);
    if (!it) {
        return NULL;
    }
    struct item *old = dtt_map_get(&f->items, target);
    if (!old && dtt_map_count(&f->items) == ITEMS_MAX) {
        make_room(f);
    }
    if (dtt_map_put(&f->items, target, it) != DTT_OK) {
        free(it);
        return NULL;
    }
    free(old);
    it->stored_ns = f->host->world->t_ns;
    it->len = v.len;
    memcpy(it->v, v.data, v.len);
    it->is_mutable = key != NULL;
    if (key) {
        memcpy(it->key, key, sizeof(it->key));
        memcpy(it->sig, sig, sizeof(it->sig));
        it->seq = seq;
    }
    return it;
}

int dtt_sim_foreign_pin(struct dtt_sim_foreign *f, const uint8_t target[20], const uint8_t key[32],
                        const uint8_t sig[64], int64_t seq, struct dtt_slice v)
{
    struct item *it = store(f, target, key, sig, seq, v);
    if (!it) {
        return DTT_ENOMEM;
    }
    it->is_pinned = true;
    return DTT_OK;
}

int dtt_sim_foreign_pin_slot(struct dtt_sim_world *w, const struct dtt_slot *slot,
                             struct dtt_slice value, uint32_t first, uint32_t step)
{
    uint8_t v[DTT_KRPC_VALUE_MAX], sig[DTT_KRPC_SIG_BYTES], target[DTT_NODE_ID_BYTES];
    struct dtt_writer out = dtt_writer(v, sizeof(v));
    struct dtt_slice salt = dtt_slice(slot->salt, sizeof(slot->salt));
    char head[16];
    dtt_write(&out, head, (size_t)snprintf(head, sizeof(head), "%zu:", value.len));
    dtt_write_slice(&out, value);
    assert(!out.failed);
    dtt_item_target(target, slot->key, salt);
    dtt_item_sign(sig, slot->seed, salt, INT64_MAX, dtt_slice(v, out.len));
    uint32_t number = 0;
    for (size_t i = 0; i < w->n_hosts; i++) {
        struct dtt_sim_foreign *f = w->hosts[i]->foreign;
        if (f && number++ % step == first % step &&
            dtt_sim_foreign_pin(f, target, slot->key, sig, INT64_MAX, dtt_slice(v, out.len)) !=
                DTT_OK) {
            return DTT_ENOMEM;
        }
    }
    return DTT_OK;
}

/* 0 or a KRPC error. Signatures are not checked: only lying nodes would forge them. */
static int put(struct dtt_sim_foreign *f, const struct dtt_addr *from, const struct dtt_krpc *q)
{
    uint8_t target[DTT_NODE_ID_BYTES];
    bool is_mutable = q->k.len == DTT_KRPC_KEY_BYTES && q->sig.len == DTT_KRPC_SIG_BYTES;
    if (q->v.len == 0 || q->v.len > DTT_KRPC_VALUE_MAX) {
        return DTT_KRPC_E_V_TOO_BIG;
    }
    if (is_mutable) {
        dtt_item_target(target, q->k.data, q->salt);
    } else {
        dtt_item_target_immutable(target, q->v);
    }
    if (!dtt_token_is_valid(q->token, f->token_secret, dtt_sim_host_now(f->host), from, target)) {
        return DTT_KRPC_E_PROTOCOL;
    }
    const struct item *old = dtt_map_get(&f->items, target);
    if (old && is_mutable) {
        if (q->cas.is_set && q->cas.n != old->seq) {
            return DTT_KRPC_E_CAS;
        }
        if (q->seq.n < old->seq) {
            return DTT_KRPC_E_SEQ;
        }
        if (old->is_pinned || (q->seq.n == old->seq && f->kind == DTT_SIM_LIBTORRENT)) {
            return 0; /* says ok, keeps what it had */
        }
    }
    const uint8_t *key = is_mutable ? q->k.data : NULL;
    return store(f, target, key, q->sig.data, q->seq.n, q->v) ? 0 : DTT_KRPC_E_SERVER;
}

/* -------------------------------------------------------------- answering */

/* libtorrent's defence: an address that sends too much is not answered for a while. */
static bool is_banned(struct dtt_sim_foreign *f, const struct dtt_addr *from)
{
    uint64_t t = f->host->world->t_ns;
    struct source *s = &f->sources[0];
    for (size_t i = 0; i < BAN_SOURCES; i++) {
        struct source *at = &f->sources[i];
        if (dtt_addr_same_ip(&at->addr, from)) {
            s = at;
            break;
        }
        s = at->count < s->count || at->until_ns < t ? at : s;
    }
    if (!dtt_addr_same_ip(&s->addr, from)) {
        *s = (struct source){.addr = *from, .until_ns = t + BAN_WINDOW};
    }
    s->count++;
    if (t > s->until_ns) {
        s->count = 1;
        s->until_ns = t + BAN_WINDOW;
    } else if (s->count == BAN_PACKETS) {
        s->until_ns = t + BAN_NS;
    }
    return s->count >= BAN_PACKETS;
}

static size_t write_nodes(uint8_t *buf, size_t cap, const struct closest *r)
{
    struct dtt_writer w = dtt_writer(buf, cap);
    for (size_t i = 0; i < r->n; i++) {
        dtt_write(&w, r->list[i]->id, DTT_NODE_ID_BYTES);
        dtt_addr_write_compact(&w, &r->list[i]->addr);
    }
    return w.len;
}

/* Contacts close to the target that do not exist, and a value that nobody signed. */
static size_t lie(struct dtt_sim_foreign *f, const uint8_t *target, uint8_t *buf, size_t cap)
{
    struct dtt_writer w = dtt_writer(buf, cap);
    for (size_t i = 0; i < CLOSEST; i++) {
        uint8_t id[DTT_NODE_ID_BYTES];
        uint8_t ip[4];
        dtt_node_id_random_in(&f->host->world->rng, target, 20, id);
        dtt_rng_bytes(&f->host->world->rng, ip, sizeof(ip));
        struct dtt_addr a = dtt_addr_v4(ip[0], ip[1], ip[2], ip[3], DTT_SIM_PORT);
        dtt_write(&w, id, sizeof(id));
        dtt_addr_write_compact(&w, &a);
    }
    return w.len;
}

static void send_reply(struct dtt_sim_foreign *f, const struct dtt_addr *to,
                       const struct dtt_krpc *m)
{
    uint8_t buf[REPLY_MAX];
    int len = dtt_krpc_encode(m, buf, sizeof(buf));
    if (len > 0 && (f->kind != DTT_SIM_LIBTORRENT ||
                    dtt_bucket_take(&f->budget, (uint64_t)len, f->host->world->t_ns))) {
        dtt_sim_host_send(f->host, to, dtt_slice(buf, (size_t)len));
    }
}

static void answer_get(struct dtt_sim_foreign *f, const uint8_t *target, struct dtt_krpc *reply)
{
    static const uint8_t nonsense[64] = {1, 2, 3};
    const struct item *it = dtt_map_get(&f->items, target);
    if (f->kind == DTT_SIM_LYING) {
        reply->k = dtt_slice(nonsense, 32);
        reply->sig = dtt_slice(nonsense, 64);
        reply->seq = dtt_krpc_int(INT64_MAX);
        reply->v = dtt_slice("5:never", 7);
    } else if (it) {
        reply->v = dtt_slice(it->v, it->len);
        if (it->is_mutable) {
            reply->k = dtt_slice(it->key, sizeof(it->key));
            reply->sig = dtt_slice(it->sig, sizeof(it->sig));
            reply->seq = dtt_krpc_int(it->seq);
        }
    }
}

static void answer(struct dtt_sim_foreign *f, const struct dtt_addr *from, const struct dtt_krpc *q)
{
    uint8_t ip[DTT_ADDR_COMPACT6], nodes[CLOSEST * DTT_KRPC_NODE4_BYTES], token[DTT_TOKEN_BYTES];
    struct dtt_writer w = dtt_writer(ip, sizeof(ip));
    struct dtt_slice target = q->target.data ? q->target : q->info_hash;
    bool stores = f->kind != DTT_SIM_ROUTER;
    dtt_addr_write_compact(&w, from);
    struct dtt_krpc reply = {.type = DTT_KRPC_REPLY,
                             .t = q->t,
                             .ip = dtt_slice(ip, w.len),
                             .id = dtt_slice(f->id, sizeof(f->id))};
    if (q->method == DTT_KRPC_M_PUT && stores) {
        if (f->kind == DTT_SIM_MAINLINE && q->target.len != DTT_NODE_ID_BYTES) {
            return;
        }
        int error = f->kind == DTT_SIM_LYING ? 0 : put(f, from, q);
        if (error) {
            reply.type = DTT_KRPC_ERROR;
            reply.error = error;
            reply.error_text = dtt_slice("no", 2);
        }
    } else if (q->method != DTT_KRPC_M_PING && target.len == DTT_NODE_ID_BYTES) {
        struct closest r = {.target = target.data};
        size_t len;
        if (f->kind == DTT_SIM_LYING) {
            len = lie(f, target.data, nodes, sizeof(nodes));
        } else {
            find_closest(f, &r);
            len = write_nodes(nodes, sizeof(nodes), &r);
        }
        reply.nodes = dtt_slice(nodes, len);
        if (q->method != DTT_KRPC_M_FIND_NODE && stores) {
            dtt_token_make(token, f->token_secret, dtt_sim_host_now(f->host), from, target.data);
            reply.token = dtt_slice(token, sizeof(token));
        }
        if (q->method == DTT_KRPC_M_GET && stores) {
            answer_get(f, target.data, &reply);
        }
    }
    send_reply(f, from, &reply);
}

static void foreign_recv(void *guest, uint16_t port, const struct dtt_addr *from,
                         struct dtt_slice datagram)
{
    struct dtt_sim_foreign *f = guest;
    struct dtt_krpc q;
    (void)port;
    if (f->kind == DTT_SIM_DEAD || dtt_krpc_decode(datagram, &q) != DTT_OK ||
        q.type != DTT_KRPC_QUERY) {
        return;
    }
    if ((f->kind == DTT_SIM_LIBTORRENT && is_banned(f, from)) ||
        (f->kind == DTT_SIM_MAINLINE && q.t.len != DTT_KRPC_T_BYTES)) {
        return;
    }
    learn(f, from, &q);
    answer(f, from, &q);
}

int dtt_sim_foreign_new(struct dtt_sim_host *h, enum dtt_sim_foreign_kind kind)
{
    struct dtt_sim_world *w = h->world;
    struct dtt_sim_foreign *f = calloc(1, sizeof(*f));
    struct dtt_addr addr = dtt_sim_host_global(h);
    uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES];
    if (!f) {
        return DTT_ENOMEM;
    }
    f->host = h;
    f->kind = kind;
    dtt_node_id_for_addr(&w->rng, &addr, f->id);
    dtt_rng_bytes(&w->rng, f->token_secret, sizeof(f->token_secret));
    dtt_rng_bytes(&w->rng, hash_key, sizeof(hash_key));
    dtt_map_init(&f->items, DTT_NODE_ID_BYTES, ITEMS_MAX, hash_key);
    dtt_bucket_init(&f->budget, BYTES_PER_S, BYTES_PER_S, w->t_ns);
    h->foreign = h->guest = f;
    h->guest_recv = foreign_recv;
    h->foreign_free = foreign_free;
    return DTT_OK;
}
