/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/proof.h"

#include <sodium.h>
#include <stdlib.h>

void dtt_proofs_init(struct dtt_proofs *p, const uint8_t hash_key[16])
{
    memset(p, 0, sizeof(*p));
    memcpy(p->hash_key, hash_key, sizeof(p->hash_key));
}

void dtt_proofs_fini(struct dtt_proofs *p)
{
    free(p->slots);
    p->slots = NULL;
}

static size_t slot_of(const struct dtt_proofs *p, const struct dtt_addr *addr, uint32_t *ret_tag)
{
    uint8_t hash[crypto_shorthash_BYTES], key[1 + sizeof(addr->ip)];
    key[0] = addr->family;
    memcpy(key + 1, addr->ip, sizeof(addr->ip));
    crypto_shorthash(hash, key, sizeof(key), p->hash_key);
    *ret_tag = dtt_get_be32(hash);
    return hash[4] % DTT_PROOF_SLOTS;
}

void dtt_proofs_add(struct dtt_proofs *p, struct dtt_now now, const struct dtt_addr *addr)
{
    uint32_t tag;
    size_t slot = slot_of(p, addr, &tag);
    if (!p->slots) {
        p->slots = calloc(DTT_PROOF_SLOTS, sizeof(*p->slots));
    }
    if (p->slots) {
        p->slots[slot] = (struct dtt_proof){
            .tag = tag, .until_s = (uint32_t)(now.mono_ns / DTT_S) + DTT_PROOF_LIFETIME_S};
    }
}

bool dtt_proofs_has(const struct dtt_proofs *p, struct dtt_now now, const struct dtt_addr *addr)
{
    uint32_t tag;
    size_t slot = slot_of(p, addr, &tag);
    return p->slots && p->slots[slot].tag == tag && p->slots[slot].until_s > now.mono_ns / DTT_S;
}
