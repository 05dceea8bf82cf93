/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* BLAKE3 with 32 bytes of output: the hash mode (the gossip message id) and the derivation of keys.
 */
#ifndef DTT_CRYPTO_BLAKE3_H
#define DTT_CRYPTO_BLAKE3_H

#include "base/bytes.h"

#define DTT_BLAKE3_BYTES 32

void dtt_blake3(uint8_t out[DTT_BLAKE3_BYTES], struct dtt_slice in);
/** The key that `context`, which names its use, makes of `material`. */
void dtt_blake3_derive_key(uint8_t out[DTT_BLAKE3_BYTES], const char *context,
                           struct dtt_slice material);

#endif
