/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The endpoint: which connection a datagram is for, new connections, and the turns of sending. */
#include "quic/quic.h"

#include "base/map.h"
#include "base/shares.h"
#include "quic/conn.h"
#include "quic/migrate.h"
#include "quic/move.h"
#include "quic/schedule.h"
#include "quic/start.h"
#include "quic/stateless.h"
#include "quic/transmit.h"

#include <assert.h>
#include <stdlib.h>

#define CONNS_DEFAULT 256
#define CONNS_MAX 65536
#define IDLE_TIMEOUT_DEFAULT (30 * DTT_S)
#define KEEP_ALIVE_DEFAULT (5 * DTT_S)
#define HANDSHAKE_DEFAULT (10 * DTT_S)
#define STALLED_NS (250 * DTT_MS) /* most handshakes are over by then */
#define STREAM_BUFFER_DEFAULT (256 * 1024)
/* Datagrams in one UDP_SEGMENT batch: what fits into one UDP payload of at most 65,507 bytes. */
#define BATCH_MAX 45

struct dtt_quic {
    struct dtt_qshared sh;
    struct dtt_qstateless stateless;
    struct dtt_map conns; /**< handle -> struct dtt_qconn, closed and lingering ones too */
    uint64_t last_handle;
    size_t max_conns;
    size_t max_strangers;
    struct dtt_place *half_open; /**< room for all unfinished handshakes and a client's */

    uint8_t *out; /**< BATCH_MAX datagrams, allocated when first needed */
    /* A datagram that did not fit into the batch before it; lies in `out`. */
    struct dtt_qroute carry_route;
    size_t carry_at;
    size_t carry_len;

    struct dtt_qdata *taken;   /**< the block that the last DATA event points into */
    struct dtt_qconn *parting; /**< whose CLOSED event was taken last */
};

static uint64_t or_default(uint64_t value, uint64_t fallback)
{
    return value ? value : fallback;
}

/* `n` eighths of `whole`, but one at least. */
static size_t eighths(size_t whole, size_t n)
{
    return whole * n / 8 > 0 ? whole * n / 8 : 1;
}

static size_t half_open_max(const struct dtt_quic *q)
{
    return eighths(q->max_strangers, 3);
}

/* ---- life */

static void init_maps(struct dtt_quic *q, const struct dtt_ctx *ctx,
                      const struct dtt_quic_config *cfg)
{
    uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES];
    dtt_rng_bytes(&q->sh.rng, hash_key, sizeof(hash_key));
    /* Lingering connections may be as many as live ones; unfinished handshakes have their own
     * places. */
    size_t all = 2 * q->max_conns + half_open_max(q);
    dtt_map_init(&q->conns, sizeof(dtt_quic_conn), all, hash_key);
    dtt_qcid_init(&q->sh.cids, ctx, cfg->seed, all);
}

