/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/server.h"

#include "dht/alive.h"
#include "dht/inside.h"
#include "dht/item.h"
#include "dht/node_id.h"
#include "dht/query.h"

#include <dtt/types.h>

#define AMPLIFICATION 3
#define REPLY_MAX 1280                       /* bytes; leaves room for any tunnel below 1,400 */
#define ENCODED_MAX 3072                     /* more than any reply has before it is cut */
#define VALUE4_BYTES (2 + DTT_ADDR_COMPACT4) /* one entry of `values`: "6:" and the address */
#define VALUE6_BYTES (3 + DTT_ADDR_COMPACT6)

/* One query being answered. */
struct request {
    struct dtt_dht *d;
    struct dtt_now now;
    const struct dtt_addr *from;
    const struct dtt_krpc *q;
    size_t len;
    bool is_pinged; /* a ping goes to the asker, too: it counts as part of the answer */
    bool was_held;  /* answered now or never */
    bool is_held;   /* to be answered later */
    struct dtt_krpc reply;
    uint8_t ip[DTT_ADDR_COMPACT6];
    uint8_t token[DTT_TOKEN_BYTES];
    uint8_t nodes[DTT_RTABLE_K * DTT_KRPC_NODE4_BYTES];
    uint8_t nodes6[DTT_RTABLE_K * DTT_KRPC_NODE6_BYTES];
    uint8_t values[DTT_PEERSTORE_REPLY * VALUE6_BYTES];
};

static void init_reply(struct request *request, enum dtt_krpc_type type)
{
    struct dtt_writer w = dtt_writer(request->ip, sizeof(request->ip));
    dtt_addr_write_compact(&w, request->from);
    request->reply = (struct dtt_krpc){.type = type,
                                       .t = request->q->t,
                                       .ip = dtt_slice(request->ip, w.len),
                                       .client = dtt_slice(DTT_KRPC_CLIENT, 4),
                                       .id = dtt_slice(request->d->id, DTT_NODE_ID_BYTES)};
}

static void prove(const struct request *request)
{
    if (dtt_addr_scope(request->from) == DTT_SCOPE_GLOBAL) {
        dtt_proofs_add(&request->d->proofs, request->now, request->from);
    }
}

/* Not long ago the source sent back something that only a receiver of our datagrams knows. */
static bool is_proven(const struct request *request)
{
    const struct dtt_dht *d = request->d;
    if (dtt_addr_scope(request->from) != DTT_SCOPE_GLOBAL ||
        dtt_proofs_has(&d->proofs, request->now, request->from)) {
        return true;
    }
    const struct dtt_rtable *t = &d->tables[dtt_side_of(request->from->family)];
    const struct dtt_rnode *n =
        request->q->id.data ? dtt_rtable_find_id(t, request->q->id.data) : NULL;
    if (!n) {
        return false;
    }
    struct dtt_addr addr = dtt_rnode_addr(t, n);
    return dtt_addr_eq(&addr, request->from) &&
           request->now.mono_ns / DTT_S - n->heard_s < DTT_RTABLE_GOOD_S;
}

/* Takes entries of `size` bytes off the end of a list, down to `keep` of them at most. */
static void cut_list(struct dtt_slice *list, size_t size, size_t keep, size_t *excess)
{
    while (*excess > 0 && list->len > keep * size) {
        list->len -= size;
        *excess = *excess > size ? *excess - size : 0;
    }
}

/* Makes the reply `excess` bytes shorter: contacts and peers to a few of each, then to none. */
static void cut_contacts(struct request *request, size_t excess)
{
    static const size_t keep[] = {3, 0};
    struct dtt_krpc *m = &request->reply;
    size_t value = request->from->family == DTT_FAMILY_V4 ? VALUE4_BYTES : VALUE6_BYTES;
    for (size_t i = 0; i < 2; i++) {
        cut_list(&m->nodes6, DTT_KRPC_NODE6_BYTES, keep[i], &excess);
        cut_list(&m->nodes, DTT_KRPC_NODE4_BYTES, keep[i], &excess);
        cut_list(&m->values, value, keep[i], &excess);
    }
}

static size_t encode(const struct request *request, uint8_t buf[ENCODED_MAX])
{
    int len = dtt_krpc_encode(&request->reply, buf, ENCODED_MAX);
    return len < 0 ? 0 : (size_t)len;
}

