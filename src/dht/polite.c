/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/polite.h"

#include <sodium.h>
#include <stdlib.h>

void dtt_polite_init(struct dtt_polite *p, const uint8_t hash_key[16], struct dtt_now now)
{
    memset(p, 0, sizeof(*p));
    memcpy(p->hash_key, hash_key, sizeof(p->hash_key));
    dtt_bucket_init(&p->all, DTT_POLITE_ALL_PER_S, DTT_POLITE_ALL_BURST, now.mono_ns);
    dtt_bucket_init(&p->unproven_all, DTT_POLITE_UNPROVEN_ALL_PER_S, DTT_POLITE_UNPROVEN_ALL_BURST,
                    now.mono_ns);
}

void dtt_polite_fini(struct dtt_polite *p)
{
    free(p->rates);
    p->rates = NULL;
}

static bool is_limited(const struct dtt_addr *a)
{
    return dtt_addr_scope(a) == DTT_SCOPE_GLOBAL;
}

static struct dtt_rates *rates_of(struct dtt_polite *p, enum dtt_polite_rate which)
{
    if (!p->rates) {
        p->rates = calloc(DTT_POLITE_RATES, sizeof(*p->rates));
        if (!p->rates) {
            return NULL;
        }
        p->rates[DTT_POLITE_REMOTE].per_s = DTT_POLITE_REMOTE_PER_S;
        p->rates[DTT_POLITE_REMOTE].burst = DTT_POLITE_REMOTE_BURST;
        p->rates[DTT_POLITE_SERVE].per_s = DTT_POLITE_SERVE_PER_S;
        p->rates[DTT_POLITE_SERVE].burst = DTT_POLITE_SERVE_BURST;
        p->rates[DTT_POLITE_UNPROVEN].per_s = DTT_POLITE_UNPROVEN_PER_S;
        p->rates[DTT_POLITE_UNPROVEN].burst = DTT_POLITE_UNPROVEN_BURST;
    }
    return &p->rates[which];
}

/* Takes `n` from the slot of the first `prefix` bytes of the address. */
static bool take(struct dtt_polite *p, enum dtt_polite_rate which, const struct dtt_addr *a,
                 size_t prefix, uint32_t n, struct dtt_now now)
{
    uint8_t hash[crypto_shorthash_BYTES];
    struct dtt_rates *r = rates_of(p, which);
    if (!r) {
        return false;
    }
    crypto_shorthash(hash, a->ip, prefix, p->hash_key);
    struct dtt_rate *slot = &r->slots[hash[0] % DTT_POLITE_SLOTS];
    uint32_t now_ms = (uint32_t)(now.mono_ns / DTT_MS);
    uint64_t leaked = (uint64_t)(uint32_t)(now_ms - slot->at_ms) * r->per_s;
    slot->level = leaked >= slot->level ? 0 : slot->level - (uint32_t)leaked;
    slot->at_ms = now_ms;
    if (slot->level + (uint64_t)n * 1000 > (uint64_t)r->burst * 1000) {
        return false;
    }
    slot->level += n * 1000;
    return true;
}

static bool is_v4(const struct dtt_addr *a)
{
    return a->family == DTT_FAMILY_V4;
}

bool dtt_polite_query(struct dtt_polite *p, struct dtt_now now, const struct dtt_addr *to)
{
    if (!is_limited(to)) {
        return true;
    }
    return dtt_bucket_ready_ns(&p->all, 1, now.mono_ns) <= now.mono_ns &&
           take(p, DTT_POLITE_REMOTE, to, is_v4(to) ? 4 : 16, 1, now) &&
           dtt_bucket_take(&p->all, 1, now.mono_ns);
}

uint64_t dtt_polite_ready_ns(struct dtt_polite *p, struct dtt_now now)
{
    return dtt_bucket_ready_ns(&p->all, 1, now.mono_ns);
}

bool dtt_polite_serve(struct dtt_polite *p, struct dtt_now now, const struct dtt_addr *from)
{
    return !is_limited(from) || take(p, DTT_POLITE_SERVE, from, is_v4(from) ? 4 : 8, 1, now);
}

bool dtt_polite_unproven(struct dtt_polite *p, struct dtt_now now, const struct dtt_addr *to,
                         size_t bytes)
{
    if (!is_limited(to)) {
        return true;
    }
    return dtt_bucket_ready_ns(&p->unproven_all, bytes, now.mono_ns) <= now.mono_ns &&
           take(p, DTT_POLITE_UNPROVEN, to, is_v4(to) ? 3 : 6, (uint32_t)bytes, now) &&
           dtt_bucket_take(&p->unproven_all, bytes, now.mono_ns);
}