int dtt_quic_new(struct dtt_quic **ret, struct dtt_ctx *ctx, const struct dtt_quic_config *cfg,
                 struct dtt_now now)
{
    if (cfg->max_conns > CONNS_MAX) {
        return DTT_EINVAL;
    }
    struct dtt_quic *q = calloc(1, sizeof(*q));
    if (!q) {
        return DTT_ENOMEM;
    }
    q->max_conns = cfg->max_conns ? cfg->max_conns : CONNS_DEFAULT;
    q->max_strangers = cfg->max_strangers ? cfg->max_strangers : eighths(q->max_conns, 2);
    q->sh.ctx = ctx;
    q->sh.exporter = cfg->exporter;
    q->sh.linger_max = q->max_conns;
    q->sh.strangers = (struct dtt_qmemory_pool){.max = DTT_QCONN_STRANGERS_MEMORY,
                                                .share = DTT_QCONN_STRANGER_SHARE};
    q->sh.trusted = (struct dtt_qmemory_pool){.max = DTT_QCONN_TRUSTED_MEMORY,
                                              .share = DTT_QCONN_TRUSTED_MEMORY / q->max_conns};
    q->sh.now_ns = now.mono_ns;
    q->sh.idle_timeout_ns = or_default(cfg->idle_timeout_ns, IDLE_TIMEOUT_DEFAULT);
    q->sh.relayed_idle_ns = or_default(cfg->relayed_idle_ns, q->sh.idle_timeout_ns);
    q->sh.keep_alive_ns = or_default(cfg->keep_alive_ns, KEEP_ALIVE_DEFAULT);
    q->sh.handshake_timeout_ns = or_default(cfg->handshake_timeout_ns, HANDSHAKE_DEFAULT);
    q->sh.stream_buffer_max =
        cfg->stream_buffer_max ? cfg->stream_buffer_max : STREAM_BUFFER_DEFAULT;
    q->sh.peer_memory_max = cfg->peer_memory_max ? cfg->peer_memory_max : DTT_QCONN_PEER_MEMORY;
    dtt_rng_init(&q->sh.rng, ctx->seed, "quic.rand");
    dtt_timerq_init(&q->sh.timers);
    init_maps(q, ctx, cfg);
    dtt_qstateless_init(&q->stateless, &q->sh);
    q->half_open = calloc(half_open_max(q) + 1, sizeof(*q->half_open));
    int err = q->half_open ? dtt_qtls_new(&q->sh.tls, cfg->seed, cfg->alpn) : DTT_ENOMEM;
    if (err) {
        dtt_quic_free(q);
        return err;
    }
    *ret = q;
    return DTT_OK;
}

void dtt_quic_free(struct dtt_quic *q)
{
    if (!q) {
        return;
    }
    for (size_t i = dtt_map_count(&q->conns); i > 0; i--) {
        dtt_qconn_free(dtt_map_value_at(&q->conns, i - 1));
    }
    dtt_map_fini(&q->conns);
    dtt_qcid_fini(&q->sh.cids);
    dtt_qstateless_fini(&q->stateless);
    dtt_timerq_fini(&q->sh.timers);
    dtt_qtls_free(q->sh.tls);
    dtt_rng_fini(&q->sh.rng);
    free(q->half_open);
    free(q->taken);
    free(q->out);
    free(q);
}

const struct dtt_id *dtt_quic_id(const struct dtt_quic *q)
{
    return dtt_qtls_id(q->sh.tls);
}

/* ngtcp2 asserts that time does not run backwards. */
static void set_now(struct dtt_quic *q, struct dtt_now now)
{
    if (now.mono_ns > q->sh.now_ns) {
        q->sh.now_ns = now.mono_ns;
    }
}

/* Lingering connections count too. */
static bool is_table_full(const struct dtt_quic *q)
{
    return dtt_map_count(&q->conns) >= q->conns.max;
}

static struct dtt_qconn *find(const struct dtt_quic *q, dtt_quic_conn handle)
{
    return dtt_map_get(&q->conns, &handle);
}

static bool is_half_open(const struct dtt_qconn *c)
{
    return c->state == DTT_QCONN_HANDSHAKE && !c->is_dialed;
}

/* Asserts what holds between calls. */
static void check(const struct dtt_quic *q)
{
#ifndef NDEBUG
    size_t live = 0;
    size_t half_open = 0;
    size_t accepted = 0;
    size_t strangers = 0;
    size_t lingering = 0;
    size_t ready = 0;
    for (size_t i = 0; i < dtt_map_count(&q->conns); i++) {
        const struct dtt_qconn *c = dtt_map_value_at(&q->conns, i);
        live += c->state <= DTT_QCONN_OPEN || c->closed.link.list;
        half_open += is_half_open(c);
        accepted += c->was_open && !c->is_dialed && (c->ng || c->closed.link.list);
        strangers += !c->is_dialed && c->ng && c->memory.pool == &q->sh.strangers;
        lingering += c->state == DTT_QCONN_LINGERING;
        ready += c->ready.list != NULL;
        assert(!dtt_qconn_is_done(c));
    }
    assert(ready == q->sh.ready.count && live == q->sh.live && half_open == q->sh.half_open &&
           accepted == q->sh.accepted && strangers == q->sh.n_strangers &&
           lingering == q->sh.lingering && lingering <= q->sh.linger_max);
#endif
    (void)q;
}