/* Keeps the get until the asker has answered a ping. False when it cannot be kept. */
static bool hold(struct request *request)
{
    struct dtt_dht *d = request->d;
    const struct dtt_krpc *q = request->q;
    struct dtt_held_get g = {.from = *request->from,
                             .asked = d->answer_from,
                             .t_len = (uint8_t)q->t.len,
                             .want = q->want,
                             .has_seq = q->seq.is_set,
                             .seq = q->seq.n,
                             .len = (uint32_t)request->len};
    if (request->was_held || q->is_read_only) { /* BEP 43: it would not answer a ping */
        return false;
    }
    memcpy(g.id, q->id.data, sizeof(g.id));
    memcpy(g.target, q->target.data, sizeof(g.target));
    memcpy(g.t, q->t.data, q->t.len);
    bool is_asked = dtt_held_has(&d->held, request->from);
    if (dtt_held_add(&d->held, &g) != DTT_OK) {
        return false;
    }
    struct dtt_krpc ping = {.method = DTT_KRPC_M_PING};
    if (!is_asked &&
        dtt_query_send(d, request->now, request->from, DTT_TXN_PROOF, 0, &ping) != DTT_OK) {
        dtt_held_take(&d->held, request->from, &g);
        return false;
    }
    DTT_COUNT(d->ctx, DHT_GETS_HELD);
    request->is_held = true;
    return true;
}

/* A value larger than a stranger may get: it is sent later, or a hint tells how to get it. */
static bool is_value_held(struct request *request, size_t fair, uint8_t buf[ENCODED_MAX])
{
    struct dtt_krpc *m = &request->reply;
    struct dtt_krpc whole = *m;
    cut_contacts(request, SIZE_MAX);
    size_t len = encode(request, buf);
    *m = whole;
    if (len <= fair) {
        return false;
    }
    dtt_storage_put_back(&request->d->storage, request->q->target.data);
    if (hold(request)) {
        return true;
    }
    DTT_COUNT(request->d->ctx, DHT_VALUES_WITHHELD);
    m->v = m->k = m->sig = dtt_slice(NULL, 0);
    m->proof = dtt_krpc_int(1);
    return false;
}

/* Cuts the reply to a source that has not proved its address. 0: nothing is sent now. */
static size_t cut_for_stranger(struct request *request, uint8_t buf[ENCODED_MAX])
{
    struct dtt_krpc *m = &request->reply;
    size_t fair = AMPLIFICATION * request->len - (request->is_pinged ? DTT_SERVER_PING_BYTES : 0);
    if (m->type == DTT_KRPC_ERROR) { /* the code says enough */
        m->ip = m->client = dtt_slice(NULL, 0);
        m->error_text = dtt_slice("", 0);
    } else if (m->v.data && is_value_held(request, fair, buf)) {
        return 0;
    }
    size_t len = encode(request, buf);
    if (len > fair) {
        cut_contacts(request, len - fair);
        len = encode(request, buf);
    }
    return len <= fair ? len : 0;
}

static void send_reply(struct request *request)
{
    uint8_t buf[ENCODED_MAX];
    size_t len = encode(request, buf);
    if (len > REPLY_MAX) {
        cut_contacts(request, len - REPLY_MAX);
        len = encode(request, buf);
    }
    if (len + DTT_SERVER_PING_BYTES > AMPLIFICATION * request->len && !is_proven(request)) {
        len = cut_for_stranger(request, buf);
    }
    if (len > 0) {
        dtt_outq_send(request->d, request->now, request->from, DTT_POLITE_ANSWER,
                      dtt_slice(buf, len));
    }
}

static void send_error(struct request *request, enum dtt_krpc_error error)
{
    const char *text = "server error";
    switch (error) {
    case DTT_KRPC_E_PROTOCOL: text = "invalid arguments"; break;
    case DTT_KRPC_E_METHOD: text = "method unknown"; break;
    case DTT_KRPC_E_V_TOO_BIG: text = "message (v field) too big"; break;
    case DTT_KRPC_E_SIGNATURE: text = "invalid signature"; break;
    case DTT_KRPC_E_SALT_TOO_BIG: text = "salt too big"; break;
    case DTT_KRPC_E_CAS: text = "cas mismatch, re-read and try again"; break;
    case DTT_KRPC_E_SEQ: text = "sequence number less than current"; break;
    case DTT_KRPC_E_NONE:
    case DTT_KRPC_E_GENERIC:
    case DTT_KRPC_E_SERVER: break;
    }
    init_reply(request, DTT_KRPC_ERROR);
    request->reply.error = error;
    request->reply.error_text = dtt_slice(text, strlen(text));
    DTT_COUNT(request->d->ctx, DHT_SERVE_ERRORS);
    send_reply(request);
}

