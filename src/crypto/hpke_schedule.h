/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The two inner steps of HPKE, separate so that tests can check each against the vectors of the
 * RFC. */
#ifndef DTT_CRYPTO_HPKE_SCHEDULE_H
#define DTT_CRYPTO_HPKE_SCHEDULE_H

#include "base/bytes.h"

/** What the AEAD needs for the first message of a context. Wipe with sodium_memzero. */
struct dtt_hpke_schedule {
    uint8_t key[32];
    uint8_t nonce[12]; /**< base_nonce: the sequence number is always 0 */
};

/** ExtractAndExpand of RFC 9180 section 4.1; kem_context is enc | pk. */
void dtt_hpke_shared_secret(uint8_t ret[32], const uint8_t dh[32], const uint8_t enc[32],
                            const uint8_t pk[32]);
/** KeySchedule of section 5.1 for mode_base. */
void dtt_hpke_schedule(struct dtt_hpke_schedule *ret, const uint8_t shared_secret[32],
                       struct dtt_slice info);

#endif
