/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/strangers.h"

#include "base/bytes.h"

#include <sodium.h>
#include <string.h>

void dtt_strangers_init(struct dtt_strangers *s, struct dtt_now now,
                        const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES])
{
    memset(s, 0, sizeof(*s));
    memcpy(s->hash_key, hash_key, sizeof(s->hash_key));
    dtt_strangers_moved(s, now);
}

void dtt_strangers_moved(struct dtt_strangers *s, struct dtt_now now)
{
    memset(s->last, 0, sizeof(s->last));
    s->from_ns = dtt_add_ns(now.mono_ns, DTT_STRANGERS_SETTLE_NS);
}

static uint32_t *place_of(struct dtt_strangers *s, const struct dtt_addr *a)
{
    uint8_t hash[crypto_shorthash_BYTES];
    crypto_shorthash(hash, a->ip, sizeof(a->ip), s->hash_key);
    return &s->known_s[dtt_get_le64(hash) % DTT_STRANGERS_PLACES];
}

static uint32_t seconds(struct dtt_now now)
{
    return (uint32_t)(now.mono_ns / DTT_S) + 1;
}

void dtt_strangers_sent(struct dtt_strangers *s, struct dtt_now now, const struct dtt_addr *to)
{
    *place_of(s, to) = seconds(now);
}

static bool is_one_network(const struct dtt_addr *a, const struct dtt_addr *b)
{
    return a->family == b->family && memcmp(a->ip, b->ip, a->family == DTT_FAMILY_V4 ? 2 : 4) == 0;
}

bool dtt_strangers_heard(struct dtt_strangers *s, struct dtt_now now, const struct dtt_addr *from)
{
    uint32_t *known_s = place_of(s, from);
    bool is_known = *known_s > 0 && seconds(now) - *known_s < DTT_STRANGERS_NS / DTT_S;
    *known_s = seconds(now);
    if (is_known || now.mono_ns < s->from_ns || dtt_addr_scope(from) != DTT_SCOPE_GLOBAL) {
        return false;
    }
    struct dtt_stranger *last = s->last[from->family == DTT_FAMILY_V6];
    size_t oldest = 0;
    for (size_t i = 0; i < DTT_STRANGERS_NEED; i++) {
        if (is_one_network(&last[i].addr, from)) {
            oldest = i;
            break;
        }
        oldest = last[i].seen_ns < last[oldest].seen_ns ? i : oldest;
    }
    last[oldest] = (struct dtt_stranger){.addr = *from, .seen_ns = now.mono_ns};
    return true;
}

bool dtt_strangers_reach_us(const struct dtt_strangers *s, struct dtt_now now, uint8_t family)
{
    const struct dtt_stranger *last = s->last[family == DTT_FAMILY_V6];
    for (size_t i = 0; i < DTT_STRANGERS_NEED; i++) {
        if (last[i].addr.family == DTT_FAMILY_NONE ||
            now.mono_ns - last[i].seen_ns >= DTT_STRANGERS_NS) {
            return false;
        }
    }
    return true;
}