/* ---- parts of replies */

static struct dtt_slice write_nodes(const struct request *request, size_t side,
                                    const uint8_t *target, uint8_t *buf, size_t cap)
{
    const struct dtt_rtable *t = &request->d->tables[side];
    const struct dtt_rnode *near[DTT_RTABLE_K];
    struct dtt_writer w = dtt_writer(buf, cap);
    bool global_only = dtt_addr_scope(request->from) == DTT_SCOPE_GLOBAL;
    size_t n = dtt_rtable_closest(t, target, global_only, request->q->id.data, DTT_RTABLE_K, near);
    for (size_t i = 0; i < n; i++) {
        struct dtt_addr addr = dtt_rnode_addr(t, near[i]);
        dtt_write(&w, near[i]->id, DTT_NODE_ID_BYTES);
        dtt_addr_write_compact(&w, &addr);
    }
    return dtt_slice(buf, w.len);
}

/* BEP 32: contacts of the families wanted, or else of the family the query came by. */
static void add_nodes(struct request *request, const uint8_t *target)
{
    uint8_t want = request->q->want;
    if (want == 0) {
        want = request->from->family == DTT_FAMILY_V4 ? DTT_KRPC_WANTS_V4 : DTT_KRPC_WANTS_V6;
    }
    if (want & DTT_KRPC_WANTS_V4) {
        request->reply.nodes =
            write_nodes(request, 0, target, request->nodes, sizeof(request->nodes));
    }
    if (want & DTT_KRPC_WANTS_V6) {
        request->reply.nodes6 =
            write_nodes(request, 1, target, request->nodes6, sizeof(request->nodes6));
    }
}

static void add_token(struct request *request, const uint8_t *target)
{
    dtt_token_make(request->token, request->d->secret, request->now, request->from, target);
    request->reply.token = dtt_slice(request->token, sizeof(request->token));
}

/* A token that comes back proves the address, too. */
static bool is_token_valid(const struct request *request, const uint8_t *target)
{
    bool is_valid = dtt_token_is_valid(request->q->token, request->d->secret, request->now,
                                       request->from, target);
    if (is_valid) {
        prove(request);
    }
    return is_valid;
}

/* ---- methods: fill in the reply, or say what the query is refused for */

static enum dtt_krpc_error find(struct request *request, struct dtt_slice target)
{
    if (target.len != DTT_NODE_ID_BYTES) {
        return DTT_KRPC_E_PROTOCOL;
    }
    add_nodes(request, target.data);
    return DTT_KRPC_E_NONE;
}

static enum dtt_krpc_error get_peers(struct request *request)
{
    struct dtt_writer w = dtt_writer(request->values, sizeof(request->values));
    const struct dtt_slice *info_hash = &request->q->info_hash;
    if (info_hash->len != DTT_NODE_ID_BYTES) {
        return DTT_KRPC_E_PROTOCOL;
    }
    add_nodes(request, info_hash->data);
    add_token(request, info_hash->data);
    dtt_peerstore_write(&request->d->peers, info_hash->data, request->from->family,
                        DTT_PEERSTORE_REPLY, &request->d->rng, &w);
    if (w.len > 0) {
        request->reply.values = dtt_slice(request->values, w.len);
    }
    return DTT_KRPC_E_NONE;
}

static enum dtt_krpc_error announce_peer(const struct request *request)
{
    const struct dtt_krpc *q = request->q;
    struct dtt_addr peer = *request->from;
    bool is_implied = q->implied_port.is_set && q->implied_port.n != 0;
    if (q->info_hash.len != DTT_NODE_ID_BYTES || !is_token_valid(request, q->info_hash.data) ||
        (!is_implied && (!q->port.is_set || q->port.n < 1 || q->port.n > UINT16_MAX))) {
        return DTT_KRPC_E_PROTOCOL;
    }
    if (!is_implied) {
        peer.port = (uint16_t)q->port.n;
    }
    if (dtt_peerstore_announce(&request->d->peers, request->now, q->info_hash.data, &peer) !=
        DTT_OK) {
        DTT_COUNT(request->d->ctx, DHT_VALUES_REFUSED);
        return DTT_KRPC_E_SERVER;
    }
    return DTT_KRPC_E_NONE;
}

