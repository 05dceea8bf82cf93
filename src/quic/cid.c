/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "quic/cid.h"

#include "quic/demux.h"

#include <dtt/types.h>
#include <sodium.h>

#define KIND_TOO_LONG (NGTCP2_MAX_CIDLEN + 1)
#define KIND_TOKEN 0xff

void dtt_qcid_init(struct dtt_qcid_table *t, const struct dtt_ctx *ctx, const uint8_t seed[32],
                   size_t max_conns)
{
    struct dtt_rng secret;
    uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES];
    dtt_rng_init(&t->rng, ctx->seed, "quic.cid");
    dtt_rng_bytes(&t->rng, hash_key, sizeof(hash_key));
    dtt_map_init(&t->map, sizeof(struct dtt_qcid_key), max_conns * DTT_QCID_PER_CONN_MAX, hash_key);
    /* A labelled stream of the seed is a PRF of it: it tells nothing about the seed itself. */
    dtt_rng_init(&secret, seed, "quic.stateless reset");
    dtt_rng_bytes(&secret, t->reset_secret, sizeof(t->reset_secret));
    dtt_rng_fini(&secret);
}

void dtt_qcid_fini(struct dtt_qcid_table *t)
{
    dtt_map_fini(&t->map);
    dtt_rng_fini(&t->rng);
    sodium_memzero(t->reset_secret, sizeof(t->reset_secret));
}

void dtt_qcid_generate(struct dtt_qcid_table *t, size_t len, ngtcp2_cid *ret)
{
    uint8_t cid[NGTCP2_MAX_CIDLEN];
    do {
        dtt_rng_bytes(&t->rng, cid, len);
    } while (dtt_quic_demux_is_digit(cid[0]) || dtt_qcid_find(t, dtt_qcid_key(cid, len)));
    ngtcp2_cid_init(ret, cid, len);
}

int dtt_qcid_reset_token(const struct dtt_qcid_table *t, const ngtcp2_cid *cid,
                         uint8_t ret[NGTCP2_STATELESS_RESET_TOKENLEN])
{
    int rv = ngtcp2_crypto_generate_stateless_reset_token(ret, t->reset_secret,
                                                          sizeof(t->reset_secret), cid);
    return rv == 0 ? DTT_OK : DTT_ECRYPTO;
}

struct dtt_qcid_key dtt_qcid_key(const uint8_t *cid, size_t len)
{
    struct dtt_qcid_key key = {.kind = KIND_TOO_LONG};
    if (len <= sizeof(key.bytes)) {
        key.kind = (uint8_t)len;
        memcpy(key.bytes, cid, len);
    }
    return key;
}

struct dtt_qcid_key dtt_qcid_token_key(const uint8_t token[NGTCP2_STATELESS_RESET_TOKENLEN])
{
    struct dtt_qcid_key key = {.kind = KIND_TOKEN};
    memcpy(key.bytes, token, NGTCP2_STATELESS_RESET_TOKENLEN);
    return key;
}

int dtt_qcid_add(struct dtt_qcid_table *t, struct dtt_qcid_owner *owner, struct dtt_qcid_key key)
{
    if (owner->count == DTT_QCID_PER_CONN_MAX || dtt_map_get(&t->map, &key)) {
        return DTT_EFULL;
    }
    int err = dtt_map_put(&t->map, &key, owner);
    owner->count += err == DTT_OK;
    return err;
}

void dtt_qcid_remove(struct dtt_qcid_table *t, struct dtt_qcid_owner *owner,
                     struct dtt_qcid_key key)
{
    if (dtt_map_get(&t->map, &key) == owner) {
        dtt_map_take(&t->map, &key);
        owner->count--;
    }
}

/* From the last to the first: short-lived connections are found at once. */
void dtt_qcid_clear(struct dtt_qcid_table *t, struct dtt_qcid_owner *owner)
{
    for (size_t i = dtt_map_count(&t->map); i > 0 && owner->count > 0; i--) {
        if (dtt_map_value_at(&t->map, i - 1) == owner) {
            dtt_map_take(&t->map, dtt_map_key_at(&t->map, i - 1));
            owner->count--;
        }
    }
}

struct dtt_qconn *dtt_qcid_find(const struct dtt_qcid_table *t, struct dtt_qcid_key key)
{
    const struct dtt_qcid_owner *owner = dtt_map_get(&t->map, &key);
    return owner ? owner->conn : NULL;
}
