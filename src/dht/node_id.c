/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/node_id.h"

#include "crypto/hash.h"

unsigned dtt_node_id_common(const uint8_t a[DTT_NODE_ID_BYTES], const uint8_t b[DTT_NODE_ID_BYTES])
{
    for (unsigned i = 0; i < DTT_NODE_ID_BYTES; i++) {
        unsigned x = a[i] ^ b[i];
        if (x) {
            unsigned bits = 0;
            while (!(x & 0x80u)) {
                x <<= 1;
                bits++;
            }
            return 8 * i + bits;
        }
    }
    return DTT_NODE_ID_BITS;
}

int dtt_node_id_cmp(const uint8_t target[DTT_NODE_ID_BYTES], const uint8_t a[DTT_NODE_ID_BYTES],
                    const uint8_t b[DTT_NODE_ID_BYTES])
{
    for (unsigned i = 0; i < DTT_NODE_ID_BYTES; i++) {
        if (a[i] != b[i]) {
            return (a[i] ^ target[i]) < (b[i] ^ target[i]) ? -1 : 1;
        }
    }
    return 0;
}

void dtt_node_id_random_in(struct dtt_rng *rng, const uint8_t id[DTT_NODE_ID_BYTES],
                           unsigned common, uint8_t ret[DTT_NODE_ID_BYTES])
{
    uint8_t out[DTT_NODE_ID_BYTES];
    if (common >= DTT_NODE_ID_BITS) {
        memmove(ret, id, DTT_NODE_ID_BYTES);
        return;
    }
    dtt_rng_bytes(rng, out, sizeof(out));
    memcpy(out, id, common / 8);
    unsigned at = common / 8;
    unsigned flip = 0x80u >> common % 8;     /* the first bit that differs */
    unsigned keep = ~(2 * flip - 1) & 0xffu; /* the bits before it */
    out[at] = (uint8_t)((id[at] & keep) | (~id[at] & flip) | (out[at] & (flip - 1)));
    memcpy(ret, out, sizeof(out));
}

/* The CRC whose first 21 bits the id must have; `r` is the id's last byte. */
static uint32_t address_crc(const struct dtt_addr *addr, uint8_t r)
{
    static const uint8_t mask4[4] = {0x03, 0x0f, 0x3f, 0xff};
    static const uint8_t mask6[8] = {0x01, 0x03, 0x07, 0x0f, 0x1f, 0x3f, 0x7f, 0xff};
    bool v4 = addr->family == DTT_FAMILY_V4;
    size_t n = v4 ? sizeof(mask4) : sizeof(mask6);
    uint8_t in[8];
    for (size_t i = 0; i < n; i++) {
        in[i] = addr->ip[i] & (v4 ? mask4[i] : mask6[i]);
    }
    in[0] = (uint8_t)(in[0] | (r & 7u) << 5);
    return dtt_crc32c(dtt_slice(in, n));
}

void dtt_node_id_for_addr(struct dtt_rng *rng, const struct dtt_addr *addr,
                          uint8_t ret[DTT_NODE_ID_BYTES])
{
    dtt_rng_bytes(rng, ret, DTT_NODE_ID_BYTES);
    uint32_t crc = address_crc(addr, ret[DTT_NODE_ID_BYTES - 1]);
    ret[0] = (uint8_t)(crc >> 24);
    ret[1] = (uint8_t)(crc >> 16);
    ret[2] = (uint8_t)((crc >> 8 & 0xf8u) | (ret[2] & 7u));
}

bool dtt_node_id_is_secure(const uint8_t id[DTT_NODE_ID_BYTES], const struct dtt_addr *addr)
{
    if (dtt_addr_scope(addr) != DTT_SCOPE_GLOBAL) {
        return true;
    }
    uint32_t crc = address_crc(addr, id[DTT_NODE_ID_BYTES - 1]);
    return ((dtt_get_be32(id) ^ crc) & 0xfffff800u) == 0;
}