/* How many of the contacts named in the reply are closer to the target than we are. */
static size_t own_rank(const struct request *request, const uint8_t *target)
{
    const struct dtt_slice *lists[] = {&request->reply.nodes, &request->reply.nodes6};
    static const size_t sizes[] = {DTT_KRPC_NODE4_BYTES, DTT_KRPC_NODE6_BYTES};
    size_t list = request->reply.nodes.len > 0 ? 0 : 1;
    size_t rank = 0;
    for (size_t at = 0; at < lists[list]->len; at += sizes[list]) {
        rank += dtt_node_id_cmp(target, lists[list]->data + at, request->d->id) < 0;
    }
    return rank;
}

static enum dtt_krpc_error get(struct request *request)
{
    struct dtt_storage_item v;
    const struct dtt_krpc *q = request->q;
    if (q->target.len != DTT_NODE_ID_BYTES) {
        return DTT_KRPC_E_PROTOCOL;
    }
    const uint8_t *target = q->target.data;
    add_nodes(request, target);
    add_token(request, target);
    (void)is_token_valid(request, target);
    if (!dtt_storage_get(&request->d->storage, target, own_rank(request, target), &v)) {
        return DTT_KRPC_E_NONE;
    }
    bool is_newer = !q->seq.is_set || !v.is_mutable || v.seq > q->seq.n;
    if (v.is_mutable) {
        request->reply.seq = dtt_krpc_int(v.seq);
    }
    if (v.siblings > 1) {
        request->reply.siblings = dtt_krpc_int((int64_t)v.siblings);
    }
    if (is_newer) {
        request->reply.v = v.v;
    }
    if (is_newer && v.is_mutable) {
        request->reply.k = dtt_slice(v.k, DTT_KRPC_KEY_BYTES);
        request->reply.sig = dtt_slice(v.sig, DTT_KRPC_SIG_BYTES);
    }
    return DTT_KRPC_E_NONE;
}

/* The cheap checks first, the signature last. */
static enum dtt_krpc_error check_mutable_put(const struct request *request,
                                             const struct dtt_storage_item *item)
{
    const struct dtt_krpc *q = request->q;
    if (q->sig.len != DTT_KRPC_SIG_BYTES || !q->seq.is_set || q->seq.n < 0) {
        return DTT_KRPC_E_PROTOCOL;
    }
    const struct dtt_storage *s = &request->d->storage;
    enum dtt_krpc_error error =
        dtt_storage_check(s, item->target, q->seq.n, q->cas.is_set, q->cas.n);
    if (error != DTT_KRPC_E_NONE) {
        return error;
    }
    bool is_signed =
        dtt_storage_holds(s, item) ||
        dtt_item_verify(request->d->ctx->valid, q->sig.data, q->k.data, q->salt, q->seq.n, q->v);
    return is_signed ? DTT_KRPC_E_NONE : DTT_KRPC_E_SIGNATURE;
}

static enum dtt_krpc_error put(const struct request *request)
{
    const struct dtt_krpc *q = request->q;
    uint8_t target[DTT_NODE_ID_BYTES];
    /* A broken mutable put must not pass for an immutable one. */
    bool is_mutable = q->k.data || q->sig.data || q->seq.is_set;
    if (q->v.len > DTT_KRPC_VALUE_MAX) {
        return DTT_KRPC_E_V_TOO_BIG;
    }
    if (q->salt.len > DTT_KRPC_SALT_MAX) {
        return DTT_KRPC_E_SALT_TOO_BIG;
    }
    if (q->is_malformed || !q->v.data || !q->is_v_canonical ||
        (is_mutable && q->k.len != DTT_KRPC_KEY_BYTES)) {
        return DTT_KRPC_E_PROTOCOL;
    }
    /* The target follows from the content; what the query calls the target is not believed. */
    if (is_mutable) {
        dtt_item_target(target, q->k.data, q->salt);
    } else {
        dtt_item_target_immutable(target, q->v);
    }
    if (!is_token_valid(request, target)) {
        return DTT_KRPC_E_PROTOCOL;
    }
    struct dtt_storage_item item = {.target = target,
                                    .is_mutable = is_mutable,
                                    .k = q->k.data,
                                    .sig = q->sig.data,
                                    .seq = is_mutable ? q->seq.n : 0,
                                    .v = q->v};
    enum dtt_krpc_error error = is_mutable ? check_mutable_put(request, &item) : DTT_KRPC_E_NONE;
    if (error != DTT_KRPC_E_NONE) {
        return error;
    }
    if (dtt_storage_put(&request->d->storage, request->now, request->from, &item) != DTT_OK) {
        DTT_COUNT(request->d->ctx, DHT_VALUES_REFUSED);
        return DTT_KRPC_E_SERVER;
    }
    return DTT_KRPC_E_NONE;
}