static void drop(struct dtt_quic *q, struct dtt_qconn *c)
{
    dtt_map_take(&q->conns, &c->handle);
    dtt_qconn_free(c);
}

/* The last step of each call that touched a connection. */
static void leave(struct dtt_quic *q, struct dtt_qconn *c)
{
    dtt_qconn_check(c);
    if (dtt_qconn_is_done(c)) {
        drop(q, c);
    }
    check(q);
}

/* A connection under a new handle, to be started; NULL when out of memory. */
static struct dtt_qconn *add(struct dtt_quic *q, bool is_dialed, const struct dtt_addr *local,
                             const struct dtt_addr *remote)
{
    struct dtt_qconn *c = dtt_qconn_new(&q->sh, ++q->last_handle, is_dialed, local, remote);
    if (c && dtt_map_put(&q->conns, &c->handle, c) != 0) {
        dtt_qconn_free(c);
        return NULL;
    }
    return c;
}

/* ---- input */

/*
 * The last places are kept for our own dials, so that a crowd of clients cannot lock us out of the
 * swarm. The user of the endpoint should let accepted connections go well before this.
 */
static size_t accept_max(const struct dtt_quic *q)
{
    return q->max_conns - eighths(q->max_conns, 1);
}

/* Dialled connections, and accepted ones that have completed the handshake. */
static size_t places_taken(const struct dtt_quic *q)
{
    return q->sh.live - q->sh.half_open;
}

/* With this many unfinished handshakes a new client must answer a Retry first. */
static size_t half_open_retry(const struct dtt_quic *q)
{
    return eighths(q->max_strangers, 1);
}

static struct dtt_place place_of(const struct dtt_addr *remote, uint64_t until_ns)
{
    return (struct dtt_place){
        .host = dtt_addr_host(remote), .network = dtt_addr_network(remote), .used_ns = until_ns};
}

/*
 * Of too many unfinished handshakes the oldest one of the largest source goes: when the client's
 * source has fewer, or when an honest peer would have been through with it. Otherwise the client
 * waits: it finds a place when it repeats its packet.
 */
static bool make_room(struct dtt_quic *q, const struct dtt_addr *remote)
{
    size_t n = 0;
    size_t at = 0;
    if (q->sh.half_open < half_open_max(q)) {
        return true;
    }
    for (size_t i = 0; i < dtt_map_count(&q->conns); i++) {
        const struct dtt_qconn *c = dtt_map_value_at(&q->conns, i);
        if (is_half_open(c)) {
            q->half_open[n++] = place_of(&c->remote, c->until_ns);
        }
    }
    q->half_open[n] = place_of(remote, DTT_NEVER);
    const struct dtt_place *client = &q->half_open[n++];
    const struct dtt_place *victim = &q->half_open[dtt_shares_victim(q->half_open, n)];
    assert(victim != client);
    if (victim->used_ns + STALLED_NS > q->sh.now_ns + q->sh.handshake_timeout_ns &&
        dtt_shares_of(q->half_open, n, victim) <= dtt_shares_of(q->half_open, n, client)) {
        return false;
    }
    for (const struct dtt_place *p = q->half_open; at < dtt_map_count(&q->conns); at++) {
        if (is_half_open(dtt_map_value_at(&q->conns, at)) && p++ == victim) {
            break;
        }
    }
    struct dtt_qconn *c = dtt_map_value_at(&q->conns, at);
    dtt_qconn_close(c, NGTCP2_CONNECTION_REFUSED, NULL);
    leave(q, c);
    return true;
}

