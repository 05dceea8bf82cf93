/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "quic/stateless.h"

#include "quic/demux.h"
#include "quic/path.h"

#include <sodium.h>

/* A client that was sent a Retry answers within a round trip. */
#define TOKEN_LIFE_NS (10 * DTT_S)

void dtt_qstateless_init(struct dtt_qstateless *s, struct dtt_qshared *sh)
{
    s->sh = sh;
    dtt_ring_init(&s->replies, sizeof(struct dtt_qstateless_reply), DTT_QSTATELESS_QUEUE_MAX);
    for (size_t i = 0; i < DTT_QSTATELESS_RETRY; i++) {
        dtt_bucket_init(&s->others[i], DTT_QSTATELESS_OTHERS, DTT_QSTATELESS_OTHERS, sh->now_ns);
    }
    for (size_t i = 0; i < DTT_QSTATELESS_RETRY_SLOTS; i++) {
        dtt_bucket_init(&s->retries[i], DTT_QSTATELESS_RETRIES, DTT_QSTATELESS_RETRIES, sh->now_ns);
    }
    dtt_rng_bytes(&sh->rng, s->token_secret, sizeof(s->token_secret));
    dtt_rng_bytes(&sh->rng, s->slot_key, sizeof(s->slot_key));
}

void dtt_qstateless_fini(struct dtt_qstateless *s)
{
    dtt_ring_fini(&s->replies);
    sodium_memzero(s->token_secret, sizeof(s->token_secret));
}

static struct dtt_bucket *bucket_of(struct dtt_qstateless *s, enum dtt_qstateless_kind kind,
                                    const struct dtt_addr *remote)
{
    if (kind != DTT_QSTATELESS_RETRY) {
        return &s->others[kind];
    }
    uint8_t hash[crypto_shorthash_BYTES];
    crypto_shorthash(hash, remote->ip, remote->family == DTT_FAMILY_V6 ? 4 : 2, s->slot_key);
    return &s->retries[dtt_get_le64(hash) % DTT_QSTATELESS_RETRY_SLOTS];
}

/* Room for a reply, which set_len completes; NULL: there were too many. */
static struct dtt_qstateless_reply *
new_reply(struct dtt_qstateless *s, enum dtt_qstateless_kind kind, const struct dtt_qroute *route)
{
    struct dtt_qstateless_reply *r = NULL;
    size_t kept = kind == DTT_QSTATELESS_RETRY ? 0 : DTT_QSTATELESS_QUEUE_RETRY;
    if (s->replies.count + kept < DTT_QSTATELESS_QUEUE_MAX &&
        dtt_bucket_take(bucket_of(s, kind, &route->remote), 1, s->sh->now_ns)) {
        r = dtt_ring_push(&s->replies);
    }
    if (!r) {
        DTT_COUNT(s->sh->ctx, QUIC_REPLIES_DROPPED);
        return NULL;
    }
    r->route = *route;
    r->route.ecn = 0;
    r->len = 0;
    return r;
}

/* A reply that could not be written stays in the queue with length 0 and is skipped there. */
static void set_len(struct dtt_qstateless_reply *r, ngtcp2_ssize n)
{
    r->len = n > 0 ? (size_t)n : 0;
}

enum dtt_qstateless_token dtt_qstateless_check_token(const struct dtt_qstateless *s,
                                                     const ngtcp2_pkt_hd *hd,
                                                     const struct dtt_addr *remote,
                                                     ngtcp2_cid *original_dcid)
{
    struct dtt_slice token = dtt_ng_token(hd);
    ngtcp2_path_storage ps;
    if (token.len == 0 || token.data[0] != NGTCP2_CRYPTO_TOKEN_MAGIC_RETRY2) {
        return DTT_QTOKEN_NONE;
    }
    dtt_qpath_init(&ps, remote, remote);
    int rv = ngtcp2_crypto_verify_retry_token2(
        original_dcid, token.data, token.len, s->token_secret, sizeof(s->token_secret), hd->version,
        ps.path.remote.addr, ps.path.remote.addrlen, &hd->dcid, TOKEN_LIFE_NS, s->sh->now_ns);
    return rv == 0 ? DTT_QTOKEN_VALID : DTT_QTOKEN_BAD;
}

