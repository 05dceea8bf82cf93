/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* BLAKE3, unkeyed hash mode with 32 bytes of output (the gossip message id). Portable C. */
#ifndef DTT_CRYPTO_BLAKE3_H
#define DTT_CRYPTO_BLAKE3_H

#include "base/bytes.h"

#define DTT_BLAKE3_BYTES 32

void dtt_blake3(uint8_t out[DTT_BLAKE3_BYTES], struct dtt_slice in);

#endif
