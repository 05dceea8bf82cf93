/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/polite.h"

#include <sodium.h>
#include <stdlib.h>

#define LEVEL_ONE 256u /* units of a level in one token */
#define TICK_NS (DTT_S / 64)
#define LEAK_TICKS (LEVEL_ONE / 64) /* units that leak per tick and token a second */

_Static_assert(DTT_POLITE_SERVE_BURST *LEVEL_ONE <= UINT16_MAX, "a full bucket fits its level");

void dtt_polite_init(struct dtt_polite *polite, const uint8_t hash_key[16], struct dtt_now now)
{
    memset(polite, 0, sizeof(*polite));
    memcpy(polite->hash_key, hash_key, sizeof(polite->hash_key));
    dtt_bucket_init(&polite->all, DTT_POLITE_ALL_PER_S, DTT_POLITE_ALL_BURST, now.mono_ns);
}

void dtt_polite_fini(struct dtt_polite *polite)
{
    free(polite->rates);
    polite->rates = NULL;
}

static bool has_rates(struct dtt_polite *polite)
{
    if (!polite->rates) {
        polite->rates = calloc(1, sizeof(*polite->rates));
    }
    return polite->rates != NULL;
}

static struct dtt_rate *slot_of(const struct dtt_polite *polite, struct dtt_rate *slots,
                                const uint8_t *key, size_t len)
{
    uint8_t hash[crypto_shorthash_BYTES];
    crypto_shorthash(hash, key, len, polite->hash_key);
    return &slots[hash[0] % DTT_POLITE_SLOTS];
}

/* Brings the level up to date; true when there is room for one more. */
static bool has_room(struct dtt_rate *rate, uint32_t per_s, uint32_t burst, struct dtt_now now)
{
    uint16_t tick = (uint16_t)(now.mono_ns / TICK_NS);
    uint64_t leaked = (uint64_t)(uint16_t)(tick - rate->at) * per_s * LEAK_TICKS;
    rate->level = leaked >= rate->level ? 0 : (uint16_t)(rate->level - leaked);
    rate->at = tick;
    return rate->level + LEVEL_ONE <= burst * LEVEL_ONE;
}

enum dtt_polite_verdict dtt_polite_send(struct dtt_polite *polite, struct dtt_now now,
                                        const struct dtt_addr *to, enum dtt_polite_kind kind)
{
    uint8_t key[sizeof(to->ip) + 2];
    bool is_answer = kind == DTT_POLITE_ANSWER;
    uint64_t reserve = is_answer ? DTT_POLITE_ALL_BURST / 2 : 0;
    unsigned burst = is_answer ? DTT_POLITE_REMOTE_ANSWERS : DTT_POLITE_REMOTE_BURST;
    if (dtt_addr_scope(to) != DTT_SCOPE_GLOBAL) {
        return DTT_POLITE_YES;
    }
    if (!has_rates(polite)) {
        return DTT_POLITE_NO;
    }
    memcpy(key, to->ip, sizeof(to->ip));
    dtt_put_be16(key + sizeof(to->ip), to->port);
    struct dtt_rate *r = slot_of(polite, polite->rates->remote, key, sizeof(key));
    if (!has_room(r, DTT_POLITE_REMOTE_PER_S, burst, now)) {
        return DTT_POLITE_NO;
    }
    if (dtt_bucket_ready_ns(&polite->all, reserve + 1, now.mono_ns) > now.mono_ns) {
        return DTT_POLITE_LATER;
    }
    dtt_bucket_take(&polite->all, 1, now.mono_ns);
    r->level = (uint16_t)(r->level + LEVEL_ONE);
    return DTT_POLITE_YES;
}

uint64_t dtt_polite_ready_ns(struct dtt_polite *polite, struct dtt_now now)
{
    return dtt_bucket_ready_ns(&polite->all, 1, now.mono_ns);
}

bool dtt_polite_serve(struct dtt_polite *polite, struct dtt_now now, const struct dtt_addr *from)
{
    if (dtt_addr_scope(from) != DTT_SCOPE_GLOBAL) {
        return true;
    }
    if (!has_rates(polite)) {
        return false;
    }
    size_t prefix = from->family == DTT_FAMILY_V4 ? 4 : 8;
    struct dtt_rate *r = slot_of(polite, polite->rates->serve, from->ip, prefix);
    if (!has_room(r, DTT_POLITE_SERVE_PER_S, DTT_POLITE_SERVE_BURST, now)) {
        return false;
    }
    r->level = (uint16_t)(r->level + LEVEL_ONE);
    return true;
}