static bool is_full(const struct dtt_quic *q)
{
    return q->sh.n_strangers >= q->max_strangers || q->sh.accepted >= accept_max(q) ||
           places_taken(q) >= q->max_conns || is_table_full(q);
}

static void accept_conn(struct dtt_quic *q, const struct dtt_qroute *route, const ngtcp2_pkt_hd *hd,
                        const ngtcp2_cid *original_dcid, struct dtt_slice datagram)
{
    struct dtt_qconn *c = add(q, false, &route->local, &route->remote);
    if (!c || dtt_qstart_accept(c, hd, original_dcid) != 0) {
        DTT_COUNT(q->sh.ctx, QUIC_NO_MEMORY);
        if (c) {
            drop(q, c);
        }
        return;
    }
    DTT_COUNT(q->sh.ctx, QUIC_ACCEPTED);
    if (!dtt_qconn_recv(c, &route->local, &route->remote, route->ecn, datagram)) {
        dtt_qstateless_retry(&q->stateless, route, hd);
    }
    leave(q, c);
}

static bool is_self(const struct dtt_quic *q, const struct dtt_id *id)
{
    return memcmp(id, dtt_quic_id(q), sizeof(*id)) == 0;
}

/* A client that has our key shows the id of a connection of ours: we have dialled ourselves. */
static bool is_own_dial(const struct dtt_quic *q, const ngtcp2_pkt_hd *hd)
{
    const struct dtt_qconn *c =
        dtt_qcid_find(&q->sh.cids, dtt_qcid_key(hd->scid.data, hd->scid.datalen));
    return c && c->is_dialed && is_self(q, &c->peer);
}

/* A datagram with a long header that belongs to no connection. */
static void recv_initial(struct dtt_quic *q, const struct dtt_qroute *route,
                         struct dtt_slice datagram)
{
    ngtcp2_pkt_hd hd;
    ngtcp2_cid original_dcid;
    if (ngtcp2_accept(&hd, datagram.data, datagram.len) != 0) {
        DTT_COUNT(q->sh.ctx, QUIC_RX_DROPPED);
        return;
    }
    enum dtt_qstateless_token token =
        dtt_qstateless_check_token(&q->stateless, &hd, &route->remote, &original_dcid);
    if (token == DTT_QTOKEN_BAD) {
        DTT_COUNT(q->sh.ctx, QUIC_TOKENS_REFUSED);
        dtt_qstateless_refuse(&q->stateless, route, &hd, NGTCP2_INVALID_TOKEN);
    } else if (token == DTT_QTOKEN_NONE && q->sh.half_open >= half_open_retry(q)) {
        dtt_qstateless_retry(&q->stateless, route, &hd);
    } else if (!make_room(q, &route->remote)) {
        DTT_COUNT(q->sh.ctx, QUIC_CLIENTS_DEFERRED);
    } else if (is_full(q) || is_own_dial(q, &hd)) {
        DTT_COUNT(q->sh.ctx, QUIC_CLIENTS_REFUSED);
        dtt_qstateless_refuse(&q->stateless, route, &hd, NGTCP2_CONNECTION_REFUSED);
    } else {
        accept_conn(q, route, &hd, token == DTT_QTOKEN_VALID ? &original_dcid : NULL, datagram);
    }
}

/*
 * A short header with an unknown id: either a stateless reset of a peer that lost the connection,
 * or a packet for a connection that we lost, which deserves a reset from us. A reset may have no
 * token that we know (the id a client dialled with has none): then the connections to that address
 * are only suspected.
 */
