/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "lan/name.h"

#include "codec/text.h"
#include "crypto/hkdf.h"

#define PARENT "._udp.local"

/* The label contains the version of the derivation. */
static const char label[] = "dtt lan 1";

void dtt_lan_name(struct dtt_dns_name *ret, const uint8_t topic[32], uint64_t minute,
                  const uint8_t enc_seed[32])
{
    uint8_t where[40]; /* topic, minute LE: as in the derivation of the secret slot */
    uint8_t bytes[DTT_LAN_NAME_BYTES];
    char text[DTT_BASE32_LEN(DTT_LAN_NAME_BYTES) + sizeof(PARENT)];
    memcpy(where, topic, 32);
    dtt_put_le64(where + 32, minute);
    dtt_hkdf_sha256(bytes, sizeof(bytes), dtt_slice(label, sizeof(label) - 1),
                    dtt_slice(enc_seed, 32), dtt_slice(where, sizeof(where)));
    dtt_base32_encode(text, dtt_slice(bytes, sizeof(bytes)));
    memcpy(text + DTT_BASE32_LEN(DTT_LAN_NAME_BYTES), PARENT, sizeof(PARENT));
    dtt_dns_name_make(ret, text);
}
