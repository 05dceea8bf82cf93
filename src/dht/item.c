/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/item.h"

#include "codec/bencode.h"
#include "crypto/ed25519.h"
#include "crypto/hash.h"

#include <dtt/types.h>

void dtt_item_target(uint8_t ret[DTT_NODE_ID_BYTES], const uint8_t k[DTT_KRPC_KEY_BYTES],
                     struct dtt_slice salt)
{
    dtt_sha1_2(ret, dtt_slice(k, DTT_KRPC_KEY_BYTES), salt);
}

void dtt_item_target_immutable(uint8_t ret[DTT_NODE_ID_BYTES], struct dtt_slice v)
{
    dtt_sha1_2(ret, v, dtt_slice(NULL, 0));
}

int dtt_item_signable(uint8_t buf[DTT_ITEM_SIGNABLE_MAX], struct dtt_slice salt, int64_t seq,
                      struct dtt_slice v)
{
    struct dtt_writer w = dtt_writer(buf, DTT_ITEM_SIGNABLE_MAX);
    if (salt.len > DTT_KRPC_SALT_MAX || v.len > DTT_KRPC_VALUE_MAX) {
        return DTT_ETOOBIG;
    }
    if (salt.len > 0) {
        dtt_bencode_write_text(&w, "salt");
        dtt_bencode_write_str(&w, salt);
    }
    dtt_bencode_write_text(&w, "seq");
    dtt_bencode_write_int(&w, seq);
    dtt_bencode_write_text(&w, "v");
    dtt_write_slice(&w, v);
    return w.failed ? DTT_ETOOBIG : (int)w.len;
}

int dtt_item_sign(uint8_t ret_sig[DTT_KRPC_SIG_BYTES], const uint8_t seed[32],
                  struct dtt_slice salt, int64_t seq, struct dtt_slice v)
{
    uint8_t buf[DTT_ITEM_SIGNABLE_MAX];
    int len = dtt_item_signable(buf, salt, seq, v);
    if (len < 0) {
        return len;
    }
    dtt_ed25519_sign(ret_sig, dtt_slice(buf, (size_t)len), seed);
    return DTT_OK;
}

bool dtt_item_verify(struct dtt_memo *valid, const uint8_t sig[DTT_KRPC_SIG_BYTES],
                     const uint8_t k[DTT_KRPC_KEY_BYTES], struct dtt_slice salt, int64_t seq,
                     struct dtt_slice v)
{
    uint8_t buf[DTT_ITEM_SIGNABLE_MAX];
    int len = dtt_item_signable(buf, salt, seq, v);
    return len >= 0 && dtt_ed25519_verify_once(valid, sig, dtt_slice(buf, (size_t)len), k);
}