static void recv_short(struct dtt_quic *q, const struct dtt_qroute *route,
                       struct dtt_slice datagram)
{
    if (datagram.len >= DTT_QSTATELESS_RESET_LEN) {
        const uint8_t *token = datagram.data + datagram.len - NGTCP2_STATELESS_RESET_TOKENLEN;
        struct dtt_qconn *c = dtt_qcid_find(&q->sh.cids, dtt_qcid_token_key(token));
        if (c) {
            (void)dtt_qconn_recv(c, &route->local, &route->remote, route->ecn, datagram);
            leave(q, c);
            return;
        }
        for (size_t i = 0; i < dtt_map_count(&q->conns); i++) {
            c = dtt_map_value_at(&q->conns, i);
            if (dtt_addr_eq(&c->remote, &route->remote)) {
                dtt_qconn_suspect(c, DTT_REASON_RESET);
            }
        }
    }
    dtt_qstateless_reset(&q->stateless, route, datagram);
}

static void recv_stray(struct dtt_quic *q, const struct dtt_qroute *route,
                       const ngtcp2_version_cid *vc, struct dtt_slice datagram)
{
    bool is_long = (datagram.data[0] & 0x80) != 0;
    if (!is_long) {
        recv_short(q, route, datagram);
    } else if (vc->version == NGTCP2_PROTO_VER_V1) {
        recv_initial(q, route, datagram);
    } else if (vc->version != 0 && datagram.len >= NGTCP2_MAX_UDP_PAYLOAD_SIZE) {
        dtt_qstateless_version(&q->stateless, route, vc);
    } else {
        DTT_COUNT(q->sh.ctx, QUIC_RX_DROPPED);
    }
}

void dtt_quic_recv(struct dtt_quic *q, struct dtt_now now, const struct dtt_addr *local,
                   const struct dtt_addr *remote, unsigned ecn, struct dtt_slice datagram)
{
    ngtcp2_version_cid vc;
    struct dtt_qroute route = {.local = *local, .remote = *remote, .ecn = ecn};
    int rv = NGTCP2_ERR_INVALID_ARGUMENT;
    set_now(q, now);
    if (datagram.len > 0 && dtt_addr_ip_len(local) > 0 && dtt_addr_ip_len(remote) > 0 &&
        remote->port != 0) {
        rv = ngtcp2_pkt_decode_version_cid(&vc, datagram.data, datagram.len, DTT_QCID_LEN);
    }
    if (rv != 0 && rv != NGTCP2_ERR_VERSION_NEGOTIATION) {
        DTT_COUNT(q->sh.ctx, QUIC_RX_DROPPED);
        return;
    }
    struct dtt_qconn *c =
        rv == 0 ? dtt_qcid_find(&q->sh.cids, dtt_qcid_key(vc.dcid, vc.dcidlen)) : NULL;
    if (c) {
        (void)dtt_qconn_recv(c, local, remote, ecn, datagram);
        leave(q, c);
    } else {
        recv_stray(q, &route, &vc, datagram);
    }
}

void dtt_quic_unreachable(struct dtt_quic *q, struct dtt_now now, const struct dtt_addr *remote)
{
    set_now(q, now);
    for (size_t i = dtt_map_count(&q->conns); i > 0; i--) {
        struct dtt_qconn *c = dtt_map_value_at(&q->conns, i - 1);
        if (dtt_addr_eq(&c->remote, remote)) {
            dtt_qconn_unreachable(c);
            leave(q, c);
        }
    }
}

void dtt_quic_moved(struct dtt_quic *q, struct dtt_now now)
{
    set_now(q, now);
    for (size_t i = 0; i < dtt_map_count(&q->conns); i++) {
        dtt_qmove_start(dtt_map_value_at(&q->conns, i));
    }
}

/* Where a path may lead: over the internet, or by a way of the driver's that has an invented
 * address. */
static bool is_end(const struct dtt_addr *remote)
{
    return dtt_addr_is_usable(remote) || dtt_addr_is_invented(remote);
}

