/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Signed packets, as pkarr servers take and give them: signature, time, packet (codec/pkarr.h).
 * What is signed is what a BEP 44 item without salt signs, with the time as its sequence number.
 */
#ifndef DTT_PKARR_SIGNED_H
#define DTT_PKARR_SIGNED_H

#include "base/memo.h"
#include "codec/pkarr.h"

#define DTT_PKARR_SIGNATURE_BYTES 64
#define DTT_PKARR_TIME_BYTES 8
#define DTT_PKARR_SIGNED_MAX \
    (DTT_PKARR_SIGNATURE_BYTES + DTT_PKARR_TIME_BYTES + DTT_PKARR_PACKET_MAX)

struct dtt_pkarr_signed {
    int64_t time_us;         /**< unix time of its signature, by the clock of the publisher */
    struct dtt_slice packet; /**< of the bytes that were read */
};

/** `packet` has DTT_PKARR_PACKET_MAX bytes at most; `seed`: 32 bytes of the publisher's. */
void dtt_pkarr_signed_write(struct dtt_writer *w, const uint8_t seed[32],
                            const struct dtt_pkarr_signed *s);
/** False: malformed, or not signed by `id`. `valid` remembers a good signature, or is NULL. */
bool dtt_pkarr_signed_read(struct dtt_slice bytes, const struct dtt_id *id, struct dtt_memo *valid,
                           struct dtt_pkarr_signed *ret);

#endif
