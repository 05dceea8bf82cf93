/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "quic/cid.h"

#include "quic/demux.h"

#include <dtt/types.h>
#include <sodium.h>
#include <stdlib.h>

/* First byte: the length of an id, or this for a token. */
#define KEY_TOKEN 0xff
#define KEY_LEN (1 + NGTCP2_MAX_CIDLEN)

struct dtt_qcid_node {
    struct dtt_qcid_node *next;
    void *owner;
    uint8_t key[KEY_LEN];
};

static void cid_key(uint8_t key[KEY_LEN], const uint8_t *cid, size_t len)
{
    memset(key, 0, KEY_LEN);
    key[0] = (uint8_t)len;
    memcpy(key + 1, cid, len);
}

static void token_key(uint8_t key[KEY_LEN], const uint8_t *token)
{
    memset(key, 0, KEY_LEN);
    key[0] = KEY_TOKEN;
    memcpy(key + 1, token, NGTCP2_STATELESS_RESET_TOKENLEN);
}

static int add(struct dtt_qcid_table *t, struct dtt_qcid_list *l, const uint8_t key[KEY_LEN],
               void *owner)
{
    if (l->count == DTT_QCID_PER_CONN_MAX || dtt_map_get(&t->map, key)) {
        return DTT_EFULL;
    }
    struct dtt_qcid_node *n = calloc(1, sizeof(*n));
    if (!n) {
        return DTT_ENOMEM;
    }
    n->owner = owner;
    memcpy(n->key, key, KEY_LEN);
    int err = dtt_map_put(&t->map, key, n);
    if (err) {
        free(n);
        return err;
    }
    n->next = l->head;
    l->head = n;
    l->count++;
    return DTT_OK;
}

static void remove_key(struct dtt_qcid_table *t, struct dtt_qcid_list *l,
                       const uint8_t key[KEY_LEN])
{
    for (struct dtt_qcid_node **p = &l->head; *p; p = &(*p)->next) {
        struct dtt_qcid_node *n = *p;
        if (memcmp(n->key, key, KEY_LEN) == 0) {
            *p = n->next;
            l->count--;
            dtt_map_take(&t->map, key);
            free(n);
            return;
        }
    }
}

static void *find(const struct dtt_qcid_table *t, const uint8_t key[KEY_LEN])
{
    const struct dtt_qcid_node *n = dtt_map_get(&t->map, key);
    return n ? n->owner : NULL;
}

void dtt_qcid_init(struct dtt_qcid_table *t, const struct dtt_ctx *ctx, const uint8_t seed[32],
                   size_t max_conns)
{
    struct dtt_rng secret;
    uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES];
    dtt_rng_init(&t->rng, ctx->seed, "quic.cid");
    dtt_rng_bytes(&t->rng, hash_key, sizeof(hash_key));
    dtt_map_init(&t->map, KEY_LEN, max_conns * DTT_QCID_PER_CONN_MAX, hash_key);
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
    } while (dtt_quic_demux_is_digit(cid[0]) || dtt_qcid_find(t, cid, len));
    ngtcp2_cid_init(ret, cid, len);
}

int dtt_qcid_add(struct dtt_qcid_table *t, struct dtt_qcid_list *l, const ngtcp2_cid *cid,
                 void *owner)
{
    uint8_t key[KEY_LEN];
    cid_key(key, cid->data, cid->datalen);
    return add(t, l, key, owner);
}

void dtt_qcid_remove(struct dtt_qcid_table *t, struct dtt_qcid_list *l, const ngtcp2_cid *cid)
{
    uint8_t key[KEY_LEN];
    cid_key(key, cid->data, cid->datalen);
    remove_key(t, l, key);
}

void dtt_qcid_clear(struct dtt_qcid_table *t, struct dtt_qcid_list *l)
{
    while (l->head) {
        struct dtt_qcid_node *n = l->head;
        l->head = n->next;
        dtt_map_take(&t->map, n->key);
        free(n);
    }
    l->count = 0;
}

void *dtt_qcid_find(const struct dtt_qcid_table *t, const uint8_t *cid, size_t len)
{
    uint8_t key[KEY_LEN];
    if (len > NGTCP2_MAX_CIDLEN) {
        return NULL;
    }
    cid_key(key, cid, len);
    return find(t, key);
}

int dtt_qcid_add_token(struct dtt_qcid_table *t, struct dtt_qcid_list *l,
                       const uint8_t token[NGTCP2_STATELESS_RESET_TOKENLEN], void *owner)
{
    uint8_t key[KEY_LEN];
    token_key(key, token);
    return add(t, l, key, owner);
}

void dtt_qcid_remove_token(struct dtt_qcid_table *t, struct dtt_qcid_list *l,
                           const uint8_t token[NGTCP2_STATELESS_RESET_TOKENLEN])
{
    uint8_t key[KEY_LEN];
    token_key(key, token);
    remove_key(t, l, key);
}

void *dtt_qcid_find_token(const struct dtt_qcid_table *t,
                          const uint8_t token[NGTCP2_STATELESS_RESET_TOKENLEN])
{
    uint8_t key[KEY_LEN];
    token_key(key, token);
    return find(t, key);
}

int dtt_qcid_reset_token(const struct dtt_qcid_table *t, const ngtcp2_cid *cid,
                         uint8_t ret[NGTCP2_STATELESS_RESET_TOKENLEN])
{
    int rv = ngtcp2_crypto_generate_stateless_reset_token(ret, t->reset_secret,
                                                          sizeof(t->reset_secret), cid);
    return rv == 0 ? DTT_OK : DTT_ECRYPTO;
}
