/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A signed message (docs/protocol/signed.md): the envelope of the chat example of iroh-gossip 0.101
 * with our extension, which says of which topic and when it was said.
 */
#ifndef DTT_AUTHOR_ENVELOPE_H
#define DTT_AUTHOR_ENVELOPE_H

#include "base/bytes.h"

#include <dtt/types.h>

#define DTT_ENVELOPE_TOPIC_BYTES 32
/** What an envelope adds to a content of 128 to 16,383 bytes; a shorter one adds less. */
#define DTT_ENVELOPE_EXTRA 155

enum dtt_envelope_kind {
    DTT_ENVELOPE_NAME, /**< the author's name */
    DTT_ENVELOPE_TEXT,
    DTT_ENVELOPE_BYTES /**< any bytes: only with the extension */
};

struct dtt_envelope {
    struct dtt_id author;
    enum dtt_envelope_kind kind;
    struct dtt_slice content; /**< a name and a text are UTF-8 */
    bool is_dated;            /**< it has the extension; else the next three are zero */
    uint8_t topic[DTT_ENVELOPE_TOPIC_BYTES];
    uint64_t sent_ms; /**< unix time, by the author's clock */
    uint64_t seq;
    /* After reading: */
    struct dtt_slice data; /**< what is signed */
    const uint8_t *signature;
};

/**
 * Reads one; slices point into `message`. DTT_EPROTO: it has not this form. The signature is not
 * looked at.
 */
int dtt_envelope_read(struct dtt_slice message, struct dtt_envelope *ret);
/** The author has signed it. */
bool dtt_envelope_is_good(const struct dtt_envelope *e);
/**
 * Writes `e`, signed with `seed`, whose public key is e->author. A content of BYTES needs is_dated;
 * `w` fails when there is no room.
 */
void dtt_envelope_write(struct dtt_writer *w, const struct dtt_envelope *e, const uint8_t seed[32]);

#endif
