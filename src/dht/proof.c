/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/proof.h"

#include "base/array.h"

#include <dtt/types.h>
#include <sodium.h>
#include <stdlib.h>

void dtt_proofs_init(struct dtt_proofs *proofs, const uint8_t hash_key[16])
{
    memset(proofs, 0, sizeof(*proofs));
    memcpy(proofs->hash_key, hash_key, sizeof(proofs->hash_key));
}

void dtt_proofs_fini(struct dtt_proofs *proofs)
{
    free(proofs->slots);
    proofs->slots = NULL;
}

static size_t slot_of(const struct dtt_proofs *proofs, const struct dtt_addr *addr,
                      uint32_t *ret_tag)
{
    uint8_t hash[crypto_shorthash_BYTES], key[1 + sizeof(addr->ip)];
    key[0] = addr->family;
    memcpy(key + 1, addr->ip, sizeof(addr->ip));
    crypto_shorthash(hash, key, sizeof(key), proofs->hash_key);
    *ret_tag = dtt_get_be32(hash);
    return hash[4] % DTT_PROOF_SLOTS;
}

void dtt_proofs_add(struct dtt_proofs *proofs, struct dtt_now now, const struct dtt_addr *addr)
{
    uint32_t tag;
    size_t slot = slot_of(proofs, addr, &tag);
    if (!proofs->slots) {
        proofs->slots = calloc(DTT_PROOF_SLOTS, sizeof(*proofs->slots));
    }
    if (proofs->slots) {
        proofs->slots[slot] = (struct dtt_proof){
            .tag = tag, .until_s = (uint32_t)(now.mono_ns / DTT_S) + DTT_PROOF_LIFETIME_S};
    }
}

bool dtt_proofs_has(const struct dtt_proofs *proofs, struct dtt_now now,
                    const struct dtt_addr *addr)
{
    uint32_t tag;
    size_t slot = slot_of(proofs, addr, &tag);
    return proofs->slots && proofs->slots[slot].tag == tag &&
           proofs->slots[slot].until_s > now.mono_ns / DTT_S;
}

/* ---- gets that wait */

void dtt_held_fini(struct dtt_held *held)
{
    free(held->gets);
    *held = (struct dtt_held){0};
}

int dtt_held_add(struct dtt_held *held, const struct dtt_held_get *get)
{
    size_t same = 0;
    for (size_t i = 0; i < held->n; i++) {
        same += memcmp(held->gets[i].from.ip, get->from.ip, sizeof(get->from.ip)) == 0;
    }
    if (held->n == DTT_HELD_MAX || same == DTT_HELD_PER_ADDRESS) {
        return DTT_EFULL;
    }
    if (!held->gets) {
        held->gets = calloc(DTT_HELD_MAX, sizeof(*held->gets));
        if (!held->gets) {
            return DTT_ENOMEM;
        }
    }
    held->gets[held->n++] = *get;
    return DTT_OK;
}

static size_t find(const struct dtt_held *held, const struct dtt_addr *from)
{
    size_t i = 0;
    while (i < held->n && !dtt_addr_eq(&held->gets[i].from, from)) {
        i++;
    }
    return i;
}

bool dtt_held_has(const struct dtt_held *held, const struct dtt_addr *from)
{
    return find(held, from) < held->n;
}

bool dtt_held_take(struct dtt_held *held, const struct dtt_addr *from, struct dtt_held_get *ret)
{
    size_t i = find(held, from);
    if (i == held->n) {
        return false;
    }
    *ret = held->gets[i];
    dtt_array_remove(held->gets, &held->n, sizeof(*held->gets), i);
    if (held->n == 0) {
        dtt_held_fini(held);
    }
    return true;
}
