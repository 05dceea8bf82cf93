/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * BEP 44 items: where they are stored and what is signed. `v` is always the bencoded value, byte
 * for byte as on the wire.
 */
#ifndef DTT_DHT_ITEM_H
#define DTT_DHT_ITEM_H

#include "base/memo.h"
#include "dht/krpc_wire.h"

/** Longest signable bytes: "4:salt64:" salt "3:seqi-9223372036854775808e1:v" v. */
#define DTT_ITEM_SIGNABLE_MAX (9 + DTT_KRPC_SALT_MAX + 30 + DTT_KRPC_VALUE_MAX)

/** Target of a mutable item: SHA-1(k || salt). */
void dtt_item_target(uint8_t ret[DTT_NODE_ID_BYTES], const uint8_t k[DTT_KRPC_KEY_BYTES],
                     struct dtt_slice salt);
/** Target of an immutable item: SHA-1(v). */
void dtt_item_target_immutable(uint8_t ret[DTT_NODE_ID_BYTES], struct dtt_slice v);

/** The bytes a mutable item's signature covers. Length, or DTT_ETOOBIG for salt or v. */
int dtt_item_signable(uint8_t buf[DTT_ITEM_SIGNABLE_MAX], struct dtt_slice salt, int64_t seq,
                      struct dtt_slice v);

/** Signs with the 32-byte secret seed. DTT_ETOOBIG. */
int dtt_item_sign(uint8_t ret_sig[DTT_KRPC_SIG_BYTES], const uint8_t seed[32],
                  struct dtt_slice salt, int64_t seq, struct dtt_slice v);

/** True when the signature fits and nothing is over its limit. `valid` remembers, or is NULL. */
bool dtt_item_verify(struct dtt_memo *valid, const uint8_t sig[DTT_KRPC_SIG_BYTES],
                     const uint8_t k[DTT_KRPC_KEY_BYTES], struct dtt_slice salt, int64_t seq,
                     struct dtt_slice v);

#endif
