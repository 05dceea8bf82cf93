/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "pkarr/signed.h"

#include "codec/bencode.h"
#include "crypto/ed25519.h"

#define SIGNABLE_MAX (DTT_PKARR_PACKET_MAX + 64)

static struct dtt_slice signable(uint8_t buf[SIGNABLE_MAX], const struct dtt_pkarr_signed *s)
{
    struct dtt_writer w = dtt_writer(buf, SIGNABLE_MAX);
    dtt_bencode_write_text(&w, "seq");
    dtt_bencode_write_int(&w, s->time_us);
    dtt_bencode_write_text(&w, "v");
    dtt_bencode_write_str(&w, s->packet);
    return dtt_slice(buf, w.len);
}

void dtt_pkarr_signed_write(struct dtt_writer *w, const uint8_t seed[32],
                            const struct dtt_pkarr_signed *s)
{
    uint8_t buf[SIGNABLE_MAX];
    uint8_t sig[DTT_PKARR_SIGNATURE_BYTES];
    uint8_t time[DTT_PKARR_TIME_BYTES];
    dtt_ed25519_sign(sig, signable(buf, s), seed);
    dtt_put_be64(time, (uint64_t)s->time_us);
    dtt_write(w, sig, sizeof(sig));
    dtt_write(w, time, sizeof(time));
    dtt_write_slice(w, s->packet);
}

bool dtt_pkarr_signed_read(struct dtt_slice bytes, const struct dtt_id *id, struct dtt_memo *valid,
                           struct dtt_pkarr_signed *ret)
{
    uint8_t buf[SIGNABLE_MAX];
    struct dtt_reader r = dtt_reader(bytes);
    struct dtt_slice sig = dtt_read(&r, DTT_PKARR_SIGNATURE_BYTES);
    struct dtt_slice time = dtt_read(&r, DTT_PKARR_TIME_BYTES);
    struct dtt_pkarr_signed s = {.packet = dtt_slice(r.pos, dtt_reader_left(&r))};
    if (r.failed || s.packet.len > DTT_PKARR_PACKET_MAX || (time.data[0] & 0x80)) {
        return false;
    }
    s.time_us = (int64_t)dtt_get_be64(time.data);
    if (!dtt_ed25519_verify_once(valid, sig.data, signable(buf, &s), id->bytes)) {
        return false;
    }
    *ret = s;
    return true;
}