/* Methods of later BEPs carry a target: the closest nodes are an answer to all of them. */
static enum dtt_krpc_error unknown(struct request *request)
{
    const struct dtt_krpc *q = request->q;
    if (q->target.len != DTT_NODE_ID_BYTES && q->info_hash.len != DTT_NODE_ID_BYTES) {
        return DTT_KRPC_E_METHOD;
    }
    return find(request, q->target.len == DTT_NODE_ID_BYTES ? q->target : q->info_hash);
}

static enum dtt_krpc_error answer(struct request *request)
{
    if (!request->q->id.data) {
        return DTT_KRPC_E_PROTOCOL;
    }
    switch (request->q->method) {
    case DTT_KRPC_M_PING: break;
    case DTT_KRPC_M_FIND_NODE: return find(request, request->q->target);
    case DTT_KRPC_M_GET_PEERS: return get_peers(request);
    case DTT_KRPC_M_ANNOUNCE_PEER: return announce_peer(request);
    case DTT_KRPC_M_GET: return get(request);
    case DTT_KRPC_M_PUT: return put(request);
    case DTT_KRPC_M_DTT_MEET: /* what is for us has been taken before (node/meet.h) */
    case DTT_KRPC_M_UNKNOWN: return unknown(request);
    }
    return DTT_KRPC_E_NONE;
}

static void serve(struct request *request)
{
    init_reply(request, DTT_KRPC_REPLY);
    enum dtt_krpc_error error = answer(request);
    if (error == DTT_KRPC_E_NONE) {
        send_reply(request);
    } else {
        send_error(request, error);
    }
}

void dtt_server_proof(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *asker,
                      bool is_proved)
{
    struct dtt_held_get g;
    while (dtt_held_take(&d->held, asker, &g)) {
        struct dtt_krpc q = {.type = DTT_KRPC_QUERY,
                             .method = DTT_KRPC_M_GET,
                             .t = dtt_slice(g.t, g.t_len),
                             .id = dtt_slice(g.id, sizeof(g.id)),
                             .target = dtt_slice(g.target, sizeof(g.target)),
                             .want = g.want,
                             .seq = {.n = g.seq, .is_set = g.has_seq}};
        struct request r = {.d = d,
                            .now = now,
                            .from = &g.from,
                            .q = &q,
                            .len = g.len,
                            .is_pinged = true,
                            .was_held = true};
        if (is_proved) {
            prove(&r);
        }
        dtt_outq_answer(d, &g.asked, &g.from);
        serve(&r);
        dtt_outq_answer(d, NULL, NULL);
    }
}

void dtt_server_query(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *from,
                      const struct dtt_krpc *query, size_t datagram_len)
{
    struct request r = {.d = d, .now = now, .from = from, .q = query, .len = datagram_len};
    if (d->cfg.read_only) {
        return;
    }
    if (!dtt_polite_serve(&d->polite, now, from)) {
        DTT_COUNT(d->ctx, DHT_SERVE_LIMITED);
        return;
    }
    DTT_COUNT(d->ctx, DHT_SERVED);
    DTT_TRACE(d->ctx, DHT_SERVE, dtt_tv_addr(from),
              dtt_tv_text(dtt_krpc_method_word(query->method)));
    r.is_pinged =
        query->id.data && !query->is_read_only && dtt_alive_wants(d, query->id.data, from);
    serve(&r);
    if (r.is_pinged && !r.is_held) {
        dtt_alive_ping(d, now, from);
    }
}
