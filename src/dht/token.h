/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Write tokens: a SipHash of epoch, family, IP and target. The port is left out because NATs change
 * it. The current and the previous epoch are accepted: a token lives five to ten minutes (BEP 5).
 */
#ifndef DTT_DHT_TOKEN_H
#define DTT_DHT_TOKEN_H

#include "base/addr.h"
#include "base/time.h"
#include "dht/krpc_wire.h"

#define DTT_TOKEN_BYTES 8
#define DTT_TOKEN_SECRET_BYTES 16
#define DTT_TOKEN_EPOCH_NS (300 * DTT_S)

void dtt_token_make(uint8_t ret[DTT_TOKEN_BYTES], const uint8_t secret[DTT_TOKEN_SECRET_BYTES],
                    struct dtt_now now, const struct dtt_addr *addr,
                    const uint8_t target[DTT_NODE_ID_BYTES]);

/** Constant time in the content. */
bool dtt_token_is_valid(struct dtt_slice token, const uint8_t secret[DTT_TOKEN_SECRET_BYTES],
                        struct dtt_now now, const struct dtt_addr *addr,
                        const uint8_t target[DTT_NODE_ID_BYTES]);

#endif
