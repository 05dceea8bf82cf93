/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The two ways in which a client proves to a relay that it has the key of its id: by a signature of
 * keying material of the TLS session, sent with the first request, and by the answer to a
 * challenge, which a relay may always ask for.
 */
#ifndef DTT_RELAY_AUTH_H
#define DTT_RELAY_AUTH_H

#include "base/bytes.h"
#include "codec/text.h"
#include "relay/relay_wire.h"

#include <dtt/types.h>

#define DTT_RELAY_AUTH_BODY_BYTES (DTT_ID_BYTES + 1 + 64 + DTT_RELAY_MATERIAL_BYTES / 2)
/* In base64url, with the room of a padding that it does not have, and the NUL. */
#define DTT_RELAY_AUTH_TEXT_MAX (DTT_BASE64_LEN(DTT_RELAY_AUTH_BODY_BYTES) + 1)

/** Value of the field: `material` was exported with the id as its context. */
void dtt_relay_auth_field(char ret[DTT_RELAY_AUTH_TEXT_MAX], const uint8_t seed[DTT_SEED_BYTES],
                          const uint8_t material[DTT_RELAY_MATERIAL_BYTES]);

#define DTT_RELAY_AUTH_FRAME_BYTES (1 + DTT_ID_BYTES + 1 + 64)
/** The frame that answers a challenge. */
void dtt_relay_auth_answer(struct dtt_writer *w, const uint8_t seed[DTT_SEED_BYTES],
                           const uint8_t challenge[DTT_RELAY_CHALLENGE_BYTES]);

#endif