static int dial(struct dtt_quic *q, struct dtt_now now, const struct dtt_id *peer,
                const struct dtt_addr *local, const struct dtt_addr *remote, dtt_quic_conn *ret)
{
    set_now(q, now);
    if (!is_end(remote) || local->family != remote->family) {
        return DTT_EINVAL;
    }
    if (places_taken(q) >= q->max_conns || is_table_full(q)) {
        DTT_COUNT(q->sh.ctx, QUIC_DIALS_REFUSED);
        return DTT_EFULL;
    }
    struct dtt_qconn *c = add(q, true, local, remote);
    int err = c ? dtt_qstart_dial(c, peer) : DTT_ENOMEM;
    if (err == 0) {
        *ret = c->handle;
        leave(q, c);
    } else if (c) {
        drop(q, c);
    }
    return err;
}

int dtt_quic_dial(struct dtt_quic *q, struct dtt_now now, const struct dtt_id *peer,
                  const struct dtt_addr *local, const struct dtt_addr *remote, dtt_quic_conn *ret)
{
    return is_self(q, peer) ? DTT_EINVAL : dial(q, now, peer, local, remote, ret);
}

int dtt_quic_dial_twin(struct dtt_quic *q, struct dtt_now now, const struct dtt_addr *local,
                       const struct dtt_addr *remote, dtt_quic_conn *ret)
{
    return dial(q, now, dtt_quic_id(q), local, remote, ret);
}

int dtt_quic_migrate(struct dtt_quic *q, struct dtt_now now, dtt_quic_conn handle,
                     const struct dtt_addr *local, const struct dtt_addr *remote)
{
    struct dtt_qconn *c = find(q, handle);
    set_now(q, now);
    if (!c) {
        return DTT_ECLOSED;
    }
    int err = is_end(remote) && local->family == remote->family
                  ? dtt_qmigrate_start(c, local, remote)
                  : DTT_EINVAL;
    leave(q, c);
    return err;
}

void dtt_quic_ping(struct dtt_quic *q, struct dtt_now now, dtt_quic_conn handle)
{
    struct dtt_qconn *c = find(q, handle);
    set_now(q, now);
    if (c && c->state == DTT_QCONN_OPEN) {
        dtt_qschedule_ping(c);
        leave(q, c);
    }
}

void dtt_quic_limit_dial(struct dtt_quic *q, dtt_quic_conn handle, unsigned datagrams)
{
    struct dtt_qconn *c = find(q, handle);
    if (c) {
        c->unheard_max = datagrams;
    }
}

int dtt_quic_open_uni(struct dtt_quic *q, dtt_quic_conn handle, int64_t *ret_stream)
{
    struct dtt_qconn *c = find(q, handle);
    if (!c) {
        return DTT_ECLOSED;
    }
    int err = dtt_qtransmit_open(c, ret_stream);
    leave(q, c);
    return err;
}

int dtt_quic_write(struct dtt_quic *q, dtt_quic_conn handle, int64_t stream, struct dtt_slice data,
                   bool fin)
{
    struct dtt_qconn *c = find(q, handle);
    if (!c) {
        return DTT_ECLOSED;
    }
    int err = dtt_qtransmit_write(c, stream, data, fin);
    leave(q, c);
    return err;
}

size_t dtt_quic_unacked(const struct dtt_quic *q, dtt_quic_conn handle)
{
    const struct dtt_qconn *c = find(q, handle);
    return c ? c->unacked : 0;
}

bool dtt_quic_progress(const struct dtt_quic *q, dtt_quic_conn handle, int64_t stream,
                       uint64_t *ret_written, uint64_t *ret_acked)
{
    const struct dtt_qconn *c = find(q, handle);
    if (!c) {
        return false;
    }
    const struct dtt_qstream *s = dtt_qstream_find(&c->streams, stream);
    *ret_written = s ? s->out.end : UINT64_MAX;
    *ret_acked = s ? s->out.acked : UINT64_MAX;
    return true;
}

