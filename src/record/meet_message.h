/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The sealed part of the query dtt_meet (docs/protocol/meet.md): a member asks a neighbour to tell
 * another member where it can be knocked at. Only holders of the topic's secret can read or write
 * it, and the asker signs it.
 */
#ifndef DTT_RECORD_MEET_MESSAGE_H
#define DTT_RECORD_MEET_MESSAGE_H

#include "base/addr.h"
#include "base/bytes.h"

#include <dtt/types.h>

#define DTT_MEET_MESSAGE_ADDRS 4
#define DTT_MEET_MESSAGE_NONCE 12
#define DTT_MEET_MESSAGE_MAX 238 /**< bytes, sealed; 190 with four IPv4 addresses */

enum dtt_meet_kind {
    DTT_MEET_ASK = 1 /**< `from` wants to be told of to `to`, and knocks at it */
};

/** What the bytes show without the secret. */
struct dtt_meet_head {
    uint32_t minute; /**< of the key */
    uint8_t nonce[DTT_MEET_MESSAGE_NONCE];
};

struct dtt_meet_message {
    enum dtt_meet_kind kind;
    struct dtt_id from; /**< signs */
    struct dtt_id to;
    size_t n;
    struct dtt_addr addrs[DTT_MEET_MESSAGE_ADDRS]; /**< of `from`, as it sees itself */
};

/**
 * Writes a message; returns its length. `enc_seed`: the encryption seed of head->minute
 * (dtt_secret_rotate). The nonce must be used once. `node_seed`: of meet->from.
 */
size_t dtt_meet_message_seal(uint8_t ret[DTT_MEET_MESSAGE_MAX], const struct dtt_meet_message *meet,
                             const struct dtt_meet_head *head, const uint8_t enc_seed[32],
                             const uint8_t topic[32], const uint8_t node_seed[32]);
/** DTT_EPROTO: of a length that no message has. */
int dtt_meet_message_read_head(struct dtt_slice s, struct dtt_meet_head *ret);
/**
 * Opens a message and checks its signature. DTT_EAUTH: of another topic, minute or secret, or not
 * signed by whom it names. DTT_EPROTO: of another kind or form.
 */
int dtt_meet_message_open(struct dtt_slice s, const uint8_t enc_seed[32], const uint8_t topic[32],
                          struct dtt_meet_message *ret);

#endif
