/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "codec/text.h"
#include "crypto/ed25519.h"
#include "crypto/hash.h"
#include "record/closed.h"

#include <dtt/types.h>

void dtt_id_format(const struct dtt_id *id, char text[DTT_ID_TEXT_MAX])
{
    dtt_hex_encode(text, dtt_slice(id->bytes, sizeof(id->bytes)));
}

int dtt_id_parse(const char *text, struct dtt_id *ret)
{
    struct dtt_id id;
    if (!text || !ret) {
        return DTT_EINVAL;
    }
    size_t len = strlen(text);
    int err = DTT_EINVAL;
    /* iroh reads whatever has the length of hex as hex, and that in lower case only. */
    if (len != 2 * sizeof(id.bytes)) {
        err = dtt_base32_decode(id.bytes, sizeof(id.bytes), text, len);
    } else if (!strpbrk(text, "ABCDEF")) {
        err = dtt_hex_decode(id.bytes, sizeof(id.bytes), text, len);
    }
    if (err || !dtt_ed25519_is_point(id.bytes)) {
        return DTT_EINVAL;
    }
    *ret = id;
    return DTT_OK;
}

void dtt_id_from_seed(const uint8_t seed[DTT_SEED_BYTES], struct dtt_id *ret)
{
    dtt_ed25519_public_key(ret->bytes, seed);
}

void dtt_topic_hash(const char *name, uint8_t ret[DTT_TOPIC_HASH_BYTES])
{
    const struct dtt_slice part = dtt_slice(name, strlen(name));
    dtt_sha512_32(ret, &part, 1);
}

int dtt_topic_hash_closed(const char *name, const void *secret, size_t secret_len,
                          uint8_t ret[DTT_TOPIC_HASH_BYTES])
{
    if (!name || name[0] == '\0' || !secret || secret_len == 0 || !ret) {
        return DTT_EINVAL;
    }
    return dtt_closed_topic(ret, name, dtt_slice(secret, secret_len));
}