bool dtt_quic_info(const struct dtt_quic *q, dtt_quic_conn handle, struct dtt_quic_info *ret)
{
    const struct dtt_qconn *c = find(q, handle);
    if (!c) {
        return false;
    }
    *ret = (struct dtt_quic_info){
        .remote = c->remote,
        .is_dialed = c->is_dialed,
        .is_open = c->state == DTT_QCONN_OPEN,
        .is_made = c->state == DTT_QCONN_OPEN ||
                   (c->state == DTT_QCONN_HANDSHAKE && ngtcp2_conn_get_handshake_completed(c->ng)),
        .heard_ns = c->heard_ns};
    if (ret->is_open) {
        ret->rtt_us = dtt_ng_info(c->ng).smoothed_rtt / DTT_US;
        ret->is_blocked = c->unacked > 0 && dtt_ng_info(c->ng).bytes_in_flight == 0;
    }
    return true;
}

bool dtt_quic_exporter(const struct dtt_quic *q, dtt_quic_conn handle,
                       uint8_t ret[DTT_QUIC_EXPORTER_BYTES])
{
    const struct dtt_qconn *c = find(q, handle);
    if (!c || !c->has_exporter) {
        return false;
    }
    memcpy(ret, c->exporter, sizeof(c->exporter));
    return true;
}

void dtt_quic_trust(struct dtt_quic *q, dtt_quic_conn handle, bool is_trusted)
{
    struct dtt_qconn *c = find(q, handle);
    if (c) {
        dtt_qconn_trust(c, is_trusted);
        leave(q, c);
    }
}

void dtt_quic_hold(struct dtt_quic *q, dtt_quic_conn handle, bool is_held)
{
    struct dtt_qconn *c = find(q, handle);
    if (c) {
        dtt_qconn_hold(c, is_held);
    }
}

void dtt_quic_close(struct dtt_quic *q, struct dtt_now now, dtt_quic_conn handle, uint64_t code,
                    const char *reason)
{
    struct dtt_qconn *c = find(q, handle);
    set_now(q, now);
    if (c) {
        dtt_qconn_close(c, code, reason);
        leave(q, c);
    }
}

/* ---- output */

static bool is_same_route(const struct dtt_qroute *a, const struct dtt_qroute *b)
{
    return a->ecn == b->ecn && dtt_addr_eq(&a->remote, &b->remote) &&
           dtt_addr_eq(&a->local, &b->local);
}

static void set_packet(struct dtt_quic_packet *ret, const struct dtt_qroute *route, size_t segment,
                       struct dtt_slice data)
{
    *ret = (struct dtt_quic_packet){.local = route->local,
                                    .remote = route->remote,
                                    .ecn = route->ecn,
                                    .segment = segment,
                                    .data = data};
}

/*
 * Datagrams of one connection, back to back: all of one size but the last, which may be shorter. A
 * datagram that does not fit in (a longer probe, another path, another ECN mark) is carried over.
 */
static bool next_batch(struct dtt_quic *q, struct dtt_qconn *c, struct dtt_quic_packet *ret)
{
    struct dtt_qroute first;
    size_t segment = 0;
    size_t len = 0;
    for (unsigned i = 0; i < BATCH_MAX; i++) {
        struct dtt_qroute route;
        size_t n = dtt_qtransmit_next(c, q->out + len, &route);
        if (n == 0) {
            break;
        }
        if (len == 0) {
            first = route;
            segment = n;
        } else if (n > segment || route.is_probe || !is_same_route(&first, &route)) {
            q->carry_route = route;
            q->carry_at = len;
            q->carry_len = n;
            break;
        }
        len += n;
        if (n < segment || route.is_probe) {
            break;
        }
    }
    if (len == 0) {
        return false;
    }
    set_packet(ret, &first, segment, dtt_slice(q->out, len));
    return true;
}

