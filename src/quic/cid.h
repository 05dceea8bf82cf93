/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Connection ids (RFC 9000, section 5.1): which connection a datagram belongs to, fresh ids of our
 * own, and the stateless reset token of each. A peer retires ids and gets new ones all the time, so
 * a connection keeps the list of its own.
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
    struct dtt_map map; /**< kind or length, and bytes -> struct dtt_qcid_node */
    struct dtt_rng rng;
    uint8_t reset_secret[32];
};

struct dtt_qcid_node;

/** The ids and tokens of one connection. Zero it to initialise. */
struct dtt_qcid_list {
    struct dtt_qcid_node *head;
    size_t count;
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
/** Packets for `cid` belong to `owner` from now on. DTT_EFULL, DTT_ENOMEM. */
int dtt_qcid_add(struct dtt_qcid_table *t, struct dtt_qcid_list *l, const ngtcp2_cid *cid,
                 void *owner);
/** Fine when `cid` is not in the list. */
void dtt_qcid_remove(struct dtt_qcid_table *t, struct dtt_qcid_list *l, const ngtcp2_cid *cid);
void dtt_qcid_clear(struct dtt_qcid_table *t, struct dtt_qcid_list *l);
/** The owner of an id as it came from the network, or NULL. */
void *dtt_qcid_find(const struct dtt_qcid_table *t, const uint8_t *cid, size_t len);

/** The same three for the tokens of the peer's ids. */
int dtt_qcid_add_token(struct dtt_qcid_table *t, struct dtt_qcid_list *l,
                       const uint8_t token[NGTCP2_STATELESS_RESET_TOKENLEN], void *owner);
void dtt_qcid_remove_token(struct dtt_qcid_table *t, struct dtt_qcid_list *l,
                           const uint8_t token[NGTCP2_STATELESS_RESET_TOKENLEN]);
void *dtt_qcid_find_token(const struct dtt_qcid_table *t,
                          const uint8_t token[NGTCP2_STATELESS_RESET_TOKENLEN]);

/** The token of one of our ids. DTT_ECRYPTO. */
int dtt_qcid_reset_token(const struct dtt_qcid_table *t, const ngtcp2_cid *cid,
                         uint8_t ret[NGTCP2_STATELESS_RESET_TOKENLEN]);

#endif
