/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Connection ids (RFC 9000, section 5.1): which connection a datagram belongs to, fresh ids of our
 * own, and the stateless reset token of each. A peer retires ids and gets new ones all the time.
 *
 * A stateless reset (section 10.3) carries no id of ours: it is known by its last 16 bytes, the
 * token the peer gave us with the id we use for it. These tokens are in the same table.
 */
#ifndef DTT_QUIC_CID_H
#define DTT_QUIC_CID_H

#include "base/ctx.h"
#include "base/map.h"
#include "quic/ngtcp2_compat.h"

#define DTT_QCID_LEN 8
/* ngtcp2 keeps at most 8 in use by the peer (retired ones stay for a PTO), and few of the peer's.
 */
#define DTT_QCID_PER_CONN_MAX 32

struct dtt_qcid_table {
    struct dtt_map map; /**< struct dtt_qcid_key -> struct dtt_qcid_owner */
    struct dtt_rng rng;
    uint8_t reset_secret[32];
};

/** A connection, and how many ids and tokens in the table are its own. */
struct dtt_qcid_owner {
    struct dtt_qconn *conn;
    size_t count;
};

/** An id or a token as the table knows it. */
struct dtt_qcid_key {
    uint8_t kind; /**< the length of an id, or a value of its own for a token */
    uint8_t bytes[NGTCP2_MAX_CIDLEN];
};

/**
 * `seed` is the node's secret: reset tokens depend on it alone, so that a node that was restarted
 * can still reset the connections of its former life.
 */
void dtt_qcid_init(struct dtt_qcid_table *t, const struct dtt_ctx *ctx, const uint8_t seed[32],
                   size_t max_conns);
void dtt_qcid_fini(struct dtt_qcid_table *t);

/** A fresh id of `len` bytes (DTT_QCID_LEN for all that peers send to us). */
void dtt_qcid_generate(struct dtt_qcid_table *t, size_t len, ngtcp2_cid *ret);
/** The token of one of our ids. DTT_ECRYPTO. */
int dtt_qcid_reset_token(const struct dtt_qcid_table *t, const ngtcp2_cid *cid,
                         uint8_t ret[NGTCP2_STATELESS_RESET_TOKENLEN]);

/** `len` may be anything: no id in the table is longer than NGTCP2_MAX_CIDLEN. */
struct dtt_qcid_key dtt_qcid_key(const uint8_t *cid, size_t len);
struct dtt_qcid_key dtt_qcid_token_key(const uint8_t token[NGTCP2_STATELESS_RESET_TOKENLEN]);

/** Datagrams with this id or token belong to `owner` from now on. DTT_EFULL, DTT_ENOMEM. */
int dtt_qcid_add(struct dtt_qcid_table *t, struct dtt_qcid_owner *owner, struct dtt_qcid_key key);
/** Fine when it is not the owner's. */
void dtt_qcid_remove(struct dtt_qcid_table *t, struct dtt_qcid_owner *owner,
                     struct dtt_qcid_key key);
/** Removes all that `owner` has. */
void dtt_qcid_clear(struct dtt_qcid_table *t, struct dtt_qcid_owner *owner);
/** The connection that a datagram belongs to, or NULL. */
struct dtt_qconn *dtt_qcid_find(const struct dtt_qcid_table *t, struct dtt_qcid_key key);

#endif
