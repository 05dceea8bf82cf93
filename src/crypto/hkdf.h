/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* HKDF-SHA256 (RFC 5869): extract, then expand. */
#ifndef DTT_CRYPTO_HKDF_H
#define DTT_CRYPTO_HKDF_H

#include "base/bytes.h"

#define DTT_HKDF_MAX (255 * 32) /**< bytes one call can give */

/** `len` bytes, at most DTT_HKDF_MAX, from the key material `ikm`. `salt` may be empty. */
void dtt_hkdf_sha256(uint8_t *out, size_t len, struct dtt_slice salt, struct dtt_slice ikm,
                     struct dtt_slice info);

#endif