static bool next_carried(struct dtt_quic *q, struct dtt_quic_packet *ret)
{
    if (q->carry_len == 0) {
        return false;
    }
    set_packet(ret, &q->carry_route, q->carry_len, dtt_slice(q->out + q->carry_at, q->carry_len));
    q->carry_len = 0;
    return true;
}

static bool next_reply(struct dtt_quic *q, struct dtt_quic_packet *ret)
{
    struct dtt_qstateless_reply *r;
    while ((r = dtt_ring_front(&q->stateless.replies))) {
        size_t len = r->len;
        memcpy(q->out, r->data, len);
        set_packet(ret, &r->route, len, dtt_slice(q->out, len));
        dtt_ring_pop(&q->stateless.replies);
        if (len > 0) {
            return true;
        }
    }
    return false;
}

bool dtt_quic_next_packet(struct dtt_quic *q, struct dtt_now now, struct dtt_quic_packet *ret)
{
    set_now(q, now);
    if (q->sh.ready.count == 0 && q->carry_len == 0 && q->stateless.replies.count == 0) {
        return false;
    }
    if (!q->out) {
        q->out = malloc((size_t)BATCH_MAX * DTT_QMTU_MAX);
        if (!q->out) {
            DTT_COUNT(q->sh.ctx, QUIC_NO_MEMORY);
            return false;
        }
    }
    if (next_carried(q, ret) || next_reply(q, ret)) {
        return true;
    }
    while (q->sh.ready.count > 0) {
        struct dtt_qconn *c = DTT_LIST_OWNER(q->sh.ready.head, struct dtt_qconn, ready);
        bool has_packet = next_batch(q, c, ret);
        if (c->ready.list) {
            /* To the end of the queue: a busy connection must not keep the others waiting. */
            dtt_qschedule_sleep(c);
            dtt_qschedule_wake(c);
        }
        leave(q, c);
        if (has_packet) {
            return true;
        }
    }
    return false;
}

/* The user has dealt with its end. */
static void end_parting(struct dtt_quic *q)
{
    struct dtt_qconn *c = q->parting;
    q->parting = NULL;
    if (c) {
        c->is_parting = false;
        leave(q, c);
    }
}

bool dtt_quic_next_event(struct dtt_quic *q, struct dtt_quic_event *ret)
{
    struct dtt_qevent *e = dtt_qevent_of(q->sh.events.head);
    free(q->taken);
    q->taken = NULL;
    end_parting(q);
    if (!e) {
        return false;
    }
    struct dtt_qconn *c = e->conn;
    *ret = (struct dtt_quic_event){.type = e->type,
                                   .conn = c->handle,
                                   .peer = c->peer,
                                   .addr = c->remote,
                                   .dialed = c->is_dialed,
                                   .was_connected = c->was_open,
                                   .reason = c->reason,
                                   .stream = e->stream ? e->stream->id : -1};
    if (e->type == DTT_QUIC_DATA) {
        q->taken = (struct dtt_qdata *)e;
        ret->fin = q->taken->fin;
        ret->data = dtt_slice(q->taken->bytes, q->taken->len);
    }
    dtt_list_remove(&e->link);
    if (e->type == DTT_QUIC_CLOSED) {
        q->parting = c;
        c->is_parting = true;
    }
    dtt_qconn_taken(c, e);
    leave(q, c);
    return true;
}

/* ---- time */

uint64_t dtt_quic_deadline(const struct dtt_quic *q)
{
    return dtt_timerq_deadline(&q->sh.timers);
}

void dtt_quic_tick(struct dtt_quic *q, struct dtt_now now)
{
    struct dtt_timer *t;
    set_now(q, now);
    while ((t = dtt_timerq_pop(&q->sh.timers, q->sh.now_ns))) {
        struct dtt_qconn *c = DTT_TIMER_OWNER(t, struct dtt_qconn, timer);
        dtt_qconn_tick(c);
        leave(q, c);
    }
}