void dtt_qstateless_version(struct dtt_qstateless *s, const struct dtt_qroute *route,
                            const ngtcp2_version_cid *vc)
{
    static const uint32_t versions[] = {NGTCP2_PROTO_VER_V1};
    struct dtt_qstateless_reply *r = new_reply(s, DTT_QSTATELESS_VERSION, route);
    uint8_t unused;
    if (!r) {
        return;
    }
    dtt_rng_bytes(&s->sh->rng, &unused, 1);
    set_len(r,
            ngtcp2_pkt_write_version_negotiation(r->data, sizeof(r->data), unused, vc->scid,
                                                 vc->scidlen, vc->dcid, vc->dcidlen, versions, 1));
    DTT_COUNT(s->sh->ctx, QUIC_TX_VERSIONS);
}

void dtt_qstateless_retry(struct dtt_qstateless *s, const struct dtt_qroute *route,
                          const ngtcp2_pkt_hd *hd)
{
    struct dtt_qstateless_reply *r = new_reply(s, DTT_QSTATELESS_RETRY, route);
    uint8_t token[NGTCP2_CRYPTO_MAX_RETRY_TOKENLEN2];
    ngtcp2_path_storage ps;
    ngtcp2_cid scid;
    if (!r) {
        return;
    }
    dtt_qcid_generate(&s->sh->cids, DTT_QCID_LEN, &scid);
    dtt_qpath_init(&ps, &route->local, &route->remote);
    ngtcp2_ssize n = ngtcp2_crypto_generate_retry_token2(
        token, s->token_secret, sizeof(s->token_secret), hd->version, ps.path.remote.addr,
        ps.path.remote.addrlen, &scid, &hd->dcid, s->sh->now_ns);
    if (n > 0) {
        set_len(r, ngtcp2_crypto_write_retry(r->data, sizeof(r->data), hd->version, &hd->scid,
                                             &scid, &hd->dcid, token, (size_t)n));
    }
    DTT_COUNT(s->sh->ctx, QUIC_TX_RETRIES);
}

void dtt_qstateless_refuse(struct dtt_qstateless *s, const struct dtt_qroute *route,
                           const ngtcp2_pkt_hd *hd, uint64_t code)
{
    struct dtt_qstateless_reply *r = new_reply(s, DTT_QSTATELESS_REFUSAL, route);
    if (!r) {
        return;
    }
    set_len(r, ngtcp2_crypto_write_connection_close(r->data, sizeof(r->data), hd->version,
                                                    &hd->scid, &hd->dcid, code, NULL, 0));
}

/*
 * By RFC 9000 the length of a reset should look like that of other packets; ours is always the
 * shortest one. So a reset never causes another, and a forged datagram starts no long chain of ever
 * shorter resets between two endpoints.
 */
void dtt_qstateless_reset(struct dtt_qstateless *s, const struct dtt_qroute *route,
                          struct dtt_slice datagram)
{
    ngtcp2_cid cid;
    uint8_t token[NGTCP2_STATELESS_RESET_TOKENLEN];
    uint8_t random[NGTCP2_MIN_STATELESS_RESET_RANDLEN];
    if (datagram.len <= DTT_QSTATELESS_RESET_LEN || dtt_quic_demux_is_digit(datagram.data[1])) {
        DTT_COUNT(s->sh->ctx, QUIC_RX_DROPPED);
        return;
    }
    struct dtt_qstateless_reply *r = new_reply(s, DTT_QSTATELESS_RESET, route);
    if (!r) {
        return;
    }
    ngtcp2_cid_init(&cid, datagram.data + 1, DTT_QCID_LEN);
    dtt_rng_bytes(&s->sh->rng, random, sizeof(random));
    if (dtt_qcid_reset_token(&s->sh->cids, &cid, token) == 0) {
        set_len(r, ngtcp2_pkt_write_stateless_reset(r->data, sizeof(r->data), token, random,
                                                    sizeof(random)));
    }
    DTT_COUNT(s->sh->ctx, QUIC_TX_RESETS);
}
