/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Answers to datagrams that belong to no connection: Version Negotiation, Retry, refusal, stateless
 * reset. They keep no state, are smaller than their causes, and a flood of causes makes no flood of
 * answers: each kind has its own budget. Retry packets are counted by the client's network (IPv4
 * /16, IPv6 /32), because a client that must retry has no other way in.
 */
#ifndef DTT_QUIC_STATELESS_H
#define DTT_QUIC_STATELESS_H

#include "base/bucket.h"
#include "base/ring.h"
#include "quic/conn.h"

#include <sodium.h>

#define DTT_QSTATELESS_DATAGRAM_MAX 256
#define DTT_QSTATELESS_QUEUE_MAX 64
/* Of the queue, room that only Retry packets may use. */
#define DTT_QSTATELESS_QUEUE_RETRY 32
/* Each second: Retry packets for the networks of one slot, and replies of each other kind. */
#define DTT_QSTATELESS_RETRY_SLOTS 256
#define DTT_QSTATELESS_RETRIES 50
#define DTT_QSTATELESS_OTHERS 100
/* RFC 9000, section 10.3: 5 bytes that look random, then the token. */
#define DTT_QSTATELESS_RESET_LEN \
    (NGTCP2_MIN_STATELESS_RESET_RANDLEN + NGTCP2_STATELESS_RESET_TOKENLEN)

struct dtt_qstateless_reply {
    struct dtt_qroute route;
    size_t len;
    uint8_t data[DTT_QSTATELESS_DATAGRAM_MAX];
};

enum dtt_qstateless_kind {
    DTT_QSTATELESS_VERSION,
    DTT_QSTATELESS_REFUSAL,
    DTT_QSTATELESS_RESET,
    DTT_QSTATELESS_RETRY /**< the last: it has no bucket in `others` */
};

struct dtt_qstateless {
    struct dtt_qshared *sh;
    struct dtt_ring replies; /**< of struct dtt_qstateless_reply */
    struct dtt_bucket others[DTT_QSTATELESS_RETRY];
    struct dtt_bucket retries[DTT_QSTATELESS_RETRY_SLOTS];
    uint8_t slot_key[crypto_shorthash_KEYBYTES]; /**< keeps clients from choosing their slot */
    uint8_t token_secret[32];                    /**< of Retry tokens; new in each life */
};

void dtt_qstateless_init(struct dtt_qstateless *s, struct dtt_qshared *sh);
void dtt_qstateless_fini(struct dtt_qstateless *s);

/** What the token of an Initial packet says about the client's address. */
enum dtt_qstateless_token {
    DTT_QTOKEN_NONE,  /**< nothing, or it is not one of ours */
    DTT_QTOKEN_VALID, /**< the client received a Retry there: `original_dcid` is set */
    DTT_QTOKEN_BAD    /**< one of ours, but old, forged or for another address */
};
enum dtt_qstateless_token dtt_qstateless_check_token(const struct dtt_qstateless *s,
                                                     const ngtcp2_pkt_hd *hd,
                                                     const struct dtt_addr *remote,
                                                     ngtcp2_cid *original_dcid);

/* Each queues one reply to a datagram that came from `route->remote` to `route->local`. */
void dtt_qstateless_version(struct dtt_qstateless *s, const struct dtt_qroute *route,
                            const ngtcp2_version_cid *vc);
void dtt_qstateless_retry(struct dtt_qstateless *s, const struct dtt_qroute *route,
                          const ngtcp2_pkt_hd *hd);
/** `code` is a transport error (RFC 9000, section 20.1). */
void dtt_qstateless_refuse(struct dtt_qstateless *s, const struct dtt_qroute *route,
                           const ngtcp2_pkt_hd *hd, uint64_t code);
/** `datagram` is the cause; it is not answered unless it is longer than the answer. */
void dtt_qstateless_reset(struct dtt_qstateless *s, const struct dtt_qroute *route,
                          struct dtt_slice datagram);

#endif
